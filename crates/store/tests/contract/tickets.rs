//! Writes that come again: done once, by whoever is first; what came of them is told to the others, and forgotten in time.

use domain::access::{KeyId, Scope, SecretDigest};
use domain::forms::Draft;
use domain::{Decision, Kind, RecordId, Status};
use jiff::{SignedDuration, Timestamp};
use store::{FeedbackEntry, KeyDraft, ListFilter, Receipt, Store, StoreError, Ticket};

use crate::drafts::need;

fn ticket(key: u64, text: &str, request: &str) -> Ticket {
    let since = Timestamp::now() - SignedDuration::from_hours(1);
    Ticket { key: KeyId(key), text: text.to_owned(), request: request.to_owned(), since }
}

/// Without an identifier of its source: sent twice, it would be two records.
fn nameless() -> Draft {
    Draft { external_id: None, ..need("", "激光焊接") }
}

async fn needs(store: &Store) -> u64 {
    store.count(Kind::Need, &ListFilter::default()).await.unwrap()
}

fn receipt_in<T: std::fmt::Debug>(outcome: Result<T, StoreError>) -> Receipt {
    match outcome.unwrap_err() {
        StoreError::Redeemed(receipt) => receipt,
        error => panic!("{error:?}"),
    }
}

pub(crate) async fn a_write_is_done_once_and_leads_to_what_came_of_it(store: Store) {
    let once = store.with_ticket(ticket(1, "a", "r"));
    assert_eq!(once.redeemed().await.unwrap(), None);
    let record = once.create(nameless()).await.unwrap();
    let created = Receipt::Record { id: record.id, revision: 1 };
    assert_eq!(once.redeemed().await.unwrap(), Some(created));
    let again = store.with_ticket(ticket(1, "a", "r"));
    let rows = store.audit_head().await.unwrap();
    assert_eq!(receipt_in(again.create(nameless()).await), created);
    assert_eq!((needs(&store).await, store.audit_head().await.unwrap()), (1, rows));

    let replaced = store.with_ticket(ticket(1, "b", "r"));
    replaced.replace(record.id, Some(1), need("n", "另一个")).await.unwrap();
    let second = Receipt::Record { id: record.id, revision: 2 };
    assert_eq!(receipt_in(replaced.replace(record.id, Some(1), need("n", "另一个")).await), second);
    let withdrawn = store.with_ticket(ticket(1, "c", "r"));
    withdrawn.set_status(record.id, None, Status::Withdrawn).await.unwrap();
    store.set_status(record.id, None, Status::Open).await.unwrap();
    let third = Receipt::Record { id: record.id, revision: 3 };
    assert_eq!(receipt_in(withdrawn.set_status(record.id, None, Status::Withdrawn).await), third);
    assert_eq!(store.record(record.id).await.unwrap().unwrap().status, Status::Open, "not withdrawn again");
}

pub(crate) async fn feedback_and_keys_are_made_once(store: Store) {
    let told = FeedbackEntry {
        need: 1,
        target: RecordId::new(Kind::Expert, 1),
        decision: Decision::Accepted,
        decided_on: None,
        reason: String::new(),
        comment: String::new(),
        seen: "{}".to_owned(),
    };
    let once = store.with_ticket(ticket(1, "f", "r"));
    let number = once.add_feedback(told.clone()).await.unwrap().number;
    assert_eq!(receipt_in(once.add_feedback(told).await), Receipt::Feedback(number));
    assert_eq!(store.feedback(None, None, 0, 10).await.unwrap().len(), 1);

    let draft = KeyDraft {
        holder: "甲平台".to_owned(),
        purpose: "汇总需求".to_owned(),
        region: None,
        scopes: [Scope::NeedsRead].into(),
        expires_at: Timestamp::from_second(4_000_000_000).unwrap(),
    };
    let digest = |_| SecretDigest::of(&[7; 32]);
    let once = store.with_ticket(ticket(1, "k", "r"));
    let key = once.add_key(&draft, digest).await.unwrap().id;
    assert_eq!(receipt_in(once.add_key(&draft, digest).await), Receipt::Key(key));
    assert_eq!(store.keys(0, 10).await.unwrap().len(), 1);
    let once = store.with_ticket(ticket(1, "x", "r"));
    once.revoke_key(key).await.unwrap();
    assert_eq!(receipt_in(once.revoke_key(key).await), Receipt::Key(key));
}

pub(crate) async fn another_request_under_the_same_text_is_refused(store: Store) {
    store.with_ticket(ticket(1, "a", "r")).create(nameless()).await.unwrap();
    let other = store.with_ticket(ticket(1, "a", "other"));
    assert!(matches!(other.redeemed().await, Err(StoreError::TicketReused)));
    assert!(matches!(other.create(nameless()).await, Err(StoreError::TicketReused)));
    assert_eq!(needs(&store).await, 1);
    store.with_ticket(ticket(2, "a", "other")).create(nameless()).await.unwrap();
    assert_eq!(needs(&store).await, 2, "another key's text is another one");
}

pub(crate) async fn what_fails_leaves_nothing_behind(store: Store) {
    store.create(need("a", "一")).await.unwrap();
    let once = store.with_ticket(ticket(1, "a", "r"));
    assert!(matches!(once.create(need("a", "二")).await, Err(StoreError::AlreadyExists { .. })));
    let stale = once.replace(RecordId::new(Kind::Need, 1), Some(9), need("a", "二")).await;
    assert!(matches!(stale, Err(StoreError::StaleRevision { .. })));
    assert_eq!(once.redeemed().await.unwrap(), None);
    once.create(nameless()).await.unwrap();
}

pub(crate) async fn of_many_at_once_one_is_done(store: Store) {
    let twins = (0..16).map(|_| {
        let store = store.with_ticket(ticket(1, "a", "r"));
        tokio::spawn(async move { store.create(nameless()).await })
    });
    let (mut done, mut told) = (Vec::new(), Vec::new());
    for twin in twins.collect::<Vec<_>>() {
        match twin.await.unwrap() {
            Ok(record) => done.push(Receipt::Record { id: record.id, revision: 1 }),
            refused => told.push(receipt_in(refused)),
        }
    }
    assert_eq!((done.len(), told.len(), needs(&store).await), (1, 15, 1));
    assert!(told.iter().all(|receipt| *receipt == done[0]));
}

pub(crate) async fn what_is_old_is_forgotten(store: Store) {
    store.with_ticket(ticket(1, "a", "r")).create(nameless()).await.unwrap();
    let later = Timestamp::now() + SignedDuration::from_secs(1);
    let expired = store.with_ticket(Ticket { since: later, ..ticket(1, "a", "other") });
    assert_eq!(expired.redeemed().await.unwrap(), None);
    expired.create(nameless()).await.unwrap();
    assert_eq!(needs(&store).await, 2);
    let once = store.with_ticket(ticket(1, "a", "other"));
    assert!(matches!(once.redeemed().await.unwrap(), Some(Receipt::Record { id, .. }) if id.number == 2));
    assert_eq!(store.prune_tickets(Timestamp::now() - SignedDuration::from_hours(1)).await.unwrap(), 0);
    assert_eq!(store.prune_tickets(later).await.unwrap(), 1);
    assert_eq!(once.redeemed().await.unwrap(), None);
}
