//! All or nothing: a need that wants several experts gets at least so many, or none.
//!
//! The network pays a share of the need's cover for each of the first units (the concave hull of all or nothing), so its optimum bounds
//! every plan's value. When it leaves a need half covered, that need is either closed or must be covered: branch and bound, the most
//! promising node first (Land & Doig 1960). In general the question is NP-hard (for three experts a need it contains exact cover
//! by three-sets), so the number of nodes is limited and the bound says what is open.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use crate::kernel::{Flow, TreeArc};
use crate::working::Working;

/// What was decided on a need.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Decision {
    /// It gets only what is locked.
    Closed,
    /// It gets as many as it must.
    Covered,
}

/// A part of the plans: bound, how deep, when found, what was decided.
type Part = Reverse<(i128, Reverse<usize>, usize, Vec<(usize, Decision)>)>;

/// Finds the cheapest flow in which every need is covered or has only what is locked, looking at so many parts at most. Leaves it in
/// `working`, and returns a lower bound on the cost of all such flows.
pub(crate) fn cover_wholly(working: &mut Working, parts: usize) -> i128 {
    let root = working.cost();
    if half_covered(working).is_empty() {
        return root;
    }
    let mut search = Branching { base: working.network.tree.clone(), best: None, found: 0 };
    search.dive(working, parts);
    let mut open: BinaryHeap<Part> = BinaryHeap::from([Reverse((root, Reverse(0), 0, Vec::new()))]);
    let mut bound = root;
    for _ in 0..parts {
        let Some(Reverse((cost, _, _, decisions))) = open.pop() else { break };
        bound = bound.max(cost);
        if search.best_cost().is_some_and(|best| cost >= best) {
            open.clear();
            break;
        }
        search.look(working, &decisions, &mut open);
    }
    let best = search.best.take().expect("the dive found a plan");
    bound = open.peek().map_or(best.0, |Reverse((cost, ..))| bound.max(*cost).min(best.0));
    (working.flow, working.network.tree) = (best.1, best.2);
    bound
}

struct Branching {
    base: Vec<TreeArc<i128>>,
    best: Option<(i128, Flow<i128>, Vec<TreeArc<i128>>)>,
    found: usize,
}

impl Branching {
    fn best_cost(&self) -> Option<i128> {
        self.best.as_ref().map(|(cost, ..)| *cost)
    }

    fn offer(&mut self, working: &Working) {
        let cost = working.cost();
        if self.best_cost().is_none_or(|best| cost < best) {
            self.best = Some((cost, working.flow.clone(), working.network.tree.clone()));
        }
    }

    /// A need may have been capped below what it must get.
    fn can_be_covered(&self, need: usize) -> bool {
        self.base[need].low <= self.base[need].cap
    }

    fn decide(&self, working: &mut Working, need: usize, decision: Option<Decision>) {
        let mut arc = self.base[need].clone();
        match decision {
            Some(Decision::Closed) => arc.cap = arc.floor,
            Some(Decision::Covered) => arc.floor = arc.floor.max(arc.low),
            None => {}
        }
        working.set_arc(need, arc);
    }

    /// Closes the least covered need again and again until none is half covered; then lets so many of them try once more.
    fn dive(&mut self, working: &mut Working, tries: usize) {
        let mut closed = Vec::new();
        while let Some(need) = half_covered(working).into_iter().min_by_key(|need| filled(working, *need)) {
            self.decide(working, need, Some(Decision::Closed));
            closed.push(need);
            let balanced = working.restore();
            debug_assert!(balanced, "a need can always be closed");
        }
        self.offer(working);
        closed.retain(|need| self.can_be_covered(*need));
        for need in closed.into_iter().rev().take(tries) {
            self.decide(working, need, Some(Decision::Covered));
            if working.restore() && half_covered(working).is_empty() {
                let before = self.best_cost();
                self.offer(working);
                if self.best_cost() < before {
                    continue;
                }
            }
            self.decide(working, need, Some(Decision::Closed));
            working.restore();
        }
    }

    /// Solves one part; splits it where a need is half covered.
    fn look(&mut self, working: &mut Working, decisions: &[(usize, Decision)], open: &mut BinaryHeap<Part>) {
        let decided: BTreeMap<usize, Decision> = decisions.iter().copied().collect();
        for need in working.network.needs() {
            self.decide(working, need, decided.get(&need).copied());
        }
        if !working.restore() {
            return;
        }
        let cost = working.cost();
        if self.best_cost().is_some_and(|best| cost >= best) {
            return;
        }
        let Some(need) =
            half_covered(working).into_iter().max_by_key(|need| (filled(working, *need), Reverse(*need)))
        else {
            return self.offer(working);
        };
        for decision in [Decision::Covered, Decision::Closed] {
            if decision == Decision::Covered && !self.can_be_covered(need) {
                continue;
            }
            let mut decisions = decisions.to_vec();
            decisions.push((need, decision));
            self.found += 1;
            open.push(Reverse((cost, Reverse(decisions.len()), self.found, decisions)));
        }
    }
}

/// How much of what a need must get it has, in thousandths.
fn filled(working: &Working, need: usize) -> u32 {
    working.flow.tree[need] * 1000 / working.network.tree[need].low
}

/// Needs that get more than is locked, and less than they must.
fn half_covered(working: &Working) -> Vec<usize> {
    let half = |need: &usize| {
        let (arc, flow) = (&working.network.tree[*need], working.flow.tree[*need]);
        flow > arc.floor && flow < arc.low
    };
    working.network.needs().filter(half).collect()
}
