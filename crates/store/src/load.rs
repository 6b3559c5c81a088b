//! How much the database is asked for: connections in use, and how long writers wait for their turn.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use sqlx::{Database, Pool};

use crate::Store;
use crate::backend::on_backend;

/// What this process asks of the database, as of now and since it was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Load {
    /// Connections that read.
    pub readers: Connections,
    /// The one that writes.
    pub writer: Connections,
    /// Writers that wait for their turn.
    pub waiting: u64,
    /// Turns that were waited for since the database was opened, whether they came or not.
    pub turns: u64,
    /// How long that took in all.
    pub waited: Duration,
    /// How often a contact was asked for that could not be opened.
    pub unreadable_contacts: u64,
}

/// The connections of one pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Connections {
    /// Open ones.
    pub open: u64,
    /// Of these, those that nobody uses.
    pub idle: u64,
    /// Open ones at most.
    pub most: u64,
}

/// The turns of this process's writers.
#[derive(Debug, Default)]
pub(crate) struct Turns {
    waiting: AtomicU64,
    taken: AtomicU64,
    waited_nanos: AtomicU64,
}

/// Somebody who waits; counted when the waiting ends, however it ends.
pub(crate) struct Waiting<'a>(&'a Turns, Instant);

impl Turns {
    pub(crate) fn wait(&self) -> Waiting<'_> {
        self.waiting.fetch_add(1, Ordering::Relaxed);
        Waiting(self, Instant::now())
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let Self(turns, since) = self;
        let nanos = u64::try_from(since.elapsed().as_nanos()).unwrap_or(u64::MAX);
        turns.waited_nanos.fetch_add(nanos, Ordering::Relaxed);
        turns.taken.fetch_add(1, Ordering::Relaxed);
        turns.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Connections {
    fn of<DB: Database>(pool: &Pool<DB>) -> Self {
        let most = u64::from(pool.options().get_max_connections());
        Self { open: u64::from(pool.size()), idle: pool.num_idle() as u64, most }
    }
}

impl Store {
    /// How much the database is asked for. Asks the database nothing.
    pub fn load(&self) -> Load {
        on_backend!(&self.backend, pools => Load {
            readers: Connections::of(&pools.readers),
            writer: Connections::of(&pools.writer),
            waiting: pools.turns.waiting.load(Ordering::Relaxed),
            turns: pools.turns.taken.load(Ordering::Relaxed),
            waited: Duration::from_nanos(pools.turns.waited_nanos.load(Ordering::Relaxed)),
            unreadable_contacts: self.keys.unreadable(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_waits_is_counted_when_it_ends() {
        let turns = Turns::default();
        let (first, second) = (turns.wait(), turns.wait());
        std::thread::sleep(Duration::from_millis(5));
        drop(first);
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        assert_eq!((count(&turns.waiting), count(&turns.taken)), (1, 1));
        drop(second);
        assert_eq!((count(&turns.waiting), count(&turns.taken)), (0, 2));
        assert!(count(&turns.waited_nanos) >= 10_000_000);
    }
}
