//! How the postings lie in memory: term by term, and within a term block by block.

use crate::{Document, Term};

/// Documents to a block: their accumulators, two bytes each, stay in the cache nearest to the core.
pub(crate) const BLOCK: usize = 4096;
/// Blocks are numbered by 16 bits.
pub(crate) const DOCUMENTS_MOST: usize = BLOCK << 16;
/// Where at least one document in so many of a block has a term, its postings there are a row of quanta.
pub(crate) const DENSE_FROM: usize = 8;

/// A posting by itself: the document's place in its block, low byte first, and the quantum. Side by side, so that a short list is one miss of
/// the cache and not two.
pub(crate) type Posting = [u8; 3];

/// A quantum for each document of a block, 0 for those without the term.
pub(crate) type Row = [u8; BLOCK];

/// The postings of all terms, quantised, ready to be swept.
///
/// Three bytes hold a posting; where a term is frequent within a block, a byte for each of the block's documents does.
#[derive(Debug)]
pub struct Sweep {
    /// The document at each place.
    pub(crate) documents: Vec<Document>,
    /// Where each term begins, and where the last ends.
    pub(crate) starts: Vec<Start>,
    pub(crate) pieces: Vec<Piece>,
    pub(crate) sparse: Vec<Posting>,
    pub(crate) dense: Vec<Row>,
    pub(crate) postings: u64,
}

/// Where a term's pieces, sparse postings and rows begin.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Start {
    /// What one quantum is worth; 0 when no document has the term.
    pub(crate) scale: f32,
    pub(crate) piece: u32,
    pub(crate) sparse: u32,
    pub(crate) dense: u32,
}

/// A term's postings in one block.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Piece {
    pub(crate) block: u16,
    /// How many sparse postings; 0 says that it is a row.
    pub(crate) sparse: u16,
    /// The greatest quantum.
    pub(crate) most: u8,
}

/// What a [`Sweep`] holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Memory {
    /// Postings, whichever way they are kept.
    pub postings: u64,
    /// Bytes of sparse postings.
    pub sparse: u64,
    /// Bytes of rows.
    pub dense: u64,
    /// Bytes that say where a term's postings are, and which document is where.
    pub directory: u64,
}

impl Memory {
    /// All bytes.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.sparse + self.dense + self.directory
    }
}

impl Sweep {
    /// How many documents there are.
    #[must_use]
    pub fn documents(&self) -> Document {
        self.documents.len() as Document
    }

    /// How many terms there are.
    #[must_use]
    pub fn terms(&self) -> Term {
        (self.starts.len() - 1) as Term
    }

    /// What it holds in memory.
    #[must_use]
    pub fn memory(&self) -> Memory {
        let directory =
            size_of_val(&*self.starts) + size_of_val(&*self.pieces) + size_of_val(&*self.documents);
        Memory {
            postings: self.postings,
            sparse: size_of_val(&*self.sparse) as u64,
            dense: size_of_val(&*self.dense) as u64,
            directory: directory as u64,
        }
    }

    /// What a quantum of the term is worth, if there is such a term.
    pub(crate) fn scale(&self, term: Term) -> Option<f32> {
        (term < self.terms()).then(|| self.starts[term as usize].scale)
    }

    pub(crate) fn blocks(&self) -> usize {
        self.documents.len().div_ceil(BLOCK)
    }
}
