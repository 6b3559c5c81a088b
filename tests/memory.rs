//! Memory is bounded whatever is imported: thousands of experts with their contacts, on the command line, over HTTP, and as an operation that was handed
//! over by HTTP.
//!
//! Properties: less than 512 MiB are resident; and twice the rows take no more than the buffers that fill up once (the database's cache, the index writer's
//! threads) and a digest for each row, by which rows that come twice are told.
//!
//! `MEMORY_ROWS` sets the rows of the larger import (12,000); the smaller has half of them. So few do not fill the buffers: that nothing grows beyond them shows
//! in a run by hand with some hundred thousand.
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "tests")]
#![cfg(target_os = "linux")]

mod service;

use std::fs;
use std::io::{self, Read};
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use service::{Service, eventually, hongniang, key, succeeds};

/// The most that may be resident, whatever is imported, in KiB.
const MOST: u64 = 512 << 10;
/// Of each further row: its digest and its place; twice that while their table grows, and some for all else.
const BYTES_PER_ROW: u64 = 160;

/// The buffers that fill up once, in KiB: the database's cache, those of the index writer's threads, which share 64 MiB; and what comes and goes when
/// these write a segment, or merge some.
const BUFFERS: u64 = (64 + 64 + 48) << 10;

fn rows() -> u64 {
    std::env::var("MEMORY_ROWS").ok().and_then(|rows| rows.parse().ok()).unwrap_or(12_000)
}

/// A table of experts that is made up while it is read.
struct Table {
    next: u64,
    rows: u64,
    contacts: bool,
    ready: Vec<u8>,
    taken: usize,
}

impl Table {
    fn new(rows: u64, contacts: bool) -> Self {
        let heading = "外部编号,姓名,单位,研究方向,简介,联系人,手机,邮箱\n";
        Self { next: 0, rows, contacts, ready: heading.as_bytes().to_vec(), taken: 0 }
    }

    /// Bytes of the whole table.
    fn length(rows: u64, contacts: bool) -> u64 {
        io::copy(&mut Self::new(rows, contacts), &mut io::sink()).unwrap()
    }

    fn row(&self, at: u64) -> String {
        let words: String = (0..120)
            .filter_map(|place| {
                char::from_u32(0x4e00 + ((at * 977 + place * (131 + at % 7)) % 12_000) as u32)
            })
            .collect();
        let (direction, bio) = words.split_at(30);
        let contact = if self.contacts {
            format!("李明,138{:08},zj{at}@example.com", at % 100_000_000)
        } else {
            ",,".to_owned()
        };
        format!("ZJ-{at},李明{at},某某大学,{direction},{bio},{contact}\n")
    }
}

impl Read for Table {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.taken == self.ready.len() && self.next < self.rows {
            (self.ready, self.taken) = (self.row(self.next).into_bytes(), 0);
            self.next += 1;
        }
        let length = buffer.len().min(self.ready.len() - self.taken);
        buffer[..length].copy_from_slice(&self.ready[self.taken..self.taken + length]);
        self.taken += length;
        Ok(length)
    }
}

/// KiB, as the system tells them.
#[derive(Debug, Clone, Copy, Default)]
struct Memory {
    /// The peak of what was resident.
    resident: u64,
    /// The peak of what belongs to the process alone.
    own: u64,
}

/// Looks at a process until told to stop.
struct Watch {
    ended: Arc<AtomicBool>,
    looking: JoinHandle<Memory>,
}

impl Watch {
    fn on(process: u32) -> Self {
        let ended = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&ended);
        let looking = thread::spawn(move || {
            let mut peak = Memory::default();
            while !told.load(Ordering::Acquire) {
                let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
                let of = |name: &str| -> u64 {
                    let line = status.lines().find_map(|line| line.strip_prefix(name));
                    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
                };
                peak.resident = peak.resident.max(of("VmHWM:"));
                peak.own = peak.own.max(of("RssAnon:"));
                thread::sleep(Duration::from_millis(10));
            }
            peak
        });
        Self { ended, looking }
    }

    fn peak(self) -> Memory {
        self.ended.store(true, Ordering::Release);
        self.looking.join().unwrap()
    }
}

fn judge(way: &str, few: Memory, many: Memory, more: u64) {
    eprintln!("{way}: {few:?}, {more} rows more: {many:?}");
    assert!(few.own > 0 && many.own > 0, "{way}: nothing was measured");
    assert!(many.resident < MOST, "{way}: {many:?}");
    let grown = many.own.saturating_sub(few.own);
    assert!(
        grown < BUFFERS + more * BYTES_PER_ROW / 1024,
        "{way}: {few:?} grew to {many:?} with {more} rows more"
    );
}

/// Imports a table through the command line's standard input.
fn imported(rows: u64, contacts: bool) -> (Memory, Duration) {
    let folder = tempfile::tempdir().unwrap();
    succeeds(folder.path(), &["migrate"]);
    let started = Instant::now();
    let arguments = ["import", "experts", "-", "--json"];
    let mut child =
        hongniang(folder.path(), &arguments).stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    let watch = Watch::on(child.id());
    let mut input = child.stdin.take().unwrap();
    io::copy(&mut Table::new(rows, contacts), &mut input).unwrap();
    drop(input);
    assert!(child.wait().unwrap().success());
    (watch.peak(), started.elapsed())
}

#[test]
fn an_import_on_the_command_line_is_bounded() {
    let many = rows();
    let (few_took, _) = imported(many / 2, true);
    let (many_took, with) = imported(many, true);
    let (_, without) = imported(many, false);
    eprintln!("command line, {many} rows: {with:?} with contacts, {without:?} without");
    judge("command line", few_took, many_took, many - many / 2);
}

#[test]
fn an_import_over_http_is_bounded() {
    let many = rows();
    let took = |rows: u64, all_or_nothing: bool| {
        let folder = tempfile::tempdir().unwrap();
        succeeds(folder.path(), &["migrate"]);
        let key = key(folder.path());
        let service = Service::start(folder.path(), &key, &[]);
        let watch = Watch::on(service.id());
        let started = Instant::now();
        let path = format!("/api/v1/experts/import?all_or_nothing={all_or_nothing}");
        let reply =
            service.send("POST", &path, "text/csv", &mut Table::new(rows, true), Table::length(rows, true));
        let answered = started.elapsed();
        assert_eq!((reply.status, &reply.json()["created"]), (200, &rows.into()), "{}", reply.body);
        service.indexed();
        eprintln!("http, {rows} rows: answered after {answered:?}, indexed after {:?}", started.elapsed());
        watch.peak()
    };
    judge("http", took(many / 2, false), took(many, false), many - many / 2);
    judge("http, all or nothing", took(many / 2, true), took(many, true), many - many / 2);
}

#[test]
fn an_import_that_is_an_operation_is_bounded() {
    let many = rows();
    let took = |rows: u64| {
        let folder = tempfile::tempdir().unwrap();
        succeeds(folder.path(), &["migrate"]);
        let key = key(folder.path());
        let service = Service::start(folder.path(), &key, &[]);
        let watch = Watch::on(service.id());
        let started = Instant::now();
        let headers = [("Content-Type", "text/csv"), ("Prefer", "respond-async")];
        let (mut table, length) = (Table::new(rows, true), Table::length(rows, true));
        let taken = service.send_with("POST", "/api/v1/experts/import", &headers, &mut table, length);
        assert_eq!(taken.status, 202, "{}", taken.body);
        let (taken, handed_over) = (taken.json(), started.elapsed());
        let place = format!("/api/v1/operations/{}", taken["id"]);
        // As long as a row may take on a slow machine.
        let patience = Duration::from_secs(120) + Duration::from_millis(20) * u32::try_from(rows).unwrap();
        eventually(patience, "the operation ends", || {
            let operation = service.get(&place).json();
            assert_ne!(operation["state"], "failed", "{operation}");
            operation["state"] == "succeeded" && operation["result"]["created"] == rows
        });
        let done = started.elapsed();
        service.indexed_within(patience);
        eprintln!(
            "operation, {rows} rows, {length} bytes: handed over after {handed_over:?}, done after {done:?}, indexed after {:?}",
            started.elapsed()
        );
        watch.peak()
    };
    judge("operation", took(many / 2), took(many), many - many / 2);
}
