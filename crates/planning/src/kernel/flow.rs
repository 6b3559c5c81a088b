//! A flow through the network and the prices of its nodes: what is assigned, what may still be moved, and at what cost.
//!
//! Reduced cost of an arc from u to v: `cost + price[u] − price[v]`. A flow is optimal when it balances and no arc that can still be
//! moved along has a negative one (Ahuja, Magnanti & Orlin, *Network Flows*, 1993, theorem 9.3).

use super::cost::Cost;
use super::network::{Network, Place, ROOT};

/// The pair is in the plan.
pub(crate) const ASSIGNED: u8 = 1;
/// It stays where it is: locked, or forbidden.
pub(crate) const FIXED: u8 = 2;
/// It stood in the previous plan.
pub(crate) const KEPT: u8 = 4;

/// A pair seen from its expert.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Held {
    pub(crate) pair: u32,
    pub(crate) need: u32,
}

/// One way of moving a unit out of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// From the need at the tail to the pair's expert.
    Assign(u32),
    /// From the expert at the tail back to the pair's need.
    Release(u32),
    /// One more on the tree arc of this node.
    More(u32),
    /// One less on the tree arc of this node.
    Less(u32),
}

#[derive(Debug, Clone)]
pub(crate) struct Flow<C> {
    pub(crate) price: Vec<C>,
    /// Flow on each node's tree arc.
    pub(crate) tree: Vec<u32>,
    /// Of each pair, `ASSIGNED`, `FIXED` and `KEPT`.
    pub(crate) state: Vec<u8>,
    /// The pairs in the plan of each expert, counted from the first expert.
    pub(crate) held: Vec<Vec<Held>>,
    /// What has come into a node and not left it.
    pub(crate) excess: Vec<i64>,
}

impl<C: Cost> Flow<C> {
    /// Nothing flows but what the states of the pairs say.
    pub(crate) fn new(network: &Network<C>, state: Vec<u8>) -> Self {
        let mut flow = Self {
            price: vec![C::ZERO; network.nodes()],
            tree: network.tree.iter().map(|arc| arc.floor).collect(),
            state,
            held: vec![Vec::new(); network.experts().len()],
            excess: vec![0; network.nodes()],
        };
        for need in network.needs() {
            for pair in network.pairs_of(need).filter(|pair| flow.state[*pair] & ASSIGNED != 0) {
                let held = Held { pair: index(pair), need: index(need) };
                flow.held[network.pairs[pair].expert as usize - network.first_expert].push(held);
            }
        }
        flow.balance(network);
        flow
    }

    /// The same flow with its prices in another type.
    pub(crate) fn recast<D: Cost>(self) -> Flow<D> {
        let cast = |price: C| D::of(price.wide()).expect("the caller looked whether it fits");
        Flow {
            price: self.price.into_iter().map(cast).collect(),
            tree: self.tree,
            state: self.state,
            held: self.held,
            excess: self.excess,
        }
    }

    /// Reckons every node's excess anew.
    pub(crate) fn balance(&mut self, network: &Network<C>) {
        self.excess.fill(0);
        for node in 1..network.nodes() {
            let flow = i64::from(self.tree[node]);
            let inward = if network.is_fed_by_parent(node) { flow } else { -flow };
            self.excess[node] += inward;
            self.excess[network.parent[node] as usize] -= inward;
        }
        for (at, held) in self.held.iter().enumerate() {
            self.excess[network.first_expert + at] += held.len() as i64;
            for pair in held {
                self.excess[pair.need as usize] -= 1;
            }
        }
    }

    /// What assigning the pair costs.
    pub(crate) fn cost(&self, network: &Network<C>, pair: usize) -> C {
        let worth = network.unit * C::small(network.pairs[pair].worth);
        if self.state[pair] & KEPT == 0 { -worth } else { -worth - network.kept }
    }

    /// One more unit on a node's tree arc: its cost, if there is room.
    pub(crate) fn more(&self, network: &Network<C>, node: usize) -> Option<C> {
        let arc = &network.tree[node];
        (self.tree[node] < arc.cap).then(|| arc.slope(self.tree[node]))
    }

    /// One unit less on it: its cost, if there is one to take.
    pub(crate) fn less(&self, network: &Network<C>, node: usize) -> Option<C> {
        let arc = &network.tree[node];
        (self.tree[node] > arc.floor).then(|| -arc.slope(self.tree[node] - 1))
    }

    /// From a node to its parent.
    pub(crate) fn upwards(&self, network: &Network<C>, node: usize) -> Option<(C, Step)> {
        if node == ROOT {
            None
        } else if network.is_fed_by_parent(node) {
            self.less(network, node).map(|cost| (cost, Step::Less(index(node))))
        } else {
            self.more(network, node).map(|cost| (cost, Step::More(index(node))))
        }
    }

    /// From a node's parent to the node.
    pub(crate) fn downwards(&self, network: &Network<C>, node: usize) -> Option<(C, Step)> {
        if network.is_fed_by_parent(node) {
            self.more(network, node).map(|cost| (cost, Step::More(index(node))))
        } else {
            self.less(network, node).map(|cost| (cost, Step::Less(index(node))))
        }
    }

    /// Every way out of a node: where it leads, what it costs.
    pub(crate) fn ways_out(&self, network: &Network<C>, node: usize, mut visit: impl FnMut(usize, C, Step)) {
        match network.place(node) {
            Place::Need => {
                for pair in network.pairs_of(node) {
                    if self.state[pair] & (ASSIGNED | FIXED) == 0 {
                        let head = network.pairs[pair].expert as usize;
                        visit(head, self.cost(network, pair), Step::Assign(index(pair)));
                    }
                }
            }
            Place::Expert => {
                for held in &self.held[node - network.first_expert] {
                    if self.state[held.pair as usize] & FIXED == 0 {
                        let cost = -self.cost(network, held.pair as usize);
                        visit(held.need as usize, cost, Step::Release(held.pair));
                    }
                }
            }
            Place::Root | Place::NeedGroup | Place::ExpertGroup => {
                for child in network.children(node) {
                    if let Some((cost, step)) = self.downwards(network, *child as usize) {
                        visit(*child as usize, cost, step);
                    }
                }
            }
        }
        if let Some((cost, step)) = self.upwards(network, node) {
            visit(network.parent[node] as usize, cost, step);
        }
    }

    /// Moves a unit out of `tail` and says where it went.
    pub(crate) fn push(&mut self, network: &Network<C>, tail: usize, step: Step) -> usize {
        let head = match step {
            Step::Assign(pair) => {
                let expert = network.pairs[pair as usize].expert as usize;
                self.state[pair as usize] |= ASSIGNED;
                self.held[expert - network.first_expert].push(Held { pair, need: index(tail) });
                expert
            }
            Step::Release(pair) => self.release(network, pair),
            Step::More(node) => {
                self.tree[node as usize] += 1;
                if tail == node as usize { network.parent[tail] as usize } else { node as usize }
            }
            Step::Less(node) => {
                self.tree[node as usize] -= 1;
                if tail == node as usize { network.parent[tail] as usize } else { node as usize }
            }
        };
        self.excess[tail] -= 1;
        self.excess[head] += 1;
        head
    }

    /// Takes a pair out of the plan, without minding the excess; its need.
    pub(crate) fn release(&mut self, network: &Network<C>, pair: u32) -> usize {
        let expert = network.pairs[pair as usize].expert as usize;
        self.state[pair as usize] &= !ASSIGNED;
        let held = &mut self.held[expert - network.first_expert];
        let at = held.iter().position(|held| held.pair == pair).expect("what is released is held");
        held.swap_remove(at).need as usize
    }
}

/// A node's or a pair's number as it is stored.
pub(crate) fn index(number: usize) -> u32 {
    debug_assert!(u32::try_from(number).is_ok(), "the instance was checked to fit");
    number as u32
}
