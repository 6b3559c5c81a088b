//! The proof that nothing is better, reckoned from the prices alone.
//!
//! For any prices, let each arc by itself carry what is cheapest for it: the sum is a lower bound on the cost of every plan (Lagrange;
//! Ahuja, Magnanti & Orlin 1993, chapter 9). With the right prices it equals the plan's cost. How the prices were found does not matter,
//! so this checks the solver and shares nothing with it.

use crate::kernel::{ASSIGNED, FIXED, Network, TreeArc};

/// A lower bound on the cost of every flow through the network whose fixed pairs are as in `state`.
pub(crate) fn lower_bound(network: &Network<i128>, state: &[u8], price: &[i128]) -> i128 {
    let mut bound = 0;
    for node in 1..network.nodes() {
        let above = network.parent[node] as usize;
        let toll = if network.is_fed_by_parent(node) {
            price[above] - price[node]
        } else {
            price[node] - price[above]
        };
        bound += cheapest(&network.tree[node], toll);
    }
    for need in network.needs() {
        for pair in network.pairs_of(need) {
            let candidate = network.pairs[pair];
            let worth = i128::from(candidate.worth) * network.unit
                + if state[pair] & crate::kernel::KEPT == 0 { 0 } else { network.kept };
            let cost = price[need] - price[candidate.expert as usize] - worth;
            bound += match (state[pair] & FIXED != 0, state[pair] & ASSIGNED != 0) {
                (true, true) => cost,
                (true, false) => 0,
                (false, _) => cost.min(0),
            };
        }
    }
    bound
}

/// The least that an arc can cost with a toll on each unit: units are taken while they cost less than nothing.
fn cheapest(arc: &TreeArc<i128>, toll: i128) -> i128 {
    let total = |flow: u32| {
        let (units, low) = (i128::from(flow), i128::from(flow.min(arc.low)));
        arc.below * low + arc.within * (units - low) + arc.rise * units * units + toll * units
    };
    // Convex: the first unit that does not pay ends it.
    let (mut from, mut to) = (arc.floor, arc.cap);
    while from < to {
        let middle = from + (to - from) / 2;
        if total(middle + 1) < total(middle) {
            from = middle + 1;
        } else {
            to = middle;
        }
    }
    total(from)
}
