//! Properties of an embedding model in the matching, over real parts, the demonstration's records and a tiny model that the test makes:
//!
//! - an index carries the model that it was written with: without it, or with another, it is stale, and is built again by itself;
//! - a ranking with the model is another one than without, and the same each time, however the records came in; taken away, all is as before;
//! - the same text has likeness 1; the prefix counts for the asking side alone and asks for no new index;
//! - points add up, and words are named as alike by term vectors;
//! - a model that is missing or broken is an error that names it, before anything is opened; term vectors are not learned beside a model.
#![allow(clippy::unwrap_used, reason = "tests")]

#[path = "../../embedding/tests/tiny/mod.rs"]
mod tiny;

use std::fs;
use std::io::Cursor;
use std::path::Path;
use std::sync::Arc;

use domain::{Kind, RecordId};
use embedding::{Files, Model, ModelError};
use engine::{
    EmbeddingSettings, Engine, EngineError, Explanation, Format, ImportOptions, MatchRequest, Settings,
    Subject,
};
use index::{Catalog, IndexState};
use serde_json::json;
use text::{Analyzer, Dictionaries};
use tiny::{TINY, Tiny};

const REGISTRIES: [Kind; 3] = [Kind::Need, Kind::Expert, Kind::Achievement];

/// A data directory, and two models beside it.
struct House {
    folder: tempfile::TempDir,
}

impl House {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        TINY.write(&folder.path().join("model"));
        Tiny { seed: "another", ..TINY }.write(&folder.path().join("other"));
        Self { folder }
    }

    fn settings(&self, model: &str, prefix: &str) -> Settings {
        let model_dir = Some(self.folder.path().join(model)).filter(|_| !model.is_empty());
        let embedding = EmbeddingSettings { model_dir, query_prefix: prefix.to_owned() };
        Settings { embedding, ..Settings::new(self.folder.path().join("data")) }
    }

    /// The engine with this model, its index brought up to date.
    async fn open(&self, model: &str, prefix: &str) -> Engine {
        let engine = Engine::open(&self.settings(model, prefix)).await.unwrap();
        engine.catch_up().await.unwrap();
        engine
    }

    async fn import(&self, engine: &Engine) {
        for kind in REGISTRIES {
            let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data/demo");
            let bytes = fs::read(data.join(format!("{}.jsonl", kind.plural()))).unwrap();
            // A part of it is enough, and a model takes its time.
            let bytes = bytes.split_inclusive(|&byte| byte == b'\n').take(60).collect::<Vec<_>>().concat();
            let options = ImportOptions { kind, format: Format::JsonLines, all_or_nothing: false };
            engine.import(options, Cursor::new(bytes), |_| {}).await.unwrap();
        }
        engine.catch_up().await.unwrap();
    }

    /// Whether each registry's index can be read by who has this model.
    fn readable(&self, model: &str) -> bool {
        let directory = self.folder.path().join(model);
        let read = |name: &str| Ok::<_, ModelError>(fs::read(directory.join(name)).ok());
        let loaded = || Arc::new(Model::load(&Files::gather(read).unwrap(), "").unwrap());
        let analyzer = Arc::new(Analyzer::new(&Dictionaries::builtin()).unwrap());
        let model = (!model.is_empty()).then(loaded);
        let catalog = Catalog::open(&self.folder.path().join("data/index"), analyzer, model).unwrap();
        let states = REGISTRIES.map(|kind| catalog.registry(kind).state());
        let ready = states.iter().filter(|state| matches!(state, IndexState::Ready { .. })).count();
        assert!(ready == 0 || ready == REGISTRIES.len(), "{states:?}");
        ready > 0
    }
}

async fn explained(engine: &Engine, need: &Subject, target: Kind) -> Vec<(u64, Explanation)> {
    let request = MatchRequest { target, limit: 20, with_excluded: false, on: None };
    let found = engine.find_matches(need, &request).await.unwrap().matches;
    found.into_iter().map(|found| (found.record.id.number, found.explanation)).collect()
}

async fn answers(engine: &Engine) -> Vec<(u64, f64)> {
    let mut answers = Vec::new();
    for number in [4, 20, 33] {
        let need = Subject::Stored(RecordId::new(Kind::Need, number));
        answers.extend(explained(engine, &need, Kind::Expert).await.into_iter().map(|(n, e)| (n, e.total)));
    }
    assert!(answers.len() > 5);
    answers
}

/// Value and points of likeness of meaning.
fn meaning(explanation: &Explanation) -> Option<(f64, f64)> {
    explanation.parts.iter().find(|part| part.code == "meaning").map(|part| (part.value, part.points))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_carries_its_model_and_follows_the_settings() {
    let house = House::new();
    let engine = house.open("", "").await;
    house.import(&engine).await;
    let without = answers(&engine).await;
    engine.close().await;
    drop(engine);
    assert!(house.readable("") && !house.readable("model"));

    let engine = house.open("model", "").await;
    let with = answers(&engine).await;
    assert_ne!(with, without);
    assert!(engine.verify_index().await.unwrap().differences.is_empty());
    engine.close().await;
    drop(engine);
    assert!(house.readable("model") && !house.readable("") && !house.readable("other"));

    let engine = house.open("other", "").await;
    assert_ne!(answers(&engine).await, with);
    engine.close().await;
    drop(engine);
    assert!(house.readable("other") && !house.readable("model"));

    let engine = house.open("", "").await;
    assert_eq!(answers(&engine).await, without);
    engine.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_records_are_ranked_the_same_however_they_came_in() {
    let (one, other) = (House::new(), House::new());
    let engine = one.open("model", "").await;
    one.import(&engine).await;
    let followed = answers(&engine).await;
    for kind in REGISTRIES {
        engine.rebuild_index(kind, |_, _| {}).await.unwrap();
    }
    assert_eq!(answers(&engine).await, followed);

    let late = other.open("", "").await;
    other.import(&late).await;
    late.close().await;
    drop(late);
    let late = other.open("model", "").await;
    assert_eq!(answers(&late).await, followed);
}

#[tokio::test(flavor = "multi_thread")]
async fn likeness_is_1_for_the_same_text_and_the_prefix_counts_for_who_asks() {
    const TITLE: &str = "水处理设备的在线检测";
    let house = House::new();
    let engine = house.open("model", "").await;
    house.import(&engine).await;
    let same = engine.create(Kind::Achievement, json!({"title": TITLE})).await.unwrap().record.id.number;
    engine.catch_up().await.unwrap();
    let need = Subject::Form(Kind::Need, json!({"title": TITLE}));
    let found = explained(&engine, &need, Kind::Achievement).await;
    let of = |found: &[(u64, Explanation)], wanted: u64| {
        meaning(&found.iter().find(|(number, _)| *number == wanted).unwrap().1).unwrap_or_default()
    };
    let (value, points) = of(&found, same);
    // Eight bits a number leave a little of the angle.
    assert!((value - 1.0).abs() < 0.02 && points > 0.0, "{value} {points}");
    assert!(found.iter().any(|(number, _)| *number != same && of(&found, *number).0 < 0.9));
    for (_, explanation) in &found {
        let sum: f64 = explanation.parts.iter().map(|part| part.points).sum();
        assert!((sum - explanation.total).abs() < 0.1, "{explanation:?}");
    }
    engine.close().await;
    drop(engine);

    let index = house.folder.path().join("data/index/achievements/CURRENT");
    let before = fs::read_to_string(&index).unwrap();
    let engine = house.open("model", "请找出能解决这一问题的成果：").await;
    assert_eq!(fs::read_to_string(&index).unwrap(), before, "no new index");
    let prefixed = of(&explained(&engine, &need, Kind::Achievement).await, same);
    assert!(prefixed.0 < value - 0.02, "{prefixed:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_cannot_be_used_is_an_error_that_names_it() {
    let house = House::new();
    let refused = async |model: &str| {
        let error = Engine::open(&house.settings(model, "")).await.err().unwrap();
        assert!(!house.folder.path().join("data").exists(), "nothing has been opened");
        error
    };
    let missing = refused("nowhere").await;
    assert!(
        matches!(&missing, EngineError::ModelFile { path, .. } if path.ends_with("nowhere")),
        "{missing}"
    );
    let weights = house.folder.path().join("model/model.safetensors");
    let whole = fs::read(&weights).unwrap();
    fs::write(&weights, &whole[..whole.len() / 2]).unwrap();
    let cut = refused("model").await;
    assert!(matches!(&cut, EngineError::Model { error: ModelError::Weights(_), .. }), "{cut}");
    fs::remove_file(&weights).unwrap();
    let gone = refused("model").await;
    assert!(
        matches!(&gone, EngineError::Model { error: ModelError::Missing("model.safetensors"), .. }),
        "{gone}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn term_vectors_are_not_learned_beside_a_model() {
    let house = House::new();
    let engine = house.open("model", "").await;
    assert!(matches!(engine.train_vectors(|_| {}).await, Err(EngineError::ModelInPlace)));
    assert!(!house.folder.path().join("data/learned").exists());
}
