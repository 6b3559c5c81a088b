//! What the second stage reads of a document beside its postings: the vector of each passage, and the terms of each single piece of evidence.
//!
//! Two columns of 64-bit words. `vectors`: for each passage one packed vector, zeros where it has none. `pieces`: for each passage of evidence the number of
//! its terms, then the marks of its terms, two to a word.

use std::ops::Range;

use domain::{Area, Passage};
use tantivy::DocId;
use tantivy::columnar::Column;
use text::{Analyzer, Scratch};
use vectors::Packed;

/// A term as the column keeps it: 32 bits of its FNV-1a hash (Fowler, Noll & Vo 1991). Of a piece of a hundred terms and a
/// query of five hundred, one is taken for another once in some eighty thousand pieces, and then counts as one term.
pub(crate) fn mark(term: &str) -> u32 {
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    let hash = term.bytes().fold(0xcbf2_9ce4_8422_2325, step);
    (hash ^ (hash >> 32)) as u32
}

/// Makes the columns of documents, one after the other.
#[derive(Default)]
pub(crate) struct Columns {
    scratch: Scratch,
    marks: Vec<u32>,
    /// Of the last document.
    pub(crate) vectors: Vec<u64>,
    /// Of the last document.
    pub(crate) pieces: Vec<u64>,
}

impl Columns {
    /// `vectors` has the next passages' vectors, each of so many `words`.
    pub(crate) fn read(
        &mut self,
        passages: &[Passage],
        analyzer: &Analyzer,
        vectors: &mut impl Iterator<Item = Option<Packed>>,
        words: usize,
    ) {
        self.vectors.clear();
        self.pieces.clear();
        for passage in passages {
            let end = self.vectors.len() + words;
            if let Some(packed) = vectors.next().flatten() {
                self.vectors.extend(packed.words());
            }
            self.vectors.resize(end, 0);
            if passage.area == Area::Evidence {
                self.marks.clear();
                analyzer.for_each_gram(&passage.text, &mut self.scratch, |token| {
                    self.marks.push(mark(token.text))
                });
                self.pieces.push(self.marks.len() as u64);
                let word =
                    |pair: &[u32]| u64::from(pair[0]) | u64::from(pair.get(1).copied().unwrap_or(0)) << 32;
                self.pieces.extend(self.marks.chunks(2).map(word));
            }
        }
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
