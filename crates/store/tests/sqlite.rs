//! What holds for SQLite in particular: its file, its schema, and what survives a crash.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use domain::forms::{Draft, Unsaid};
use domain::{Contact, Kind, Need, Profile};
use sqlx::{Connection, SqliteConnection};
use store::{ListFilter, Store, StoreError};
use tempfile::TempDir;

fn url(folder: &TempDir) -> String {
    format!("sqlite://{}/data/hongniang.db", folder.path().display())
}

fn need(external_id: &str) -> Draft {
    let title = format!("需求{external_id}");
    Draft {
        external_id: Some(external_id.to_owned()),
        status: None,
        profile: Profile::Need(Need { title, ..Need::default() }),
        contact: Some(Contact { mobile: Some("13812345678".to_owned()), ..Contact::default() }),
        unsaid: Unsaid::default(),
    }
}

async fn raw(folder: &TempDir) -> SqliteConnection {
    SqliteConnection::connect(&url(folder)).await.unwrap()
}

#[tokio::test]
async fn migrating_twice_applies_once() {
    let folder = tempfile::tempdir().unwrap();
    let first = Store::migrate(&url(&folder)).await.unwrap();
    assert_eq!(first.applied.first().map(|(version, _)| *version), Some(1));
    assert_eq!(first.applied.last().map(|(version, _)| *version), Some(first.version));
    let second = Store::migrate(&url(&folder)).await.unwrap();
    assert_eq!((second.applied.len(), second.version), (0, first.version));
}

#[tokio::test]
async fn a_newer_schema_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    Store::migrate(&url(&folder)).await.unwrap();
    sqlx::query(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
         VALUES (9999, 'from the future', TRUE, x'00', 0)",
    )
    .execute(&mut raw(&folder).await)
    .await
    .unwrap();
    for error in
        [Store::migrate(&url(&folder)).await.unwrap_err(), Store::open(&url(&folder)).await.err().unwrap()]
    {
        assert!(matches!(error, StoreError::NewerSchema { database: 9999, .. }), "{error:?}");
        assert!(error.to_string().contains("9999"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_file_may_be_opened_by_many_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let opening: Vec<_> = (0..8)
        .map(|_| {
            let url = url(&folder);
            tokio::spawn(async move { Store::open(&url).await.map(drop) })
        })
        .collect();
    for one in opening {
        one.await.unwrap().unwrap();
    }
}

/// Each store has a writer of its own, as the server and an import on the command line have.
#[tokio::test(flavor = "multi_thread")]
async fn writers_of_several_processes_wait_for_each_other() {
    let folder = tempfile::tempdir().unwrap();
    Store::migrate(&url(&folder)).await.unwrap();
    let writers: Vec<_> = (0..4)
        .map(|writer| {
            let url = url(&folder);
            tokio::spawn(async move {
                let store = Store::open(&url).await.unwrap();
                for at in 0..25 {
                    store.upsert(vec![need(&format!("{writer}-{at}"))]).await.unwrap();
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
    let store = Store::open(&url(&folder)).await.unwrap();
    assert_eq!(store.last_change().await.unwrap(), 100);
    store.close().await;
}

#[tokio::test]
async fn other_urls_are_refused_without_repeating_them() {
    for url in ["mysql://hongniang:secret@db/hongniang", "/secret.db", "sqlite:a.db?secret=1"] {
        let error = Store::open(url).await.err().unwrap();
        assert!(matches!(error, StoreError::BadUrl), "{error:?}");
        assert!(!format!("{error} {error:?}").contains("secret"));
    }
}

#[tokio::test]
async fn a_file_may_have_any_name() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["需求?mode=ro", "a%20b", "a#b", ":memory:", "file:x"] {
        let file = folder.path().join(name).join("hongniang.db");
        let store = Store::open(file.clone()).await.unwrap();
        store.create(need("a")).await.unwrap();
        store.close().await;
        assert!(file.is_file(), "{name}");
    }
}

#[tokio::test]
async fn the_position_survives_pruning_and_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&url(&folder)).await.unwrap();
    store.upsert(vec![need("a"), need("b")]).await.unwrap();
    let last = store.last_change().await.unwrap();
    store.prune_changes(last).await.unwrap();
    store.close().await;
    let again = Store::open(&url(&folder)).await.unwrap();
    assert_eq!(again.last_change().await.unwrap(), last);
    again.create(need("c")).await.unwrap();
    assert_eq!(again.last_change().await.unwrap(), last + 1);
    again.close().await;
}

#[tokio::test]
async fn a_file_that_is_no_database_is_damaged_and_untouched() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("notes.txt");
    let text = "这不是数据库".repeat(200);
    std::fs::write(&file, &text).unwrap();
    let error = Store::open(&format!("sqlite://{}", file.display())).await.err().unwrap();
    assert!(matches!(error, StoreError::Damaged(_)) && error.to_string().contains("restore"), "{error:?}");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), text);
}

#[cfg(unix)]
#[tokio::test]
async fn the_files_are_readable_by_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&url(&folder)).await.unwrap();
    store.create(need("a")).await.unwrap();
    for file in std::fs::read_dir(folder.path().join("data")).unwrap() {
        let file = file.unwrap();
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o077, 0, "{:?}", file.path());
    }
    store.close().await;
}

#[tokio::test]
async fn a_store_in_memory_works() {
    let store = Store::open("sqlite::memory:").await.unwrap();
    let id = store.create(need("a")).await.unwrap().id;
    assert!(store.record(id).await.unwrap().is_some());
}

#[tokio::test]
async fn the_journal_is_a_wal() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&url(&folder)).await.unwrap();
    let mode: String =
        sqlx::query_scalar("PRAGMA journal_mode").fetch_one(&mut raw(&folder).await).await.unwrap();
    assert_eq!(mode, "wal");
    store.close().await;
}

#[tokio::test]
async fn a_batch_that_fails_midway_leaves_neither_records_nor_outbox() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&url(&folder)).await.unwrap();
    store.create(need("a")).await.unwrap();
    // The outbox is written last: by then records and contacts have been written.
    sqlx::query(
        "CREATE TRIGGER refuse BEFORE INSERT ON outbox WHEN NEW.number = 150
         BEGIN SELECT RAISE(ABORT, 'refused'); END",
    )
    .execute(&mut raw(&folder).await)
    .await
    .unwrap();
    let batch: Vec<Draft> = (0..200).map(|at| need(&format!("n{at}"))).collect();
    let error = store.upsert(batch.clone()).await.unwrap_err();
    assert!(matches!(error, StoreError::Database(_)), "{error:?}");
    assert_eq!(store.count(Kind::Need, &ListFilter::default()).await.unwrap(), 1);
    assert_eq!(store.changes(0, 1000).await.unwrap().len(), 1);
    assert_eq!(store.contacts(Kind::Need, &(1..=200).collect::<Vec<_>>()).await.unwrap().len(), 1);

    let mut import = store.import().await.unwrap();
    import.upsert(vec![need("b")]).await.unwrap();
    import.upsert(batch).await.unwrap_err();
    assert!(matches!(import.upsert(vec![need("c")]).await.unwrap_err(), StoreError::ImportAborted));
    assert!(matches!(import.commit().await.unwrap_err(), StoreError::ImportAborted));
    assert_eq!(store.create(need("d")).await.unwrap().id.number, 2);
    store.close().await;
}

#[tokio::test]
async fn pages_are_merged_from_the_index_without_sorting() {
    let folder = tempfile::tempdir().unwrap();
    Store::migrate(&url(&folder)).await.unwrap();
    let one = |status| {
        format!(
            "SELECT r.number, r.profile FROM records r WHERE r.kind = 'need' AND r.status = '{status}'
             AND r.number > 5 AND r.updated_at >= 0"
        )
    };
    let text = format!(
        "EXPLAIN QUERY PLAN {} UNION ALL {} UNION ALL {} ORDER BY number LIMIT 10",
        one("open"),
        one("closed"),
        one("")
    );
    let plan: Vec<(i64, i64, i64, String)> =
        sqlx::query_as(sqlx::AssertSqlSafe(text)).fetch_all(&mut raw(&folder).await).await.unwrap();
    let steps: Vec<&str> = plan.iter().map(|(.., step)| step.as_str()).collect();
    assert!(steps.iter().any(|step| step.contains("records_by_status")), "{steps:?}");
    assert!(!steps.iter().any(|step| step.contains("TEMP B-TREE")), "{steps:?}");
}

/// Where the process that is to be killed finds its database.
const VICTIM: &str = "HONGNIANG_STORE_VICTIM";

/// Not a test of its own: the process that [`what_was_acknowledged_survives_a_kill`] kills. It says each number aloud
/// once the store has acknowledged it.
#[tokio::test]
async fn victim() {
    let Ok(url) = std::env::var(VICTIM) else { return };
    let store = Store::open(&url).await.unwrap();
    for at in store.count(Kind::Need, &ListFilter::default()).await.unwrap().. {
        let batch = vec![need(&format!("a{at}")), need(&format!("b{at}"))];
        let outcomes = store.upsert(batch).await.unwrap();
        let mut out = std::io::stdout().lock();
        writeln!(out, "acknowledged {}", outcomes[1].id.number).unwrap();
        out.flush().unwrap();
    }
}

#[tokio::test]
async fn what_was_acknowledged_survives_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let mut acknowledged = 0;
    for batches in [3, 40, 11] {
        acknowledged = kill_after(batches, &url(&folder)).max(acknowledged + 2 * batches as u64);
        let store = Store::open(&url(&folder)).await.unwrap();
        let records = store.page(Kind::Need, &ListFilter::default(), 0, u32::MAX).await.unwrap();
        let numbers: Vec<u64> = records.iter().map(|record| record.id.number).collect();
        assert!(numbers.len() as u64 >= acknowledged, "{} of {acknowledged}", numbers.len());
        assert_eq!(numbers.len() % 2, 0, "half a batch");
        assert_eq!(numbers, (1..=numbers.len() as u64).collect::<Vec<_>>());
        assert_eq!(store.changes(0, u32::MAX).await.unwrap().len(), numbers.len());
        assert_eq!(store.contacts(Kind::Need, &numbers).await.unwrap().len(), numbers.len());
        store.close().await;
    }
}

/// Runs the victim and kills it once it has acknowledged so many new batches. Returns the last number acknowledged.
fn kill_after(batches: usize, url: &str) -> u64 {
    let mut victim = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "victim", "--nocapture", "--test-threads=1"])
        .env(VICTIM, url)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let said = BufReader::new(victim.stdout.take().unwrap()).lines();
    // The test harness writes `test victim ... ` without ending the line.
    let mut acknowledged = said
        .map_while(Result::ok)
        .filter_map(|line| line.split_once("acknowledged ").and_then(|(_, number)| number.parse().ok()));
    assert!(acknowledged.by_ref().take(batches).count() == batches, "the victim died by itself");
    victim.kill().unwrap();
    victim.wait().unwrap();
    // What it said between our last look and its death counts as well.
    acknowledged.last().unwrap_or(2 * batches as u64)
}
