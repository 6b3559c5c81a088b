//! Creating and changing records. Each operation is one transaction: records, contacts, inventors and outbox together.
//!
//! Nothing is tried again here. A write whose connection broke before its commit has left nothing; one that broke during the commit fails
//! with [`StoreError::OutcomeUnknown`]. To repeat [`Store::upsert`] by external identifier is harmless either way; whoever repeats
//! [`Store::create`] without one has to look first.

use domain::forms::Draft;
use domain::{Record, RecordId, Region, Status};

use crate::backend::Transaction;
use crate::batch::Batch;
use crate::{Store, StoreError};

/// What [`Store::upsert`] did to a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It was not there before.
    Created,
    /// It has a new revision.
    Changed,
    /// It already said the same; nothing was written.
    Unchanged,
    /// It belongs to another region than the writer; nothing was written.
    Elsewhere,
}

/// The fate of one draft.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Upserted {
    /// The record that the draft became.
    pub id: RecordId,
    /// What happened to it.
    pub outcome: Outcome,
}

impl Store {
    /// Adds a record. Without an external identifier it gets its own number as one: `need-42`.
    ///
    /// # Errors
    /// [`StoreError::AlreadyExists`] when the external identifier is taken.
    pub async fn create(&self, draft: Draft) -> Result<Record, StoreError> {
        let mut transaction = self.backend.begin().await?;
        let mut batch = Batch::new(&mut transaction);
        let kind = draft.profile.kind();
        if let Some(external_id) = &draft.external_id
            && batch.find(kind, external_id).await?.is_some()
        {
            return Err(already_exists(kind, external_id));
        }
        let at = batch.add(draft).await?;
        let record = batch.record(at)?;
        batch.write().await?;
        transaction.commit().await?;
        Ok(record)
    }

    /// Adds or changes records by external identifier, all of them or none, each in turn: a second draft of the same
    /// identifier changes what the first one wrote. Outcomes come in the order of the drafts.
    ///
    /// A draft without status or contact leaves these as they are; one that says nothing new writes nothing.
    pub async fn upsert(&self, drafts: Vec<Draft>) -> Result<Vec<Upserted>, StoreError> {
        self.upsert_within(None, drafts).await
    }

    /// As [`Store::upsert`], but records that are not in the region `within` stay as they are: [`Outcome::Elsewhere`].
    pub async fn upsert_within(
        &self,
        within: Option<Region>,
        drafts: Vec<Draft>,
    ) -> Result<Vec<Upserted>, StoreError> {
        let mut transaction = self.backend.begin().await?;
        let outcomes = upsert(&mut transaction, within, drafts).await?;
        transaction.commit().await?;
        Ok(outcomes)
    }

    /// Begins an all-or-nothing import. Other writers wait until it ends; readers see nothing of it before.
    pub async fn import(&self) -> Result<ImportSession, StoreError> {
        self.import_within(None).await
    }

    /// As [`Store::import`], but records that are not in the region `within` stay as they are.
    pub async fn import_within(&self, within: Option<Region>) -> Result<ImportSession, StoreError> {
        let transaction = Some(self.backend.begin().await?);
        Ok(ImportSession { transaction, within })
    }

    /// Replaces what a record says. Status, contact and external identifier stay when the draft has none.
    ///
    /// # Errors
    /// [`StoreError::WrongKind`], [`StoreError::NotFound`], [`StoreError::StaleRevision`] when the record is not at
    /// `expected_revision`, [`StoreError::AlreadyExists`] when another record has the draft's external identifier.
    pub async fn replace(
        &self,
        id: RecordId,
        expected_revision: Option<u64>,
        draft: Draft,
    ) -> Result<Record, StoreError> {
        let found = draft.profile.kind();
        if found != id.kind {
            let expected = id.kind;
            return Err(StoreError::WrongKind { expected, found });
        }
        let mut transaction = self.backend.begin().await?;
        let mut batch = Batch::new(&mut transaction);
        let at = batch.get(id, expected_revision).await?;
        if let Some(external_id) = &draft.external_id
            && batch.find(id.kind, external_id).await?.is_some_and(|other| other != at)
        {
            return Err(already_exists(id.kind, external_id));
        }
        batch.revise(at, draft);
        let record = batch.record(at)?;
        batch.write().await?;
        transaction.commit().await?;
        Ok(record)
    }

    /// Moves a record to another status.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::StaleRevision`] when the record is not at `expected_revision`.
    pub async fn set_status(
        &self,
        id: RecordId,
        expected_revision: Option<u64>,
        status: Status,
    ) -> Result<Record, StoreError> {
        let mut transaction = self.backend.begin().await?;
        let mut batch = Batch::new(&mut transaction);
        let at = batch.get(id, expected_revision).await?;
        let profile = batch.record(at)?.profile;
        let draft = Draft { external_id: None, status: Some(status), profile, contact: None };
        batch.revise(at, draft);
        let record = batch.record(at)?;
        batch.write().await?;
        transaction.commit().await?;
        Ok(record)
    }
}

/// An all-or-nothing import: one long transaction, rolled back unless committed.
pub struct ImportSession {
    /// Gone once a batch has failed.
    transaction: Option<Transaction>,
    within: Option<Region>,
}

impl ImportSession {
    /// Adds or changes records as [`Store::upsert`] does, after everything this session has written before.
    ///
    /// # Errors
    /// Any error rolls the whole import back; afterwards there is only [`StoreError::ImportAborted`].
    pub async fn upsert(&mut self, drafts: Vec<Draft>) -> Result<Vec<Upserted>, StoreError> {
        // Taken out so that a failed or cancelled batch cannot be committed by halves.
        let mut transaction = self.transaction.take().ok_or(StoreError::ImportAborted)?;
        let outcomes = upsert(&mut transaction, self.within, drafts).await?;
        self.transaction = Some(transaction);
        Ok(outcomes)
    }

    /// Makes the import visible, all at once.
    pub async fn commit(self) -> Result<(), StoreError> {
        let transaction = self.transaction.ok_or(StoreError::ImportAborted)?;
        transaction.commit().await
    }
}

async fn upsert(
    transaction: &mut Transaction,
    within: Option<Region>,
    drafts: Vec<Draft>,
) -> Result<Vec<Upserted>, StoreError> {
    let mut batch = Batch::new(transaction);
    batch.read_ahead(&drafts).await?;
    let mut outcomes = Vec::with_capacity(drafts.len());
    for draft in drafts {
        let known = match &draft.external_id {
            Some(external_id) => batch.find(draft.profile.kind(), external_id).await?,
            None => None,
        };
        let (at, outcome) = match known {
            None => (batch.add(draft).await?, Outcome::Created),
            Some(at) if lies_outside(within, &batch, at)? => (at, Outcome::Elsewhere),
            Some(at) if batch.revise(at, draft) => (at, Outcome::Changed),
            Some(at) => (at, Outcome::Unchanged),
        };
        let id = batch.id(at);
        outcomes.push(Upserted { id, outcome });
    }
    batch.write().await?;
    Ok(outcomes)
}

fn lies_outside(within: Option<Region>, batch: &Batch<'_>, at: usize) -> Result<bool, StoreError> {
    let Some(within) = within else { return Ok(false) };
    let region = batch.record(at)?.profile.region();
    Ok(!region.is_some_and(|region| within.contains(region)))
}

fn already_exists(kind: domain::Kind, external_id: &str) -> StoreError {
    let external_id = external_id.to_owned();
    StoreError::AlreadyExists { kind, external_id }
}
