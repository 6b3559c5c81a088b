//! Creating, changing and reading single records.

use domain::{Consent, Kind, Profile, Record, RecordId, Status};
use serde_json::json;
use store::{Outcome, Store, StoreError, Upserted};

use crate::drafts::{contact, expert, need, with_contact, with_status};

fn need_id(number: u64) -> RecordId {
    RecordId::new(Kind::Need, number)
}

pub(crate) async fn a_created_record_reads_back_whole(store: Store) {
    let draft =
        with_contact(with_status(need("外-1", "激光焊接气孔控制"), Status::Closed), contact("13812345678"));
    let created = store.create(draft.clone()).await.unwrap();
    assert_eq!(created.id, need_id(1));
    assert_eq!(created.external_id, "外-1");
    assert_eq!(created.revision, 1);
    assert_eq!(created.status, Status::Closed);
    assert_eq!(created.created_at, created.updated_at);
    assert_eq!(created.profile, draft.profile);
    assert_eq!(store.record(created.id).await.unwrap(), Some(created.clone()));
    assert_eq!(store.by_external_id(Kind::Need, "外-1").await.unwrap(), Some(created.clone()));
    let found = store.records(Kind::Need, &[1]).await.unwrap();
    assert_eq!(found, std::slice::from_ref(&created));
    assert_eq!(store.contact(created.id).await.unwrap(), contact("13812345678"));
}

/// Whether it is a number with digits of chance, which no other database makes up for another record.
fn is_made_up(external_id: &str, number: &str) -> bool {
    let chance = external_id.strip_prefix(number).unwrap_or_default();
    chance.len() == 8 && chance.bytes().all(|b| b.is_ascii_hexdigit())
}

pub(crate) async fn numbers_ascend_per_registry_and_made_up_identifiers_are_of_one_database(store: Store) {
    for number in 1..=3 {
        let created = store.create(need("", "需求")).await.unwrap();
        assert_eq!(created.id, need_id(number));
        assert!(is_made_up(&created.external_id, &format!("need-{number}-")), "{}", created.external_id);
        assert_eq!(created.status, Status::Open);
    }
    let other = store.create(expert("", "李")).await.unwrap();
    assert!(is_made_up(&other.external_id, "expert-1-"), "{}", other.external_id);
    let outcomes = store.upsert(vec![need("", "甲"), need("a", "乙"), need("", "丙")]).await.unwrap();
    let numbers: Vec<u64> = outcomes.iter().map(|one| one.id.number).collect();
    assert_eq!(numbers, [4, 5, 6]);
    let last = store.record(need_id(6)).await.unwrap().unwrap().external_id;
    assert!(is_made_up(&last, "need-6-"), "{last}");
}

pub(crate) async fn creating_a_taken_identifier_fails_and_writes_nothing(store: Store) {
    let created = store.create(need("a", "原来的")).await.unwrap();
    let last = store.last_change().await.unwrap();
    let error = store.create(need("a", "后来的")).await.unwrap_err();
    assert!(
        matches!(error, StoreError::AlreadyExists { kind: Kind::Need, external_id } if external_id == "a")
    );
    assert_eq!(store.record(created.id).await.unwrap(), Some(created));
    assert_eq!(store.last_change().await.unwrap(), last);
    assert_eq!(store.create(need("b", "下一个")).await.unwrap().id, need_id(2));
}

pub(crate) async fn the_same_batch_twice_changes_nothing(store: Store) {
    let batch: Vec<_> = (0..300)
        .map(|at| {
            with_contact(need(&format!("n{at}"), &format!("需求{at}")), contact(&format!("138{at:08}")))
        })
        .collect();
    let first = store.upsert(batch.clone()).await.unwrap();
    assert!(first.iter().all(|one| one.outcome == Outcome::Created));
    let before = store.records(Kind::Need, &(1..=300).collect::<Vec<_>>()).await.unwrap();
    let last = store.last_change().await.unwrap();

    let second = store.upsert(batch).await.unwrap();
    let unchanged = |one: &Upserted| Upserted { outcome: Outcome::Unchanged, ..*one };
    assert_eq!(second, first.iter().map(unchanged).collect::<Vec<_>>());
    assert_eq!(store.records(Kind::Need, &(1..=300).collect::<Vec<_>>()).await.unwrap(), before);
    assert_eq!(store.last_change().await.unwrap(), last);
}

pub(crate) async fn a_batch_works_as_its_drafts_in_sequence(store: Store) {
    let outcomes = store
        .upsert(vec![
            need("a", "一"),
            need("a", "一"),
            with_status(need("a", "二"), Status::Closed),
            need("", "无编号"),
            need("need-2", "以别处的编号为编号"),
        ])
        .await
        .unwrap();
    let all: Vec<(u64, Outcome)> = outcomes.iter().map(|one| (one.id.number, one.outcome)).collect();
    use Outcome::{Changed, Created, Unchanged};
    assert_eq!(all, [(1, Created), (1, Unchanged), (1, Changed), (2, Created), (3, Created)]);
    let record = store.record(need_id(1)).await.unwrap().unwrap();
    assert_eq!((record.revision, record.status), (2, Status::Closed));
    assert_eq!(record.profile, need("a", "二").profile);
    assert_eq!(store.record(need_id(2)).await.unwrap().unwrap().revision, 1);
}

pub(crate) async fn upsert_keeps_status_and_contact_when_the_draft_has_none(store: Store) {
    let full = with_contact(with_status(need("a", "一"), Status::Withdrawn), contact("13812345678"));
    store.upsert(vec![full]).await.unwrap();
    store.upsert(vec![need("a", "二")]).await.unwrap();
    let record = store.record(need_id(1)).await.unwrap().unwrap();
    assert_eq!(record.status, Status::Withdrawn);
    assert_eq!(record.profile, need("a", "二").profile);
    assert_eq!(store.contact(record.id).await.unwrap(), contact("13812345678"));

    let outcomes = store.upsert(vec![with_contact(need("a", "二"), contact("13912345678"))]).await.unwrap();
    assert_eq!(outcomes[0].outcome, Outcome::Changed);
    assert_eq!(store.contact(record.id).await.unwrap(), contact("13912345678"));
}

/// As forms say it: what is not in them is unsaid.
fn expert_form(form: serde_json::Value) -> domain::forms::Draft {
    domain::forms::parse(Kind::Expert, form).unwrap()
}

pub(crate) async fn consent_stays_where_it_is_not_stated(store: Store) {
    let consent = async |store: &Store| match store.record(RecordId::new(Kind::Expert, 1)).await.unwrap() {
        Some(Record { profile: Profile::Expert(expert), .. }) => expert.consent,
        other => panic!("{other:?}"),
    };
    let refused = json!({"external_id": "CON-1", "name": "甲", "consent": "none", "bio": "简介"});
    let id = store.create(expert_form(refused)).await.unwrap().id;
    let mut import = store.import().await.unwrap();
    let row = json!({"external_id": "CON-1", "name": "甲", "organisation": "皖江理工大学", "consent": null});
    import.upsert(vec![expert_form(row)]).await.unwrap();
    assert_eq!(import.emptied().iter().collect::<Vec<_>>(), [&"bio"], "and nothing else was lost");
    import.commit().await.unwrap();
    assert_eq!(consent(&store).await, Consent::None);
    store.replace(id, None, expert_form(json!({"name": "甲甲"}))).await.unwrap();
    assert_eq!(consent(&store).await, Consent::None);
    store.replace(id, None, expert_form(json!({"name": "甲", "consent": "matching"}))).await.unwrap();
    assert_eq!(consent(&store).await, Consent::Matching);
}

pub(crate) async fn a_change_adds_one_to_the_revision_and_keeps_the_creation(store: Store) {
    let first = store.create(need("a", "一")).await.unwrap();
    let second = store.replace(first.id, Some(1), need("a", "二")).await.unwrap();
    let third = store.set_status(first.id, Some(2), Status::Closed).await.unwrap();
    assert_eq!((second.revision, third.revision), (2, 3));
    assert_eq!(third.created_at, first.created_at);
    assert!(third.updated_at >= second.updated_at && second.updated_at >= first.updated_at);
    assert_eq!(third.profile, need("a", "二").profile);
    assert_eq!(store.record(first.id).await.unwrap(), Some(third));
}

pub(crate) async fn a_stale_revision_is_refused_with_the_current_one(store: Store) {
    let id = store.create(need("a", "一")).await.unwrap().id;
    let second = store.replace(id, None, need("a", "二")).await.unwrap();
    let last = store.last_change().await.unwrap();
    for error in [
        store.replace(id, Some(1), need("a", "三")).await.unwrap_err(),
        store.set_status(id, Some(1), Status::Closed).await.unwrap_err(),
        store.replace(id, Some(1), need("a", "二")).await.unwrap_err(),
    ] {
        assert!(matches!(error, StoreError::StaleRevision { current: 2 }), "{error:?}");
    }
    assert_eq!(store.record(id).await.unwrap(), Some(second));
    assert_eq!(store.last_change().await.unwrap(), last);
}

pub(crate) async fn replacing_by_another_kind_is_refused(store: Store) {
    let id = store.create(need("a", "一")).await.unwrap().id;
    let error = store.replace(id, None, expert("a", "李")).await.unwrap_err();
    assert!(matches!(error, StoreError::WrongKind { expected: Kind::Need, found: Kind::Expert }));
}

pub(crate) async fn replacing_moves_the_external_identifier_unless_it_is_taken(store: Store) {
    let id = store.create(need("a", "一")).await.unwrap().id;
    store.create(need("b", "二")).await.unwrap();
    let error = store.replace(id, None, need("b", "一")).await.unwrap_err();
    assert!(matches!(error, StoreError::AlreadyExists { external_id, .. } if external_id == "b"));

    let moved = store.replace(id, None, need("c", "一")).await.unwrap();
    assert_eq!((moved.external_id.as_str(), moved.revision), ("c", 2));
    assert_eq!(store.by_external_id(Kind::Need, "a").await.unwrap(), None);
    assert_eq!(store.by_external_id(Kind::Need, "c").await.unwrap(), Some(moved));
    let kept = store.replace(id, None, need("", "三")).await.unwrap();
    assert_eq!(kept.external_id, "c");
}

pub(crate) async fn replacing_with_the_same_writes_nothing(store: Store) {
    let created = store.create(with_contact(need("a", "一"), contact("13812345678"))).await.unwrap();
    let last = store.last_change().await.unwrap();
    let same = with_contact(need("a", "一"), contact("13812345678"));
    assert_eq!(store.replace(created.id, Some(1), same).await.unwrap(), created);
    assert_eq!(store.last_change().await.unwrap(), last);
}

pub(crate) async fn setting_the_same_status_writes_nothing(store: Store) {
    let created = store.create(need("a", "一")).await.unwrap();
    let last = store.last_change().await.unwrap();
    assert_eq!(store.set_status(created.id, None, Status::Open).await.unwrap(), created);
    assert_eq!(store.last_change().await.unwrap(), last);
}

pub(crate) async fn what_is_not_there_is_not_found(store: Store) {
    let id = need_id(7);
    assert_eq!(store.record(id).await.unwrap(), None);
    assert_eq!(store.by_external_id(Kind::Need, "a").await.unwrap(), None);
    assert_eq!(store.records(Kind::Need, &[]).await.unwrap(), []);
    assert_eq!(store.upsert(Vec::new()).await.unwrap(), []);
    let error = store.replace(id, Some(1), need("a", "一")).await.unwrap_err();
    assert!(matches!(error, StoreError::NotFound(missing) if missing == id));
    let error = store.set_status(id, None, Status::Open).await.unwrap_err();
    assert!(matches!(error, StoreError::NotFound(missing) if missing == id));
}

pub(crate) async fn kinds_do_not_share_identifiers(store: Store) {
    let outcomes = store.upsert(vec![need("a", "一"), expert("a", "李")]).await.unwrap();
    assert!(outcomes.iter().all(|one| one.outcome == Outcome::Created && one.id.number == 1));
    let record = store.by_external_id(Kind::Expert, "a").await.unwrap().unwrap();
    assert!(matches!(record.profile, Profile::Expert(_)));
}
