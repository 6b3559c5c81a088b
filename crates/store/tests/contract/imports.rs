//! All-or-nothing imports.

use domain::Kind;
use store::{ListFilter, Outcome, Store};

use crate::drafts::{contact, in_region, need, with_contact};

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
    import.upsert(vec![need("a", "一"), need("b", "二")]).await.unwrap();
    let outcomes = import.upsert(vec![need("a", "三"), need("b", "二"), need("", "四")]).await.unwrap();
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

pub(crate) async fn leave_records_of_other_regions_alone(store: Store) {
    use store::Outcome::{Changed, Created, Elsewhere};
    store
        .upsert(vec![in_region("a", "341103"), in_region("b", "340104"), need("c", "无地区")])
        .await
        .unwrap();
    let chuzhou = "3411".parse().ok();
    let drafts = ["a", "b", "c", "d"].map(|name| in_region(name, "341102"));
    let whole = store.import_within(chuzhou).await.unwrap().upsert(drafts.to_vec()).await.unwrap();
    let written = store.upsert_within(chuzhou, drafts.to_vec()).await.unwrap();
    for outcomes in [whole, written] {
        let outcomes: Vec<Outcome> = outcomes.into_iter().map(|one| one.outcome).collect();
        assert_eq!(outcomes, [Changed, Elsewhere, Elsewhere, Created]);
    }
    let foreign = store.by_external_id(Kind::Need, "b").await.unwrap().unwrap();
    assert_eq!((foreign.revision, foreign.profile.region()), (1, "340104".parse().ok()));
}
