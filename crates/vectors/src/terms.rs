//! What of a text has a vector: single characters, pairs of characters, runs of letters and digits.

use rustc_hash::FxHashMap;
use text::{Analyzer, Scratch, TokenKind};

/// The terms of one text and how often each stands there.
pub type Terms = FxHashMap<String, u32>;

/// Reads the terms of texts, one after the other.
pub struct Reader<'a> {
    analyzer: &'a Analyzer,
    scratch: Scratch,
}

impl<'a> Reader<'a> {
    /// Reads with this analysis, which is to be the one that the queries are read with.
    pub fn new(analyzer: &'a Analyzer) -> Self {
        Self { analyzer, scratch: Scratch::default() }
    }

    /// The terms of `text`.
    pub fn read(&mut self, text: &str) -> Terms {
        let mut terms = Terms::default();
        self.analyzer.for_each_gram(text, &mut self.scratch, |token| {
            if has_vector(token.kind) {
                match terms.get_mut(token.text) {
                    Some(count) => *count += 1,
                    None => _ = terms.insert(token.text.to_owned(), 1),
                }
            }
        });
        terms
    }
}

/// Shorter sentences say too little to learn from, in characters.
const SENTENCE: usize = 8;

/// The sentences of a text, short ones left out.
pub fn sentences(text: &str) -> impl Iterator<Item = &str> {
    let sentences = text.split(['。', ';', '；', '!', '！', '?', '？', '\n']);
    sentences.filter(|sentence| sentence.chars().nth(SENTENCE - 1).is_some())
}

/// Words repeat their pairs of characters, and a synonym class has no text of its own.
pub(crate) const fn has_vector(kind: TokenKind) -> bool {
    matches!(kind, TokenKind::Unigram | TokenKind::Bigram | TokenKind::Latin)
}
