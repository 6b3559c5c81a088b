//! The best documents of a query: block by block, the most promising first, each only as far as it can still matter.
//!
//! Within a block terms are added by falling bound. Once what is left could not lift a document from nothing above the worst of the best
//! (Turtle & Flood 1995, MaxScore), only documents with enough already matter; when they are few, the other terms are looked up for them
//! alone. Bounds are those of the block (Ding & Suel 2011), and the block's documents are judged before the next is begun, so that the later blocks
//! are held against a higher mark.

use crate::kernel::{Sums, add_dense, add_sparse, reaching, units};
use crate::layout::BLOCK;
use crate::{Document, Found, Judge, Query, Sweep};
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// The buffers of a search, to be used again for the next. Holds nothing between searches.
#[derive(Debug)]
pub struct Scratch {
    sums: Box<Sums>,
    /// What each term of the query has in each block, block by block.
    parts: Vec<Part>,
    blocks: Vec<Outlook>,
    places: Vec<u16>,
    candidates: Vec<(Reverse<u16>, Document)>,
    /// How many documents were shown to judges.
    pub judged: u64,
    pub added: u64,
    pub dense: u64,
    pub checks: u64,
    pub skipped: u64,
    pub looked: u64,
}

impl Default for Scratch {
    fn default() -> Self {
        Self {
            sums: Box::new([0; BLOCK]),
            parts: Vec::new(),
            blocks: Vec::new(),
            places: Vec::new(),
            candidates: Vec::new(),
            judged: 0,
            added: 0,
            dense: 0,
            checks: 0,
            skipped: 0,
            looked: 0,
        }
    }
}

/// A term's postings in a block, as a query sees them.
#[derive(Debug, Clone, Copy, Default)]
struct Part {
    /// The first sparse posting, or the dense row.
    at: u32,
    /// How many sparse postings; 0 is a dense row.
    sparse: u16,
    /// The most units that it gives a document; 0 says that there is nothing.
    most: u16,
}

/// What a block promises.
#[derive(Debug, Clone, Copy, Default)]
struct Outlook {
    /// Units of all postings if each were the greatest of its term here: who has many may be expected to have the best.
    promise: u64,
    /// More units no document can have.
    most: u32,
    block: u16,
}

/// So many documents of a block are few enough to look up their other terms one by one.
const FEW: usize = 48;

impl Sweep {
    /// The `k` documents that `judge` scores highest, of all that share a term with the query, highest first, ties by smaller number.
    ///
    /// `query` must have been made for this sweep.
    pub fn top(&self, query: &Query, k: usize, scratch: &mut Scratch, judge: &mut impl Judge) -> Vec<Found> {
        if k == 0 || query.plan.is_empty() {
            return Vec::new();
        }
        scratch.lay_out(self, query);
        let mut best = Best { k, heap: BinaryHeap::new() };
        for at in 0..scratch.blocks.len() {
            let outlook = scratch.blocks[at];
            let least = query.least_units(judge, best.least());
            if outlook.most < u32::from(least) {
                scratch.skipped += 1;
                continue;
            }
            scratch.gather(self, query, outlook, least);
            scratch.judge(query, judge, &mut best);
        }
        best.into_found()
    }
}

impl Query {
    /// The fewest units with which a document may score `score`; at least one, as who shares nothing is not found.
    fn least_units(&self, judge: &impl Judge, score: f64) -> u16 {
        if score == f64::NEG_INFINITY {
            return 1;
        }
        let (mut low, mut high) = (1_u16, u16::MAX);
        while low < high {
            let middle = low + (high - low) / 2;
            if judge.ceiling(f64::from(middle) * self.unit) < score {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }
}

impl Scratch {
    fn lay_out(&mut self, sweep: &Sweep, query: &Query) {
        let terms = query.plan.len();
        self.blocks.clear();
        self.blocks.extend((0..sweep.blocks()).map(|block| Outlook { block: block as u16, ..Outlook::default() }));
        self.parts.clear();
        self.parts.resize(sweep.blocks() * terms, Part::default());
        for (at, planned) in query.plan.iter().enumerate() {
            let [start, end] = [0, 1].map(|next| sweep.starts[planned.term as usize + next]);
            let (mut sparse, mut dense) = (start.sparse, start.dense);
            for piece in &sweep.pieces[start.piece as usize..end.piece as usize] {
                let most = units(piece.most, planned.factor);
                let (next, step, count) = match piece.sparse {
                    0 => (&mut dense, 1, BLOCK as u64 / 4),
                    count => (&mut sparse, u32::from(count), u64::from(count)),
                };
                self.parts[usize::from(piece.block) * terms + at] = Part { at: *next, sparse: piece.sparse, most };
                *next += step;
                let outlook = &mut self.blocks[usize::from(piece.block)];
                outlook.most += u32::from(most);
                outlook.promise += u64::from(most) * count;
            }
        }
        self.blocks.sort_unstable_by_key(|outlook| (Reverse(outlook.promise), outlook.block));
    }

    /// Finds the documents of a block that may have at least `least` units, with all their units.
    fn gather(&mut self, sweep: &Sweep, query: &Query, outlook: Outlook, least: u16) {
        let terms = query.plan.len();
        let parts = &self.parts[usize::from(outlook.block) * terms..][..terms];
        self.sums.fill(0);
        let mut left = outlook.most;
        let mut work = 0;
        let mut next = 0;
        let mut few = false;
        while next < terms {
            let part = parts[next];
            let factor = query.plan[next].factor;
            next += 1;
            if part.most == 0 {
                continue;
            }
            left -= u32::from(part.most);
            let at = part.at as usize;
            if part.sparse == 0 {
                self.dense += 1;
                add_dense(&mut self.sums, &sweep.dense[at], factor);
                work += BLOCK / 16;
            } else {
                let range = at..at + usize::from(part.sparse);
                self.added += range.len() as u64;
                work += range.len();
                add_sparse(&mut self.sums, &sweep.places[range.clone()], &sweep.quanta[range], factor);
            }
            if left < u32::from(least) && work >= BLOCK / 16 {
                work = 0;
                self.checks += 1;
                if reaching(&self.sums, least - left as u16, FEW, &mut self.places) {
                    few = true;
                    break;
                }
            }
        }
        if !few {
            reaching(&self.sums, least, BLOCK, &mut self.places);
        }
        self.complete(sweep, query, outlook, least, next, left);
    }

    fn complete(&mut self, sweep: &Sweep, query: &Query, outlook: Outlook, least: u16, next: usize, left: u32) {
        let terms = query.plan.len();
        let parts = &self.parts[usize::from(outlook.block) * terms..][..terms];
        self.candidates.clear();
        'places: for &place in &self.places {
            self.looked += 1;
            let mut sum = self.sums[usize::from(place)];
            let mut left = left;
            for (part, planned) in parts[next..].iter().zip(&query.plan[next..]) {
                if u32::from(sum) + left < u32::from(least) {
                    continue 'places;
                }
                left -= u32::from(part.most);
                let quantum = sweep.quantum(*part, place);
                if quantum > 0 {
                    sum += units(quantum, planned.factor);
                }
            }
            if sum >= least {
                let document = u32::from(outlook.block) * BLOCK as u32 + u32::from(place);
                self.candidates.push((Reverse(sum), document));
            }
        }
    }

    fn judge(&mut self, query: &Query, judge: &mut impl Judge, best: &mut Best) {
        let mut rest = &mut self.candidates[..];
        while !rest.is_empty() {
            let now = rest.len().min(2 * best.k);
            if now < rest.len() {
                rest.select_nth_unstable(now - 1);
            }
            let (head, tail) = rest.split_at_mut(now);
            head.sort_unstable();
            for &(Reverse(units), document) in head.iter() {
                let least = best.least();
                let sum = f64::from(units) * query.unit;
                if judge.ceiling(sum) < least {
                    return;
                }
                self.judged += 1;
                if let Some(score) = judge.score(document, sum, least) {
                    best.offer(Found { document, score });
                }
            }
            rest = tail;
        }
    }
}

impl Sweep {
    fn quantum(&self, part: Part, place: u16) -> u8 {
        let at = part.at as usize;
        if part.most == 0 {
            return 0;
        }
        if part.sparse == 0 {
            return self.dense[at][usize::from(place)];
        }
        let range = at..at + usize::from(part.sparse);
        self.places[range.clone()].binary_search(&place).map_or(0, |found| self.quanta[range][found])
    }
}

struct Best {
    k: usize,
    heap: BinaryHeap<Worst>,
}

/// Ordered so that the worst of the best is the greatest.
struct Worst(Found);

impl Best {
    fn least(&self) -> f64 {
        if self.heap.len() < self.k {
            return f64::NEG_INFINITY;
        }
        self.heap.peek().map_or(f64::NEG_INFINITY, |worst| worst.0.score)
    }

    fn offer(&mut self, found: Found) {
        if self.heap.len() < self.k {
            self.heap.push(Worst(found));
        } else if let Some(mut worst) = self.heap.peek_mut()
            && Worst(found) < *worst
        {
            *worst = Worst(found);
        }
    }

    fn into_found(self) -> Vec<Found> {
        self.heap.into_sorted_vec().into_iter().map(|worst| worst.0).collect()
    }
}

impl Ord for Worst {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        other.0.score.total_cmp(&self.0.score).then(self.0.document.cmp(&other.0.document))
    }
}

impl PartialOrd for Worst {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Worst {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Worst {}
