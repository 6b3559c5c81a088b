//! Whether a plan keeps every limit and is worth what it says, counted from the campaign alone.

use std::collections::{BTreeMap, BTreeSet};

use crate::groups::Group;
use crate::instance::Ruling;
use crate::plan::{Plan, Relaxation, Value};
use crate::{Campaign, InstanceError};

/// What is wrong with a plan.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// It names somebody or a pair that the campaign does not have.
    #[error(transparent)]
    Stranger(#[from] InstanceError),
    /// A pair that may not be planned, or one twice.
    #[error("专家 {expert} 不得安排给需求 {need}")]
    NotAllowed {
        /// The expert.
        expert: u64,
        /// The need.
        need: u64,
    },
    /// A locked pair is missing.
    #[error("已锁定的专家 {expert} 与需求 {need} 不在方案中")]
    LockMissing {
        /// The expert.
        expert: u64,
        /// The need.
        need: u64,
    },
    /// A limit is not kept that the plan does not report.
    #[error("限制未遵守：{0:?}")]
    Limit(Relaxation),
    /// A need has fewer than it must, and not by its locks.
    #[error("需求 {0} 只得到一部分专家")]
    HalfCovered(u64),
    /// The value is not the plan's.
    #[error("方案的数值与实际不符")]
    Value,
}

/// Checks a plan.
///
/// # Errors
///
/// The first fault.
pub fn verify(campaign: &Campaign, plan: &Plan) -> Result<(), Fault> {
    let planned: BTreeSet<(u64, u64)> = plan.visits.iter().map(|visit| (visit.need, visit.expert)).collect();
    let mut value = Value::default();
    let (mut by_need, mut by_expert) = (BTreeMap::<u64, u32>::new(), BTreeMap::<u64, u32>::new());
    for visit in &plan.visits {
        let pair = campaign.pairs[campaign.pair(visit.expert, visit.need)?];
        let allowed = match pair.ruling {
            Ruling::Open => pair.score >= campaign.floor,
            Ruling::Locked => true,
            Ruling::Forbidden => false,
        };
        if !allowed || planned.len() != plan.visits.len() {
            return Err(Fault::NotAllowed { expert: visit.expert, need: visit.need });
        }
        *by_need.entry(visit.need).or_default() += 1;
        *by_expert.entry(visit.expert).or_default() += 1;
        value.score += u64::from(pair.score);
        value.kept += u64::from(pair.kept);
    }
    value.load = by_expert.values().map(|load| u64::from(*load).pow(2)).sum();
    let got = |counts: &BTreeMap<u64, u32>, id: u64| counts.get(&id).copied().unwrap_or_default();
    for (at, need) in campaign.needs.iter().enumerate() {
        let locked = check_locks(campaign, at, &planned)?;
        let visits = got(&by_need, need.id);
        value.covered += u64::from(visits >= need.least);
        if visits < need.least && visits != locked {
            return Err(Fault::HalfCovered(need.id));
        }
        reported(plan, visits, need.most, |by| Relaxation::Most { need: need.id, by })?;
    }
    for expert in &campaign.experts {
        let visits = got(&by_expert, expert.id);
        reported(plan, visits, expert.capacity, |by| Relaxation::Capacity { expert: expert.id, by })?;
    }
    let needs: Vec<u32> = campaign.needs.iter().map(|need| got(&by_need, need.id)).collect();
    let experts: Vec<u32> = campaign.experts.iter().map(|expert| got(&by_expert, expert.id)).collect();
    for (groups, used) in [(&campaign.need_groups, needs), (&campaign.expert_groups, experts)] {
        for group in groups.tree.iter().chain(&groups.crossing) {
            value.shortfall += check_group(plan, group, &used)?;
        }
    }
    if value == plan.value { Ok(()) } else { Err(Fault::Value) }
}

fn check_locks(campaign: &Campaign, need: usize, planned: &BTreeSet<(u64, u64)>) -> Result<u32, Fault> {
    let mut locked = 0;
    for pair in campaign.pairs_of(need).filter(|pair| campaign.pairs[*pair].ruling == Ruling::Locked) {
        let (expert, need) = campaign.names(need, pair);
        locked += 1;
        if !planned.contains(&(need, expert)) {
            return Err(Fault::LockMissing { expert, need });
        }
    }
    Ok(locked)
}

fn check_group(plan: &Plan, group: &Group, used: &[u32]) -> Result<u64, Fault> {
    let used: u32 = group.members.iter().map(|member| used[*member as usize]).sum();
    reported(plan, used, group.at_most, |by| Relaxation::AtMost { quota: group.id, by })?;
    reported(plan, group.at_least, used, |by| Relaxation::AtLeast { quota: group.id, by })?;
    Ok(u64::from(group.at_least.saturating_sub(used)))
}

/// Whether `value` keeps within `limit`, or the plan says by how much it does not.
fn reported(plan: &Plan, value: u32, limit: u32, name: impl Fn(u32) -> Relaxation) -> Result<(), Fault> {
    let over = value.saturating_sub(limit);
    if over == 0 || plan.relaxations.contains(&name(over)) { Ok(()) } else { Err(Fault::Limit(name(over))) }
}
