-- What staff judge of pairs, and what became of pairs that were proposed. Moments are milliseconds since 1970 (UTC).

-- How well a candidate answers a need in the eyes of one judge: 4 highly relevant, 3 relevant, 2 weakly, 1 not at all.
CREATE TABLE judgements (
    need          INTEGER NOT NULL,
    target_kind   TEXT    NOT NULL,
    target_number INTEGER NOT NULL,
    judge         TEXT    NOT NULL,
    level         INTEGER NOT NULL CHECK (level BETWEEN 1 AND 4),
    judged_at     INTEGER NOT NULL, -- when it was read in
    source        TEXT    NOT NULL, -- digest of the file that it was read from
    note          TEXT    NOT NULL,
    PRIMARY KEY (need, target_kind, target_number, judge)
) STRICT;

-- What became of a proposed pair. Rows are only ever added; of several about one pair the last one holds.
CREATE TABLE feedback (
    number        INTEGER PRIMARY KEY AUTOINCREMENT,
    need          INTEGER NOT NULL,
    target_kind   TEXT    NOT NULL,
    target_number INTEGER NOT NULL,
    decision      TEXT    NOT NULL,
    decided_on    TEXT,             -- 2026-03-01
    recorded_at   INTEGER NOT NULL,
    reason        TEXT    NOT NULL,
    comment       TEXT    NOT NULL,
    seen          TEXT    NOT NULL  -- JSON: rank, total and parts of the score when it was given
) STRICT;

CREATE INDEX feedback_by_need ON feedback (need, number);
CREATE INDEX feedback_by_target ON feedback (target_kind, target_number, number);
