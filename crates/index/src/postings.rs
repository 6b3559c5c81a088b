//! Scoring a term at a time over tantivy's postings, decoded in blocks.

use std::sync::Arc;

use ranking::TextModel;
use tantivy::fieldnorm::FieldNormReader;
use tantivy::postings::{BlockSegmentPostings, TermInfo};
use tantivy::schema::{Field, IndexRecordOption};
use tantivy::{DocSet, InvertedIndexReader, TERMINATED};

use crate::IndexError;
use crate::snapshot::Segment;

/// One text field over all segments of a view, or over some of them.
pub(crate) struct TextField<'a> {
    segments: Vec<&'a Segment>,
    indexes: Vec<Arc<InvertedIndexReader>>,
    place: usize,
}

/// Where a term stands in each segment.
pub(crate) struct Found {
    infos: Vec<Option<TermInfo>>,
    /// Live documents that hold the term.
    pub(crate) live: u64,
}

impl Found {
    /// Whether some document holds the term, or did.
    pub(crate) fn stands_somewhere(&self) -> bool {
        self.infos.iter().any(Option::is_some)
    }
}

/// Frequencies up to this one are looked up; they are nearly all.
const TABULATED: usize = 4;

/// BM25's saturation for each of tantivy's 256 length codes.
pub(crate) struct Saturation {
    model: TextModel,
    norms: [f32; 256],
    /// For frequencies from 1.
    table: [[f32; 256]; TABULATED],
}

impl Saturation {
    /// `norm` is the length part of the denominator for a length in terms.
    pub(crate) fn new(model: &TextModel, norm: impl Fn(u32) -> f32) -> Self {
        let norms = std::array::from_fn(|code| norm(FieldNormReader::id_to_fieldnorm(code as u8)));
        let row = |at: usize| norms.map(|norm| model.saturation(at as u32 + 1, norm));
        Self { model: *model, norms, table: std::array::from_fn(row) }
    }

    #[inline]
    pub(crate) fn of(&self, frequency: u32, code: u8) -> f32 {
        match self.table.get(frequency.wrapping_sub(1) as usize) {
            Some(row) => row[usize::from(code)],
            None => self.model.saturation(frequency, self.norms[usize::from(code)]),
        }
    }
}

impl<'a> TextField<'a> {
    pub(crate) fn new(
        segments: impl IntoIterator<Item = &'a Segment>,
        field: Field,
        place: usize,
    ) -> Result<Self, IndexError> {
        let segments: Vec<&Segment> = segments.into_iter().collect();
        let indexes = segments.iter().map(|segment| segment.reader.inverted_index(field));
        let indexes = indexes.collect::<Result<_, _>>()?;
        Ok(Self { segments, indexes, place })
    }

    /// Looks a term up and counts the live documents that hold it.
    pub(crate) fn find(&self, term: &str) -> Result<Found, IndexError> {
        let mut found = self.locate(term)?;
        for ((segment, index), info) in self.segments.iter().zip(&self.indexes).zip(&found.infos) {
            if let Some(info) = info {
                found.live += live_frequency(segment, index, info)?;
            }
        }
        Ok(found)
    }

    /// Looks a term up and counts nobody.
    pub(crate) fn locate(&self, term: &str) -> Result<Found, IndexError> {
        let infos = self.indexes.iter().map(|index| index.terms().get(term));
        Ok(Found { infos: infos.collect::<Result<_, _>>()?, live: 0 })
    }

    /// Adds `factor` · saturation, told from frequency and length code, to the score of every document that holds the term, deleted ones too. `scores`
    /// has a place for every document of the view.
    pub(crate) fn accumulate(
        &self,
        found: &Found,
        saturation: impl Fn(u32, u8) -> f32,
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
                    scores[doc] += factor * saturation(frequency, lengths[doc]);
                }
            });
        }
        Ok(())
    }
}

impl TextField<'_> {
    /// Every document that holds all of these terms, by its place in the view, deleted ones too.
    pub(crate) fn for_each_holder_of_all(
        &self,
        terms: &[&Found],
        mut f: impl FnMut(usize),
    ) -> Result<(), IndexError> {
        for (at, (segment, index)) in self.segments.iter().zip(&self.indexes).enumerate() {
            let infos: Option<Vec<&TermInfo>> = terms.iter().map(|found| found.infos[at].as_ref()).collect();
            let Some(mut infos) = infos else { continue };
            infos.sort_unstable_by_key(|info| info.doc_freq);
            let Some((rarest, others)) = infos.split_first() else { continue };
            let read = |info: &TermInfo| index.read_postings_from_terminfo(info, IndexRecordOption::Basic);
            let mut others = others.iter().map(|info| read(info)).collect::<Result<Vec<_>, _>>()?;
            let mut rarest = read(rarest)?;
            while rarest.doc() != TERMINATED {
                let doc = rarest.doc();
                // Terminated postings stay where they are, behind every document.
                if others
                    .iter_mut()
                    .all(|other| other.doc() == doc || (other.doc() < doc && other.seek(doc) == doc))
                {
                    f(segment.base + doc as usize);
                }
                rarest.advance();
            }
        }
        Ok(())
    }
}

/// Where a term stands: in which of several fields, in which segment.
pub(crate) struct Standing {
    /// Of the fields that were asked for.
    pub(crate) field: usize,
    segment: usize,
    info: TermInfo,
}

/// Goes through the terms of several fields in ascending order, each once, with all places where it stands.
pub(crate) fn for_each_term(
    fields: &[TextField<'_>],
    mut f: impl FnMut(&str, &[Standing]) -> Result<(), IndexError>,
) -> Result<(), IndexError> {
    let mut streams = Vec::new();
    for (number, field) in fields.iter().enumerate() {
        for (segment, index) in field.indexes.iter().enumerate() {
            let mut stream = index.terms().stream()?;
            if stream.advance() {
                streams.push((number, segment, stream));
            }
        }
    }
    let (mut term, mut standings) = (Vec::new(), Vec::new());
    while let Some(next) = streams.iter().map(|(.., stream)| stream.key()).min() {
        term.clear();
        term.extend_from_slice(next);
        standings.clear();
        streams.retain_mut(|(field, segment, stream)| {
            let here = stream.key() == term;
            if here {
                standings.push(Standing { field: *field, segment: *segment, info: stream.value().clone() });
            }
            !here || stream.advance()
        });
        // Terms are written from texts.
        if let Ok(term) = std::str::from_utf8(&term) {
            f(term, &standings)?;
        }
    }
    Ok(())
}

impl TextField<'_> {
    /// Live documents that hold a term where it stands.
    pub(crate) fn live(&self, standing: &Standing) -> Result<u64, IndexError> {
        let Standing { segment, info, .. } = standing;
        live_frequency(self.segments[*segment], &self.indexes[*segment], info)
    }

    /// Every document that holds a term where it stands, by its place in the view, deleted ones too, and how often.
    pub(crate) fn for_each_posting(
        &self,
        standing: &Standing,
        mut f: impl FnMut(usize, u32),
    ) -> Result<(), IndexError> {
        let Standing { segment, info, .. } = standing;
        let (base, index) = (self.segments[*segment].base, &self.indexes[*segment]);
        let mut blocks = index.read_block_postings_from_terminfo(info, IndexRecordOption::WithFreqs)?;
        for_each_block(&mut blocks, |blocks| {
            let postings = blocks.docs().iter().zip(blocks.freqs());
            postings.for_each(|(&doc, &frequency)| f(base + doc as usize, frequency));
        });
        Ok(())
    }
}

/// tantivy counts deleted documents until a merge; they are left out here, so that merging changes no score.
pub(crate) fn live_frequency(
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
