//! Rows of a JSON Lines file.
//!
//! Of keys that occur twice in one object the last counts, as in bodies of the REST API. Objects nested deeper than 127
//! levels are refused (the limit of `serde_json`).

use std::io;

use domain::forms::parse;
use domain::{Kind, ProblemCode};
use serde_json::Value;

use super::exported;
use super::header::Header;
use super::source::Source;
use super::{BROKEN_TEXT, MAX_ROW_BYTES, Outcome, of_field};
use crate::{FileError, RowProblem};

/// A list or object of a few bytes takes hundreds in memory; a record has a few dozen of them.
const MOST_BRACKETS: usize = 10_000;

/// A file of one JSON object to a line.
pub(super) struct JsonLines {
    kind: Kind,
    source: Source,
    /// Number of the line last read.
    line: u64,
    text: Vec<u8>,
    too_long: bool,
}

impl JsonLines {
    pub(super) fn open(kind: Kind, source: Source) -> Result<Self, FileError> {
        let start = source.block().trim_ascii_start();
        let first = start.split(|&byte| byte == b'\n').next();
        match first.unwrap_or_default().trim_ascii_end() {
            [b'[', ..] => return Err(FileError::JsonArray),
            b"{" => return Err(FileError::JsonSpread),
            [b'{', ..] => {}
            // A bad first line is one bad row, unless the whole file is a table.
            _ if Header::find(kind, source.block(), source.is_last()).is_ok() => {
                return Err(FileError::CsvAsJson);
            }
            _ => {}
        }
        Ok(Self { kind, source, line: 0, text: Vec::new(), too_long: false })
    }

    pub(super) const fn source(&self) -> &Source {
        &self.source
    }

    /// Bytes of memory that grow with the rows.
    #[cfg(test)]
    pub(super) fn held(&self) -> usize {
        self.source.held() + self.text.capacity()
    }

    /// The next row that is not blank.
    pub(super) fn read(&mut self) -> io::Result<Option<(u64, Outcome)>> {
        while self.read_line()? {
            if self.too_long || !self.text.trim_ascii().is_empty() {
                return Ok(Some((self.line, self.outcome())));
            }
        }
        Ok(None)
    }

    /// Reads a line into `text`, which keeps no more than a row may be long; false at the end of the file.
    fn read_line(&mut self) -> io::Result<bool> {
        self.text.clear();
        self.too_long = false;
        let mut some = false;
        loop {
            let block = self.source.fill()?;
            if block.is_empty() {
                self.line += u64::from(some);
                return Ok(some);
            }
            some = true;
            let end = block.iter().position(|&byte| byte == b'\n');
            let part = &block[..end.unwrap_or(block.len())];
            if self.text.len() + part.len() > MAX_ROW_BYTES {
                self.too_long = true;
                self.text.clear();
            }
            if !self.too_long {
                self.text.extend_from_slice(part);
            }
            let used = part.len() + usize::from(end.is_some());
            self.source.consume(used);
            if end.is_some() {
                self.line += 1;
                return Ok(true);
            }
        }
    }

    fn outcome(&self) -> Outcome {
        let whole = |code, detail: String| vec![RowProblem::whole(code, detail)];
        if self.too_long {
            return Err(whole(ProblemCode::TooLarge, "一行超过 1 MiB，已跳过".to_owned()));
        }
        let text = std::str::from_utf8(&self.text)
            .map_err(|_| whole(ProblemCode::Format, BROKEN_TEXT.to_owned()))?;
        if text.bytes().filter(|byte| matches!(byte, b'{' | b'[')).count() > MOST_BRACKETS {
            return Err(whole(ProblemCode::TooLarge, "一行里的括号太多，这不像一条记录".to_owned()));
        }
        let mut form: Value = serde_json::from_str(text)
            .map_err(|error| whole(ProblemCode::Format, syntax_problem(text, &error)))?;
        if exported::is_record(&form) {
            form = exported::form(form)?;
        }
        parse(self.kind, form)
            .map_err(|problems| problems.into_iter().map(|problem| of_field(problem, None)).collect())
    }
}

/// Where the JSON goes wrong, in characters from the start of the line. Tells nothing of what stands there.
fn syntax_problem(text: &str, error: &serde_json::Error) -> String {
    if error.to_string().starts_with("recursion limit") {
        return "JSON 嵌套过深".to_owned();
    }
    let before = &text.as_bytes()[..error.column().min(text.len())];
    let column = String::from_utf8_lossy(before).chars().count().max(1);
    if error.is_eof() {
        format!("JSON 不完整，在第 {column} 个字符处中断")
    } else {
        format!("JSON 语法错误，在第 {column} 个字符附近")
    }
}
