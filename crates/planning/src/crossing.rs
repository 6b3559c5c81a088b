//! Quotas that cross the tree: a price on each, and a repair where prices alone do not do it.
//!
//! A visit of a group that is full pays the group's price λ (Lagrangian relaxation; Geoffrion 1974, Fisher 1981). For any λ ≥ 0 the
//! cheapest flow, less λ times what is allowed, bounds every plan. Each group's λ is sought in turn by doubling and halving. Then the
//! members are capped at what they have, so that no group can be exceeded, and the rest moves freely.

use std::collections::BTreeSet;

use crate::kernel::{ASSIGNED, FIXED, TreeArc};
use crate::working::Working;

/// A group across the tree, its members as nodes.
#[derive(Debug, Clone)]
pub(crate) struct Across {
    /// In ascending order.
    pub(crate) members: Vec<usize>,
    pub(crate) at_most: u32,
}

impl Across {
    fn used(&self, working: &Working) -> u32 {
        self.members.iter().map(|node| working.flow.tree[*node]).sum()
    }

    fn locked(&self, base: &[TreeArc<i128>]) -> u32 {
        self.members.iter().map(|node| base[*node].floor).sum()
    }

    /// What may be used: more than the limit only where more is locked.
    fn allowed(&self, base: &[TreeArc<i128>]) -> u32 {
        self.at_most.max(self.locked(base))
    }
}

/// Makes the flow keep within all groups. Returns a lower bound on the cost of every flow that does.
pub(crate) fn keep_within(working: &mut Working, groups: &[Across], rounds: usize) -> i128 {
    let base = working.network.tree.clone();
    let mut pricing = Pricing { groups, base: &base, prices: vec![0; groups.len()], bound: working.cost() };
    for _ in 0..rounds {
        let before = pricing.prices.clone();
        for group in 0..groups.len() {
            pricing.seek(working, group);
        }
        if pricing.prices == before {
            break;
        }
    }
    let bound = pricing.bound;
    cap(working, groups, &base);
    refill(working, groups, &base);
    bound
}

struct Pricing<'a> {
    groups: &'a [Across],
    base: &'a [TreeArc<i128>],
    prices: Vec<i128>,
    bound: i128,
}

impl Pricing<'_> {
    /// Solves at these prices, and notes the bound.
    fn set(&mut self, working: &mut Working, group: usize, price: i128) -> u32 {
        let change = price - self.prices[group];
        self.prices[group] = price;
        for node in &self.groups[group].members {
            let mut arc = working.network.tree[*node].clone();
            arc.below += change;
            arc.within += change;
            working.set_arc(*node, arc);
        }
        let balanced = working.restore();
        debug_assert!(balanced, "prices close nothing");
        let allowed = |group: &Across| i128::from(group.allowed(self.base));
        let back: i128 =
            self.groups.iter().zip(&self.prices).map(|(group, price)| price * allowed(group)).sum();
        self.bound = self.bound.max(working.cost() - back);
        self.groups[group].used(working)
    }

    /// The least price at which a group keeps within its limit, to a hundredth, while the others stay.
    fn seek(&mut self, working: &mut Working, group: usize) {
        let allowed = self.groups[group].allowed(self.base);
        if self.set(working, group, 0) <= allowed {
            return;
        }
        let (mut low, mut high) = (0, working.network.unit);
        let highest = working.network.greatest_cost() * 4;
        while self.set(working, group, high) > allowed {
            low = high;
            if high > highest {
                return;
            }
            high *= 4;
        }
        while high - low > (high / 128).max(1) {
            let middle = low + (high - low) / 2;
            if self.set(working, group, middle) > allowed {
                low = middle;
            } else {
                high = middle;
            }
        }
        self.set(working, group, high);
    }
}

/// Caps the members of every group at what they have, less what is too much, and takes the prices off.
fn cap(working: &mut Working, groups: &[Across], base: &[TreeArc<i128>]) {
    let mut caps = working.flow.tree.clone();
    for group in groups {
        let allowed = group.allowed(base);
        while group.members.iter().map(|node| caps[*node]).sum::<u32>() > allowed {
            let can_give = group.members.iter().filter(|node| caps[**node] > base[**node].floor);
            let node = can_give.min_by_key(|node| (weakest(working, **node), **node));
            caps[*node.expect("more is used than is locked")] -= 1;
        }
    }
    for node in members(groups) {
        let arc = base[node].clone();
        working.set_arc(node, TreeArc { cap: arc.cap.min(caps[node]), ..arc });
    }
    let balanced = working.restore();
    debug_assert!(balanced, "what is locked is within the caps");
}

/// The lowest score among a node's pairs that could be given up.
fn weakest(working: &Working, node: usize) -> u32 {
    let network = &working.network;
    let free = |pair: &usize| working.flow.state[*pair] & (ASSIGNED | FIXED) == ASSIGNED;
    let worths = |pairs: &mut dyn Iterator<Item = usize>| {
        pairs.filter(free).map(|pair| network.pairs[pair].worth).min()
    };
    let found = if network.is_fed_by_parent(node) {
        worths(&mut network.pairs_of(node))
    } else {
        worths(&mut working.flow.held[node - network.first_expert].iter().map(|held| held.pair as usize))
    };
    found.unwrap_or(u32::MAX)
}

/// Lets every member whose groups have room take one more, and keeps what the plan gains by.
fn refill(working: &mut Working, groups: &[Across], base: &[TreeArc<i128>]) {
    let mut cost = working.cost();
    for node in members(groups) {
        while has_room(working, groups, base, node) {
            let (arc, before) = (working.network.tree[node].clone(), working.flow.tree[node]);
            working.set_arc(node, TreeArc { cap: arc.cap + 1, ..arc.clone() });
            let wants_more = working.flow.tree[node] > before;
            if wants_more && working.restore() && working.cost() < cost {
                cost = working.cost();
                continue;
            }
            working.set_arc(node, arc);
            working.restore();
            break;
        }
    }
}

/// Whether a member may be let have one more without any group being exceeded.
fn has_room(working: &Working, groups: &[Across], base: &[TreeArc<i128>], node: usize) -> bool {
    let cap = |node: &usize| working.network.tree[*node].cap;
    let of_node = |group: &&Across| group.members.binary_search(&node).is_ok();
    let room = |group: &Across| group.members.iter().map(cap).sum::<u32>() < group.allowed(base);
    cap(&node) < base[node].cap && groups.iter().filter(of_node).all(room)
}

fn members(groups: &[Across]) -> BTreeSet<usize> {
    groups.iter().flat_map(|group| group.members.iter().copied()).collect()
}
