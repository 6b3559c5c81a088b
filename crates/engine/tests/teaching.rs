//! Properties of learning term vectors from the registries:
//!
//! - what was learned is in the indexes of all registries that are matched, and the indexes agree with the database;
//! - the same records give the same vectors; a server that runs beside takes them over and answers as the process that learned;
//! - learned vectors can be taken away, and all is as it was before;
//! - from too few records nothing is learned and nothing changes; a second learner is refused while the first one learns;
//! - a damaged file of vectors is an error that names it, not a silence, but an index that is gone is built again all the same;
//! - an index whose vectors are gone is not compared with others: it is built again.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::io::Cursor;
use std::path::Path;
use std::sync::Arc;

use domain::{Kind, RecordId};
use engine::{Engine, EngineError, Format, ImportOptions, MatchRequest, Settings, Subject, TeachingProgress};
use index::Catalog;
use serde_json::json;
use text::{Analyzer, Dictionaries};
use vectors::TermVectors;

const MATCHED: [Kind; 4] = [Kind::Need, Kind::Expert, Kind::Station, Kind::Achievement];

async fn demo(folder: &Path) -> Engine {
    let engine = Engine::open(&Settings::new(folder)).await.unwrap();
    for kind in MATCHED {
        let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data/demo");
        let bytes = fs::read(data.join(format!("{}.jsonl", kind.plural()))).unwrap();
        let options = ImportOptions { kind, format: Format::JsonLines, all_or_nothing: false };
        engine.import(options, Cursor::new(bytes), |_| {}).await.unwrap();
    }
    engine.catch_up().await.unwrap();
    engine
}

/// The vectors in each registry's index, as another process would read them.
fn identities(folder: &Path) -> Vec<String> {
    let analyzer = Arc::new(Analyzer::new(&Dictionaries::builtin()).unwrap());
    let catalog = Catalog::open(&folder.join("index"), analyzer, None).unwrap();
    MATCHED.map(|kind| catalog.registry(kind).snapshot().vectors().identity().to_owned()).to_vec()
}

async fn answers(engine: &Engine) -> Vec<(u64, f64)> {
    let request = MatchRequest { target: Kind::Expert, limit: 20, with_excluded: false, on: None };
    let need = Subject::Stored(RecordId::new(Kind::Need, 20));
    let found = engine.find_matches(&need, &request).await.unwrap().matches;
    found.into_iter().map(|found| (found.record.id.number, found.explanation.total)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_learned_is_in_every_index_and_a_server_takes_it_over() {
    let folder = tempfile::tempdir().unwrap();
    let server = demo(folder.path()).await;
    let before = answers(&server).await;
    let file = folder.path().join("learned/term-vectors.bin");
    let learner = Engine::open(&Settings::new(folder.path())).await.unwrap();
    let mut heard = Vec::new();
    let taught = learner.train_vectors(|progress| heard.push(progress)).await.unwrap();
    assert!(taught.records > 500 && taught.pairs > 1_000 && taught.terms.is_some(), "{taught:?}");
    assert!(matches!(heard[0], TeachingProgress::Reading(1.., _)));
    assert!(
        matches!(heard.last(), Some(TeachingProgress::Rebuilding(Kind::Achievement, done, all)) if done == all)
    );

    let learned = TermVectors::from_bytes(&fs::read(&file).unwrap()).unwrap();
    assert_ne!(learned.identity(), TermVectors::builtin().identity());
    assert_eq!(identities(folder.path()), vec![learned.identity(); 4]);
    assert!(learner.verify_index().await.unwrap().differences.is_empty());
    let after = answers(&learner).await;
    assert_ne!(after, before);
    learner.close().await;

    server.catch_up().await.unwrap();
    assert_eq!(answers(&server).await, after);
    // New records are read with the same vectors.
    server.create(Kind::Need, json!({"title": "乌龙茶摇青程度在线判断"})).await.unwrap();
    server.catch_up().await.unwrap();
    assert_eq!(identities(folder.path()), vec![learned.identity(); 4]);
    server.close().await;

    let again = tempfile::tempdir().unwrap();
    let other = demo(again.path()).await;
    other.train_vectors(|_| {}).await.unwrap();
    assert_eq!(fs::read(again.path().join("learned/term-vectors.bin")).unwrap(), learned.to_bytes());

    assert!(other.reset_vectors(|_| {}).await.unwrap());
    assert_eq!(identities(again.path()), vec![TermVectors::builtin().identity(); 4]);
    assert_eq!(answers(&other).await, before);
    assert!(!other.reset_vectors(|_| {}).await.unwrap(), "there is nothing more to take away");
}

/// Three projects find each other both ways (6) and the direction (3); each title is cut in two twice (8); one sentence of the life is long
/// enough (1), and so are the keywords (1). A need brings its title and two sentences: 2 cuts, 2 pairs.
#[tokio::test(flavor = "multi_thread")]
async fn what_belongs_together_is_paired() {
    let folder = tempfile::tempdir().unwrap();
    let engine = Engine::open(&Settings::new(folder.path())).await.unwrap();
    let expert = json!({"name": "甲", "research_directions": ["激光焊接过程监测"], "keywords": ["气孔"], "bio": "甲。长期研究激光焊接的气孔控制。",
        "projects": ["铝合金激光焊接气孔抑制", "焊缝跟踪与视觉检测", "动力电池壳体焊接工艺"]});
    engine.create(Kind::Expert, expert).await.unwrap();
    let need = json!({"title": "方形铝壳电池焊接气孔", "description": "焊缝气孔率偏高影响密封。希望降到千分之三以下。急。"});
    engine.create(Kind::Need, need).await.unwrap();
    let taught = engine.train_vectors(|_| {}).await.unwrap();
    assert_eq!((taught.records, taught.pairs), (2, 6 + 3 + 8 + 1 + 1 + 2 + 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn too_little_teaches_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let engine = Engine::open(&Settings::new(folder.path())).await.unwrap();
    engine.create(Kind::Need, json!({"title": "激光焊接气孔控制"})).await.unwrap();
    engine.catch_up().await.unwrap();
    let taught = engine.train_vectors(|_| {}).await.unwrap();
    assert_eq!((taught.records, taught.terms), (1, None));
    assert!(!folder.path().join("learned/term-vectors.bin").exists());
    assert_eq!(identities(folder.path())[0], TermVectors::builtin().identity());
}

#[tokio::test(flavor = "multi_thread")]
async fn damaged_vectors_are_an_error_that_names_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let engine = Engine::open(&Settings::new(folder.path())).await.unwrap();
    fs::create_dir(folder.path().join("learned")).unwrap();
    fs::write(folder.path().join("learned/term-vectors.bin"), b"HNVEC1\ncut").unwrap();
    let error = engine.rebuild_index(Kind::Need, |_, _| {}).await.unwrap_err();
    assert!(
        matches!(&error, EngineError::DataDir { path, .. } if path.ends_with("learned/term-vectors.bin")),
        "{error}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn one_learns_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let engine = Engine::open(&Settings::new(folder.path())).await.unwrap();
    fs::create_dir(folder.path().join("learned")).unwrap();
    let lock = fs::File::create(folder.path().join("learned/train.lock")).unwrap();
    lock.lock().unwrap();
    let error = engine.train_vectors(|_| {}).await.unwrap_err();
    assert_eq!(error.to_string(), "另一个进程正在学习词向量，请稍后再试");
    lock.unlock().unwrap();
    engine.train_vectors(|_| {}).await.unwrap();
}

/// Killed between installing the vectors and writing the indexes anew.
#[tokio::test(flavor = "multi_thread")]
async fn registries_that_are_written_with_other_vectors_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let engine = demo(folder.path()).await;
    let file = folder.path().join("learned/term-vectors.bin");
    assert_eq!(engine.registries_with_other_vectors().await.unwrap(), []);
    engine.train_vectors(|_| {}).await.unwrap();
    assert_eq!(engine.registries_with_other_vectors().await.unwrap(), []);
    let learned = fs::read(&file).unwrap();
    engine.reset_vectors(|_| {}).await.unwrap();
    fs::write(&file, learned).unwrap();
    let matched = [Kind::Need, Kind::Expert, Kind::Station, Kind::Achievement];
    assert_eq!(engine.registries_with_other_vectors().await.unwrap(), matched);
    engine.rebuild_index(Kind::Need, |_, _| {}).await.unwrap();
    assert_eq!(engine.registries_with_other_vectors().await.unwrap(), matched[1..]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_that_lost_its_vectors_is_built_again() {
    let folder = tempfile::tempdir().unwrap();
    let engine = demo(folder.path()).await;
    engine.train_vectors(|_| {}).await.unwrap();
    let before = answers(&engine).await;
    engine.close().await;
    drop(engine);
    let index = folder.path().join("index/experts");
    let generation = index.join(fs::read_to_string(index.join("CURRENT")).unwrap().trim());
    fs::remove_file(generation.join("term-vectors.bin")).unwrap();
    let engine = Engine::open(&Settings::new(folder.path())).await.unwrap();
    engine.catch_up().await.unwrap();
    assert_ne!(fs::read_to_string(index.join("CURRENT")).unwrap().trim(), generation.file_name().unwrap());
    assert_eq!(answers(&engine).await, before);
}
