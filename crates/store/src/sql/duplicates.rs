//! SQL about needs that say nearly the same, and about clusters.

use sqlx::AssertSqlSafe;

use super::{list, values};

macro_rules! pair_columns {
    () => {
        "p.first, p.second, p.reason, p.likeness, p.first_share, p.second_share"
    };
}
/// Both needs still say what was compared.
macro_rules! holds {
    () => {
        " AND NOT EXISTS (SELECT 1 FROM uncompared_needs u WHERE u.need IN (p.first, p.second))"
    };
}
/// Neither need has been withdrawn.
macro_rules! in_force {
    () => {
        " AND NOT EXISTS (SELECT 1 FROM records r WHERE r.kind = 'need' AND r.number IN (p.first, p.second)
            AND r.status = 'withdrawn')"
    };
}

pub(crate) const METHOD: &str = "SELECT method FROM comparison_method";
pub(crate) const SET_METHOD: &str = "INSERT INTO comparison_method (one, method) VALUES (1, $1)
    ON CONFLICT (one) DO UPDATE SET method = excluded.method";
pub(crate) const ALL_UNCOMPARED: &str = "INSERT INTO uncompared_needs (need)
    SELECT number FROM records WHERE kind = 'need' ON CONFLICT (need) DO NOTHING";
pub(crate) const COUNT_UNCOMPARED: &str = "SELECT COUNT(*) FROM uncompared_needs";
pub(crate) const UNCOMPARED: &str = "SELECT need FROM uncompared_needs ORDER BY need LIMIT $1";
/// Pairs that hold, after one.
pub(crate) const PAIRS: &str = concat!(
    "SELECT ",
    pair_columns!(),
    " FROM need_pairs p WHERE (p.first, p.second) > ($1, $2)",
    holds!(),
    in_force!(),
    " ORDER BY p.first, p.second LIMIT $3"
);
pub(crate) const DELETE_PAIRS: &str = "DELETE FROM need_pairs WHERE first = $1 OR second = $1";
pub(crate) const DELETE_BAND: &str = "DELETE FROM need_bands WHERE band = $1 AND need = $2";

pub(crate) const RUN_CLUSTERS: &str = "SELECT c.place, c.size, c.cluster
    FROM run_clusters c JOIN runs r ON r.number = c.run AND r.state = 'published'
    WHERE c.run = $1 AND c.place > $2 AND c.size >= $3 ORDER BY c.place LIMIT $4";
pub(crate) const DELETE_CLUSTERS: &str = "DELETE FROM run_clusters WHERE run = $1";

/// Marks needs as to be compared.
pub(crate) fn add_uncompared(rows: usize) -> AssertSqlSafe<String> {
    let head = "INSERT INTO uncompared_needs (need) VALUES ";
    AssertSqlSafe(format!("{head}{} ON CONFLICT (need) DO NOTHING", values(rows, 1)))
}

/// Those of these needs that are to be compared.
pub(crate) fn uncompared(keys: usize) -> AssertSqlSafe<String> {
    AssertSqlSafe(format!("SELECT need FROM uncompared_needs WHERE need IN {}", list(1, keys)))
}

/// The pairs on either side of which one of these needs stands, those that hold.
pub(crate) fn pairs_of(keys: usize, with_withdrawn: bool) -> AssertSqlSafe<String> {
    let keys = list(1, keys);
    let side = |side: &str| {
        let head = concat!("SELECT ", pair_columns!(), " FROM need_pairs p WHERE p.");
        let in_force = if with_withdrawn { "" } else { in_force!() };
        format!("{head}{side} IN {keys}{}{in_force}", holds!())
    };
    AssertSqlSafe(format!("{} UNION {} ORDER BY 1, 2", side("first"), side("second")))
}

pub(crate) fn delete_uncompared(keys: usize) -> AssertSqlSafe<String> {
    AssertSqlSafe(format!("DELETE FROM uncompared_needs WHERE need IN {}", list(1, keys)))
}

/// The keys of compared needs.
pub(crate) fn sketches(keys: usize) -> AssertSqlSafe<String> {
    AssertSqlSafe(format!("SELECT need, bands FROM need_sketches WHERE need IN {}", list(1, keys)))
}

/// Writes sketches, new or not.
pub(crate) fn write_sketches(rows: usize) -> AssertSqlSafe<String> {
    let head = "INSERT INTO need_sketches (need, bands) VALUES ";
    let tail = " ON CONFLICT (need) DO UPDATE SET bands = excluded.bands";
    AssertSqlSafe(format!("{head}{}{tail}", values(rows, 2)))
}

/// Needs that stand under these keys.
pub(crate) fn holders(keys: usize) -> AssertSqlSafe<String> {
    AssertSqlSafe(format!("SELECT band, need FROM need_bands WHERE band IN {}", list(1, keys)))
}

pub(crate) fn add_bands(rows: usize) -> AssertSqlSafe<String> {
    AssertSqlSafe(format!("INSERT INTO need_bands (band, need) VALUES {}", values(rows, 2)))
}

pub(crate) fn add_pairs(rows: usize) -> AssertSqlSafe<String> {
    let head = "INSERT INTO need_pairs (first, second, reason, likeness, first_share, second_share) VALUES ";
    AssertSqlSafe(format!("{head}{}", values(rows, 6)))
}

pub(crate) fn add_clusters(rows: usize) -> AssertSqlSafe<String> {
    let head = "INSERT INTO run_clusters (run, place, size, cluster) VALUES ";
    AssertSqlSafe(format!("{head}{}", values(rows, 4)))
}
