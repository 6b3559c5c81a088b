//! Files into the registries: streamed, in batches, each batch acknowledged when it is in the database.

use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::sync::{Arc, Mutex, PoisonError};

use domain::forms::Draft;
use domain::{FieldProblem, Kind, Region};
use exchange::{Format, Row, RowError, RowProblem, rows};
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};
use store::{ImportSession, Operation, Outcome, Upserted};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::desk::outside;
use crate::matching::lies_within;
use crate::operations::work::advance;
use crate::outcomes::RowOutcome;
use crate::{Engine, EngineError, Flag, blocking};

/// Rows written in one transaction, and about how many bytes of them; row errors and flags kept for the report.
const BATCH: usize = 1_000;
const BATCH_BYTES: u64 = 4 << 20;
const KEPT_ERRORS: usize = 1_000;
const KEPT_FLAGS: usize = 1_000;

const NOT_COMPARED: &str =
    "部分需求还没有与已有的需求比较是否重复，稍后会自动补上；结果见 hongniang duplicates";

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

/// What an import has come to so far, and in the end.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ImportReport {
    /// Rows read.
    pub rows: u64,
    /// New records.
    pub created: u64,
    /// Records that changed.
    pub changed: u64,
    /// Records that were like this already.
    pub unchanged: u64,
    /// Rows with errors.
    pub rejected: u64,
    /// Bytes of the file read.
    pub bytes: u64,
    /// The first thousand errors.
    #[serde(skip)]
    pub errors: Vec<RowError>,
    /// What was passed over without harm, in Chinese.
    pub warnings: Vec<String>,
    /// How often a new or changed need says nearly the same as one that was there, or that stands before it in the file.
    pub duplicates: u64,
    /// The first thousand of these.
    pub flags: Vec<Flag>,
    /// New or changed needs that say too little to be matched well.
    pub vague: u64,
    /// The lines of the first thousand of these.
    pub vague_lines: Vec<u64>,
}

/// Good rows, with the line on which each starts, and bad ones.
#[derive(Default)]
pub(crate) struct Batch {
    pub(crate) drafts: Vec<Draft>,
    pub(crate) lines: Vec<u64>,
    pub(crate) errors: Vec<RowError>,
}

/// What came of a batch.
pub(crate) struct Written {
    /// What became of each row.
    pub(crate) rows: Vec<RowOutcome>,
    /// Whether the operation that it belongs to is to stop.
    pub(crate) stops: bool,
}

/// What the reading thread hands over.
enum Message {
    Warnings(Vec<String>),
    Batch { rows: Batch, bytes: u64 },
    Broken(exchange::FileError),
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
        self.import_within(None, options, input, |report, _| progress(report)).await
    }

    /// As [`Self::import`], but rows that are not of this region, or would change a record that is not, are bad ones; and `progress`
    /// hears of each row what became of it.
    pub(crate) async fn import_within(
        &self,
        within: Option<Region>,
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
            let outcome = self.import_whole(within, options, input, &mut progress).await;
            if let Ok(report) = &outcome {
                tallied.ends(report);
            }
            return outcome;
        }
        let mut report = ImportReport::default();
        let mut reading = Reading::start(within, options, 0, input);
        while let Some(batch) = reading.next(&mut report).await? {
            let rows = match self.import_batch(within, options.kind, batch, &mut report, None).await {
                Err(EngineError::Store(error)) if report.stored() > 0 => {
                    return Err(EngineError::ImportCutShort { report: Box::new(report), error });
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
        within: Option<Region>,
        kind: Kind,
        mut batch: Batch,
        report: &mut ImportReport,
        operation: Option<&Operation>,
    ) -> Result<Written, EngineError> {
        self.refuse_erased(kind, &mut batch).await?;
        if batch.drafts.is_empty() && operation.is_none() {
            let rows = RowOutcome::of(batch.errors, &[], Vec::new(), &[]);
            report.count(&rows);
            return Ok(Written { rows, stops: false });
        }
        // Before the turn to write is taken, for it takes a while.
        let (drafts, vague) = self.vague(kind, batch.drafts).await?;
        let mut session = self.store.import_within(within).await?;
        // What is not committed does not count.
        let mut counted = report.clone();
        let (rows, said) = write(&mut session, Batch { drafts, ..batch }, &vague, &mut counted).await?;
        let stops = match operation {
            Some(operation) => session.advance(operation, &advance(&counted)).await?,
            None => false,
        };
        session.commit().await?;
        *report = counted;
        self.indexing.wake();
        self.flag(&said, report).await;
        Ok(Written { rows, stops })
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
        within: Option<Region>,
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
            Reading::start(within, options, 0, Copying { input, copy, full: Arc::clone(&full) });
        let checked = loop {
            match checking.next(&mut report).await {
                Ok(Some(mut batch)) => {
                    self.refuse_erased(options.kind, &mut batch).await?;
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
        let mut reading = Reading::start(within, options, 0, file);
        let mut session = self.store.import_within(within).await?;
        let mut said = FxHashMap::default();
        while let Some(batch) = reading.next(&mut again).await? {
            let (rows, new) = self.write_in(&mut session, options.kind, batch, &mut report).await?;
            said.extend(new);
            progress(&report, rows);
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
                Ok(flags) => {
                    report.duplicates += flags.len() as u64;
                    report.flags.extend(flags.into_iter().take(KEPT_FLAGS - report.flags.len()));
                }
                Err(error) => {
                    tracing::warn!(error = &error as &dyn std::error::Error, "needs wait to be compared");
                    report.some_not_compared(Kind::Need);
                }
            }
        }
    }
}

/// A file being read on a thread that may block.
pub(crate) struct Reading {
    batches: mpsc::Receiver<Message>,
    reader: JoinHandle<()>,
}

impl Reading {
    /// Begins to read, past so many rows that have been dealt with.
    pub(crate) fn start(
        within: Option<Region>,
        options: ImportOptions,
        past: u64,
        input: impl Read + Send + 'static,
    ) -> Self {
        let (sender, batches) = mpsc::channel(2);
        let read = move || read(within, options, past, input, &sender);
        Self { batches, reader: tokio::task::spawn_blocking(read) }
    }

    /// The next batch, its rows counted; `None` at the end of the file.
    pub(crate) async fn next(&mut self, report: &mut ImportReport) -> Result<Option<Batch>, EngineError> {
        loop {
            match self.batches.recv().await {
                Some(Message::Warnings(mut warnings)) => {
                    // An import that goes on where it stood may have told of them.
                    warnings.retain(|warning| !report.warnings.contains(warning));
                    report.warnings.extend(warnings);
                }
                Some(Message::Broken(error)) => return Err(error.into()),
                Some(Message::Batch { rows, bytes }) => {
                    report.rows += (rows.drafts.len() + rows.errors.len()) as u64;
                    report.bytes = bytes;
                    return Ok(Some(rows));
                }
                None => break,
            }
        }
        match (&mut self.reader).await {
            Ok(()) => Ok(None),
            Err(error) if error.is_panic() => {
                tracing::error!("the reader of an import panicked");
                Err(EngineError::Panicked)
            }
            Err(_) => Err(EngineError::ShuttingDown),
        }
    }
}

/// Puts aside what is read, and what it could not.
struct Copying<R, W> {
    input: R,
    copy: W,
    full: Arc<Mutex<Option<io::Error>>>,
}

impl<R: Read, W: Write> Read for Copying<R, W> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.input.read(buffer)?;
        if let Err(error) = self.copy.write_all(&buffer[..length]) {
            let kind = error.kind();
            *self.full.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
            return Err(kind.into());
        }
        Ok(length)
    }
}

impl ImportReport {
    /// Rows that are in the database.
    pub const fn stored(&self) -> u64 {
        self.created + self.changed + self.unchanged
    }

    /// Says that some needs are still to be compared.
    pub(crate) fn some_not_compared(&mut self, kind: Kind) {
        if kind == Kind::Need && !self.warnings.iter().any(|warning| warning == NOT_COMPARED) {
            self.warnings.push(NOT_COMPARED.to_owned());
        }
    }

    /// That nothing was imported: nothing was committed, so nothing of it counts.
    pub(crate) fn refused(self) -> EngineError {
        let Self { rows, rejected, bytes, errors, warnings, .. } = self;
        let refused = Self { rows, rejected, bytes, errors, warnings, ..Self::default() };
        EngineError::NothingImported(Box::new(refused))
    }

    /// Counts rows of which is known what became of them.
    pub(crate) fn count(&mut self, rows: &[RowOutcome]) {
        for row in rows {
            match row {
                RowOutcome::Taken { outcome: Outcome::Created, .. } => self.created += 1,
                RowOutcome::Taken { outcome: Outcome::Changed, .. } => self.changed += 1,
                RowOutcome::Taken { .. } => self.unchanged += 1,
                RowOutcome::Rejected(error) => {
                    self.rejected += 1;
                    if self.errors.len() < KEPT_ERRORS {
                        self.errors.push(error.clone());
                    }
                }
            }
        }
    }

    /// Counts the needs that say too little among those that say something new.
    fn tell_vague(&mut self, vague: &[bool], lines: &[u64], written: &[Upserted]) {
        for ((vague, line), row) in vague.iter().zip(lines).zip(written) {
            if *vague && matches!(row.outcome, Outcome::Created | Outcome::Changed) {
                self.vague += 1;
                if self.vague_lines.len() < KEPT_FLAGS {
                    self.vague_lines.push(*line);
                }
            }
        }
    }
}

/// What became of a batch's rows, and the needs in it that say something new, with their lines.
async fn write(
    session: &mut ImportSession,
    Batch { drafts, lines, errors }: Batch,
    vague: &[bool],
    report: &mut ImportReport,
) -> Result<(Vec<RowOutcome>, FxHashMap<u64, u64>), EngineError> {
    let names = RowOutcome::names(&drafts);
    let written = session.upsert(drafts).await?;
    report.tell_vague(vague, &lines, &written);
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

/// Reads and checks rows, and hands them over in batches; ends early when nobody listens any more.
fn read(
    within: Option<Region>,
    options: ImportOptions,
    past: u64,
    input: impl Read + Send + 'static,
    sender: &mpsc::Sender<Message>,
) {
    let mut rows = match rows(options.kind, options.format, input) {
        Ok(rows) => rows,
        Err(error) => {
            let _ = sender.blocking_send(Message::Broken(error));
            return;
        }
    };
    let (mut batch, mut bytes, mut handed_over) = (Batch::default(), 0, 0);
    // Read all the same: what a row says may depend on those before it.
    for row in rows.by_ref().take(usize::try_from(past).unwrap_or(usize::MAX)) {
        bytes = row.map_or_else(|error| error.bytes_read, |row| row.bytes_read);
        handed_over = bytes;
    }
    for row in rows.by_ref() {
        match row {
            Ok(row) if !lies_within(within, row.draft.profile.region()) => {
                bytes = row.bytes_read;
                batch.errors.push(elsewhere(within, &row));
            }
            Ok(row) => {
                bytes = row.bytes_read;
                batch.drafts.push(row.draft);
                batch.lines.push(row.line);
            }
            Err(error) => {
                bytes = error.bytes_read;
                batch.errors.push(error);
            }
        }
        if batch.drafts.len() + batch.errors.len() >= BATCH || bytes - handed_over >= BATCH_BYTES {
            handed_over = bytes;
            let rows = std::mem::take(&mut batch);
            if sender.blocking_send(Message::Batch { rows, bytes }).is_err() {
                return;
            }
        }
    }
    // Only now is it known how many rows had no external id.
    if !rows.warnings().is_empty() {
        let _ = sender.blocking_send(Message::Warnings(rows.warnings().to_vec()));
    }
    let _ = sender.blocking_send(Message::Batch { rows: batch, bytes });
}

/// What is wrong with a row of another region, or of none.
fn elsewhere(within: Option<Region>, row: &Row) -> RowError {
    let problem = |own| {
        let FieldProblem { pointer, label, code, detail } = outside(own, row.draft.profile.region());
        RowProblem { column: None, label, pointer, code, detail }
    };
    let problems = within.map(problem).into_iter().collect();
    RowError { line: row.line, problems, bytes_read: row.bytes_read }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    struct FullDisk;

    impl Write for FullDisk {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::StorageFull.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_full_disk_is_told_from_a_bad_file() {
        let full = Arc::default();
        let mut copying = Copying { input: &b"{}"[..], copy: FullDisk, full: Arc::clone(&full) };
        copying.read(&mut [0; 8]).unwrap_err();
        assert_eq!(full.lock().unwrap().take().unwrap().kind(), io::ErrorKind::StorageFull);
        let mut sound = Copying { input: &b"{}"[..], copy: Vec::new(), full: Arc::clone(&full) };
        assert_eq!(sound.read(&mut [0; 8]).unwrap(), 2);
        assert_eq!((&sound.copy[..], full.lock().unwrap().is_none()), (&b"{}"[..], true));
    }
}
