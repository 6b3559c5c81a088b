//! A run is opened with all the work that it takes, once, whoever asks for it and however many do.

use std::iter;

use jiff::Timestamp;
use jiff::civil::Date;

use super::rows::RunRow;
use super::{Run, RunId};
use crate::backend::{Transaction, on_backend};
use crate::rows::{signed, unsigned};
use crate::sql::runs as texts;
use crate::{Store, StoreError, sql};

/// What a run is to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunPlan {
    /// The day for which it is made.
    pub business_date: Date,
    /// The configuration under which it is made.
    pub configuration: String,
    /// The statistics that it ranks by.
    pub epoch: u64,
    /// The run on which it builds; it must be the current one when the run is opened.
    pub base: Option<RunId>,
    /// The change in the outbox up to which every index that serves it must have read.
    pub position: u64,
    /// When that was the last change.
    pub as_of: Timestamp,
    /// Whether every need is ranked anew, whatever has changed.
    pub whole: bool,
    /// Numbers of needs in a batch.
    pub batch: u64,
}

/// What came of asking for a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Opened {
    /// It is open, and all of its work is to be done.
    New(Run),
    /// There is one under way already, perhaps for another day.
    UnderWay(Run),
    /// Another run was published meanwhile: what was planned no longer fits.
    Overtaken,
}

impl Store {
    /// Opens a run, unless one is under way.
    pub async fn open_run(&self, plan: &RunPlan) -> Result<Opened, StoreError> {
        loop {
            // A later run must not see what one left behind that was given up.
            self.clear_abandoned().await?;
            let mut transaction = self.backend.begin().await?;
            let (abandoned, running, current): (Vec<i64>, Option<RunRow>, Option<i64>) = on_backend!(&mut transaction, transaction => (
                sqlx::query_scalar(texts::ABANDONED).fetch_all(&mut **transaction).await?,
                sqlx::query_as(texts::RUNNING).fetch_optional(&mut **transaction).await?,
                sqlx::query_scalar(texts::CURRENT_NUMBER).fetch_optional(&mut **transaction).await?,
            ));
            if !abandoned.is_empty() {
                continue;
            }
            if let Some(running) = running {
                return Ok(Opened::UnderWay(running.run()?));
            }
            if current.map(|run| RunId(unsigned(run))) != plan.base {
                return Ok(Opened::Overtaken);
            }
            let run = insert(&mut transaction, plan).await?;
            add_batches(&mut transaction, run.id, plan.batch.max(1)).await?;
            transaction.commit().await?;
            return Ok(Opened::New(run));
        }
    }
}

async fn insert(transaction: &mut Transaction, plan: &RunPlan) -> Result<Run, StoreError> {
    let row: RunRow = on_backend!(transaction, transaction => {
        sqlx::query_as(texts::OPEN)
            .bind(plan.business_date.to_string())
            .bind(plan.as_of.as_millisecond())
            .bind(plan.configuration.as_str())
            .bind(signed(plan.epoch))
            .bind(plan.base.map(|base| signed(base.0)))
            .bind(signed(plan.position))
            .bind(i64::from(plan.whole))
            .fetch_one(&mut **transaction)
            .await?
    });
    row.run()
}

/// Ranges of numbers that hold `size` needs each and together every need there is, and the clusters after them.
async fn add_batches(transaction: &mut Transaction, run: RunId, size: u64) -> Result<(), StoreError> {
    let (mut ends, last): (Vec<i64>, i64) = on_backend!(&mut *transaction, transaction => (
        sqlx::query_scalar(texts::NEEDS_APART).bind(signed(size)).fetch_all(&mut **transaction).await?,
        sqlx::query_scalar(texts::LAST_NEED).fetch_one(&mut **transaction).await?
    ));
    if last > ends.last().copied().unwrap_or(0) {
        ends.push(last);
    }
    let starts = iter::once(0).chain(ends.iter().copied());
    let needs = (1..).zip(starts.zip(&ends)).map(|(batch, (after, end))| (batch, "needs", after, *end));
    let clusters = (ends.len() as u64 + 1, "clusters", 0, 0);
    let all: Vec<(u64, &str, i64, i64)> = needs.chain([clusters]).collect();
    for chunk in all.chunks(sql::ROWS) {
        on_backend!(&mut *transaction, transaction => {
            let mut query = sqlx::query(texts::add_batches(chunk.len())).persistent(sql::is_prepared(chunk.len()));
            for (batch, what, after, up_to) in chunk {
                query = query
                    .bind(signed(run.0))
                    .bind(signed(*batch))
                    .bind(*what)
                    .bind(*after)
                    .bind(*up_to)
                    .bind("waiting");
                for _ in 0..7 {
                    query = query.bind(0_i64);
                }
            }
            query.execute(&mut **transaction).await?;
        });
    }
    Ok(())
}
