//! Scores single documents of a [`Resident`] exactly, as the second stage does, and leaves out whom it must.

use std::borrow::Cow;

use domain::{Area, Attributes};
use ranking::{Areas, Corpus, FEATURES, Query, Texts, total, total_at_most};
use sweep::{Judge, LINE, fetch};
use vectors::Direction;

use super::holding::Holding;
use super::leading::most_alike;
use super::nearness::{Known, Nearness};
use super::numbers::Numbers;
use super::{Asker, Resident, Wanted, range};
use crate::IndexError;
use crate::meaning::Meaning;
use crate::tally::{Asked, Tally};

/// Sums of some hundred single-precision numbers are off by less than this, relatively.
pub(crate) const ROUNDING: f64 = 1e-4;

/// What is asked of each document.
pub(super) struct Judging<'a> {
    resident: &'a Resident,
    /// The query as the sweep takes it; nothing where single documents are asked for.
    plan: Vec<(u32, f32)>,
    near: Nearness<'a>,
    ideal: f32,
    /// By the terms' own numbers; and by those that stand for their marks.
    own: Asked,
    marked: Asked,
    /// Of the query's terms, in its order.
    numbers: Vec<Numbers>,
    /// Weight · idf of each term.
    factors: Areas<Vec<f32>>,
    meaning: Option<(Meaning<'a>, Cow<'a, Direction>)>,
    rate: f32,
    tally: Tally,
    values: Vec<f32>,
    /// What the document at hand holds in an area.
    holding: Holding<'a>,
    /// What the texts of each document come to that was scored.
    told: Vec<(u32, Texts)>,
}

/// For each asker the best of all documents, which the sweep shows, best first.
pub(super) fn lead(
    askers: &mut [Judging<'_>],
    sweep: &sweep::Sweep,
    wanted: Wanted,
    scratch: &mut sweep::Scratch,
) -> Result<Vec<Vec<(f64, u32)>>, IndexError> {
    let Wanted { keep, floor } = wanted;
    let query = |judging: &Judging<'_>| sweep::Query::new(sweep, &judging.plan);
    let queries: Vec<sweep::Query> = askers.iter().map(query).collect::<Result<_, _>>()?;
    let led = |judging| {
        let judging: &mut Judging<'_> = judging;
        Led { near: judging.near.most(), judging, floor }
    };
    let mut led: Vec<Led<'_, '_>> = askers.iter_mut().map(led).collect();
    let mut asked: Vec<_> = queries.iter().zip(&mut led).collect();
    let found = sweep.top_of_each(&mut asked, keep, scratch).into_iter();
    Ok(found.map(|found| found.into_iter().map(|found| (found.score, found.document)).collect()).collect())
}

/// Sorts totals and documents, best first, and keeps so many.
pub(super) fn best_first(found: &mut Vec<(f64, u32)>, keep: usize) {
    found.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    found.truncate(keep);
}

/// What is asked, with everything looked up.
pub(super) struct Sought<'a> {
    pub(super) attributes: &'a Attributes,
    /// The numbers of each of the query's terms.
    pub(super) numbers: Vec<Numbers>,
    /// Weight · idf of each term.
    pub(super) factors: Areas<Vec<f32>>,
    pub(super) holding: Holding<'a>,
    /// Where it points.
    pub(super) direction: Option<Cow<'a, Direction>>,
    /// As [`Corpus::ideal`] has it.
    pub(super) ideal: f32,
    /// What one of likeness is worth.
    pub(super) rate: f32,
}

impl<'a> Judging<'a> {
    pub(super) fn new(resident: &'a Resident, asker: Asker<'a>, corpus: &Corpus, known: Known) -> Self {
        let Asker { query, attributes } = asker;
        let weights = &resident.weights;
        let (model, terms) = (&weights.candidate, &query.terms);
        let numbers = resident.numbers(query);
        let factor =
            |area| terms.iter().enumerate().map(|(at, term)| term.weight * corpus.idf(at, area)).collect();
        let meaning = resident.meaning();
        let trust = meaning.map_or(0.0, Meaning::trust);
        let vectors = numbers.iter().map(|numbers| numbers.vector);
        let sought = Sought {
            attributes,
            factors: Areas::from_fn(factor),
            holding: Holding::new(query.grounds.iter().map(Vec::as_slice), terms.len()),
            direction: meaning
                .and_then(|meaning| meaning.direction_by_number(query, vectors))
                .map(Cow::Owned),
            ideal: corpus.ideal(query),
            rate: Texts::rate(weights, corpus.spread(query, model), trust),
            numbers,
        };
        let judging = Self::of(resident, sought, known);
        Self { plan: judging.planned(query), ..judging }
    }

    /// Of somebody whose terms were looked up before.
    pub(super) fn of(resident: &'a Resident, sought: Sought<'a>, known: Known) -> Self {
        let Sought { attributes, numbers, factors, holding, direction, ideal, rate } = sought;
        let places = |number: fn(&Numbers) -> Option<u32>| {
            Asked::new(numbers.iter().zip(0..).filter_map(|(of, place)| Some((number(of)?, place))))
        };
        let (own, marked) = (places(|numbers| numbers.own), places(|numbers| numbers.stand_in));
        let meaning = resident.meaning().zip(direction);
        let features = &resident.weights.features;
        Self {
            resident,
            plan: Vec::new(),
            near: Nearness::new(&resident.kinds, &resident.attributes, attributes, features, known),
            ideal,
            own,
            marked,
            tally: Tally::new(numbers.len()),
            numbers,
            factors,
            rate: if meaning.is_some() { rate } else { 0.0 },
            meaning,
            values: Vec::new(),
            holding,
            told: Vec::new(),
        }
    }

    /// The query as the sweep takes it: each term by its number, and by the one that stands for its mark where that is another; likeness last.
    fn planned(&self, query: &Query) -> Vec<(u32, f32)> {
        let Self { resident, numbers, .. } = self;
        let mut plan = Vec::with_capacity(numbers.len() + 1);
        for (term, &Numbers { own, stand_in, .. }) in query.terms.iter().zip(numbers) {
            plan.extend(own.map(|own| (own, term.weight)));
            if let Some(other) = stand_in.filter(|_| own != stand_in) {
                // The evidence of another term counts as this one's, by this one's idf.
                let own = resident.statistics.frequencies(&term.text)[Area::Evidence];
                let others = resident.statistics.frequencies(resident.terms.term(other))[Area::Evidence];
                let documents = resident.statistics.documents();
                let ratio = ranking::idf(own, documents) / ranking::idf(others, documents);
                plan.push((other, term.weight * ratio.max(1.0)));
            }
        }
        plan.push((resident.terms.len() as u32, self.rate));
        plan
    }

    /// The best of these documents, of which it is known what their texts come to at most, best first.
    pub(super) fn each(
        &mut self,
        documents: impl Iterator<Item = (u32, f64)>,
        wanted: Wanted,
    ) -> Vec<(f64, u32)> {
        let scored = documents.filter_map(|(document, most)| {
            Some((self.total(document as usize, (most, wanted.floor))?, document))
        });
        let mut found: Vec<(f64, u32)> = scored.filter(|(total, _)| *total >= wanted.floor).collect();
        best_first(&mut found, wanted.keep);
        found
    }

    /// The total of a document that may be proposed, of which its texts and likeness can come to so much at most, where so little matters at least.
    fn total(&mut self, document: usize, (most, least): (f64, f64)) -> Option<f64> {
        let Self { resident, ideal, rate, .. } = *self;
        let weights = &resident.weights;
        if self.near.excludes(document) {
            return None;
        }
        let near = self.near.to(document);
        let matters = |text: f64| total_at_most(text, ideal, &near, weights) >= least;
        if !matters(most) {
            return None;
        }
        let likeness = self.likeness(document);
        let passages = range(&resident.texts.passages, document).len();
        let over = f64::from(most_alike(&weights.pieces, passages)) - f64::from(likeness);
        if !matters(most - f64::from(rate) * over) {
            return None;
        }
        let (areas, grounded) = self.areas(document);
        let words = Texts { areas, ..Texts::default() }.total(weights);
        let texts = Texts { areas, likeness, rate };
        self.told.push((document as u32, texts));
        (grounded && words > 0.0).then(|| total(&texts, ideal, &near, weights))
    }

    /// What the texts of each document come to that was scored, by rising number, and memory for the next question.
    pub(super) fn told(mut self) -> (Vec<(u32, Texts)>, Known) {
        self.told.sort_unstable_by_key(|(document, _)| *document);
        (self.told, self.near.into_known())
    }

    /// The score of each area, and whether one of them holds a ground.
    fn areas(&mut self, document: usize) -> (Areas<f32>, bool) {
        let resident = self.resident;
        let (texts, weights) = (&resident.texts, &resident.weights);
        let mut areas = Areas::default();
        let mut grounded = false;
        for (place, text) in texts.own.texts(document).into_iter().enumerate() {
            let area = Area::ALL[place];
            let saturation = |count| resident.saturations[place].of(count, text.length);
            areas[area] = self.tally.score(text.terms(), &self.own, &self.factors[area], saturation);
            self.tally.met().iter().for_each(|&term| self.holding.hold(term));
            grounded |= self.holding.has_ground();
        }
        let mut values = std::mem::take(&mut self.values);
        values.clear();
        for piece in range(&texts.pieces, document) {
            let run = texts.piece_terms.run(piece);
            let model = &weights.candidate;
            let norm = model.norm(weights.pieces.b, run.len() as u32, resident.statistics.piece_length());
            let factors = &self.factors[Area::Evidence];
            let saturation = |count| model.saturation(count, norm);
            values.push(self.tally.score(run.iter().copied(), &self.marked, factors, saturation));
            for &term in self.tally.met() {
                if grounded || self.stands(term as usize, document) {
                    self.holding.hold(term);
                }
            }
        }
        areas.evidence = weights.pieces.together(&mut values);
        self.values = values;
        grounded |= self.holding.has_ground();
        (areas, grounded)
    }

    /// Whether a document whose evidence holds the mark of a term holds the term itself.
    fn stands(&self, term: usize, document: usize) -> bool {
        self.numbers[term].own.is_some_and(|number| {
            let holders = self.resident.confusable.get(&number);
            holders.is_none_or(|holders| holders.binary_search(&(document as u32)).is_ok())
        })
    }

    fn likeness(&mut self, document: usize) -> f32 {
        let Some((meaning, direction)) = &self.meaning else { return 0.0 };
        let texts = &self.resident.texts;
        let passages = range(&texts.passages, document);
        let norms = &texts.norms[passages.clone()];
        let in_vector = direction.dimensions();
        let numbers = &texts.vectors[passages.start * in_vector..passages.end * in_vector];
        self.values.clear();
        let passages = numbers.chunks_exact(in_vector).zip(norms);
        let alike = passages.map(|(numbers, norm)| direction.likeness_to(numbers, *norm));
        self.values.extend(alike.map(|cosine| meaning.likeness(cosine)));
        self.resident.weights.pieces.together(&mut self.values)
    }

    /// Has fetched what is read of a document first.
    fn expect(&self, document: usize) {
        let texts = &self.resident.texts;
        self.near.expect(document);
        fetch(&texts.passages, document);
        texts.own.expect(document);
    }

    /// Has fetched what is read next, of a document that may reach `least` with what is known of it.
    fn expect_soon(&mut self, document: usize, text: f64, least: f64) {
        let Self { resident, ideal, .. } = *self;
        if total_at_most(text, ideal, &self.near.to(document), &resident.weights) < least {
            return;
        }
        let texts = &resident.texts;
        let passages = range(&texts.passages, document);
        fetch(&texts.norms, passages.start);
        if let Some((_, direction)) = &self.meaning {
            let in_vector = direction.dimensions();
            let numbers = passages.start * in_vector..passages.end * in_vector;
            numbers.step_by(LINE).for_each(|at| fetch(&texts.vectors, at));
        }
        texts.own.expect_record(document);
    }
}

/// Judges the documents that a sweep shows.
struct Led<'j, 'a> {
    judging: &'j mut Judging<'a>,
    /// Nobody is nearer to the asker.
    near: [(f32, f32); FEATURES],
    floor: f64,
}

impl Judge for Led<'_, '_> {
    fn expect(&mut self, document: u32) {
        self.judging.expect(document as usize);
    }

    fn expect_soon(&mut self, document: u32, sum: f64, least: f64) {
        self.judging.expect_soon(document as usize, sum * (1.0 + ROUNDING), least.max(self.floor));
    }

    fn ceiling(&self, sum: f64) -> f64 {
        let Judging { resident, ideal, .. } = *self.judging;
        total_at_most(sum * (1.0 + ROUNDING), ideal, &self.near, &resident.weights)
    }

    fn score(&mut self, document: u32, sum: f64, least: f64) -> Option<f64> {
        if self.ceiling(sum) < self.floor {
            return None;
        }
        let limit = (sum * (1.0 + ROUNDING), least.max(self.floor));
        self.judging.total(document as usize, limit).filter(|total| *total >= self.floor)
    }
}
