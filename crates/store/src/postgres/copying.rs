//! The tables as they are at one moment, written into files while others write.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use domain::Kind;
use futures_util::TryStreamExt;
use sqlx::postgres::PgPool;
use sqlx::{ConnectOptions, Connection, Error, PgConnection};
use tokio::fs::{self, File};
use tokio::io::{AsyncWriteExt, BufWriter};

use super::answering::{Bounded, within};
use super::tables::{CONTENTS, Contents, Table, tables};
use crate::audit::Link;
use crate::rows::unsigned;
use crate::sql::{self, tables as texts};
use crate::{Snapshot, Store, StoreError};

/// One read transaction into a file for each table, below `folder`; writers go on.
pub(crate) async fn snapshot(readers: &Bounded<PgPool>, folder: &Path) -> Result<Snapshot, StoreError> {
    let answer = readers.answer();
    // A connection of its own, which the pool's other users need not wait for.
    let options = readers.connect_options();
    let mut connection = within(answer, options.connect()).await?;
    let mut transaction = within(answer, connection.begin_with(texts::ONE_MOMENT)).await?;
    let text = sqlx::query(texts::TAKE_TIME);
    within(answer, text.execute(&mut *transaction)).await?;
    let database: i64 =
        within(answer, sqlx::query_scalar(texts::VERSION).fetch_one(&mut *transaction)).await?;
    let program = Store::schema_version();
    if database != program {
        return Err(StoreError::NewerSchema { database, program });
    }
    let mut records = BTreeMap::new();
    for kind in Kind::ALL {
        let counting = sqlx::query_scalar(sql::COUNT_ALL).bind(kind.slug()).fetch_one(&mut *transaction);
        let count: i64 = within(answer, counting).await?;
        records.insert(kind, unsigned(count));
    }
    let reading = sqlx::query_as(sql::audit::END).bind("head").fetch_one(&mut *transaction);
    let head: Link = within(answer, reading).await?;
    let contents = Contents { tables: within(answer, tables(&mut transaction)).await? };
    let files = write(&mut transaction, answer, folder, &contents).await?;
    within(answer, transaction.rollback()).await?;
    within(answer, connection.close()).await?;
    Ok(Snapshot { files, records, audit_head: (unsigned(head.seq), head.hash) })
}

/// Returns the files' names below `folder`.
async fn write(
    connection: &mut PgConnection,
    answer: std::time::Duration,
    folder: &Path,
    contents: &Contents,
) -> Result<Vec<PathBuf>, StoreError> {
    let failed = |error| StoreError::Snapshot { path: folder.to_owned(), error };
    let own = folder.join(Snapshot::FOLDER);
    fs::create_dir(&own).await.map_err(|error| failed(error.into()))?;
    let mut files = Vec::new();
    for table in &contents.tables {
        let name = Path::new(Snapshot::FOLDER).join(table.file());
        copy_out(connection, answer, table, &folder.join(&name)).await.map_err(failed)?;
        files.push(name);
    }
    let text = serde_json::to_vec_pretty(contents).expect("numbers and texts are always JSON");
    fs::write(own.join(CONTENTS), text).await.map_err(|error| failed(error.into()))?;
    files.push(Path::new(Snapshot::FOLDER).join(CONTENTS));
    Ok(files)
}

async fn copy_out(
    connection: &mut PgConnection,
    answer: std::time::Duration,
    table: &Table,
    path: &Path,
) -> Result<(), Error> {
    let mut file = BufWriter::new(File::create_new(path).await?);
    let text = texts::copy_out(&table.quoted());
    let mut rows = within(answer, connection.copy_out_raw(&text)).await?;
    while let Some(row) = within(answer, rows.try_next()).await? {
        file.write_all(&row).await?;
    }
    file.flush().await?;
    Ok(())
}
