//! The command line on PostgreSQL: the address alone chooses it, two data directories share one database, and no message holds a password.
#![allow(clippy::unwrap_used, reason = "tests")]

#[path = "support/holding.rs"]
mod holding;
#[path = "support/postgres.rs"]
mod postgres_server;

use std::fs;
use std::process::{Command, Output};

use holding::holding;
use serde_json::json;
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
