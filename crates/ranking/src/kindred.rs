//! Kindred needs: which of many share a problem, from how well each finds the others. Pure; the same for any order of the input.
//!
//! Need a finds b with likeness s(a→b) = score of b when a asks / score of a itself when a asks, between 0 and 1. Two needs that find
//! each other are alike by w(a,b) = √(s(a→b)·s(b→a)); others by 0. Groups grow by average linkage (Sokal & Michener 1958): the two that
//! are most alike become one as long as they are alike by 0.2 or more. The mean runs over pairs of members, so a chain of
//! neighbours does not become one group, and the bound is the same for small and large groups. Since a need looks at its nearest
//! only, a member of a large group cannot know all others: at most 20 of them are asked for.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

use rustc_hash::FxHashMap;

/// Groups that are less alike stay apart. Measured by reading the groups of the demonstration's needs.
const LEAST: f64 = 0.2;
/// Members of the other group with whom a member is to be alike, at most.
const REACH: usize = 20;

/// A need and those that it finds.
#[derive(Debug, Clone, PartialEq)]
pub struct Neighbourhood {
    /// The need's number.
    pub number: u64,
    /// Numbers of those it finds, and the likeness of each, 0 to 1.
    pub near: Vec<(u64, f32)>,
}

/// Needs that share a problem.
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    /// Numbers, ascending; two or more.
    pub members: Vec<u64>,
    /// Mean of w over all pairs of members, 0 to 1; pairs that do not find each other count as 0.
    pub cohesion: f64,
}

/// The groups of two and more, by their first member.
pub fn groups(neighbourhoods: &[Neighbourhood]) -> Vec<Group> {
    let mut numbers: Vec<u64> = neighbourhoods.iter().map(|one| one.number).collect();
    numbers.sort_unstable();
    numbers.dedup();
    let mut growing = Growing::new(numbers.len());
    for (a, b, likeness) in ties(neighbourhoods, &numbers) {
        growing.tie(a, b, likeness);
    }
    growing.grow();
    let mut groups: Vec<Group> = growing
        .groups
        .into_iter()
        .flatten()
        .filter(|group| group.members.len() > 1)
        .map(|group| {
            let size = group.members.len();
            let mut members: Vec<u64> = group.members.into_iter().map(|at| numbers[at]).collect();
            members.sort_unstable();
            Group { members, cohesion: group.within / (size * (size - 1) / 2) as f64 }
        })
        .collect();
    groups.sort_by_key(|group| group.members[0]);
    groups
}

/// Those that find each other, by place in `numbers`, each pair once, in order.
fn ties(neighbourhoods: &[Neighbourhood], numbers: &[u64]) -> Vec<(usize, usize, f64)> {
    let places: FxHashMap<u64, usize> = numbers.iter().copied().zip(0..).collect();
    let mut found: Vec<Vec<(usize, f32)>> = vec![Vec::new(); numbers.len()];
    for one in neighbourhoods {
        let near = one.near.iter().filter_map(|(other, likeness)| Some((*places.get(other)?, *likeness)));
        found[places[&one.number]].extend(near);
    }
    for near in &mut found {
        near.sort_by_key(|(place, _)| *place);
    }
    let likeness = |of: usize, to: usize| {
        let near = &found[of];
        near.binary_search_by_key(&to, |(place, _)| *place).ok().map(|at| near[at].1)
    };
    let mut ties = Vec::new();
    for (a, near) in found.iter().enumerate() {
        for &(b, there) in &near[near.partition_point(|(place, _)| *place <= a)..] {
            let Some(back) = likeness(b, a) else { continue };
            let likeness = (f64::from(there) * f64::from(back)).sqrt().min(1.0);
            if likeness > 0.0 {
                ties.push((a, b, likeness));
            }
        }
    }
    ties
}

/// Between how many pairs of members likeness is expected: of all, as long as one group is small; else for each member of either
/// group with [`REACH`] of the other, whichever is less.
fn pairs(one: usize, other: usize) -> f64 {
    (one * other.min(REACH)).min(other * one.min(REACH)) as f64
}

/// A group while it grows.
struct Growth {
    members: Vec<usize>,
    /// Σ w over pairs of members.
    within: f64,
    /// Σ w over pairs with members of each other group.
    ties: FxHashMap<usize, f64>,
}

struct Growing {
    /// By identifier; a group that has become part of another is gone.
    groups: Vec<Option<Growth>>,
    next: BinaryHeap<Merger>,
}

/// Two groups that could become one.
#[derive(PartialEq)]
struct Merger {
    linkage: f64,
    one: usize,
    other: usize,
}

impl Eq for Merger {}

impl Ord for Merger {
    fn cmp(&self, other: &Self) -> Ordering {
        let by_place = |merger: &Self| Reverse((merger.one, merger.other));
        self.linkage.total_cmp(&other.linkage).then_with(|| by_place(self).cmp(&by_place(other)))
    }
}

impl PartialOrd for Merger {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Growing {
    fn new(needs: usize) -> Self {
        let alone = |at| Some(Growth { members: vec![at], within: 0.0, ties: FxHashMap::default() });
        Self { groups: (0..needs).map(alone).collect(), next: BinaryHeap::new() }
    }

    fn tie(&mut self, one: usize, other: usize, likeness: f64) {
        for (from, to) in [(one, other), (other, one)] {
            if let Some(group) = &mut self.groups[from] {
                group.ties.insert(to, likeness);
            }
        }
        self.offer(one, other, likeness);
    }

    fn offer(&mut self, one: usize, other: usize, sum: f64) {
        let (Some(a), Some(b)) = (&self.groups[one], &self.groups[other]) else { return };
        let linkage = sum / pairs(a.members.len(), b.members.len());
        if linkage >= LEAST {
            self.next.push(Merger { linkage, one: one.min(other), other: one.max(other) });
        }
    }

    /// Merges until no two groups are alike enough. A merged group gets an identifier of its own, so what was offered with its parts
    /// is void.
    fn grow(&mut self) {
        while let Some(Merger { one, other, .. }) = self.next.pop() {
            if self.groups[one].is_none() || self.groups[other].is_none() {
                continue;
            }
            let (Some(a), Some(b)) = (self.groups[one].take(), self.groups[other].take()) else { continue };
            let (mut large, small) = if a.ties.len() >= b.ties.len() { (a, b) } else { (b, a) };
            let between = large.ties.get(&one).or_else(|| large.ties.get(&other)).copied().unwrap_or(0.0);
            large.within += small.within + between;
            large.members.extend(small.members);
            for (to, likeness) in small.ties {
                *large.ties.entry(to).or_insert(0.0) += likeness;
            }
            large.ties.remove(&one);
            large.ties.remove(&other);
            let merged = self.groups.len();
            let ties: Vec<(usize, f64)> = large.ties.iter().map(|(to, sum)| (*to, *sum)).collect();
            self.groups.push(Some(large));
            for (to, sum) in ties {
                if let Some(group) = &mut self.groups[to] {
                    group.ties.remove(&one);
                    group.ties.remove(&other);
                    group.ties.insert(merged, sum);
                }
                self.offer(merged, to, sum);
            }
        }
    }
}
