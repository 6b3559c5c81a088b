//! What term vectors are learned from: texts, and which of them belong together.

use rustc_hash::FxHashMap;

use crate::Terms;

/// A text among the lessons.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TextId(pub(crate) u32);

/// Texts and the pairs of them that belong together.
#[derive(Debug, Default)]
pub struct Lessons {
    pub(crate) terms: FxHashMap<Box<str>, u32>,
    /// Texts that hold each term.
    pub(crate) holders: Vec<u32>,
    /// Terms and how often they stand in the text, by number; the texts end to end.
    pub(crate) counts: Vec<(u32, u32)>,
    /// Where each text's terms end.
    pub(crate) ends: Vec<usize>,
    pub(crate) pairs: Vec<Pair>,
    /// Texts that are no part of another one.
    pub(crate) whole: u32,
}

/// Two texts that belong together. Texts of one group are never held against each other.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pair {
    pub(crate) left: u32,
    pub(crate) right: u32,
    pub(crate) group: u32,
}

impl Lessons {
    /// Takes a text in. Its terms count for how common they are unless it is only a `part` of one that was taken in.
    pub fn text(&mut self, terms: &Terms, part: bool) -> TextId {
        let mut counts: Vec<(u32, u32)> = Vec::with_capacity(terms.len());
        for (term, count) in terms {
            let next = self.holders.len() as u32;
            let number = match self.terms.get(term.as_str()) {
                Some(number) => *number,
                None => {
                    self.terms.insert(term.as_str().into(), next);
                    self.holders.push(0);
                    next
                }
            };
            self.holders[number as usize] += u32::from(!part);
            counts.push((number, *count));
        }
        counts.sort_unstable();
        self.whole += u32::from(!part);
        self.counts.extend(counts);
        self.ends.push(self.counts.len());
        TextId(self.ends.len() as u32 - 1)
    }

    /// Says that two texts belong together, both of `group`: one record, one paper.
    pub fn pair(&mut self, left: TextId, right: TextId, group: u32) {
        self.pairs.push(Pair { left: left.0, right: right.0, group });
    }

    /// Number of pairs.
    pub fn pairs(&self) -> usize {
        self.pairs.len()
    }

    /// Number of texts.
    pub fn texts(&self) -> usize {
        self.ends.len()
    }

    /// Number of distinct terms of each text, added up: what the lessons take of memory, eight bytes each.
    pub fn terms_in_all(&self) -> usize {
        self.counts.len()
    }

    pub(crate) fn counts(&self, text: u32) -> &[(u32, u32)] {
        let text = text as usize;
        let from = if text == 0 { 0 } else { self.ends[text - 1] };
        &self.counts[from..self.ends[text]]
    }
}
