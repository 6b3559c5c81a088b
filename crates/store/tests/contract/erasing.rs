//! Erasing takes everything of a person, nothing else, and nobody comes back in passing.

use domain::forms::Draft;
use domain::{Achievement, Decision, Expert, Inventor, Kind, Profile, RecordId};
use store::{
    AuditFilter, Chore, Claim, Erasure, FeedbackEntry, Findings, Judgement, ListChanges, ListFilter,
    MatchChange, Outcome, Store, StoreError,
};

use crate::drafts::{contact, expert, need, with_contact};
use crate::runs;

const NAME: &str = "柳映雪";
const HOME: &str = "皖东工业研究院";
const EXPERT: RecordId = RecordId::new(Kind::Expert, 1);

fn erased_person() -> Draft {
    let profile = Expert { name: NAME.to_owned(), organisation: HOME.to_owned(), ..Expert::default() };
    let draft = Draft { profile: Profile::Expert(profile), ..expert("ZJ-1", NAME) };
    with_contact(draft, contact("13987650001"))
}

fn achievement(external_id: &str, owner: &str, summary: &str, inventors: &[(&str, Option<&str>)]) -> Draft {
    let inventor = |(name, expert): &(&str, Option<&str>)| Inventor {
        name: (*name).to_owned(),
        expert: expert.map(str::to_owned),
    };
    let profile = Achievement {
        title: external_id.to_owned(),
        owner: owner.to_owned(),
        summary: summary.to_owned(),
        inventors: inventors.iter().map(inventor).collect(),
        ..Achievement::default()
    };
    Draft { profile: Profile::Achievement(profile), ..expert(external_id, "") }
}

fn judgement(target: RecordId, note: &str) -> Judgement {
    let (judge, source, note) = ("评委".to_owned(), "s".to_owned(), note.to_owned());
    Judgement { need: 1, target, judge, level: 4, note, source }
}

fn feedback(target: RecordId, comment: &str) -> FeedbackEntry {
    FeedbackEntry {
        need: 1,
        target,
        decision: Decision::Accepted,
        decided_on: None,
        reason: String::new(),
        comment: comment.to_owned(),
        seen: "{}".to_owned(),
    }
}

/// An expert with all that can be about one, and others who must stay.
async fn registries(store: &Store) {
    store.upsert(vec![erased_person(), expert("ZJ-2", "乙")]).await.unwrap();
    store.create(need("XQ-1", "一")).await.unwrap();
    let linked = [(NAME, Some("ZJ-1")), ("乙", Some("ZJ-2"))];
    store
        .upsert(vec![
            achievement("CG-1", "别处", "", &linked),
            achievement("CG-2", HOME, "", &[(NAME, None)]),
            achievement("CG-3", "另一单位", "", &[(NAME, None)]),
            achievement("CG-4", HOME, "由柳映雪主持", &[("乙", Some("ZJ-2"))]),
        ])
        .await
        .unwrap();
    let other = RecordId::new(Kind::Expert, 2);
    store.add_judgements(&[judgement(EXPERT, ""), judgement(other, "不如柳映雪")]).await.unwrap();
    store.add_feedback(feedback(EXPERT, "已见面")).await.unwrap();
    store.add_feedback(feedback(other, "柳映雪推荐")).await.unwrap();
    let run = runs::opened(store, runs::DAY).await.id;
    let change =
        |number, rank| MatchChange { number: Some(number), before: None, now: Some((rank, 1.0)), reason: 0 };
    let changes = vec![change(EXPERT.number, 1), change(other.number, 2)];
    let found = Findings {
        lists: vec![
            runs::list(1, Kind::Expert, &[EXPERT.number, other.number]),
            runs::list(1, Kind::Station, &[EXPERT.number]),
        ],
        changes: vec![ListChanges { need: 1, target: Kind::Expert, changes }],
        ..Findings::default()
    };
    let hold = std::time::Duration::from_secs(30);
    let Claim::Work(batch) = store.claim_batch(run, "here", hold).await.unwrap() else { unreachable!() };
    store.finish_batch(&batch, &found).await.unwrap();
    runs::worked_off(store, run, |_| Vec::new()).await;
}

async fn erase(store: &Store, id: RecordId) -> (store::Erased, Erasure) {
    let mut remembered = None;
    let erased = store.erase(id, |entry: &[Erasure]| {
        remembered = entry.first().cloned();
        Ok::<_, StoreError>(())
    });
    (erased.await.unwrap(), remembered.unwrap())
}

pub(crate) async fn an_expert_goes_with_all_that_tells_of_them(store: Store) {
    registries(&store).await;
    let plan = store.plan_erasure(EXPERT).await.unwrap();
    let achievement = |number| RecordId::new(Kind::Achievement, number);
    assert_eq!(plan.achievements, [achievement(1), achievement(2)]);
    assert_eq!(plan.mentions, [achievement(3), achievement(4)], "for people to look at");
    let last = store.last_change().await.unwrap();
    assert!(store.record(EXPERT).await.unwrap().is_some(), "a plan changes nothing");

    let (erased, _) = erase(&store, EXPERT).await;
    assert_eq!((erased.achievements, erased.matches, erased.judgements, erased.feedback), (2, 1, 2, 2));
    assert!(store.record(EXPERT).await.unwrap().is_none());
    assert!(matches!(store.contact(EXPERT).await, Err(StoreError::NotFound(_))));
    let inventors = async |number| match store.record(achievement(number)).await.unwrap().unwrap().profile {
        Profile::Achievement(achievement) => achievement.inventors.len(),
        _ => unreachable!(),
    };
    assert_eq!((inventors(1).await, inventors(2).await, inventors(3).await), (1, 0, 1));
    let judgements = store.judgements().await.unwrap();
    let notes: Vec<&str> = judgements.iter().map(|stored| stored.judgement.note.as_str()).collect();
    assert_eq!(notes, ["不如***"]);
    let feedback = store.feedback(None, None, 0, 10).await.unwrap();
    assert_eq!(feedback.iter().map(|stored| stored.entry.comment.as_str()).collect::<Vec<_>>(), ["***推荐"]);
    let run = store.current_run().await.unwrap().unwrap().id;
    let left = async |target| {
        let list = store.match_list(run, 1, target).await.unwrap().unwrap();
        list.shown().iter().map(|place| place.number).collect::<Vec<_>>()
    };
    assert_eq!(left(Kind::Expert).await, [2]);
    assert_eq!(left(Kind::Station).await, [1], "another registry's record of the same number");
    let changes = store.changes_of(run, 1, Kind::Expert).await.unwrap();
    assert_eq!(changes.iter().map(|change| change.number).collect::<Vec<_>>(), [None, Some(2)]);
    // The index hears of it, and the files are to be cleaned.
    let changes = store.changes(last, 100).await.unwrap();
    let changed: Vec<RecordId> = changes.iter().map(|change| change.id).collect();
    for id in [EXPERT, achievement(1), achievement(2)] {
        assert!(changed.contains(&id), "{id}");
    }
    let chores = store.chores().await.unwrap();
    let compact = |chore: &&Chore| matches!(chore, Chore::Compact { follower: None, .. });
    assert_eq!(chores.iter().filter(compact).count(), 2, "{chores:?}");
    assert!(chores.iter().any(|chore| matches!(chore, Chore::Scrub { .. })), "{chores:?}");
    let row = store.audit_before(&AuditFilter::default(), u64::MAX, 1).await.unwrap().remove(0);
    assert_eq!((row.action.as_str(), row.record.as_str()), ("person.erase", "expert-1"));
    assert!(!format!("{row:?}").contains(NAME) && !format!("{row:?}").contains("ZJ-1"));
}

pub(crate) async fn of_other_records_the_contact_person_goes(store: Store) {
    let id = store.create(with_contact(need("XQ-1", "一"), contact("13812345678"))).await.unwrap().id;
    erase(&store, id).await;
    assert!(store.contact(id).await.unwrap().is_empty());
    assert_eq!(store.record(id).await.unwrap().unwrap().revision, 2);
    // The need itself may come again, but not with a person to reach.
    let outcomes = store.upsert(vec![need("XQ-1", "二")]).await.unwrap();
    assert_eq!(outcomes[0].outcome, Outcome::Changed);
    let with_person = || with_contact(need("XQ-1", "二"), contact("13812345678"));
    assert!(matches!(store.upsert(vec![with_person()]).await, Err(StoreError::Erased { .. })));
    assert!(store.contact(id).await.unwrap().is_empty());
    store.readmitting().upsert(vec![with_person()]).await.unwrap();
    assert!(!store.contact(id).await.unwrap().is_empty());
}

pub(crate) async fn nobody_comes_back_in_passing(store: Store) {
    store.create(erased_person()).await.unwrap();
    assert!(store.erased(Kind::Expert, &["ZJ-1"]).await.unwrap().is_empty());
    erase(&store, EXPERT).await;
    assert_eq!(
        store.erased(Kind::Expert, &["ZJ-1", "ZJ-2"]).await.unwrap().into_iter().collect::<Vec<_>>(),
        ["ZJ-1"]
    );
    let batch = vec![expert("ZJ-2", "乙"), erased_person()];
    let refused = store.upsert(batch.clone()).await.unwrap_err();
    assert!(
        matches!(&refused, StoreError::Erased { external_id, .. } if external_id == "ZJ-1"),
        "{refused:?}"
    );
    assert!(matches!(store.create(erased_person()).await, Err(StoreError::Erased { .. })));
    let other = store.create(expert("ZJ-3", "丙")).await.unwrap().id;
    let renamed = Draft { external_id: Some("ZJ-1".to_owned()), ..expert("ZJ-3", "丙") };
    assert!(matches!(store.replace(other, None, renamed).await, Err(StoreError::Erased { .. })));
    assert_eq!(store.count(Kind::Expert, &ListFilter::default()).await.unwrap(), 1);
    // A need of the same name is somebody else.
    store.create(need("ZJ-1", "一")).await.unwrap();

    store.readmitting().upsert(batch).await.unwrap();
    assert!(store.erased(Kind::Expert, &["ZJ-1"]).await.unwrap().is_empty());
    store.upsert(vec![erased_person()]).await.unwrap();
    let rows = store.audit_after(&AuditFilter::default(), 0, 100).await.unwrap();
    assert!(rows.iter().any(|row| row.action == "person.readmit"), "{rows:?}");
}

/// As at every nightly sync: the source still names the person.
pub(crate) async fn nobody_comes_back_as_an_inventor(store: Store) {
    registries(&store).await;
    let inventors = async |number| {
        let id = RecordId::new(Kind::Achievement, number);
        match store.record(id).await.unwrap().unwrap().profile {
            Profile::Achievement(achievement) => {
                achievement.inventors.into_iter().map(|inventor| inventor.name).collect::<Vec<_>>()
            }
            _ => unreachable!(),
        }
    };
    let linked = || achievement("CG-1", "别处", "", &[(NAME, Some("ZJ-1")), ("乙", Some("ZJ-2"))]);
    let by_name = || achievement("CG-2", HOME, "", &[(NAME, None)]);
    erase(&store, EXPERT).await;
    let written = store.upsert(vec![linked(), by_name()]).await.unwrap();
    assert_eq!(written.iter().map(|row| row.left_out).collect::<Vec<_>>(), [1, 1]);
    assert_eq!(written[0].outcome, Outcome::Unchanged, "without the name it says nothing new");
    assert_eq!((inventors(1).await, inventors(2).await), (vec!["乙".to_owned()], vec![]));
    // One by one, new and changed; another expert of the same name, and the same name elsewhere, are somebody else.
    let more = achievement("CG-9", HOME, "", &[(NAME, Some("ZJ-1")), (NAME, Some("ZJ-7")), (NAME, None)]);
    let created = store.create(more).await.unwrap().id;
    assert_eq!(inventors(created.number).await, [NAME]);
    let renewed = achievement("CG-1", "新权属", "", &[(NAME, Some("ZJ-1")), (NAME, None)]);
    store.replace(RecordId::new(Kind::Achievement, 1), None, renewed).await.unwrap();
    assert_eq!(inventors(1).await, [NAME]);
    let rows = store.audit_before(&AuditFilter::default(), u64::MAX, 2).await.unwrap();
    for row in &rows {
        assert!(row.detail.contains("\"inventors_left_out\":"), "{row:?}");
    }
    // Asked for, they stay; and whoever is taken in again is so by name as well.
    store.readmitting().upsert(vec![linked()]).await.unwrap();
    assert_eq!(inventors(1).await, [NAME, "乙"]);
    store.readmitting().create(erased_person()).await.unwrap();
    let written = store.upsert(vec![linked(), by_name()]).await.unwrap();
    assert_eq!(written.iter().map(|row| row.left_out).collect::<Vec<_>>(), [0, 0]);
    assert_eq!(inventors(2).await, [NAME]);
}

/// Each index is its follower's: one that has done its share does not speak for the others.
pub(crate) async fn every_follower_has_marks_of_its_own(store: Store) {
    let of = async |follower: &str| {
        let chores = store.chores().await.unwrap();
        let is_its =
            |chore: &&Chore| matches!(chore, Chore::Compact { follower: Some(name), .. } if name == follower);
        chores.iter().filter(is_its).cloned().collect::<Vec<_>>()
    };
    store.follow_to("one", &[(Kind::Expert, 0)]).await.unwrap();
    store.follow_to("other", &[(Kind::Expert, 0)]).await.unwrap();
    store.create(erased_person()).await.unwrap();
    erase(&store.followed_by("third"), EXPERT).await;
    assert_eq!((of("one").await.len(), of("other").await.len(), of("third").await.len()), (1, 1, 1));
    store.end_chore(&of("one").await[0]).await.unwrap();
    assert_eq!((of("one").await.len(), of("other").await.len()), (0, 1));
    let names: Vec<String> = store.followers().await.unwrap().into_iter().map(|one| one.name).collect();
    assert_eq!(names, ["one", "other"]);
    // One that nobody waited for may hold what was deleted meanwhile; and what it is to do is not undone by an earlier position.
    let since = of("third").await;
    store.follow_to("third", &[(Kind::Expert, 1), (Kind::Need, 0), (Kind::Achievement, 1)]).await.unwrap();
    let marked = of("third").await;
    assert_eq!(marked.len(), 2, "{marked:?}");
    assert!(marked.contains(&since[0]), "{marked:?}");
    store.follow_to("third", &[(Kind::Need, 2)]).await.unwrap();
    assert_eq!(of("third").await, marked);
    // In another place nobody follows yet.
    store.begin_anew().await.unwrap();
    assert!(store.followers().await.unwrap().is_empty());
    assert!(!store.chores().await.unwrap().iter().any(|chore| matches!(chore, Chore::Compact { .. })));
}

pub(crate) async fn what_cannot_be_remembered_elsewhere_is_not_erased(store: Store) {
    store.create(erased_person()).await.unwrap();
    let refused = store.erase(EXPERT, |_| Err(StoreError::Busy)).await;
    assert!(matches!(refused, Err(StoreError::Busy)));
    assert!(store.record(EXPERT).await.unwrap().is_some());
    assert!(store.erasures().await.unwrap().is_empty() && store.chores().await.unwrap().is_empty());
}

/// As after an older database was put in place: it holds the person, and the list beside it says that the person was erased.
pub(crate) async fn whoever_is_here_again_is_erased_again(store: Store) {
    store.create(erased_person()).await.unwrap();
    let (_, entry) = erase(&store, EXPERT).await;
    store.readmitting().create(erased_person()).await.unwrap();
    let later = Erasure { at: entry.at + 3_600_000, number: 40, ..entry.clone() };
    assert_eq!(
        store.add_erasures(std::slice::from_ref(&entry)).await.unwrap(),
        [],
        "the readmission came after it"
    );
    let here = RecordId::new(Kind::Expert, 2);
    assert_eq!(store.add_erasures(&[entry, later.clone()]).await.unwrap(), [here]);
    assert!(store.record(here).await.unwrap().is_none());
    assert_eq!(store.add_erasures(&[later]).await.unwrap(), []);
    // The number that the person had elsewhere is nobody else's here.
    assert_eq!(store.create(expert("", "丙")).await.unwrap().id.number, 41);
}

pub(crate) async fn persons_are_found_by_name_and_organisation(store: Store) {
    store.upsert(vec![erased_person(), expert("ZJ-2", NAME)]).await.unwrap();
    let found = store.experts_named(NAME, HOME).await.unwrap();
    assert_eq!(found.iter().map(|record| record.id).collect::<Vec<_>>(), [EXPERT]);
    assert!(store.experts_named("柳", HOME).await.unwrap().is_empty());
}
