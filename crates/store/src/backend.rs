//! The databases that can stand behind a store.
//!
//! Queries are written once and compiled for each backend by [`on_backend!`]. A further backend is a variant here, an arm
//! there, and a folder of migrations.

use std::sync::Arc;

use sqlx::Sqlite;
use sqlx::postgres::PgPool;
use sqlx::sqlite::SqlitePool;

use crate::load::Turns;
use crate::postgres::{Bounded, Reach, Turn};
use crate::sql::Marks;
use crate::{StoreError, postgres, sqlite};

/// A value of which each backend has its own type.
#[derive(Clone)]
pub(crate) enum OnBackend<S, P> {
    /// SQLite: embedded, the default.
    Sqlite(S),
    /// PostgreSQL: for several servers on one database.
    Postgres(P),
}

/// The connections to a database.
pub(crate) type Backend = OnBackend<Pools<SqlitePool>, Pools<Bounded<PgPool>>>;

/// An open transaction that may write; rolled back when dropped.
pub(crate) type Transaction = OnBackend<sqlx::Transaction<'static, Sqlite>, Turn>;

/// Evaluates a body for the backend at hand: `on_backend!(&self.backend, pools => …)`.
macro_rules! on_backend {
    ($value:expr, $it:ident => $body:expr) => {
        match $value {
            $crate::backend::OnBackend::Sqlite($it) => $body,
            $crate::backend::OnBackend::Postgres($it) => $body,
        }
    };
}
pub(crate) use on_backend;

/// Where writes and where reads go. Writers ask for their turn with [`Backend::begin`], each of them: what orders rows by a number
/// (the outbox, feedback, runs) rests on numbers being committed in the order in which they were given.
#[derive(Clone)]
pub(crate) struct Pools<P> {
    pub(crate) writer: P,
    pub(crate) readers: P,
    /// How long writers wait, for operators.
    pub(crate) turns: Arc<Turns>,
    /// Whether a server is there; a file always is.
    pub(crate) reach: Arc<Reach>,
}

impl Backend {
    /// Waits for its turn to write.
    pub(crate) async fn begin(&self) -> Result<Transaction, StoreError> {
        let turns = on_backend!(self, pools => &pools.turns);
        let _waiting = turns.wait();
        Ok(match self {
            Self::Sqlite(pools) => OnBackend::Sqlite(sqlite::begin(pools).await?),
            Self::Postgres(pools) => OnBackend::Postgres(postgres::begin(pools).await?),
        })
    }

    /// What `asked` comes to, without waiting for a server that refuses to be connected to: for whoever only begins to ask.
    pub(crate) async fn unless_refused<T>(
        &self,
        asked: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        match self {
            Self::Sqlite(_) => asked.await,
            Self::Postgres(pools) => pools.reach.or_refused(&pools.readers.connect_options(), asked).await,
        }
    }

    pub(crate) async fn close(&self) {
        match self {
            Self::Sqlite(pools) => sqlite::close(pools).await,
            Self::Postgres(pools) => {
                pools.readers.close().await;
                pools.writer.close().await;
            }
        }
    }
}

impl Transaction {
    /// How statements of many rows are best put.
    pub(crate) const fn marks(&self) -> Marks {
        match self {
            Self::Sqlite(_) => Marks::InOrder,
            Self::Postgres(_) => Marks::Numbered,
        }
    }

    /// Makes what was written visible and durable.
    ///
    /// # Errors
    /// [`StoreError::OutcomeUnknown`] when the connection broke before the database answered: the transaction may be committed, and only
    /// reading again tells. Nothing here tries again by itself.
    pub(crate) async fn commit(self) -> Result<(), StoreError> {
        let committed = on_backend!(self, transaction => transaction.commit().await);
        committed.map_err(|error| match StoreError::from(error) {
            StoreError::Unavailable(error) => StoreError::OutcomeUnknown(error),
            other => other,
        })
    }
}
