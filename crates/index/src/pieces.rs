//! What the second stage reads of a document beside its postings: the vector of each passage, and the terms of each single piece of evidence.
//!
//! Two columns of 64-bit words. `vectors`: for each passage one packed vector, zeros where it has none. `pieces`: for each passage of evidence the number of
//! its terms, then the marks of its terms, two to a word.

use std::ops::Range;

use tantivy::DocId;
use tantivy::columnar::Column;
use vectors::Packed;

/// A term as the column keeps it: 32 bits of its FNV-1a hash (Fowler, Noll & Vo 1991). Of a piece of a hundred terms and a
/// query of five hundred, one is taken for another once in some eighty thousand pieces, and then counts as one term.
pub(crate) fn mark(term: &str) -> u32 {
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    let hash = term.bytes().fold(0xcbf2_9ce4_8422_2325, step);
    (hash ^ (hash >> 32)) as u32
}

/// The columns of one document, reused from document to document.
#[derive(Default)]
pub(crate) struct Columns {
    pub(crate) vectors: Vec<u64>,
    pub(crate) pieces: Vec<u64>,
}

impl Columns {
    pub(crate) fn clear(&mut self) {
        self.vectors.clear();
        self.pieces.clear();
    }

    /// The vector of the next passage, of so many `words`.
    pub(crate) fn push_vector(&mut self, vector: Option<&Packed>, words: usize) {
        let end = self.vectors.len() + words;
        if let Some(packed) = vector {
            self.vectors.extend(packed.words());
        }
        self.vectors.resize(end, 0);
    }

    /// The next piece of evidence, by the [`mark`]s of its terms.
    pub(crate) fn push_piece(&mut self, marks: &[u32]) {
        self.pieces.push(marks.len() as u64);
        let word = |pair: &[u32]| u64::from(pair[0]) | u64::from(pair.get(1).copied().unwrap_or(0)) << 32;
        self.pieces.extend(marks.chunks(2).map(word));
    }
}

/// How many pieces a document has, and how many terms in all of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct PieceCount {
    pub(crate) pieces: u32,
    pub(crate) terms: u32,
}

impl PieceCount {
    pub(crate) fn of(column: &Column<u64>, doc: DocId) -> Self {
        let mut count = Self::default();
        for (terms, _) in pieces(column, doc) {
            count.pieces += 1;
            count.terms += terms;
        }
        count
    }
}

/// The pieces of a document: how many terms, and where their marks stand in the column.
pub(crate) fn pieces(column: &Column<u64>, doc: DocId) -> impl Iterator<Item = (u32, Range<u32>)> {
    let mut rows = column.index.value_row_ids(doc);
    std::iter::from_fn(move || {
        let terms = column.values.get_val(rows.next()?) as u32;
        let marks = rows.start..(rows.start + terms.div_ceil(2)).min(rows.end);
        rows.start = marks.end;
        Some((terms, marks))
    })
}
