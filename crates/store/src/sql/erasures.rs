//! SQL about persons who were erased, and about what is still to be done so that nothing of them is left.

use sqlx::AssertSqlSafe;

use super::{list, values};

pub(crate) const ERASURES: &str =
    "SELECT kind, digest, at, what, number FROM erasures ORDER BY at, kind, digest, what";
pub(crate) const COUNT: &str = "SELECT COUNT(*) FROM erasures";
pub(crate) const ANY: &str = "SELECT kind FROM erasures LIMIT 1";
pub(crate) const NUMBERS: &str =
    "SELECT number, external_id FROM records WHERE kind = $1 AND number > $2 ORDER BY number LIMIT $3";
/// Numbers of erased records are never given to others, also when an older database is put in place.
pub(crate) const PASS_NUMBER: &str = "INSERT INTO numbers (kind, last) VALUES ($1, $2)
    ON CONFLICT (kind) DO UPDATE SET last = CASE WHEN numbers.last < excluded.last THEN excluded.last ELSE numbers.last END";

/// Achievements that name an expert, or somebody of that name who is no expert on file.
pub(crate) const ACHIEVEMENTS_NAMING: &str = "SELECT DISTINCT achievement FROM inventors
    WHERE expert = $1 OR (expert IS NULL AND name = $2) ORDER BY achievement";
pub(crate) const DELETE_RECORD: &str = "DELETE FROM records WHERE kind = $1 AND number = $2";
pub(crate) const DELETE_JUDGEMENTS_OF_TARGET: &str =
    "DELETE FROM judgements WHERE target_kind = $1 AND target_number = $2";
pub(crate) const DELETE_FEEDBACK_OF_TARGET: &str =
    "DELETE FROM feedback WHERE target_kind = $1 AND target_number = $2";
/// Remarks about others in which the name stands.
pub(crate) const HIDE_IN_NOTES: &str =
    "UPDATE judgements SET note = replace(note, $1, '***') WHERE note LIKE $2 ESCAPE '\\'";
pub(crate) const HIDE_IN_FEEDBACK: &str =
    "UPDATE feedback SET reason = replace(reason, $1, '***'), comment = replace(comment, $1, '***')
    WHERE reason LIKE $2 ESCAPE '\\' OR comment LIKE $2 ESCAPE '\\'";
pub(crate) const MENTIONS: &str =
    "SELECT kind, number FROM records WHERE profile LIKE $1 ESCAPE '\\' ORDER BY kind, number LIMIT $2";
pub(crate) const EXPERTS_NAMING: &str = "SELECT r.kind, r.number, r.external_id, r.revision, r.status, r.created_at,
    r.updated_at, r.profile FROM records r WHERE r.kind = 'expert' AND r.profile LIKE $1 ESCAPE '\\' ORDER BY r.number";

pub(crate) const CHORES: &str = "SELECT name, since FROM chores ORDER BY name";
pub(crate) const ADD_CHORE: &str = "INSERT INTO chores (name, since) VALUES ($1, $2)
    ON CONFLICT (name) DO UPDATE SET since = CASE WHEN chores.since < excluded.since THEN excluded.since ELSE chores.since END";
pub(crate) const END_CHORE: &str = "DELETE FROM chores WHERE name = $1 AND since = $2";
pub(crate) const END_FOLLOWERS_CHORES: &str = "DELETE FROM chores WHERE name LIKE '%@%'";
/// Whether somebody was erased at this moment or after it.
pub(crate) const ANY_SINCE: &str = "SELECT 1 FROM erasures WHERE what = 'erased' AND at >= $1 LIMIT 1";

/// The states of these identifiers of a registry, latest first.
pub(crate) fn states(keys: usize) -> AssertSqlSafe<String> {
    let head = "SELECT kind, digest, at, what, number FROM erasures WHERE kind = $1 AND digest IN ";
    AssertSqlSafe(format!("{head}{} ORDER BY at, what DESC", list(2, keys)))
}

pub(crate) fn add(rows: usize) -> AssertSqlSafe<String> {
    let head = "INSERT INTO erasures (kind, digest, at, what, number) VALUES ";
    AssertSqlSafe(format!("{head}{} ON CONFLICT DO NOTHING", values(rows, 5)))
}
