//! Which documents go at a commit: those of some numbers, in the segments that there were when they were put out.
//!
//! A document that is replaced and the one in its place have the same number. tantivy tells them apart when both went through its own writer; a segment that
//! was made elsewhere takes all deletions that have not been carried out yet, also those from before it was there.

use tantivy::index::SegmentId;
use tantivy::query::{
    BitSetDocSet, ConstScorer, EmptyScorer, EnableScoring, Explanation, Query, Scorer, Weight,
};
use tantivy::schema::IndexRecordOption;
use tantivy::{BitSet, DocId, DocSet, Score, SegmentReader, TERMINATED, Term};

/// The documents that a deletion is for.
#[derive(Debug, Clone)]
pub(crate) struct Outdated {
    /// Their numbers.
    pub(crate) numbers: Vec<Term>,
    /// The segments that there were.
    pub(crate) among: Vec<SegmentId>,
}

impl Query for Outdated {
    fn weight(&self, _: EnableScoring<'_>) -> tantivy::Result<Box<dyn Weight>> {
        Ok(Box::new(self.clone()))
    }
}

impl Weight for Outdated {
    fn scorer(&self, reader: &SegmentReader, boost: Score) -> tantivy::Result<Box<dyn Scorer>> {
        if !self.among.contains(&reader.segment_id()) {
            return Ok(Box::new(EmptyScorer));
        }
        let mut documents = BitSet::with_max_value(reader.max_doc());
        for number in &self.numbers {
            let index = reader.inverted_index(number.field())?;
            let Some(mut holders) = index.read_postings(number, IndexRecordOption::Basic)? else { continue };
            while holders.doc() != TERMINATED {
                documents.insert(holders.doc());
                holders.advance();
            }
        }
        Ok(Box::new(ConstScorer::new(BitSetDocSet::from(documents), boost)))
    }

    fn explain(&self, _: &SegmentReader, _: DocId) -> tantivy::Result<Explanation> {
        Ok(Explanation::new("a deletion has no score", 0.0))
    }
}
