//! The texts of a record that speak for it: what is indexed, compared and highlighted.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What part a text plays in a record; each has a weight of its own in the score.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Area {
    /// 标题：需求名称、成果名称、研究方向
    Title,
    /// 关键词
    Keywords,
    /// 正文：说明、简介、摘要
    Body,
    /// 佐证：承担项目、本人成果
    Evidence,
}

impl Area {
    /// All areas, weightiest first.
    pub const ALL: [Self; 4] = [Self::Title, Self::Keywords, Self::Body, Self::Evidence];

    /// English name, as in configuration and index fields.
    pub const fn slug(self) -> &'static str {
        match self {
            Self::Title => "title",
            Self::Keywords => "keywords",
            Self::Body => "body",
            Self::Evidence => "evidence",
        }
    }

    /// Chinese name for explanations.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Title => "标题",
            Self::Keywords => "关键词",
            Self::Body => "正文",
            Self::Evidence => "佐证",
        }
    }
}

/// One text of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passage {
    /// The part it plays.
    pub area: Area,
    /// The form's field, `description`.
    pub field: &'static str,
    /// The field's Chinese name, 具体的技术需求说明.
    pub label: &'static str,
    /// The text as it was written.
    pub text: String,
}
