//! The small files of an index: the pointer to the current generation, the seal, the list of files, the learned vectors. Whatever they hold, the index
//! opens as it was or is to be rebuilt.
#![no_main]

use std::fs;
use std::path::PathBuf;
use std::sync::LazyLock;

use domain::Kind;
use fuzz::{indexed, open};
use index::{IndexState, SearchQuery};
use libfuzzer_sys::fuzz_target;

static FOLDER: LazyLock<PathBuf> = LazyLock::new(indexed);
const FILES: [&str; 5] = [
    "CURRENT",
    "generation-1/meta.json",
    "generation-1/.managed.json",
    "generation-1/term-vectors.bin",
    "generation-1/meta.json",
];

fuzz_target!(|bytes: &[u8]| {
    let Some((&choice, bytes)) = bytes.split_first() else { return };
    let file = FOLDER.join("experts").join(FILES[usize::from(choice) % FILES.len()]);
    let sound = fs::read(&file).ok();
    // The last one keeps the seal whole, so that what lies behind it is read.
    let mut damaged = bytes.to_vec();
    if usize::from(choice) % FILES.len() == 4 {
        damaged.extend(b"\nHNSEAL1\n");
        let digest = blake3::hash(&damaged);
        damaged.extend(digest.to_hex().as_bytes());
        damaged.push(b'\n');
    }
    fs::write(&file, &damaged).expect("there is room");
    let catalog = open(&FOLDER).expect("an index that cannot be used is no error");
    let registry = catalog.registry(Kind::Expert);
    let query = SearchQuery { text: Some("电池".to_owned()), limit: 3, ..SearchQuery::default() };
    match (registry.state(), registry.snapshot().search(&query)) {
        (IndexState::Ready { .. }, answer) => drop(answer.expect("a sound index answers")),
        (_, answer) => assert!(answer.is_err(), "a stale index has no answer"),
    }
    drop(catalog);
    match sound {
        Some(sound) => fs::write(&file, sound).expect("there is room"),
        None => fs::remove_file(&file).expect("it was just written"),
    }
});
