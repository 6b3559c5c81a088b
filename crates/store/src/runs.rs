//! Runs of the nightly re-match and what they found.

use std::fmt;

use domain::{Kind, RecordId};
use jiff::Timestamp;
use jiff::civil::Date;

use crate::{Store, StoreError};

/// Identifier of a run; ascending in order of opening.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RunId(pub u64);

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Where a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunState {
    /// Takes matches; nobody reads them yet.
    Running,
    /// Whole, and readable.
    Published,
    /// Given up; its matches are gone.
    Abandoned,
}

/// What a run amounts to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RunTotals {
    /// Needs that were ranked.
    pub needs: u64,
    /// Of these, the needs for which nothing was found.
    pub needs_without_match: u64,
    /// Matches written.
    pub matches: u64,
}

/// One re-match of all open needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// Its identifier.
    pub id: RunId,
    /// The day for which it was made.
    pub business_date: Date,
    /// The configuration under which it was made, as the engine wrote it.
    pub configuration: String,
    /// Where it stands.
    pub state: RunState,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// When it was published.
    pub published_at: Option<Timestamp>,
    /// What it amounts to, once published.
    pub totals: Option<RunTotals>,
}

/// One target found for a need.
#[derive(Debug, Clone, PartialEq)]
pub struct RunMatch {
    /// Number of the need.
    pub need: u64,
    /// What was found for it.
    pub target: RecordId,
    /// From 1, among the targets of the same registry.
    pub rank: u32,
    /// The score; higher is better.
    pub score: f64,
    /// Why, as JSON.
    pub explanation: String,
}

#[expect(clippy::todo, clippy::unused_async, missing_docs, unused_variables, reason = "signatures first")]
impl Store {
    pub async fn open_run(&self, business_date: Date, configuration: &str) -> Result<RunId, StoreError> {
        todo!()
    }
    pub async fn add_matches(&self, run: RunId, matches: Vec<RunMatch>) -> Result<(), StoreError> {
        todo!()
    }
    pub async fn publish_run(&self, run: RunId, totals: RunTotals) -> Result<Run, StoreError> {
        todo!()
    }
    pub async fn abandon_run(&self, run: RunId) -> Result<(), StoreError> {
        todo!()
    }
    pub async fn current_run(&self) -> Result<Option<Run>, StoreError> {
        todo!()
    }
    pub async fn previous_run(&self, of: RunId) -> Result<Option<Run>, StoreError> {
        todo!()
    }
    pub async fn run(&self, id: RunId) -> Result<Option<Run>, StoreError> {
        todo!()
    }
    pub async fn runs(&self, before: Option<RunId>, limit: u32) -> Result<Vec<Run>, StoreError> {
        todo!()
    }
    pub async fn run_matches(
        &self,
        run: RunId,
        need: u64,
        target: Kind,
    ) -> Result<Vec<RunMatch>, StoreError> {
        todo!()
    }
    pub async fn prune_runs(&self, keep: u32) -> Result<u64, StoreError> {
        todo!()
    }
}
