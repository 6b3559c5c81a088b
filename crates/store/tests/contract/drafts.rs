//! Drafts for the properties.

use domain::forms::{Draft, Unsaid};
use domain::{Achievement, Contact, Expert, Inventor, Need, Profile, RecordId, Status};
use store::Store;

pub(crate) fn need(external_id: &str, title: &str) -> Draft {
    let profile = Need { title: title.to_owned(), ..Need::default() };
    draft(external_id, Profile::Need(profile))
}

pub(crate) fn in_region(external_id: &str, region: &str) -> Draft {
    let profile = Need { title: "需求".to_owned(), region: region.parse().ok(), ..Need::default() };
    draft(external_id, Profile::Need(profile))
}

pub(crate) fn expert(external_id: &str, name: &str) -> Draft {
    let profile = Expert { name: name.to_owned(), ..Expert::default() };
    draft(external_id, Profile::Expert(profile))
}

/// An achievement of the experts with these external identifiers.
pub(crate) fn achievement(external_id: &str, title: &str, experts: &[&str]) -> Draft {
    let inventor =
        |expert: &&str| Inventor { name: format!("完成人{expert}"), expert: Some((*expert).to_owned()) };
    let profile = Achievement {
        title: title.to_owned(),
        inventors: experts.iter().map(inventor).collect(),
        ..Achievement::default()
    };
    draft(external_id, Profile::Achievement(profile))
}

/// A draft without external identifier when that is empty.
fn draft(external_id: &str, profile: Profile) -> Draft {
    let external_id = Some(external_id.to_owned()).filter(|id| !id.is_empty());
    Draft { external_id, status: None, profile, contact: None, unsaid: Unsaid::default() }
}

pub(crate) fn with_status(draft: Draft, status: Status) -> Draft {
    Draft { status: Some(status), ..draft }
}

pub(crate) fn with_contact(draft: Draft, contact: Contact) -> Draft {
    Draft { contact: Some(contact), ..draft }
}

pub(crate) fn contact(mobile: &str) -> Contact {
    Contact { person: Some("王建国".to_owned()), mobile: Some(mobile.to_owned()), ..Contact::default() }
}

/// The records that the outbox names after `after`, in order.
pub(crate) async fn changed_since(store: &Store, after: u64) -> Vec<RecordId> {
    let changes = store.changes(after, u32::MAX).await.unwrap();
    assert!(changes.is_sorted_by(|a, b| a.seq < b.seq));
    changes.into_iter().map(|change| change.id).collect()
}
