//! A run worked off, batch by batch, by as many processes as take part; whoever finds that all is done publishes it.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use domain::Kind;
use futures_util::FutureExt;
use jiff::Timestamp;
use store::{BatchWork, Claim, Run, RunBatch, RunId, RunState, StoreError};

use super::NightRanking;
use super::changed::Changed;
use super::epochs::REGISTRIES;
use super::merging::Length;
use super::readings::Readings;
use crate::operations::passes_in_store;
use crate::rematch::summary;
use crate::{Engine, EngineError, RematchProgress, RunSummary};

/// Held behind those that are shown: with so many, a hundredth of all records changing leaves doubt about hardly any list.
const RESERVE: usize = 12;
/// With more of a registry changed than one in so many, all of it is ranked anew: looking at single ones costs more.
const MANY: u64 = 8;
/// A database that is away is waited for so long.
const PATIENCE: Duration = Duration::from_secs(120);
/// Between two attempts.
const PAUSE: Duration = Duration::from_millis(500);

/// What a worker goes by during a run.
pub(super) struct Shift {
    pub(super) run: Run,
    pub(super) base: Option<Run>,
    pub(super) ranking: NightRanking,
    /// What tells what was worked out by these statistics, under these settings.
    pub(super) key: String,
    pub(super) readings: Mutex<Readings>,
    /// What changed since the run before, as far as it is known.
    pub(super) changed: Option<Changed>,
    /// Registries of which all is ranked anew.
    pub(super) anew: Vec<Kind>,
    pub(super) length: Length,
}

impl Shift {
    /// Whether the run has other statistics than the one before.
    pub(super) fn is_of_new_epoch(&self) -> bool {
        self.base.as_ref().is_some_and(|base| base.epoch != self.run.epoch)
    }

    /// Since when a record's change is one since the run before.
    pub(super) fn since(&self) -> Timestamp {
        self.base.as_ref().map_or(Timestamp::MIN, |base| base.opened_at)
    }
}

impl Engine {
    /// Works at a run until it is published, by this process or another; or until `stop`, and then what is under way is left to others.
    ///
    /// # Errors
    /// [`EngineError::RematchCancelled`], [`EngineError::RematchStopped`], [`EngineError::OtherRanking`]; and when the database stays away.
    pub(crate) async fn work_at_run(
        &self,
        run: Run,
        progress: &mut (impl FnMut(RematchProgress) + Send),
        stop: impl Future<Output = ()> + Send,
    ) -> Result<RunSummary, EngineError> {
        let id = run.id;
        tokio::pin!(stop);
        let total = self.open_need_count().await?;
        let shift = tokio::select! {
            biased;
            () = &mut stop => return Err(EngineError::RematchStopped(id)),
            shift = self.shift(run) => shift,
        };
        let shift = match shift {
            Ok(shift) => Arc::new(shift),
            Err(error) => return self.published(id).await?.ok_or(error),
        };
        let mut away: Option<Instant> = None;
        loop {
            match self.step(&shift, stop.as_mut()).await {
                Ok(Some(published)) => {
                    self.keep_readings(&shift).await;
                    return Ok(published);
                }
                Ok(None) => away = None,
                Err(EngineError::Store(StoreError::BatchLost { batch, .. })) => {
                    tracing::warn!(
                        run = id.0,
                        batch,
                        "a batch was taken over; what was found is thrown away"
                    );
                }
                Err(EngineError::Store(StoreError::RunClosed(_) | StoreError::RunNotFound(_))) => {
                    return self.published(id).await?.ok_or(EngineError::RematchCancelled(id));
                }
                Err(EngineError::Store(error)) if passes(&error) => {
                    let since = *away.get_or_insert_with(Instant::now);
                    if since.elapsed() >= PATIENCE {
                        return Err(error.into());
                    }
                    tracing::warn!(error = &error as &dyn std::error::Error, "the database is waited for");
                    pause(id, stop.as_mut()).await?;
                    continue;
                }
                Err(error) => return Err(error),
            }
            if let Ok(done) = self.store.run_progress(id).await {
                let (done, batches, needs) = (done.done, done.batches, done.needs);
                progress(RematchProgress {
                    done: needs,
                    total: total.max(needs),
                    batches_done: done,
                    batches,
                });
            }
        }
    }

    /// Takes up whatever is next. The summary when that was to publish. Taking up is not broken off, so that nothing is held that nobody knows of.
    async fn step(
        &self,
        shift: &Arc<Shift>,
        mut stop: Pin<&mut (impl Future<Output = ()> + Send)>,
    ) -> Result<Option<RunSummary>, EngineError> {
        let id = shift.run.id;
        if stop.as_mut().now_or_never().is_some() {
            return Err(EngineError::RematchStopped(id));
        }
        let batch = match self.store.claim_batch(id, self.following.name(), self.rematch.hold()).await? {
            Claim::Work(batch) => batch,
            Claim::Wait => return pause(id, stop).await.map(|()| None),
            Claim::AllDone => return Ok(Some(self.publish(id).await?)),
        };
        let done = tokio::select! {
            biased;
            () = stop => Err(EngineError::RematchStopped(id)),
            done = self.work_on(shift, &batch) => done,
        };
        if done.is_err()
            && let Err(error) = self.store.let_go_of_batch(&batch).await
        {
            tracing::warn!(error = &error as &dyn std::error::Error, "a batch is left to its time");
        }
        done.map(|()| None)
    }

    async fn work_on(&self, shift: &Arc<Shift>, batch: &RunBatch) -> Result<(), EngineError> {
        match batch.work {
            BatchWork::Needs { after, up_to } => {
                let found = self.holding(batch, self.matched(shift, after, up_to)).await?;
                self.store.finish_batch(batch, &found).await?;
            }
            BatchWork::Clusters => {
                let found = self.holding(batch, self.clusters_in(shift)).await?;
                self.store.finish_clusters(batch, &found).await?;
            }
        }
        Ok(())
    }

    /// Does the work of a batch and holds on to it meanwhile.
    async fn holding<T>(
        &self,
        batch: &RunBatch,
        work: impl Future<Output = Result<T, EngineError>>,
    ) -> Result<T, EngineError> {
        let hold = self.rematch.hold();
        tokio::pin!(work);
        loop {
            tokio::select! {
                done = &mut work => return done,
                () = tokio::time::sleep(hold / 3) => match self.store.hold_batch(batch, hold).await {
                    Err(error) if passes(&error) => {
                        tracing::warn!(error = &error as &dyn std::error::Error, "a batch could not be held on to");
                    }
                    renewed => renewed?,
                },
            }
        }
    }

    async fn publish(&self, run: RunId) -> Result<RunSummary, EngineError> {
        let run = self.store.publish_run(run).await?;
        let summary = summary(&run);
        tracing::info!(
            run = summary.id,
            run.needs = summary.needs,
            run.matches = summary.matches,
            "a re-match is published"
        );
        // Published is published; the next night prunes again.
        let pruned = async {
            self.store.prune_runs(self.matching.runs).await?;
            self.store.prune_epochs().await
        };
        if let Err(error) = pruned.await {
            tracing::warn!(error = &error as &dyn std::error::Error, "old runs could not be pruned");
        }
        Ok(summary)
    }

    /// Keeps what needs ask for, for the next night. Without it that takes longer, and that is all.
    async fn keep_readings(&self, shift: &Arc<Shift>) {
        let (shift, data_dir) = (shift.clone(), self.data_dir.clone());
        let kept = crate::blocking(move || {
            let mut readings = shift.readings();
            readings
                .save(&data_dir)
                .map_err(|error| EngineError::DataDir { path: data_dir.to_path_buf(), error })
        });
        if let Err(error) = kept.await {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "what needs ask for is read again next time"
            );
        }
    }

    /// The run's summary if somebody has published it.
    async fn published(&self, run: RunId) -> Result<Option<RunSummary>, EngineError> {
        let run = self.store.run(run).await?.filter(|run| run.state == RunState::Published);
        Ok(run.as_ref().map(summary))
    }

    /// Gets ready for a run: statistics, a view of the registries that holds all that it must, and what has changed.
    async fn shift(&self, run: Run) -> Result<Shift, EngineError> {
        self.indexed_up_to(run.position).await?;
        let epoch = self.require_key(run.epoch).await?;
        let statistics = self.statistics_of(run.epoch).await?;
        let base = match run.base {
            Some(base) => self.store.run(base).await?,
            None => None,
        };
        let (engine, date, whole) = (self.clone(), run.business_date, run.whole);
        let key = format!("{} {} {}", epoch.number, epoch.opened_at.as_millisecond(), epoch.key);
        let known = key.clone();
        let (ranking, readings) = crate::blocking(move || {
            let readings = Readings::open(&engine.data_dir, &known);
            let readings = readings.numbered_by(statistics.needs().terms());
            let ranking = engine.night_ranking(statistics, date)?;
            Ok((if whole { ranking.for_many() } else { ranking }, readings))
        })
        .await?;
        // Asked after the view was taken: what it holds beyond the run's position counts as changed too.
        let changed = match &base {
            Some(base) => self.changed_after(base.position).await?,
            None => None,
        };
        let many = |kind: &Kind| {
            let changed = changed.as_ref().map_or(0, |changed| changed.of(*kind).len() as u64);
            changed > self.catalog.registry(*kind).snapshot().len() / MANY
        };
        let anew = REGISTRIES.into_iter().filter(many).collect();
        let length = Length { shown: self.matching.keep, reserve: RESERVE };
        Ok(Shift { run, base, ranking, key, readings: Mutex::new(readings), changed, anew, length })
    }
}

/// Waits a little, unless it is to stop.
async fn pause(run: RunId, stop: Pin<&mut (impl Future<Output = ()> + Send)>) -> Result<(), EngineError> {
    tokio::select! {
        biased;
        () = stop => Err(EngineError::RematchStopped(run)),
        () = tokio::time::sleep(PAUSE) => Ok(()),
    }
}

/// Whether trying again may help. Room on a full disk may be long in coming: the run stays for whoever goes on with it.
const fn passes(error: &StoreError) -> bool {
    passes_in_store(error) && !matches!(error, StoreError::DiskFull(_) | StoreError::ReadOnly(_))
}
