//! Solving a campaign, and solving it again after staff changed their minds.

use crate::assembly;
use crate::campaign::Campaign;
use crate::certificate::lower_bound;
use crate::covering::cover_wholly;
use crate::crossing::{Across, keep_within};
use crate::groups::Group;
use crate::instance::{InstanceError, Ruling};
use crate::kernel::{ASSIGNED, FIXED, KEPT, Step, TooWide, index};
use crate::outcome;
use crate::plan::Plan;
use crate::weights::Weights;
use crate::working::Working;

/// How long to look for a better plan where no quick way to the best is known: where needs want several experts or none, or quotas
/// cross. Counted in steps, not in time, so that the result is the same everywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Effort {
    /// Parts of the plans to look at.
    pub parts: usize,
    /// Times to go round the prices of crossing quotas.
    pub rounds: usize,
}

impl Default for Effort {
    fn default() -> Self {
        Self { parts: 100, rounds: 3 }
    }
}

/// What staff change in a plan. To swap two experts is to forbid two pairs and lock two others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change {
    /// The expert.
    pub expert: u64,
    /// The need.
    pub need: u64,
    /// What holds from now on.
    pub ruling: Ruling,
}

/// A campaign with its plan, and with what is needed to explain the plan and to amend it quickly.
#[derive(Debug, Clone)]
pub struct Solved {
    pub(crate) campaign: Campaign,
    pub(crate) weights: Weights,
    pub(crate) working: Working,
    effort: Effort,
    plan: Plan,
}

impl Solved {
    /// Solves a campaign from nothing.
    ///
    /// # Errors
    ///
    /// [`InstanceError::TooLarge`] when the aims do not fit into 128 bits.
    pub fn new(campaign: Campaign, effort: Effort) -> Result<Self, InstanceError> {
        let weights = Weights::new(&campaign).ok_or(InstanceError::TooLarge)?;
        let network = assembly::network(&campaign, &weights);
        let working = Working::solve(network, assembly::states(&campaign), &weights);
        let working = working.map_err(|TooWide| InstanceError::TooLarge)?;
        let plan = outcome::unplanned();
        let mut solved = Self { campaign, weights, working, effort, plan };
        solved.finish();
        Ok(solved)
    }

    /// The plan.
    #[must_use]
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Changes what staff say about some pairs, and solves again from the present plan. Of all equally good plans the one that keeps
    /// most of its pairs is taken.
    ///
    /// # Errors
    ///
    /// When a pair is not among the candidates; then nothing is changed.
    pub fn amend(&mut self, changes: &[Change]) -> Result<&Plan, InstanceError> {
        let find = |change: &Change| {
            let need = self.campaign.need(change.need)?;
            Ok((need, self.campaign.pair(change.expert, change.need)?, change.ruling))
        };
        let changes: Vec<_> = changes.iter().map(find).collect::<Result<_, InstanceError>>()?;
        self.remember_plan();
        for (need, pair, ruling) in changes {
            self.campaign.pairs[pair].ruling = ruling;
            self.settle_pair(need, pair);
        }
        self.campaign.has_previous = self.weights.kept > 1;
        let weights = Weights::new(&self.campaign).ok_or(InstanceError::TooLarge)?;
        if weights != self.weights {
            // Locks beyond a limit, or that change what a need wants, seldom: the aims need other room, so it is solved from nothing.
            self.campaign.has_previous = true;
            *self = Self::new(self.campaign.clone(), self.effort)?;
            return Ok(&self.plan);
        }
        let (_, tree) = assembly::trees(&self.campaign, &self.weights);
        for (node, arc) in tree.into_iter().enumerate().skip(1) {
            self.working.set_arc(node, arc);
        }
        let balanced = self.working.restore();
        debug_assert!(balanced, "what is locked has room");
        self.finish();
        Ok(&self.plan)
    }

    /// From now on, the present pairs are those to keep. It makes no reduced cost negative: what is assigned becomes cheaper.
    fn remember_plan(&mut self) {
        for (pair, state) in self.working.flow.state.iter_mut().enumerate() {
            let kept = *state & ASSIGNED != 0;
            self.campaign.pairs[pair].kept = kept;
            *state = if kept { *state | KEPT } else { *state & !KEPT };
        }
    }

    /// Puts a pair into the state that its ruling asks for.
    fn settle_pair(&mut self, need: usize, pair: usize) {
        let Working { network, flow, .. } = &mut self.working;
        let (node, expert) = (network.first_need + need, network.pairs[pair].expert as usize);
        let wanted = assembly::state(&self.campaign, pair);
        let is_assigned = flow.state[pair] & ASSIGNED != 0;
        if wanted & FIXED == 0 {
            flow.state[pair] &= !FIXED;
            let reduced = flow.cost(network, pair) + flow.price[node] - flow.price[expert];
            if is_assigned && reduced > 0 {
                flow.push(network, expert, Step::Release(index(pair)));
            } else if !is_assigned && reduced < 0 {
                flow.push(network, node, Step::Assign(index(pair)));
            }
            return;
        }
        match (is_assigned, wanted & ASSIGNED != 0) {
            (false, true) => {
                flow.push(network, node, Step::Assign(index(pair)));
            }
            (true, false) => {
                flow.push(network, expert, Step::Release(index(pair)));
            }
            _ => {}
        }
        flow.state[pair] |= FIXED;
    }

    /// From the optimal flow to the plan: within crossing quotas, all or nothing, then counted and bounded.
    fn finish(&mut self) {
        let root = lower_bound(&self.working.network, &self.working.flow.state, &self.working.flow.price);
        debug_assert_eq!(root, self.working.cost(), "the prices prove the flow");
        let groups = self.across();
        let mut bound = root;
        if !groups.is_empty() {
            bound = bound.max(keep_within(&mut self.working, &groups, self.effort.rounds));
        }
        let wholly = cover_wholly(&mut self.working, self.effort.parts);
        if groups.is_empty() {
            bound = bound.max(wholly);
        }
        self.plan = outcome::plan(self, bound + assembly::prepaid(&self.campaign, &self.weights));
    }

    fn across(&self) -> Vec<Across> {
        let network = &self.working.network;
        let across = |first: usize| {
            move |group: &Group| Across {
                members: group.members.iter().map(|member| first + *member as usize).collect(),
                at_most: group.at_most,
            }
        };
        let needs = self.campaign.need_groups.crossing.iter().map(across(network.first_need));
        needs.chain(self.campaign.expert_groups.crossing.iter().map(across(network.first_expert))).collect()
    }
}
