//! The re-match as it is asked for and told of; how it is done stands in `night/`.

use std::future::{Future, pending};

use domain::{Kind, Record, RecordId, Status};
use jiff::civil::Date;
use ranking::Explanation;
use serde::Serialize;
use store::{ListFilter, Run, RunId};

use crate::matching::today;
use crate::night::Begun;
use crate::{ChangeReason, Engine, EngineError};

/// What a need is matched with, in this order.
pub(crate) const TARGETS: [Kind; 3] = [Kind::Expert, Kind::Station, Kind::Achievement];

/// What to do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RematchRequest {
    /// The business date; today when absent.
    pub on: Option<Date>,
    /// Every need is ranked anew, whatever has changed; by the same statistics.
    pub whole: bool,
    /// The statistics are counted anew, and so every need is ranked anew.
    pub new_epoch: bool,
    /// A run of this day that is published already is enough, whatever has changed since.
    pub once: bool,
}

/// How far a re-match is, all who work at it taken together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct RematchProgress {
    /// Needs dealt with.
    pub done: u64,
    /// Open needs in all.
    pub total: u64,
    /// Batches done; the last of them finds what needs have in common.
    pub batches_done: u64,
    /// Batches.
    pub batches: u64,
}

/// A run that is being worked on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct RunningRun {
    /// Its number.
    pub id: u64,
    /// The day for which it is made.
    pub business_date: Date,
    /// As of when it is made.
    pub opened_at: jiff::Timestamp,
    /// Whether every need is ranked anew.
    pub whole: bool,
    /// How far it is.
    pub progress: RematchProgress,
    /// Batches that somebody is at.
    pub held: u64,
    /// How often a batch was begun; more often than there are when some were taken over.
    pub begun: u64,
    /// Lists that were ranked from the beginning, and lists that differ from those of the run before.
    pub ranked: u64,
    /// See [`Self::ranked`].
    pub written: u64,
}

/// A published run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RunSummary {
    /// Its number.
    pub id: u64,
    /// The day for which it was made.
    pub business_date: Date,
    /// When it became current.
    pub published_at: Option<jiff::Timestamp>,
    /// Needs ranked. This and the other counts are not told to those from whom some of what was counted is hidden.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub needs: Option<u64>,
    /// Of these, those for which nothing was found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub needs_without_match: Option<u64>,
    /// Matches stored.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub matches: Option<u64>,
}

/// A stored match with the record as it is now.
#[derive(Debug, Clone, PartialEq)]
pub struct CurrentMatch {
    /// From 1.
    pub rank: u32,
    /// The other side.
    pub record: Record,
    /// Score as of the run; reasons from the texts as they are now.
    pub explanation: Explanation,
    /// Whether one of the two sides was changed after the run: the score is of what it said then.
    pub outdated: bool,
}

/// A need's matches in a run.
#[derive(Debug, Clone, PartialEq)]
pub struct CurrentMatches {
    /// The run.
    pub run: RunSummary,
    /// Best first.
    pub matches: Vec<CurrentMatch>,
}

/// How a target's place changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// 新进入
    Entered,
    /// 退出
    Left,
    /// 名次上升
    Rose,
    /// 名次下降
    Fell,
}

impl ChangeKind {
    /// As people read it.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Entered => "新进入",
            Self::Left => "退出",
            Self::Rose => "名次上升",
            Self::Fell => "名次下降",
        }
    }
}

/// One target whose place changed since the run before.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// The other side.
    pub target: RecordId,
    /// How its place changed.
    pub kind: ChangeKind,
    /// Place and score in the run before.
    pub before: Option<(u32, f64)>,
    /// Place and score in the current run.
    pub now: Option<(u32, f64)>,
    /// Why.
    pub reason: ChangeReason,
}

/// What changed for a need from one run to the next.
#[derive(Debug, Clone, PartialEq)]
pub struct Changes {
    /// The current run.
    pub run: RunSummary,
    /// The run before; `None` when there is none, and then everything has entered.
    pub before: Option<RunSummary>,
    /// By place now, then those that left by their former place.
    pub changes: Vec<Change>,
}

impl Engine {
    /// Ranks every open need that is still valid against experts, stations and achievements, and makes the run current. What did not change since the run
    /// before is not worked out again. When a run of the same day is under way, takes part in it; when one is published and nothing has changed since, that
    /// is it.
    ///
    /// # Errors
    /// [`EngineError::OtherRunUnderWay`], [`EngineError::RematchCancelled`], [`EngineError::OtherRanking`], [`EngineError::IndexBehind`]; when database or index
    /// refuse. The run before stays current, and this one is gone on with at the next call.
    pub async fn rematch(
        &self,
        request: &RematchRequest,
        progress: impl FnMut(RematchProgress) + Send,
    ) -> Result<RunSummary, EngineError> {
        self.rematch_until(request, progress, pending()).await
    }

    /// As [`Self::rematch`]; at `stop` it leaves what it is at to others, or to the next call.
    ///
    /// # Errors
    /// As [`Self::rematch`]; [`EngineError::RematchStopped`].
    pub async fn rematch_until(
        &self,
        request: &RematchRequest,
        mut progress: impl FnMut(RematchProgress) + Send,
        stop: impl Future<Output = ()> + Send,
    ) -> Result<RunSummary, EngineError> {
        match self.begin_night(request, request.on.unwrap_or_else(today)).await? {
            Begun::Published(run) => Ok(summary(&run)),
            Begun::Open(run) => self.work_at_run(run, &mut progress, stop).await,
        }
    }

    /// The run that is being worked on, here or elsewhere.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn running_run(&self) -> Result<Option<RunningRun>, EngineError> {
        let Some(run) = self.store.running_run().await? else { return Ok(None) };
        let far = self.store.run_progress(run.id).await?;
        let total = self.open_need_count().await?;
        Ok(Some(RunningRun {
            id: run.id.0,
            business_date: run.business_date,
            opened_at: run.opened_at,
            whole: run.whole,
            progress: RematchProgress {
                done: far.needs,
                total: total.max(far.needs),
                batches_done: far.done,
                batches: far.batches,
            },
            held: far.held,
            begun: far.begun,
            ranked: far.ranked,
            written: far.written,
        }))
    }

    /// Gives up the run that is being worked on; whoever works at it hears of it with the next batch. The run before stays current.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn cancel_rematch(&self) -> Result<Option<RunId>, EngineError> {
        let Some(run) = self.store.running_run().await? else { return Ok(None) };
        match self.store.abandon_run(run.id).await {
            // It was published in between.
            Err(store::StoreError::RunClosed(_)) => Ok(None),
            given_up => given_up.map(|()| Some(run.id)).map_err(EngineError::from),
        }
    }

    pub(crate) async fn open_need_count(&self) -> Result<u64, EngineError> {
        let filter = ListFilter { statuses: vec![Status::Open], ..ListFilter::default() };
        Ok(self.store.count(Kind::Need, &filter).await?)
    }

    /// Published runs, newest first; of several for one day the last.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn runs(&self, before: Option<RunId>, limit: u32) -> Result<Vec<RunSummary>, EngineError> {
        Ok(self.store.runs(before, limit).await?.iter().map(summary).collect())
    }

    /// The current run.
    ///
    /// # Errors
    /// [`EngineError::NoRun`].
    pub async fn current_run(&self) -> Result<RunSummary, EngineError> {
        self.store.current_run().await?.as_ref().map(summary).ok_or(EngineError::NoRun)
    }
}

pub(crate) fn summary(run: &Run) -> RunSummary {
    let totals = run.totals.unwrap_or_default();
    RunSummary {
        id: run.id.0,
        business_date: run.business_date,
        published_at: run.published_at,
        needs: Some(totals.needs),
        needs_without_match: Some(totals.needs_without_match),
        matches: Some(totals.matches),
    }
}
