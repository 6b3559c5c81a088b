//! What the ranking goes by.

use actix_web::HttpResponse;
use actix_web::web::Data;
use engine::Engine;

use super::Answer;
use crate::extract::Query;
use crate::views::RankingView;

pub(crate) async fn read(engine: Data<Engine>, _: Query) -> Answer {
    Ok(HttpResponse::Ok().json(RankingView::of(&engine)))
}
