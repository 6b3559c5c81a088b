-- Campaigns: one plan for many needs and experts, or stations. Moments are milliseconds since 1970 (UTC).

-- A campaign as it was when it was made, so that it can be solved again the same.
CREATE TABLE campaigns (
    number        INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    name          TEXT NOT NULL,
    business_date TEXT NOT NULL,
    target        TEXT NOT NULL CHECK (target IN ('expert', 'station')),
    region        TEXT,          -- of the key that made it; none: every region
    request       TEXT NOT NULL, -- JSON: what was asked for
    content       TEXT NOT NULL, -- JSON: needs, groups and how many experts they may have
    version       INTEGER NOT NULL, -- of its latest plan
    made_by       TEXT NOT NULL, -- kind and name of who made it
    created_at    INTEGER NOT NULL,
    updated_at    INTEGER NOT NULL
) STRICT;

-- Who may be sent, and how often.
CREATE TABLE campaign_candidates (
    campaign  INTEGER NOT NULL REFERENCES campaigns (number),
    candidate INTEGER NOT NULL,
    capacity  INTEGER NOT NULL,
    PRIMARY KEY (campaign, candidate)
) STRICT, WITHOUT ROWID;

-- Who fits which need, and how well.
CREATE TABLE campaign_pairs (
    campaign  INTEGER NOT NULL REFERENCES campaigns (number),
    need      INTEGER NOT NULL,
    candidate INTEGER NOT NULL,
    score     INTEGER NOT NULL, -- ten-thousandths of a point
    bar       TEXT,          -- why it must not be planned; none: it may
    why       TEXT NOT NULL, -- JSON: why it scores as it does
    PRIMARY KEY (campaign, need, candidate)
) STRICT, WITHOUT ROWID;

CREATE INDEX campaign_pairs_by_candidate ON campaign_pairs (candidate, campaign);

-- What staff said of pairs, in the order in which they said it; the last word counts.
CREATE TABLE campaign_rulings (
    campaign  INTEGER NOT NULL REFERENCES campaigns (number),
    place     INTEGER NOT NULL, -- from 1
    version   INTEGER NOT NULL, -- of the first plan that obeys it
    need      INTEGER NOT NULL,
    candidate INTEGER NOT NULL,
    ruling    TEXT NOT NULL CHECK (ruling IN ('locked', 'forbidden', 'open')),
    reason    TEXT NOT NULL,
    ruled_by  TEXT NOT NULL, -- kind and name of who said it
    ruled_at  INTEGER NOT NULL,
    PRIMARY KEY (campaign, place)
) STRICT, WITHOUT ROWID;

-- Plans of a campaign, from version 1.
CREATE TABLE campaign_plans (
    campaign INTEGER NOT NULL REFERENCES campaigns (number),
    version  INTEGER NOT NULL,
    content  TEXT NOT NULL, -- JSON: what it is worth, what no plan exceeds, whom it leaves out
    made_by  TEXT NOT NULL,
    made_at  INTEGER NOT NULL,
    PRIMARY KEY (campaign, version)
) STRICT, WITHOUT ROWID;

-- Who goes where in a plan.
CREATE TABLE campaign_visits (
    campaign  INTEGER NOT NULL REFERENCES campaigns (number),
    version   INTEGER NOT NULL,
    need      INTEGER NOT NULL,
    candidate INTEGER NOT NULL,
    locked    INTEGER NOT NULL, -- 1: staff locked it
    otherwise TEXT NOT NULL, -- JSON: the best plan without it
    PRIMARY KEY (campaign, version, need, candidate)
) STRICT, WITHOUT ROWID;

CREATE INDEX campaign_visits_by_candidate ON campaign_visits (candidate, campaign);
