//! The best documents found so far.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use crate::Found;

/// At most `k` documents; the worst of them is at hand.
#[derive(Debug)]
pub(crate) struct Best {
    k: usize,
    found: BinaryHeap<Worse>,
}

impl Best {
    pub(crate) fn new(k: usize) -> Self {
        Self { k, found: BinaryHeap::new() }
    }

    /// How many are wanted.
    pub(crate) fn wanted(&self) -> usize {
        self.k
    }

    /// Who scores less is not among the best.
    pub(crate) fn least(&self) -> f64 {
        let full = self.found.len() >= self.k;
        self.found.peek().filter(|_| full).map_or(f64::NEG_INFINITY, |worst| worst.0.score)
    }

    pub(crate) fn offer(&mut self, found: Found) {
        if self.found.len() < self.k {
            self.found.push(Worse(found));
        } else if let Some(mut worst) = self.found.peek_mut()
            && Worse(found) < *worst
        {
            *worst = Worse(found);
        }
    }

    /// The best first.
    pub(crate) fn into_found(self) -> Vec<Found> {
        self.found.into_sorted_vec().into_iter().map(|found| found.0).collect()
    }
}

/// Greater is worse: a lower score, or the same of a document with a greater number.
#[derive(Debug, Clone, Copy)]
struct Worse(Found);

impl Ord for Worse {
    fn cmp(&self, other: &Self) -> Ordering {
        other.0.score.total_cmp(&self.0.score).then(self.0.document.cmp(&other.0.document))
    }
}

impl PartialOrd for Worse {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Worse {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Worse {}
