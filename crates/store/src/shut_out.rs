//! Who may come in no more, according to a database that an older one is to take the place of: keys and addresses of portals that were taken away since.

use std::collections::{BTreeMap, BTreeSet};

use domain::WebhookId;
use domain::access::KeyId;
use sqlx::Connection;

use crate::backend::{Backend, OnBackend, on_backend};
use crate::erasures::{Erasure, ErasureRow};
use crate::rows::{row, signed};
use crate::sql::{access, erasures, webhooks};
use crate::store::Address;
use crate::{Given, KeyState, Store, StoreError, WebhookState, postgres, sqlite};

/// Keys and addresses read at a time.
const PAGE: u32 = 500;

/// What a database says of keys, addresses and persons, and which numbers it has given.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ShutOut {
    /// By number and digest: whether it was revoked.
    keys: BTreeMap<(i64, String), bool>,
    /// The addresses that are there, by number and when they were made.
    webhooks: BTreeSet<(i64, i64)>,
    /// Who was erased.
    pub erasures: Vec<Erasure>,
    /// The numbers that it has given.
    pub given: Given,
}

row! {
    struct KeyRow {
        number: i64,
        digest: String,
        revoked_at: Option<i64>,
    }
}

row! {
    struct WebhookRow {
        number: i64,
        created_at: i64,
    }
}

impl ShutOut {
    /// Reads it from the database at this address, which stays as it is.
    ///
    /// # Errors
    /// When there is none, or it is none of this program's schema.
    pub async fn read(at: impl Into<Address>) -> Result<Self, StoreError> {
        let backend: Backend = match at.into() {
            Address::Url(url) if postgres::is_meant(&url) => {
                let (pools, first) = postgres::connect(&url).await?;
                first.close().await?;
                OnBackend::Postgres(pools)
            }
            at => OnBackend::Sqlite(sqlite::look_into(at)?),
        };
        let read = read(&backend).await;
        on_backend!(&backend, pools => {
            pools.readers.close().await;
            pools.writer.close().await;
        });
        read
    }

    /// Whether it has keys. None ever goes: a database without any says nothing of those of another.
    pub fn knows_keys(&self) -> bool {
        !self.keys.is_empty()
    }
}

async fn read(backend: &Backend) -> Result<ShutOut, StoreError> {
    let given = Given::read(backend).await?;
    on_backend!(backend, pools => {
        let keys: Vec<KeyRow> = sqlx::query_as(access::FATES).fetch_all(&pools.readers).await?;
        let webhooks: Vec<WebhookRow> = sqlx::query_as(webhooks::PRESENT).fetch_all(&pools.readers).await?;
        let erasures: Vec<ErasureRow> = sqlx::query_as(erasures::ERASURES).fetch_all(&pools.readers).await?;
        Ok(ShutOut {
            keys: keys.into_iter().map(|key| ((key.number, key.digest), key.revoked_at.is_some())).collect(),
            webhooks: webhooks.into_iter().map(|webhook| (webhook.number, webhook.created_at)).collect(),
            erasures: erasures.into_iter().map(ErasureRow::erasure).collect::<Result<_, _>>()?,
            given,
        })
    })
}

impl Store {
    /// Revokes each key that `there` is revoked or absent, and removes each address that is removed or absent there; each with its row in the audit
    /// log. Returns which.
    ///
    /// # Errors
    /// When the database refuses; what was done until then stays.
    pub async fn shut_out(&self, there: &ShutOut) -> Result<(Vec<KeyId>, Vec<WebhookId>), StoreError> {
        let (mut revoked, mut removed) = (Vec::new(), Vec::new());
        let mut after = 0;
        loop {
            let webhooks = self.webhooks(None, after, PAGE).await?;
            let Some(last) = webhooks.last() else { break };
            after = last.id.0;
            for webhook in webhooks {
                let made = (signed(webhook.id.0), webhook.created_at.as_millisecond());
                if webhook.state != WebhookState::Removed && !there.webhooks.contains(&made) {
                    self.remove_webhook(webhook.id).await?;
                    removed.push(webhook.id);
                }
            }
        }
        let mut after = 0;
        loop {
            let keys = self.keys(after, PAGE).await?;
            let Some(last) = keys.last() else { break };
            after = last.id.0;
            for key in keys {
                let known = (signed(key.id.0), String::from(key.digest));
                let good = there.keys.get(&known) == Some(&false);
                if key.state() != KeyState::Revoked && !good {
                    self.revoke_key(key.id).await?;
                    revoked.push(key.id);
                }
            }
        }
        Ok((revoked, removed))
    }
}
