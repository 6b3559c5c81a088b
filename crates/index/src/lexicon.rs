//! Many terms in little memory, each with a number: their characters end to end, and a table that finds them by hash.

use std::hash::{Hash, Hasher};

use rustc_hash::FxHasher;

/// No term.
const FREE: u32 = u32::MAX;

/// Terms and their numbers, from 0 in the order in which they were given.
#[derive(Debug, Clone, Default)]
pub(crate) struct Lexicon {
    characters: String,
    /// Where each term ends.
    ends: Vec<u32>,
    /// Numbers by hash; a number whose place is taken stands in the next free one. A power of two long, at most half full.
    table: Vec<u32>,
}

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
            let place = self.places(self.term(number)).find(|&place| self.table[place] == FREE);
            if let Some(place) = place {
                self.table[place] = number;
            }
        }
    }

    pub(crate) fn find(&self, term: &str) -> Option<u32> {
        let mut numbers =
            self.places(term).map(|place| self.table[place]).take_while(|&number| number != FREE);
        numbers.find(|&number| self.term(number) == term)
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

    /// Places of the table in which the term may stand, all of them, the likeliest first.
    fn places(&self, term: &str) -> impl Iterator<Item = usize> + use<> {
        let mut hasher = FxHasher::default();
        term.hash(&mut hasher);
        let (first, mask) = (hasher.finish() as usize, self.table.len().wrapping_sub(1));
        (0..self.table.len()).map(move |step| first.wrapping_add(step) & mask)
    }
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
        assert!(lexicon.iter().eq(&terms));
        assert_eq!((lexicon.find("词"), lexicon.find("词1000")), (None, None));
        assert_eq!(Lexicon::default().find("词"), None);
    }
}
