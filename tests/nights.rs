//! A re-match under faults, with the real program: killed at 10, 50 and 90 % it goes on where it stood and repeats one batch at most; of two workers
//! the one that was paused beyond its time writes nothing; a database that is restarted is waited for. Each time what is published is what
//! a run that nothing happened to publishes.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

#[path = "support/postgres.rs"]
mod postgres_server;

use std::collections::BTreeMap;
use std::fs;
use std::future::Future;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use domain::Kind;
use store::{Address, KeySource, Run, RunProgress, Store};
use tempfile::TempDir;

const NEEDS: u64 = 60;
/// Two needs a batch, and one batch for the clusters.
const BATCHES: u64 = NEEDS / 2 + 1;
const PATIENCE: Duration = Duration::from_secs(120);

/// A place with data directories and a database for all of them.
struct House {
    folder: TempDir,
    url: Option<String>,
}

impl House {
    fn new(url: Option<String>) -> Self {
        let house = Self { folder: tempfile::tempdir().unwrap(), url };
        let sizes =
            format!("generate --experts 200 --needs {NEEDS} --stations 30 --achievements 100 --out g");
        house.succeeds("甲", &sizes.split(' ').collect::<Vec<_>>());
        for registry in ["experts", "needs", "stations", "achievements"] {
            house.succeeds("甲", &["import", registry, &format!("g/{registry}.jsonl")]);
        }
        house.succeeds("甲", &["rematch", "--date", "2026-11-20"]);
        house
    }

    fn command(&self, data: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hongniang"));
        command
            .args(["--data-dir", data])
            .args(arguments)
            .current_dir(self.folder.path())
            .stdin(Stdio::null());
        command.env("HONGNIANG_REMATCH_BATCH", "2").env("HONGNIANG_REMATCH_HOLD_SECONDS", "1");
        command.envs(self.url.iter().map(|url| ("HONGNIANG_DATABASE_URL", url)));
        command
    }

    fn succeeds(&self, data: &str, arguments: &[&str]) -> String {
        ends_well(self.command(data, arguments).output().unwrap(), arguments)
    }

    fn begin(&self, data: &str, arguments: &[&str]) -> Child {
        self.command(data, arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    /// Asks the database.
    fn ask<T, F: Future<Output = T>>(&self, question: impl FnOnce(Store) -> F) -> T {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let own = self.folder.path().join("甲/hongniang.db");
            let address = self.url.as_ref().map_or(Address::File(own), Address::from);
            let keys = KeySource::File(self.folder.path().join("甲/keys/contacts.keys"));
            let store = Store::open_with(address, keys).await.unwrap();
            let answer = question(store.clone()).await;
            store.close().await;
            answer
        })
    }

    fn current(&self) -> Run {
        self.ask(async |store| store.current_run().await.unwrap().unwrap())
    }

    fn running(&self) -> Option<(Run, RunProgress)> {
        self.ask(async |store| {
            let run = store.running_run().await.unwrap()?;
            let far = store.run_progress(run.id).await.unwrap();
            Some((run, far))
        })
    }

    /// Waits until the run that is under way is so far, and does something at once.
    fn until(
        &self,
        what: &str,
        holds: impl Fn(&RunProgress) -> bool,
        then: impl FnOnce(),
    ) -> (Run, RunProgress) {
        let started = Instant::now();
        // Through one connection: opening the database takes as long as several batches.
        self.ask(async |store| {
            loop {
                if let Some(run) = store.running_run().await.unwrap() {
                    let far = store.run_progress(run.id).await.unwrap();
                    if holds(&far) {
                        then();
                        return (run, far);
                    }
                }
                assert!(started.elapsed() < PATIENCE, "{what}");
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        })
    }

    /// What the current run shows, to the last bit.
    fn published(&self) -> BTreeMap<(u64, Kind), Vec<(u64, u64)>> {
        let lists = self.ask(async |store| {
            let run = store.current_run().await.unwrap().unwrap();
            store.match_lists(run.id, 0, NEEDS).await.unwrap()
        });
        let places = |list: &store::MatchList| {
            list.shown().iter().map(|place| (place.number, place.score.to_bits())).collect::<Vec<_>>()
        };
        lists.iter().map(|list| ((list.need, list.target), places(list))).collect()
    }

    /// How far a run was in the end.
    fn ended(&self, run: &Run) -> RunProgress {
        self.ask(async |store| store.run_progress(run.id).await.unwrap())
    }
}

fn ends_well(output: Output, what: &[&str]) -> String {
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert_eq!(output.status.code(), Some(0), "{what:?}: {said}");
    said
}

fn signal(child: &Child, signal: &str) {
    assert!(Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap().success());
}

#[test]
fn killed_anywhere_it_goes_on_and_repeats_one_batch_at_most() {
    let house = House::new(None);
    let expected = house.published();
    let arguments = ["rematch", "--full", "--date", "2026-11-20"];
    for percent in [10, 50, 90] {
        let before = house.current();
        let mut child = house.begin("甲", &arguments);
        let is_so_far = |far: &RunProgress| far.done * 100 >= percent * far.batches;
        let (run, far) = house.until("it gets so far", is_so_far, || child.kill().unwrap());
        child.wait().unwrap();
        let what = format!("killed at {percent} %: {far:?}");
        assert_eq!(far.batches, BATCHES);
        assert_eq!(house.current(), before, "{what}");
        let said = house.succeeds("甲", &arguments);
        assert!(said.contains(&format!("匹配批次 {} 已发布", run.id)), "{what}: {said}");
        let begun = house.ended(&run).begun;
        assert!(begun <= BATCHES + 1, "{what}: {begun} batches were begun");
        assert_eq!(house.published(), expected, "{what}");
    }
    house.succeeds("甲", &["audit", "verify"]);
}

#[test]
fn a_worker_that_was_paused_beyond_its_time_writes_nothing() {
    let Some(server) = postgres_server::Server::shared() else { return };
    let house = House::new(Some(server.database()));
    let expected = house.published();
    // The other data directory has an index of its own, and the same keys.
    fs::create_dir_all(house.folder.path().join("乙/keys")).unwrap();
    copy(&house, "keys/contacts.keys");
    house.succeeds("乙", &["search", "needs", "激光"]);
    let arguments = ["rematch", "--full", "--date", "2026-11-20"];
    let paused = house.begin("甲", &arguments);
    house.until("it holds a batch", |far| far.done >= 2 && far.held == 1, || ());
    stop_between_transactions(&paused, server, house.url.as_ref().unwrap());
    // Where it stood: holding a batch, or between two.
    let (run, far) = house.running().unwrap();
    let said = house.succeeds("乙", &arguments);
    assert!(said.contains(&format!("匹配批次 {} 已发布", run.id)), "{said}");
    let ended = house.ended(&run);
    assert_eq!(ended.begun, BATCHES + far.begun - far.done, "each that it held was taken over once");
    signal(&paused, "-CONT");
    let said = ends_well(paused.wait_with_output().unwrap(), &arguments);
    assert!(said.contains(&format!("匹配批次 {} 已发布", run.id)), "{said}");
    assert_eq!(house.ended(&run), ended, "it wrote nothing more");
    assert_eq!(house.published(), expected);
}

/// Whoever is paused within a transaction has everybody's turn to write with it, which is another matter.
fn stop_between_transactions(child: &Child, server: &postgres_server::Server, url: &str) {
    let busy =
        "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'hongniang' AND state <> 'idle'";
    for _ in 0..200 {
        signal(child, "-STOP");
        if server.sql(url, busy) == "0" {
            return;
        }
        signal(child, "-CONT");
        thread::sleep(Duration::from_millis(3));
    }
    panic!("it is always in a transaction");
}

fn copy(house: &House, file: &str) {
    let path = |data: &str| Path::new(house.folder.path()).join(data).join(file);
    fs::copy(path("甲"), path("乙")).unwrap();
}

#[test]
fn two_workers_share_a_run() {
    let Some(server) = postgres_server::Server::shared() else { return };
    let house = House::new(Some(server.database()));
    let expected = house.published();
    fs::create_dir_all(house.folder.path().join("乙/keys")).unwrap();
    copy(&house, "keys/contacts.keys");
    house.succeeds("乙", &["search", "needs", "激光"]);
    let arguments = ["rematch", "--full", "--date", "2026-11-20"];
    let both = ["甲", "乙"].map(|data| house.begin(data, &arguments));
    let said = both.map(|child| ends_well(child.wait_with_output().unwrap(), &arguments));
    assert_eq!(said[0], said[1], "one run");
    let run = house.current();
    assert_eq!(house.ended(&run).begun, BATCHES, "no batch was done twice");
    let holders = "SELECT count(DISTINCT holder) FROM run_batches WHERE run = (SELECT run FROM current_run)";
    assert_eq!(server.sql(house.url.as_ref().unwrap(), holders), "2", "both worked");
    assert_eq!(house.published(), expected);
}

#[test]
fn a_database_that_is_restarted_is_waited_for() {
    let Some(server) = postgres_server::Server::start_new() else { return };
    let house = House::new(Some(server.database()));
    let expected = house.published();
    let arguments = ["rematch", "--full", "--date", "2026-11-20"];
    let child = house.begin("甲", &arguments);
    let (run, _) = house.until("it is under way", |far| far.done * 3 >= far.batches, || ());
    server.restart();
    let said = ends_well(child.wait_with_output().unwrap(), &arguments);
    assert!(said.contains(&format!("匹配批次 {} 已发布", run.id)), "{said}");
    assert_eq!(house.published(), expected);
}
