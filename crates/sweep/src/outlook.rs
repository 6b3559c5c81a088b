//! What a query finds in each block before anything is added: which postings, and how much they can come to.

use std::cmp::Reverse;

use crate::ahead::{LINE, fetch};
use crate::kernel::units;
use crate::layout::{BLOCK, Piece};
use crate::{Query, Sweep};

/// A term's postings in a block, as a query sees them.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Part {
    /// The first sparse posting, or the row.
    at: u32,
    /// How many sparse postings; 0 is a row.
    sparse: u16,
    /// The most units that it gives a document; 0 says that there is nothing.
    pub(crate) most: u16,
}

/// Where the postings of a part are.
#[derive(Debug, Clone)]
pub(crate) enum Postings {
    /// A row.
    Dense(usize),
    /// Postings by themselves.
    Sparse(std::ops::Range<usize>),
}

impl Part {
    #[inline(always)]
    pub(crate) fn postings(self) -> Postings {
        let at = self.at as usize;
        if self.sparse == 0 {
            Postings::Dense(at)
        } else {
            Postings::Sparse(at..at + usize::from(self.sparse))
        }
    }

    fn promise(self) -> u64 {
        // A row does not say how many documents have the term. As if a quarter had.
        let count = if self.sparse == 0 { BLOCK as u64 / 4 } else { u64::from(self.sparse) };
        u64::from(self.most) * count
    }

    /// What it costs to add, measured in sparse postings.
    #[inline(always)]
    pub(crate) fn work(self) -> u32 {
        match self.sparse {
            0 => ROW_WORK,
            count => LIST_WORK + u32::from(count),
        }
    }
}

/// A row costs as much as so many sparse postings.
const ROW_WORK: u32 = BLOCK as u32 / 64;
/// To begin a list of sparse postings costs as much as so many of them.
const LIST_WORK: u32 = 16;

/// What a block as a whole can come to.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Outlook {
    pub(crate) block: usize,
    /// More units no document of it has.
    pub(crate) most: u32,
    /// What it costs to add everything.
    pub(crate) work: u32,
    /// Units of all postings if each were the greatest of its term here: where it is high, the best documents are likely to be.
    promise: u64,
}

/// All blocks that have any term of a query.
#[derive(Debug, Default)]
pub(crate) struct Outlooks {
    /// The most promising first.
    blocks: Vec<Outlook>,
    /// Block by block a part for each term, in the order of the query's plan.
    parts: Vec<Part>,
    terms: usize,
}

impl Outlooks {
    pub(crate) fn read(&mut self, sweep: &Sweep, query: &Query) {
        self.terms = query.plan.len();
        self.parts.clear();
        self.parts.resize(sweep.blocks() * self.terms, Part::default());
        self.blocks.clear();
        self.blocks.extend((0..sweep.blocks()).map(|block| Outlook { block, ..Outlook::default() }));
        for_each_part(sweep, query, |at, block, part| {
            self.parts[block * self.terms + at] = part;
            self.blocks[block].see(part);
        });
        self.blocks.retain(|outlook| outlook.most > 0);
        self.blocks.sort_unstable_by_key(|outlook| (Reverse(outlook.promise), outlook.block));
    }

    pub(crate) fn blocks(&self) -> &[Outlook] {
        &self.blocks
    }

    pub(crate) fn parts(&self, block: usize) -> &[Part] {
        &self.parts[block * self.terms..][..self.terms]
    }
}

/// The block that promises most.
pub(crate) fn most_promising(sweep: &Sweep, query: &Query, promises: &mut Vec<u64>) -> usize {
    promises.clear();
    promises.resize(sweep.blocks(), 0);
    for_each_part(sweep, query, |_, block, part| promises[block] += part.promise());
    let best = promises.iter().zip(0..).max_by_key(|&(&promise, block)| (promise, Reverse(block)));
    best.map_or(0, |(_, block)| block)
}

/// Tells what each of the query's terms has in each block that has it: the term's place in the plan, the block, the part.
#[inline(always)]
fn for_each_part(sweep: &Sweep, query: &Query, mut tell: impl FnMut(usize, usize, Part)) {
    for planned in &query.plan {
        let [start, end] = [0, 1].map(|next| sweep.starts[planned.term as usize + next].piece as usize);
        (start..end).step_by(LINE / size_of::<Piece>()).for_each(|at| fetch(&sweep.pieces, at));
    }
    for (at, planned) in query.plan.iter().enumerate() {
        let [start, end] = [0, 1].map(|next| sweep.starts[planned.term as usize + next]);
        let (mut sparse, mut row) = (start.sparse, start.dense);
        for piece in &sweep.pieces[start.piece as usize..end.piece as usize] {
            let (next, count) = match piece.sparse {
                0 => (&mut row, 1),
                count => (&mut sparse, u32::from(count)),
            };
            let most = units(piece.most, planned.factor);
            tell(at, usize::from(piece.block), Part { at: *next, sparse: piece.sparse, most });
            *next += count;
        }
    }
}

impl Outlook {
    fn see(&mut self, part: Part) {
        self.most += u32::from(part.most);
        self.work += part.work();
        self.promise += part.promise();
    }
}
