//! How the postings lie in memory: term by term, and within a term block by block.

use crate::{Document, Term};

/// Documents to a block: their accumulators, two bytes each, stay in the cache nearest to the core.
pub(crate) const BLOCK: usize = 4096;
/// Blocks are numbered by 16 bits.
pub(crate) const DOCUMENTS_MOST: u32 = BLOCK as u32 * (u16::MAX as u32 + 1);

/// The postings of all terms, quantised, ready to be swept.
///
/// A posting is either a document's place in its block (two bytes) and its quantum (one byte), or, where at least one in
/// [`DENSE_FROM`] of a block's documents has the term, a byte of the block's row of 4,096 quanta.
#[derive(Debug)]
pub struct Sweep {
    pub(crate) documents: u32,
    /// One more than there are terms: where each begins; the last is the end.
    pub(crate) starts: Vec<Start>,
    pub(crate) pieces: Vec<Piece>,
    pub(crate) places: Vec<u16>,
    pub(crate) quanta: Vec<u8>,
    pub(crate) dense: Vec<[u8; BLOCK]>,
    pub(crate) postings: u64,
}

/// At least one document in so many of a block: the piece is dense.
pub(crate) const DENSE_FROM: usize = 16;

/// Where a term's pieces, sparse postings and dense rows begin.
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
    /// How many postings, sparse; 0 says that it is dense.
    pub(crate) sparse: u16,
    /// The greatest quantum.
    pub(crate) most: u8,
}

/// What a [`Sweep`] holds, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Memory {
    /// Postings, whatever way they are kept.
    pub postings: u64,
    /// Bytes of sparse postings.
    pub sparse: u64,
    /// Bytes of dense rows.
    pub dense: u64,
    /// Bytes that say where a term's postings are.
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
        self.documents
    }

    /// How many terms there are.
    #[must_use]
    pub fn terms(&self) -> Term {
        (self.starts.len() - 1) as Term
    }

    /// What it holds in memory.
    #[must_use]
    pub fn memory(&self) -> Memory {
        Memory {
            postings: self.postings,
            sparse: (size_of_val(&*self.places) + size_of_val(&*self.quanta)) as u64,
            dense: size_of_val(&*self.dense) as u64,
            directory: (size_of_val(&*self.starts) + size_of_val(&*self.pieces)) as u64,
        }
    }

    /// What a quantum of the term is worth, if there is such a term.
    pub(crate) fn scale(&self, term: Term) -> Option<f32> {
        (term < self.terms()).then(|| self.starts[term as usize].scale)
    }

    pub(crate) fn blocks(&self) -> usize {
        (self.documents as usize).div_ceil(BLOCK)
    }
}
