//! Long work that goes on when whoever asked for it has gone: on file before anybody is told so, done a few at a time by the server whose data
//! directory has its file, and gone on with where it stood after whatever ended that server.

pub(crate) mod aside;
mod kept;
mod runner;
pub(crate) mod work;

use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::Kind;
use domain::access::KeyId;
use exchange::Format;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use store::{Operation as StoredOperation, OperationState, StoreError};
use tokio::sync::Notify;

use crate::{CampaignRequest, Engine, EngineError, ImportOptions, ImportReport, RematchRequest};
use aside::Aside;
pub use kept::{Fault, FaultKind};
pub(crate) use kept::{renew, task};

/// How often it is looked whether there is something to do, or somebody wants something to stop.
pub(crate) const LOOK: Duration = Duration::from_millis(500);

/// How much long work is taken on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OperationSettings {
    /// Operations that are done at a time.
    pub at_once: usize,
    /// Operations that may wait.
    pub waiting: u64,
    /// Bytes of all files that are put aside for them.
    pub aside_bytes: u64,
    /// Days for which it is kept what came of them.
    pub keep_days: u32,
}

impl Default for OperationSettings {
    fn default() -> Self {
        Self { at_once: 2, waiting: 100, aside_bytes: 8 << 30, keep_days: 7 }
    }
}

/// What an operation does.
#[derive(Debug, Clone, PartialEq)]
pub enum Task {
    /// Imports a file.
    Import(ImportOptions),
    /// Builds the index of a registry anew, or of every registry.
    RebuildIndex(Option<Kind>),
    /// Matches all open needs again.
    Rematch(RematchRequest),
    /// Makes a campaign.
    MakeCampaign(Box<CampaignRequest>),
}

/// An operation as it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Operation {
    /// Its number, ascending.
    pub number: u64,
    /// What it does.
    pub task: Task,
    /// How far it is.
    pub state: OperationState,
    /// Whether it is about to stop because somebody wants it to.
    pub cancelling: bool,
    /// Its place among those that wait, from 1.
    pub place: Option<u64>,
    /// How far it is, in numbers.
    pub progress: Progress,
    /// With which key it was asked for.
    pub key: KeyId,
    /// What it has come to, as far as it may be told.
    pub report: Option<Box<ImportReport>>,
    /// The campaign that it has made.
    pub campaign: Option<u64>,
    /// Why it failed.
    pub fault: Option<Fault>,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When it was begun.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
}

/// How far an operation is.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Progress {
    /// Rows of the file dealt with, or documents written.
    pub rows: u64,
    /// All documents, when it is about an index and known.
    pub rows_in_all: Option<u64>,
    /// Bytes of the file dealt with, and all of them.
    pub bytes: Option<(u64, u64)>,
    /// The part that is done, 0 to 1.
    pub fraction: Option<f64>,
    /// Rows a second since it was last begun; while it is being done.
    pub rows_per_second: Option<f64>,
    /// What is left, at that rate.
    pub seconds_left: Option<f64>,
}

/// How far an operation that is being done here has come.
#[derive(Debug, Clone, Copy)]
struct Live {
    since: Timestamp,
    /// Of rows and parts at that time.
    rows_before: u64,
    fraction_before: f64,
    rows: u64,
    rows_in_all: Option<u64>,
    bytes: u64,
    fraction: f64,
    /// Somebody wants it to stop. The database says so too, but only once its turn to write has come, and that may be held by this very operation.
    cancelled: bool,
}

/// What this process does of it.
pub(crate) struct Operations {
    pub(crate) settings: OperationSettings,
    pub(crate) aside: Arc<Aside>,
    stopped: AtomicBool,
    /// Whether this process is the one that does the operations of its data directory.
    alone: AtomicBool,
    wake: Notify,
    ended: Notify,
    live: Mutex<HashMap<u64, Live>>,
}

impl Operations {
    pub(crate) fn new(data_dir: &Path, settings: OperationSettings) -> Self {
        Self {
            settings,
            aside: Arc::new(Aside::new(data_dir, settings.aside_bytes)),
            stopped: AtomicBool::new(false),
            alone: AtomicBool::new(false),
            wake: Notify::new(),
            ended: Notify::new(),
            live: Mutex::default(),
        }
    }

    pub(crate) fn stop(&self) {
        self.stopped.store(true, Ordering::Release);
        self.wake.notify_one();
        self.ended.notify_waiters();
    }

    fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Acquire)
    }

    /// Begins to tell how far an operation is that has come so far before.
    fn begin(&self, operation: &StoredOperation) {
        let fraction = share(operation.bytes, operation.draft.size);
        let live = Live {
            since: Timestamp::now(),
            rows_before: operation.rows,
            fraction_before: fraction,
            rows: operation.rows,
            rows_in_all: None,
            bytes: operation.bytes,
            fraction,
            cancelled: operation.cancelling,
        };
        self.lives().insert(operation.number, live);
    }

    /// Rows that an operation which is being done here has told of.
    fn rows_told(&self, number: u64) -> u64 {
        self.lives().get(&number).map_or(0, |live| live.rows)
    }

    /// Tells how far an operation is.
    fn tell(&self, number: u64, rows: u64, rows_in_all: Option<u64>, bytes: u64, fraction: f64) {
        if let Some(live) = self.lives().get_mut(&number) {
            *live = Live { rows, rows_in_all, bytes, fraction, ..*live };
        }
    }

    fn cancel(&self, number: u64) {
        if let Some(live) = self.lives().get_mut(&number) {
            live.cancelled = true;
        }
    }

    fn is_cancelled(&self, number: u64) -> bool {
        self.lives().get(&number).is_some_and(|live| live.cancelled)
    }

    fn lives(&self) -> std::sync::MutexGuard<'_, HashMap<u64, Live>> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn progress(&self, operation: &StoredOperation) -> Progress {
        let live = self.lives().get(&operation.number).copied();
        let running = operation.state == OperationState::Running;
        let live = live.filter(|_| running);
        let size = operation.draft.size;
        let with_file = |bytes| (size > 0).then_some((bytes, size));
        let Some(live) = live else {
            let fraction = match operation.state {
                OperationState::Succeeded => Some(1.0),
                _ => (size > 0).then(|| share(operation.bytes, size)),
            };
            return Progress {
                rows: operation.rows,
                bytes: with_file(operation.bytes),
                fraction,
                ..Progress::default()
            };
        };
        let seconds = Timestamp::now().duration_since(live.since).as_secs_f64().max(0.001);
        let rate = (live.rows.saturating_sub(live.rows_before)) as f64 / seconds;
        let done = (live.fraction - live.fraction_before) / seconds;
        Progress {
            rows: live.rows,
            rows_in_all: live.rows_in_all,
            bytes: with_file(live.bytes),
            fraction: Some(live.fraction),
            rows_per_second: (rate > 0.0).then_some(rate),
            seconds_left: (done > 0.0).then(|| (1.0 - live.fraction) / done),
        }
    }
}

/// A part of a whole, 0 to 1; nothing of nothing.
fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { (part as f64 / whole as f64).min(1.0) }
}

impl Engine {
    /// Lets the operations stop at their next step; they go on at the next start.
    pub fn stop_operations(&self) {
        self.operations.stop();
    }

    /// Puts work on file, and has it taken up.
    pub(crate) async fn submit(
        &self,
        task: Task,
        caller: &crate::Key,
        file: Option<&aside::Laid>,
        answers_later: bool,
    ) -> Result<u64, EngineError> {
        let server = self.following.name().to_owned();
        if self.store.operations_waiting(&server, None).await? >= self.operations.settings.waiting {
            return Err(EngineError::TooMuchWaiting(self.operations.settings.waiting));
        }
        let draft = kept::draft(task, answers_later, caller, server, file);
        let number = self.store.submit(&draft).await?;
        self.operations.wake.notify_one();
        Ok(number)
    }

    /// An operation, whoever asked for it.
    ///
    /// # Errors
    /// [`EngineError::OperationNotFound`].
    pub async fn operation(&self, number: u64) -> Result<Operation, EngineError> {
        let stored = self.stored_operation(number).await?;
        self.told(stored).await
    }

    pub(crate) async fn stored_operation(&self, number: u64) -> Result<StoredOperation, EngineError> {
        self.store.operation(number).await?.ok_or(EngineError::OperationNotFound(number))
    }

    /// Up to `limit` operations with a number less than `before`, latest first.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn operations(&self, before: u64, limit: u32) -> Result<Vec<Operation>, EngineError> {
        let mut told = Vec::new();
        for stored in self.store.operations(None, before, limit).await? {
            told.push(self.told(stored).await?);
        }
        Ok(told)
    }

    /// Has an operation stop, now or at its next step.
    ///
    /// # Errors
    /// [`EngineError::OperationNotFound`].
    pub async fn cancel_operation(&self, number: u64) -> Result<Operation, EngineError> {
        let before = self.stored_operation(number).await?;
        self.operations.cancel(number);
        self.store.cancel_operation(number).await?;
        self.operations.wake.notify_one();
        self.operations.ended.notify_waiters();
        let now = self.stored_operation(number).await?;
        // One that was being done takes its file away itself; another server's is taken away there.
        if let Some(file) = &before.draft.file
            && (before.state, now.state) == (OperationState::Waiting, OperationState::Cancelled)
            && before.draft.server == self.following.name()
        {
            self.operations.aside.remove(file)?;
        }
        self.told(now).await
    }

    /// Waits until an operation has ended.
    ///
    /// # Errors
    /// [`EngineError::ShuttingDown`] when this process ends first.
    pub(crate) async fn ended_operation(&self, number: u64) -> Result<StoredOperation, EngineError> {
        loop {
            let stored = self.stored_operation(number).await?;
            if stored.state.has_ended() {
                return Ok(stored);
            }
            if self.operations.is_stopped() {
                return Err(EngineError::ShuttingDown);
            }
            // Another server may be at it, whose end nobody tells us of.
            let _ = tokio::time::timeout(LOOK, self.operations.ended.notified()).await;
        }
    }

    /// An operation as it is told.
    pub(crate) async fn told(&self, stored: StoredOperation) -> Result<Operation, EngineError> {
        let waiting = stored.state == OperationState::Waiting;
        let place = if waiting {
            Some(self.store.operations_waiting(&stored.draft.server, Some(stored.number)).await? + 1)
        } else {
            None
        };
        Ok(Operation {
            number: stored.number,
            task: kept::task(&stored)?,
            state: stored.state,
            cancelling: stored.cancelling,
            place,
            progress: self.operations.progress(&stored),
            key: stored.draft.key,
            report: kept::report(&stored)?.map(Box::new),
            campaign: kept::campaign(&stored)?,
            fault: kept::fault(&stored)?,
            created_at: stored.created_at,
            started_at: stored.started_at,
            ended_at: stored.ended_at,
        })
    }

    /// Gives up all that was waiting or under way, in a copy that was put back: whoever had accepted it does not know this copy, and its files are not there.
    pub(crate) async fn give_up_operations(&self) -> Result<(), EngineError> {
        let fault = Fault {
            kind: FaultKind::ServerGone,
            detail: "数据库已从备份恢复，备份时尚未完成的任务不再继续，请核对后重新提交".to_owned(),
        };
        let now = Timestamp::now();
        Ok(self.store.give_up_operations("", now, now, &fault.to_json()).await?)
    }

    /// Forgets what has been kept long enough, and gives up what was left behind by servers that are heard of no more.
    async fn keep_operations(&self) -> Result<(), EngineError> {
        let days = |days: u32| SignedDuration::from_hours(24 * i64::from(days));
        let now = Timestamp::now();
        let until = now.checked_sub(days(self.operations.settings.keep_days)).unwrap_or(Timestamp::MIN);
        self.store.prune_operations(until).await?;
        let a_day_ago = now.checked_sub(days(1)).unwrap_or(Timestamp::MIN);
        let fault = Fault {
            kind: FaultKind::ServerGone,
            detail: "接受这项任务的服务器已不再使用，请重新提交".to_owned(),
        };
        let (own, silent_since) = (self.following.name(), self.following.silent_since());
        Ok(self.store.give_up_operations(own, silent_since, a_day_ago, &fault.to_json()).await?)
    }
}

/// Whether trying again later may help: the operation stays where it stands.
fn passes(error: &EngineError) -> bool {
    match error {
        EngineError::ShuttingDown | EngineError::Index(index::IndexError::Busy(_)) => true,
        EngineError::Store(error) => passes_in_store(error),
        _ => false,
    }
}

/// As [`passes`], of what the store refuses.
pub(crate) const fn passes_in_store(error: &StoreError) -> bool {
    matches!(
        error,
        StoreError::Busy
            | StoreError::Unavailable(_)
            | StoreError::NotLetIn(_)
            | StoreError::OutcomeUnknown(_)
            | StoreError::DiskFull(_)
            | StoreError::ReadOnly(_)
    )
}

/// The word of a format where it is kept.
fn word(format: Format) -> &'static str {
    match format {
        Format::Csv => "csv",
        Format::JsonLines => "json_lines",
    }
}
