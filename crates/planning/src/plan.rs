//! A plan: who goes where, what it is worth, and how much better any other could be.

use crate::instance::Score;

/// One expert goes to one need.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Visit {
    /// The need.
    pub need: u64,
    /// The expert.
    pub expert: u64,
    /// How well they fit.
    pub score: Score,
    /// Staff locked it.
    pub locked: bool,
}

/// What a plan is worth, the aims in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Value {
    /// Visits short of the groups' lower bounds: 0 unless a limit cannot be met.
    pub shortfall: u64,
    /// Needs that get at least as many experts as they must.
    pub covered: u64,
    /// The sum of the scores, in ten-thousandths.
    pub score: u64,
    /// The sum over experts of the square of their visits: the smaller, the more even.
    pub load: u64,
    /// Pairs that stood in the previous plan.
    pub kept: u64,
}

/// What no plan whatsoever can exceed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bound {
    /// The plan is optimal in every aim; then the rest equals its value.
    pub optimal: bool,
    /// No plan covers more needs.
    pub covered: u64,
    /// No plan that covers as many needs as this one has a higher score, if this one covers as many as the bound; else no plan that
    /// covers `covered` has.
    pub score: u64,
}

/// A limit that cannot be met, and by how much it would have to give.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relaxation {
    /// More is locked for this expert than the capacity holds.
    Capacity {
        /// The expert.
        expert: u64,
        /// By how much the capacity would have to grow.
        by: u32,
    },
    /// More is locked for this need than it may get.
    Most {
        /// The need.
        need: u64,
        /// By how much `most` would have to grow.
        by: u32,
    },
    /// More is locked within this group than it may have.
    AtMost {
        /// The quota.
        quota: u64,
        /// By how much `at_most` would have to grow.
        by: u32,
    },
    /// This group cannot have as many as it must.
    AtLeast {
        /// The quota.
        quota: u64,
        /// By how much `at_least` would have to fall.
        by: u32,
    },
}

/// A plan and what is known of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// By need, then by expert.
    pub visits: Vec<Visit>,
    /// What it is worth.
    pub value: Value,
    /// What no other exceeds.
    pub bound: Bound,
    /// What has to give before all limits can be met; empty when they are. Upper limits give way to locks alone. When it is not
    /// empty, the plan is that of the campaign with these limits relaxed.
    pub relaxations: Vec<Relaxation>,
}
