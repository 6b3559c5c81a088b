-- Who may call the API. Moments are milliseconds since 1970 (UTC).

-- Those who hold keys: a portal, an association's system. Name, purpose and region are those of the first key and never change, so that
-- old entries elsewhere that name a holder stay true.
CREATE TABLE holders (
    number     INTEGER PRIMARY KEY AUTOINCREMENT,
    name       TEXT    NOT NULL UNIQUE,
    purpose    TEXT    NOT NULL,
    region     TEXT,             -- six digits; none: every region
    created_at INTEGER NOT NULL
) STRICT;

-- Keys are revoked, never deleted. Only the digest of a secret is here. `used` counts the requests of the day `used_on`; it and
-- `last_used_at` are written once a minute at most.
CREATE TABLE api_keys (
    number       INTEGER PRIMARY KEY AUTOINCREMENT,
    holder       INTEGER NOT NULL REFERENCES holders (number),
    digest       TEXT    NOT NULL, -- BLAKE3, hexadecimal
    scopes       TEXT    NOT NULL, -- separated by blanks
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL,
    revoked_at   INTEGER,
    last_used_at INTEGER,
    used_on      TEXT,             -- 2026-03-01
    used         INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE INDEX api_keys_by_holder ON api_keys (holder);
