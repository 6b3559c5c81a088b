//! Many terms in little memory, each with a number: their characters end to end, and a table that finds them by hash.

use std::hash::{Hash, Hasher};

use rustc_hash::FxHasher;

/// Terms and their numbers, from 0 in the order in which they were given.
#[derive(Debug, Clone, Default)]
pub(crate) struct Lexicon {
    characters: String,
    /// Where each term ends.
    ends: Vec<u32>,
    /// Terms by hash; one whose place is taken stands in the next free one. A power of two long, at most half full.
    table: Vec<Slot>,
}

/// A term's number, and what of its hash does not tell the place: terms that are not asked for are hardly ever read.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Slot {
    mark: u32,
    number: u32,
}

/// No term.
const FREE: Slot = Slot { mark: 0, number: u32::MAX };

impl Lexicon {
    /// Takes the next term, which must be no earlier one; is found once all are there ([`Self::finish`]).
    pub(crate) fn push(&mut self, term: &str) {
        self.characters.push_str(term);
        self.ends.push(self.characters.len() as u32);
    }

    /// Makes the table. The terms must be no more than 4 GiB together.
    pub(crate) fn finish(&mut self) {
        self.characters.shrink_to_fit();
        self.ends.shrink_to_fit();
        self.table = vec![FREE; (self.ends.len() * 2).next_power_of_two()];
        for number in 0..self.ends.len() as u32 {
            let hash = hash(self.term(number));
            let mut place = self.first_place(hash);
            while self.table[place] != FREE {
                place = self.next_place(place);
            }
            self.table[place] = Slot { mark: mark(hash), number };
        }
    }

    pub(crate) fn find(&self, term: &str) -> Option<u32> {
        let hash = hash(term);
        self.likely(hash, self.first_place(hash)).and_then(|place| self.confirm(term, hash, place))
    }

    /// [`Self::find`] of many terms: each step is taken for all of them before the next one, so that they wait for memory together.
    pub(crate) fn find_each<'t>(&self, terms: impl Iterator<Item = &'t str> + Clone) -> Vec<Option<u32>> {
        let hashes: Vec<u64> = terms.clone().map(hash).collect();
        let places: Vec<Option<usize>> =
            hashes.iter().map(|&hash| self.likely(hash, self.first_place(hash))).collect();
        let ends = places.iter().flatten().map(|&place| self.ends[self.table[place].number as usize]);
        let read = ends.map(|end| self.characters.as_bytes().get(end as usize).copied().unwrap_or(0));
        std::hint::black_box(read.fold(0, |all, one| all ^ one));
        let found = terms.zip(hashes.iter().zip(places));
        found.map(|(term, (&hash, place))| self.confirm(term, hash, place?)).collect()
    }

    /// From a place on, the first with the hash's mark.
    fn likely(&self, hash: u64, mut place: usize) -> Option<usize> {
        loop {
            let slot = *self.table.get(place)?;
            if slot == FREE {
                return None;
            }
            if slot.mark == mark(hash) {
                return Some(place);
            }
            place = self.next_place(place);
        }
    }

    /// The term's number, which has its mark first at a place.
    fn confirm(&self, term: &str, hash: u64, mut place: usize) -> Option<u32> {
        loop {
            let number = self.table[place].number;
            if self.term(number) == term {
                return Some(number);
            }
            place = self.likely(hash, self.next_place(place))?;
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    /// All terms by number.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &str> {
        (0..self.ends.len() as u32).map(|number| self.term(number))
    }

    pub(crate) fn term(&self, number: u32) -> &str {
        let start = number.checked_sub(1).map_or(0, |before| self.ends[before as usize] as usize);
        &self.characters[start..self.ends[number as usize] as usize]
    }

    fn first_place(&self, hash: u64) -> usize {
        hash as usize & self.table.len().wrapping_sub(1)
    }

    fn next_place(&self, place: usize) -> usize {
        (place + 1) & (self.table.len() - 1)
    }
}

fn hash(term: &str) -> u64 {
    let mut hasher = FxHasher::default();
    term.hash(&mut hasher);
    hasher.finish()
}

/// The upper half: places are told by the lower one.
fn mark(hash: u64) -> u32 {
    (hash >> 32) as u32
}

impl PartialEq for Lexicon {
    fn eq(&self, other: &Self) -> bool {
        self.characters == other.characters && self.ends == other.ends
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_given_is_found_and_nothing_else() {
        let terms: Vec<String> = (0..1000).map(|at| format!("词{at}")).chain([String::new()]).collect();
        let mut lexicon = Lexicon::default();
        terms.iter().for_each(|term| lexicon.push(term));
        lexicon.finish();
        for (term, number) in terms.iter().zip(0..) {
            assert_eq!(lexicon.find(term), Some(number), "{term}");
        }
        let asked = ["词7", "词1000", "", "词999", "词"];
        let found = lexicon.find_each(asked.into_iter());
        assert_eq!(found, asked.map(|term| lexicon.find(term)));
        assert_eq!(found, [Some(7), None, Some(1000), Some(999), None]);
        assert!(lexicon.iter().eq(&terms));
        assert_eq!((lexicon.find("词"), lexicon.find("词1000")), (None, None));
        assert_eq!(Lexicon::default().find("词"), None);
        assert_eq!(Lexicon::default().find_each(["词"].into_iter()), [None]);
    }

    #[test]
    fn terms_of_one_mark_are_told_apart() {
        // Of some hundred thousand terms two share half a hash; in a table of two places every second such pair is looked for in the same one.
        let mut seen = std::collections::HashMap::new();
        let pair = (0_u32..).find_map(|at| {
            let term = format!("词{at}");
            let hash = hash(&term);
            seen.insert((mark(hash), hash & 1), term.clone()).map(|other| (other, term))
        });
        let (one, other) = pair.expect("terms without end");
        let mut lexicon = Lexicon::default();
        lexicon.push(&one);
        lexicon.finish();
        assert_eq!((lexicon.find(&one), lexicon.find(&other)), (Some(0), None));
        lexicon.push(&other);
        lexicon.finish();
        assert_eq!((lexicon.find(&one), lexicon.find(&other)), (Some(0), Some(1)));
        assert_eq!(lexicon.find_each([&*other, &*one].into_iter()), [Some(1), Some(0)]);
    }
}
