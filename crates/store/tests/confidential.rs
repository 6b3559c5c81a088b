//! What of a person can be read in SQLite's files: nothing, at no time, by nobody without the key; and nothing at all once erased.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::path::Path;

use domain::forms::{Draft, Unsaid};
use domain::{Contact, Expert, Kind, Need, Profile, RecordId};
use sqlx::{AssertSqlSafe, Connection, SqliteConnection};
use store::{Chore, KeySource, ListFilter, Store, StoreError};
use tempfile::TempDir;

const SECRETS: [&str; 3] = ["13812345678", "王建国", "wang.jg@example.com"];

fn contact() -> Contact {
    let [mobile, person, email] = SECRETS.map(|secret| Some(secret.to_owned()));
    Contact { mobile, person, email, ..Contact::default() }
}

fn need(external_id: &str) -> Draft {
    Draft {
        external_id: Some(external_id.to_owned()),
        status: None,
        profile: Profile::Need(Need { title: "焊缝气孔".to_owned(), ..Need::default() }),
        contact: Some(contact()),
        unsaid: Unsaid::default(),
    }
}

fn database(folder: &TempDir) -> std::path::PathBuf {
    folder.path().join("hongniang.db")
}

async fn raw(folder: &TempDir) -> SqliteConnection {
    SqliteConnection::connect(&format!("sqlite://{}", database(folder).display())).await.unwrap()
}

async fn execute(folder: &TempDir, text: &str) {
    sqlx::raw_sql(AssertSqlSafe(text.to_owned())).execute(&mut raw(folder).await).await.unwrap();
}

/// The files below `folder` that hold one of these texts.
fn holding(folder: &Path, texts: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(holding(&path, texts));
            continue;
        }
        let bytes = fs::read(&path).unwrap();
        for text in texts {
            if bytes.windows(text.len()).any(|window| window == text.as_bytes()) {
                found.push(format!("{}: {text}", path.display()));
            }
        }
    }
    found
}

#[tokio::test]
async fn no_file_ever_holds_a_contact_in_plain_text() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(database(&folder)).await.unwrap();
    let id = store.create(need("a")).await.unwrap().id;
    assert_eq!(holding(folder.path(), &SECRETS), [""; 0]);
    // The search finds what is there.
    assert!(!holding(folder.path(), &["焊缝气孔"]).is_empty());
    store.close().await;
    assert_eq!(holding(folder.path(), &SECRETS), [""; 0]);
    let store = Store::open(database(&folder)).await.unwrap();
    assert!(store.contact(id).await.unwrap() == contact());
    store.close().await;
}

/// Puts contacts into the database as the version before did, with remnants of deleted ones.
async fn of_before(folder: &TempDir, contacts: u32) {
    let store = Store::open(database(folder)).await.unwrap();
    let drafts = (0..contacts).map(|at| Draft { contact: None, ..need(&format!("n{at}")) });
    store.upsert(drafts.collect()).await.unwrap();
    store.close().await;
    fs::remove_dir_all(folder.path().join("keys")).unwrap();
    execute(
        folder,
        "DELETE FROM contacts;
         CREATE TABLE plain_contacts (kind TEXT NOT NULL, number INTEGER NOT NULL, person TEXT, mobile TEXT, phone TEXT,
            fax TEXT, email TEXT, address TEXT, postcode TEXT, PRIMARY KEY (kind, number)) STRICT;
         INSERT INTO plain_contacts SELECT kind, number, '王建国', '13812345678', NULL, NULL, 'wang.jg@example.com', NULL, NULL
            FROM records;
         INSERT INTO plain_contacts SELECT 'need', number + 100000, '王建国', '13812345678', NULL, NULL, NULL, NULL, NULL FROM records;
         DELETE FROM plain_contacts WHERE number > 100000;",
    )
    .await;
}

#[tokio::test]
async fn contacts_of_before_are_sealed_and_nothing_of_them_is_left_in_plain_text() {
    let folder = tempfile::tempdir().unwrap();
    of_before(&folder, 1_500).await;
    assert!(!holding(folder.path(), &SECRETS).is_empty());
    let store = Store::open(database(&folder)).await.unwrap();
    assert_eq!(holding(folder.path(), &SECRETS), [""; 0], "while it is open");
    let numbers: Vec<u64> = (1..=1_500).collect();
    let contacts = store.contacts(Kind::Need, &numbers).await.unwrap();
    assert!(contacts.len() == 1_500 && contacts.values().all(|found| *found == Some(contact())));
    store.close().await;
    assert_eq!(holding(folder.path(), &SECRETS), [""; 0]);
    let tables: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM sqlite_master WHERE name = 'plain_contacts'")
        .fetch_one(&mut raw(&folder).await)
        .await
        .unwrap();
    assert_eq!(tables, 0);
}

#[tokio::test]
async fn sealing_that_was_broken_off_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    of_before(&folder, 1_500).await;
    // The second batch fails.
    execute(
        &folder,
        "CREATE TRIGGER refuse BEFORE INSERT ON contacts WHEN NEW.number = 1400
         BEGIN SELECT RAISE(ABORT, 'refused'); END",
    )
    .await;
    assert!(Store::open(database(&folder)).await.is_err());
    execute(&folder, "DROP TRIGGER refuse").await;
    let store = Store::open(database(&folder)).await.unwrap();
    assert_eq!(store.contacts(Kind::Need, &(1..=1_500).collect::<Vec<_>>()).await.unwrap().len(), 1_500);
    store.close().await;
    assert_eq!(holding(folder.path(), &SECRETS), [""; 0]);
}

#[tokio::test]
async fn a_missing_ring_or_key_is_an_error_that_names_it_and_never_an_empty_contact() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(database(&folder)).await.unwrap();
    let id = store.create(need("a")).await.unwrap().id;
    let key = store.contact_keys().await.unwrap()[0].id.clone();
    store.close().await;
    let ring = folder.path().join("keys/contacts.keys");
    let aside = folder.path().join("aside.keys");
    fs::rename(&ring, &aside).unwrap();
    let gone = Store::open(database(&folder)).await.err().unwrap();
    assert!(matches!(&gone, StoreError::NoKeyRing { path } if *path == ring), "{gone:?}");
    assert!(!ring.exists(), "no new ring is made over sealed contacts");
    let store = Store::open_with(database(&folder), KeySource::File(aside.clone())).await.unwrap();
    assert!(store.contact(id).await.unwrap() == contact());
    store.close().await;

    let other = tempfile::tempdir().unwrap();
    Store::open(database(&other)).await.unwrap().close().await;
    fs::copy(other.path().join("keys/contacts.keys"), &ring).unwrap();
    let error = Store::open(database(&folder)).await.err().unwrap();
    is_of_another_ring(&error, &key);
    // Given up on purpose, it is gone on without it.
    let keys = fs::read_to_string(&ring).unwrap();
    fs::write(&ring, format!("{keys}lost {key}\n")).unwrap();
    let store = Store::open(database(&folder)).await.unwrap();
    let error = store.contact(id).await.unwrap_err();
    assert!(matches!(&error, StoreError::MissingKey { key: missing } if *missing == key), "{error:?}");
    assert!(error.to_string().contains(&key));
    let keys = store.contact_keys().await.unwrap();
    let missed: Vec<_> = keys.iter().filter(|found| !found.known).collect();
    assert_eq!((&missed[0].id, &missed[0].records), (&key, &vec![id]), "{keys:?}");
    store.close().await;
    fs::write(&ring, "nonsense").unwrap();
    assert!(matches!(Store::open(database(&folder)).await, Err(StoreError::BadKeyRing { .. })));
}

fn is_of_another_ring(error: &StoreError, expected: &str) {
    assert!(matches!(error, StoreError::OtherRing { key, .. } if key == expected), "{error:?}");
    let said = error.to_string();
    assert!(said.contains(expected) && said.contains("contacts.keys"), "{said}");
}

#[tokio::test]
async fn a_ring_that_does_not_hold_the_last_key_seals_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let ring = folder.path().join("keys/contacts.keys");
    let store = Store::open(database(&folder)).await.unwrap();
    store.create(need("a")).await.unwrap();
    let old = fs::read(&ring).unwrap();
    let key = store.rotate_contacts(|_, _| {}).await.unwrap().key;
    let new = fs::read(&ring).unwrap();
    // The ring of before, as a server has it that nobody has told.
    fs::write(&ring, &old).unwrap();
    is_of_another_ring(&store.create(need("b")).await.unwrap_err(), &key);
    is_of_another_ring(&store.rotate_contacts(|_, _| {}).await.unwrap_err(), &key);
    assert_eq!(fs::read(&ring).unwrap(), old, "no key is added to a ring that is refused");
    store.create(Draft { contact: None, ..need("c") }).await.unwrap();
    store.close().await;
    is_of_another_ring(&Store::open(database(&folder)).await.err().unwrap(), &key);
    fs::write(&ring, &new).unwrap();
    let store = Store::open(database(&folder)).await.unwrap();
    store.create(need("b")).await.unwrap();
    store.close().await;
}

#[tokio::test]
async fn a_contact_that_cannot_be_opened_holds_nothing_else_up() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(database(&folder)).await.unwrap();
    store.upsert(["a", "b", "c", "d", "e"].map(need).to_vec()).await.unwrap();
    let id = |number| RecordId::new(Kind::Need, number);
    let closed = domain::Status::Closed;
    // One under a key that nobody has, one that was damaged, and two that others are to deal with.
    execute(&folder, "UPDATE contacts SET key_id = 'k20000101-00000000' WHERE number IN (1, 3, 4)").await;
    execute(&folder, "UPDATE contacts SET sealed = 'AAAA' WHERE number = 2").await;
    let found = store.contacts(Kind::Need, &[1, 2, 3, 4, 5]).await.unwrap();
    let readable: Vec<u64> = (1..=5).filter(|number| found[number].is_some()).collect();
    assert_eq!((found.len(), readable), (5, vec![5]));
    assert_eq!(store.load().unreadable_contacts, 4);

    let silent = |name| Draft { contact: None, ..need(name) };
    store.replace(id(1), None, Draft { status: Some(closed), ..silent("a") }).await.unwrap();
    store.set_status(id(2), None, closed).await.unwrap();
    store.upsert(vec![silent("a"), silent("b")]).await.unwrap();
    store.replace(id(3), None, need("c")).await.unwrap();
    assert!(store.contact(id(3)).await.unwrap() == contact(), "another one takes its place");
    store.erase(id(4), |_| Ok::<_, StoreError>(())).await.unwrap();
    assert!(store.contact(id(4)).await.unwrap().is_empty());

    for new in [true, true] {
        let rotation = store.rotate_contacts(|_, _| {}).await.unwrap();
        assert_eq!((rotation.new, rotation.contacts), (new, 2), "what is damaged holds up no new key");
        assert_eq!(rotation.unreadable, [id(1), id(2)]);
    }
    assert!(store.contact(id(3)).await.unwrap() == contact());
    assert!(store.contact(id(1)).await.is_err() && store.contact(id(2)).await.is_err(), "as they lay");
    store.close().await;
}

#[tokio::test]
async fn a_rotation_that_was_broken_off_is_ended_without_a_further_key() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(database(&folder)).await.unwrap();
    store.upsert((0..1_200).map(|at| need(&format!("n{at}"))).collect()).await.unwrap();
    execute(
        &folder,
        "CREATE TRIGGER refuse BEFORE UPDATE ON contacts WHEN NEW.number = 1100
         BEGIN SELECT RAISE(ABORT, 'refused'); END",
    )
    .await;
    store.rotate_contacts(|_, _| {}).await.unwrap_err();
    let counts = async |store: &Store| {
        let keys = store.contact_keys().await.unwrap();
        keys.into_iter().map(|key| key.contacts).collect::<Vec<_>>()
    };
    assert!(counts(&store).await[1] >= 500);
    execute(&folder, "DROP TRIGGER refuse").await;
    // Another process, which knows only the file.
    let other = Store::open(database(&folder)).await.unwrap();
    let rotation = other.rotate_contacts(|_, _| {}).await.unwrap();
    assert!(!rotation.new);
    assert_eq!(counts(&store).await, [0, 1_200]);
    assert!(store.contact(RecordId::new(Kind::Need, 1_100)).await.unwrap() == contact());
}

/// Not the trigger's refusal alone counts: the operation fails and leaves nothing.
#[tokio::test]
async fn what_cannot_be_put_on_record_is_not_done() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(database(&folder)).await.unwrap();
    let id = store.create(need("a")).await.unwrap().id;
    let before = store.last_change().await.unwrap();
    for breaking in [
        "CREATE TRIGGER refuse BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'disk full'); END",
        "DROP TRIGGER refuse; ALTER TABLE audit RENAME TO elsewhere",
    ] {
        execute(&folder, breaking).await;
        store.create(need("b")).await.unwrap_err();
        store.upsert(vec![need("b"), need("c")]).await.unwrap_err();
        store.set_status(id, None, domain::Status::Withdrawn).await.unwrap_err();
        store.erase(id, |_| Ok::<_, StoreError>(())).await.unwrap_err();
        let mut import = store.import().await.unwrap();
        import.upsert(vec![need("b")]).await.unwrap_err();
        import.commit().await.unwrap_err();
        assert_eq!(store.count(Kind::Need, &ListFilter::default()).await.unwrap(), 1);
        assert_eq!(store.last_change().await.unwrap(), before);
        assert_eq!(store.record(id).await.unwrap().unwrap().status, domain::Status::Open);
        assert!(store.contact(id).await.unwrap() == contact());
    }
    store.close().await;
}

#[tokio::test]
async fn what_was_erased_is_in_no_file_once_they_are_scrubbed() {
    const MARKS: [&str; 3] = ["欧阳墨白", "13766554433", "超临界萃取毛细管"];
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(database(&folder)).await.unwrap();
    let expert = |external_id: &str, name: &str, project: &str| Draft {
        profile: Profile::Expert(Expert {
            name: name.to_owned(),
            projects: vec![project.to_owned()],
            ..Expert::default()
        }),
        contact: Some(Contact { mobile: Some(MARKS[1].to_owned()), ..Contact::default() }),
        ..need(external_id)
    };
    let others = (0..500).map(|at| expert(&format!("z{at}"), "甲", "项目"));
    store.upsert(others.chain([expert("m", MARKS[0], MARKS[2])]).collect()).await.unwrap();
    // Changed several times, so that older versions lie about.
    for project in ["一", MARKS[2], "二", MARKS[2]] {
        store.upsert(vec![expert("m", MARKS[0], project)]).await.unwrap();
    }
    let id = store.by_external_id(Kind::Expert, "m").await.unwrap().unwrap().id;
    store.erase(id, |_| Ok::<_, StoreError>(())).await.unwrap();
    assert!(!holding(folder.path(), &MARKS).is_empty(), "deleting alone leaves it in the files");
    let chores = store.chores().await.unwrap();
    assert!(chores.iter().any(|chore| matches!(chore, Chore::Scrub { .. })));
    store.scrub().await.unwrap();
    assert_eq!(holding(folder.path(), &MARKS), [""; 0], "while it is open");
    for chore in &chores {
        store.end_chore(chore).await.unwrap();
    }
    assert!(store.chores().await.unwrap().is_empty());
    store.close().await;
    assert_eq!(holding(folder.path(), &MARKS), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_is_one_moment_while_others_write() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(database(&folder)).await.unwrap();
    let writer = tokio::spawn({
        let store = store.clone();
        async move {
            for at in 0..150 {
                store.upsert(vec![need(&format!("a{at}")), need(&format!("b{at}"))]).await.unwrap();
            }
        }
    });
    let mut sizes = Vec::new();
    for at in 0..3 {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        let copy = folder.path().join(format!("copy-{at}/hongniang.db"));
        fs::create_dir(copy.parent().unwrap()).unwrap();
        let folder_of_copy = copy.parent().unwrap();
        store.snapshot(folder_of_copy).await.unwrap();
        fs::create_dir(folder_of_copy.join("keys")).unwrap();
        let ring = folder.path().join("keys/contacts.keys");
        fs::copy(ring, folder_of_copy.join("keys/contacts.keys")).unwrap();
        assert!(
            matches!(store.snapshot(folder_of_copy).await, Err(StoreError::Snapshot { .. })),
            "nothing is overwritten"
        );
        let copied = Store::open(copy).await.unwrap();
        let records = copied.count(Kind::Need, &ListFilter::default()).await.unwrap();
        assert_eq!(records % 2, 0, "half a batch");
        assert_eq!(copied.last_change().await.unwrap(), records);
        assert!(copied.verify_audit(None).await.unwrap().faults.is_empty());
        sizes.push(records);
        copied.close().await;
    }
    writer.await.unwrap();
    assert!(sizes[0] < 300, "the copies were made beside the writer: {sizes:?}");
    store.close().await;
}
