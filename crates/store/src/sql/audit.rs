//! SQL about the audit log.

macro_rules! columns {
    () => {
        "seq, at, actor_kind, actor, origin, request, action, record, result, detail, previous, hash"
    };
}
/// Who asks for a record is given the imports into its registry, `$8`, too, and looks into them.
macro_rules! filtered {
    ($from:literal, $order:literal) => {
        concat!(
            "SELECT ",
            columns!(),
            " FROM audit WHERE ",
            $from,
            " AND at >= $2 AND at < $3 AND ($4 = '' OR actor = $4 OR actor_kind = $4)",
            " AND ($5 = '' OR record = $5 OR (record = $8 AND action = 'records.import'))",
            " AND ($6 = '' OR action = $6)",
            $order,
            " LIMIT $7"
        )
    };
}

pub(crate) const TAKE_HEAD: &str = "UPDATE audit_ends SET seq = seq WHERE place = 'head' RETURNING seq, hash";
pub(crate) const END: &str = "SELECT seq, hash FROM audit_ends WHERE place = $1";
pub(crate) const MOVE_END: &str = "UPDATE audit_ends SET seq = $2, hash = $3 WHERE place = $1";
pub(crate) const APPEND: &str = concat!(
    "INSERT INTO audit (",
    columns!(),
    ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)"
);
/// The last of the rows before the first one that is young. A clock that was set back may have left old rows after young ones: they stay.
pub(crate) const LAST_OLD: &str = "SELECT MAX(seq) FROM audit
    WHERE seq < COALESCE((SELECT MIN(seq) FROM audit WHERE at >= $1), (SELECT MAX(seq) + 1 FROM audit))";
pub(crate) const LINK: &str = "SELECT seq, hash FROM audit WHERE seq = $1";
pub(crate) const CUT: &str = "DELETE FROM audit WHERE seq <= $1";
pub(crate) const SLICE: &str =
    concat!("SELECT ", columns!(), " FROM audit WHERE seq > $1 ORDER BY seq LIMIT $2");
pub(crate) const AFTER: &str = filtered!("seq > $1", " ORDER BY seq");
pub(crate) const BEFORE: &str = filtered!("seq < $1", " ORDER BY seq DESC");
pub(crate) const SQLITE_GUARDS: &str = "SELECT name, sql AS text FROM sqlite_master WHERE type = 'trigger' AND tbl_name IN ('audit', 'audit_ends')";
/// Those that are switched off, or on for replicas alone, or for some rows or columns alone, guard nothing.
pub(crate) const POSTGRES_GUARDS: &str =
    "SELECT t.tgname::text AS name, p.proname::text AS function, p.prosrc AS body, t.tgtype::INTEGER AS events
    FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid
    WHERE t.tgrelid IN (to_regclass('audit'), to_regclass('audit_ends')) AND NOT t.tgisinternal
        AND t.tgenabled IN ('O', 'A') AND t.tgqual IS NULL AND t.tgattr::text = ''";
