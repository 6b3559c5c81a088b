//! The terms of a segment that is being made, each by a number.

use std::hint;

use text::Lexicon;

/// Bytes that a key holds of its term: two Han characters fit.
const SHORT: usize = 7;

/// In place of the count of bytes: the term is longer.
const LONG: u64 = 0xff;

/// What is known of a term.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Term {
    /// How many terms came before it.
    pub(super) number: u32,
    vector: u32,
}

/// In place of a vector's number.
const NO_VECTOR: u32 = u32::MAX;

impl Term {
    fn new(number: u32, vector: Option<u32>) -> Self {
        Self { number, vector: vector.unwrap_or(NO_VECTOR) }
    }

    /// Its number among the term vectors.
    pub(super) fn vector(self) -> Option<u32> {
        (self.vector != NO_VECTOR).then_some(self.vector)
    }
}

/// A term as it is looked up: its first bytes, filled up with zeros, then how many there are, counted from 1.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key(u64);

impl Key {
    pub(super) fn new(term: &str) -> Self {
        let term = term.as_bytes();
        let first = &term[..term.len().min(SHORT)];
        let bytes = first.iter().fold(0, |bytes, &byte| bytes << 8 | u64::from(byte));
        let count = if term.len() > SHORT { LONG } else { term.len() as u64 + 1 };
        Self(bytes << (8 * (SHORT - first.len())) << 8 | count)
    }

    /// Whether the term is the key alone.
    pub(super) fn is_whole(self) -> bool {
        self.0 & LONG != LONG
    }

    /// Calls `f` with the term's bytes, of a term that [`Self::is_whole`].
    fn with_bytes<T>(self, f: impl FnOnce(&[u8]) -> T) -> T {
        f(&self.0.to_be_bytes()[..((self.0 & LONG) as usize).saturating_sub(1).min(SHORT)])
    }
}

/// Gives terms their numbers, from 0, in the order in which they first come.
#[derive(Default)]
pub(super) struct Terms {
    /// By number. In the order of keys, terms are in the order of their bytes, but for long ones that begin alike.
    keys: Vec<Key>,
    short: Table,
    /// Terms whose keys are not whole, and what is known of each: numbers ascend.
    long: Lexicon,
    of_long: Vec<Term>,
    /// Bytes of the long terms together.
    long_bytes: usize,
}

impl Terms {
    pub(super) fn len(&self) -> usize {
        self.keys.len()
    }

    /// About how many bytes they take.
    pub(super) fn memory(&self) -> usize {
        /// Where it ends, two to four places in its table, and what is known of it.
        const LONG_ENTRY: usize = 4 + 3 * 8 + size_of::<Term>();
        let long = self.long_bytes + self.of_long.len() * LONG_ENTRY;
        size_of_val(&*self.keys) + size_of_val(&*self.short.slots) + long
    }

    /// Forgets all terms, and keeps the memory for others.
    pub(super) fn clear(&mut self) {
        self.keys.clear();
        self.short.clear();
        self.long.clear();
        self.of_long.clear();
        self.long_bytes = 0;
    }

    /// Has the places read where short terms are looked up, all at once: one by one each would be waited for.
    pub(super) fn expect(&self, keys: impl Iterator<Item = Key>) {
        if !self.short.slots.is_empty() {
            hint::black_box(keys.fold(0, |seen, key| seen ^ self.short.slots[self.short.place(key)].0.0));
        }
    }

    /// The term of a key that is whole; `vector` is asked for its vector when it comes for the first time.
    pub(super) fn find_short(&mut self, key: Key, vector: impl FnOnce(&str) -> Option<u32>) -> Term {
        let number = self.keys.len() as u32;
        let new = || {
            let vector = key.with_bytes(|bytes| str::from_utf8(bytes).ok().and_then(vector));
            Term::new(number, vector)
        };
        let found = self.short.find_or_insert(key, new);
        if found.number == number {
            self.keys.push(key);
        }
        found
    }

    /// As [`Self::find_short`], of a term whose key is not whole.
    pub(super) fn find_long(&mut self, term: &str, vector: impl FnOnce(&str) -> Option<u32>) -> Term {
        let (place, new) = self.long.take(term);
        if new {
            self.of_long.push(Term::new(self.keys.len() as u32, vector(term)));
            self.keys.push(Key::new(term));
            self.long_bytes += term.len();
        }
        self.of_long[place as usize]
    }

    /// All numbers, ordered by the bytes of their terms.
    pub(super) fn ascending(&self) -> Vec<u32> {
        let mut keys: Vec<(Key, u32)> = self.keys.iter().copied().zip(0..).collect();
        // Those of one key are long.
        keys.sort_unstable_by(|&(one, a), &(other, b)| {
            one.cmp(&other).then_with(|| self.long_term(a).cmp(self.long_term(b)))
        });
        keys.into_iter().map(|(_, number)| number).collect()
    }

    /// Calls `f` with the bytes of a term.
    pub(super) fn with_bytes<T>(&self, number: u32, f: impl FnOnce(&[u8]) -> T) -> T {
        let key = self.keys[number as usize];
        if key.is_whole() { key.with_bytes(f) } else { f(self.long_term(number).as_bytes()) }
    }

    fn long_term(&self, number: u32) -> &str {
        self.long.term(self.of_long.partition_point(|term| term.number < number) as u32)
    }
}

/// Short terms by their keys, in one place each: whoever looks for one waits for memory once.
#[derive(Default)]
struct Table {
    /// A power of two of them; the key of an empty one is no key.
    slots: Vec<(Key, Term)>,
    taken: usize,
}

impl Table {
    const LEAST: usize = 1 << 10;

    /// Where the search for a key begins (multiplicative hashing: Knuth, TAOCP 3, 6.4).
    fn place(&self, key: Key) -> usize {
        (key.0.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (u64::BITS - self.slots.len().trailing_zeros()))
            as usize
    }

    fn find_or_insert(&mut self, key: Key, new: impl FnOnce() -> Term) -> Term {
        if (self.taken + 1) * 4 > self.slots.len() * 3 {
            self.grow();
        }
        let at = self.slot(key);
        if self.slots[at].0 != key {
            self.slots[at] = (key, new());
            self.taken += 1;
        }
        self.slots[at].1
    }

    /// The slot of a key, or the empty one where it would go.
    fn slot(&self, key: Key) -> usize {
        let mut at = self.place(key);
        while self.slots[at].0 != key && self.slots[at].0 != Key::default() {
            at = (at + 1) % self.slots.len();
        }
        at
    }

    fn clear(&mut self) {
        self.slots.fill((Key::default(), Term::default()));
        self.taken = 0;
    }

    fn grow(&mut self) {
        let larger = vec![(Key::default(), Term::default()); (self.slots.len() * 2).max(Self::LEAST)];
        for (key, term) in std::mem::replace(&mut self.slots, larger) {
            if key != Key::default() {
                let at = self.slot(key);
                self.slots[at] = (key, term);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn numbers_go_back_and_forth_and_order_is_that_of_bytes(
            terms in proptest::collection::vec("[a-b\u{0}电池]{0,9}", 0..40),
        ) {
            // What was there before leaves nothing behind.
            let mut numbered = Terms::default();
            for before in ["电", "电池", "电池组", "b"] {
                let key = Key::new(before);
                _ = if key.is_whole() { numbered.find_short(key, |_| None) } else { numbered.find_long(before, |_| None) };
            }
            numbered.clear();
            let mut number = |term: &str| {
                let key = Key::new(term);
                let found = if key.is_whole() {
                    numbered.find_short(key, |same| (same == term).then_some(7))
                } else {
                    numbered.find_long(term, |same| (same == term).then_some(7))
                };
                assert_eq!(found.vector(), Some(7));
                found.number
            };
            let numbers: Vec<u32> = terms.iter().map(|term| number(term)).collect();
            let again: Vec<u32> = terms.iter().map(|term| number(term)).collect();
            prop_assert_eq!(&again, &numbers);
            for (term, number) in terms.iter().zip(numbers) {
                prop_assert!(numbered.with_bytes(number, |bytes| bytes == term.as_bytes()));
            }
            let mut distinct: Vec<&[u8]> = terms.iter().map(|term| term.as_bytes()).collect();
            distinct.sort_unstable();
            distinct.dedup();
            let ascending: Vec<Vec<u8>> =
                numbered.ascending().into_iter().map(|number| numbered.with_bytes(number, <[u8]>::to_vec)).collect();
            prop_assert_eq!(ascending, distinct);
        }
    }
}
