//! From prices that are right but for ε to prices that prove the plan: no way out of any node has a negative reduced cost.
//!
//! Bellman and Ford's label correction from where the scaling stands. When the flow is optimal there is no negative cycle, so it ends;
//! as every cost is a multiple of more than a cycle's arcs, at ε = 1 no price moves by as much as one unit of the least aim.

use std::collections::VecDeque;

use super::cost::Cost;
use super::flow::{Flow, index};
use super::network::Network;

/// Lowers prices until every reduced cost is at least nought, looking at no more than `patience` nodes. Says whether it succeeded; when
/// not, the prices are as they were.
pub(crate) fn settle_prices<C: Cost>(network: &Network<C>, flow: &mut Flow<C>, patience: usize) -> bool {
    let before = flow.price.clone();
    let mut queue: VecDeque<u32> = (0..network.nodes()).map(index).collect();
    let mut waiting = vec![true; network.nodes()];
    let mut lowered = Vec::new();
    let mut looks = 0;
    while let Some(node) = queue.pop_front() {
        let node = node as usize;
        looks += 1;
        if looks > patience {
            flow.price = before;
            return false;
        }
        waiting[node] = false;
        let price = flow.price[node];
        flow.ways_out(network, node, |head, cost, _| {
            if cost + price < flow.price[head] {
                lowered.push((head, cost + price));
            }
        });
        for (head, price) in lowered.drain(..) {
            if price < flow.price[head] {
                flow.price[head] = price;
                if !waiting[head] {
                    waiting[head] = true;
                    queue.push_back(index(head));
                }
            }
        }
    }
    true
}
