//! Several servers on one PostgreSQL, each with a data directory and an index of its own:
//!
//! - what is written through one is found by the others, whichever of them is asked;
//! - the outbox keeps what the slowest of them lacks, and lets it go once all have it;
//! - a server that was silent for too long is not waited for, and rebuilds its index when it comes back.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

#[path = "../../../tests/support/postgres.rs"]
mod postgres_server;

use std::io::Cursor;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::Kind;
use engine::{Engine, EngineError, Format, ImportOptions, IndexError, SearchRequest, Settings};
use index::Catalog;
use postgres_server::Server;
use serde_json::json;
use store::Store;
use text::{Analyzer, Dictionaries};

const PATIENCE: Duration = Duration::from_secs(60);

async fn open(folder: &Path, url: &str) -> Engine {
    let database_url = Some(url.to_owned().into());
    Engine::open(&Settings { database_url, ..Settings::new(folder) }).await.unwrap()
}

async fn hits(engine: &Engine, text: &str) -> usize {
    let request = SearchRequest { text: Some(text.to_owned()), limit: 10, ..SearchRequest::default() };
    match engine.search(Kind::Need, &request).await {
        Ok(found) => found.items.len(),
        // Its index is being built.
        Err(EngineError::Index(IndexError::Stale(_))) => 0,
        Err(error) => panic!("{error:?}"),
    }
}

/// Lets a server follow until the condition holds.
async fn follow_until(engine: &Engine, what: &str, holds: impl AsyncFn() -> bool) {
    let follower = tokio::spawn({
        let engine = engine.clone();
        async move { engine.follow().await }
    });
    let started = Instant::now();
    while !holds().await {
        assert!(started.elapsed() < PATIENCE, "{what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    engine.stop_following();
    follower.await.unwrap();
}

/// The number of the needs' index in this directory; each rebuild makes another.
fn generation(folder: &Path) -> Option<u64> {
    let analyzer = Arc::new(Analyzer::new(&Dictionaries::builtin()).unwrap());
    Catalog::open(&folder.join("index"), analyzer, None).unwrap().registry(Kind::Need).generation()
}

/// More than are pruned at once.
async fn many_needs(engine: &Engine, name: &str) {
    let rows: String = (0..10_001).map(|at| format!("{{\"title\": \"{name}{at}\"}}\n")).collect();
    let options = ImportOptions { kind: Kind::Need, format: Format::JsonLines, all_or_nothing: false };
    engine.import(options, Cursor::new(rows.into_bytes()), |_| {}).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_writes_the_others_find() {
    let Some(server) = Server::shared() else { return };
    let url = server.database();
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let servers = [open(folders[0].path(), &url).await, open(folders[1].path(), &url).await];
    let titles = ["激光焊接气孔控制", "水稻病虫害防治"];
    for (server, title) in servers.iter().zip(titles) {
        server.create(Kind::Need, json!({"title": title})).await.unwrap();
    }
    for server in &servers {
        let all_found = async || hits(server, "激光焊接").await == 1 && hits(server, "水稻").await == 1;
        follow_until(server, "not found", all_found).await;
        assert!(server.index_status().await.unwrap().iter().all(|status| status.lag == 0 && !status.stale));
        assert_eq!(server.verify_index().await.unwrap().differences, []);
    }
    servers[1].create(Kind::Need, json!({"title": "光纤耦合"})).await.unwrap();
    let status = servers[0].index_status().await.unwrap();
    assert_eq!(status.iter().find(|status| status.kind == Kind::Need).unwrap().lag, 1);
    servers[0].catch_up().await.unwrap();
    assert_eq!(hits(&servers[0], "光纤耦合").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_outbox_keeps_what_the_slowest_lacks() {
    let Some(server) = Server::shared() else { return };
    let url = server.database();
    let store = Store::open(&url).await.unwrap();
    let (fast, slow) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    // The slow one is known, and then stands still.
    let slow_one = open(slow.path(), &url).await;
    slow_one.create(Kind::Need, json!({"title": "激光焊接气孔控制"})).await.unwrap();
    let known = async || server.sql(&url, "SELECT count(*) FROM followers") == "6";
    follow_until(&slow_one, "the slow one is not known", known).await;
    slow_one.catch_up().await.unwrap();
    slow_one.close().await;
    drop(slow_one);

    let fast_one = open(fast.path(), &url).await;
    many_needs(&fast_one, "需求").await;
    let told = "SELECT count(*) FROM followers WHERE position > 10000";
    follow_until(&fast_one, "the fast one tells nothing", async || server.sql(&url, told) == "6").await;
    fast_one.close().await;
    assert_eq!(store.first_change().await.unwrap(), 1, "what the slow one lacks is gone");

    // It comes back and goes on where it stood; then nobody lacks anything.
    let before = generation(slow.path());
    let slow_one = open(slow.path(), &url).await;
    let pruned = async || store.first_change().await.unwrap() == store.last_change().await.unwrap();
    follow_until(&slow_one, "nothing is pruned", pruned).await;
    assert_eq!(slow_one.verify_index().await.unwrap().differences, []);
    assert_eq!(generation(slow.path()), before, "it was rebuilt");
    slow_one.close().await;
    drop(slow_one);

    // Silent for too long: it is not waited for, and rebuilds.
    store.forget_followers(jiff::Timestamp::now()).await.unwrap();
    let fast_one = open(fast.path(), &url).await;
    many_needs(&fast_one, "又一批").await;
    follow_until(&fast_one, "nothing is pruned without the silent one", pruned).await;
    fast_one.close().await;
    let slow_one = open(slow.path(), &url).await;
    slow_one.catch_up().await.unwrap();
    assert!(generation(slow.path()) > before, "it was not rebuilt");
    assert_eq!(slow_one.verify_index().await.unwrap().differences, []);
    slow_one.close().await;
}
