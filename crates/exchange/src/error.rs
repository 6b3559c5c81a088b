//! What can be wrong with a file as a whole and with one of its rows, in words for the person who sent it.

use std::fmt;

use domain::ProblemCode;
use serde::{Deserialize, Serialize};

/// A file that is not what it claims to be. The message says how to mend it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    /// Nothing in it but white space.
    #[error("文件是空的")]
    Empty,
    /// The beginning of the file cannot be read.
    #[error("无法读取文件")]
    Io(#[from] std::io::Error),
    /// A workbook, a document, an archive.
    #[error("这是{what}，{remedy}")]
    Foreign {
        /// What the file is.
        what: &'static str,
        /// What to do with it.
        remedy: &'static str,
    },
    /// Holds NUL bytes.
    #[error("文件含有二进制内容，不是文本文件；请另存为 CSV UTF-8 后再导入")]
    Binary,
    /// Neither UTF-8 nor UTF-16 with a byte order mark nor GB 18030.
    #[error("无法识别文件的编码，请另存为 UTF-8 编码后再导入")]
    Encoding,
    /// No row of headings near the top.
    #[error("前 5 行里没有找到表头；{kind}表的列名有：{known}")]
    NoHeading {
        /// Chinese name of the registry.
        kind: &'static str,
        /// The headings that would have been understood.
        known: String,
    },
    /// Two headings for one field.
    #[error("列“{first}”和“{second}”重复，都是“{label}”，请只保留一列")]
    DuplicateHeading {
        /// Heading of the left column.
        first: String,
        /// Heading of the right column.
        second: String,
        /// The field's Chinese name.
        label: &'static str,
    },
    /// One JSON array instead of lines.
    #[error(
        "这是一个 JSON 数组，应为每行一个对象的 JSON Lines；可用命令转换：jq -c '.[]' 原文件.json > 新文件.jsonl"
    )]
    JsonArray,
    /// A JSON object spread over several lines.
    #[error(
        "JSON 对象分成了多行，应为每行一个对象的 JSON Lines；可用命令转换：jq -c . 原文件.json > 新文件.jsonl"
    )]
    JsonSpread,
    /// JSON that was announced as CSV.
    #[error("这是 JSON，不是 CSV 表格；请把文件改名为 .jsonl 后再导入")]
    JsonAsCsv,
    /// A table that was announced as JSON Lines.
    #[error("这是 CSV 表格，不是 JSON Lines；请把文件改名为 .csv 后再导入")]
    CsvAsJson,
}

/// A row that was not accepted; the rows after it are read on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowError {
    /// The line of the file, from 1, on which the row starts.
    pub line: u64,
    /// What is wrong, at least one.
    pub problems: Vec<RowProblem>,
    /// Bytes of the file read so far, for showing progress.
    pub bytes_read: u64,
}

/// One thing that is wrong with a row. Never repeats a contact value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowProblem {
    /// The heading as it stands in the CSV file; `None` in JSON Lines, for columns the file does not have, and for
    /// problems of the whole row.
    pub column: Option<String>,
    /// The field's Chinese name; empty for problems of the whole row.
    pub label: String,
    /// JSON pointer of the field, `/contact/mobile`; empty for problems of the whole row.
    pub pointer: String,
    /// Machine-readable reason.
    pub code: ProblemCode,
    /// One Chinese sentence.
    pub detail: String,
}

impl RowProblem {
    /// A problem of the row as a whole.
    pub(crate) fn whole(code: ProblemCode, detail: impl Into<String>) -> Self {
        Self { column: None, label: String::new(), pointer: String::new(), code, detail: detail.into() }
    }
}

/// `第 12 行，“手机”列：格式不正确，应为 11 位手机号码`, one line for each problem.
impl fmt::Display for RowError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, problem) in self.problems.iter().enumerate() {
            let end = if at == 0 { "" } else { "\n" };
            write!(f, "{end}第 {} 行{problem}", self.line)?;
        }
        Ok(())
    }
}

/// As in [`RowError`], without the line: `，“手机”列：格式不正确`.
impl fmt::Display for RowProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.column {
            Some(heading) => write!(f, "，“{heading}”列")?,
            None if self.label.is_empty() => {}
            None => write!(f, "，“{}”（{}）", self.label, self.pointer)?,
        }
        write!(f, "：{}", self.detail)
    }
}

impl std::error::Error for RowError {}
