//! Many writers at once.

use domain::{Kind, RecordId, Status};
use store::{ListFilter, Store, StoreError};

use crate::drafts::{achievement, changed_since, expert, need};

pub(crate) async fn thirty_two_writers_all_succeed(store: Store) {
    let writers: Vec<_> = (0..32)
        .map(|writer| {
            let store = store.clone();
            tokio::spawn(async move {
                for at in 0..5 {
                    let own = format!("{writer}-{at}");
                    store.create(need(&own, "需求")).await.unwrap();
                    store
                        .upsert(vec![expert("shared", &own), achievement(&own, "成果", &["shared"])])
                        .await
                        .unwrap();
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
    let all = ListFilter::default();
    assert_eq!(store.count(Kind::Need, &all).await.unwrap(), 160);
    assert_eq!(store.count(Kind::Achievement, &all).await.unwrap(), 160);
    let shared = store.by_external_id(Kind::Expert, "shared").await.unwrap().unwrap();
    assert_eq!(shared.revision, 160);
    let numbers: Vec<u64> = store
        .page(Kind::Need, &all, 0, 1000)
        .await
        .unwrap()
        .into_iter()
        .map(|record| record.id.number)
        .collect();
    assert_eq!(numbers, (1..=160).collect::<Vec<_>>());
    assert_eq!(changed_since(&store, 0).await.len(), 3 * 160);
}

pub(crate) async fn a_contended_record_counts_every_change(store: Store) {
    let id = store.create(need("a", "一")).await.unwrap().id;
    let writers: Vec<_> = (0..16)
        .map(|_| {
            let store = store.clone();
            tokio::spawn(async move { add_one(&store, id).await })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
    assert_eq!(store.record(id).await.unwrap().unwrap().revision, 17);
}

/// Changes the record whatever the others do: reads it again when they were first.
async fn add_one(store: &Store, id: RecordId) {
    loop {
        let record = store.record(id).await.unwrap().unwrap();
        let other = if record.status == Status::Open { Status::Closed } else { Status::Open };
        match store.set_status(id, Some(record.revision), other).await {
            Ok(changed) => return assert_eq!(changed.revision, record.revision + 1),
            Err(StoreError::StaleRevision { .. }) => {}
            Err(error) => panic!("{error:?}"),
        }
    }
}

pub(crate) async fn only_one_of_many_creates_an_identifier(store: Store) {
    let writers: Vec<_> = (0..8)
        .map(|_| {
            let store = store.clone();
            tokio::spawn(async move { store.create(need("a", "一")).await })
        })
        .collect();
    let mut created = 0;
    for writer in writers {
        match writer.await.unwrap() {
            Ok(_) => created += 1,
            Err(error) => assert!(matches!(error, StoreError::AlreadyExists { .. }), "{error:?}"),
        }
    }
    assert_eq!(created, 1);
}

/// Nothing to run: this compiles only if the futures may move between threads.
#[expect(dead_code, reason = "checked by the compiler")]
fn every_operation_can_be_spawned(store: &'static Store) {
    fn spawn(_: impl Future + Send + 'static) {}
    let (id, filter) = (RecordId::new(Kind::Need, 1), Box::leak(Box::new(ListFilter::default())));
    spawn(Store::open(""));
    spawn(Store::migrate(""));
    spawn(store.prune_changes(0));
    spawn(async {
        let mut import = store.import().await.unwrap();
        import.upsert(Vec::new()).await.unwrap();
        import.commit().await.unwrap();
    });
    spawn(store.create(need("a", "")));
    spawn(store.replace(id, None, need("a", "")));
    spawn(store.set_status(id, None, Status::Open));
    spawn(store.records(Kind::Need, &[1]));
    spawn(store.contact(id));
    spawn(store.contacts(Kind::Need, &[1]));
    spawn(store.page(Kind::Need, filter, 0, 1));
    spawn(store.achievements_of(&[]));
    spawn(store.changes(0, 1));
    let plan = Box::leak(Box::new(crate::runs::plan(crate::runs::DAY, None)));
    spawn(store.open_run(plan));
    spawn(store.claim_batch(store::RunId(1), "here", std::time::Duration::ZERO));
    spawn(store.publish_run(store::RunId(1)));
    spawn(store.abandon_run(store::RunId(1)));
    spawn(store.match_list(store::RunId(1), 1, Kind::Expert));
    spawn(store.begin_epoch("", "", &[]));
    spawn(store.prune_runs(2));
    spawn(store.close());
}
