//! Splits text into records of cells as RFC 4180 and Excel write them, with the physical line of each.

use std::io;

use super::MAX_ROW_BYTES;
use super::source::Source;

/// The cells of one row.
#[derive(Default)]
pub(super) struct Record {
    /// The line, from 1, on which the record starts.
    pub(super) line: u64,
    /// The line on which it ends.
    pub(super) last_line: u64,
    /// Longer than [`MAX_ROW_BYTES`]; the cells are gone.
    pub(super) too_long: bool,
    /// The file ended within quotes.
    pub(super) open_quote: bool,
    text: Vec<u8>,
    ends: Vec<usize>,
}

impl Record {
    /// The cells without their quotes; bytes, for they may be broken.
    pub(super) fn cells(&self) -> impl Iterator<Item = &[u8]> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, &end)| &self.text[start..end])
    }

    /// Whether no cell holds anything.
    pub(super) fn is_blank(&self) -> bool {
        !self.too_long && self.text.trim_ascii().is_empty()
    }

    #[cfg(test)]
    pub(super) fn held(&self) -> usize {
        self.text.capacity() + self.ends.capacity() * size_of::<usize>()
    }

    fn start(&mut self, line: u64) {
        self.line = line;
        self.too_long = false;
        self.open_quote = false;
        self.text.clear();
        self.ends.clear();
    }

    fn push(&mut self, bytes: &[u8]) {
        if self.text.len() + self.ends.len() + bytes.len() > MAX_ROW_BYTES {
            self.too_long = true;
        }
        if self.too_long {
            self.text.clear();
            self.ends.clear();
        } else {
            self.text.extend_from_slice(bytes);
        }
    }

    fn end_cell(&mut self) {
        self.push(&[]);
        if !self.too_long {
            self.ends.push(self.text.len());
        }
    }
}

/// Where in a record the next byte stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    RecordStart,
    CellStart,
    Plain,
    Quoted,
    /// After a quote within quotes: the end of the cell, or the first half of a doubled quote.
    Quote,
}

/// The state machine. A quote counts only at the start of a cell; text after a closing quote is kept.
pub(super) struct Splitter {
    separator: u8,
    place: Place,
    line: u64,
    /// The last byte was CR, so that an LF now belongs to the same line break.
    after_cr: bool,
}

impl Splitter {
    pub(super) const fn new(separator: u8) -> Self {
        Self { separator, place: Place::RecordStart, line: 1, after_cr: false }
    }

    /// Takes bytes up to the end of a record. Returns how many, and whether the record is complete.
    pub(super) fn feed(&mut self, bytes: &[u8], record: &mut Record) -> (usize, bool) {
        let mut at = 0;
        while let Some(&byte) = bytes.get(at) {
            if byte == b'\n' && std::mem::take(&mut self.after_cr) {
                at += 1;
                continue;
            }
            self.after_cr = byte == b'\r';
            if self.place == Place::RecordStart {
                record.start(self.line);
                self.place = Place::CellStart;
            }
            let run = self.run(&bytes[at..]);
            if run > 0 {
                record.push(&bytes[at..at + run]);
                at += run;
                continue;
            }
            at += 1;
            if self.step(byte, record) {
                return (at, true);
            }
        }
        (at, false)
    }

    /// Closes the record that the end of the file cuts off; false when there is none.
    pub(super) fn finish(&mut self, record: &mut Record) -> bool {
        if self.place == Place::RecordStart {
            return false;
        }
        record.open_quote = self.place == Place::Quoted;
        record.end_cell();
        record.last_line = self.line;
        self.place = Place::RecordStart;
        true
    }

    /// How many bytes from here on are plain content.
    fn run(&mut self, bytes: &[u8]) -> usize {
        let separator = self.separator;
        let stop = |byte: &u8| *byte == separator || *byte == b'\n' || *byte == b'\r';
        let length = match self.place {
            Place::Plain => bytes.iter().position(stop),
            Place::CellStart if bytes.first() != Some(&b'"') => bytes.iter().position(stop),
            Place::Quoted => bytes.iter().position(|byte| matches!(byte, b'"' | b'\n' | b'\r')),
            _ => Some(0),
        };
        let length = length.unwrap_or(bytes.len());
        if length > 0 && self.place == Place::CellStart {
            self.place = Place::Plain;
        }
        length
    }

    /// Takes one byte that means something; true at the end of the record.
    fn step(&mut self, byte: u8, record: &mut Record) -> bool {
        let line_break = matches!(byte, b'\n' | b'\r');
        if line_break {
            self.line += 1;
        }
        match (self.place, byte) {
            (Place::Quoted, b'"') => self.place = Place::Quote,
            (Place::Quoted, _) => record.push(b"\n"),
            (Place::Quote, b'"') => {
                record.push(b"\"");
                self.place = Place::Quoted;
            }
            (Place::CellStart, b'"') => self.place = Place::Quoted,
            _ if line_break => {
                record.end_cell();
                record.last_line = self.line - 1;
                self.place = Place::RecordStart;
                return true;
            }
            (_, byte) if byte == self.separator => {
                record.end_cell();
                self.place = Place::CellStart;
            }
            (_, byte) => {
                record.push(&[byte]);
                self.place = Place::Plain;
            }
        }
        false
    }
}

/// The records of a file.
pub(super) struct Records {
    pub(super) source: Source,
    splitter: Splitter,
}

impl Records {
    pub(super) const fn new(source: Source, separator: u8) -> Self {
        Self { source, splitter: Splitter::new(separator) }
    }

    /// Reads the next record into `record`; false at the end of the file.
    pub(super) fn read(&mut self, record: &mut Record) -> io::Result<bool> {
        loop {
            let block = self.source.fill()?;
            if block.is_empty() {
                return Ok(self.splitter.finish(record));
            }
            let (used, complete) = self.splitter.feed(block, record);
            self.source.consume(used);
            if complete {
                return Ok(true);
            }
        }
    }
}
