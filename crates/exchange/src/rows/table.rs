//! Rows of a CSV table.

use std::io;

use domain::forms::parse;
use domain::{FieldProblem, Kind, ProblemCode};
use serde_json::{Map, Value, json};

use super::cells::{Record, Records};
use super::header::{Header, Heading};
use super::source::Source;
use super::{BROKEN_TEXT, Outcome, discreet, identity, of_field, values};
use crate::{FileError, RowProblem};

/// A table whose headings have been read.
pub(super) struct Table {
    kind: Kind,
    records: Records,
    record: Record,
    headings: Vec<Option<Heading>>,
    /// Records above the data that are still to be passed over.
    skip: usize,
}

impl Table {
    /// Finds the headings. The second value warns of those that name no field, and of there being none for identifiers.
    pub(super) fn open(kind: Kind, source: Source) -> Result<(Self, Vec<String>), FileError> {
        let start = source.block().trim_ascii_start();
        let header = Header::find(kind, source.block(), source.is_last()).map_err(|error| {
            if start.starts_with(b"{") || start.starts_with(b"[") { FileError::JsonAsCsv } else { error }
        })?;
        let mut warnings = Vec::new();
        if !header.unknown.is_empty() {
            warnings.push(unknown_headings(kind, &header.unknown));
        }
        let table = Self {
            kind,
            records: Records::new(source, header.separator),
            record: Record::default(),
            headings: header.headings,
            skip: header.skip,
        };
        if !table.has("external_id") {
            warnings.push(format!("文件没有“外部编号”列，各行{}", identity::explanation(kind)));
        }
        Ok((table, warnings))
    }

    /// Whether there is a column for the field `key`.
    pub(super) fn has(&self, key: &str) -> bool {
        self.headings.iter().flatten().any(|heading| heading.column.key == key)
    }

    pub(super) const fn source(&self) -> &Source {
        &self.records.source
    }

    /// Bytes of memory that grow with the rows.
    #[cfg(test)]
    pub(super) fn held(&self) -> usize {
        self.records.source.held() + self.record.held()
    }

    /// The next row that is not blank.
    pub(super) fn read(&mut self) -> io::Result<Option<(u64, Outcome)>> {
        while self.records.read(&mut self.record)? {
            if self.skip > 0 {
                self.skip -= 1;
            } else if !self.record.is_blank() {
                return Ok(Some((self.record.line, self.outcome())));
            }
        }
        Ok(None)
    }

    fn outcome(&self) -> Outcome {
        if let Some(problem) = self.flaw() {
            return Err(vec![problem]);
        }
        let (form, mut problems) = self.form();
        match parse(self.kind, form) {
            Ok(draft) if problems.is_empty() => Ok(draft),
            Ok(_) => Err(problems),
            Err(found) => {
                problems.extend(found.into_iter().map(|problem| self.located(problem)));
                Err(problems)
            }
        }
    }

    /// What is wrong with the row as a whole.
    fn flaw(&self) -> Option<RowProblem> {
        let record = &self.record;
        if record.open_quote {
            let detail = format!(
                "引号没有配对，到文件末尾（第 {} 行）为止的内容都成了这一行；请检查这一行的引号",
                record.last_line
            );
            return Some(RowProblem::whole(ProblemCode::Format, detail));
        }
        if record.too_long {
            let detail =
                format!("一行超过 1 MiB（到第 {} 行为止），已跳过；也可能是引号没有配对", record.last_line);
            return Some(RowProblem::whole(ProblemCode::TooLarge, detail));
        }
        let mut beyond = record.cells().skip(self.headings.len());
        beyond.any(|cell| !cell.trim_ascii().is_empty()).then(|| {
            let detail = format!(
                "单元格比表头多（表头有 {} 列），请检查内容里是否有没加引号的分隔符",
                self.headings.len()
            );
            RowProblem::whole(ProblemCode::Format, detail)
        })
    }

    /// The JSON of the row, without the cells that cannot be values of their columns.
    fn form(&self) -> (Value, Vec<RowProblem>) {
        let (mut form, mut problems) = (Map::new(), Vec::new());
        for (heading, cell) in self.headings.iter().zip(self.record.cells()) {
            let Some(heading) = heading else { continue };
            let read = std::str::from_utf8(cell)
                .map_err(|_| (ProblemCode::Format, BROKEN_TEXT))
                .and_then(|text| values::value(heading.column, text));
            match read {
                Ok(None) => {}
                Ok(Some(value)) => insert(&mut form, heading.column.key, value),
                Err((code, detail)) => problems.push(RowProblem {
                    column: Some(heading.text.clone()),
                    label: heading.column.labels[0].to_owned(),
                    pointer: format!("/{}", heading.column.key),
                    code,
                    detail: detail.to_owned(),
                }),
            }
        }
        (Value::Object(form), problems)
    }

    /// Names the column of a problem as the file does.
    fn located(&self, problem: FieldProblem) -> RowProblem {
        let key = problem.pointer.trim_start_matches('/');
        let of_key = |heading: &&Heading| {
            key.strip_prefix(heading.column.key).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let heading = self.headings.iter().flatten().find(of_key);
        let text = heading.map(|heading| heading.text.clone());
        of_field(problem, text)
    }
}

/// The first of them by name: what is taken for a row of headings may be anything.
fn unknown_headings(kind: Kind, headings: &[String]) -> String {
    const NAMED: usize = 20;
    let name = |heading: &String| discreet(&heading.chars().take(40).collect::<String>());
    let names = headings.iter().take(NAMED).map(name).collect::<Vec<_>>().join("”“");
    let more = if headings.len() > NAMED { format!("等 {} 列", headings.len()) } else { String::new() };
    format!("{}表没有这些列，已忽略：“{names}”{more}", kind.label())
}

/// Puts a value at `bio` or at `contact/mobile`.
fn insert(form: &mut Map<String, Value>, key: &str, value: Value) {
    match key.split_once('/') {
        Some((outer, inner)) => {
            let nested = form.entry(outer).or_insert_with(|| json!({}));
            nested[inner] = value;
        }
        None => {
            form.insert(key.to_owned(), value);
        }
    }
}
