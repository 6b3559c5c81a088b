//! Every change is on record, in the name of whoever made it, or it is not made.

use domain::forms::Draft;
use domain::{Contact, Kind, RecordId, Status};
use serde_json::{Value, json};
use store::{
    About, Action, Actor, ActorKind, AuditFilter, AuditResult, AuditRow, Event, FeedbackEntry, Judgement,
    Store,
};

use crate::drafts::{contact, expert, need, with_contact};

fn portal() -> Actor {
    Actor {
        kind: ActorKind::Portal,
        name: "key-7".to_owned(),
        origin: "192.0.2.9".to_owned(),
        request: "r-1".to_owned(),
    }
}

async fn rows(store: &Store) -> Vec<AuditRow> {
    store.audit_after(&AuditFilter::default(), 0, 1_000).await.unwrap()
}

fn detail(row: &AuditRow) -> Value {
    serde_json::from_str(&row.detail).unwrap()
}

pub(crate) async fn every_change_is_on_record_in_the_name_of_whoever_made_it(store: Store) {
    let ours = store.acting(portal());
    let id = ours.create(need("a", "一")).await.unwrap().id;
    ours.replace(id, None, need("a", "二")).await.unwrap();
    ours.replace(id, None, need("a", "二")).await.unwrap();
    ours.set_status(id, None, Status::Closed).await.unwrap();
    let batch = |title: &str| -> Vec<Draft> { (0..3).map(|at| need(&format!("n{at}"), title)).collect() };
    ours.upsert(batch("三")).await.unwrap();
    ours.upsert(batch("三")).await.unwrap();
    let mut import = store.import().await.unwrap();
    import.upsert(vec![expert("e", "甲"), need("n1", "四")]).await.unwrap();
    import.commit().await.unwrap();
    let target = RecordId::new(Kind::Expert, 1);
    let judged = Judgement {
        need: 1,
        target,
        judge: "评委".to_owned(),
        level: 3,
        note: String::new(),
        source: "s".to_owned(),
    };
    ours.add_judgements(&[judged]).await.unwrap();
    let entry = FeedbackEntry {
        need: 1,
        target,
        decision: domain::Decision::Solved,
        decided_on: None,
        reason: String::new(),
        comment: String::new(),
        seen: "{}".to_owned(),
    };
    ours.add_feedback(entry).await.unwrap();
    let run = crate::runs::opened(&ours, crate::runs::DAY).await.id;
    crate::runs::worked_off(&ours, run, |_| Vec::new()).await;

    let rows = rows(&store).await;
    let told: Vec<(&str, &str)> = rows.iter().map(|row| (row.action.as_str(), row.record.as_str())).collect();
    assert_eq!(
        told,
        [
            ("record.create", "need-1"),
            ("record.change", "need-1"),
            ("record.change", "need-1"),
            ("records.import", "needs"),
            ("records.import", "experts"),
            ("records.import", "needs"),
            ("judgements.add", ""),
            ("feedback.add", "need-1"),
            ("run.publish", ""),
        ]
    );
    assert_eq!(detail(&rows[2])["status_before"], "open");
    assert_eq!(
        detail(&rows[3]),
        json!({"created": 3, "changed": 0, "first": 2, "last": 4, "numbers": [[2, 4]]})
    );
    let by =
        |row: &AuditRow| (row.actor_kind.clone(), row.actor.clone(), row.origin.clone(), row.request.clone());
    let theirs = ("portal".to_owned(), "key-7".to_owned(), "192.0.2.9".to_owned(), "r-1".to_owned());
    assert_eq!(by(&rows[0]), theirs);
    assert_eq!(rows[4].actor_kind, "system");
    assert!(rows.iter().all(|row| row.result == "done"));
    assert!(store.verify_audit(None).await.unwrap().faults.is_empty());
}

pub(crate) async fn what_is_not_done_is_not_on_record(store: Store) {
    store.create(need("a", "一")).await.unwrap();
    store.create(need("a", "二")).await.unwrap_err();
    store.replace(RecordId::new(Kind::Need, 1), Some(7), need("a", "三")).await.unwrap_err();
    let mut import = store.import().await.unwrap();
    import.upsert(vec![need("b", "四")]).await.unwrap();
    drop(import);
    assert_eq!(rows(&store).await.len(), 1);
}

pub(crate) async fn rows_are_found_by_who_what_when_and_which(store: Store) {
    let id = store.create(need("a", "一")).await.unwrap().id;
    let ours = store.acting(portal());
    let detail = json!({"purpose": "联系企业"});
    for result in [AuditResult::Done, AuditResult::Refused] {
        let event =
            Event { action: Action::ContactReveal, about: About::Record(id), result, detail: detail.clone() };
        ours.note(event).await.unwrap();
    }
    let all = rows(&store).await;
    let found = async |filter: AuditFilter| {
        let found = store.audit_before(&filter, u64::MAX, 10).await.unwrap();
        found.iter().map(|row| row.seq).collect::<Vec<_>>()
    };
    let none = AuditFilter::default;
    let some = |word: &str| Some(word.to_owned());
    assert_eq!(found(none()).await, [3, 2, 1]);
    assert_eq!(found(AuditFilter { actor: some("key-7"), ..none() }).await, [3, 2]);
    assert_eq!(found(AuditFilter { actor: some("system"), ..none() }).await, [1]);
    assert_eq!(found(AuditFilter { record: some("need-1"), ..none() }).await, [3, 2, 1]);
    assert_eq!(found(AuditFilter { record: some("need-2"), ..none() }).await, [0; 0]);
    assert_eq!(found(AuditFilter { action: some("record.create"), ..none() }).await, [1]);
    let last = all[2].moment().unwrap();
    let after = last + jiff::SignedDuration::from_millis(1);
    assert_eq!(found(AuditFilter { since: Some(after), ..none() }).await, [0; 0]);
    assert_eq!(found(AuditFilter { until: Some(after), ..none() }).await, [3, 2, 1]);
    assert_eq!(store.audit_after(&none(), 1, 1).await.unwrap()[0].seq, 2);
    assert_eq!((all[1].result.as_str(), all[2].result.as_str()), ("done", "refused"));
}

pub(crate) async fn imports_are_found_by_the_records_that_they_wrote(store: Store) {
    let batch = |numbers: &[u64], title: &str| {
        numbers.iter().map(|number| need(&format!("n{number}"), title)).collect::<Vec<_>>()
    };
    store.upsert(batch(&(1..=90).collect::<Vec<_>>(), "一")).await.unwrap();
    store.upsert(batch(&[3, 90], "二")).await.unwrap();
    // More imports of others than are read at a time.
    for at in 0..210 {
        store.upsert(batch(&[5], &format!("{at}"))).await.unwrap();
    }
    store.set_status(RecordId::new(Kind::Need, 3), None, Status::Closed).await.unwrap();
    store.create(expert("e", "甲")).await.unwrap();
    let found = async |record: &str, limit| {
        let filter = AuditFilter { record: Some(record.to_owned()), ..AuditFilter::default() };
        let seq = |rows: Vec<AuditRow>| rows.iter().map(|row| row.seq).collect::<Vec<_>>();
        let before = seq(store.audit_before(&filter, u64::MAX, limit).await.unwrap());
        (before, seq(store.audit_after(&filter, 1, limit).await.unwrap()))
    };
    assert_eq!(found("need-3", 10).await, (vec![213, 2, 1], vec![2, 213]));
    assert_eq!(found("need-3", 2).await, (vec![213, 2], vec![2, 213]));
    assert_eq!(found("need-4", 10).await, (vec![1], vec![]));
    assert_eq!(found("need-91", 10).await, (vec![], vec![]));
    assert_eq!(found("expert-1", 10).await, (vec![214], vec![214]));
    let rows = rows(&store).await;
    assert_eq!(detail(&rows[1])["numbers"], json!([[3, 3], [90, 90]]));
    assert!(store.verify_audit(None).await.unwrap().faults.is_empty());
}

pub(crate) async fn writers_at_once_make_one_chain(store: Store) {
    let writers: Vec<_> = (0..8)
        .map(|writer| {
            let store = store.acting(Actor::local(ActorKind::CommandLine, format!("u{writer}")));
            tokio::spawn(async move {
                for at in 0..10 {
                    store.upsert(vec![need(&format!("{writer}-{at}"), "一")]).await.unwrap();
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
    let report = store.verify_audit(None).await.unwrap();
    assert_eq!((report.rows, report.faults), (80, vec![]));
}

pub(crate) async fn it_is_whole_at_every_moment_while_others_append(store: Store) {
    let writers: Vec<_> = (0..4)
        .map(|writer| {
            let store = store.clone();
            tokio::spawn(async move {
                for at in 0..25 {
                    store.create(need(&format!("{writer}-{at}"), "一")).await.unwrap();
                }
            })
        })
        .collect();
    let mut rows = Vec::new();
    while !writers.iter().all(tokio::task::JoinHandle::is_finished) {
        let report = store.verify_audit(None).await.unwrap();
        assert_eq!(report.faults, vec![], "after {} rows", report.rows);
        rows.push(report.rows);
    }
    for writer in writers {
        writer.await.unwrap();
    }
    rows.dedup();
    assert!(rows.is_sorted() && rows.len() > 5, "it was read in between: {rows:?}");
}

pub(crate) async fn no_personal_data_is_on_record(store: Store) {
    let draft = |title| with_contact(need("a", title), contact("13812345678"));
    let id = store.create(draft("一")).await.unwrap().id;
    store.replace(id, None, draft("二")).await.unwrap();
    store.upsert(vec![with_contact(need("a", "三"), Contact::default())]).await.unwrap();
    let shown = format!("{:?}", rows(&store).await);
    for secret in ["王建国", "13812345678"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}
