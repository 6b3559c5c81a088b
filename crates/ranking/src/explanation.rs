//! Why a pair scores as it does, in parts that staff can check: terms, highlights on both sides, evidence, rules, one sentence.

use domain::RecordId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Part;

/// A piece of a text; the pieces of one text are shown one after the other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Piece {
    /// 文字
    #[schema(example = "激光焊接")]
    pub text: String,
    /// 是否命中，应突出显示
    pub hit: bool,
}

/// A text of one side with its hits marked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Highlight {
    /// 字段名
    #[schema(example = "description")]
    pub field: String,
    /// 字段中文名
    #[schema(example = "具体的技术需求说明")]
    pub label: String,
    /// 片段，依次相连
    pub pieces: Vec<Piece>,
}

/// A term that both sides share.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TermMatch {
    /// 词语
    #[schema(example = "激光焊接")]
    pub term: String,
    /// 对方使用的同义词，与词语相同时缺省
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "激光熔接")]
    pub synonym: Option<String>,
    /// 在总分中所占的分数
    #[schema(example = 6.4)]
    pub points: f64,
}

/// Two words that mean something alike.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AlikeWords {
    /// 提出方的词语
    #[schema(example = "锂离子电池")]
    pub asked: String,
    /// 对方的词语
    #[schema(example = "储能电芯")]
    pub found: String,
    /// 相关程度，0 到 1
    #[schema(example = 0.62)]
    pub likeness: f64,
}

/// A document that supports the match.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct EvidenceItem {
    /// 编号
    pub id: RecordId,
    /// 标题
    pub title: String,
    /// 命中的词语
    pub terms: Vec<String>,
    /// 最相关的片段
    pub pieces: Vec<Piece>,
}

/// A rule that spoke for the pair.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Rule {
    /// 稳定的名称
    #[schema(example = "region")]
    pub code: String,
    /// 中文名称
    #[schema(example = "地域")]
    pub label: String,
    /// 依据的事实
    #[schema(example = "同在安徽省滁州市")]
    pub fact: String,
}

/// Why a pair scores as it does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Explanation {
    /// 总分，0 到 100
    #[schema(example = 63.2)]
    pub total: f64,
    /// 各项得分，相加即总分
    pub parts: Vec<Part>,
    /// 双方共有的词语，分数高的在前
    pub terms: Vec<TermMatch>,
    /// 用词不同、含义相关的词语，最相关的在前
    #[serde(default)]
    pub alike: Vec<AlikeWords>,
    /// 提出方文字中的命中
    pub subject: Vec<Highlight>,
    /// 对方文字中的命中
    pub candidate: Vec<Highlight>,
    /// 佐证材料
    pub evidence: Vec<EvidenceItem>,
    /// 起作用的规则
    pub rules: Vec<Rule>,
    /// 一句话说明
    #[schema(example = "双方都提到“激光焊接”“气孔”；同在安徽省滁州市；当前可对接。综合 63.2 分。")]
    pub sentence: String,
}
