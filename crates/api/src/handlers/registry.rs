//! The registries: create, list, read, replace, withdraw.

use actix_web::http::Method;
use actix_web::http::header::{ETAG, LOCATION};
use actix_web::{HttpRequest, HttpResponse};
use domain::{Kind, Status};
use engine::{Desk, ListRequest, RecordPage, Shown};
use jiff::Timestamp;
use serde_json::Value;

use super::Answer;
use crate::conditions::{etag, expected_revision, unchanged};
use crate::cursor::{self, Place};
use crate::endpoints::BASE;
use crate::extract::{JsonBody, Query, RecordPath, Registry};
use crate::gate::At;
use crate::problem::{Code, Problem};
use crate::repeats::Repeatable;
use crate::views::{PageView, RecordView};

pub(crate) async fn create(
    At(desk): At,
    Registry(kind): Registry,
    _: Query,
    repeatable: Repeatable,
    JsonBody(form): JsonBody,
) -> Answer {
    repeatable
        .once(desk, &form, async |desk| Ok(now(&Method::POST, desk.create(kind, form.clone()).await?)))
        .await
}

pub(crate) async fn read(At(desk): At, RecordPath(id): RecordPath, _: Query, request: HttpRequest) -> Answer {
    let shown = desk.read(id).await?;
    if unchanged(&request, shown.record.revision) {
        let tag = (ETAG, etag(shown.record.revision));
        return Ok(HttpResponse::NotModified().insert_header(tag).finish());
    }
    Ok(now(&Method::GET, shown))
}

pub(crate) async fn replace(
    At(desk): At,
    RecordPath(id): RecordPath,
    _: Query,
    request: HttpRequest,
    repeatable: Repeatable,
    JsonBody(form): JsonBody,
) -> Answer {
    let expected = expected_revision(&request)?;
    repeatable
        .once(desk, &form, async |desk| {
            Ok(now(&Method::PUT, desk.replace(id, expected, form.clone()).await?))
        })
        .await
}

pub(crate) async fn withdraw(
    At(desk): At,
    RecordPath(id): RecordPath,
    _: Query,
    request: HttpRequest,
    repeatable: Repeatable,
) -> Answer {
    let expected = expected_revision(&request)?;
    repeatable
        .once(desk, &Value::Null, async |desk| Ok(now(&Method::DELETE, desk.withdraw(id, expected).await?)))
        .await
}

pub(crate) async fn list(
    At(desk): At,
    Registry(kind): Registry,
    query: Query,
    request: HttpRequest,
) -> Answer {
    let fingerprint = query.fingerprint(&request, &desk);
    let place = query.place(&fingerprint)?;
    let asked = ListRequest {
        statuses: statuses(&query)?,
        updated_since: updated_since(&query)?,
        after: place.map_or(0, |place| place.number),
        limit: query.limit()?,
        with_total: query.flag("total")?,
    };
    let page = match query.one("external_id")? {
        Some(external_id) => with_external_id(&desk, kind, external_id, &asked).await?,
        None => desk.list(kind, &asked).await?,
    };
    let next = page.next.map(|number| cursor::write(&fingerprint, Place::number(number)));
    Ok(HttpResponse::Ok().json(PageView::new(page, next)))
}

pub(super) fn statuses(query: &Query) -> Result<Vec<Status>, Problem> {
    let wrong = |detail: String| Problem::parameter(Code::InvalidParameter, "status", detail);
    query.list("status")?.iter().map(|text| text.parse().map_err(wrong)).collect()
}

pub(super) fn updated_since(query: &Query) -> Result<Option<Timestamp>, Problem> {
    query.parsed("updated_since", "带时区的时刻（RFC 3339），如 2026-05-11T16:00:00Z 或 2026-05-12T00:00:00%2B08:00（网址里的 + 要写作 %2B）")
}

/// The page of the one record with this external id, or of none: that which is asked for beside it holds for it, too.
async fn with_external_id(
    desk: &Desk,
    kind: Kind,
    external_id: &str,
    asked: &ListRequest,
) -> Result<RecordPage, Problem> {
    let wanted = |Shown { record, .. }: &Shown| {
        (asked.statuses.is_empty() || asked.statuses.contains(&record.status))
            && asked.updated_since.is_none_or(|since| record.updated_at >= since)
            && record.id.number > asked.after
    };
    let items: Vec<Shown> = desk.find(kind, external_id).await?.into_iter().filter(wanted).collect();
    let total = asked.with_total.then_some(items.len() as u64);
    Ok(RecordPage { items, next: None, total })
}

fn now(method: &Method, shown: Shown) -> HttpResponse {
    let revision = shown.record.revision;
    written(method, shown, revision)
}

/// The answer to a request that brought a record to this revision.
pub(crate) fn written(method: &Method, mut shown: Shown, revision: u64) -> HttpResponse {
    let id = shown.record.id;
    let mut response = HttpResponse::Ok();
    if method == Method::POST {
        response = HttpResponse::Created();
        response.insert_header((LOCATION, format!("{BASE}/{}/{id}", id.kind.plural())));
    } else if method == Method::DELETE {
        // Of a record that goes nobody asks what it is like.
        shown.duplicates.clear();
    }
    response.insert_header((ETAG, etag(revision)));
    response.json(RecordView::from(shown))
}
