//! Properties of matching over real parts (SQLite, tantivy, the built-in dictionaries) and the demonstration's records:
//!
//! - what the nightly run stores is what an interactive request answers at that moment, to the byte;
//! - fewer matches are the first of more;
//! - the same records, imported in other batches, give the same answer;
//! - a form that says what a stored need says is matched like it;
//! - whoever must not be proposed is left out, and named with the reason when asked for;
//! - the points of the parts add up to the total, and every highlighted piece is of the text it comes from;
//! - what changes between two runs is named, and nothing else;
//! - after any sequence of writes the index equals the database, also when it is read again from the disk.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::path::Path;

use domain::{Kind, Profile, RecordId};
use engine::{
    ChangeKind, Engine, Exclusion, Format, Highlight, ImportOptions, MatchAnswer, MatchRequest,
    RematchRequest, Settings, Subject,
};
use jiff::civil::date;
use serde_json::{Value, json};

const DAY: jiff::civil::Date = date(2026, 11, 21);
const NEED: RecordId = RecordId::new(Kind::Need, 4);

fn demo(kind: Kind) -> Vec<u8> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data/demo").join(kind.plural());
    fs::read(file.with_extension("jsonl")).unwrap()
}

async fn open(folder: &Path) -> Engine {
    Engine::open(&Settings::new(folder)).await.unwrap()
}

async fn import(engine: &Engine, kind: Kind, bytes: Vec<u8>) {
    let options = ImportOptions { kind, format: Format::JsonLines, all_or_nothing: false };
    let report = engine.import(options, std::io::Cursor::new(bytes), |_| {}).await.unwrap();
    assert_eq!(report.rejected, 0, "{:?}", report.errors.first());
}

async fn loaded(folder: &Path) -> Engine {
    let engine = open(folder).await;
    for kind in Kind::ALL {
        import(&engine, kind, demo(kind)).await;
    }
    engine.catch_up().await.unwrap();
    engine
}

async fn experts(engine: &Engine, subject: &Subject) -> MatchAnswer {
    let request = MatchRequest { target: Kind::Expert, limit: 20, with_excluded: true, on: Some(DAY) };
    engine.find_matches(subject, &request).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_night_stores_what_a_request_answers() {
    let folder = tempfile::tempdir().unwrap();
    let engine = loaded(folder.path()).await;
    engine.rematch(&RematchRequest { on: Some(DAY), ..RematchRequest::default() }, |_| {}).await.unwrap();
    for target in [Kind::Expert, Kind::Station, Kind::Achievement] {
        let request = MatchRequest { target, limit: 20, with_excluded: false, on: Some(DAY) };
        let live = engine.find_matches(&Subject::Stored(NEED), &request).await.unwrap();
        let stored = engine.current_matches(NEED, target).await.unwrap();
        assert!(!live.matches.is_empty());
        let live: Vec<_> = live.matches.into_iter().map(|m| (m.rank, m.record, m.explanation)).collect();
        let stored: Vec<_> = stored.matches.into_iter().map(|m| (m.rank, m.record, m.explanation)).collect();
        assert_eq!(live, stored, "{target}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fewer_matches_are_the_first_of_more() {
    let folder = tempfile::tempdir().unwrap();
    let engine = loaded(folder.path()).await;
    for number in 1..=40 {
        let need = Subject::Stored(RecordId::new(Kind::Need, number));
        for target in [Kind::Expert, Kind::Station, Kind::Achievement] {
            let request = |limit| MatchRequest { target, limit, with_excluded: false, on: Some(DAY) };
            let all = engine.find_matches(&need, &request(20)).await.unwrap().matches;
            for limit in [1, 3] {
                let some = engine.find_matches(&need, &request(limit)).await.unwrap().matches;
                assert_eq!(some[..], all[..limit.min(all.len())], "need {number}, {target}, {limit}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn those_without_a_shared_word_take_nobodys_place() {
    let folder = tempfile::tempdir().unwrap();
    let engine = open(folder.path()).await;
    let mut rows = String::new();
    for at in 0..300 {
        rows += &json!({"name": format!("甲{at}"), "bio": format!("水稻育种第{at}年")}).to_string();
        rows += "\n";
    }
    // All the characters and no word: they score more than one word in a long text.
    for at in 0..12 {
        rows += &json!({"name": format!("乙{at}"), "bio": "镱、铒、共、掺、杂、激、光"}).to_string();
        rows += "\n";
    }
    let long = format!("{}激光。", "长期在基层推广水稻栽培技术，".repeat(30));
    rows += &json!({"name": "丙", "bio": long}).to_string();
    import(&engine, Kind::Expert, rows.into_bytes()).await;
    engine.catch_up().await.unwrap();
    let need = Subject::Form(Kind::Need, json!({"title": "镱铒共掺杂激光"}));
    let request = |limit| MatchRequest { target: Kind::Expert, limit, with_excluded: false, on: Some(DAY) };
    for limit in [1, 20] {
        let answer = engine.find_matches(&need, &request(limit)).await.unwrap();
        let names: Vec<&str> = answer.matches.iter().map(|found| found.record.profile.title()).collect();
        assert_eq!((names, answer.considered), (vec!["丙"], 1));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_order_of_batches_makes_no_difference() {
    let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let at_once = loaded(one.path()).await;
    let piecemeal = open(other.path()).await;
    for kind in Kind::ALL {
        let bytes = demo(kind);
        let lines: Vec<&[u8]> = bytes.split_inclusive(|b| *b == b'\n').collect();
        for batch in lines.chunks(29) {
            import(&piecemeal, kind, batch.concat()).await;
            piecemeal.catch_up().await.unwrap();
        }
    }
    let answer = |answer: MatchAnswer| {
        answer.matches.into_iter().map(|m| (m.record.external_id, m.explanation)).collect::<Vec<_>>()
    };
    let subject = Subject::Stored(NEED);
    assert_eq!(answer(experts(&at_once, &subject).await), answer(experts(&piecemeal, &subject).await));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_is_matched_like_the_need_that_says_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let engine = loaded(folder.path()).await;
    let line = demo(Kind::Need).split(|b| *b == b'\n').nth(3).unwrap().to_vec();
    let form: Value = serde_json::from_slice(&line).unwrap();
    let stored = experts(&engine, &Subject::Stored(NEED)).await;
    let posted = experts(&engine, &Subject::Form(Kind::Need, form)).await;
    assert_eq!(stored, posted);
}

/// Each highlight holds a hit, and its pieces, put together, are a stretch of the text of its own field.
fn stand_in_their_fields(highlights: &[Highlight], profile: &Profile) {
    for Highlight { field, label, pieces } in highlights {
        let passages = profile.passages();
        let mut own = passages.iter().filter(|passage| passage.field == field).peekable();
        assert_eq!(own.peek().expect("a field of the record").label, label);
        assert!(pieces.iter().any(|piece| piece.hit), "{field} without a hit");
        let whole: String = pieces.iter().map(|piece| piece.text.as_str()).collect();
        let shown = whole.trim_start_matches('…').trim_end_matches('…');
        let holds = |text: &str| {
            text.contains(shown)
                && pieces.iter().filter(|piece| piece.hit).all(|piece| text.contains(&piece.text))
        };
        assert!(own.any(|passage| holds(&passage.text)), "{field}: {whole}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn explanations_add_up() {
    let folder = tempfile::tempdir().unwrap();
    let engine = loaded(folder.path()).await;
    let need = engine.read(NEED).await.unwrap().record.profile;
    for found in experts(&engine, &Subject::Stored(NEED)).await.matches {
        let why = found.explanation;
        let sum: f64 = why.parts.iter().map(|part| part.points).sum();
        assert!((sum - why.total).abs() < 0.01, "{sum} {}", why.total);
        assert!(!why.terms.is_empty() && !why.subject.is_empty());
        assert!(!why.candidate.is_empty() || !why.evidence.is_empty());
        stand_in_their_fields(&why.subject, &need);
        stand_in_their_fields(&why.candidate, &found.record.profile);
        assert!(why.sentence.ends_with(&format!("综合 {:.1} 分。", why.total)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_must_not_be_proposed_is_named_with_the_reason_and_changes_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let engine = loaded(folder.path()).await;
    engine.rematch(&RematchRequest { on: Some(DAY), ..RematchRequest::default() }, |_| {}).await.unwrap();
    let best = experts(&engine, &Subject::Stored(NEED)).await.matches[0].record.clone();

    let mut form = serde_json::to_value(&best.profile).unwrap();
    form["engaged_this_year"] = form["capacity_per_year"].clone();
    engine.replace(best.id, Some(best.revision), form).await.unwrap();
    engine.catch_up().await.unwrap();

    let now = experts(&engine, &Subject::Stored(NEED)).await;
    assert!(now.matches.iter().all(|found| found.record.id != best.id));
    let excluded = now.excluded.iter().find(|left_out| left_out.record.id == best.id).unwrap();
    assert_eq!(excluded.reasons, [Exclusion::Exhausted]);

    engine.rematch(&RematchRequest { on: Some(DAY), ..RematchRequest::default() }, |_| {}).await.unwrap();
    let changes = engine.changes(NEED, Kind::Expert).await.unwrap().changes;
    let left: Vec<_> = changes.iter().filter(|change| change.kind == ChangeKind::Left).collect();
    assert_eq!(left.len(), 1);
    assert_eq!((left[0].target, left[0].before.map(|(rank, _)| rank)), (best.id, Some(1)));
    assert!(changes.iter().all(|change| change.kind != ChangeKind::Fell), "{changes:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_index_equals_the_database_after_any_writes() {
    let folder = tempfile::tempdir().unwrap();
    let engine = loaded(folder.path()).await;
    // An achievement changes hands: both experts' evidence changes.
    let id = engine.find(Kind::Achievement, "CG-006").await.unwrap().unwrap();
    let form = json!({"title": "换了完成人的成果", "inventors": [{"name": "某人", "expert": "ZJ-100"}]});
    engine.replace(id, None, form).await.unwrap();
    engine.set_status(NEED, None, domain::Status::Withdrawn).await.unwrap();
    let created = engine.create(Kind::Expert, json!({"name": "新来的专家"})).await.unwrap();
    assert!(!engine.verify_index().await.unwrap().differences.is_empty(), "not indexed yet");
    engine.catch_up().await.unwrap();
    assert_eq!(engine.verify_index().await.unwrap().differences, []);
    engine.close().await;
    drop(engine);

    let again = open(folder.path()).await;
    assert_eq!(again.verify_index().await.unwrap().differences, []);
    assert_eq!(again.read(created.record.id).await.unwrap().record.id, created.record.id);
    again.rebuild_index(Kind::Expert, |_, _| {}).await.unwrap();
    assert_eq!(again.verify_index().await.unwrap().differences, []);
}
