//! The cheapest way from the root or a group to one of its children, kept in heaps that look again only at what comes to the top.
//!
//! While ε stays, prices only fall, so a way from a hub only becomes dearer by a price: an entry that is too low is found out when it is
//! popped. A way becomes cheaper, or opens, only when its child sends a unit up; then it is entered anew.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::cost::Cost;
use super::flow::{Flow, Step};
use super::network::Network;

pub(crate) struct Hubs<C> {
    /// By hub; empty for leaves.
    heaps: Vec<BinaryHeap<Reverse<(C, u32)>>>,
    hubs: Vec<usize>,
    /// The key under which each node stands in its parent's heap; `MAX` when it does not.
    entered: Vec<C>,
}

impl<C: Cost> Hubs<C> {
    pub(crate) fn new(network: &Network<C>) -> Self {
        let nodes = network.nodes();
        let hubs = (0..network.first_need).chain(network.first_expert_group..network.first_expert).collect();
        Self {
            heaps: vec![BinaryHeap::new(); nodes.min(network.first_expert)],
            hubs,
            entered: vec![C::MAX; nodes],
        }
    }

    /// Enters every way anew, for prices that may have risen.
    pub(crate) fn refill(&mut self, network: &Network<C>, flow: &Flow<C>) {
        self.entered.fill(C::MAX);
        for hub in &self.hubs {
            let mut entries = std::mem::take(&mut self.heaps[*hub]).into_vec();
            entries.clear();
            for child in network.children(*hub) {
                if let Some(key) = key(network, flow, *child as usize) {
                    self.entered[*child as usize] = key;
                    entries.push(Reverse((key, *child)));
                }
            }
            self.heaps[*hub] = BinaryHeap::from(entries);
        }
    }

    /// A child has sent a unit to its parent: the way back may be cheaper now.
    pub(crate) fn came_from(&mut self, network: &Network<C>, flow: &Flow<C>, child: usize) {
        if let Some(key) = key(network, flow, child)
            && key < self.entered[child]
        {
            self.entered[child] = key;
            self.heaps[network.parent[child] as usize].push(Reverse((key, child as u32)));
        }
    }

    /// The cheapest way from a hub to a child: its key (cost less the child's price), and the step.
    pub(crate) fn cheapest(&mut self, network: &Network<C>, flow: &Flow<C>, hub: usize) -> Option<(C, Step)> {
        loop {
            let Reverse((entered, child)) = *self.heaps[hub].peek()?;
            let at = child as usize;
            if entered != self.entered[at] {
                self.heaps[hub].pop();
                continue;
            }
            let Some((cost, step)) = flow.downwards(network, at) else {
                self.entered[at] = C::MAX;
                self.heaps[hub].pop();
                continue;
            };
            let key = cost - flow.price[at];
            if key == entered {
                return Some((key, step));
            }
            self.entered[at] = key;
            if let Some(mut top) = self.heaps[hub].peek_mut() {
                *top = Reverse((key, child));
            }
        }
    }
}

fn key<C: Cost>(network: &Network<C>, flow: &Flow<C>, child: usize) -> Option<C> {
    flow.downwards(network, child).map(|(cost, _)| cost - flow.price[child])
}
