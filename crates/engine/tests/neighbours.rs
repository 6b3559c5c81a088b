//! Several processes on one data directory, each an engine of its own here:
//!
//! - when one rebuilds an index, the other goes on in the new one and misses no change;
//! - when one rebuilds with other dictionaries, the other keeps answering, says that it is out of date, and writes nothing;
//! - a registry that one process writes is left to it, and the other registries are indexed all the same;
//! - the outbox is pruned once every registry's index is past it; an index from before is rebuilt, and so is one that is ahead of a
//!   database put back from a backup, or has gone;
//! - what is pruned while another index catches up is not missed there.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::io::Cursor;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::Kind;
use engine::{CatchUp, Engine, Format, ImportOptions, SearchRequest, Settings};
use index::Catalog;
use serde_json::json;
use text::{Analyzer, Dictionaries};

async fn open(folder: &Path) -> Engine {
    Engine::open(&Settings::new(folder)).await.unwrap()
}

/// The index files as another process would open them.
fn files(folder: &Path) -> Catalog {
    let analyzer = Arc::new(Analyzer::new(&Dictionaries::builtin()).unwrap());
    Catalog::open(&folder.join("index"), analyzer, None).unwrap()
}

async fn add(engine: &Engine, kind: Kind, name: &str) {
    let form = if kind == Kind::Need { json!({"title": name}) } else { json!({"name": name}) };
    engine.create(kind, form).await.unwrap();
}

async fn hits(engine: &Engine, kind: Kind, text: &str) -> usize {
    let request = SearchRequest { text: Some(text.to_owned()), limit: 10, ..SearchRequest::default() };
    engine.search(kind, &request).await.unwrap().items.len()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rebuild_elsewhere_is_taken_over_without_a_gap() {
    let folder = tempfile::tempdir().unwrap();
    let server = open(folder.path()).await;
    let titles = ["激光焊接", "水稻病虫害", "光纤耦合", "余热回收"];
    for title in &titles[..3] {
        add(&server, Kind::Need, title).await;
        server.catch_up().await.unwrap();
    }
    // What was rebuilt had read nothing yet when it came into place.
    files(folder.path())
        .registry(Kind::Need)
        .rebuild(vectors::TermVectors::builtin())
        .unwrap()
        .finish(0)
        .unwrap();
    add(&server, Kind::Need, titles[3]).await;
    for _ in 0..2 {
        server.catch_up().await.unwrap();
    }
    assert_eq!(server.verify_index().await.unwrap().differences, []);
    for title in titles {
        assert_eq!(hits(&server, Kind::Need, title).await, 1, "{title}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn other_dictionaries_elsewhere_leave_this_process_reading() {
    let folder = tempfile::tempdir().unwrap();
    let server = open(folder.path()).await;
    add(&server, Kind::Need, "激光焊接").await;
    server.catch_up().await.unwrap();
    assert!(server.index_status().await.unwrap().iter().all(|status| !status.stale));

    fs::create_dir_all(folder.path().join("dictionaries")).unwrap();
    fs::write(folder.path().join("dictionaries/synonyms.txt"), "激光焊接,镭射焊\n").unwrap();
    let other = open(folder.path()).await;
    assert!(matches!(other.catch_up().await.unwrap(), CatchUp::Current { .. }));
    assert_eq!(hits(&other, Kind::Need, "镭射焊").await, 1);

    add(&server, Kind::Need, "水稻病虫害").await;
    assert_eq!(server.catch_up().await.unwrap(), CatchUp::Elsewhere);
    assert_eq!(hits(&server, Kind::Need, "激光焊接").await, 1);
    assert!(server.index_status().await.unwrap().iter().all(|status| status.stale));
    other.catch_up().await.unwrap();
    assert_eq!(other.verify_index().await.unwrap().differences, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_busy_registry_does_not_hold_up_the_others() {
    let folder = tempfile::tempdir().unwrap();
    let engine = open(folder.path()).await;
    engine.catch_up().await.unwrap();
    let elsewhere = files(folder.path());
    let writer = elsewhere.registry(Kind::Need).writer().unwrap();
    add(&engine, Kind::Need, "激光焊接").await;
    add(&engine, Kind::Society, "焊接学会").await;
    assert_eq!(engine.catch_up().await.unwrap(), CatchUp::Elsewhere);
    assert_eq!([hits(&engine, Kind::Society, "焊接").await, hits(&engine, Kind::Need, "焊接").await], [1, 0]);
    drop(writer);
    assert!(matches!(engine.catch_up().await.unwrap(), CatchUp::Current { documents: 1 }));
    assert_eq!(hits(&engine, Kind::Need, "焊接").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_every_registry_is_past_is_pruned() {
    let folder = tempfile::tempdir().unwrap();
    let engine = open(folder.path()).await;
    // All six stand at the beginning; five of them will hear of no change.
    engine.catch_up().await.unwrap();
    many_needs(&engine).await;
    let follower = tokio::spawn({
        let engine = engine.clone();
        async move { engine.follow().await }
    });
    let store = store::Store::open(folder.path().join("hongniang.db")).await.unwrap();
    let started = Instant::now();
    while store.first_change().await.unwrap() < store.last_change().await.unwrap() {
        assert!(started.elapsed() < Duration::from_secs(60), "nothing is pruned");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    engine.stop_following();
    follower.await.unwrap();
    assert_eq!(engine.verify_index().await.unwrap().differences, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_pruned_while_an_index_catches_up_is_not_missed() {
    let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let url = format!("sqlite://{}", here.path().join("hongniang.db").display());
    let database_url = Some(url.clone().into());
    let other = Engine::open(&Settings { database_url, ..Settings::new(there.path()) }).await.unwrap();
    other.catch_up().await.unwrap();
    let engine = open(here.path()).await;
    many_needs(&engine).await;
    let behind = tokio::spawn(async move {
        other.catch_up().await.unwrap();
        other
    });
    // At some moment within the other's round of several batches; whichever it is, nothing may be missing.
    tokio::time::sleep(Duration::from_millis(150)).await;
    store::Store::open(url.as_str()).await.unwrap().prune_changes(u64::MAX).await.unwrap();
    let other = behind.await.unwrap();
    other.catch_up().await.unwrap();
    assert_eq!(other.verify_index().await.unwrap().differences, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_ahead_of_a_restored_database_is_rebuilt() {
    let folder = tempfile::tempdir().unwrap();
    let (database, kept) = (folder.path().join("hongniang.db"), folder.path().join("kept.db"));
    for title in ["激光焊接", "水稻病虫害"] {
        let engine = open(folder.path()).await;
        add(&engine, Kind::Need, title).await;
        engine.catch_up().await.unwrap();
        engine.close().await;
        if !kept.exists() {
            fs::copy(&database, &kept).unwrap();
        }
    }
    fs::copy(&kept, &database).unwrap();

    let engine = open(folder.path()).await;
    let stale = |states: Vec<engine::IndexStatus>| states.into_iter().any(|state| state.stale);
    assert!(stale(engine.index_status().await.unwrap()));
    engine.catch_up().await.unwrap();
    assert!(!stale(engine.index_status().await.unwrap()));
    add(&engine, Kind::Need, "光纤耦合").await;
    engine.catch_up().await.unwrap();
    assert_eq!(engine.verify_index().await.unwrap().differences, []);
    let found = [hits(&engine, Kind::Need, "光纤耦合").await, hits(&engine, Kind::Need, "水稻病虫害").await];
    assert_eq!(found, [1, 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_that_somebody_removed_is_built_again() {
    let folder = tempfile::tempdir().unwrap();
    let engine = open(folder.path()).await;
    add(&engine, Kind::Need, "激光焊接").await;
    engine.catch_up().await.unwrap();
    fs::remove_dir_all(folder.path().join("index/needs")).unwrap();
    fs::create_dir(folder.path().join("index/needs")).unwrap();
    add(&engine, Kind::Need, "光纤耦合").await;
    engine.catch_up().await.unwrap();
    assert_eq!(engine.verify_index().await.unwrap().differences, []);
    assert_eq!(hits(&engine, Kind::Need, "激光焊接").await, 1);
}

/// More than are pruned at once.
async fn many_needs(engine: &Engine) {
    let rows: String = (0..10_001).map(|at| format!("{{\"title\": \"需求{at}\"}}\n")).collect();
    let options = ImportOptions { kind: Kind::Need, format: Format::JsonLines, all_or_nothing: false };
    engine.import(options, Cursor::new(rows.into_bytes()), |_| {}).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_that_lacks_pruned_changes_is_rebuilt() {
    let folder = tempfile::tempdir().unwrap();
    let (index, kept) = (folder.path().join("index"), folder.path().join("kept"));
    for titles in [["激光焊接", "水稻病虫害"], ["光纤耦合", "余热回收"]] {
        let engine = open(folder.path()).await;
        for title in titles {
            add(&engine, Kind::Need, title).await;
        }
        engine.catch_up().await.unwrap();
        engine.close().await;
        drop(engine);
        if !kept.exists() {
            copy(&index, &kept);
        }
    }
    let store = store::Store::open(folder.path().join("hongniang.db")).await.unwrap();
    store.prune_changes(u64::MAX).await.unwrap();
    fs::remove_dir_all(&index).unwrap();
    fs::rename(&kept, &index).unwrap();

    let engine = open(folder.path()).await;
    engine.catch_up().await.unwrap();
    assert_eq!(engine.verify_index().await.unwrap().differences, []);
    assert_eq!(hits(&engine, Kind::Need, "光纤耦合").await, 1);
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &to)
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}
