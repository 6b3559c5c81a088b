-- Records, contacts, outbox and runs. Moments are milliseconds since 1970 (UTC); a kind is its English singular (`need`).
-- Every text is compared and sorted by its bytes, whatever the language of the database.

-- The last number handed out in each registry. Numbers are never reused.
CREATE TABLE numbers (
    kind TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    last BIGINT           NOT NULL
);

-- What a record says, without personal data.
CREATE TABLE records (
    kind        TEXT COLLATE "C" NOT NULL,
    number      BIGINT           NOT NULL,
    external_id TEXT COLLATE "C" NOT NULL,
    revision    BIGINT           NOT NULL,
    status      TEXT COLLATE "C" NOT NULL,
    created_at  BIGINT           NOT NULL,
    updated_at  BIGINT           NOT NULL,
    profile     TEXT COLLATE "C" NOT NULL, -- JSON
    PRIMARY KEY (kind, number),
    UNIQUE (kind, external_id)
);

-- Lists walk one status in order of number; counts are answered from this index alone.
CREATE INDEX records_by_status ON records (kind, status, number, updated_at);

-- Personal data, and nowhere else. No row when nothing is known.
CREATE TABLE contacts (
    kind     TEXT COLLATE "C" NOT NULL,
    number   BIGINT           NOT NULL,
    person   TEXT COLLATE "C",
    mobile   TEXT COLLATE "C",
    phone    TEXT COLLATE "C",
    fax      TEXT COLLATE "C",
    email    TEXT COLLATE "C",
    address  TEXT COLLATE "C",
    postcode TEXT COLLATE "C",
    PRIMARY KEY (kind, number),
    FOREIGN KEY (kind, number) REFERENCES records (kind, number) ON DELETE CASCADE
);

-- Who made which achievement. `expert` is the expert's external identifier; that expert may arrive later, or never.
CREATE TABLE inventors (
    achievement BIGINT           NOT NULL,
    position    BIGINT           NOT NULL,
    name        TEXT COLLATE "C" NOT NULL,
    expert      TEXT COLLATE "C",
    PRIMARY KEY (achievement, position)
);

CREATE INDEX inventors_by_expert ON inventors (expert, achievement) WHERE expert IS NOT NULL;

-- Records to look at again for whoever derives something from them, in order of commit.
-- That `seq` follows the order of commit rests on there being one writer at a time. Writers count on from the last one instead of drawing
-- from a sequence, which would leave gaps where a transaction is rolled back; a gap looks like what has been pruned.
CREATE TABLE outbox (
    seq    BIGINT           NOT NULL PRIMARY KEY,
    kind   TEXT COLLATE "C" NOT NULL,
    number BIGINT           NOT NULL
);

-- Re-matches of all open needs. `publication` counts published runs; the totals are known once published.
CREATE TABLE runs (
    number              BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    business_date       TEXT COLLATE "C" NOT NULL, -- 2026-03-01
    state               TEXT COLLATE "C" NOT NULL CHECK (state IN ('running', 'published', 'abandoned')),
    opened_at           BIGINT           NOT NULL,
    published_at        BIGINT,
    publication         BIGINT           UNIQUE,
    needs               BIGINT,
    needs_without_match BIGINT,
    matches             BIGINT,
    configuration       TEXT COLLATE "C" NOT NULL
);

CREATE TABLE run_matches (
    run           BIGINT           NOT NULL REFERENCES runs (number),
    need          BIGINT           NOT NULL,
    target_kind   TEXT COLLATE "C" NOT NULL,
    rank          BIGINT           NOT NULL,
    target_number BIGINT           NOT NULL,
    score         DOUBLE PRECISION NOT NULL,
    explanation   TEXT COLLATE "C" NOT NULL, -- JSON
    PRIMARY KEY (run, need, target_kind, rank)
);

-- The run that people see: one row at most.
CREATE TABLE current_run (
    one BIGINT NOT NULL PRIMARY KEY CHECK (one = 1),
    run BIGINT NOT NULL REFERENCES runs (number)
);
