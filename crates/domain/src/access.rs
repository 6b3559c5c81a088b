//! Who may do what over the API: scopes, keys, and what a region's key sees of the records of others.

mod others;
mod token;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Kind;
use crate::choices::choices;

pub use others::{Others, Visibility};
pub use token::{SecretDigest, Token};

choices! {
    /// What a key opens. No scope includes another.
    Scope {
        /// Reading needs.
        NeedsRead = "needs:read", "读技术需求";
        /// Writing needs.
        NeedsWrite = "needs:write", "写技术需求";
        /// Reading enterprises.
        EnterprisesRead = "enterprises:read", "读企业";
        /// Writing enterprises.
        EnterprisesWrite = "enterprises:write", "写企业";
        /// Reading experts.
        ExpertsRead = "experts:read", "读专家";
        /// Writing experts.
        ExpertsWrite = "experts:write", "写专家";
        /// Reading stations.
        StationsRead = "stations:read", "读学会服务站";
        /// Writing stations.
        StationsWrite = "stations:write", "写学会服务站";
        /// Reading achievements.
        AchievementsRead = "achievements:read", "读科技成果";
        /// Writing achievements.
        AchievementsWrite = "achievements:write", "写科技成果";
        /// Reading societies.
        SocietiesRead = "societies:read", "读学会";
        /// Writing societies.
        SocietiesWrite = "societies:write", "写学会";
        /// Reading contacts unmasked.
        ContactsRead = "contacts:read", "读联系方式";
        /// Matching, and reading what the nightly runs found.
        MatchesRun = "matches:run", "匹配";
        /// Reading feedback.
        FeedbackRead = "feedback:read", "读对接反馈";
        /// Giving feedback.
        FeedbackWrite = "feedback:write", "写对接反馈";
        /// Reading campaigns and their plans.
        CampaignsRead = "campaigns:read", "读对接活动";
        /// Making campaigns, together with the scope to match; ruling on their pairs; deleting them.
        CampaignsWrite = "campaigns:write", "写对接活动";
        /// Importing files, together with the scope to write the registry.
        ImportsWrite = "imports:write", "批量导入";
        /// Having events told to an address of one's own.
        WebhooksWrite = "webhooks:write", "管理事件推送";
        /// Reading the audit log.
        AuditRead = "audit:read", "读审计记录";
        /// Making, listing and revoking keys.
        Admin = "admin", "管理密钥";
    }
}

impl Scope {
    /// To read a registry.
    pub const fn read(kind: Kind) -> Self {
        match kind {
            Kind::Need => Self::NeedsRead,
            Kind::Enterprise => Self::EnterprisesRead,
            Kind::Expert => Self::ExpertsRead,
            Kind::Station => Self::StationsRead,
            Kind::Achievement => Self::AchievementsRead,
            Kind::Society => Self::SocietiesRead,
        }
    }

    /// To write a registry.
    pub const fn write(kind: Kind) -> Self {
        match kind {
            Kind::Need => Self::NeedsWrite,
            Kind::Enterprise => Self::EnterprisesWrite,
            Kind::Expert => Self::ExpertsWrite,
            Kind::Station => Self::StationsWrite,
            Kind::Achievement => Self::AchievementsWrite,
            Kind::Society => Self::SocietiesWrite,
        }
    }
}

/// Identifier of a key, which is no secret: a number that the store hands out. Written `key-7`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(pub u64);

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "key-{}", self.0)
    }
}

impl FromStr for KeyId {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let digits = text.strip_prefix("key-").filter(|digits| !digits.starts_with(['0', '+']));
        let number = digits.and_then(|digits| digits.parse().ok()).filter(|n| i64::try_from(*n).is_ok());
        number.map(Self).ok_or_else(|| format!("“{text}”不是有效的密钥编号，应形如 key-7"))
    }
}

impl Serialize for KeyId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn every_registry_has_scopes_of_its_own() {
        for kind in Kind::ALL {
            assert_eq!(Scope::read(kind).slug(), format!("{}:read", kind.plural()));
            assert_eq!(Scope::write(kind).slug(), format!("{}:write", kind.plural()));
        }
        for scope in Scope::ALL {
            assert_eq!(scope.slug().parse(), Ok(*scope));
        }
    }

    #[test]
    fn a_key_is_named_in_one_way_only() {
        assert_eq!("key-7".parse(), Ok(KeyId(7)));
        for wrong in ["7", "key-", "key-07", "key-+7", "key-7 ", "need-7", "key-99999999999999999999"] {
            assert!(wrong.parse::<KeyId>().is_err(), "{wrong}");
        }
    }
}
