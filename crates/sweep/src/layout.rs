//! How the postings lie in memory: term by term, and within a term block by block.

use crate::{Document, Term};

/// Documents to a block: their accumulators, two bytes each, stay in the cache nearest to the core.
pub(crate) const BLOCK: usize = 4096;
/// Blocks are numbered by 16 bits.
pub(crate) const DOCUMENTS_MOST: usize = BLOCK << 16;
/// Where at least one document in so many of a block has a term, its postings there are a row of levels.
pub(crate) const DENSE_FROM: usize = 16;

/// The quanta that a term's levels stand for, rising: 0 of level 0, which is no posting, to 255 of level 15.
pub(crate) type Levels = [u8; 16];

/// A posting by itself: the document's place in its block in twelve bits, the level above them.
pub(crate) type Posting = u16;

/// Bits of a place.
const PLACE_BITS: u32 = BLOCK.trailing_zeros();

pub(crate) const fn posting(place: u16, level: u8) -> Posting {
    place | (level as u16) << PLACE_BITS
}

#[inline(always)]
pub(crate) const fn place_of(posting: Posting) -> u16 {
    posting & (BLOCK as u16 - 1)
}

#[inline(always)]
pub(crate) const fn level_of(posting: Posting) -> usize {
    (posting >> PLACE_BITS) as usize
}

/// Documents whose levels are read at once.
pub(crate) const TILE: usize = 64;

/// A level for each document of a block, 0 for those without the term; two to a byte. Of a tile's 32 bytes the lower halves are its first
/// documents, the upper halves the others.
pub(crate) type Row = [u8; BLOCK / 2];

/// Which byte of a row has a place's level, and from which bit on.
pub(crate) const fn in_row(place: usize) -> (usize, u32) {
    let (tile, within) = (place / TILE, place % TILE);
    (tile * (TILE / 2) + within % (TILE / 2), if within < TILE / 2 { 0 } else { 4 })
}

/// The postings of all terms, quantised, ready to be swept.
///
/// Two bytes hold a posting; where a term is frequent within a block, half a byte for each of the block's documents does. The sixteen levels that half a
/// byte tells apart are each term's own.
#[derive(Debug)]
pub struct Sweep {
    /// The document at each place.
    pub(crate) documents: Vec<Document>,
    /// Where each term begins, and where the last ends.
    pub(crate) starts: Vec<Start>,
    pub(crate) pieces: Vec<Piece>,
    pub(crate) levels: Vec<Levels>,
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
    /// Which of the [`Levels`] are the term's.
    pub(crate) levels: u32,
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
        let terms = size_of_val(&*self.starts) + size_of_val(&*self.levels);
        let directory = terms + size_of_val(&*self.pieces) + size_of_val(&*self.documents);
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

    /// What the term's levels stand for; there must be such a term.
    pub(crate) fn levels(&self, term: Term) -> &Levels {
        &self.levels[self.starts[term as usize].levels as usize]
    }

    pub(crate) fn blocks(&self) -> usize {
        self.documents.len().div_ceil(BLOCK)
    }
}
