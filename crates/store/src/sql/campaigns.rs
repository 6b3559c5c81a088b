//! SQL text about campaigns.

use sqlx::AssertSqlSafe;

use super::values;

macro_rules! campaigns {
    ($condition:literal) => {
        concat!(
            "SELECT number, name, business_date, target, region, version, made_by, created_at, updated_at",
            " FROM campaigns WHERE ",
            $condition
        )
    };
}

pub(crate) const ADD: &str = "INSERT INTO campaigns
    (name, business_date, target, region, request, content, version, made_by, created_at, updated_at)
    VALUES ($1, $2, $3, $4, $5, $6, 1, $7, $8, $8) RETURNING number";
pub(crate) const CAMPAIGN: &str = campaigns!("number = $1");
/// Latest first.
pub(crate) const CAMPAIGNS: &str = campaigns!("number < $1 ORDER BY number DESC LIMIT $2");
pub(crate) const CONTENT: &str = "SELECT request, content FROM campaigns WHERE number = $1";
/// Only from the version that was looked at.
pub(crate) const MOVE_ON: &str = "UPDATE campaigns SET version = version + 1, updated_at = $3
    WHERE number = $1 AND version = $2 RETURNING version";
pub(crate) const SET_CONTENT: &str = "UPDATE campaigns SET content = $2 WHERE number = $1";
pub(crate) const CANDIDATES: &str =
    "SELECT candidate, capacity FROM campaign_candidates WHERE campaign = $1 ORDER BY candidate";
pub(crate) const PAIRS: &str = "SELECT need, candidate, score, bar, '' AS why FROM campaign_pairs
    WHERE campaign = $1 ORDER BY need, score DESC, candidate";
pub(crate) const RULINGS: &str = "SELECT place, version, need, candidate, ruling, reason, ruled_by, ruled_at
    FROM campaign_rulings WHERE campaign = $1 ORDER BY place";
pub(crate) const LAST_RULING: &str =
    "SELECT COALESCE(MAX(place), 0) FROM campaign_rulings WHERE campaign = $1";
pub(crate) const ADD_PLAN: &str = "INSERT INTO campaign_plans (campaign, version, content, made_by, made_at)
    VALUES ($1, $2, $3, $4, $5)";
pub(crate) const PLAN: &str =
    "SELECT version, content, made_by, made_at FROM campaign_plans WHERE campaign = $1 AND version = $2";
/// Visits with what was known of their pairs.
pub(crate) const VISITS: &str =
    "SELECT v.need, v.candidate, p.score, v.locked, v.otherwise, p.why FROM campaign_visits v
    JOIN campaign_pairs p ON p.campaign = v.campaign AND p.need = v.need AND p.candidate = v.candidate
    WHERE v.campaign = $1 AND v.version = $2 ORDER BY v.need, v.candidate";
/// From the leaves to the root.
pub(crate) const DELETE: [&str; 6] = [
    "DELETE FROM campaign_visits WHERE campaign = $1",
    "DELETE FROM campaign_plans WHERE campaign = $1",
    "DELETE FROM campaign_rulings WHERE campaign = $1",
    "DELETE FROM campaign_pairs WHERE campaign = $1",
    "DELETE FROM campaign_candidates WHERE campaign = $1",
    "DELETE FROM campaigns WHERE number = $1",
];

/// What campaigns hold of somebody, of registry `$1` and number `$2`.
pub(crate) const FORGET: [&str; 4] = [
    "DELETE FROM campaign_visits WHERE candidate = $2
        AND campaign IN (SELECT number FROM campaigns WHERE target = $1)",
    "DELETE FROM campaign_rulings WHERE candidate = $2
        AND campaign IN (SELECT number FROM campaigns WHERE target = $1)",
    "DELETE FROM campaign_pairs WHERE candidate = $2
        AND campaign IN (SELECT number FROM campaigns WHERE target = $1)",
    "DELETE FROM campaign_candidates WHERE candidate = $2
        AND campaign IN (SELECT number FROM campaigns WHERE target = $1)",
];
/// Texts of campaigns in which a name may stand.
pub(crate) const HIDE: [&str; 3] = [
    "UPDATE campaigns SET name = replace(name, $1, '***'), request = replace(request, $1, '***')
        WHERE name LIKE $2 ESCAPE '\\' OR request LIKE $2 ESCAPE '\\'",
    "UPDATE campaign_rulings SET reason = replace(reason, $1, '***') WHERE reason LIKE $2 ESCAPE '\\'",
    "UPDATE campaign_pairs SET why = replace(why, $1, '***') WHERE why LIKE $2 ESCAPE '\\'",
];

pub(crate) fn add_candidates(rows: usize) -> AssertSqlSafe<String> {
    let head = "INSERT INTO campaign_candidates (campaign, candidate, capacity) VALUES ";
    AssertSqlSafe(format!("{head}{}", values(rows, 3)))
}

pub(crate) fn add_pairs(rows: usize) -> AssertSqlSafe<String> {
    let head = "INSERT INTO campaign_pairs (campaign, need, candidate, score, bar, why) VALUES ";
    AssertSqlSafe(format!("{head}{}", values(rows, 6)))
}

pub(crate) fn add_rulings(rows: usize) -> AssertSqlSafe<String> {
    let head = "INSERT INTO campaign_rulings (campaign, place, version, need, candidate, ruling, reason, ruled_by, ruled_at) VALUES ";
    AssertSqlSafe(format!("{head}{}", values(rows, 9)))
}

pub(crate) fn add_visits(rows: usize) -> AssertSqlSafe<String> {
    let head = "INSERT INTO campaign_visits (campaign, version, need, candidate, locked, otherwise) VALUES ";
    AssertSqlSafe(format!("{head}{}", values(rows, 6)))
}
