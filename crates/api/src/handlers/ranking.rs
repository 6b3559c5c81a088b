//! What the ranking goes by.

use actix_web::HttpResponse;

use super::Answer;
use crate::extract::Query;
use crate::gate::At;
use crate::views::RankingView;

pub(crate) async fn read(At(desk): At, _: Query) -> Answer {
    Ok(HttpResponse::Ok().json(RankingView::from(desk.ranking().await?)))
}
