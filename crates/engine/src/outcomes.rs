//! What became of each row of a file that is imported, batch by batch, in the order of the lines.

use domain::forms::Draft;
use domain::{ProblemCode, RecordId};
use exchange::{RowError, RowProblem};
use store::{Outcome, Upserted};

/// The fate of one row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RowOutcome {
    /// It is in the database.
    Taken {
        /// The line of the file, from 1, on which the row starts.
        line: u64,
        /// The record that it became.
        id: RecordId,
        /// What its source calls the record.
        external_id: String,
        /// What that did to the record; never [`Outcome::Elsewhere`].
        outcome: Outcome,
    },
    /// It was not accepted.
    Rejected(RowError),
}

impl RowOutcome {
    /// The line of the file, from 1, on which the row starts.
    pub const fn line(&self) -> u64 {
        match self {
            Self::Taken { line, .. } | Self::Rejected(RowError { line, .. }) => *line,
        }
    }

    /// What the sources call the records of these drafts: always something, for rows without a name are given one.
    pub(crate) fn names(drafts: &[Draft]) -> Vec<String> {
        drafts.iter().map(|draft| draft.external_id.clone().unwrap_or_default()).collect()
    }

    /// The fates of a batch: of the rows that were written, by line and name, and of those that never got so far.
    pub(crate) fn of(
        errors: Vec<RowError>,
        lines: &[u64],
        names: Vec<String>,
        written: &[Upserted],
    ) -> Vec<Self> {
        let rows = lines.iter().zip(names).zip(written);
        let taken = rows.map(|((&line, external_id), row)| match row.outcome {
            Outcome::Elsewhere => Self::Rejected(elsewhere(line)),
            outcome => Self::Taken { line, id: row.id, external_id, outcome },
        });
        let mut all: Vec<Self> = errors.into_iter().map(Self::Rejected).chain(taken).collect();
        all.sort_by_key(Self::line);
        all
    }
}

/// A row whose external id belongs to a record of another region; more than that is not told.
fn elsewhere(line: u64) -> RowError {
    let problem = RowProblem {
        column: None,
        label: "外部编号".to_owned(),
        pointer: "/external_id".to_owned(),
        code: ProblemCode::OutsideRegion,
        detail: "这个外部编号已被其他地区的记录占用，本密钥不能修改，请换一个编号".to_owned(),
    };
    RowError { line, problems: vec![problem], bytes_read: 0 }
}
