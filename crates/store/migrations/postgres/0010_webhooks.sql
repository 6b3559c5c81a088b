-- What is told to portals: to which addresses, what, and how far that has come. Moments are milliseconds since 1970 (UTC).

-- Addresses. Region and scopes are those of the key to which each belongs; whoever holds that key holds the address.
CREATE TABLE webhook_endpoints (
    number        BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    api_key       BIGINT NOT NULL REFERENCES api_keys (number),
    url           TEXT COLLATE "C"    NOT NULL,
    description   TEXT COLLATE "C"    NOT NULL,
    events        TEXT COLLATE "C"    NOT NULL, -- types, separated by blanks
    state         TEXT COLLATE "C"    NOT NULL CHECK (state IN ('enabled', 'disabled', 'removed')),
    reason        TEXT COLLATE "C",             -- why it is disabled: asked, gone, failing
    failures      BIGINT NOT NULL, -- attempts that failed since the last that did not
    failing_since BIGINT,
    rest_until    BIGINT NOT NULL, -- nothing is sent there before
    key_id        TEXT COLLATE "C",             -- the secret that messages are signed with, sealed; none once it is removed
    sealed        TEXT COLLATE "C",
    old_key_id    TEXT COLLATE "C",             -- the one before it, which signs too until then
    old_sealed    TEXT COLLATE "C",
    old_until     BIGINT,
    created_at    BIGINT NOT NULL,
    changed_at    BIGINT NOT NULL
);

CREATE INDEX webhook_endpoints_by_key ON webhook_endpoints (api_key);

-- What is told, without personal data: the body as it is sent and signed.
CREATE TABLE webhook_messages (
    number      BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id          TEXT COLLATE "C"    NOT NULL UNIQUE,
    type        TEXT COLLATE "C"    NOT NULL,
    body        TEXT COLLATE "C"    NOT NULL,
    occurred_at BIGINT NOT NULL
);

-- A message on its way to an address. `turn` tells servers apart that send it: only the later one writes what came of it.
CREATE TABLE webhook_deliveries (
    number      BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    endpoint    BIGINT NOT NULL REFERENCES webhook_endpoints (number),
    message     BIGINT NOT NULL REFERENCES webhook_messages (number),
    state       TEXT COLLATE "C"    NOT NULL CHECK (state IN ('pending', 'delivered', 'dead')),
    attempts    BIGINT NOT NULL,
    next_at     BIGINT NOT NULL,
    server      TEXT COLLATE "C"    NOT NULL, -- who sends it, until the lease ends; empty: nobody
    lease_until BIGINT NOT NULL,
    turn        BIGINT NOT NULL,
    tried_at    BIGINT,
    status      BIGINT,          -- of the last answer
    fault       TEXT COLLATE "C",             -- why the last attempt failed; nothing of what was answered
    created_at  BIGINT NOT NULL,
    ended_at    BIGINT
);

CREATE INDEX webhook_deliveries_by_time ON webhook_deliveries (state, next_at);
CREATE INDEX webhook_deliveries_by_endpoint ON webhook_deliveries (endpoint, state, number);
CREATE INDEX webhook_deliveries_by_message ON webhook_deliveries (message);

-- Up to where of the change list portals have been told of needs: those of this run from this need on are still to come. One row, from the first run on.
CREATE TABLE webhook_announced (
    one  BIGINT NOT NULL PRIMARY KEY CHECK (one = 1),
    run  BIGINT NOT NULL,
    need BIGINT NOT NULL
);
