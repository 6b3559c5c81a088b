//! The store itself: opening, migrating, closing.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::backend::{Backend, OnBackend, on_backend};
use crate::keyring::Keys;
use crate::{Actor, KeySource, StoreError, Ticket, last_key, postgres, sql, sqlite};

/// The database. Cloning is cheap and shares the connections.
///
/// Writers take turns; readers are never blocked by a writer and see whole transactions only. (A store in memory, as tests
/// use it, has a single connection: there readers do wait.)
#[derive(Clone)]
pub struct Store {
    pub(crate) backend: Backend,
    pub(crate) keys: Keys,
    /// In whose name it is written.
    pub(crate) actor: Arc<Actor>,
    /// Whether persons who were erased may be taken in again.
    pub(crate) readmits: bool,
    /// Under which the next write is done, once.
    pub(crate) ticket: Option<Arc<Ticket>>,
    /// The name of the index that follows it here.
    pub(crate) follower: Option<Arc<str>>,
}

/// How long a database may take to answer a ping.
const SOON: Duration = Duration::from_secs(2);

/// Where a database lies.
#[derive(Clone, PartialEq, Eq)]
pub enum Address {
    /// An SQLite file; its path may hold any character.
    File(PathBuf),
    /// `sqlite:///folder/hongniang.db` or `postgres://user@host/database`, where `%`, `?` and `#` have the meaning that they have in
    /// URLs.
    Url(String),
}

impl From<&str> for Address {
    fn from(url: &str) -> Self {
        Self::Url(url.to_owned())
    }
}

impl From<&String> for Address {
    fn from(url: &String) -> Self {
        Self::Url(url.clone())
    }
}

impl From<PathBuf> for Address {
    fn from(file: PathBuf) -> Self {
        Self::File(file)
    }
}

/// What migrating did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MigrationReport {
    /// Migrations applied just now: version and description, in order.
    pub applied: Vec<(i64, String)>,
    /// The version of the schema now.
    pub version: i64,
}

impl Store {
    pub(crate) fn over(backend: Backend, keys: Keys) -> Self {
        let actor = Actor::system().into();
        Self { backend, keys, actor, readmits: false, ticket: None, follower: None }
    }

    /// The same store, followed here by the index of this name: what is to be done on its files is marked, whether it has said of itself or not.
    #[must_use]
    pub fn followed_by(&self, follower: &str) -> Self {
        Self { follower: Some(follower.into()), ..self.clone() }
    }

    /// Opens the database at this address, its keys beside it; see [`Store::open_with`].
    ///
    /// # Errors
    /// As [`Store::open_with`].
    pub async fn open(at: impl Into<Address>) -> Result<Self, StoreError> {
        Self::open_with(at, KeySource::BesideDatabase).await
    }

    /// Opens the database at this address, creating it and bringing its schema up to date. A ring of keys is made when there is none and
    /// nothing has been sealed yet; contacts that an older version left in plain text are sealed.
    ///
    /// # Errors
    /// [`StoreError::BadUrl`], [`StoreError::Unavailable`], [`StoreError::NewerSchema`], [`StoreError::Migration`];
    /// [`StoreError::NoKeyRing`], [`StoreError::BadKeyRing`], [`StoreError::KeyRing`]; [`StoreError::OtherRing`] when the database was written under
    /// another ring.
    pub async fn open_with(at: impl Into<Address>, keys: KeySource) -> Result<Self, StoreError> {
        let (store, report) = connect(at.into(), keys).await?;
        if !report.applied.is_empty() {
            tracing::info!(
                schema.version = report.version,
                schema.applied = report.applied.len(),
                "schema migrated"
            );
        }
        Ok(store)
    }

    /// Brings the schema at this address up to date and tells what that took; its keys lie beside it.
    ///
    /// # Errors
    /// As [`Store::open_with`].
    pub async fn migrate(at: impl Into<Address>) -> Result<MigrationReport, StoreError> {
        Self::migrate_with(at, KeySource::BesideDatabase).await
    }

    /// As [`Store::migrate`], with the keys elsewhere.
    ///
    /// # Errors
    /// As [`Store::open_with`].
    pub async fn migrate_with(
        at: impl Into<Address>,
        keys: KeySource,
    ) -> Result<MigrationReport, StoreError> {
        let (store, report) = connect(at.into(), keys).await?;
        store.close().await;
        Ok(report)
    }

    /// Whether the database answers, soon enough for whoever asks whether this server is well.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn ping(&self) -> Result<(), StoreError> {
        let asked = async {
            on_backend!(&self.backend, pools => {
                sqlx::query_scalar::<_, i64>(sql::PING).fetch_optional(&pools.readers).await?;
                Ok::<(), StoreError>(())
            })
        };
        let silent = |_| Err(StoreError::Unavailable(sqlx::Error::PoolTimedOut));
        tokio::time::timeout(SOON, asked).await.unwrap_or_else(silent)
    }

    /// Deletes with `prune` what is as old as this, if `any` finds some: who has nothing to do need not wait for a turn to write. Returns how
    /// many rows went.
    pub(crate) async fn prune_until(
        &self,
        any: &'static str,
        prune: &'static str,
        until: Timestamp,
    ) -> Result<u64, StoreError> {
        let until = until.as_millisecond();
        let found: Option<i32> = on_backend!(&self.backend, pools => {
            sqlx::query_scalar(any).bind(until).fetch_optional(&pools.readers).await?
        });
        if found.is_none() {
            return Ok(0);
        }
        let mut transaction = self.backend.begin().await?;
        let pruned = on_backend!(&mut transaction, transaction => {
            sqlx::query(prune).bind(until).execute(&mut **transaction).await?.rows_affected()
        });
        transaction.commit().await?;
        Ok(pruned)
    }

    /// Waits for what is under way and closes all connections; every later use fails.
    pub async fn close(&self) {
        self.backend.close().await;
    }
}

async fn connect(at: Address, source: KeySource) -> Result<(Store, MigrationReport), StoreError> {
    let (backend, file, report) = match at {
        Address::Url(url) if postgres::is_meant(&url) => {
            let (pools, report) = postgres::open(&url).await?;
            (OnBackend::Postgres(pools), None, report)
        }
        at => {
            let file = sqlite::file(&at)?;
            let (pools, report) = sqlite::open(at).await?;
            (OnBackend::Sqlite(pools), file, report)
        }
    };
    let sealed: Option<String> = on_backend!(&backend, pools => {
        match sqlx::query_scalar(sql::contacts::ANY_SEALED).fetch_optional(&pools.writer).await? {
            Some(key) => Some(key),
            None => sqlx::query_scalar(sql::webhooks::ANY_SEALED).fetch_optional(&pools.writer).await?,
        }
    });
    let last = last_key::known(&backend).await?;
    let nothing_sealed = sealed.is_none() && last.is_none();
    let keys = Keys::open(Keys::place(source, file.as_deref()), nothing_sealed)?;
    keys.go_with(last.as_deref())?;
    if let OnBackend::Sqlite(pools) = &backend {
        sqlite::seal_plain_contacts(&pools.writer, &keys).await?;
    }
    Ok((Store::over(backend, keys), report))
}
