//! Outcomes of an import, a line for each row, and the line that ends them.

use domain::RecordId;
use engine::{Outcome, RowOutcome};
use serde::Serialize;
use utoipa::ToSchema;

use super::ImportReportView;
use super::import::{RowErrorView, RowProblemView};
use crate::problem::ProblemView;

/// What became of a row.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ImportOutcome)]
pub(crate) enum Fate {
    /// The record is new.
    Created,
    /// The record has changed.
    Changed,
    /// The record said the same already.
    Unchanged,
    /// The row was not accepted.
    Rejected,
}

/// The line of a row.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ImportRow)]
pub(crate) struct ImportRowView {
    /// 行号，从 1 起
    #[schema(example = 3)]
    line: u64,
    /// 结果
    outcome: Fate,
    /// 记录编号；不合格的行没有
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<RecordId>,
    /// 记录的外部编号；不合格的行没有
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "ZJ-0001")]
    external_id: Option<String>,
    /// 该行的各处错误；只有不合格的行有
    #[serde(skip_serializing_if = "Vec::is_empty")]
    problems: Vec<RowProblemView>,
}

/// The last line: of an import that came to its end, the report; of one that did not, the problem.
#[derive(Serialize, ToSchema)]
#[schema(as = ImportEnd)]
pub(crate) struct ImportEndView<'a> {
    /// 导入报告，同不逐行答复时；导入完成时有
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) report: Option<ImportReportView>,
    /// 中途失败的原因，其中的 `report` 说明此前已导入的；导入失败时有
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) problem: Option<ProblemView<'a>>,
}

impl From<RowOutcome> for ImportRowView {
    fn from(row: RowOutcome) -> Self {
        match row {
            RowOutcome::Taken { line, id, external_id, outcome } => {
                let outcome = match outcome {
                    Outcome::Created => Fate::Created,
                    Outcome::Changed => Fate::Changed,
                    Outcome::Unchanged | Outcome::Elsewhere => Fate::Unchanged,
                };
                Self { line, outcome, id: Some(id), external_id: Some(external_id), problems: Vec::new() }
            }
            RowOutcome::Rejected(error) => {
                let RowErrorView { line, problems } = error.into();
                Self { line, outcome: Fate::Rejected, id: None, external_id: None, problems }
            }
        }
    }
}
