//! Creating and changing records. Each operation is one transaction: records, contacts, inventors and outbox together.
//!
//! Nothing is tried again here. A write whose connection broke before its commit has left nothing; one that broke during the commit fails
//! with [`StoreError::OutcomeUnknown`]. To repeat [`Store::upsert`] by external identifier is harmless either way; whoever repeats
//! [`Store::create`] without one needs a [`crate::Ticket`], or has to look first.

use std::collections::BTreeSet;

use domain::forms::{Draft, Unsaid};
use domain::{Kind, Record, RecordId, Region, Status};
use serde_json::json;

use crate::audit::numbers::ranges;
use crate::audit::{self, About, Action, Event};
use crate::backend::Transaction;
use crate::batch::Batch;
use crate::{Receipt, Store, StoreError};

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
    /// Inventors whom the draft names and who are left out, for they were erased.
    pub left_out: u32,
}

impl Store {
    /// Adds a record. Without an external identifier it gets its own number as one: `need-42`.
    ///
    /// # Errors
    /// [`StoreError::AlreadyExists`] when the external identifier is taken.
    pub async fn create(&self, draft: Draft) -> Result<Record, StoreError> {
        let mut transaction = self.begin().await?;
        let mut batch = Batch::new(&mut transaction, self);
        let kind = draft.profile.kind();
        if let Some(external_id) = &draft.external_id
            && batch.find(kind, external_id).await?.is_some()
        {
            return Err(already_exists(kind, external_id));
        }
        let at = batch.add(draft).await?;
        let (record, left_out) = (batch.record(at)?, batch.left_out(at));
        self.note_readmitted(batch.write().await?, &mut transaction).await?;
        self.record_written(&mut transaction, Action::RecordCreate, &record, None, left_out).await?;
        self.redeem(&mut transaction, receipt(&record)).await?;
        transaction.commit().await?;
        Ok(record)
    }

    /// Adds or changes records by external identifier, all of them or none, each in turn: a second draft of the same
    /// identifier changes what the first one wrote. Outcomes come in the order of the drafts.
    ///
    /// A draft without status, contact or consent leaves these as they are; one that says nothing new writes nothing.
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
        let (outcomes, _) = self.upsert_in(&mut transaction, within, drafts).await?;
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
        Ok(ImportSession { store: self.clone(), transaction, within, emptied: BTreeSet::new() })
    }

    /// Replaces what a record says. Status, contact, external identifier and an expert's consent stay when the draft has none.
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
        let mut transaction = self.begin().await?;
        let mut batch = Batch::new(&mut transaction, self);
        let at = batch.get(id, expected_revision).await?;
        if let Some(external_id) = &draft.external_id
            && batch.find(id.kind, external_id).await?.is_some_and(|other| other != at)
        {
            return Err(already_exists(id.kind, external_id));
        }
        let before = batch.record(at)?.status;
        let changed = batch.revise(at, draft).await?;
        let (record, left_out) = (batch.record(at)?, batch.left_out(at));
        self.note_readmitted(batch.write().await?, &mut transaction).await?;
        if changed {
            let change = Action::RecordChange;
            self.record_written(&mut transaction, change, &record, Some(before), left_out).await?;
        }
        self.redeem(&mut transaction, receipt(&record)).await?;
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
        let mut transaction = self.begin().await?;
        let mut batch = Batch::new(&mut transaction, self);
        let at = batch.get(id, expected_revision).await?;
        let Record { profile, status: before, .. } = batch.record(at)?;
        let draft = Draft {
            external_id: None,
            status: Some(status),
            profile,
            contact: None,
            unsaid: Unsaid::default(),
        };
        let changed = batch.revise(at, draft).await?;
        let (record, left_out) = (batch.record(at)?, batch.left_out(at));
        self.note_readmitted(batch.write().await?, &mut transaction).await?;
        if changed {
            let change = Action::RecordChange;
            self.record_written(&mut transaction, change, &record, Some(before), left_out).await?;
        }
        self.redeem(&mut transaction, receipt(&record)).await?;
        transaction.commit().await?;
        Ok(record)
    }

    async fn upsert_in(
        &self,
        transaction: &mut Transaction,
        within: Option<Region>,
        drafts: Vec<Draft>,
    ) -> Result<(Vec<Upserted>, BTreeSet<&'static str>), StoreError> {
        let mut batch = Batch::new(transaction, self);
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
                Some(at) if batch.revise(at, draft).await? => (at, Outcome::Changed),
                Some(at) => (at, Outcome::Unchanged),
            };
            let left_out = if outcome == Outcome::Elsewhere { 0 } else { batch.left_out(at) };
            outcomes.push(Upserted { id: batch.id(at), outcome, left_out });
        }
        let emptied = batch.emptied().clone();
        self.note_readmitted(batch.write().await?, transaction).await?;
        for event in imported(&outcomes) {
            audit::append(transaction, &self.actor, event).await?;
        }
        Ok((outcomes, emptied))
    }

    async fn note_readmitted(
        &self,
        readmitted: Vec<RecordId>,
        transaction: &mut Transaction,
    ) -> Result<(), StoreError> {
        for id in readmitted {
            let event = Event::done(Action::PersonReadmit, About::Record(id), json!({}));
            audit::append(transaction, &self.actor, event).await?;
        }
        Ok(())
    }

    async fn record_written(
        &self,
        transaction: &mut Transaction,
        action: Action,
        record: &Record,
        status_before: Option<Status>,
        inventors_left_out: u32,
    ) -> Result<(), StoreError> {
        let mut detail = json!({"revision": record.revision, "status": record.status.slug()});
        if let Some(before) = status_before.filter(|before| *before != record.status) {
            detail["status_before"] = before.slug().into();
        }
        if inventors_left_out > 0 {
            detail["inventors_left_out"] = inventors_left_out.into();
        }
        let event = Event::done(action, About::Record(record.id), detail);
        audit::append(transaction, &self.actor, event).await
    }
}

/// An all-or-nothing import: one long transaction, rolled back unless committed.
pub struct ImportSession {
    store: Store,
    /// Gone once a batch has failed.
    transaction: Option<Transaction>,
    within: Option<Region>,
    emptied: BTreeSet<&'static str>,
}

impl ImportSession {
    /// Adds or changes records as [`Store::upsert`] does, after everything this session has written before.
    ///
    /// # Errors
    /// Any error rolls the whole import back; afterwards there is only [`StoreError::ImportAborted`].
    pub async fn upsert(&mut self, drafts: Vec<Draft>) -> Result<Vec<Upserted>, StoreError> {
        // Taken out so that a failed or cancelled batch cannot be committed by halves.
        let mut transaction = self.take()?;
        let (outcomes, emptied) = self.store.upsert_in(&mut transaction, self.within, drafts).await?;
        self.emptied.extend(emptied);
        self.put_back(transaction);
        Ok(outcomes)
    }

    /// Keys of the fields that records have lost, or have as they are by default again, because their drafts did not say them.
    pub fn emptied(&self) -> &BTreeSet<&'static str> {
        &self.emptied
    }

    pub(crate) fn take(&mut self) -> Result<Transaction, StoreError> {
        self.transaction.take().ok_or(StoreError::ImportAborted)
    }

    pub(crate) fn put_back(&mut self, transaction: Transaction) {
        self.transaction = Some(transaction);
    }

    /// Makes the import visible, all at once.
    pub async fn commit(self) -> Result<(), StoreError> {
        let transaction = self.transaction.ok_or(StoreError::ImportAborted)?;
        transaction.commit().await
    }
}

/// A row for each registry that something was written to: how many records, and which, by ranges of their numbers. What an import says is
/// in the records themselves; a row for each would make a log of millions that nobody reads.
fn imported(outcomes: &[Upserted]) -> impl Iterator<Item = Event> {
    Kind::ALL.into_iter().filter_map(|kind| {
        let is_written = |row: &&Upserted| matches!(row.outcome, Outcome::Created | Outcome::Changed);
        let written = outcomes.iter().filter(is_written).filter(|row| row.id.kind == kind);
        let numbers = written.clone().map(|row| row.id.number);
        let (first, last) = (numbers.clone().min()?, numbers.clone().max()?);
        let created = written.clone().filter(|row| row.outcome == Outcome::Created).count();
        let changed = written.count() - created;
        let numbers = ranges(numbers.collect());
        let detail =
            json!({"created": created, "changed": changed, "first": first, "last": last, "numbers": numbers});
        Some(Event::done(Action::RecordsImport, About::Registry(kind), detail))
    })
}

fn lies_outside(within: Option<Region>, batch: &Batch<'_>, at: usize) -> Result<bool, StoreError> {
    let Some(within) = within else { return Ok(false) };
    let region = batch.record(at)?.profile.region();
    Ok(!region.is_some_and(|region| within.contains(region)))
}

fn receipt(record: &Record) -> Receipt {
    Receipt::Record { id: record.id, revision: record.revision }
}

fn already_exists(kind: Kind, external_id: &str) -> StoreError {
    let external_id = external_id.to_owned();
    StoreError::AlreadyExists { kind, external_id }
}
