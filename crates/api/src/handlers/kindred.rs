//! Needs that came twice, and needs that share a problem.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use engine::{ClusterPage, Engine};

use super::Answer;
use crate::cursor;
use crate::extract::{Query, RecordPath};
use crate::problem::{Code, Problem};
use crate::views::{ClusterPageView, DuplicatesView};

pub(crate) async fn duplicates(engine: Data<Engine>, RecordPath(id): RecordPath, _: Query) -> Answer {
    let duplicates = engine.duplicates(id).await?;
    Ok(HttpResponse::Ok().json(DuplicatesView { duplicates }))
}

pub(crate) async fn clusters(engine: Data<Engine>, query: Query, request: HttpRequest) -> Answer {
    let fingerprint = query.fingerprint(request.path());
    let place = query.one("cursor")?.map(|text| cursor::read(&fingerprint, text)).transpose()?;
    let expected = " 2 或更大的整数";
    let least: u64 = query.parsed("least", expected)?.unwrap_or(2);
    if least < 2 {
        return Err(Problem::parameter(Code::InvalidParameter, "least", format!("应为{expected}")));
    }
    let after = place.map_or(0, |(_, place)| place);
    let ClusterPage { run, items, next } = engine.current_clusters(least, after, query.limit()?).await?;
    let next_cursor = next.map(|place| cursor::write(&fingerprint, (0, place)));
    Ok(HttpResponse::Ok().json(ClusterPageView { run: run.into(), items, next_cursor }))
}
