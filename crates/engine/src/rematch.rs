//! The nightly re-match in its plain form: every open need ranked again, stored as a run, published in one step.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use domain::{Attributes, Kind, Record, RecordId, Region, Status};
use futures_util::{StreamExt, stream};
use jiff::civil::Date;
use ranking::{Exclusion, Explanation};
use serde::Serialize;
use store::{ListFilter, Run, RunId, RunMatch, RunTotals};

use crate::matching::{lies_within, today};
use crate::{Engine, EngineError};

/// What a need is matched with, in this order.
pub(crate) const TARGETS: [Kind; 3] = [Kind::Expert, Kind::Station, Kind::Achievement];
/// Needs read at a time; needs ranked at a time.
const PAGE: u32 = 200;
const AT_ONCE: usize = 4;

/// What to do.
#[derive(Debug, Clone, Copy, Default)]
pub struct RematchRequest {
    /// The business date; today when absent.
    pub on: Option<Date>,
}

/// How far a re-match is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct RematchProgress {
    /// Needs dealt with.
    pub done: u64,
    /// Open needs in all.
    pub total: u64,
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
    /// Score and reasons as of the run.
    pub explanation: Explanation,
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
    /// Ranks every open need that is still valid, stores the best of each with their explanations, and makes the run current.
    ///
    /// # Errors
    /// When database or index refuse; the run before stays current.
    pub async fn rematch(
        &self,
        request: &RematchRequest,
        mut progress: impl FnMut(RematchProgress) + Send,
    ) -> Result<RunSummary, EngineError> {
        let date = request.on.unwrap_or_else(today);
        let configuration = serde_json::to_string(&*self.weights).expect("weights are plain numbers");
        let run = self.store.open_run(date, &configuration).await?;
        match self.fill(run, date, &mut progress).await {
            Ok(totals) => {
                let run = self.store.publish_run(run, totals).await?;
                // Published is published; the next night prunes again.
                if let Err(error) = self.store.prune_runs(self.matching.runs).await {
                    tracing::warn!(error = &error as &dyn std::error::Error, "old runs could not be pruned");
                }
                Ok(summary(&run))
            }
            Err(error) => {
                // What went wrong first is what counts; the next run abandons what was left behind.
                if let Err(error) = self.store.abandon_run(run).await {
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "the run could not be abandoned"
                    );
                }
                Err(error)
            }
        }
    }

    async fn fill(
        &self,
        run: RunId,
        date: Date,
        progress: &mut (impl FnMut(RematchProgress) + Send),
    ) -> Result<RunTotals, EngineError> {
        let filter = ListFilter { statuses: vec![Status::Open], ..ListFilter::default() };
        let total = self.store.count(Kind::Need, &filter).await?;
        let mut totals = RunTotals::default();
        let (mut after, mut done) = (0, 0);
        loop {
            let needs = self.store.page(Kind::Need, &filter, after, PAGE).await?;
            let Some(last) = needs.last() else { break };
            after = last.id.number;
            done += needs.len() as u64;
            let ranked: Vec<Result<Option<Vec<RunMatch>>, EngineError>> =
                stream::iter(needs).map(|need| self.matches_of(need, date)).buffered(AT_ONCE).collect().await;
            let mut batch = Vec::new();
            for matches in ranked {
                let Some(matches) = matches? else { continue };
                totals.needs += 1;
                totals.needs_without_match += u64::from(matches.is_empty());
                totals.matches += matches.len() as u64;
                batch.extend(matches);
            }
            self.store.add_matches(run, batch).await?;
            progress(RematchProgress { done, total });
        }
        self.add_clusters(run, date).await?;
        Ok(totals)
    }

    /// A need's matches of all registries; `None` when the need is past its validity.
    async fn matches_of(&self, need: Record, date: Date) -> Result<Option<Vec<RunMatch>>, EngineError> {
        if ranking::exclusions(None, &Attributes::of(&need), date).contains(&Exclusion::Expired) {
            return Ok(None);
        }
        let asking = Arc::new(self.asking_record(&need, date).await?);
        let mut found = Vec::new();
        for target in TARGETS {
            let (ranked, _) = self.rank_eligible(&asking, target, self.matching.keep, date).await?;
            for found_match in self.explained(&asking, ranked, self.matching.keep, date).await? {
                found.push(RunMatch {
                    need: need.id.number,
                    target: found_match.record.id,
                    rank: found_match.rank,
                    score: found_match.explanation.total,
                    explanation: serde_json::to_string(&found_match.explanation)
                        .expect("explanations hold only strings and numbers"),
                });
            }
        }
        Ok(Some(found))
    }

    /// A need's matches in the current run.
    ///
    /// # Errors
    /// [`EngineError::NoRun`], [`EngineError::NotFound`].
    pub async fn current_matches(&self, need: RecordId, target: Kind) -> Result<CurrentMatches, EngineError> {
        self.record(need).await?;
        let run = self.store.current_run().await?.ok_or(EngineError::NoRun)?;
        let stored = self.store.run_matches(run.id, need.number, target).await?;
        let numbers: Vec<u64> = stored.iter().map(|found| found.target.number).collect();
        let records = self.store.records(target, &numbers).await?;
        let mut records: HashMap<u64, Record> =
            records.into_iter().map(|record| (record.id.number, record)).collect();
        let mut matches = Vec::with_capacity(stored.len());
        for found in stored {
            let Some(record) = records.remove(&found.target.number) else { continue };
            let explanation =
                serde_json::from_str(&found.explanation).map_err(|source| store::StoreError::Corrupt {
                    place: format!("匹配批次 {} 的说明", run.id),
                    source: Box::new(source),
                })?;
            matches.push(CurrentMatch { rank: found.rank, record, explanation });
        }
        Ok(CurrentMatches { run: summary(&run), matches })
    }

    /// What changed for a need since the run before.
    ///
    /// # Errors
    /// [`EngineError::NoRun`], [`EngineError::NotFound`].
    pub async fn changes(&self, need: RecordId, target: Kind) -> Result<Changes, EngineError> {
        self.changes_within(None, need, target).await
    }

    /// As [`Self::changes`], as if there were no records outside this region.
    pub(crate) async fn changes_within(
        &self,
        within: Option<Region>,
        need: RecordId,
        target: Kind,
    ) -> Result<Changes, EngineError> {
        self.record(need).await?;
        let run = self.store.current_run().await?.ok_or(EngineError::NoRun)?;
        let before = self.store.previous_run(run.id).await?;
        let mut now = self.store.run_matches(run.id, need.number, target).await?;
        let mut then = match &before {
            Some(before) => self.store.run_matches(before.id, need.number, target).await?,
            None => Vec::new(),
        };
        if within.is_some() {
            let numbers: Vec<u64> = now.iter().chain(&then).map(|found| found.target.number).collect();
            let mut records = self.store.records(target, &numbers).await?;
            records.retain(|record| lies_within(within, record.profile.region()));
            let seen: HashSet<RecordId> = records.iter().map(|record| record.id).collect();
            [&mut now, &mut then].into_iter().for_each(|places| keep(places, &seen));
        }
        Ok(Changes {
            run: summary(&run),
            before: before.as_ref().map(summary),
            changes: compare(&then, &now),
        })
    }

    /// Published runs, newest first.
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

/// Leaves those that are seen, and lets them move up.
fn keep(places: &mut Vec<RunMatch>, seen: &HashSet<RecordId>) {
    places.retain(|found| seen.contains(&found.target));
    places.iter_mut().zip(1..).for_each(|(found, rank)| found.rank = rank);
}

fn compare(then: &[RunMatch], now: &[RunMatch]) -> Vec<Change> {
    let place = |found: &RunMatch| (found.rank, found.score);
    let former: HashMap<RecordId, &RunMatch> = then.iter().map(|found| (found.target, found)).collect();
    let mut changes = Vec::new();
    for found in now {
        let before = former.get(&found.target).map(|former| place(former));
        let kind = match before {
            None => ChangeKind::Entered,
            Some((rank, _)) if rank > found.rank => ChangeKind::Rose,
            Some((rank, _)) if rank < found.rank => ChangeKind::Fell,
            Some(_) => continue,
        };
        changes.push(Change { target: found.target, kind, before, now: Some(place(found)) });
    }
    for former in then {
        if !now.iter().any(|found| found.target == former.target) {
            changes.push(Change {
                target: former.target,
                kind: ChangeKind::Left,
                before: Some(place(former)),
                now: None,
            });
        }
    }
    changes
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

#[cfg(test)]
mod tests {
    use super::*;

    fn found(target: u64, rank: u32) -> RunMatch {
        RunMatch {
            need: 1,
            target: RecordId::new(Kind::Expert, target),
            rank,
            score: 100.0 - f64::from(rank),
            explanation: String::new(),
        }
    }

    #[test]
    fn every_moved_place_is_named_once_and_no_other() {
        let then = [found(1, 1), found(2, 2), found(3, 3), found(4, 4)];
        let now = [found(1, 1), found(3, 2), found(2, 3), found(5, 4)];
        let kinds: Vec<(u64, ChangeKind)> =
            compare(&then, &now).into_iter().map(|change| (change.target.number, change.kind)).collect();
        let expected =
            [(3, ChangeKind::Rose), (2, ChangeKind::Fell), (5, ChangeKind::Entered), (4, ChangeKind::Left)];
        assert_eq!(kinds, expected);
        assert_eq!(compare(&then, &then), []);
    }
}
