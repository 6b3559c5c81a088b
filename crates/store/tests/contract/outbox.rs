//! The outbox names what has changed, once per transaction.

use domain::{Kind, RecordId, Status};
use store::{Change, Store};

use crate::drafts::{changed_since, expert, need};

pub(crate) async fn holds_exactly_the_changed_records(store: Store) {
    let need_id = |number| RecordId::new(Kind::Need, number);
    store.upsert(vec![need("a", "一"), expert("x", "李"), need("b", "一")]).await.unwrap();
    let expert_id = RecordId::new(Kind::Expert, 1);
    assert_eq!(changed_since(&store, 0).await, [need_id(1), expert_id, need_id(2)]);

    let count = |kind, after| store.count_changes(kind, after);
    assert_eq!([count(Kind::Need, 0).await.unwrap(), count(Kind::Need, 1).await.unwrap()], [2, 1]);
    assert_eq!([count(Kind::Expert, 1).await.unwrap(), count(Kind::Expert, 2).await.unwrap()], [1, 0]);

    let seen = store.last_change().await.unwrap();
    store.upsert(vec![need("c", "一"), need("a", "一"), need("b", "二"), need("b", "三")]).await.unwrap();
    assert_eq!(changed_since(&store, seen).await, [need_id(2), need_id(3)]);

    let seen = store.last_change().await.unwrap();
    store.set_status(need_id(1), None, Status::Closed).await.unwrap();
    store.replace(need_id(2), None, need("b", "四")).await.unwrap();
    assert_eq!(changed_since(&store, seen).await, [need_id(1), need_id(2)]);
}

pub(crate) async fn is_read_in_slices(store: Store) {
    store.upsert((0..100).map(|at| need(&format!("{at}"), "需求")).collect()).await.unwrap();
    let mut after = 0;
    let mut seen = Vec::new();
    loop {
        let slice = store.changes(after, 7).await.unwrap();
        assert!(slice.len() <= 7);
        let Some(Change { seq, .. }) = slice.last() else { break };
        after = *seq;
        seen.extend(slice.into_iter().map(|change| change.id.number));
    }
    assert_eq!(seen, (1..=100).collect::<Vec<_>>());
    assert_eq!(after, store.last_change().await.unwrap());
}

pub(crate) async fn pruning_takes_what_was_dealt_with_and_never_the_position(store: Store) {
    assert_eq!(store.prune_changes(7).await.unwrap(), 0);
    store.upsert((0..100).map(|at| need(&format!("{at}"), "需求")).collect()).await.unwrap();
    let middle = store.changes(0, 60).await.unwrap().last().unwrap().seq;
    let after = changed_since(&store, middle).await;
    assert_eq!(store.prune_changes(middle).await.unwrap(), 60);
    assert_eq!(store.prune_changes(middle).await.unwrap(), 0);
    assert_eq!((changed_since(&store, 0).await, changed_since(&store, middle).await), (after.clone(), after));

    let last = store.last_change().await.unwrap();
    assert_eq!(store.prune_changes(u64::MAX).await.unwrap(), 39);
    assert_eq!(store.last_change().await.unwrap(), last);
    assert_eq!(store.changes(last, 10).await.unwrap(), []);
    store.set_status(RecordId::new(Kind::Need, 1), None, Status::Closed).await.unwrap();
    assert!(store.last_change().await.unwrap() > last);
    assert_eq!(changed_since(&store, last).await, [RecordId::new(Kind::Need, 1)]);
}

pub(crate) async fn is_empty_at_first(store: Store) {
    assert_eq!(store.last_change().await.unwrap(), 0);
    assert_eq!(store.changes(0, 10).await.unwrap(), []);
    store.ping().await.unwrap();
}
