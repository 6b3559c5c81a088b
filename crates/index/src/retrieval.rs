//! First stage of matching: every document of a registry scored by its words, exactly. The best go on to the second (`refinement.rs`).

use std::cell::RefCell;
use std::cmp::Reverse;

use domain::{Area, Attributes};
use ranking::{AreaStatistics, Areas, Query, TextModel, Texts, Weights};
use tantivy::DocId;

use crate::IndexError;
use crate::postings::Saturation;
use crate::refinement::Refinement;
use crate::snapshot::{Segment, View};
use crate::top::Top;

/// Which documents may be candidates. Statistics are always those of the whole registry.
#[derive(Debug, Clone, Copy, Default)]
pub struct Scope<'a> {
    /// Only open records.
    pub open_only: bool,
    /// Only these numbers, ascending.
    pub among: Option<&'a [u64]>,
}

/// A document that shares terms with the query.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// The record's number.
    pub number: u64,
    /// What its texts come to: [`Texts::total`].
    pub score: f32,
    /// The score of each area, and how alike the meanings are.
    pub texts: Texts,
    /// Terms in each area as the score sees them: the index keeps lengths above 40 approximately, rounded down.
    pub lengths: Areas<u32>,
    /// As the document was given them.
    pub attributes: Attributes,
}

/// The best candidates and the statistics that their scores rest on.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Retrieved {
    /// Best first, ties by number; all scores above 0.
    pub candidates: Vec<Candidate>,
    /// The registry's live documents.
    pub statistics: Areas<AreaStatistics>,
    /// Mean number of terms in a single piece of evidence.
    pub piece_length: f32,
    /// For each query term, the live documents that hold it, by area.
    pub frequencies: Vec<Areas<u64>>,
}

thread_local! {
    /// Reused from query to query: allocating and faulting in megabytes costs more than scoring.
    static SCORES: RefCell<[Vec<f32>; 4]> = const { RefCell::new([const { Vec::new() }; 4]) };
}

/// Order of candidates: best score first, then smaller number. Scores are positive, so their bits order them.
type Rank = (Reverse<u32>, u64);

/// A document of the first stage: where it stands, and the score of each area.
pub(crate) struct Found {
    pub(crate) number: u64,
    /// Of the segment.
    pub(crate) order: usize,
    pub(crate) doc: DocId,
    pub(crate) areas: Areas<f32>,
}

pub(crate) fn retrieve(
    view: &View,
    query: &Query,
    weights: &Weights,
    scope: &Scope<'_>,
    limit: usize,
) -> Result<Retrieved, IndexError> {
    let (model, terms) = (&weights.candidate, &query.terms);
    let counted = view.statistics();
    let statistics =
        Areas { title: counted[0], keywords: counted[1], body: counted[2], evidence: counted[3] };
    let mut frequencies = vec![Areas::default(); terms.len()];
    SCORES.with_borrow_mut(|scores| {
        for ((place, area), scores) in Area::ALL.into_iter().enumerate().zip(scores.iter_mut()) {
            scores.clear();
            scores.resize(view.places(), 0.0);
            let AreaStatistics { documents, average_length } = statistics[area];
            // Only experts have evidence: no record here has a text of this kind.
            let Some(field) = view.text_field(place)?.filter(|_| average_length > 0.0) else { continue };
            let saturation = Saturation::new(model, |length| model.length_norm(area, length, average_length));
            for (term, frequencies) in terms.iter().zip(&mut frequencies) {
                let found = field.find(&term.text)?;
                frequencies[area] = found.live;
                let factor = term.weight * ranking::idf(found.live, documents);
                field.accumulate(&found, &saturation, factor, scores)?;
            }
        }
        let (found, spread) = select(view, scores, model, scope, limit.max(weights.meaning.candidates));
        let refinement = Refinement::new(view, query, &frequencies, weights, spread);
        let candidates = refinement.refine(found, limit)?;
        Ok(Retrieved { candidates, statistics, piece_length: view.piece_length(), frequencies })
    })
}

/// The best by their words, in no particular order, and how much the scores of all live documents spread.
fn select(
    view: &View,
    scores: &[Vec<f32>; 4],
    model: &TextModel,
    scope: &Scope<'_>,
    limit: usize,
) -> (Vec<Found>, f32) {
    let weights = Area::ALL.map(|area| model.areas[area].weight);
    let [title, keywords, body, evidence] = scores;
    let mut spread = Spread::default();
    let mut top: Top<(Rank, usize, usize)> = Top::new(limit);
    for (order, segment) in view.segments.iter().enumerate() {
        let range = segment.base..segment.base + segment.numbers.len();
        let rows = title[range.clone()].iter().zip(&keywords[range.clone()]);
        let rows = rows.zip(&body[range.clone()]).zip(&evidence[range]);
        for (doc, (((title, keywords), body), evidence)) in rows.enumerate() {
            let score =
                weights[0] * title + weights[1] * keywords + weights[2] * body + weights[3] * evidence;
            if score <= 0.0 {
                continue;
            }
            if segment.is_live(doc as DocId) {
                spread.add(score);
            }
            let number = segment.numbers[doc];
            let item = ((Reverse(score.to_bits()), number), order, doc);
            if top.admits(&item) && scope.holds(segment, doc, number) {
                top.offer(item);
            }
        }
    }
    let found = |((_, number), order, doc): (Rank, usize, usize)| {
        let segment: &Segment = &view.segments[order];
        let at = |place: usize| scores[place][segment.base + doc];
        let areas = Areas { title: at(0), keywords: at(1), body: at(2), evidence: at(3) };
        Found { number, order, doc: doc as DocId, areas }
    };
    let documents = view.statistics()[0].documents;
    (top.into_sorted().into_iter().map(found).collect(), spread.deviation(documents))
}

/// Adds up scores as whole numbers: the sums do not depend on the order of the documents.
#[derive(Default)]
struct Spread {
    sum: u64,
    squares: u128,
}

impl Spread {
    /// Parts of a score of 1 that are told apart.
    const PARTS: f32 = 4096.0;

    #[inline]
    fn add(&mut self, score: f32) {
        let parts = (score * Self::PARTS) as u64;
        self.sum += parts;
        self.squares += u128::from(parts) * u128::from(parts);
    }

    /// The standard deviation over `documents`, of which those that were not added have 0.
    fn deviation(&self, documents: u64) -> f32 {
        if documents == 0 {
            return 0.0;
        }
        let mean = self.sum as f64 / documents as f64;
        let variance = self.squares as f64 / documents as f64 - mean * mean;
        (variance.max(0.0).sqrt() / f64::from(Self::PARTS)) as f32
    }
}

impl Scope<'_> {
    fn holds(&self, segment: &Segment, doc: usize, number: u64) -> bool {
        let doc = doc as DocId;
        let live = if self.open_only { segment.is_open(doc) } else { segment.is_live(doc) };
        live && self.among.is_none_or(|among| among.binary_search(&number).is_ok())
    }
}
