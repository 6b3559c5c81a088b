-- The re-match in batches, by frozen statistics, without rewriting what did not change. Moments are milliseconds since 1970 (UTC).
-- What runs found so far is derived data in another form: it goes, and the next run finds it again.

DROP TABLE run_matches;
DELETE FROM current_run;
DELETE FROM run_clusters;
DELETE FROM runs;

-- One run at a time, in all processes on all machines.
ALTER TABLE runs ADD COLUMN epoch    BIGINT NOT NULL DEFAULT 0; -- the statistics that it ranks by
ALTER TABLE runs ADD COLUMN base     BIGINT;                    -- the published run on which it builds; none: there was none
ALTER TABLE runs ADD COLUMN position BIGINT NOT NULL DEFAULT 0; -- up to where of the outbox every index that serves it has read
ALTER TABLE runs ADD COLUMN whole    BIGINT NOT NULL DEFAULT 1; -- 1: every need is ranked anew, whatever has changed
CREATE UNIQUE INDEX one_running_run ON runs (state) WHERE state = 'running';

-- Statistics that every score of an epoch's runs shares, in parts that are small enough for a row each.
CREATE TABLE epochs (
    number    BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    key       TEXT COLLATE "C"    NOT NULL, -- what must be the same for a run to go on by these statistics
    sizes     TEXT COLLATE "C"    NOT NULL, -- JSON: live documents of each registry at that time
    opened_at BIGINT NOT NULL,
    parts     BIGINT NOT NULL  -- 0 until all of them are there
);

CREATE TABLE epoch_parts (
    epoch BIGINT NOT NULL REFERENCES epochs (number),
    part  BIGINT NOT NULL,
    bytes BYTEA    NOT NULL,
    PRIMARY KEY (epoch, part)
);

-- The work of the run that is under way, by ranges of numbers of needs. Whoever works on one holds it until `held_until`; of two who do,
-- only the one with the later `token` writes.
CREATE TABLE run_batches (
    run                 BIGINT NOT NULL REFERENCES runs (number),
    batch               BIGINT NOT NULL,
    what                TEXT COLLATE "C"    NOT NULL, -- needs, clusters
    after_need          BIGINT NOT NULL,
    up_to_need          BIGINT NOT NULL,
    state               TEXT COLLATE "C"    NOT NULL CHECK (state IN ('waiting', 'held', 'done')),
    holder              TEXT COLLATE "C",
    token               BIGINT NOT NULL,
    held_until          BIGINT NOT NULL,
    needs               BIGINT NOT NULL,
    needs_without_match BIGINT NOT NULL,
    matches             BIGINT NOT NULL,
    ranked              BIGINT NOT NULL, -- lists that were ranked from the beginning
    written             BIGINT NOT NULL, -- lists that differ from those of the run before
    PRIMARY KEY (run, batch)
);

CREATE INDEX run_batches_by_state ON run_batches (run, state, batch);

-- What was found for a need in a registry, from the run `since` on until a later run has another list for it.
CREATE TABLE match_lists (
    need        BIGINT NOT NULL,
    target_kind TEXT COLLATE "C"    NOT NULL,
    since       BIGINT NOT NULL,
    places      BYTEA    NOT NULL, -- numbers, scores and their parts, best first; see `lists.rs`
    PRIMARY KEY (need, target_kind, since)
);

CREATE INDEX match_lists_by_run ON match_lists (since, need, target_kind);

-- What of a need's list changed from one run to the next, and why.
CREATE TABLE match_changes (
    run         BIGINT NOT NULL,
    need        BIGINT NOT NULL,
    target_kind TEXT COLLATE "C"    NOT NULL,
    changes     BYTEA    NOT NULL, -- targets with their places before and now; see `changes.rs`
    PRIMARY KEY (run, need, target_kind)
);
