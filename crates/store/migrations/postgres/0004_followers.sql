-- How far each search index is that follows the outbox: what one of them has not read yet is kept. Moments are milliseconds since 1970 (UTC).

-- A follower is the index of one data directory, by a name that was drawn once and lies beside it; each registry's index has a position of
-- its own.
CREATE TABLE followers (
    follower TEXT COLLATE "C" NOT NULL,
    kind     TEXT COLLATE "C" NOT NULL,
    position BIGINT           NOT NULL,
    seen_at  BIGINT           NOT NULL, -- when it last said so; whoever is silent for too long is forgotten
    PRIMARY KEY (follower, kind)
);
