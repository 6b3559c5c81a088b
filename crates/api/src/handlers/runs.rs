//! The nightly runs and what they found.

use actix_web::{HttpRequest, HttpResponse};
use engine::{RematchRequest, RunId};

use super::Answer;
use super::matching::target;
use super::operations::taken_on;
use crate::cursor::{self, Place};
use crate::extract::{Query, RecordPath};
use crate::gate::At;
use crate::problem::{Code, Problem};
use crate::repeats::Repeatable;
use crate::views::{ChangesView, CurrentMatchesView, RunPageView, RunView};

pub(crate) async fn list(At(desk): At, query: Query, request: HttpRequest) -> Answer {
    let fingerprint = query.fingerprint(&request, &desk);
    let place = query.place(&fingerprint)?;
    let limit = query.limit()? as usize;
    // One more than the page holds tells whether there is a next one.
    let mut runs = desk.runs(place.map(|place| RunId(place.number)), limit as u32 + 1).await?;
    let more = runs.len() > limit;
    runs.truncate(limit);
    let next = runs.last().filter(|_| more).map(|run| cursor::write(&fingerprint, Place::number(run.id)));
    let items = runs.into_iter().map(RunView::from).collect();
    Ok(HttpResponse::Ok().json(RunPageView { items, next_cursor: next }))
}

pub(crate) async fn begin(At(desk): At, query: Query, repeatable: Repeatable) -> Answer {
    let on = query.one("date")?.map(|text| {
        let wrong = || Problem::parameter(Code::InvalidParameter, "date", "应为日期，如 2026-11-21");
        domain::parse_date(text).ok_or_else(wrong)
    });
    let asked =
        RematchRequest { on: on.transpose()?, whole: query.flag("whole")?, ..RematchRequest::default() };
    let (number, again) =
        repeatable.operation(&desk, b"", async |desk| desk.submit_rematch(asked).await).await?;
    taken_on(&desk, number, again).await
}

pub(crate) async fn current(At(desk): At, _: Query) -> Answer {
    Ok(HttpResponse::Ok().json(RunView::from(desk.current_run().await?)))
}

pub(crate) async fn current_matches(At(desk): At, RecordPath(id): RecordPath, query: Query) -> Answer {
    let current = desk.current_matches(id, target(&query)?).await?;
    Ok(HttpResponse::Ok().json(CurrentMatchesView::from(current)))
}

pub(crate) async fn changes(At(desk): At, RecordPath(id): RecordPath, query: Query) -> Answer {
    let changes = desk.changes(id, target(&query)?).await?;
    Ok(HttpResponse::Ok().json(ChangesView::from(changes)))
}
