//! In whose name the engine works, what of it is on record, and the reveal of a contact, which is on record before anything is seen.

use domain::{Contact, FieldProblem, ProblemCode, RecordId};
use serde_json::json;
use store::{About, Action, Actor, AuditFilter, AuditReport, AuditResult, AuditRow, Event};

use crate::{Engine, EngineError};

/// Characters of a purpose.
const PURPOSE: std::ops::RangeInclusive<usize> = 2..=200;
/// Rows of the log given out at a time.
const MOST_ROWS: u32 = 10_000;

/// A contact in full, for whoever asked for it and nobody else: neither `Debug` nor `Serialize`, so that it gets nowhere in passing.
pub struct RevealedContact(Contact);

impl RevealedContact {
    /// The values, to be shown to the one who asked.
    pub fn into_contact(self) -> Contact {
        self.0
    }
}

impl Engine {
    /// The same engine, used by somebody else: what is done through it is on record as done by `actor`.
    #[must_use]
    pub fn acting(&self, actor: Actor) -> Self {
        Self { store: self.store.acting(actor), ..self.clone() }
    }

    /// Shows a contact in full. The purpose goes on record before anything is read; telephone numbers and addresses in it are hidden.
    ///
    /// # Errors
    /// [`EngineError::Invalid`] when the purpose has not 2 to 200 characters; [`EngineError::NotFound`]; and when the log cannot be written,
    /// for then nothing is shown.
    pub async fn reveal_contact(&self, id: RecordId, purpose: &str) -> Result<RevealedContact, EngineError> {
        let purpose = purpose.trim();
        let length = purpose.chars().count();
        if !PURPOSE.contains(&length) {
            return Err(EngineError::Invalid(vec![FieldProblem {
                pointer: "/purpose".to_owned(),
                label: "用途".to_owned(),
                code: if length < *PURPOSE.start() { ProblemCode::Missing } else { ProblemCode::TooLarge },
                detail: format!("应写明 2 到 200 字的用途，现为 {length} 字"),
            }]));
        }
        self.record(id).await?;
        let event = |result| Event {
            action: Action::ContactReveal,
            about: About::Record(id),
            result,
            detail: json!({"purpose": exchange::without_contacts(purpose)}),
        };
        self.store.note(event(AuditResult::Done)).await?;
        match self.store.contact(id).await {
            Ok(contact) => Ok(RevealedContact(contact)),
            Err(error) => {
                self.store.note(event(AuditResult::Failed)).await?;
                Err(error.into())
            }
        }
    }

    /// Puts something on record that changes no record: a refusal, an export. Whoever wanted to go on must not when this fails.
    ///
    /// # Errors
    /// When the log cannot be written.
    pub async fn note(&self, event: Event) -> Result<(), EngineError> {
        Ok(self.store.note(event).await?)
    }

    /// Rows of the audit log after a number, ascending; at most ten thousand.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn audit_after(
        &self,
        filter: &AuditFilter,
        after: u64,
        limit: u32,
    ) -> Result<Vec<AuditRow>, EngineError> {
        Ok(self.store.audit_after(filter, after, limit.min(MOST_ROWS)).await?)
    }

    /// Rows of the audit log before a number, latest first; at most ten thousand.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn audit_before(
        &self,
        filter: &AuditFilter,
        before: u64,
        limit: u32,
    ) -> Result<Vec<AuditRow>, EngineError> {
        Ok(self.store.audit_before(filter, before, limit.min(MOST_ROWS)).await?)
    }

    /// Reads the whole audit log and tells what does not fit; see [`store::Store::verify_audit`].
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn verify_audit(&self, known_head: Option<&str>) -> Result<AuditReport, EngineError> {
        Ok(self.store.verify_audit(known_head).await?)
    }

    /// Names of the log's guards that were dropped; see [`store::Store::missing_audit_guards`].
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn missing_audit_guards(&self) -> Result<Vec<&'static str>, EngineError> {
        Ok(self.store.missing_audit_guards().await?)
    }

    /// Cuts rows older than `keep_days` off the front of the audit log; see [`store::Store::cut_audit`].
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn cut_audit(&self, keep_days: u32) -> Result<u64, EngineError> {
        Ok(self.store.cut_audit(keep_days).await?)
    }

    /// The keys of contacts, and how many contacts lie under each.
    ///
    /// # Errors
    /// When database or key ring refuse.
    pub async fn contact_keys(&self) -> Result<Vec<store::KeyInUse>, EngineError> {
        Ok(self.store.contact_keys().await?)
    }

    /// Seals all contacts anew under another key; see [`store::Store::rotate_contacts`].
    ///
    /// # Errors
    /// When database or key ring refuse.
    pub async fn rotate_contacts(
        &self,
        progress: impl FnMut(u64, u64) + Send,
    ) -> Result<store::Rotation, EngineError> {
        Ok(self.store.rotate_contacts(progress).await?)
    }
}
