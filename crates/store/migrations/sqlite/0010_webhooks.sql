-- What is told to portals: to which addresses, what, and how far that has come. Moments are milliseconds since 1970 (UTC).

-- Addresses. Region and scopes are those of the key to which each belongs; whoever holds that key holds the address.
CREATE TABLE webhook_endpoints (
    number        INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    api_key       INTEGER NOT NULL REFERENCES api_keys (number),
    url           TEXT    NOT NULL,
    description   TEXT    NOT NULL,
    events        TEXT    NOT NULL, -- types, separated by blanks
    state         TEXT    NOT NULL CHECK (state IN ('enabled', 'disabled', 'removed')),
    reason        TEXT,             -- why it is disabled: asked, gone, failing
    failures      INTEGER NOT NULL, -- attempts that failed since the last that did not
    failing_since INTEGER,
    rest_until    INTEGER NOT NULL, -- nothing is sent there before
    key_id        TEXT,             -- the secret that messages are signed with, sealed; none once it is removed
    sealed        TEXT,
    old_key_id    TEXT,             -- the one before it, which signs too until then
    old_sealed    TEXT,
    old_until     INTEGER,
    created_at    INTEGER NOT NULL,
    changed_at    INTEGER NOT NULL
) STRICT;

CREATE INDEX webhook_endpoints_by_key ON webhook_endpoints (api_key);

-- What is told, without personal data: the body as it is sent and signed.
CREATE TABLE webhook_messages (
    number      INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    id          TEXT    NOT NULL UNIQUE,
    type        TEXT    NOT NULL,
    body        TEXT    NOT NULL,
    occurred_at INTEGER NOT NULL
) STRICT;

-- A message on its way to an address. `turn` tells servers apart that send it: only the later one writes what came of it.
CREATE TABLE webhook_deliveries (
    number      INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    endpoint    INTEGER NOT NULL REFERENCES webhook_endpoints (number),
    message     INTEGER NOT NULL REFERENCES webhook_messages (number),
    state       TEXT    NOT NULL CHECK (state IN ('pending', 'delivered', 'dead')),
    attempts    INTEGER NOT NULL,
    next_at     INTEGER NOT NULL,
    server      TEXT    NOT NULL, -- who sends it, until the lease ends; empty: nobody
    lease_until INTEGER NOT NULL,
    turn        INTEGER NOT NULL,
    tried_at    INTEGER,
    status      INTEGER,          -- of the last answer
    fault       TEXT,             -- why the last attempt failed; nothing of what was answered
    created_at  INTEGER NOT NULL,
    ended_at    INTEGER
) STRICT;

CREATE INDEX webhook_deliveries_by_time ON webhook_deliveries (state, next_at);
CREATE INDEX webhook_deliveries_by_endpoint ON webhook_deliveries (endpoint, state, number);
CREATE INDEX webhook_deliveries_by_message ON webhook_deliveries (message);

-- Up to where of the change list portals have been told of needs: those of this run from this need on are still to come. One row, from the first run on.
CREATE TABLE webhook_announced (
    one  INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    run  INTEGER NOT NULL,
    need INTEGER NOT NULL
) STRICT;
