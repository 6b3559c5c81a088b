//! What is promised about files, writers and rebuilds:
//!
//! 1. A commit survives: position and documents are there after reopening, also after a kill. What was not committed is not.
//! 2. Missing, damaged or foreign files make an index stale; nothing panics, and a rebuild repairs it.
//! 3. There is one writer and one rebuild at a time; a rebuild voids the writer of the old generation.
//! 4. A rebuild becomes visible in one step; who holds a snapshot keeps reading it. An unfinished one leaves no trace.

use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::Kind;
use index::{Catalog, Dimension, IndexError, IndexState};
use text::{Analyzer, Dictionaries};

use crate::fixture::{ANALYZER, Fixture, MEMORY, facet, open, titled, typed};

const READY: fn(u64) -> IndexState = |position| IndexState::Ready { position };

fn state(catalog: &Catalog) -> IndexState {
    catalog.registry(Kind::Expert).state()
}

#[test]
fn a_new_directory_is_stale_and_answers_nothing() {
    let index = Fixture::new();
    assert_eq!(index.registry().state(), IndexState::Stale);
    assert!(index.snapshot().is_empty());
    assert_eq!((index.snapshot().position(), index.snapshot().entries().unwrap()), (0, Vec::new()));
    let answer = index.snapshot().search(&typed("电池"));
    assert!(matches!(answer, Err(IndexError::Stale(Kind::Expert))), "no hits would be an answer");
    assert!(matches!(index.registry().writer(), Err(IndexError::Stale(Kind::Expert))));
}

#[test]
fn a_commit_is_there_after_reopening_and_what_was_not_committed_is_not() {
    let Fixture { directory, catalog } = Fixture::with(&[titled(1, "电池")]);
    let mut writer = catalog.registry(Kind::Expert).writer().unwrap();
    writer.put(&titled(2, "废水")).unwrap();
    writer.commit(42).unwrap();
    writer.commit(43).unwrap();
    writer.put(&titled(3, "水稻")).unwrap();
    drop((writer, catalog));
    let index = Fixture { catalog: open(&directory), directory };
    assert_eq!(index.registry().state(), READY(43));
    assert_eq!((index.snapshot().position(), index.snapshot().len()), (43, 2));
    assert_eq!(index.found("废水"), [2]);
    assert_eq!(index.found("水稻"), [0; 0]);
}

#[test]
fn a_deleted_number_can_come_back() {
    let index = Fixture::with(&[titled(1, "电池")]);
    let mut writer = index.registry().writer().unwrap();
    writer.delete(1).unwrap();
    writer.delete(99).unwrap();
    writer.commit(2).unwrap();
    assert!(index.snapshot().is_empty());
    writer.put(&titled(1, "废水")).unwrap();
    writer.put(&titled(1, "水稻")).unwrap();
    writer.commit(3).unwrap();
    assert_eq!(index.snapshot().len(), 1);
    assert_eq!((index.found("水稻"), index.found("废水"), index.found("电池")), (vec![1], vec![], vec![]));
}

#[test]
fn nothing_of_a_deleted_document_stays_after_compacting() {
    // Facets stand in the files letter by letter; the dictionaries of the text fields are packed.
    let mut deleted = titled(1, "电池");
    deleted.facets.push(facet(Dimension::Field, &["zyxwvut"]));
    let index = Fixture::with(&[deleted, titled(2, "电池")]);
    let holds = |index: &Fixture| {
        files(index).iter().any(|file| fs::read(file).unwrap().windows(7).any(|bytes| bytes == b"zyxwvut"))
    };
    assert!(holds(&index), "the test must be able to see it");
    let mut writer = index.registry().writer().unwrap();
    writer.delete(1).unwrap();
    writer.commit(2).unwrap();
    assert!(writer.compact().unwrap());
    assert!(!holds(&index));
    assert_eq!(index.snapshot().position(), 2, "compacting keeps the position");
}

#[test]
fn many_small_commits_stay_few_segments() {
    let index = Fixture::with(&[]);
    let mut writer = index.registry().writer().unwrap();
    for number in 1..=40 {
        writer.put(&titled(number, "电池")).unwrap();
        writer.commit(number).unwrap();
    }
    assert!(segments(&index) <= 10, "{} segments", segments(&index));
    assert_eq!(index.found("电池").len(), 40);
}

/// To merge them is work, and while more is written they would soon be merged again.
#[test]
fn segments_of_some_size_wait_until_there_are_thirty_two() {
    let index = Fixture::with(&[]);
    let mut writer = index.registry().writer().unwrap();
    for commit in 1..=32 {
        let documents: Vec<_> = (0..1_001).map(|at| titled(commit * 2_000 + at, "电池")).collect();
        // So few at a time are not shared out among threads.
        documents.chunks(16).for_each(|some| writer.put_all(some).unwrap());
        writer.commit(commit).unwrap();
        assert_eq!(segments(&index) as u64, if commit < 32 { commit } else { 1 });
    }
    assert_eq!(index.snapshot().len(), 32 * 1_001);
}

#[test]
fn what_commits_leave_is_merged_at_rest() {
    let index = Fixture::with(&[]);
    let mut writer = index.registry().writer().unwrap();
    for number in 1..=3 {
        writer.tidy().unwrap();
        assert_eq!(segments(&index) as u64, number - 1, "two are not worth it");
        writer.put(&titled(number, "电池")).unwrap();
        writer.commit(number).unwrap();
    }
    writer.tidy().unwrap();
    assert_eq!(segments(&index), 1);
    assert_eq!((index.found("电池"), index.snapshot().position()), (vec![1, 2, 3], 3));
}

fn segments(index: &Fixture) -> usize {
    files(index).iter().filter(|file| file.extension().is_some_and(|e| e == "term")).count()
}

#[test]
fn one_writer_and_one_rebuild_at_a_time() {
    let index = Fixture::with(&[titled(1, "电池")]);
    let writer = index.registry().writer().unwrap();
    assert!(matches!(index.registry().writer(), Err(IndexError::Busy(Kind::Expert))));
    let elsewhere = open(&index.directory);
    assert!(matches!(elsewhere.registry(Kind::Expert).writer(), Err(IndexError::Busy(_))));
    drop(writer);
    drop(elsewhere.registry(Kind::Expert).writer().unwrap());

    let rebuild = index.registry().rebuild(vectors::TermVectors::builtin()).unwrap();
    assert!(matches!(
        elsewhere.registry(Kind::Expert).rebuild(vectors::TermVectors::builtin()),
        Err(IndexError::Busy(_))
    ));
    drop(rebuild);
    assert!(elsewhere.registry(Kind::Expert).rebuild(vectors::TermVectors::builtin()).is_ok());
}

#[test]
fn registries_do_not_share_anything() {
    let index = Fixture::with(&[titled(1, "电池")]);
    assert_eq!(index.catalog.registry(Kind::Need).state(), IndexState::Stale);
    assert!(index.catalog.registry(Kind::Need).snapshot().is_empty());
}

#[test]
fn a_rebuild_shows_in_one_step_and_snapshots_stay() {
    let index = Fixture::with(&[titled(1, "电池")]);
    let before = index.snapshot();
    let mut writer = index.registry().writer().unwrap();
    let mut rebuild = index.registry().rebuild(vectors::TermVectors::builtin()).unwrap();
    rebuild.put(&titled(2, "废水")).unwrap();
    writer.put(&titled(3, "水稻")).unwrap();
    writer.commit(5).unwrap();
    assert_eq!(
        (index.found("废水"), index.found("水稻")),
        (vec![], vec![3]),
        "the old one goes on meanwhile"
    );
    rebuild.finish(7).unwrap();
    assert_eq!((index.found("废水"), index.found("水稻"), index.found("电池")), (vec![2], vec![], vec![]));
    assert_eq!(index.registry().state(), READY(7));
    assert_eq!(before.search(&typed("电池")).unwrap().total, 1, "a held snapshot stays readable");
    assert!(matches!(writer.commit(8), Err(IndexError::Superseded(Kind::Expert))));
    assert_eq!(generations(&index), 2, "the old files are still in use");
    drop((writer, before));
    assert_eq!(generations(&index), 1, "and go with the last reader");
    assert_eq!(state(&open(&index.directory)), READY(7));
}

#[test]
fn an_unfinished_rebuild_leaves_no_trace() {
    let index = Fixture::with(&[titled(1, "电池")]);
    let mut rebuild = index.registry().rebuild(vectors::TermVectors::builtin()).unwrap();
    rebuild.put(&titled(2, "废水")).unwrap();
    drop(rebuild);
    assert_eq!((generations(&index), index.found("电池")), (1, vec![1]));
    // One that was killed is swept up at the next start.
    let left = index.directory.path().join("experts/generation-99");
    fs::create_dir(&left).unwrap();
    open(&index.directory);
    assert!(!left.exists());
}

#[test]
fn another_process_s_commits_and_rebuilds_are_taken_over() {
    let index = Fixture::with(&[titled(1, "电池")]);
    let elsewhere = open(&index.directory);
    let mut writer = index.registry().writer().unwrap();
    writer.put(&titled(2, "电池")).unwrap();
    writer.commit(2).unwrap();
    let far = elsewhere.registry(Kind::Expert);
    assert_eq!(far.snapshot().len(), 1);
    far.refresh().unwrap();
    assert_eq!((far.snapshot().len(), far.snapshot().position()), (2, 2));
    index.rebuild(&[], 3);
    far.refresh().unwrap();
    assert_eq!((far.snapshot().len(), far.state()), (0, READY(3)));
}

#[test]
fn another_analysis_makes_an_index_stale() {
    let Fixture { directory, catalog } = Fixture::with(&[titled(1, "电池")]);
    let fingerprint = catalog.fingerprint().to_owned();
    drop(catalog);
    let mut dictionaries = Dictionaries::builtin();
    dictionaries.stop_words.push("电池\n".as_bytes());
    let other = Arc::new(Analyzer::new(&dictionaries).unwrap());
    let catalog = Catalog::with_memory_budget(directory.path(), other, None, MEMORY).unwrap();
    assert_ne!(catalog.fingerprint(), fingerprint);
    assert_eq!(state(&catalog), IndexState::Stale);
    drop(catalog);
    assert_eq!(state(&open(&directory)), READY(1), "nothing was touched");
}

/// What becomes of a file's bytes; `None` for no file.
type Damage = fn(Vec<u8>) -> Option<Vec<u8>>;

/// Damages every file of an index in every way; the index must be stale, or else answer as before.
#[test]
fn damaged_files_make_an_index_stale_and_a_rebuild_repairs_it() {
    let documents = [titled(1, "电池回收"), titled(2, "废水"), titled(3, "锂电池")];
    let index = Fixture::with(&documents);
    let mut writer = index.registry().writer().unwrap();
    writer.delete(2).unwrap();
    writer.commit(2).unwrap();
    let expected = index.snapshot().search(&typed("电池")).unwrap();
    drop(writer);
    let Fixture { directory, catalog } = index;
    drop(catalog);
    let damages: [(&str, Damage); 5] = [
        ("deleted", |_| None),
        ("empty", |_| Some(Vec::new())),
        ("truncated", |bytes| Some(bytes[..bytes.len() / 2].to_vec())),
        ("garbage", |bytes| Some(vec![0xA5; bytes.len()])),
        ("flipped", |mut bytes| {
            if let Some(byte) = bytes.first_mut() {
                *byte ^= 1;
            }
            Some(bytes)
        }),
    ];
    let mut stale = 0;
    let index = Fixture { catalog: open(&directory), directory };
    for file in files(&index) {
        let original = fs::read(&file).unwrap();
        for (damage, damaged) in damages {
            match damaged(original.clone()) {
                Some(bytes) => fs::write(&file, bytes).unwrap(),
                None => fs::remove_file(&file).unwrap(),
            }
            let catalog = open(&index.directory);
            let registry = catalog.registry(Kind::Expert);
            match registry.state() {
                IndexState::Stale | IndexState::Superseded => stale += 1,
                IndexState::Ready { position } => {
                    assert_eq!(position, 2, "{damage} {}", file.display());
                    assert_eq!(registry.snapshot().search(&typed("电池")).unwrap(), expected);
                }
            }
            fs::write(&file, &original).unwrap();
        }
    }
    assert!(stale > 20, "{stale}");
    fs::remove_file(files(&index).into_iter().find(|file| file.ends_with("meta.json")).unwrap()).unwrap();
    let index = Fixture { catalog: open(&index.directory), directory: index.directory };
    assert_eq!(index.registry().state(), IndexState::Stale);
    index.rebuild(&documents, 9);
    assert_eq!((index.found("电池"), generations(&index)), (vec![1, 3], 1));
    assert_eq!(state(&open(&index.directory)), READY(9));
}

/// Runs this test binary again as a process that commits until it is killed.
#[test]
fn commits_survive_a_kill() {
    if let Some(directory) = std::env::var_os("INDEX_TEST_WRITE_UNTIL_KILLED") {
        return write_until_killed(directory.into());
    }
    let Fixture { directory, catalog } = Fixture::with(&[]);
    drop(catalog);
    let log = directory.path().join("acknowledged");
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "durability::commits_survive_a_kill"])
        .env("INDEX_TEST_WRITE_UNTIL_KILLED", directory.path())
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let acknowledged = || fs::read(&log).map_or(0, |bytes| bytes.len() as u64);
    let start = Instant::now();
    while acknowledged() < 20 && start.elapsed() < Duration::from_secs(120) {
        std::thread::sleep(Duration::from_millis(5));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let acknowledged = acknowledged();
    assert!(acknowledged >= 20);
    let index = Fixture { catalog: open(&directory), directory };
    let snapshot = index.snapshot();
    assert!(snapshot.position() >= acknowledged, "{} < {acknowledged}", snapshot.position());
    assert_eq!(snapshot.len(), snapshot.position(), "documents and position belong together");
    assert!(index.registry().writer().is_ok(), "the lock went with the process");
}

fn write_until_killed(directory: PathBuf) {
    let catalog = Catalog::with_memory_budget(&directory, ANALYZER.clone(), None, MEMORY).unwrap();
    let mut writer = catalog.registry(Kind::Expert).writer().unwrap();
    let mut log = fs::File::create(directory.join("acknowledged")).unwrap();
    for position in 1..100_000 {
        writer.put(&titled(position, "电池")).unwrap();
        writer.commit(position).unwrap();
        log.write_all(b"+").unwrap();
    }
}

fn files(index: &Fixture) -> Vec<PathBuf> {
    let root = index.directory.path().join("experts");
    let mut files = vec![root.join("CURRENT")];
    for entry in fs::read_dir(&root).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
        }
    }
    files
}

fn generations(index: &Fixture) -> usize {
    let entries = fs::read_dir(index.directory.path().join("experts")).unwrap();
    entries.filter(|entry| entry.as_ref().unwrap().path().is_dir()).count()
}

/// Replacing costs a deletion only where there may be something to replace; nothing is ever there twice.
#[test]
fn a_number_is_held_once_however_it_comes() {
    let index = Fixture::with(&[titled(5, "电池")]);
    let held = |index: &Fixture| {
        let entries = index.registry().snapshot().entries().unwrap();
        entries.into_iter().map(|(number, _)| number).collect::<Vec<_>>()
    };
    let mut writer = index.registry().writer().unwrap();
    for number in [5, 9, 7, 9, 5] {
        writer.put(&titled(number, "废水")).unwrap();
    }
    writer.commit(2).unwrap();
    assert_eq!(held(&index), [5, 7, 9]);
    writer.put(&titled(9, "电池")).unwrap();
    drop(writer);
    let mut writer = index.registry().writer().unwrap();
    for number in [9, 10, 10] {
        writer.put(&titled(number, "电池")).unwrap();
    }
    writer.commit(3).unwrap();
    assert_eq!((held(&index), index.found("电池")), (vec![5, 7, 9, 10], vec![9, 10]));
}
