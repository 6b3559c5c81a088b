//! What portals can have told to them, and what an address to which it is told is called.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::access::Scope;
use crate::choices::choices;

choices! {
    /// Something that happens and may be told to portals.
    EventType {
        /// A re-match has become the current one.
        RunPublished = "run.published", "匹配批次已发布";
        /// The published lists of needs have changed, and something new stands in them.
        NeedMatchesChanged = "need.matches_changed", "需求有新的匹配";
    }
}

impl EventType {
    /// What a key must open to be told of it: what reading the same over the API takes.
    pub const fn scopes(self) -> &'static [Scope] {
        match self {
            Self::RunPublished => &[Scope::MatchesRun],
            Self::NeedMatchesChanged => &[Scope::MatchesRun, Scope::NeedsRead],
        }
    }
}

/// Identifier of an address to which events are told: a number that the store hands out. Written `webhook-7`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WebhookId(pub u64);

impl fmt::Display for WebhookId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "webhook-{}", self.0)
    }
}

impl FromStr for WebhookId {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let digits = text.strip_prefix("webhook-").filter(|digits| !digits.starts_with(['0', '+']));
        let number = digits.and_then(|digits| digits.parse().ok()).filter(|n| i64::try_from(*n).is_ok());
        number.map(Self).ok_or_else(|| format!("“{text}”不是有效的推送编号，应形如 webhook-7"))
    }
}

impl Serialize for WebhookId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_named_in_one_way_only() {
        assert_eq!("webhook-7".parse(), Ok(WebhookId(7)));
        assert_eq!(WebhookId(7).to_string(), "webhook-7");
        for wrong in ["7", "webhook-", "webhook-07", "webhook-+7", "key-7", "webhook-99999999999999999999"] {
            assert!(wrong.parse::<WebhookId>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn events_are_named_as_the_specification_wants_them() {
        for event in EventType::ALL {
            let plain =
                |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_lowercase() || c == '_');
            assert!(event.slug().split('.').count() == 2 && event.slug().split('.').all(plain));
            assert_eq!(event.slug().parse(), Ok(*event));
        }
    }
}
