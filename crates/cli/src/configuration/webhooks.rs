//! How events are told to portals, as it is written.

use engine::WebhookSettings;
use serde::{Deserialize, Serialize};

/// Events told to portals.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebhooksConfiguration {
    /// Ports that may be called.
    pub ports: Vec<u16>,
    /// Ranges of addresses and names of hosts that may be called although they are not public.
    pub allow: Vec<String>,
    /// Whether `http://` may be called.
    pub plain_http: bool,
    /// Messages that are sent at a time.
    pub at_once: u32,
    /// Seconds within which a portal has to answer.
    pub timeout_seconds: u64,
    /// Seconds to wait after each failed attempt.
    pub retries: Vec<u64>,
    /// Days for which it is kept what was delivered.
    pub keep_days: u32,
    /// Days for which it is kept what was given up.
    pub dead_days: u32,
    /// Days after which an address that has only failed is disabled.
    pub disable_after_days: u32,
    /// Addresses of one holder.
    pub per_holder: u64,
}

impl Default for WebhooksConfiguration {
    fn default() -> Self {
        let WebhookSettings {
            rules,
            resolver: _,
            at_once,
            deadline,
            retries,
            keep_days,
            dead_days,
            disable_after_days,
            per_holder,
        } = WebhookSettings::default();
        Self {
            ports: rules.ports,
            allow: Vec::new(),
            plain_http: rules.plain_http,
            at_once,
            timeout_seconds: deadline.as_secs(),
            retries,
            keep_days,
            dead_days,
            disable_after_days,
            per_holder,
        }
    }
}
