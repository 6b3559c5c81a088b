//! Words taken apart into the pieces that a model knows: always the longest that fits next (Wu et al. 2016).

use std::ops::ControlFlow;

use crate::basic;
use crate::vocabulary::Vocabulary;

/// Longer words are no words, by the tokenizer that the models were trained with.
const LONGEST_WORD: usize = 100;

impl Vocabulary {
    /// The numbers of a text's pieces between the marks of beginning and end, `most` in all; what comes after is not read.
    pub(crate) fn tokens(&self, text: &str, most: usize) -> Vec<u32> {
        let mut tokens = vec![self.start];
        let room = most.saturating_sub(1);
        basic::for_each_word(text, self.reading, |word| {
            self.pieces(word, &mut tokens);
            if tokens.len() < room { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        });
        tokens.truncate(room);
        tokens.push(self.end);
        tokens
    }

    /// One piece that cannot be found makes the whole word unknown.
    fn pieces(&self, word: &str, tokens: &mut Vec<u32>) {
        let before = tokens.len();
        let mut start = 0;
        let short = word.chars().nth(LONGEST_WORD).is_none();
        while short && start < word.len() {
            let pieces = if start == 0 { &self.beginnings } else { &self.continuations };
            let mut end = word.floor_char_boundary(start + self.longest);
            let found = loop {
                if end <= start {
                    break None;
                }
                if let Some(&number) = pieces.get(&word[start..end]) {
                    break Some(number);
                }
                end = word.floor_char_boundary(end - 1);
            };
            let Some(number) = found else { break };
            tokens.push(number);
            start = end;
        }
        if start < word.len() {
            tokens.truncate(before);
            tokens.push(self.unknown);
        }
    }
}
