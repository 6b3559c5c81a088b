//! Damage of every kind to every file of an index, before it is opened and while it is used.
//!
//! Properties: no answer ever differs from that of the intact index, and no process ends; an index whose damage could tell in an answer is stale (and
//! says so instead of answering), one that was rebuilt answers as before, and a writer makes nothing new of damaged files.
//!
//! `DAMAGES` sets the number of damages in each test (120), `DAMAGE_SEED` which they are; a failure names the seed.

use std::fs::{self, File};
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use domain::{Area, Kind};
use index::{
    Candidate, Catalog, Dimension, FacetRequest, IndexDocument, IndexError, IndexState, Scope, SearchPage,
    Snapshot,
};
use tempfile::TempDir;

use crate::fixture::{Fixture, facet, open, passage, titled, typed};
use crate::retrieval::{query, terms, weights};

const TITLES: [&str; 8] = [
    "锂电池正极材料回收",
    "激光焊接气孔控制",
    "水稻病虫害识别",
    "光纤阵列耦合胶固化",
    "矿井通风监测",
    "茶叶杀青能耗",
    "污水脱氮除磷",
    "轴承钢夹杂物检测",
];
const ASKED: [&str; 6] = ["电池", "激光焊接", "水稻", "监测", "杂物", "能耗"];

/// SplitMix64 (Steele, Lea, Flood 2014).
struct Dice(u64);

impl Dice {
    fn new(salt: u64) -> (Self, u64) {
        let now = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos() as u64;
        let seed = std::env::var("DAMAGE_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or_else(now);
        (Self(seed ^ salt), seed)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound.max(1)
    }

    fn one_of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len() as u64) as usize]
    }
}

fn damages() -> u64 {
    std::env::var("DAMAGES").ok().and_then(|count| count.parse().ok()).unwrap_or(120)
}

/// Documents of several lengths; `salt` makes them others of the same kind.
fn documents(salt: u64) -> Vec<IndexDocument> {
    let document = |number: u64| {
        let title = TITLES[((number + salt) % 8) as usize];
        let mut document = titled(number, title);
        let body = TITLES[((number / 3 + salt) % 8) as usize].repeat((number % 4 + 1) as usize);
        document.passages.push(passage(Area::Body, &body));
        document.facets.push(facet(Dimension::Field, &[["材料", "焊接", "农业"][(number % 3) as usize]]));
        document
    };
    (1..=40).map(document).collect()
}

/// An index of several segments, some with deletions. Position 4.
fn built(salt: u64) -> Fixture {
    let documents = documents(salt);
    let index = Fixture::with(&documents[..16]);
    let mut writer = index.registry().writer().unwrap();
    for (position, part) in (2..).zip(documents[16..].chunks(12)) {
        part.iter().for_each(|document| writer.put(document).unwrap());
        writer.delete(position * 5).unwrap();
        writer.commit(position).unwrap();
    }
    writer.delete(3).unwrap();
    writer.commit(4).unwrap();
    drop(writer);
    index
}

/// What remains of [`documents`] in [`built`], for a rebuild.
fn remaining(salt: u64) -> Vec<IndexDocument> {
    documents(salt).into_iter().filter(|document| ![3, 10, 15].contains(&document.number)).collect()
}

type Answers = (Vec<SearchPage>, Vec<Vec<Candidate>>, Vec<(u64, u64)>);

/// Everything that is asked of an index.
fn answers(snapshot: &Snapshot) -> Result<Answers, IndexError> {
    let mut pages = Vec::new();
    let mut found = Vec::new();
    for asked in ASKED {
        let mut typed = typed(asked);
        typed.count = vec![FacetRequest { dimension: Dimension::Field, below: Vec::new() }];
        pages.push(snapshot.search(&typed)?);
        let query = query(terms(asked));
        found.push(snapshot.retrieve(&query, &weights(0.3), &Scope::default(), 20)?.candidates);
    }
    Ok((pages, found, snapshot.entries()?))
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() { copy(&path, &target) } else { fs::copy(&path, target).map(drop).unwrap() }
    }
}

fn files(root: &Path) -> Vec<PathBuf> {
    let mut files = vec![root.join("CURRENT")];
    for entry in fs::read_dir(root).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
        }
    }
    files.sort();
    files
}

fn ending(file: &Path) -> String {
    let name = file.file_name().unwrap().to_str().unwrap();
    name.rsplit('.').next().unwrap().to_owned()
}

/// Does one damage to one file below `root`, in place, and says which. `others` are files of the same kinds that belong elsewhere.
fn damage(dice: &mut Dice, root: &Path, others: &[PathBuf]) -> String {
    let all = files(root);
    let file = dice.one_of(&all);
    let name = file.file_name().unwrap().to_str().unwrap();
    let length = fs::metadata(file).unwrap().len();
    let opened = || File::options().write(true).open(file).unwrap();
    let said = match dice.below(6) {
        0 => {
            let left = dice.below(length);
            opened().set_len(left).unwrap();
            format!("cut to {left} of {length} bytes")
        }
        1 | 2 if length > 0 => {
            let (at, bit) = (dice.below(length), dice.below(8));
            let byte = fs::read(file).unwrap()[at as usize] ^ (1 << bit);
            let mut file = opened();
            file.seek(SeekFrom::Start(at)).unwrap();
            file.write_all(&[byte]).unwrap();
            format!("bit {bit} of byte {at} flipped")
        }
        3 => {
            fs::remove_file(file).unwrap();
            "removed".to_owned()
        }
        4 => {
            let same: Vec<&PathBuf> = others
                .iter()
                .chain(&all)
                .filter(|other| *other != file && ending(other) == ending(file))
                .collect();
            if same.is_empty() {
                return damage(dice, root, others);
            }
            let other = dice.one_of(&same);
            fs::write(file, fs::read(other).unwrap()).unwrap();
            format!("replaced by {}", other.display())
        }
        _ => {
            let (from, count) = (dice.below(length), dice.below(64) + 1);
            let mut bytes = fs::read(file).unwrap();
            bytes.iter_mut().skip(from as usize).take(count as usize).for_each(|byte| *byte = 0);
            fs::write(file, bytes).unwrap();
            format!("{count} bytes from {from} zeroed")
        }
    };
    format!("{name} {said}")
}

/// A copy of an index, in a folder of its own.
fn copied(index: &Fixture) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    copy(&index.directory.path().join("experts"), &folder.path().join("experts"));
    folder
}

/// Rebuilds what is stale, and sees that it answers as before.
fn heals(catalog: &Catalog, salt: u64, expected: &Answers, what: &str) {
    let registry = catalog.registry(Kind::Expert);
    let mut rebuild = registry.rebuild(vectors::TermVectors::builtin()).unwrap();
    remaining(salt).iter().for_each(|document| rebuild.put(document).unwrap());
    rebuild.finish(4).unwrap_or_else(|error| panic!("{what}: {error}"));
    assert_eq!(registry.state(), IndexState::Ready { position: 4 }, "{what}");
    assert_eq!(&answers(&registry.snapshot()).unwrap(), expected, "{what}, rebuilt");
}

#[test]
fn damage_before_the_start_is_found_or_does_not_matter() {
    let (mut dice, seed) = Dice::new(1);
    let (sound, other) = (built(0), built(5));
    let expected = answers(&sound.snapshot()).unwrap();
    let others = files(&other.directory.path().join("experts"));
    let mut stale = 0;
    for round in 0..damages() {
        let folder = copied(&sound);
        let what = damage(&mut dice, &folder.path().join("experts"), &others);
        let what = format!("seed {seed}, round {round}: {what}");
        let catalog = open(&folder);
        let registry = catalog.registry(Kind::Expert);
        match registry.state() {
            IndexState::Ready { position } => {
                assert_eq!(position, 4, "{what}");
                assert_eq!(answers(&registry.snapshot()).unwrap(), expected, "{what}");
            }
            _ => {
                stale += 1;
                assert!(matches!(answers(&registry.snapshot()), Err(IndexError::Stale(_))), "{what}");
                heals(&catalog, 0, &expected, &what);
            }
        }
    }
    assert!(stale * 2 > damages(), "only {stale} were found, seed {seed}");
}

#[test]
fn damage_while_running_is_never_answered_by() {
    let (mut dice, seed) = Dice::new(2);
    let (sound, other) = (built(0), built(5));
    let expected = answers(&sound.snapshot()).unwrap();
    let others = files(&other.directory.path().join("experts"));
    let mut refused = 0;
    for round in 0..damages() {
        let folder = copied(&sound);
        let catalog = open(&folder);
        let registry = catalog.registry(Kind::Expert);
        // Half of the time nothing has been read yet when the damage comes.
        if dice.below(2) == 0 {
            assert_eq!(answers(&registry.snapshot()).unwrap(), expected);
        }
        // File systems tell times apart by some milliseconds only.
        thread::sleep(Duration::from_millis(12));
        let held = registry.snapshot();
        let what = damage(&mut dice, &folder.path().join("experts"), &others);
        let what = format!("seed {seed}, round {round}: {what}");
        match answers(&held) {
            Ok(answers) => assert_eq!(answers, expected, "{what}"),
            Err(IndexError::Stale(_)) => refused += 1,
            Err(other) => panic!("{what}: {other:?}"),
        }
        if let Ok(mut writer) = registry.writer() {
            writer.put(&titled(3, "电池")).unwrap();
            // Whatever it says: what it makes of the files is looked at below.
            let _ = writer.commit(5);
        }
        registry.refresh().unwrap();
        match registry.state() {
            IndexState::Ready { position: 5 } => {
                assert_eq!(registry.snapshot().entries().unwrap().len(), 38, "{what}");
                heals(&catalog, 0, &expected, &what);
            }
            IndexState::Ready { .. } => {
                assert_eq!(answers(&registry.snapshot()).unwrap(), expected, "{what}")
            }
            _ => heals(&catalog, 0, &expected, &what),
        }
    }
    assert!(refused * 4 > damages(), "only {refused} were found, seed {seed}");
}

/// What a failing disk does: the bytes are others, and no time says so.
#[test]
fn damage_that_touches_no_time_is_found_when_all_is_read() {
    let index = built(0);
    let root = index.directory.path().join("experts");
    let file = files(&root).into_iter().find(|file| ending(file) == "fast").unwrap();
    let modified = fs::metadata(&file).unwrap().modified().unwrap();
    let mut bytes = fs::read(&file).unwrap();
    bytes[20] ^= 4;
    fs::write(&file, bytes).unwrap();
    File::options().write(true).open(&file).unwrap().set_modified(modified).unwrap();
    index.registry().refresh().unwrap();
    assert_eq!(
        index.registry().state(),
        IndexState::Ready { position: 4 },
        "nothing says that it was touched"
    );
    index.registry().examine().unwrap();
    assert_eq!(index.registry().state(), IndexState::Stale);
}

#[test]
fn a_file_that_was_only_touched_is_sound() {
    let index = built(0);
    let expected = answers(&index.snapshot()).unwrap();
    for file in files(&index.directory.path().join("experts")) {
        File::options()
            .write(true)
            .open(&file)
            .unwrap()
            .set_modified(SystemTime::now() + Duration::from_secs(9))
            .unwrap();
    }
    assert_eq!(answers(&index.snapshot()).unwrap(), expected);
    index.registry().refresh().unwrap();
    index.registry().examine().unwrap();
    assert_eq!(answers(&index.snapshot()).unwrap(), expected);
}
