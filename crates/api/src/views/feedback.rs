//! Feedback on proposed pairs.

use domain::{Decision, RecordId};
use engine::{Feedback, Seen};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;
use utoipa::ToSchema;

/// Feedback as it is kept.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Feedback)]
pub(crate) struct FeedbackView {
    /// 反馈的序号，按记录的先后递增
    #[schema(example = 1)]
    number: u64,
    /// 技术需求的记录编号
    #[schema(example = "need-1")]
    need: RecordId,
    /// 专家、学会服务站或科技成果的记录编号
    #[schema(example = "expert-1")]
    candidate: RecordId,
    /// 结果
    decision: Decision,
    /// 原因
    #[serde(skip_serializing_if = "String::is_empty")]
    #[schema(required = false, example = "路途太远")]
    reason: String,
    /// 决定的日期
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = Date, example = "2026-05-20")]
    decided_on: Option<Date>,
    /// 备注
    #[serde(skip_serializing_if = "String::is_empty")]
    #[schema(required = false, example = "已约定下月到厂里看现场")]
    comment: String,
    /// 记录的时间（RFC 3339）
    #[schema(value_type = String, format = DateTime, example = "2026-05-21T01:30:00Z")]
    recorded_at: Timestamp,
    /// 记录时的名次和各项得分
    seen: Seen,
}

/// A page of feedback.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FeedbackPage)]
pub(crate) struct FeedbackPageView {
    /// 反馈，先记录的在前
    pub(crate) items: Vec<FeedbackView>,
    /// 下一页的游标；最后一页没有
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) next_cursor: Option<String>,
}

impl From<Feedback> for FeedbackView {
    fn from(Feedback { number, told, recorded_at, seen }: Feedback) -> Self {
        Self {
            number,
            need: told.need,
            candidate: told.candidate,
            decision: told.decision,
            reason: told.reason,
            decided_on: told.decided_on,
            comment: told.comment,
            recorded_at,
            seen,
        }
    }
}
