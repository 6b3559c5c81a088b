//! SQL text about writes that may be sent again.

/// What came of it, if that was later than `$3`.
pub(crate) const REDEEMED: &str =
    "SELECT request, receipt FROM tickets WHERE api_key = $1 AND text = $2 AND redeemed_at > $3";
/// Only one that is too old is in the way.
pub(crate) const REDEEM: &str =
    "INSERT INTO tickets (api_key, text, request, receipt, redeemed_at) VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (api_key, text) DO UPDATE SET request = excluded.request, receipt = excluded.receipt,
        redeemed_at = excluded.redeemed_at";
pub(crate) const ANY_OLD: &str = "SELECT 1 FROM tickets WHERE redeemed_at <= $1 LIMIT 1";
pub(crate) const PRUNE: &str = "DELETE FROM tickets WHERE redeemed_at <= $1";
