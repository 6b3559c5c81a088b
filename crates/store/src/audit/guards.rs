//! The triggers that keep the log from being changed. A chain shows what was changed; that nothing could be is shown by these being there.

use crate::backend::OnBackend;
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
const POSTGRES: [&str; 4] = [
    "audit_is_only_added_to",
    "audit_ends_only_go_forward",
    "audit_is_never_emptied",
    "audit_ends_are_never_emptied",
];

impl Store {
    /// Names of the log's guards that were dropped or switched off: since then, whoever can write the database may have changed the log.
    pub async fn missing_audit_guards(&self) -> Result<Vec<&'static str>, StoreError> {
        let (there, wanted): (Vec<String>, &[&'static str]) = match &self.backend {
            OnBackend::Sqlite(pools) => {
                (sqlx::query_scalar(texts::SQLITE_GUARDS).fetch_all(&pools.readers).await?, &SQLITE)
            }
            OnBackend::Postgres(pools) => {
                (sqlx::query_scalar(texts::POSTGRES_GUARDS).fetch_all(&pools.readers).await?, &POSTGRES)
            }
        };
        Ok(wanted.iter().copied().filter(|guard| !there.iter().any(|name| name == guard)).collect())
    }
}
