//! Runs of the nightly re-match and what they found.

pub(crate) mod rows;

use std::fmt;

use domain::{Kind, RecordId};
use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::json;

use crate::audit::{self, About, Action, Event};
use crate::backend::on_backend;
use crate::rows::{now, signed, unsigned};
use crate::{Store, StoreError, sql};
use rows::{MatchRow, RunRow};

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
    /// Takes matches; nobody reads them yet.
    Running,
    /// Whole, and readable.
    Published,
    /// Given up; its matches are gone.
    Abandoned,
}

/// What a run amounts to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RunTotals {
    /// Needs that were ranked.
    pub needs: u64,
    /// Of these, the needs for which nothing was found.
    pub needs_without_match: u64,
    /// Matches written.
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
    /// Where it stands.
    pub state: RunState,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// When it was published.
    pub published_at: Option<Timestamp>,
    /// What it amounts to, once published.
    pub totals: Option<RunTotals>,
}

/// One target found for a need.
#[derive(Debug, Clone, PartialEq)]
pub struct RunMatch {
    /// Number of the need.
    pub need: u64,
    /// What was found for it.
    pub target: RecordId,
    /// From 1, among the targets of the same registry.
    pub rank: u32,
    /// The score; higher is better.
    pub score: f64,
    /// Why, as JSON.
    pub explanation: String,
}

impl Store {
    /// Opens a run. Unfinished runs of the same day are given up.
    pub async fn open_run(&self, business_date: Date, configuration: &str) -> Result<RunId, StoreError> {
        let mut transaction = self.backend.begin().await?;
        let day = business_date.to_string();
        let (unfinished, number): (Vec<i64>, i64) = on_backend!(&mut transaction, transaction => (
            sqlx::query_scalar(sql::ABANDON_UNFINISHED)
                .bind(day.as_str())
                .fetch_all(&mut **transaction)
                .await?,
            sqlx::query_scalar(sql::OPEN_RUN)
                .bind(day.as_str())
                .bind(now())
                .bind(configuration)
                .fetch_one(&mut **transaction)
                .await?,
        ));
        transaction.commit().await?;
        for run in unfinished {
            self.delete_matches(run).await?;
        }
        Ok(RunId(unsigned(number)))
    }

    /// Adds matches to a run, all of them or none.
    ///
    /// # Errors
    /// [`StoreError::RunNotFound`]; [`StoreError::RunClosed`] when it has been published or given up.
    pub async fn add_matches(&self, run: RunId, matches: Vec<RunMatch>) -> Result<(), StoreError> {
        let mut transaction = self.backend.begin().await?;
        let state: Option<RunRow> = on_backend!(&mut transaction, transaction => {
            sqlx::query_as(sql::RUN).bind(signed(run.0)).fetch_optional(&mut **transaction).await?
        });
        must_be_running(run, state)?;
        for chunk in matches.chunks(sql::ROWS) {
            on_backend!(&mut transaction, transaction => {
                let mut query = sqlx::query(sql::add_matches(chunk.len())).persistent(sql::is_prepared(chunk.len()));
                for found in chunk {
                    query = query
                        .bind(signed(run.0))
                        .bind(signed(found.need))
                        .bind(found.target.kind.slug())
                        .bind(i64::from(found.rank))
                        .bind(signed(found.target.number))
                        .bind(found.score)
                        .bind(found.explanation.as_str());
                }
                query.execute(&mut **transaction).await?;
            });
        }
        transaction.commit().await
    }

    /// Makes a run the current one, whole and at once.
    ///
    /// # Errors
    /// [`StoreError::RunNotFound`]; [`StoreError::RunClosed`] when it has been published or given up.
    pub async fn publish_run(&self, run: RunId, totals: RunTotals) -> Result<Run, StoreError> {
        let mut transaction = self.backend.begin().await?;
        let row: Option<RunRow> = on_backend!(&mut transaction, transaction => {
            let before = sqlx::query_as(sql::RUN).bind(signed(run.0)).fetch_optional(&mut **transaction).await?;
            must_be_running(run, before)?;
            sqlx::query(sql::PUBLISH_RUN)
                .bind(signed(run.0))
                .bind(now())
                .bind(signed(totals.needs))
                .bind(signed(totals.needs_without_match))
                .bind(signed(totals.matches))
                .execute(&mut **transaction)
                .await?;
            sqlx::query(sql::SET_CURRENT_RUN).bind(signed(run.0)).execute(&mut **transaction).await?;
            sqlx::query_as(sql::RUN).bind(signed(run.0)).fetch_optional(&mut **transaction).await?
        });
        let detail = json!({
            "run": run.0, "needs": totals.needs, "needs_without_match": totals.needs_without_match, "matches": totals.matches
        });
        let event = Event::done(Action::RunPublish, About::Nothing, detail);
        audit::append(&mut transaction, &self.actor, event).await?;
        crate::webhooks::events::run_published(&mut transaction, run).await?;
        transaction.commit().await?;
        row.ok_or(StoreError::RunNotFound(run))?.run()
    }

    /// Gives a run up and deletes its matches. A run already given up stays so.
    ///
    /// # Errors
    /// [`StoreError::RunNotFound`]; [`StoreError::RunClosed`] when it has been published.
    pub async fn abandon_run(&self, run: RunId) -> Result<(), StoreError> {
        if self.change_run(sql::ABANDON_RUN, signed(run.0)).await? == 0 {
            let run = self.run(run).await?.ok_or(StoreError::RunNotFound(run))?;
            if run.state == RunState::Published {
                return Err(StoreError::RunClosed(run.id));
            }
        }
        self.delete_matches(signed(run.0)).await
    }

    /// The run that people see, if any has been published.
    pub async fn current_run(&self) -> Result<Option<Run>, StoreError> {
        let row: Option<RunRow> = on_backend!(&self.backend, pools => {
            sqlx::query_as(sql::CURRENT_RUN).fetch_optional(&pools.readers).await?
        });
        row.map(RunRow::run).transpose()
    }

    /// The run published last before this published one.
    pub async fn previous_run(&self, of: RunId) -> Result<Option<Run>, StoreError> {
        let row: Option<RunRow> = on_backend!(&self.backend, pools => {
            sqlx::query_as(sql::PREVIOUS_RUN).bind(signed(of.0)).fetch_optional(&pools.readers).await?
        });
        row.map(RunRow::run).transpose()
    }

    /// The run of this identifier, whatever its state.
    pub async fn run(&self, id: RunId) -> Result<Option<Run>, StoreError> {
        let row: Option<RunRow> = on_backend!(&self.backend, pools => {
            sqlx::query_as(sql::RUN).bind(signed(id.0)).fetch_optional(&pools.readers).await?
        });
        row.map(RunRow::run).transpose()
    }

    /// Up to `limit` published runs opened before `before`, or at all, latest first.
    pub async fn runs(&self, before: Option<RunId>, limit: u32) -> Result<Vec<Run>, StoreError> {
        let before = before.map_or(i64::MAX, |run| signed(run.0));
        let rows: Vec<RunRow> = on_backend!(&self.backend, pools => {
            sqlx::query_as(sql::RUNS).bind(before).bind(i64::from(limit)).fetch_all(&pools.readers).await?
        });
        rows.into_iter().map(RunRow::run).collect()
    }

    /// What a published run found for a need in a registry, by rank. Of a run not published nothing is shown.
    pub async fn run_matches(
        &self,
        run: RunId,
        need: u64,
        target: Kind,
    ) -> Result<Vec<RunMatch>, StoreError> {
        let rows: Vec<MatchRow> = on_backend!(&self.backend, pools => {
            sqlx::query_as(sql::RUN_MATCHES)
                .bind(signed(run.0))
                .bind(signed(need))
                .bind(target.slug())
                .fetch_all(&pools.readers)
                .await?
        });
        rows.into_iter().map(MatchRow::run_match).collect()
    }

    /// Deletes all but the `keep` runs published last, never the current one or the one before it, and with them all that
    /// were given up or left unfinished when the current one was opened. Returns how many published runs went.
    pub async fn prune_runs(&self, keep: u32) -> Result<u64, StoreError> {
        let mut transaction = self.backend.begin().await?;
        let (published, abandoned): (Vec<i64>, Vec<i64>) = on_backend!(&mut transaction, transaction => {
            sqlx::query(sql::ABANDON_LEFT_BEHIND).execute(&mut **transaction).await?;
            let published: Vec<i64> = sqlx::query_scalar(sql::PUBLISHED_RUNS).fetch_all(&mut **transaction).await?;
            // Withdrawn before their matches go: nobody sees a run half deleted.
            for run in published.get(keep.max(2) as usize..).unwrap_or_default() {
                sqlx::query(sql::WITHDRAW_RUN).bind(run).execute(&mut **transaction).await?;
            }
            (published, sqlx::query_scalar(sql::ABANDONED_RUNS).fetch_all(&mut **transaction).await?)
        });
        transaction.commit().await?;
        for run in abandoned {
            self.delete_matches(run).await?;
            self.change_run(sql::DELETE_RUN, run).await?;
        }
        Ok(published.len().saturating_sub(keep.max(2) as usize) as u64)
    }

    /// Deletes in slices, each a transaction of its own, so that other writers get their turn in between.
    async fn delete_matches(&self, run: i64) -> Result<(), StoreError> {
        self.change_run(sql::duplicates::DELETE_CLUSTERS, run).await?;
        while self.change_run(sql::DELETE_MATCHES, run).await? > 0 {}
        Ok(())
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

pub(crate) fn must_be_running(run: RunId, row: Option<RunRow>) -> Result<(), StoreError> {
    match row.ok_or(StoreError::RunNotFound(run))?.run()?.state {
        RunState::Running => Ok(()),
        RunState::Published | RunState::Abandoned => Err(StoreError::RunClosed(run)),
    }
}
