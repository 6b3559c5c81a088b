-- The re-match in batches, by frozen statistics, without rewriting what did not change. Moments are milliseconds since 1970 (UTC).
-- What runs found so far is derived data in another form: it goes, and the next run finds it again.

DROP TABLE run_matches;
DELETE FROM current_run;
DELETE FROM run_clusters;
DELETE FROM runs;

-- One run at a time, in all processes on all machines.
ALTER TABLE runs ADD COLUMN epoch    INTEGER NOT NULL DEFAULT 0; -- the statistics that it ranks by
ALTER TABLE runs ADD COLUMN base     INTEGER;                    -- the published run on which it builds; none: there was none
ALTER TABLE runs ADD COLUMN position INTEGER NOT NULL DEFAULT 0; -- up to where of the outbox every index that serves it has read
ALTER TABLE runs ADD COLUMN whole    INTEGER NOT NULL DEFAULT 1; -- 1: every need is ranked anew, whatever has changed
CREATE UNIQUE INDEX one_running_run ON runs (state) WHERE state = 'running';

-- Statistics that every score of an epoch's runs shares, in parts that are small enough for a row each.
CREATE TABLE epochs (
    number    INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    key       TEXT    NOT NULL, -- what must be the same for a run to go on by these statistics
    sizes     TEXT    NOT NULL, -- JSON: live documents of each registry at that time
    opened_at INTEGER NOT NULL,
    parts     INTEGER NOT NULL  -- 0 until all of them are there
) STRICT;

CREATE TABLE epoch_parts (
    epoch INTEGER NOT NULL REFERENCES epochs (number),
    part  INTEGER NOT NULL,
    bytes BLOB    NOT NULL,
    PRIMARY KEY (epoch, part)
) STRICT;

-- The work of the run that is under way, by ranges of numbers of needs. Whoever works on one holds it until `held_until`; of two who do,
-- only the one with the later `token` writes.
CREATE TABLE run_batches (
    run                 INTEGER NOT NULL REFERENCES runs (number),
    batch               INTEGER NOT NULL,
    what                TEXT    NOT NULL, -- needs, clusters
    after_need          INTEGER NOT NULL,
    up_to_need          INTEGER NOT NULL,
    state               TEXT    NOT NULL CHECK (state IN ('waiting', 'held', 'done')),
    holder              TEXT,
    token               INTEGER NOT NULL,
    held_until          INTEGER NOT NULL,
    needs               INTEGER NOT NULL,
    needs_without_match INTEGER NOT NULL,
    matches             INTEGER NOT NULL,
    ranked              INTEGER NOT NULL, -- lists that were ranked from the beginning
    written             INTEGER NOT NULL, -- lists that differ from those of the run before
    PRIMARY KEY (run, batch)
) STRICT;

CREATE INDEX run_batches_by_state ON run_batches (run, state, batch);

-- What was found for a need in a registry, from the run `since` on until a later run has another list for it.
CREATE TABLE match_lists (
    need        INTEGER NOT NULL,
    target_kind TEXT    NOT NULL,
    since       INTEGER NOT NULL,
    places      BLOB    NOT NULL, -- numbers, scores and their parts, best first; see `lists.rs`
    PRIMARY KEY (need, target_kind, since)
) STRICT;

CREATE INDEX match_lists_by_run ON match_lists (since, need, target_kind);

-- What of a need's list changed from one run to the next, and why.
CREATE TABLE match_changes (
    run         INTEGER NOT NULL,
    need        INTEGER NOT NULL,
    target_kind TEXT    NOT NULL,
    changes     BLOB    NOT NULL, -- targets with their places before and now; see `changes.rs`
    PRIMARY KEY (run, need, target_kind)
) STRICT;
