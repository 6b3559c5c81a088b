//! SQLite's files: nothing deleted left in them, and a copy of them while others write.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

use domain::Kind;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool};
use sqlx::{ConnectOptions, Connection, SqliteConnection};

use super::{PAUSE, WRITE_TURN};
use crate::audit::Link;
use crate::rows::{row, unsigned};
use crate::{Snapshot, StoreError, sql};

row! {
    struct CheckpointRow {
        busy: i64,
    }
}

/// Rebuilds the file from what is live, and empties the WAL, in which older pages may stand.
pub(crate) async fn scrub(writer: &SqlitePool) -> Result<(), StoreError> {
    let mut connection = writer.acquire().await?;
    sqlx::query("VACUUM").execute(&mut *connection).await?;
    truncate_wal(&mut connection).await
}

/// Writes all of the WAL into the file and cuts it to nothing.
pub(crate) async fn truncate_wal(connection: &mut SqliteConnection) -> Result<(), StoreError> {
    let started = Instant::now();
    loop {
        let done: CheckpointRow =
            sqlx::query_as("PRAGMA wal_checkpoint(TRUNCATE)").fetch_one(&mut *connection).await?;
        match done.busy {
            0 => return Ok(()),
            _ if started.elapsed() >= WRITE_TURN => return Err(StoreError::Busy),
            _ => tokio::time::sleep(PAUSE).await,
        }
    }
}

/// One read transaction into a file of its own, below `folder`; writers go on.
pub(crate) async fn snapshot(readers: &SqlitePool, folder: &Path) -> Result<Snapshot, StoreError> {
    let file = folder.join(Snapshot::FILE);
    let failed = |error| StoreError::Snapshot { path: file.clone(), error };
    let target =
        file.to_str().ok_or_else(|| failed(sqlx::Error::Protocol("a name that is no text".into())))?;
    // A connection of its own: the readers' may not write at all, not even elsewhere.
    let options = readers.connect_options().as_ref().clone().pragma("query_only", "OFF");
    let mut connection = options.connect().await?;
    sqlx::query("VACUUM INTO $1").bind(target).execute(&mut connection).await.map_err(failed)?;
    connection.close().await?;
    look_into(&options.filename(&file)).await.map_err(failed)
}

/// What a copy holds: the database itself has gone on meanwhile.
async fn look_into(copy: &SqliteConnectOptions) -> Result<Snapshot, sqlx::Error> {
    let mut connection = copy.connect().await?;
    let mut records = BTreeMap::new();
    for kind in Kind::ALL {
        let count: i64 =
            sqlx::query_scalar(sql::COUNT_ALL).bind(kind.slug()).fetch_one(&mut connection).await?;
        records.insert(kind, unsigned(count));
    }
    let head: Link = sqlx::query_as(sql::audit::END).bind("head").fetch_one(&mut connection).await?;
    connection.close().await?;
    Ok(Snapshot {
        files: vec![PathBuf::from(Snapshot::FILE)],
        records,
        audit_head: (unsigned(head.seq), head.hash),
    })
}
