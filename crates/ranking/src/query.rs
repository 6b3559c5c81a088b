//! What the asking side asks: its texts turned into weighted terms.

use domain::Passage;
use rustc_hash::FxHashMap;
use text::{Analyzer, TokenKind};

use crate::{Areas, Weights};

/// A term of the asking side.
#[derive(Debug, Clone, PartialEq)]
pub struct WeightedTerm {
    /// The term as the analysis gives it.
    pub text: String,
    /// What kind of term it is.
    pub kind: TokenKind,
    /// How much a match of it counts, above 0.
    pub weight: f32,
}

/// The asking side of a match.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Query {
    /// Distinct terms, weightiest first, ties by text.
    pub terms: Vec<WeightedTerm>,
}

impl Query {
    /// Weighs the terms of `passages`: Σ over areas of subject weight · log₂(1 + occurrences), times the weight of the term's kind, times
    /// `rarity(term)`: how little the term is used among the asking side's peers (1 when nothing is known).
    pub fn new(
        analyzer: &Analyzer,
        passages: &[Passage],
        weights: &Weights,
        rarity: impl Fn(&str) -> f32,
    ) -> Self {
        let mut counts: FxHashMap<String, (TokenKind, Areas<u32>)> = FxHashMap::default();
        for passage in passages {
            let read = first_characters(&passage.text, weights.max_characters);
            for token in analyzer.tokens(read) {
                let (_, areas) = counts.entry(token.text).or_insert((token.kind, Areas::default()));
                areas[passage.area] += 1;
            }
        }
        let weigh = |(text, (kind, areas)): (String, (TokenKind, Areas<u32>))| {
            let sum: f32 = domain::Area::ALL
                .iter()
                .map(|&area| weights.subject[area] * (1.0 + areas[area] as f32).log2())
                .sum();
            let weight = sum * weights.kinds.of(kind) * rarity(&text);
            WeightedTerm { text, kind, weight }
        };
        let mut terms: Vec<_> = counts.into_iter().map(weigh).filter(|term| term.weight > 0.0).collect();
        terms.sort_unstable_by(|a, b| b.weight.total_cmp(&a.weight).then_with(|| a.text.cmp(&b.text)));
        terms.truncate(weights.max_terms);
        Self { terms }
    }
}

fn first_characters(text: &str, limit: usize) -> &str {
    text.char_indices().nth(limit).map_or(text, |(at, _)| &text[..at])
}
