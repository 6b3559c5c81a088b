//! A row of the log, and which rows are wanted.

use jiff::Timestamp;

use crate::StoreError;
use crate::rows::{moment, row};

row! {
    /// A row of the audit log, as it stands there.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct AuditRow {
        /// Its number, one more than that of the row before.
        pub seq: i64,
        /// Milliseconds since 1970 (UTC).
        pub at: i64,
        /// The slug of an [`crate::ActorKind`].
        pub actor_kind: String,
        /// Who.
        pub actor: String,
        /// From where; empty on the machine itself.
        pub origin: String,
        /// In which request; empty when there was none.
        pub request: String,
        /// The code of an [`crate::Action`].
        pub action: String,
        /// Which record or registry; empty for none in particular.
        pub record: String,
        /// The code of an [`crate::AuditResult`].
        pub result: String,
        /// What else is known, as JSON.
        pub detail: String,
        /// The hash of the row before.
        pub previous: String,
        /// The hash of this row.
        pub hash: String,
    }
}

impl AuditRow {
    /// When it was written.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] when the number is no moment.
    pub fn moment(&self) -> Result<Timestamp, StoreError> {
        moment(self.at)
    }
}

/// Which rows are wanted: those that fit all that is given.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// Written at this moment or later.
    pub since: Option<Timestamp>,
    /// Written before this moment.
    pub until: Option<Timestamp>,
    /// By this actor, or this kind of actor.
    pub actor: Option<String>,
    /// About this record or registry: `need-42`, the imports that wrote it included; `needs`.
    pub record: Option<String>,
    /// This action.
    pub action: Option<String>,
}
