-- Writes that a caller may send again, and long work. Moments are milliseconds since 1970 (UTC).

-- What came of a write that was sent with a text of the caller's: a reference, never the answer itself. Both digests are BLAKE3,
-- hexadecimal; that of the request lies under the caller's own secret, so that nobody can guess from it what was sent.
CREATE TABLE tickets (
    api_key     BIGINT           NOT NULL,
    text        TEXT COLLATE "C" NOT NULL,
    request     TEXT COLLATE "C" NOT NULL,
    receipt     TEXT COLLATE "C" NOT NULL, -- `record need-42 3`, `feedback 7`, `key 5`, `operation 9`
    redeemed_at BIGINT           NOT NULL,
    PRIMARY KEY (api_key, text)
);

CREATE INDEX tickets_by_age ON tickets (redeemed_at);

-- Long work that was asked for over the API, and what came of it. Rows are kept for some days after the end.
CREATE TABLE operations (
    number     BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    what       TEXT COLLATE "C" NOT NULL, -- import, index_rebuild
    registry   TEXT COLLATE "C",          -- none: every registry
    options    TEXT COLLATE "C" NOT NULL, -- JSON: how it is to be done
    state      TEXT COLLATE "C" NOT NULL CHECK (state IN ('waiting', 'running', 'succeeded', 'failed', 'cancelled')),
    cancelling BIGINT           NOT NULL, -- 1: somebody wants it to stop
    api_key    BIGINT           NOT NULL, -- who asked
    holder     TEXT COLLATE "C" NOT NULL,
    region     TEXT COLLATE "C",          -- of the key; none: every region
    origin     TEXT COLLATE "C" NOT NULL, -- address and number of the request, for the audit log
    request    TEXT COLLATE "C" NOT NULL,
    server     TEXT COLLATE "C" NOT NULL, -- the data directory that has its file, and whose index it is about: only there it can be done
    file       TEXT COLLATE "C",          -- in that directory, under a key; none once it has ended
    size       BIGINT           NOT NULL, -- bytes of the file before they were sealed
    turn       BIGINT           NOT NULL, -- how often it was begun: of two who work on it only the later one writes
    row_count  BIGINT           NOT NULL, -- rows dealt with; they move in the transaction that writes them
    byte_count BIGINT           NOT NULL,
    began_at   BIGINT,          -- when it was last begun, and how far it was then
    began_from BIGINT           NOT NULL,
    report     TEXT COLLATE "C",          -- JSON: what it has come to so far, without contacts
    problem    TEXT COLLATE "C",          -- JSON: why it failed
    created_at BIGINT           NOT NULL,
    started_at BIGINT,
    ended_at   BIGINT
);

CREATE INDEX operations_by_server ON operations (server, state, number);
CREATE INDEX operations_by_holder ON operations (holder, number);
