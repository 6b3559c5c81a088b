//! Nights of a server: it begins the run of the day at its time, and takes part in runs that others have begun.

use std::future::Future;
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::Time;

use crate::matching::today;
use crate::{Engine, EngineError, RematchRequest};

/// How often it is looked whether it is time, or whether somebody has begun a run.
const LOOK: Duration = Duration::from_secs(5);
/// After a failure it is tried again no sooner than this.
const AGAIN: Duration = Duration::from_secs(60);

impl Engine {
    /// Begins the run of each day at its time and takes part in the runs of others, until [`Engine::stop_nights`]. Of several servers that begin at the same
    /// time one opens the run, and all work at it.
    pub async fn keep_nights(&self) {
        let time = self.rematch.time();
        if time.is_none() && !self.rematch.take_part {
            return;
        }
        let mut pause = LOOK;
        loop {
            if self.waited(pause).await {
                return;
            }
            pause = match self.next_night(time).await {
                Ok(()) => LOOK,
                Err(EngineError::RematchStopped(_)) => return,
                // Somebody wanted it to stop, or it is another's.
                Err(EngineError::RematchCancelled(run)) => {
                    tracing::info!(run = run.0, "the re-match was given up");
                    AGAIN
                }
                Err(error) => {
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "the re-match could not be done"
                    );
                    AGAIN
                }
            };
        }
    }

    /// Lets [`Self::keep_nights`] end; what is under way is left to others, or to the next start.
    pub fn stop_nights(&self) {
        self.night.stopped.notify_waiters();
        self.night.stopped.notify_one();
    }

    async fn next_night(&self, time: Option<Time>) -> Result<(), EngineError> {
        if self.rematch.take_part
            && let Some(running) = self.store.running_run().await?
        {
            let request =
                RematchRequest { on: Some(running.business_date), once: true, ..RematchRequest::default() };
            self.rematch_until(&request, |_| {}, self.night_stops()).await?;
            return Ok(());
        }
        if time.is_some_and(|time| time <= Timestamp::now().to_zoned(domain::china()).time())
            && !self.is_done_today().await?
        {
            let request = RematchRequest { on: Some(today()), once: true, ..RematchRequest::default() };
            self.rematch_until(&request, |_| {}, self.night_stops()).await?;
        }
        Ok(())
    }

    /// Whether there is a run of today; the current one may be of another day that somebody asked for.
    async fn is_done_today(&self) -> Result<bool, EngineError> {
        let runs = self.store.runs(None, self.matching.runs.max(2)).await?;
        Ok(runs.iter().any(|run| run.business_date == today()))
    }

    /// Waits, and tells whether it is time to end.
    async fn waited(&self, length: Duration) -> bool {
        tokio::select! {
            () = self.night_stops() => true,
            () = tokio::time::sleep(length) => false,
        }
    }

    fn night_stops(&self) -> impl Future<Output = ()> + Send + '_ {
        self.night.stopped.notified()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::Settings;

    #[tokio::test(flavor = "multi_thread")]
    async fn a_day_is_done_by_its_own_run_whatever_run_is_current() {
        let folder = tempfile::tempdir().unwrap();
        let engine = Engine::open(&Settings::new(folder.path())).await.unwrap();
        let run = async |on| {
            let request = RematchRequest { on: Some(on), ..RematchRequest::default() };
            engine.rematch(&request, |_| {}).await.unwrap();
        };
        assert!(!engine.is_done_today().await.unwrap(), "there is none");
        run(date(2999, 1, 1)).await;
        assert!(!engine.is_done_today().await.unwrap(), "it is of another day");
        run(today()).await;
        assert!(engine.is_done_today().await.unwrap());
        run(date(2999, 1, 2)).await;
        assert!(engine.is_done_today().await.unwrap(), "today's is still there");
        engine.close().await;
    }
}
