//! How fast experts are generated, and read as JSON Lines and as CSV: `cargo run --release -p exchange --example speed [rows]`.
#![allow(clippy::print_stdout, reason = "a program that tells figures")]

use std::error::Error;
use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::Path;
use std::time::Instant;

use domain::Kind;
use exchange::synthetic::{Plan, generate_into};
use exchange::{Format, rows};
use serde_json::Value;

fn main() -> Result<(), Box<dyn Error>> {
    let experts = std::env::args().nth(1).map_or(Ok(200_000), |count| count.parse())?;
    let folder = tempfile::tempdir()?;
    let plan = Plan { experts, needs: 0, stations: 0, achievements: 0, seed: 42 };
    let start = Instant::now();
    generate_into(&plan, folder.path())?;
    report("generated", experts, start);
    let (lines, table) = (folder.path().join("experts.jsonl"), folder.path().join("experts.csv"));
    println!("{} bytes of JSON Lines", lines.metadata()?.len());
    write_table(&lines, &table)?;
    for (path, format) in [(&lines, Format::JsonLines), (&table, Format::Csv)] {
        let start = Instant::now();
        let good = rows(Kind::Expert, format, File::open(path)?)?.filter(Result::is_ok).count();
        report(&format!("{format:?}"), good as u64, start);
    }
    Ok(())
}

fn report(what: &str, count: u64, start: Instant) {
    let seconds = start.elapsed().as_secs_f64();
    println!("{what}: {count} rows in {seconds:.2} s, {:.0} rows/s", count as f64 / seconds);
}

/// The same experts as Excel would save them.
fn write_table(lines: &Path, table: &Path) -> Result<(), Box<dyn Error>> {
    let columns: Vec<_> = domain::forms::columns(Kind::Expert).collect();
    let mut out = BufWriter::new(File::create(table)?);
    let headings: Vec<&str> = columns.iter().map(|column| column.labels[0]).collect();
    write!(out, "{}\r\n", headings.join(","))?;
    for line in BufReader::new(File::open(lines)?).lines() {
        let form: Value = serde_json::from_str(&line?)?;
        let cells = columns.iter().map(|column| cell(form.pointer(&format!("/{}", column.key))));
        write!(out, "{}\r\n", cells.collect::<Vec<_>>().join(","))?;
    }
    Ok(out.flush()?)
}

fn cell(value: Option<&Value>) -> String {
    match value {
        None => String::new(),
        Some(Value::String(text)) => format!("\"{}\"", text.replace('"', "\"\"")),
        Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).collect::<Vec<_>>().join("；"),
        Some(other) => other.to_string(),
    }
}
