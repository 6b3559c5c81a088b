//! The command line on PostgreSQL: the address alone chooses it, two data directories share one database, and no message holds a password.
#![allow(clippy::unwrap_used, reason = "tests")]

#[path = "support/holding.rs"]
mod holding;
#[path = "support/postgres.rs"]
mod postgres_server;
#[path = "service/mod.rs"]
mod service;

use std::ffi::OsStr;
use std::fs;
use std::process::{Command, Output};
use std::time::Duration;

use holding::holding;
use serde_json::json;
use service::{Service, eventually};
use tempfile::TempDir;

fn run(house: &TempDir, arguments: &[&str], url: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hongniang"));
    command.args(arguments).current_dir(house.path()).env("HONGNIANG_DATABASE_URL", url).output().unwrap()
}

#[test]
fn two_data_directories_share_one_database() {
    let Some(server) = postgres_server::Server::shared() else { return };
    let url = server.database();
    let house = tempfile::tempdir().unwrap();
    fs::write(house.path().join("需求.csv"), "编号,技术需求名称\nXQ-1,锂电池回收\n").unwrap();
    let expert = json!({"external_id": "E1", "name": "甲", "keywords": ["锂电池"]});
    fs::write(house.path().join("experts.jsonl"), expert.to_string()).unwrap();
    let said = |data: &str, arguments: &[&str]| {
        let output = run(&house, &[&["--data-dir", data], arguments].concat(), &url);
        let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {said}");
        said
    };
    said("甲", &["migrate"]);
    said("甲", &["import", "needs", "需求.csv"]);
    said("乙", &["import", "experts", "experts.jsonl"]);
    assert!(said("甲", &["match", "--need", "XQ-1", "--target", "experts"]).contains("expert-1"));
    assert!(said("乙", &["search", "needs", "锂电池"]).contains("need-1"));
    said("乙", &["rematch"]);
    said("甲", &["index", "verify"]);
    assert!(!house.path().join("甲/hongniang.db").exists());
}

/// Two whole servers, each with an index of its own: what is written through one is found through the other, also by what the other did before it was killed.
#[test]
fn two_servers_share_one_database() {
    let Some(server) = postgres_server::Server::shared() else { return };
    let url = server.database();
    let house = tempfile::tempdir().unwrap();
    let environment = [("HONGNIANG_DATABASE_URL", OsStr::new(url.as_str()))];
    let make =
        ["--data-dir", "甲", "keys", "create", "--holder", "门户", "--purpose", "试验", "--all", "--json"];
    let made: serde_json::Value = serde_json::from_slice(&run(&house, &make, &url).stdout).unwrap();
    let key = made["token"].as_str().unwrap().to_owned();
    // The ring of keys is what servers of one database have in common beside it.
    let (one, other) = (house.path().join("甲"), house.path().join("乙"));
    fs::create_dir_all(other.join("keys")).unwrap();
    fs::copy(one.join("keys/contacts.keys"), other.join("keys/contacts.keys")).unwrap();
    let one = Service::start(&one, &key, &environment);
    let other = Service::start(&other, &key, &environment);
    one.indexed();
    other.indexed();
    let finds = |service: &Service, words: &str| {
        let found = service.get(&format!("/api/v1/experts/search?q={words}"));
        assert_eq!(found.status, 200, "{found:?}");
        found.json()["items"].as_array().unwrap().len()
    };
    let expert =
        |name: &str, keyword: &str| json!({"external_id": name, "name": name, "keywords": [keyword]});
    let contacted = json!({"external_id": "ZJ-1", "name": "甲", "keywords": ["cuttlefish"], "contact": {"mobile": "13755551234"}});
    assert_eq!(one.post("/api/v1/experts", &contacted).status, 201);
    eventually(Duration::from_secs(30), "the other finds it", || finds(&other, "cuttlefish") == 1);
    assert_eq!(other.post("/api/v1/experts", &expert("ZJ-2", "nautilus")).status, 201);
    eventually(Duration::from_secs(30), "the one finds it", || finds(&one, "nautilus") == 1);
    let reveal = json!({"purpose": "核对"});
    let opened = other.post("/api/v1/experts/expert-1/contact", &reveal);
    assert!(opened.body.contains("13755551234"), "{opened:?}");
    other.kill();
    assert_eq!(one.post("/api/v1/experts", &expert("ZJ-3", "octopus")).status, 201);
    let again = Service::start(&house.path().join("乙"), &key, &environment);
    again.indexed();
    assert_eq!(finds(&again, "octopus") + finds(&again, "nautilus"), 2);
    one.indexed();
}

/// The files of the tables are read as anybody could read them; before the erasure the same reading finds the person.
#[test]
fn a_person_erased_is_in_no_table_of_the_server() {
    let Some(server) = postgres_server::Server::start_new() else { return };
    let url = server.database();
    let house = tempfile::tempdir().unwrap();
    let person = |name: &str, external_id: &str| {
        json!({"external_id": external_id, "name": name, "organisation": "皖东工业研究院", "contact": {"mobile": "13766554433"}}).to_string()
    };
    let name = "欧阳龘爨";
    let others = (0..200).map(|at| person(&format!("专家{at}"), &format!("ZJ-{at}")));
    let experts: Vec<String> = others.chain([person(name, "ZJ-MARK")]).collect();
    fs::write(house.path().join("experts.jsonl"), experts.join("\n")).unwrap();
    let ends = |arguments: &[&str]| {
        let output = run(&house, arguments, &url);
        let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {said}");
    };
    ends(&["import", "experts", "experts.jsonl"]);
    // What the planner remembers of the texts are quotations.
    server.sql(&url, "ALTER TABLE records ALTER profile SET STATISTICS 1000");
    server.sql(&url, "ANALYZE");
    let remembers = "SELECT count(*) FROM pg_stats WHERE tablename = 'records' AND (histogram_bounds::text || coalesce(most_common_vals::text, '')) LIKE '%龘爨%'";
    assert_ne!(server.sql(&url, remembers), "0");
    let marks = [name, "ZJ-MARK"];
    let before = holding(&server.tables(&url), &marks);
    assert!(marks.iter().all(|mark| before.iter().any(|found| found.ends_with(mark))), "{before:?}");
    ends(&["erase", "person", "--expert", "ZJ-MARK", "--yes"]);
    assert_eq!(holding(&server.tables(&url), &marks), [""; 0]);
    assert_eq!(server.sql(&url, remembers), "0");
    ends(&["audit", "verify"]);
}

#[test]
fn a_database_that_is_not_there_is_told_of_without_the_password() {
    let house = tempfile::tempdir().unwrap();
    let output = run(&house, &["migrate"], "postgres://h:geheim@127.0.0.1:1/h");
    let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("数据库暂不可用") && !said.contains("geheim"), "{said}");
}
