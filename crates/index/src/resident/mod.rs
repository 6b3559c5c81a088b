//! A registry held in memory for a night, under one epoch's statistics: who is proposed to a need is found in a fraction of the time that reading the
//! index takes, and is the same to the last bit.
//!
//! [`sweep`] leads the way: it knows for each term and document the most that the term can add, of all areas together, and shows the judge (`judge.rs`)
//! only documents that may still come among the best. The judge scores them as the second stage does (`refinement.rs`), from arrays that hold what the
//! index's columns hold. `building.rs` makes the arrays, `leading.rs` the sweeps;
//! `nearness.rs` and `holding.rs` are what the judge asks beside.

mod building;
mod few;
mod holding;
mod judge;
mod leading;
mod nearness;
mod numbers;
mod reach;
mod runs;

use domain::Attributes;
use jiff::civil::Date;
use ranking::{Corpus, Query, Weights};
use rustc_hash::FxHashMap;
use sweep::{Effort, Sweep};
use text::Lexicon;

use crate::facing::Facing;
use crate::meaning::Meaning;
use crate::postings::Saturation;
use crate::snapshot::View;
use crate::{IndexError, Snapshot, Statistics};
use building::Texts;
use judge::Judging;
use leading::Impacts;
use nearness::{Kinds, Known};
use numbers::Numbers;

pub use reach::{Ask, Few, Heard, Reached};

pub(crate) use judge::ROUNDING;
pub(crate) use leading::most_alike;

/// Areas whose terms are counted as a whole: all but evidence.
const OWN: usize = 3;

/// A registry in memory.
pub struct Resident {
    /// Keeps the generation, which knows who reads meaning.
    snapshot: Snapshot,
    statistics: Statistics,
    weights: Weights,
    /// Of each document, ascending, so that ties go to the smaller number.
    numbers: Vec<u64>,
    attributes: Vec<Attributes>,
    kinds: Kinds,
    terms: Lexicon,
    /// The numbers of the terms of those who ask.
    asked: Option<Facing<Numbers>>,
    /// By a mark of pieces: the term that stands for all terms with this mark.
    marked: FxHashMap<u32, u32>,
    /// Terms that share their mark with another one, and who holds them in evidence.
    confusable: FxHashMap<u32, Vec<u32>>,
    texts: Texts,
    /// What occurrences come to in title, keywords and body.
    saturations: [Saturation; OWN],
    sweep: Sweep,
}

/// From the end before to the own one.
fn range(ends: &[u32], at: usize) -> std::ops::Range<usize> {
    let start = at.checked_sub(1).map_or(0, |before| ends[before] as usize);
    start..ends[at] as usize
}

/// The asking side.
#[derive(Clone, Copy)]
pub struct Asker<'a> {
    /// What its texts ask for.
    pub query: &'a Query,
    /// What is compared beside the texts.
    pub attributes: &'a Attributes,
}

/// What a registry is asked.
#[derive(Clone, Copy)]
pub struct Question<'a> {
    /// Who asks.
    pub asker: Asker<'a>,
    /// What the registry knows of the query's terms: [`Resident::corpus`].
    pub corpus: &'a Corpus,
}

/// So many are asked together: what is known of all of them stays in a processor's second cache, or hardly beyond.
const TOGETHER: usize = 64;

/// How many of the best are wanted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Wanted {
    /// So many at most.
    pub keep: usize,
    /// With such a total at least; the less there is to find above it, the less is looked at.
    pub floor: f64,
}

impl Wanted {
    /// The best, whatever they score.
    pub const fn best(keep: usize) -> Self {
        Self { keep, floor: 0.0 }
    }
}

/// One of the best.
#[derive(Debug, Clone, PartialEq)]
pub struct Best<'a> {
    /// The record's number.
    pub number: u64,
    /// What its texts come to.
    pub texts: ranking::Texts,
    /// As the document was given them.
    pub attributes: &'a Attributes,
}

/// What a [`Resident`] holds of texts, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Memory {
    /// What leads the way.
    pub sweep: usize,
    /// Terms of title, keywords and body.
    pub own: usize,
    /// Terms of evidence.
    pub pieces: usize,
    /// Vectors of passages.
    pub vectors: usize,
}

/// Buffers of a thread, used again from need to need.
#[derive(Default)]
pub struct Scratch {
    sweep: sweep::Scratch,
    known: Vec<Known>,
    /// Documents that were scored since the beginning.
    pub judged: u64,
}

impl Scratch {
    /// What it cost to find whom to score.
    pub fn effort(&self) -> Effort {
        self.sweep.effort()
    }
}

impl Resident {
    /// Takes in all documents that may be proposed to anybody on the day.
    ///
    /// # Errors
    /// [`IndexError::Stale`] when there is no index to answer by; [`IndexError::TooLarge`]; or when it cannot be read.
    pub fn new(
        snapshot: &Snapshot,
        statistics: &Statistics,
        weights: &Weights,
        date: Date,
    ) -> Result<Self, IndexError> {
        Self::taken_in(snapshot, statistics, weights, date, None)
    }

    /// Takes in those of these numbers (ascending) that may be proposed to anybody on the day, and nobody else.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn of(
        snapshot: &Snapshot,
        statistics: &Statistics,
        weights: &Weights,
        date: Date,
        numbers: &[u64],
    ) -> Result<Self, IndexError> {
        Self::taken_in(snapshot, statistics, weights, date, Some(numbers))
    }

    fn taken_in(
        snapshot: &Snapshot,
        statistics: &Statistics,
        weights: &Weights,
        date: Date,
        among: Option<&[u64]>,
    ) -> Result<Self, IndexError> {
        let lead = |impacts: &Impacts<'_>| Ok((impacts.sweep()?, ()));
        let build = |view: &View| building::build(snapshot, view, statistics, weights, date, among, lead);
        Ok(snapshot.0.answer(build)?.0)
    }

    /// What the registry knew of a query's terms.
    pub fn corpus(&self, query: &Query) -> Corpus {
        self.statistics.corpus(query)
    }

    /// Who reads meaning, where it counts.
    fn meaning(&self) -> Option<Meaning<'_>> {
        self.snapshot.0.meaning().filter(|_| self.weights.meaning.weight > 0.0)
    }

    fn place(&self, number: u64) -> Option<u32> {
        self.numbers.binary_search(&number).ok().map(|place| place as u32)
    }

    /// The best of those that may be proposed, by their totals, ties by number. `corpus` must be [`Self::corpus`] of the query.
    ///
    /// # Errors
    /// [`IndexError::TooLarge`] when the query has more terms than can be told apart.
    pub fn best(
        &self,
        asker: Asker<'_>,
        corpus: &Corpus,
        wanted: Wanted,
        scratch: &mut Scratch,
    ) -> Result<Vec<Best<'_>>, IndexError> {
        let best = self.best_of_each(&[Question { asker, corpus }], wanted, scratch)?.pop();
        Ok(best.unwrap_or_default())
    }

    /// [`Self::best`] for each of these, in less time than one after the other.
    ///
    /// # Errors
    /// As [`Self::best`], when one of the queries is such.
    pub fn best_of_each(
        &self,
        questions: &[Question<'_>],
        wanted: Wanted,
        scratch: &mut Scratch,
    ) -> Result<Vec<Vec<Best<'_>>>, IndexError> {
        let mut best = Vec::with_capacity(questions.len());
        for together in questions.chunks(TOGETHER) {
            let mut judging = Vec::with_capacity(together.len());
            for &Question { asker, corpus } in together {
                judging.push(Judging::new(self, asker, corpus, scratch.known.pop().unwrap_or_default()));
            }
            let found = judge::lead(&mut judging, &self.sweep, wanted, &mut scratch.sweep)?;
            for (judging, found) in judging.into_iter().zip(found) {
                let (told, known) = judging.told();
                scratch.known.push(known);
                scratch.judged += told.len() as u64;
                best.push(self.told(found, &told));
            }
        }
        Ok(best)
    }

    /// `told` is what the texts of each of those come to who were scored, by rising number.
    fn told(&self, found: Vec<(f64, u32)>, told: &[(u32, ranking::Texts)]) -> Vec<Best<'_>> {
        let best = |(_, document): (f64, u32)| Best {
            number: self.numbers[document as usize],
            texts: told[told.partition_point(|(scored, _)| *scored < document)].1,
            attributes: &self.attributes[document as usize],
        };
        found.into_iter().map(best).collect()
    }

    /// What it holds, in bytes.
    pub fn memory(&self) -> Memory {
        let texts = &self.texts;
        Memory {
            sweep: self.sweep.memory().total() as usize,
            own: texts.own.memory(),
            pieces: texts.piece_terms.memory(),
            vectors: size_of_val(&*texts.vectors),
        }
    }

    /// Documents that may be proposed.
    pub fn len(&self) -> usize {
        self.numbers.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.numbers.is_empty()
    }
}
