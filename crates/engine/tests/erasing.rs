//! Property of erasing: once it is finished, this process holds no file of the person's former index open, not even for somebody who was paging through it.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::time::Duration;

use domain::{Kind, RecordId};
use engine::{Engine, SearchRequest, Settings};
use serde_json::json;

/// Files of this folder that are gone and still open or mapped.
fn ghosts(folder: &str) -> Vec<String> {
    let open = fs::read_dir("/proc/self/fd").unwrap().flatten();
    let open = open.filter_map(|entry| Some(fs::read_link(entry.path()).ok()?.display().to_string()));
    let maps = fs::read_to_string("/proc/self/maps").unwrap();
    let mut ghosts: Vec<String> = open.chain(maps.lines().map(str::to_owned)).collect();
    ghosts.retain(|line| line.contains(folder) && line.ends_with("(deleted)"));
    ghosts
}

#[tokio::test(flavor = "multi_thread")]
async fn a_state_that_is_paged_through_holds_no_file_of_the_erased() {
    let folder = tempfile::tempdir().unwrap();
    let engine = Engine::open(&Settings::new(folder.path())).await.unwrap();
    for name in ["甲", "乙", "丙"] {
        engine.create(Kind::Expert, json!({"name": name, "keywords": ["激光焊接"]})).await.unwrap();
    }
    engine.catch_up().await.unwrap();
    let mut page =
        SearchRequest { text: Some("激光焊接".to_owned()), limit: 1, ..SearchRequest::default() };
    page.after = engine.search(Kind::Expert, &page).await.unwrap().next;
    engine.erase_person(RecordId::new(Kind::Expert, 2)).await.unwrap();
    assert_eq!(engine.finish_erasing(Duration::from_secs(60)).await.unwrap(), []);
    assert_eq!(ghosts(folder.path().to_str().unwrap()), [""; 0]);
}
