//! SQL about runs of the re-match: their statistics, their batches, what they found and what changed.

use sqlx::AssertSqlSafe;

use super::values;

macro_rules! run_columns {
    () => {
        "number, business_date, state, opened_at, published_at, needs, needs_without_match, matches, configuration, epoch, base, position, whole"
    };
}

pub(crate) const OPEN: &str = concat!(
    "INSERT INTO runs (business_date, state, opened_at, configuration, epoch, base, position, whole)",
    " VALUES ($1, 'running', $2, $3, $4, $5, $6, $7) RETURNING ",
    run_columns!()
);
pub(crate) const RUN: &str = concat!("SELECT ", run_columns!(), " FROM runs WHERE number = $1");
pub(crate) const RUNNING: &str = concat!("SELECT ", run_columns!(), " FROM runs WHERE state = 'running'");
pub(crate) const CURRENT: &str =
    concat!("SELECT ", run_columns!(), " FROM runs WHERE number = (SELECT run FROM current_run)");
pub(crate) const CURRENT_NUMBER: &str = "SELECT run FROM current_run";
pub(crate) const PREVIOUS: &str = concat!(
    "SELECT ",
    run_columns!(),
    " FROM runs WHERE state = 'published'",
    " AND publication < (SELECT publication FROM runs WHERE number = $1) ORDER BY publication DESC LIMIT 1"
);
/// Of several runs of one day the last one stands for the day.
pub(crate) const PUBLISHED: &str = concat!(
    "SELECT ",
    run_columns!(),
    " FROM runs WHERE state = 'published' AND number < $1",
    " AND NOT EXISTS (SELECT 1 FROM runs later WHERE later.state = 'published'",
    " AND later.business_date = runs.business_date AND later.number > runs.number) ORDER BY number DESC LIMIT $2"
);
pub(crate) const PUBLISHED_NUMBERS: &str =
    "SELECT number FROM runs WHERE state = 'published' ORDER BY publication DESC";
pub(crate) const ABANDON: &str =
    "UPDATE runs SET state = 'abandoned' WHERE number = $1 AND state = 'running'";
pub(crate) const ABANDONED: &str = "SELECT number FROM runs WHERE state = 'abandoned' ORDER BY number";
pub(crate) const PUBLISH: &str = "UPDATE runs SET state = 'published', published_at = $2,
    publication = (SELECT COALESCE(MAX(publication), 0) + 1 FROM runs),
    needs = $3, needs_without_match = $4, matches = $5 WHERE number = $1 AND state = 'running'";
pub(crate) const SET_CURRENT: &str =
    "INSERT INTO current_run (one, run) VALUES (1, $1) ON CONFLICT (one) DO UPDATE SET run = excluded.run";
pub(crate) const DELETE: &str = "DELETE FROM runs WHERE number = $1";
pub(crate) const DELETE_BATCHES: &str = "DELETE FROM run_batches WHERE run = $1";
/// Slices, whole needs at a time.
pub(crate) const DELETE_LISTS: &str = "DELETE FROM match_lists WHERE since = $1 AND need IN
    (SELECT need FROM match_lists WHERE since = $1 ORDER BY need LIMIT 2000)";
pub(crate) const DELETE_CHANGES: &str = "DELETE FROM match_changes WHERE run = $1 AND need IN
    (SELECT need FROM match_changes WHERE run = $1 ORDER BY need LIMIT 2000)";
/// Up to which need a slice of a run's lists goes that begins after one.
pub(crate) const SLICE_OF_LISTS: &str = "SELECT MAX(need) FROM
    (SELECT need FROM match_lists WHERE since = $1 AND need > $2 ORDER BY need LIMIT 4000) slice";
/// Lists that nobody reads who reads run `$1` or a later one.
pub(crate) const DELETE_SUPERSEDED: &str =
    "DELETE FROM match_lists WHERE need > $2 AND need <= $3 AND since < $1
    AND EXISTS (SELECT 1 FROM match_lists later WHERE later.since = $1
        AND later.need = match_lists.need AND later.target_kind = match_lists.target_kind)";

/// Every `$1`th need: numbers may lie far apart.
pub(crate) const NEEDS_APART: &str = "SELECT number FROM (
        SELECT number, ROW_NUMBER() OVER (ORDER BY number) AS place FROM records WHERE kind = 'need') needs
    WHERE place % $1 = 0 ORDER BY number";
pub(crate) const LAST_NEED: &str = "SELECT COALESCE(MAX(last), 0) FROM numbers WHERE kind = 'need'";
pub(crate) const CLAIM: &str = "UPDATE run_batches
    SET state = 'held', holder = $2, token = token + 1, held_until = $4
    WHERE run = $1 AND batch = (SELECT free.batch FROM run_batches free WHERE free.run = $1
        AND (free.state = 'waiting' OR (free.state = 'held' AND free.held_until < $3))
        AND (free.what = 'needs' OR NOT EXISTS (SELECT 1 FROM run_batches other
            WHERE other.run = $1 AND other.what = 'needs' AND other.state <> 'done'))
        ORDER BY free.batch LIMIT 1)
    RETURNING batch, what, after_need, up_to_need, token";
pub(crate) const UNDONE: &str = "SELECT COUNT(*) FROM run_batches WHERE run = $1 AND state <> 'done'";
pub(crate) const RENEW: &str = "UPDATE run_batches SET held_until = $4
    WHERE run = $1 AND batch = $2 AND token = $3 AND state = 'held'";
pub(crate) const LET_GO: &str = "UPDATE run_batches SET state = 'waiting', holder = NULL
    WHERE run = $1 AND batch = $2 AND token = $3 AND state = 'held'";
pub(crate) const FINISH: &str = "UPDATE run_batches SET state = 'done', needs = $4, needs_without_match = $5,
    matches = $6, ranked = $7, written = $8 WHERE run = $1 AND batch = $2 AND token = $3 AND state = 'held'";
pub(crate) const TOTALS: &str = "SELECT CAST(COALESCE(SUM(needs), 0) AS BIGINT) AS needs,
    CAST(COALESCE(SUM(needs_without_match), 0) AS BIGINT) AS needs_without_match,
    CAST(COALESCE(SUM(matches), 0) AS BIGINT) AS matches FROM run_batches WHERE run = $1";
pub(crate) const PROGRESS: &str = "SELECT COUNT(*) AS batches,
    CAST(COALESCE(SUM(CASE WHEN state = 'done' THEN 1 ELSE 0 END), 0) AS BIGINT) AS done,
    CAST(COALESCE(SUM(CASE WHEN state = 'held' AND held_until >= $2 THEN 1 ELSE 0 END), 0) AS BIGINT) AS held,
    CAST(COALESCE(SUM(token), 0) AS BIGINT) AS begun,
    CAST(COALESCE(SUM(needs), 0) AS BIGINT) AS needs,
    CAST(COALESCE(SUM(ranked), 0) AS BIGINT) AS ranked,
    CAST(COALESCE(SUM(written), 0) AS BIGINT) AS written FROM run_batches WHERE run = $1";

pub(crate) const SEEN_UNTIL: &str = "SELECT CASE WHEN held > opened_at THEN held ELSE opened_at END FROM
    (SELECT opened_at, (SELECT COALESCE(MAX(held_until), 0) FROM run_batches WHERE run = $1) AS held
        FROM runs WHERE number = $1) seen";

/// What a published run reads: each time the latest list that is not later than the run.
pub(crate) const LIST: &str = "SELECT need, target_kind, places FROM match_lists
    WHERE need = $2 AND target_kind = $3 AND since <= $1
        AND EXISTS (SELECT 1 FROM runs WHERE number = $1 AND state = 'published')
    ORDER BY since DESC LIMIT 1";
pub(crate) const LISTS: &str = "SELECT l.need, l.target_kind, l.places FROM match_lists l
    WHERE l.need > $2 AND l.need <= $3 AND l.since = (SELECT MAX(latest.since) FROM match_lists latest
        WHERE latest.need = l.need AND latest.target_kind = l.target_kind AND latest.since <= $1)
    ORDER BY l.need, l.target_kind";
pub(crate) const CHANGES_OF: &str = "SELECT c.run, c.need, c.target_kind, c.changes FROM match_changes c
    JOIN runs r ON r.number = c.run AND r.state = 'published'
    WHERE c.run = $1 AND c.need = $2 AND c.target_kind = $3";
/// From a place on, that place included.
pub(crate) const CHANGES_FROM: &str = "SELECT c.run, c.need, c.target_kind, c.changes FROM match_changes c
    JOIN runs r ON r.number = c.run AND r.state = 'published'
    WHERE (c.run, c.need, c.target_kind) >= ($1, $2, $3) ORDER BY c.run, c.need, c.target_kind LIMIT $4";

macro_rules! holders {
    ($column:literal, $table:literal, $run:literal, $holds:literal) => {
        concat!(
            "SELECT need, target_kind, ",
            $run,
            " AS run, ",
            $column,
            " AS bytes FROM ",
            $table,
            " WHERE (",
            $run,
            ", need) > ($3, $4) AND target_kind = $1 AND ",
            $holds,
            " ORDER BY ",
            $run,
            ", need LIMIT 500"
        )
    };
}
/// Lists and changes in whose bytes those of a number stand, as whoever reads them will see or not.
pub(crate) const SQLITE_LISTS_HOLDING: &str =
    holders!("places", "match_lists", "since", "instr(places, $2) > 0");
pub(crate) const POSTGRES_LISTS_HOLDING: &str =
    holders!("places", "match_lists", "since", "position($2 in places) > 0");
pub(crate) const SQLITE_CHANGES_HOLDING: &str =
    holders!("changes", "match_changes", "run", "instr(changes, $2) > 0");
pub(crate) const POSTGRES_CHANGES_HOLDING: &str =
    holders!("changes", "match_changes", "run", "position($2 in changes) > 0");
pub(crate) const REWRITE_LIST: &str =
    "UPDATE match_lists SET places = $4 WHERE since = $1 AND need = $2 AND target_kind = $3";
pub(crate) const REWRITE_CHANGES: &str =
    "UPDATE match_changes SET changes = $4 WHERE run = $1 AND need = $2 AND target_kind = $3";

pub(crate) const ADD_EPOCH: &str =
    "INSERT INTO epochs (key, sizes, opened_at, parts) VALUES ($1, $2, $3, 0) RETURNING number";
pub(crate) const ADD_EPOCH_PART: &str = "INSERT INTO epoch_parts (epoch, part, bytes) VALUES ($1, $2, $3)";
pub(crate) const COMPLETE_EPOCH: &str = "UPDATE epochs SET parts = $2 WHERE number = $1";
pub(crate) const EPOCH: &str = "SELECT number, key, sizes, opened_at, parts FROM epochs WHERE number = $1";
pub(crate) const EPOCH_PART: &str = "SELECT bytes FROM epoch_parts WHERE epoch = $1 AND part = $2";
/// Those that no run goes by; one that is being written may yet be gone by.
pub(crate) const UNUSED_EPOCHS: &str = "SELECT number FROM epochs WHERE opened_at < $1
    AND NOT EXISTS (SELECT 1 FROM runs WHERE runs.epoch = epochs.number)";
pub(crate) const DELETE_EPOCH_PARTS: &str = "DELETE FROM epoch_parts WHERE epoch = $1";
pub(crate) const DELETE_EPOCH: &str = "DELETE FROM epochs WHERE number = $1";

/// Adds batches to a run.
pub(crate) fn add_batches(rows: usize) -> AssertSqlSafe<String> {
    let head = "INSERT INTO run_batches (run, batch, what, after_need, up_to_need, state, token, held_until,
        needs, needs_without_match, matches, ranked, written) VALUES ";
    AssertSqlSafe(format!("{head}{}", values(rows, 13)))
}

/// Adds lists.
pub(crate) fn add_lists(rows: usize) -> AssertSqlSafe<String> {
    let head = "INSERT INTO match_lists (need, target_kind, since, places) VALUES ";
    AssertSqlSafe(format!("{head}{}", values(rows, 4)))
}

/// Adds changes.
pub(crate) fn add_match_changes(rows: usize) -> AssertSqlSafe<String> {
    let head = "INSERT INTO match_changes (run, need, target_kind, changes) VALUES ";
    AssertSqlSafe(format!("{head}{}", values(rows, 4)))
}
