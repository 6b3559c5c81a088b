//! A file as a stream of checked rows: memory for a few rows and for one digest of each, and no row stops the next.

mod cells;
mod claim;
mod discreet;
mod exported;
mod header;
mod identity;
mod lines;
mod source;
mod table;
#[cfg(test)]
mod tests;
mod values;

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::io::Read;

use domain::forms::{Column, Draft, columns};
use domain::{FieldProblem, Kind, ProblemCode};

use crate::{FileError, RowError, RowProblem};
pub use discreet::without_contacts;
use discreet::{discreet, discreet_message};
use lines::JsonLines;
use source::Source;
use table::Table;

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
    /// The form, always with an external id: one derived from what it says when the row gives none.
    pub draft: Draft,
    /// Bytes of the file read so far, for showing progress.
    pub bytes_read: u64,
}

/// What became of a row.
type Outcome = Result<Draft, Vec<RowProblem>>;

/// Records in a file at most: so many digests are kept, of some 20 bytes each.
const MOST_ROWS: usize = if cfg!(test) { 100_000 } else { 5_000_000 };

const BROKEN_TEXT: &str = "含有无法识别的字符（编码损坏），请把文件另存为 UTF-8 编码后检查这里";

/// The rows of a file. See [`rows()`].
pub struct Rows {
    kind: Kind,
    reader: Reader,
    warnings: Vec<String>,
    /// Nothing comes any more: reading failed, or there were too many.
    ended: bool,
    /// Line of the last row.
    line: u64,
    /// Rows whose external id had to be derived, as long as no warning has told of them.
    unnamed: u64,
    /// Digests of the external ids so far, and where they stood: of two rows that are one record, the second is refused,
    /// else they would change it to and fro with every import.
    seen: HashMap<u64, u64>,
}

enum Reader {
    Table(Table),
    Lines(JsonLines),
}

/// Opens a file of registry `kind`: UTF-8, UTF-16 with a byte order mark, or GBK/GB 18030, told by its first 64 KiB.
///
/// A CSV file may begin with `sep=;` and with titles; its headings are the first of five rows that holds two known
/// headings (English keys or Chinese) or only known ones. Its cells may be set off by commas, semicolons or tabs and
/// may hold line breaks within quotes. A quote that is never closed makes the rest of the file one bad row.
///
/// # Errors
/// When the file as a whole cannot be understood; what is wrong with single rows comes out of the iterator.
pub fn rows(kind: Kind, format: Format, input: impl Read + Send + 'static) -> Result<Rows, FileError> {
    let (source, guessed) = Source::open(input)?;
    let mut warnings: Vec<String> = guessed.into_iter().collect();
    let reader = match format {
        Format::Csv => {
            let (table, found) = Table::open(kind, source)?;
            warnings.extend(found);
            Reader::Table(table)
        }
        Format::JsonLines => Reader::Lines(JsonLines::open(kind, source)?),
    };
    Ok(Rows { kind, reader, warnings, ended: false, line: 0, unnamed: 0, seen: HashMap::new() })
}

impl Rows {
    /// Fields for which the file has no column, so that no row says anything of them. Lines of JSON have no columns: there each line may leave any
    /// field out.
    pub fn absent(&self) -> Vec<&'static Column> {
        let has = |column: &Column| matches!(&self.reader, Reader::Table(table) if table.has(column.key));
        columns(self.kind).filter(|column| !has(column)).collect()
    }

    /// What was passed over without harm, in Chinese: headings that the form does not have, a guessed encoding, rows
    /// without an external id. Complete when the rows have come to their end.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }
}

impl Iterator for Rows {
    type Item = Result<Row, RowError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let read = self.read();
        if read.is_none() && self.unnamed > 0 {
            let explanation = identity::explanation(self.kind);
            self.warnings
                .push(format!("有 {} 行没有外部编号，{explanation}", std::mem::take(&mut self.unnamed)));
        }
        read
    }
}

impl Rows {
    fn read(&mut self) -> Option<Result<Row, RowError>> {
        let read = match &mut self.reader {
            Reader::Table(table) => table.read(),
            Reader::Lines(lines) => lines.read(),
        };
        let (line, outcome) = read.unwrap_or_else(|error| {
            let detail = format!("这一行之后读取文件失败，其余的行没有导入（{error}）");
            self.ended = true;
            let problem = RowProblem::whole(ProblemCode::Format, detail);
            Some((self.line.max(1), Err(vec![problem])))
        })?;
        self.line = line;
        let bytes_read = match &self.reader {
            Reader::Table(table) => table.source().bytes_read(),
            Reader::Lines(lines) => lines.source().bytes_read(),
        };
        let draft =
            outcome.map(|draft| self.named(draft)).and_then(|draft| self.first_of_its_name(line, draft));
        Some(match draft {
            Ok(draft) => Ok(Row { line, draft, bytes_read }),
            Err(problems) => Err(RowError { line, problems, bytes_read }),
        })
    }

    /// Refuses the second row of a record.
    fn first_of_its_name(&mut self, line: u64, draft: Draft) -> Outcome {
        if self.seen.len() >= MOST_ROWS {
            self.ended = true;
            let detail =
                format!("一个文件最多 {} 万条记录，从这一行起没有导入，请分成几个文件", MOST_ROWS / 10_000);
            return Err(vec![RowProblem::whole(ProblemCode::TooLarge, detail)]);
        }
        let id = draft.external_id.as_deref().unwrap_or_default();
        let mut digest = [0; 8];
        digest.copy_from_slice(&blake3::hash(id.as_bytes()).as_bytes()[..8]);
        match self.seen.entry(u64::from_le_bytes(digest)) {
            Entry::Vacant(place) => {
                place.insert(line);
                Ok(draft)
            }
            Entry::Occupied(first) => {
                let derived = id.starts_with(identity::PREFIX);
                let by = if derived { identity::explanation(self.kind) } else { "编号相同".to_owned() };
                let detail = format!("与第 {} 行是同一条记录，{by}", first.get());
                Err(vec![RowProblem::whole(ProblemCode::Contradiction, detail)])
            }
        }
    }

    /// A draft with an external id.
    fn named(&mut self, mut draft: Draft) -> Draft {
        if draft.external_id.is_none() {
            draft.external_id = Some(identity::derived(&draft.profile));
            let told = matches!(&self.reader, Reader::Table(table) if !table.has("external_id"));
            self.unnamed += u64::from(!told);
        }
        draft
    }
}

/// A problem that the form names, under the heading of its column. Names of unknown fields are the sender's and may be
/// anything, so label and pointer are made discreet too.
fn of_field(problem: FieldProblem, column: Option<String>) -> RowProblem {
    let label = if problem.pointer.is_empty() { String::new() } else { discreet(&problem.label) };
    let (pointer, detail) = (discreet(&problem.pointer), discreet_message(&problem.detail));
    RowProblem { column, label, pointer, code: problem.code, detail }
}
