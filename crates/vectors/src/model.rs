//! The term vectors themselves, and the vector of a text.

use std::sync::{Arc, LazyLock};

use text::{Analyzer, Lexicon, Scratch};

use crate::file::identity_of;
use crate::likeness::{Direction, Packed};
use crate::sum::weighted_sum;
use crate::terms::has_vector;

/// A vector for each of many terms. Eight-bit numbers: a rounded row turns a text's direction by less than a degree.
#[derive(Clone, PartialEq)]
pub struct TermVectors {
    pub(crate) dimensions: usize,
    /// Blocks of dimensions; likeness is the mean of the blocks'.
    pub(crate) blocks: usize,
    pub(crate) terms: Lexicon,
    /// Per term: how rare it is among the texts that it was learned from (the idf of BM25).
    pub(crate) rarities: Vec<f32>,
    /// Per term: what one of its row's numbers stands for.
    pub(crate) scales: Vec<f32>,
    /// The terms' rows, end to end.
    pub(crate) rows: Vec<i8>,
    /// How far they are trusted, above 0 to 1.
    pub(crate) trust: f32,
    pub(crate) identity: String,
}

impl std::fmt::Debug for TermVectors {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "TermVectors({} terms, {} dimensions)", self.len(), self.dimensions)
    }
}

/// The vectors that come with the program, learned from papers; `examples/papers.rs` learns them.
const PAPERS: &[u8] = include_bytes!("../../../data/vectors/papers.bin");

static BUILTIN: LazyLock<Arc<TermVectors>> =
    LazyLock::new(|| Arc::new(TermVectors::from_bytes(PAPERS).expect("a test reads the built-in vectors")));

/// Buffers for the vectors of texts, one after the other.
#[derive(Debug, Default)]
pub struct Buffers {
    scratch: Scratch,
    terms: Vec<u32>,
}

impl TermVectors {
    /// Those that come with the program.
    #[must_use]
    pub fn builtin() -> Arc<Self> {
        BUILTIN.clone()
    }

    /// Rounds each term's row of `rows`; `block` dimensions in each of the `blocks`.
    pub(crate) fn new(
        block: usize,
        blocks: usize,
        terms: &[&str],
        rarities: Vec<f32>,
        rows: &[f32],
        trust: f32,
    ) -> Self {
        let dimensions = block * blocks;
        let mut scales = Vec::with_capacity(terms.len());
        let mut rounded = Vec::with_capacity(rows.len());
        for row in rows.chunks_exact(dimensions) {
            let most = row.iter().fold(0.0_f32, |most, value| most.max(value.abs()));
            let scale = if most > 0.0 { most / f32::from(i8::MAX) } else { 1.0 };
            scales.push(scale);
            rounded.extend(row.iter().map(|value| (value / scale).round() as i8));
        }
        let mut numbered = Lexicon::default();
        terms.iter().for_each(|term| numbered.push(term));
        numbered.finish();
        let (terms, identity) = (numbered, String::new());
        let made = Self { dimensions, terms, rarities, scales, rows: rounded, trust, identity, blocks };
        let identity = identity_of(&made.to_bytes());
        Self { identity, ..made }
    }

    /// A term's row as it was learned.
    pub(crate) fn row(&self, term: &str) -> Option<impl Iterator<Item = f32>> {
        self.terms.find(term).map(|number| self.numbered(number))
    }

    fn numbered(&self, number: u32) -> impl Iterator<Item = f32> {
        let scale = self.scales[number as usize];
        self.rows[number as usize * self.dimensions..][..self.dimensions]
            .iter()
            .map(move |&value| scale * f32::from(value))
    }

    pub(crate) fn rarity(&self, term: &str) -> Option<f32> {
        self.terms.find(term).map(|number| self.rarities[number as usize])
    }

    /// Every term by name, with its rarity.
    pub(crate) fn rarities(&self) -> impl Iterator<Item = (&str, f32)> {
        self.sorted().into_iter().map(|(term, number)| (term, self.rarities[number as usize]))
    }

    /// Terms by name with their numbers.
    pub(crate) fn sorted(&self) -> Vec<(&str, u32)> {
        let mut terms: Vec<(&str, u32)> = self.terms.iter().zip(0..).collect();
        terms.sort_unstable();
        terms
    }

    /// The median length of the rows.
    pub(crate) fn usual_length(&self) -> f32 {
        let mut lengths: Vec<f32> = (0..self.len() as u32)
            .map(|n| self.numbered(n).map(|value| value * value).sum::<f32>().sqrt())
            .collect();
        lengths.sort_unstable_by(f32::total_cmp);
        lengths.get(lengths.len() / 2).copied().unwrap_or(1.0)
    }

    /// Numbers in a vector; a multiple of eight.
    pub fn dimensions(&self) -> usize {
        self.dimensions
    }

    /// Number of terms.
    pub fn len(&self) -> usize {
        self.scales.len()
    }

    /// Whether there is no term.
    pub fn is_empty(&self) -> bool {
        self.scales.is_empty()
    }

    /// How far their likeness is to be trusted, above 0 to 1: less where little was learned from the texts that they are used for.
    pub fn trust(&self) -> f32 {
        self.trust
    }

    /// What tells these vectors from any others: sixteen hexadecimal digits.
    pub fn identity(&self) -> &str {
        &self.identity
    }

    /// Whether the term has a vector.
    pub fn knows(&self, term: &str) -> bool {
        self.number(term).is_some()
    }

    /// The number of a term that has a vector.
    pub fn number(&self, term: &str) -> Option<u32> {
        self.terms.find(term)
    }

    /// As [`Self::number`], of many terms in less time.
    pub fn numbers<'t>(&self, terms: impl Iterator<Item = &'t str> + Clone) -> Vec<Option<u32>> {
        self.terms.find_each(terms)
    }

    /// The direction of Σ weight · rarity · vector over the terms; `None` when none of them has a vector.
    pub fn direction<'t>(&self, terms: impl Iterator<Item = (&'t str, f32)> + Clone) -> Option<Direction> {
        let numbers = self.numbers(terms.clone().map(|(term, _)| term));
        let weighed = numbers.into_iter().zip(terms);
        self.direction_by_number(weighed.filter_map(|(number, (_, weight))| Some((number?, weight))))
    }

    /// As [`Self::direction`], of terms by their [`Self::number`].
    pub fn direction_by_number(&self, terms: impl Iterator<Item = (u32, f32)>) -> Option<Direction> {
        Direction::new(&self.sum(terms), self.blocks)
    }

    /// The vector of a text, read as [`crate::learn`] has read its texts: each term counts log₂(1 + occurrences) · rarity. `None` when no
    /// term of it has a vector.
    pub fn embed(&self, analyzer: &Analyzer, text: &str, buffers: &mut Buffers) -> Option<Packed> {
        Packed::new(&self.sum_of(analyzer, text, buffers), self.blocks)
    }

    /// As [`Self::embed`], to compare others with.
    pub fn direction_of(&self, analyzer: &Analyzer, text: &str, buffers: &mut Buffers) -> Option<Direction> {
        Direction::new(&self.sum_of(analyzer, text, buffers), self.blocks)
    }

    fn sum_of(&self, analyzer: &Analyzer, text: &str, buffers: &mut Buffers) -> Vec<f32> {
        let Buffers { scratch, terms } = buffers;
        terms.clear();
        analyzer.for_each_gram(text, scratch, |token| {
            if has_vector(token.kind) {
                terms.extend(self.number(token.text));
            }
        });
        self.sum_of_terms(terms)
    }

    /// As [`Self::embed`], of a text whose terms have these numbers, each as often as it stands there.
    pub fn embed_terms(&self, terms: &mut [u32]) -> Option<Packed> {
        Packed::new(&self.sum_of_terms(terms), self.blocks)
    }

    /// Terms are ordered by number: the same terms give the same sum to the last bit.
    fn sum_of_terms(&self, terms: &mut [u32]) -> Vec<f32> {
        terms.sort_unstable();
        let weighed = terms.chunk_by(|a, b| a == b).map(|same| {
            // Most stand in a text once, and the logarithm of two is exact.
            let weight = if same.len() == 1 { 1.0 } else { (1.0 + same.len() as f32).log2() };
            (same[0], weight)
        });
        self.sum(weighed)
    }

    /// Σ weight · rarity · vector.
    fn sum(&self, terms: impl Iterator<Item = (u32, f32)>) -> Vec<f32> {
        let factor = |(number, weight): (u32, f32)| {
            let place = number as usize;
            (number, weight * self.rarities[place] * self.scales[place])
        };
        let terms: Vec<(u32, f32)> = terms.map(factor).collect();
        weighted_sum(&self.rows, self.dimensions, &terms)
    }
}
