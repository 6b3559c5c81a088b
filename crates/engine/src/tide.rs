//! Since when an index lacks something: where the outbox ended when, as far as this process has looked.
//!
//! Entries of the outbox bear no time, and a record's own is no measure: an expert is indexed again for a change of an achievement.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Marks that are kept. Beyond, every second one goes, and what lies between two counts as old as the earlier.
const MOST: usize = 2_048;

/// The ends of the outbox that were seen, ascending, each with the last moment at which it was the end.
#[derive(Debug, Default)]
pub(crate) struct Tide(Mutex<VecDeque<(u64, Instant)>>);

impl Tide {
    /// The outbox ends here now.
    pub(crate) fn note(&self, end: u64, now: Instant) {
        let mut marks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // A database that was put back ends earlier; what was seen of the other one says nothing.
        while marks.back().is_some_and(|(last, _)| *last >= end) {
            marks.pop_back();
        }
        marks.push_back((end, now));
        if marks.len() > MOST {
            let mut even = false;
            marks.retain(|_| {
                even = !even;
                even
            });
        }
    }

    /// How long an index that has read up to `position` has lacked what comes next; zero when nothing does. What this process has found
    /// already lacking when it began counts from then.
    pub(crate) fn behind(&self, position: u64, now: Instant) -> Duration {
        let marks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if marks.back().is_none_or(|(end, _)| *end <= position) {
            return Duration::ZERO;
        }
        let since = marks.iter().rev().find(|(end, _)| *end <= position).or(marks.front());
        since.map_or(Duration::ZERO, |(_, at)| now.saturating_duration_since(*at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(start: Instant, seconds: u64) -> Instant {
        start + Duration::from_secs(seconds)
    }

    #[test]
    fn what_is_lacking_is_as_old_as_the_last_moment_at_which_nothing_was() {
        let (tide, start) = (Tide::default(), Instant::now());
        assert_eq!(tide.behind(0, start), Duration::ZERO);
        for (second, end) in [(0, 7), (1, 7), (2, 9), (5, 12)] {
            tide.note(end, at(start, second));
        }
        let behind = |position| tide.behind(position, at(start, 6)).as_secs();
        assert_eq!([behind(12), behind(11), behind(9), behind(8), behind(7)], [0, 4, 4, 5, 5]);
        assert_eq!(behind(3), 5, "since it was looked at for the first time after");
        tide.note(4, at(start, 7));
        assert_eq!(tide.behind(4, at(start, 9)), Duration::ZERO, "another database");
    }

    #[test]
    fn however_long_nothing_is_indexed_the_memory_is_bounded() {
        let (tide, start) = (Tide::default(), Instant::now());
        for second in 0..3 * MOST as u64 {
            tide.note(second, at(start, second));
        }
        assert!(tide.0.lock().unwrap_or_else(PoisonError::into_inner).len() <= MOST);
        let end = 3 * MOST as u64;
        let behind = tide.behind(100, at(start, end)).as_secs();
        assert!((end - 100..end - 90).contains(&behind), "{behind}");
    }
}
