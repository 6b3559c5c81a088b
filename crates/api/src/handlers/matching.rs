//! Live matching, of stored records and of forms that are not stored.

use actix_web::HttpResponse;
use domain::{Kind, RecordId};
use engine::{Desk, MatchRequest, Subject};
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::Answer;
use crate::extract::{Form, FormBody, Query, RecordPath, invalid};
use crate::gate::At;
use crate::problem::{Code, Problem};
use crate::views::MatchesView;

/// Match request for a form that is not stored.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AdhocMatch {
    /// 提出方属于哪个登记库，缺省为 need
    #[serde(default = "need")]
    #[schema(example = "need")]
    subject_kind: Kind,
    /// 提出方的登记表，内容同该登记库的登记接口；不会保存
    #[schema(value_type = Object)]
    form: Value,
    /// 在哪个登记库中找：需求可找 expert、station、achievement，其余只可找 need；复数写法亦可
    #[schema(example = "expert")]
    target: Kind,
    /// 最多返回几条，1 到 100，缺省 20
    #[serde(default = "twenty")]
    #[schema(example = 20, minimum = 1, maximum = 100)]
    limit: usize,
    /// 是否同时列出因故排除的对象及原因，缺省为否
    #[serde(default)]
    with_excluded: bool,
}

impl Form for AdhocMatch {
    const FIELDS: &'static [&'static str] = &["subject_kind", "form", "target", "limit", "with_excluded"];
    const REQUIRED: &'static [&'static str] = &["form", "target"];

    fn expected(pointer: &str) -> Option<(&'static str, String)> {
        let (code, expected) = match pointer {
            "/subject_kind" => ("not_in_table", "登记库的名称，如 need、expert（单复数均可）"),
            "/target" => ("not_in_table", " need、expert、station 或 achievement（单复数均可）"),
            "/limit" => ("wrong_type", " 1 到 100 的整数"),
            "/with_excluded" => ("wrong_type", " true 或 false"),
            _ => return None,
        };
        Some((code, format!("应为{expected}")))
    }
}

const fn need() -> Kind {
    Kind::Need
}

const fn twenty() -> usize {
    20
}

pub(crate) async fn of_need(At(desk): At, RecordPath(id): RecordPath, query: Query) -> Answer {
    stored(&desk, id, target(&query)?, &query).await
}

pub(crate) async fn of_offer(At(desk): At, RecordPath(id): RecordPath, query: Query) -> Answer {
    stored(&desk, id, Kind::Need, &query).await
}

pub(crate) async fn adhoc(At(desk): At, _: Query, FormBody(asked, _): FormBody<AdhocMatch>) -> Answer {
    if !(1..=100).contains(&asked.limit) {
        return Err(invalid("/limit", "too_large", "应为 1 到 100 的整数"));
    }
    let request = MatchRequest {
        target: asked.target,
        limit: asked.limit,
        with_excluded: asked.with_excluded,
        on: None,
    };
    let subject = Subject::Form(asked.subject_kind, asked.form);
    let found = desk.find_matches(&subject, &request).await;
    let found = found.map_err(|error| Problem::of_form_at(error, "/form"))?;
    Ok(HttpResponse::Ok().json(MatchesView::from(found)))
}

async fn stored(desk: &Desk, id: RecordId, target: Kind, query: &Query) -> Answer {
    let request = MatchRequest {
        target,
        limit: query.limit()? as usize,
        with_excluded: query.flag("with_excluded")?,
        on: None,
    };
    let found = desk.find_matches(&Subject::Stored(id), &request).await?;
    Ok(HttpResponse::Ok().json(MatchesView::from(found)))
}

/// The registry that `target` names.
pub(crate) fn target(query: &Query) -> Result<Kind, Problem> {
    let expected = "experts、stations 或 achievements";
    let missing = || Problem::parameter(Code::InvalidParameter, "target", format!("必填，应为 {expected}"));
    let kind: Kind = query.parsed("target", &format!(" {expected}"))?.ok_or_else(missing)?;
    if crate::endpoints::OFFERS.contains(&kind) {
        return Ok(kind);
    }
    Err(Problem::parameter(Code::InvalidParameter, "target", format!("应为 {expected}")))
}
