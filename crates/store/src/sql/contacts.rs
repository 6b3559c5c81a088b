//! SQL about contacts and the keys that they lie under.

pub(crate) const BY_KEY: &str = "SELECT key_id, COUNT(*) FROM contacts GROUP BY key_id ORDER BY key_id";
pub(crate) const ANY_SEALED: &str = "SELECT key_id FROM contacts LIMIT 1";
/// Some that lie under another key than this one, after a place: what cannot be opened is passed by once.
pub(crate) const UNDER_OTHERS: &str = "SELECT kind, number, key_id, sealed FROM contacts
    WHERE key_id <> $1 AND (kind, number) > ($2, $3) ORDER BY kind, number LIMIT $4";
/// Some of those that lie under this key.
pub(crate) const UNDER: &str =
    "SELECT kind, number FROM contacts WHERE key_id = $1 ORDER BY kind, number LIMIT $2";
/// The key that sealed last.
pub(crate) const LAST_KEY: &str = "SELECT key_id FROM sealing_key";
pub(crate) const SET_LAST_KEY: &str = "INSERT INTO sealing_key (one, key_id) VALUES (1, $1)
    ON CONFLICT (one) DO UPDATE SET key_id = excluded.key_id";
pub(crate) const SEAL_AGAIN: &str =
    "UPDATE contacts SET key_id = $3, sealed = $4 WHERE kind = $1 AND number = $2";

pub(crate) const SQLITE_PLAIN_TABLE: &str =
    "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'plain_contacts'";
pub(crate) const PLAIN: &str = "SELECT kind, number, person, mobile, phone, fax, email, address, postcode
    FROM plain_contacts LIMIT $1";
pub(crate) const DELETE_PLAIN: &str = "DELETE FROM plain_contacts WHERE kind = $1 AND number = $2";
/// Another process may have come to the same end.
pub(crate) const DROP_PLAIN: &str = "DROP TABLE IF EXISTS plain_contacts";
