//! Power cuts: the program is killed (SIGKILL) at random moments, again and again over one data directory.
//!
//! Properties, after each kill: every row that an import had acknowledged and every record that the service had answered with 201 is in the
//! database; the next start catches up from where the index stood, without building it anew, and then index and database agree to the last
//! record; a request that is sent again with its `Idempotency-Key` is done once; a rebuild leaves the old index or the new one, a re-match the
//! old run or the new one, and either of them whole.
//!
//! After each kill nothing is there twice, and the audit log verifies.
//!
//! `KILL_ROUNDS` sets the number of kills in each test (6), `KILL_SEED` the moments; a failure names the seed.
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "tests")]

#[path = "support/killing.rs"]
mod killing;

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use domain::Kind;
use killing::{Moments, asked, hongniang, kill, rounds, service};
use serde_json::{Value, json};
use store::{Run, Store};
use tempfile::TempDir;

const ROWS: usize = 5_000;
const BATCHES: u64 = 5;
const NEEDS: u64 = 60;
const ROUNDS_IN_A_HOME: u64 = 6;
/// Scopes of whoever hands in needs.
const WRITING: &str = "needs:write,imports:write";
const TITLES: [&str; 5] =
    ["激光焊接气孔控制", "光纤阵列耦合胶固化", "茶叶杀青能耗", "矿井通风监测", "水稻病虫害识别"];

fn need(name: &str, at: usize) -> Value {
    let title = TITLES[at % TITLES.len()];
    json!({"external_id": name, "title": format!("{title}第{at}项"), "description": "希望降到千分之三以下"})
}

fn all_are_stored(home: &Path, names: &[String], what: &str) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let url = format!("sqlite://{}", home.join("hongniang-data/hongniang.db").display());
        let store = Store::open(&url).await.unwrap();
        for name in names {
            let found = store.by_external_id(Kind::Need, name).await.unwrap();
            assert!(found.is_some(), "{name} was acknowledged and is lost, {what}");
        }
        store.close().await;
    });
}

/// Index and database hold the same, each record once, and everything that was done is on record.
fn all_agrees(home: &Path, what: &str) {
    for arguments in [["index", "verify"], ["audit", "verify"]] {
        let output = hongniang(home, &arguments).output().unwrap();
        let said =
            String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        let said: String = said.chars().take(2_000).collect();
        assert_eq!(output.status.code(), Some(0), "{what}, {arguments:?}\n{said}");
    }
}

/// The current generation of each registry's index; a rebuild would make another one, and hide what was lost in this.
fn generations(home: &Path) -> Vec<String> {
    let current = |kind: &Kind| {
        let file = home.join("hongniang-data/index").join(kind.plural()).join("CURRENT");
        std::fs::read_to_string(file).unwrap()
    };
    Kind::ALL.iter().map(current).collect()
}

fn succeeds(home: &Path, arguments: &[&str]) -> Duration {
    let started = Instant::now();
    let output = hongniang(home, arguments).output().unwrap();
    assert!(output.status.success(), "{arguments:?}\n{}", String::from_utf8_lossy(&output.stderr));
    started.elapsed()
}

/// Rows acknowledged by an import that was killed after about `wanted` batches.
fn killed_import(home: &Path, moments: &mut Moments, wanted: u64) -> usize {
    let arguments = ["import", "needs", "rows.jsonl", "--json-progress"];
    let mut child = hongniang(home, &arguments).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(child.stderr.take().unwrap());
    let heard = Arc::new(Mutex::new((0, 0)));
    let listener = thread::spawn({
        let heard = Arc::clone(&heard);
        move || {
            for line in lines.lines().map_while(Result::ok) {
                let rows = serde_json::from_str::<Value>(&line).ok().and_then(|line| line["rows"].as_u64());
                if let Some(rows) = rows {
                    let mut heard = heard.lock().unwrap();
                    *heard = (heard.0 + 1, rows);
                }
            }
        }
    });
    while heard.lock().unwrap().0 < wanted && child.try_wait().unwrap().is_none() {
        thread::sleep(Duration::from_millis(1));
    }
    match wanted {
        // At once, so that some kill comes in the middle of the file.
        1 => {}
        // All batches are in: what is left to interrupt is the indexing.
        BATCHES.. => moments.pause(2_000),
        _ => moments.pause(60),
    }
    kill(child);
    listener.join().unwrap();
    let (_, rows) = *heard.lock().unwrap();
    usize::try_from(rows).unwrap()
}

/// A data directory without records, and the indexes that were built for it.
fn empty_home() -> (TempDir, Vec<String>) {
    let directory = tempfile::tempdir().unwrap();
    succeeds(directory.path(), &["migrate"]);
    succeeds(directory.path(), &["index", "rebuild"]);
    let built = generations(directory.path());
    (directory, built)
}

#[test]
fn an_import_that_is_killed_loses_nothing_it_acknowledged() {
    let (mut moments, seed) = Moments::new(1);
    let (mut acknowledged_in_all, mut in_the_middle) = (0, 0);
    let (mut directory, mut built) = empty_home();
    for round in 0..rounds() {
        // Each import makes the next verification longer.
        if round > 0 && round.is_multiple_of(ROUNDS_IN_A_HOME) {
            (directory, built) = empty_home();
        }
        let home = directory.path();
        let names: Vec<String> = (0..ROWS).map(|at| format!("R{round}-{at}")).collect();
        let rows = names.iter().enumerate().map(|(at, name)| need(name, at).to_string() + "\n");
        std::fs::write(home.join("rows.jsonl"), rows.collect::<String>()).unwrap();
        let wanted = if round == 0 { 1 } else { moments.below(BATCHES + 2) };
        let acknowledged = killed_import(home, &mut moments, wanted);
        let what = format!("seed {seed}, round {round}: killed after {acknowledged} rows");
        eprintln!("{what}");
        all_are_stored(home, &names[..acknowledged], &what);
        all_agrees(home, &what);
        assert_eq!(generations(home), built, "{what}");
        acknowledged_in_all += acknowledged;
        in_the_middle += u64::from((1..ROWS).contains(&acknowledged));
    }
    assert!(acknowledged_in_all > 0, "nothing was ever acknowledged");
    assert!(in_the_middle > 0, "no kill came in the middle of a file");
}

/// Sends one record; whether the service answered that it is stored. Any answer but that is a failure, silence is not.
fn created(address: &str, key: &str, form: &Value) -> std::io::Result<bool> {
    sent(address, key, form, "")
}

/// As [`created`], with further headers.
fn sent(address: &str, key: &str, form: &Value, headers: &str) -> std::io::Result<bool> {
    let body = form.to_string();
    let mut stream = TcpStream::connect(address)?;
    let length = body.len();
    write!(
        stream,
        "POST /api/v1/needs HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {key}\r\nContent-Type: application/json\r\n\
         {headers}Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    )?;
    let mut answer = Vec::new();
    // A connection that is cut after the status line has said what it had to say.
    let _ = stream.read_to_end(&mut answer);
    let answer = String::from_utf8_lossy(&answer);
    assert!(answer.len() < 12 || answer.starts_with("HTTP/1.1 201"), "{answer}");
    Ok(answer.len() >= 12)
}

/// A key, for a service that takes requests as fast as they come.
fn key(home: &Path, scopes: &str) -> String {
    let make = ["keys", "create", "--holder", "测试", "--purpose", "测试", "--scopes", scopes, "--json"];
    let made: Value = serde_json::from_slice(&hongniang(home, &make).output().unwrap().stdout).unwrap();
    fs::write(home.join("hongniang-data/hongniang.toml"), "[limits]\nrequests_per_second = 0\n").unwrap();
    made["token"].as_str().unwrap().to_owned()
}

#[test]
fn a_service_that_is_killed_loses_nothing_it_answered() {
    let directory = tempfile::tempdir().unwrap();
    let home = directory.path();
    let (mut moments, seed) = Moments::new(2);
    succeeds(home, &["migrate"]);
    succeeds(home, &["index", "rebuild"]);
    let built = generations(home);
    let key = key(home, WRITING);
    let mut answered_in_all = 0;
    for round in 0..rounds() {
        let (mut child, address) = service(home);
        let key = key.clone();
        let client = thread::spawn(move || {
            let mut stored = Vec::new();
            for at in 0.. {
                let name = format!("S{round}-{at}");
                match created(&address, &key, &need(&name, at)) {
                    Ok(true) => stored.push(name),
                    // Killed while it was answering: the record may be there or not.
                    Ok(false) => {}
                    Err(_) => break,
                }
            }
            stored
        });
        moments.pause(3_000);
        assert!(
            child.try_wait().unwrap().is_none(),
            "seed {seed}, round {round}: the service ended by itself"
        );
        kill(child);
        let stored = client.join().unwrap();
        answered_in_all += stored.len();
        let what = format!("seed {seed}, round {round}: killed after {} answers", stored.len());
        eprintln!("{what}");
        all_are_stored(home, &stored, &what);
        all_agrees(home, &what);
        assert_eq!(generations(home), built, "{what}");
    }
    assert!(answered_in_all > 0, "nothing was ever answered with 201");
}

#[test]
fn what_is_sent_again_after_a_kill_is_done_once() {
    let directory = tempfile::tempdir().unwrap();
    let home = directory.path();
    let (mut moments, seed) = Moments::new(4);
    let key = key(home, WRITING);
    // Without an identifier of its source, each would be one more record whenever it is sent.
    let form = json!({"title": "激光焊接气孔控制", "description": "希望降到千分之三以下"});
    let (mut texts, mut answered) = (0, 0);
    for round in 0..rounds() {
        let (child, address) = service(home);
        let client = thread::spawn({
            let (key, form) = (key.clone(), form.clone());
            move || {
                for at in 0.. {
                    // The last one that was sent has no answer: it is done, or it is not.
                    match sent(&address, &key, &form, &format!("Idempotency-Key: {round}-{at}\r\n")) {
                        Ok(true) => {}
                        Ok(false) | Err(_) => return at,
                    }
                }
                unreachable!("the service is killed")
            }
        });
        thread::sleep(Duration::from_millis(300));
        moments.pause(1_000);
        kill(child);
        let last: usize = client.join().unwrap();
        let (child, address) = service(home);
        for at in last.saturating_sub(1)..=last {
            let again = sent(&address, &key, &form, &format!("Idempotency-Key: {round}-{at}\r\n"));
            assert!(again.unwrap(), "seed {seed}, round {round}: {at} is not answered");
        }
        kill(child);
        (texts, answered) = (texts + last as u64 + 1, answered + last);
        assert_eq!(stored_needs(home), texts, "seed {seed}, round {round}: sent {last} and one more");
    }
    assert!(answered > 0, "nothing was ever answered with 201");
}

fn stored_needs(home: &Path) -> u64 {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let store = Store::open(home.join("hongniang-data/hongniang.db")).await.unwrap();
        let count = store.count(Kind::Need, &store::ListFilter::default()).await.unwrap();
        store.close().await;
        count
    })
}

/// Nothing that people could be called by lies in what is put aside.
fn tells_nothing(folder: &Path, what: &str) {
    for entry in fs::read_dir(folder).unwrap() {
        let bytes = fs::read(entry.unwrap().path()).unwrap();
        for text in ["1380000", "王建国", "external_id"] {
            assert!(!bytes.windows(text.len()).any(|window| window == text.as_bytes()), "{text}, {what}");
        }
    }
}

#[test]
fn an_operation_that_is_killed_goes_on_where_it_stood() {
    let directory = tempfile::tempdir().unwrap();
    let home = directory.path();
    let (mut moments, seed) = Moments::new(5);
    let key = key(home, WRITING);
    let row = |at: usize| {
        let mut row = need(&format!("O-{at}"), at);
        row["contact"] = json!({"person": "王建国", "mobile": format!("1380000{:04}", at % 10_000)});
        row.to_string() + "\n"
    };
    let rows = 2 * ROWS;
    let file: String = (0..rows).map(row).collect();
    let (mut child, mut address) = service(home);
    let head = "POST /api/v1/needs/import\nContent-Type: application/jsonl\r\nPrefer: respond-async\r\n";
    let (status, taken) = asked(&address, &key, head, &file).unwrap();
    assert_eq!((status, &taken["id"]), (202, &json!(1)), "{taken}");
    let (mut killed_within, started) = (0, Instant::now());
    let operation = loop {
        moments.pause(700);
        let (_, operation) = asked(&address, &key, "GET /api/v1/operations/1", "").unwrap();
        if operation["state"] == "succeeded" {
            break operation;
        }
        assert!(["waiting", "running"].contains(&operation["state"].as_str().unwrap()), "{operation}");
        assert!(started.elapsed() < Duration::from_secs(600), "seed {seed}: it does not end: {operation}");
        let done = operation["progress"]["rows"].as_u64().unwrap();
        if killed_within < rounds() && (1..rows as u64).contains(&done) {
            kill(child);
            killed_within += 1;
            let what = format!("seed {seed}: killed after {done} rows");
            eprintln!("{what}");
            tells_nothing(&home.join("hongniang-data/operations"), &what);
            assert!(stored_needs(home) >= done, "{what}");
            (child, address) = service(home);
        }
    };
    kill(child);
    assert!(killed_within > 0, "seed {seed}: it was never killed within");
    // What had been written before would be told as unchanged now.
    let report = &operation["result"];
    let told =
        ["rows", "created", "changed", "unchanged", "rejected"].map(|name| report[name].as_u64().unwrap());
    assert_eq!(told, [rows as u64, rows as u64, 0, 0, 0], "seed {seed}");
    assert_eq!(stored_needs(home), rows as u64);
    all_agrees(home, &format!("seed {seed}: after an operation"));
    let listed = hongniang(home, &["operations", "list", "--json"]).output().unwrap();
    let listed: Value = serde_json::from_slice(&listed.stdout).unwrap();
    assert_eq!((&listed[0]["id"], &listed[0]["state"]), (&json!(1), &json!("succeeded")));
    let shown = hongniang(home, &["operations", "cancel", "1"]).output().unwrap();
    let shown = String::from_utf8(shown.stdout).unwrap();
    assert!(shown.contains("导入技术需求  已完成") && shown.contains(&format!("读到 {rows} 行")), "{shown}");
}

/// The pairs of a campaign's plan: need and candidate, with the score.
fn plan(address: &str, key: &str, campaign: u64) -> Value {
    let (status, told) =
        asked(address, key, &format!("GET /api/v1/campaigns/{campaign}/plan?limit=100"), "").unwrap();
    assert_eq!(status, 200, "{told}");
    let pairs = told["items"].as_array().unwrap().iter();
    pairs.map(|pair| json!([pair["need"]["id"], pair["candidate"]["id"], pair["score"]])).collect()
}

#[test]
fn a_campaign_that_is_killed_while_it_is_made_is_made_once() {
    let directory = tempfile::tempdir().unwrap();
    let home = directory.path();
    let (mut moments, seed) = Moments::new(6);
    succeeds(home, &["demo", "--once", "--data-dir", "hongniang-data"]);
    let key = key(home, "campaigns:read,campaigns:write,matches:run,needs:read,experts:read");
    let (mut child, mut address) = service(home);
    let head = "POST /api/v1/campaigns\nContent-Type: application/json\r\nPrefer: respond-async\r\n";
    let body = json!({"name": "滁州专场", "business_date": "2026-11-27"}).to_string();
    let (status, taken) = asked(&address, &key, head, &body).unwrap();
    assert_eq!(status, 202, "{taken}");
    let path = format!("GET /api/v1/operations/{}", taken["id"]);
    let (mut killed, started) = (0, Instant::now());
    // Each start does all of it anew, so that the moments grow until it comes to its end.
    let operation = loop {
        moments.pause(300 << killed);
        let (_, operation) = asked(&address, &key, &path, "").unwrap();
        if operation["state"] == "succeeded" {
            break operation;
        }
        assert!(["waiting", "running"].contains(&operation["state"].as_str().unwrap()), "{operation}");
        assert!(started.elapsed() < Duration::from_secs(600), "seed {seed}: it does not end: {operation}");
        if killed < rounds() {
            kill(child);
            killed += 1;
            eprintln!("seed {seed}: killed at {}", operation["progress"]["fraction"]);
            (child, address) = service(home);
        }
    };
    assert!(killed > 0, "seed {seed}: it was never killed within");
    let (_, listed) = asked(&address, &key, "GET /api/v1/campaigns", "").unwrap();
    let numbers: Vec<&Value> = listed["items"].as_array().unwrap().iter().map(|one| &one["id"]).collect();
    assert_eq!(numbers, [&operation["campaign"]], "seed {seed}: one campaign, the one that is told of");
    let (status, undisturbed) = asked(&address, &key, head, &body).unwrap();
    assert_eq!(status, 202, "{undisturbed}");
    let path = format!("GET /api/v1/operations/{}", undisturbed["id"]);
    let other = loop {
        let (_, operation) = asked(&address, &key, &path, "").unwrap();
        if operation["state"] == "succeeded" {
            break operation["campaign"].as_u64().unwrap();
        }
        thread::sleep(Duration::from_millis(100));
    };
    let made = plan(&address, &key, operation["campaign"].as_u64().unwrap());
    assert!(made.as_array().unwrap().len() > 50, "{made}");
    assert_eq!(made, plan(&address, &key, other), "seed {seed}");
    kill(child);
    all_agrees(home, &format!("seed {seed}: after campaigns"));
}

/// The current run, which must hold as many matches as it says.
fn whole_run(home: &Path, what: &str) -> Run {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let store = Store::open(home.join("hongniang-data/hongniang.db")).await.unwrap();
        let run = store.current_run().await.unwrap().expect("a run was published");
        let mut held = 0;
        for need in 1..=NEEDS {
            for target in [Kind::Expert, Kind::Station, Kind::Achievement] {
                let list = store.match_list(run.id, need, target).await.unwrap();
                held += list.map_or(0, |list| list.shown().len() as u64);
            }
        }
        store.close().await;
        assert_eq!(run.totals.map(|totals| totals.matches), Some(held), "run {}, {what}", run.id);
        run
    })
}

#[test]
fn a_rebuild_or_a_night_that_is_killed_leaves_the_old_or_the_new() {
    let directory = tempfile::tempdir().unwrap();
    let home = directory.path();
    let (mut moments, seed) = Moments::new(3);
    let sizes = format!("generate --experts 300 --needs {NEEDS} --stations 30 --achievements 200 --out g");
    succeeds(home, &sizes.split(' ').collect::<Vec<_>>());
    for registry in ["experts", "needs", "stations", "achievements"] {
        succeeds(home, &["import", registry, &format!("g/{registry}.jsonl")]);
    }
    let settings = "[rematch]\nbatch = 10\nhold_seconds = 1\n";
    fs::write(home.join("hongniang-data/hongniang.toml"), settings).unwrap();
    let works = [&["index", "rebuild"][..], &["rematch", "--full", "--date", "2026-11-21"]];
    let mut lengths = works.map(|arguments| succeeds(home, arguments).as_millis() as u64);
    let mut cut_short = [0, 0];
    let mut before = whole_run(home, "nothing was killed yet");
    for round in 0..10 * rounds() {
        if cut_short.iter().all(|count| *count >= rounds().div_ceil(2)) {
            return;
        }
        for (at, arguments) in works.into_iter().enumerate() {
            let mut child = hongniang(home, arguments).stdout(Stdio::null()).spawn().unwrap();
            // Some of it goes by before the work begins.
            thread::sleep(Duration::from_millis(lengths[at] / 3));
            moments.pause((lengths[at] / 2).max(1));
            match child.try_wait().unwrap() {
                None => cut_short[at] += 1,
                // It was slower when its length was taken.
                Some(_) => lengths[at] = (lengths[at] * 3 / 4).max(1),
            }
            kill(child);
            let what = format!("seed {seed}, round {round}: {arguments:?} was killed");
            eprintln!("{what}");
            let now = whole_run(home, &what);
            assert!(now.id >= before.id, "{what}");
            before = now;
            all_agrees(home, &what);
        }
    }
    panic!("too few were cut short: {cut_short:?}");
}
