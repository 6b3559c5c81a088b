-- Needs that say nearly the same, and clusters of needs that share a problem.

-- Needs whose text is new or has changed since it was compared with the others. Whoever writes a need puts a row here in the same
-- transaction; whoever compares takes it away with what was found.
CREATE TABLE uncompared_needs (
    need INTEGER NOT NULL PRIMARY KEY
) STRICT;

-- By which method the others were compared. A program that knows another one, or finds none here, has all compared again.
CREATE TABLE comparison_method (
    one    INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    method TEXT    NOT NULL
) STRICT;

-- The keys under which a compared need is found by its like; to take it out of `need_bands` again.
CREATE TABLE need_sketches (
    need  INTEGER NOT NULL PRIMARY KEY,
    bands BLOB    NOT NULL -- eight bytes each, most significant first
) STRICT;

CREATE TABLE need_bands (
    band INTEGER NOT NULL,
    need INTEGER NOT NULL,
    PRIMARY KEY (band, need)
) STRICT, WITHOUT ROWID;

-- Two needs that say nearly the same; `first` < `second`. Shares and likeness are between 0 and 1.
CREATE TABLE need_pairs (
    first        INTEGER NOT NULL,
    second       INTEGER NOT NULL,
    reason       TEXT    NOT NULL,
    likeness     REAL    NOT NULL,
    first_share  REAL    NOT NULL, -- of the first one's text, how much stands in the second
    second_share REAL    NOT NULL,
    PRIMARY KEY (first, second)
) STRICT, WITHOUT ROWID;

CREATE INDEX need_pairs_by_second ON need_pairs (second, first);

-- Clusters of needs that share a problem, as of a run; those of the most enterprises first.
CREATE TABLE run_clusters (
    run     INTEGER NOT NULL REFERENCES runs (number),
    place   INTEGER NOT NULL,
    size    INTEGER NOT NULL, -- enterprises
    cluster TEXT    NOT NULL, -- JSON
    PRIMARY KEY (run, place)
) STRICT;
