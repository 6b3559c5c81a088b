//! Files into the registries: streamed, in batches, each batch acknowledged when it is in the database.

use std::io::Read;

use domain::Kind;
use domain::forms::Draft;
use exchange::{Format, RowError, rows};
use serde::Serialize;
use store::{ImportSession, Outcome, Upserted};
use tokio::sync::mpsc;

use crate::{Engine, EngineError};

/// Rows written in one transaction, and row errors kept for the report.
const BATCH: usize = 1_000;
const KEPT_ERRORS: usize = 1_000;

/// How to import.
#[derive(Debug, Clone, Copy)]
pub struct ImportOptions {
    /// The registry.
    pub kind: Kind,
    /// How rows are written.
    pub format: Format,
    /// One bad row and nothing is imported.
    pub all_or_nothing: bool,
}

/// What an import has come to so far, and in the end.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
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
}

/// What the reading thread hands over.
enum Message {
    Warnings(Vec<String>),
    Batch { drafts: Vec<Draft>, errors: Vec<RowError>, bytes: u64 },
    Broken(exchange::FileError),
}

impl Engine {
    /// Imports a file. Rows whose external id is known replace the record; a bad row does not stop the good ones. `progress` hears of
    /// each batch once it is safely in the database.
    ///
    /// # Errors
    /// [`EngineError::File`] when the file is not what it claims; with `all_or_nothing`, [`EngineError::NothingImported`] with the report
    /// in `progress`'s last call. Batches that `progress` has heard of stay.
    pub async fn import(
        &self,
        options: ImportOptions,
        input: impl Read + Send + 'static,
        mut progress: impl FnMut(&ImportReport) + Send,
    ) -> Result<ImportReport, EngineError> {
        let (sender, mut batches) = mpsc::channel(2);
        let reader = tokio::task::spawn_blocking(move || read(options, input, &sender));
        let mut session = if options.all_or_nothing { Some(self.store.import().await?) } else { None };
        let mut report = ImportReport::default();
        while let Some(message) = batches.recv().await {
            match message {
                Message::Warnings(warnings) => report.warnings = warnings,
                Message::Broken(error) => return Err(error.into()),
                Message::Batch { drafts, errors, bytes } => {
                    report.rows += (drafts.len() + errors.len()) as u64;
                    report.rejected += errors.len() as u64;
                    report.bytes = bytes;
                    report.errors.extend(errors.into_iter().take(KEPT_ERRORS - report.errors.len()));
                    let spoilt = options.all_or_nothing && report.rejected > 0;
                    if !drafts.is_empty() && !spoilt {
                        report.count(&self.write_batch(&mut session, drafts).await?);
                    }
                    progress(&report);
                }
            }
        }
        reader.await.map_err(|_| EngineError::ShuttingDown)?;
        match session {
            Some(session) if report.rejected == 0 => session.commit().await?,
            Some(_) => return Err(EngineError::NothingImported(report.rejected)),
            None => {}
        }
        self.indexing.wake();
        Ok(report)
    }

    async fn write_batch(
        &self,
        session: &mut Option<ImportSession>,
        drafts: Vec<Draft>,
    ) -> Result<Vec<Upserted>, EngineError> {
        let written = match session {
            Some(session) => session.upsert(drafts).await,
            None => self.store.upsert(drafts).await,
        };
        if session.is_none() {
            self.indexing.wake();
        }
        Ok(written?)
    }
}

impl ImportReport {
    fn count(&mut self, written: &[Upserted]) {
        for upserted in written {
            match upserted.outcome {
                Outcome::Created => self.created += 1,
                Outcome::Changed => self.changed += 1,
                Outcome::Unchanged => self.unchanged += 1,
            }
        }
    }
}

/// Reads and checks rows, and hands them over in batches; ends early when nobody listens any more.
fn read(options: ImportOptions, input: impl Read + Send + 'static, sender: &mpsc::Sender<Message>) {
    let rows = match rows(options.kind, options.format, input) {
        Ok(rows) => rows,
        Err(error) => {
            let _ = sender.blocking_send(Message::Broken(error));
            return;
        }
    };
    if !rows.warnings().is_empty()
        && sender.blocking_send(Message::Warnings(rows.warnings().to_vec())).is_err()
    {
        return;
    }
    let (mut drafts, mut errors, mut bytes) = (Vec::new(), Vec::new(), 0);
    for row in rows {
        match row {
            Ok(row) => {
                bytes = row.bytes_read;
                drafts.push(row.draft);
            }
            Err(error) => {
                bytes = error.bytes_read;
                errors.push(error);
            }
        }
        if drafts.len() + errors.len() >= BATCH {
            let batch = Message::Batch {
                drafts: std::mem::take(&mut drafts),
                errors: std::mem::take(&mut errors),
                bytes,
            };
            if sender.blocking_send(batch).is_err() {
                return;
            }
        }
    }
    let _ = sender.blocking_send(Message::Batch { drafts, errors, bytes });
}
