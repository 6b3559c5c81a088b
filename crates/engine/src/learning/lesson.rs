//! What came of learning: weights before and after, how they were measured, and why they may not be used.

use std::fmt;

use jiff::Timestamp;
use ranking::{Comparison, Weights};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::weights::with;

/// Where learned weights come from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LearnedNote {
    /// 学习的时间（RFC 3339）
    #[schema(value_type = String, format = DateTime, example = "2026-11-21T02:30:00Z")]
    pub at: Timestamp,
    /// 用于学习的需求数
    #[schema(example = 60)]
    pub needs: usize,
    /// 留出检验的需求数
    #[schema(example = 24)]
    pub held_back: usize,
    /// 评判数（每个需求和候选对象算一个）
    #[schema(example = 840)]
    pub judgements: usize,
    /// 有反馈的对接数
    #[schema(example = 35)]
    pub feedback: usize,
    /// 学习前，留出需求上的 nDCG@10
    #[schema(example = 0.641)]
    pub ndcg_before: f64,
    /// 学习后，留出需求上的 nDCG@10
    #[schema(example = 0.668)]
    pub ndcg_after: f64,
}

/// A weight before and after.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LearnedWeight {
    /// Code of the part that it weighs.
    pub code: String,
    /// The part's Chinese name.
    pub label: String,
    /// In force.
    pub before: f64,
    /// Learned, to four decimals.
    pub after: f64,
}

/// What came of learning.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Lesson {
    /// Why the weights must not be used; none when they may.
    pub refusal: Option<Refusal>,
    /// The weights; empty when there was too little to learn from.
    pub weights: Vec<LearnedWeight>,
    /// Needs learned from.
    pub needs: usize,
    /// Needs held back.
    pub held_back: usize,
    /// Pairs of need and candidate that were judged.
    pub judgements: usize,
    /// Pairs with feedback.
    pub feedback: usize,
    /// Pairs of candidates of one need, one better, that were learned from.
    pub pairs: usize,
    /// nDCG@10 of the needs held back, under the present weights and the learned ones.
    pub comparison: Option<Comparison>,
}

/// Why learned weights must not be used.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum Refusal {
    /// Too few needs with a candidate that is better than another.
    TooFewNeeds {
        /// How many there are.
        found: usize,
        /// How many there must be.
        wanted: usize,
    },
    /// Too few of them are held back.
    TooFewHeldBack {
        /// How many there are.
        found: usize,
        /// How many there must be.
        wanted: usize,
    },
    /// What was learned is what is in force.
    NothingNew,
    /// The needs held back are ranked worse.
    Worse {
        /// Mean nDCG@10 under the present weights.
        before: f64,
        /// Under the learned ones.
        after: f64,
    },
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let more = "请先评判更多需求（hongniang judge export）或补记对接反馈（hongniang feedback add）";
        match self {
            Self::TooFewNeeds { found, wanted } => {
                write!(
                    f,
                    "可学的需求只有 {found} 项，至少要 {wanted} 项（每项要有一好一差两个候选对象）；{more}"
                )
            }
            Self::TooFewHeldBack { found, wanted } => {
                write!(f, "可留出来检验的需求只有 {found} 项，至少要 {wanted} 项；{more}")
            }
            Self::NothingNew => f.write_str("学得的权重与现用的相同，不必改动"),
            Self::Worse { before, after } => {
                write!(
                    f,
                    "在留出检验的需求上，学得的权重 nDCG@10 为 {after:.4}，不如现用权重的 {before:.4}，不予采用"
                )
            }
        }
    }
}

impl Lesson {
    /// The weights with what was learned.
    pub fn applied_to(&self, weights: &Weights) -> Weights {
        with(weights, self.weights.iter().map(|learned| (learned.code.as_str(), learned.after)))
    }

    /// What is to be remembered of it.
    pub fn note(&self, at: Timestamp) -> LearnedNote {
        let measured = |pick: fn(&Comparison) -> f64| self.comparison.as_ref().map(pick).unwrap_or_default();
        LearnedNote {
            at,
            needs: self.needs,
            held_back: self.held_back,
            judgements: self.judgements,
            feedback: self.feedback,
            ndcg_before: measured(|comparison| comparison.first),
            ndcg_after: measured(|comparison| comparison.second),
        }
    }
}
