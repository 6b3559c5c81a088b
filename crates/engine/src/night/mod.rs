//! The nightly re-match.

mod ranking;
mod statistics;

pub use ranking::{NightRanking, Placed};
pub use statistics::EpochStatistics;
