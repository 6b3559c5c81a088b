//! The network of a campaign: a tree over the needs, a tree over the experts, one root for both, and the pairs between the leaves.
//!
//! A unit of flow is one visit: it goes from the root through the groups of the need to the need, over a pair to the expert, and through
//! the expert's groups back to the root. So the flow is a circulation, every node but the root has one *tree arc*, and a limit on any
//! group of either tree is a limit on one arc.

use super::cost::Cost;

/// The root of both trees.
pub(crate) const ROOT: usize = 0;

/// The arc between a node and its parent. Its cost is convex in the flow: no unit is cheaper than those before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TreeArc<C> {
    /// Up to here a unit costs `below`.
    pub(crate) low: u32,
    /// What the limit says; `cap` is more only where more is locked.
    pub(crate) high: u32,
    /// No flow above this.
    pub(crate) cap: u32,
    /// No flow below this: what is locked beneath.
    pub(crate) floor: u32,
    pub(crate) below: C,
    pub(crate) within: C,
    /// The k-th unit (from 0) costs this times 2k + 1 besides: the sum is the square of the load.
    pub(crate) rise: C,
}

impl<C: Cost> TreeArc<C> {
    /// What the unit after `flow` units costs.
    pub(crate) fn slope(&self, flow: u32) -> C {
        let level = if flow < self.low { self.below } else { self.within };
        level + self.rise * C::small(2 * flow + 1)
    }
}

/// A need's candidate.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pair {
    /// The expert's node.
    pub(crate) expert: u32,
    /// The score, in ten-thousandths.
    pub(crate) worth: u32,
}

/// Nodes in this order: the root, the groups of needs, the needs, the groups of experts, the experts. Parents come before their children.
#[derive(Debug, Clone)]
pub(crate) struct Network<C> {
    pub(crate) parent: Vec<u32>,
    pub(crate) tree: Vec<TreeArc<C>>,
    pub(crate) first_need: usize,
    pub(crate) first_expert_group: usize,
    pub(crate) first_expert: usize,
    /// Where the pairs of each need begin; one more than needs.
    pub(crate) starts: Vec<u32>,
    /// By need, and in each from the highest score down.
    pub(crate) pairs: Vec<Pair>,
    /// What a ten-thousandth of a point is worth.
    pub(crate) unit: C,
    /// What a pair is worth besides that stood in the previous plan.
    pub(crate) kept: C,
    /// Children of each group and of the root, end to end.
    children: Vec<u32>,
    child_starts: Vec<u32>,
}

/// What a node is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Root,
    NeedGroup,
    Need,
    ExpertGroup,
    Expert,
}

impl<C: Cost> Network<C> {
    /// Parents and tree arcs by node; the first need, group of experts and expert; pairs and where each need's begin; what a
    /// ten-thousandth and a kept pair are worth.
    pub(crate) fn new(
        (parent, tree): (Vec<u32>, Vec<TreeArc<C>>),
        [first_need, first_expert_group, first_expert]: [usize; 3],
        (starts, pairs): (Vec<u32>, Vec<Pair>),
        (unit, kept): (C, C),
    ) -> Self {
        let (child_starts, children) = children_of(&parent);
        Self {
            parent,
            tree,
            first_need,
            first_expert_group,
            first_expert,
            starts,
            pairs,
            unit,
            kept,
            children,
            child_starts,
        }
    }

    /// The same network with its costs in another type.
    pub(crate) fn recast<D: Cost>(self) -> Network<D> {
        let cast = |cost: C| D::of(cost.wide()).expect("the caller looked whether it fits");
        let arc = |arc: TreeArc<C>| TreeArc {
            low: arc.low,
            high: arc.high,
            cap: arc.cap,
            floor: arc.floor,
            below: cast(arc.below),
            within: cast(arc.within),
            rise: cast(arc.rise),
        };
        Network {
            tree: self.tree.into_iter().map(arc).collect(),
            unit: cast(self.unit),
            kept: cast(self.kept),
            parent: self.parent,
            first_need: self.first_need,
            first_expert_group: self.first_expert_group,
            first_expert: self.first_expert,
            starts: self.starts,
            pairs: self.pairs,
            children: self.children,
            child_starts: self.child_starts,
        }
    }

    /// The greatest cost of any arc, without its sign.
    pub(crate) fn greatest_cost(&self) -> C {
        let size = |cost: C| C::max(cost, -cost);
        let arc =
            |arc: &TreeArc<C>| size(arc.below).max(size(arc.within)) + arc.rise * C::small(2 * arc.cap + 1);
        let pair = |pair: &Pair| self.unit * C::small(pair.worth) + self.kept;
        let pairs = self.pairs.iter().map(pair).max().unwrap_or(C::ONE);
        self.tree.iter().map(arc).max().unwrap_or(C::ONE).max(pairs)
    }

    pub(crate) fn nodes(&self) -> usize {
        self.parent.len()
    }

    pub(crate) fn place(&self, node: usize) -> Place {
        if node >= self.first_expert {
            Place::Expert
        } else if node >= self.first_expert_group {
            Place::ExpertGroup
        } else if node >= self.first_need {
            Place::Need
        } else if node != ROOT {
            Place::NeedGroup
        } else {
            Place::Root
        }
    }

    /// Whether flow enters this node from its parent, as it does on the side of the needs.
    pub(crate) fn is_fed_by_parent(&self, node: usize) -> bool {
        node < self.first_expert_group
    }

    pub(crate) fn needs(&self) -> std::ops::Range<usize> {
        self.first_need..self.first_expert_group
    }

    pub(crate) fn experts(&self) -> std::ops::Range<usize> {
        self.first_expert..self.nodes()
    }

    /// The pairs of a need's node.
    pub(crate) fn pairs_of(&self, need: usize) -> std::ops::Range<usize> {
        let at = need - self.first_need;
        self.starts[at] as usize..self.starts[at + 1] as usize
    }

    pub(crate) fn children(&self, hub: usize) -> &[u32] {
        &self.children[self.child_starts[hub] as usize..self.child_starts[hub + 1] as usize]
    }
}

fn children_of(parent: &[u32]) -> (Vec<u32>, Vec<u32>) {
    let mut starts = vec![0_u32; parent.len() + 1];
    for above in &parent[1..] {
        starts[*above as usize + 1] += 1;
    }
    for at in 1..starts.len() {
        starts[at] += starts[at - 1];
    }
    let mut next = starts.clone();
    let mut children = vec![0; parent.len() - 1];
    for (node, above) in parent.iter().enumerate().skip(1) {
        let at = &mut next[*above as usize];
        children[*at as usize] = u32::try_from(node).expect("nodes are counted in 32 bits");
        *at += 1;
    }
    (starts, children)
}
