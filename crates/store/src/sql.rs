//! All SQL text: the subset that SQLite and PostgreSQL share, with `$1` placeholders. The few texts that only one of them knows bear
//! its name.

use std::fmt::Write as _;

use sqlx::AssertSqlSafe;

pub(crate) mod access;
pub(crate) mod audit;
pub(crate) mod campaigns;
pub(crate) mod contacts;
pub(crate) mod duplicates;
pub(crate) mod erasures;
pub(crate) mod given;
pub(crate) mod operations;
pub(crate) mod runs;
pub(crate) mod tables;
pub(crate) mod tickets;
pub(crate) mod webhooks;

macro_rules! record_columns {
    () => {
        "r.kind, r.number, r.external_id, r.revision, r.status, r.created_at, r.updated_at, r.profile"
    };
}
macro_rules! contact_columns {
    () => {
        "c.key_id, c.sealed"
    };
}
macro_rules! judgement_columns {
    () => {
        "need, target_kind, target_number, judge, level, judged_at, source, note"
    };
}
macro_rules! feedback {
    ($condition:literal) => {
        concat!(
            "SELECT number, need, target_kind, target_number, decision, decided_on, recorded_at, reason, comment, seen",
            " FROM feedback WHERE number > $1",
            $condition,
            " ORDER BY number LIMIT $2"
        )
    };
}
/// The records of one status in a page; [`PAGE`] has one for each status there is.
macro_rules! page_of_status {
    ($status:literal, $within:literal) => {
        concat!(
            "SELECT ",
            record_columns!(),
            " FROM records r",
            " WHERE r.kind = $1 AND r.status = ",
            $status,
            " AND r.number > $5 AND r.updated_at >= $6",
            $within
        )
    };
}
macro_rules! page {
    ($within:literal) => {
        concat!(
            page_of_status!("$2", $within),
            " UNION ALL ",
            page_of_status!("$3", $within),
            " UNION ALL ",
            page_of_status!("$4", $within),
            " ORDER BY number LIMIT $7"
        )
    };
}

/// How a statement names what is bound to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Marks {
    /// `?`, one after the other. SQLite looks a numbered one up by name among all of them, which with hundreds is a good part of writing rows.
    InOrder,
    /// `$1`, as PostgreSQL must have it; SQLite knows it too.
    Numbered,
}

/// Rows written by one statement, and keys sought by one.
pub(crate) const ROWS: usize = 64;
/// How many keys a list of sought keys may have; shorter lists repeat their last key, so that few texts are prepared.
const KEYS: [usize; 3] = [1, 16, 256];
/// The longest list of keys.
pub(crate) const MOST_KEYS: usize = KEYS[KEYS.len() - 1];

pub(crate) const PING: &str = "SELECT last FROM numbers LIMIT 1";
pub(crate) const SQLITE_MIGRATIONS_TABLE: &str =
    "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = '_sqlx_migrations'";
pub(crate) const POSTGRES_MIGRATIONS_TABLE: &str = "SELECT to_regclass('_sqlx_migrations') IS NOT NULL";
pub(crate) const POSTGRES_ENCODING: &str = "SELECT current_setting('server_encoding')";
/// Held until the transaction ends.
pub(crate) const POSTGRES_TURN: &str = "SELECT pg_advisory_xact_lock($1)";

pub(crate) const RECORD: &str =
    concat!("SELECT ", record_columns!(), " FROM records r WHERE r.kind = $1 AND r.number = $2");
pub(crate) const BY_EXTERNAL_ID: &str =
    concat!("SELECT ", record_columns!(), " FROM records r WHERE r.kind = $1 AND r.external_id = $2");
pub(crate) const CONTACT: &str = concat!(
    "SELECT r.number, ",
    contact_columns!(),
    " FROM records r",
    " LEFT JOIN contacts c ON c.kind = r.kind AND c.number = r.number WHERE r.kind = $1 AND r.number = $2"
);
/// One walk along `records_by_status` for each status, merged: no sorting, however rare a status is.
pub(crate) const PAGE: &str = page!("");
pub(crate) const PAGE_WITHIN: &str = page!(" AND r.profile LIKE $8");
pub(crate) const COUNT: &str =
    "SELECT COUNT(*) FROM records WHERE kind = $1 AND status IN ($2, $3, $4) AND updated_at >= $5";
pub(crate) const COUNT_WITHIN: &str = "SELECT COUNT(*) FROM records WHERE kind = $1 AND status IN ($2, $3, $4) AND updated_at >= $5 AND profile LIKE $6";
pub(crate) const COUNT_ALL: &str = "SELECT COUNT(*) FROM records WHERE kind = $1";

/// Leaves the counter as it is: taken as a write, it makes others who would number records of this registry wait.
pub(crate) const LAST_NUMBER: &str = "INSERT INTO numbers (kind, last) VALUES ($1, 0)
    ON CONFLICT (kind) DO UPDATE SET last = numbers.last RETURNING last";
pub(crate) const SET_LAST_NUMBER: &str = "UPDATE numbers SET last = $2 WHERE kind = $1";
pub(crate) const DELETE_CONTACT: &str = "DELETE FROM contacts WHERE kind = $1 AND number = $2";
pub(crate) const DELETE_INVENTORS: &str = "DELETE FROM inventors WHERE achievement = $1";

pub(crate) const CHANGES: &str = "SELECT seq, kind, number FROM outbox WHERE seq > $1 ORDER BY seq LIMIT $2";
pub(crate) const LAST_CHANGE: &str = "SELECT COALESCE(MAX(seq), 0) FROM outbox";
pub(crate) const FIRST_CHANGE: &str = "SELECT COALESCE(MIN(seq), 0) FROM outbox";
pub(crate) const COUNT_CHANGES: &str = "SELECT COUNT(*) FROM outbox WHERE seq > $1 AND kind = $2";
pub(crate) const NEXT_CHANGE: &str =
    "SELECT seq FROM outbox WHERE seq > $1 AND kind = $2 ORDER BY seq LIMIT 1";
/// A slice of what every follower is past. The outbox's last row stays: it alone says where the outbox stands.
pub(crate) const PRUNE_CHANGES: &str = "DELETE FROM outbox WHERE seq IN
    (SELECT seq FROM outbox WHERE seq <= $1 AND seq <= COALESCE((SELECT MIN(position) FROM followers), $1)
        AND seq < (SELECT MAX(seq) FROM outbox) ORDER BY seq LIMIT 10000)";
pub(crate) const FOLLOW: &str =
    "INSERT INTO followers (follower, kind, position, seen_at) VALUES ($1, $2, $3, $4)
    ON CONFLICT (follower, kind) DO UPDATE SET position = excluded.position, seen_at = excluded.seen_at";
/// Whose indexes follow; the re-match (`$1`) has none.
pub(crate) const FOLLOWERS: &str = "SELECT follower, MAX(seen_at) AS seen_at FROM followers WHERE follower <> $1 GROUP BY follower ORDER BY follower";
pub(crate) const FOLLOWS: &str = "SELECT 1 FROM followers WHERE follower = $1 LIMIT 1";
/// What portals have kept of a record's revisions is of another record's life than this one's.
pub(crate) const PASS_REVISIONS: &str = "UPDATE records SET revision = revision + $1";
pub(crate) const FORGET_INDEXES: &str = "DELETE FROM followers WHERE follower <> $1";
pub(crate) const FORGET_FOLLOWERS: &str = "DELETE FROM followers WHERE seen_at < $1";

pub(crate) const JUDGEMENT: &str = concat!(
    "SELECT ",
    judgement_columns!(),
    " FROM judgements WHERE need = $1 AND target_kind = $2 AND target_number = $3 AND judge = $4"
);
pub(crate) const JUDGEMENTS: &str = concat!(
    "SELECT ",
    judgement_columns!(),
    " FROM judgements ORDER BY need, target_kind, target_number, judge"
);
pub(crate) const WRITE_JUDGEMENT: &str = concat!(
    "INSERT INTO judgements (",
    judgement_columns!(),
    ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    " ON CONFLICT (need, target_kind, target_number, judge) DO UPDATE SET level = excluded.level,",
    " judged_at = excluded.judged_at, source = excluded.source, note = excluded.note"
);

pub(crate) const ADD_FEEDBACK: &str = "INSERT INTO feedback
    (need, target_kind, target_number, decision, decided_on, recorded_at, reason, comment, seen)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING number";
pub(crate) const FEEDBACK: &str = feedback!("");
pub(crate) const FEEDBACK_OF_NEED: &str = feedback!(" AND need = $3");
pub(crate) const FEEDBACK_OF_TARGET: &str = feedback!(" AND target_kind = $3 AND target_number = $4");
pub(crate) const FEEDBACK_OF_PAIR: &str =
    feedback!(" AND need = $3 AND target_kind = $4 AND target_number = $5");

/// Records of kind `$1` among `keys` numbers from `$2` on.
pub(crate) fn records(keys: usize) -> AssertSqlSafe<String> {
    let head = concat!("SELECT ", record_columns!(), " FROM records r WHERE r.kind = $1 AND r.number IN ");
    AssertSqlSafe(format!("{head}{}", list(2, keys)))
}

/// Contacts of kind `$1` among `keys` numbers from `$2` on.
pub(crate) fn contacts(keys: usize) -> AssertSqlSafe<String> {
    let head = concat!(
        "SELECT c.number, ",
        contact_columns!(),
        " FROM contacts c WHERE c.kind = $1 AND c.number IN "
    );
    AssertSqlSafe(format!("{head}{}", list(2, keys)))
}

/// Records of kind `$1` with their contacts, among `keys` external identifiers from `$2` on.
pub(crate) fn stored_by_external_id(keys: usize) -> AssertSqlSafe<String> {
    stored("external_id", keys)
}

/// Records of kind `$1` with their contacts, among `keys` numbers from `$2` on.
pub(crate) fn stored_by_number(keys: usize) -> AssertSqlSafe<String> {
    stored("number", keys)
}

fn stored(column: &str, keys: usize) -> AssertSqlSafe<String> {
    let head = concat!(
        "SELECT ",
        record_columns!(),
        ", ",
        contact_columns!(),
        " FROM records r",
        " LEFT JOIN contacts c ON c.kind = r.kind AND c.number = r.number WHERE r.kind = $1 AND r."
    );
    AssertSqlSafe(format!("{head}{column} IN {}", list(2, keys)))
}

/// Numbers of the records of kind `$1` among `keys` external identifiers from `$2` on.
pub(crate) fn numbers(keys: usize) -> AssertSqlSafe<String> {
    let head = "SELECT number FROM records WHERE kind = $1 AND external_id IN ";
    AssertSqlSafe(format!("{head}{}", list(2, keys)))
}

/// The open and closed achievements among whose inventors is one of `keys` experts from `$1` on.
pub(crate) fn achievements_of(keys: usize) -> AssertSqlSafe<String> {
    let head = concat!(
        "SELECT i.expert, ",
        record_columns!(),
        " FROM inventors i",
        " JOIN records r ON r.kind = 'achievement' AND r.number = i.achievement",
        " WHERE r.status IN ('open', 'closed') AND i.expert IN "
    );
    AssertSqlSafe(format!("{head}{} ORDER BY i.expert, r.number", list(1, keys)))
}

/// Writes whole records, new or not.
pub(crate) fn write_records(marks: Marks, rows: usize) -> AssertSqlSafe<String> {
    let head = "INSERT INTO records (kind, number, external_id, revision, status, created_at, updated_at, profile) VALUES ";
    let tail = " ON CONFLICT (kind, number) DO UPDATE SET external_id = excluded.external_id, revision = excluded.revision,
        status = excluded.status, updated_at = excluded.updated_at, profile = excluded.profile";
    AssertSqlSafe(format!("{head}{}{tail}", values_as(marks, rows, 8)))
}

/// Writes whole contacts, new or not.
pub(crate) fn write_contacts(marks: Marks, rows: usize) -> AssertSqlSafe<String> {
    let head = "INSERT INTO contacts (kind, number, key_id, sealed) VALUES ";
    let tail = " ON CONFLICT (kind, number) DO UPDATE SET key_id = excluded.key_id, sealed = excluded.sealed";
    AssertSqlSafe(format!("{head}{}{tail}", values_as(marks, rows, 4)))
}

/// Adds inventors.
pub(crate) fn add_inventors(marks: Marks, rows: usize) -> AssertSqlSafe<String> {
    let head = "INSERT INTO inventors (achievement, position, name, expert) VALUES ";
    AssertSqlSafe(format!("{head}{}", values_as(marks, rows, 4)))
}

/// Adds rows to the outbox.
pub(crate) fn add_changes(marks: Marks, rows: usize) -> AssertSqlSafe<String> {
    AssertSqlSafe(format!("INSERT INTO outbox (seq, kind, number) VALUES {}", values_as(marks, rows, 3)))
}

/// Whether the text for this many rows is worth keeping prepared: whole chunks and single rows come again and again.
pub(crate) const fn is_prepared(rows: usize) -> bool {
    rows == ROWS || rows == 1
}

/// Up to [`MOST_KEYS`] keys, the last one repeated up to the next length for which there is a text.
pub(crate) fn padded<T>(keys: &[T]) -> impl ExactSizeIterator<Item = &T> {
    let length = KEYS.into_iter().find(|length| *length >= keys.len()).unwrap_or(keys.len());
    (0..length).map(move |at| &keys[at.min(keys.len() - 1)])
}

/// `($2, $3)`: `keys` placeholders from `$first` on.
fn list(first: usize, keys: usize) -> String {
    let mut text = String::from("(");
    for at in 0..keys {
        let comma = if at == 0 { "" } else { ", " };
        let _ = write!(text, "{comma}${}", first + at);
    }
    text.push(')');
    text
}

/// `($1, $2), ($3, $4)`: `rows` rows of `columns` placeholders.
fn values(rows: usize, columns: usize) -> String {
    let rows: Vec<String> = (0..rows).map(|row| list(1 + row * columns, columns)).collect();
    rows.join(", ")
}

/// [`values`] that are named so.
fn values_as(marks: Marks, rows: usize, columns: usize) -> String {
    match marks {
        Marks::Numbered => values(rows, columns),
        Marks::InOrder => vec![format!("({})", vec!["?"; columns].join(", ")); rows].join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_count_on_from_row_to_row() {
        assert_eq!(values_as(Marks::Numbered, 2, 2), "($1, $2), ($3, $4)");
        assert_eq!(values_as(Marks::InOrder, 2, 3), "(?, ?, ?), (?, ?, ?)");
        assert_eq!(list(2, 3), "($2, $3, $4)");
    }

    #[test]
    fn short_lists_repeat_their_last_key() {
        let keys: Vec<u32> = padded(&[7]).copied().collect();
        assert_eq!(keys, [7]);
        let keys: Vec<u32> = padded(&[7, 8]).copied().collect();
        assert_eq!(keys.len(), 16);
        assert_eq!(keys[..3], [7, 8, 8]);
    }
}
