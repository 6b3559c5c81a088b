//! SQL text about long work.

macro_rules! operations {
    ($condition:literal) => {
        concat!(
            "SELECT number, what, registry, options, state, cancelling, api_key, holder, region, origin, request, server, file, size,",
            " turn, row_count, byte_count, began_at, began_from, report, problem, created_at, started_at, ended_at FROM operations WHERE ",
            $condition
        )
    };
}

pub(crate) const SUBMIT: &str = "INSERT INTO operations
    (what, registry, options, state, cancelling, api_key, holder, region, origin, request, server, file, size, turn, row_count, byte_count,
     began_from, created_at)
    VALUES ($1, $2, $3, 'waiting', 0, $4, $5, $6, $7, $8, $9, $10, $11, 0, 0, 0, 0, $12) RETURNING number";
pub(crate) const OPERATION: &str = operations!("number = $1");
pub(crate) const REPORT: &str = "SELECT report FROM operations WHERE number = $1";
/// Latest first; `$3` is empty for those of everybody.
pub(crate) const OPERATIONS: &str =
    operations!("number < $1 AND ($3 = '' OR holder = $3) ORDER BY number DESC LIMIT $2");
/// Of one server, those that have not ended.
pub(crate) const WAITING_BEFORE: &str =
    "SELECT COUNT(*) FROM operations WHERE server = $1 AND state = 'waiting' AND number < $2";
pub(crate) const COUNT_WAITING: &str =
    "SELECT COUNT(*) FROM operations WHERE server = $1 AND state = 'waiting'";
pub(crate) const FILES: &str =
    "SELECT file FROM operations WHERE server = $1 AND state IN ('waiting', 'running') AND file IS NOT NULL";
pub(crate) const NEXT: &str = operations!("server = $1 AND state = 'waiting' ORDER BY number LIMIT 1");
pub(crate) const BEGIN: &str =
    "UPDATE operations SET state = 'running', turn = turn + 1, began_at = $2, began_from = byte_count,
    started_at = COALESCE(started_at, $2) WHERE number = $1";
/// Those that a process of this server was at when it ended.
pub(crate) const LET_GO_ALL: &str =
    "UPDATE operations SET state = 'waiting' WHERE server = $1 AND state = 'running'";
pub(crate) const LET_GO: &str =
    "UPDATE operations SET state = 'waiting' WHERE number = $1 AND turn = $2 AND state = 'running'";
pub(crate) const ADVANCE: &str = "UPDATE operations SET row_count = $3, byte_count = $4, report = $5
    WHERE number = $1 AND turn = $2 AND state = 'running' RETURNING cancelling";
pub(crate) const END: &str =
    "UPDATE operations SET state = $3, report = $4, problem = $5, ended_at = $6, file = NULL, cancelling = 0,
    row_count = CASE WHEN row_count < $7 THEN $7 ELSE row_count END
    WHERE number = $1 AND turn = $2 AND state = 'running'";
pub(crate) const CANCEL_WAITING: &str =
    "UPDATE operations SET state = 'cancelled', ended_at = $2, file = NULL
    WHERE number = $1 AND state = 'waiting'";
pub(crate) const ASK_TO_STOP: &str =
    "UPDATE operations SET cancelling = 1 WHERE number = $1 AND state = 'running' AND cancelling = 0";
/// Left behind by a server that is not heard of any more, and will not do them.
pub(crate) const GIVE_UP: &str =
    "UPDATE operations SET state = 'failed', problem = $2, ended_at = $3, file = NULL
    WHERE state IN ('waiting', 'running') AND created_at <= $1 AND server <> $4
        AND server NOT IN (SELECT follower FROM followers WHERE seen_at > $5) RETURNING number";
pub(crate) const ANY_OLD: &str = "SELECT 1 FROM operations WHERE ended_at <= $1 LIMIT 1";
pub(crate) const PRUNE: &str = "DELETE FROM operations WHERE ended_at <= $1";
pub(crate) const LAST_WITH_FILE: &str =
    "SELECT COALESCE(MAX(number), 0) FROM operations WHERE file IS NOT NULL";
pub(crate) const ANY_WITH_FILE: &str =
    "SELECT 1 FROM operations WHERE file IS NOT NULL AND number <= $1 LIMIT 1";
/// Reports, and what was asked for, in which a name stands.
pub(crate) const HIDE_IN_REPORTS: &str =
    "UPDATE operations SET report = replace(report, $1, '***'), options = replace(options, $1, '***')
    WHERE report LIKE $2 ESCAPE '\\' OR options LIKE $2 ESCAPE '\\'";
/// The ticket of a request that came to nothing.
pub(crate) const TAKE_TICKET_BACK: &str = "DELETE FROM tickets WHERE api_key = $1 AND receipt = $2";
