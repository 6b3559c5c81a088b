//! The best for a single asker, read from the index's files: whom a [`crate::Resident`] would propose, to the last bit, without taking the registry
//! into memory. Where few ask, that is far less work.
//!
//! Every document is scored by its own words exactly, and by a bound for what its evidence may come to; then the most promising are looked at closely
//! (`refinement.rs`), until no other can come among the best.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use domain::Area;
use jiff::civil::Date;
use ranking::{
    Areas, Corpus, FEATURES, Pieces, TextModel, Texts, Weights, exclusions, nearness, total, total_at_most,
};
use tantivy::DocId;

use crate::grounds::Grounded;
use crate::pieces::mark;
use crate::postings::{Found, Saturation, TextField, for_each_term};
use crate::refinement::{Buffers, Refinement};
use crate::resident::{ROUNDING, most_alike};
use crate::retrieval::with_scores;
use crate::snapshot::View;
use crate::{Asker, Candidate, IndexError, Wanted};

/// Where evidence stands among the fields.
const EVIDENCE: usize = 3;
/// Beyond so many occurrences a piece is taken to be worth as much as with any number.
const MOST_OCCURRENCES: u32 = 64;

/// The marks by which pieces of evidence know their terms: of each term that stands in some evidence, ascending.
pub struct Marks(Vec<u32>);

impl Marks {
    pub(crate) fn read(view: &View) -> Result<Self, IndexError> {
        let mut marks = Vec::new();
        let fields: Vec<TextField<'_>> = view.text_field(EVIDENCE)?.into_iter().collect();
        for_each_term(&fields, |term, _| {
            marks.push(mark(term));
            Ok(())
        })?;
        marks.sort_unstable();
        Ok(Self(marks))
    }

    /// How many terms have this mark.
    fn holders(&self, mark: u32) -> usize {
        let from = self.0.partition_point(|other| *other < mark);
        self.0[from..].iter().take_while(|other| **other == mark).count()
    }
}

/// One asker and what it knows of a registry.
pub(crate) struct Single<'a> {
    view: &'a View,
    asker: Asker<'a>,
    corpus: &'a Corpus,
    weights: &'a Weights,
    date: Date,
    ideal: f32,
    refinement: Refinement<'a>,
}

/// A document that may come among the best, by what it may come to at most; greater is better.
#[derive(PartialEq)]
struct Promise {
    text: f32,
    order: u32,
    doc: DocId,
}

impl Eq for Promise {}

impl Ord for Promise {
    fn cmp(&self, other: &Self) -> Ordering {
        self.text.total_cmp(&other.text).then_with(|| (other.order, other.doc).cmp(&(self.order, self.doc)))
    }
}

impl PartialOrd for Promise {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// The best so far, best first, ties by number.
struct Best {
    wanted: Wanted,
    found: Vec<(f64, Candidate)>,
}

impl Best {
    /// The least total that still matters.
    fn least(&self) -> f64 {
        let worst = self.found.last().filter(|_| self.found.len() >= self.wanted.keep);
        worst.map_or(self.wanted.floor, |(total, _)| total.max(self.wanted.floor))
    }

    fn offer(&mut self, total: f64, candidate: Candidate) {
        if total < self.wanted.floor {
            return;
        }
        let before = |(other, found): &(f64, Candidate)| {
            other.total_cmp(&total).is_gt() || (*other == total && found.number < candidate.number)
        };
        let at = self.found.partition_point(before);
        self.found.insert(at, (total, candidate));
        self.found.truncate(self.wanted.keep);
    }
}

impl<'a> Single<'a> {
    pub(crate) fn new(
        view: &'a View,
        asker: Asker<'a>,
        corpus: &'a Corpus,
        weights: &'a Weights,
        date: Date,
    ) -> Self {
        let refinement = Refinement::new(view, asker.query, corpus, weights);
        Self { view, asker, corpus, weights, date, ideal: corpus.ideal(asker.query), refinement }
    }

    pub(crate) fn best(&self, marks: &Marks, wanted: Wanted) -> Result<Vec<Candidate>, IndexError> {
        if wanted.keep == 0 {
            return Ok(Vec::new());
        }
        let mut grounded = Grounded::new(self.view.places());
        with_scores(self.view, |scores| {
            for (place, field) in self.view.area_fields()?.iter().enumerate() {
                self.score(place, field, marks, &mut scores[place], &mut grounded)?;
            }
            let mut promises = self.promises(scores, &grounded, wanted.floor);
            let mut best = Best { wanted, found: Vec::with_capacity(wanted.keep + 1) };
            let mut buffers = self.refinement.buffers();
            while let Some(promise) = promises.pop() {
                if !self.matters(f64::from(promise.text), &NEAREST, best.least()) {
                    break;
                }
                if let Some((total, candidate)) = self.judge(&promise, scores, best.least(), &mut buffers)? {
                    best.offer(total, candidate);
                }
            }
            Ok(best.found.into_iter().map(|(_, candidate)| candidate).collect())
        })
    }

    /// What the query's terms come to in one area, of evidence a bound; and who holds a ground there.
    fn score(
        &self,
        place: usize,
        field: &TextField<'_>,
        marks: &Marks,
        scores: &mut [f32],
        grounded: &mut Grounded,
    ) -> Result<(), IndexError> {
        let (area, query, model) = (Area::ALL[place], self.asker.query, &self.weights.candidate);
        let found = query.terms.iter().map(|term| field.locate(&term.text));
        let found = found.collect::<Result<Vec<Found>, _>>()?;
        let average = self.corpus.statistics[area].average_length;
        let saturation = Saturation::new(model, |length| model.length_norm(area, length, average));
        let bound = most_of_pieces(model, &self.weights.pieces);
        for (at, (term, found)) in query.terms.iter().zip(&found).enumerate() {
            let factor = term.weight * self.corpus.idf(at, area);
            if place != EVIDENCE {
                field.accumulate(found, |count, code| saturation.of(count, code), factor, scores)?;
                continue;
            }
            field.accumulate(found, |count, _| bound(count), factor, scores)?;
            // The evidence of a term with the same mark counts as this one's.
            let mark = mark(&term.text);
            if marks.holders(mark) > usize::from(found.stands_somewhere()) {
                for other in others(field, mark, &term.text)? {
                    let other = field.locate(&other)?;
                    field.accumulate(&other, |count, _| bound(count), factor, scores)?;
                }
            }
        }
        grounded.mark(query, field, &found)
    }

    /// Who may be proposed and come to the floor, by what they may come to at most.
    fn promises(&self, scores: &[Vec<f32>; 4], grounded: &Grounded, floor: f64) -> BinaryHeap<Promise> {
        let weights = Area::ALL.map(|area| self.weights.candidate.areas[area].weight);
        let pieces = &self.weights.pieces;
        let alike = self.refinement.rate * most_alike(pieces, pieces.most);
        let mut promises = Vec::new();
        for (order, segment) in self.view.segments.iter().enumerate() {
            for doc in 0..segment.numbers.len() {
                let at = segment.base + doc;
                let words: f32 = weights.iter().zip(scores).map(|(weight, scores)| weight * scores[at]).sum();
                if words <= 0.0 || !grounded.holds(at) || !segment.is_open(doc as DocId) {
                    continue;
                }
                let text = (words + alike) * (1.0 + ROUNDING as f32);
                if floor <= 0.0 || self.matters(f64::from(text), &NEAREST, floor) {
                    promises.push(Promise { text, order: order as u32, doc: doc as DocId });
                }
            }
        }
        promises.into()
    }

    /// Whether a text score may come to a total, of somebody so near.
    fn matters(&self, text: f64, near: &[(f32, f32); FEATURES], least: f64) -> bool {
        total_at_most(text, self.ideal, near, self.weights) >= least
    }

    /// Looks at a document closely, as far as it may come to the least that matters.
    fn judge(
        &self,
        promise: &Promise,
        scores: &[Vec<f32>; 4],
        least: f64,
        buffers: &mut Buffers,
    ) -> Result<Option<(f64, Candidate)>, IndexError> {
        let Self { view, asker, weights, refinement, .. } = self;
        let (segment, doc) = (&view.segments[promise.order as usize], promise.doc);
        let likeness = refinement.likeness_of(segment, doc, buffers);
        let over = most_alike(&weights.pieces, weights.pieces.most) - likeness;
        let text = f64::from(promise.text) - f64::from(refinement.rate) * f64::from(over);
        if !self.matters(text, &NEAREST, least) {
            return Ok(None);
        }
        let attributes = segment.attributes(doc)?;
        if !exclusions(Some(asker.attributes), &attributes, self.date).is_empty() {
            return Ok(None);
        }
        let near = nearness(asker.attributes, &attributes, &weights.features);
        if !self.matters(text, &near, least) {
            return Ok(None);
        }
        let at = segment.base + doc as usize;
        let mut areas =
            Areas { title: scores[0][at], keywords: scores[1][at], body: scores[2][at], evidence: 0.0 };
        refinement.refine_evidence(segment, doc, &mut areas, buffers);
        let words = Texts { areas, ..Texts::default() }.total(weights);
        let texts = Texts { areas, likeness, rate: refinement.rate };
        let found = || {
            let number = segment.numbers[doc as usize];
            let candidate = Candidate { number, score: texts.total(weights), texts, attributes };
            (total(&texts, self.ideal, &near, weights), candidate)
        };
        Ok((words > 0.0).then(found))
    }
}

/// As near as can be: nothing is nearer than in every feature.
const NEAREST: [(f32, f32); FEATURES] = [(1.0, 0.0); FEATURES];

/// The terms of a field that have a mark, but for one.
fn others(field: &TextField<'_>, wanted: u32, but: &str) -> Result<Vec<String>, IndexError> {
    let mut others = Vec::new();
    for_each_term(std::slice::from_ref(field), |term, _| {
        if mark(term) == wanted && term != but {
            others.push(term.to_owned());
        }
        Ok(())
    })?;
    Ok(others)
}

/// The most that so many occurrences of a term can add to what pieces of evidence come to, for a term that weighs 1, however they lie in pieces of whatever
/// length: by Minkowski's inequality pieces together are no more than their terms together, and among n occurrences no more than n pieces share what each
/// may be worth at most.
fn most_of_pieces(model: &TextModel, pieces: &Pieces) -> impl Fn(u32) -> f32 + use<> {
    let power = pieces.power;
    // No piece is shorter than nothing.
    let norm = model.k1 * (1.0 - pieces.b).min(1.0);
    let share = |count: u32| model.saturation(count, norm) / (count as f32).powf(1.0 / power);
    let beyond = (model.k1 + 1.0) / (MOST_OCCURRENCES as f32).powf(1.0 / power);
    let each = (1..=MOST_OCCURRENCES).map(share).fold(beyond, f32::max);
    let table: [f32; 16] = std::array::from_fn(|count| each * (count as f32).powf(1.0 / power));
    move |count| match table.get(count as usize) {
        Some(&most) => most,
        None => each * (count as f32).powf(1.0 / power),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_pieces_come_to_more_than_their_bound(counts in prop::collection::vec((1_u32..40, 0_u32..60), 1..12)) {
            let weights = Weights::default();
            let (model, pieces) = (&weights.candidate, &weights.pieces);
            let worth = |&(count, others): &(u32, u32)| {
                model.saturation(count, model.norm(pieces.b, count + others, 20.0))
            };
            let mut values: Vec<f32> = counts.iter().map(worth).collect();
            let all = counts.iter().map(|(count, _)| count).sum();
            let bound = most_of_pieces(model, pieces)(all) * (1.0 + ROUNDING as f32);
            prop_assert!(pieces.together(&mut values) <= bound);
        }
    }
}
