//! What a campaign is given: experts, needs, scored pairs, quotas; and what may be wrong with it.

/// A score in ten-thousandths of a point: 87.5 points are 875,000.
pub type Score = u32;

/// The highest score that is taken: a hundred thousand points.
pub const HIGHEST_SCORE: Score = 1_000_000_000;
/// The greatest capacity, and the most experts a need may want.
pub const MOST_VISITS: u32 = 10_000;

/// Everything that a plan depends on. The order of the lists does not matter.
#[derive(Debug, Clone, Default)]
pub struct Instance {
    /// Who may be sent: experts, or stations.
    pub experts: Vec<Expert>,
    /// Who waits for them.
    pub needs: Vec<Need>,
    /// Who may meet whom. A pair that is not here cannot be planned: recusals are left out, or given as forbidden so that they are named.
    pub pairs: Vec<Candidate>,
    /// Limits on groups.
    pub quotas: Vec<Quota>,
    /// Pairs below this are not planned unless they are locked.
    pub floor: Score,
    /// The pairs (expert, need) of the plan before this one: among equally good plans, the one with most of them is taken.
    pub previous: Vec<(u64, u64)>,
}

/// An expert or a station.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expert {
    /// The number of the record.
    pub id: u64,
    /// How many needs can be visited.
    pub capacity: u32,
}

/// A need.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Need {
    /// The number of the record.
    pub id: u64,
    /// How many experts it must get to be covered; at least 1. It gets fewer only when they are locked.
    pub least: u32,
    /// How many it may get.
    pub most: u32,
}

/// A pair that was scored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Candidate {
    /// The expert.
    pub expert: u64,
    /// The need.
    pub need: u64,
    /// How well they fit.
    pub score: Score,
    /// What staff say.
    pub ruling: Ruling,
}

/// What staff say about a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Ruling {
    /// Nothing: the plan decides.
    #[default]
    Open,
    /// It is in the plan, whatever its score.
    Locked,
    /// It is not in the plan.
    Forbidden,
}

/// How many visits a group must and may have in all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quota {
    /// A number of the caller's, to name it by.
    pub id: u64,
    /// Whose visits are counted.
    pub members: Members,
    /// At least so many.
    pub at_least: u32,
    /// At most so many.
    pub at_most: u32,
}

/// A group: a society's experts, a county's needs, the needs of a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Members {
    /// Visits of these experts.
    Experts(Vec<u64>),
    /// Visits to these needs.
    Needs(Vec<u64>),
}

/// Why an instance is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InstanceError {
    /// Two experts with one number.
    #[error("专家 {0} 重复出现")]
    RepeatedExpert(u64),
    /// Two needs with one number.
    #[error("需求 {0} 重复出现")]
    RepeatedNeed(u64),
    /// A pair that was given twice.
    #[error("专家 {expert} 与需求 {need} 的组合重复出现")]
    RepeatedPair {
        /// Its expert.
        expert: u64,
        /// Its need.
        need: u64,
    },
    /// Two quotas with one number.
    #[error("名额限制 {0} 重复出现")]
    RepeatedQuota(u64),
    /// A pair, a quota or the previous plan names an expert who is not here.
    #[error("专家 {0} 不在本次活动中")]
    UnknownExpert(u64),
    /// The same of a need.
    #[error("需求 {0} 不在本次活动中")]
    UnknownNeed(u64),
    /// A change names a pair that was never scored.
    #[error("专家 {expert} 与需求 {need} 不是候选组合")]
    UnknownPair {
        /// Its expert.
        expert: u64,
        /// Its need.
        need: u64,
    },
    /// `least` is 0 or above `most`, or `most` above [`MOST_VISITS`].
    #[error("需求 {0} 要求的专家人数不成立：最少须不小于 1、不大于最多，最多不超过 {MOST_VISITS}")]
    Wants(u64),
    /// A capacity above [`MOST_VISITS`].
    #[error("专家 {0} 的容量超过 {MOST_VISITS}")]
    Capacity(u64),
    /// A score above [`HIGHEST_SCORE`].
    #[error("专家 {expert} 与需求 {need} 的得分超过上限")]
    Score {
        /// Its expert.
        expert: u64,
        /// Its need.
        need: u64,
    },
    /// `at_least` above `at_most`.
    #[error("名额限制 {0} 的下限大于上限")]
    Bounds(u64),
    /// Two groups with a lower bound overlap without one holding the other: whether both can be met is no question of flow.
    #[error("名额限制 {0} 有下限，却与另一有下限的分组交叉")]
    CrossingFloors(u64),
    /// More experts, needs or pairs than can be counted.
    #[error("本次活动过大")]
    TooLarge,
}
