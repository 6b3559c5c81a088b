//! Properties of staff's judgements and of feedback, over real parts and the demonstration's records:
//!
//! - a sheet pools what several rankings find, is drawn and shuffled by its seed alone, and proposes nobody who must not be proposed;
//! - a filled sheet comes in once, whoever judged; one bad row keeps all out unless it is to be skipped;
//! - the ranking measured on judgements is the one that people see, and several judges come to one level;
//! - feedback keeps what the score was made of, from the run where the pair stands in it, and of pairs that do not match too.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use domain::{Decision, Kind, RecordId};
use engine::judging::SheetRequest;
use engine::{
    Engine, EngineError, FeedbackDraft, FeedbackRequest, Format, ImportOptions, MatchRequest, RematchRequest,
    Settings, Subject,
};
use exchange::sheets::{self, JudgingBlock, JudgingCandidate};
use store::Judgement;

const NEED: RecordId = RecordId::new(Kind::Need, 4);

async fn loaded(folder: &Path) -> Engine {
    let engine = Engine::open(&Settings::new(folder)).await.unwrap();
    for kind in Kind::ALL {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data/demo").join(kind.plural());
        let bytes = fs::read(file.with_extension("jsonl")).unwrap();
        let options = ImportOptions { kind, format: Format::JsonLines, all_or_nothing: true };
        engine.import(options, std::io::Cursor::new(bytes), |_| {}).await.unwrap();
    }
    engine.catch_up().await.unwrap();
    engine
}

fn request(needs: Vec<RecordId>) -> SheetRequest {
    SheetRequest { needs, sample: None, seed: 1, target: Kind::Expert, depth: 10 }
}

/// Need and candidate of each row of a workbook that this program wrote.
fn pairs(file: &[u8]) -> Vec<(RecordId, RecordId)> {
    use calamine::Reader;
    let mut workbook: calamine::Xlsx<_> = calamine::Xlsx::new(std::io::Cursor::new(file)).unwrap();
    let rows = workbook.worksheet_range("评判表").unwrap();
    let id = |cell: &calamine::Data| cell.to_string().parse::<RecordId>().unwrap();
    rows.rows().skip(1).map(|row| (id(&row[0]), id(&row[4]))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sheet_pools_rankings_and_tells_nothing_of_them() {
    let folder = tempfile::tempdir().unwrap();
    let engine = loaded(folder.path()).await;
    let mut other = *engine.weights();
    other.features.region = 2.0;
    let other = engine.ranking_with(other, engine::MatchingSettings::default());
    let (file, totals) =
        engine.judging_sheet(std::slice::from_ref(&other), &request(vec![NEED])).await.unwrap();
    let rows = pairs(&file);
    assert_eq!((totals.needs, totals.pairs, totals.rankings), (1, rows.len(), 3));
    let shown: Vec<u64> = rows.iter().map(|(_, candidate)| candidate.number).collect();
    assert_eq!(shown.iter().collect::<BTreeSet<_>>().len(), shown.len(), "each once");
    assert!(shown.len() > 10 && shown.len() <= 30, "{shown:?}");

    let asked = MatchRequest { target: Kind::Expert, limit: 10, with_excluded: false, on: None };
    for engine in [&engine, &other] {
        let found = engine.find_matches(&Subject::Stored(NEED), &asked).await.unwrap();
        let best: Vec<u64> = found.matches.iter().map(|found| found.record.id.number).collect();
        let places: Vec<usize> =
            best.iter().filter_map(|number| shown.iter().position(|shown| shown == number)).collect();
        assert!(places.len() >= 8, "{places:?}");
        assert!(!places.is_sorted() && !places.iter().rev().is_sorted(), "not in the order of the ranking");
    }
    let (again, _) = engine.judging_sheet(std::slice::from_ref(&other), &request(vec![NEED])).await.unwrap();
    assert_eq!(pairs(&again), rows);
    let reseeded = SheetRequest { seed: 2, ..request(vec![NEED]) };
    let (reshuffled, _) = engine.judging_sheet(&[other], &reseeded).await.unwrap();
    assert_ne!(pairs(&reshuffled), rows);
    assert_eq!(pairs(&reshuffled).into_iter().collect::<BTreeSet<_>>(), rows.into_iter().collect());
}

#[tokio::test(flavor = "multi_thread")]
async fn needs_are_drawn_by_the_seed_and_nobody_excluded_is_shown() {
    let folder = tempfile::tempdir().unwrap();
    let engine = loaded(folder.path()).await;
    let drawn = async |seed| {
        let request =
            SheetRequest { sample: Some(6), seed, target: Kind::Achievement, depth: 3, ..request(vec![]) };
        let (file, totals) = engine.judging_sheet(&[], &request).await.unwrap();
        assert_eq!(totals.needs, 6);
        pairs(&file).into_iter().map(|(need, _)| need).collect::<BTreeSet<_>>()
    };
    assert_eq!(drawn(1).await, drawn(1).await);
    assert_ne!(drawn(1).await, drawn(2).await);

    let (file, _) = engine.judging_sheet(&[], &request(vec![NEED])).await.unwrap();
    let (_, gone) = pairs(&file)[0];
    engine.set_status(gone, None, domain::Status::Withdrawn).await.unwrap();
    // Even before the index knows.
    let (file, _) = engine.judging_sheet(&[], &request(vec![NEED])).await.unwrap();
    assert!(pairs(&file).iter().all(|(_, candidate)| *candidate != gone));
    let nothing = SheetRequest { depth: 0, ..request(vec![NEED]) };
    let error = engine.judging_sheet(&[], &nothing).await.unwrap_err();
    assert!(matches!(error, EngineError::BadParameter { parameter: "depth", .. }), "{error}");
    let error = engine.judging_sheet(&[], &SheetRequest { target: Kind::Need, ..request(vec![]) }).await;
    assert!(matches!(error, Err(EngineError::NoSuchPairing { .. })));
}

/// A filled sheet of these pairs and what is written as their level.
fn filled(rows: &[(&str, &str, &str)]) -> Vec<u8> {
    let mut workbook = rust_xlsxwriter::Workbook::new();
    let sheet = workbook.add_worksheet();
    for (column, heading) in (0..).zip(["需求编号", "候选编号", "相关程度"]) {
        sheet.write_string(0, column, heading).unwrap();
    }
    for (row, (need, candidate, level)) in (1..).zip(rows) {
        for (column, cell) in (0..).zip([need, candidate, level]) {
            sheet.write_string(row, column, *cell).unwrap();
        }
    }
    workbook.save_to_buffer().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sheet_comes_in_once_and_a_bad_row_keeps_it_out() {
    let folder = tempfile::tempdir().unwrap();
    let engine = loaded(folder.path()).await;
    let rows = [("need-1", "expert-1", "4"), ("need-1", "expert-2", ""), ("need-1", "station-1", "1 不相关")];
    let good = filled(&rows);
    let error = engine.import_judgements(good.clone(), None, false).await.unwrap_err();
    assert!(matches!(error, EngineError::BadParameter { parameter: "judge", .. }), "{error}");
    let first = engine.import_judgements(good.clone(), Some("张工"), false).await.unwrap();
    assert_eq!((first.imported, first.created, first.unchanged, first.blank), (true, 2, 0, 1));
    let again = engine.import_judgements(good.clone(), Some("张工"), false).await.unwrap();
    assert_eq!((again.created, again.changed, again.unchanged), (0, 0, 2));
    let beside = engine.import_judgements(good, Some("李工"), false).await.unwrap();
    assert_eq!(beside.created, 2);

    let bad = filled(&[
        ("need-1", "expert-1", "2"),
        ("need-1", "expert-99999", "3"),
        ("need-9999", "expert-1", "3"),
    ]);
    let kept_out = engine.import_judgements(bad.clone(), Some("张工"), false).await.unwrap();
    assert_eq!((kept_out.imported, kept_out.changed), (false, 0));
    let told: Vec<String> = kept_out.problems.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "第 3 行“候选编号”列（B3）：库中没有专家 expert-99999",
            "第 4 行“需求编号”列（A4）：库中没有需求 need-9999"
        ]
    );
    assert_eq!(engine.judging_status().await.unwrap().levels, [2, 0, 0, 2]);
    let skipped = engine.import_judgements(bad, Some("张工"), true).await.unwrap();
    assert_eq!((skipped.imported, skipped.changed, skipped.problems.len()), (true, 1, 2));

    let status = engine.judging_status().await.unwrap();
    assert_eq!((status.needs, status.pairs, status.judgements, status.measurable), (1, 2, 4, 0));
    assert_eq!(status.judges, [("张工".to_owned(), 2), ("李工".to_owned(), 2)]);
    let [agreement] = &status.agreement[..] else { panic!("{status:?}") };
    // Levels 2, 1 and 4, 1: observed (4 + 0) / 2; by chance (4 + 1 + 9 + 0) / 4.
    assert_eq!((agreement.pairs, agreement.same), (2, 0.5));
    assert!((agreement.kappa.unwrap() - (1.0 - 2.0 / 3.5)).abs() < 1e-12, "{agreement:?}");
}

/// Judgements by place in the present ranking are ranked perfectly; turned round, badly.
#[tokio::test(flavor = "multi_thread")]
async fn the_ranking_is_measured_as_people_see_it() {
    let folder = tempfile::tempdir().unwrap();
    let engine = loaded(folder.path()).await;
    let asked = MatchRequest { target: Kind::Expert, limit: 12, with_excluded: false, on: None };
    let found = engine.find_matches(&Subject::Stored(NEED), &asked).await.unwrap().matches;
    let level = |at: usize| 4 - (at / 3) as u8;
    let judged = |judge: &str, level: &dyn Fn(usize) -> u8| -> Vec<Judgement> {
        let judgement = |(at, found): (usize, &engine::Match)| Judgement {
            need: NEED.number,
            target: found.record.id,
            judge: judge.to_owned(),
            level: level(at),
            note: String::new(),
            source: String::new(),
        };
        found.iter().enumerate().map(judgement).collect()
    };
    let store = store::Store::open(folder.path().join("hongniang.db")).await.unwrap();
    store.add_judgements(&judged("甲", &level)[..9]).await.unwrap();
    assert_eq!(engine.measure_judged(|_, _| {}).await.unwrap().needs, 0, "nine are too few");
    store.add_judgements(&judged("甲", &level)).await.unwrap();
    let perfect = engine.measure_judged(|_, _| {}).await.unwrap();
    assert_eq!((perfect.needs, perfect.ndcg_at_10), (1, 1.0));
    assert_eq!((perfect.cases[0].id.as_str(), perfect.cases[0].top[0].level), ("need-4/expert", Some(4)));
    assert_eq!(perfect.cases[0].top[0].title, found[0].record.profile.title());

    // Whoever closes in between is measured all the same.
    engine.set_status(found[0].record.id, None, domain::Status::Closed).await.unwrap();
    engine.catch_up().await.unwrap();
    assert_eq!(engine.measure_judged(|_, _| {}).await.unwrap().ndcg_at_10, 1.0);

    let mut blind = *engine.weights();
    blind.kinds.bigram = 0.0;
    blind.kinds.unigram = 0.0;
    blind.kinds.synonym = 0.0;
    let blind = engine.ranking_with(blind, engine::MatchingSettings::default());
    assert!(blind.measure_judged(|_, _| {}).await.unwrap().ndcg_at_10 < 1.0);

    // Two who say the opposite come to one middle level: 4 and 1, 3 and 2 are all 3, so every order is as good.
    store.add_judgements(&judged("乙", &|at| 5 - level(at))).await.unwrap();
    let even = engine.measure_judged(|_, _| {}).await.unwrap();
    assert!(even.cases[0].top.iter().all(|placed| placed.level == Some(3)), "{even:?}");
    store.close().await;
}

fn told(need: RecordId, candidate: RecordId, decision: Decision) -> FeedbackDraft {
    FeedbackDraft {
        need,
        candidate,
        decision,
        reason: String::new(),
        decided_on: None,
        comment: String::new(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn feedback_keeps_what_was_seen() {
    let folder = tempfile::tempdir().unwrap();
    let engine = loaded(folder.path()).await;
    let asked = MatchRequest { target: Kind::Expert, limit: 20, with_excluded: false, on: None };
    let found = engine.find_matches(&Subject::Stored(NEED), &asked).await.unwrap().matches;
    let third = &found[2];
    let now = engine.add_feedback(told(NEED, third.record.id, Decision::Accepted)).await.unwrap();
    assert_eq!((now.seen.run, now.seen.rank), (None, Some(3)));
    assert!((now.seen.total - third.explanation.total).abs() < 1e-3);

    let run = engine.rematch(&RematchRequest::default(), |_| {}).await.unwrap();
    // Told from the run, though the record says something else by now.
    engine.set_status(third.record.id, None, domain::Status::Closed).await.unwrap();
    engine.catch_up().await.unwrap();
    let then = engine.add_feedback(told(NEED, third.record.id, Decision::Solved)).await.unwrap();
    assert_eq!(
        (then.seen.run, then.seen.rank, then.seen.total),
        (Some(run.id), Some(3), third.explanation.total)
    );
    assert_eq!(then.seen.parts, third.explanation.parts);

    let proposed: BTreeSet<u64> = found.iter().map(|found| found.record.id.number).collect();
    let outside = (1..).find(|number| !proposed.contains(number)).unwrap();
    let outside = RecordId::new(Kind::Expert, outside);
    let never = engine.add_feedback(told(NEED, outside, Decision::Declined)).await.unwrap();
    assert_eq!(never.seen.run, None);
    let codes: Vec<&str> = never.seen.parts.iter().map(|part| part.code.as_str()).collect();
    assert!(codes.contains(&"region") && codes.contains(&"capacity"), "{codes:?}");
    let sum: f64 = never.seen.parts.iter().map(|part| part.points).sum();
    // Each is rounded to four places.
    assert!((sum - never.seen.total).abs() < 1e-3, "{sum} {:?}", never.seen);

    let all = engine.feedback(&FeedbackRequest { limit: 100, ..FeedbackRequest::default() }).await.unwrap();
    assert_eq!(all.items, [now, then, never]);
}

#[tokio::test(flavor = "multi_thread")]
async fn feedback_is_checked_and_keeps_no_contact() {
    let folder = tempfile::tempdir().unwrap();
    let engine = loaded(folder.path()).await;
    let expert = RecordId::new(Kind::Expert, 1);
    let reason = "联系 13800001234 未果".to_owned();
    let draft =
        FeedbackDraft {
            reason, comment: "发到 a@b.cn".to_owned(), ..told(NEED, expert, Decision::Declined)
        };
    let kept = engine.add_feedback(draft.clone()).await.unwrap().told;
    assert_eq!((kept.reason.as_str(), kept.comment.as_str()), ("联系 *** 未果", "发到 ***"));
    let long = FeedbackDraft {
        reason: "长".repeat(201),
        decided_on: Some(jiff::civil::date(2999, 1, 1)),
        ..draft.clone()
    };
    match engine.add_feedback(long).await.unwrap_err() {
        EngineError::Invalid(problems) => {
            let pointers: Vec<&str> = problems.iter().map(|problem| problem.pointer.as_str()).collect();
            assert_eq!(pointers, ["/reason", "/decided_on"]);
        }
        other => panic!("{other}"),
    }
    for (need, candidate) in [(expert, NEED), (NEED, NEED), (NEED, RecordId::new(Kind::Society, 1))] {
        let error =
            engine.add_feedback(FeedbackDraft { need, candidate, ..draft.clone() }).await.unwrap_err();
        assert!(matches!(error, EngineError::NoSuchPairing { .. }), "{error}");
    }
    let nobody = RecordId::new(Kind::Expert, 99_999);
    let error = engine.add_feedback(FeedbackDraft { candidate: nobody, ..draft }).await.unwrap_err();
    assert!(matches!(error, EngineError::NotFound(id) if id == nobody));
}

/// The file by which the writing and the reading side are tested against other programs.
#[test]
fn a_sheet_of_many_needs_stays_within_what_excel_opens() {
    let block = |need: u64| JudgingBlock {
        need: RecordId::new(Kind::Need, need),
        external_id: format!("XQ-{need}"),
        title: "长".repeat(100),
        text: "说明".repeat(2_000),
        candidates: vec![
            JudgingCandidate { id: NEED, title: "名".repeat(80), text: "简介\n".repeat(300) };
            15
        ],
    };
    let blocks: Vec<JudgingBlock> = (1..=200).map(block).collect();
    let rows = pairs_of_needs(&sheets::write(&blocks).unwrap());
    assert_eq!(rows.len(), 200);
    assert!(rows.values().all(|rows| *rows == 15));
}

fn pairs_of_needs(file: &[u8]) -> BTreeMap<RecordId, usize> {
    let mut counts = BTreeMap::new();
    for (need, _) in pairs(file) {
        *counts.entry(need).or_default() += 1;
    }
    counts
}
