//! The triggers that keep the log from being changed. A chain shows what was changed; that nothing could be is shown by these being there, as they were made.

use sqlx::{Postgres, Sqlite};

use crate::backend::OnBackend;
use crate::migrations::Migrated;
use crate::rows::row;
use crate::sql::audit as texts;
use crate::{Store, StoreError};

/// Made with the tables; each refuses one way of changing the log.
pub(super) const SQLITE: [&str; 6] = [
    "audit_is_appended_to",
    "audit_is_never_changed",
    "audit_is_cut_up_to_the_anchor",
    "audit_anchor_passes_old_rows_only",
    "audit_head_goes_forward",
    "audit_ends_stay",
];
/// Each with its function, and what it is asked for: the bits of `pg_trigger.tgtype` (1 each row, 2 before, 4 insert, 8 delete, 16 update, 32 truncate).
const POSTGRES: [(&str, &str, i32); 4] = [
    ("audit_is_only_added_to", "audit_guard", 1 | 2 | 4 | 8 | 16),
    ("audit_ends_only_go_forward", "audit_ends_guard", 1 | 2 | 8 | 16),
    ("audit_is_never_emptied", "audit_is_never_emptied", 2 | 32),
    ("audit_ends_are_never_emptied", "audit_is_never_emptied", 2 | 32),
];

row! {
    struct SqliteRow {
        name: String,
        text: String,
    }
}

row! {
    struct PostgresRow {
        name: String,
        function: String,
        body: String,
        events: i32,
    }
}

impl Store {
    /// Names of the log's guards that were dropped, switched off or made to do something else: since then, whoever can write the database may have
    /// changed the log.
    pub async fn missing_audit_guards(&self) -> Result<Vec<&'static str>, StoreError> {
        Ok(match &self.backend {
            OnBackend::Sqlite(pools) => {
                let there: Vec<SqliteRow> =
                    sqlx::query_as(texts::SQLITE_GUARDS).fetch_all(&pools.readers).await?;
                let stands = |name: &&str| {
                    there.iter().any(|row| row.name == *name && is_of::<Sqlite>(&format!("{};", row.text)))
                };
                SQLITE.into_iter().filter(|name| !stands(name)).collect()
            }
            OnBackend::Postgres(pools) => {
                let there: Vec<PostgresRow> =
                    sqlx::query_as(texts::POSTGRES_GUARDS).fetch_all(&pools.readers).await?;
                let stands = |(name, function, events): &(&str, &str, i32)| {
                    there.iter().any(|row| {
                        row.name == *name
                            && (row.function.as_str(), row.events) == (*function, *events)
                            && is_of::<Postgres>(&format!(
                                " {function}() RETURNS trigger LANGUAGE plpgsql AS $${}$$;",
                                row.body
                            ))
                    })
                };
                POSTGRES.into_iter().filter(|guard| !stands(guard)).map(|(name, ..)| name).collect()
            }
        })
    }
}

/// Whether a step of the schema says so.
fn is_of<DB: Migrated>(text: &str) -> bool {
    DB::schema().iter().any(|step| step.sql.as_str().contains(text))
}
