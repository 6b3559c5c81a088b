//! SQLite: how its file is opened, and how one waits for one's turn to write.

mod files;
mod plain;
mod reserve;

use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use sqlx::migrate::Migrator;
use sqlx::pool::PoolConnection;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{Connection, Sqlite, SqliteConnection};

use crate::backend::Pools;
use crate::migrations::{self, Migrated, Step, migrate};
use crate::store::{Address, MigrationReport};
use crate::{StoreError, make_private, sql};
pub(crate) use files::{scrub, snapshot};
pub(crate) use plain::seal_plain_contacts;
use reserve::Reserve;

static SCHEMA: LazyLock<Migrator> = LazyLock::new(|| migrations::migrator(&STEPS));

const STEPS: [Step; 11] = [
    (1, "records outbox runs", include_str!("../migrations/sqlite/0001_records_outbox_runs.sql")),
    (2, "judgements feedback", include_str!("../migrations/sqlite/0002_judgements_feedback.sql")),
    (3, "duplicates clusters", include_str!("../migrations/sqlite/0003_duplicates_clusters.sql")),
    (4, "followers", include_str!("../migrations/sqlite/0004_followers.sql")),
    (5, "access", include_str!("../migrations/sqlite/0005_access.sql")),
    (
        6,
        "audit sealed_contacts erasures",
        include_str!("../migrations/sqlite/0006_audit_sealed_contacts_erasures.sql"),
    ),
    (7, "tickets operations", include_str!("../migrations/sqlite/0007_tickets_operations.sql")),
    (8, "nights", include_str!("../migrations/sqlite/0008_nights.sql")),
    (9, "campaigns", include_str!("../migrations/sqlite/0009_campaigns.sql")),
    (10, "webhooks", include_str!("../migrations/sqlite/0010_webhooks.sql")),
    (11, "sealing_key", include_str!("../migrations/sqlite/0011_sealing_key.sql")),
];

/// A deferred transaction that reads first could not be promoted once another process has written.
const BEGIN: &str = "BEGIN IMMEDIATE";
/// How long a writer waits for the others, in this process and in other ones: an import may take that long.
pub(crate) const WRITE_TURN: Duration = Duration::from_secs(60);
/// Between two attempts to open a new file.
pub(crate) const PAUSE: Duration = Duration::from_millis(20);
const READERS: u32 = 8;
/// Statements kept prepared per connection: every fixed text, and one multi-row text per table.
const STATEMENTS: usize = 200;

/// Opens the database at this address, creating it and bringing it up to date.
pub(crate) async fn open(at: Address) -> Result<(Pools<SqlitePool>, MigrationReport), StoreError> {
    let (options, in_memory) = options(at)?;
    let options =
        options.create_if_missing(true).busy_timeout(WRITE_TURN).statement_cache_capacity(STATEMENTS);
    if !in_memory {
        prepare_file(options.get_filename()).map_err(|error| StoreError::Unavailable(error.into()))?;
    }
    let writer = writer(&options);
    let reserve = Reserve::of(options.get_filename(), in_memory);
    let report = match brought_up_to_date(&writer).await {
        Err(StoreError::DiskFull(_)) if reserve.give_up() => brought_up_to_date(&writer).await?,
        outcome => outcome?,
    };
    reserve.take();
    let readers = if in_memory {
        // A second connection would have to share the first one's cache, whose locks make readers fail.
        writer.clone()
    } else {
        pool().max_connections(READERS).connect_lazy_with(options.pragma("query_only", "ON"))
    };
    Ok((Pools { writer, readers, turns: Arc::default(), reach: Arc::default() }, report))
}

/// Connections that look into the database at this address and change nothing, not even its version.
///
/// # Errors
/// [`StoreError::BadUrl`].
pub(crate) fn look_into(at: Address) -> Result<Pools<SqlitePool>, StoreError> {
    let (options, _) = options(at)?;
    let readers =
        pool().max_connections(1).connect_lazy_with(options.read_only(true).busy_timeout(WRITE_TURN));
    Ok(Pools { writer: readers.clone(), readers, turns: Arc::default(), reach: Arc::default() })
}

async fn brought_up_to_date(writer: &SqlitePool) -> Result<MigrationReport, StoreError> {
    migrate::<Sqlite>(&mut *first_connection(writer).await?).await
}

/// Closes all connections. The last one takes the WAL away, which makes room for the next start.
pub(crate) async fn close(pools: &Pools<SqlitePool>) {
    pools.readers.close().await;
    pools.writer.close().await;
    let options = pools.writer.connect_options();
    let file = options.get_filename();
    // A database in memory has no file of its name.
    Reserve::of(file, !file.is_file()).take();
}

/// Waits for its turn to write.
///
/// # Errors
/// [`StoreError::Busy`] when others write for too long.
pub(crate) async fn begin(
    pools: &Pools<SqlitePool>,
) -> Result<sqlx::Transaction<'static, Sqlite>, StoreError> {
    let begun = match pools.writer.begin_with(BEGIN).await {
        // When a disk is full, SQLite ends a transaction by itself, and sqlx takes it for open: the connection would begin none ever again.
        Err(sqlx::Error::InvalidSavePointStatement) => {
            pools.writer.acquire().await?.close().await?;
            pools.writer.begin_with(BEGIN).await
        }
        begun => begun,
    };
    begun.map_err(|error| match error {
        sqlx::Error::PoolTimedOut => StoreError::Busy,
        error => error.into(),
    })
}

/// The file of the database at this address; none when it is in memory alone.
pub(crate) fn file(at: &Address) -> Result<Option<PathBuf>, StoreError> {
    let (options, in_memory) = options(at.clone())?;
    Ok((!in_memory).then(|| options.get_filename().to_owned()))
}

/// Switching a new file to WAL fails at once, whatever the timeout, while another process does the same.
async fn first_connection(writer: &SqlitePool) -> Result<PoolConnection<Sqlite>, StoreError> {
    let started = Instant::now();
    loop {
        match writer.acquire().await.map_err(StoreError::from) {
            Err(StoreError::Busy) if started.elapsed() < WRITE_TURN => tokio::time::sleep(PAUSE).await,
            outcome => return outcome,
        }
    }
}

/// How to connect, and whether the database is in memory alone.
fn options(at: Address) -> Result<(SqliteConnectOptions, bool), StoreError> {
    match at {
        Address::File(path) => {
            // Absolute, for SQLite takes a name that begins with `file:` for a URL.
            let path = std::path::absolute(path).map_err(|error| StoreError::Unavailable(error.into()))?;
            Ok((SqliteConnectOptions::new().filename(path), false))
        }
        Address::Url(url) if url.starts_with("sqlite:") => {
            let in_memory = url.contains(":memory:") || url.contains("mode=memory");
            Ok((url.parse().map_err(|_| StoreError::BadUrl)?, in_memory))
        }
        Address::Url(_) => Err(StoreError::BadUrl),
    }
}

/// One connection: writers queue for it here instead of meeting SQLITE_BUSY there.
fn writer(options: &SqliteConnectOptions) -> SqlitePool {
    let options = options
        .clone()
        .journal_mode(SqliteJournalMode::Wal)
        // In WAL mode only FULL syncs at each commit; with NORMAL a power cut may take back what was acknowledged.
        .synchronous(SqliteSynchronous::Full)
        .pragma("cache_size", "-32768")
        // An import leaves a WAL of its own size; this much of it stays allocated after the checkpoint.
        .pragma("journal_size_limit", "67108864");
    pool().min_connections(1).max_connections(1).connect_lazy_with(options)
}

fn pool() -> SqlitePoolOptions {
    SqlitePoolOptions::new()
        .acquire_timeout(WRITE_TURN)
        // A local file does not go away; and without a test, a cancelled caller never loses the connection.
        .test_before_acquire(false)
        .idle_timeout(None)
        .max_lifetime(None)
}

/// Creates the file, readable by its owner alone, for it will hold personal data; its journals inherit the mode.
fn prepare_file(file: &Path) -> std::io::Result<()> {
    if let Some(folder) = file.parent() {
        make_private(folder)?;
    }
    let mut options = std::fs::OpenOptions::new();
    // Only when it is new: closing a file takes away the locks that SQLite holds on it in this process.
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(file) {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        outcome => outcome.map(drop),
    }
}

impl Migrated for Sqlite {
    fn schema() -> &'static Migrator {
        &SCHEMA
    }

    async fn has_steps(connection: &mut SqliteConnection) -> Result<bool, StoreError> {
        let found = sqlx::query_scalar::<_, i64>(sql::SQLITE_MIGRATIONS_TABLE).fetch_optional(connection);
        Ok(found.await?.is_some())
    }

    async fn begin(connection: &mut SqliteConnection) -> Result<sqlx::Transaction<'_, Self>, StoreError> {
        Ok(connection.begin_with(BEGIN).await?)
    }
}
