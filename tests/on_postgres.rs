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
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use holding::holding;
use serde_json::json;
use service::{Service, eventually};
use tempfile::TempDir;

const TABLES: &str = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'";

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

/// A data directory of the house and a database of the server.
struct Place<'h> {
    house: &'h TempDir,
    data: &'static str,
    url: String,
}

impl Place<'_> {
    fn ends(&self, code: i32, arguments: &[&str]) -> String {
        let output = run(self.house, &[&["--data-dir", self.data], arguments].concat(), &self.url);
        let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}");
        said
    }

    fn json(&self, arguments: &[&str]) -> serde_json::Value {
        let output =
            run(self.house, &[&["--data-dir", self.data], arguments, &["--json"]].concat(), &self.url);
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    fn begin(&self, arguments: &[&str]) -> Child {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hongniang"));
        command.args(["--data-dir", self.data]).args(arguments).current_dir(self.house.path());
        command.env("HONGNIANG_DATABASE_URL", &self.url).stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().unwrap()
    }
}

/// Experts that an import takes a while for, and a few who are there before.
fn experts(house: &TempDir, count: u32) {
    let expert = |at: u32| json!({"external_id": format!("ZJ-{at}"), "name": format!("专家{at}"), "projects": ["气孔控制"], "contact": {"mobile": format!("139{at:08}")}});
    let lines: Vec<String> = (0..count).map(|at| expert(at).to_string()).collect();
    fs::write(house.path().join("前.jsonl"), lines[..10].join("\n")).unwrap();
    fs::write(house.path().join("专家.jsonl"), lines.join("\n")).unwrap();
}

#[test]
fn a_backup_made_while_others_write_comes_back_in_an_empty_database() {
    let Some(server) = postgres_server::Server::shared() else { return };
    let house = tempfile::tempdir().unwrap();
    experts(&house, 20_000);
    let old = Place { house: &house, data: "甲", url: server.database() };
    old.ends(0, &["import", "experts", "前.jsonl"]);
    fs::create_dir_all(house.path().join("甲/dictionaries")).unwrap();
    fs::write(house.path().join("甲/dictionaries/terms.txt"), "气孔控制\n").unwrap();
    let mut import = old.begin(&["import", "experts", "专家.jsonl"]);
    let mut made = Vec::new();
    while import.try_wait().unwrap().is_none() {
        let name = format!("备份-{}.zip", made.len());
        made.push((old.json(&["backup", &name]), name));
    }
    assert!(import.wait().unwrap().success());
    let count = |report: &serde_json::Value| report["records"]["experts"].as_u64().unwrap();
    let counts: Vec<u64> = made.iter().map(|(report, _)| count(report)).collect();
    assert!(counts.is_sorted() && counts[0] < 20_000, "{counts:?}");
    assert!(counts.iter().all(|count| *count == 10 || count % 1_000 == 0), "whole batches: {counts:?}");
    assert_eq!(holding(house.path(), &["13900000007"]).len(), 2, "the imported files alone");

    // Somebody is erased after the backup.
    let (report, name) = &made[0];
    old.ends(0, &["erase", "person", "--expert", "ZJ-3", "--yes"]);
    let new = Place { house: &house, data: "乙", url: server.database() };
    let said = new.ends(1, &["restore", name]);
    assert!(said.contains("密钥环") && said.contains("乙/keys/contacts.keys"), "{said}");
    assert_eq!(server.sql(&new.url, TABLES), "0");
    fs::create_dir_all(house.path().join("乙/keys")).unwrap();
    fs::copy(house.path().join("甲/keys/contacts.keys"), house.path().join("乙/keys/contacts.keys")).unwrap();
    let restored = new.json(&["restore", name, "--erasures", "甲/erasures"]);
    assert_eq!(restored["records"], json!(count(report) - 1));
    assert_eq!((&restored["audit_faults"], &restored["erased_again"]), (&json!(0), &json!(1)));
    new.ends(0, &["index", "verify"]);
    new.ends(0, &["audit", "verify", "--head", report["audit_head"][1].as_str().unwrap()]);
    assert!(new.ends(0, &["contacts", "show", "ZJ-7", "--purpose", "核对"]).contains("13900000007"));
    assert!(
        !house.path().join("乙/postgres").exists() && house.path().join("乙/dictionaries/terms.txt").exists()
    );
    assert!(
        new.ends(3, &["import", "experts", "前.jsonl"]).contains("已依要求"),
        "nor does ZJ-3 come in again"
    );

    // What is there stays, and each kind of backup has its place.
    let said = new.ends(1, &["restore", name, "--replace"]);
    assert!(said.contains("createdb"), "{said}");
    assert!(new.ends(0, &["contacts", "show", "ZJ-7", "--purpose", "核对"]).contains("13900000007"));
    let nowhere = Command::new(env!("CARGO_BIN_EXE_hongniang"))
        .args(["--data-dir", "丙", "restore", name])
        .current_dir(house.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&nowhere.stderr).into_owned();
    assert!(nowhere.status.code() == Some(1) && said.contains("来自 PostgreSQL"), "{said}");
}

#[test]
fn a_restore_that_is_killed_leaves_an_empty_database() {
    let Some(server) = postgres_server::Server::shared() else { return };
    let house = tempfile::tempdir().unwrap();
    experts(&house, 1_000);
    let old = Place { house: &house, data: "甲", url: server.database() };
    old.ends(0, &["import", "experts", "专家.jsonl"]);
    // A table that takes a while.
    server.sql(&old.url, "INSERT INTO need_bands SELECT at, at FROM generate_series(1, 1000000) at");
    old.ends(0, &["backup", "备份.zip"]);
    let new = Place { house: &house, data: "乙", url: server.database() };
    fs::create_dir_all(house.path().join("乙/keys")).unwrap();
    fs::copy(house.path().join("甲/keys/contacts.keys"), house.path().join("乙/keys/contacts.keys")).unwrap();
    let others = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'hongniang'";
    let copying = format!("{others} AND query LIKE 'COPY \"need_bands\"%FROM STDIN'");
    for further in [0, 300] {
        let mut restore = new.begin(&["restore", "备份.zip"]);
        let started = Instant::now();
        while server.sql(&new.url, &copying) == "0" {
            let ended = restore.try_wait().unwrap();
            assert!(ended.is_none() && started.elapsed() < Duration::from_secs(60), "{ended:?}");
        }
        thread::sleep(Duration::from_millis(further));
        assert_eq!(server.sql(&new.url, &copying), "1", "it was killed at its work");
        restore.kill().unwrap();
        restore.wait().unwrap();
        eventually(Duration::from_secs(20), "the server has noticed", || server.sql(&new.url, others) == "0");
        assert_eq!(server.sql(&new.url, TABLES), "0");
        assert!(!house.path().join("乙/index").exists(), "the data directory is as it was");
    }
    new.ends(0, &["restore", "备份.zip"]);
    new.ends(0, &["index", "verify"]);
}

/// What one has sealed the other cannot open, and says so; it never shows an empty contact, and a server without any ring does not start.
#[test]
fn servers_that_do_not_share_the_ring_of_keys_say_so() {
    let Some(server) = postgres_server::Server::shared() else { return };
    let house = tempfile::tempdir().unwrap();
    experts(&house, 10);
    let one = Place { house: &house, data: "甲", url: server.database() };
    one.ends(0, &["import", "experts", "前.jsonl"]);
    let other = Place { house: &house, data: "乙", url: one.url.clone() };
    let said = other.ends(1, &["search", "experts", "专家"]);
    assert!(said.contains("找不到联系方式的密钥环") && said.contains("乙/keys/contacts.keys"), "{said}");
    assert!(
        !house.path().join("乙/keys/contacts.keys").exists(),
        "none is made over contacts that are sealed"
    );

    // A ring from elsewhere.
    let elsewhere = Place { house: &house, data: "丙", url: server.database() };
    elsewhere.ends(0, &["migrate"]);
    fs::create_dir_all(house.path().join("乙/keys")).unwrap();
    fs::copy(house.path().join("丙/keys/contacts.keys"), house.path().join("乙/keys/contacts.keys")).unwrap();
    let show = |place: &Place, code, expert: &str| {
        place.ends(code, &["contacts", "show", expert, "--purpose", "核对"])
    };
    let ring = fs::read_to_string(house.path().join("甲/keys/contacts.keys")).unwrap();
    let key = ring.lines().last().unwrap().split(' ').next().unwrap();
    fs::write(
        house.path().join("后.jsonl"),
        json!({"external_id": "ZJ-99", "name": "后来", "contact": {"mobile": "13900000099"}}).to_string(),
    )
    .unwrap();
    let refused = |place: &Place, key: &str| {
        for arguments in [
            &["migrate"][..],
            &["contacts", "show", "ZJ-1", "--purpose", "核对"],
            &["import", "experts", "后.jsonl"],
            &["contacts", "rotate"],
            &["serve", "--bind", "127.0.0.1:0"],
        ] {
            let said = place.ends(1, arguments);
            assert!(said.contains("密钥环与数据库不符") && said.contains(key), "{arguments:?}: {said}");
            assert!(said.contains("合在一起") && !said.contains("139"), "{arguments:?}: {said}");
        }
    };
    refused(&other, key);

    // Put together, each with the other's lines, both work on; the one that was not told of the new key must be, too.
    let file = |place: &str| house.path().join(place).join("keys/contacts.keys");
    let own = fs::read_to_string(file("乙")).unwrap();
    fs::write(file("乙"), format!("{ring}{own}")).unwrap();
    other.ends(0, &["import", "experts", "后.jsonl"]);
    assert!(show(&other, 0, "ZJ-99").contains("13900000099"));
    assert!(show(&other, 0, "ZJ-1").contains("13900000001"));
    refused(&one, own.lines().last().unwrap().split(' ').next().unwrap());
    fs::copy(file("乙"), file("甲")).unwrap();
    assert!(show(&one, 0, "ZJ-99").contains("13900000099"));
}

/// One contact that lies under a key that nobody has: everything else goes on, and it is said which one it is.
#[test]
fn a_contact_that_cannot_be_opened_stops_no_request() {
    let Some(server) = postgres_server::Server::shared() else { return };
    let house = tempfile::tempdir().unwrap();
    let place = Place { house: &house, data: "甲", url: server.database() };
    let made = place.ends(0, &["keys", "create", "--holder", "门户", "--purpose", "试验", "--all", "--json"]);
    let made: serde_json::Value = serde_json::from_str(&made).unwrap();
    let environment = [("HONGNIANG_DATABASE_URL", OsStr::new(place.url.as_str()))];
    let service = Service::start(&house.path().join("甲"), made["token"].as_str().unwrap(), &environment);
    let need = |at: u32| json!({"external_id": format!("XQ-{at}"), "title": "焊缝气孔", "contact": {"mobile": format!("1390000000{at}")}});
    for at in 1..=4 {
        assert_eq!(service.post("/api/v1/needs", &need(at)).status, 201);
    }
    server.sql(&place.url, "UPDATE contacts SET key_id = 'k20000101-00000000' WHERE number < 4");
    service.indexed();
    let note = json!("联系方式无法解密");
    let listed = service.get("/api/v1/needs");
    assert_eq!((listed.status, &listed.json()["items"][0]["contact"]["note"]), (200, &note), "{listed:?}");
    assert_eq!(listed.json()["items"][3]["contact"]["mobile"], "139****0004");
    let exported = service.get("/api/v1/needs/export");
    assert_eq!((exported.status, exported.body.lines().count()), (200, 4), "{exported:?}");
    let found = service.get("/api/v1/needs/search?q=%E6%B0%94%E5%AD%94");
    assert_eq!((found.status, found.json()["items"].as_array().unwrap().len()), (200, 4), "{found:?}");
    assert_eq!(service.get("/api/v1/needs/need-1").json()["contact"]["note"], note);
    let change = |method: &str, path: &str, body: &str| {
        let headers = [("Content-Type", "application/json"), ("If-Match", "*")];
        service.send_with(method, path, &headers, &mut body.as_bytes(), body.len() as u64)
    };
    let changed = change("PUT", "/api/v1/needs/need-1", "{\"title\": \"焊缝气孔二\"}");
    assert_eq!((changed.status, &changed.json()["contact"]["note"]), (200, &note), "{changed:?}");
    let changed = change("PUT", "/api/v1/needs/need-2", &need(2).to_string());
    assert_eq!((changed.status, &changed.json()["contact"]["mobile"]), (200, &json!("139****0002")));
    assert_eq!(change("DELETE", "/api/v1/needs/need-3", "").status, 200);
    let reveal = service.post("/api/v1/needs/need-1/contact", &json!({"purpose": "核对"}));
    assert_eq!((reveal.status, reveal.json()["code"].as_str()), (500, Some("internal_error")));
    service.stop();
    assert!(place.ends(0, &["contacts", "keys"]).contains("need-1、need-3"));
    place.ends(0, &["erase", "person", "--record", "need-3", "--yes"]);
    let rotated = place.ends(0, &["contacts", "rotate"]);
    assert!(
        rotated.contains("重新加密 2 条") && rotated.contains("无法解密，仍照原样保存：need-1"),
        "{rotated}"
    );
}

#[test]
fn a_database_that_is_not_there_is_told_of_without_the_password() {
    let house = tempfile::tempdir().unwrap();
    let output = run(&house, &["migrate"], "postgres://h:geheim@127.0.0.1:1/h");
    let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("数据库暂不可用") && !said.contains("geheim"), "{said}");
    let Some(server) = postgres_server::Server::shared() else { return };
    for wrong in
        [server.database().replace("/test", "/missing"), server.database().replace("user=", "user=x")]
    {
        let output = run(&house, &["migrate"], &wrong);
        let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        assert!(said.contains("数据库拒绝连接") && !said.contains("error returned"), "{said}");
    }
}
