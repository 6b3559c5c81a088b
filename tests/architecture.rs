//! The house as `ARCHITECTURE.md` draws it: which crate may know which, and how long a file may be.
//!
//! Properties: every arrow between our crates is an allowed one; every crate has its place in the drawing; no source file is longer than
//! 500 lines; every source file opens by saying what it is for. That functions stay under 80 lines is clippy's to say (`clippy.toml`).
#![allow(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// From each crate to those it may depend on, for its tests too. `cli` constructs everything.
const ARROWS: [(&str, &[&str]); 13] = [
    ("text", &[]),
    ("domain", &[]),
    ("vectors", &["text"]),
    ("embedding", &[]),
    ("planning", &[]),
    ("sweep", &[]),
    ("ranking", &["domain", "text", "vectors"]),
    ("index", &["domain", "text", "vectors", "embedding", "ranking", "sweep"]),
    ("store", &["domain"]),
    ("exchange", &["domain"]),
    ("webhooks", &[]),
    (
        "engine",
        &[
            "domain",
            "text",
            "vectors",
            "embedding",
            "planning",
            "ranking",
            "index",
            "store",
            "exchange",
            "webhooks",
        ],
    ),
    ("api", &["domain", "engine"]),
];
const LONGEST_FILE: usize = 500;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// Crate and the crates of this workspace that it depends on.
fn arrows() -> Vec<(String, Vec<String>)> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let name = |value: &Value| value["name"].as_str().unwrap().to_owned();
    let ours = |package: &Value| {
        let dependencies = package["dependencies"].as_array().unwrap().iter();
        dependencies.filter(|dependency| !dependency["path"].is_null()).map(name).collect()
    };
    metadata["packages"].as_array().unwrap().iter().map(|package| (name(package), ours(package))).collect()
}

fn sources(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("target") {
            sources(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
}

fn all_sources() -> Vec<PathBuf> {
    let mut found = Vec::new();
    for part in ["crates", "tests", "benches"] {
        sources(&root().join(part), &mut found);
    }
    assert!(found.len() > 50, "the search for sources looks in the wrong place");
    found
}

#[test]
fn no_crate_knows_more_than_it_may() {
    let arrows = arrows();
    assert!(arrows.iter().any(|(_, to)| !to.is_empty()));
    for (from, to) in arrows {
        if from == "cli" {
            continue;
        }
        let allowed = ARROWS.iter().find(|(name, _)| *name == from);
        let (_, allowed) =
            allowed.unwrap_or_else(|| panic!("the crate {from} has no place in the architecture"));
        for name in to {
            assert!(allowed.contains(&name.as_str()), "{from} must not depend on {name}");
        }
    }
}

#[test]
fn no_file_is_too_long() {
    for path in all_sources() {
        let lines = fs::read_to_string(&path).unwrap().lines().count();
        assert!(lines <= LONGEST_FILE, "{} has {lines} lines", path.display());
    }
}

#[test]
fn every_file_says_what_it_is_for() {
    for path in all_sources() {
        let text = fs::read_to_string(&path).unwrap();
        let first = text.lines().next().unwrap_or_default();
        assert!(first.starts_with("//! ") && first.len() > 10, "{} does not open with //!", path.display());
    }
}
