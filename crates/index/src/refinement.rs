//! Second stage of matching: the best by their words, looked at more closely. Each single piece of evidence is scored by itself, and the meaning of
//! each text is held against that of the asking side.

use domain::Area;
use ranking::{Areas, Query, Texts, WeightedTerm, Weights};
use rustc_hash::FxHashMap;
use tantivy::DocId;
use tantivy::columnar::Column;
use tantivy::fieldnorm::FieldNormReader;
use vectors::Direction;

use crate::meaning::Meaning;
use crate::pieces::{mark, pieces};
use crate::retrieval::Found;
use crate::snapshot::{Segment, View};
use crate::{Candidate, IndexError};

/// What is asked of each document.
pub(crate) struct Refinement<'a> {
    view: &'a View,
    weights: &'a Weights,
    /// Where terms stand in a piece: by mark, the term's number.
    terms: FxHashMap<u32, u32>,
    /// The lowest bits of the marks there are: most terms of a document are none of the query's.
    some: Box<[bool; SOME]>,
    /// Weight · idf in evidence of each term.
    factors: Vec<f32>,
    /// What is asked for, and who reads it; `None` when it says nothing, or meaning does not count.
    asked: Option<(Meaning<'a>, Direction)>,
    rate: f32,
}

const SOME: usize = 1 << 12;

impl<'a> Refinement<'a> {
    /// `spread` is the standard deviation of the first stage's scores over the registry.
    pub(crate) fn new(
        view: &'a View,
        query: &Query,
        frequencies: &[Areas<u64>],
        weights: &'a Weights,
        spread: f32,
    ) -> Self {
        let terms = &query.terms;
        let documents = view.statistics()[0].documents;
        let factor = |(term, frequencies): (&WeightedTerm, &Areas<u64>)| {
            term.weight * ranking::idf(frequencies[Area::Evidence], documents)
        };
        let mut some = Box::new([false; SOME]);
        let marks: FxHashMap<u32, u32> = terms.iter().map(|term| mark(&term.text)).zip(0..).collect();
        marks.keys().for_each(|mark| some[*mark as usize % SOME] = true);
        let meaning = view.generation.as_ref().map(|generation| generation.meaning());
        let meaning = meaning.filter(|_| weights.meaning.weight > 0.0);
        let asked = meaning.and_then(|meaning| Some((meaning, meaning.direction(query)?)));
        let trust = meaning.map_or(0.0, Meaning::trust);
        Self {
            view,
            weights,
            terms: marks,
            some,
            factors: terms.iter().zip(frequencies).map(factor).collect(),
            asked,
            rate: Texts::rate(weights, spread, trust),
        }
    }

    /// The `limit` best of `found`, best first, ties by number.
    pub(crate) fn refine(&self, found: Vec<Found>, limit: usize) -> Result<Vec<Candidate>, IndexError> {
        let mut buffers = Buffers::new(&self.factors);
        let refined = |found: Found| {
            let segment = &self.view.segments[found.order];
            let mut areas = found.areas;
            if let Some(column) = &segment.pieces
                && areas.evidence > 0.0
            {
                areas.evidence = self.evidence(column, found.doc, &mut buffers);
            }
            let likeness = match (&self.asked, &segment.vectors) {
                (Some(asked), Some(column)) => self.likeness(asked, column, found.doc, &mut buffers),
                _ => 0.0,
            };
            let texts = Texts { areas, likeness, rate: self.rate };
            (texts.total(self.weights), texts, found)
        };
        let mut refined: Vec<(f32, Texts, Found)> = found.into_iter().map(refined).collect();
        refined.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.2.number.cmp(&b.2.number)));
        refined.truncate(limit);
        let candidate = |(score, texts, found): (f32, Texts, Found)| {
            let segment: &Segment = &self.view.segments[found.order];
            let length =
                |place: usize| FieldNormReader::id_to_fieldnorm(segment.lengths[place][found.doc as usize]);
            Ok(Candidate {
                number: found.number,
                score,
                texts,
                lengths: Areas {
                    title: length(0),
                    keywords: length(1),
                    body: length(2),
                    evidence: length(3),
                },
                attributes: segment.attributes(found.doc)?,
            })
        };
        refined.into_iter().map(candidate).collect()
    }

    /// The document's pieces of evidence, each scored by itself, put together.
    fn evidence(&self, column: &Column<u64>, doc: DocId, buffers: &mut Buffers) -> f32 {
        let (model, b) = (&self.weights.candidate, self.weights.pieces.b);
        let average = self.view.piece_length();
        let Buffers { words, counts, met, values } = buffers;
        values.clear();
        for (terms, rows) in pieces(column, doc) {
            words.resize(rows.len(), 0);
            column.values.get_range(u64::from(rows.start), words);
            for (at, mark) in words.iter().flat_map(|&word| [word as u32, (word >> 32) as u32]).enumerate() {
                if self.some[mark as usize % SOME]
                    && at < terms as usize
                    && let Some(&term) = self.terms.get(&mark)
                {
                    if counts[term as usize] == 0 {
                        met.push(term);
                    }
                    counts[term as usize] += 1;
                }
            }
            let norm = model.norm(b, terms, average);
            // In the order of the query, as every sum of scores.
            met.sort_unstable();
            let score = |term: u32| {
                let frequency = std::mem::take(&mut counts[term as usize]);
                self.factors[term as usize] * model.saturation(frequency, norm)
            };
            values.push(met.drain(..).map(score).sum());
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
struct Buffers {
    words: Vec<u64>,
    /// How often each term stands in the piece at hand; zeros between pieces.
    counts: Vec<u32>,
    /// The terms that stand there.
    met: Vec<u32>,
    values: Vec<f32>,
}

impl Buffers {
    fn new(terms: &[f32]) -> Self {
        Self { words: Vec::new(), counts: vec![0; terms.len()], met: Vec::new(), values: Vec::new() }
    }
}
