-- Writes that a caller may send again, and long work. Moments are milliseconds since 1970 (UTC).

-- What came of a write that was sent with a text of the caller's: a reference, never the answer itself. Both digests are BLAKE3,
-- hexadecimal; that of the request lies under the caller's own secret, so that nobody can guess from it what was sent.
CREATE TABLE tickets (
    api_key     INTEGER NOT NULL,
    text        TEXT    NOT NULL,
    request     TEXT    NOT NULL,
    receipt     TEXT    NOT NULL, -- `record need-42 3`, `feedback 7`, `key 5`, `operation 9`
    redeemed_at INTEGER NOT NULL,
    PRIMARY KEY (api_key, text)
) STRICT, WITHOUT ROWID;

CREATE INDEX tickets_by_age ON tickets (redeemed_at);

-- Long work that was asked for over the API, and what came of it. Rows are kept for some days after the end.
CREATE TABLE operations (
    number     INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    what       TEXT    NOT NULL, -- import, index_rebuild
    registry   TEXT,             -- none: every registry
    options    TEXT    NOT NULL, -- JSON: how it is to be done
    state      TEXT    NOT NULL CHECK (state IN ('waiting', 'running', 'succeeded', 'failed', 'cancelled')),
    cancelling INTEGER NOT NULL, -- 1: somebody wants it to stop
    api_key    INTEGER NOT NULL, -- who asked
    holder     TEXT    NOT NULL,
    region     TEXT,             -- of the key; none: every region
    origin     TEXT    NOT NULL, -- address and number of the request, for the audit log
    request    TEXT    NOT NULL,
    server     TEXT    NOT NULL, -- the data directory that has its file, and whose index it is about: only there it can be done
    file       TEXT,             -- in that directory, under a key; none once it has ended
    size       INTEGER NOT NULL, -- bytes of the file before they were sealed
    turn       INTEGER NOT NULL, -- how often it was begun: of two who work on it only the later one writes
    row_count  INTEGER NOT NULL, -- rows dealt with; they move in the transaction that writes them
    byte_count INTEGER NOT NULL,
    began_at   INTEGER,          -- when it was last begun, and how far it was then
    began_from INTEGER NOT NULL,
    report     TEXT,             -- JSON: what it has come to so far, without contacts
    problem    TEXT,             -- JSON: why it failed
    created_at INTEGER NOT NULL,
    started_at INTEGER,
    ended_at   INTEGER
) STRICT;

CREATE INDEX operations_by_server ON operations (server, state, number);
CREATE INDEX operations_by_holder ON operations (holder, number);
