//! What makes a record worth proposing: something of the asking side that stands in it and that people can check, told from terms alone.
//!
//! A ground is a telling word of the asking side, as the terms that it consists of (its characters left out), or a synonym class. Characters are no
//! ground, nor are words of plans and forms.

use text::{Lexicon, TokenKind, WordRef};

use crate::clarity::says_nothing;

/// A term of a text by its number, and where it stands.
pub(crate) struct Place {
    pub(crate) number: u32,
    pub(crate) kind: TokenKind,
    /// Bytes of the text.
    pub(crate) start: usize,
    pub(crate) end: usize,
}

/// Collects the grounds of the asking side's texts.
#[derive(Default)]
pub(crate) struct Grounds {
    seen: Lexicon,
    found: Vec<Vec<u32>>,
}

impl Grounds {
    /// Takes the words of one text; `places` are its terms in the order of the text.
    pub(crate) fn read(&mut self, words: &[WordRef<'_>], places: &[Place]) {
        for word in words {
            if !self.seen.take(word.text).1 || says_nothing(word.text) {
                continue;
            }
            let from = places.partition_point(|place| place.start < word.start);
            let within = places[from..].iter().take_while(|place| place.start < word.end);
            let own = within.filter(|place| {
                place.end <= word.end && !matches!(place.kind, TokenKind::Unigram | TokenKind::Synonym)
            });
            self.found.push(own.map(|place| place.number).collect());
        }
    }

    /// Takes a synonym class that is named by `head`.
    pub(crate) fn class(&mut self, number: u32, head: &str) {
        if !says_nothing(head) {
            self.found.push(vec![number]);
        }
    }

    /// In places of a query's terms, `None` where it has left a term out; ascending, each once.
    pub(crate) fn at(self, place: impl Fn(u32) -> Option<u32>) -> Vec<Vec<u32>> {
        let placed = |ground: Vec<u32>| {
            let mut ground: Vec<u32> = ground.into_iter().filter_map(&place).collect();
            ground.sort_unstable();
            ground.dedup();
            ground
        };
        let mut grounds: Vec<Vec<u32>> = self.found.into_iter().map(placed).collect();
        grounds.retain(|ground| !ground.is_empty());
        grounds.sort_unstable();
        grounds.dedup();
        grounds
    }
}
