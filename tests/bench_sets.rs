//! Ranking quality on the labelled sets, where they are at hand: no change of the program may make it worse than this.
//!
//! The sets are not part of the project; without them nothing is measured, and the test says so.
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "tests")]

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// A little below what the program reaches, and above what plain BM25 over single characters and pairs of characters does (0.633 and
/// 0.164).
const LEAST_NDCG: f64 = 0.655;
const LEAST_MRR: f64 = 0.187;
const LEAST_RECALL: f64 = 0.525;

fn set(name: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/bench").join(name);
    path.is_dir().then_some(path)
}

fn measured(measure: &str, name: &str) -> Option<Value> {
    let Some(set) = set(name) else {
        eprintln!("skipped: ../shared/bench/{name} is not here");
        return None;
    };
    let program = env!("CARGO_BIN_EXE_hongniang");
    let output = Command::new(program).args(["evaluate", measure]).arg(set).arg("--json").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let measured = serde_json::from_slice(&output.stdout).unwrap();
    eprintln!("{measure}: {measured}");
    Some(measured)
}

#[test]
fn graded_achievements_are_ranked_better_than_by_plain_bm25() {
    if let Some(measured) = measured("graded", "need-achievement") {
        assert_eq!(measured["needs"], 129);
        assert!(measured["ndcg_at_10"].as_f64().unwrap() >= LEAST_NDCG, "{measured}");
    }
}

#[test]
fn known_experts_are_found_better_than_by_plain_bm25() {
    if let Some(measured) = measured("known-item", "title-expert") {
        assert_eq!(measured["queries"], 2046);
        assert!(measured["mrr"].as_f64().unwrap() >= LEAST_MRR, "{measured}");
        assert!(measured["recall_at_100"].as_f64().unwrap() >= LEAST_RECALL, "{measured}");
    }
}
