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
/// Shortest ways find it soonest wherever capacity is not scarce; where it is, they are given up after a few times the work of reading
/// all pairs, and scaling, which is never much slower, begins anew. All costs are multiples of `quantum`, which is more than the arcs of
/// a simple cycle.
///
/// # Errors
///
/// [`TooWide`] when a price leaves what the type can hold.
pub(crate) fn optimise<C: Cost>(network: &Network<C>, state: Vec<u8>, quantum: C) -> Result<Flow<C>, TooWide> {
    let mut flow = Flow::new(network, state.clone());
    augment::begin(network, &mut flow);
    let ways = (network.pairs.len() + network.nodes()) as u64;
    let mut search = Search::new(network.nodes());
    if restore(network, &mut flow, &mut search, PATIENCE * ways) == Balance::Found {
        return Ok(flow);
    }
    drop(flow);
    let mut flow = Flow::new(network, state);
    scaling::solve(network, &mut flow, network.greatest_cost(), quantum)?;
    Ok(flow)
}

/// How many times the number of ways is looked at before shortest ways are given up.
const PATIENCE: u64 = 24;
