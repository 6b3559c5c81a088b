-- Who did what (audit), contacts under a key, whom nobody may bring back (erasures), and work that is still to be done on the files.

-- Rows are only ever added. `hash` is a digest of the row and of `previous`, the hash of the row before it.
CREATE TABLE audit (
    seq        INTEGER NOT NULL PRIMARY KEY,
    at         INTEGER NOT NULL,
    actor_kind TEXT    NOT NULL,
    actor      TEXT    NOT NULL,
    origin     TEXT    NOT NULL, -- address; empty on the machine itself
    request    TEXT    NOT NULL, -- identifier of the request; empty when there was none
    action     TEXT    NOT NULL,
    record     TEXT    NOT NULL, -- `need-42`, or a registry; empty when the action is about no record
    result     TEXT    NOT NULL,
    previous   TEXT    NOT NULL,
    hash       TEXT    NOT NULL,
    detail     TEXT    NOT NULL  -- JSON, without personal data
) STRICT;

-- The last row, and the last one that was cut off from the front because it was old enough (0 when none was).
CREATE TABLE audit_ends (
    place TEXT    NOT NULL PRIMARY KEY CHECK (place IN ('anchor', 'head')),
    seq   INTEGER NOT NULL,
    hash  TEXT    NOT NULL
) STRICT;

INSERT INTO audit_ends (place, seq, hash) VALUES ('anchor', 0, ''), ('head', 0, '');

CREATE TRIGGER audit_is_appended_to BEFORE INSERT ON audit
WHEN NOT EXISTS (SELECT 1 FROM audit_ends WHERE place = 'head' AND seq = NEW.seq - 1 AND hash = NEW.previous)
BEGIN SELECT RAISE(ABORT, 'the audit log is appended to at its end'); END;

CREATE TRIGGER audit_is_never_changed BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit log is never changed'); END;

-- Rows go only once the anchor is past them, and the anchor never passes a row that is younger than 183 days.
CREATE TRIGGER audit_is_cut_up_to_the_anchor BEFORE DELETE ON audit
WHEN OLD.seq > (SELECT seq FROM audit_ends WHERE place = 'anchor')
BEGIN SELECT RAISE(ABORT, 'the audit log is never shortened'); END;

CREATE TRIGGER audit_anchor_passes_old_rows_only BEFORE UPDATE ON audit_ends
WHEN OLD.place = 'anchor' AND (
    NEW.place <> 'anchor' OR NEW.seq <= OLD.seq
    OR NOT EXISTS (SELECT 1 FROM audit WHERE seq = NEW.seq AND hash = NEW.hash)
    OR EXISTS (SELECT 1 FROM audit WHERE seq <= NEW.seq
        AND at > (CAST(strftime('%s', 'now') AS INTEGER) - 183 * 86400) * 1000))
BEGIN SELECT RAISE(ABORT, 'the audit log keeps what is younger than 183 days'); END;

CREATE TRIGGER audit_head_goes_forward BEFORE UPDATE ON audit_ends
WHEN OLD.place = 'head' AND (NEW.place <> 'head' OR NEW.seq < OLD.seq)
BEGIN SELECT RAISE(ABORT, 'the audit log is never shortened'); END;

CREATE TRIGGER audit_ends_stay BEFORE DELETE ON audit_ends
BEGIN SELECT RAISE(ABORT, 'the audit log is never shortened'); END;

-- Until they are sealed, which is done when the database is opened; the table goes with the last of them.
ALTER TABLE contacts RENAME TO plain_contacts;

-- Personal data, and nowhere else: all values of a contact as one text under a key. No row when nothing is known.
CREATE TABLE contacts (
    kind   TEXT    NOT NULL,
    number INTEGER NOT NULL,
    key_id TEXT    NOT NULL,
    sealed TEXT    NOT NULL, -- base64: nonce, then ciphertext
    PRIMARY KEY (kind, number),
    FOREIGN KEY (kind, number) REFERENCES records (kind, number) ON DELETE CASCADE
) STRICT;

CREATE INDEX contacts_by_key ON contacts (key_id);

-- Persons who were erased, by a digest of the identifier that their source gave them, and those who were taken in again: of several
-- rows the latest holds. The same rows stand in the file `erasures` of the data directory.
CREATE TABLE erasures (
    kind   TEXT    NOT NULL,
    digest TEXT    NOT NULL,
    at     INTEGER NOT NULL,
    what   TEXT    NOT NULL CHECK (what IN ('erased', 'readmitted')),
    number INTEGER NOT NULL,
    PRIMARY KEY (kind, digest, at, what)
) STRICT, WITHOUT ROWID;

-- What is still to be done on the files so that nothing erased is left in them: `scrub` for the database, `compact:experts` for an index
-- that holds every change up to `since`.
CREATE TABLE chores (
    name  TEXT    NOT NULL PRIMARY KEY,
    since INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
