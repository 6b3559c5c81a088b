//! Scoring a term at a time over tantivy's postings, decoded in blocks.

use std::sync::Arc;

use ranking::TextModel;
use tantivy::fieldnorm::FieldNormReader;
use tantivy::postings::{BlockSegmentPostings, TermInfo};
use tantivy::schema::{Field, IndexRecordOption};
use tantivy::{InvertedIndexReader, TERMINATED};

use crate::IndexError;
use crate::snapshot::Segment;

/// One text field over all segments of a view.
pub(crate) struct TextField<'a> {
    segments: &'a [Segment],
    indexes: Vec<Arc<InvertedIndexReader>>,
    place: usize,
}

/// Where a term stands in each segment.
pub(crate) struct Found {
    infos: Vec<Option<TermInfo>>,
    /// Live documents that hold the term.
    pub(crate) live: u64,
}

/// Frequencies up to this one are looked up; they are nearly all.
const TABULATED: usize = 4;

/// BM25's saturation for each of tantivy's 256 length codes.
pub(crate) struct Saturation<'a> {
    model: &'a TextModel,
    norms: [f32; 256],
    /// For frequencies from 1.
    table: [[f32; 256]; TABULATED],
}

impl<'a> Saturation<'a> {
    /// `norm` is the length part of the denominator for a length in terms.
    pub(crate) fn new(model: &'a TextModel, norm: impl Fn(u32) -> f32) -> Self {
        let norms = std::array::from_fn(|code| norm(FieldNormReader::id_to_fieldnorm(code as u8)));
        let row = |at: usize| norms.map(|norm| model.saturation(at as u32 + 1, norm));
        Self { model, norms, table: std::array::from_fn(row) }
    }

    #[inline]
    fn of(&self, frequency: u32, code: u8) -> f32 {
        match self.table.get(frequency.wrapping_sub(1) as usize) {
            Some(row) => row[usize::from(code)],
            None => self.model.saturation(frequency, self.norms[usize::from(code)]),
        }
    }
}

impl<'a> TextField<'a> {
    pub(crate) fn new(segments: &'a [Segment], field: Field, place: usize) -> Result<Self, IndexError> {
        let indexes = segments.iter().map(|segment| segment.reader.inverted_index(field));
        Ok(Self { segments, indexes: indexes.collect::<Result<_, _>>()?, place })
    }

    /// Looks a term up and counts the live documents that hold it.
    pub(crate) fn find(&self, term: &str) -> Result<Found, IndexError> {
        let mut infos = Vec::with_capacity(self.segments.len());
        let mut live = 0;
        for (segment, index) in self.segments.iter().zip(&self.indexes) {
            let info = index.terms().get(term)?;
            if let Some(info) = &info {
                live += live_frequency(segment, index, info)?;
            }
            infos.push(info);
        }
        Ok(Found { infos, live })
    }

    /// Adds `factor` · saturation to the score of every document that holds the term, deleted ones too. `scores` has a place
    /// for every document of the view.
    pub(crate) fn accumulate(
        &self,
        found: &Found,
        saturation: &Saturation<'_>,
        factor: f32,
        scores: &mut [f32],
    ) -> Result<(), IndexError> {
        for ((segment, index), info) in self.segments.iter().zip(&self.indexes).zip(&found.infos) {
            let Some(info) = info else { continue };
            let mut blocks = index.read_block_postings_from_terminfo(info, IndexRecordOption::WithFreqs)?;
            let lengths = segment.lengths[self.place].as_slice();
            let scores = &mut scores[segment.base..segment.base + lengths.len()];
            for_each_block(&mut blocks, |blocks| {
                for (&doc, &frequency) in blocks.docs().iter().zip(blocks.freqs()) {
                    let doc = doc as usize;
                    scores[doc] += factor * saturation.of(frequency, lengths[doc]);
                }
            });
        }
        Ok(())
    }
}

/// tantivy counts deleted documents until a merge; they are left out here, so that merging changes no score.
fn live_frequency(
    segment: &Segment,
    index: &InvertedIndexReader,
    info: &TermInfo,
) -> Result<u64, IndexError> {
    let Some(alive) = segment.reader.alive_bitset() else { return Ok(u64::from(info.doc_freq)) };
    let mut blocks = index.read_block_postings_from_terminfo(info, IndexRecordOption::Basic)?;
    let mut live = 0;
    for_each_block(&mut blocks, |blocks| {
        live += blocks.docs().iter().filter(|&&doc| alive.is_alive(doc)).count() as u64;
    });
    Ok(live)
}

fn for_each_block(blocks: &mut BlockSegmentPostings, mut f: impl FnMut(&BlockSegmentPostings)) {
    while !blocks.docs().is_empty() {
        debug_assert!(blocks.docs().iter().all(|&doc| doc != TERMINATED));
        f(blocks);
        blocks.advance();
    }
}
