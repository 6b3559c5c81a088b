//! SQL text about what is told to portals.

macro_rules! endpoints {
    ($condition:literal) => {
        concat!(
            "SELECT e.number, e.api_key, h.name AS holder, h.region, e.url, e.description, e.events, e.state, e.reason, e.failures,",
            " e.failing_since, e.old_until, e.created_at, e.changed_at, k.scopes, k.revoked_at, k.expires_at",
            " FROM webhook_endpoints e JOIN api_keys k ON k.number = e.api_key JOIN holders h ON h.number = k.holder WHERE ",
            $condition
        )
    };
}
macro_rules! deliveries {
    ($condition:literal) => {
        concat!(
            "SELECT d.number, d.endpoint, d.state, d.attempts, d.next_at, d.tried_at, d.status, d.fault, d.created_at, d.ended_at,",
            " m.id AS message_id, m.type AS event, m.occurred_at",
            " FROM webhook_deliveries d JOIN webhook_messages m ON m.number = d.message WHERE ",
            $condition
        )
    };
}
/// Of these the messages go out, at the moment `$1`.
macro_rules! speaking {
    () => {
        "e.state = 'enabled' AND e.rest_until <= $1 AND k.revoked_at IS NULL AND k.expires_at > $1"
    };
}

pub(crate) const ADD: &str = "INSERT INTO webhook_endpoints
    (api_key, url, description, events, state, failures, rest_until, created_at, changed_at)
    VALUES ($1, $2, $3, $4, 'enabled', 0, 0, $5, $5) RETURNING number";
pub(crate) const ENDPOINT: &str = endpoints!("e.number = $1");
/// Those that are not removed, ascending; `$3` is empty for those of every holder.
pub(crate) const ENDPOINTS: &str = endpoints!(
    "e.number > $1 AND e.state <> 'removed' AND ($3 = '' OR h.name = $3) ORDER BY e.number LIMIT $2"
);
/// Those that are not removed.
pub(crate) const PRESENT: &str = "SELECT number, created_at FROM webhook_endpoints WHERE state <> 'removed'";
pub(crate) const COUNT_OF_HOLDER: &str = "SELECT COUNT(*) FROM webhook_endpoints e
    JOIN api_keys k ON k.number = e.api_key JOIN holders h ON h.number = k.holder
    WHERE h.name = $1 AND e.state <> 'removed'";
/// Those that are told of what happens now.
pub(crate) const LISTENING: &str =
    endpoints!("e.state = 'enabled' AND k.revoked_at IS NULL AND k.expires_at > $1 ORDER BY e.number");
pub(crate) const CHANGE: &str =
    "UPDATE webhook_endpoints SET api_key = $2, url = $3, description = $4, events = $5, state = $6,
    reason = $7, changed_at = $8, failures = $9, failing_since = $10, rest_until = $11 WHERE number = $1";
pub(crate) const REMOVE: &str =
    "UPDATE webhook_endpoints SET state = 'removed', reason = NULL, key_id = NULL, sealed = NULL,
    old_key_id = NULL, old_sealed = NULL, old_until = NULL, changed_at = $2 WHERE number = $1";
pub(crate) const DISABLE: &str = "UPDATE webhook_endpoints SET state = 'disabled', reason = $2, changed_at = $3 WHERE number = $1 AND state = 'enabled'";

pub(crate) const SET_SECRET: &str = "UPDATE webhook_endpoints SET key_id = $2, sealed = $3 WHERE number = $1";
/// The present secret becomes the old one, which is good until `$2`.
pub(crate) const RETIRE_SECRET: &str =
    "UPDATE webhook_endpoints SET old_key_id = key_id, old_sealed = sealed, old_until = $2,
    changed_at = $3 WHERE number = $1";
pub(crate) const SECRETS: &str = "SELECT number, key_id, sealed, old_key_id, old_sealed, old_until FROM webhook_endpoints WHERE number = $1";
pub(crate) const SECRETS_UNDER_OTHERS: &str =
    "SELECT number, key_id, sealed, old_key_id, old_sealed, old_until
    FROM webhook_endpoints WHERE key_id <> $1 OR old_key_id <> $1";
pub(crate) const SEAL_AGAIN: &str =
    "UPDATE webhook_endpoints SET key_id = $2, sealed = $3, old_key_id = $4, old_sealed = $5
    WHERE number = $1";
pub(crate) const ANY_SEALED: &str = "SELECT key_id FROM webhook_endpoints WHERE key_id IS NOT NULL LIMIT 1";

/// The first run of all begins it.
pub(crate) const BEGIN_ANNOUNCING: &str =
    "INSERT INTO webhook_announced (one, run, need) VALUES (1, $1, 0) ON CONFLICT (one) DO NOTHING";
pub(crate) const ANNOUNCED: &str = "SELECT run, need FROM webhook_announced";
pub(crate) const ANNOUNCE: &str =
    "UPDATE webhook_announced SET run = $3, need = $4 WHERE run = $1 AND need = $2";
pub(crate) const DAY_OF_RUN: &str = "SELECT business_date FROM runs WHERE number = $1";
pub(crate) const ADD_MESSAGE: &str =
    "INSERT INTO webhook_messages (id, type, body, occurred_at) VALUES ($1, $2, $3, $4) RETURNING number";
pub(crate) const ADD_DELIVERY: &str = "INSERT INTO webhook_deliveries
    (endpoint, message, state, attempts, next_at, server, lease_until, turn, created_at)
    VALUES ($1, $2, 'pending', 0, $3, '', 0, 0, $3)";

/// Whether anything waits to be sent at the moment `$1`.
pub(crate) const ANY_DUE: &str = concat!(
    "SELECT 1 FROM webhook_deliveries d JOIN webhook_endpoints e ON e.number = d.endpoint",
    " JOIN api_keys k ON k.number = e.api_key",
    " WHERE d.state = 'pending' AND d.next_at <= $1 AND d.lease_until <= $1 AND ",
    speaking!(),
    " LIMIT 1"
);
/// What waits longest, at most `$2`, and of each address no more than `$3` together with those that are on their way there.
pub(crate) const DUE: &str = concat!(
    "SELECT d.number FROM (SELECT number, endpoint, next_at, ROW_NUMBER() OVER (PARTITION BY endpoint ORDER BY next_at, number) AS place",
    " FROM webhook_deliveries WHERE state = 'pending' AND next_at <= $1 AND lease_until <= $1) d",
    " JOIN webhook_endpoints e ON e.number = d.endpoint JOIN api_keys k ON k.number = e.api_key",
    " WHERE ",
    speaking!(),
    " AND d.place + (SELECT COUNT(*) FROM webhook_deliveries o WHERE o.endpoint = e.number AND o.state = 'pending'",
    " AND o.lease_until > $1) <= $3 ORDER BY d.next_at, d.number LIMIT $2"
);
pub(crate) const TAKE: &str = "UPDATE webhook_deliveries SET server = $2, lease_until = $3, turn = turn + 1
    WHERE number = $1";
pub(crate) const TAKEN: &str =
    "SELECT d.number, d.endpoint, d.attempts, d.turn, m.id AS message_id, m.body, e.url
    FROM webhook_deliveries d JOIN webhook_messages m ON m.number = d.message
    JOIN webhook_endpoints e ON e.number = d.endpoint WHERE d.number = $1";
/// Those that a process of this server was at when it ended.
pub(crate) const LET_GO: &str =
    "UPDATE webhook_deliveries SET server = '', lease_until = 0 WHERE state = 'pending' AND server = $1";
pub(crate) const SETTLE: &str =
    "UPDATE webhook_deliveries SET state = $3, attempts = attempts + 1, next_at = $4, server = '',
    lease_until = 0, tried_at = $5, status = $6, fault = $7, ended_at = $8
    WHERE number = $1 AND turn = $2 AND state = 'pending' AND lease_until > 0";
pub(crate) const SUCCEEDS: &str =
    "UPDATE webhook_endpoints SET failures = 0, failing_since = NULL, rest_until = 0
    WHERE number = $1 AND failures > 0";
pub(crate) const FAILS: &str = "UPDATE webhook_endpoints SET failures = failures + 1,
    failing_since = COALESCE(failing_since, $2) WHERE number = $1 RETURNING failures, failing_since";
/// A longer rest stays.
pub(crate) const REST: &str =
    "UPDATE webhook_endpoints SET rest_until = $2 WHERE number = $1 AND rest_until < $2";
/// The messages to an address to which nothing is sent any more.
pub(crate) const BURY: &str =
    "UPDATE webhook_deliveries SET state = 'dead', server = '', lease_until = 0, fault = $2, ended_at = $3
    WHERE endpoint = $1 AND state = 'pending'";
/// Of addresses that are silent now, because of themselves or of their key.
pub(crate) const SILENT: &str =
    "SELECT DISTINCT d.endpoint FROM webhook_deliveries d JOIN webhook_endpoints e ON e.number = d.endpoint
    JOIN api_keys k ON k.number = e.api_key WHERE d.state = 'pending'
    AND NOT (e.state = 'enabled' AND k.revoked_at IS NULL AND k.expires_at > $1)";
pub(crate) const AGAIN: &str =
    "UPDATE webhook_deliveries SET state = 'pending', attempts = 0, next_at = $2, ended_at = NULL
    WHERE number = $1 AND (state <> 'pending' OR lease_until <= $2)";
pub(crate) const DELIVERY: &str = deliveries!("d.number = $1");
/// Of an address (`$3`, 0 for all) in a state (`$4`, empty for all), latest first.
pub(crate) const DELIVERIES: &str = deliveries!(
    "d.number < $1 AND ($3 = 0 OR d.endpoint = $3) AND ($4 = '' OR d.state = $4) ORDER BY d.number DESC LIMIT $2"
);

pub(crate) const LOAD: &str = "SELECT
    (SELECT COUNT(*) FROM webhook_deliveries WHERE state = 'pending') AS pending,
    (SELECT COUNT(*) FROM webhook_deliveries WHERE state = 'dead') AS dead,
    (SELECT MIN(created_at) FROM webhook_deliveries WHERE state = 'pending') AS oldest,
    (SELECT COUNT(*) FROM webhook_endpoints WHERE state = 'disabled' AND reason <> 'asked') AS disabled";

pub(crate) const ANY_OLD: &str = "SELECT 1 FROM webhook_deliveries
    WHERE (state = 'delivered' AND ended_at <= $1) OR (state = 'dead' AND ended_at <= $2) LIMIT 1";
/// A slice of what has ended long enough ago.
pub(crate) const PRUNE: &str = "DELETE FROM webhook_deliveries WHERE number IN (SELECT number FROM webhook_deliveries
    WHERE (state = 'delivered' AND ended_at <= $1) OR (state = 'dead' AND ended_at <= $2) ORDER BY number LIMIT 5000)";
pub(crate) const PRUNE_MESSAGES: &str =
    "DELETE FROM webhook_messages WHERE number IN (SELECT m.number FROM webhook_messages m
    WHERE NOT EXISTS (SELECT 1 FROM webhook_deliveries d WHERE d.message = m.number) LIMIT 5000)";
pub(crate) const PRUNE_ENDPOINTS: &str =
    "DELETE FROM webhook_endpoints WHERE state = 'removed' AND changed_at <= $1
    AND NOT EXISTS (SELECT 1 FROM webhook_deliveries d WHERE d.endpoint = webhook_endpoints.number)";
/// Descriptions in which a name stands.
pub(crate) const HIDE_IN_DESCRIPTIONS: &str = "UPDATE webhook_endpoints SET description = replace(description, $1, '***') WHERE description LIKE $2 ESCAPE '\\'";
