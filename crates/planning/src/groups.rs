//! Which quotas form a tree, so that they are limits on single arcs, and which cross it.
//!
//! Groups of one side are entered from the largest down, those with a lower bound first. A group joins the tree when all its members
//! lie in the same innermost group so far; then it lies within that group and apart from all others.

/// A quota over members of one side, counted from 0.
#[derive(Debug, Clone)]
pub(crate) struct Group {
    pub(crate) id: u64,
    pub(crate) members: Vec<u32>,
    pub(crate) at_least: u32,
    pub(crate) at_most: u32,
}

/// The groups of one side.
#[derive(Debug, Clone, Default)]
pub(crate) struct Grouping {
    /// Parents before children.
    pub(crate) tree: Vec<Group>,
    /// Of each group of the tree, the one around it.
    pub(crate) around: Vec<Option<usize>>,
    /// Of each member, its innermost group.
    pub(crate) innermost: Vec<Option<usize>>,
    /// Groups with an upper bound alone that lie across the tree.
    pub(crate) crossing: Vec<Group>,
}

impl Grouping {
    /// Sorts the groups of a side of `size` members.
    ///
    /// # Errors
    ///
    /// The id of a group with a lower bound that lies across the tree.
    pub(crate) fn new(size: usize, mut groups: Vec<Group>) -> Result<Self, u64> {
        // A child may not come before its parent, so those with a lower bound are tried in a tree of their own first.
        groups.sort_by_key(|group| (std::cmp::Reverse(group.members.len()), group.id));
        let mut chosen = Self::nested(size, groups.iter().filter(|group| group.at_least > 0));
        if let Some(group) = chosen.crossing.first() {
            return Err(group.id);
        }
        let mut crossing = Vec::new();
        for group in groups.iter().filter(|group| group.at_least == 0) {
            let mut tried: Vec<&Group> = chosen.tree.iter().chain([group]).collect();
            tried.sort_by_key(|group| (std::cmp::Reverse(group.members.len()), group.id));
            let with = Self::nested(size, tried.into_iter());
            if with.crossing.is_empty() {
                chosen = with;
            } else {
                crossing.push(group.clone());
            }
        }
        chosen.crossing = crossing;
        Ok(chosen)
    }

    /// A tree of groups that come from the largest down; what does not fit crosses.
    fn nested<'a>(size: usize, groups: impl Iterator<Item = &'a Group>) -> Self {
        let mut found = Self { innermost: vec![None; size], ..Self::default() };
        for group in groups {
            // A group of nobody lies in the root: a lower bound on it cannot be met.
            let around = group.members.first().and_then(|first| found.innermost[*first as usize]);
            if group.members.iter().all(|member| found.innermost[*member as usize] == around) {
                for member in &group.members {
                    found.innermost[*member as usize] = Some(found.tree.len());
                }
                found.tree.push(group.clone());
                found.around.push(around);
            } else {
                found.crossing.push(group.clone());
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(id: u64, members: &[u32], at_least: u32) -> Group {
        Group { id, members: members.to_vec(), at_least, at_most: 9 }
    }

    #[test]
    fn a_county_within_its_region_nests_and_a_field_across_crosses() {
        let groups = vec![group(1, &[0, 1], 0), group(2, &[0, 1, 2, 3], 0), group(3, &[1, 2], 0)];
        let found = Grouping::new(5, groups).expect("no lower bounds");
        assert_eq!(found.tree.iter().map(|group| group.id).collect::<Vec<_>>(), [2, 1]);
        assert_eq!(found.around, [None, Some(0)]);
        assert_eq!(found.innermost, [Some(1), Some(1), Some(0), Some(0), None]);
        assert_eq!(found.crossing.iter().map(|group| group.id).collect::<Vec<_>>(), [3]);
    }

    #[test]
    fn a_lower_bound_has_its_place_in_the_tree() {
        let found =
            Grouping::new(4, vec![group(1, &[0, 1, 2], 0), group(2, &[2, 3], 1)]).expect("one lower bound");
        assert_eq!(found.tree.iter().map(|group| group.id).collect::<Vec<_>>(), [2]);
        assert_eq!(found.crossing.iter().map(|group| group.id).collect::<Vec<_>>(), [1]);
        assert_eq!(Grouping::new(4, vec![group(1, &[0, 1, 2], 1), group(2, &[2, 3], 1)]).err(), Some(2));
    }
}
