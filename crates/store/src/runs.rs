//! Runs of the nightly re-match: opened once, worked off in batches, published in one step, kept for a while.

mod batches;
mod bytes;
mod changes;
mod lists;
mod opening;
pub(crate) mod rows;
mod striking;

use std::fmt;

use domain::Kind;
use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::json;

use crate::audit::{self, About, Action, Event};
use crate::backend::{Transaction, on_backend};
use crate::rows::{now, signed};
use crate::sql::runs as texts;
use crate::{Store, StoreError, sql};
use batches::TotalsRow;
pub use batches::{BatchWork, Claim, Findings, RunBatch, RunProgress};
pub use changes::{ChangesPlace, ListChanges, MatchChange};
pub use lists::{MatchList, PARTS, Place};
pub use opening::{Opened, RunPlan};
use rows::RunRow;
pub(crate) use striking::strike;

/// As whom the re-match follows the outbox: what changed since the current run is kept for the next one.
pub(crate) const FOLLOWER: &str = "rematch";
/// The registries whose changes it goes by.
const FOLLOWED: [Kind; 4] = [Kind::Need, Kind::Expert, Kind::Station, Kind::Achievement];

/// Identifier of a run; ascending in order of opening.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RunId(pub u64);

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Where a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunState {
    /// Is being worked on; nobody reads it yet.
    Running,
    /// Whole, and readable.
    Published,
    /// Given up; what it found goes.
    Abandoned,
}

/// What a run amounts to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RunTotals {
    /// Needs that were matched.
    pub needs: u64,
    /// Of these, the needs for which nothing was found.
    pub needs_without_match: u64,
    /// Matches shown.
    pub matches: u64,
}

/// One re-match of all open needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// Its identifier.
    pub id: RunId,
    /// The day for which it was made.
    pub business_date: Date,
    /// The configuration under which it was made, as the engine wrote it.
    pub configuration: String,
    /// The statistics that it ranks by.
    pub epoch: u64,
    /// The run on which it builds.
    pub base: Option<RunId>,
    /// The change in the outbox that every index that serves it has read.
    pub position: u64,
    /// Whether every need is ranked anew.
    pub whole: bool,
    /// Where it stands.
    pub state: RunState,
    /// As of when it was made: later changes are the next run's.
    pub opened_at: Timestamp,
    /// When it was published.
    pub published_at: Option<Timestamp>,
    /// What it amounts to, once published.
    pub totals: Option<RunTotals>,
}

impl Store {
    /// Makes a run the current one, whole and at once. What changed since it is kept in the outbox for the next one.
    ///
    /// # Errors
    /// [`StoreError::RunNotFound`]; [`StoreError::RunClosed`] when it has been published or given up; [`StoreError::RunUnfinished`].
    pub async fn publish_run(&self, run: RunId) -> Result<Run, StoreError> {
        let mut transaction = self.backend.begin().await?;
        let number = signed(run.0);
        let (row, totals): (Option<RunRow>, RunTotals) = on_backend!(&mut transaction, transaction => {
            let before = sqlx::query_as(texts::RUN).bind(number).fetch_optional(&mut **transaction).await?;
            must_be_running(run, before)?;
            let undone: i64 = sqlx::query_scalar(texts::UNDONE).bind(number).fetch_one(&mut **transaction).await?;
            if undone > 0 {
                return Err(StoreError::RunUnfinished(run));
            }
            let totals: TotalsRow = sqlx::query_as(texts::TOTALS).bind(number).fetch_one(&mut **transaction).await?;
            let totals = totals.totals();
            sqlx::query(texts::PUBLISH)
                .bind(number)
                .bind(now())
                .bind(signed(totals.needs))
                .bind(signed(totals.needs_without_match))
                .bind(signed(totals.matches))
                .execute(&mut **transaction)
                .await?;
            sqlx::query(texts::SET_CURRENT).bind(number).execute(&mut **transaction).await?;
            (sqlx::query_as(texts::RUN).bind(number).fetch_optional(&mut **transaction).await?, totals)
        });
        let run = row.ok_or(StoreError::RunNotFound(run))?.run()?;
        follow(&mut transaction, run.position).await?;
        let detail = json!({
            "run": run.id.0, "needs": totals.needs, "needs_without_match": totals.needs_without_match, "matches": totals.matches
        });
        let event = Event::done(Action::RunPublish, About::Nothing, detail);
        audit::append(&mut transaction, &self.actor, event).await?;
        crate::webhooks::events::run_published(&mut transaction, run.id).await?;
        transaction.commit().await?;
        Ok(run)
    }

    /// Gives a run up; what it found goes. Whoever works on it hears of it with the next batch. A run already given up stays so.
    ///
    /// # Errors
    /// [`StoreError::RunNotFound`]; [`StoreError::RunClosed`] when it has been published.
    pub async fn abandon_run(&self, run: RunId) -> Result<(), StoreError> {
        let mut transaction = self.backend.begin().await?;
        let given_up = on_backend!(&mut transaction, transaction => {
            let query = sqlx::query(texts::ABANDON).bind(signed(run.0));
            query.execute(&mut **transaction).await?.rows_affected()
        });
        if given_up == 0 {
            drop(transaction);
            let run = self.run(run).await?.ok_or(StoreError::RunNotFound(run))?;
            return if run.state == RunState::Published {
                Err(StoreError::RunClosed(run.id))
            } else {
                Ok(())
            };
        }
        let event = Event::done(Action::RunAbandon, About::Nothing, json!({"run": run.0}));
        audit::append(&mut transaction, &self.actor, event).await?;
        transaction.commit().await
    }

    /// The run that people see, if any has been published.
    pub async fn current_run(&self) -> Result<Option<Run>, StoreError> {
        let row: Option<RunRow> = on_backend!(&self.backend, pools => {
            sqlx::query_as(texts::CURRENT).fetch_optional(&pools.readers).await?
        });
        row.map(RunRow::run).transpose()
    }

    /// The run that is being worked on, if there is one.
    pub async fn running_run(&self) -> Result<Option<Run>, StoreError> {
        let row: Option<RunRow> = on_backend!(&self.backend, pools => {
            sqlx::query_as(texts::RUNNING).fetch_optional(&pools.readers).await?
        });
        row.map(RunRow::run).transpose()
    }

    /// The run published last before this published one.
    pub async fn previous_run(&self, of: RunId) -> Result<Option<Run>, StoreError> {
        let row: Option<RunRow> = on_backend!(&self.backend, pools => {
            sqlx::query_as(texts::PREVIOUS).bind(signed(of.0)).fetch_optional(&pools.readers).await?
        });
        row.map(RunRow::run).transpose()
    }

    /// The run of this identifier, whatever its state.
    pub async fn run(&self, id: RunId) -> Result<Option<Run>, StoreError> {
        let row: Option<RunRow> = on_backend!(&self.backend, pools => {
            sqlx::query_as(texts::RUN).bind(signed(id.0)).fetch_optional(&pools.readers).await?
        });
        row.map(RunRow::run).transpose()
    }

    /// Up to `limit` published runs opened before `before`, or at all, latest first. Of several for one day, only the last.
    pub async fn runs(&self, before: Option<RunId>, limit: u32) -> Result<Vec<Run>, StoreError> {
        let before = before.map_or(i64::MAX, |run| signed(run.0));
        let rows: Vec<RunRow> = on_backend!(&self.backend, pools => {
            sqlx::query_as(texts::PUBLISHED)
                .bind(before)
                .bind(i64::from(limit))
                .fetch_all(&pools.readers)
                .await?
        });
        rows.into_iter().map(RunRow::run).collect()
    }

    /// Deletes all but the `keep` runs published last, never the current one or the one before it, with the lists that nobody reads any
    /// more; and what runs left behind that were given up. Returns how many published runs went.
    pub async fn prune_runs(&self, keep: u32) -> Result<u64, StoreError> {
        self.clear_abandoned().await?;
        let published: Vec<i64> = on_backend!(&self.backend, pools => {
            sqlx::query_scalar(texts::PUBLISHED_NUMBERS).fetch_all(&pools.readers).await?
        });
        let keep = (keep.max(2) as usize).min(published.len());
        let (kept, gone) = published.split_at(keep);
        if gone.is_empty() {
            return Ok(0);
        }
        // From the oldest on: who is killed in between begins again with what is left.
        for run in gone.iter().rev().copied().chain(kept.last().copied()) {
            self.delete_superseded(run).await?;
        }
        for run in gone.iter().rev() {
            self.delete_run(*run).await?;
        }
        Ok(gone.len() as u64)
    }

    /// Deletes what runs left behind that were given up, and the runs themselves.
    pub(super) async fn clear_abandoned(&self) -> Result<(), StoreError> {
        let abandoned: Vec<i64> = on_backend!(&self.backend, pools => {
            sqlx::query_scalar(texts::ABANDONED).fetch_all(&pools.readers).await?
        });
        for run in abandoned {
            while self.change_run(texts::DELETE_LISTS, run).await? > 0 {}
            self.delete_run(run).await?;
        }
        Ok(())
    }

    /// Deletes a run and all that is its alone. In slices, each a transaction of its own, so that other writers get their turn in between.
    async fn delete_run(&self, run: i64) -> Result<(), StoreError> {
        while self.change_run(texts::DELETE_CHANGES, run).await? > 0 {}
        self.change_run(sql::duplicates::DELETE_CLUSTERS, run).await?;
        self.change_run(texts::DELETE_BATCHES, run).await?;
        self.change_run(texts::DELETE, run).await?;
        Ok(())
    }

    /// Deletes the lists that are not read by this run or a later one.
    async fn delete_superseded(&self, run: i64) -> Result<(), StoreError> {
        let mut after = 0_i64;
        loop {
            let up_to: Option<i64> = on_backend!(&self.backend, pools => {
                sqlx::query_scalar(texts::SLICE_OF_LISTS).bind(run).bind(after).fetch_one(&pools.readers).await?
            });
            let Some(up_to) = up_to else { return Ok(()) };
            let mut transaction = self.backend.begin().await?;
            on_backend!(&mut transaction, transaction => {
                sqlx::query(texts::DELETE_SUPERSEDED)
                    .bind(run)
                    .bind(after)
                    .bind(up_to)
                    .execute(&mut **transaction)
                    .await?;
            });
            transaction.commit().await?;
            after = up_to;
        }
    }

    /// Executes a statement about a run. Returns how many rows it concerned.
    async fn change_run(&self, statement: &'static str, run: i64) -> Result<u64, StoreError> {
        let mut transaction = self.backend.begin().await?;
        let changed = on_backend!(&mut transaction, transaction => {
            sqlx::query(statement).bind(run).execute(&mut **transaction).await?.rows_affected()
        });
        transaction.commit().await?;
        Ok(changed)
    }
}

/// Notes up to where the re-match has read the outbox.
async fn follow(transaction: &mut Transaction, position: u64) -> Result<(), StoreError> {
    for kind in FOLLOWED {
        on_backend!(&mut *transaction, transaction => {
            sqlx::query(sql::FOLLOW)
                .bind(FOLLOWER)
                .bind(kind.slug())
                .bind(signed(position))
                .bind(now())
                .execute(&mut **transaction)
                .await?;
        });
    }
    Ok(())
}

pub(crate) fn must_be_running(run: RunId, row: Option<RunRow>) -> Result<(), StoreError> {
    match row.ok_or(StoreError::RunNotFound(run))?.run()?.state {
        RunState::Running => Ok(()),
        RunState::Published | RunState::Abandoned => Err(StoreError::RunClosed(run)),
    }
}
