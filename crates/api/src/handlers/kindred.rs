//! Needs that came twice, and needs that share a problem.

use actix_web::{HttpRequest, HttpResponse};
use engine::ClusterPage;

use super::Answer;
use crate::cursor;
use crate::extract::{Query, RecordPath};
use crate::gate::At;
use crate::problem::{Code, Problem};
use crate::views::{ClusterPageView, DuplicatesView};

pub(crate) async fn duplicates(At(desk): At, RecordPath(id): RecordPath, _: Query) -> Answer {
    let duplicates = desk.duplicates(id).await?;
    Ok(HttpResponse::Ok().json(DuplicatesView { duplicates }))
}

pub(crate) async fn clusters(At(desk): At, query: Query, request: HttpRequest) -> Answer {
    let fingerprint = query.fingerprint(&request, &desk);
    let place = query.place(&fingerprint)?;
    let expected = " 2 或更大的整数";
    let least: u64 = query.parsed("least", expected)?.unwrap_or(2);
    if least < 2 {
        return Err(Problem::parameter(Code::InvalidParameter, "least", format!("应为{expected}")));
    }
    let after = place.map_or(0, |(_, place)| place);
    let ClusterPage { run, items, next } = desk.current_clusters(least, after, query.limit()?).await?;
    let next_cursor = next.map(|place| cursor::write(&fingerprint, (0, place)));
    Ok(HttpResponse::Ok().json(ClusterPageView { run: run.into(), items, next_cursor }))
}
