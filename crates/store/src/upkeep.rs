//! The files behind the database: what is deleted is taken out of them, and a copy is made while others write.
//!
//! What is to be done is marked in the transaction that makes it necessary, and the mark goes once it is done: a process that is killed
//! in between leaves it to the next one.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use domain::{Kind, RecordId};
use sqlx::Connection;

use crate::backend::{OnBackend, Transaction, on_backend};
use crate::keyring::Keys;
use crate::rows::{row, unsigned};
use crate::sql::erasures as texts;
use crate::{
    Actor, Erasure, KeySource, Store, StoreError, last_key, migrations, operations, postgres, sql, sqlite,
};

const SCRUB: &str = "scrub";
const COMPACT: &str = "compact:";
const REBUILD: &str = "rebuild:";
const FILES: &str = "files";

/// Something that is still to be done so that nothing of what was erased is left in the files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Chore {
    /// The database's files, see [`Store::scrub`].
    Scrub {
        /// Which mark this is.
        since: u64,
    },
    /// Files that were put aside for operations up to this number, see [`Store::any_file_up_to`].
    Files {
        /// Number of the operation.
        since: u64,
    },
    /// A registry's index, once it holds all changes up to `since`.
    Compact {
        /// The registry.
        kind: Kind,
        /// Number of the change in the outbox.
        since: u64,
    },
    /// A registry's index, whatever position it says it is at: the database is another one than that which it followed.
    Rebuild {
        /// The registry.
        kind: Kind,
        /// Which mark this is.
        since: u64,
    },
}

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

impl Chore {
    fn mark(self) -> (String, u64) {
        match self {
            Self::Scrub { since } => (SCRUB.to_owned(), since),
            Self::Files { since } => (FILES.to_owned(), since),
            Self::Compact { kind, since } => (format!("{COMPACT}{}", kind.plural()), since),
            Self::Rebuild { kind, since } => (format!("{REBUILD}{}", kind.plural()), since),
        }
    }
}

row! {
    struct ChoreRow {
        name: String,
        since: i64,
    }
}

impl Store {
    /// What is still to be done.
    pub async fn chores(&self) -> Result<Vec<Chore>, StoreError> {
        let rows: Vec<ChoreRow> = on_backend!(&self.backend, pools => {
            sqlx::query_as(texts::CHORES).fetch_all(&pools.readers).await?
        });
        let chore = |row: ChoreRow| {
            let since = unsigned(row.since);
            let registry = |prefix| row.name.strip_prefix(prefix).and_then(|name: &str| name.parse().ok());
            if let Some(kind) = registry(COMPACT) {
                Some(Chore::Compact { kind, since })
            } else if let Some(kind) = registry(REBUILD) {
                Some(Chore::Rebuild { kind, since })
            } else if row.name == FILES {
                Some(Chore::Files { since })
            } else {
                // Any other is a later version's; it will do it.
                (row.name == SCRUB).then_some(Chore::Scrub { since })
            }
        };
        Ok(rows.into_iter().filter_map(chore).collect())
    }

    /// Takes a mark away, unless it was made anew meanwhile.
    pub async fn end_chore(&self, chore: Chore) -> Result<(), StoreError> {
        let (name, since) = chore.mark();
        let mut transaction = self.backend.begin().await?;
        on_backend!(&mut transaction, transaction => {
            sqlx::query(texts::END_CHORE)
                .bind(name)
                .bind(crate::rows::signed(since))
                .execute(&mut **transaction)
                .await?;
        });
        transaction.commit().await
    }

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
        let store = Self { backend, keys, actor: Actor::system().into(), readmits: false, ticket: None };
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

/// Marks the database, a registry's index, and what is put aside, as holding what was deleted.
pub(crate) async fn mark(transaction: &mut Transaction, kind: Kind) -> Result<(), StoreError> {
    let since = last_change(transaction).await?;
    add(transaction, &[Chore::Scrub { since }, Chore::Compact { kind, since }]).await?;
    match operations::last_with_file(transaction).await? {
        0 => Ok(()),
        since => add(transaction, &[Chore::Files { since }]).await,
    }
}

/// Marks all indexes as following another database. Their positions may well fit this one: as many changes have been made since as the
/// other one was ahead.
pub(crate) async fn mark_replaced(transaction: &mut Transaction) -> Result<(), StoreError> {
    let since = last_change(transaction).await?;
    add(transaction, &Kind::ALL.map(|kind| Chore::Rebuild { kind, since })).await
}

async fn last_change(transaction: &mut Transaction) -> Result<u64, StoreError> {
    let last: i64 = on_backend!(transaction, transaction => {
        sqlx::query_scalar(sql::LAST_CHANGE).fetch_one(&mut **transaction).await?
    });
    Ok(unsigned(last))
}

async fn add(transaction: &mut Transaction, chores: &[Chore]) -> Result<(), StoreError> {
    for chore in chores {
        let (name, since) = chore.mark();
        on_backend!(&mut *transaction, transaction => {
            sqlx::query(texts::ADD_CHORE)
                .bind(name)
                .bind(crate::rows::signed(since))
                .execute(&mut **transaction)
                .await?;
        });
    }
    Ok(())
}
