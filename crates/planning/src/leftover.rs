//! Needs that the plan leaves out, each with its reasons.

use std::collections::BTreeSet;

use crate::groups::{Group, Grouping};
use crate::instance::{Ruling, Score};
use crate::kernel::ASSIGNED;
use crate::outcome::{Tally, used_by};
use crate::solved::Solved;

/// A need that is not covered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// The need.
    pub need: u64,
    /// How many experts it gets all the same, by locks.
    pub got: u32,
    /// Why, the most telling first.
    pub reasons: Vec<Reason>,
}

/// Why a need is left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// It has no candidate at all.
    NoCandidate,
    /// So many of its candidates are forbidden.
    Forbidden(usize),
    /// So many candidates score below the floor; the best of them this.
    BelowFloor {
        /// How many.
        count: usize,
        /// The best score among them.
        best: Score,
    },
    /// It must get more than there are candidates left.
    TooFew {
        /// How many are left.
        usable: usize,
        /// How many it must get.
        least: u32,
    },
    /// A candidate has no capacity left: whom he or she goes to instead.
    Busy {
        /// The expert.
        expert: u64,
        /// The needs visited.
        serves: Vec<u64>,
    },
    /// A group is full that the need or one of its candidates is in.
    QuotaFull {
        /// The quota.
        quota: u64,
    },
    /// Candidates are free, but too few of them at once, or they are worth more elsewhere.
    Outweighed,
}

/// Of the busy candidates of a need, the best so many are named.
const NAMED: usize = 5;

impl Solved {
    /// Every need that is not covered, by number.
    #[must_use]
    pub fn left_out(&self) -> Vec<LeftOut> {
        let tally = Tally::of(&self.campaign, &self.working.flow.state);
        let full = |groups: &Grouping, used: &[u32]| -> Vec<Group> {
            let all = groups.tree.iter().chain(&groups.crossing);
            all.filter(|group| used_by(group, used) >= group.at_most).cloned().collect()
        };
        let full_of_needs = full(&self.campaign.need_groups, &tally.needs);
        let full_of_experts = full(&self.campaign.expert_groups, &tally.experts);
        let view = View { solved: self, tally: &tally, full_of_needs, full_of_experts };
        let needs = self.campaign.needs.iter().enumerate();
        let open = needs.filter(|(at, need)| tally.needs[*at] < need.least);
        open.map(|(at, need)| LeftOut { need: need.id, got: tally.needs[at], reasons: view.reasons(at) })
            .collect()
    }
}

struct View<'a> {
    solved: &'a Solved,
    tally: &'a Tally,
    full_of_needs: Vec<Group>,
    full_of_experts: Vec<Group>,
}

impl View<'_> {
    fn reasons(&self, need: usize) -> Vec<Reason> {
        let campaign = &self.solved.campaign;
        let least = campaign.needs[need].least;
        let mut reasons = Vec::new();
        if campaign.pairs_of(need).is_empty() {
            return vec![Reason::NoCandidate];
        }
        let of = |ruling: Ruling| {
            campaign.pairs_of(need).filter(move |pair| campaign.pairs[*pair].ruling == ruling)
        };
        let usable =
            of(Ruling::Open).filter(|pair| campaign.is_open(*pair)).count() + of(Ruling::Locked).count();
        let below: Vec<usize> = of(Ruling::Open).filter(|pair| !campaign.is_open(*pair)).collect();
        if usable < least as usize {
            if usable > 0 {
                reasons.push(Reason::TooFew { usable, least });
            }
            if let Some(best) = below.first() {
                reasons.push(Reason::BelowFloor { count: below.len(), best: campaign.pairs[*best].score });
            }
            let forbidden = of(Ruling::Forbidden).count();
            if forbidden > 0 {
                reasons.push(Reason::Forbidden(forbidden));
            }
            return reasons;
        }
        let quotas = self.full_quotas(need);
        reasons.extend(quotas.into_iter().map(|quota| Reason::QuotaFull { quota }));
        reasons.extend(self.busy(need));
        if reasons.is_empty() {
            reasons.push(Reason::Outweighed);
        }
        reasons
    }

    fn full_quotas(&self, need: usize) -> BTreeSet<u64> {
        let campaign = &self.solved.campaign;
        let has = |group: &Group, member: u32| group.members.binary_search(&member).is_ok();
        let of_need = self.full_of_needs.iter().filter(|group| has(group, need as u32));
        let of_candidates = self.full_of_experts.iter().filter(|group| {
            let mut pairs = campaign.pairs_of(need).filter(|pair| campaign.is_open(*pair));
            pairs.any(|pair| has(group, campaign.pairs[pair].expert))
        });
        of_need.chain(of_candidates).map(|group| group.id).collect()
    }

    fn busy(&self, need: usize) -> Vec<Reason> {
        let (campaign, working) = (&self.solved.campaign, &self.solved.working);
        let is_full = |pair: &usize| {
            let expert = campaign.pairs[*pair].expert as usize;
            self.tally.experts[expert] >= campaign.experts[expert].capacity
                && working.flow.state[*pair] & ASSIGNED == 0
        };
        let full = campaign.pairs_of(need).filter(|pair| campaign.is_open(*pair)).filter(is_full);
        let reason = |pair: usize| {
            let expert = campaign.pairs[pair].expert as usize;
            let held = working.flow.held[expert].iter();
            let need = |node: u32| campaign.needs[node as usize - working.network.first_need].id;
            let mut serves: Vec<u64> = held.map(|held| need(held.need)).collect();
            serves.sort_unstable();
            Reason::Busy { expert: campaign.experts[expert].id, serves }
        };
        full.take(NAMED).map(reason).collect()
    }
}
