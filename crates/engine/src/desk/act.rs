//! What can be done at a desk, and which scopes it takes: the one place that says so. The API's document is written from it, too.

use domain::Kind;
use domain::access::Scope;

/// Something to be done with a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// Read, list or search a registry; see which needs say the same.
    Read(Kind),
    /// Create, replace or withdraw records of a registry.
    Write(Kind),
    /// Import a file into a registry.
    Import(Kind),
    /// See the contact of a record in full.
    RevealContact(Kind),
    /// Match a record of a registry, and see what the nightly run found for it.
    MatchRecord(Kind),
    /// Match a form that is not stored; see the runs and what the ranking goes by. The answer shows names and reasons of what was
    /// found, whatever registry that is from: to match is to be told.
    Match,
    /// Read campaigns: their plans name people and say why, whatever registry that is from.
    ReadCampaigns,
    /// Make a campaign, for which candidates are found.
    MakeCampaign,
    /// Rule on a campaign's pairs, or delete it.
    ChangeCampaigns,
    /// List feedback.
    ReadFeedback,
    /// Give feedback.
    GiveFeedback,
    /// Make, list and revoke keys.
    ManageKeys,
    /// Read the audit log.
    ReadAudit,
    /// Build indexes anew.
    RebuildIndex,
    /// Match all open needs again.
    Rematch,
    /// See what long work one's own holder has asked for, and have it stop.
    OwnOperations,
    /// Have events told to an address, or to another one: what an event tells, its scopes say besides.
    SubscribeWebhook,
    /// See the addresses to which one's own holder has events told and what became of the messages, and take addresses away.
    ManageWebhooks,
    /// Ask about one's own key.
    OwnKey,
}

impl Act {
    /// Whether it waits for its turn to write where others write. Keys are made and revoked whoever else does.
    pub(super) const fn writes(self) -> bool {
        matches!(
            self,
            Self::Write(_)
                | Self::Import(_)
                | Self::RevealContact(_)
                | Self::MakeCampaign
                | Self::ChangeCampaigns
                | Self::GiveFeedback
                | Self::RebuildIndex
                | Self::Rematch
                | Self::SubscribeWebhook
        )
    }

    /// All of these are needed.
    pub fn scopes(self) -> Vec<Scope> {
        match self {
            Self::Read(kind) => vec![Scope::read(kind)],
            Self::Write(kind) => vec![Scope::write(kind)],
            Self::Import(kind) => vec![Scope::ImportsWrite, Scope::write(kind)],
            Self::MatchRecord(kind) => vec![Scope::MatchesRun, Scope::read(kind)],
            Self::RevealContact(kind) => vec![Scope::ContactsRead, Scope::read(kind)],
            Self::Match => vec![Scope::MatchesRun],
            Self::ReadCampaigns => vec![Scope::CampaignsRead],
            Self::MakeCampaign => vec![Scope::CampaignsWrite, Scope::MatchesRun],
            Self::ChangeCampaigns => vec![Scope::CampaignsWrite],
            Self::ReadFeedback => vec![Scope::FeedbackRead],
            Self::GiveFeedback => vec![Scope::FeedbackWrite],
            Self::ManageKeys | Self::RebuildIndex | Self::Rematch => vec![Scope::Admin],
            Self::ReadAudit => vec![Scope::AuditRead],
            Self::SubscribeWebhook => vec![Scope::MatchesRun, Scope::WebhooksWrite],
            Self::ManageWebhooks => vec![Scope::WebhooksWrite],
            Self::OwnOperations | Self::OwnKey => Vec::new(),
        }
    }
}
