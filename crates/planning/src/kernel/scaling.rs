//! A plan from nothing: cost scaling by push and relabel (Goldberg & Tarjan 1990; Goldberg & Kennedy 1995 for assignment, whose double
//! push is Bertsekas' auction bid).
//!
//! Each round makes a flow that is optimal but for ε an arc; ε falls to 1. Every cost is a multiple of more than the number of arcs in
//! a simple cycle, so at ε = 1 no cycle can improve the flow: it is optimal.

use super::TooWide;
use super::cost::Cost;
use super::flow::{ASSIGNED, FIXED, Flow, Step, index};
use super::hubs::Hubs;
use super::network::{Network, Place, ROOT};

/// By how much ε falls from round to round.
const STRIDE: u32 = 8;

/// Makes the flow optimal for ε = 1, whatever it was.
///
/// # Errors
///
/// [`TooWide`] when a price leaves what the type can hold.
pub(crate) fn solve<C: Cost>(network: &Network<C>, flow: &mut Flow<C>, from: C) -> Result<(), TooWide> {
    let mut scaling = Scaling { network, flow, hubs: Hubs::new(network), active: Vec::new(), epsilon: from };
    loop {
        scaling.epsilon = C::max(C::ONE, scaling.epsilon / C::small(STRIDE));
        scaling.round()?;
        if scaling.epsilon == C::ONE {
            return Ok(());
        }
    }
}

struct Scaling<'a, C> {
    network: &'a Network<C>,
    flow: &'a mut Flow<C>,
    hubs: Hubs<C>,
    active: Vec<u32>,
    epsilon: C,
}

impl<C: Cost> Scaling<'_, C> {
    fn round(&mut self) -> Result<(), TooWide> {
        self.level_prices();
        self.price_needs();
        self.correct_trees();
        self.flow.balance(self.network);
        self.hubs.refill(self.network, self.flow);
        self.active.clear();
        self.active.extend((0..self.network.nodes()).filter(|node| self.flow.excess[*node] > 0).map(index));
        while let Some(node) = self.active.pop() {
            self.discharge(node as usize)?;
        }
        Ok(())
    }

    /// Only differences count: the root is the zero.
    fn level_prices(&mut self) {
        let zero = self.flow.price[ROOT];
        for price in &mut self.flow.price {
            *price -= zero;
        }
    }

    /// Prices each need at its best free way out and releases what it holds that is worse by more than ε.
    fn price_needs(&mut self) {
        for need in self.network.needs() {
            if let Some((best, _, _)) = self.best_two(need) {
                self.flow.price[need] = -best;
            }
        }
        for expert in self.network.experts() {
            let mut at = 0;
            while let Some(held) = self.flow.held[expert - self.network.first_expert].get(at).copied() {
                let cost = self.flow.cost(self.network, held.pair as usize);
                let reduced = self.flow.price[expert] - cost - self.flow.price[held.need as usize];
                if reduced < -self.epsilon && self.flow.state[held.pair as usize] & FIXED == 0 {
                    self.flow.release(self.network, held.pair);
                } else {
                    at += 1;
                }
            }
        }
    }

    /// Fills and empties tree arcs until each is within ε of what the prices ask for.
    fn correct_trees(&mut self) {
        let (network, epsilon) = (self.network, self.epsilon);
        for node in 1..network.nodes() {
            let above = network.parent[node] as usize;
            let (from, to) = if network.is_fed_by_parent(node) { (above, node) } else { (node, above) };
            let gain = self.flow.price[from] - self.flow.price[to];
            while self.flow.more(network, node).is_some_and(|cost| cost + gain < -epsilon) {
                self.flow.tree[node] += 1;
            }
            while self.flow.less(network, node).is_some_and(|cost| cost - gain < -epsilon) {
                self.flow.tree[node] -= 1;
            }
        }
    }

    /// Sends a node's excess along its cheapest ways, and lowers its price as far as the next one allows.
    fn discharge(&mut self, node: usize) -> Result<(), TooWide> {
        while self.flow.excess[node] > 0 {
            let Some((best, step, next)) = self.best_two(node) else {
                unreachable!("a unit that came to node {node} can at least go back")
            };
            if best + self.flow.price[node] >= C::ZERO {
                self.flow.price[node] = -best - self.epsilon;
            }
            let head = self.flow.push(self.network, node, step);
            if self.network.parent[node] as usize == head && matches!(step, Step::More(_) | Step::Less(_)) {
                self.hubs.came_from(self.network, self.flow, node);
            }
            let next = next.unwrap_or_else(|| self.best_two(node).map_or(C::MAX, |(key, _, _)| key));
            if next < C::MAX {
                self.flow.price[node] = C::min(self.flow.price[node], -next - self.epsilon);
            }
            if self.flow.price[node] < -C::LIMIT {
                return Err(TooWide);
            }
            if self.flow.excess[head] == 1 {
                self.active.push(index(head));
            }
        }
        Ok(())
    }

    /// The cheapest way out of a node by cost less the price of where it leads, and for leaves the key of the next.
    fn best_two(&mut self, node: usize) -> Option<(C, Step, Option<C>)> {
        let up = self.flow.to_parent(self.network, node);
        let up = up.map(|(cost, step)| (cost - self.flow.price[self.network.parent[node] as usize], step));
        match self.network.place(node) {
            Place::Need => self.best_of_need(node, up),
            Place::Expert => {
                let mut two = Two::new(up);
                for held in &self.flow.held[node - self.network.first_expert] {
                    if self.flow.state[held.pair as usize] & FIXED == 0 {
                        let cost = -self.flow.cost(self.network, held.pair as usize);
                        two.offer(cost - self.flow.price[held.need as usize], Step::Release(held.pair));
                    }
                }
                // The next unit on the tree arc costs more, so it is looked at anew.
                let (key, step) = two.best?;
                Some((key, step, None))
            }
            Place::Root | Place::NeedGroup | Place::ExpertGroup => {
                let down = self.hubs.cheapest(self.network, self.flow, node);
                let (key, step) = [up, down].into_iter().flatten().min_by_key(|(key, _)| *key)?;
                Some((key, step, None))
            }
        }
    }

    fn best_of_need(&self, need: usize, up: Option<(C, Step)>) -> Option<(C, Step, Option<C>)> {
        let mut two = Two::new(up);
        for pair in self.network.pairs_of(need) {
            let state = self.flow.state[pair];
            if state & (ASSIGNED | FIXED) == 0 {
                let key = self.flow.cost(self.network, pair)
                    - self.flow.price[self.network.pairs[pair].expert as usize];
                two.offer(key, Step::Assign(pair as u32));
            }
        }
        let (key, step) = two.best?;
        // Going back up changes what the next unit back costs.
        Some((key, step, matches!(step, Step::Assign(_)).then_some(two.second)))
    }
}

/// The lowest of some keys with its step, and the next.
struct Two<C> {
    best: Option<(C, Step)>,
    second: C,
}

impl<C: Cost> Two<C> {
    fn new(first: Option<(C, Step)>) -> Self {
        Self { best: first, second: C::MAX }
    }

    fn offer(&mut self, key: C, step: Step) {
        match self.best {
            Some((best, _)) if key >= best => self.second = C::min(self.second, key),
            _ => {
                self.second = self.best.map_or(C::MAX, |(best, _)| best);
                self.best = Some((key, step));
            }
        }
    }
}
