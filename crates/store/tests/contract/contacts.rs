//! Contacts lie apart and are never told in passing.

use domain::{Contact, Kind, RecordId};
use store::{Outcome, Store, StoreError};

use crate::drafts::{contact, need, with_contact};

pub(crate) async fn are_read_alone_and_in_bulk(store: Store) {
    let full = Contact {
        person: Some("王建国".to_owned()),
        mobile: Some("13812345678".to_owned()),
        phone: Some("0550-3071234".to_owned()),
        fax: Some("0550-3071235".to_owned()),
        email: Some("wang@example.com".to_owned()),
        address: Some("安徽省滁州市琅琊区南谯路1号".to_owned()),
        postcode: Some("239000".to_owned()),
    };
    store
        .upsert(vec![
            with_contact(need("a", "一"), full.clone()),
            need("b", "二"),
            with_contact(need("c", "三"), contact("13912345678")),
        ])
        .await
        .unwrap();
    let id = |number| RecordId::new(Kind::Need, number);
    assert!(store.contact(id(1)).await.unwrap() == full);
    assert!(store.contact(id(2)).await.unwrap().is_empty());
    let found = store.contacts(Kind::Need, &[3, 2, 1, 9]).await.unwrap();
    assert_eq!(found.len(), 2);
    assert!(found[&1] == full && found[&3] == contact("13912345678"));
    assert!(store.contacts(Kind::Expert, &[1]).await.unwrap().is_empty());
}

pub(crate) async fn of_an_unknown_record_are_not_found(store: Store) {
    let id = RecordId::new(Kind::Need, 1);
    assert!(matches!(store.contact(id).await.unwrap_err(), StoreError::NotFound(missing) if missing == id));
}

pub(crate) async fn an_empty_contact_deletes(store: Store) {
    let id = store.create(with_contact(need("a", "一"), contact("13812345678"))).await.unwrap().id;
    let outcomes = store.upsert(vec![with_contact(need("a", "一"), Contact::default())]).await.unwrap();
    assert_eq!(outcomes[0].outcome, Outcome::Changed);
    assert!(store.contact(id).await.unwrap().is_empty());
    assert!(store.contacts(Kind::Need, &[id.number]).await.unwrap().is_empty());
}

pub(crate) async fn errors_and_records_never_show_them(store: Store) {
    let draft = || with_contact(need("a", "一"), contact("13812345678"));
    let record = store.create(draft()).await.unwrap();
    let exists = store.create(draft()).await.unwrap_err();
    let stale = store.replace(record.id, Some(9), draft()).await.unwrap_err();
    let changes = store.changes(0, 10).await.unwrap();
    let json = record.profile.to_json();
    let shown = format!("{record:?} {json} {exists} {exists:?} {stale} {stale:?} {changes:?}");
    for secret in ["王建国", "13812345678"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}
