//! Events told to a portal that really listens: signed so that it can verify them, again until it takes them, and never where the operator does
//! not allow it.
#![allow(clippy::unwrap_used, reason = "tests")]

#[path = "../../../tests/support/portal.rs"]
mod portal;

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use domain::access::{KeyId, Scope};
use domain::{EventType, Kind, ProblemCode, WebhookId};
use engine::{
    Delivery, DeliveryState, Engine, EngineError, KeyRequest, NewSecret, RematchRequest, Resolve, Resolver,
    Resolving, Rules, Settings, WebhookChange, WebhookRequest, WebhookState,
};
use portal::{Answer, Portal};
use serde_json::json;
use store::Store;
use tempfile::TempDir;
use tokio::task::JoinHandle;

/// An engine that may call the loopback, and tries at once again, twice.
struct House {
    engine: Engine,
    store: Store,
    sending: Option<JoinHandle<()>>,
    published: AtomicI64,
    _folder: TempDir,
}

impl House {
    async fn open(portal: &Portal) -> Self {
        Self::with(portal, |_| {}).await
    }

    async fn with(portal: &Portal, change: impl FnOnce(&mut Settings)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut settings = Settings::new(folder.path());
        settings.webhooks.rules =
            Rules { ports: vec![portal.port], plain_http: true, allow: vec!["127.0.0.0/8".parse().unwrap()] };
        settings.webhooks.retries = vec![0, 0];
        settings.webhooks.deadline = Duration::from_secs(2);
        change(&mut settings);
        let engine = Engine::open(&settings).await.unwrap();
        let store = Store::open_with(settings.database(), settings.keys()).await.unwrap();
        Self { engine, store, sending: None, published: AtomicI64::new(0), _folder: folder }
    }

    fn send(&mut self) {
        let engine = self.engine.clone();
        self.sending = Some(tokio::spawn(async move { engine.deliver_webhooks().await }));
    }

    async fn key(&self, holder: &str) -> KeyId {
        self.key_with(holder, &[Scope::MatchesRun]).await
    }

    async fn key_with(&self, holder: &str, scopes: &[Scope]) -> KeyId {
        let request = KeyRequest {
            holder: holder.to_owned(),
            purpose: Some("测试".to_owned()),
            region: None,
            scopes: scopes.iter().copied().collect(),
            good_for: KeyRequest::days(1),
        };
        self.engine.create_key(&request).await.unwrap().key.id
    }

    /// A webhook of a holder of its own, told of runs.
    async fn webhook(&self, url: &str) -> NewSecret {
        let key = self.key(url).await;
        self.engine.add_webhook(&request(key, url)).await.unwrap()
    }

    async fn publish(&self) {
        // Of another day each time: one day's run stands until something changes.
        let days = jiff::ToSpan::days(self.published.fetch_add(1, Ordering::Relaxed));
        let on = Some(jiff::civil::date(2026, 11, 20) + days);
        self.engine.rematch(&RematchRequest { on, ..RematchRequest::default() }, |_| {}).await.unwrap();
    }

    /// Waits until nothing waits any more; the messages, in their order.
    async fn settled(&self) -> Vec<Delivery> {
        let started = Instant::now();
        loop {
            let mut all = self.engine.deliveries(None, None, u64::MAX, 100).await.unwrap();
            if all.iter().all(|one| one.state != DeliveryState::Pending) {
                all.reverse();
                return all;
            }
            assert!(started.elapsed() < Duration::from_secs(60), "{all:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn close(self) {
        self.engine.stop_webhooks();
        if let Some(sending) = self.sending {
            sending.await.unwrap();
        }
        self.engine.close().await;
        self.store.close().await;
    }
}

fn request(key: KeyId, url: &str) -> WebhookRequest {
    let events = BTreeSet::from([EventType::RunPublished]);
    WebhookRequest { key, url: url.to_owned(), description: String::new(), events }
}

/// Knows every name; where it leads may change from one look-up to the next.
struct Names {
    asked: AtomicUsize,
    answers: Vec<IpAddr>,
}

impl Resolve for Names {
    fn resolve<'a>(&'a self, _: &'a str) -> Resolving<'a> {
        let asked = self.asked.fetch_add(1, Ordering::SeqCst);
        Box::pin(async move { Ok(vec![self.answers[asked.min(self.answers.len() - 1)]]) })
    }
}

fn names(answers: &[&str]) -> Resolver {
    let answers = answers.iter().map(|address| address.parse().unwrap()).collect();
    Resolver::Other(Arc::new(Names { asked: AtomicUsize::new(0), answers }))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_need_with_new_matches_is_told_of_once() {
    let portal = Portal::open(&[]);
    let mut house = House::open(&portal).await;
    let key = house.key_with("门户", &[Scope::MatchesRun, Scope::NeedsRead]).await;
    let wanted = WebhookRequest {
        events: BTreeSet::from([EventType::NeedMatchesChanged]),
        ..request(key, &portal.url("/needs"))
    };
    house.engine.add_webhook(&wanted).await.unwrap();
    house.engine.create(Kind::Need, json!({"title": "激光焊接气孔控制"})).await.unwrap();
    let expert = |name: &str| json!({"name": name, "keywords": ["激光焊接", "气孔"]});
    house.engine.create(Kind::Expert, expert("甲")).await.unwrap();
    house.send();
    house.publish().await;
    let said = |heard: &portal::Heard| {
        serde_json::from_str::<serde_json::Value>(&heard.body).unwrap()["data"].clone()
    };
    let entered = |data: &serde_json::Value| {
        let needs = data["needs"].as_array().unwrap();
        assert_eq!((needs.len(), &needs[0]["need"]), (1, &json!("need-1")), "{data}");
        needs[0]["changes"][0]["entered"].as_u64().unwrap()
    };
    assert_eq!(entered(&said(&portal.hears(1)[0])), 1);
    // Nothing has changed, so nothing is told; then one more has come.
    house.publish().await;
    house.engine.create(Kind::Expert, expert("乙")).await.unwrap();
    house.publish().await;
    let heard = portal.hears(2);
    let told = said(&heard[1]);
    assert_eq!((entered(&told), heard.len()), (1, 2));
    let current = house.engine.current_run().await.unwrap();
    assert_eq!(told["run"], current.id);
    house.settled().await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_is_sent_until_it_is_taken_always_under_the_same_name() {
    let portal = Portal::open(&[Answer::Status(500), Answer::Never]);
    let mut house = House::open(&portal).await;
    let NewSecret { webhook, secret } = house.webhook(&portal.url("/events")).await;
    house.publish().await;
    house.send();
    let delivered = house.settled().await.remove(0);
    let heard = portal.hears(3);
    assert_eq!(
        (delivered.state, delivered.attempts, delivered.status),
        (DeliveryState::Delivered, 3, Some(204))
    );
    assert!(heard.iter().all(|one| one.id() == delivered.message && one.is_signed_with(&secret)));
    let body: serde_json::Value = serde_json::from_str(&heard[2].body).unwrap();
    assert_eq!((&body["type"], heard.len()), (&"run.published".into(), 3));
    assert_eq!(house.engine.webhook(webhook.id).await.unwrap().failures, 0);
    let vitals = house.engine.vitals().await;
    let counts = vitals.deliveries;
    assert_eq!((counts.delivered, counts.failed, counts.dead), (1, 2, 0));
    assert_eq!(vitals.kept.unwrap().webhooks.pending, 0);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_its_secret_is_changed_over_a_portal_may_verify_with_either() {
    let portal = Portal::open(&[]);
    let mut house = House::open(&portal).await;
    let NewSecret { webhook, secret: old } = house.webhook(&portal.url("/")).await;
    let new = house.engine.rotate_webhook_secret(webhook.id, 24).await.unwrap().secret;
    house.publish().await;
    house.send();
    let heard = portal.hears(1).remove(0);
    assert!(heard.is_signed_with(&new) && heard.is_signed_with(&old));
    let latest = house.engine.rotate_webhook_secret(webhook.id, 0).await.unwrap().secret;
    house.publish().await;
    let heard = portal.hears(2).remove(1);
    assert!(heard.is_signed_with(&latest) && !heard.is_signed_with(&new), "the old one was told to be bad");
    let too_long = house.engine.rotate_webhook_secret(webhook.id, 169).await;
    assert!(matches!(too_long, Err(EngineError::BadParameter { parameter: "overlap_hours", .. })));
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_the_last_attempt_a_message_is_given_up_and_can_be_sent_again() {
    let portal = Portal::open(&[Answer::Status(302), Answer::Status(404), Answer::Status(503)]);
    let mut house = House::open(&portal).await;
    let NewSecret { webhook, .. } = house.webhook(&portal.url("/")).await;
    house.publish().await;
    house.send();
    let dead = house.settled().await.remove(0);
    assert_eq!((dead.state, dead.attempts, dead.status), (DeliveryState::Dead, 3, Some(503)));
    assert_eq!(dead.fault.as_deref(), Some("对方答复 503"));
    assert_eq!(house.engine.webhook(webhook.id).await.unwrap().state, WebhookState::Enabled);
    house.engine.retry_delivery(webhook.id, dead.number).await.unwrap();
    let again = house.settled().await.remove(0);
    assert_eq!((again.state, again.attempts), (DeliveryState::Delivered, 1));
    assert_eq!(portal.hears(4)[3].id(), dead.message);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_portal_that_is_gone_hears_no_more() {
    let portal = Portal::open(&[Answer::Status(410)]);
    let mut house = House::open(&portal).await;
    let NewSecret { webhook, .. } = house.webhook(&portal.url("/")).await;
    house.publish().await;
    house.send();
    assert_eq!(house.settled().await[0].state, DeliveryState::Dead);
    assert_eq!(house.engine.webhook(webhook.id).await.unwrap().state, WebhookState::Gone);
    house.publish().await;
    assert_eq!((house.settled().await.len(), portal.heard().len()), (1, 1));
    // Asked to, it hears again.
    let on = WebhookChange { enabled: Some(true), ..WebhookChange::default() };
    house.engine.change_webhook(webhook.id, on).await.unwrap();
    house.publish().await;
    portal.hears(2);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_whose_key_is_revoked_is_silent() {
    let portal = Portal::open(&[]);
    let mut house = House::open(&portal).await;
    let NewSecret { webhook, .. } = house.webhook(&portal.url("/")).await;
    house.publish().await;
    house.engine.revoke_key(webhook.key).await.unwrap();
    house.send();
    let silent = house.settled().await.remove(0);
    assert_eq!((silent.state, silent.attempts, portal.heard().len()), (DeliveryState::Dead, 0, 0));
    house.close().await;
}

/// As it is made, the name leads to a public address; at the time of sending it leads to the portal on this machine.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_sent_where_a_name_leads_astray_by_now() {
    let portal = Portal::open(&[]);
    let mut house = House::with(&portal, |settings| {
        settings.webhooks.rules.allow.clear();
        settings.webhooks.resolver = names(&["1.1.1.1", "127.0.0.1"]);
    })
    .await;
    house.webhook(&format!("http://portal.example.cn:{}/", portal.port)).await;
    house.publish().await;
    house.send();
    let dead = house.settled().await.remove(0);
    assert_eq!(
        (dead.state, dead.attempts, dead.status, portal.heard().len()),
        (DeliveryState::Dead, 3, None, 0)
    );
    assert!(dead.fault.as_deref().unwrap().contains("不允许调用"), "{dead:?}");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_must_not_be_called_is_not_even_written_down() {
    let portal = Portal::open(&[]);
    let house = House::with(&portal, |settings| {
        settings.webhooks.rules = Rules::default();
        settings.webhooks.resolver = names(&["169.254.169.254"]);
    })
    .await;
    let key = house.key("甲平台").await;
    for url in [
        "https://metadata.example.cn/latest",
        "https://127.0.0.1/",
        "https://[::ffff:10.0.0.1]/",
        "https://u:p@portal.example.cn/",
        "http://portal.example.cn/",
        "https://portal.example.cn:6379/",
        "no address",
    ] {
        let refused = house.engine.add_webhook(&request(key, url)).await.unwrap_err();
        let EngineError::Invalid(problems) = refused else { panic!("{url}: {refused:?}") };
        assert_eq!((problems[0].pointer.as_str(), problems[0].code), ("/url", ProblemCode::Format), "{url}");
        assert!(
            !problems[0].detail.contains("169"),
            "where a name leads is not told: {}",
            problems[0].detail
        );
    }
    let none = WebhookRequest { events: BTreeSet::new(), ..request(key, "https://1.1.1.1/") };
    let refused = house.engine.add_webhook(&none).await.unwrap_err();
    assert!(matches!(&refused, EngineError::Invalid(problems) if problems[0].pointer == "/events"));
    let more = BTreeSet::from([EventType::NeedMatchesChanged]);
    let beyond = WebhookRequest { events: more, ..request(key, "https://1.1.1.1/") };
    let refused = house.engine.add_webhook(&beyond).await.unwrap_err();
    assert!(matches!(&refused, EngineError::MissingScopes(scopes) if *scopes == [Scope::NeedsRead]));
    assert!(house.engine.webhooks(None, 0, 10).await.unwrap().is_empty());
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ping_tells_at_once_whether_it_arrives() {
    let portal = Portal::open(&[Answer::Status(204), Answer::Status(500)]);
    let house = House::open(&portal).await;
    let NewSecret { webhook, secret } = house.webhook(&portal.url("/")).await;
    let pinged = house.engine.ping_webhook(webhook.id).await.unwrap();
    assert_eq!((pinged.delivered, pinged.status, pinged.fault), (true, Some(204), None));
    let heard = portal.hears(1).remove(0);
    assert!(heard.is_signed_with(&secret) && heard.body.contains("webhook.ping"), "{heard:?}");
    let pinged = house.engine.ping_webhook(webhook.id).await.unwrap();
    assert_eq!((pinged.delivered, pinged.status), (false, Some(500)));
    let after = house.engine.webhook(webhook.id).await.unwrap();
    assert_eq!((after.state, after.failures), (WebhookState::Enabled, 0), "nothing follows from it");
    assert!(house.engine.deliveries(None, None, u64::MAX, 10).await.unwrap().is_empty());
    let unknown = house.engine.ping_webhook(WebhookId(99)).await;
    assert!(matches!(unknown, Err(EngineError::Store(store::StoreError::WebhookNotFound(WebhookId(99))))));
    house.close().await;
}
