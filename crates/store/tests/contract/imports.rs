//! All-or-nothing imports.

use domain::Kind;
use store::{ListFilter, Outcome, Store};

use crate::drafts::{contact, need, with_contact};

async fn count(store: &Store) -> u64 {
    store.count(Kind::Need, &ListFilter::default()).await.unwrap()
}

pub(crate) async fn are_seen_only_when_committed(store: Store) {
    let mut import = store.import().await.unwrap();
    import.upsert(vec![need("a", "一"), need("b", "二")]).await.unwrap();
    assert_eq!((count(&store).await, store.last_change().await.unwrap()), (0, 0));
    import.upsert(vec![need("c", "三")]).await.unwrap();
    import.commit().await.unwrap();
    assert_eq!((count(&store).await, store.changes(0, 10).await.unwrap().len()), (3, 3));
}

pub(crate) async fn leave_nothing_when_dropped(store: Store) {
    let mut import = store.import().await.unwrap();
    import.upsert(vec![with_contact(need("a", "一"), contact("13812345678"))]).await.unwrap();
    drop(import);
    // Comes after the rollback, for there is one writer at a time.
    let created = store.create(need("b", "二")).await.unwrap();
    assert_eq!(created.id.number, 1);
    assert_eq!(store.by_external_id(Kind::Need, "a").await.unwrap(), None);
    assert!(store.contact(created.id).await.unwrap().is_empty());
    assert_eq!(store.changes(0, 10).await.unwrap().len(), 1);
}

pub(crate) async fn build_on_their_earlier_batches(store: Store) {
    let mut import = store.import().await.unwrap();
    import.upsert(vec![need("a", "一"), need("", "二")]).await.unwrap();
    let outcomes = import.upsert(vec![need("a", "三"), need("need-2", "二"), need("", "四")]).await.unwrap();
    let all: Vec<(u64, Outcome)> = outcomes.iter().map(|one| (one.id.number, one.outcome)).collect();
    assert_eq!(all, [(1, Outcome::Changed), (2, Outcome::Unchanged), (3, Outcome::Created)]);
    import.commit().await.unwrap();
    assert_eq!(count(&store).await, 3);
}

pub(crate) async fn do_not_block_readers(store: Store) {
    store.create(need("a", "一")).await.unwrap();
    let mut import = store.import().await.unwrap();
    import.upsert(vec![need("a", "二")]).await.unwrap();
    let record = store.by_external_id(Kind::Need, "a").await.unwrap().unwrap();
    assert_eq!(record.profile, need("a", "一").profile);
    let waiting = tokio::spawn({
        let store = store.clone();
        async move { store.create(need("b", "二")).await }
    });
    import.upsert(vec![need("c", "三")]).await.unwrap();
    import.commit().await.unwrap();
    assert_eq!(waiting.await.unwrap().unwrap().id.number, 3);
}
