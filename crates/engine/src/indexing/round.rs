//! What a catch-up has read and put so far, and what it may make of an index.

use std::collections::BTreeSet;
use std::time::Instant;

use domain::Kind;
use index::{IndexError, IndexState};

use crate::EngineError;

/// The numbers of the oldest entry that the outbox still has, and of the latest.
pub(super) struct Outbox {
    pub(super) first: u64,
    pub(super) last: u64,
}

impl Outbox {
    /// An index whose next change is pruned, as after it was put back from a backup, cannot follow; nor can one that is ahead of the
    /// database, as after that was put back.
    pub(super) const fn judge(&self, state: IndexState) -> IndexState {
        match state {
            IndexState::Ready { position } if position + 1 < self.first || position > self.last => {
                IndexState::Stale
            }
            state => state,
        }
    }
}

/// One catch-up: what it has read, and what it has put but not committed.
#[derive(Default)]
pub(super) struct Round {
    /// Up to where the outbox has been read.
    pub(super) read: u64,
    /// Registries that another process writes, or that cannot be written here.
    pub(super) elsewhere: BTreeSet<Kind>,
    pub(super) dirty: BTreeSet<Kind>,
    pub(super) uncommitted: u64,
    /// When the oldest of the uncommitted was put.
    pub(super) since: Option<Instant>,
    pub(super) written: u64,
}

impl Round {
    pub(super) fn put(&mut self, kind: Kind, documents: u64) {
        self.dirty.insert(kind);
        self.uncommitted += documents;
        self.written += documents;
        self.since.get_or_insert_with(Instant::now);
    }

    /// Leaves a registry to the process that holds it; any other error ends the round.
    pub(super) fn pass_over(&mut self, kind: Kind, error: EngineError) -> Result<(), EngineError> {
        match error {
            EngineError::Index(IndexError::Busy(_) | IndexError::Superseded(_)) => {
                self.elsewhere.insert(kind);
                self.dirty.remove(&kind);
                Ok(())
            }
            error => Err(error),
        }
    }
}
