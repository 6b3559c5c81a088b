//! First stage of matching: every document of a registry scored by its words, exactly. The best go on to the second (`refinement.rs`).

use std::cell::RefCell;
use std::cmp::Reverse;

use domain::{Area, Attributes};
use ranking::{Areas, Corpus, Query, TextModel, Texts, Weights};
use tantivy::DocId;

use crate::grounds::Grounded;
use crate::postings::{Found as Postings, Saturation, TextField};
use crate::refinement::Refinement;
use crate::snapshot::{Segment, View};
use crate::statistics::at_least_one;
use crate::top::Top;
use crate::{IndexError, Statistics};

/// Which documents may be candidates, and what scores count with. Statistics are always those of the whole registry.
#[derive(Debug, Clone, Copy, Default)]
pub struct Scope<'a> {
    /// Those of an earlier moment, in place of the present ones.
    pub frozen: Option<&'a Statistics>,
    /// Only open records.
    pub open_only: bool,
    /// Only those that hold a ground to be proposed ([`Query::grounds`]).
    pub grounded: bool,
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
    /// As the document was given them.
    pub attributes: Attributes,
}

/// The best candidates and the statistics that their scores rest on.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Retrieved {
    /// Best first, ties by number; all scores above 0.
    pub candidates: Vec<Candidate>,
    /// What the scores count with.
    pub corpus: Corpus,
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

/// A score of 0 in each area for every document of a view.
pub(crate) fn with_scores<T>(
    view: &View,
    work: impl FnOnce(&mut [Vec<f32>; 4]) -> Result<T, IndexError>,
) -> Result<T, IndexError> {
    SCORES.with_borrow_mut(|scores| {
        for scores in scores.iter_mut() {
            scores.clear();
            scores.resize(view.places(), 0.0);
        }
        work(scores)
    })
}

pub(crate) fn retrieve(
    view: &View,
    query: &Query,
    weights: &Weights,
    scope: &Scope<'_>,
    limit: usize,
) -> Result<Retrieved, IndexError> {
    let model = &weights.candidate;
    let mut fields = Vec::with_capacity(Area::ALL.len());
    for field in view.area_fields()? {
        let found = query.terms.iter().map(|term| field.find(&term.text));
        let found = found.collect::<Result<Vec<Postings>, _>>()?;
        fields.push((field, found));
    }
    let corpus = corpus(view, query, scope.frozen, &fields);
    let mut grounded = scope.grounded.then(|| Grounded::new(view.places()));
    with_scores(view, |scores| {
        for ((area, (field, found)), scores) in Area::ALL.into_iter().zip(&fields).zip(scores.iter_mut()) {
            let average_length = corpus.statistics[area].average_length;
            let saturation = Saturation::new(model, |length| model.length_norm(area, length, average_length));
            for (at, (term, found)) in query.terms.iter().zip(found).enumerate() {
                let factor = term.weight * corpus.idf(at, area);
                field.accumulate(found, |frequency, code| saturation.of(frequency, code), factor, scores)?;
            }
            if let Some(grounded) = &mut grounded {
                grounded.mark(query, field, found)?;
            }
        }
        let admits = |segment: &Segment, doc: usize, number: u64| {
            scope.holds(segment, doc, number)
                && grounded.as_ref().is_none_or(|grounded| grounded.holds(segment.base + doc))
        };
        let found = select(view, scores, model, limit.max(weights.meaning.candidates), admits);
        let candidates = Refinement::new(view, query, &corpus, weights).refine(found, limit)?;
        Ok(Retrieved { candidates, corpus })
    })
}

/// What the registry knows of the query's terms, which were found in these fields.
fn corpus(
    view: &View,
    query: &Query,
    frozen: Option<&Statistics>,
    fields: &[(TextField<'_>, Vec<Postings>)],
) -> Corpus {
    if let Some(statistics) = frozen {
        return statistics.corpus(query);
    }
    let [title, keywords, body, evidence, _] = *view.statistics();
    let live = |place: usize, at: usize| {
        at_least_one(fields.get(place).map_or(0, |(_, found): &(_, Vec<Postings>)| found[at].live))
    };
    let frequencies =
        |at| Areas { title: live(0, at), keywords: live(1, at), body: live(2, at), evidence: live(3, at) };
    let frequencies = (0..query.terms.len()).map(frequencies).collect();
    Corpus::new(Areas { title, keywords, body, evidence }, view.piece_length(), frequencies)
}

/// The best by their words, in no particular order.
fn select(
    view: &View,
    scores: &[Vec<f32>; 4],
    model: &TextModel,
    limit: usize,
    admits: impl Fn(&Segment, usize, u64) -> bool,
) -> Vec<Found> {
    let weights = Area::ALL.map(|area| model.areas[area].weight);
    let [title, keywords, body, evidence] = scores;
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
            let number = segment.numbers[doc];
            let item = ((Reverse(score.to_bits()), number), order, doc);
            if top.admits(&item) && admits(segment, doc, number) {
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
    top.into_sorted().into_iter().map(found).collect()
}

impl Scope<'_> {
    fn holds(&self, segment: &Segment, doc: usize, number: u64) -> bool {
        let doc = doc as DocId;
        let live = if self.open_only { segment.is_open(doc) } else { segment.is_live(doc) };
        live && self.among.is_none_or(|among| among.binary_search(&number).is_ok())
    }
}
