//! Reading a file on a thread of its own: rows are checked and handed over in batches.

use std::io::{self, Read, Write};
use std::sync::{Arc, Mutex, PoisonError};

use domain::forms::{Column, Draft};
use domain::{FieldProblem, Region};
use exchange::{Row, RowError, RowProblem, rows};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::{BATCH, ImportOptions, ImportReport};
use crate::EngineError;
use crate::desk::outside;
use crate::matching::lies_within;

/// About how many bytes of a file make a batch, however few rows they are.
const BATCH_BYTES: u64 = 4 << 20;

/// Good rows, with the line on which each starts, and bad ones.
#[derive(Clone, Default)]
pub(crate) struct Batch {
    pub(crate) drafts: Vec<Draft>,
    pub(crate) lines: Vec<u64>,
    pub(crate) errors: Vec<RowError>,
    /// Fields for which the file has no column.
    pub(crate) absent: Arc<[&'static Column]>,
}

/// What the reading thread hands over.
enum Message {
    Warnings(Vec<String>),
    Batch { rows: Batch, bytes: u64 },
    Broken(exchange::FileError),
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

/// Puts aside what is read.
pub(super) struct Copying<R, W> {
    pub(super) input: R,
    pub(super) copy: W,
    /// Why it could not.
    pub(super) full: Arc<Mutex<Option<io::Error>>>,
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
    let empty = Batch { absent: rows.absent().into(), ..Batch::default() };
    let (mut batch, mut bytes, mut handed_over) = (empty.clone(), 0, 0);
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
            let rows = std::mem::replace(&mut batch, empty.clone());
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
