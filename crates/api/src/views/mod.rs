//! Answers as they are sent. A contact appears in them masked or not at all; in full only in the answer of its own operation.

mod campaigns;
mod confidential;
mod feedback;
mod import;
mod keys;
mod matching;
mod operations;
mod outcomes;
mod ranking;
mod records;
mod runs;
mod webhooks;

pub(crate) use campaigns::{CampaignPageView, ItineraryPageView, LeftOutPageView, PlanPageView};
pub(crate) use confidential::{AuditPageView, AuditRowView, ContactView};
pub(crate) use feedback::{FeedbackPageView, FeedbackView};
pub(crate) use import::ImportReportView;
pub(crate) use keys::{KeyPageView, KeyView, NewKeyView};
pub(crate) use matching::{MatchView, MatchesView, ReasonView, TargetView};
pub(crate) use operations::{OperationPageView, OperationView, fault_code};
pub(crate) use outcomes::{ImportEndView, ImportRowView};
pub(crate) use ranking::RankingView;
pub(crate) use records::{
    FacetView, PageView, RecordHead, RecordView, SearchHitView, SearchPageView, region_name,
};
pub(crate) use runs::{
    ChangesView, ClusterPageView, CurrentMatchesView, DuplicatesView, MatchChangePageView, MatchChangeView,
    RunPageView, RunView,
};
pub(crate) use webhooks::{
    DeliveryPageView, DeliveryView, NewSecretView, PingView, WebhookPageView, WebhookView,
};
