//! What is done in an operation, step by step: between two steps it can be stopped, and gone on with later where it stood.

use domain::Kind;
use rustc_hash::FxHashMap;
use store::{Advance, Operation as StoredOperation, OperationState, StoreError};

use super::aside::OurFault;
use super::{LOOK, Task, kept, share};
use crate::desk::Sight;
use crate::import::{Reading, Writer, fits_as_a_whole};
use crate::outcomes::RowOutcome;
use crate::{
    CampaignRequest, Engine, EngineError, ImportOptions, ImportReport, RematchProgress, RematchRequest,
};

/// The part of making a campaign that finding candidates is.
const FOUND: f64 = 0.9;

/// How work on an operation came to its end.
pub(super) enum Outcome {
    /// There is nothing more to do.
    Succeeded(Option<ImportReport>),
    /// There is nothing more to do: the campaign has been made.
    Planned(u64),
    /// Somebody wanted it to stop.
    Cancelled(Option<ImportReport>),
    /// This process ends.
    Stopped,
}

/// Why an operation stops.
enum Stop {
    Cancelled,
    Ending,
}

impl Outcome {
    fn of(stop: Stop, report: Option<ImportReport>) -> Self {
        match stop {
            Stop::Cancelled => Self::Cancelled(report),
            Stop::Ending => Self::Stopped,
        }
    }
}

impl Engine {
    /// Does what an operation asks for, from where it stands.
    pub(super) async fn work(&self, operation: &StoredOperation) -> Result<Outcome, EngineError> {
        self.still_stands(operation.draft.key).await?;
        match kept::task(operation)? {
            Task::Import(options) if options.all_or_nothing => self.work_at_whole(operation, options).await,
            Task::Import(options) => self.work_at_import(operation, options).await,
            Task::RebuildIndex(kind) => self.work_at_indexes(operation, kind).await,
            Task::Rematch(request) => self.work_at_rematch(operation, request).await,
            Task::MakeCampaign(request) => self.work_at_campaign(operation, &request).await,
        }
    }

    /// Each batch is written with how far the operation is, so none is written twice, and none is left out.
    async fn work_at_import(
        &self,
        operation: &StoredOperation,
        options: ImportOptions,
    ) -> Result<Outcome, EngineError> {
        let mut report = kept::report(operation)?.unwrap_or_default();
        if operation.turn > 1 && report.rows > 0 {
            report.some_not_compared(options.kind);
        }
        let (input, fault) = self.open_aside(operation)?;
        let writer = writer(operation);
        let mut reading = Reading::start(writer.region, options, report.rows, input);
        let mut tallied = self.tally.goes_on(&report);
        loop {
            let next = reading.next(&mut report).await;
            self.sound(&fault)?;
            let Some(batch) = next? else { return Ok(Outcome::Succeeded(Some(report))) };
            let cancelled =
                self.import_batch(writer, options.kind, batch, &mut report, Some(operation)).await?.stops;
            tallied.hear(&report);
            self.tell_import(operation, report.rows, report.bytes, share(report.bytes, operation.draft.size));
            if cancelled || self.operations.is_cancelled(operation.number) {
                return Ok(Outcome::Cancelled(Some(report)));
            }
            if self.operations.is_stopped() {
                return Ok(Outcome::Stopped);
            }
        }
    }

    /// All of it is read first, and then written in one transaction, together with that it is. Stopped before that, nothing of it is there.
    async fn work_at_whole(
        &self,
        operation: &StoredOperation,
        options: ImportOptions,
    ) -> Result<Outcome, EngineError> {
        if let Some(mut written) = kept::report(operation)? {
            // It was killed after its transaction.
            written.some_not_compared(options.kind);
            return Ok(Outcome::Succeeded(Some(written)));
        }
        let (writer, size) = (writer(operation), operation.draft.size);
        let (input, fault) = self.open_aside(operation)?;
        let mut report = ImportReport::default();
        let mut tallied = self.tally.begin(true);
        let mut checking = Reading::start(writer.region, options, 0, input);
        loop {
            let next = checking.next(&mut report).await;
            self.sound(&fault)?;
            let Some(mut batch) = next? else { break };
            fits_as_a_whole(&report)?;
            self.sift(writer, options.kind, &mut batch).await?;
            report.count(&RowOutcome::of(batch.errors, &[], Vec::new(), &[]));
            tallied.hear(&report);
            self.tell_import(operation, report.rows, report.bytes, share(report.bytes, size) / 2.0);
            if let Some(stop) = self.wanted_to_stop(operation).await? {
                return Ok(Outcome::of(stop, None));
            }
        }
        if report.rejected > 0 {
            return Err(EngineError::NothingImported(Box::new(report)));
        }
        let (input, fault) = self.open_aside(operation)?;
        let mut again = ImportReport::default();
        let mut reading = Reading::start(writer.region, options, 0, input);
        let (_whole, mut session) = self.whole_session(writer).await?;
        let mut said = FxHashMap::default();
        loop {
            let next = reading.next(&mut again).await;
            self.sound(&fault)?;
            let Some(batch) = next? else { break };
            let (_, new) = self.write_in(&mut session, options.kind, batch, &mut report).await?;
            said.extend(new);
            self.tell_import(operation, again.rows, again.bytes, 0.5 + share(again.bytes, size) / 2.0);
            if let Some(stop) = self.wanted_to_stop(operation).await? {
                // The transaction goes, and with it everything that was written.
                return Ok(Outcome::of(stop, None));
            }
        }
        if report.rejected > 0 {
            return Err(report.refused());
        }
        kept::renew(&mut report, &session.on_file(operation).await?, operation)?;
        if session.advance(operation, &advance(&report)).await? {
            return Ok(Outcome::Cancelled(None));
        }
        session.commit().await?;
        self.indexing.wake();
        self.flag(&said, &mut report).await;
        tallied.ends(&report);
        Ok(Outcome::Succeeded(Some(report)))
    }

    async fn work_at_indexes(
        &self,
        operation: &StoredOperation,
        kind: Option<Kind>,
    ) -> Result<Outcome, EngineError> {
        let kinds = kind.map_or_else(|| Kind::ALL.to_vec(), |kind| vec![kind]);
        let mut in_all = 0;
        for kind in &kinds {
            in_all += self.count(*kind).await?;
        }
        let mut before = 0;
        for kind in kinds {
            let (operations, number) = (&self.operations, operation.number);
            let progress = move |done: u64, _: u64| {
                let done = before + done;
                operations.tell(number, done, Some(in_all), 0, share(done, in_all));
            };
            tokio::select! {
                written = self.rebuild_index(kind, progress) => before += written?,
                stop = self.stops(operation) => return Ok(Outcome::of(stop?, None)),
            }
        }
        Ok(Outcome::Succeeded(None))
    }

    /// Takes part in the run of the day, which others may take part in too. Cancelled, the run is given up; else it is gone on with later.
    async fn work_at_rematch(
        &self,
        operation: &StoredOperation,
        request: RematchRequest,
    ) -> Result<Outcome, EngineError> {
        let (operations, number) = (&self.operations, operation.number);
        let progress = |far: RematchProgress| {
            operations.tell(number, far.done, Some(far.total), 0, share(far.batches_done, far.batches));
        };
        let why = std::sync::OnceLock::new();
        let stop = async {
            let _ = why.set(self.stops(operation).await);
        };
        match self.rematch_until(&request, progress, stop).await {
            Ok(_) => Ok(Outcome::Succeeded(None)),
            Err(EngineError::RematchCancelled(_)) => Ok(Outcome::Cancelled(None)),
            Err(EngineError::RematchStopped(run)) => match why.into_inner() {
                Some(Ok(Stop::Cancelled)) => match self.store.abandon_run(run).await {
                    // Another has published it meanwhile.
                    Err(StoreError::RunClosed(_)) => Ok(Outcome::Succeeded(None)),
                    given_up => Ok(given_up.map(|()| Outcome::Cancelled(None))?),
                },
                Some(Err(error)) => Err(error),
                Some(Ok(Stop::Ending)) | None => Ok(Outcome::Stopped),
            },
            Err(error) => Err(error),
        }
    }

    /// Candidates are found anew whenever it is begun anew. The campaign and that it was made are written together, so it is made once.
    async fn work_at_campaign(
        &self,
        operation: &StoredOperation,
        request: &CampaignRequest,
    ) -> Result<Outcome, EngineError> {
        if let Some(made) = kept::campaign(operation)? {
            return Ok(Outcome::Planned(made));
        }
        let campaigns = self.campaigns_seen(Sight { region: operation.draft.region, others: self.others });
        let number = operation.number;
        let progress = |done, total| {
            // Solving is still to come.
            self.operations.tell(number, done, Some(total), 0, share(done, total) * FOUND);
        };
        let told = |made| Advance { rows: 0, bytes: 0, report: kept::campaign_json(made) };
        let stop = tokio::select! {
            made = campaigns.make_within(request, Some((operation, &told)), progress) => {
                return Ok(Outcome::Planned(made?.number));
            }
            stop = self.stops(operation) => stop?,
        };
        // It may have been written at the last moment.
        let now = self.stored_operation(number).await?;
        Ok(match kept::campaign(&now)? {
            Some(made) => Outcome::Planned(made),
            None => Outcome::of(stop, None),
        })
    }

    fn open_aside(
        &self,
        operation: &StoredOperation,
    ) -> Result<(impl std::io::Read + Send + 'static, OurFault), EngineError> {
        let name = operation.draft.file.as_deref().ok_or(EngineError::FileLost)?;
        self.operations.aside.open(&self.store, name)
    }

    /// Whether it was our disk that failed, which the reader took for the file.
    fn sound(&self, fault: &OurFault) -> Result<(), EngineError> {
        fault.take().map_or(Ok(()), |error| Err(self.operations.aside.unusable(error)))
    }

    fn tell_import(&self, operation: &StoredOperation, rows: u64, bytes: u64, fraction: f64) {
        self.operations.tell(operation.number, rows, None, bytes, fraction);
    }

    /// Comes to its end when the operation is to stop.
    async fn stops(&self, operation: &StoredOperation) -> Result<Stop, EngineError> {
        loop {
            if let Some(stop) = self.wanted_to_stop(operation).await? {
                return Ok(stop);
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    async fn wanted_to_stop(&self, operation: &StoredOperation) -> Result<Option<Stop>, EngineError> {
        if self.operations.is_stopped() {
            return Ok(Some(Stop::Ending));
        }
        if self.operations.is_cancelled(operation.number) {
            return Ok(Some(Stop::Cancelled));
        }
        let now = self.stored_operation(operation.number).await?;
        if now.turn != operation.turn || now.state != OperationState::Running {
            return Err(StoreError::OperationLost(operation.number).into());
        }
        self.still_stands(operation.draft.key).await?;
        Ok(now.cancelling.then_some(Stop::Cancelled))
    }
}

fn writer(operation: &StoredOperation) -> Writer {
    Writer { region: operation.draft.region, key: Some(operation.draft.key) }
}

/// How far an import is with what is written just now.
pub(crate) fn advance(report: &ImportReport) -> Advance {
    Advance { rows: report.rows, bytes: report.bytes, report: kept::report_json(report) }
}
