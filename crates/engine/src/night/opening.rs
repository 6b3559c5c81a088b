//! How a night begins: the run of the day is opened, joined, or there already.

use std::time::{Duration, Instant};

use index::IndexError;
use jiff::Timestamp;
use jiff::civil::Date;
use store::{Opened, Run, RunPlan};

use super::epochs::REGISTRIES;
use crate::indexing::POLL;
use crate::{CatchUp, Engine, EngineError, RematchRequest};

/// An index that another process writes is waited for so long.
const INDEX_PATIENCE: Duration = Duration::from_secs(600);

/// What there is for a day.
pub(crate) enum Begun {
    /// It has been published.
    Published(Run),
    /// It is to be worked on.
    Open(Run),
}

impl Engine {
    /// Finds the run of a day or opens one.
    ///
    /// # Errors
    /// [`EngineError::OtherRunUnderWay`] when one for another day is being worked on.
    pub(crate) async fn begin_night(
        &self,
        request: &RematchRequest,
        date: Date,
    ) -> Result<Begun, EngineError> {
        loop {
            if let Some(running) = self.store.running_run().await? {
                if running.business_date == date {
                    return Ok(Begun::Open(running));
                }
                if self.store.run_seen_until(running.id).await? + self.rematch.hold() >= Timestamp::now() {
                    return Err(EngineError::OtherRunUnderWay(running.business_date));
                }
                tracing::warn!(run = running.id.0, "a run that nobody works on any more is given up");
                self.store.abandon_run(running.id).await?;
            }
            let current = self.store.current_run().await?;
            if let Some(current) =
                current.as_ref().filter(|current| current.business_date == date && request.once)
            {
                return Ok(Begun::Published(current.clone()));
            }
            // What is written from here on is the next night's.
            let as_of = Timestamp::now();
            let position = self.store.last_change().await?;
            self.indexed_up_to(position).await?;
            let epoch = self.epoch_for(current.as_ref().map(|run| run.epoch), request.new_epoch).await?;
            let same_epoch = current.as_ref().filter(|current| current.epoch == epoch);
            let changed = match same_epoch {
                Some(current) => self.changed_after(current.position).await?,
                None => None,
            };
            if let Some(current) = same_epoch
                && current.business_date == date
                && changed.as_ref().is_some_and(super::changed::Changed::is_empty)
                && !request.whole
            {
                return Ok(Begun::Published(current.clone()));
            }
            let plan = RunPlan {
                business_date: date,
                configuration: serde_json::to_string(&*self.weights).expect("weights are plain numbers"),
                epoch,
                base: current.as_ref().map(|run| run.id),
                position,
                as_of,
                whole: request.whole || changed.is_none(),
                batch: self.rematch.batch,
            };
            match self.store.open_run(&plan).await? {
                Opened::New(run) => {
                    tracing::info!(
                        run = run.id.0,
                        run.date = %date,
                        run.whole = run.whole,
                        run.epoch = epoch,
                        "a re-match begins"
                    );
                    return Ok(Begun::Open(run));
                }
                Opened::UnderWay(_) | Opened::Overtaken => {}
            }
        }
    }

    /// Brings this data directory's indexes up to a position of the outbox, or waits until whoever writes them has.
    ///
    /// # Errors
    /// [`EngineError::IndexBehind`] when that takes too long.
    pub(super) async fn indexed_up_to(&self, position: u64) -> Result<(), EngineError> {
        let started = Instant::now();
        loop {
            let caught_up = match self.catch_up().await {
                // It is read all the same, as far as it is.
                Err(EngineError::Index(IndexError::Busy(_))) => CatchUp::Elsewhere,
                caught_up => caught_up?,
            };
            let mut behind = false;
            for kind in REGISTRIES {
                let missing = self.store.next_change(kind, self.position(kind)).await?;
                behind |= missing.is_some_and(|missing| missing <= position);
            }
            if !behind {
                return Ok(());
            }
            if caught_up == CatchUp::Elsewhere && started.elapsed() > INDEX_PATIENCE {
                return Err(EngineError::IndexBehind);
            }
            tokio::time::sleep(POLL).await;
        }
    }
}
