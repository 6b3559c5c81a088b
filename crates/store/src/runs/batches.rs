//! The work of a run, in batches: held for a while by whoever works on one, written with the end of the batch or not at all.
//!
//! A batch that is not finished in time is taken over. Each taking gives another token, and only the last one can write: what a worker
//! found that was thought dead is thrown away, whatever the clocks of the machines say.

use std::time::Duration;

use jiff::Timestamp;

use super::changes::ListChanges;
use super::rows::RunRow;
use super::{MatchList, RunId, RunTotals, must_be_running};
use crate::backend::{Transaction, on_backend};
use crate::clusters::{self, Cluster};
use crate::rows::{corrupt, moment, now, row, signed, unsigned};
use crate::sql::runs as texts;
use crate::{Store, StoreError, sql};

/// A batch, held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RunBatch {
    /// The run.
    pub run: RunId,
    /// Its number in the run.
    pub batch: u64,
    /// What is to be done.
    pub work: BatchWork,
    /// Which taking this is.
    pub token: u64,
}

/// What is to be done in a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BatchWork {
    /// Match the needs with a number greater than the first and up to the second.
    Needs {
        /// Those after this one.
        after: u64,
        /// Up to this one.
        up_to: u64,
    },
    /// Find the clusters, once all needs are done.
    Clusters,
}

/// What came of asking for work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claim {
    /// This is to be done.
    Work(RunBatch),
    /// Others are at what is left.
    Wait,
    /// Everything is done; the run can be published.
    AllDone,
}

/// What was found in a batch.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Findings {
    /// Lists that differ from what the run before shows.
    pub lists: Vec<MatchList>,
    /// What changed.
    pub changes: Vec<ListChanges>,
    /// What the batch amounts to, unchanged lists included.
    pub totals: RunTotals,
    /// Lists that were ranked from the beginning.
    pub ranked: u64,
}

/// How far a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RunProgress {
    /// Batches.
    pub batches: u64,
    /// Batches done.
    pub done: u64,
    /// Batches that somebody is at.
    pub held: u64,
    /// How often a batch was begun.
    pub begun: u64,
    /// Needs dealt with.
    pub needs: u64,
    /// Lists that were ranked from the beginning.
    pub ranked: u64,
    /// Lists that differ from those of the run before.
    pub written: u64,
}

row! {
    struct ClaimRow {
        batch: i64,
        what: String,
        after_need: i64,
        up_to_need: i64,
        token: i64,
    }
}

row! {
    struct ProgressRow {
        batches: i64,
        done: i64,
        held: i64,
        begun: i64,
        needs: i64,
        ranked: i64,
        written: i64,
    }
}

row! {
    pub(super) struct TotalsRow {
        needs: i64,
        needs_without_match: i64,
        matches: i64,
    }
}

impl TotalsRow {
    pub(super) fn totals(&self) -> RunTotals {
        RunTotals {
            needs: unsigned(self.needs),
            needs_without_match: unsigned(self.needs_without_match),
            matches: unsigned(self.matches),
        }
    }
}

impl Store {
    /// Takes the next batch of a run that nobody is at, for a while.
    ///
    /// # Errors
    /// [`StoreError::RunNotFound`]; [`StoreError::RunClosed`] when it has been published or given up.
    pub async fn claim_batch(&self, run: RunId, holder: &str, hold: Duration) -> Result<Claim, StoreError> {
        let mut transaction = self.backend.begin().await?;
        running(&mut transaction, run).await?;
        let now = now();
        let (claimed, undone): (Option<ClaimRow>, i64) = on_backend!(&mut transaction, transaction => (
            sqlx::query_as(texts::CLAIM)
                .bind(signed(run.0))
                .bind(holder)
                .bind(now)
                .bind(until(now, hold))
                .fetch_optional(&mut **transaction)
                .await?,
            sqlx::query_scalar(texts::UNDONE).bind(signed(run.0)).fetch_one(&mut **transaction).await?,
        ));
        transaction.commit().await?;
        let Some(row) = claimed else {
            return Ok(if undone == 0 { Claim::AllDone } else { Claim::Wait });
        };
        let work = match row.what.as_str() {
            "needs" => BatchWork::Needs { after: unsigned(row.after_need), up_to: unsigned(row.up_to_need) },
            "clusters" => BatchWork::Clusters,
            other => return Err(corrupt(format!("匹配批次 {run} "), other.to_owned())),
        };
        let (batch, token) = (unsigned(row.batch), unsigned(row.token));
        Ok(Claim::Work(RunBatch { run, batch, work, token }))
    }

    /// Holds a batch for longer.
    ///
    /// # Errors
    /// [`StoreError::BatchLost`] when another has taken it over, or the run is at its end.
    pub async fn hold_batch(&self, batch: &RunBatch, hold: Duration) -> Result<(), StoreError> {
        let mut transaction = self.backend.begin().await?;
        running(&mut transaction, batch.run).await?;
        let renewed = on_backend!(&mut transaction, transaction => {
            sqlx::query(texts::RENEW)
                .bind(signed(batch.run.0))
                .bind(signed(batch.batch))
                .bind(signed(batch.token))
                .bind(until(now(), hold))
                .execute(&mut **transaction)
                .await?
                .rows_affected()
        });
        held(batch, renewed)?;
        transaction.commit().await
    }

    /// Leaves a batch to others.
    pub async fn let_go_of_batch(&self, batch: &RunBatch) -> Result<(), StoreError> {
        let mut transaction = self.backend.begin().await?;
        on_backend!(&mut transaction, transaction => {
            sqlx::query(texts::LET_GO)
                .bind(signed(batch.run.0))
                .bind(signed(batch.batch))
                .bind(signed(batch.token))
                .execute(&mut **transaction)
                .await?;
        });
        transaction.commit().await
    }

    /// Writes what was found in a batch of needs, and that the batch is done: all of it, or nothing.
    ///
    /// # Errors
    /// [`StoreError::BatchLost`] when another has taken it over; [`StoreError::RunClosed`] when the run has ended.
    pub async fn finish_batch(&self, batch: &RunBatch, found: &Findings) -> Result<(), StoreError> {
        let mut transaction = self.backend.begin().await?;
        finish(&mut transaction, batch, found).await?;
        for chunk in found.lists.chunks(sql::ROWS) {
            on_backend!(&mut transaction, transaction => {
                let mut query = sqlx::query(texts::add_lists(chunk.len())).persistent(sql::is_prepared(chunk.len()));
                for list in chunk {
                    query = query
                        .bind(signed(list.need))
                        .bind(list.target.slug())
                        .bind(signed(batch.run.0))
                        .bind(list.to_bytes());
                }
                query.execute(&mut **transaction).await?;
            });
        }
        for chunk in found.changes.chunks(sql::ROWS) {
            on_backend!(&mut transaction, transaction => {
                let text = texts::add_match_changes(chunk.len());
                let mut query = sqlx::query(text).persistent(sql::is_prepared(chunk.len()));
                for list in chunk {
                    query = query
                        .bind(signed(batch.run.0))
                        .bind(signed(list.need))
                        .bind(list.target.slug())
                        .bind(list.to_bytes());
                }
                query.execute(&mut **transaction).await?;
            });
        }
        transaction.commit().await
    }

    /// Writes the clusters, and that they are done.
    ///
    /// # Errors
    /// As [`Store::finish_batch`].
    pub async fn finish_clusters(&self, batch: &RunBatch, found: &[Cluster]) -> Result<(), StoreError> {
        let mut transaction = self.backend.begin().await?;
        finish(&mut transaction, batch, &Findings::default()).await?;
        clusters::add(&mut transaction, batch.run, found).await?;
        transaction.commit().await
    }

    /// How far a run is.
    pub async fn run_progress(&self, run: RunId) -> Result<RunProgress, StoreError> {
        let row: ProgressRow = on_backend!(&self.backend, pools => {
            sqlx::query_as(texts::PROGRESS).bind(signed(run.0)).bind(now()).fetch_one(&pools.readers).await?
        });
        Ok(RunProgress {
            batches: unsigned(row.batches),
            done: unsigned(row.done),
            held: unsigned(row.held),
            begun: unsigned(row.begun),
            needs: unsigned(row.needs),
            ranked: unsigned(row.ranked),
            written: unsigned(row.written),
        })
    }

    /// Until when the latest of a run's batches is, or was, held; when the run was opened if none ever was.
    pub async fn run_seen_until(&self, run: RunId) -> Result<Timestamp, StoreError> {
        let until: i64 = on_backend!(&self.backend, pools => {
            sqlx::query_scalar(texts::SEEN_UNTIL).bind(signed(run.0)).fetch_one(&pools.readers).await?
        });
        moment(until)
    }
}

async fn running(transaction: &mut Transaction, run: RunId) -> Result<(), StoreError> {
    let row: Option<RunRow> = on_backend!(transaction, transaction => {
        sqlx::query_as(texts::RUN).bind(signed(run.0)).fetch_optional(&mut **transaction).await?
    });
    must_be_running(run, row)
}

/// Notes that a batch is done, for whoever holds it.
async fn finish(transaction: &mut Transaction, batch: &RunBatch, found: &Findings) -> Result<(), StoreError> {
    running(transaction, batch.run).await?;
    let RunTotals { needs, needs_without_match, matches } = found.totals;
    let finished = on_backend!(transaction, transaction => {
        sqlx::query(texts::FINISH)
            .bind(signed(batch.run.0))
            .bind(signed(batch.batch))
            .bind(signed(batch.token))
            .bind(signed(needs))
            .bind(signed(needs_without_match))
            .bind(signed(matches))
            .bind(signed(found.ranked))
            .bind(signed(found.lists.len() as u64))
            .execute(&mut **transaction)
            .await?
            .rows_affected()
    });
    held(batch, finished)
}

fn held(batch: &RunBatch, rows: u64) -> Result<(), StoreError> {
    if rows == 1 { Ok(()) } else { Err(StoreError::BatchLost { run: batch.run, batch: batch.batch }) }
}

fn until(now: i64, hold: Duration) -> i64 {
    now.saturating_add(i64::try_from(hold.as_millis()).unwrap_or(i64::MAX))
}
