//! A piece of a typed query as terms: what must stand together, and what may stand apart.

use std::collections::BTreeSet;
use std::ops::Range;

use text::{Analyzer, Token, TokenKind};

/// Terms with the character positions at which they must stand relative to each other.
pub(super) type Phrase = Vec<(usize, String)>;

/// Longer pieces may match by their words or by most of their bigrams.
const LONG: usize = 4;

/// A piece of the query without white space or punctuation.
#[derive(Debug)]
pub(super) struct Chunk {
    /// Covers every character that has a term: matches exactly the texts that contain the piece.
    pub(super) phrase: Phrase,
    /// Classes of which the whole piece is a member.
    pub(super) synonyms: Vec<String>,
    /// Distinct bigrams and Latin terms.
    pub(super) grams: Vec<String>,
    /// The words of a long piece; all of them, in any place, stand for the piece.
    pub(super) words: Vec<Word>,
    /// A Latin piece of at least two characters also matches the terms it begins.
    pub(super) prefix: Option<String>,
    /// Whether it may match loosely.
    pub(super) long: bool,
    /// What scores and what is highlighted.
    pub(super) terms: BTreeSet<String>,
}

/// A word of a long piece: its characters, or a synonym of it.
#[derive(Debug)]
pub(super) struct Word {
    pub(super) phrase: Phrase,
    pub(super) synonym: Option<String>,
}

impl Chunk {
    /// Analyses a piece that [`Analyzer::chunks`] gave; `None` when no term is in it.
    pub(super) fn read(analyzer: &Analyzer, piece: &str) -> Option<Self> {
        let tokens = analyzer.tokens(piece);
        let whole = 0..piece.len() as u32;
        let phrase = cover(&tokens, &whole);
        if phrase.is_empty() {
            return None;
        }
        let of = |wanted: fn(TokenKind) -> bool| {
            let texts = tokens.iter().filter(move |token| wanted(token.kind));
            texts.map(|token| token.text.clone()).collect::<BTreeSet<String>>()
        };
        let grams = of(|kind| matches!(kind, TokenKind::Bigram | TokenKind::Latin));
        let synonyms = tokens.iter().filter(|token| token.kind == TokenKind::Synonym);
        let synonyms = synonyms.filter(|token| (token.start..token.end) == whole);
        let mut terms = of(|kind| kind != TokenKind::Unigram);
        if terms.is_empty() {
            terms = of(|_| true);
        }
        let long = piece.chars().count() > LONG;
        let latin = tokens.iter().all(|token| matches!(token.kind, TokenKind::Latin | TokenKind::Synonym));
        Some(Self {
            synonyms: synonyms.map(|token| token.text.clone()).collect(),
            grams: grams.into_iter().collect(),
            words: if long { words(analyzer, piece, &tokens) } else { Vec::new() },
            prefix: (latin && piece.chars().count() >= 2).then(|| piece.to_owned()),
            long,
            terms,
            phrase,
        })
    }

    /// How many terms a query for this piece looks up.
    pub(super) fn size(&self) -> usize {
        let words: usize = self.words.iter().map(|word| word.phrase.len()).sum();
        self.grams.len().max(self.phrase.len()) + words
    }
}

/// The fewest terms that cover the characters in `span`: Latin terms, then bigrams side by side, then single characters.
fn cover(tokens: &[Token], span: &Range<u32>) -> Phrase {
    let within: Vec<&Token> =
        tokens.iter().filter(|token| token.start >= span.start && token.end <= span.end).collect();
    // Tokens come by position.
    let at = |position: usize, kind: TokenKind| {
        let from = within.partition_point(|token| (token.position as usize) < position);
        let here = within[from..].iter().take_while(|token| token.position as usize == position);
        here.filter(|token| token.kind == kind).max_by_key(|token| token.text.len()).copied()
    };
    let Some(first) = within.iter().map(|token| token.position as usize).min() else { return Vec::new() };
    let last = within.iter().map(|token| token.position as usize).max().unwrap_or(first);
    let mut phrase: Phrase = Vec::new();
    let mut position = first;
    while position <= last {
        let pair_before = || position.checked_sub(1).and_then(|before| at(before, TokenKind::Bigram));
        let found = at(position, TokenKind::Latin)
            .or_else(|| at(position, TokenKind::Bigram))
            .or_else(pair_before)
            .or_else(|| at(position, TokenKind::Unigram));
        let Some(token) = found else {
            position += 1;
            continue;
        };
        phrase.push((token.position as usize - first, token.text.clone()));
        position = token.position as usize + token.text.chars().count();
    }
    phrase
}

/// Members of synonym classes, then the readable words beside them.
fn words(analyzer: &Analyzer, piece: &str, tokens: &[Token]) -> Vec<Word> {
    let members: Vec<&Token> = tokens.iter().filter(|token| token.kind == TokenKind::Synonym).collect();
    let mut words: Vec<Word> = members
        .iter()
        .map(|token| Word {
            phrase: cover(tokens, &(token.start..token.end)),
            synonym: Some(token.text.clone()),
        })
        .collect();
    for word in analyzer.words(piece) {
        let span = word.start as u32..word.end as u32;
        if members.iter().all(|member| member.end <= span.start || member.start >= span.end) {
            words.push(Word { phrase: cover(tokens, &span), synonym: None });
        }
    }
    words.retain(|word| !word.phrase.is_empty());
    words
}
