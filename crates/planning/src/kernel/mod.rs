//! Least-cost flow through a campaign's network, exactly: from nothing by scaling, from a plan by shortest ways.

mod augment;
mod cost;
mod exact;
mod flow;
mod hubs;
mod network;
mod scaling;

pub(crate) use augment::{Search, correct_pair, correct_tree_arc, restore};
pub(crate) use cost::Cost;
pub(crate) use exact::settle_prices;
pub(crate) use flow::{ASSIGNED, FIXED, Flow, KEPT, Step, index};
pub(crate) use network::{Network, Pair, Place, ROOT, TreeArc};

/// A price left what the type of costs can hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooWide;

/// An optimal flow with prices that prove it, begun at ε = `from`.
///
/// # Errors
///
/// [`TooWide`] when a price leaves what the type can hold.
pub(crate) fn optimise<C: Cost>(network: &Network<C>, flow: &mut Flow<C>, from: C) -> Result<(), TooWide> {
    scaling::solve(network, flow, from)?;
    settle_prices(network, flow);
    Ok(())
}
