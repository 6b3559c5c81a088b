//! A server's tables copied while others write, and put back into an empty database.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use domain::access::{KeyId, Scope, SecretDigest};
use domain::{Kind, RecordId};
use store::{Actor, Erasure, ErasureKind, KeyDraft, KeySource, Snapshot, Store, StoreError, digest};

use crate::postgres_server::Server;
use crate::{TABLES, count, keep_writing, need, opened, ring};

/// A database with something in many tables, and where its keys lie.
async fn filled(server: &Server) -> (String, Store) {
    let url = server.database();
    let store = opened(&url).await;
    store.upsert((0..50).map(|at| need(&format!("X{at}"))).collect()).await.unwrap();
    for holder in ["甲", "乙"] {
        store.add_key(&key(holder), secret).await.unwrap();
    }
    (url, store)
}

fn key(holder: &str) -> KeyDraft {
    KeyDraft {
        holder: holder.to_owned(),
        purpose: "试验".to_owned(),
        region: None,
        scopes: BTreeSet::from([Scope::NeedsRead]),
        expires_at: jiff::Timestamp::now() + jiff::SignedDuration::from_hours(24),
    }
}

fn secret(key: KeyId) -> SecretDigest {
    SecretDigest::of(&[key.0 as u8; 32])
}

async fn restored(server: &Server, of: &str, folder: &Path, erasures: &[Erasure]) -> (String, Store) {
    let url = server.database();
    let keys = KeySource::File(ring(of));
    Store::restore(&url, keys.clone(), folder, Store::schema_version(), erasures).await.unwrap();
    let store = Store::open_with(&url, keys).await.unwrap();
    (url, store)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_is_one_moment_while_others_write_and_comes_back_as_it_was() {
    let Some(server) = Server::shared() else { return };
    let (url, store) = filled(server).await;
    let stop = Arc::new(AtomicBool::new(false));
    let writers: Vec<_> =
        (0..2).map(|writer| tokio::spawn(keep_writing(store.clone(), writer, stop.clone()))).collect();
    let folder = tempfile::tempdir().unwrap();
    let mut sizes = Vec::new();
    for at in 0..3 {
        let copy = folder.path().join(at.to_string());
        fs::create_dir(&copy).unwrap();
        let Snapshot { records, audit_head, .. } = store.snapshot(&copy).await.unwrap();
        let again = store.snapshot(&copy).await;
        assert!(matches!(again, Err(StoreError::Snapshot { .. })), "nothing is overwritten");
        let (_, back) = restored(server, &url, &copy, &[]).await;
        let there = count(&back).await;
        assert_eq!(there, records[&Kind::Need]);
        assert_eq!(back.last_change().await.unwrap(), there, "the outbox is of the same moment");
        let report = back.verify_audit(Some(&audit_head.1)).await.unwrap();
        assert_eq!((report.faults.len(), &report.head, report.holds_head), (0, &audit_head, Some(true)));
        let contact = back.contact(RecordId::new(Kind::Need, there)).await.unwrap();
        assert_eq!(contact.mobile.as_deref(), Some("13812345678"));
        sizes.push(there);
        back.close().await;
    }
    stop.store(true, Ordering::Relaxed);
    for writer in writers {
        assert!(writer.await.unwrap() > 0);
    }
    assert!(sizes.is_sorted() && sizes[0] < count(&store).await, "made beside the writers: {sizes:?}");
    store.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_was_put_back_goes_on_like_any_other() {
    let Some(server) = Server::shared() else { return };
    let (url, store) = filled(server).await;
    // The last number that was drawn is of no row any more.
    server.sql(&url, "DELETE FROM api_keys WHERE number = 2");
    let copy = tempfile::tempdir().unwrap();
    store.snapshot(copy.path()).await.unwrap();
    let (back_url, back) = restored(server, &url, copy.path(), &[]).await;
    let rows = "SELECT md5(string_agg(r::text, '|' ORDER BY r::text)) FROM TABLE r";
    let tables = server.sql(&url, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'");
    for table in tables.lines().filter(|table| !table.starts_with("_sqlx")) {
        let text = rows.replace("TABLE", table);
        assert_eq!(server.sql(&url, &text), server.sql(&back_url, &text), "{table}");
    }
    assert_eq!(back.add_key(&key("丙"), secret).await.unwrap().id.0, 3, "no number is given twice");
    back.upsert(vec![need("neu")]).await.unwrap();
    assert!(back.verify_audit(None).await.unwrap().faults.is_empty());
    let unguarded = "SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal AND tgenabled <> 'O'";
    assert_eq!(server.sql(&back_url, unguarded), "0");
    store.close().await;
    back.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_was_erased_since_does_not_come_back() {
    let Some(server) = Server::shared() else { return };
    let (url, store) = filled(server).await;
    let copy = tempfile::tempdir().unwrap();
    store.snapshot(copy.path()).await.unwrap();
    let entry = Erasure {
        at: 1,
        what: ErasureKind::Erased,
        kind: Kind::Need,
        number: 7,
        digest: digest(Kind::Need, "X6"),
    };
    let (_, back) = restored(server, &url, copy.path(), std::slice::from_ref(&entry)).await;
    let contact = back.contact(RecordId::new(Kind::Need, 7)).await.unwrap();
    assert_eq!(contact.mobile, None);
    assert_eq!(back.erasures().await.unwrap(), [entry]);
    assert!(!back.chores().await.unwrap().is_empty(), "the files are to be cleaned");
    store.close().await;
    back.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_empty_or_not_whole_is_left_as_it_was() {
    let Some(server) = Server::shared() else { return };
    let (url, store) = filled(server).await;
    let copy = tempfile::tempdir().unwrap();
    store.snapshot(copy.path()).await.unwrap();
    store.close().await;
    let restore = async |to: &str, keys: KeySource| {
        Store::restore(to, keys, copy.path(), Store::schema_version(), &[]).await.unwrap_err()
    };
    let keys = || KeySource::File(ring(&url));
    let to = server.database();
    server.sql(&to, "CREATE TABLE mine (a INT)");
    assert!(matches!(restore(&to, keys()).await, StoreError::NotEmpty));
    assert_eq!(server.sql(&to, TABLES), "1");

    let to = server.database();
    let elsewhere = tempfile::tempdir().unwrap();
    let missing = KeySource::File(elsewhere.path().join("contacts.keys"));
    assert!(matches!(restore(&to, missing).await, StoreError::NoKeyRing { .. }));
    assert_eq!(server.sql(&to, TABLES), "0");

    let tables = copy.path().join(Snapshot::FOLDER);
    let whole = |name: &str| fs::read_to_string(tables.join(name)).unwrap();
    let (records, contents) = (whole("records.copy"), whole("tables.json"));
    for (name, text) in [
        ("records.copy", records.replacen('\t', "", 1)),
        ("records.copy", records.replacen("need\t1\t", "need\tone\t", 1)),
        // Contacts refer to records.
        ("records.copy", records.split_inclusive('\n').skip(1).collect()),
        ("tables.json", contents.replacen("\"contacts\"", "\"kontakte\"", 1)),
        ("tables.json", "{".to_owned()),
    ] {
        fs::write(tables.join(name), text).unwrap();
        let error = restore(&to, keys()).await;
        assert!(matches!(error, StoreError::Copy { .. }), "{name}: {error:?}");
        assert!(!format!("{error:?}").contains("X0"), "no row is quoted");
        assert_eq!(server.sql(&to, TABLES), "0", "{name}");
        fs::write(tables.join("records.copy"), &records).unwrap();
        fs::write(tables.join("tables.json"), &contents).unwrap();
    }
    Store::restore(&to, keys(), copy.path(), Store::schema_version(), &[]).await.unwrap();
}

/// As if the copy had been made before webhooks were there.
#[tokio::test(flavor = "multi_thread")]
async fn a_copy_of_an_earlier_schema_is_brought_up_to_date() {
    let Some(server) = Server::shared() else { return };
    let (url, store) = filled(server).await;
    let copy = tempfile::tempdir().unwrap();
    store.snapshot(copy.path()).await.unwrap();
    store.close().await;
    let path = copy.path().join(Snapshot::FOLDER).join("tables.json");
    let mut contents: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    let tables = contents["tables"].as_array_mut().unwrap();
    let is_later = |name: &str| name.starts_with("webhook_") || name == "sealing_key";
    tables.retain(|table| !is_later(table["name"].as_str().unwrap()));
    fs::write(&path, contents.to_string()).unwrap();
    let to = server.database();
    let keys = KeySource::File(ring(&url));
    let error = Store::restore(&to, keys.clone(), copy.path(), 10, &[]).await.unwrap_err();
    assert!(matches!(error, StoreError::Copy { .. }), "{error:?}");
    Store::restore(&to, keys.clone(), copy.path(), 9, &[]).await.unwrap();
    let back = Store::open_with(&to, keys).await.unwrap().acting(Actor::system());
    assert_eq!(count(&back).await, 50);
    assert_eq!(server.sql(&to, "SELECT count(*) FROM webhook_endpoints"), "0");
    let remembered = server.sql(&to, "SELECT key_id FROM sealing_key");
    assert_eq!(
        remembered,
        server.sql(&to, "SELECT DISTINCT key_id FROM contacts"),
        "what was used before is known"
    );
    back.close().await;
}
