//! SQL about the last numbers that a database has given.

pub(crate) const RECORDS: &str = "SELECT kind AS name, last FROM numbers";
/// The outbox counts on by itself: a gap in it looks like what has been pruned.
pub(crate) const ROWS_SQLITE: &str = "SELECT CAST(name AS TEXT) AS name, CAST(seq AS INTEGER) AS last FROM sqlite_sequence WHERE name <> 'outbox'";
/// Asked for in the list of what is selected, so that nothing but tables that are numbered are asked for their sequences.
pub(crate) const ROWS_POSTGRES: &str = "SELECT t.relname::text AS name,
        pg_sequence_last_value(pg_get_serial_sequence(quote_ident(t.relname), 'number')::regclass) AS last
    FROM pg_class t JOIN pg_attribute a ON a.attrelid = t.oid AND a.attname = 'number' AND a.attidentity <> ''
    WHERE t.relnamespace = to_regnamespace(current_schema()) AND t.relkind = 'r'";

/// A table that has never had a row is not in that list.
pub(crate) const PASS_ROW_SQLITE: [&str; 2] = [
    "UPDATE sqlite_sequence SET seq = $2 WHERE name = $1 AND seq < $2",
    "INSERT INTO sqlite_sequence (name, seq) SELECT $1, $2
        WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = $1)",
];
pub(crate) const PASS_ROW_POSTGRES: &str = "SELECT setval(s.name, GREATEST($2, COALESCE(pg_sequence_last_value(s.name), 0)))
    FROM (SELECT pg_get_serial_sequence(quote_ident($1), 'number')::regclass AS name) s WHERE s.name IS NOT NULL";
