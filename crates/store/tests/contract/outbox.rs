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

pub(crate) async fn pruning_keeps_what_a_follower_lacks(store: Store) {
    store.upsert((0..100).map(|at| need(&format!("{at}"), "需求")).collect()).await.unwrap();
    let seq = |at: usize| {
        let store = store.clone();
        async move { store.changes(0, 100).await.unwrap()[at - 1].seq }
    };
    let (tenth, fortieth, last) = (seq(10).await, seq(40).await, seq(100).await);
    store.follow_to("甲", &[(Kind::Need, last), (Kind::Expert, fortieth)]).await.unwrap();
    tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    let later = jiff::Timestamp::now();
    store.follow_to("乙", &[(Kind::Need, tenth)]).await.unwrap();
    assert_eq!(store.prune_changes(u64::MAX).await.unwrap(), 10);
    store.follow_to("乙", &[(Kind::Need, last)]).await.unwrap();
    assert_eq!(store.prune_changes(u64::MAX).await.unwrap(), 30);
    assert_eq!(store.first_change().await.unwrap(), fortieth + 1);

    assert_eq!(store.forget_followers(later).await.unwrap(), 2);
    assert_eq!(store.prune_changes(last - 1).await.unwrap(), 59);
    assert_eq!((store.first_change().await.unwrap(), store.last_change().await.unwrap()), (last, last));
}

pub(crate) async fn a_rolled_back_write_leaves_no_gap(store: Store) {
    store.upsert(vec![need("a", "一")]).await.unwrap();
    let before = store.last_change().await.unwrap();
    let mut import = store.import().await.unwrap();
    import.upsert((0..70).map(|at| need(&format!("{at}"), "需求")).collect()).await.unwrap();
    drop(import);
    store.upsert(vec![need("b", "一")]).await.unwrap();
    assert_eq!(store.changes(before, 10).await.unwrap()[0].seq, before + 1);
}

/// Whoever reads on from the last entry seen, as the index does, meets every entry.
pub(crate) async fn numbers_follow_the_order_of_commit(store: Store) {
    let writers: Vec<_> = (0..8)
        .map(|writer| {
            let store = store.clone();
            tokio::spawn(async move {
                for at in 0..10 {
                    let drafts = (0..=writer).map(|one| need(&format!("{writer}-{at}-{one}"), "需求"));
                    store.upsert(drafts.collect()).await.unwrap();
                }
            })
        })
        .collect();
    let (mut after, mut met) = (0, 0);
    let mut reading = true;
    while reading {
        reading = !writers.iter().all(tokio::task::JoinHandle::is_finished);
        for change in store.changes(after, 1000).await.unwrap() {
            assert_eq!(change.seq, after + 1);
            (after, met) = (change.seq, met + 1);
        }
    }
    for writer in writers {
        writer.await.unwrap();
    }
    assert_eq!(met, 10 * (1..=8).sum::<u64>());
}

pub(crate) async fn is_empty_at_first(store: Store) {
    assert_eq!(store.last_change().await.unwrap(), 0);
    assert_eq!(store.changes(0, 10).await.unwrap(), []);
    store.ping().await.unwrap();
}
