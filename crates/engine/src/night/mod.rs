//! The nightly re-match: only what changed is worked out again, by as many processes as take part, and the result is what ranking everything
//! anew would give.

mod batch;
mod bytes;
mod changed;
mod clusters;
mod epochs;
mod feed;
mod merging;
mod neighbours;
mod opening;
mod ranking;
mod reaching;
mod reading;
mod readings;
mod reasons;
mod rollover;
mod schedule;
mod scores;
mod settings;
mod sheet;
mod statistics;
mod working;

pub(crate) use opening::Begun;

pub use feed::{ChangeFeed, FeedPlace, FeedRequest, MatchChange};
pub use ranking::NightRanking;
pub use reasons::ChangeReason;
pub use settings::RematchSettings;
pub use sheet::MOST_CHANGE_ROWS;
pub use statistics::EpochStatistics;

/// What a process keeps for its nights.
#[derive(Default)]
pub(crate) struct Night {
    loaded: epochs::Loaded,
    stopped: tokio::sync::Notify,
}
