//! What the asking side asks: its texts turned into weighted terms.

use domain::{Area, Passage};
use rustc_hash::FxHashMap;
use text::{Analyzer, Scratch, TokenKind};
use vectors::Direction;

use crate::grounds::{Grounds, Place};
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
    /// A record is proposed only if it holds, in one area, all terms of one of these: a word that says something, or a synonym class. Places in
    /// `terms`, ascending; characters alone are no ground.
    pub grounds: Vec<Vec<u32>>,
    /// What the whole asks for, where an embedding model reads it; term vectors read the terms.
    pub meaning: Option<Direction>,
}

impl Query {
    /// Weighs the terms of `passages`: Σ over areas of subject weight · log₂(1 + occurrences), times the weight of the term's kind (an
    /// occurrence across two words may count less), times its rarity, of which `rarities` tells for many terms at once. The area of descriptions counts less the longer they are ([`crate::Dilution`]).
    pub fn new(
        analyzer: &Analyzer,
        passages: &[Passage],
        weights: &Weights,
        rarities: impl FnOnce(&[&str]) -> Vec<Rarity>,
    ) -> Self {
        let mut said = Said::default();
        passages.iter().for_each(|passage| said.read(analyzer, passage, weights));
        let Said { numbers, counts, described, grounds, .. } = said;
        let subject =
            Areas { body: weights.subject.body * weights.dilution.factor(described), ..weights.subject };
        let weigh = |(text, number): (String, u32)| {
            let (kind, areas) = counts[number as usize];
            let sum: f32 = Area::ALL.iter().map(|&area| subject[area] * (1.0 + areas[area]).log2()).sum();
            let weight = sum * weights.kinds.of(kind);
            (WeightedTerm { text, kind, weight, meaning: weight }, number)
        };
        let mut terms: Vec<_> =
            numbers.into_iter().map(weigh).filter(|(term, _)| term.weight > 0.0).collect();
        let by_weight = |(a, _): &(WeightedTerm, u32), (b, _): &(WeightedTerm, u32)| {
            b.weight.total_cmp(&a.weight).then_with(|| a.text.cmp(&b.text))
        };
        // An expert with many achievements has tens of thousands of terms; asking how rare each is would take longest of all.
        terms.sort_unstable_by(by_weight);
        terms.truncate(weights.max_terms.saturating_mul(ASKED_PER_USED));
        let told = rarities(&terms.iter().map(|(term, _)| &*term.text).collect::<Vec<_>>());
        for ((term, _), Rarity { peers, prose }) in terms.iter_mut().zip(told) {
            term.meaning *= peers;
            term.weight *= peers * prose;
        }
        terms.retain(|(term, _)| term.weight > 0.0);
        terms.sort_unstable_by(by_weight);
        terms.truncate(weights.max_terms);
        let mut places = vec![None; counts.len()];
        terms.iter().zip(0..).for_each(|((_, number), place)| places[*number as usize] = Some(place));
        let grounds = grounds.at(|number| places[number as usize]);
        Self { terms: terms.into_iter().map(|(term, _)| term).collect(), grounds, meaning: None }
    }
}

/// What the texts of the asking side say.
#[derive(Default)]
struct Said {
    numbers: FxHashMap<String, u32>,
    /// By number: how often the term occurs in each area.
    counts: Vec<(TokenKind, Areas<f32>)>,
    /// Characters of descriptions.
    described: usize,
    grounds: Grounds,
    scratch: Scratch,
}

impl Said {
    fn read(&mut self, analyzer: &Analyzer, passage: &Passage, weights: &Weights) {
        let Self { numbers, counts, described, grounds, scratch } = self;
        let read = first_characters(&passage.text, weights.max_characters);
        if passage.area == Area::Body {
            *described += read.chars().count();
        }
        let mut places: Vec<Place> = Vec::new();
        analyzer.for_each_token(read, scratch, |token| {
            let number = match numbers.get(token.text) {
                Some(&number) => number,
                None => {
                    let number = counts.len() as u32;
                    numbers.insert(token.text.to_owned(), number);
                    counts.push((token.kind, Areas::default()));
                    if token.kind == TokenKind::Synonym {
                        grounds.class(number, token.text.trim_start_matches('≈'));
                    }
                    number
                }
            };
            let (start, end) = (token.start as usize, token.end as usize);
            places.push(Place { number, kind: token.kind, start, end });
        });
        let words = analyzer.words_read(scratch);
        for Place { number, kind, start, end } in &places {
            let word = words.get(words.partition_point(|word| word.end <= *start));
            let within = word.is_some_and(|word| word.start <= *start && *end <= word.end);
            let crosses = *kind == TokenKind::Bigram && !within;
            counts[*number as usize].1[passage.area] += if crosses { weights.crossing } else { 1.0 };
        }
        grounds.read(&words, &places);
    }
}

/// The beginning of a text.
pub(crate) fn first_characters(text: &str, limit: usize) -> &str {
    text.char_indices().nth(limit).map_or(text, |(at, _)| &text[..at])
}
