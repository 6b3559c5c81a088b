//! How much is done at a time. What comes beyond waits a little, and what comes beyond that is sent away at once: a service that takes on
//! everything serves nobody.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::EngineError;

/// How much is done at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AdmissionSettings {
    /// Use cases under way.
    pub at_once: usize,
    /// Those that may wait for one to end.
    pub waiting: usize,
    /// How long they wait.
    pub patience: Duration,
}

impl Default for AdmissionSettings {
    fn default() -> Self {
        Self { at_once: 32, waiting: 128, patience: Duration::from_secs(5) }
    }
}

/// How much is under way, and how much may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AdmissionLoad {
    /// Requests that are worked on.
    pub at_work: usize,
    /// Of these at most.
    pub at_once: usize,
    /// Requests that wait.
    pub waiting: usize,
    /// Of these at most.
    pub places: usize,
}

/// Turns to be had.
pub(crate) struct Admission {
    at_once: usize,
    waiting: usize,
    turns: Arc<Semaphore>,
    places: Semaphore,
    patience: Duration,
}

impl Admission {
    pub(crate) fn new(settings: AdmissionSettings) -> Self {
        let AdmissionSettings { at_once, waiting, patience } = settings;
        let turns = Arc::new(Semaphore::new(at_once));
        Self { at_once, waiting, turns, places: Semaphore::new(waiting), patience }
    }

    pub(crate) fn load(&self) -> AdmissionLoad {
        let taken = |all: usize, free: &Semaphore| all.saturating_sub(free.available_permits());
        AdmissionLoad {
            at_work: taken(self.at_once, &self.turns),
            at_once: self.at_once,
            waiting: taken(self.waiting, &self.places),
            places: self.waiting,
        }
    }

    /// A turn, now or after waiting for it.
    pub(crate) async fn turn(&self) -> Result<OwnedSemaphorePermit, EngineError> {
        if let Ok(turn) = Arc::clone(&self.turns).try_acquire_owned() {
            return Ok(turn);
        }
        let _place = self.places.try_acquire().map_err(|_| EngineError::Overloaded)?;
        match tokio::time::timeout(self.patience, Arc::clone(&self.turns).acquire_owned()).await {
            Ok(Ok(turn)) => Ok(turn),
            _ => Err(EngineError::Overloaded),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[tokio::test]
    async fn beyond_those_who_wait_nobody_waits() {
        let patience = Duration::from_millis(100);
        let admission = Arc::new(Admission::new(AdmissionSettings { at_once: 1, waiting: 1, patience }));
        let first = admission.turn().await.unwrap();
        let waiting = tokio::spawn({
            let admission = Arc::clone(&admission);
            async move { admission.turn().await.is_ok() }
        });
        tokio::time::sleep(patience / 4).await;
        let sent_away = std::time::Instant::now();
        assert!(matches!(admission.turn().await, Err(EngineError::Overloaded)));
        assert!(sent_away.elapsed() < patience / 2, "at once");
        assert_eq!((admission.load().at_work, admission.load().waiting), (1, 1));
        drop(first);
        assert!(waiting.await.unwrap(), "who waits has the turn that is free");
        let _second = admission.turn().await.unwrap();
        assert!(admission.turn().await.is_err(), "and waits no longer than patience lasts");
    }
}
