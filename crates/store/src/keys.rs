//! Holders and their keys. A key is looked up at each request, so what is revoked is refused from the next one on.

use std::collections::BTreeSet;

use domain::Region;
use domain::access::{KeyId, Scope, SecretDigest};
use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::json;

use crate::audit::{self, About, Action, Event};
use crate::backend::on_backend;
use crate::rows::{corrupt, moment, now, row, signed, unsigned};
use crate::sql::access as texts;
use crate::{Receipt, Store, StoreError};

/// Keys of one holder that may be good at a time: the old and the new one while they are changed over.
pub const LIVE_KEYS: usize = 2;

/// A key to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyDraft {
    /// Who is to hold it, by name.
    pub holder: String,
    /// What it is for.
    pub purpose: String,
    /// The region whose records it reads and writes; every region when absent.
    pub region: Option<Region>,
    /// What it opens.
    pub scopes: BTreeSet<Scope>,
    /// From when on it is good no more.
    pub expires_at: Timestamp,
}

/// What is known of a holder beside the name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// What the keys are for.
    pub purpose: String,
    /// The region that they are bound to.
    pub region: Option<Region>,
}

/// A key as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredKey {
    /// Its number.
    pub id: KeyId,
    /// Who holds it.
    pub holder: String,
    /// What it is for.
    pub purpose: String,
    /// The region that it is bound to.
    pub region: Option<Region>,
    /// What it opens.
    pub scopes: BTreeSet<Scope>,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when on it is good no more.
    pub expires_at: Timestamp,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
    /// When it was last used, to the minute.
    pub last_used_at: Option<Timestamp>,
    /// The day of which `used` counts the requests.
    pub used_on: Option<Date>,
    /// Requests on that day, as of `last_used_at`.
    pub used: u64,
    /// The digest of its secret.
    pub digest: SecretDigest,
}

/// Whether a key is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyState {
    /// It is.
    Live,
    /// Its time is over.
    Expired,
    /// It was revoked.
    Revoked,
}

impl KeyState {
    /// The word of the API.
    pub const fn slug(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
        }
    }

    /// The word for people.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Live => "有效",
            Self::Expired => "已过期",
            Self::Revoked => "已撤销",
        }
    }
}

impl StoredKey {
    /// Whether it is good now.
    pub fn state(&self) -> KeyState {
        match self.revoked_at {
            Some(_) => KeyState::Revoked,
            None if self.expires_at <= Timestamp::now() => KeyState::Expired,
            None => KeyState::Live,
        }
    }
}

row! {
    struct KeyRow {
        number: i64,
        name: String,
        purpose: String,
        region: Option<String>,
        digest: String,
        scopes: String,
        created_at: i64,
        expires_at: i64,
        revoked_at: Option<i64>,
        last_used_at: Option<i64>,
        used_on: Option<String>,
        used: i64,
    }
}

row! {
    struct HolderRow {
        number: i64,
        purpose: String,
        region: Option<String>,
    }
}

impl KeyRow {
    fn stored(self) -> Result<StoredKey, StoreError> {
        let id = KeyId(unsigned(self.number));
        let unreadable = |said: String| corrupt(id.to_string(), said);
        let scopes = self.scopes.split_whitespace().map(str::parse).collect::<Result<_, String>>();
        let used_on = self.used_on.map(|day| day.parse()).transpose();
        Ok(StoredKey {
            id,
            holder: self.name,
            purpose: self.purpose,
            region: self.region.map(|code| code.parse()).transpose().map_err(unreadable)?,
            scopes: scopes.map_err(unreadable)?,
            created_at: moment(self.created_at)?,
            expires_at: moment(self.expires_at)?,
            revoked_at: self.revoked_at.map(moment).transpose()?,
            last_used_at: self.last_used_at.map(moment).transpose()?,
            used_on: used_on.map_err(|error: jiff::Error| corrupt(id.to_string(), error))?,
            used: unsigned(self.used),
            digest: self.digest.parse().map_err(|_| corrupt(id.to_string(), "digest"))?,
        })
    }
}

impl Store {
    /// Makes a key for a holder, who is written down with the first one. `digest` is that of the secret, given the key's number.
    ///
    /// # Errors
    /// [`StoreError::TooManyKeys`] when the holder has [`LIVE_KEYS`] good ones, [`StoreError::HolderDiffers`] when the holder is known
    /// with another purpose or region.
    pub async fn add_key(
        &self,
        draft: &KeyDraft,
        digest: impl FnOnce(KeyId) -> SecretDigest,
    ) -> Result<StoredKey, StoreError> {
        let created_at = now();
        let region = draft.region.map(String::from);
        let scopes: Vec<&str> = draft.scopes.iter().map(|scope| scope.slug()).collect();
        let mut transaction = self.begin().await?;
        let row: KeyRow = on_backend!(&mut transaction, transaction => {
            let holder: HolderRow = sqlx::query_as(texts::HOLDER)
                .bind(draft.holder.as_str())
                .bind(draft.purpose.as_str())
                .bind(region.as_deref())
                .bind(created_at)
                .fetch_one(&mut **transaction)
                .await?;
            if holder.purpose != draft.purpose || holder.region != region {
                return Err(StoreError::HolderDiffers(draft.holder.clone()));
            }
            let live: Vec<i64> = sqlx::query_scalar(texts::LIVE_KEYS)
                .bind(holder.number)
                .bind(created_at)
                .fetch_all(&mut **transaction)
                .await?;
            if live.len() >= LIVE_KEYS {
                let live = live.into_iter().map(|number| KeyId(unsigned(number))).collect();
                return Err(StoreError::TooManyKeys { holder: draft.holder.clone(), live });
            }
            let number: i64 = sqlx::query_scalar(texts::ADD_KEY)
                .bind(holder.number)
                .bind(scopes.join(" "))
                .bind(created_at)
                .bind(draft.expires_at.as_millisecond())
                .fetch_one(&mut **transaction)
                .await?;
            sqlx::query(texts::SET_DIGEST)
                .bind(number)
                .bind(String::from(digest(KeyId(unsigned(number)))))
                .execute(&mut **transaction)
                .await?;
            sqlx::query_as(texts::KEY).bind(number).fetch_one(&mut **transaction).await?
        });
        let key = row.stored()?;
        let detail = json!({"key": key.id.to_string(), "holder": key.holder, "scopes": scopes});
        let event = Event::done(Action::KeyMake, About::Nothing, detail);
        audit::append(&mut transaction, &self.actor, event).await?;
        self.redeem(&mut transaction, Receipt::Key(key.id)).await?;
        transaction.commit().await?;
        Ok(key)
    }

    /// The holder of this name.
    pub async fn holder(&self, name: &str) -> Result<Option<Holder>, StoreError> {
        let row: Option<HolderRow> = on_backend!(&self.backend, pools => {
            sqlx::query_as(texts::HOLDER_OF_NAME).bind(name).fetch_optional(&pools.readers).await?
        });
        let holder = |row: HolderRow| {
            let region = row.region.map(|code| code.parse()).transpose();
            let region = region.map_err(|said: String| corrupt(format!("接入方 {}", row.number), said))?;
            Ok(Holder { purpose: row.purpose, region })
        };
        row.map(holder).transpose()
    }

    /// The key of this number, good or not. Every request begins with it, so a server that is not there is told at once.
    pub async fn key(&self, id: KeyId) -> Result<Option<StoredKey>, StoreError> {
        let asked = async {
            let row: Option<KeyRow> = on_backend!(&self.backend, pools => {
                sqlx::query_as(texts::KEY).bind(signed(id.0)).fetch_optional(&pools.readers).await?
            });
            row.map(KeyRow::stored).transpose()
        };
        self.backend.unless_refused(asked).await
    }

    /// Up to `limit` keys with a number greater than `after`, ascending, good or not.
    pub async fn keys(&self, after: u64, limit: u32) -> Result<Vec<StoredKey>, StoreError> {
        let rows: Vec<KeyRow> = on_backend!(&self.backend, pools => {
            sqlx::query_as(texts::KEYS)
                .bind(signed(after))
                .bind(i64::from(limit))
                .fetch_all(&pools.readers)
                .await?
        });
        rows.into_iter().map(KeyRow::stored).collect()
    }

    /// Revokes a key for good; a second time changes nothing.
    pub async fn revoke_key(&self, id: KeyId) -> Result<(), StoreError> {
        let at = now();
        let mut transaction = self.begin().await?;
        let revoked = on_backend!(&mut transaction, transaction => {
            let query = sqlx::query(texts::REVOKE_KEY).bind(signed(id.0)).bind(at);
            query.execute(&mut **transaction).await?.rows_affected()
        });
        if revoked > 0 {
            let event = Event::done(Action::KeyRevoke, About::Nothing, json!({"key": id.to_string()}));
            audit::append(&mut transaction, &self.actor, event).await?;
        }
        self.redeem(&mut transaction, Receipt::Key(id)).await?;
        transaction.commit().await
    }

    /// Adds requests to what a key was used for on a day.
    pub async fn add_use(&self, id: KeyId, day: Date, requests: u64) -> Result<(), StoreError> {
        let at = now();
        let mut transaction = self.backend.begin().await?;
        on_backend!(&mut transaction, transaction => {
            sqlx::query(texts::ADD_USE)
                .bind(signed(id.0))
                .bind(at)
                .bind(day.to_string())
                .bind(signed(requests))
                .execute(&mut **transaction)
                .await?;
        });
        transaction.commit().await
    }
}
