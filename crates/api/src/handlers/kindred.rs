//! Needs that came twice, and needs that share a problem.

use actix_web::{HttpRequest, HttpResponse};
use engine::{ClusterPage, EngineError, RunId, StoreError};

use super::Answer;
use crate::cursor::{self, Place};
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
    let (run, after) = (place.map(|place| RunId(place.of)), place.map_or(0, |place| place.number));
    let page = desk.run_clusters(run, least, after, query.limit()?).await.map_err(|error| match error {
        EngineError::Store(StoreError::RunNotFound(_)) => {
            let detail = "翻页所在的批次已过保留期，请从第一页重新开始";
            Problem::parameter(Code::InvalidCursor, "cursor", detail)
        }
        error => error.into(),
    })?;
    let ClusterPage { run, items, next } = page;
    let place = |number| Place { of: run.id, key: 0, number };
    let next_cursor = next.map(|number| cursor::write(&fingerprint, place(number)));
    Ok(HttpResponse::Ok().json(ClusterPageView { run: run.into(), items, next_cursor }))
}
