//! Long streams run in bounded memory, whatever a row is like, and a failing disk is told.

use std::io::{self, Cursor, Read};

use super::*;

/// A stream that makes up its bytes: `head`, then `row` `count` times.
struct Endless {
    head: &'static [u8],
    row: Vec<u8>,
    count: u64,
    rest: Vec<u8>,
}

impl Read for Endless {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.rest.is_empty() {
            if !self.head.is_empty() {
                self.rest.extend_from_slice(std::mem::take(&mut self.head));
            } else if self.count > 0 {
                self.count -= 1;
                self.rest.extend_from_slice(&self.row);
            }
        }
        let count = buffer.len().min(self.rest.len());
        buffer[..count].copy_from_slice(&self.rest[..count]);
        self.rest.drain(..count);
        Ok(count)
    }
}

/// What the reader holds of the file: its buffers never grow beyond a row and a few blocks.
fn held(rows: &Rows) -> usize {
    match &rows.reader {
        Reader::Table(table) => table.held(),
        Reader::Lines(lines) => lines.held(),
    }
}

#[test]
fn long_streams_run_in_bounded_memory() {
    let cell = "x".repeat(3000);
    let streams: [(Format, &'static [u8], Vec<u8>); 2] = [
        (Format::Csv, b"name,bio\n", format!("a,\"{cell}\n\"\n").into_bytes()),
        (Format::JsonLines, b"", format!("{{\"name\":\"a\",\"bio\":\"{cell}\"}}\n").into_bytes()),
    ];
    for (format, head, row) in streams {
        let input = Endless { head, row, count: 8000, rest: Vec::new() };
        let mut rows = rows(Kind::Expert, format, input).unwrap();
        let (mut good, mut again) = (0, 0);
        while let Some(row) = rows.next() {
            if row.is_ok() {
                good += 1
            } else {
                again += 1
            }
            assert!(held(&rows) < 3 * MAX_ROW_BYTES);
        }
        // The same row over and over is one record.
        assert_eq!((good, again), (1, 7999));
    }
}

#[test]
fn a_row_without_end_is_skipped_to_its_end() {
    let endless = |head, row: &str| Endless { head, row: row.into(), count: 3000, rest: Vec::new() };
    let cases = [
        // One row of 3 MB each: a quoted cell, an open line of JSON, a row of nothing but separators.
        (Format::Csv, endless(b"name,bio\na,\"", &"x\n".repeat(500)), "\"\nb,y\n", 1_500_003),
        (Format::Csv, endless(b"name,bio\na,", &",".repeat(1000)), "\nb,y\n", 3),
        (Format::JsonLines, endless(b"{\"name\":\"a\"}\n{", &"[".repeat(1000)), "\n{\"name\":\"b\"}\n", 3),
    ];
    for (format, input, tail, last_line) in cases {
        let mut rows = rows(Kind::Expert, format, input.chain(tail.as_bytes())).unwrap();
        let mut lines = Vec::new();
        while let Some(row) = rows.next() {
            assert!(held(&rows) < 12 * MAX_ROW_BYTES);
            lines.push(row.map(|row| row.line).map_err(|error| (error.line, error.problems[0].code)));
        }
        assert_eq!(lines[lines.len() - 2..], [Err((2, ProblemCode::TooLarge)), Ok(last_line)]);
    }
}

#[test]
fn a_failing_disk_ends_the_rows_and_is_told() {
    struct Failing;
    impl Read for Failing {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("坏盘"))
        }
    }
    let good = "{\"name\":\"a\"}\n".repeat(10_000);
    let mut rows =
        rows(Kind::Expert, Format::JsonLines, Cursor::new(good.into_bytes()).chain(Failing)).unwrap();
    let last = rows.by_ref().last().unwrap().unwrap_err();
    assert!(last.to_string().contains("坏盘"));
    assert!(rows.next().is_none());
}

#[test]
fn a_file_of_too_many_records_is_cut_short_and_says_so() {
    let file: String = (0..MOST_ROWS + 2).map(|at| format!("{{\"name\":\"{at}\"}}\n")).collect();
    let rows = rows(Kind::Expert, Format::JsonLines, Cursor::new(file.into_bytes())).unwrap();
    let rows: Vec<_> = rows.collect();
    let (last, good) = rows.split_last().unwrap();
    assert_eq!((good.len(), good.iter().all(Result::is_ok)), (MOST_ROWS, true));
    assert!(last.as_ref().unwrap_err().to_string().contains("万条记录"), "{last:?}");
}
