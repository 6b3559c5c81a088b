//! Addresses to which portals have events told: each belongs to a key, hears what that key may read, and is silent when the key is no good.

pub(crate) mod changing;
pub(crate) mod delivering;
pub(crate) mod events;
mod secrets;

use std::collections::BTreeSet;

use domain::access::{KeyId, Scope};
use domain::{EventType, Region, WebhookId};
use jiff::Timestamp;

use crate::backend::{Transaction, on_backend};
use crate::rows::{corrupt, moment, row, signed, unsigned};
use crate::sql::webhooks as texts;
use crate::{KeyState, Store, StoreError};

/// Whether messages go to an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WebhookState {
    /// They do, as long as its key is good.
    Enabled,
    /// Its holder wants none for now.
    Disabled,
    /// It has answered that it wants no more, ever (410).
    Gone,
    /// It has failed for days.
    Failing,
    /// It was taken away; kept for a while for whoever asks what became of it.
    Removed,
}

impl WebhookState {
    /// The word of the API.
    pub const fn slug(self) -> &'static str {
        match self {
            Self::Enabled => "enabled",
            Self::Disabled => "disabled",
            Self::Gone => "gone",
            Self::Failing => "failing",
            Self::Removed => "removed",
        }
    }

    /// The word for people.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Enabled => "启用",
            Self::Disabled => "已停用",
            Self::Gone => "已停用（对方答 410，不再接收）",
            Self::Failing => "已停用（连续多日推送失败）",
            Self::Removed => "已删除",
        }
    }

    /// State and reason as the table has them.
    const fn words(self) -> (&'static str, Option<&'static str>) {
        match self {
            Self::Enabled => ("enabled", None),
            Self::Disabled => ("disabled", Some("asked")),
            Self::Gone => ("disabled", Some("gone")),
            Self::Failing => ("disabled", Some("failing")),
            Self::Removed => ("removed", None),
        }
    }

    fn read(state: &str, reason: Option<&str>) -> Option<Self> {
        let all = [Self::Enabled, Self::Disabled, Self::Gone, Self::Failing, Self::Removed];
        all.into_iter().find(|one| one.words() == (state, reason))
    }
}

/// An address to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookDraft {
    /// The key that it belongs to.
    pub key: KeyId,
    /// Where messages go.
    pub url: String,
    /// What it is for, in its holder's words.
    pub description: String,
    /// What it wants to hear.
    pub events: BTreeSet<EventType>,
}

/// What is to be different at an address; what is absent stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WebhookChange {
    /// The key that it belongs to from now on.
    pub key: Option<KeyId>,
    /// Where messages go.
    pub url: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// What it wants to hear.
    pub events: Option<BTreeSet<EventType>>,
    /// Whether messages go there. Enabled again, it begins anew: what failed before is forgotten.
    pub enabled: Option<bool>,
}

/// An address to which events are told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    /// Its number.
    pub id: WebhookId,
    /// The key that it belongs to.
    pub key: KeyId,
    /// Whether that key is good: else it is silent.
    pub key_state: KeyState,
    /// What that key opens.
    pub scopes: BTreeSet<Scope>,
    /// Who holds that key.
    pub holder: String,
    /// The region that the holder is bound to.
    pub region: Option<Region>,
    /// Where messages go.
    pub url: String,
    /// What it is for.
    pub description: String,
    /// What it wants to hear.
    pub events: BTreeSet<EventType>,
    /// Whether messages go there.
    pub state: WebhookState,
    /// Attempts that failed since the last that did not.
    pub failures: u64,
    /// Since when all have failed.
    pub failing_since: Option<Timestamp>,
    /// Until when the secret before the present one signs too.
    pub old_secret_until: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub changed_at: Timestamp,
}

impl Webhook {
    /// Whether it is told of this, as far as its key and its own wishes go.
    pub(crate) fn hears(&self, event: EventType) -> bool {
        self.events.contains(&event) && event.scopes().iter().all(|scope| self.scopes.contains(scope))
    }
}

row! {
    pub(crate) struct WebhookRow {
        number: i64,
        api_key: i64,
        holder: String,
        region: Option<String>,
        url: String,
        description: String,
        events: String,
        state: String,
        reason: Option<String>,
        failures: i64,
        failing_since: Option<i64>,
        old_until: Option<i64>,
        created_at: i64,
        changed_at: i64,
        scopes: String,
        revoked_at: Option<i64>,
        expires_at: i64,
    }
}

impl WebhookRow {
    pub(crate) fn webhook(self) -> Result<Webhook, StoreError> {
        let id = WebhookId(unsigned(self.number));
        let unreadable = |said: String| corrupt(id.to_string(), said);
        let state = WebhookState::read(&self.state, self.reason.as_deref());
        let events = self.events.split_whitespace().map(str::parse).collect::<Result<_, String>>();
        let scopes = self.scopes.split_whitespace().map(str::parse).collect::<Result<_, String>>();
        let key_state = match self.revoked_at {
            Some(_) => KeyState::Revoked,
            None if moment(self.expires_at)? <= Timestamp::now() => KeyState::Expired,
            None => KeyState::Live,
        };
        Ok(Webhook {
            id,
            key: KeyId(unsigned(self.api_key)),
            key_state,
            scopes: scopes.map_err(unreadable)?,
            holder: self.holder,
            region: self.region.map(|code| code.parse()).transpose().map_err(unreadable)?,
            url: self.url,
            description: self.description,
            events: events.map_err(unreadable)?,
            state: state.ok_or_else(|| unreadable(self.state))?,
            failures: unsigned(self.failures),
            failing_since: self.failing_since.map(moment).transpose()?,
            old_secret_until: self.old_until.map(moment).transpose()?,
            created_at: moment(self.created_at)?,
            changed_at: moment(self.changed_at)?,
        })
    }
}

impl Store {
    /// The address of this number; one that was removed too, for a while.
    pub async fn webhook(&self, id: WebhookId) -> Result<Option<Webhook>, StoreError> {
        let row: Option<WebhookRow> = on_backend!(&self.backend, pools => {
            sqlx::query_as(texts::ENDPOINT).bind(signed(id.0)).fetch_optional(&pools.readers).await?
        });
        row.map(WebhookRow::webhook).transpose()
    }

    /// Up to `limit` addresses with a number greater than `after`, ascending: of this holder, or of everybody. Those removed are left out.
    pub async fn webhooks(
        &self,
        holder: Option<&str>,
        after: u64,
        limit: u32,
    ) -> Result<Vec<Webhook>, StoreError> {
        let rows: Vec<WebhookRow> = on_backend!(&self.backend, pools => {
            sqlx::query_as(texts::ENDPOINTS)
                .bind(signed(after))
                .bind(i64::from(limit))
                .bind(holder.unwrap_or_default())
                .fetch_all(&pools.readers)
                .await?
        });
        rows.into_iter().map(WebhookRow::webhook).collect()
    }
}

/// An address that is not removed, as a transaction sees it.
pub(crate) async fn present(transaction: &mut Transaction, id: WebhookId) -> Result<Webhook, StoreError> {
    let row: Option<WebhookRow> = on_backend!(transaction, transaction => {
        sqlx::query_as(texts::ENDPOINT).bind(signed(id.0)).fetch_optional(&mut **transaction).await?
    });
    let webhook = row.map(WebhookRow::webhook).transpose()?;
    webhook.filter(|webhook| webhook.state != WebhookState::Removed).ok_or(StoreError::WebhookNotFound(id))
}
