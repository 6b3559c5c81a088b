//! Events told to portals: the addresses to which they are told, who may have them, and what has become of each message. Sending is
//! [`delivering`]'s, which needs are told of [`announcing`]'s.

mod announcing;
mod delivering;

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use ::webhooks::{Courier, Resolver, Rules, Secret};
use domain::access::KeyId;
use domain::{EventType, FieldProblem, ProblemCode, WebhookId};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use store::{
    About, Action, AuditResult, Delivery, DeliveryState, Event, Webhook, WebhookChange, WebhookDraft,
    WebhookState, message_id,
};
use tokio::sync::Notify;

use crate::{Engine, EngineError};

/// Characters of a description.
const LONGEST_DESCRIPTION: usize = 200;
/// The type of the event that is only sent when somebody asks for it.
const PING: &str = "webhook.ping";
/// Hours for which the old secret may sign too.
const MOST_OVERLAP: u32 = 168;

/// How events are told.
#[derive(Debug, Clone, PartialEq)]
pub struct WebhookSettings {
    /// Which addresses may be called.
    pub rules: Rules,
    /// Who knows names.
    pub resolver: Resolver,
    /// Messages that are sent at a time.
    pub at_once: u32,
    /// Within which a portal has to answer.
    pub deadline: Duration,
    /// Seconds to wait after the first failed attempt, the second, and so on; after the last of them there is one more attempt.
    pub retries: Vec<u64>,
    /// Days for which it is kept what was delivered.
    pub keep_days: u32,
    /// Days for which it is kept what was given up.
    pub dead_days: u32,
    /// Days after which an address that has only failed is disabled.
    pub disable_after_days: u32,
    /// Addresses of one holder.
    pub per_holder: u64,
}

impl Default for WebhookSettings {
    /// The attempts are those of the specification's example.
    fn default() -> Self {
        Self {
            rules: Rules::default(),
            resolver: Resolver::System,
            at_once: 8,
            deadline: Duration::from_secs(15),
            retries: vec![5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400],
            keep_days: 7,
            dead_days: 30,
            disable_after_days: 5,
            per_holder: 10,
        }
    }
}

/// Messages that this process has sent, by what came of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DeliveryCounts {
    /// Attempts that were taken.
    pub delivered: u64,
    /// Attempts that failed and are made again.
    pub failed: u64,
    /// Attempts after which there are no further ones.
    pub dead: u64,
}

/// What this process does of it.
pub(crate) struct Hooks {
    settings: WebhookSettings,
    courier: Courier,
    stopped: AtomicBool,
    wake: Notify,
    /// Addresses to which a message is on its way that somebody waits for.
    pinging: Mutex<BTreeSet<WebhookId>>,
    delivered: AtomicU64,
    failed: AtomicU64,
    dead: AtomicU64,
}

/// A message on its way that somebody waits for, as long as this lives.
struct Pinging<'h> {
    hooks: &'h Hooks,
    id: WebhookId,
}

impl Drop for Pinging<'_> {
    fn drop(&mut self) {
        self.hooks.pinging.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.id);
    }
}

impl Hooks {
    pub(crate) fn new(settings: WebhookSettings) -> Self {
        let courier = Courier::new(settings.rules.clone(), settings.resolver.clone(), settings.deadline);
        Self {
            settings,
            courier,
            stopped: AtomicBool::new(false),
            wake: Notify::new(),
            pinging: Mutex::new(BTreeSet::new()),
            delivered: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            dead: AtomicU64::new(0),
        }
    }

    pub(crate) fn stop(&self) {
        self.stopped.store(true, Ordering::Release);
        self.wake.notify_one();
    }

    /// One at a time to an address: a portal that does not answer is not to be called again and again meanwhile.
    fn pinging(&self, id: WebhookId) -> Result<Pinging<'_>, EngineError> {
        let begun = self.pinging.lock().unwrap_or_else(PoisonError::into_inner).insert(id);
        if begun { Ok(Pinging { hooks: self, id }) } else { Err(EngineError::UnderWay) }
    }

    fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Acquire)
    }

    pub(crate) fn counts(&self) -> DeliveryCounts {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        DeliveryCounts {
            delivered: read(&self.delivered),
            failed: read(&self.failed),
            dead: read(&self.dead),
        }
    }
}

/// An address that somebody wants events told to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookRequest {
    /// The key that it is to belong to.
    pub key: KeyId,
    /// Where messages go.
    pub url: String,
    /// What it is for.
    pub description: String,
    /// What is to be told.
    pub events: BTreeSet<EventType>,
}

/// An address whose secret was just made: the only time that it is there.
#[derive(Debug, Clone)]
pub struct NewSecret {
    /// The address.
    pub webhook: Webhook,
    /// What its messages are signed with, as its holder is given it.
    pub secret: String,
}

/// What came of a message that was sent to see whether it arrives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pinged {
    /// Whether it was taken.
    pub delivered: bool,
    /// The status of the answer, if one came.
    pub status: Option<u16>,
    /// Why it was not taken.
    pub fault: Option<String>,
    /// How long it took.
    pub took: Duration,
}

impl Engine {
    /// Lets messages that are being sent end, and sends no more.
    pub fn stop_webhooks(&self) {
        self.hooks.stop();
    }

    /// Has events told to an address, for a key.
    ///
    /// # Errors
    /// [`EngineError::Invalid`] for an address that may not be called; [`EngineError::KeyNotFound`]; [`EngineError::MissingScopes`] when
    /// the key does not open what it wants to be told; `TooManyWebhooks`.
    pub async fn add_webhook(&self, request: &WebhookRequest) -> Result<NewSecret, EngineError> {
        let WebhookRequest { key, url, description, events } = request;
        let (description, key) = (description.trim().to_owned(), self.key(*key).await?);
        may_hear(&key, events)?;
        self.admissible(Some(url), Some(&description), Some(events)).await?;
        let secret = Secret::generate().map_err(store::StoreError::NoRandomness)?;
        let draft = WebhookDraft { key: key.id, url: url.clone(), description, events: events.clone() };
        let most = self.hooks.settings.per_holder;
        let webhook = self.store.add_webhook(&draft, secret.bytes(), most).await?;
        tracing::info!(webhook = %webhook.id, key = %key.id, "a webhook was made");
        Ok(NewSecret { webhook, secret: secret.reveal() })
    }

    /// Changes an address; what it is told is measured by its key of then.
    ///
    /// # Errors
    /// As [`Self::add_webhook`]; `WebhookNotFound`.
    pub async fn change_webhook(&self, id: WebhookId, change: WebhookChange) -> Result<Webhook, EngineError> {
        let description = change.description.as_deref().map(|text| text.trim().to_owned());
        let change = WebhookChange { description, ..change };
        let before = self.webhook(id).await?;
        let key = self.key(change.key.unwrap_or(before.key)).await?;
        may_hear(&key, change.events.as_ref().unwrap_or(&before.events))?;
        self.admissible(change.url.as_deref(), change.description.as_deref(), change.events.as_ref()).await?;
        let changed = self.store.change_webhook(id, &change).await?;
        self.hooks.wake.notify_one();
        Ok(changed)
    }

    /// Takes an address away; what waits for it is given up.
    ///
    /// # Errors
    /// `WebhookNotFound`.
    pub async fn remove_webhook(&self, id: WebhookId) -> Result<Webhook, EngineError> {
        self.store.remove_webhook(id).await?;
        tracing::info!(webhook = %id, "a webhook was removed");
        self.removed_or_present(id).await
    }

    /// Has messages signed with another secret; the present one signs too for so many hours more.
    ///
    /// # Errors
    /// `WebhookNotFound`; [`EngineError::BadParameter`].
    pub async fn rotate_webhook_secret(&self, id: WebhookId, hours: u32) -> Result<NewSecret, EngineError> {
        if hours > MOST_OVERLAP {
            let detail = format!("应为 0 到 {MOST_OVERLAP}");
            return Err(EngineError::BadParameter { parameter: "overlap_hours", detail });
        }
        let secret = Secret::generate().map_err(store::StoreError::NoRandomness)?;
        let until = Timestamp::now() + SignedDuration::from_hours(i64::from(hours));
        let webhook = self.store.rotate_webhook_secret(id, secret.bytes(), until).await?;
        Ok(NewSecret { webhook, secret: secret.reveal() })
    }

    /// One address.
    ///
    /// # Errors
    /// `WebhookNotFound`, also of one that was removed.
    pub async fn webhook(&self, id: WebhookId) -> Result<Webhook, EngineError> {
        let webhook = self.removed_or_present(id).await?;
        let present = webhook.state != WebhookState::Removed;
        if present { Ok(webhook) } else { Err(store::StoreError::WebhookNotFound(id).into()) }
    }

    pub(crate) async fn removed_or_present(&self, id: WebhookId) -> Result<Webhook, EngineError> {
        Ok(self.store.webhook(id).await?.ok_or(store::StoreError::WebhookNotFound(id))?)
    }

    /// Up to `limit` addresses with a number greater than `after`, of all holders or of one.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn webhooks(
        &self,
        holder: Option<&str>,
        after: u64,
        limit: u32,
    ) -> Result<Vec<Webhook>, EngineError> {
        Ok(self.store.webhooks(holder, after, limit).await?)
    }

    /// Up to `limit` messages with a number less than `before`, latest first: to one address or all, in one state or any.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn deliveries(
        &self,
        webhook: Option<WebhookId>,
        state: Option<DeliveryState>,
        before: u64,
        limit: u32,
    ) -> Result<Vec<Delivery>, EngineError> {
        Ok(self.store.deliveries(webhook, state, before, limit).await?)
    }

    /// One message on its way.
    ///
    /// # Errors
    /// `DeliveryNotFound`.
    pub async fn delivery(&self, number: u64) -> Result<Delivery, EngineError> {
        Ok(self.store.delivery(number).await?.ok_or(store::StoreError::DeliveryNotFound(number))?)
    }

    /// Sends a message again, whatever has come of it.
    ///
    /// # Errors
    /// `DeliveryNotFound`, also when it goes to another address; `WebhookNotFound`.
    pub async fn retry_delivery(&self, webhook: WebhookId, number: u64) -> Result<Delivery, EngineError> {
        self.store.retry_delivery(webhook, number).await?;
        self.hooks.wake.notify_one();
        self.delivery(number).await
    }

    /// Sends a message to an address now, to see whether it arrives; it is sent once, and nothing follows from it.
    ///
    /// # Errors
    /// `WebhookNotFound`; [`EngineError::UnderWay`] while another is on its way there; when the database refuses.
    pub async fn ping_webhook(&self, id: WebhookId) -> Result<Pinged, EngineError> {
        let webhook = self.webhook(id).await?;
        let _pinging = self.hooks.pinging(id)?;
        let (secrets, now) = (self.secrets(id).await?, Timestamp::now());
        let body = json!({"type": PING, "timestamp": now, "data": {"webhook": id}}).to_string();
        let started = Instant::now();
        let call =
            self.hooks.courier.call(&webhook.url, &secrets, &message_id()?, now.as_second(), &body).await;
        let pinged = match call {
            Ok(called) => Pinged {
                delivered: called.is_taken(),
                status: Some(called.status),
                fault: (!called.is_taken()).then(|| delivering::answered(called.status)),
                took: started.elapsed(),
            },
            Err(fault) => {
                let fault = Some(fault.to_string());
                Pinged { delivered: false, status: None, fault, took: started.elapsed() }
            }
        };
        let result = if pinged.delivered { AuditResult::Done } else { AuditResult::Failed };
        let detail = json!({"webhook": id, "status": pinged.status});
        self.note(Event { action: Action::WebhookPing, about: About::Nothing, result, detail }).await?;
        Ok(pinged)
    }

    async fn secrets(&self, id: WebhookId) -> Result<Vec<Secret>, EngineError> {
        let unreadable = |error| store::StoreError::Corrupt {
            place: format!("{id} 的签名密钥"),
            source: Box::new(error),
        };
        let secrets = self.store.webhook_secrets(id).await?.into_iter();
        Ok(secrets.map(|bytes| Secret::from_bytes(bytes).map_err(unreadable)).collect::<Result<_, _>>()?)
    }

    /// Whether an address and what is said of it may be kept.
    async fn admissible(
        &self,
        url: Option<&str>,
        description: Option<&str>,
        events: Option<&BTreeSet<EventType>>,
    ) -> Result<(), EngineError> {
        let mut problems = Vec::new();
        let mut problem = |pointer: &str, label: &str, code, detail: String| {
            problems.push(FieldProblem {
                pointer: pointer.to_owned(),
                label: label.to_owned(),
                code,
                detail,
            });
        };
        if let Some(text) = description
            && (text.chars().count() > LONGEST_DESCRIPTION || text.chars().any(char::is_control))
        {
            let detail = format!("最多 {LONGEST_DESCRIPTION} 字，且不能换行");
            problem("/description", "说明", ProblemCode::TooLarge, detail);
        }
        if events.is_some_and(BTreeSet::is_empty) {
            problem("/events", "事件", ProblemCode::Missing, "至少选择一种事件".to_owned());
        }
        if let Some(url) = url
            && let Err(refusal) = self.hooks.courier.check(url).await
        {
            problem("/url", "推送地址", ProblemCode::Format, refusal.to_string());
        }
        if problems.is_empty() { Ok(()) } else { Err(EngineError::Invalid(problems)) }
    }
}

/// Whether a key opens what it wants to be told.
fn may_hear(key: &crate::Key, events: &BTreeSet<EventType>) -> Result<(), EngineError> {
    let needed: BTreeSet<_> = events.iter().flat_map(|event| event.scopes()).copied().collect();
    let missing: Vec<_> = needed.difference(&key.scopes).copied().collect();
    if missing.is_empty() { Ok(()) } else { Err(EngineError::MissingScopes(missing)) }
}
