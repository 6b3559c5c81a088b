//! Contacts sealed anew under another key.

use domain::RecordId;
use serde_json::json;

use crate::audit::{self, About, Action, Event};
use crate::backend::on_backend;
use crate::rows::{record_id, row, signed, unsigned};
use crate::sealing::Sealed;
use crate::sql::contacts as texts;
use crate::{Store, StoreError};

/// Contacts sealed anew in one transaction.
const BATCH: i64 = 500;

/// A key, and how many contacts lie under it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyInUse {
    /// Its name.
    pub id: String,
    /// Whether the ring holds it.
    pub known: bool,
    /// Whether it seals.
    pub current: bool,
    /// Contacts under it.
    pub contacts: u64,
}

/// What a rotation did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rotation {
    /// The key that seals.
    pub key: String,
    /// Whether it was made just now; an earlier rotation that did not come to its end is ended first.
    pub new: bool,
    /// Contacts sealed anew.
    pub contacts: u64,
}

row! {
    struct SealedRow {
        kind: String,
        number: i64,
        key_id: String,
        sealed: String,
    }
}

impl SealedRow {
    fn sealed(self) -> Result<(RecordId, Sealed), StoreError> {
        let id = record_id(&self.kind, self.number)?;
        Ok((id, Sealed { key_id: self.key_id, text: self.sealed }))
    }
}

impl Store {
    /// All keys of the ring, in their order, and those that are missed.
    pub async fn contact_keys(&self) -> Result<Vec<KeyInUse>, StoreError> {
        let used: Vec<(String, i64)> = on_backend!(&self.backend, pools => {
            sqlx::query_as(texts::BY_KEY).fetch_all(&pools.readers).await?
        });
        let ring = self.keys.ring()?;
        let current = ring.current().id.as_str();
        let contacts = |id: &str| used.iter().find(|(used, _)| used == id).map_or(0, |(_, n)| unsigned(*n));
        let known = ring.ids().map(|id| KeyInUse {
            id: id.to_owned(),
            known: true,
            current: id == current,
            contacts: contacts(id),
        });
        let mut keys: Vec<KeyInUse> = known.collect();
        let missed = used.iter().filter(|(id, _)| ring.key(id).is_none());
        keys.extend(missed.map(|(id, contacts)| KeyInUse {
            id: id.clone(),
            known: false,
            current: false,
            contacts: unsigned(*contacts),
        }));
        Ok(keys)
    }

    /// Adds a key to the ring and seals all contacts anew with it (and the secrets of webhooks), a batch at a time, while others read and write. When contacts still
    /// lie under older keys, because an earlier rotation was broken off, that one is ended and no key is added. `progress` hears how many
    /// are done, and how many there were to do.
    ///
    /// Older keys stay in the ring: backups need them.
    ///
    /// # Errors
    /// [`StoreError::MissingKey`] when a contact lies under a key that the ring does not hold; what was sealed anew stays so.
    pub async fn rotate_contacts(
        &self,
        mut progress: impl FnMut(u64, u64) + Send,
    ) -> Result<Rotation, StoreError> {
        let before = self.keys.ring()?.current().id.clone();
        let new = self.count_under_others(&before).await? == 0;
        let key = if new { self.keys.add()? } else { before };
        let total = self.count_under_others(&key).await?;
        let event = |contacts| {
            let detail = json!({"key": key, "new": new, "contacts": contacts});
            Event::done(Action::ContactsRotate, About::Nothing, detail)
        };
        let mut contacts = 0;
        loop {
            let mut transaction = self.backend.begin().await?;
            let rows: Vec<SealedRow> = on_backend!(&mut transaction, transaction => {
                sqlx::query_as(texts::UNDER_OTHERS)
                    .bind(key.as_str())
                    .bind(BATCH)
                    .fetch_all(&mut **transaction)
                    .await?
            });
            // Somebody has added a further key meanwhile, and seals everything with that one.
            let overtaken = self.keys.ring()?.current().id != key;
            if rows.is_empty() || overtaken {
                // Few enough for the last transaction.
                self.seal_secrets_again(&mut transaction, &key).await?;
                audit::append(&mut transaction, &self.actor, event(contacts)).await?;
                transaction.commit().await?;
                return Ok(Rotation { key, new, contacts });
            }
            contacts += rows.len() as u64;
            for row in rows {
                let (id, sealed) = row.sealed()?;
                let sealed = self.keys.seal(id, &self.keys.unseal(id, &sealed)?)?;
                on_backend!(&mut transaction, transaction => {
                    sqlx::query(texts::SEAL_AGAIN)
                        .bind(id.kind.slug())
                        .bind(signed(id.number))
                        .bind(sealed.key_id)
                        .bind(sealed.text)
                        .execute(&mut **transaction)
                        .await?;
                });
            }
            transaction.commit().await?;
            progress(contacts, total.max(contacts));
        }
    }

    async fn count_under_others(&self, key: &str) -> Result<u64, StoreError> {
        on_backend!(&self.backend, pools => {
            let count: i64 =
                sqlx::query_scalar(texts::COUNT_UNDER_OTHERS).bind(key).fetch_one(&pools.readers).await?;
            Ok(unsigned(count))
        })
    }
}
