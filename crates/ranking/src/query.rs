//! What the asking side asks: its texts turned into weighted terms.

use std::cmp::Reverse;
use std::sync::Arc;

use domain::{Area, Passage};
use text::{Analyzer, Lexicon, Scratch, TokenKind, WordRef};
use vectors::Direction;

use crate::grounds::{Grounds, Place};
use crate::{Areas, Rarity, Weights};

/// For each term that is used, so many of the weightiest are asked how rare they are.
const ASKED_PER_USED: usize = 4;

/// Terms that most needs do not exceed: room for them is made at once.
const USUAL_TERMS: usize = 512;

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
    /// Its number in [`Query::peers`], if it stands there.
    pub number: Option<u32>,
}

/// The asking side of a match.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Query {
    /// Distinct terms, weightiest first, ties by text.
    pub terms: Vec<WeightedTerm>,
    /// A record is proposed only if it holds, in one area, all terms of one of these: a word that says something, or a synonym class. Places in
    /// `terms`, ascending; characters alone are no ground.
    pub grounds: Vec<Vec<u32>>,
    /// What the whole asks for, where an embedding model reads it, or where it is known already what the term vectors of those who are asked make of the terms.
    pub meaning: Option<Direction>,
    /// The terms of the asking side's registry by whose numbers the query's go. What others know of these can be looked up beforehand, once for all who ask.
    pub peers: Option<Arc<Lexicon>>,
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
        let mut said = Said::new();
        passages.iter().for_each(|passage| said.read(analyzer, passage, weights));
        let Said { terms: said, counts, described, grounds, .. } = said;
        let subject =
            Areas { body: weights.subject.body * weights.dilution.factor(described), ..weights.subject };
        let weigh = |(&(kind, areas), number): (&(TokenKind, Areas<f32>), u32)| {
            let sum: f32 = Area::ALL.iter().map(|&area| subject[area] * times(areas[area])).sum();
            let weight = sum * weights.kinds.of(kind);
            Weighed { said: number, kind, weight, meaning: weight, number: None }
        };
        let mut terms: Vec<Weighed> =
            counts.iter().zip(0..).map(weigh).filter(|term| term.weight > 0.0).collect();
        // An expert with many achievements has tens of thousands of terms; asking how rare each is would take longest of all.
        keep_weightiest(&mut terms, weights.max_terms.saturating_mul(ASKED_PER_USED), &said);
        let told = rarities(&terms.iter().map(|term| said.term(term.said)).collect::<Vec<_>>());
        for (term, Rarity { peers, prose, number }) in terms.iter_mut().zip(told) {
            term.meaning *= peers;
            term.weight *= peers * prose;
            term.number = number;
        }
        terms.retain(|term| term.weight > 0.0);
        keep_weightiest(&mut terms, weights.max_terms, &said);
        sort(&mut terms, &said);
        let mut places = vec![None; counts.len()];
        terms.iter().zip(0..).for_each(|(term, place)| places[term.said as usize] = Some(place));
        let grounds = grounds.at(|number| places[number as usize]);
        let named = |term: Weighed| {
            let Weighed { said: place, kind, weight, meaning, number } = term;
            WeightedTerm { text: said.term(place).to_owned(), kind, weight, meaning, number }
        };
        Self { terms: terms.into_iter().map(named).collect(), grounds, ..Self::default() }
    }
}

/// A [`WeightedTerm`] by its place among the terms that were read.
struct Weighed {
    said: u32,
    kind: TokenKind,
    weight: f32,
    meaning: f32,
    number: Option<u32>,
}

/// log₂(1 + occurrences).
fn times(occurrences: f32) -> f32 {
    if occurrences == 0.0 { 0.0 } else { (1.0 + occurrences).log2() }
}

/// Keeps so many, in no order unless there were more.
fn keep_weightiest(terms: &mut Vec<Weighed>, most: usize, said: &Lexicon) {
    if terms.len() > most {
        sort(terms, said);
        terms.truncate(most);
    }
}

/// Weightiest first, ties by text. Weights are above 0.
fn sort(terms: &mut [Weighed], said: &Lexicon) {
    // The first bytes of a text tell it from most others.
    let begin = |text: &str| {
        let mut first = [0; 8];
        let length = text.len().min(first.len());
        first[..length].copy_from_slice(&text.as_bytes()[..length]);
        u64::from_be_bytes(first)
    };
    terms.sort_by_cached_key(|term| {
        let text = said.term(term.said);
        // Bits of numbers above 0 are in the order of the numbers.
        (Reverse(term.weight.to_bits()), begin(text), text)
    });
}

/// What the texts of the asking side say.
struct Said {
    terms: Lexicon,
    /// By number: how often the term occurs in each area.
    counts: Vec<(TokenKind, Areas<f32>)>,
    /// Characters of descriptions.
    described: usize,
    grounds: Grounds,
    scratch: Scratch,
    places: Vec<Place>,
}

impl Said {
    fn new() -> Self {
        Self {
            terms: Lexicon::with_room(USUAL_TERMS),
            counts: Vec::with_capacity(USUAL_TERMS),
            described: 0,
            grounds: Grounds::default(),
            scratch: Scratch::default(),
            places: Vec::new(),
        }
    }

    fn read(&mut self, analyzer: &Analyzer, passage: &Passage, weights: &Weights) {
        let Self { terms, counts, described, grounds, scratch, places } = self;
        let read = first_characters(&passage.text, weights.max_characters);
        if passage.area == Area::Body {
            *described += read.chars().count();
        }
        places.clear();
        // A Chinese character takes three bytes, and begins two terms.
        places.reserve(read.len());
        analyzer.for_each_token(read, scratch, |token| {
            let (number, is_new) = terms.take(token.text);
            if is_new {
                counts.push((token.kind, Areas::default()));
                if token.kind == TokenKind::Synonym {
                    grounds.class(number, token.text.trim_start_matches('≈'));
                }
            }
            let (start, end) = (token.start as usize, token.end as usize);
            places.push(Place { number, kind: token.kind, start, end });
        });
        let mut words: Vec<WordRef<'_>> = Vec::new();
        analyzer.for_each_word(scratch, |word| words.push(word));
        let mut next = words.iter().peekable();
        for Place { number, kind, start, end } in &*places {
            while next.next_if(|word| word.end <= *start).is_some() {}
            let within = next.peek().is_some_and(|word| word.start <= *start && *end <= word.end);
            let crosses = *kind == TokenKind::Bigram && !within;
            counts[*number as usize].1[passage.area] += if crosses { weights.crossing } else { 1.0 };
        }
        grounds.read(&words, places);
    }
}

/// The beginning of a text.
pub(crate) fn first_characters(text: &str, limit: usize) -> &str {
    text.char_indices().nth(limit).map_or(text, |(at, _)| &text[..at])
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use text::Dictionaries;

    use super::*;

    #[test]
    fn terms_come_weightiest_first_ties_by_text_and_the_lightest_are_left_out() {
        let analyzer = Analyzer::new(&Dictionaries::builtin()).unwrap();
        let text = "锂离子电池极片激光切割，激光切割毛刺，PVDF粘结剂，PVDF-HFP01与PVDF-HFP02共聚物，电池极片毛刺检测";
        let passage = Passage { area: Area::Title, field: "title", label: "", text: text.to_owned() };
        let query = |most: usize| {
            let weights = Weights { max_terms: most, ..Weights::default() };
            let unknown = |terms: &[&str]| vec![Rarity::UNKNOWN; terms.len()];
            Query::new(&analyzer, std::slice::from_ref(&passage), &weights, unknown)
        };
        let all = query(500).terms;
        let in_order = |a: &WeightedTerm, b: &WeightedTerm| {
            a.weight > b.weight || (a.weight == b.weight && a.text < b.text)
        };
        assert!(all.len() > 30 && all.is_sorted_by(in_order), "{all:?}");
        let long = |term: &&WeightedTerm| term.text.starts_with("pvdf-hfp0");
        assert_eq!(all.iter().filter(long).count(), 2, "the same in what is compared first");
        for most in [0, 1, 5, 20] {
            let query = query(most);
            assert_eq!(query.terms, all[..most]);
            assert!(query.grounds.iter().flatten().all(|place| (*place as usize) < most));
        }
    }
}
