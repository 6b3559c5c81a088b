//! A table for staff: CSV that spreadsheet programs open as it is, UTF-8 with a byte order mark.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::Args;
use serde::Serialize;

use crate::screen;

/// What a file begins with, so that spreadsheet programs take it for UTF-8.
pub(crate) const MARK: &[u8] = "\u{feff}".as_bytes();

/// How a list for staff is given out.
#[derive(Debug, Args)]
pub(crate) struct Outputs {
    /// 写入 CSV 文件，可用 Excel 打开
    #[arg(long, value_name = "文件")]
    csv: Option<PathBuf>,
    /// 以 JSON 输出结果
    #[arg(long)]
    json: bool,
}

impl Outputs {
    /// Writes the table where one is wanted, and tells the list on the screen.
    pub(crate) fn give<T: Serialize>(
        &self,
        list: &[T],
        heading: &[&str],
        rows: impl Iterator<Item = Vec<String>>,
        told: impl FnOnce() -> String,
    ) -> Result<()> {
        if let Some(path) = &self.csv {
            let rows: Vec<Vec<String>> = rows.collect();
            let count = rows.len();
            write_csv(path, heading, rows.into_iter())?;
            // Not among the results, which a program may read.
            screen::note(&format!("已写入 {}：{count} 行", path.display()));
        }
        if self.json { screen::print_json(&list) } else { Ok(screen::print(&told())?) }
    }
}

/// Makes a file for a list, or empties the one that is there. A new one is its owner's alone, for lists name people.
pub(crate) fn create(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Writes a heading and rows to a file.
fn write_csv(path: &Path, heading: &[&str], rows: impl Iterator<Item = Vec<String>>) -> Result<()> {
    let cannot = || format!("无法写入文件 {}", path.display());
    let mut out = BufWriter::new(create(path).with_context(cannot)?);
    let heading = heading.iter().map(|&cell| cell.to_owned()).collect();
    let lines = std::iter::once(heading).chain(rows);
    let written = out.write_all(MARK).and_then(|()| lines_to(&mut out, lines));
    written.and_then(|()| out.flush()).with_context(cannot)
}

fn lines_to(out: &mut impl Write, mut lines: impl Iterator<Item = Vec<String>>) -> io::Result<()> {
    lines.try_for_each(|cells| line_to(out, &cells))
}

/// Writes one row.
pub(crate) fn line_to(out: &mut impl Write, cells: &[String]) -> io::Result<()> {
    let cells: Vec<String> = cells.iter().map(|cell| quoted(cell)).collect();
    write!(out, "{}\r\n", cells.join(","))
}

/// In quotes where need be (RFC 4180). What a spreadsheet would take for a formula stays the text that somebody wrote.
fn quoted(cell: &str) -> String {
    let formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let text = if formula { format!("'{cell}") } else { cell.to_owned() };
    if text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_stay_cells_and_formulas_stay_texts() {
        assert_eq!(quoted("焊缝气孔"), "焊缝气孔");
        assert_eq!(quoted("a,\"b\"\nc"), "\"a,\"\"b\"\"\nc\"");
        assert_eq!(quoted("=HYPERLINK(\"x\")"), "\"'=HYPERLINK(\"\"x\"\")\"");
        let mut out = Vec::new();
        lines_to(&mut out, [vec!["甲".to_owned(), "乙".to_owned()]].into_iter()).expect("to memory");
        assert_eq!(String::from_utf8_lossy(&out), "甲,乙\r\n");
    }
}
