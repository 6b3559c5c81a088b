//! Tables put back into an empty database: all of them in one transaction, and nothing when anything of it fails.

use std::path::Path;
use std::time::Duration;

use sqlx::postgres::PgPool;
use sqlx::{Error, PgConnection, Postgres};
use tokio::fs::{self, File};
use tokio::io::AsyncReadExt;

use super::answering::{Bounded, Turn, within};
use super::tables::{CONTENTS, Contents, Table, tables};
use crate::backend::Pools;
use crate::migrations::{self, Migrated};
use crate::sql::tables as texts;
use crate::{Snapshot, StoreError};

/// How long the server may take to look through a whole table for rows that refer to nothing.
const WHOLE_TABLE: Duration = Duration::from_secs(3_600);
/// Bytes sent at a time.
const PIECE: usize = 1 << 18;

/// Makes the schema of `version`, fills it from the files below `folder`, and brings it up to date, in a transaction that is still to be committed.
///
/// # Errors
/// [`StoreError::NotEmpty`] when the database holds anything; [`StoreError::Copy`] when a file is not what the schema of that version takes.
pub(crate) async fn restored(
    pools: &Pools<Bounded<PgPool>>,
    folder: &Path,
    version: i64,
) -> Result<Turn, StoreError> {
    let mut turn = super::begin(pools).await?;
    sqlx::query(texts::TAKE_TIME).execute(&mut *turn).await?;
    if sqlx::query_scalar::<_, bool>(texts::ANY).fetch_one(&mut *turn).await? {
        return Err(StoreError::NotEmpty);
    }
    let schema = Postgres::schema();
    migrations::apply::<Postgres>(turn.connection(), schema.iter().filter(|step| step.version <= version))
        .await?;
    let contents = contents(folder).await?;
    let known = tables(turn.connection()).await?;
    if !is_for(&contents, &known) {
        return Err(StoreError::Copy { file: CONTENTS.to_owned() });
    }
    // In the schema's own order: the copy's word is not taken for which table refers to which.
    for Table { name, .. } in &known {
        let table = contents.tables.iter().find(|table| table.name == *name);
        let table = table.ok_or_else(|| StoreError::Copy { file: CONTENTS.to_owned() })?;
        put_back(turn.connection(), table, &folder.join(Snapshot::FOLDER).join(table.file())).await?;
    }
    migrations::apply::<Postgres>(turn.connection(), schema.iter().filter(|step| step.version > version))
        .await?;
    Ok(turn)
}

/// Whether a copy has these tables, each with these columns.
fn is_for(contents: &Contents, known: &[Table]) -> bool {
    let names = |tables: &[Table]| {
        let mut names: Vec<(String, Vec<String>)> =
            tables.iter().map(|table| (table.name.clone(), table.columns.clone())).collect();
        names.sort();
        names
    };
    names(&contents.tables) == names(known)
}

async fn contents(folder: &Path) -> Result<Contents, StoreError> {
    let path = folder.join(Snapshot::FOLDER).join(CONTENTS);
    let text = fs::read(&path).await.map_err(|error| failed(&path, error.into()))?;
    serde_json::from_slice(&text).map_err(|_| StoreError::Copy { file: CONTENTS.to_owned() })
}

fn failed(path: &Path, error: Error) -> StoreError {
    StoreError::Snapshot { path: path.to_owned(), error }
}

async fn put_back(connection: &mut PgConnection, table: &Table, path: &Path) -> Result<(), StoreError> {
    sqlx::query(texts::guard(&table.name, false)).execute(&mut *connection).await?;
    sqlx::query(texts::empty(&table.name)).execute(&mut *connection).await?;
    copy_in(connection, table, path).await?;
    if let Some(drawn) = table.drawn {
        sqlx::query(texts::DRAW_ON).bind(&table.name).bind(drawn).execute(&mut *connection).await?;
    }
    sqlx::query(texts::guard(&table.name, true)).execute(&mut *connection).await?;
    Ok(())
}

/// # Errors
/// [`StoreError::Copy`] when the server does not take the rows: they are none of such a table.
async fn copy_in(connection: &mut PgConnection, table: &Table, path: &Path) -> Result<(), StoreError> {
    let mut file = File::open(path).await.map_err(|error| failed(path, error.into()))?;
    let mut rows = connection.copy_in_raw(&texts::copy_in(&table.quoted())).await?;
    let mut piece = vec![0; PIECE];
    loop {
        let length = file.read(&mut piece).await.map_err(|error| failed(path, error.into()))?;
        if length == 0 {
            break;
        }
        within(WHOLE_TABLE, rows.send(&piece[..length])).await?;
    }
    match within(WHOLE_TABLE, rows.finish()).await.map_err(StoreError::from) {
        // What it says of the row quotes it.
        Err(StoreError::Database(_)) => Err(StoreError::Copy { file: table.file() }),
        outcome => outcome.map(drop),
    }
}
