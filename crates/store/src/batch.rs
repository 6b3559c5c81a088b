//! Changes to many records within one transaction: read what is there, change it in memory, write what differs.
//!
//! Single writes are batches of one, so there is one way in which records, contacts, inventors and outbox rows come about.

mod admission;
pub(crate) mod write;

use std::collections::{BTreeSet, HashMap};

use domain::forms::Draft;
use domain::{Contact, Kind, Profile, Record, RecordId, Status};
use serde_json::{Map, Value};

use crate::backend::{Transaction, on_backend};
use crate::erasures::Erasure;
use crate::keyring::Keys;
use crate::rows::{RecordRow, StoredRow, corrupt, now, record_id, signed, unsigned};
use crate::{Store, StoreError, sql};

/// Records being changed.
pub(crate) struct Batch<'t> {
    transaction: &'t mut Transaction,
    keys: &'t Keys,
    /// Whether persons who were erased may be taken in again.
    readmits: bool,
    /// Who was erased, by digests; looked up once.
    erased: Option<BTreeSet<(Kind, String)>>,
    readmitted: Vec<Erasure>,
    /// Fields that changed because a draft did not say them.
    emptied: BTreeSet<&'static str>,
    now: i64,
    entries: Vec<Entry>,
    /// Where the record of an external identifier lies in `entries`; `None` when the database has no such record.
    known: HashMap<(Kind, String), Option<usize>>,
    /// The last number handed out, for the registries that grow.
    last_numbers: HashMap<Kind, i64>,
}

/// A record as it will be.
struct Entry {
    id: RecordId,
    row: RecordRow,
    /// `None` when it cannot be opened: it stays as it lies until another one takes its place.
    contact: Option<Contact>,
    origin: Origin,
    changed: bool,
    contact_changed: bool,
    /// Inventors whom the latest draft named and who were erased.
    left_out: u32,
}

/// Where a record came from.
enum Origin {
    /// It is new.
    Draft,
    /// From the database; when its profile has changed since, this is the JSON that was there.
    Database { profile_before: Option<String> },
}

impl<'t> Batch<'t> {
    pub(crate) fn new(transaction: &'t mut Transaction, store: &'t Store) -> Self {
        Self {
            transaction,
            keys: &store.keys,
            readmits: store.readmits,
            erased: None,
            readmitted: Vec::new(),
            emptied: BTreeSet::new(),
            now: now(),
            entries: Vec::new(),
            known: HashMap::new(),
            last_numbers: HashMap::new(),
        }
    }

    /// Reads what these drafts will ask for, so that [`Self::find`] need not go to the database for each.
    pub(crate) async fn read_ahead(&mut self, drafts: &[Draft]) -> Result<(), StoreError> {
        for kind in Kind::ALL {
            let of_kind = || drafts.iter().filter(|draft| draft.profile.kind() == kind);
            let mut wanted: Vec<String> = of_kind().filter_map(|draft| draft.external_id.clone()).collect();
            if of_kind().any(|draft| draft.external_id.is_none()) {
                let last = unsigned(self.last_number(kind).await?);
                let most = of_kind().count() as u64;
                wanted.extend((1..=most).map(|more| RecordId::new(kind, last + more).to_string()));
            }
            self.read(kind, wanted).await?;
        }
        Ok(())
    }

    /// Where the record of this external identifier lies, if there is one.
    pub(crate) async fn find(&mut self, kind: Kind, external_id: &str) -> Result<Option<usize>, StoreError> {
        let key = (kind, external_id.to_owned());
        if !self.known.contains_key(&key) {
            self.read(kind, vec![external_id.to_owned()]).await?;
        }
        Ok(self.known.get(&key).copied().flatten())
    }

    /// Where the record of this identifier lies, provided that it is at the revision expected.
    pub(crate) async fn get(
        &mut self,
        id: RecordId,
        expected_revision: Option<u64>,
    ) -> Result<usize, StoreError> {
        let row: Option<StoredRow> = on_backend!(&mut *self.transaction, transaction => {
            sqlx::query_as(sql::stored_by_number(1))
                .bind(id.kind.slug())
                .bind(signed(id.number))
                .fetch_optional(&mut **transaction)
                .await?
        });
        let row = row.ok_or(StoreError::NotFound(id))?;
        let current = unsigned(row.record.revision);
        if expected_revision.is_some_and(|expected| expected != current) {
            return Err(StoreError::StaleRevision { current });
        }
        self.take(row)
    }

    /// Adds a record; its external identifier must be free. Returns where it lies.
    pub(crate) async fn add(&mut self, mut draft: Draft) -> Result<usize, StoreError> {
        let kind = draft.profile.kind();
        let number = self.last_number(kind).await? + 1;
        self.last_numbers.insert(kind, number);
        let id = RecordId::new(kind, unsigned(number));
        let external_id = match draft.external_id {
            Some(external_id) => external_id,
            None => self.free_external_id(id).await?,
        };
        let contact = draft.contact.unwrap_or_default();
        if kind == Kind::Expert || !contact.is_empty() {
            self.admit(id, &external_id, &draft.profile).await?;
        }
        let left_out = self.leave_out(&mut draft.profile).await?;
        self.known.insert((kind, external_id.clone()), Some(self.entries.len()));
        self.entries.push(Entry {
            id,
            contact_changed: !contact.is_empty(),
            contact: Some(contact),
            origin: Origin::Draft,
            changed: true,
            left_out,
            row: RecordRow {
                kind: kind.slug().to_owned(),
                number,
                external_id,
                revision: 1,
                status: draft.status.unwrap_or(Status::Open).slug().to_owned(),
                created_at: self.now,
                updated_at: self.now,
                profile: draft.profile.to_json(),
            },
        });
        Ok(self.entries.len() - 1)
    }

    /// Makes a record say what the draft says; the consent of an expert stays when the draft does not say one. Returns whether that is
    /// anything new.
    pub(crate) async fn revise(&mut self, at: usize, mut draft: Draft) -> Result<bool, StoreError> {
        let Entry { id, row, contact, .. } = &self.entries[at];
        let brings_contact =
            draft.contact.as_ref().is_some_and(|new| !new.is_empty() && Some(new) != contact.as_ref());
        let renamed = draft.external_id.as_ref().filter(|new| **new != row.external_id);
        if brings_contact || (renamed.is_some() && id.kind == Kind::Expert) {
            let (id, external_id) = (*id, renamed.unwrap_or(&row.external_id).clone());
            self.admit(id, &external_id, &draft.profile).await?;
        }
        let left_out = self.leave_out(&mut draft.profile).await?;
        let now = self.now;
        self.entries[at].left_out = left_out;
        self.entries[at].revise(draft, now, &mut self.emptied)
    }

    /// Fields that records have lost, or have as they are by default again, because their drafts did not say them.
    pub(crate) fn emptied(&self) -> &BTreeSet<&'static str> {
        &self.emptied
    }

    /// Numbers of the achievements that name this expert, or somebody of that name who is no expert on file.
    pub(crate) async fn achievements_naming(
        &mut self,
        external_id: &str,
        name: &str,
    ) -> Result<Vec<u64>, StoreError> {
        let numbers: Vec<i64> = on_backend!(&mut *self.transaction, transaction => {
            sqlx::query_scalar(sql::erasures::ACHIEVEMENTS_NAMING)
                .bind(external_id)
                .bind(name)
                .fetch_all(&mut **transaction)
                .await?
        });
        Ok(numbers.into_iter().map(unsigned).collect())
    }

    /// Records whose texts match a pattern.
    pub(crate) async fn mentioning(&mut self, pattern: &str, most: i64) -> Result<Vec<RecordId>, StoreError> {
        let rows: Vec<(String, i64)> = on_backend!(&mut *self.transaction, transaction => {
            sqlx::query_as(sql::erasures::MENTIONS)
                .bind(pattern)
                .bind(most)
                .fetch_all(&mut **transaction)
                .await?
        });
        rows.into_iter().map(|(kind, number)| record_id(&kind, number)).collect()
    }

    pub(crate) fn id(&self, at: usize) -> RecordId {
        self.entries[at].id
    }

    /// How many inventors of the latest draft of it were erased, and are left out.
    pub(crate) fn left_out(&self, at: usize) -> u32 {
        self.entries[at].left_out
    }

    /// The record as it will be.
    pub(crate) fn record(&self, at: usize) -> Result<Record, StoreError> {
        self.entries[at].row.clone().record()
    }

    /// The record's own number with some digits of chance, for a record that comes without an identifier: the bare number would also be that of another
    /// record elsewhere, which an export from there would put in this one's place.
    async fn free_external_id(&mut self, id: RecordId) -> Result<String, StoreError> {
        loop {
            let chance = getrandom::u32().map_err(StoreError::NoRandomness)?;
            let candidate = format!("{id}-{chance:08x}");
            // Nor is it called as somebody who was erased, else it would be taken for that person.
            if self.find(id.kind, &candidate).await?.is_none() && !self.is_erased(id.kind, &candidate).await?
            {
                return Ok(candidate);
            }
        }
    }

    async fn last_number(&mut self, kind: Kind) -> Result<i64, StoreError> {
        if let Some(last) = self.last_numbers.get(&kind) {
            return Ok(*last);
        }
        let last: i64 = on_backend!(&mut *self.transaction, transaction => {
            sqlx::query_scalar(sql::LAST_NUMBER)
                .bind(kind.slug())
                .fetch_one(&mut **transaction)
                .await?
        });
        self.last_numbers.insert(kind, last);
        Ok(last)
    }

    async fn read(&mut self, kind: Kind, mut external_ids: Vec<String>) -> Result<(), StoreError> {
        external_ids.sort_unstable();
        external_ids.dedup();
        for keys in external_ids.chunks(sql::MOST_KEYS) {
            let keys = sql::padded(keys);
            let rows: Vec<StoredRow> = on_backend!(&mut *self.transaction, transaction => {
                let mut query = sqlx::query_as(sql::stored_by_external_id(keys.len())).bind(kind.slug());
                for external_id in keys {
                    query = query.bind(external_id.as_str());
                }
                query.fetch_all(&mut **transaction).await?
            });
            for row in rows {
                self.take(row)?;
            }
        }
        for external_id in external_ids {
            self.known.entry((kind, external_id)).or_insert(None);
        }
        Ok(())
    }

    /// Takes a record from the database in, once.
    fn take(&mut self, row: StoredRow) -> Result<usize, StoreError> {
        let StoredRow { record: row, contact } = row;
        let id = row.id()?;
        let place = self.known.entry((id.kind, row.external_id.clone())).or_insert(None);
        if let Some(at) = place {
            return Ok(*at);
        }
        *place = Some(self.entries.len());
        self.entries.push(Entry {
            id,
            row,
            contact: contact.open_if_possible(self.keys, id)?,
            origin: Origin::Database { profile_before: None },
            changed: false,
            contact_changed: false,
            left_out: 0,
        });
        Ok(self.entries.len() - 1)
    }
}

impl Entry {
    fn revise(
        &mut self,
        mut draft: Draft,
        now: i64,
        emptied: &mut BTreeSet<&'static str>,
    ) -> Result<bool, StoreError> {
        let mut news = false;
        if let Profile::Expert(expert) = &mut draft.profile
            && draft.unsaid.has(Kind::Expert, "consent")
            && let Profile::Expert(known) = self.row.profile()?
        {
            expert.consent = known.consent;
        }
        if let Some(external_id) = draft.external_id
            && external_id != self.row.external_id
        {
            self.row.external_id = external_id;
            news = true;
        }
        if let Some(status) = draft.status
            && status.slug() != self.row.status
        {
            status.slug().clone_into(&mut self.row.status);
            news = true;
        }
        if let Some(contact) = draft.contact
            && Some(&contact) != self.contact.as_ref()
        {
            self.contact = Some(contact);
            self.contact_changed = true;
            news = true;
        }
        let profile = draft.profile.to_json();
        if profile != self.row.profile {
            let before = std::mem::replace(&mut self.row.profile, profile);
            let emptying: Vec<_> = draft.unsaid.emptying(self.id.kind).collect();
            if !emptying.is_empty() {
                let (before, after) = (fields(self.id, &before)?, fields(self.id, &self.row.profile)?);
                let differs = |key: &str| said(before.get(key)) != said(after.get(key));
                emptied.extend(emptying.iter().map(|column| column.key).filter(|key| differs(key)));
            }
            if let Origin::Database { profile_before } = &mut self.origin {
                profile_before.get_or_insert(before);
            }
            news = true;
        }
        if news {
            self.changed = true;
            self.row.revision += 1;
            // A clock that was set back must not make a change look older than the one before.
            self.row.updated_at = self.row.updated_at.max(now);
        }
        Ok(news)
    }
}

fn fields(id: RecordId, profile: &str) -> Result<Map<String, Value>, StoreError> {
    serde_json::from_str(profile).map_err(|error| corrupt(id.to_string(), error))
}

/// What a field says; what is empty says as little as what is not there.
fn said(value: Option<&Value>) -> Option<&Value> {
    value.filter(|value| match value {
        Value::Null => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Number(number) => number.as_u64() != Some(0),
        _ => true,
    })
}
