//! SQL about PostgreSQL's tables as a whole: which there are, and their rows out and in.

use sqlx::AssertSqlSafe;

/// The tables in such an order that those which others refer to come first; each with its columns and the last number drawn for it.
pub(crate) const TABLES: &str = "WITH RECURSIVE own AS (
        SELECT oid, relname FROM pg_class
        WHERE relnamespace = to_regnamespace(current_schema()) AND relkind = 'r' AND relname <> '_sqlx_migrations'
    ), deep (oid, depth) AS (
        SELECT oid, 0 FROM own
        UNION ALL
        SELECT c.conrelid, deep.depth + 1 FROM deep
        JOIN pg_constraint c ON c.confrelid = deep.oid AND c.contype = 'f' AND c.conrelid <> c.confrelid
    )
    SELECT own.relname::text AS name,
        ARRAY(SELECT a.attname::text FROM pg_attribute a
            WHERE a.attrelid = own.oid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum) AS columns,
        (SELECT pg_sequence_last_value(d.objid) FROM pg_depend d
            WHERE d.refobjid = own.oid AND d.deptype = 'i' AND d.classid = 'pg_class'::regclass
                AND EXISTS (SELECT 1 FROM pg_class s WHERE s.oid = d.objid AND s.relkind = 'S')) AS drawn
    FROM own JOIN deep USING (oid) GROUP BY own.oid, own.relname ORDER BY MAX(deep.depth), own.relname";
/// Whether there is anything that is not an extension's.
pub(crate) const ANY: &str = "SELECT EXISTS (SELECT 1 FROM pg_class c
    WHERE c.relnamespace = to_regnamespace(current_schema())
        AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = c.oid AND d.classid = 'pg_class'::regclass AND d.deptype = 'e'))";
pub(crate) const VERSION: &str = "SELECT MAX(version) FROM _sqlx_migrations";
/// Written anew, a table has another file.
pub(crate) const STATISTICS_FILE: &str = "SELECT pg_relation_filenode('pg_catalog.pg_statistic')::bigint";
/// One moment for all that is read.
pub(crate) const ONE_MOMENT: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
/// A whole table takes as long as it takes.
pub(crate) const TAKE_TIME: &str = "SET LOCAL statement_timeout = 0";
/// Numbers are drawn after this one.
pub(crate) const DRAW_ON: &str = "SELECT setval(pg_get_serial_sequence(quote_ident($1), 'number'), $2)";

/// `table` is quoted, with its columns.
pub(crate) fn copy_out(table: &str) -> String {
    format!("COPY {table} TO STDOUT")
}

/// `table` is quoted, with its columns.
pub(crate) fn copy_in(table: &str) -> String {
    format!("COPY {table} FROM STDIN")
}

/// The guards of a table look at single changes; a copy that is put in whole is none. They are there again before anybody sees the table.
pub(crate) fn guard(name: &str, on: bool) -> AssertSqlSafe<String> {
    let what = if on { "ENABLE" } else { "DISABLE" };
    AssertSqlSafe(format!("ALTER TABLE \"{name}\" {what} TRIGGER USER"))
}

/// What a step of the schema has put into a table by itself.
pub(crate) fn empty(name: &str) -> AssertSqlSafe<String> {
    AssertSqlSafe(format!("DELETE FROM \"{name}\""))
}
