//! Properties of the night's ranking, over the demonstration's records:
//!
//! - under the present statistics it proposes whom an interactive request proposes, with the same scores;
//! - no other record changes the score of a pair as long as the statistics are the same: not a new one, not one that has gone, not one that was edited;
//! - some candidates are ranked as they are among all, with the same scores;
//! - statistics that were written down and read back are the same.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use domain::{Kind, RecordId, Status};
use engine::{
    Engine, EpochStatistics, Format, ImportOptions, MatchRequest, NightRanking, Place, Settings, Subject,
};
use jiff::civil::date;
use serde_json::json;

const DAY: jiff::civil::Date = date(2026, 11, 21);
const TARGETS: [Kind; 3] = [Kind::Expert, Kind::Station, Kind::Achievement];

async fn loaded(folder: &Path) -> Engine {
    let engine = Engine::open(&Settings::new(folder)).await.unwrap();
    for kind in Kind::ALL {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data/demo").join(kind.plural());
        let bytes = fs::read(file.with_extension("jsonl")).unwrap();
        let options = ImportOptions { kind, format: Format::JsonLines, all_or_nothing: false };
        engine.import(options, std::io::Cursor::new(bytes), |_| {}).await.unwrap();
    }
    engine.catch_up().await.unwrap();
    engine
}

/// The best of each need and registry.
async fn placed(engine: &Engine, night: &NightRanking, keep: usize) -> BTreeMap<(u64, Kind), Vec<Place>> {
    let mut all = BTreeMap::new();
    for number in (1..=40).step_by(3) {
        let need = engine.read(RecordId::new(Kind::Need, number)).await.unwrap().record;
        let asking = night.read(&need, &[]).unwrap();
        for target in TARGETS {
            all.insert((number, target), night.rank(&asking, target, None, keep).unwrap());
        }
    }
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn the_night_proposes_whom_a_request_proposes() {
    let folder = tempfile::tempdir().unwrap();
    let engine = loaded(folder.path()).await;
    let statistics = engine.freeze().await.unwrap();
    assert_eq!(EpochStatistics::from_bytes(&statistics.to_bytes()).unwrap(), statistics);
    let night = engine.night_ranking(Arc::new(statistics), DAY).unwrap();
    for ((number, target), placed) in placed(&engine, &night, 20).await {
        let request = MatchRequest { target, limit: 20, with_excluded: false, on: Some(DAY) };
        let need = Subject::Stored(RecordId::new(Kind::Need, number));
        let matches = engine.find_matches(&need, &request).await.unwrap().matches;
        let rounded = |total: f64| (total * 1e4).round() / 1e4;
        let live: Vec<(u64, f64)> =
            matches.iter().map(|found| (found.record.id.number, found.explanation.total)).collect();
        let night: Vec<(u64, f64)> =
            placed.iter().map(|found| (found.number, rounded(found.score))).collect();
        assert_eq!(live, night, "need {number}, {target}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_other_record_changes_the_score_of_a_pair() {
    let folder = tempfile::tempdir().unwrap();
    let engine = loaded(folder.path()).await;
    let statistics = Arc::new(engine.freeze().await.unwrap());
    let before = placed(&engine, &engine.night_ranking(statistics.clone(), DAY).unwrap(), 1000).await;
    assert!(before.values().flatten().count() > 100);

    let edited = RecordId::new(Kind::Expert, 5);
    engine.replace(edited, None, json!({"name": "改了资料的专家", "bio": "激光焊接气孔控制"})).await.unwrap();
    engine.set_status(RecordId::new(Kind::Expert, 7), None, Status::Withdrawn).await.unwrap();
    let line = json!({"name": "新来的专家", "bio": "激光焊接、污水处理、锂离子电池回收、水稻育种", "projects": ["激光焊接"]});
    let created = engine.create(Kind::Expert, line).await.unwrap().record.id;
    engine.create(Kind::Need, json!({"title": "激光焊接气孔", "enterprise_name": "某厂"})).await.unwrap();
    engine.catch_up().await.unwrap();

    let night = engine.night_ranking(statistics.clone(), DAY).unwrap();
    let touched = [edited.number, 7, created.number];
    let mut told = false;
    for ((need, target), mut after) in placed(&engine, &night, 1000).await {
        let mut before = before[&(need, target)].clone();
        told |= target == Kind::Expert && after.iter().any(|found| found.number == created.number);
        if target == Kind::Expert {
            before.retain(|found| !touched.contains(&found.number));
            after.retain(|found| !touched.contains(&found.number));
        }
        assert_eq!(before, after, "need {need}, {target}");
    }
    assert!(told, "the new expert fits some need");
    let present = engine.freeze().await.unwrap();
    assert_ne!(present, *statistics);
}

#[tokio::test(flavor = "multi_thread")]
async fn some_are_ranked_as_among_all() {
    let folder = tempfile::tempdir().unwrap();
    let engine = loaded(folder.path()).await;
    let night = engine.night_ranking(Arc::new(engine.freeze().await.unwrap()), DAY).unwrap();
    let need = engine.read(RecordId::new(Kind::Need, 4)).await.unwrap().record;
    let asking = night.read(&need, &[]).unwrap();
    for target in TARGETS {
        let all = night.rank(&asking, target, None, 1000).unwrap();
        let among: Vec<u64> = (1..200).step_by(3).collect();
        let some = night.rank(&asking, target, Some(&among), 1000).unwrap();
        let expected: Vec<Place> =
            all.iter().filter(|found| among.contains(&found.number)).cloned().collect();
        assert!(!expected.is_empty());
        assert_eq!(some, expected, "{target}");
        assert_eq!(night.rank(&asking, target, Some(&among), 2).unwrap(), expected[..2]);
        assert_eq!(night.rank(&asking, target, Some(&[]), 5).unwrap(), []);
        assert_eq!(night.rank(&asking, target, None, 3).unwrap(), all[..3]);
    }
}
