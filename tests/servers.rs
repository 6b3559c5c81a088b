//! What keeps persons and portals safe where several servers share one PostgreSQL, by the real program.
//!
//! Properties: whom one server erases stands in the lists of all, so an older backup put back at another brings nobody back; each server cleans its own
//! index, and whoever has not yet is named; a server that is forgotten is not; statistics that the role may not write are named too; of a restored
//! database the keys and lists of the one that it replaces count; an import whose submission was committed without an answer is done.
#![allow(clippy::unwrap_used, reason = "tests")]

#[path = "support/postgres.rs"]
mod postgres_server;
#[path = "../crates/store/tests/postgres/proxy.rs"]
#[allow(dead_code, reason = "each test binary uses a part of it")]
mod proxy;
#[path = "service/mod.rs"]
mod service;
#[path = "support/terms.rs"]
mod terms_of_files;

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use postgres_server::Server;
use serde_json::{Value, json};
use service::{Service, eventually};
use tempfile::TempDir;
use terms_of_files::terms;

const NAME: &str = "欧阳龘爨";
const TERMS: [&str; 2] = ["龘", "爨"];
const SOON: Duration = Duration::from_secs(60);

/// Data directories of one database, which share a ring of keys.
struct Servers {
    house: TempDir,
    url: String,
    key: String,
}

impl Servers {
    fn new(server: &Server) -> Self {
        Self::on(server.database())
    }

    fn on(url: String) -> Self {
        let house = tempfile::tempdir().unwrap();
        let mut servers = Self { house, url, key: String::new() };
        let make = ["keys", "create", "--holder", "门户", "--purpose", "试验", "--all"];
        servers.key = servers.json("甲", &make)["token"].as_str().unwrap().to_owned();
        fs::create_dir_all(servers.data("乙").join("keys")).unwrap();
        fs::copy(
            servers.data("甲").join("keys/contacts.keys"),
            servers.data("乙").join("keys/contacts.keys"),
        )
        .unwrap();
        servers
    }

    fn data(&self, name: &str) -> PathBuf {
        self.house.path().join(name)
    }

    fn start(&self, name: &str) -> Service {
        let service =
            Service::start(&self.data(name), &self.key, &[("HONGNIANG_DATABASE_URL", OsStr::new(&self.url))]);
        service.indexed();
        service
    }

    /// Both run, and both have indexed what one of them has imported.
    fn both_with_experts(&self) -> (Service, Service) {
        let both = (self.start("甲"), self.start("乙"));
        self.import("甲");
        both.0.indexed();
        both.1.indexed();
        both
    }

    /// Runs a command in the place of one of them and expects this exit code; what it says.
    fn ends(&self, name: &str, code: i32, arguments: &[&str]) -> String {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hongniang"));
        command.arg("--data-dir").arg(self.data(name)).args(arguments).current_dir(self.house.path());
        let output = command.env("HONGNIANG_DATABASE_URL", &self.url).output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let (out, err) = (text(&output.stdout), text(&output.stderr));
        assert_eq!(output.status.code(), Some(code), "{arguments:?}\n{out}\n{err}");
        out
    }

    fn json(&self, name: &str, arguments: &[&str]) -> Value {
        serde_json::from_str(&self.ends(name, 0, &[arguments, &["--json"]].concat())).unwrap()
    }

    fn import(&self, name: &str) {
        let person = |name: &str, external_id: &str| {
            json!({"external_id": external_id, "name": name, "organisation": "皖东工业研究院"}).to_string()
        };
        let others = (0..50).map(|at| person(&format!("专家{at}"), &format!("ZJ-{at}")));
        let lines: Vec<String> = others.chain([person(NAME, "ZJ-MARK")]).collect();
        fs::write(self.house.path().join("专家.jsonl"), lines.join("\n")).unwrap();
        self.ends(name, 0, &["import", "experts", "专家.jsonl"]);
    }
}

fn follower(data: &Path) -> String {
    fs::read_to_string(data.join("follower")).unwrap().trim().to_owned()
}

#[test]
fn whom_one_server_erases_all_of_them_forget() {
    let Some(server) = Server::shared() else { return };
    let servers = Servers::new(server);
    let (_one, other) = servers.both_with_experts();
    assert!(!terms(&servers.data("乙"), &TERMS).is_empty());
    servers.ends("乙", 0, &["backup", "旧.zip"]);

    // The other one stands still, and has not said anything for a while.
    other.stop();
    let name = follower(&servers.data("乙"));
    let silent = |milliseconds: i64| {
        let text =
            format!("UPDATE followers SET seen_at = seen_at - {milliseconds} WHERE follower = '{name}'");
        server.sql(&servers.url, &text);
    };
    silent(600_000);
    let erase = ["erase", "person", "--expert", "ZJ-MARK", "--yes", "--json"];
    let done: Value = serde_json::from_str(&servers.ends("甲", 3, &erase)).unwrap();
    assert_eq!(done["files_clean"], false, "{done}");
    let left = done["not_clean"].as_array().unwrap();
    assert!(left.len() == 1 && left[0].as_str().unwrap().contains(&name), "{done}");
    assert!(left[0].as_str().unwrap().contains("启动后会自己清理"), "{done}");
    assert_eq!(terms(&servers.data("甲"), &TERMS), [""; 0]);
    assert!(!terms(&servers.data("乙"), &TERMS).is_empty());

    // It comes back, and cleans its own.
    let other = servers.start("乙");
    let chores = || server.sql(&servers.url, "SELECT count(*) FROM chores");
    eventually(SOON, "the other has cleaned its index", || chores() == "0");
    assert_eq!(terms(&servers.data("乙"), &TERMS), [""; 0]);

    // Erased at the one while the other runs: in the list of both.
    servers.ends("甲", 0, &["erase", "person", "--expert", "ZJ-7", "--yes"]);
    let lines = |name: &str| fs::read_to_string(servers.data(name).join("erasures")).unwrap().lines().count();
    eventually(SOON, "the other has noted it", || lines("乙") == lines("甲"));
    other.stop();
    let restored = Servers { url: server.database(), ..servers };
    let report = restored.json("乙", &["restore", "旧.zip", "--replace"]);
    assert_eq!(report["erased_again"], 2, "{report}");
    let origins: Vec<&str> = report["erasure_lists"]
        .as_array()
        .unwrap()
        .iter()
        .map(|list| list["origin"].as_str().unwrap())
        .collect();
    assert_eq!(origins, ["backup", "data_directory"]);
    assert_eq!(restored.json("乙", &["search", "experts", NAME])["total"], 0);
}

/// A server that nobody has heard of for as long as it takes to be forgotten is not waited for; should it come back, it does its share.
#[test]
fn a_forgotten_server_is_not_waited_for() {
    let Some(server) = Server::shared() else { return };
    let servers = Servers::new(server);
    let (_one, other) = servers.both_with_experts();
    other.stop();
    let name = follower(&servers.data("乙"));
    server.sql(&servers.url, &format!("UPDATE followers SET seen_at = 1 WHERE follower = '{name}'"));
    let done = servers.json("甲", &["erase", "person", "--expert", "ZJ-MARK", "--yes"]);
    assert_eq!((&done["files_clean"], &done["not_clean"]), (&json!(true), &json!([])), "{done}");
    server.sql(&servers.url, &format!("DELETE FROM followers WHERE follower = '{name}'"));
    server.sql(&servers.url, &format!("DELETE FROM chores WHERE name LIKE '%{name}'"));
    let _other = servers.start("乙");
    eventually(SOON, "it has cleaned its index all the same", || {
        server.sql(&servers.url, "SELECT count(*) FROM chores") == "0"
            && terms(&servers.data("乙"), &TERMS).is_empty()
    });
}

#[test]
fn statistics_that_belong_to_another_role_are_not_called_clean() {
    let Some(server) = Server::start_new() else { return };
    let owner = server.database();
    server.sql(&owner, "CREATE ROLE tenant LOGIN");
    server.sql(&owner, "GRANT ALL ON SCHEMA public TO tenant");
    let servers = Servers::on(owner.replace("user=hongniang", "user=tenant"));
    servers.import("甲");
    let said = servers.ends("甲", 3, &["erase", "person", "--expert", "ZJ-MARK", "--yes"]);
    assert!(said.contains("pg_statistic") && said.contains("ALTER DATABASE"), "{said}");
    let chores = || server.sql(&owner, "SELECT name FROM chores");
    assert_eq!(chores(), "statistics");
    let name = owner.trim_start_matches("postgres:///").split('?').next().unwrap();
    server.sql(&owner, &format!("ALTER DATABASE {name} OWNER TO tenant"));
    servers.ends("甲", 0, &["search", "experts", "专家"]);
    assert_eq!(chores(), "");
}

#[test]
fn a_restored_database_lets_nobody_in_whom_the_replaced_one_shut_out() {
    let Some(server) = Server::shared() else { return };
    let servers = Servers::new(server);
    servers.import("甲");
    servers.ends("甲", 0, &["backup", "旧.zip"]);
    servers.ends("甲", 0, &["keys", "revoke", "key-1"]);
    servers.ends("甲", 0, &["erase", "person", "--expert", "ZJ-MARK", "--yes"]);
    // From a directory that knows nothing of it.
    let old = servers.url.clone();
    let restored = Servers { url: server.database(), ..servers };
    let report = restored.json("乙", &["restore", "旧.zip", "--replaces", &old]);
    assert_eq!((&report["compared"], &report["revoked_keys"]), (&json!(true), &json!(["key-1"])), "{report}");
    assert_eq!((&report["erased_again"], &report["live_keys"]), (&json!(1), &json!([])), "{report}");
    assert_eq!(report["erasure_lists"][1]["origin"], "replaced_database", "{report}");
    // Nothing told: whoever restores is told who is let in.
    let untold = Servers { url: server.database(), ..restored };
    let said = untold.ends("乙", 0, &["restore", "旧.zip", "--replace"]);
    assert!(said.contains("key-1  门户  到期") && said.contains("hongniang keys revoke"), "{said}");
}

/// The answer to the commit of a submission is lost: the operation is on file, and has its file.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_import_whose_submission_was_not_answered_is_done() {
    let Some(server) = Server::shared() else { return };
    let servers = Servers::new(server);
    let proxy = proxy::Proxy::start(server.socket()).await;
    let url = proxy.address(&servers.url);
    let environment = [("HONGNIANG_DATABASE_URL", OsStr::new(&url))];
    let service = Service::start(&servers.data("甲"), &servers.key, &environment);
    service.indexed();
    proxy.arm_for(proxy::Cut::AfterCommit, "INSERT INTO operations");
    let body = json!({"external_id": "ZJ-1", "name": "甲"}).to_string();
    let headers = [("Content-Type", "application/jsonl"), ("Prefer", "respond-async")];
    let answer = service.send_with(
        "POST",
        "/api/v1/experts/import",
        &headers,
        &mut body.as_bytes(),
        body.len() as u64,
    );
    assert!(proxy.has_cut(), "{answer:?}");
    assert_eq!((answer.status, &answer.json()["code"]), (500, &json!("outcome_unknown")), "{answer:?}");
    let state = || server.sql(&servers.url, "SELECT state, coalesce(problem, '') FROM operations");
    eventually(SOON, "the operation has ended", || {
        !state().starts_with("waiting") && !state().starts_with("running")
    });
    assert_eq!(state(), "succeeded|");
    assert_eq!(server.sql(&servers.url, "SELECT count(*) FROM records"), "1");
    let aside = || fs::read_dir(servers.data("甲").join("operations")).unwrap().count();
    eventually(SOON, "its file is gone with it, the lock stays", || aside() == 1);
}
