//! Least-cost flow through a campaign's network, exactly: from nothing by scaling, from a plan by shortest ways.

mod augment;
mod cost;
mod exact;
mod flow;
mod hubs;
mod network;
mod scaling;
mod shortlist;

pub(crate) use augment::{Balance, Search, correct_tree_arc, restore};
pub(crate) use cost::Cost;
pub(crate) use flow::{ASSIGNED, FIXED, Flow, KEPT, Step, index};
pub(crate) use network::{Network, Pair, Place, ROOT, TreeArc};

/// A price left what the type of costs can hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooWide;

/// An optimal flow from nothing but the fixed pairs, with prices that prove it.
///
/// Shortest ways find it soonest where capacity is plenty. Where experts cannot take all that needs must get, or where they took some
/// times the work of reading all pairs, scaling begins anew: it is slower there than the shortest ways are here, but never by much. All
/// costs are multiples of `quantum`, which is more than the arcs of a simple cycle.
///
/// # Errors
///
/// [`TooWide`] when a price leaves what the type can hold.
pub(crate) fn optimise<C: Cost>(
    network: &Network<C>,
    state: Vec<u8>,
    quantum: C,
) -> Result<Flow<C>, TooWide> {
    if !is_scarce(network)
        && let Some(flow) = by_shortest_ways(network, state.clone())
    {
        return Ok(flow);
    }
    let mut flow = Flow::new(network, state);
    scaling::solve(network, &mut flow, network.greatest_cost(), quantum)?;
    Ok(flow)
}

/// Whether all experts together cannot take what all needs must get, or just so much.
fn is_scarce<C: Cost>(network: &Network<C>) -> bool {
    let sum = |nodes: std::ops::Range<usize>, of: fn(&TreeArc<C>) -> u32| -> u64 {
        network.tree[nodes].iter().map(|arc| u64::from(of(arc))).sum()
    };
    sum(network.experts(), |arc| arc.cap) <= sum(network.needs(), |arc| arc.low)
}

fn by_shortest_ways<C: Cost>(network: &Network<C>, state: Vec<u8>) -> Option<Flow<C>> {
    let mut flow = Flow::new(network, state);
    augment::begin(network, &mut flow);
    let looks = PATIENCE * (network.pairs.len() + network.nodes()) as u64;
    let found = restore(network, &mut flow, &mut Search::new(network.nodes()), looks);
    (found == Balance::Found).then_some(flow)
}

/// How many times the number of ways is looked at before shortest ways are given up.
const PATIENCE: u64 = 10;

#[cfg(test)]
mod tests {
    //! Properties: scaling and shortest ways find flows of the same cost in both types of costs, and the prices prove each.
    use proptest::prelude::*;

    use super::*;
    use crate::certificate::lower_bound;
    use crate::working::Working;

    /// A network with a group on either side and more candidates than a shortlist holds; costs are multiples of a quantum above its arcs.
    fn network(seed: &[(u32, u32, u32)], limits: &[u32; 4]) -> (Network<i128>, Vec<u8>) {
        let (needs, experts) = (12_u32, 24_u32);
        let arc = |low, cap, below, rise| TreeArc { low, high: cap, cap, floor: 0, below, within: 0, rise };
        let (first_need, first_expert_group) = (2, 2 + needs);
        let first_expert = first_expert_group + 1;
        let quantum = 100;
        let mut parent = vec![0, 0];
        let mut tree = vec![arc(0, 0, 0, 0), arc(limits[0] / 3, limits[0], -quantum * 10_000_000, 0)];
        for need in 0..needs {
            parent.push(need % 2);
            tree.push(arc(1, 1 + need % 3, -quantum * 100_000, 0));
        }
        parent.push(0);
        tree.push(arc(limits[1] / 3, limits[1], -quantum * 10_000_000, 0));
        for expert in 0..experts {
            parent.push(if expert % 2 == 0 { first_expert_group } else { 0 });
            tree.push(arc(0, limits[2 + expert as usize % 2], 0, quantum));
        }
        let mut rows: Vec<(u32, u32, u32)> = seed.to_vec();
        rows.sort_unstable_by_key(|(need, expert, worth)| (*need, *expert, *worth));
        rows.dedup_by_key(|(need, expert, _)| (*need, *expert));
        let starts = (0..=needs).map(|need| rows.partition_point(|row| row.0 < need) as u32).collect();
        let pair = |row: &(u32, u32, u32)| Pair { expert: first_expert + row.1, worth: row.2 };
        let pairs: Vec<Pair> = rows.iter().map(pair).collect();
        let firsts = [first_need, first_expert_group, first_expert].map(|first| first as usize);
        let state = vec![0; pairs.len()];
        (Network::new((parent, tree), firsts, (starts, pairs), (quantum * 100, 1)), state)
    }

    proptest! {
        #[test]
        fn scaling_and_shortest_ways_agree(
            seed in prop::collection::vec((0..12_u32, 0..24_u32, 0..50_u32), 0..250),
            limits in prop::array::uniform4(0..12_u32),
        ) {
            let (network, state) = network(&seed, &limits);
            let mut ways = Flow::new(&network, state.clone());
            augment::begin(&network, &mut ways);
            let balance = restore(&network, &mut ways, &mut Search::new(network.nodes()), u64::MAX);
            prop_assert_eq!(balance, Balance::Found);
            let mut scaled = Flow::new(&network, state.clone());
            scaling::solve(&network, &mut scaled, network.greatest_cost(), 100).expect("128 bits are wide");
            let narrow: Network<i64> = network.clone().recast();
            let mut in_64 = Flow::new(&narrow, state.clone());
            scaling::solve(&narrow, &mut in_64, narrow.greatest_cost(), 100).expect("so are 64 for this");
            for flow in [ways, scaled, in_64.recast()] {
                prop_assert!(flow.excess.iter().all(|excess| *excess == 0));
                let bound = lower_bound(&network, &flow.state, &flow.price);
                let search = Search::new(network.nodes());
                let working = Working { network: network.clone(), flow, search };
                prop_assert_eq!(working.cost(), bound);
            }
        }
    }

    #[test]
    fn too_little_patience_is_no_plan() {
        let (network, state) = network(&[(0, 0, 1), (1, 0, 2), (2, 0, 3), (3, 0, 4)], &[9, 9, 1, 1]);
        let mut flow = Flow::new(&network, state);
        augment::begin(&network, &mut flow);
        let balance = restore(&network, &mut flow, &mut Search::new(network.nodes()), 0);
        assert_eq!(balance, Balance::Abandoned);
    }
}
