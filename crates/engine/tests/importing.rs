//! Properties of importing: a long file is handed over in bounded batches; all or nothing is one transaction that begins only when the
//! file has been read; a fault of the reader is told as what it is.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::io::{self, Cursor, Read};
use std::sync::mpsc;
use std::time::Duration;

use domain::Kind;
use domain::access::Scope;
use engine::{
    Caller, Desk, Engine, EngineError, FaultKind, Format, ImportOptions, KeyFault, KeyRequest, ListRequest,
    OperationState, RestoreRequest, Settings,
};
use serde_json::json;

const EACH: ImportOptions =
    ImportOptions { kind: Kind::Need, format: Format::JsonLines, all_or_nothing: false };
const ALL: ImportOptions = ImportOptions { all_or_nothing: true, ..EACH };

async fn opened() -> (Engine, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    (Engine::open(&Settings::new(folder.path())).await.unwrap(), folder)
}

async fn count(engine: &Engine) -> u64 {
    let asked = ListRequest { limit: 1, with_total: true, ..ListRequest::default() };
    engine.list(Kind::Need, &asked).await.unwrap().total.unwrap()
}

fn line(name: &str) -> String {
    json!({"external_id": name, "title": "激光焊接气孔控制"}).to_string() + "\n"
}

/// Gives what is sent to it, and ends when nobody sends any more.
struct Slow {
    sent: mpsc::Receiver<String>,
    rest: Vec<u8>,
}

impl Slow {
    fn new(sent: mpsc::Receiver<String>) -> Self {
        Self { sent, rest: Vec::new() }
    }
}

impl Read for Slow {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.rest.is_empty() {
            let Ok(text) = self.sent.recv() else { return Ok(0) };
            self.rest = text.into_bytes();
        }
        let length = buffer.len().min(self.rest.len());
        buffer[..length].copy_from_slice(&self.rest[..length]);
        self.rest.drain(..length);
        Ok(length)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn long_rows_are_handed_over_by_their_bytes() {
    let (engine, _folder) = opened().await;
    let row = |at: usize| json!({"external_id": at.to_string(), "title": "x", "notes": "焊".repeat(100_000)});
    let file: String = (0..40).map(|at| row(at).to_string() + "\n").collect();
    let mut batches = Vec::new();
    engine.import(EACH, Cursor::new(file), |report| batches.push((report.rows, report.bytes))).await.unwrap();
    assert_eq!(batches.last().unwrap().0, 40);
    let steps = batches.windows(2).map(|two| two[1].1 - two[0].1).chain([batches[0].1]);
    assert!(steps.max().unwrap() < 5 << 20, "{batches:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_waits_for_a_slow_file_that_comes_whole_or_not_at_all() {
    let (engine, _folder) = opened().await;
    let (sender, received) = mpsc::channel();
    let import = tokio::spawn({
        let engine = engine.clone();
        async move { engine.import(ALL, Slow::new(received), |_| {}).await }
    });
    for at in 0..3 {
        sender.send(line(&format!("a{at}"))).unwrap();
    }
    tokio::time::sleep(Duration::from_millis(200)).await;
    let create = engine.create(Kind::Need, json!({"title": "另一项"}));
    tokio::time::timeout(Duration::from_secs(5), create).await.expect("nobody waits").unwrap();
    assert_eq!(count(&engine).await, 1);
    drop(sender);
    let report = import.await.unwrap().unwrap();
    assert_eq!((report.rows, report.created, count(&engine).await), (3, 3, 4));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_bad_row_keeps_all_out_and_the_error_holds_the_report() {
    let (engine, folder) = opened().await;
    let good: String = (0..2_500).map(|at| line(&format!("a{at}"))).collect();
    let error = engine.import(ALL, Cursor::new(format!("{good}{{}}\n")), |_| {}).await.unwrap_err();
    let EngineError::NothingImported(report) = error else { panic!("{error}") };
    assert_eq!((report.rows, report.rejected, report.created), (2_501, 1, 0));
    assert_eq!((report.errors[0].line, count(&engine).await), (2_501, 0));

    let report = engine.import(ALL, Cursor::new(good), |_| {}).await.unwrap();
    assert_eq!((report.rows, report.created, count(&engine).await), (2_500, 2_500, 2_500));
    let names = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name());
    let known = ["follower", "index", "keys"];
    assert!(names.into_iter().all(|name| {
        known.iter().any(|known| name == *known) || name.to_string_lossy().starts_with("hongniang")
    }));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_panics_is_no_shutdown() {
    struct Faulty;
    impl Read for Faulty {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            panic!("a fault of the reader");
        }
    }
    let (engine, _folder) = opened().await;
    for options in [EACH, ALL] {
        let error = engine.import(options, Faulty, |_| {}).await.unwrap_err();
        assert!(matches!(error, EngineError::Panicked), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_comes_whole_or_not_at_all_keeps_writers_waiting_for_a_bounded_time() {
    let (engine, _folder) = opened().await;
    let rows: String =
        (0..=100_000).map(|at| format!("{{\"external_id\":\"{at}\",\"title\":\"焊\"}}\n")).collect();
    let refused = engine.import(ALL, Cursor::new(rows), |_| {}).await.unwrap_err();
    assert!(matches!(&refused, EngineError::BadParameter { parameter: "all_or_nothing", .. }), "{refused}");
    assert!(refused.to_string().contains("最多 100000 行"), "{refused}");
    assert_eq!(count(&engine).await, 0);
}

/// A desk for a key that opens everything.
async fn desk(engine: &Engine) -> Desk {
    let request = KeyRequest {
        holder: "门户".to_owned(),
        purpose: Some("测试".to_owned()),
        region: None,
        scopes: Scope::ALL.iter().copied().collect(),
        good_for: KeyRequest::days(1),
    };
    let key = engine.create_key(&request).await.unwrap().key;
    engine.desk(Caller { key, remote: None, request_id: "r".to_owned() })
}

fn is_revoked(error: &EngineError) -> bool {
    matches!(error, EngineError::KeyRefused(KeyFault::Revoked))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_begun_with_a_key_ends_when_it_is_revoked() {
    let (engine, _folder) = opened().await;
    let desk = desk(&engine).await;
    let (sender, received) = mpsc::channel();
    let (told, mut hears) = tokio::sync::mpsc::unbounded_channel();
    let import = tokio::spawn({
        let desk = desk.clone();
        async move { desk.import_telling(EACH, Slow::new(received), |rows| told.send(rows.len()).unwrap()).await }
    });
    // More than a batch, for a file is read in pieces; less than two.
    let rows = |from: usize| (from..from + 1_500).map(|at| line(&at.to_string()));
    rows(0).for_each(|row| sender.send(row).unwrap());
    assert_eq!(hears.recv().await, Some(1_000));
    assert_eq!(
        desk.list(Kind::Need, &ListRequest { limit: 1, ..ListRequest::default() }).await.unwrap().items.len(),
        1
    );
    engine.revoke_key(desk.caller().key.id).await.unwrap();
    rows(1_500).for_each(|row| sender.send(row).unwrap());
    drop(sender);
    match import.await.unwrap().unwrap_err() {
        EngineError::ImportCutShort { report, error } => {
            assert_eq!((report.stored(), is_revoked(&error)), (1_000, true), "{error}");
        }
        other => panic!("{other}"),
    }
    assert_eq!(count(&engine).await, 1_000);
    tokio::time::sleep(Duration::from_secs(1)).await;
    let refused =
        desk.list(Kind::Need, &ListRequest { limit: 1, ..ListRequest::default() }).await.unwrap_err();
    assert!(is_revoked(&refused), "{refused}");
}

/// One import holds the turn to write, and others wait for it, when their key is revoked: that does not wait until all have had it.
#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_revoked_while_files_are_written_with_it() {
    let (engine, _folder) = opened().await;
    let desk = desk(&engine).await;
    let id = desk.caller().key.id;
    let rows: String = (0..4_000).map(|at| line(&at.to_string())).collect();
    let (writes, mut written) = tokio::sync::mpsc::unbounded_channel();
    let (go_on, held) = mpsc::channel::<()>();
    let first = tokio::spawn({
        let (desk, rows) = (desk.clone(), rows.clone());
        async move {
            let hold = move |rows: Vec<_>| {
                if !rows.is_empty() {
                    writes.send(()).unwrap();
                    held.recv().unwrap();
                }
            };
            desk.import_telling(ALL, Cursor::new(rows.into_bytes()), hold).await
        }
    });
    written.recv().await.unwrap();
    let second = tokio::spawn({
        let desk = desk.clone();
        async move { desk.import_telling(ALL, Cursor::new(rows.into_bytes()), |_| ()).await }
    });
    let revoking = tokio::spawn({
        let engine = engine.clone();
        async move { engine.revoke_key(id).await }
    });
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert!(!revoking.is_finished(), "somebody else has the turn");
    go_on.send(()).unwrap();
    drop(go_on);
    for import in [first, second] {
        let error = import.await.unwrap().unwrap_err();
        assert!(is_revoked(&error), "{error}");
    }
    revoking.await.unwrap().unwrap();
    assert_eq!(count(&engine).await, 0);
}

/// A day's quota is one whatever is restarted.
#[tokio::test(flavor = "multi_thread")]
async fn what_keys_were_used_for_is_written_down_at_the_end() {
    let (engine, folder) = opened().await;
    let id = desk(&engine).await.caller().key.id;
    (0..7).for_each(|_| engine.note_use(id));
    tokio::time::sleep(Duration::from_millis(300)).await;
    engine.close().await;
    let engine = Engine::open(&Settings::new(folder.path())).await.unwrap();
    assert_eq!(engine.used_today(&engine.key(id).await.unwrap()), 7);
}

/// What a backup caught in the middle is nobody's in the copy; and what portals have kept of later revisions fits none of it.
#[tokio::test(flavor = "multi_thread")]
async fn a_restored_copy_does_not_go_on_where_others_were() {
    let folder = tempfile::tempdir().unwrap();
    let settings = Settings::new(folder.path().join("data"));
    let engine = Engine::open(&settings).await.unwrap();
    let desk = desk(&engine).await;
    desk.import(EACH, Cursor::new(line("A"))).await.unwrap();
    let (file, read) = desk.put_aside(Kind::Need, Cursor::new(line("B"))).await.unwrap();
    read.unwrap();
    let number = desk.submit_import(EACH, file, true).await.unwrap();
    let revision = async |engine: &Engine| {
        let asked = ListRequest { limit: 1, ..ListRequest::default() };
        engine.list(Kind::Need, &asked).await.unwrap().items[0].record.revision
    };
    let before = revision(&engine).await;
    let from = folder.path().join("backup.zip");
    engine.backup(&from, None).await.unwrap();
    engine.close().await;

    let request = RestoreRequest { from, replace: true, erasures: Vec::new(), replaces: None };
    engine::restore(&settings, &request).await.unwrap();
    let engine = Engine::open(&settings).await.unwrap();
    let ended = engine.operation(number).await.unwrap();
    assert_eq!((ended.state, ended.fault.unwrap().kind), (OperationState::Failed, FaultKind::ServerGone));
    assert!(revision(&engine).await > before + 100);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operation_ends_when_its_key_is_revoked() {
    let (engine, _folder) = opened().await;
    let desk = desk(&engine).await;
    let (file, read) = desk.put_aside(Kind::Need, Cursor::new(line("A"))).await.unwrap();
    read.unwrap();
    let number = desk.submit_import(EACH, file, true).await.unwrap();
    engine.revoke_key(desk.caller().key.id).await.unwrap();
    let working = tokio::spawn({
        let engine = engine.clone();
        async move { engine.work_off_operations().await }
    });
    let ended = loop {
        let operation = engine.operation(number).await.unwrap();
        if !matches!(operation.state, OperationState::Waiting | OperationState::Running) {
            break operation;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    let fault = ended.fault.unwrap();
    assert_eq!((ended.state, fault.kind), (OperationState::Failed, FaultKind::KeyRevoked));
    assert!(fault.detail.contains("密钥已被撤销"), "{}", fault.detail);
    assert_eq!(count(&engine).await, 0);
    engine.stop_operations();
    working.await.unwrap();
}
