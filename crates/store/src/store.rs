//! The store itself: opening, migrating, closing.

use crate::StoreError;

/// The database. Cloning is cheap and shares the connections.
#[derive(Clone)]
pub struct Store {}

/// What migrating did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MigrationReport {
    /// Migrations applied just now: version and description, in order.
    pub applied: Vec<(i64, String)>,
    /// The version of the schema now.
    pub version: i64,
}

#[expect(clippy::todo, clippy::unused_async, missing_docs, unused_variables, reason = "signatures first")]
impl Store {
    pub async fn open(url: &str) -> Result<Self, StoreError> {
        todo!()
    }
    pub async fn migrate(url: &str) -> Result<MigrationReport, StoreError> {
        todo!()
    }
    pub async fn ping(&self) -> Result<(), StoreError> {
        todo!()
    }
    pub async fn close(&self) {
        todo!()
    }
}
