-- Who may call the API. Moments are milliseconds since 1970 (UTC).

-- Those who hold keys: a portal, an association's system. Name, purpose and region are those of the first key and never change, so that
-- old entries elsewhere that name a holder stay true.
CREATE TABLE holders (
    number     BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name       TEXT COLLATE "C" NOT NULL UNIQUE,
    purpose    TEXT COLLATE "C" NOT NULL,
    region     TEXT COLLATE "C",         -- six digits; none: every region
    created_at BIGINT           NOT NULL
);

-- Keys are revoked, never deleted. Only the digest of a secret is here. `used` counts the requests of the day `used_on`; it and
-- `last_used_at` are written once a minute at most.
CREATE TABLE api_keys (
    number       BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    holder       BIGINT           NOT NULL REFERENCES holders (number),
    digest       TEXT COLLATE "C" NOT NULL, -- BLAKE3, hexadecimal
    scopes       TEXT COLLATE "C" NOT NULL, -- separated by blanks
    created_at   BIGINT           NOT NULL,
    expires_at   BIGINT           NOT NULL,
    revoked_at   BIGINT,
    last_used_at BIGINT,
    used_on      TEXT COLLATE "C",          -- 2026-03-01
    used         BIGINT           NOT NULL DEFAULT 0
);

CREATE INDEX api_keys_by_holder ON api_keys (holder);
