//! What keys are used for: counted here, written to the database once a minute and key at most, and never in the way of a request.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use domain::access::KeyId;
use jiff::civil::Date;
use rustc_hash::FxHashMap;

use crate::matching::today;
use crate::{Engine, Key};

/// Between two writes about one key.
const PAUSE: Duration = Duration::from_secs(60);

/// Requests that the database has not heard of. One entry for each key that was good in this process: as few as there are keys.
#[derive(Default)]
pub(crate) struct Usage(Mutex<FxHashMap<KeyId, Uses>>);

struct Uses {
    day: Date,
    /// As many as the database is known to have heard of.
    stored: u64,
    /// Not yet in the database.
    requests: u64,
    /// On the way there.
    writing: u64,
    written: Option<Instant>,
}

impl Usage {
    fn with<T>(&self, key: KeyId, day: Date, work: impl FnOnce(&mut Uses) -> T) -> T {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let uses = all.entry(key).or_insert(Uses { day, stored: 0, requests: 0, writing: 0, written: None });
        if uses.day != day {
            *uses = Uses { day, stored: 0, requests: 0, writing: 0, ..*uses };
        }
        work(uses)
    }

    /// Counts a request. How many are to be written, when it is time.
    fn count(&self, key: KeyId, day: Date) -> Option<u64> {
        self.with(key, day, |uses| {
            uses.requests += 1;
            let due = uses.writing == 0 && uses.written.is_none_or(|written| written.elapsed() >= PAUSE);
            due.then(|| {
                uses.written = Some(Instant::now());
                uses.writing = std::mem::take(&mut uses.requests);
                uses.writing
            })
        })
    }

    /// What is not yet on its way: key, day and how many, all of it to be written.
    fn rest(&self) -> Vec<(KeyId, Date, u64)> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let rest = all.iter_mut().filter(|(_, uses)| uses.requests > 0);
        rest.map(|(key, uses)| (*key, uses.day, std::mem::take(&mut uses.requests))).collect()
    }

    /// What was on its way has arrived, or has not.
    fn written(&self, key: KeyId, day: Date, arrived: bool) {
        self.with(key, day, |uses| {
            let requests = std::mem::take(&mut uses.writing);
            *(if arrived { &mut uses.stored } else { &mut uses.requests }) += requests;
        });
    }
}

impl Usage {
    /// Requests of the day, when the database was read to hold `read`. What is on its way there may have arrived before it was read, or after:
    /// it counts once.
    fn so_far(&self, key: KeyId, day: Date, read: u64) -> u64 {
        self.with(key, day, |uses| {
            if uses.writing == 0 {
                uses.stored = uses.stored.max(read);
            }
            read.max(uses.stored + uses.writing) + uses.requests
        })
    }
}

impl Engine {
    /// Requests made with this key today, before this one. The day is China's.
    pub fn used_today(&self, key: &Key) -> u64 {
        let day = today();
        let stored = if key.used_on == Some(day) { key.used } else { 0 };
        self.usage.so_far(key.id, day, stored)
    }

    /// Writes down what was counted and is not in the database yet, before the process ends: a day's quota is one whatever is restarted.
    pub(crate) async fn note_uses(&self) {
        for (key, day, requests) in self.usage.rest() {
            if let Err(error) = self.store.add_use(key, day, requests).await {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, %key, requests, "the use of a key could not be written down");
                // Nor could what is left; and the end is not to wait for each.
                return;
            }
        }
    }

    /// Counts a request with this key.
    pub fn note_use(&self, key: KeyId) {
        let day = today();
        let Some(requests) = self.usage.count(key, day) else { return };
        let engine = self.clone();
        // Apart: a writer may have to wait for an import, and a request must not.
        tokio::spawn(async move {
            let outcome = engine.store.add_use(key, day, requests).await;
            if let Err(error) = &outcome {
                let error = error as &dyn std::error::Error;
                tracing::warn!(error, %key, "the use of a key could not be written down");
            }
            engine.usage.written(key, day, outcome.is_ok());
        });
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn a_minute_has_one_write_and_no_request_is_lost() {
        let (usage, key, day) = (Usage::default(), KeyId(1), date(2026, 3, 1));
        assert_eq!(usage.count(key, day), Some(1));
        assert_eq!((usage.count(key, day), usage.count(key, day)), (None, None));
        usage.written(key, day, false);
        assert_eq!(usage.with(key, day, |uses| (uses.requests, uses.writing)), (3, 0));
        assert_eq!(usage.with(key, date(2026, 3, 2), |uses| uses.requests), 0);
        assert_eq!(usage.count(KeyId(2), day), Some(1), "another key has a minute of its own");
    }

    #[test]
    fn what_is_on_its_way_counts_once_whenever_it_arrives() {
        let (usage, key, day) = (Usage::default(), KeyId(1), date(2026, 3, 1));
        assert_eq!(usage.so_far(key, day, 7), 7, "of other servers, too");
        assert_eq!(usage.count(key, day), Some(1));
        assert_eq!((usage.so_far(key, day, 7), usage.so_far(key, day, 8)), (8, 8), "read before and after");
        usage.written(key, day, true);
        assert_eq!((usage.so_far(key, day, 7), usage.so_far(key, day, 8)), (8, 8), "read before it arrived");
        assert_eq!(usage.count(key, day), None);
        assert_eq!(usage.so_far(key, day, 8), 9);
        assert_eq!(usage.so_far(key, date(2026, 3, 2), 0), 0);
    }
}
