//! Finds the members of synonym classes in a text.

use rustc_hash::FxHashMap;

use crate::normalise::{Char, is_latin};
use crate::stops::CharSet;

/// A trie over the characters of all members.
#[derive(Debug, Default)]
pub(crate) struct Synonyms {
    /// First characters of members, and those that are members alone: most places are ruled out by them,
    starts: CharSet,
    alone: CharSet,
    /// and most others by the pairs that members begin with: a bit for each hash.
    pairs: Pairs,
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
        let mut first = member.chars();
        match (first.next(), first.next()) {
            (Some(one), Some(other)) => {
                self.starts.insert(one);
                self.pairs.insert(one, other);
            }
            (Some(alone), None) => {
                self.starts.insert(alone);
                self.alone.insert(alone);
            }
            _ => {}
        }
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
        let first = chars[from].value;
        if !self.starts.contains(first) {
            return None;
        }
        let goes_on = chars.get(from + 1).is_some_and(|next| self.pairs.may_contain(first, next.value));
        if !(goes_on || self.alone.contains(first)) || splits_latin(chars, from) {
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

/// A set of pairs of characters that takes some others for its own: one bit for each of so many hashes.
#[derive(Debug)]
struct Pairs(Box<[u64]>);

impl Pairs {
    /// A few per cent of them are set by the members there are.
    const BITS: u32 = 16;

    fn place(one: char, other: char) -> (usize, u64) {
        let pair = u64::from(one) << 32 | u64::from(other);
        let hash = pair.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (u64::BITS - Self::BITS);
        ((hash / 64) as usize, 1 << (hash % 64))
    }

    fn insert(&mut self, one: char, other: char) {
        let (word, bit) = Self::place(one, other);
        self.0[word] |= bit;
    }

    fn may_contain(&self, one: char, other: char) -> bool {
        let (word, bit) = Self::place(one, other);
        self.0[word] & bit != 0
    }
}

impl Default for Pairs {
    fn default() -> Self {
        Self(vec![0; (1 << Self::BITS) / 64].into())
    }
}

/// Whether a run of letters and digits goes on from before `index` to after it.
fn splits_latin(chars: &[Char], index: usize) -> bool {
    index > 0 && index < chars.len() && is_latin(chars[index - 1].value) && is_latin(chars[index].value)
}
