//! The files behind the database: what is deleted is taken out of them, and a copy is made while others write.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use domain::{Kind, RecordId};
use sqlx::Connection;

use crate::backend::{OnBackend, Transaction, on_backend};
use crate::keyring::Keys;
use crate::{Erasure, KeySource, Store, StoreError, last_key, migrations, postgres, sql, sqlite};

/// What a copy of the database holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// Its files, below the folder that it was written into.
    pub files: Vec<PathBuf>,
    /// Records by registry.
    pub records: BTreeMap<Kind, u64>,
    /// Number and hash of the last row of the audit log.
    pub audit_head: (u64, String),
}

impl Snapshot {
    /// The name of a copied SQLite file.
    pub const FILE: &str = "hongniang.db";
    /// The folder of a server's copied tables.
    pub const FOLDER: &str = "postgres";
}

impl Store {
    /// Writes the database's files anew, without anything that was deleted, and does so before it returns. Takes as long as copying them,
    /// needs as much room again, and writers wait.
    ///
    /// # Errors
    /// [`StoreError::Busy`] when others write or read for too long; then it is still to be done.
    pub async fn scrub(&self) -> Result<(), StoreError> {
        match &self.backend {
            OnBackend::Sqlite(pools) => sqlite::scrub(&pools.writer).await,
            OnBackend::Postgres(pools) => postgres::scrub(pools).await,
        }
    }

    /// Writes the statistics of PostgreSQL's planner anew, which quote from texts: what was deleted is out of them, but not out of their file.
    /// After [`Store::scrub`]; SQLite keeps none.
    ///
    /// # Errors
    /// [`StoreError::StatisticsKept`] when the database belongs to another role; then it is still to be done.
    pub async fn scrub_statistics(&self) -> Result<(), StoreError> {
        match &self.backend {
            OnBackend::Sqlite(_) => Ok(()),
            OnBackend::Postgres(pools) => postgres::scrub_statistics(pools).await,
        }
    }

    /// Writes the database as it is at one moment into new files below a folder, while others go on reading and writing: an SQLite file, or a file for each
    /// of a server's tables. Tells what is in it.
    ///
    /// # Errors
    /// [`StoreError::Snapshot`] when a file exists or cannot be written; [`StoreError::NewerSchema`] when another program has changed the schema meanwhile.
    pub async fn snapshot(&self, folder: &Path) -> Result<Snapshot, StoreError> {
        match &self.backend {
            OnBackend::Sqlite(pools) => sqlite::snapshot(&pools.readers, folder).await,
            OnBackend::Postgres(pools) => postgres::snapshot(&pools.readers, folder).await,
        }
    }

    /// Fills the empty PostgreSQL database at this address from a [`Store::snapshot`] of one that had the schema of `version`, brings it up to date, and erases
    /// whoever was erased since, as `erasures` says: all of it in one transaction, or nothing. Returns whom it erased.
    ///
    /// # Errors
    /// [`StoreError::NotEmpty`] and [`StoreError::Copy`], and those of [`Store::open_with`].
    pub async fn restore(
        url: &str,
        keys: KeySource,
        folder: &Path,
        version: i64,
        erasures: &[Erasure],
    ) -> Result<Vec<RecordId>, StoreError> {
        if !postgres::is_meant(url) {
            return Err(StoreError::BadUrl);
        }
        let (pools, first) = postgres::connect(url).await?;
        first.close().await?;
        let mut transaction = OnBackend::Postgres(postgres::restored(&pools, folder, version).await?);
        let last = last_key::known_in(&mut transaction).await?;
        let nothing_sealed = last.is_none() && !any_sealed(&mut transaction).await?;
        let keys = Keys::open(Keys::place(keys, None), nothing_sealed)?;
        keys.go_with(last.as_deref())?;
        let backend = OnBackend::Postgres(pools);
        let store = Self::over(backend, keys);
        let erased = store.add_erasures_in(&mut transaction, erasures).await?;
        transaction.commit().await?;
        store.close().await;
        Ok(erased)
    }

    /// The version of the schema that this program writes.
    pub fn schema_version() -> i64 {
        migrations::latest(<sqlx::Sqlite as migrations::Migrated>::schema())
    }
}

/// Whether anything lies under a key.
async fn any_sealed(transaction: &mut Transaction) -> Result<bool, StoreError> {
    for text in [sql::contacts::ANY_SEALED, sql::webhooks::ANY_SEALED] {
        let key: Option<String> = on_backend!(&mut *transaction, transaction => {
            sqlx::query_scalar(text).fetch_optional(&mut **transaction).await?
        });
        if key.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}
