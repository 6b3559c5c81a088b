//! Why a pair, and what the next best would have cost: the shortest way around it through what may still be moved.

use crate::instance::InstanceError;
use crate::kernel::{ASSIGNED, Place, Step};
use crate::solved::Solved;

/// What happens to the plan when one pair is taken out of it, or put in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alternative {
    /// Pairs (need, expert) that come in.
    pub gained: Vec<(u64, u64)>,
    /// Pairs that go.
    pub lost: Vec<(u64, u64)>,
    /// How much the plan's value changes.
    pub change: Difference,
}

/// The difference of two values, the aims in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Difference {
    /// Visits short of lower bounds: more is worse.
    pub shortfall: i64,
    /// Covered needs.
    pub covered: i64,
    /// Score, in ten-thousandths.
    pub score: i64,
    /// Sum of squared loads: more is worse.
    pub load: i64,
}

impl Solved {
    /// The best plan without a pair that is in the plan, or with one that is not. `None` when no plan within the limits does it.
    ///
    /// Exact where the plan is optimal and each need wants one expert at least. Where needs want several or quotas cross, it is the best
    /// with the same needs closed and the same shares of the crossing quotas.
    ///
    /// # Errors
    ///
    /// When the pair is not among the candidates.
    pub fn otherwise(&mut self, expert: u64, need: u64) -> Result<Option<Alternative>, InstanceError> {
        let (at, pair) = (self.campaign.need(need)?, self.campaign.pair(expert, need)?);
        let network = &self.working.network;
        let (need_node, expert_node) = (network.first_need + at, network.pairs[pair].expert as usize);
        let is_in_plan = self.working.flow.state[pair] & ASSIGNED != 0;
        // Taken out, the need's unit looks for another way to the expert; put in, the expert gives one back that the need has too much.
        let (from, to) = if is_in_plan { (need_node, expert_node) } else { (expert_node, need_node) };
        let found = self.working.search.run(network, &self.working.flow, from, |node| node == to);
        if found.is_none() {
            return Ok(None);
        }
        let mut steps = self.working.search.way(to);
        steps.reverse();
        let mut alternative =
            Alternative { gained: Vec::new(), lost: Vec::new(), change: Difference::default() };
        self.count_pair(&mut alternative, at, pair, !is_in_plan);
        for (tail, step) in steps {
            self.count_step(&mut alternative, tail, step);
        }
        Ok(Some(alternative))
    }

    fn count_pair(&self, alternative: &mut Alternative, need: usize, pair: usize, comes: bool) {
        let (expert, need) = self.campaign.names(need, pair);
        let score = i64::from(self.campaign.pairs[pair].score);
        alternative.change.score += if comes { score } else { -score };
        if comes { &mut alternative.gained } else { &mut alternative.lost }.push((need, expert));
    }

    fn count_step(&self, alternative: &mut Alternative, tail: usize, step: Step) {
        let network = &self.working.network;
        match step {
            Step::Assign(pair) => {
                self.count_pair(alternative, tail - network.first_need, pair as usize, true)
            }
            Step::Release(pair) => {
                let need = self.campaign.starts.partition_point(|start| *start <= pair) - 1;
                self.count_pair(alternative, need, pair as usize, false);
            }
            Step::More(node) => self.count_tree(&mut alternative.change, node as usize, true),
            Step::Less(node) => self.count_tree(&mut alternative.change, node as usize, false),
        }
    }

    /// One visit more or less on a node's tree arc.
    fn count_tree(&self, change: &mut Difference, node: usize, more: bool) {
        let network = &self.working.network;
        let (arc, flow) = (&network.tree[node], i64::from(self.working.flow.tree[node]));
        let (low, sign) = (i64::from(arc.low), if more { 1 } else { -1 });
        match network.place(node) {
            Place::Expert => change.load += if more { 2 * flow + 1 } else { 1 - 2 * flow },
            Place::Need if flow + i64::from(more) == low => change.covered += sign,
            Place::NeedGroup | Place::ExpertGroup if flow + i64::from(more) <= low => {
                change.shortfall -= sign
            }
            _ => {}
        }
    }
}
