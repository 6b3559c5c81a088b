//! Properties of the re-match over real parts (SQLite, tantivy) and generated registries:
//!
//! - after any sequence of edits of every kind, what an incremental run publishes is what a run of everything publishes, to the byte, whatever reasons there are to rank
//!   anew or not;
//! - what changed between two runs is named, each with its reason, and nothing else;
//! - the same day without changes is the same run;
//! - whoever reads sees the old run or the new one;
//! - a run that was stopped goes on where it stood.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use domain::{Kind, RecordId, Status};
use engine::{
    ChangeKind, ChangeReason, Engine, EngineError, FeedRequest, Format, ImportOptions, MatchingSettings,
    RematchRequest, RematchSettings, RunId, Settings,
};
use jiff::ToSpan;
use jiff::civil::{Date, date};
use serde_json::{Value, json};
use store::{Cluster, ClusterPlace, Store};

const DAY: Date = date(2026, 11, 21);
const WORDS: [&str; 12] = [
    "激光焊接",
    "气孔控制",
    "铝合金",
    "光纤耦合",
    "水稻育种",
    "病虫害识别",
    "电池隔膜",
    "余热回收",
    "污水处理",
    "轴承故障",
    "图像识别",
    "陶瓷涂层",
];

/// SplitMix64 (Steele, Lea, Flood 2014).
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }

    fn text(&mut self) -> String {
        let count = 2 + self.below(4);
        (0..count).map(|_| WORDS[self.below(12) as usize]).collect::<Vec<_>>().join("，")
    }

    fn form(&mut self, kind: Kind) -> Value {
        let region = ["340104", "341103", "350203"][self.below(3) as usize];
        match kind {
            Kind::Need => {
                let until = DAY.checked_add((self.below(8) as i64 - 1).days()).unwrap().to_string();
                json!({"title": self.text(), "description": self.text(), "region": region, "enterprise_name": format!("厂{}", self.below(9)),
                    "valid_until": if self.below(3) == 0 { json!(until) } else { Value::Null }})
            }
            Kind::Expert => {
                json!({"name": format!("甲{}", self.below(1000)), "bio": self.text(), "region": region,
                "organisation": format!("厂{}", self.below(9)), "capacity_per_year": 3, "engaged_this_year": self.below(4)})
            }
            Kind::Station => {
                json!({"name": format!("站{}", self.below(1000)), "description": self.text(), "region": region})
            }
            _ => json!({"title": self.text(), "summary": self.text(),
                "inventors": [{"name": "某", "expert": format!("ZJ-{}", 1 + self.below(60))}]}),
        }
    }
}

fn settings(folder: &Path) -> Settings {
    Settings {
        matching: MatchingSettings { keep: 4, ..MatchingSettings::default() },
        rematch: RematchSettings { batch: 7, ..RematchSettings::default() },
        ..Settings::new(folder)
    }
}

async fn import(engine: &Engine, kind: Kind, forms: impl Iterator<Item = Value>) {
    let rows: String = forms.map(|form| form.to_string() + "\n").collect();
    let options = ImportOptions { kind, format: Format::JsonLines, all_or_nothing: false };
    let report = engine.import(options, std::io::Cursor::new(rows.into_bytes()), |_| {}).await.unwrap();
    assert_eq!(report.rejected, 0, "{:?}", report.errors.first());
}

async fn furnished(folder: &Path, dice: &mut Dice) -> Engine {
    let engine = Engine::open(&settings(folder)).await.unwrap();
    for (kind, count, prefix) in [
        (Kind::Expert, 120, "ZJ"),
        (Kind::Station, 40, "ZD"),
        (Kind::Achievement, 80, "CG"),
        (Kind::Need, 30, "XQ"),
    ] {
        let forms: Vec<Value> = (1..=count)
            .map(|at| {
                let mut form = dice.form(kind);
                form["external_id"] = json!(format!("{prefix}-{at}"));
                form
            })
            .collect();
        import(&engine, kind, forms.into_iter()).await;
    }
    engine.catch_up().await.unwrap();
    engine
}

/// One edit of whatever kind.
async fn edit(engine: &Engine, dice: &mut Dice) {
    let kind = [Kind::Need, Kind::Expert, Kind::Station, Kind::Achievement][dice.below(4) as usize];
    let last = engine.count(kind).await.unwrap();
    let id = RecordId::new(kind, 1 + dice.below(last));
    match dice.below(8) {
        0 => drop(engine.create(kind, dice.form(kind)).await.unwrap()),
        1 => drop(engine.set_status(id, None, Status::Withdrawn).await),
        2 => drop(engine.set_status(id, None, Status::Closed).await),
        3 => drop(engine.set_status(id, None, Status::Open).await),
        4 if kind == Kind::Expert => {
            let Ok(read) = engine.read(id).await else { return };
            let mut form = serde_json::to_value(&read.record.profile).unwrap();
            form["engaged_this_year"] = json!(dice.below(4));
            engine.replace(id, None, form).await.unwrap();
        }
        5 if kind == Kind::Expert && dice.below(3) == 0 => drop(engine.erase_person(id).await),
        _ => drop(engine.replace(id, None, dice.form(kind)).await),
    }
}

/// Number and score of a place, and value and weight of each part, floating numbers by their bits.
type PlaceBits = (u64, u64, Vec<(u32, u32)>);
type Published = BTreeMap<(u64, Kind), Vec<PlaceBits>>;

/// What is published for every need: ranks and scores to the last bit, in the order of the lists.
async fn published(folder: &Path) -> Published {
    let store = Store::open(folder.join("hongniang.db")).await.unwrap();
    let run = store.current_run().await.unwrap().unwrap();
    let lists = store.match_lists(run.id, 0, 10_000).await.unwrap();
    store.close().await;
    let mut all = BTreeMap::new();
    for list in lists {
        let place = |place: &store::Place| {
            let parts = place.values.iter().zip(&list.weights);
            let parts = parts.map(|(value, weight)| (value.to_bits(), weight.to_bits())).collect();
            (place.number, place.score.to_bits(), parts)
        };
        let places: Vec<_> = list.shown().iter().map(place).collect();
        if !places.is_empty() {
            all.insert((list.need, list.target), places);
        }
    }
    all
}

/// The clusters that are published, as they are kept.
async fn clusters(folder: &Path) -> Vec<Cluster> {
    let store = Store::open(folder.join("hongniang.db")).await.unwrap();
    let run = store.current_run().await.unwrap().unwrap();
    let all = ClusterPlace { after: 0, least: 0, limit: 10_000 };
    let clusters = store.run_clusters(run.id, all).await.unwrap();
    store.close().await;
    clusters
}

/// All that changed in a run.
async fn changes(engine: &Engine, run: u64) -> Vec<engine::MatchChange> {
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        // Odd pages, so that they end within lists.
        let feed =
            engine.match_changes(&FeedRequest { after, limit: 7, run: Some(RunId(run)) }).await.unwrap();
        all.extend(feed.items);
        after = feed.next;
        if !feed.more {
            return all;
        }
    }
}

fn rounds() -> u64 {
    std::env::var("NIGHT_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(3)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_incremental_night_publishes_what_a_whole_one_does() {
    static RANKED: AtomicU64 = AtomicU64::new(0);
    static CLUSTERS: AtomicU64 = AtomicU64::new(0);
    for seed in 0..rounds() {
        let folder = tempfile::tempdir().unwrap();
        let mut dice = Dice(seed * 7_919 + 1);
        let engine = furnished(folder.path(), &mut dice).await;
        engine.rematch(&RematchRequest { on: Some(DAY), ..RematchRequest::default() }, |_| {}).await.unwrap();
        let mut before = published(folder.path()).await;
        for night in 1..6 {
            for _ in 0..=dice.below(12) {
                edit(&engine, &mut dice).await;
            }
            // Also by date alone needs come and go.
            let on = Some(DAY.checked_add((dice.below(6) as i64).days()).unwrap());
            let run =
                engine.rematch(&RematchRequest { on, ..RematchRequest::default() }, |_| {}).await.unwrap();
            let incremental = published(folder.path()).await;
            let found = clusters(folder.path()).await;
            CLUSTERS.fetch_add(found.len() as u64, Ordering::Relaxed);
            let told = changes(&engine, run.id).await;
            let whole = engine
                .rematch(&RematchRequest { on, whole: true, ..RematchRequest::default() }, |_| {})
                .await
                .unwrap();
            let what = format!("seed {seed}, night {night}");
            assert_ne!(whole.id, run.id, "{what}");
            assert_eq!(published(folder.path()).await, incremental, "{what}");
            assert_eq!(clusters(folder.path()).await, found, "{what}");
            assert_eq!((whole.needs, whole.matches), (run.needs, run.matches), "{what}");
            assert_eq!(changes(&engine, whole.id).await, [], "{what}: the whole run found something else");
            tell_all(&before, &incremental, &told, &what);
            before = incremental;
            RANKED.fetch_add(told.len() as u64, Ordering::Relaxed);
        }
        engine.close().await;
    }
    assert!(RANKED.load(Ordering::Relaxed) > 0, "nothing ever changed");
    assert!(CLUSTERS.load(Ordering::Relaxed) > 0, "no needs were ever alike");
}

/// The changes that are told are those between the two, each once.
fn tell_all(before: &Published, now: &Published, told: &[engine::MatchChange], what: &str) {
    let places = |lists: &Published| {
        let mut places = BTreeMap::new();
        for ((need, target), list) in lists {
            for (rank, (number, score, _)) in (1_u32..).zip(list) {
                places.insert((*need, *target, *number), (rank, f64::from_bits(*score)));
            }
        }
        places
    };
    let (before, now) = (places(before), places(now));
    let keys: BTreeSet<_> = before.keys().chain(now.keys()).copied().collect();
    let mut expected = BTreeMap::new();
    for key in keys {
        let (then, present) = (before.get(&key).copied(), now.get(&key).copied());
        if then.map(|place| place.0) != present.map(|place| place.0) {
            expected.insert(key, (then, present));
        }
    }
    let told: BTreeMap<_, _> = told
        .iter()
        .map(|one| {
            (
                (one.need.number, one.change.target.kind, one.change.target.number),
                (one.change.before, one.change.now),
            )
        })
        .collect();
    // Who was erased is named nowhere: their places are gone from the run before too.
    expected.retain(|key, _| {
        told.contains_key(key)
            || !(key.1 == Kind::Expert && before.contains_key(key) && !now.contains_key(key))
    });
    let differing: Vec<_> =
        expected.iter().filter(|(key, sides)| told.get(key).is_none_or(|told| told.1 != sides.1)).collect();
    assert!(differing.is_empty(), "{what}: {differing:?}");
    assert!(told.keys().all(|key| expected.contains_key(key) || before.contains_key(key)), "{what}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_change_has_its_reason() {
    let folder = tempfile::tempdir().unwrap();
    let engine = Engine::open(&settings(folder.path())).await.unwrap();
    let need = engine.create(Kind::Need, json!({"title": "激光焊接气孔控制"})).await.unwrap().record.id;
    let mut experts = Vec::new();
    for at in 1..=3 {
        let form = json!({"external_id": format!("ZJ-{at}"), "name": format!("甲{at}"), "bio": "激光焊接气孔", "capacity_per_year": 2});
        experts.push(engine.create(Kind::Expert, form).await.unwrap().record.id);
    }
    let night = async |day| {
        let on = Some(DAY.checked_add(i64::from(day).days()).unwrap());
        engine.rematch(&RematchRequest { on, ..RematchRequest::default() }, |_| {}).await.unwrap()
    };
    let told = async || -> Vec<(RecordId, ChangeKind, ChangeReason)> {
        let changes = engine.changes(need, Kind::Expert).await.unwrap().changes;
        changes.into_iter().map(|change| (change.target, change.kind, change.reason)).collect()
    };
    night(0).await;
    assert!(told().await.iter().all(|one| (one.1, one.2) == (ChangeKind::Entered, ChangeReason::FirstRun)));
    assert_eq!(told().await.len(), 3);

    let form = json!({"name": "甲1", "bio": "激光焊接气孔", "capacity_per_year": 2, "engaged_this_year": 2});
    engine.replace(experts[0], None, form).await.unwrap();
    engine.set_status(experts[1], None, Status::Withdrawn).await.unwrap();
    let form = json!({"title": "激光焊接气孔控制", "inventors": [{"name": "甲3", "expert": "ZJ-3"}]});
    engine.create(Kind::Achievement, form).await.unwrap();
    let new = engine.create(Kind::Expert, json!({"name": "新", "bio": "激光焊接"})).await.unwrap().record.id;
    night(1).await;
    let reasons: BTreeMap<RecordId, (ChangeKind, ChangeReason)> =
        told().await.into_iter().map(|(id, kind, reason)| (id, (kind, reason))).collect();
    assert_eq!(reasons[&experts[0]], (ChangeKind::Left, ChangeReason::CapacityUsed));
    assert_eq!(reasons[&experts[1]], (ChangeKind::Left, ChangeReason::Withdrawn));
    assert_eq!(reasons[&experts[2]], (ChangeKind::Rose, ChangeReason::NewAchievement));
    assert_eq!(reasons[&new], (ChangeKind::Entered, ChangeReason::NewRecord));
    let achievements = engine.changes(need, Kind::Achievement).await.unwrap().changes;
    assert_eq!(achievements[0].reason, ChangeReason::NewAchievement);

    engine.set_status(need, None, Status::Closed).await.unwrap();
    night(2).await;
    assert!(told().await.iter().all(|one| (one.1, one.2) == (ChangeKind::Left, ChangeReason::NeedEnded)));
    assert_eq!(engine.current_matches(need, Kind::Expert).await.unwrap().matches, []);
    engine.set_status(need, None, Status::Open).await.unwrap();
    night(3).await;
    assert!(told().await.iter().all(|one| (one.1, one.2) == (ChangeKind::Entered, ChangeReason::NewNeed)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_without_changes_is_one_run_and_edits_after_it_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let engine = furnished(folder.path(), &mut Dice(5)).await;
    let request = RematchRequest { on: Some(DAY), ..RematchRequest::default() };
    let first = engine.rematch(&request, |_| {}).await.unwrap();
    assert_eq!(engine.rematch(&request, |_| {}).await.unwrap(), first);
    let (mut need, mut matches) = (RecordId::new(Kind::Need, 1), Vec::new());
    for number in 1..=30 {
        need = RecordId::new(Kind::Need, number);
        matches = engine.current_matches(need, Kind::Expert).await.unwrap().matches;
        if matches.len() > 1 {
            break;
        }
    }
    assert!(matches.len() > 1 && matches.iter().all(|found| !found.outdated));
    let best = &matches[0];
    let sum: f64 = best.explanation.parts.iter().map(|part| part.points).sum();
    assert!((sum - best.explanation.total).abs() < 0.01 && !best.explanation.sentence.is_empty());
    engine.replace(best.record.id, None, json!({"name": "改", "bio": "水稻"})).await.unwrap();
    let after = engine.current_matches(need, Kind::Expert).await.unwrap().matches;
    assert!(after[0].outdated && !after[1].outdated);
    assert_eq!(after[0].explanation.total, best.explanation.total, "the score is the run's");
    let once = RematchRequest { once: true, ..request };
    assert_eq!(engine.rematch(&once, |_| {}).await.unwrap(), first);
    let second = engine.rematch(&request, |_| {}).await.unwrap();
    assert!(second.id > first.id);
    let listed = engine.runs(None, 10).await.unwrap();
    assert_eq!(listed.iter().map(|run| run.id).collect::<Vec<_>>(), [second.id], "one for a day");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_was_stopped_goes_on_and_one_that_was_given_up_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let engine = furnished(folder.path(), &mut Dice(9)).await;
    let request = RematchRequest { on: Some(DAY), ..RematchRequest::default() };
    let (told, done) = tokio::sync::watch::channel(0);
    let stop = async {
        let mut done = done.clone();
        done.wait_for(|batches| *batches >= 2).await.unwrap();
    };
    let progress = |far: engine::RematchProgress| {
        let _ = told.send(far.batches_done);
    };
    let stopped = engine.rematch_until(&request, progress, stop).await.unwrap_err();
    assert!(matches!(stopped, EngineError::RematchStopped(_)), "{stopped:?}");
    let running = engine.running_run().await.unwrap().unwrap();
    assert!(running.progress.batches_done >= 2 && running.held == 0, "{running:?}");
    assert!(matches!(engine.current_run().await.unwrap_err(), EngineError::NoRun));
    let other_day = RematchRequest { on: Some(date(2026, 11, 22)), ..request };
    let refused = engine.rematch(&other_day, |_| {}).await.unwrap_err();
    assert!(matches!(refused, EngineError::OtherRunUnderWay(DAY)), "{refused:?}");

    let run = engine.rematch(&request, |_| {}).await.unwrap();
    assert_eq!(run.id, running.id);
    let whole = RematchRequest { whole: true, ..request };
    let cancelled = engine.rematch(&whole, |_| {}).await.unwrap();
    assert!(cancelled.id > run.id);

    let engine_of_other = engine.clone();
    let mut first = true;
    let cancel = move |_| {
        if std::mem::take(&mut first) {
            let engine = engine_of_other.clone();
            tokio::task::block_in_place(|| {
                tokio::runtime::Handle::current().block_on(async { engine.cancel_rematch().await.unwrap() })
            });
        }
    };
    let given_up = engine.rematch(&whole, cancel).await.unwrap_err();
    assert!(matches!(given_up, EngineError::RematchCancelled(_)), "{given_up:?}");
    assert_eq!(engine.running_run().await.unwrap(), None);
    assert_eq!(engine.current_run().await.unwrap().id, cancelled.id);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_makes_the_run_of_each_day_whatever_day_the_current_one_is_of() {
    let folder = tempfile::tempdir().unwrap();
    let settings = Settings {
        rematch: RematchSettings { at: "00:00".to_owned(), ..RematchSettings::default() },
        ..settings(folder.path())
    };
    let engine = Engine::open(&settings).await.unwrap();
    engine.create(Kind::Need, json!({"title": "激光焊接气孔控制"})).await.unwrap();
    let far = RematchRequest { on: Some(date(2999, 1, 1)), ..RematchRequest::default() };
    engine.rematch(&far, |_| {}).await.unwrap();
    let keeper = tokio::spawn({
        let engine = engine.clone();
        async move { engine.keep_nights().await }
    });
    let started = std::time::Instant::now();
    while engine.current_run().await.unwrap().business_date == date(2999, 1, 1) {
        assert!(started.elapsed() < std::time::Duration::from_secs(60), "the day has no run");
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    engine.stop_nights();
    keeper.await.unwrap();
}
