-- What staff judge of pairs, and what became of pairs that were proposed. Moments are milliseconds since 1970 (UTC).

-- How well a candidate answers a need in the eyes of one judge: 4 highly relevant, 3 relevant, 2 weakly, 1 not at all.
CREATE TABLE judgements (
    need          BIGINT           NOT NULL,
    target_kind   TEXT COLLATE "C" NOT NULL,
    target_number BIGINT           NOT NULL,
    judge         TEXT COLLATE "C" NOT NULL,
    level         BIGINT           NOT NULL CHECK (level BETWEEN 1 AND 4),
    judged_at     BIGINT           NOT NULL, -- when it was read in
    source        TEXT COLLATE "C" NOT NULL, -- digest of the file that it was read from
    note          TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (need, target_kind, target_number, judge)
);

-- What became of a proposed pair. Rows are only ever added; of several about one pair the last one holds.
CREATE TABLE feedback (
    number        BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    need          BIGINT           NOT NULL,
    target_kind   TEXT COLLATE "C" NOT NULL,
    target_number BIGINT           NOT NULL,
    decision      TEXT COLLATE "C" NOT NULL,
    decided_on    TEXT COLLATE "C",         -- 2026-03-01
    recorded_at   BIGINT           NOT NULL,
    reason        TEXT COLLATE "C" NOT NULL,
    comment       TEXT COLLATE "C" NOT NULL,
    seen          TEXT COLLATE "C" NOT NULL -- JSON: rank, total and parts of the score when it was given
);

CREATE INDEX feedback_by_need ON feedback (need, number);
CREATE INDEX feedback_by_target ON feedback (target_kind, target_number, number);
