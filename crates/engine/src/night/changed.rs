//! What changed since the run before, as the outbox tells it.

use std::collections::HashMap;

use domain::Kind;

use crate::indexing::BATCH;
use crate::{Engine, EngineError};

/// Numbers of the records that changed, ascending, by registry.
#[derive(Debug, Default)]
pub(super) struct Changed(HashMap<Kind, Vec<u64>>);

impl Changed {
    /// Those of a registry.
    pub(super) fn of(&self, kind: Kind) -> &[u64] {
        self.0.get(&kind).map_or(&[], Vec::as_slice)
    }

    pub(super) fn holds(&self, kind: Kind, number: u64) -> bool {
        self.of(kind).binary_search(&number).is_ok()
    }

    /// Whether nothing that a re-match goes by has changed.
    pub(super) fn is_empty(&self) -> bool {
        self.0.values().all(Vec::is_empty)
    }
}

impl Engine {
    /// What changed after a position of the outbox and up to now; `None` when the outbox does not tell any more.
    pub(super) async fn changed_after(&self, position: u64) -> Result<Option<Changed>, EngineError> {
        let mut changed: HashMap<Kind, Vec<u64>> = HashMap::new();
        let mut after = position;
        loop {
            let changes = self.store.changes(after, BATCH).await?;
            let Some(last) = changes.last() else { break };
            after = last.seq;
            for change in changes {
                // A firm or a society is matched with nobody.
                if !matches!(change.id.kind, Kind::Enterprise | Kind::Society) {
                    changed.entry(change.id.kind).or_default().push(change.id.number);
                }
            }
        }
        // Looked at last: what was pruned while it was read would be missing.
        if self.store.first_change().await? > position + 1 {
            return Ok(None);
        }
        for numbers in changed.values_mut() {
            numbers.sort_unstable();
            numbers.dedup();
        }
        Ok(Some(Changed(changed)))
    }
}
