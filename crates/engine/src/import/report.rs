//! What an import has come to: counts, the errors, and what is to be looked at.

use domain::Kind;
use exchange::RowError;
use serde::{Deserialize, Serialize};
use store::{Outcome, Upserted};

use crate::outcomes::RowOutcome;
use crate::{EngineError, Flag};

/// Row errors and flags kept for the report.
const KEPT_ERRORS: usize = 1_000;
const KEPT_FLAGS: usize = 1_000;

const NOT_COMPARED: &str =
    "部分需求还没有与已有的需求比较是否重复，稍后会自动补上；结果见 hongniang duplicates";

const EMPTIED: &str = "文件没有给出";
const EMPTIED_SO: &str =
    "，已有记录的这些内容因此被清空或改回缺省值；要保留原来的内容，请在文件中补上这些列再导入";

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
    /// Fields that records have lost because the file does not say them; a warning tells of them.
    #[serde(default)]
    pub emptied: Vec<String>,
    /// How often a new or changed need says nearly the same as one that was there, or that stands before it in the file.
    pub duplicates: u64,
    /// The first thousand of these.
    pub flags: Vec<Flag>,
    /// New or changed needs that say too little to be matched well.
    pub vague: u64,
    /// The lines of the first thousand of these.
    pub vague_lines: Vec<u64>,
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

    /// Says which fields records have lost because the file does not say them.
    pub(super) fn tell_emptied(&mut self, labels: impl Iterator<Item = &'static str>) {
        let before = self.emptied.len();
        for label in labels {
            if !self.emptied.iter().any(|known| known == label) {
                self.emptied.push(label.to_owned());
            }
        }
        if self.emptied.len() > before {
            // One warning for the file, however many batches bring it about.
            self.warnings.retain(|warning| !warning.starts_with(EMPTIED));
            self.warnings.push(format!("{EMPTIED}“{}”{EMPTIED_SO}", self.emptied.join("”“")));
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

    /// Counts what new needs are like.
    pub(super) fn tell_flags(&mut self, flags: Vec<Flag>) {
        self.duplicates += flags.len() as u64;
        self.flags.extend(flags.into_iter().take(KEPT_FLAGS - self.flags.len()));
    }

    /// Counts the needs that say too little among those that say something new.
    pub(super) fn tell_vague(&mut self, vague: &[bool], lines: &[u64], written: &[Upserted]) {
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
