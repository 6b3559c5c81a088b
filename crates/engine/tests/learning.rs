//! Properties of learning over real parts and the demonstration's records:
//!
//! - judgements made by hidden weights are learned, and the needs held back bear it out;
//! - where the needs held back say the opposite, it is refused; so it is where there is too little to learn from;
//! - the order in which judgements came makes no difference, nor does doing it twice;
//! - feedback teaches too; what the operator has set stays.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use domain::{Decision, Kind, RecordId};
use engine::learning::{Lesson, Refusal, is_held_back, parameters};
use engine::{
    Engine, FeedbackDraft, Format, ImportOptions, MatchRequest, MatchingSettings, Settings, Subject, Weights,
};
use store::{Judgement, Store};

const NEEDS: u64 = 60;

async fn loaded(folder: &Path) -> Engine {
    let engine = Engine::open(&Settings::new(folder)).await.unwrap();
    for kind in [Kind::Expert, Kind::Need] {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data/demo").join(kind.plural());
        let bytes = fs::read(file.with_extension("jsonl")).unwrap();
        let options = ImportOptions { kind, format: Format::JsonLines, all_or_nothing: true };
        engine.import(options, std::io::Cursor::new(bytes), |_| {}).await.unwrap();
    }
    engine.catch_up().await.unwrap();
    engine
}

/// Someone for whom nearness decides.
fn hidden(weights: &Weights) -> Weights {
    let mut weights = *weights;
    weights.features.region = 3.0;
    weights.features.field = 0.0;
    weights.candidate.areas.title.weight = 0.2;
    weights
}

/// What each need finds, the best first.
async fn found(engine: &Engine, limit: usize) -> BTreeMap<u64, Vec<u64>> {
    let request = MatchRequest { target: Kind::Expert, limit, with_excluded: false, on: None };
    let mut all = BTreeMap::new();
    for need in 1..=NEEDS {
        let subject = Subject::Stored(RecordId::new(Kind::Need, need));
        let matches = engine.find_matches(&subject, &request).await.unwrap().matches;
        all.insert(need, matches.into_iter().map(|found| found.record.id.number).collect());
    }
    all
}

/// The first sixteen of the present ranking, judged by their order under the hidden weights; `turned` needs the other way round.
async fn judgements(engine: &Engine, turned: impl Fn(RecordId) -> bool) -> Vec<Judgement> {
    let pools = found(engine, 16).await;
    let wanted =
        found(&engine.ranking_with(hidden(engine.weights()), MatchingSettings::default()), 100).await;
    let mut judgements = Vec::new();
    for (need, pool) in pools {
        let mut order = pool;
        order.sort_by_key(|expert| {
            wanted[&need].iter().position(|other| other == expert).unwrap_or(usize::MAX)
        });
        for (at, expert) in order.iter().enumerate() {
            let level = 4 - (4 * at / order.len()) as u8;
            let level = if turned(RecordId::new(Kind::Need, need)) { 5 - level } else { level };
            judgements.push(Judgement {
                need,
                target: RecordId::new(Kind::Expert, *expert),
                judge: "甲".to_owned(),
                level,
                note: String::new(),
                source: String::new(),
            });
        }
    }
    judgements
}

async fn keep(folder: &Path, judgements: &[Judgement]) {
    let store = Store::open(folder.join("hongniang.db")).await.unwrap();
    store.add_judgements(judgements).await.unwrap();
    store.close().await;
}

fn learned(lesson: &Lesson, code: &str) -> f64 {
    lesson.weights.iter().find(|weight| weight.code == code).unwrap().after
}

#[tokio::test(flavor = "multi_thread")]
async fn what_judges_go_by_is_learned_and_borne_out() {
    let folder = tempfile::tempdir().unwrap();
    let engine = loaded(folder.path()).await;
    let mut judgements = judgements(&engine, |_| false).await;
    keep(folder.path(), &judgements).await;
    let lesson = engine.learn_weights(&BTreeSet::new()).await.unwrap();
    let comparison = lesson.comparison.as_ref().unwrap();
    assert_eq!(lesson.refusal, None, "{lesson:?}");
    assert!(comparison.difference_interval.0 > 0.0 && comparison.p_value < 0.01, "{comparison:?}");
    assert!(learned(&lesson, "region") > 0.2 && learned(&lesson, "text.title") < 0.8, "{lesson:?}");
    assert_eq!((lesson.needs + lesson.held_back, comparison.cases), (NEEDS as usize, lesson.held_back));
    assert_eq!(lesson.judgements, judgements.len());
    let applied = parameters(&lesson.applied_to(engine.weights()));
    let same = |weight: &engine::learning::LearnedWeight| {
        applied.iter().any(|known| known.code == weight.code && known.weight == weight.after)
    };
    assert!(lesson.weights.iter().all(same));
    assert_eq!(engine.learn_weights(&BTreeSet::new()).await.unwrap(), lesson, "twice the same");

    let other = tempfile::tempdir().unwrap();
    let turned = loaded(other.path()).await;
    judgements.reverse();
    for some in judgements.chunks(7) {
        keep(other.path(), some).await;
    }
    assert_eq!(turned.learn_weights(&BTreeSet::new()).await.unwrap(), lesson, "in whatever order they came");

    let pinned = BTreeSet::from(["region".to_owned(), "text.title".to_owned()]);
    let lesson = engine.learn_weights(&pinned).await.unwrap();
    assert!(lesson.weights.iter().all(|weight| !pinned.contains(&weight.code)), "{lesson:?}");
    assert_eq!(lesson.applied_to(engine.weights()).features.region, engine.weights().features.region);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_rest_contradicts_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let engine = loaded(folder.path()).await;
    keep(folder.path(), &judgements(&engine, is_held_back).await).await;
    let lesson = engine.learn_weights(&BTreeSet::new()).await.unwrap();
    assert!(matches!(lesson.refusal, Some(Refusal::Worse { before, after }) if after < before), "{lesson:?}");
    assert!(lesson.refusal.unwrap().to_string().contains("不予采用"));
}

#[tokio::test(flavor = "multi_thread")]
async fn too_little_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let engine = loaded(folder.path()).await;
    let refusal = async || engine.learn_weights(&BTreeSet::new()).await.unwrap().refusal;
    assert_eq!(refusal().await, Some(Refusal::TooFewNeeds { found: 0, wanted: 20 }));
    let judgements = judgements(&engine, |_| false).await;
    let of = |keep: &dyn Fn(RecordId) -> bool| -> Vec<Judgement> {
        let wanted = |judged: &&Judgement| keep(RecordId::new(Kind::Need, judged.need));
        judgements.iter().filter(wanted).cloned().collect()
    };
    // A need of which all candidates are as good as each other teaches nothing.
    let mut alike = of(&|need| need.number <= 30);
    alike.iter_mut().for_each(|judged| judged.level = 3);
    keep(folder.path(), &alike).await;
    assert_eq!(refusal().await, Some(Refusal::TooFewNeeds { found: 0, wanted: 20 }));
    keep(folder.path(), &of(&|need| !is_held_back(need))).await;
    let told = refusal().await;
    assert_eq!(told, Some(Refusal::TooFewHeldBack { found: 0, wanted: 8 }));
}

#[tokio::test(flavor = "multi_thread")]
async fn feedback_teaches_too() {
    let folder = tempfile::tempdir().unwrap();
    let engine = loaded(folder.path()).await;
    let other = engine.ranking_with(hidden(engine.weights()), MatchingSettings::default());
    let wanted = found(&other, 100).await;
    let mut told = 0;
    for (need, mut experts) in found(&engine, 10).await {
        experts.sort_by_key(|expert| wanted[&need].iter().position(|other| other == expert));
        for (at, expert) in experts.iter().enumerate() {
            let decision = match at {
                0 => Decision::Solved,
                1..4 => Decision::Accepted,
                _ if at + 3 >= experts.len() => Decision::Declined,
                _ => continue,
            };
            told += 1;
            let draft = FeedbackDraft {
                need: RecordId::new(Kind::Need, need),
                candidate: RecordId::new(Kind::Expert, *expert),
                decision,
                reason: String::new(),
                decided_on: None,
                comment: String::new(),
            };
            // The last word on a pair counts.
            engine
                .add_feedback(FeedbackDraft { decision: Decision::Declined, ..draft.clone() })
                .await
                .unwrap();
            engine.add_feedback(draft).await.unwrap();
        }
    }
    let lesson = engine.learn_weights(&BTreeSet::new()).await.unwrap();
    assert_eq!((lesson.refusal.as_ref(), lesson.judgements), (None, 0), "{lesson:?}");
    assert_eq!(lesson.feedback, told);
    assert!(learned(&lesson, "region") > 0.2, "{lesson:?}");
    assert!(lesson.comparison.unwrap().difference > 0.0);
}
