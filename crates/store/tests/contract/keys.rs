//! Holders and keys: what is made reads back, two at a time are good, a revoked one never again.

use std::collections::BTreeSet;

use domain::access::{KeyId, Scope, SecretDigest};
use jiff::Timestamp;
use jiff::civil::date;
use store::{KeyDraft, Store, StoreError, StoredKey};

fn draft(holder: &str) -> KeyDraft {
    KeyDraft {
        holder: holder.to_owned(),
        purpose: "汇总需求".to_owned(),
        region: "3411".parse().ok(),
        scopes: BTreeSet::from([Scope::NeedsRead, Scope::Admin]),
        expires_at: Timestamp::from_second(4_000_000_000).unwrap(),
    }
}

fn digest(key: KeyId) -> SecretDigest {
    SecretDigest::of(&[key.0 as u8; 32])
}

async fn made(store: &Store, holder: &str) -> StoredKey {
    store.add_key(&draft(holder), digest).await.unwrap()
}

pub(crate) async fn a_key_reads_back_whole(store: Store) {
    let key = made(&store, "甲平台").await;
    assert_eq!((key.id, key.digest), (KeyId(1), digest(KeyId(1))));
    let KeyDraft { holder, purpose, region, scopes, expires_at } = draft("甲平台");
    assert_eq!((&key.holder, &key.purpose, key.region), (&holder, &purpose, region));
    assert_eq!((&key.scopes, key.expires_at), (&scopes, expires_at));
    assert_eq!((key.revoked_at, key.last_used_at, key.used), (None, None, 0));
    assert_eq!(store.key(key.id).await.unwrap(), Some(key.clone()));
    assert_eq!(store.key(KeyId(9)).await.unwrap(), None);
    let everywhere = KeyDraft { region: None, ..draft("乙平台") };
    let second = store.add_key(&everywhere, digest).await.unwrap();
    assert_eq!(second.region, None);
    assert_eq!(store.keys(0, 10).await.unwrap(), [key, second.clone()]);
    assert_eq!(store.keys(1, 10).await.unwrap(), [second]);
}

pub(crate) async fn a_holder_has_two_good_keys_at_most(store: Store) {
    let first = made(&store, "甲平台").await;
    made(&store, "甲平台").await;
    match store.add_key(&draft("甲平台"), digest).await.unwrap_err() {
        StoreError::TooManyKeys { live, .. } => assert_eq!(live, [KeyId(1), KeyId(2)]),
        error => panic!("{error}"),
    }
    made(&store, "乙平台").await;
    store.revoke_key(first.id).await.unwrap();
    made(&store, "甲平台").await;
    // One that has expired is no good key either.
    let past = KeyDraft { expires_at: Timestamp::from_second(1).unwrap(), ..draft("丙平台") };
    for _ in 0..3 {
        store.add_key(&past, digest).await.unwrap();
    }
}

pub(crate) async fn many_at_once_make_two(store: Store) {
    let making = (0..8).map(|_| {
        let store = store.clone();
        tokio::spawn(async move { store.add_key(&draft("甲平台"), digest).await.is_ok() })
    });
    let mut made = 0;
    for one in making.collect::<Vec<_>>() {
        made += usize::from(one.await.unwrap());
    }
    assert_eq!((made, store.keys(0, 10).await.unwrap().len()), (2, 2));
}

pub(crate) async fn a_holder_stays_who_it_is(store: Store) {
    made(&store, "甲平台").await;
    let other_purpose = KeyDraft { purpose: "另一个用途".to_owned(), ..draft("甲平台") };
    let other_region = KeyDraft { region: "34".parse().ok(), ..draft("甲平台") };
    for draft in [other_purpose, other_region] {
        let refused = store.add_key(&draft, digest).await.unwrap_err();
        assert!(matches!(refused, StoreError::HolderDiffers(_)), "{refused}");
    }
    assert_eq!(store.keys(0, 10).await.unwrap().len(), 1);
}

pub(crate) async fn the_first_revocation_counts(store: Store) {
    let key = made(&store, "甲平台").await;
    store.revoke_key(key.id).await.unwrap();
    let revoked = store.key(key.id).await.unwrap().unwrap();
    assert!(revoked.revoked_at >= Some(key.created_at));
    tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    store.revoke_key(key.id).await.unwrap();
    assert_eq!(store.key(key.id).await.unwrap().unwrap(), revoked);
}

pub(crate) async fn uses_are_counted_by_the_day(store: Store) {
    let key = made(&store, "甲平台").await;
    for (day, requests) in [(date(2026, 3, 1), 5), (date(2026, 3, 1), 2)] {
        store.add_use(key.id, day, requests).await.unwrap();
    }
    let used = store.key(key.id).await.unwrap().unwrap();
    assert_eq!((used.used_on, used.used), (Some(date(2026, 3, 1)), 7));
    assert!(used.last_used_at.is_some());
    store.add_use(key.id, date(2026, 3, 2), 1).await.unwrap();
    let next = store.key(key.id).await.unwrap().unwrap();
    assert_eq!((next.used_on, next.used), (Some(date(2026, 3, 2)), 1));
}
