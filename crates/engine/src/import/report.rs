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
const KEPT_WARNINGS: usize = 1_000;

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

    /// Says at which rows inventors were left out.
    pub(super) fn tell_left_out(&mut self, lines: &[u64], written: &[Upserted]) {
        for (line, row) in lines.iter().zip(written).filter(|(_, row)| row.left_out > 0) {
            if self.warnings.len() < KEPT_WARNINGS {
                self.warnings.push(format!(
                    "第 {line} 行：完成人中有 {} 人已依要求删除，没有写入，成果照常登记；如是同名的另一人，请写明其专家编号",
                    row.left_out
                ));
            }
        }
    }

    /// Takes over from what is on file of it, of which this is the continuation, the texts in which names were hidden meanwhile. After somebody was
    /// erased, what is told of rows that were read since quotes none of their values: whose they are nobody knows any more.
    pub(crate) fn renew(&mut self, on_file: Option<Self>, erased_since: bool) {
        let on_file = on_file.unwrap_or_default();
        if erased_since {
            let new = self.errors.iter_mut().skip(on_file.errors.len());
            for problem in new.flat_map(|error| &mut error.problems) {
                problem.detail = without_quotations(&problem.detail);
            }
        }
        splice(&mut self.errors, on_file.errors);
        splice(&mut self.warnings, on_file.warnings);
        splice(&mut self.flags, on_file.flags);
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

/// Puts what is on file in the place of the beginning.
fn splice<T>(own: &mut Vec<T>, on_file: Vec<T>) {
    drop(own.splice(..on_file.len().min(own.len()), on_file));
}

/// A sentence in which quoted values are hidden.
fn without_quotations(text: &str) -> String {
    let mut told = String::new();
    let mut rest = text;
    while let Some((before, quoted)) = rest.split_once('“') {
        told.push_str(before);
        told.push_str("“***”");
        rest = quoted.split_once('”').map_or("", |(_, after)| after);
    }
    told + rest
}

#[cfg(test)]
mod tests {
    use domain::ProblemCode;
    use exchange::RowProblem;

    use super::*;

    fn error(line: u64, detail: &str) -> RowError {
        let problem = RowProblem {
            column: None,
            label: String::new(),
            pointer: String::new(),
            code: ProblemCode::Contradiction,
            detail: detail.to_owned(),
        };
        RowError { line, problems: vec![problem], bytes_read: 0 }
    }

    #[test]
    fn what_was_hidden_on_file_stays_hidden_and_what_was_read_since_quotes_nobody() {
        let on_file = || ImportReport {
            errors: vec![error(1, "“***”不是有效日期")],
            warnings: vec!["甲".to_owned()],
            ..ImportReport::default()
        };
        let memory = || ImportReport {
            rows: 9,
            errors: vec![error(1, "“某人”不是有效日期"), error(2, "“某人”不在可选值中：“甲”、乙")],
            warnings: vec!["甲".to_owned(), "乙".to_owned()],
            ..ImportReport::default()
        };
        let details = |report: &ImportReport| {
            report.errors.iter().map(|error| error.problems[0].detail.clone()).collect::<Vec<_>>()
        };
        let mut report = memory();
        report.renew(Some(on_file()), true);
        assert_eq!(details(&report), ["“***”不是有效日期", "“***”不在可选值中：“***”、乙"]);
        assert_eq!((report.rows, report.warnings.len()), (9, 2));
        let mut undisturbed = memory();
        undisturbed.renew(Some(ImportReport { errors: vec![memory().errors.remove(0)], ..on_file() }), false);
        assert_eq!(undisturbed, memory());
        let mut first = memory();
        first.renew(None, true);
        assert_eq!(details(&first)[0], "“***”不是有效日期");
        assert_eq!(without_quotations("没有引号，“没有关上"), "没有引号，“***”");
    }
}
