//! Addresses for events: each hears what its key may read; a message is on its way once for each of them; of several servers one sends it; what
//! fails rests, and what fails for too long is given up; and no secret lies in the open.

use std::collections::BTreeSet;

use domain::access::{Scope, SecretDigest};
use domain::{EventType, Kind, WebhookId};
use jiff::civil::date;
use jiff::{SignedDuration, Timestamp};
use store::{
    Announced, Attempt, AuditFilter, Delivery, DeliveryState, DueDelivery, KeyDraft, KeyState, NeedChanges,
    Receipt, RegistryChanges, RunId, ShutOut, Store, StoreError, StoredKey, Then, Ticket, WebhookChange,
    WebhookDraft, WebhookState,
};

use crate::drafts::expert;
use crate::runs;

const URL: &str = "https://portal.example.cn/events";
const SECRET: &[u8] = b"thirty-two bytes of randomness..";
const LEASE: SignedDuration = SignedDuration::from_secs(60);
const BOTH: [Scope; 2] = [Scope::MatchesRun, Scope::NeedsRead];
const MOST: u64 = 3;

async fn key(store: &Store, holder: &str, region: Option<&str>, scopes: &[Scope]) -> StoredKey {
    let draft = KeyDraft {
        holder: holder.to_owned(),
        purpose: "测试".to_owned(),
        region: region.map(|code| code.parse().unwrap()),
        scopes: scopes.iter().copied().collect(),
        expires_at: Timestamp::now() + SignedDuration::from_hours(1),
    };
    store.add_key(&draft, |_| SecretDigest::of(&[7; 32])).await.unwrap()
}

fn draft(key: &StoredKey, events: &[EventType]) -> WebhookDraft {
    let events = events.iter().copied().collect();
    WebhookDraft { key: key.id, url: URL.to_owned(), description: "首页".to_owned(), events }
}

/// An address of a holder of its own, told of everything.
async fn webhook(store: &Store, holder: &str, region: Option<&str>) -> WebhookId {
    let key = key(store, holder, region, &BOTH).await;
    store.add_webhook(&draft(&key, EventType::ALL), SECRET, MOST).await.unwrap().id
}

async fn publish(store: &Store) -> RunId {
    runs::published(store, date(2026, 11, 20), 0, 1).await
}

async fn take(store: &Store, server: &str) -> Vec<DueDelivery> {
    store.take_deliveries(server, 10, 10, LEASE).await.unwrap()
}

fn attempt(status: u16, then: Then) -> Attempt {
    let fault = (then != Then::Delivered).then(|| format!("对方答复 {status}"));
    Attempt { status: Some(status), fault, then }
}

fn just_now() -> Timestamp {
    Timestamp::now() - SignedDuration::from_secs(1)
}

fn long_ago() -> Timestamp {
    Timestamp::now() - SignedDuration::from_hours(100)
}

/// Settles with an address that does not rest.
async fn settle(store: &Store, due: &DueDelivery, attempt: Attempt) -> bool {
    store.settle_delivery(due, &attempt, |_| SignedDuration::ZERO, long_ago()).await.unwrap()
}

async fn all(store: &Store) -> Vec<Delivery> {
    let mut all = store.deliveries(None, None, u64::MAX, 100).await.unwrap();
    all.reverse();
    all
}

async fn state(store: &Store, webhook: WebhookId) -> WebhookState {
    store.webhook(webhook).await.unwrap().unwrap().state
}

pub(crate) async fn an_address_reads_back_and_its_secret_too(store: Store) {
    let key = key(&store, "甲平台", Some("3411"), &BOTH).await;
    let made = store.add_webhook(&draft(&key, EventType::ALL), SECRET, MOST).await.unwrap();
    let read = store.webhook(made.id).await.unwrap().unwrap();
    assert_eq!(read, made);
    assert_eq!((read.key, read.key_state, &*read.holder), (key.id, KeyState::Live, "甲平台"));
    assert_eq!((read.region, read.state, &*read.url), ("3411".parse().ok(), WebhookState::Enabled, URL));
    assert_eq!(read.events, EventType::ALL.iter().copied().collect());
    let secrets = async || store.webhook_secrets(made.id).await.unwrap();
    assert_eq!(secrets().await.iter().map(|secret| secret.as_slice()).collect::<Vec<_>>(), [SECRET]);
    // Changed over: both are good until the moment told, the new one first.
    let other = [9; 32];
    let until = Timestamp::now() + SignedDuration::from_hours(1);
    let rotated = store.rotate_webhook_secret(made.id, &other, until).await.unwrap();
    assert_eq!(rotated.old_secret_until.map(Timestamp::as_millisecond), Some(until.as_millisecond()));
    assert_eq!(
        secrets().await.iter().map(|secret| secret.as_slice()).collect::<Vec<_>>(),
        [&other[..], SECRET]
    );
    store.rotate_webhook_secret(made.id, SECRET, just_now()).await.unwrap();
    assert_eq!(secrets().await.len(), 1, "the old one is good no more");
    // And they are sealed anew with all else.
    store.rotate_contacts(|_, _| {}).await.unwrap();
    assert_eq!(secrets().await[0].as_slice(), SECRET);
    let actions: Vec<String> = store
        .audit_after(&AuditFilter::default(), 0, 100)
        .await
        .unwrap()
        .into_iter()
        .map(|row| row.action)
        .collect();
    assert_eq!(actions, ["key.make", "webhook.make", "webhook.rotate", "webhook.rotate", "contacts.rotate"]);
}

pub(crate) async fn addresses_are_listed_changed_and_removed(store: Store) {
    let first = webhook(&store, "甲平台", None).await;
    let second = webhook(&store, "乙平台", None).await;
    let list = async |holder| {
        let page = store.webhooks(holder, 0, 10).await.unwrap();
        page.iter().map(|webhook| webhook.id).collect::<Vec<_>>()
    };
    assert_eq!(list(None).await, [first, second]);
    assert_eq!(list(Some("乙平台")).await, [second]);
    assert_eq!(store.webhooks(None, first.0, 10).await.unwrap().len(), 1);
    let change = WebhookChange {
        url: Some("https://other.example.cn/".to_owned()),
        events: Some(BTreeSet::from([EventType::RunPublished])),
        enabled: Some(false),
        ..WebhookChange::default()
    };
    let changed = store.change_webhook(first, &change).await.unwrap();
    assert_eq!((&*changed.url, changed.state), ("https://other.example.cn/", WebhookState::Disabled));
    assert_eq!((changed.events.len(), &*changed.description), (1, "首页"), "what is not told stays");
    let further = key(&store, "甲平台", None, &BOTH).await;
    let change = WebhookChange { key: Some(further.id), enabled: Some(true), ..WebhookChange::default() };
    let changed = store.change_webhook(first, &change).await.unwrap();
    assert_eq!((changed.key, changed.state), (further.id, WebhookState::Enabled));

    store.remove_webhook(first).await.unwrap();
    assert_eq!(list(None).await, [second]);
    assert_eq!(state(&store, first).await, WebhookState::Removed);
    let gone = |outcome: StoreError| matches!(outcome, StoreError::WebhookNotFound(id) if id == first);
    assert!(gone(store.webhook_secrets(first).await.unwrap_err()));
    assert!(gone(store.remove_webhook(first).await.unwrap_err()));
    assert!(gone(store.change_webhook(first, &change).await.unwrap_err()));
}

pub(crate) async fn a_holder_has_so_many_addresses_and_makes_each_once(store: Store) {
    let key = key(&store, "甲平台", None, &BOTH).await;
    let draft = draft(&key, EventType::ALL);
    let since = Timestamp::now() - SignedDuration::from_hours(1);
    let ticket = Ticket { key: key.id, text: "t".to_owned(), request: "r".to_owned(), since };
    let once = store.with_ticket(ticket);
    let made = once.add_webhook(&draft, SECRET, MOST).await.unwrap().id;
    let again = once.add_webhook(&draft, SECRET, MOST).await.unwrap_err();
    assert!(matches!(again, StoreError::Redeemed(Receipt::Webhook(id)) if id == made), "{again:?}");
    for _ in 1..MOST {
        store.add_webhook(&draft, SECRET, MOST).await.unwrap();
    }
    let refused = store.add_webhook(&draft, SECRET, MOST).await.unwrap_err();
    assert!(matches!(&refused, StoreError::TooManyWebhooks { most: MOST, .. }), "{refused:?}");
    assert_eq!(store.webhooks(None, 0, 10).await.unwrap().len() as u64, MOST, "and nothing is left of it");
    store.remove_webhook(made).await.unwrap();
    store.add_webhook(&draft, SECRET, MOST).await.unwrap();
}

pub(crate) async fn a_run_is_told_to_whoever_may_read_it(store: Store) {
    let hears = webhook(&store, "甲平台", None).await;
    let without_scope = key(&store, "乙平台", None, &[Scope::NeedsRead]).await;
    store.add_webhook(&draft(&without_scope, EventType::ALL), SECRET, MOST).await.unwrap();
    let of_needs = key(&store, "丙平台", None, &BOTH).await;
    store.add_webhook(&draft(&of_needs, &[EventType::NeedMatchesChanged]), SECRET, MOST).await.unwrap();
    let revoked = key(&store, "丁平台", None, &BOTH).await;
    store.add_webhook(&draft(&revoked, EventType::ALL), SECRET, MOST).await.unwrap();
    store.revoke_key(revoked.id).await.unwrap();
    let disabled = webhook(&store, "戊平台", None).await;
    let off = WebhookChange { enabled: Some(false), ..WebhookChange::default() };
    store.change_webhook(disabled, &off).await.unwrap();
    // A run that is given up is told to nobody.
    let given_up = runs::opened(&store, date(2026, 11, 19)).await;
    store.abandon_run(given_up.id).await.unwrap();
    assert_eq!(all(&store).await, []);

    let run = publish(&store).await;
    let told = all(&store).await;
    assert_eq!(told.iter().map(|one| one.webhook).collect::<Vec<_>>(), [hears]);
    assert_eq!(
        (told[0].state, &*told[0].event, told[0].attempts),
        (DeliveryState::Pending, "run.published", 0)
    );
    let due = take(&store, "a").await.remove(0);
    assert_eq!((due.url.as_str(), &due.message, due.turn), (URL, &told[0].message, 1));
    let body: serde_json::Value = serde_json::from_str(&due.body).unwrap();
    assert_eq!(
        (&body["type"], &body["data"]["run"], &body["data"]["business_date"]),
        (&"run.published".into(), &run.0.into(), &"2026-11-20".into())
    );
    assert!(body["timestamp"].as_str().unwrap().parse::<Timestamp>().is_ok());
    assert!(body["data"].get("matches").is_none(), "counts are not for everybody");
}

pub(crate) async fn needs_are_told_in_groups_to_those_who_may_see_them(store: Store) {
    let whole = webhook(&store, "省平台", None).await;
    let also_whole = webhook(&store, "另一平台", None).await;
    let city = webhook(&store, "滁州平台", Some("3411")).await;
    let nowhere = webhook(&store, "合肥平台", Some("3401")).await;
    let run = publish(&store).await;
    let lists = vec![RegistryChanges { target: Kind::Expert, entered: 1, left: 0 }];
    let needs: Vec<NeedChanges> = (1..=250)
        .map(|need| {
            let region = if need <= 30 { "341103" } else { "340200" };
            NeedChanges { need, region: region.parse().ok(), lists: lists.clone() }
        })
        .collect();
    let from = store.announced().await.unwrap().unwrap();
    assert_eq!(from, Announced { run, need: 0 });
    let steps = [from, Announced { run, need: 251 }];
    assert!(store.announce_needs(steps, &needs, &[]).await.unwrap());
    assert!(!store.announce_needs(steps, &needs, &[]).await.unwrap(), "another has told of them");
    let of = |all: &[Delivery], webhook| {
        let of = all.iter().filter(|one| one.webhook == webhook && one.event == "need.matches_changed");
        of.map(|one| one.message.clone()).collect::<Vec<_>>()
    };
    let told = all(&store).await;
    let messages = of(&told, whole);
    assert_eq!(messages.len(), 3, "a hundred at a time");
    assert_eq!(of(&told, also_whole), messages, "whoever hears the same has the same messages");
    assert_eq!((of(&told, city).len(), of(&told, nowhere).len()), (1, 0));
    let due = store.take_deliveries("a", 50, 50, LEASE).await.unwrap();
    let body = |message: &String| -> serde_json::Value {
        let due = due.iter().find(|due| due.message == *message).unwrap();
        serde_json::from_str(&due.body).unwrap()
    };
    let heard = body(&of(&told, city)[0]);
    let heard = heard["data"]["needs"].as_array().unwrap();
    assert_eq!(
        (heard.len(), &heard[0]["need"], &heard[29]["need"]),
        (30, &"need-1".into(), &"need-30".into())
    );
    let unknown = [steps[1], Announced { run: RunId(99), need: 0 }];
    let unknown = store.announce_needs(unknown, &needs, &[]).await;
    assert!(matches!(unknown, Err(StoreError::RunNotFound(RunId(99)))), "{unknown:?}");
    assert_eq!(store.announced().await.unwrap(), Some(steps[1]));
}

pub(crate) async fn of_several_servers_one_sends_a_message(store: Store) {
    for holder in ["甲", "乙", "丙"] {
        webhook(&store, holder, None).await;
    }
    publish(&store).await;
    let looking = (0..8).map(|at| {
        let store = store.clone();
        tokio::spawn(async move {
            let due = store.take_deliveries(&format!("s{at}"), 1, 10, LEASE).await.unwrap();
            due.first().map(|due| due.number)
        })
    });
    let mut found = Vec::new();
    for one in looking.collect::<Vec<_>>() {
        found.extend(one.await.unwrap());
    }
    found.sort_unstable();
    assert_eq!(found, [1, 2, 3]);
    // One that is paused past its lease finds that another has taken its message up.
    store.let_go_of_deliveries("nobody").await.unwrap();
    assert!(take(&store, "a").await.is_empty());
    for at in 0..8 {
        store.let_go_of_deliveries(&format!("s{at}")).await.unwrap();
    }
    let short = SignedDuration::from_millis(1);
    let paused = store.take_deliveries("a", 1, 10, short).await.unwrap().remove(0);
    tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    let later = take(&store, "b").await.into_iter().find(|due| due.number == paused.number).unwrap();
    assert_eq!((later.turn, &later.message), (paused.turn + 1, &paused.message));
    assert!(!settle(&store, &paused, attempt(500, Then::Dead)).await);
    assert!(settle(&store, &later, attempt(204, Then::Delivered)).await);
    assert!(!settle(&store, &later, attempt(204, Then::Delivered)).await, "it is settled once");
    let settled = store.delivery(later.number).await.unwrap().unwrap();
    assert_eq!((settled.state, settled.attempts, settled.status), (DeliveryState::Delivered, 1, Some(204)));
}

pub(crate) async fn an_address_that_hangs_does_not_keep_others_waiting(store: Store) {
    let slow = webhook(&store, "甲", None).await;
    for _ in 0..5 {
        publish(&store).await;
    }
    let other = webhook(&store, "乙", None).await;
    publish(&store).await;
    let due = store.take_deliveries("a", 10, 2, LEASE).await.unwrap();
    let to = |webhook| due.iter().filter(|due| due.webhook == webhook).count();
    assert_eq!((to(slow), to(other)), (2, 1));
    assert!(store.take_deliveries("a", 10, 2, LEASE).await.unwrap().is_empty(), "two are on their way there");
    settle(&store, due.iter().find(|due| due.webhook == slow).unwrap(), attempt(204, Then::Delivered)).await;
    assert_eq!(store.take_deliveries("a", 10, 2, LEASE).await.unwrap().len(), 1);
}

pub(crate) async fn what_fails_is_tried_again_and_its_address_rests(store: Store) {
    let webhook = webhook(&store, "甲", None).await;
    publish(&store).await;
    publish(&store).await;
    let due = store.take_deliveries("a", 1, 10, LEASE).await.unwrap().remove(0);
    let next = Timestamp::now() + SignedDuration::from_secs(60);
    let failed = attempt(503, Then::Again(next));
    let rest = |failures: u64| SignedDuration::from_millis(300 * i64::try_from(failures).unwrap());
    assert!(store.settle_delivery(&due, &failed, rest, long_ago()).await.unwrap());
    let told = store.delivery(due.number).await.unwrap().unwrap();
    assert_eq!(
        (told.state, told.attempts, told.fault.as_deref()),
        (DeliveryState::Pending, 1, Some("对方答复 503"))
    );
    assert_eq!(told.next_at.map(Timestamp::as_millisecond), Some(next.as_millisecond()));
    assert!(take(&store, "a").await.is_empty(), "the other message waits while the address rests");
    let failing = store.webhook(webhook).await.unwrap().unwrap();
    assert_eq!((failing.failures, failing.failing_since.is_some()), (1, true));
    tokio::time::sleep(std::time::Duration::from_millis(400)).await;
    let other = take(&store, "a").await.remove(0);
    assert_ne!(other.number, due.number, "it waits longer itself");
    settle(&store, &other, attempt(204, Then::Delivered)).await;
    let well = store.webhook(webhook).await.unwrap().unwrap();
    assert_eq!((well.failures, well.failing_since), (0, None));
}

pub(crate) async fn what_is_given_up_is_kept_and_can_be_sent_again(store: Store) {
    let webhook = webhook(&store, "甲", None).await;
    publish(&store).await;
    let due = take(&store, "a").await.remove(0);
    settle(&store, &due, attempt(500, Then::Dead)).await;
    let dead = store.deliveries(Some(webhook), Some(DeliveryState::Dead), u64::MAX, 10).await.unwrap();
    assert_eq!((dead.len(), dead[0].next_at, dead[0].ended_at.is_some()), (1, None, true));
    assert!(take(&store, "a").await.is_empty());
    assert_eq!(
        (store.webhook_load().await.unwrap().dead, state(&store, webhook).await),
        (1, WebhookState::Enabled)
    );
    store.retry_delivery(webhook, due.number).await.unwrap();
    let again = take(&store, "a").await.remove(0);
    assert_eq!((again.number, again.attempts, &again.message), (due.number, 0, &due.message));
    // What is being sent stays so.
    store.retry_delivery(webhook, due.number).await.unwrap();
    assert!(settle(&store, &again, attempt(204, Then::Delivered)).await);
    let elsewhere = store.retry_delivery(WebhookId(99), due.number).await;
    assert!(matches!(elsewhere, Err(StoreError::WebhookNotFound(_))), "{elsewhere:?}");
    let unknown = store.retry_delivery(webhook, 99).await;
    assert!(matches!(unknown, Err(StoreError::DeliveryNotFound(99))), "{unknown:?}");
}

pub(crate) async fn an_address_that_is_gone_or_fails_for_days_is_disabled(store: Store) {
    let gone = webhook(&store, "甲", None).await;
    let failing = webhook(&store, "乙", None).await;
    publish(&store).await;
    publish(&store).await;
    for due in take(&store, "a").await {
        let now = Timestamp::now() + SignedDuration::from_secs(1);
        if due.webhook == gone && state(&store, gone).await == WebhookState::Enabled {
            assert!(settle(&store, &due, attempt(410, Then::Gone)).await);
        } else if due.webhook == failing && state(&store, failing).await == WebhookState::Enabled {
            let failed = attempt(500, Then::Again(now));
            store.settle_delivery(&due, &failed, |_| SignedDuration::ZERO, now).await.unwrap();
        }
    }
    assert_eq!(
        (state(&store, gone).await, state(&store, failing).await),
        (WebhookState::Gone, WebhookState::Failing)
    );
    let dead = all(&store).await;
    assert!(dead.iter().all(|one| one.state == DeliveryState::Dead), "{dead:?}");
    assert_eq!(store.webhook_load().await.unwrap().disabled, 2);
    publish(&store).await;
    assert_eq!(all(&store).await.len(), dead.len(), "nothing more is sent there");
    let rows = store.audit_after(&AuditFilter::default(), 0, 100).await.unwrap();
    assert_eq!(rows.iter().filter(|row| row.action == "webhook.disable").count(), 2);
    let on = WebhookChange { enabled: Some(true), ..WebhookChange::default() };
    let again = store.change_webhook(failing, &on).await.unwrap();
    assert_eq!((again.state, again.failures, again.failing_since), (WebhookState::Enabled, 0, None));
}

pub(crate) async fn when_its_key_is_revoked_an_address_falls_silent(store: Store) {
    let webhook = webhook(&store, "甲", None).await;
    publish(&store).await;
    assert_eq!(store.bury_silent_deliveries().await.unwrap(), 0);
    let key = store.webhook(webhook).await.unwrap().unwrap().key;
    store.revoke_key(key).await.unwrap();
    assert!(take(&store, "a").await.is_empty(), "from that moment on");
    assert_eq!(store.webhook(webhook).await.unwrap().unwrap().key_state, KeyState::Revoked);
    assert_eq!(store.bury_silent_deliveries().await.unwrap(), 1);
    let dead = all(&store).await.remove(0);
    assert_eq!((dead.state, dead.fault.is_some()), (DeliveryState::Dead, true));
    assert_eq!(store.webhook_load().await.unwrap().pending, 0);
}

pub(crate) async fn what_has_ended_is_forgotten_in_time(store: Store) {
    let webhook = webhook(&store, "甲", None).await;
    for _ in 0..3 {
        publish(&store).await;
    }
    let due = take(&store, "a").await;
    settle(&store, &due[0], attempt(204, Then::Delivered)).await;
    settle(&store, &due[1], attempt(500, Then::Dead)).await;
    let later = Timestamp::now() + SignedDuration::from_secs(1);
    assert_eq!(store.prune_deliveries(long_ago(), long_ago()).await.unwrap(), 0);
    assert_eq!(store.prune_deliveries(later, long_ago()).await.unwrap(), 1, "what was given up stays longer");
    assert_eq!(store.prune_deliveries(later, later).await.unwrap(), 1);
    let left = all(&store).await;
    assert_eq!((left.len(), left[0].state), (1, DeliveryState::Pending), "what waits is never old");
    store.remove_webhook(webhook).await.unwrap();
    assert_eq!(store.prune_deliveries(later + LEASE, later + LEASE).await.unwrap(), 1);
    assert_eq!((store.webhook(webhook).await.unwrap(), all(&store).await), (None, Vec::new()));
}

pub(crate) async fn a_name_is_hidden_in_descriptions_when_its_bearer_is_erased(store: Store) {
    let id = store.create(expert("e", "方致远")).await.unwrap().id;
    let webhook = webhook(&store, "甲", None).await;
    let told = WebhookChange { description: Some("方致远负责".to_owned()), ..WebhookChange::default() };
    store.change_webhook(webhook, &told).await.unwrap();
    store.erase::<StoreError>(id, |_| Ok(())).await.unwrap();
    assert_eq!(store.webhook(webhook).await.unwrap().unwrap().description, "***负责");
}

/// As when an older copy takes the place of a database: what was taken away there is not good again.
pub(crate) async fn what_was_taken_away_elsewhere_is_taken_away_here(store: Store) {
    let folder = tempfile::tempdir().unwrap();
    let there = Store::open(folder.path().join("hongniang.db")).await.unwrap();
    let ids = async |store: &Store| {
        let mut ids = Vec::new();
        for holder in ["甲平台", "乙平台", "丙平台"] {
            ids.push(webhook(store, holder, None).await);
        }
        ids
    };
    assert_eq!(ids(&store).await, ids(&there).await);
    let read = async || ShutOut::read(folder.path().join("hongniang.db")).await.unwrap();
    // Of the same numbers, but made at other moments: other addresses. Their keys have the same digests.
    let (revoked, removed) = store.shut_out(&read().await).await.unwrap();
    assert_eq!((revoked.len(), removed.len()), (0, 3));
    let revoked_there = store.keys(0, 1).await.unwrap()[0].id;
    there.revoke_key(revoked_there).await.unwrap();
    let other = key(&store, "丁平台", None, &BOTH).await.id;
    let (revoked, removed) = store.shut_out(&read().await).await.unwrap();
    assert_eq!((revoked, removed.len()), (vec![revoked_there, other], 0), "revoked there, and absent there");
    assert_eq!(store.shut_out(&read().await).await.unwrap(), (vec![], vec![]), "once");
    let rows = store.audit_before(&AuditFilter::default(), u64::MAX, 2).await.unwrap();
    assert!(rows.iter().all(|row| row.action == "key.revoke"), "{rows:?}");
    assert!(read().await.knows_keys());
    assert!(ShutOut::read(folder.path().join("nothing.db")).await.is_err());
    there.close().await;
}

/// As when an older copy takes the place of a database: what that one called by a number is not something else here.
pub(crate) async fn numbers_that_were_given_elsewhere_are_not_given_here(store: Store) {
    let folder = tempfile::tempdir().unwrap();
    let there = Store::open(folder.path().join("hongniang.db")).await.unwrap();
    for name in ["一", "二", "三"] {
        there.create(expert(name, "方致远")).await.unwrap();
        webhook(&there, name, None).await;
    }
    let own = store.create(expert("甲", "方致远")).await.unwrap().id.number;
    let given = ShutOut::read(folder.path().join("hongniang.db")).await.unwrap().given;
    there.close().await;
    store.go_on_behind(Some(&given)).await.unwrap();
    assert_eq!((own, store.create(expert("乙", "方致远")).await.unwrap().id.number), (1, 4));
    assert_eq!(webhook(&store, "甲平台", None).await.0, 4);
    assert_eq!(store.keys(0, 9).await.unwrap()[0].id.0, 4);
    store.go_on_behind(Some(&given)).await.unwrap();
    assert_eq!(store.create(expert("丙", "方致远")).await.unwrap().id.number, 5, "it only goes forward");
    store.go_on_behind(None).await.unwrap();
    assert_eq!(store.create(expert("丁", "方致远")).await.unwrap().id.number, 100_006);
    assert_eq!(webhook(&store, "乙平台", None).await.0, 100_005);
}
