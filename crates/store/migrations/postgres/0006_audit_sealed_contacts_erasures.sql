-- Who did what (audit), contacts under a key, whom nobody may bring back (erasures), and work that is still to be done on the files.

-- Rows are only ever added. `hash` is a digest of the row and of `previous`, the hash of the row before it.
CREATE TABLE audit (
    seq        BIGINT           NOT NULL PRIMARY KEY,
    at         BIGINT           NOT NULL,
    actor_kind TEXT COLLATE "C" NOT NULL,
    actor      TEXT COLLATE "C" NOT NULL,
    origin     TEXT COLLATE "C" NOT NULL, -- address; empty on the machine itself
    request    TEXT COLLATE "C" NOT NULL, -- identifier of the request; empty when there was none
    action     TEXT COLLATE "C" NOT NULL,
    record     TEXT COLLATE "C" NOT NULL, -- `need-42`, or a registry; empty when the action is about no record
    result     TEXT COLLATE "C" NOT NULL,
    previous   TEXT COLLATE "C" NOT NULL,
    hash       TEXT COLLATE "C" NOT NULL,
    detail     TEXT COLLATE "C" NOT NULL  -- JSON, without personal data
);

-- The last row, and the last one that was cut off from the front because it was old enough (0 when none was).
CREATE TABLE audit_ends (
    place TEXT COLLATE "C" NOT NULL PRIMARY KEY CHECK (place IN ('anchor', 'head')),
    seq   BIGINT           NOT NULL,
    hash  TEXT COLLATE "C" NOT NULL
);

INSERT INTO audit_ends (place, seq, hash) VALUES ('anchor', 0, ''), ('head', 0, '');

CREATE FUNCTION audit_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NOT EXISTS (SELECT 1 FROM audit_ends WHERE place = 'head' AND seq = NEW.seq - 1 AND hash = NEW.previous) THEN
            RAISE EXCEPTION 'the audit log is appended to at its end';
        END IF;
        RETURN NEW;
    END IF;
    -- Rows go only once the anchor is past them, and the anchor never passes a row that is younger than 183 days.
    IF TG_OP = 'DELETE' AND OLD.seq <= (SELECT seq FROM audit_ends WHERE place = 'anchor') THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'the audit log is never changed';
END $$;

CREATE TRIGGER audit_is_only_added_to BEFORE INSERT OR UPDATE OR DELETE ON audit
FOR EACH ROW EXECUTE FUNCTION audit_guard();

CREATE FUNCTION audit_ends_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR NEW.place <> OLD.place OR NEW.seq < OLD.seq THEN
        RAISE EXCEPTION 'the audit log is never shortened';
    END IF;
    IF OLD.place = 'anchor' AND (
        NEW.seq = OLD.seq
        OR NOT EXISTS (SELECT 1 FROM audit WHERE seq = NEW.seq AND hash = NEW.hash)
        OR EXISTS (SELECT 1 FROM audit WHERE seq <= NEW.seq
            AND at > (EXTRACT(EPOCH FROM now())::BIGINT - 183 * 86400) * 1000))
    THEN
        RAISE EXCEPTION 'the audit log keeps what is younger than 183 days';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER audit_ends_only_go_forward BEFORE UPDATE OR DELETE ON audit_ends
FOR EACH ROW EXECUTE FUNCTION audit_ends_guard();

CREATE FUNCTION audit_is_never_emptied() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit log is never shortened';
END $$;

CREATE TRIGGER audit_is_never_emptied BEFORE TRUNCATE ON audit EXECUTE FUNCTION audit_is_never_emptied();
CREATE TRIGGER audit_ends_are_never_emptied BEFORE TRUNCATE ON audit_ends EXECUTE FUNCTION audit_is_never_emptied();

-- No released version wrote contacts in plain text here.
DROP TABLE contacts;

-- Personal data, and nowhere else: all values of a contact as one text under a key. No row when nothing is known.
CREATE TABLE contacts (
    kind   TEXT COLLATE "C" NOT NULL,
    number BIGINT           NOT NULL,
    key_id TEXT COLLATE "C" NOT NULL,
    sealed TEXT COLLATE "C" NOT NULL, -- base64: nonce, then ciphertext
    PRIMARY KEY (kind, number),
    FOREIGN KEY (kind, number) REFERENCES records (kind, number) ON DELETE CASCADE
);

CREATE INDEX contacts_by_key ON contacts (key_id);

-- Persons who were erased, by a digest of the identifier that their source gave them, and those who were taken in again: of several
-- rows the latest holds. The same rows stand in the file `erasures` of the data directory.
CREATE TABLE erasures (
    kind   TEXT COLLATE "C" NOT NULL,
    digest TEXT COLLATE "C" NOT NULL,
    at     BIGINT           NOT NULL,
    what   TEXT COLLATE "C" NOT NULL CHECK (what IN ('erased', 'readmitted')),
    number BIGINT           NOT NULL,
    PRIMARY KEY (kind, digest, at, what)
);

-- What is still to be done on the files so that nothing erased is left in them: `scrub` for the database, `compact:experts` for an index
-- that holds every change up to `since`.
CREATE TABLE chores (
    name  TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    since BIGINT           NOT NULL
);
