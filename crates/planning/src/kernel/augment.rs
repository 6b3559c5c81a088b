//! A plan from a plan: after a change, each unit out of balance goes the shortest way to where one is missing (successive shortest paths
//! with prices; Edmonds & Karp 1972, Tomizawa 1971), and the plan is optimal again.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::cost::Cost;
use super::flow::{ASSIGNED, FIXED, Flow, Step, index};
use super::network::Network;

/// The shortest ways from one node, as far as they were followed.
#[derive(Debug, Clone)]
pub(crate) struct Search<C> {
    distance: Vec<C>,
    /// By which step, from which node, each node was reached.
    through: Vec<Option<(u32, Step)>>,
    done: Vec<bool>,
    reached: Vec<u32>,
    /// Ways looked at since this was made.
    pub(crate) looks: u64,
    heap: BinaryHeap<Reverse<(C, u32)>>,
}

impl<C: Cost> Search<C> {
    pub(crate) fn new(nodes: usize) -> Self {
        Self {
            distance: vec![C::MAX; nodes],
            through: vec![None; nodes],
            done: vec![false; nodes],
            reached: Vec::new(),
            looks: 0,
            heap: BinaryHeap::new(),
        }
    }

    /// Follows the shortest ways from `source` to the nearest node that `wanted` tells; its distance in reduced costs.
    pub(crate) fn run(
        &mut self,
        network: &Network<C>,
        flow: &Flow<C>,
        source: usize,
        wanted: impl Fn(usize) -> bool,
    ) -> Option<(usize, C)> {
        self.forget();
        self.reach(source, C::ZERO, None);
        // Nothing beyond the nearest known goal is worth entering.
        let mut limit = C::MAX;
        while let Some(Reverse((distance, node))) = self.heap.pop() {
            let node = node as usize;
            if std::mem::replace(&mut self.done[node], true) {
                continue;
            }
            if wanted(node) {
                return Some((node, distance));
            }
            let base = distance + flow.price[node];
            flow.ways_out(network, node, |head, cost, step| {
                self.looks += 1;
                let there = base + cost - flow.price[head];
                debug_assert!(there >= distance, "a reduced cost is negative");
                if there < limit && there < self.distance[head] {
                    if wanted(head) {
                        limit = there + C::ONE;
                    }
                    self.reach(head, there, Some((index(node), step)));
                }
            });
        }
        None
    }

    fn forget(&mut self) {
        for node in self.reached.drain(..) {
            self.distance[node as usize] = C::MAX;
            self.through[node as usize] = None;
            self.done[node as usize] = false;
        }
        self.heap.clear();
    }

    fn reach(&mut self, node: usize, distance: C, through: Option<(u32, Step)>) {
        if self.distance[node] == C::MAX {
            self.reached.push(index(node));
        }
        self.distance[node] = distance;
        self.through[node] = through;
        self.heap.push(Reverse((distance, index(node))));
    }

    /// The steps from the source to `goal`, last first.
    pub(crate) fn way(&self, goal: usize) -> Vec<(usize, Step)> {
        let mut steps = Vec::new();
        let mut at = goal;
        while let Some((from, step)) = self.through[at] {
            steps.push((from as usize, step));
            at = from as usize;
        }
        steps
    }

    /// Lowers the prices of all that is nearer than the goal, so that reduced costs stay at least nought and the way's become nought.
    fn reprice(&self, flow: &mut Flow<C>, goal: C) {
        for node in &self.reached {
            let node = *node as usize;
            if self.distance[node] < goal {
                flow.price[node] += self.distance[node] - goal;
            }
        }
    }
}

/// How an attempt to bring a flow into balance ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Balance {
    Found,
    /// What is to flow at least cannot.
    Impossible,
    /// It would take longer than was allowed.
    Abandoned,
}

/// Brings a flow into balance whose reduced costs are at least nought, looking at about so many ways at most.
pub(crate) fn restore<C: Cost>(
    network: &Network<C>,
    flow: &mut Flow<C>,
    search: &mut Search<C>,
    looks: u64,
) -> Balance {
    let end = search.looks.saturating_add(looks);
    let mut sources: Vec<usize> = (0..network.nodes()).filter(|node| flow.excess[*node] > 0).collect();
    while let Some(source) = sources.last().copied() {
        if flow.excess[source] <= 0 {
            sources.pop();
            continue;
        }
        if search.looks > end {
            return Balance::Abandoned;
        }
        let found = search.run(network, flow, source, |node| flow.excess[node] < 0);
        let Some((goal, distance)) = found else { return Balance::Impossible };
        search.reprice(flow, distance);
        for (tail, step) in search.way(goal).into_iter().rev() {
            flow.push(network, tail, step);
        }
    }
    Balance::Found
}

/// From nothing: prices under which no reduced cost is negative, whatever that does to the balance.
pub(crate) fn begin<C: Cost>(network: &Network<C>, flow: &mut Flow<C>) {
    for need in network.needs() {
        let open = network.pairs_of(need).filter(|pair| flow.state[*pair] & (ASSIGNED | FIXED) == 0);
        let best = open.map(|pair| flow.cost(network, pair)).min();
        flow.price[need] = best.map_or(C::ZERO, |best| -best);
    }
    for node in 1..network.nodes() {
        correct_tree_arc(network, flow, node);
    }
}

/// Moves along the tree arc above a node until it keeps its bounds and no reduced cost along it is negative.
pub(crate) fn correct_tree_arc<C: Cost>(network: &Network<C>, flow: &mut Flow<C>, node: usize) {
    let arc = &network.tree[node];
    let above = network.parent[node] as usize;
    let (from, to) = if network.is_fed_by_parent(node) { (above, node) } else { (node, above) };
    let gain = flow.price[from] - flow.price[to];
    let mut change = 0_i64;
    while flow.tree[node] < arc.floor || flow.more(network, node).is_some_and(|cost| cost + gain < C::ZERO) {
        flow.tree[node] += 1;
        change += 1;
    }
    while flow.tree[node] > arc.cap || flow.less(network, node).is_some_and(|cost| cost - gain < C::ZERO) {
        flow.tree[node] -= 1;
        change -= 1;
    }
    flow.excess[from] -= change;
    flow.excess[to] += change;
}
