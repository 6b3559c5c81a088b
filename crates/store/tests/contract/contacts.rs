//! Contacts lie apart and are never told in passing.

use domain::{Contact, Kind, RecordId};
use store::{AuditFilter, Outcome, Store, StoreError};

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
    assert!(found[&1] == Some(full) && found[&3] == Some(contact("13912345678")));
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

pub(crate) async fn are_sealed_anew_under_another_key(store: Store) {
    let draft = |at: u32| with_contact(need(&format!("n{at}"), "一"), contact(&format!("139{at:08}")));
    store.upsert((0..1_200).map(draft).collect()).await.unwrap();
    let before = store.contact_keys().await.unwrap();
    assert_eq!(before.iter().map(|key| (key.contacts, key.current)).collect::<Vec<_>>(), [(1_200, true)]);
    let mut heard = Vec::new();
    let rotation = store.rotate_contacts(|done, all| heard.push((done, all))).await.unwrap();
    assert!(rotation.new && rotation.contacts == 1_200, "{rotation:?}");
    assert_eq!(heard, [(500, 1_200), (1_000, 1_200), (1_200, 1_200)]);
    let after = store.contact_keys().await.unwrap();
    assert_eq!(after.iter().map(|key| key.contacts).collect::<Vec<_>>(), [0, 1_200]);
    assert!(after[1].current && after[1].id == rotation.key && after[0].id == before[0].id);
    let numbers: Vec<u64> = (1..=1_200).collect();
    let contacts = store.contacts(Kind::Need, &numbers).await.unwrap();
    let expected = |number: &u64| Some(contact(&format!("139{:08}", number - 1)));
    assert!(numbers.iter().all(|number| contacts[number] == expected(number)));
    let row = store.audit_before(&AuditFilter::default(), u64::MAX, 1).await.unwrap().remove(0);
    assert_eq!(row.action, "contacts.rotate");
}

pub(crate) async fn are_read_and_written_while_they_are_sealed_anew(store: Store) {
    let draft = |at: u32| with_contact(need(&format!("n{at}"), "一"), contact(&format!("139{at:08}")));
    store.upsert((0..600).map(draft).collect()).await.unwrap();
    let writer = tokio::spawn({
        let store = store.clone();
        async move {
            for at in 600..700 {
                let id = store.create(draft(at)).await.unwrap().id;
                assert!(store.contact(id).await.unwrap() == contact(&format!("139{at:08}")));
            }
        }
    });
    store.rotate_contacts(|_, _| {}).await.unwrap();
    writer.await.unwrap();
    let keys = store.contact_keys().await.unwrap();
    assert_eq!(keys.iter().map(|key| key.contacts).collect::<Vec<_>>(), [0, 700]);
}
