//! What binds a row of the log to the one before it.

use super::AuditRow;
use crate::rows::row;

row! {
    /// A row's number and hash.
    pub(crate) struct Link {
        pub(crate) seq: i64,
        pub(crate) hash: String,
    }
}

/// BLAKE3 over the whole row but its hash: numbers as eight bytes, least significant first, each text after its length.
///
/// This never changes, else no older row would verify. A row that says more would begin with another first line.
pub(crate) fn hash(row: &AuditRow) -> String {
    let AuditRow {
        seq,
        at,
        actor_kind,
        actor,
        origin,
        request,
        action,
        record,
        result,
        detail,
        previous,
        hash: _,
    } = row;
    let mut hasher = blake3::Hasher::new();
    hasher.update(b"hongniang audit 1\n");
    hasher.update(&seq.to_le_bytes());
    hasher.update(&at.to_le_bytes());
    for text in [previous, actor_kind, actor, origin, request, action, record, result, detail] {
        hasher.update(&(text.len() as u64).to_le_bytes());
        hasher.update(text.as_bytes());
    }
    hasher.finalize().to_hex().to_string()
}
