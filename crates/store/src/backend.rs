//! The databases that can stand behind a store.
//!
//! Queries are written once and compiled for each backend by [`on_backend!`]. A further backend is a variant here, an arm
//! there, and a folder of migrations.

use sqlx::{Database, Pool, Sqlite};

use crate::StoreError;

/// A value of which each backend has its own type.
#[derive(Clone)]
pub(crate) enum OnBackend<S> {
    /// SQLite: embedded, the default.
    Sqlite(S),
}

/// The connections to a database.
pub(crate) type Backend = OnBackend<Pools<Sqlite>>;

/// An open transaction that may write; rolled back when dropped.
pub(crate) type Transaction = OnBackend<sqlx::Transaction<'static, Sqlite>>;

/// Evaluates a body for the backend at hand: `on_backend!(&self.backend, pools => …)`.
macro_rules! on_backend {
    ($value:expr, $it:ident => $body:expr) => {
        match $value {
            $crate::backend::OnBackend::Sqlite($it) => $body,
        }
    };
}
pub(crate) use on_backend;

/// Where writes and where reads go.
pub(crate) struct Pools<DB: Database> {
    pub(crate) writer: Pool<DB>,
    pub(crate) readers: Pool<DB>,
}

impl<DB: Database> Clone for Pools<DB> {
    fn clone(&self) -> Self {
        Self { writer: self.writer.clone(), readers: self.readers.clone() }
    }
}

impl Backend {
    /// Waits for its turn to write.
    pub(crate) async fn begin(&self) -> Result<Transaction, StoreError> {
        match self {
            // A deferred transaction that reads first could not be promoted once another process has written.
            Self::Sqlite(pools) => Ok(OnBackend::Sqlite(pools.writer.begin_with("BEGIN IMMEDIATE").await?)),
        }
    }

    pub(crate) async fn close(&self) {
        on_backend!(self, pools => {
            pools.readers.close().await;
            pools.writer.close().await;
        });
    }
}

impl Transaction {
    pub(crate) async fn commit(self) -> Result<(), StoreError> {
        on_backend!(self, transaction => Ok(transaction.commit().await?))
    }
}
