//! Contacts sealed anew under another key.

use domain::RecordId;
use serde_json::json;

use crate::audit::{self, About, Action, Event};
use crate::backend::{Transaction, on_backend};
use crate::rows::{ContactRow, record_id, row, signed, unsigned};
use crate::sql::contacts as texts;
use crate::{Store, StoreError, last_key};

/// Contacts sealed anew in one transaction.
const BATCH: i64 = 500;
/// Records that are named of those that cannot be opened.
const NAMED: i64 = 20;

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
    /// The first twenty records whose contacts lie under it and cannot be opened, when the ring does not hold it.
    pub records: Vec<RecordId>,
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
    /// Records whose contacts could not be opened, and stay as they lie.
    pub unreadable: Vec<RecordId>,
}

row! {
    struct SealedRow {
        kind: String,
        number: i64,
        ..contact: ContactRow,
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
            records: Vec::new(),
        });
        let mut keys: Vec<KeyInUse> = known.collect();
        for (id, contacts) in used.iter().filter(|(id, _)| ring.key(id).is_none()) {
            keys.push(KeyInUse {
                id: id.clone(),
                known: false,
                current: false,
                contacts: unsigned(*contacts),
                records: self.records_under(id).await?,
            });
        }
        Ok(keys)
    }

    /// The first records whose contacts lie under a key.
    async fn records_under(&self, key: &str) -> Result<Vec<RecordId>, StoreError> {
        let rows: Vec<(String, i64)> = on_backend!(&self.backend, pools => {
            sqlx::query_as(texts::UNDER).bind(key).bind(NAMED).fetch_all(&pools.readers).await?
        });
        rows.into_iter().map(|(kind, number)| record_id(&kind, number)).collect()
    }

    /// Adds a key to the ring and seals all contacts anew with it (and the secrets of webhooks), a batch at a time, while others read and write. When contacts still
    /// lie under older keys, because an earlier rotation was broken off, that one is ended and no key is added. `progress` hears how many
    /// are done, and how many there were to do. A contact that cannot be opened stays as it lies, and is named.
    ///
    /// Older keys stay in the ring: backups need them.
    ///
    /// # Errors
    /// [`StoreError::OtherRing`] when the ring does not hold the key that sealed last.
    pub async fn rotate_contacts(
        &self,
        mut progress: impl FnMut(u64, u64) + Send,
    ) -> Result<Rotation, StoreError> {
        self.keys.go_with(last_key::known(&self.backend).await?.as_deref())?;
        let before = self.keys.ring()?.current().id.clone();
        if self.count_under_older(&before).await? > 0 {
            let rotation = self.seal_again(before, false, &mut progress).await?;
            // Where nothing was sealed anew, what is left is damaged, and holds up no new key.
            if rotation.contacts > 0 {
                return Ok(rotation);
            }
        }
        let key = self.keys.add()?;
        self.seal_again(key, true, &mut progress).await
    }

    /// Seals anew with `key`, which is the ring's last, whatever lies under another one that the ring holds.
    async fn seal_again(
        &self,
        key: String,
        new: bool,
        progress: &mut (impl FnMut(u64, u64) + Send),
    ) -> Result<Rotation, StoreError> {
        let total = self.count_under_older(&key).await?;
        let (mut contacts, mut unreadable) = (0, Vec::new());
        let mut place = (String::new(), 0);
        loop {
            let mut transaction = self.backend.begin().await?;
            last_key::hold(&mut transaction, &self.keys).await?;
            let rows: Vec<SealedRow> = on_backend!(&mut transaction, transaction => {
                sqlx::query_as(texts::UNDER_OTHERS)
                    .bind(key.as_str())
                    .bind(place.0.as_str())
                    .bind(place.1)
                    .bind(BATCH)
                    .fetch_all(&mut **transaction)
                    .await?
            });
            // Somebody has added a further key meanwhile, and seals everything with that one.
            let overtaken = self.keys.ring()?.current().id != key;
            let Some(last) = rows.last().filter(|_| !overtaken) else {
                // Few enough for the last transaction.
                self.seal_secrets_again(&mut transaction, &key).await?;
                let detail =
                    json!({"key": key, "new": new, "contacts": contacts, "unreadable": unreadable.len()});
                let event = Event::done(Action::ContactsRotate, About::Nothing, detail);
                audit::append(&mut transaction, &self.actor, event).await?;
                transaction.commit().await?;
                return Ok(Rotation { key, new, contacts, unreadable });
            };
            place = (last.kind.clone(), last.number);
            for row in rows {
                let id = record_id(&row.kind, row.number)?;
                match self.seal_row_again(&mut transaction, id, row).await? {
                    true => contacts += 1,
                    false => unreadable.push(id),
                }
            }
            transaction.commit().await?;
            progress(contacts, total.max(contacts));
        }
    }

    /// Seals a contact anew; `false` when it cannot be opened.
    async fn seal_row_again(
        &self,
        transaction: &mut Transaction,
        id: RecordId,
        row: SealedRow,
    ) -> Result<bool, StoreError> {
        let Some(contact) = row.contact.open_if_possible(&self.keys, id)? else { return Ok(false) };
        let sealed = self.keys.seal(id, &contact)?;
        on_backend!(transaction, transaction => {
            sqlx::query(texts::SEAL_AGAIN)
                .bind(id.kind.slug())
                .bind(signed(id.number))
                .bind(sealed.key_id)
                .bind(sealed.text)
                .execute(&mut **transaction)
                .await?;
        });
        Ok(true)
    }

    /// Contacts under other keys of the ring than this one.
    async fn count_under_older(&self, key: &str) -> Result<u64, StoreError> {
        let keys = self.contact_keys().await?;
        Ok(keys.iter().filter(|used| used.known && used.id != key).map(|used| used.contacts).sum())
    }
}
