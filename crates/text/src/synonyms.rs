//! Finds the members of synonym classes in a text.

use rustc_hash::FxHashMap;

use crate::normalise::{Char, is_latin};
use crate::stops::CharSet;

/// A trie over the characters of all members.
#[derive(Debug, Default)]
pub(crate) struct Synonyms {
    /// First characters of members: most places are ruled out by them.
    starts: CharSet,
    /// The child of a node by a character; node 0 is the root.
    children: FxHashMap<(u32, char), u32>,
    /// The class that ends at each node.
    class_at: Vec<Option<u32>>,
    /// "≈" and the head, by class.
    terms: Vec<String>,
}

impl Synonyms {
    /// From normalised classes; the first member of each is its head, and no member is in two classes.
    pub(crate) fn new(classes: &[Vec<String>]) -> Self {
        let mut synonyms = Self { class_at: vec![None], ..Self::default() };
        for (class, members) in classes.iter().enumerate() {
            synonyms.terms.extend(members.first().map(|head| format!("≈{head}")));
            for member in members {
                synonyms.insert(member, class as u32);
            }
        }
        synonyms
    }

    fn insert(&mut self, member: &str, class: u32) {
        let mut node = 0;
        member.chars().take(1).for_each(|c| self.starts.insert(c));
        for c in member.chars() {
            let next = self.class_at.len() as u32;
            node = *self.children.entry((node, c)).or_insert(next);
            if node == next {
                self.class_at.push(None);
            }
        }
        self.class_at[node as usize] = Some(class);
    }

    /// The term of a class.
    pub(crate) fn term(&self, class: u32) -> &str {
        &self.terms[class as usize]
    }

    /// Calls `f(from, to, class)` for the longest member at each place, from left to right. Members may overlap
    /// ("锂离子电池" and "电池管理系统" in "锂离子电池管理系统"), but none is reported inside another one, which would
    /// mean something wider.
    pub(crate) fn for_each(&self, chars: &[Char], mut f: impl FnMut(usize, usize, u32)) {
        let mut covered = 0;
        for from in 0..chars.len() {
            if let Some((to, class)) = self.longest_at(chars, from)
                && to > covered
            {
                covered = to;
                f(from, to, class);
            }
        }
    }

    fn longest_at(&self, chars: &[Char], from: usize) -> Option<(usize, u32)> {
        if !self.starts.contains(chars[from].value) || splits_latin(chars, from) {
            return None;
        }
        let mut node = *self.children.get(&(0, chars[from].value))?;
        let mut longest = None;
        let mut to = from + 1;
        loop {
            if let Some(class) = self.class_at[node as usize]
                && !splits_latin(chars, to)
            {
                longest = Some((to, class));
            }
            match chars.get(to).and_then(|c| self.children.get(&(node, c.value))) {
                Some(&child) => node = child,
                None => return longest,
            }
            to += 1;
        }
    }
}

/// Whether a run of letters and digits goes on from before `index` to after it.
fn splits_latin(chars: &[Char], index: usize) -> bool {
    index > 0 && index < chars.len() && is_latin(chars[index - 1].value) && is_latin(chars[index].value)
}
