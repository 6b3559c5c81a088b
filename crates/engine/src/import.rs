//! Files into the registries: streamed, in batches, each batch acknowledged when it is in the database.

mod reading;
mod report;

use std::fs::File;
use std::io::{Read, Seek};
use std::sync::{Arc, PoisonError};

use domain::access::KeyId;
use domain::forms::Draft;
use domain::{Kind, Region};
use exchange::Format;
use rustc_hash::FxHashMap;
use store::{ImportSession, Operation, Outcome, Upserted};
use tokio::sync::OwnedSemaphorePermit;

use crate::operations::renew;
use crate::operations::work::advance;
use crate::outcomes::RowOutcome;
use crate::{Engine, EngineError, blocking};
use reading::Copying;
pub(crate) use reading::{Batch, Reading};
pub use report::ImportReport;

/// Rows written in one transaction.
const BATCH: usize = 1_000;

/// How to import.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ImportOptions {
    /// The registry.
    pub kind: Kind,
    /// How rows are written.
    pub format: Format,
    /// One bad row and nothing is imported.
    pub all_or_nothing: bool,
}

/// Rows of a file of which all are imported or none, at most: they are written in one transaction, and whoever writes waits for its end.
pub(crate) const MOST_WHOLE: u64 = 100_000;

/// For whom rows are written.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Writer {
    /// Rows of this region alone.
    pub(crate) region: Option<Region>,
    /// With which key: once it is revoked, nothing more is written.
    pub(crate) key: Option<KeyId>,
}

/// What came of a batch.
pub(crate) struct Written {
    /// What became of each row.
    pub(crate) rows: Vec<RowOutcome>,
    /// Whether the operation that it belongs to is to stop.
    pub(crate) stops: bool,
}

impl Engine {
    /// Imports a file. Rows whose external id is known replace the record; a bad row does not stop the good ones. `progress` hears of
    /// each batch once it is safely in the database, and those stay whatever comes after.
    ///
    /// With `all_or_nothing` the file is read to its end first, and nobody who writes has to wait for it; `progress` hears of what has
    /// been read, and then of what has been written, which counts only once this returns.
    ///
    /// # Errors
    /// [`EngineError::File`] when the file is not what it claims; [`EngineError::ImportCutShort`] when the database refuses after it has taken
    /// some rows in; with `all_or_nothing`, [`EngineError::NothingImported`].
    pub async fn import(
        &self,
        options: ImportOptions,
        input: impl Read + Send + 'static,
        mut progress: impl FnMut(&ImportReport) + Send,
    ) -> Result<ImportReport, EngineError> {
        self.import_for(Writer::default(), options, input, |report, _| progress(report)).await
    }

    /// As [`Self::import`], but rows that are not of the writer's region, or would change a record that is not, are bad ones; and `progress`
    /// hears of each row what became of it.
    pub(crate) async fn import_for(
        &self,
        writer: Writer,
        options: ImportOptions,
        input: impl Read + Send + 'static,
        mut progress: impl FnMut(&ImportReport, Vec<RowOutcome>) + Send,
    ) -> Result<ImportReport, EngineError> {
        let mut tallied = self.tally.begin(options.all_or_nothing);
        let mut progress = |report: &ImportReport, rows: Vec<RowOutcome>| {
            tallied.hear(report);
            progress(report, rows);
        };
        if options.all_or_nothing {
            let outcome = self.import_whole(writer, options, input, &mut progress).await;
            if let Ok(report) = &outcome {
                tallied.ends(report);
            }
            return outcome;
        }
        let mut report = ImportReport::default();
        let mut reading = Reading::start(writer.region, options, 0, input);
        while let Some(batch) = reading.next(&mut report).await? {
            let rows = match self.import_batch(writer, options.kind, batch, &mut report, None).await {
                Err(error @ (EngineError::Store(_) | EngineError::KeyRefused(_))) if report.stored() > 0 => {
                    let (report, error) = (Box::new(report), Box::new(error));
                    return Err(EngineError::ImportCutShort { report, error });
                }
                outcome => outcome?.rows,
            };
            progress(&report, rows);
        }
        Ok(report)
    }

    /// Writes a batch in a transaction of its own, with how far the operation is, if there is one.
    pub(crate) async fn import_batch(
        &self,
        writer: Writer,
        kind: Kind,
        mut batch: Batch,
        report: &mut ImportReport,
        operation: Option<&Operation>,
    ) -> Result<Written, EngineError> {
        self.sift(writer, kind, &mut batch).await?;
        if batch.drafts.is_empty() && operation.is_none() {
            let rows = RowOutcome::of(batch.errors, &[], Vec::new(), &[]);
            report.count(&rows);
            return Ok(Written { rows, stops: false });
        }
        // Before the turn to write is taken, for it takes a while.
        let (drafts, vague) = self.vague(kind, batch.drafts).await?;
        let mut session = self.session(writer).await?;
        // What is not committed does not count.
        let mut counted = report.clone();
        let (rows, said) = write(&mut session, Batch { drafts, ..batch }, &vague, &mut counted).await?;
        let stops = match operation {
            Some(operation) => {
                renew(&mut counted, &session.on_file(operation).await?, operation)?;
                session.advance(operation, &advance(&counted)).await?
            }
            None => false,
        };
        session.commit().await?;
        *report = counted;
        self.indexing.wake();
        self.flag(&said, report).await;
        Ok(Written { rows, stops })
    }

    /// Takes rows out of a batch that nobody may bring, or not this writer.
    pub(crate) async fn sift(
        &self,
        writer: Writer,
        kind: Kind,
        batch: &mut Batch,
    ) -> Result<(), EngineError> {
        self.refuse_erased(kind, batch).await?;
        self.refuse_elsewhere(writer.region, batch).await
    }

    /// The turn to write, for somebody who still may.
    pub(crate) async fn session(&self, writer: Writer) -> Result<ImportSession, EngineError> {
        let session = self.store.import_within(writer.region).await?;
        // Only now: the turn may have been waited for.
        if let Some(key) = writer.key {
            self.still_stands(key).await?;
        }
        Ok(session)
    }

    /// As [`Self::session`], for a whole file at once.
    pub(crate) async fn whole_session(
        &self,
        writer: Writer,
    ) -> Result<(OwnedSemaphorePermit, ImportSession), EngineError> {
        let turn = self.admission.whole().await?;
        Ok((turn, self.session(writer).await?))
    }

    /// Writes a batch, to be committed by whoever began to. What became of its rows, and the needs in it that say something new, with their
    /// lines.
    pub(crate) async fn write_in(
        &self,
        session: &mut ImportSession,
        kind: Kind,
        batch: Batch,
        report: &mut ImportReport,
    ) -> Result<(Vec<RowOutcome>, FxHashMap<u64, u64>), EngineError> {
        let (drafts, vague) = self.vague(kind, batch.drafts).await?;
        write(session, Batch { drafts, ..batch }, &vague, report).await
    }

    /// Checks every row while putting the file aside, and then writes all of it in one transaction.
    async fn import_whole(
        &self,
        writer: Writer,
        options: ImportOptions,
        input: impl Read + Send + 'static,
        mut progress: impl FnMut(&ImportReport, Vec<RowOutcome>) + Send,
    ) -> Result<ImportReport, EngineError> {
        let unusable = |error| EngineError::DataDir { path: self.data_dir.to_path_buf(), error };
        let mut file = self.scratch_file()?;
        let copy = file.try_clone().map_err(unusable)?;
        let mut report = ImportReport::default();
        let full = Arc::default();
        let mut checking =
            Reading::start(writer.region, options, 0, Copying { input, copy, full: Arc::clone(&full) });
        let checked = loop {
            match checking.next(&mut report).await {
                Ok(Some(mut batch)) => {
                    fits_as_a_whole(&report)?;
                    self.sift(writer, options.kind, &mut batch).await?;
                    report.count(&RowOutcome::of(batch.errors, &[], Vec::new(), &[]));
                    progress(&report, Vec::new());
                }
                Ok(None) => break Ok(()),
                Err(error) => break Err(error),
            }
        };
        // Our disk's fault, which the reader took for one of the file.
        if let Some(error) = full.lock().unwrap_or_else(PoisonError::into_inner).take() {
            return Err(unusable(error));
        }
        checked?;
        if report.rejected > 0 {
            return Err(EngineError::NothingImported(Box::new(report)));
        }
        file.rewind().map_err(unusable)?;
        let mut again = ImportReport::default();
        let mut reading = Reading::start(writer.region, options, 0, file);
        let (_whole, mut session) = self.whole_session(writer).await?;
        let mut said = FxHashMap::default();
        while let Some(batch) = reading.next(&mut again).await? {
            let (rows, new) = self.write_in(&mut session, options.kind, batch, &mut report).await?;
            said.extend(new);
            progress(&report, rows);
            if let Some(key) = writer.key {
                self.shut.refuse(key)?;
            }
        }
        if report.rejected > 0 {
            return Err(report.refused());
        }
        session.commit().await?;
        self.indexing.wake();
        self.flag(&said, &mut report).await;
        Ok(report)
    }

    /// A file for what is not to stay: without a name, so that personal data goes with the process; on the disk of the database, which
    /// has room for it.
    ///
    /// # Errors
    /// [`EngineError::DataDir`].
    pub(crate) fn scratch_file(&self) -> Result<File, EngineError> {
        let unusable = |error| EngineError::DataDir { path: self.data_dir.to_path_buf(), error };
        tempfile::tempfile_in(&self.data_dir).map_err(unusable)
    }

    /// The drafts again, and of each whether it is a need that says too little.
    async fn vague(&self, kind: Kind, drafts: Vec<Draft>) -> Result<(Vec<Draft>, Vec<bool>), EngineError> {
        if kind != Kind::Need {
            return Ok((drafts, Vec::new()));
        }
        let engine = self.clone();
        blocking(move || {
            let says_little =
                |draft: &Draft| !ranking::questions(&engine.analyzer, &draft.profile.passages()).is_empty();
            let vague = drafts.iter().map(says_little).collect();
            Ok((drafts, vague))
        })
        .await
    }

    /// Compares needs that were written, by number with the line each came from, and puts what they are like into the report. The rows
    /// are safe whatever comes of it: that needs are still to be compared stands in the database.
    pub(crate) async fn flag(&self, lines: &FxHashMap<u64, u64>, report: &mut ImportReport) {
        let mut needs: Vec<u64> = lines.keys().copied().collect();
        needs.sort_unstable_by_key(|need| lines[need]);
        for needs in needs.chunks(BATCH) {
            match self.flagged(needs, lines).await {
                Ok(flags) => report.tell_flags(flags),
                Err(error) => {
                    tracing::warn!(error = &error as &dyn std::error::Error, "needs wait to be compared");
                    report.some_not_compared(Kind::Need);
                }
            }
        }
    }
}

/// Whether so many rows may be written in one transaction.
pub(crate) fn fits_as_a_whole(report: &ImportReport) -> Result<(), EngineError> {
    if report.rows <= MOST_WHOLE {
        return Ok(());
    }
    let detail = format!(
        "“全有或全无”的文件最多 {MOST_WHOLE} 行，请分成几个文件；不用“全有或全无”时行数不限，有错的行单独说明"
    );
    Err(EngineError::BadParameter { parameter: "all_or_nothing", detail })
}

/// What became of a batch's rows, and the needs in it that say something new, with their lines.
async fn write(
    session: &mut ImportSession,
    Batch { drafts, lines, errors, absent }: Batch,
    vague: &[bool],
    report: &mut ImportReport,
) -> Result<(Vec<RowOutcome>, FxHashMap<u64, u64>), EngineError> {
    let names = RowOutcome::names(&drafts);
    let written = session.upsert(drafts).await?;
    report.tell_vague(vague, &lines, &written);
    let emptied = absent.iter().filter(|column| session.emptied().contains(column.key));
    report.tell_emptied(emptied.map(|column| column.labels[0]));
    report.tell_left_out(&lines, &written);
    let rows = RowOutcome::of(errors, &lines, names, &written);
    report.count(&rows);
    Ok((rows, lines_of(&lines, &written)))
}

/// The needs that say something new, by number with their lines.
fn lines_of(lines: &[u64], written: &[Upserted]) -> FxHashMap<u64, u64> {
    let rows = lines.iter().zip(written);
    let new = rows.filter(|(_, row)| {
        row.id.kind == Kind::Need && matches!(row.outcome, Outcome::Created | Outcome::Changed)
    });
    new.map(|(line, row)| (row.id.number, *line)).collect()
}
