//! The schema brought up to date, on every backend by the same rules: all that is missing or nothing, one process at a time, and
//! neither a newer schema nor a changed step is touched.

use sqlx::Database;
use sqlx::SqlStr;
use sqlx::migrate::{Migrate, MigrateError, Migration, MigrationType, Migrator};

use crate::StoreError;
use crate::store::MigrationReport;

/// A step of the schema: its number, its title and its SQL. What has been released never changes: databases remember its checksum.
pub(crate) type Step = (i64, &'static str, &'static str);

/// A backend whose schema can be brought up to date.
pub(crate) trait Migrated: Database<Connection: Migrate> {
    /// Every step of its schema, by number; see [`migrator`].
    fn schema() -> &'static Migrator;

    /// Whether the database knows steps at all.
    fn has_steps(connection: &mut Self::Connection) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Waits for its turn to write: sqlx's own lock does nothing on SQLite, and elsewhere would not hold writers off.
    fn begin(
        connection: &mut Self::Connection,
    ) -> impl Future<Output = Result<sqlx::Transaction<'_, Self>, StoreError>> + Send;
}

/// A schema of these steps.
pub(crate) fn migrator(steps: &[Step]) -> Migrator {
    let migration = |&(number, title, sql): &Step| {
        Migration::new(number, title.into(), MigrationType::Simple, SqlStr::from_static(sql), false)
    };
    Migrator::with_migrations(steps.iter().map(migration).collect())
}

/// Applies what is missing, all of it in one transaction.
///
/// # Errors
/// [`StoreError::NewerSchema`], [`StoreError::Migration`], [`StoreError::Busy`] when others write for too long.
pub(crate) async fn migrate<DB: Migrated>(
    connection: &mut DB::Connection,
) -> Result<MigrationReport, StoreError> {
    let schema = DB::schema();
    if pending::<DB>(connection).await?.is_empty() {
        return Ok(report(schema, &[]));
    }
    let mut transaction = DB::begin(connection).await?;
    // Asked again: another process may have been faster.
    let pending = pending::<DB>(&mut transaction).await?;
    apply::<DB>(&mut transaction, pending.iter().copied()).await?;
    transaction.commit().await?;
    Ok(report(schema, &pending))
}

/// Applies these steps, within the transaction that is open.
///
/// # Errors
/// [`StoreError::Migration`].
pub(crate) async fn apply<DB: Migrated>(
    connection: &mut DB::Connection,
    steps: impl Iterator<Item = &'static Migration> + Send,
) -> Result<(), StoreError> {
    let schema = DB::schema();
    connection.ensure_migrations_table(&schema.table_name).await?;
    for step in steps {
        connection.apply(&schema.table_name, step).await?;
    }
    Ok(())
}

/// The steps that the database has not seen.
///
/// # Errors
/// [`StoreError::NewerSchema`] when it has seen a later one than those known here, [`StoreError::Migration`] when one that
/// it has seen says something else now.
async fn pending<DB: Migrated>(
    connection: &mut DB::Connection,
) -> Result<Vec<&'static Migration>, StoreError> {
    let schema = DB::schema();
    if !DB::has_steps(connection).await? {
        return Ok(schema.iter().collect());
    }
    let applied = connection.list_applied_migrations(&schema.table_name).await?;
    let program = latest(schema);
    match applied.iter().map(|seen| seen.version).max() {
        Some(database) if database > program => return Err(StoreError::NewerSchema { database, program }),
        _ => {}
    }
    let mut pending = Vec::new();
    for known in schema.iter() {
        match applied.iter().find(|seen| seen.version == known.version) {
            Some(seen) if seen.checksum != known.checksum => {
                return Err(MigrateError::VersionMismatch(known.version).into());
            }
            Some(_) => {}
            None => pending.push(known),
        }
    }
    Ok(pending)
}

pub(crate) fn latest(schema: &Migrator) -> i64 {
    schema.iter().map(|known| known.version).max().unwrap_or(0)
}

fn report(schema: &Migrator, applied: &[&Migration]) -> MigrationReport {
    MigrationReport {
        applied: applied
            .iter()
            .map(|migration| (migration.version, migration.description.to_string()))
            .collect(),
        version: latest(schema),
    }
}
