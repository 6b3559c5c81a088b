//! SQL text about holders and their keys.

macro_rules! keys {
    ($condition:literal) => {
        concat!(
            "SELECT k.number, h.name, h.purpose, h.region, k.digest, k.scopes, k.created_at, k.expires_at, k.revoked_at,",
            " k.last_used_at, k.used_on, k.used FROM api_keys k JOIN holders h ON h.number = k.holder WHERE ",
            $condition
        )
    };
}

/// Takes an existing holder's row as a write: two who make keys for one holder wait for each other.
pub(crate) const HOLDER: &str =
    "INSERT INTO holders (name, purpose, region, created_at) VALUES ($1, $2, $3, $4)
    ON CONFLICT (name) DO UPDATE SET name = holders.name RETURNING number, purpose, region";
pub(crate) const HOLDER_OF_NAME: &str = "SELECT number, purpose, region FROM holders WHERE name = $1";
pub(crate) const LIVE_KEYS: &str = "SELECT number FROM api_keys WHERE holder = $1 AND revoked_at IS NULL AND expires_at > $2 ORDER BY number";
pub(crate) const ADD_KEY: &str = "INSERT INTO api_keys (holder, digest, scopes, created_at, expires_at)
    VALUES ($1, '', $2, $3, $4) RETURNING number";
pub(crate) const SET_DIGEST: &str = "UPDATE api_keys SET digest = $2 WHERE number = $1";
pub(crate) const KEY: &str = keys!("k.number = $1");
pub(crate) const KEYS: &str = keys!("k.number > $1 ORDER BY k.number LIMIT $2");
/// What became of every key.
pub(crate) const FATES: &str = "SELECT number, digest, revoked_at FROM api_keys";
/// The first revocation counts.
pub(crate) const REVOKE_KEY: &str =
    "UPDATE api_keys SET revoked_at = $2 WHERE number = $1 AND revoked_at IS NULL";
pub(crate) const ADD_USE: &str = "UPDATE api_keys SET last_used_at = $2,
    used = CASE WHEN used_on = $3 THEN used + $4 ELSE $4 END, used_on = $3 WHERE number = $1";
