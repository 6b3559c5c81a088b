//! What the current run shows: places and scores as they were found, reasons worked out now from the records as they are.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use domain::{Attributes, Kind, Record, RecordId, Region};
use index::Counts;
use ranking::{features, round_part, rounded};
use store::{MatchChange, MatchList, Place, Run};

use super::reasons::ChangeReason;
use super::scores::score;
use crate::asking::Asking;
use crate::desk::Sight;
use crate::documents::passages;
use crate::matching::{Found, Known, lies_within, naming};
use crate::rematch::{Change, ChangeKind, Changes, CurrentMatch, CurrentMatches, summary};
use crate::{Engine, EngineError, Part, RunId, blocking};

impl Engine {
    /// A need's matches in the current run.
    ///
    /// # Errors
    /// [`EngineError::NoRun`], [`EngineError::NotFound`].
    pub async fn current_matches(&self, need: RecordId, target: Kind) -> Result<CurrentMatches, EngineError> {
        self.current_matches_seen(Sight::everything(), need, target).await
    }

    /// As [`Self::current_matches`], without a word of what speaks for somebody and is not seen.
    pub(crate) async fn current_matches_seen(
        &self,
        sight: Sight,
        need: RecordId,
        target: Kind,
    ) -> Result<CurrentMatches, EngineError> {
        let need = self.record(need).await?;
        let run = self.store.current_run().await?.ok_or(EngineError::NoRun)?;
        let list = self.store.match_list(run.id, need.id.number, target).await?;
        let matches = match list {
            Some(list) => self.told_matches(&run, &need, list, sight).await?,
            None => Vec::new(),
        };
        Ok(CurrentMatches { run: summary(&run), matches })
    }

    async fn told_matches(
        &self,
        run: &Run,
        need: &Record,
        list: MatchList,
        sight: Sight,
    ) -> Result<Vec<CurrentMatch>, EngineError> {
        let numbers: Vec<u64> = list.shown().iter().map(|place| place.number).collect();
        let records = self.store.records(list.target, &numbers).await?;
        let mut records: HashMap<u64, Record> =
            records.into_iter().map(|record| (record.id.number, record)).collect();
        let (asking, known) = self.as_asked_in(run, need, list.target).await?;
        let (mut ranks, mut found) = (Vec::new(), Vec::new());
        for (place, rank) in list.shown().iter().zip(1..) {
            // Somebody may have gone since.
            let Some(record) = records.remove(&place.number) else { continue };
            let features = features(&asking.attributes, &Attributes::of(&record), &self.weights.features);
            ranks.push(rank);
            found.push(Found { record, score: score(&list, place), features });
        }
        let explained = self.explain(&asking, found, &known, sight).await?;
        let edited = need.updated_at > run.opened_at;
        let told = |(rank, (record, explanation)): (u32, (Record, _))| CurrentMatch {
            rank,
            outdated: edited || record.updated_at > run.opened_at,
            record,
            explanation,
        };
        Ok(ranks.into_iter().zip(explained).map(told).collect())
    }

    /// The need as it is now, read by the statistics that the run went by, and what explanations rest on.
    async fn as_asked_in(
        &self,
        run: &Run,
        need: &Record,
        target: Kind,
    ) -> Result<(Arc<Asking>, Known), EngineError> {
        let statistics = self.statistics_of(run.epoch).await?;
        let (engine, need) = (self.clone(), need.clone());
        blocking(move || {
            let attributes = Attributes::of(&need);
            let peers = Counts::Frozen(statistics.of(Kind::Need)?);
            let texts = passages(&need, &[]);
            let asking = engine.read_texts(Kind::Need, attributes, texts, Vec::new(), Some(peers))?;
            let corpus = statistics.corpus(target, &asking.query)?;
            let vectors = naming(engine.catalog.registry(target).snapshot().vectors());
            Ok((Arc::new(asking), Known { corpus: Arc::new(corpus), vectors }))
        })
        .await
    }

    /// Where a candidate stands in the current run: run, rank, score and its parts, as they are shown.
    pub(crate) async fn place_in_run(
        &self,
        need: u64,
        candidate: RecordId,
    ) -> Result<Option<(RunId, u32, f64, Vec<Part>)>, EngineError> {
        let Some(run) = self.store.current_run().await? else { return Ok(None) };
        let list = self.store.match_list(run.id, need, candidate.kind).await?;
        let Some(list) = list else { return Ok(None) };
        let found = list.shown().iter().zip(1..).find(|(place, _)| place.number == candidate.number);
        let told = |(place, rank): (&Place, u32)| {
            let parts = score(&list, place).parts.iter().map(round_part).collect();
            (run.id, rank, rounded(place.score), parts)
        };
        Ok(found.map(told))
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
        let told = self.store.changes_of(run.id, need.number, target).await?;
        let changes = match within {
            None => told.iter().filter_map(|change| told_change(target, change)).collect(),
            Some(region) => {
                let now = self.store.match_list(run.id, need.number, target).await?;
                let then = match &before {
                    Some(before) => self.store.match_list(before.id, need.number, target).await?,
                    None => None,
                };
                self.closed_up(region, target, [then, now], &told).await?
            }
        };
        Ok(Changes { run: summary(&run), before: before.as_ref().map(summary), changes })
    }

    /// The changes as they look to somebody who sees one region alone: ranks close up, before and now.
    async fn closed_up(
        &self,
        region: Region,
        target: Kind,
        lists: [Option<MatchList>; 2],
        told: &[MatchChange],
    ) -> Result<Vec<Change>, EngineError> {
        let numbers: Vec<u64> =
            lists.iter().flatten().flat_map(MatchList::shown).map(|place| place.number).collect();
        let records = self.store.records(target, &numbers).await?;
        let seen: HashSet<u64> = records
            .iter()
            .filter(|record| lies_within(Some(region), record.profile.region()))
            .map(|record| record.id.number)
            .collect();
        let [then, now] = lists.map(|list| {
            list.map(|mut list| {
                let mut shown = list.shown().to_vec();
                shown.retain(|place| seen.contains(&place.number));
                (list.shown, list.places) = (shown.len(), shown);
                list
            })
        });
        let now = now.unwrap_or_else(|| MatchList::of_none(0, target));
        let reasons: HashMap<u64, u8> =
            told.iter().filter_map(|change| Some((change.number?, change.reason))).collect();
        let change = |(number, (before, now))| {
            // One whose rank among all is the same moved only because others are hidden.
            let reason = reasons.get(&number).copied().unwrap_or(ChangeReason::Displaced.code());
            told_change(target, &MatchChange { number: Some(number), before, now, reason })
        };
        Ok(super::batch::moves(then.as_ref(), &now).into_iter().filter_map(change).collect())
    }
}

/// A change as it is told; `None` when it is about somebody who was erased.
pub(super) fn told_change(target: Kind, change: &MatchChange) -> Option<Change> {
    let kind = match (change.before, change.now) {
        (None, _) => ChangeKind::Entered,
        (_, None) => ChangeKind::Left,
        (Some((before, _)), Some((now, _))) if before > now => ChangeKind::Rose,
        _ => ChangeKind::Fell,
    };
    let target = RecordId::new(target, change.number?);
    let reason = ChangeReason::of(change.reason);
    Some(Change { target, kind, before: change.before, now: change.now, reason })
}
