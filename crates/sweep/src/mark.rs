//! What must be exceeded.

use crate::best::Best;
use crate::{Judge, Query};

/// What a document must have to come among the best: a score, and the fewest units with which that may be.
#[derive(Debug)]
pub(crate) struct Mark {
    score: f64,
    pub(crate) units: u16,
}

impl Default for Mark {
    /// At least one unit, as who shares nothing is not found.
    fn default() -> Self {
        Self { score: f64::NEG_INFINITY, units: 1 }
    }
}

impl Mark {
    /// The fewest units now.
    pub(crate) fn raised(&mut self, query: &Query, judge: &impl Judge, best: &Best) -> u16 {
        let score = best.least();
        if score > self.score {
            self.score = score;
            let (mut low, mut high) = (self.units, self.units);
            let mut step = FIRST_STEP;
            while high < u16::MAX && !query.may_score(judge, high, score) {
                low = high + 1;
                high = high.saturating_add(step);
                step = step.saturating_mul(2);
            }
            while low < high {
                let middle = low + (high - low) / 2;
                if query.may_score(judge, middle, score) { high = middle } else { low = middle + 1 }
            }
            self.units = high;
        }
        self.units
    }
}

/// A mark hardly ever rises by more units than some of these.
const FIRST_STEP: u16 = 64;

impl Query {
    pub(crate) fn may_score(&self, judge: &impl Judge, units: u16, score: f64) -> bool {
        judge.ceiling(f64::from(units) * self.unit) >= score
    }
}
