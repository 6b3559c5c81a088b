//! Who does the operations of a data directory: one process, a few at a time, in the order in which they were asked for.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use store::{Ending, Operation as StoredOperation, OperationState, StoreError};
use tokio::task::JoinSet;

use super::work::Outcome;
use super::{Fault, LOOK, kept, passes};
use crate::{Engine, EngineError};

/// How often it is looked for what has been kept long enough.
const TIDY_EVERY: Duration = Duration::from_secs(60);
/// After a failure that passes it is tried again no sooner than this.
const AGAIN: Duration = Duration::from_secs(5);

impl Engine {
    /// Does the operations of this data directory until [`Engine::stop_operations`], as soon as no other process does.
    pub async fn work_off_operations(&self) {
        let Some(_alone) = self.wait_to_be_alone().await else { return };
        self.operations.alone.store(true, Ordering::Release);
        let server = self.following.name();
        // A process of this directory that was killed has left some that nobody is at.
        while let Err(error) = self.store.let_go_of_operations(server).await {
            tracing::warn!(error = &error as &dyn std::error::Error, "operations cannot be taken up yet");
            if self.paused(AGAIN).await {
                return;
            }
        }
        let (mut running, mut tidied) = (JoinSet::new(), None::<Instant>);
        while !self.operations.is_stopped() {
            if tidied.is_none_or(|tidied| tidied.elapsed() >= TIDY_EVERY) {
                tidied = Some(Instant::now());
                self.tidy().await;
            }
            while running.len() < self.operations.settings.at_once {
                match self.store.begin_operation(server).await {
                    Ok(Some(operation)) => drop(running.spawn(self.clone().perform(operation))),
                    Ok(None) => break,
                    Err(error) => {
                        tracing::warn!(error = &error as &dyn std::error::Error, "no operation can be begun");
                        break;
                    }
                }
            }
            tokio::select! {
                () = self.operations.wake.notified() => {}
                () = tokio::time::sleep(LOOK) => {}
                Some(_) = running.join_next() => {}
            }
        }
        while running.join_next().await.is_some() {}
        self.operations.alone.store(false, Ordering::Release);
    }

    async fn wait_to_be_alone(&self) -> Option<std::fs::File> {
        loop {
            match self.operations.aside.alone() {
                Ok(Some(alone)) => return Some(alone),
                Ok(None) => {}
                Err(error) => {
                    tracing::error!(error = &error as &dyn std::error::Error, "operations cannot be done");
                }
            }
            if self.paused(LOOK).await {
                return None;
            }
        }
    }

    /// Waits, and tells whether it is time to end.
    async fn paused(&self, length: Duration) -> bool {
        let started = Instant::now();
        while !self.operations.is_stopped() && started.elapsed() < length {
            tokio::time::sleep(LOOK.min(length)).await;
        }
        self.operations.is_stopped()
    }

    async fn tidy(&self) {
        let tidied = async {
            self.sweep_aside().await?;
            self.keep_operations().await
        };
        match tidied.await {
            Ok(()) | Err(EngineError::Store(StoreError::Busy)) => {}
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "operations could not be tidied");
            }
        }
    }

    /// Takes away the files that belong to no operation: of uploads that broke off, and of operations that have ended.
    async fn sweep_aside(&self) -> Result<(), EngineError> {
        let settled = self.operations.aside.settled()?;
        if settled.is_empty() {
            return Ok(());
        }
        let needed = self.store.operation_files(self.following.name()).await?;
        for name in settled.iter().filter(|name| !needed.contains(name)) {
            self.operations.aside.remove(name)?;
        }
        Ok(())
    }

    /// As the process that does the operations does now and then, if none does; `false` when one does.
    pub(crate) async fn sweep_aside_if_alone(&self) -> Result<bool, EngineError> {
        if self.operations.alone.load(Ordering::Acquire) {
            self.sweep_aside().await?;
            return Ok(true);
        }
        let Some(_alone) = self.operations.aside.alone()? else { return Ok(false) };
        self.sweep_aside().await?;
        Ok(true)
    }

    async fn perform(self, operation: StoredOperation) {
        let number = operation.number;
        tracing::info!(
            operation = number,
            operation.what = operation.draft.what,
            operation.turn = operation.turn,
            "an operation is begun"
        );
        self.operations.begin(&operation);
        let engine = self.acting(operation.actor.clone());
        // Apart, so that a fault of ours ends this operation and nothing else.
        let working = {
            let operation = operation.clone();
            tokio::spawn(async move { engine.work(&operation).await })
        };
        let outcome = working.await.unwrap_or_else(|error| {
            Err(if error.is_panic() { EngineError::Panicked } else { EngineError::ShuttingDown })
        });
        while let Err(error) = self.settle(&operation, &outcome).await {
            if matches!(error, EngineError::Store(StoreError::OperationLost(_))) || !passes(&error) {
                tracing::error!(
                    operation = number,
                    error = &error as &dyn std::error::Error,
                    "an operation has not been ended here"
                );
                break;
            }
            if self.paused(AGAIN).await {
                break;
            }
        }
        self.operations.lives().remove(&number);
        self.operations.ended.notify_waiters();
    }

    /// Puts on file how work on an operation came to its end.
    async fn settle(
        &self,
        operation: &StoredOperation,
        outcome: &Result<Outcome, EngineError>,
    ) -> Result<(), EngineError> {
        let rows = self.operations.rows_told(operation.number);
        let plain = |state| Ending { state, report: None, problem: None, rows: 0, as_if_never: false };
        let succeeded = Ending { rows, ..plain(OperationState::Succeeded) };
        let (ending, report) = match outcome {
            Ok(Outcome::Stopped) => return Ok(self.store.let_go_of_operation(operation).await?),
            Ok(Outcome::Succeeded(report)) => (succeeded, report.clone()),
            Ok(Outcome::Planned(campaign)) => {
                (Ending { report: Some(kept::campaign_json(*campaign)), ..succeeded }, None)
            }
            Ok(Outcome::Cancelled(report)) => {
                let as_if_never = !kept::options(operation)?.answers_later;
                (Ending { as_if_never, ..plain(OperationState::Cancelled) }, report.clone())
            }
            Err(EngineError::Store(error @ StoreError::OperationLost(_))) => {
                tracing::warn!(
                    operation = operation.number,
                    error = error as &dyn std::error::Error,
                    "an operation is left to another"
                );
                return Ok(());
            }
            Err(error) if passes(error) => {
                tracing::warn!(
                    operation = operation.number,
                    error = error as &dyn std::error::Error,
                    "an operation waits for better times"
                );
                self.paused(AGAIN).await;
                return Ok(self.store.let_go_of_operation(operation).await?);
            }
            Err(error) => {
                let fault = Fault::of(error);
                if fault.kind == super::FaultKind::Internal {
                    tracing::error!(
                        operation = operation.number,
                        error = error as &dyn std::error::Error,
                        "an operation failed"
                    );
                }
                let now = self.stored_operation(operation.number).await?;
                let so_far = kept::report(&now)?;
                let report = match error {
                    EngineError::NothingImported(report) => Some((**report).clone()),
                    _ => so_far,
                };
                let as_if_never = !kept::options(operation)?.answers_later;
                let failed = plain(OperationState::Failed);
                (Ending { problem: Some(fault.to_json()), as_if_never, ..failed }, report)
            }
        };
        let ended = self.store.end_operation(operation, |on_file| {
            let told = report.map(|mut report| {
                kept::renew(&mut report, on_file, operation)?;
                Ok::<_, EngineError>(kept::report_json(&report))
            });
            Ok::<_, EngineError>(Ending { report: told.transpose()?.or(ending.report), ..ending })
        });
        ended.await?;
        self.ended(operation)
    }

    /// Takes away the file of an operation that has ended.
    fn ended(&self, operation: &StoredOperation) -> Result<(), EngineError> {
        tracing::info!(operation = operation.number, "an operation has ended");
        operation.draft.file.as_deref().map_or(Ok(()), |name| self.operations.aside.remove(name))
    }
}
