//! Long work: asked for, looked at, stopped.

use actix_web::http::header::{HeaderValue, LOCATION, RETRY_AFTER};
use actix_web::{HttpRequest, HttpResponse};
use engine::{Desk, Operation};

use super::Answer;
use crate::cursor::{self, Place};
use crate::endpoints::BASE;
use crate::extract::Query;
use crate::gate::At;
use crate::problem::{Code, Problem};
use crate::repeats::{Repeatable, tell_replayed};
use crate::views::{OperationPageView, OperationView};

/// Seconds after which it is worth looking how far an operation is.
const LOOK_AGAIN: HeaderValue = HeaderValue::from_static("1");

pub(crate) async fn rebuild(At(desk): At, query: Query, repeatable: Repeatable) -> Answer {
    let kind = query.parsed("registry", "登记库，如 needs")?;
    let (number, again) =
        repeatable.operation(&desk, b"", async |desk| desk.submit_rebuild(kind).await).await?;
    taken_on(&desk, number, again).await
}

pub(crate) async fn list(At(desk): At, query: Query, request: HttpRequest) -> Answer {
    let fingerprint = query.fingerprint(&request, &desk);
    let place = query.place(&fingerprint)?;
    let (operations, next) =
        desk.operations(place.map_or(u64::MAX, |place| place.number), query.limit()?).await?;
    let next_cursor = next.map(|number| cursor::write(&fingerprint, Place::number(number)));
    let items = operations.into_iter().map(OperationView::from).collect();
    Ok(HttpResponse::Ok().json(OperationPageView { items, next_cursor }))
}

pub(crate) async fn read(At(desk): At, _: Query, request: HttpRequest) -> Answer {
    Ok(shown(desk.operation(id(&request)?).await?))
}

pub(crate) async fn cancel(At(desk): At, _: Query, request: HttpRequest, repeatable: Repeatable) -> Answer {
    let id = id(&request)?;
    let (number, again) =
        repeatable.operation(&desk, b"", async |desk| desk.cancel_operation(id).await).await?;
    let mut answer = shown(desk.operation(number).await?);
    tell_replayed(&mut answer, again);
    Ok(answer)
}

/// The answer that an operation is taken on.
pub(crate) async fn taken_on(desk: &Desk, number: u64, again: bool) -> Answer {
    let operation = desk.operation(number).await?;
    let mut answer = HttpResponse::Accepted()
        .insert_header((LOCATION, format!("{BASE}/operations/{number}")))
        .insert_header((RETRY_AFTER, LOOK_AGAIN))
        .json(OperationView::from(operation));
    tell_replayed(&mut answer, again);
    Ok(answer)
}

fn shown(operation: Operation) -> HttpResponse {
    let ended = operation.state.has_ended();
    let mut answer = HttpResponse::Ok();
    if !ended {
        answer.insert_header((RETRY_AFTER, LOOK_AGAIN));
    }
    answer.json(OperationView::from(operation))
}

/// The operation that the path names.
fn id(request: &HttpRequest) -> Result<u64, Problem> {
    let text = request.match_info().get("id").unwrap_or_default();
    // A sign or leading zeros would be a second address of the same operation.
    let number = text.parse().ok().filter(|number: &u64| number.to_string() == text);
    number.ok_or_else(|| Problem::new(Code::OperationNotFound, "任务编号应为整数，如 9"))
}
