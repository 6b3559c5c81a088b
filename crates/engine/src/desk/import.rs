//! Importing at a desk: rows of other regions are refused, by line.

use std::io::Read;

use domain::Kind;

use super::{Act, Desk};
use crate::{EngineError, Flag, ImportOptions, ImportReport};

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
        self.permit(Act::Import(options.kind))?;
        match self.engine.import_within(self.caller.key.region, options, input, |_| {}).await {
            Ok(report) => self.shown_report(report).await,
            Err(EngineError::NothingImported(report)) => {
                Err(EngineError::NothingImported(Box::new(self.shown_report(*report).await?)))
            }
            Err(error) => Err(error),
        }
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
