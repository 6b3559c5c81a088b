//! The characters, pairs and words that say nothing about a subject.

use rustc_hash::FxHashSet;

/// Stop words by length, so that the many questions about characters and pairs are answered quickly.
#[derive(Debug, Default)]
pub(crate) struct StopWords {
    characters: CharSet,
    pair_starts: CharSet,
    pairs: FxHashSet<(char, char)>,
    words: FxHashSet<String>,
}

impl StopWords {
    pub(crate) fn new(words: Vec<String>) -> Self {
        let mut stops = Self::default();
        for word in &words {
            match *word.chars().collect::<Vec<char>>() {
                [one] => stops.characters.insert(one),
                [first, second] => {
                    stops.pair_starts.insert(first);
                    stops.pairs.insert((first, second));
                }
                _ => {}
            }
        }
        stops.words.extend(words);
        stops
    }

    pub(crate) fn has_character(&self, c: char) -> bool {
        self.characters.contains(c)
    }

    pub(crate) fn has_pair(&self, first: char, second: char) -> bool {
        self.pair_starts.contains(first) && self.pairs.contains(&(first, second))
    }

    /// Whether a word of any length is a stop word.
    pub(crate) fn has(&self, word: &str) -> bool {
        self.words.contains(word)
    }
}

/// A set of characters, one bit for each up to the last one.
#[derive(Debug, Default)]
pub(crate) struct CharSet(Vec<u64>);

impl CharSet {
    pub(crate) fn insert(&mut self, c: char) {
        let index = c as usize / 64;
        if index >= self.0.len() {
            self.0.resize(index + 1, 0);
        }
        self.0[index] |= 1 << (c as usize % 64);
    }

    pub(crate) fn contains(&self, c: char) -> bool {
        self.0.get(c as usize / 64).is_some_and(|bits| bits >> (c as usize % 64) & 1 == 1)
    }
}
