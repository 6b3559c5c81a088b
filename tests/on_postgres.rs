//! The command line on PostgreSQL: the address alone chooses it, two data directories share one database, and no message holds a password.
#![allow(clippy::unwrap_used, reason = "tests")]

#[path = "support/postgres.rs"]
mod postgres_server;

use std::fs;
use std::process::{Command, Output};

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

#[test]
fn a_database_that_is_not_there_is_told_of_without_the_password() {
    let house = tempfile::tempdir().unwrap();
    let output = run(&house, &["migrate"], "postgres://h:geheim@127.0.0.1:1/h");
    let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("数据库暂不可用") && !said.contains("geheim"), "{said}");
}
