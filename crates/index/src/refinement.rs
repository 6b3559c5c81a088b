//! Second stage of matching: the best by their words, looked at more closely. Each single piece of evidence is scored by itself, and the meaning of
//! each text is held against that of the asking side.

use domain::Area;
use ranking::{Areas, Corpus, Query, Texts, WeightedTerm, Weights};
use tantivy::DocId;
use tantivy::columnar::Column;
use vectors::Direction;

use crate::meaning::Meaning;
use crate::pieces::{mark, pieces};
use crate::retrieval::Found;
use crate::snapshot::{Segment, View};
use crate::tally::{Asked, Tally};
use crate::{Candidate, IndexError};

/// What is asked of each document.
pub(crate) struct Refinement<'a> {
    view: &'a View,
    weights: &'a Weights,
    /// By mark.
    terms: Asked,
    /// Weight · idf in evidence of each term.
    factors: Vec<f32>,
    /// Mean number of terms in a piece.
    piece_length: f32,
    /// What is asked for, and who reads it; `None` when it says nothing, or meaning does not count.
    asked: Option<(Meaning<'a>, Direction)>,
    pub(crate) rate: f32,
}

impl<'a> Refinement<'a> {
    pub(crate) fn new(view: &'a View, query: &Query, corpus: &Corpus, weights: &'a Weights) -> Self {
        let terms = &query.terms;
        let factor = |(at, term): (usize, &WeightedTerm)| term.weight * corpus.idf(at, Area::Evidence);
        let meaning = view.meaning().filter(|_| weights.meaning.weight > 0.0);
        let asked = meaning.and_then(|meaning| Some((meaning, meaning.direction(query)?)));
        let trust = meaning.map_or(0.0, Meaning::trust);
        let spread = corpus.spread(query, &weights.candidate);
        Self {
            view,
            weights,
            terms: Asked::new(terms.iter().map(|term| mark(&term.text)).zip(0..)),
            factors: terms.iter().enumerate().map(factor).collect(),
            piece_length: corpus.piece_length,
            asked,
            rate: Texts::rate(weights, spread, trust),
        }
    }

    /// The `limit` best of `found`, best first, ties by number.
    pub(crate) fn refine(&self, found: Vec<Found>, limit: usize) -> Result<Vec<Candidate>, IndexError> {
        let mut buffers = self.buffers();
        let refined = |found: Found| {
            let segment = &self.view.segments[found.order];
            let mut areas = found.areas;
            self.refine_evidence(segment, found.doc, &mut areas, &mut buffers);
            let likeness = self.likeness_of(segment, found.doc, &mut buffers);
            let texts = Texts { areas, likeness, rate: self.rate };
            (texts.total(self.weights), texts, found)
        };
        let mut refined: Vec<(f32, Texts, Found)> = found.into_iter().map(refined).collect();
        refined.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.2.number.cmp(&b.2.number)));
        refined.truncate(limit);
        let candidate = |(score, texts, found): (f32, Texts, Found)| {
            let segment: &Segment = &self.view.segments[found.order];
            Ok(Candidate { number: found.number, score, texts, attributes: segment.attributes(found.doc)? })
        };
        refined.into_iter().map(candidate).collect()
    }

    pub(crate) fn buffers(&self) -> Buffers {
        Buffers::new(&self.factors)
    }

    /// Puts what a document's pieces of evidence come to in place of what they do as one text.
    pub(crate) fn refine_evidence(
        &self,
        segment: &Segment,
        doc: DocId,
        areas: &mut Areas<f32>,
        buffers: &mut Buffers,
    ) {
        if let Some(column) = &segment.pieces {
            areas.evidence = self.evidence(column, doc, buffers);
        }
    }

    /// How alike a document's meaning is to what is asked for.
    pub(crate) fn likeness_of(&self, segment: &Segment, doc: DocId, buffers: &mut Buffers) -> f32 {
        match (&self.asked, &segment.vectors) {
            (Some(asked), Some(column)) => self.likeness(asked, column, doc, buffers),
            _ => 0.0,
        }
    }

    /// The document's pieces of evidence, each scored by itself, put together.
    fn evidence(&self, column: &Column<u64>, doc: DocId, buffers: &mut Buffers) -> f32 {
        let (model, b) = (&self.weights.candidate, self.weights.pieces.b);
        let average = self.piece_length;
        let Buffers { words, marks, tally, values } = buffers;
        values.clear();
        for (terms, rows) in pieces(column, doc) {
            words.resize(rows.len(), 0);
            column.values.get_range(u64::from(rows.start), words);
            marks.clear();
            marks.extend(words.iter().flat_map(|&word| [word as u32, (word >> 32) as u32]));
            marks.truncate(terms as usize);
            let norm = model.norm(b, terms, average);
            let saturation = |frequency| model.saturation(frequency, norm);
            values.push(tally.score(marks.iter().copied(), &self.terms, &self.factors, saturation));
        }
        self.weights.pieces.together(values)
    }

    /// How alike the meanings of the document's passages are to what is asked for, put together.
    fn likeness(
        &self,
        (meaning, direction): &(Meaning<'_>, Direction),
        column: &Column<u64>,
        doc: DocId,
        buffers: &mut Buffers,
    ) -> f32 {
        let rows = column.index.value_row_ids(doc);
        buffers.words.resize(rows.len(), 0);
        column.values.get_range(u64::from(rows.start), &mut buffers.words);
        let passages = buffers.words.chunks_exact(direction.words());
        buffers.values.clear();
        buffers.values.extend(passages.map(|words| meaning.likeness(direction.likeness(words))));
        self.weights.pieces.together(&mut buffers.values)
    }
}

/// Reused from document to document.
pub(crate) struct Buffers {
    words: Vec<u64>,
    marks: Vec<u32>,
    tally: Tally,
    values: Vec<f32>,
}

impl Buffers {
    fn new(terms: &[f32]) -> Self {
        let tally = Tally::new(terms.len());
        Self { words: Vec::new(), marks: Vec::new(), tally, values: Vec::new() }
    }
}
