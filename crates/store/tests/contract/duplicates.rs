//! Needs to be compared, the keys they stand under, pairs, and clusters beside runs.

use std::collections::HashMap;

use domain::{Kind, RecordId, Status};
use jiff::civil::date;
use store::{Claim, Cluster, ClusterPlace, Pair, Sketch, Store, StoreError};

use crate::runs;

const HOLD: std::time::Duration = std::time::Duration::from_secs(30);

use crate::drafts::{contact, expert, need, with_contact};

fn sketch(need: u64, bands: &[i64]) -> Sketch {
    Sketch { need, bands: bands.to_vec(), listed: bands.to_vec() }
}

fn pair(first: u64, second: u64) -> Pair {
    let reason = "text".to_owned();
    Pair { first, second, reason, likeness: 0.5, first_share: 0.75, second_share: 0.6 }
}

/// Three needs, compared: the first two are a pair.
async fn compared(store: &Store) {
    store.upsert(vec![need("a", "一"), need("b", "二"), need("c", "三")]).await.unwrap();
    let mut comparison = store.compare().await.unwrap();
    assert_eq!(comparison.uncompared(&[3, 1, 2]).await.unwrap().len(), 3);
    let sketches = [sketch(1, &[7, -8]), sketch(2, &[7, i64::MIN]), sketch(3, &[9])];
    comparison.write(&[1, 2, 3], &sketches, &[pair(1, 2)]).await.unwrap();
}

async fn pairs_of(store: &Store, need: u64) -> Vec<Pair> {
    store.pairs_of(&[need], false).await.unwrap()
}

pub(crate) async fn needs_wait_whenever_they_say_something_new(store: Store) {
    compared(&store).await;
    assert_eq!(store.uncompared(10).await.unwrap(), Vec::<u64>::new());
    store.upsert(vec![need("a", "一"), expert("e", "李"), need("d", "四")]).await.unwrap();
    assert_eq!(store.uncompared(10).await.unwrap(), [4]);
    let first = RecordId::new(Kind::Need, 1);
    store.replace(first, None, with_contact(need("a", "一"), contact("13812345678"))).await.unwrap();
    store.set_status(first, None, Status::Closed).await.unwrap();
    assert_eq!(store.uncompared(10).await.unwrap(), [4], "a contact and a status are no text");
    store.replace(first, None, need("a", "另一")).await.unwrap();
    store.create(need("e", "五")).await.unwrap();
    assert_eq!(
        (store.uncompared(10).await.unwrap(), store.uncompared(2).await.unwrap()),
        (vec![1, 4, 5], vec![1, 4])
    );
    assert_eq!(store.count_uncompared().await.unwrap(), 3);
}

pub(crate) async fn a_comparison_that_is_dropped_leaves_nothing(store: Store) {
    compared(&store).await;
    store.replace(RecordId::new(Kind::Need, 1), None, need("a", "另一")).await.unwrap();
    let mut comparison = store.compare().await.unwrap();
    assert_eq!(comparison.uncompared(&[1, 2, 3]).await.unwrap().len(), 1);
    assert_eq!(comparison.holders(&[7, -8, 9]).await.unwrap(), HashMap::from([(7, vec![2]), (9, vec![3])]));
    drop(comparison);
    let mut again = store.compare().await.unwrap();
    assert_eq!(again.holders(&[7, -8]).await.unwrap(), HashMap::from([(7, vec![1, 2]), (-8, vec![1])]));
    assert_eq!(again.uncompared(&[1]).await.unwrap().len(), 1);
    again.write(&[1], &[sketch(1, &[9])], &[pair(1, 3)]).await.unwrap();
    assert_eq!(store.pairs((0, 0), 10).await.unwrap(), [pair(1, 3)]);
}

pub(crate) async fn pairs_are_seen_from_both_sides_and_in_order(store: Store) {
    compared(&store).await;
    assert_eq!((pairs_of(&store, 1).await, pairs_of(&store, 2).await), (vec![pair(1, 2)], vec![pair(1, 2)]));
    assert_eq!(pairs_of(&store, 3).await, []);
    assert_eq!(store.pairs_of(&[1, 2, 3], true).await.unwrap(), [pair(1, 2)], "each once");
    assert_eq!(store.pairs((1, 1), 1).await.unwrap(), [pair(1, 2)]);
    assert_eq!(store.pairs((1, 2), 1).await.unwrap(), []);
}

pub(crate) async fn pairs_of_withdrawn_and_changed_needs_are_left_out(store: Store) {
    compared(&store).await;
    let second = RecordId::new(Kind::Need, 2);
    store.set_status(second, None, Status::Withdrawn).await.unwrap();
    assert_eq!((pairs_of(&store, 1).await, store.pairs((0, 0), 9).await.unwrap()), (vec![], vec![]));
    assert_eq!(store.pairs_of(&[1], true).await.unwrap(), [pair(1, 2)]);
    store.set_status(second, None, Status::Open).await.unwrap();
    assert_eq!(pairs_of(&store, 1).await, [pair(1, 2)]);
    store.replace(second, None, need("b", "改")).await.unwrap();
    assert_eq!((pairs_of(&store, 1).await, store.pairs((0, 0), 9).await.unwrap()), (vec![], vec![]));
    assert_eq!(store.pairs_of(&[1], true).await.unwrap(), []);
}

pub(crate) async fn another_method_has_all_compared_again(store: Store) {
    store.compare_by("1").await.unwrap();
    compared(&store).await;
    store.compare_by("1").await.unwrap();
    assert_eq!(store.count_uncompared().await.unwrap(), 0);
    store.compare_by("2").await.unwrap();
    assert_eq!(store.uncompared(9).await.unwrap(), [1, 2, 3]);
}

pub(crate) async fn clusters_come_and_go_with_their_run(store: Store) {
    let cluster = |place, size| Cluster { place, size, content: format!("{{\"place\":{place}}}") };
    let clusters = [cluster(1, 5), cluster(2, 3), cluster(3, 2)];
    let with_clusters = async |day| {
        let run = runs::opened(&store, date(2026, 3, day)).await.id;
        let Claim::Work(batch) = store.claim_batch(run, "here", HOLD).await.unwrap() else { unreachable!() };
        store.finish_clusters(&batch, &clusters).await.unwrap();
        (run, batch)
    };
    let (run, batch) = with_clusters(1).await;
    let all = ClusterPlace { after: 0, least: 2, limit: 9 };
    assert_eq!(store.run_clusters(run, all).await.unwrap(), [], "not published");
    store.publish_run(run).await.unwrap();
    assert_eq!(store.run_clusters(run, all).await.unwrap(), clusters);
    assert_eq!(store.run_clusters(run, ClusterPlace { least: 3, ..all }).await.unwrap(), clusters[..2]);
    let next = ClusterPlace { after: 1, limit: 1, ..all };
    assert_eq!(store.run_clusters(run, next).await.unwrap(), clusters[1..2]);
    let late = store.finish_clusters(&batch, &clusters).await.unwrap_err();
    assert!(matches!(late, StoreError::RunClosed(_)));
    for day in 2..=4 {
        let (run, _) = with_clusters(day).await;
        store.publish_run(run).await.unwrap();
    }
    assert_eq!(store.prune_runs(2).await.unwrap(), 2);
    assert_eq!(store.run_clusters(run, all).await.unwrap(), []);
}
