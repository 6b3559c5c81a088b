//! Achievements and the experts who made them.

use std::collections::HashMap;

use domain::{Kind, RecordId, Status};
use store::Store;

use crate::drafts::{achievement, changed_since, expert, with_status};

/// Numbers of the achievements of the experts a, b and c (numbers 1, 2, 3).
async fn by_expert(store: &Store) -> HashMap<u64, Vec<u64>> {
    let experts = [(1, "a".to_owned()), (2, "b".to_owned()), (3, "c".to_owned())];
    let found = store.achievements_of(&experts).await.unwrap();
    found
        .into_iter()
        .map(|(number, records)| (number, records.into_iter().map(|record| record.id.number).collect()))
        .collect()
}

async fn three_experts(store: &Store) {
    store.upsert(vec![expert("a", "甲"), expert("b", "乙"), expert("c", "丙")]).await.unwrap();
}

pub(crate) async fn achievements_are_found_by_expert(store: Store) {
    three_experts(&store).await;
    store
        .upsert(vec![
            achievement("p", "一", &["a", "b"]),
            achievement("q", "二", &["b", "b", "nobody"]),
            achievement("r", "三", &[]),
        ])
        .await
        .unwrap();
    assert_eq!(by_expert(&store).await, HashMap::from([(1, vec![1]), (2, vec![1, 2])]));
    assert!(store.achievements_of(&[]).await.unwrap().is_empty());
}

pub(crate) async fn withdrawn_achievements_are_left_out(store: Store) {
    three_experts(&store).await;
    store
        .upsert(vec![
            with_status(achievement("p", "一", &["a"]), Status::Closed),
            with_status(achievement("q", "二", &["a"]), Status::Withdrawn),
        ])
        .await
        .unwrap();
    assert_eq!(by_expert(&store).await, HashMap::from([(1, vec![1])]));
}

pub(crate) async fn writing_an_achievement_tells_of_its_experts_old_and_new(store: Store) {
    three_experts(&store).await;
    let made = RecordId::new(Kind::Achievement, 1);
    let expert = |number| RecordId::new(Kind::Expert, number);

    let seen = store.last_change().await.unwrap();
    store.create(achievement("p", "一", &["a", "b"])).await.unwrap();
    assert_eq!(changed_since(&store, seen).await, [made, expert(1), expert(2)]);

    let seen = store.last_change().await.unwrap();
    store.upsert(vec![achievement("p", "一", &["b", "c"])]).await.unwrap();
    assert_eq!(changed_since(&store, seen).await, [made, expert(1), expert(2), expert(3)]);
    assert_eq!(by_expert(&store).await, HashMap::from([(2, vec![1]), (3, vec![1])]));

    let seen = store.last_change().await.unwrap();
    store.set_status(made, None, Status::Withdrawn).await.unwrap();
    assert_eq!(changed_since(&store, seen).await, [made, expert(2), expert(3)]);

    let seen = store.last_change().await.unwrap();
    store.upsert(vec![achievement("p", "一", &["b", "c"])]).await.unwrap();
    assert_eq!(changed_since(&store, seen).await, []);
}

pub(crate) async fn an_expert_who_arrives_later_finds_earlier_achievements(store: Store) {
    store.create(achievement("p", "一", &["a"])).await.unwrap();
    assert_eq!(changed_since(&store, 0).await, [RecordId::new(Kind::Achievement, 1)]);
    store.create(expert("a", "甲")).await.unwrap();
    assert_eq!(by_expert(&store).await, HashMap::from([(1, vec![1])]));
}

pub(crate) async fn an_expert_written_with_the_achievement_is_told_of_once(store: Store) {
    store.upsert(vec![achievement("p", "一", &["a"]), expert("a", "甲")]).await.unwrap();
    let told = [RecordId::new(Kind::Achievement, 1), RecordId::new(Kind::Expert, 1)];
    assert_eq!(changed_since(&store, 0).await, told);
}
