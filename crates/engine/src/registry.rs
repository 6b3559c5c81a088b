//! Keeping the registries: create, read, change, withdraw, list.

use domain::access::Visibility;
use domain::forms::Draft;
use domain::{
    Contact, FieldProblem, Kind, MaskedContact, ProblemCode, Record, RecordId, Region, Status, forms,
};
use jiff::Timestamp;
use serde_json::Value;
use store::{ListFilter, StoreError};

use crate::{Duplicate, Engine, EngineError};

/// A record as it may be shown.
#[derive(Debug, Clone, PartialEq)]
pub struct Shown {
    /// The record.
    pub record: Record,
    /// Its contact with the middle hidden.
    pub contact: MaskedContact,
    /// Needs that say nearly the same; looked for only when a need is created or replaced.
    pub duplicates: Vec<Duplicate>,
    /// How much of it is shown.
    pub visibility: Visibility,
}

/// Which records to list.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ListRequest {
    /// Only these; all when empty.
    pub statuses: Vec<Status>,
    /// Only what changed at or after this moment.
    pub updated_since: Option<Timestamp>,
    /// Continues after this number; 0 from the start.
    pub after: u64,
    /// 1 to 100.
    pub limit: u32,
    /// Whether to count all.
    pub with_total: bool,
}

/// Records in order of creation.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordPage {
    /// The records.
    pub items: Vec<Shown>,
    /// Number after which the next page starts; `None` on the last page.
    pub next: Option<u64>,
    /// All records of the request, when asked for.
    pub total: Option<u64>,
}

impl Engine {
    /// Stores a new record.
    ///
    /// # Errors
    /// [`EngineError::Invalid`] with every invalid field; `AlreadyExists` when the external id is taken.
    pub async fn create(&self, kind: Kind, form: Value) -> Result<Shown, EngineError> {
        self.add(forms::parse(kind, form).map_err(EngineError::Invalid)?).await
    }

    pub(crate) async fn add(&self, draft: Draft) -> Result<Shown, EngineError> {
        let record = self.store.create(draft).await.map_err(refused)?;
        self.indexing.wake();
        self.show_compared(record).await
    }

    /// Replaces a record by what the form says. Absent contact, status, consent and external id stay as they are.
    ///
    /// # Errors
    /// As [`Self::create`]; `StaleRevision` when it is no longer at `expected_revision`.
    pub async fn replace(
        &self,
        id: RecordId,
        expected_revision: Option<u64>,
        form: Value,
    ) -> Result<Shown, EngineError> {
        self.put(id, expected_revision, forms::parse(id.kind, form).map_err(EngineError::Invalid)?).await
    }

    pub(crate) async fn put(
        &self,
        id: RecordId,
        expected_revision: Option<u64>,
        draft: Draft,
    ) -> Result<Shown, EngineError> {
        let record = self.store.replace(id, expected_revision, draft).await.map_err(refused)?;
        self.indexing.wake();
        self.show_compared(record).await
    }

    /// Withdraws, closes or reopens a record.
    ///
    /// # Errors
    /// `NotFound`, `StaleRevision`.
    pub async fn set_status(
        &self,
        id: RecordId,
        expected_revision: Option<u64>,
        status: Status,
    ) -> Result<Shown, EngineError> {
        let record = self.store.set_status(id, expected_revision, status).await?;
        self.indexing.wake();
        self.show(record).await
    }

    /// Reads one record.
    ///
    /// # Errors
    /// [`EngineError::NotFound`].
    pub async fn read(&self, id: RecordId) -> Result<Shown, EngineError> {
        let record = self.record(id).await?;
        self.show(record).await
    }

    /// Finds a record by the identifier that its source gave it.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn find(&self, kind: Kind, external_id: &str) -> Result<Option<RecordId>, EngineError> {
        Ok(self.store.by_external_id(kind, external_id).await?.map(|record| record.id))
    }

    /// Lists records in order of creation; records that others add meanwhile come later and shift nothing.
    ///
    /// # Errors
    /// [`EngineError::BadParameter`] when the limit is out of bounds.
    pub async fn list(&self, kind: Kind, request: &ListRequest) -> Result<RecordPage, EngineError> {
        self.list_within(None, kind, request).await
    }

    /// As [`Self::list`], as if there were no records outside this region.
    pub(crate) async fn list_within(
        &self,
        within: Option<Region>,
        kind: Kind,
        request: &ListRequest,
    ) -> Result<RecordPage, EngineError> {
        page_limit(request.limit as usize)?;
        let ListRequest { updated_since, .. } = *request;
        let filter = ListFilter { statuses: request.statuses.clone(), updated_since, within };
        let mut records = self.store.page(kind, &filter, request.after, request.limit + 1).await?;
        let more = records.len() > request.limit as usize;
        records.truncate(request.limit as usize);
        let next = records.last().filter(|_| more).map(|record| record.id.number);
        let total = if request.with_total { Some(self.store.count(kind, &filter).await?) } else { None };
        Ok(RecordPage { items: self.show_all(kind, records).await?, next, total })
    }

    /// Counts a registry's records.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn count(&self, kind: Kind) -> Result<u64, EngineError> {
        Ok(self.store.count(kind, &ListFilter::default()).await?)
    }

    pub(crate) async fn record(&self, id: RecordId) -> Result<Record, EngineError> {
        self.store.record(id).await?.ok_or(EngineError::NotFound(id))
    }

    pub(crate) async fn show_all(&self, kind: Kind, records: Vec<Record>) -> Result<Vec<Shown>, EngineError> {
        let numbers: Vec<u64> = records.iter().map(|record| record.id.number).collect();
        let contacts = self.store.contacts(kind, &numbers).await?;
        let shown = |record: Record| Shown {
            contact: masked(contacts.get(&record.id.number)),
            record,
            duplicates: Vec::new(),
            visibility: Visibility::Full,
        };
        Ok(records.into_iter().map(shown).collect())
    }

    pub(crate) async fn show(&self, record: Record) -> Result<Shown, EngineError> {
        let contacts = self.store.contacts(record.id.kind, &[record.id.number]).await?;
        let contact = masked(contacts.get(&record.id.number));
        Ok(Shown { record, contact, duplicates: Vec::new(), visibility: Visibility::Full })
    }

    /// As [`Self::show`], of a record that was just written.
    async fn show_compared(&self, record: Record) -> Result<Shown, EngineError> {
        let id = record.id;
        let shown = self.show(record).await?;
        if id.kind != Kind::Need {
            return Ok(shown);
        }
        match self.compare_need(id.number).await {
            Ok(duplicates) => Ok(Shown { duplicates, ..shown }),
            // The record is written; that it is still to be compared stands in the database.
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "a need waits to be compared");
                Ok(shown)
            }
        }
    }
}

/// A contact as it is shown; one that cannot be opened says so, and holds nothing else up.
fn masked(contact: Option<&Option<Contact>>) -> MaskedContact {
    match contact {
        Some(Some(contact)) => contact.masked(),
        Some(None) => MaskedContact::unreadable(),
        None => MaskedContact::default(),
    }
}

/// Of a person who was erased the form is refused, at the field that names the person.
fn refused(error: StoreError) -> EngineError {
    match error {
        StoreError::Erased { .. } => EngineError::Invalid(vec![FieldProblem {
            pointer: "/external_id".to_owned(),
            label: "外部编号".to_owned(),
            code: ProblemCode::Contradiction,
            detail: error.to_string(),
        }]),
        error => error.into(),
    }
}

/// Bounds that every page has.
pub(crate) fn page_limit(limit: usize) -> Result<(), EngineError> {
    if (1..=100).contains(&limit) {
        Ok(())
    } else {
        let detail = format!("应在 1 到 100 之间，现为 {limit}");
        Err(EngineError::BadParameter { parameter: "limit", detail })
    }
}
