//! Full disks: the service runs on small file systems of its own, which are filled to the last byte.
//!
//! Properties: what cannot be saved is refused with 507 and is not there afterwards, not even in part; what was acknowledged stays; searching and matching
//! go on; the process lives, and a restart while the disk is full reads too; `/readyz` tells; once there is room, writes work and the index catches up
//! without anybody's help.
//!
//! Mounting needs root: otherwise the tests say that they were skipped, and with `CI` set they fail.
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "tests")]
#![cfg(target_os = "linux")]

mod service;

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};
use service::{Service, eventually, key, succeeds};
use tempfile::TempDir;

/// A file system in memory, of few MiB.
struct Disk(PathBuf);

impl Disk {
    /// `None` where this user may not mount.
    fn mount(at: &Path, mib: u32) -> Option<Self> {
        fs::create_dir_all(at).unwrap();
        let size = format!("size={mib}m");
        if as_root(&["mount", "-t", "tmpfs", "-o", &size, "tmpfs", at.to_str().unwrap()]) {
            return Some(Self(at.to_owned()));
        }
        assert!(std::env::var_os("CI").is_none(), "CI must be able to mount");
        eprintln!("skipped: mounting a small file system needs root");
        None
    }

    /// Takes all that is left but so many bytes.
    fn fill_but(&self, room: u64) {
        let left = fs4::available_space(&self.0).unwrap();
        let mut filler = File::options().create(true).append(true).open(self.0.join("filler")).unwrap();
        io::copy(&mut io::repeat(1).take(left.saturating_sub(room)), &mut filler).unwrap();
    }

    /// Takes every byte that is left.
    fn fill(&self) {
        let mut filler = File::options().create(true).append(true).open(self.0.join("filler")).unwrap();
        for size in [1 << 20, 4096, 1] {
            let block = vec![1; size];
            loop {
                match filler.write(&block) {
                    Ok(_) => {}
                    Err(error) if error.kind() == ErrorKind::StorageFull => break,
                    Err(error) => panic!("{error}"),
                }
            }
        }
    }

    fn make_room(&self) {
        fs::remove_file(self.0.join("filler")).unwrap();
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        as_root(&["umount", "-l", self.0.to_str().unwrap()]);
    }
}

/// Runs a command as it is, or else with `sudo`, should that ask nothing; whether it succeeded.
fn as_root(command: &[&str]) -> bool {
    let succeeds = |mut command: Command| command.output().is_ok_and(|output| output.status.success());
    let (mut plain, mut sudo) = (Command::new(command[0]), Command::new("sudo"));
    plain.args(&command[1..]);
    sudo.arg("-n").args(command);
    succeeds(plain) || succeeds(sudo)
}

fn demo(registry: &str) -> String {
    format!("{}/../../data/demo/{registry}.jsonl", env!("CARGO_MANIFEST_DIR"))
}

/// Some records, and a key for all.
fn furnished(data: &Path) -> String {
    succeeds(data, &["migrate"]);
    for registry in ["experts", "needs"] {
        succeeds(data, &["import", registry, &demo(registry)]);
    }
    key(data)
}

fn need(at: usize) -> Value {
    // Each says something else, else all would be compared with all.
    let said: String = (0..200)
        .filter_map(|place| char::from_u32(0x4e00 + (at as u32 * 977 + place * 131) % 20_000))
        .collect();
    json!({"external_id": format!("M-{at}"), "title": format!("激光焊接气孔控制第{at}项"), "description": said,
           "contact": {"person": "王建国", "mobile": format!("138{at:08}")}})
}

/// The external identifiers of all needs that begin with this.
fn stored(service: &Service, beginning: &str) -> BTreeSet<String> {
    let (mut found, mut cursor) = (BTreeSet::new(), String::new());
    loop {
        let page = service.get(&format!("/api/v1/needs?limit=100{cursor}"));
        assert_eq!(page.status, 200, "{}", page.body);
        let page = page.json();
        let ids = page["items"].as_array().unwrap().iter().filter_map(|item| item["external_id"].as_str());
        found.extend(ids.filter(|id| id.starts_with(beginning)).map(str::to_owned));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return found,
        }
    }
}

/// Writes one after the other until one is refused; those that were acknowledged, and the one that was not.
fn write_until_full(service: &Service, from: usize) -> (BTreeSet<String>, usize) {
    let mut acknowledged = BTreeSet::new();
    for at in from..from + 20_000 {
        let reply = service.post("/api/v1/needs", &need(at));
        match reply.status {
            201 => acknowledged.insert(format!("M-{at}")),
            507 => {
                assert_eq!(reply.json()["code"], "insufficient_storage", "{}", reply.body);
                assert!(reply.json()["detail"].as_str().unwrap().contains("磁盘已满"), "{}", reply.body);
                return (acknowledged, at);
            }
            other => panic!("{other}: {}", reply.body),
        };
    }
    panic!("the disk never was full");
}

/// Everything that only reads.
fn reads(service: &Service) -> Vec<Value> {
    let paths = [
        "/api/v1/needs/search?q=%E5%88%B6%E5%A4%87&limit=5",
        "/api/v1/experts/search?q=%E7%94%B5%E6%B1%A0",
        "/api/v1/needs/need-4/matches?target=experts&limit=5",
        "/api/v1/experts/expert-3",
    ];
    let answer = |path: &&str| {
        let reply = service.get(path);
        assert_eq!(reply.status, 200, "{path}: {}", reply.body);
        reply.json()
    };
    paths.iter().map(answer).collect()
}

fn disk_full(service: &Service) -> bool {
    let health = service.get("/readyz");
    health.json()["disk_full"].as_bool().unwrap_or_else(|| panic!("{}", health.body))
}

/// Sends needs as a file.
fn import(service: &Service, from: usize, all_or_nothing: bool) -> service::Reply {
    let file: String = (from..from + 400).map(|at| need(at).to_string() + "\n").collect();
    let path = format!("/api/v1/needs/import?all_or_nothing={all_or_nothing}");
    service.send("POST", &path, "application/x-ndjson", &mut file.as_bytes(), file.len() as u64)
}

fn is_whole(data: &Path) {
    succeeds(data, &["index", "verify"]);
    succeeds(data, &["audit", "verify"]);
}

#[test]
fn a_full_database_refuses_writes_and_heals() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let Some(disk) = Disk::mount(&data, 40) else { return };
    let Some(_index) = Disk::mount(&data.join("index"), 64) else { return };
    let key = furnished(&data);
    let mut service = Service::start(&data, &key, &[]);
    service.indexed();
    let before = reads(&service);
    assert!(!disk_full(&service));

    // A file that fits in part: what is in is told, and no batch is in by half.
    disk.fill_but(8 << 20);
    let file: String =
        (1_000_000..1_020_000).map(|at| need(at).to_string().replace("\"M-", "\"T-") + "\n").collect();
    let kind = "application/x-ndjson";
    let cut = service.send("POST", "/api/v1/needs/import", kind, &mut file.as_bytes(), file.len() as u64);
    assert_eq!(cut.status, 507, "{}", cut.body);
    let taken = cut.json()["report"]["created"].as_u64().unwrap();
    assert!(
        taken > 0 && cut.json()["detail"].as_str().unwrap().contains(&format!("此前的 {taken} 行已导入"))
    );
    assert_eq!(stored(&service, "T-").len() as u64, taken);

    disk.fill();
    let (mut acknowledged, refused) = write_until_full(&service, 0);
    assert!(disk_full(&service), "/readyz tells");
    // The file is put aside before a row is written; what is put aside, or the rows, have no room.
    assert_eq!(import(&service, 100_000, true).status, 507);
    assert_eq!(import(&service, 200_000, false).status, 507);
    let revealed = service.post("/api/v1/needs/need-1/contact", &json!({"purpose": "核对联系电话是否有误"}));
    assert!([200, 507].contains(&revealed.status), "{}", revealed.body);
    assert_eq!(stored(&service, "M-"), acknowledged, "what was refused is not there");
    assert_eq!(service.get("/api/v1/needs?external_id=M-0").status, 200);
    service.indexed();
    reads(&service);
    assert!(service.lives());

    // Ended as a system ends it, and then without a warning: both times it comes up again on the full disk.
    for kill in [false, true] {
        if kill {
            service.kill()
        } else {
            service.stop()
        }
        disk.fill();
        service = Service::start(&data, &key, &[]);
        reads(&service);
        assert!(disk_full(&service));
        assert_eq!(stored(&service, "M-"), acknowledged);
        disk.fill();
        // Where the start has made a little room, a few more may be taken in.
        let (more, _) = write_until_full(&service, if kill { 60_000 } else { 30_000 });
        acknowledged.extend(more);
        assert_eq!(stored(&service, "M-"), acknowledged);
    }
    check_healed(service, &disk, &data, acknowledged, refused, &before);
}

fn check_healed(
    service: Service,
    disk: &Disk,
    data: &Path,
    acknowledged: BTreeSet<String>,
    refused: usize,
    before: &[Value],
) {
    disk.make_room();
    let reply = service.post("/api/v1/needs", &need(refused));
    assert_eq!(reply.status, 201, "{}", reply.body);
    assert_eq!(import(&service, 100_000, true).status, 200);
    service.indexed();
    assert!(!disk_full(&service));
    let stored = stored(&service, "M-");
    assert_eq!(stored.len(), acknowledged.len() + 1 + 400);
    assert!(stored.is_superset(&acknowledged));
    assert_eq!(reads(&service)[3], before[3]);
    service.stop();
    is_whole(data);
}

#[test]
fn a_full_index_folder_keeps_writing_records_and_catches_up() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    fs::create_dir_all(&data).unwrap();
    let Some(disk) = Disk::mount(&data.join("index"), 48) else { return };
    let key = furnished(&data);
    let mut service = Service::start(&data, &key, &[]);
    service.indexed();
    let before = reads(&service);
    disk.fill();
    // The database has room: records are taken in, and found once the index has room too.
    assert_eq!(import(&service, 0, false).status, 200);
    let lag = |service: &Service| {
        let health = service.get("/readyz").json();
        health["indexes"].as_array().unwrap().iter().map(|index| index["lag"].as_u64().unwrap()).sum::<u64>()
    };
    assert!(lag(&service) > 0 && disk_full(&service), "/readyz tells");
    std::thread::sleep(Duration::from_secs(4));
    assert_eq!(reads(&service), before, "it answers by what it has");
    assert!(service.lives() && lag(&service) > 0);

    for kill in [false, true] {
        if kill {
            service.kill()
        } else {
            service.stop()
        }
        disk.fill();
        service = Service::start(&data, &key, &[]);
        eventually(Duration::from_secs(20), "it is ready", || service.get("/readyz").status == 200);
        assert_eq!(reads(&service), before);
        assert!(lag(&service) > 0 && disk_full(&service));
    }
    // An index that has to be built anew has no room for that: no answer is better than an empty one.
    service.stop();
    fs::remove_file(data.join("index/needs/CURRENT")).unwrap();
    disk.fill();
    service = Service::start(&data, &key, &[]);
    std::thread::sleep(Duration::from_secs(6));
    assert_eq!(service.get("/readyz").status, 503);
    let refused = service.get("/api/v1/needs/search?q=%E5%88%B6%E5%A4%87");
    assert_eq!((refused.status, &refused.json()["code"]), (503, &json!("unavailable")));
    let folders = fs::read_dir(data.join("index/needs")).unwrap();
    let generations = folders.filter(|entry| entry.as_ref().unwrap().path().is_dir()).count();
    assert!(generations <= 2, "{generations} attempts were left");
    disk.make_room();
    service.indexed();
    let found = service.get("/api/v1/needs?external_id=M-7").json();
    let id = found["items"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(service.get(&format!("/api/v1/needs/{id}/matches?target=experts")).status, 200);
    service.stop();
    is_whole(&data);
}

#[test]
fn a_full_temporary_folder_is_no_obstacle() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    fs::create_dir_all(&data).unwrap();
    let temporary = folder.path().join("tmp");
    let Some(disk) = Disk::mount(&temporary, 2) else { return };
    let key = furnished(&data);
    disk.fill();
    let variables: [(&str, &OsStr); 2] =
        [("TMPDIR", temporary.as_os_str()), ("SQLITE_TMPDIR", temporary.as_os_str())];
    let service = Service::start(&data, &key, &variables);
    service.indexed();
    assert_eq!(import(&service, 0, true).status, 200);
    assert_eq!(import(&service, 10_000, false).status, 200);
    // Long after the first of them: comparing needs may want room there, and must not keep others from writing.
    std::thread::sleep(Duration::from_secs(4));
    assert_eq!(import(&service, 20_000, false).status, 200);
    assert_eq!(service.post("/api/v1/needs", &need(30_000)).status, 201);
    assert_eq!(stored(&service, "M-").len(), 1_201);
    service.indexed();
    reads(&service);
    disk.make_room();
    service.stop();
    is_whole(&data);
}

/// A command on a full disk says so and leaves what was there.
#[test]
fn commands_on_a_full_disk_say_so() {
    let folder: TempDir = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let Some(disk) = Disk::mount(&data, 40) else { return };
    furnished(&data);
    disk.fill();
    let lines: String = (0..30_000).map(|at| need(at).to_string() + "\n").collect();
    let file = folder.path().join("many.jsonl");
    fs::write(&file, lines).unwrap();
    for more in [&[][..], &["--all-or-nothing"]] {
        let arguments = [&["import", "needs", file.to_str().unwrap()], more].concat();
        let output = service::hongniang(&data, &arguments).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && said.contains("已满"), "{said}");
    }
    // Whoever is told that nobody was erased must not find it done later: the list is as it was.
    let list = data.join("erasures");
    let before = fs::read(&list).unwrap_or_default();
    let erase = ["erase", "person", "--expert", "ZJ-003", "--yes"];
    assert!(!service::hongniang(&data, &erase).output().unwrap().status.success());
    assert_eq!(fs::read(&list).unwrap_or_default(), before);
    disk.make_room();
    is_whole(&data);
    let experts = fs::read_to_string(demo("experts")).unwrap();
    let expert: Value = serde_json::from_str(experts.lines().nth(2).unwrap()).unwrap();
    assert_eq!(expert["external_id"], "ZJ-003");
    let found = || succeeds(&data, &["search", "experts", expert["name"].as_str().unwrap(), "--json"]);
    assert!(found().contains("ZJ-003"));
    succeeds(&data, &erase);
    assert!(!found().contains("ZJ-003"));
}

/// A night that has no room says so and leaves the run before; with room again it goes on where it stood.
#[test]
fn a_night_on_a_full_disk_goes_on_when_there_is_room() {
    let folder: TempDir = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let Some(disk) = Disk::mount(&data, 40) else { return };
    furnished(&data);
    succeeds(&data, &["rematch", "--date", "2026-11-20"]);
    let before = succeeds(&data, &["rematch", "status", "--json"]);
    disk.fill();
    let arguments = ["rematch", "--full", "--new-epoch", "--date", "2026-11-21"];
    let output = service::hongniang(&data, &arguments).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && said.contains("已满"), "{said}");
    let current = |said: &str| serde_json::from_str::<Value>(said).unwrap()["current"].clone();
    assert_eq!(current(&succeeds(&data, &["rematch", "status", "--json"])), current(&before));
    disk.make_room();
    assert!(succeeds(&data, &arguments).contains("已发布（2026-11-21）"));
    assert_ne!(current(&succeeds(&data, &["rematch", "status", "--json"])), current(&before));
    is_whole(&data);
}
