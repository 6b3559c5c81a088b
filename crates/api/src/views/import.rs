//! The report of an import.

use domain::ProblemCode;
use engine::{Flag, ImportReport, RowError, RowProblem};
use serde::Serialize;
use utoipa::ToSchema;

/// What an import came to.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = ImportReport)]
pub(crate) struct ImportReportView {
    /// 读到的行数
    #[schema(example = 2)]
    rows: u64,
    /// 新增的记录数
    #[schema(example = 1)]
    created: u64,
    /// 修改的记录数
    #[schema(example = 0)]
    changed: u64,
    /// 内容相同、未改动的记录数
    #[schema(example = 0)]
    unchanged: u64,
    /// 不合格的行数
    #[schema(example = 1)]
    rejected: u64,
    /// 读取的字节数
    #[schema(example = 180)]
    bytes: u64,
    /// 无碍的提示，如不认识的列
    warnings: Vec<String>,
    /// 不合格的行，最多列出前 1000 行
    errors: Vec<RowErrorView>,
    /// 新增和修改的技术需求中，与已有需求或文件中前面的行疑似重复的处数；照常导入，只作提示
    #[schema(example = 1)]
    duplicates: u64,
    /// 疑似重复之处，最多列出前 1000 处
    flags: Vec<Flag>,
    /// 新增和修改的技术需求中过于笼统、难以匹配的条数；照常导入，只作提示
    #[schema(example = 0)]
    vague: u64,
    /// 过于笼统的需求所在的行，最多列出前 1000 行
    vague_lines: Vec<u64>,
}

/// A row that was not accepted.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = RowError)]
pub(crate) struct RowErrorView {
    /// 行号，从 1 起
    #[schema(example = 3)]
    pub(super) line: u64,
    /// 该行的各处错误
    pub(super) problems: Vec<RowProblemView>,
}

/// One thing that is wrong with a row.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = RowProblem)]
pub(crate) struct RowProblemView {
    /// 文件中的列名；JSON Lines 无此项
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "手机")]
    column: Option<String>,
    /// 字段中文名；整行的错误为空
    #[schema(example = "手机")]
    label: String,
    /// 字段位置（JSON Pointer）；整行的错误为空
    #[schema(example = "/contact/mobile")]
    pointer: String,
    /// 稳定的错误码
    code: ProblemCode,
    /// 中文说明
    #[schema(example = "格式不正确，应为 11 位手机号码")]
    detail: String,
}

impl From<ImportReport> for ImportReportView {
    fn from(report: ImportReport) -> Self {
        Self {
            rows: report.rows,
            created: report.created,
            changed: report.changed,
            unchanged: report.unchanged,
            rejected: report.rejected,
            bytes: report.bytes,
            warnings: report.warnings,
            errors: report.errors.into_iter().map(RowErrorView::from).collect(),
            duplicates: report.duplicates,
            flags: report.flags,
            vague: report.vague,
            vague_lines: report.vague_lines,
        }
    }
}

impl From<RowError> for RowErrorView {
    fn from(error: RowError) -> Self {
        Self { line: error.line, problems: error.problems.into_iter().map(RowProblemView::from).collect() }
    }
}

impl From<RowProblem> for RowProblemView {
    fn from(problem: RowProblem) -> Self {
        Self {
            column: problem.column,
            label: problem.label,
            pointer: problem.pointer,
            code: problem.code,
            detail: problem.detail,
        }
    }
}
