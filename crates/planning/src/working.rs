//! A network with an optimal flow that can be changed and made optimal again.

use crate::kernel::{
    Balance, Cost, Flow, Network, Search, TooWide, TreeArc, correct_tree_arc, optimise, restore,
};
use crate::weights::Weights;

/// A network, its flow, and room to search in.
#[derive(Debug, Clone)]
pub(crate) struct Working {
    pub(crate) network: Network<i128>,
    pub(crate) flow: Flow<i128>,
    pub(crate) search: Search<i128>,
}

impl Working {
    /// Solves a network from nothing, in 64 bits if they hold all that may occur.
    ///
    /// # Errors
    ///
    /// [`TooWide`] when 128 bits do not.
    pub(crate) fn solve(network: Network<i128>, state: Vec<u8>, weights: &Weights) -> Result<Self, TooWide> {
        let hubs = (network.nodes() - network.needs().len() - network.experts().len()) as i128;
        // A price is at most the cost of a simple way, which meets two tree arcs at each hub, and pairs worth less than one of them.
        let widest = network.greatest_cost().saturating_mul(2 * hubs + 1);
        let search = Search::new(network.nodes());
        if widest > i64::LIMIT.wide() {
            let flow = optimise(&network, state, weights.quantum)?;
            return Ok(Self { network, flow, search });
        }
        let narrow: Network<i64> = network.recast();
        let quantum = i64::of(weights.quantum).unwrap_or(i64::ONE);
        let found = optimise(&narrow, state.clone(), quantum);
        let network: Network<i128> = narrow.recast();
        let flow = match found {
            Ok(flow) => flow.recast(),
            Err(TooWide) => optimise(&network, state, weights.quantum)?,
        };
        Ok(Self { network, flow, search })
    }

    /// Gives a node another tree arc. The flow is optimal again after [`Self::restore`].
    pub(crate) fn set_arc(&mut self, node: usize, arc: TreeArc<i128>) {
        if self.network.tree[node] != arc {
            self.network.tree[node] = arc;
            correct_tree_arc(&self.network, &mut self.flow, node);
        }
    }

    /// Makes the flow optimal again after changes. Says whether there is one at all.
    pub(crate) fn restore(&mut self) -> bool {
        restore(&self.network, &mut self.flow, &mut self.search, u64::MAX) == Balance::Found
    }

    /// What the flow costs.
    pub(crate) fn cost(&self) -> i128 {
        let mut cost = 0;
        for node in 1..self.network.nodes() {
            let (arc, flow) = (&self.network.tree[node], self.flow.tree[node]);
            cost += arc.below * i128::from(flow.min(arc.low));
            cost += arc.within * i128::from(flow.saturating_sub(arc.low));
            cost += arc.rise * i128::from(flow) * i128::from(flow);
        }
        let held = self.flow.held.iter().flatten();
        cost + held.map(|held| self.flow.cost(&self.network, held.pair as usize)).sum::<i128>()
    }
}
