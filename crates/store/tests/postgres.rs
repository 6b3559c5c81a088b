//! What holds for PostgreSQL in particular: its schema, its errors, and what survives crashes of the server and of connections.

#![allow(clippy::unwrap_used, reason = "tests")]

#[path = "postgres/copies.rs"]
mod copies;
#[path = "postgres/cuts.rs"]
mod cuts;
#[path = "../../../tests/support/holding.rs"]
mod holding;
#[path = "../../../tests/support/postgres.rs"]
mod postgres_server;
#[path = "postgres/proxy.rs"]
mod proxy;
#[path = "postgres/silence.rs"]
mod silence;

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use domain::forms::{Draft, Unsaid};
use domain::{Contact, Kind, Need, Profile};
use postgres_server::Server;
use store::{KeySource, ListFilter, Store, StoreError};

/// Within which a store must work again once its server does.
const BACK: Duration = Duration::from_secs(10);

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

/// The servers of one database share a ring of keys.
static KEYS: LazyLock<tempfile::TempDir> = LazyLock::new(|| tempfile::tempdir().unwrap());

fn ring(url: &str) -> PathBuf {
    KEYS.path().join(format!("{}.keys", url.replace(|c: char| !c.is_alphanumeric(), "-")))
}

async fn opened(url: &str) -> Store {
    Store::open_with(url, KeySource::File(ring(url))).await.unwrap()
}

async fn count(store: &Store) -> u64 {
    store.count(Kind::Need, &ListFilter::default()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guard_of_the_log_that_guards_nothing_shows() {
    let Some(server) = Server::shared() else { return };
    let url = server.database();
    let store = opened(&url).await;
    let missing = async || store.missing_audit_guards().await.unwrap();
    assert_eq!(missing().await, [""; 0]);
    server.sql(&url, "ALTER TABLE audit_ends DISABLE TRIGGER audit_ends_only_go_forward");
    assert_eq!(missing().await, ["audit_ends_only_go_forward"]);
    let says = |what: &str| {
        server.sql(&url, &format!("CREATE OR REPLACE FUNCTION {what}() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'"));
    };
    says("audit_guard");
    assert_eq!(missing().await, ["audit_is_only_added_to", "audit_ends_only_go_forward"]);
    server.sql(&url, "DROP TRIGGER audit_is_never_emptied ON audit; CREATE TRIGGER audit_is_never_emptied BEFORE TRUNCATE ON audit EXECUTE FUNCTION audit_ends_guard()");
    assert_eq!(missing().await.len(), 3);
}

const TABLES: &str = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'";

#[tokio::test(flavor = "multi_thread")]
async fn of_many_that_migrate_at_once_one_does() {
    let Some(server) = Server::shared() else { return };
    let url = server.database();
    let migrating: Vec<_> = (0..6)
        .map(|_| {
            let url = url.clone();
            tokio::spawn(async move { Store::migrate(&url).await.unwrap() })
        })
        .collect();
    let mut applied = 0;
    for one in migrating {
        let report = one.await.unwrap();
        assert!(report.applied.is_empty() || report.applied.len() as i64 == report.version);
        applied += usize::from(!report.applied.is_empty());
    }
    assert_eq!(applied, 1);
}

#[tokio::test]
async fn a_newer_or_a_changed_schema_is_refused_and_left_alone() {
    let Some(server) = Server::shared() else { return };
    let url = server.database();
    Store::migrate(&url).await.unwrap();
    server.sql(&url, "UPDATE _sqlx_migrations SET checksum = 'x' WHERE version = 2");
    assert!(matches!(Store::open(&url).await.err().unwrap(), StoreError::Migration(_)));
    server.sql(
        &url,
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
         VALUES (9999, 'from the future', TRUE, '', 0)",
    );
    for error in [Store::migrate(&url).await.unwrap_err(), Store::open(&url).await.err().unwrap()] {
        assert!(matches!(error, StoreError::NewerSchema { database: 9999, .. }), "{error:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_migration_that_dies_midway_leaves_nothing() {
    let Some(server) = Server::shared() else { return };
    let url = server.database();
    // Somebody is about to create a table of the second step, so that the migration waits there.
    let blocking = tokio::task::spawn_blocking({
        let url = url.clone();
        move || server.sql(&url, "BEGIN; CREATE TABLE judgements (a INT); SELECT pg_sleep(3); ROLLBACK")
    });
    tokio::time::sleep(Duration::from_millis(500)).await;
    let migrating = tokio::spawn({
        let url = url.clone();
        async move { Store::migrate(&url).await }
    });
    let waiting = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE application_name = 'hongniang' AND wait_event_type = 'Lock' AND datname = current_database()";
    let started = Instant::now();
    while server.sql(&url, waiting) != "t" {
        assert!(started.elapsed() < BACK, "the migration does not wait");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let error = migrating.await.unwrap().unwrap_err();
    assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
    blocking.await.unwrap();
    assert_eq!(server.sql(&url, TABLES), "0");
    Store::migrate(&url).await.unwrap();
}

/// Whoever owns the tables alone cannot write the planner's statistics anew, and says so until the database is given to it.
#[tokio::test(flavor = "multi_thread")]
async fn statistics_of_a_database_of_another_role_are_not_called_clean() {
    let Some(server) = Server::start_new() else { return };
    let owner = server.database();
    server.sql(&owner, "CREATE ROLE tenant LOGIN");
    server.sql(&owner, "GRANT ALL ON SCHEMA public TO tenant");
    let url = owner.replace("user=hongniang", "user=tenant");
    let store = opened(&url).await;
    let draft = Draft {
        profile: Profile::Need(Need { title: "欧阳龘爨".to_owned(), ..Need::default() }),
        ..need("x")
    };
    store.create(draft).await.unwrap();
    let quoting = Draft {
        profile: Profile::Need(Need { title: "另一项".to_owned(), ..Need::default() }),
        ..need("y")
    };
    store.create(quoting).await.unwrap();
    server.sql(&url, "ALTER TABLE records ALTER profile SET STATISTICS 1000");
    server.sql(&url, "ANALYZE records");
    let remembers =
        "SELECT count(*) FROM pg_stats WHERE tablename = 'records' AND histogram_bounds::text LIKE '%龘爨%'";
    assert_eq!(server.sql(&owner, remembers), "1");
    server.sql(&url, "DELETE FROM records WHERE external_id = 'x'");
    store.scrub().await.unwrap();
    let holds = || !holding::holding(&server.tables(&owner), &["龘爨"]).is_empty();
    assert!(holds(), "the old row of the statistics lies in their file");
    let refused = store.scrub_statistics().await.unwrap_err();
    assert!(matches!(refused, StoreError::StatisticsKept), "{refused:?}");
    assert!(refused.to_string().contains("ALTER DATABASE"), "{refused}");
    assert!(holds());
    let name = owner.trim_start_matches("postgres:///").split('?').next().unwrap();
    server.sql(&owner, &format!("ALTER DATABASE {name} OWNER TO tenant"));
    store.scrub_statistics().await.unwrap();
    assert!(!holds());
}

#[tokio::test]
async fn a_step_that_fails_leaves_nothing_of_those_before() {
    let Some(server) = Server::shared() else { return };
    let url = server.database();
    server.sql(&url, "CREATE TABLE judgements (a INT)");
    let error = Store::migrate(&url).await.unwrap_err();
    assert!(matches!(error, StoreError::Migration(_)), "{error:?}");
    assert_eq!(server.sql(&url, TABLES), "1");
    server.sql(&url, "DROP TABLE judgements");
    Store::migrate(&url).await.unwrap();
}

#[tokio::test]
async fn every_text_sorts_by_its_bytes() {
    let Some(server) = Server::shared() else { return };
    let url = server.database();
    Store::migrate(&url).await.unwrap();
    let others = server.sql(
        &url,
        "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'
         AND table_name NOT LIKE '\\_sqlx%' AND data_type = 'text' AND collation_name IS DISTINCT FROM 'C'",
    );
    assert_eq!(others, "");
}

#[tokio::test]
async fn personal_data_lies_nowhere_in_plain_text() {
    let Some(server) = Server::shared() else { return };
    let url = server.database();
    let store = opened(&url).await;
    store.create(need("a")).await.unwrap();
    store.close().await;
    let tables = server.sql(&url, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'");
    assert!(tables.lines().count() > 10);
    for table in tables.lines() {
        let text = format!("SELECT count(*) FROM {table} t WHERE t::text LIKE '%13812345678%'");
        assert_eq!(server.sql(&url, &text), "0", "{table}");
    }
    assert_eq!(server.sql(&url, "SELECT count(*) FROM contacts"), "1", "sealed");
}

#[tokio::test]
async fn a_batch_that_fails_midway_leaves_nothing_and_says_no_contact() {
    let Some(server) = Server::shared() else { return };
    let url = server.database();
    let store = opened(&url).await;
    store.create(need("a")).await.unwrap();
    // The database then quotes the whole row.
    server.sql(&url, "ALTER TABLE contacts ADD CHECK (number < 150)");
    let batch: Vec<Draft> = (0..200).map(|at| need(&format!("n{at}"))).collect();
    let error = store.upsert(batch.clone()).await.unwrap_err();
    assert!(matches!(error, StoreError::Database(_)), "{error:?}");
    let shown = format!("{error} {error:?} {:?}", std::error::Error::source(&error).map(ToString::to_string));
    assert!(shown.contains("23514") && !shown.contains("13812345678"), "{shown}");
    assert_eq!((count(&store).await, store.changes(0, 1000).await.unwrap().len()), (1, 1));

    let mut import = store.import().await.unwrap();
    import.upsert(vec![need("b")]).await.unwrap();
    import.upsert(batch).await.unwrap_err();
    assert!(matches!(import.commit().await.unwrap_err(), StoreError::ImportAborted));
    assert_eq!(store.create(need("d")).await.unwrap().id.number, 2);
    store.close().await;
}

/// Each of two servers has made a ring of its own while nothing was sealed.
#[tokio::test]
async fn of_two_rings_one_seals_until_they_are_put_together() {
    let Some(server) = Server::shared() else { return };
    let url = server.database();
    let folder = tempfile::tempdir().unwrap();
    let rings = ["a", "b", "c"].map(|name| folder.path().join(name).join("contacts.keys"));
    let open = |at: usize| Store::open_with(&url, KeySource::File(rings[at].clone()));
    let (first, second) = (open(0).await.unwrap(), open(1).await.unwrap());
    first.create(need("a")).await.unwrap();
    let refused = second.create(need("b")).await.unwrap_err();
    assert!(matches!(refused, StoreError::OtherRing { .. }), "{refused:?}");
    second.create(Draft { contact: None, ..need("b") }).await.unwrap();
    assert_eq!(second.contacts(Kind::Need, &[1]).await.unwrap()[&1], None);
    assert!(matches!(open(1).await, Err(StoreError::OtherRing { .. })));
    assert!(matches!(open(2).await, Err(StoreError::NoKeyRing { .. })));
    assert!(!rings[2].exists(), "no third ring is made");

    let key = std::fs::read_to_string(&rings[0]).unwrap();
    let own = std::fs::read_to_string(&rings[1]).unwrap();
    std::fs::write(&rings[1], format!("{key}{own}")).unwrap();
    second.replace(domain::RecordId::new(Kind::Need, 2), None, need("b")).await.unwrap();
    assert!(
        matches!(open(0).await, Err(StoreError::OtherRing { .. })),
        "now it is this one that lacks a key"
    );
    std::fs::copy(&rings[1], &rings[0]).unwrap();
    let again = open(0).await.unwrap();
    assert!(again.contacts(Kind::Need, &[1, 2]).await.unwrap().values().all(Option::is_some));
    for store in [first, second, again] {
        store.close().await;
    }
}

#[tokio::test]
async fn addresses_that_lead_nowhere_are_told_apart_and_never_repeated() {
    for url in
        ["postgres://h:geheim@db:port/h", "postgres://h:geheim@db/h?pasword=geheim", "mysql://h:geheim@db/h"]
    {
        let error = Store::open(url).await.err().unwrap();
        assert!(matches!(error, StoreError::BadUrl), "{error:?}");
        assert!(!format!("{error} {error:?}").contains("geheim"));
    }
    // Nobody listens there.
    let started = Instant::now();
    let error = Store::open("postgresql://h:geheim@127.0.0.1:1/h").await.err().unwrap();
    assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
    assert!(!format!("{error} {error:?}").contains("geheim") && started.elapsed() < BACK);

    let Some(server) = Server::shared() else { return };
    let url = server.database();
    let missing = url.replace("/test", "/missing");
    let error = Store::open(&missing).await.err().unwrap();
    assert!(matches!(error, StoreError::NotLetIn(_)) && error.to_string().contains("数据库名"), "{error:?}");
    server.sql(
        &url,
        "CREATE DATABASE ascii ENCODING 'SQL_ASCII' LOCALE 'C' LOCALE_PROVIDER libc TEMPLATE template0",
    );
    let (_, parameters) = url.split_once('?').unwrap();
    let error = Store::open(&format!("postgres:///ascii?{parameters}")).await.err().unwrap();
    assert!(matches!(error, StoreError::Unsuitable(_)), "{error:?}");
}

/// Each store has a writer of its own, as several servers have.
#[tokio::test(flavor = "multi_thread")]
async fn writers_of_several_servers_take_turns() {
    let Some(server) = Server::shared() else { return };
    let url = server.database();
    Store::migrate(&url).await.unwrap();
    let writers: Vec<_> = (0..4)
        .map(|writer| {
            let url = url.clone();
            tokio::spawn(async move {
                let store = opened(&url).await;
                for at in 0..25 {
                    store.upsert(vec![need(&format!("{writer}-{at}")), need("shared")]).await.unwrap();
                }
                store.close().await;
            })
        })
        .collect();
    let store = opened(&url).await;
    let mut after = 0;
    let mut reading = true;
    while reading {
        reading = !writers.iter().all(tokio::task::JoinHandle::is_finished);
        for change in store.changes(after, 1000).await.unwrap() {
            assert_eq!(change.seq, after + 1, "one was passed over");
            after = change.seq;
        }
    }
    for writer in writers {
        writer.await.unwrap();
    }
    assert_eq!((count(&store).await, after), (101, 101));
    store.close().await;
}

/// Writes one need after the other, each until it is acknowledged, as a client does that repeats what failed. Returns how many.
async fn keep_writing(store: Store, writer: usize, stop: Arc<AtomicBool>) -> usize {
    let mut acknowledged = 0;
    while !stop.load(Ordering::Relaxed) {
        match store.upsert(vec![need(&format!("{writer}-{acknowledged}"))]).await {
            Ok(_) => acknowledged += 1,
            Err(StoreError::Unavailable(_) | StoreError::OutcomeUnknown(_) | StoreError::Busy) => {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            Err(error) => panic!("{error:?}"),
        }
    }
    acknowledged
}

/// Reads until told to stop: whole lists without a gap, or a failure that says that the database cannot be reached.
async fn keep_reading(store: Store, stop: Arc<AtomicBool>) {
    while !stop.load(Ordering::Relaxed) {
        match store.page(Kind::Need, &ListFilter::default(), 0, 10_000).await {
            Ok(page) => assert!((1..).zip(&page).all(|(number, record)| record.id.number == number)),
            Err(StoreError::Unavailable(_)) => tokio::time::sleep(Duration::from_millis(20)).await,
            Err(error) => panic!("{error:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_crashes_loses_and_doubles_nothing_and_is_back_soon() {
    let Some(server) = Server::start_new() else { return };
    let url = server.database();
    let store = opened(&url).await;
    let stop = Arc::new(AtomicBool::new(false));
    let writers: Vec<_> =
        (0..4).map(|writer| tokio::spawn(keep_writing(store.clone(), writer, stop.clone()))).collect();
    let reader = tokio::spawn(keep_reading(store.clone(), stop.clone()));
    for crash in 0..4 {
        tokio::time::sleep(Duration::from_millis(400)).await;
        tokio::task::block_in_place(|| {
            if crash % 2 == 0 {
                server.restart();
            } else {
                server.kill();
                server.start();
            }
        });
        let started = Instant::now();
        let (mut written, mut read) = (false, false);
        while !(written && read) {
            assert!(started.elapsed() < BACK, "written: {written}, read: {read}");
            written = written || store.upsert(vec![need("probe")]).await.is_ok();
            read = read || store.ping().await.is_ok();
        }
    }
    stop.store(true, Ordering::Relaxed);
    let mut acknowledged = 1;
    for (writer, task) in writers.into_iter().enumerate() {
        let own = task.await.unwrap();
        assert!(own > 0);
        for at in 0..own {
            assert!(store.by_external_id(Kind::Need, &format!("{writer}-{at}")).await.unwrap().is_some());
        }
        acknowledged += own as u64;
    }
    reader.await.unwrap();
    // Only what was under way when it was told to stop may be there beyond, and nothing twice: identifiers are unique, so are changes.
    let there = count(&store).await;
    assert!((acknowledged..=acknowledged + 4).contains(&there), "{there} of {acknowledged}");
    let changes = store.changes(0, 1_000_000).await.unwrap();
    assert!((1..).zip(&changes).all(|(seq, change)| change.seq == seq));
    assert_eq!(changes.len() as u64, there);
    store.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_writer_that_falls_silent_in_its_turn_loses_it() {
    let Some(server) = Server::shared() else { return };
    let url = server.database();
    let (silent, other) = (opened(&url).await, opened(&url).await);
    let mut import = silent.import().await.unwrap();
    import.upsert(vec![need("a")]).await.unwrap();
    // Waits for its turn, and has it before it would have to give up.
    other.create(need("b")).await.unwrap();
    let error = import.upsert(vec![need("c")]).await.unwrap_err();
    assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
    assert!(matches!(import.commit().await.unwrap_err(), StoreError::ImportAborted));
    silent.create(need("a")).await.unwrap();
    assert_eq!(count(&other).await, 2);
    silent.close().await;
    other.close().await;
}
