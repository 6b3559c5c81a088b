//! What operators watch: how the engine is, in numbers. Of records, keys and people there is nothing in it.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use store::{Load, WebhookLoad};

use crate::desk::AdmissionLoad;
use crate::{DeliveryCounts, Engine, EngineError, ImportReport, IndexStatus};

/// How the engine is.
#[derive(Debug, Clone, PartialEq)]
pub struct Vitals {
    /// Requests that are worked on or wait for it.
    pub admission: AdmissionLoad,
    /// What the database is asked for.
    pub database: Load,
    /// The imports of this process.
    pub imports: ImportCounts,
    /// The messages to portals that this process has sent.
    pub deliveries: DeliveryCounts,
    /// What the database says; `None` while it does not answer.
    pub kept: Option<Kept>,
}

/// What is told by the database, and the indexes beside it.
#[derive(Debug, Clone, PartialEq)]
pub struct Kept {
    /// How far each registry's index is.
    pub indexes: Vec<IndexStatus>,
    /// Entries of the outbox, by the numbers of the oldest and the latest: as many or fewer are there.
    pub outbox: u64,
    /// Messages to portals that are on their way.
    pub webhooks: WebhookLoad,
    /// The re-match that was published last.
    pub last_run: Option<LastRun>,
}

/// A published re-match.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LastRun {
    /// When it became current.
    pub published_at: Timestamp,
    /// How long it took.
    pub took: Duration,
    /// Needs ranked.
    pub needs: u64,
    /// Of these, those for which nothing was found.
    pub needs_without_match: u64,
    /// Matches stored.
    pub matches: u64,
}

/// The imports of this process, and what became of their rows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ImportCounts {
    /// Under way.
    pub running: u64,
    /// Rows that made a record.
    pub created: u64,
    /// Rows that changed one.
    pub changed: u64,
    /// Rows that said nothing new.
    pub unchanged: u64,
    /// Rows that were refused.
    pub rejected: u64,
}

/// Counts the rows of all imports.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    running: AtomicU64,
    rows: Mutex<ImportCounts>,
}

/// An import under way.
pub(crate) struct Tallied<'a> {
    tally: &'a Tally,
    /// What of it has been counted.
    counted: ImportCounts,
    /// Rows count as written only at the end.
    all_or_nothing: bool,
}

impl Tally {
    pub(crate) fn begin(&self, all_or_nothing: bool) -> Tallied<'_> {
        self.running.fetch_add(1, Ordering::Relaxed);
        Tallied { tally: self, counted: ImportCounts::default(), all_or_nothing }
    }

    /// An import of which this much was done before, and was counted then.
    pub(crate) fn goes_on(&self, before: &ImportReport) -> Tallied<'_> {
        let ImportReport { created, changed, unchanged, rejected, .. } = *before;
        let mut tallied = self.begin(false);
        tallied.counted = ImportCounts { created, changed, unchanged, rejected, running: 0 };
        tallied
    }

    fn counts(&self) -> ImportCounts {
        let rows = *self.rows.lock().unwrap_or_else(PoisonError::into_inner);
        ImportCounts { running: self.running.load(Ordering::Relaxed), ..rows }
    }
}

impl Tallied<'_> {
    /// Counts what has come since it was last told.
    pub(crate) fn hear(&mut self, report: &ImportReport) {
        let ImportReport { created, changed, unchanged, rejected, .. } = *report;
        self.count(if self.all_or_nothing {
            ImportCounts { rejected, ..self.counted }
        } else {
            ImportCounts { created, changed, unchanged, rejected, running: 0 }
        });
    }

    /// It has ended well, and all of it counts.
    pub(crate) fn ends(mut self, report: &ImportReport) {
        self.all_or_nothing = false;
        self.hear(report);
    }

    fn count(&mut self, now: ImportCounts) {
        let before = std::mem::replace(&mut self.counted, now);
        let mut rows = self.tally.rows.lock().unwrap_or_else(PoisonError::into_inner);
        rows.created += now.created.saturating_sub(before.created);
        rows.changed += now.changed.saturating_sub(before.changed);
        rows.unchanged += now.unchanged.saturating_sub(before.unchanged);
        rows.rejected += now.rejected.saturating_sub(before.rejected);
    }
}

impl Drop for Tallied<'_> {
    fn drop(&mut self) {
        self.tally.running.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Engine {
    /// How the engine is. Of the indexes it says what [`Self::index_status`] says. While the database does not answer, it tells of the rest.
    pub async fn vitals(&self) -> Vitals {
        let kept = match self.ping().await {
            Ok(()) => self.kept().await,
            Err(error) => Err(error),
        };
        if let Err(error) = &kept {
            tracing::debug!(error = error as &dyn std::error::Error, "the database does not tell how it is");
        }
        Vitals {
            admission: self.admission.load(),
            database: self.store.load(),
            imports: self.tally.counts(),
            deliveries: self.hooks.counts(),
            kept: kept.ok(),
        }
    }

    async fn kept(&self) -> Result<Kept, EngineError> {
        let indexes = self.index_status().await?;
        let (first, last) = (self.store.first_change().await?, self.store.last_change().await?);
        let run = self.store.current_run().await?;
        let last_run = run.and_then(|run| {
            let published_at = run.published_at?;
            let took = published_at.duration_since(run.opened_at);
            let totals = run.totals.unwrap_or_default();
            Some(LastRun {
                published_at,
                took: Duration::try_from(took).unwrap_or_default(),
                needs: totals.needs,
                needs_without_match: totals.needs_without_match,
                matches: totals.matches,
            })
        });
        let outbox = if last == 0 { 0 } else { (last + 1).saturating_sub(first) };
        let webhooks = self.store.webhook_load().await?;
        Ok(Kept { indexes, outbox, webhooks, last_run })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(created: u64, rejected: u64) -> ImportReport {
        ImportReport { created, rejected, ..ImportReport::default() }
    }

    #[test]
    fn rows_count_once_and_those_of_a_whole_file_only_at_its_end() {
        let tally = Tally::default();
        let mut by_batches = tally.begin(false);
        by_batches.hear(&report(2, 1));
        by_batches.hear(&report(5, 1));
        let mut whole = tally.begin(true);
        whole.hear(&report(7, 0));
        let seen = ImportCounts { running: 2, created: 5, rejected: 1, ..ImportCounts::default() };
        assert_eq!(tally.counts(), seen);
        whole.ends(&report(7, 0));
        drop(by_batches);
        assert_eq!(tally.counts(), ImportCounts { running: 0, created: 12, ..seen });
        drop(tally.begin(true));
        assert_eq!(tally.counts().created, 12, "broken off");
    }
}
