//! How much is done at a time. What comes beyond waits a little, and what comes beyond that is sent away at once: a service that takes on
//! everything serves nobody.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::{EngineError, StoreError};

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

/// Of the turns, those who write have this share at most: they may wait long for one another, and whoever reads need not wait with them.
const WRITING: (usize, usize) = (3, 4);
/// How long whoever writes a whole file at once waits for another to have done so.
const WHOLE_TURN: Duration = Duration::from_secs(60);
/// Portals that are called, and names that are looked up, while somebody waits for it. They may take many seconds, so no turn is taken for that.
const CALLS: usize = 8;

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

/// A turn, for as long as this lives.
pub(crate) struct Turn {
    _turn: OwnedSemaphorePermit,
    _writing: Option<OwnedSemaphorePermit>,
}

/// Turns to be had.
pub(crate) struct Admission {
    at_once: usize,
    waiting: usize,
    turns: Arc<Semaphore>,
    writing: Arc<Semaphore>,
    calls: Arc<Semaphore>,
    whole: Arc<Semaphore>,
    places: Semaphore,
    patience: Duration,
}

impl Admission {
    pub(crate) fn new(settings: AdmissionSettings) -> Self {
        let AdmissionSettings { at_once, waiting, patience } = settings;
        let writing = (at_once * WRITING.0 / WRITING.1).max(1);
        let [turns, writing, calls, whole] =
            [at_once, writing, CALLS, 1].map(|many| Arc::new(Semaphore::new(many)));
        Self { at_once, waiting, turns, writing, calls, whole, places: Semaphore::new(waiting), patience }
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
    pub(crate) async fn turn(&self, writes: bool) -> Result<Turn, EngineError> {
        self.patiently(async {
            let writing = if writes { Some(permit(&self.writing).await) } else { None };
            Turn { _turn: permit(&self.turns).await, _writing: writing }
        })
        .await
    }

    /// Room for a call that somebody waits for, now or after waiting for it.
    pub(crate) async fn call(&self) -> Result<OwnedSemaphorePermit, EngineError> {
        self.patiently(permit(&self.calls)).await
    }

    /// The turn of those who hold the database's turn to write for long. They wait for one another here, so that others who write wait for one of them at most.
    ///
    /// # Errors
    /// [`StoreError::Busy`].
    pub(crate) async fn whole(&self) -> Result<OwnedSemaphorePermit, StoreError> {
        tokio::time::timeout(WHOLE_TURN, permit(&self.whole)).await.map_err(|_| StoreError::Busy)
    }

    /// What is to be had at once, or after waiting for it where there is a place to wait.
    async fn patiently<T>(&self, having: impl Future<Output = T>) -> Result<T, EngineError> {
        let mut having = std::pin::pin!(having);
        if let Some(had) = having.as_mut().now_or_never() {
            return Ok(had);
        }
        let _place = self.places.try_acquire().map_err(|_| EngineError::Overloaded)?;
        tokio::time::timeout(self.patience, having).await.map_err(|_| EngineError::Overloaded)
    }
}

async fn permit(of: &Arc<Semaphore>) -> OwnedSemaphorePermit {
    Arc::clone(of).acquire_owned().await.expect("nobody closes it")
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[tokio::test]
    async fn beyond_those_who_wait_nobody_waits() {
        let patience = Duration::from_millis(100);
        let admission = Arc::new(Admission::new(AdmissionSettings { at_once: 1, waiting: 1, patience }));
        let first = admission.turn(false).await.unwrap();
        let waiting = tokio::spawn({
            let admission = Arc::clone(&admission);
            async move { admission.turn(false).await.is_ok() }
        });
        tokio::time::sleep(patience / 4).await;
        let sent_away = std::time::Instant::now();
        assert!(matches!(admission.turn(false).await, Err(EngineError::Overloaded)));
        assert!(sent_away.elapsed() < patience / 2, "at once");
        assert_eq!((admission.load().at_work, admission.load().waiting), (1, 1));
        drop(first);
        assert!(waiting.await.unwrap(), "who waits has the turn that is free");
        let _second = admission.turn(false).await.unwrap();
        assert!(admission.turn(false).await.is_err(), "and waits no longer than patience lasts");
    }

    #[tokio::test]
    async fn those_who_write_and_those_who_call_leave_room_for_those_who_read() {
        let patience = Duration::from_millis(20);
        let admission = Admission::new(AdmissionSettings { at_once: 4, waiting: 4, patience });
        let mut writing = Vec::new();
        while let Ok(turn) = admission.turn(true).await {
            writing.push(turn);
        }
        assert_eq!(writing.len(), 3);
        let mut calling = Vec::new();
        while let Ok(call) = admission.call().await {
            calling.push(call);
        }
        assert_eq!(calling.len(), CALLS);
        assert!(admission.turn(false).await.is_ok());
        writing.pop();
        assert!(admission.turn(true).await.is_ok());
    }
}
