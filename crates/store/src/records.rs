//! Reading and writing records.
use crate::{Store, StoreError};
use domain::forms::Draft;
use domain::{Contact, Kind, Record, RecordId, Status};
use jiff::Timestamp;
use std::collections::HashMap;

/// What [`Store::upsert`] did to a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It was not there before.
    Created,
    /// It has a new revision.
    Changed,
    /// It already said the same; nothing was written.
    Unchanged,
}

/// The fate of one draft.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Upserted {
    /// The record that the draft became.
    pub id: RecordId,
    /// What happened to it.
    pub outcome: Outcome,
}

/// Which records of a registry are wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListFilter {
    /// Those of these statuses; all when empty.
    pub statuses: Vec<Status>,
    /// Those that changed at this moment or later.
    pub updated_since: Option<Timestamp>,
}

/// An entry of the outbox: a record that whoever derives something from it must look at again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change {
    /// Ascending in order of commit.
    pub seq: u64,
    /// The record; read it to learn what it says now.
    pub id: RecordId,
}

/// An all-or-nothing import: one long transaction, rolled back unless committed.
pub struct ImportSession {}

#[expect(clippy::todo, clippy::unused_async, missing_docs, unused_variables, reason = "signatures first")]
impl ImportSession {
    pub async fn upsert(&mut self, drafts: Vec<Draft>) -> Result<Vec<Upserted>, StoreError> {
        todo!()
    }
    pub async fn commit(self) -> Result<(), StoreError> {
        todo!()
    }
}

#[expect(clippy::todo, clippy::unused_async, missing_docs, unused_variables, reason = "signatures first")]
impl Store {
    pub async fn create(&self, draft: Draft) -> Result<Record, StoreError> {
        todo!()
    }
    pub async fn upsert(&self, drafts: Vec<Draft>) -> Result<Vec<Upserted>, StoreError> {
        todo!()
    }
    pub async fn import(&self) -> Result<ImportSession, StoreError> {
        todo!()
    }
    pub async fn replace(
        &self,
        id: RecordId,
        expected_revision: Option<u64>,
        draft: Draft,
    ) -> Result<Record, StoreError> {
        todo!()
    }
    pub async fn set_status(
        &self,
        id: RecordId,
        expected_revision: Option<u64>,
        status: Status,
    ) -> Result<Record, StoreError> {
        todo!()
    }
    pub async fn record(&self, id: RecordId) -> Result<Option<Record>, StoreError> {
        todo!()
    }
    pub async fn by_external_id(&self, kind: Kind, external_id: &str) -> Result<Option<Record>, StoreError> {
        todo!()
    }
    pub async fn records(&self, kind: Kind, numbers: &[u64]) -> Result<Vec<Record>, StoreError> {
        todo!()
    }
    pub async fn contact(&self, id: RecordId) -> Result<Contact, StoreError> {
        todo!()
    }
    pub async fn contacts(&self, kind: Kind, numbers: &[u64]) -> Result<HashMap<u64, Contact>, StoreError> {
        todo!()
    }
    pub async fn page(
        &self,
        kind: Kind,
        filter: &ListFilter,
        after: u64,
        limit: u32,
    ) -> Result<Vec<Record>, StoreError> {
        todo!()
    }
    pub async fn count(&self, kind: Kind, filter: &ListFilter) -> Result<u64, StoreError> {
        todo!()
    }
    pub async fn achievements_of(
        &self,
        experts: &[(u64, String)],
    ) -> Result<HashMap<u64, Vec<Record>>, StoreError> {
        todo!()
    }
    pub async fn changes(&self, after: u64, limit: u32) -> Result<Vec<Change>, StoreError> {
        todo!()
    }
    pub async fn last_change(&self) -> Result<u64, StoreError> {
        todo!()
    }
}
