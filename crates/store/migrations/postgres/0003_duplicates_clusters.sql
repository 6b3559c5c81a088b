-- Needs that say nearly the same, and clusters of needs that share a problem.

-- Needs whose text is new or has changed since it was compared with the others. Whoever writes a need puts a row here in the same
-- transaction; whoever compares takes it away with what was found.
CREATE TABLE uncompared_needs (
    need BIGINT NOT NULL PRIMARY KEY
);

-- By which method the others were compared. A program that knows another one, or finds none here, has all compared again.
CREATE TABLE comparison_method (
    one    BIGINT           NOT NULL PRIMARY KEY CHECK (one = 1),
    method TEXT COLLATE "C" NOT NULL
);

-- The keys under which a compared need is found by its like; to take it out of `need_bands` again.
CREATE TABLE need_sketches (
    need  BIGINT NOT NULL PRIMARY KEY,
    bands BYTEA  NOT NULL -- eight bytes each, most significant first
);

CREATE TABLE need_bands (
    band BIGINT NOT NULL,
    need BIGINT NOT NULL,
    PRIMARY KEY (band, need)
);

-- Two needs that say nearly the same; `first` < `second`. Shares and likeness are between 0 and 1.
CREATE TABLE need_pairs (
    first        BIGINT           NOT NULL,
    second       BIGINT           NOT NULL,
    reason       TEXT COLLATE "C" NOT NULL,
    likeness     DOUBLE PRECISION NOT NULL,
    first_share  DOUBLE PRECISION NOT NULL, -- of the first one's text, how much stands in the second
    second_share DOUBLE PRECISION NOT NULL,
    PRIMARY KEY (first, second)
);

CREATE INDEX need_pairs_by_second ON need_pairs (second, first);

-- Clusters of needs that share a problem, as of a run; those of the most enterprises first.
CREATE TABLE run_clusters (
    run     BIGINT           NOT NULL REFERENCES runs (number),
    place   BIGINT           NOT NULL,
    size    BIGINT           NOT NULL, -- enterprises
    cluster TEXT COLLATE "C" NOT NULL, -- JSON
    PRIMARY KEY (run, place)
);
