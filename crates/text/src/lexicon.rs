//! Many terms in little memory, each with a number: their characters end to end, and a table that finds them by hash.

use std::hash::{Hash, Hasher};
use std::hint::black_box;

use rustc_hash::FxHasher;

/// Terms and their numbers, from 0 in the order in which they came.
#[derive(Debug, Clone, Default)]
pub struct Lexicon {
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

/// Two Chinese characters.
const USUAL_BYTES: usize = 6;

/// No term.
const FREE: Slot = Slot { mark: 0, number: u32::MAX };

impl Lexicon {
    /// Without terms, and with room for so many.
    #[must_use]
    pub fn with_room(terms: usize) -> Self {
        let mut lexicon = Self::default();
        lexicon.ends.reserve(terms);
        lexicon.characters.reserve(terms * USUAL_BYTES);
        lexicon.lay_out(terms);
        lexicon
    }

    /// Takes the next term, which must be no earlier one; is found once all are there ([`Self::finish`]).
    pub fn push(&mut self, term: &str) {
        self.characters.push_str(term);
        self.ends.push(self.characters.len() as u32);
    }

    /// Makes the table. The terms must be no more than 4 GiB together.
    pub fn finish(&mut self) {
        self.characters.shrink_to_fit();
        self.ends.shrink_to_fit();
        self.lay_out(self.ends.len());
    }

    /// The term's number, and whether it came only now.
    pub fn take(&mut self, term: &str) -> (u32, bool) {
        let hash = hash(term);
        match self.seek(term, hash) {
            Ok(number) => (number, false),
            Err(place) => {
                let number = self.ends.len() as u32;
                self.push(term);
                if self.ends.len() * 2 <= self.table.len() {
                    self.table[place] = Slot { mark: mark(hash), number };
                } else {
                    self.lay_out(self.ends.len() * 2);
                }
                (number, true)
            }
        }
    }

    /// Forgets all terms, and keeps the memory for others.
    pub fn clear(&mut self) {
        self.characters.clear();
        self.ends.clear();
        self.table.fill(FREE);
    }

    /// The term's number, if it is there.
    #[must_use]
    pub fn find(&self, term: &str) -> Option<u32> {
        self.seek(term, hash(term)).ok()
    }

    /// [`Self::find`] of many terms: each step is taken for all of them before the next one, so that they wait for memory together.
    #[must_use]
    pub fn find_each<'t>(&self, terms: impl Iterator<Item = &'t str> + Clone) -> Vec<Option<u32>> {
        if self.table.is_empty() {
            return terms.map(|_| None).collect();
        }
        let hashes: Vec<u64> = terms.clone().map(hash).collect();
        // Nothing hangs on what is read here, so the processor reads on.
        let slots = hashes.iter().map(|&hash| self.table[self.first_place(hash)].number);
        black_box(slots.fold(0, |all, one| all ^ one));
        let likely: Vec<u32> = hashes.iter().map(|&hash| self.likely(hash)).collect();
        let end = |number: &u32| self.ends.get(*number as usize).copied().unwrap_or(0);
        let first = likely.iter().map(|number| self.characters.as_bytes().get(end(number) as usize));
        black_box(first.fold(0, |all, one| all ^ one.copied().unwrap_or(0)));
        let found = terms.zip(hashes.iter().zip(likely));
        found.map(|(term, (&hash, likely))| self.confirm(term, hash, likely)).collect()
    }

    /// The first term with the hash's mark, [`FREE`]'s number when there is none.
    fn likely(&self, hash: u64) -> u32 {
        let mut place = self.first_place(hash);
        loop {
            let slot = self.table[place];
            if slot == FREE || slot.mark == mark(hash) {
                return slot.number;
            }
            place = self.next_place(place);
        }
    }

    /// The term's number, of which `likely` has the mark first.
    fn confirm(&self, term: &str, hash: u64, likely: u32) -> Option<u32> {
        if likely == FREE.number || self.term(likely) == term {
            return Some(likely).filter(|number| *number != FREE.number);
        }
        self.seek(term, hash).ok()
    }

    /// The term's number, or the place where it would stand.
    fn seek(&self, term: &str, hash: u64) -> Result<u32, usize> {
        let mut place = self.first_place(hash);
        loop {
            match self.table.get(place) {
                Some(slot) if *slot != FREE => {
                    if slot.mark == mark(hash) && self.term(slot.number) == term {
                        return Ok(slot.number);
                    }
                }
                _ => return Err(place),
            }
            place = self.next_place(place);
        }
    }

    /// Makes a table with room for so many terms, of those that are there.
    fn lay_out(&mut self, room: usize) {
        self.table = vec![FREE; (room * 2).next_power_of_two()];
        for number in 0..self.ends.len() as u32 {
            let hash = hash(self.term(number));
            let mut place = self.first_place(hash);
            while self.table[place] != FREE {
                place = self.next_place(place);
            }
            self.table[place] = Slot { mark: mark(hash), number };
        }
    }

    /// How many terms there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// All terms by number.
    pub fn iter(&self) -> impl Iterator<Item = &str> + Clone {
        (0..self.ends.len() as u32).map(|number| self.term(number))
    }

    /// The term with a number.
    #[must_use]
    pub fn term(&self, number: u32) -> &str {
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
    fn a_term_that_comes_again_keeps_its_number_however_many_have_come() {
        for room in [0, 1, 400] {
            let mut lexicon = Lexicon::with_room(room);
            let terms: Vec<String> = (0..300).map(|at| format!("词{at}")).collect();
            for (term, number) in terms.iter().zip(0..) {
                assert_eq!((lexicon.take(term), lexicon.take(&terms[0])), ((number, true), (0, false)));
            }
            assert!(terms.iter().zip(0..).all(|(term, number)| lexicon.take(term) == (number, false)));
            assert_eq!(lexicon.find_each(["词299", "词300"].into_iter()), [Some(299), None]);
            assert_eq!((lexicon.len(), lexicon.term(7)), (300, "词7"));
            lexicon.clear();
            assert_eq!((lexicon.find("词7"), lexicon.take("词8"), lexicon.len()), (None, (0, true), 1));
        }
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
