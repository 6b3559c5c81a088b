//! A plan from nothing: cost scaling by push and relabel (Goldberg & Tarjan 1990; Goldberg & Kennedy 1995 for assignment, whose double
//! push is Bertsekas' auction bid).
//!
//! Each round makes a flow that is optimal but for ε an arc; ε falls to 1. Every cost is a multiple of more than the number of arcs in
//! a simple cycle, so at ε = 1 no cycle can improve the flow: it is optimal.

use super::TooWide;
use super::cost::Cost;
use super::exact::settle_prices;
use super::flow::{ASSIGNED, FIXED, Flow, Step, index};
use super::hubs::Hubs;
use super::network::{Network, Place};
use super::shortlist::{Pick, Shortlists};

/// By how much ε falls from round to round.
const STRIDE: u32 = 8;

/// The flow may be optimal when ε times this is below the quantum of costs; before, it hardly ever is.
const EARLY: u32 = 4;
/// Where it is, prices settle when each node has been looked at a few times; where it is not, they never do.
const LOOKS: usize = 12;

/// Makes the flow optimal, whatever it was, and its prices exact. All costs are multiples of `quantum`.
///
/// # Errors
///
/// [`TooWide`] when a price leaves what the type can hold.
pub(crate) fn solve<C: Cost>(
    network: &Network<C>,
    flow: &mut Flow<C>,
    from: C,
    quantum: C,
) -> Result<(), TooWide> {
    let hubs = Hubs::new(network);
    let shortlists = Shortlists::new(network);
    let mut scaling = Scaling { network, flow, hubs, shortlists, active: Vec::new(), epsilon: from };
    loop {
        scaling.epsilon = C::max(C::ONE, scaling.epsilon / C::small(STRIDE));
        scaling.round()?;
        // From here on the flow may be optimal already: then prices that prove it are found at once.
        let last = scaling.epsilon == C::ONE;
        let patience = if last { usize::MAX } else { LOOKS * network.nodes() };
        if (last || scaling.epsilon < quantum / C::small(EARLY))
            && settle_prices(network, scaling.flow, patience)
        {
            return Ok(());
        }
        debug_assert!(!last, "without a negative cycle, prices settle");
    }
}

struct Scaling<'a, C> {
    network: &'a Network<C>,
    flow: &'a mut Flow<C>,
    hubs: Hubs<C>,
    shortlists: Shortlists<C>,
    active: Vec<u32>,
    epsilon: C,
}

impl<C: Cost> Scaling<'_, C> {
    fn round(&mut self) -> Result<(), TooWide> {
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
        let up = self.flow.upwards(self.network, node);
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
                let (key, step) = two.best?;
                // Going up changes what the next unit up costs.
                Some((key, step, matches!(step, Step::Release(_)).then_some(two.second)))
            }
            Place::Root | Place::NeedGroup | Place::ExpertGroup => {
                let down = self.hubs.cheapest(self.network, self.flow, node);
                let (key, step) = [up, down].into_iter().flatten().min_by_key(|(key, _)| *key)?;
                Some((key, step, None))
            }
        }
    }

    fn best_of_need(&mut self, need: usize, up: Option<(C, Step)>) -> Option<(C, Step, Option<C>)> {
        let at = need - self.network.first_need;
        let (picks, beyond) = self.shortlists.of(at);
        let mut two = self.two_of(need, picks, up);
        if two.second > beyond {
            self.shortlists.refresh(self.network, self.flow, need);
            let (picks, beyond) = self.shortlists.of(at);
            two = self.two_of(need, picks, up);
            if two.second > beyond {
                two = self.two_of(need, self.all_of(need), up);
            }
        }
        let (key, step) = two.best?;
        // Going back up changes what the next unit back costs.
        Some((key, step, matches!(step, Step::Assign(_)).then_some(two.second)))
    }

    /// Every pair of a need that is not fixed.
    fn all_of(&self, need: usize) -> impl Iterator<Item = Pick<C>> + '_ {
        let free = self.network.pairs_of(need).filter(|pair| self.flow.state[*pair] & FIXED == 0);
        free.map(|pair| Pick {
            cost: self.flow.cost(self.network, pair),
            expert: self.network.pairs[pair].expert,
            pair: index(pair),
        })
    }

    /// The two cheapest of some picks that are not assigned, and of the way up.
    fn two_of(&self, need: usize, picks: impl Iterator<Item = Pick<C>>, up: Option<(C, Step)>) -> Two<C> {
        let mut two = Two::new(up);
        let has_any = i64::from(self.flow.tree[need]) > self.flow.excess[need];
        for pick in picks {
            if !has_any || self.flow.state[pick.pair as usize] & ASSIGNED == 0 {
                let key = pick.cost - self.flow.price[pick.expert as usize];
                two.offer(key, Step::Assign(pick.pair));
            }
        }
        two
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
