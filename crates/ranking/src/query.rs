//! What the asking side asks: its texts turned into weighted terms.

use domain::{Area, Passage};
use rustc_hash::FxHashMap;
use text::{Analyzer, Scratch, TokenKind};
use vectors::Direction;

use crate::{Areas, Weights};

/// For each term that is used, so many of the weightiest are asked how rare they are.
const ASKED_PER_USED: usize = 4;

/// A term of the asking side.
#[derive(Debug, Clone, PartialEq)]
pub struct WeightedTerm {
    /// The term as the analysis gives it.
    pub text: String,
    /// What kind of term it is.
    pub kind: TokenKind,
    /// How much a match of it counts, above 0.
    pub weight: f32,
    /// How much it counts for what the whole asks for: as `weight`, but for its rarity in prose, which term vectors know themselves.
    pub meaning: f32,
}

/// How little a term is used, 0 to 1 each; 1 when nothing is known.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rarity {
    /// By the asking side's peers.
    pub peers: f32,
    /// In technical prose.
    pub prose: f32,
}

impl Rarity {
    /// Nothing is known.
    pub const UNKNOWN: Self = Self { peers: 1.0, prose: 1.0 };
}

/// The asking side of a match.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Query {
    /// Distinct terms, weightiest first, ties by text.
    pub terms: Vec<WeightedTerm>,
    /// What the whole asks for, where an embedding model reads it; term vectors read the terms.
    pub meaning: Option<Direction>,
}

impl Query {
    /// Weighs the terms of `passages`: Σ over areas of subject weight · log₂(1 + occurrences), times the weight of the term's kind (an
    /// occurrence across two words may count less), times its `rarity`. The area of descriptions counts less the longer they are ([`crate::Dilution`]).
    pub fn new(
        analyzer: &Analyzer,
        passages: &[Passage],
        weights: &Weights,
        rarity: impl Fn(&str) -> Rarity,
    ) -> Self {
        let mut counts: FxHashMap<String, (TokenKind, Areas<f32>)> = FxHashMap::default();
        let mut scratch = Scratch::default();
        let mut described = 0;
        for passage in passages {
            let read = first_characters(&passage.text, weights.max_characters);
            if passage.area == Area::Body {
                described += read.chars().count();
            }
            let mut tokens = Vec::new();
            analyzer.for_each_token(read, &mut scratch, |token| tokens.push(token.to_token()));
            let words = analyzer.words_read(&scratch);
            for token in tokens {
                let (start, end) = (token.start as usize, token.end as usize);
                let word = words.get(words.partition_point(|word| word.end <= start));
                let within = word.is_some_and(|word| word.start <= start && end <= word.end);
                let crosses = token.kind == TokenKind::Bigram && !within;
                let (_, areas) = counts.entry(token.text).or_insert((token.kind, Areas::default()));
                areas[passage.area] += if crosses { weights.crossing } else { 1.0 };
            }
        }
        let subject =
            Areas { body: weights.subject.body * weights.dilution.factor(described), ..weights.subject };
        let weigh = |(text, (kind, areas)): (String, (TokenKind, Areas<f32>))| {
            let sum: f32 = Area::ALL.iter().map(|&area| subject[area] * (1.0 + areas[area]).log2()).sum();
            let weight = sum * weights.kinds.of(kind);
            WeightedTerm { text, kind, weight, meaning: weight }
        };
        let mut terms: Vec<_> = counts.into_iter().map(weigh).filter(|term| term.weight > 0.0).collect();
        let by_weight = |a: &WeightedTerm, b: &WeightedTerm| {
            b.weight.total_cmp(&a.weight).then_with(|| a.text.cmp(&b.text))
        };
        // An expert with many achievements has tens of thousands of terms; asking how rare each is would take longest of all.
        terms.sort_unstable_by(by_weight);
        terms.truncate(weights.max_terms.saturating_mul(ASKED_PER_USED));
        for term in &mut terms {
            let Rarity { peers, prose } = rarity(&term.text);
            term.meaning *= peers;
            term.weight *= peers * prose;
        }
        terms.retain(|term| term.weight > 0.0);
        terms.sort_unstable_by(by_weight);
        terms.truncate(weights.max_terms);
        Self { terms, meaning: None }
    }
}

/// The beginning of a text.
pub(crate) fn first_characters(text: &str, limit: usize) -> &str {
    text.char_indices().nth(limit).map_or(text, |(at, _)| &text[..at])
}
