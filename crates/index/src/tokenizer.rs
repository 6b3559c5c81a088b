//! The analysis as tantivy wants it: a stream to pull tokens from, without an allocation per token.

use std::sync::Arc;

use tantivy::tokenizer::{Token, TokenStream, Tokenizer};
use text::{Analyzer, Scratch};

/// Tokens of one text, their characters end to end.
#[derive(Default)]
struct Tokens {
    characters: String,
    /// End in `characters`, position, first and last byte in the text.
    marks: Vec<(usize, u32, u32, u32)>,
}

/// Adapter of [`Analyzer`]; each of tantivy's threads has a clone with buffers of its own.
pub(crate) struct Analysis {
    analyzer: Arc<Analyzer>,
    scratch: Scratch,
    tokens: Tokens,
}

impl Analysis {
    pub(crate) fn new(analyzer: Arc<Analyzer>) -> Self {
        Self { analyzer, scratch: Scratch::default(), tokens: Tokens::default() }
    }
}

impl Clone for Analysis {
    fn clone(&self) -> Self {
        Self::new(self.analyzer.clone())
    }
}

impl Tokenizer for Analysis {
    type TokenStream<'a> = Stream<'a>;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> Stream<'a> {
        let Tokens { characters, marks } = &mut self.tokens;
        characters.clear();
        marks.clear();
        self.analyzer.for_each_token(text, &mut self.scratch, |token| {
            characters.push_str(token.text);
            marks.push((characters.len(), token.position, token.start, token.end));
        });
        Stream { tokens: &self.tokens, next: 0, from: 0, token: Token::default() }
    }
}

/// Goes through the tokens of one text.
pub(crate) struct Stream<'a> {
    tokens: &'a Tokens,
    next: usize,
    from: usize,
    token: Token,
}

impl TokenStream for Stream<'_> {
    fn advance(&mut self) -> bool {
        let Some(&(to, position, start, end)) = self.tokens.marks.get(self.next) else { return false };
        self.token.text.clear();
        self.token.text.push_str(&self.tokens.characters[self.from..to]);
        self.token.position = position as usize;
        self.token.offset_from = start as usize;
        self.token.offset_to = end as usize;
        self.from = to;
        self.next += 1;
        true
    }

    fn token(&self) -> &Token {
        &self.token
    }

    fn token_mut(&mut self) -> &mut Token {
        &mut self.token
    }
}
