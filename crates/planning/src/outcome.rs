//! From a flow to the plan that people read: visits, value, bound, and which limits would have to give.

use crate::campaign::Campaign;
use crate::groups::Group;
use crate::instance::Ruling;
use crate::kernel::ASSIGNED;
use crate::plan::{Bound, Plan, Relaxation, Value, Visit};
use crate::solved::Solved;
use crate::trading;
use crate::weights::Weights;

/// No plan yet.
pub(crate) fn unplanned() -> Plan {
    let bound = Bound { optimal: false, covered: 0, score: 0 };
    Plan { visits: Vec::new(), value: Value::default(), bound, relaxations: Vec::new() }
}

/// The plan that a flow is, when no plan costs less than `bound`.
pub(crate) fn plan(solved: &Solved, bound: i128) -> Plan {
    let (campaign, weights) = (&solved.campaign, &solved.weights);
    let tally = Tally::of(campaign, &solved.working.flow.state);
    let value = tally.value(campaign);
    let cost = weights.cost(&value);
    debug_assert!(bound <= cost, "a bound above a plan: {bound} > {cost}");
    let bound = read_bound(campaign, weights, &value, bound);
    let relaxations = tally.relaxations(campaign);
    Plan { visits: tally.visits, value, bound, relaxations }
}

/// What a plan gives to everybody.
pub(crate) struct Tally {
    pub(crate) visits: Vec<Visit>,
    /// Visits by need and by expert.
    pub(crate) needs: Vec<u32>,
    pub(crate) experts: Vec<u32>,
    kept: u64,
}

impl Tally {
    pub(crate) fn of(campaign: &Campaign, state: &[u8]) -> Self {
        let (mut needs, mut experts) = (vec![0; campaign.needs.len()], vec![0; campaign.experts.len()]);
        let (mut visits, mut kept) = (Vec::new(), 0);
        for need in 0..campaign.needs.len() {
            for pair in campaign.pairs_of(need).filter(|pair| state[*pair] & ASSIGNED != 0) {
                let scored = campaign.pairs[pair];
                let (expert, id) = campaign.names(need, pair);
                let locked = scored.ruling == Ruling::Locked;
                visits.push(Visit { need: id, expert, score: scored.score, locked });
                needs[need] += 1;
                experts[scored.expert as usize] += 1;
                kept += u64::from(scored.kept);
            }
        }
        visits.sort_unstable();
        Self { visits, needs, experts, kept }
    }

    fn value(&self, campaign: &Campaign) -> Value {
        let short = |groups: &[Group], used: &[u32]| -> u64 {
            groups.iter().map(|group| u64::from(group.at_least.saturating_sub(used_by(group, used)))).sum()
        };
        let covered = campaign.needs.iter().zip(&self.needs).filter(|(need, got)| **got >= need.least);
        Value {
            shortfall: short(&campaign.need_groups.tree, &self.needs)
                + short(&campaign.expert_groups.tree, &self.experts),
            covered: covered.count() as u64,
            score: self.visits.iter().map(|visit| u64::from(visit.score)).sum(),
            load: self.experts.iter().map(|load| u64::from(*load) * u64::from(*load)).sum(),
            kept: self.kept,
        }
    }

    /// Upper limits give way where more is locked; lower ones where they cannot be reached.
    fn relaxations(&self, campaign: &Campaign) -> Vec<Relaxation> {
        let mut found = Vec::new();
        let over = |used: u32, limit: u32| used.checked_sub(limit).filter(|by| *by > 0);
        for (expert, used) in campaign.experts.iter().zip(&self.experts) {
            let by = over(*used, expert.capacity);
            found.extend(by.map(|by| Relaxation::Capacity { expert: expert.id, by }));
        }
        for (need, used) in campaign.needs.iter().zip(&self.needs) {
            found.extend(over(*used, need.most).map(|by| Relaxation::Most { need: need.id, by }));
        }
        let sides = [(&campaign.need_groups, &self.needs), (&campaign.expert_groups, &self.experts)];
        for (groups, used) in sides {
            for group in groups.tree.iter().chain(&groups.crossing) {
                let (quota, used) = (group.id, used_by(group, used));
                found.extend(over(used, group.at_most).map(|by| Relaxation::AtMost { quota, by }));
                found.extend(over(group.at_least, used).map(|by| Relaxation::AtLeast { quota, by }));
            }
        }
        found
    }
}

/// How many visits a group has.
pub(crate) fn used_by(group: &Group, used: &[u32]) -> u32 {
    group.members.iter().map(|member| used[*member as usize]).sum()
}

/// What a bound on the cost says of needs and points.
fn read_bound(campaign: &Campaign, weights: &Weights, value: &Value, bound: i128) -> Bound {
    if bound >= weights.cost(value) {
        return Bound { optimal: true, covered: value.covered, score: value.score };
    }
    // What a plan is worth at most, the load (less than a unit of score) set aside in its favour.
    let worth = i128::from(value.shortfall) * weights.shortfall - bound + weights.score;
    let number = |value: i128| u64::try_from(value).unwrap_or(u64::MAX);
    let covered = (worth / weights.cover).min(campaign.needs.len() as i128).max(i128::from(value.covered));
    let score = (worth - covered * weights.cover).max(0);
    let traded = if campaign.wants_several() {
        trading::most_with(campaign, weights, number(covered), value.shortfall) + weights.score
    } else {
        score
    };
    Bound { optimal: false, covered: number(covered), score: number(score.min(traded) / weights.score) }
}
