//! Damaged files under the real program: a running service whose index is damaged, one that finds it damaged at the start, and damaged backups.
//!
//! Properties: an answer is that of the intact index, or 503; the process lives; the index is whole again without anybody's help. What a damaged backup
//! brings back is what was backed up, or nothing.
//!
//! `DAMAGES` sets the number of damages in each test (8), `DAMAGE_SEED` which they are; a failure names the seed. What can happen to single files is tried
//! more often, and faster, by the tests of the index.
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "tests")]

mod service;

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::Value;
use service::{Service, eventually, hongniang, key, succeeds};

const REGISTRIES: [&str; 4] = ["experts", "needs", "stations", "achievements"];

/// SplitMix64 (Steele, Lea, Flood 2014).
struct Dice(u64);

impl Dice {
    fn new(salt: u64) -> (Self, u64) {
        let now = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos() as u64;
        let seed = number("DAMAGE_SEED").unwrap_or_else(now);
        (Self(seed ^ salt), seed)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound.max(1)
    }
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

fn damages() -> u64 {
    number("DAMAGES").unwrap_or(8)
}

fn furnished(data: &Path) -> String {
    for registry in REGISTRIES {
        let file = format!("{}/../../data/demo/{registry}.jsonl", env!("CARGO_MANIFEST_DIR"));
        succeeds(data, &["import", registry, &file]);
    }
    key(data)
}

/// What is asked, with what is answered; `None` for 503.
fn answers(service: &Service) -> Vec<Option<Value>> {
    let mut paths: Vec<String> = REGISTRIES
        .iter()
        .flat_map(|registry| {
            let typed = ["%E7%94%B5%E6%B1%A0", "%E6%BF%80%E5%85%89", "%E7%A0%94%E7%A9%B6"];
            typed.map(|typed| format!("/api/v1/{registry}/search?q={typed}&limit=20&facets=region"))
        })
        .collect();
    for need in [1, 4, 9] {
        let targets = ["experts", "stations", "achievements"];
        paths.extend(
            targets.map(|target| format!("/api/v1/needs/need-{need}/matches?target={target}&limit=10")),
        );
    }
    let answer = |path: &String| {
        let reply = service.get(path);
        match reply.status {
            200 => Some(reply.json()),
            503 => {
                assert_eq!(reply.json()["code"], "unavailable", "{}", reply.body);
                None
            }
            other => panic!("{path}: {other} {}", reply.body),
        }
    };
    paths.iter().map(answer).collect()
}

/// No answer is another one than before.
fn agree(found: &[Option<Value>], expected: &[Option<Value>], what: &str) {
    for (found, expected) in found.iter().zip(expected) {
        assert!(found.is_none() || found == expected, "{what}\n{found:?}\n{expected:?}");
    }
}

fn heals(service: &Service, expected: &[Option<Value>], what: &str) {
    eventually(Duration::from_secs(60), what, || {
        let found = answers(service);
        agree(&found, expected, what);
        found.iter().all(Option::is_some)
    });
}

fn index_files(data: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![data.join("index")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    files.sort();
    files
}

fn damage(dice: &mut Dice, data: &Path) -> String {
    let files = index_files(data);
    let file = &files[dice.below(files.len() as u64) as usize];
    let length = fs::metadata(file).unwrap().len();
    let said = match dice.below(4) {
        0 => {
            let left = dice.below(length);
            File::options().write(true).open(file).unwrap().set_len(left).unwrap();
            format!("cut to {left} of {length} bytes")
        }
        1 if length > 0 => {
            let mut bytes = fs::read(file).unwrap();
            let at = dice.below(length);
            bytes[at as usize] ^= 1 << dice.below(8);
            // In place, as whoever has the file mapped sees it.
            let mut opened = File::options().write(true).open(file).unwrap();
            std::io::Write::write_all(&mut opened, &bytes).unwrap();
            format!("a bit of byte {at} flipped")
        }
        2 => {
            fs::remove_file(file).unwrap();
            "removed".to_owned()
        }
        _ => {
            let ending = file.extension();
            let same: Vec<_> =
                files.iter().filter(|other| other.extension() == ending && *other != file).collect();
            let Some(other) = same.get(dice.below(same.len() as u64) as usize) else {
                return damage(dice, data);
            };
            fs::write(file, fs::read(other).unwrap()).unwrap();
            format!("replaced by {}", other.strip_prefix(data).unwrap().display())
        }
    };
    format!("{} {said}", file.strip_prefix(data).unwrap().display())
}

#[test]
fn a_damaged_index_is_never_answered_by_and_heals() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    fs::create_dir_all(&data).unwrap();
    let key = furnished(&data);
    let mut service = Service::start(&data, &key, &[]);
    service.indexed();
    let expected = answers(&service);
    assert!(expected.iter().all(Option::is_some));
    let (mut dice, seed) = Dice::new(3);
    for round in 0..damages() {
        let running = dice.below(3) > 0;
        thread::sleep(Duration::from_millis(20));
        let what = if running {
            let what = format!("seed {seed}, round {round}, running: {}", damage(&mut dice, &data));
            agree(&answers(&service), &expected, &what);
            what
        } else {
            service.stop();
            let what = format!("seed {seed}, round {round}, at the start: {}", damage(&mut dice, &data));
            service = Service::start(&data, &key, &[]);
            agree(&answers(&service), &expected, &what);
            what
        };
        eprintln!("{what}");
        heals(&service, &expected, &what);
        assert!(service.lives(), "{what}");
    }
    service.stop();
    succeeds(&data, &["index", "verify"]);
}

#[test]
fn a_damaged_backup_brings_back_all_or_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    fs::create_dir_all(&data).unwrap();
    furnished(&data);
    let backup = folder.path().join("sound.zip");
    succeeds(&data, &["backup", backup.to_str().unwrap()]);
    let sound = fs::read(&backup).unwrap();
    let (mut dice, seed) = Dice::new(4);
    let mut refused = 0;
    for round in 0..damages() {
        let mut bytes = sound.clone();
        let at = dice.below(bytes.len() as u64) as usize;
        let what = match dice.below(3) {
            0 => {
                bytes.truncate(at);
                format!("cut to {at} bytes")
            }
            1 => {
                bytes[at] ^= 1 << dice.below(8);
                format!("a bit of byte {at} flipped")
            }
            // The directory of an archive stands at its end, and few bytes of it matter more than all others.
            _ => {
                let at = bytes.len() - 1 - dice.below(600.min(bytes.len() as u64)) as usize;
                bytes[at] = bytes[at].wrapping_add(1 + dice.below(255) as u8);
                format!("byte {at} of the directory changed")
            }
        };
        let what = format!("seed {seed}, round {round}: {what}");
        let damaged = folder.path().join("damaged.zip");
        fs::write(&damaged, bytes).unwrap();
        let target = folder.path().join(format!("restored-{round}"));
        fs::create_dir_all(target.join("keys")).unwrap();
        fs::copy(data.join("keys/contacts.keys"), target.join("keys/contacts.keys")).unwrap();
        let output = hongniang(&target, &["restore", damaged.to_str().unwrap()]).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code().is_some_and(|code| code < 100), "{what}: {said}");
        if output.status.success() {
            succeeds(&target, &["index", "verify"]);
            succeeds(&target, &["audit", "verify"]);
        } else {
            refused += 1;
            assert!(!target.join("hongniang.db").exists(), "{what}: something was put in place\n{said}");
        }
    }
    assert!(refused > 0, "seed {seed}: no damage was found");
}
