//! What became of proposed pairs.

use actix_web::{HttpRequest, HttpResponse};
use domain::{Decision, RecordId, parse_date};
use engine::{Feedback, FeedbackDraft, FeedbackRequest};
use serde::Deserialize;
use utoipa::ToSchema;

use super::Answer;
use crate::cursor::{self, Place};
use crate::extract::{Form, FormBody, Query, invalid};
use crate::gate::At;
use crate::problem::{Code, Problem};
use crate::repeats::Repeatable;
use crate::views::{FeedbackPageView, FeedbackView};

/// Feedback as a portal tells it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct FeedbackForm {
    /// 技术需求的记录编号
    #[schema(value_type = String, pattern = "^need-[1-9][0-9]{0,18}$", example = "need-1")]
    need: RecordId,
    /// 专家、学会服务站或科技成果的记录编号
    #[schema(
        value_type = String,
        pattern = "^(expert|station|achievement)-[1-9][0-9]{0,18}$",
        example = "expert-1"
    )]
    candidate: RecordId,
    /// 结果
    decision: Decision,
    /// 原因，最多 200 字；其中的电话号码和邮箱会被隐去
    #[schema(example = "路途太远")]
    reason: Option<String>,
    /// 决定的日期，不晚于今天
    #[schema(format = Date, example = "2026-05-20")]
    decided_on: Option<String>,
    /// 备注，最多 2000 字；其中的电话号码和邮箱会被隐去
    #[schema(example = "已约定下月到厂里看现场")]
    comment: Option<String>,
}

impl Form for FeedbackForm {
    const FIELDS: &'static [&'static str] =
        &["need", "candidate", "decision", "reason", "decided_on", "comment"];
    const REQUIRED: &'static [&'static str] = &["need", "candidate", "decision"];

    fn expected(pointer: &str) -> Option<(&'static str, String)> {
        let (code, expected) = match pointer {
            "/need" | "/candidate" => ("format", "记录编号，形如 need-42、expert-42"),
            "/decision" => ("not_in_table", " accepted（已接受）、declined（已谢绝）或 solved（已解决）"),
            "/reason" | "/decided_on" | "/comment" => ("wrong_type", "文字"),
            _ => return None,
        };
        Some((code, format!("应为{expected}")))
    }
}

pub(crate) async fn record(
    At(desk): At,
    _: Query,
    repeatable: Repeatable,
    FormBody(form, body): FormBody<FeedbackForm>,
) -> Answer {
    let day = form.decided_on.as_deref().map(|text| {
        let wrong = || invalid("/decided_on", "format", "应为日期，如 2026-05-20");
        parse_date(text).ok_or_else(wrong)
    });
    let draft = FeedbackDraft {
        need: form.need,
        candidate: form.candidate,
        decision: form.decision,
        reason: form.reason.unwrap_or_default(),
        decided_on: day.transpose()?,
        comment: form.comment.unwrap_or_default(),
    };
    repeatable.once(desk, &body, async |desk| Ok(recorded(desk.add_feedback(draft).await?))).await
}

/// The answer to feedback.
pub(crate) fn recorded(told: Feedback) -> HttpResponse {
    HttpResponse::Created().json(FeedbackView::from(told))
}

pub(crate) async fn list(At(desk): At, query: Query, request: HttpRequest) -> Answer {
    let fingerprint = query.fingerprint(&request, &desk);
    let place = query.place(&fingerprint)?;
    let asked = FeedbackRequest {
        need: query.parsed("need", "技术需求的记录编号，形如 need-42")?,
        candidate: query.parsed("candidate", "记录编号，形如 expert-42")?,
        after: place.map_or(0, |place| place.number),
        limit: query.limit()?,
    };
    if asked.need.is_some_and(|need| need.kind != domain::Kind::Need) {
        return Err(Problem::parameter(
            Code::InvalidParameter,
            "need",
            "应为技术需求的记录编号，形如 need-42",
        ));
    }
    let page = desk.feedback(&asked).await?;
    let next_cursor = page.next.map(|number| cursor::write(&fingerprint, Place::number(number)));
    let items = page.items.into_iter().map(FeedbackView::from).collect();
    Ok(HttpResponse::Ok().json(FeedbackPageView { items, next_cursor }))
}
