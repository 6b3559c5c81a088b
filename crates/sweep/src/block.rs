//! The search of one block: terms are added as far as they can still matter, and who may be among the best comes before the judge.
//!
//! Terms are added by falling bound. Once those left could not lift a document from nothing to the worst of the best, only
//! documents that have enough already matter (Turtle & Flood 1995, MaxScore); when these are few, the terms left are looked up for them
//! alone.

use std::cmp::Reverse;

use crate::ahead::{LINE, fetch};
use crate::best::Best;
use crate::judge::SOON;
use crate::kernel::{Sums, add_sparse, count, kth_at_least, reaching};
use crate::layout::{BLOCK, Posting, in_row, level_of, place_of};
use crate::mark::Mark;
use crate::outlook::{Outlook, Part, Postings};
use crate::rows::{AT_ONCE, Weighed, add_rows};
use crate::top::Effort;
use crate::{Document, Found, Judge, Query, Sweep};

/// To look up the terms left of one document costs as much as to add so many sparse postings.
const LOOK_UP_WORK: u32 = 256;
/// Before it is worth counting again who may matter, as much must have been added as so many sparse postings.
const COUNT_WORK: u32 = BLOCK as u32 / 4;

/// Buffers of a block's search.
#[derive(Debug)]
pub(crate) struct BlockScratch {
    sums: Box<Sums>,
    /// Places in the block of documents that may matter.
    places: Vec<u16>,
    /// Their units and numbers.
    candidates: Vec<(Reverse<u16>, Document)>,
}

impl Default for BlockScratch {
    fn default() -> Self {
        Self { sums: Box::new([0; BLOCK]), places: Vec::new(), candidates: Vec::new() }
    }
}

/// A block in the midst of a search.
pub(crate) struct Block<'a> {
    pub(crate) sweep: &'a Sweep,
    pub(crate) query: &'a Query,
    pub(crate) outlook: Outlook,
    pub(crate) parts: &'a [Part],
    pub(crate) scratch: &'a mut BlockScratch,
    pub(crate) effort: &'a mut Effort,
}

/// Rows that wait until they are enough to be added together.
struct Rows {
    count: usize,
    /// Which row, and where its term stands in the plan.
    rows: [(usize, usize); AT_ONCE],
    /// The most units of all of them together.
    most: u32,
}

impl Rows {
    fn take(&mut self, row: usize, at: usize, most: u16) {
        self.rows[self.count] = (row, at);
        self.count += 1;
        self.most += u32::from(most);
    }
}

/// Where adding ended: the first term that was not added, and the most units of it and those after it together.
#[derive(Clone, Copy)]
struct Ended {
    next: usize,
    left: u32,
}

impl Block<'_> {
    /// Judges all documents of the block that may be among the best: none with less than the mark's units is.
    #[inline(always)]
    pub(crate) fn search(mut self, mark: &mut Mark, judge: &mut impl Judge, best: &mut Best) {
        let least = mark.units;
        let ended = self.add(least);
        if ended.left > 0 {
            self.complete(u32::from(least) - ended.left, u16::MAX, least, ended);
            self.judge(judge, best);
            return;
        }
        // Everything is added. Were it the first block, every document would do: so the best of it first, then who still matters.
        let first = kth_at_least(&self.scratch.sums, best.wanted(), &mut self.scratch.places).max(least);
        self.complete(u32::from(first), u16::MAX, first, ended);
        self.judge(judge, best);
        let least = mark.raised(self.query, judge, best);
        if least < first {
            self.complete(u32::from(least), first - 1, least, ended);
            self.judge(judge, best);
        }
    }

    /// Adds terms until so few documents may matter that it is less work to look the others up.
    #[inline(always)]
    fn add(&mut self, least: u16) -> Ended {
        let least = u32::from(least);
        let (mut left, mut ahead, mut done) = (self.outlook.most, self.outlook.work, 0);
        self.scratch.sums.fill(0);
        let mut rows = Rows { count: 0, rows: [(0, 0); AT_ONCE], most: 0 };
        for (at, (&part, planned)) in self.parts.iter().zip(&self.query.plan).enumerate() {
            if part.most == 0 {
                continue;
            }
            match part.postings() {
                Postings::Dense(row) => rows.take(row, at, part.most),
                Postings::Sparse(range) => {
                    self.effort.postings += range.len() as u64;
                    add_sparse(&mut self.scratch.sums, &self.sweep.sparse[range], &planned.units);
                    left -= u32::from(part.most);
                }
            }
            ahead -= part.work();
            done += part.work();
            // Rows that wait are added when they are enough, or when it is worth counting.
            let counts = left - rows.most < least && left > rows.most && done >= COUNT_WORK;
            if counts || rows.count == AT_ONCE {
                left -= self.add_rows(&mut rows, left, least);
            }
            if counts {
                done = 0;
                if count(&self.scratch.sums, (least - left) as u16) * LOOK_UP_WORK <= ahead {
                    return Ended { next: at + 1, left };
                }
            }
        }
        self.add_rows(&mut rows, left, least);
        Ended { next: self.parts.len(), left: 0 }
    }

    /// Adds the rows that wait to what may still reach `least` with all that is left, and says how much they were of it.
    #[inline(always)]
    fn add_rows(&mut self, waiting: &mut Rows, left: u32, least: u32) -> u32 {
        if let Some(last) = waiting.count.checked_sub(1) {
            self.effort.rows += waiting.count as u64;
            let rows: [Weighed<'_>; AT_ONCE] = std::array::from_fn(|which| {
                let (row, at) = waiting.rows[which.min(last)];
                (&self.sweep.dense[row], &self.query.plan[at].units)
            });
            add_rows(&mut self.scratch.sums, &rows[..=last], least.saturating_sub(left) as u16);
        }
        waiting.count = 0;
        std::mem::take(&mut waiting.most)
    }

    /// Makes candidates of the documents with sums from `from` to `to`: completes the sums, keeps those of at least `least` units.
    #[inline(always)]
    fn complete(&mut self, from: u32, to: u16, least: u16, ended: Ended) {
        let BlockScratch { sums, places, candidates } = &mut *self.scratch;
        reaching(sums, from as u16, to, places);
        candidates.clear();
        self.effort.looked_up += if ended.left > 0 { places.len() as u64 } else { 0 };
        for &place in places.iter() {
            let sum = u32::from(sums[usize::from(place)]);
            let sum = complete(self.sweep, self.query, self.parts, place, sum, u32::from(least), ended);
            if sum >= u32::from(least) {
                let document = self.sweep.documents[self.outlook.block * BLOCK + usize::from(place)];
                candidates.push((Reverse(sum as u16), document));
            }
        }
    }

    /// Judges the candidates by falling bound until no other may be among the best.
    #[inline(always)]
    fn judge<J: Judge>(&mut self, judge: &mut J, best: &mut Best) {
        let mut rest = &mut self.scratch.candidates[..];
        // They are sorted as far as they are needed, at first for as many as are wanted.
        let mut portion = best.wanted().saturating_mul(2);
        while !rest.is_empty() {
            let now = rest.len().min(portion);
            if now < rest.len() {
                rest.select_nth_unstable(now - 1);
            }
            let (head, tail) = rest.split_at_mut(now);
            head.sort_unstable();
            let sum = |units: u16| f64::from(units) * self.query.unit;
            let early = |judge: &mut J, at: usize| {
                let next = head.get(at);
                next.into_iter().for_each(|&(_, document)| judge.expect(document));
            };
            let soon = |judge: &mut J, at: usize, least| {
                let next = head.get(at);
                next.into_iter()
                    .for_each(|&(units, document)| judge.expect_soon(document, sum(units.0), least));
            };
            (0..2 * SOON).for_each(|at| early(judge, at));
            (0..SOON).for_each(|at| soon(judge, at, best.least()));
            for (at, &(Reverse(units), document)) in head.iter().enumerate() {
                early(judge, at + 2 * SOON);
                soon(judge, at + SOON, best.least());
                let least = best.least();
                if !self.query.may_score(judge, units, least) {
                    return;
                }
                self.effort.judged += 1;
                if let Some(score) = judge.score(document, sum(units), least) {
                    best.offer(Found { document, score });
                }
            }
            rest = tail;
            portion = portion.saturating_mul(2);
        }
    }
}

/// Adds what a document has of the terms that were not added, or gives up and says what it had then, less than `least`.
fn complete(
    sweep: &Sweep,
    query: &Query,
    parts: &[Part],
    place: u16,
    mut sum: u32,
    least: u32,
    ended: Ended,
) -> u32 {
    let mut left = ended.left;
    for (part, planned) in parts.iter().zip(&query.plan).skip(ended.next).filter(|(part, _)| part.most > 0) {
        if sum + left < least {
            break;
        }
        left -= u32::from(part.most);
        sum += u32::from(planned.units[sweep.level(*part, place)]);
    }
    sum
}

impl Sweep {
    /// Has fetched the beginning of each list and row.
    #[inline(always)]
    pub(crate) fn fetch(&self, parts: &[Part]) {
        const POSTINGS: usize = LINE / size_of::<Posting>();
        for part in parts.iter().filter(|part| part.most > 0) {
            match part.postings() {
                Postings::Dense(row) => fetch(&self.dense, row),
                Postings::Sparse(range) => {
                    fetch(&self.sparse, range.start);
                    if range.len() > POSTINGS / 2 {
                        fetch(&self.sparse, range.start + POSTINGS);
                    }
                }
            }
        }
    }

    fn level(&self, part: Part, place: u16) -> usize {
        match part.postings() {
            Postings::Dense(row) => {
                let (byte, bit) = in_row(usize::from(place));
                usize::from(self.dense[row][byte] >> bit & 15)
            }
            Postings::Sparse(range) => {
                let postings = &self.sparse[range];
                let found = postings.binary_search_by_key(&place, |&posting| place_of(posting));
                found.map_or(0, |at| level_of(postings[at]))
            }
        }
    }
}
