-- Records, contacts, outbox and runs. Moments are milliseconds since 1970 (UTC); a kind is its English singular (`need`).
-- The large column stands last in each table, so that reading the others does not touch its overflow pages.

-- The last number handed out in each registry. Numbers are never reused.
CREATE TABLE numbers (
    kind TEXT    NOT NULL PRIMARY KEY,
    last INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What a record says, without personal data. Not WITHOUT ROWID: profiles are far larger than SQLite advises for that.
CREATE TABLE records (
    kind        TEXT    NOT NULL,
    number      INTEGER NOT NULL,
    external_id TEXT    NOT NULL,
    revision    INTEGER NOT NULL,
    status      TEXT    NOT NULL,
    created_at  INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL,
    profile     TEXT    NOT NULL, -- JSON
    PRIMARY KEY (kind, number),
    UNIQUE (kind, external_id)
) STRICT;

-- Lists walk one status in order of number; counts are answered from this index alone.
CREATE INDEX records_by_status ON records (kind, status, number, updated_at);

-- Personal data, and nowhere else. No row when nothing is known.
CREATE TABLE contacts (
    kind     TEXT    NOT NULL,
    number   INTEGER NOT NULL,
    person   TEXT,
    mobile   TEXT,
    phone    TEXT,
    fax      TEXT,
    email    TEXT,
    address  TEXT,
    postcode TEXT,
    PRIMARY KEY (kind, number),
    FOREIGN KEY (kind, number) REFERENCES records (kind, number) ON DELETE CASCADE
) STRICT;

-- Who made which achievement. `expert` is the expert's external identifier; that expert may arrive later, or never.
CREATE TABLE inventors (
    achievement INTEGER NOT NULL,
    position    INTEGER NOT NULL,
    name        TEXT    NOT NULL,
    expert      TEXT,
    PRIMARY KEY (achievement, position)
) STRICT, WITHOUT ROWID;

CREATE INDEX inventors_by_expert ON inventors (expert, achievement) WHERE expert IS NOT NULL;

-- Records to look at again for whoever derives something from them, in order of commit.
-- That `seq` follows the order of commit rests on there being one writer at a time.
CREATE TABLE outbox (
    seq    INTEGER PRIMARY KEY AUTOINCREMENT,
    kind   TEXT    NOT NULL,
    number INTEGER NOT NULL
) STRICT;

-- Re-matches of all open needs. `publication` counts published runs; the totals are known once published.
CREATE TABLE runs (
    number              INTEGER PRIMARY KEY AUTOINCREMENT,
    business_date       TEXT    NOT NULL, -- 2026-03-01
    state               TEXT    NOT NULL CHECK (state IN ('running', 'published', 'abandoned')),
    opened_at           INTEGER NOT NULL,
    published_at        INTEGER,
    publication         INTEGER UNIQUE,
    needs               INTEGER,
    needs_without_match INTEGER,
    matches             INTEGER,
    configuration       TEXT    NOT NULL
) STRICT;

CREATE TABLE run_matches (
    run           INTEGER NOT NULL REFERENCES runs (number),
    need          INTEGER NOT NULL,
    target_kind   TEXT    NOT NULL,
    rank          INTEGER NOT NULL,
    target_number INTEGER NOT NULL,
    score         REAL    NOT NULL,
    explanation   TEXT    NOT NULL, -- JSON
    PRIMARY KEY (run, need, target_kind, rank)
) STRICT;

-- The run that people see: one row at most.
CREATE TABLE current_run (
    one INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    run INTEGER NOT NULL REFERENCES runs (number)
) STRICT;
