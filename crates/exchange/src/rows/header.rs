//! Finds the row of headings and the separator of a table.

use domain::Kind;
use domain::forms::{Column, column, columns};

use super::cells::{Record, Splitter};
use crate::FileError;

/// How many rows may stand above the data, the headings included: titles and notes of a spreadsheet.
const ROWS_TO_TRY: usize = 5;

/// A column whose heading names a field.
pub(super) struct Heading {
    pub(super) column: &'static Column,
    /// As it stands in the file.
    pub(super) text: String,
}

/// The headings of a table.
pub(super) struct Header {
    pub(super) separator: u8,
    /// How many records to pass over: all up to the headings, blank ones too.
    pub(super) skip: usize,
    /// One for each column; `None` where the heading names no field.
    pub(super) headings: Vec<Option<Heading>>,
    /// The headings that name no field.
    pub(super) unknown: Vec<String>,
}

impl Header {
    /// Looks at the beginning of a file: the first row with two known headings or with nothing but known ones, under
    /// the separator that gives most of them.
    pub(super) fn find(kind: Kind, window: &[u8], complete: bool) -> Result<Self, FileError> {
        let announced = announced_separator(window);
        let separators: &[u8] = match &announced {
            Some(separator) => std::slice::from_ref(separator),
            None => b",;\t",
        };
        let found = separators.iter().filter_map(|&separator| Self::under(kind, window, complete, separator));
        // The first of equals: the comma.
        let best = found.reduce(|best, other| if other.known() > best.known() { other } else { best });
        let header = best.ok_or_else(|| FileError::NoHeading {
            kind: kind.label(),
            known: columns(kind).map(|column| column.labels[0]).collect::<Vec<_>>().join("、"),
        })?;
        header.refuse_duplicates()?;
        Ok(header)
    }

    fn under(kind: Kind, window: &[u8], complete: bool, separator: u8) -> Option<Self> {
        let (mut splitter, mut record) = (Splitter::new(separator), Record::default());
        let (mut at, mut skip, mut rows) = (0, 0, 0);
        while rows < ROWS_TO_TRY {
            let (used, ended) = splitter.feed(&window[at..], &mut record);
            at += used;
            let cut_off = !ended && complete && splitter.finish(&mut record);
            if !ended && !cut_off {
                return None;
            }
            skip += 1;
            rows += usize::from(!record.is_blank());
            let header = Self::of(kind, &record, separator, skip);
            let all = header.unknown.is_empty() && header.known() > 0;
            if header.known() >= 2 || all {
                return Some(header);
            }
        }
        None
    }

    fn of(kind: Kind, record: &Record, separator: u8, skip: usize) -> Self {
        let (mut headings, mut unknown) = (Vec::new(), Vec::new());
        for cell in record.cells() {
            let text = String::from_utf8_lossy(cell);
            let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
            match known(kind, &text) {
                Some(column) => headings.push(Some(Heading { column, text })),
                None => {
                    headings.push(None);
                    if !text.is_empty() {
                        unknown.push(text);
                    }
                }
            }
        }
        Self { separator, skip, headings, unknown }
    }

    fn known(&self) -> usize {
        self.headings.iter().flatten().count()
    }

    fn refuse_duplicates(&self) -> Result<(), FileError> {
        let known: Vec<&Heading> = self.headings.iter().flatten().collect();
        for (at, second) in known.iter().enumerate() {
            if let Some(first) = known[..at].iter().find(|heading| heading.column == second.column) {
                return Err(FileError::DuplicateHeading {
                    first: first.text.clone(),
                    second: second.text.clone(),
                    label: second.column.labels[0],
                });
            }
        }
        Ok(())
    }
}

/// A line `sep=;` at the very beginning, which Excel reads as an instruction.
fn announced_separator(window: &[u8]) -> Option<u8> {
    let rest = window.strip_prefix(b"sep=")?;
    match rest {
        [separator @ (b',' | b';' | b'\t' | b'|'), b'\r' | b'\n', ..] => Some(*separator),
        _ => None,
    }
}

/// The field of a heading, also when the heading is marked as templates do it: `*姓名`, `姓名（必填）`.
fn known(kind: Kind, heading: &str) -> Option<&'static Column> {
    let bare = heading.trim_matches(|c: char| matches!(c, '*' | '＊' | ':' | '：') || c.is_whitespace());
    let bare = bare.split(['（', '(']).next().unwrap_or(bare);
    column(kind, heading).or_else(|| column(kind, bare))
}
