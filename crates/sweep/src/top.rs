//! The best documents of queries: block by block, of each query the most promising first, each only as far as it can still matter.
//!
//! The bounds are those of the block (Ding & Suel 2011), and a block's documents are judged before the query's next block is begun, so that it is held
//! against a higher mark (`block.rs`). Of queries that are asked together, those are searched one after the other that come to the same block: its
//! postings lie in the cache then.

use crate::best::Best;
use crate::block::{Block, BlockScratch};
use crate::mark::Mark;
use crate::outlook::{Outlooks, most_promising};
use crate::{Found, Judge, Query, Sweep};

/// The buffers of a search and what it cost, to be used again for the next. No result depends on what it was used for before.
#[derive(Debug, Default)]
pub struct Scratch {
    /// For each of the queries that are asked together.
    outlooks: Vec<Outlooks>,
    visits: Vec<Visit>,
    block: BlockScratch,
    promises: Vec<u64>,
    effort: Effort,
}

/// That a query comes to a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Visit {
    /// Queries come to their blocks by turns: in the first to what promises most.
    turn: u32,
    block: u32,
    query: u32,
    /// The block's place among the query's.
    place: u32,
}

/// After so many turns queries take the blocks that are left as they lie: most is found by then, and more of them meet in each block.
const TURNS: u32 = 3;

/// What searches cost, counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Effort {
    /// Blocks of which nothing was read.
    pub skipped: u64,
    /// Rows of a level for each document of a block that were added.
    pub rows: u64,
    /// Sparse postings that were added.
    pub postings: u64,
    /// Documents whose other terms were looked up.
    pub looked_up: u64,
    /// Documents that were shown to the judge.
    pub judged: u64,
}

impl Scratch {
    /// What all searches cost that used it.
    #[must_use]
    pub fn effort(&self) -> Effort {
        self.effort
    }
}

impl Sweep {
    /// The `k` documents that `judge` scores highest, of all that share a term with the query; highest first, ties by smaller number.
    ///
    /// `query` must have been made for this sweep.
    pub fn top(&self, query: &Query, k: usize, scratch: &mut Scratch, judge: &mut impl Judge) -> Vec<Found> {
        self.top_of_each(&mut [(query, judge)], k, scratch).pop().unwrap_or_default()
    }

    /// [`Sweep::top`] of each of these queries, in less time than one after the other; some dozens at once are enough.
    pub fn top_of_each<J: Judge>(
        &self,
        asked: &mut [(&Query, &mut J)],
        k: usize,
        scratch: &mut Scratch,
    ) -> Vec<Vec<Found>> {
        #[cfg(target_arch = "x86_64")]
        if is_x86_feature_detected!("avx2") {
            #[expect(
                unsafe_code,
                reason = "the only way to compile for a processor that is known at run time only"
            )]
            // SAFETY: the processor has the instructions for which the function is compiled.
            return unsafe { self.top_wide(asked, k, scratch) };
        }
        self.search(asked, k, scratch)
    }

    /// [`Sweep::search`], compiled for registers of 256 bits instead of 128.
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2")]
    fn top_wide<J: Judge>(
        &self,
        asked: &mut [(&Query, &mut J)],
        k: usize,
        scratch: &mut Scratch,
    ) -> Vec<Vec<Found>> {
        self.search(asked, k, scratch)
    }

    /// The block that promises a query most. Who asks many queries in the order of this number finds their postings in the cache more often.
    #[must_use]
    pub fn nearest(&self, query: &Query, scratch: &mut Scratch) -> usize {
        most_promising(self, query, &mut scratch.promises)
    }

    #[inline(always)]
    fn search<J: Judge>(
        &self,
        asked: &mut [(&Query, &mut J)],
        k: usize,
        scratch: &mut Scratch,
    ) -> Vec<Vec<Found>> {
        if k == 0 {
            return vec![Vec::new(); asked.len()];
        }
        scratch.plan(self, asked);
        let mut states: Vec<(Best, Mark)> = asked.iter().map(|_| (Best::new(k), Mark::default())).collect();
        let Scratch { outlooks, visits, block, effort, .. } = scratch;
        let parts = |visit: &Visit| outlooks[visit.query as usize].parts(visit.block as usize);
        for (at, visit) in visits.iter().enumerate() {
            // While a block is searched, the next one's postings are fetched.
            if at == 0 {
                self.fetch(parts(visit));
            }
            if let Some(next) = visits.get(at + 1) {
                self.fetch(parts(next));
            }
            let who = visit.query as usize;
            let ((query, judge), (best, mark)) = (&mut asked[who], &mut states[who]);
            let outlook = outlooks[who].blocks()[visit.place as usize];
            if outlook.most < u32::from(mark.raised(query, &**judge, best)) {
                effort.skipped += 1;
                continue;
            }
            Block { sweep: self, query, outlook, parts: parts(visit), scratch: block, effort }.search(
                mark,
                &mut **judge,
                best,
            );
        }
        states.into_iter().map(|(best, _)| best.into_found()).collect()
    }
}

impl Scratch {
    /// In what order queries come to which blocks.
    #[inline(always)]
    fn plan<J>(&mut self, sweep: &Sweep, asked: &[(&Query, &mut J)]) {
        let Self { outlooks, visits, .. } = self;
        if outlooks.len() < asked.len() {
            outlooks.resize_with(asked.len(), Outlooks::default);
        }
        visits.clear();
        let last = if asked.len() == 1 { u32::MAX } else { TURNS };
        for ((outlook, (asks, _)), query) in outlooks.iter_mut().zip(asked).zip(0..) {
            outlook.read(sweep, asks);
            let places = outlook.blocks().iter().zip(0..);
            visits.extend(places.map(|(outlook, place): (_, u32)| Visit {
                turn: place.min(last),
                block: outlook.block as u32,
                query,
                place,
            }));
        }
        visits.sort_unstable();
    }
}

#[cfg(all(test, target_arch = "x86_64"))]
mod tests {
    //! Property: compiled for wide registers the search does the very same.
    use super::*;
    use crate::{Forward, Sums, Term};

    #[test]
    fn wide_registers_change_nothing() {
        if !is_x86_feature_detected!("avx2") {
            return;
        }
        let mut forward = Forward::new(60);
        for document in 0..20_000_u32 {
            let has = |term: &u32| document.wrapping_mul(0x9E37_79B9).rotate_left(*term) % (term + 1) == 0;
            let impact = |term: u32| 1.0 + (document.wrapping_mul(term + 7) % 100) as f32;
            forward
                .push(&(0..60).filter(has).map(|term| (term, impact(term))).collect::<Vec<_>>())
                .expect("terms that are known");
        }
        let sweep = Sweep::from_forward(&forward).expect("postings that can be");
        for first in 0..20 {
            let terms: Vec<(Term, f32)> = (first..first + 40).map(|term| (term, (term % 7) as f32)).collect();
            let query = Query::new(&sweep, &terms).expect("terms that are known");
            let (mut wide, mut plain) = (Scratch::default(), Scratch::default());
            #[expect(unsafe_code, reason = "as in `Sweep::top`")]
            // SAFETY: the processor has the instructions, as the first lines made sure.
            let found =
                unsafe { sweep.top_wide(&mut [(&query, &mut Sums::new(&forward, &query))], 15, &mut wide) };
            assert_eq!(
                found,
                sweep.search(&mut [(&query, &mut Sums::new(&forward, &query))], 15, &mut plain)
            );
            assert_eq!(wide.effort(), plain.effort());
            assert!(plain.effort().rows > 0 && plain.effort().postings > 0);
        }
    }
}
