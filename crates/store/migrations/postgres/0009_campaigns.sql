-- Campaigns: one plan for many needs and experts, or stations. Moments are milliseconds since 1970 (UTC).

-- A campaign as it was when it was made, so that it can be solved again the same.
CREATE TABLE campaigns (
    number        BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name          TEXT COLLATE "C" NOT NULL,
    business_date TEXT COLLATE "C" NOT NULL,
    target        TEXT COLLATE "C" NOT NULL CHECK (target IN ('expert', 'station')),
    region        TEXT COLLATE "C",          -- of the key that made it; none: every region
    request       TEXT COLLATE "C" NOT NULL, -- JSON: what was asked for
    content       TEXT COLLATE "C" NOT NULL, -- JSON: needs, groups and how many experts they may have
    version       BIGINT NOT NULL, -- of its latest plan
    made_by       TEXT COLLATE "C" NOT NULL, -- kind and name of who made it
    created_at    BIGINT NOT NULL,
    updated_at    BIGINT NOT NULL
);

-- Who may be sent, and how often.
CREATE TABLE campaign_candidates (
    campaign  BIGINT NOT NULL REFERENCES campaigns (number),
    candidate BIGINT NOT NULL,
    capacity  BIGINT NOT NULL,
    PRIMARY KEY (campaign, candidate)
);

-- Who fits which need, and how well.
CREATE TABLE campaign_pairs (
    campaign  BIGINT NOT NULL REFERENCES campaigns (number),
    need      BIGINT NOT NULL,
    candidate BIGINT NOT NULL,
    score     BIGINT NOT NULL, -- ten-thousandths of a point
    bar       TEXT COLLATE "C",          -- why it must not be planned; none: it may
    why       TEXT COLLATE "C" NOT NULL, -- JSON: why it scores as it does
    PRIMARY KEY (campaign, need, candidate)
);

CREATE INDEX campaign_pairs_by_candidate ON campaign_pairs (candidate, campaign);

-- What staff said of pairs, in the order in which they said it; the last word counts.
CREATE TABLE campaign_rulings (
    campaign  BIGINT NOT NULL REFERENCES campaigns (number),
    place     BIGINT NOT NULL, -- from 1
    version   BIGINT NOT NULL, -- of the first plan that obeys it
    need      BIGINT NOT NULL,
    candidate BIGINT NOT NULL,
    ruling    TEXT COLLATE "C" NOT NULL CHECK (ruling IN ('locked', 'forbidden', 'open')),
    reason    TEXT COLLATE "C" NOT NULL,
    ruled_by  TEXT COLLATE "C" NOT NULL, -- kind and name of who said it
    ruled_at  BIGINT NOT NULL,
    PRIMARY KEY (campaign, place)
);

-- Plans of a campaign, from version 1.
CREATE TABLE campaign_plans (
    campaign BIGINT NOT NULL REFERENCES campaigns (number),
    version  BIGINT NOT NULL,
    content  TEXT COLLATE "C" NOT NULL, -- JSON: what it is worth, what no plan exceeds, whom it leaves out
    made_by  TEXT COLLATE "C" NOT NULL,
    made_at  BIGINT NOT NULL,
    PRIMARY KEY (campaign, version)
);

-- Who goes where in a plan.
CREATE TABLE campaign_visits (
    campaign  BIGINT NOT NULL REFERENCES campaigns (number),
    version   BIGINT NOT NULL,
    need      BIGINT NOT NULL,
    candidate BIGINT NOT NULL,
    locked    BIGINT NOT NULL, -- 1: staff locked it
    otherwise TEXT COLLATE "C" NOT NULL, -- JSON: the best plan without it
    PRIMARY KEY (campaign, version, need, candidate)
);

CREATE INDEX campaign_visits_by_candidate ON campaign_visits (candidate, campaign);
