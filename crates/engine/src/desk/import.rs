//! Importing at a desk: rows of other regions are refused, by line.

use std::fs::File;
use std::io::Read;

use domain::Kind;

use super::{Act, Desk};
use crate::import::Writer;
use crate::{EngineError, Flag, ImportOptions, ImportReport, RowOutcome};

impl Desk {
    /// Imports a file, as [`crate::Engine::import`] does. It takes no turn: it lasts as long as its file is on its way, and the service
    /// bounds the number of files itself.
    ///
    /// # Errors
    /// As [`crate::Engine::import`].
    pub async fn import(
        &self,
        options: ImportOptions,
        input: impl Read + Send + 'static,
    ) -> Result<ImportReport, EngineError> {
        self.import_telling(options, input, |_| {}).await
    }

    /// As [`Self::import`], and `told` hears of each row what became of it: batch by batch, once the batch is safely in the database. With
    /// `all_or_nothing` that counts only once this returns.
    ///
    /// # Errors
    /// As [`crate::Engine::import`].
    pub async fn import_telling(
        &self,
        options: ImportOptions,
        input: impl Read + Send + 'static,
        mut told: impl FnMut(Vec<RowOutcome>) + Send,
    ) -> Result<ImportReport, EngineError> {
        self.permit(Act::Import(options.kind))?;
        let writer = Writer { region: self.caller.key.region, key: Some(self.caller.key.id) };
        match self.engine.import_for(writer, options, input, |_, rows| told(rows)).await {
            Ok(report) => self.shown_report(report).await,
            Err(EngineError::NothingImported(report)) => {
                Err(EngineError::NothingImported(Box::new(self.shown_report(*report).await?)))
            }
            Err(EngineError::ImportCutShort { report, error }) => {
                let report = Box::new(self.shown_report(*report).await?);
                Err(EngineError::ImportCutShort { report, error })
            }
            Err(error) => Err(error),
        }
    }

    /// A nameless file for outcomes that wait to be read by the caller of [`Self::import_telling`]; it goes when it is closed.
    ///
    /// # Errors
    /// [`EngineError::DataDir`].
    pub fn scratch_file(&self) -> Result<File, EngineError> {
        self.engine.scratch_file()
    }

    /// A report without needs that are hidden.
    pub(super) async fn shown_report(&self, mut report: ImportReport) -> Result<ImportReport, EngineError> {
        if self.caller.key.region.is_none() || report.flags.is_empty() {
            return Ok(report);
        }
        let numbers: Vec<u64> = report.flags.iter().map(|flag| flag.duplicate.other.id.number).collect();
        let visibility = self.visibility(Kind::Need, &numbers).await?;
        let before = report.flags.len() as u64;
        let shown = |flag: Flag| {
            let other = super::sight::shown_brief(flag.duplicate.other, &visibility)?;
            Some(Flag { duplicate: crate::Duplicate { other, ..flag.duplicate }, ..flag })
        };
        report.flags = report.flags.into_iter().filter_map(shown).collect();
        // Of those beyond the listed ones nobody looks which are hidden, so they are not counted where some may be.
        let hidden = before - report.flags.len() as u64;
        if self.sight().within(Kind::Need).is_some() {
            report.duplicates = report.flags.len() as u64;
        } else {
            report.duplicates -= hidden;
        }
        Ok(report)
    }
}
