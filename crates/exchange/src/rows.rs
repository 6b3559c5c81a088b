//! A file as a stream of checked rows: bounded memory, and no row stops the next.

use std::io::Read;

use domain::Kind;
use domain::forms::Draft;

use crate::{FileError, RowError};

/// The longest row, in bytes of UTF-8. A longer one is an error, and skipped to its end.
pub const MAX_ROW_BYTES: usize = 1 << 20;

/// How rows are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// One JSON object on each line.
    JsonLines,
    /// Cells under a row of headings, set off by commas, semicolons or tabs.
    Csv,
}

impl Format {
    /// By the ending of a file name: `.jsonl`, `.ndjson`, `.csv`, `.tsv`, `.txt`.
    pub fn from_name(name: &str) -> Option<Self> {
        let (_, ending) = name.rsplit_once('.')?;
        match ending.to_ascii_lowercase().as_str() {
            "jsonl" | "ndjson" => Some(Self::JsonLines),
            "csv" | "tsv" | "txt" => Some(Self::Csv),
            _ => None,
        }
    }

    /// By the first bytes: JSON begins with a brace or a bracket, all else is taken for CSV.
    pub fn from_bytes(first: &[u8]) -> Self {
        let text = first.strip_prefix(b"\xef\xbb\xbf").unwrap_or(first);
        match text.trim_ascii_start().first() {
            Some(b'{' | b'[') => Self::JsonLines,
            _ => Self::Csv,
        }
    }
}

/// A row whose every field is valid.
#[derive(Debug, Clone)]
pub struct Row {
    /// The line of the file, from 1, on which the row starts.
    pub line: u64,
    /// The form.
    pub draft: Draft,
    /// Bytes of the file read so far, for showing progress.
    pub bytes_read: u64,
}

/// The rows of a file. See [`rows()`].
pub struct Rows {
    warnings: Vec<String>,
}

/// Opens a file of registry `kind`.
///
/// # Errors
/// When the file as a whole cannot be understood; what is wrong with single rows comes out of the iterator.
pub fn rows(
    _kind: Kind,
    _format: Format,
    _input: impl Read + Send + 'static,
) -> Result<Rows, FileError> {
    Err(FileError::Empty)
}

impl Rows {
    /// What was passed over without harm, in Chinese: headings that the form does not have, a guessed encoding.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// The read error that ended the rows early. It also came out as the last row's error.
    pub fn failure(&self) -> Option<&std::io::Error> {
        None
    }
}

impl Iterator for Rows {
    type Item = Result<Row, RowError>;

    fn next(&mut self) -> Option<Self::Item> {
        None
    }
}
