//! What can be wrong with a file as a whole and with one of its rows, in words for the person who sent it.

use std::fmt;

use domain::ProblemCode;

/// A file that is not what it claims to be. The message says how to mend it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    /// Nothing in it.
    #[error("文件是空的")]
    Empty,
    /// The file cannot be read.
    #[error("无法读取文件：{0}")]
    Io(#[from] std::io::Error),
}

/// A row that was not accepted; the rows after it are read on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowError {
    /// The line of the file, from 1, on which the row starts.
    pub line: u64,
    /// What is wrong, at least one.
    pub problems: Vec<RowProblem>,
    /// Bytes of the file read so far, for showing progress.
    pub bytes_read: u64,
}

/// One thing that is wrong with a row. Never repeats a contact value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowProblem {
    /// The heading as it stands in the CSV file; `None` in JSON Lines and for problems of the whole row.
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
