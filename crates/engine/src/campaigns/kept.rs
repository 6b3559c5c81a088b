//! What of a campaign is kept as JSON: its needs and groups, why pairs score as they do, what a plan is worth and whom it leaves out.
//! Names of people are not among it: they are read from the registries, so that whoever is erased is gone.

use domain::{Kind, RecordId};
use ranking::Exclusion;
use serde::{Deserialize, Serialize};
use store::StoreError;
use utoipa::ToSchema;

use super::request::GroupBy;
use crate::EngineError;

/// Needs and groups of a campaign.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Content {
    pub(super) needs: Vec<KeptNeed>,
    /// Needs that were meant and cannot take part.
    pub(super) unfit: Vec<KeptUnfit>,
    pub(super) groups: Vec<KeptGroup>,
    /// In ten-thousandths of a point.
    pub(super) floor: u32,
    pub(super) effort: u32,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct KeptNeed {
    pub(super) number: u64,
    pub(super) least: u32,
    pub(super) most: u32,
    /// It says too little to be matched.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) vague: bool,
    /// Those who would have fitted a need without candidates, and why they must not go.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) obstacles: Vec<KeptObstacle>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct KeptObstacle {
    pub(super) candidate: u64,
    pub(super) score: f64,
    pub(super) reasons: Vec<Exclusion>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct KeptUnfit {
    pub(super) number: u64,
    pub(super) reasons: Vec<Exclusion>,
}

/// A group with a quota.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct KeptGroup {
    /// From 1.
    pub(super) id: u64,
    /// The rule that it comes from, from 0.
    pub(super) rule: usize,
    pub(super) by: GroupBy,
    pub(super) label: String,
    pub(super) members: Vec<u64>,
    pub(super) at_least: u32,
    pub(super) at_most: Option<u32>,
}

/// Why a pair scores as it does.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = PlannedWhy)]
pub struct Why {
    /// 总分中的各项，相加即总分；不计分的项不列
    pub parts: Vec<WhyPart>,
    /// 一句话说明
    #[schema(example = "双方都提到“激光焊接”“气孔”；同在安徽省。综合 63.2 分。")]
    pub sentence: String,
}

/// A part of a score.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = PlannedWhyPart)]
pub struct WhyPart {
    /// 稳定的名称
    #[schema(example = "text.title")]
    pub code: String,
    /// 中文名称
    #[schema(example = "标题文本")]
    pub label: String,
    /// 该项贡献的分数
    #[schema(example = 31.5)]
    pub points: f64,
}

/// The best plan without a pair; pairs by need and candidate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct KeptOtherwise {
    /// `false`: no plan within the limits goes without it.
    pub(super) possible: bool,
    pub(super) gained: Vec<(u64, u64)>,
    pub(super) lost: Vec<(u64, u64)>,
    pub(super) shortfall: i64,
    pub(super) covered: i64,
    /// In ten-thousandths of a point.
    pub(super) score: i64,
    pub(super) load: i64,
}

/// A plan beside its pairs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct KeptPlan {
    /// Pairs when it was made.
    pub(super) visits: u64,
    pub(super) shortfall: u64,
    pub(super) covered: u64,
    pub(super) score: u64,
    pub(super) load: u64,
    pub(super) kept: u64,
    pub(super) optimal: bool,
    pub(super) bound_covered: u64,
    pub(super) bound_score: u64,
    pub(super) relaxations: Vec<KeptRelaxation>,
    pub(super) left: Vec<KeptLeft>,
}

/// A limit that has to give.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "limit", rename_all = "snake_case")]
pub(super) enum KeptRelaxation {
    Capacity { candidate: u64, by: u32 },
    Most { need: u64, by: u32 },
    AtMost { group: u64, by: u32 },
    AtLeast { group: u64, by: u32 },
}

/// A need that a plan leaves out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct KeptLeft {
    pub(super) need: u64,
    pub(super) got: u32,
    pub(super) reasons: Vec<KeptReason>,
}

/// Why a need is left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code", rename_all = "snake_case")]
pub(super) enum KeptReason {
    NoCandidate,
    Forbidden { count: usize },
    Declined { count: usize },
    TooFar { count: usize },
    BelowFloor { count: usize, best: u32 },
    TooFew { usable: usize, least: u32 },
    Busy { candidate: u64, serves: Vec<u64> },
    QuotaFull { group: u64 },
    Outweighed,
}

/// Why a pair that scored must not be planned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bar {
    /// One side did not want to, last time.
    Declined,
    /// Too far, and no wish to go there.
    TooFar,
}

impl Bar {
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Declined => "declined",
            Self::TooFar => "too_far",
        }
    }
}

/// What is kept, as its text.
pub(super) fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("only texts, numbers and lists of them")
}

/// A kept text, read.
///
/// # Errors
/// [`StoreError::Corrupt`].
pub(super) fn read<'a, T: Deserialize<'a>>(campaign: u64, text: &'a str) -> Result<T, EngineError> {
    serde_json::from_str(text).map_err(|source| {
        StoreError::Corrupt { place: format!("对接活动 {campaign}"), source: Box::new(source) }.into()
    })
}

pub(super) const fn need_id(number: u64) -> RecordId {
    RecordId::new(Kind::Need, number)
}
