//! Contacts in full, each for a stated purpose, and the audit log.

use actix_web::{HttpRequest, HttpResponse};
use engine::{Action, AuditFilter};
use serde::Deserialize;
use utoipa::ToSchema;

use super::Answer;
use crate::cursor::{self, Place};
use crate::extract::{Form, FormBody, Query, RecordPath};
use crate::gate::At;
use crate::problem::{Code, Problem};
use crate::views::{AuditPageView, AuditRowView, ContactView};

/// Why a contact is to be seen.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RevealForm {
    /// 用途，2 到 200 字，记入审计记录
    #[schema(example = "电话约定现场对接的时间")]
    purpose: String,
}

impl Form for RevealForm {
    const FIELDS: &'static [&'static str] = &["purpose"];
    const REQUIRED: &'static [&'static str] = Self::FIELDS;

    fn expected(pointer: &str) -> Option<(&'static str, String)> {
        (pointer == "/purpose").then(|| ("wrong_type", "应为文字".to_owned()))
    }
}

pub(crate) async fn reveal(
    At(desk): At,
    RecordPath(id): RecordPath,
    _: Query,
    FormBody(form, _): FormBody<RevealForm>,
) -> Answer {
    // What cannot be seen says nothing of a purpose.
    let purpose: String = form.purpose.chars().filter(|letter| !letter.is_control()).collect();
    let contact = desk.reveal_contact(id, &purpose).await?.into_contact();
    Ok(HttpResponse::Ok().json(ContactView::from(contact)))
}

pub(crate) async fn audit(At(desk): At, query: Query, request: HttpRequest) -> Answer {
    let fingerprint = query.fingerprint(&request, &desk);
    let place = query.place(&fingerprint)?;
    let moment = "带时区的时刻（RFC 3339），如 2026-05-12T00:00:00+08:00";
    let word = |name| query.one(name).map(|word| word.map(str::to_owned));
    let filter = AuditFilter {
        since: query.parsed("since", moment)?,
        until: query.parsed("until", moment)?,
        actor: word("actor")?,
        record: word("record")?,
        action: word("action")?,
    };
    if filter.action.as_deref().is_some_and(|action| Action::from_code(action).is_none()) {
        let known: Vec<&str> = Action::ALL.iter().map(|action| action.code()).collect();
        let detail = format!("可用：{}", known.join("、"));
        return Err(Problem::parameter(Code::InvalidParameter, "action", detail));
    }
    let before = place.map_or(u64::MAX, |place| place.number);
    let (rows, next) = desk.audit(filter, before, query.limit()?).await?;
    let next_cursor = next.map(|number| cursor::write(&fingerprint, Place::number(number)));
    let items = rows.into_iter().map(AuditRowView::try_from).collect::<Result<_, _>>()?;
    Ok(HttpResponse::Ok().json(AuditPageView { items, next_cursor }))
}
