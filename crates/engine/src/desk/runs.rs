//! What the nightly runs found, at a desk: what is hidden is neither named nor counted, and those below it move up.

use std::collections::HashMap;

use domain::access::Visibility;
use domain::{Kind, RecordId};
use jiff::civil::Date;

use super::sight::shown_brief;
use super::{Act, Desk};
use crate::night::MOST_CHANGE_ROWS;
use crate::registry::page_limit;
use crate::rematch::TARGETS;
use crate::{
    ChangeFeed, ChangeKind, Changes, ClusterMember, ClusterPage, CurrentMatches, EngineError, FeedRequest,
    MatchChange, NeedCluster, RunId, RunSummary,
};

/// Clusters read at a time.
const PAGE: u32 = 100;
/// Pages of changes looked through for one answer, when few of them are shown.
const PAGES: usize = 50;
/// What is shared by fewer is no cluster.
const LEAST: usize = 2;

impl Desk {
    /// Published runs, newest first.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn runs(&self, before: Option<RunId>, limit: u32) -> Result<Vec<RunSummary>, EngineError> {
        let _turn = self.begin(Act::Match).await?;
        let runs = self.engine.runs(before, limit).await?;
        Ok(runs.into_iter().map(|run| self.shown_run(run)).collect())
    }

    /// The current run.
    ///
    /// # Errors
    /// [`EngineError::NoRun`].
    pub async fn current_run(&self) -> Result<RunSummary, EngineError> {
        let _turn = self.begin(Act::Match).await?;
        Ok(self.shown_run(self.engine.current_run().await?))
    }

    /// A need's matches in the current run. The need must be seen whole.
    ///
    /// # Errors
    /// [`EngineError::NoRun`], [`EngineError::NotFound`], [`EngineError::OutsideRegion`].
    pub async fn current_matches(&self, need: RecordId, target: Kind) -> Result<CurrentMatches, EngineError> {
        let _turn = self.begin(Act::MatchRecord(Kind::Need)).await?;
        self.subject(need).await?;
        let sight = self.sight();
        let CurrentMatches { run, matches } = self.engine.current_matches_seen(sight, need, target).await?;
        let hides = sight.within(target).is_some();
        let mut shown = Vec::with_capacity(matches.len());
        for mut found in matches {
            if sight.record(&found.record) == Visibility::Hidden {
                continue;
            }
            if hides {
                found.rank = shown.len() as u32 + 1;
            }
            (found.record, found.explanation) = self.veiled(found.record, found.explanation);
            shown.push(found);
        }
        Ok(CurrentMatches { run: self.shown_run(run), matches: shown })
    }

    /// What changed for a need since the run before. The need must be seen whole.
    ///
    /// # Errors
    /// As [`Self::current_matches`].
    pub async fn changes(&self, need: RecordId, target: Kind) -> Result<Changes, EngineError> {
        let _turn = self.begin(Act::MatchRecord(Kind::Need)).await?;
        self.subject(need).await?;
        let within = self.sight().within(target);
        let Changes { run, before, changes } = self.engine.changes_within(within, need, target).await?;
        let before = before.map(|run| self.shown_run(run));
        Ok(Changes { run: self.shown_run(run), before, changes })
    }

    /// What changed in the runs, in order, for the needs that are seen whole. To a key from which others' records are hidden ranks are not told, for they would tell how many
    /// are hidden, nor that somebody merely moved: their ranks are 0.
    ///
    /// # Errors
    /// As [`crate::Engine::match_changes`].
    pub async fn match_changes(&self, request: &FeedRequest) -> Result<ChangeFeed, EngineError> {
        let _turn = self.begin(Act::MatchRecord(Kind::Need)).await?;
        page_limit(request.limit as usize)?;
        self.shown_changes(request).await
    }

    /// The changes of a run as a workbook, with the names that are seen; of the current run when none is named. Returns the run's number too.
    ///
    /// # Errors
    /// [`EngineError::NoRun`]; [`EngineError::BadParameter`] when there are more than a workbook takes.
    pub async fn change_workbook(&self, run: Option<RunId>) -> Result<(RunId, Vec<u8>), EngineError> {
        let _turn = self.begin(Act::MatchRecord(Kind::Need)).await?;
        let run = match run {
            Some(run) => run,
            None => RunId(self.engine.current_run().await?.id),
        };
        let mut request = FeedRequest { after: None, limit: PAGE, run: Some(run) };
        let mut rows = Vec::new();
        loop {
            let feed = self.shown_changes(&request).await?;
            rows.extend(self.engine.change_rows_for(&feed.items, self.sight()).await?);
            if rows.len() > MOST_CHANGE_ROWS {
                let detail = format!(
                    "批次 {run} 的变化超过 {MOST_CHANGE_ROWS} 行，工作簿里放不下，请改用 application/x-ndjson 逐行读取"
                );
                return Err(EngineError::BadParameter { parameter: "run", detail });
            }
            if !feed.more {
                break;
            }
            request.after = feed.next;
        }
        Ok((run, self.engine.change_sheet(rows).await?))
    }

    /// The latest run of a day that is still kept; the one of this number, if one is named.
    ///
    /// # Errors
    /// [`EngineError::NoRunOf`].
    pub async fn run_of(&self, day: Date, number: Option<RunId>) -> Result<RunId, EngineError> {
        let _turn = self.begin(Act::Match).await?;
        let kept = self.engine.runs(None, self.engine.matching.runs.max(2)).await?;
        let is_meant =
            |run: &&RunSummary| run.business_date == day && number.is_none_or(|number| number.0 == run.id);
        kept.iter().find(is_meant).map(|run| RunId(run.id)).ok_or(EngineError::NoRunOf(day))
    }

    /// As [`Self::match_changes`], within a turn, and of any length.
    async fn shown_changes(&self, request: &FeedRequest) -> Result<ChangeFeed, EngineError> {
        if self.caller.key.region.is_none() {
            return self.engine.match_changes(request).await;
        }
        let mut shown = ChangeFeed { items: Vec::new(), next: request.after, more: false };
        for _ in 0..PAGES {
            let asked = FeedRequest { after: shown.next, limit: PAGE, ..*request };
            let page = self.engine.match_changes(&asked).await?;
            let visible = self.visible_changes(&page).await?;
            let (next, more) = (page.next, page.more);
            for (mut change, visible) in page.items.into_iter().zip(visible) {
                if shown.items.len() >= request.limit as usize {
                    shown.more = true;
                    return Ok(shown);
                }
                shown.next = Some(change.place);
                if visible {
                    change.run = self.shown_run(change.run);
                    if self.sight().within(change.change.target.kind).is_some() {
                        let without_rank = |side: Option<(u32, f64)>| side.map(|(_, score)| (0, score));
                        change.change.before = without_rank(change.change.before);
                        change.change.now = without_rank(change.change.now);
                    }
                    shown.items.push(change);
                }
            }
            shown.next = next;
            if !more {
                return Ok(shown);
            }
        }
        // Who sees little of much asks again from there.
        shown.more = true;
        Ok(shown)
    }

    /// Which changes are shown at all.
    async fn visible_changes(&self, page: &ChangeFeed) -> Result<Vec<bool>, EngineError> {
        let ids = page.items.iter().flat_map(|item| [item.need, item.change.target]);
        let ids: Vec<RecordId> = ids.collect();
        let sight = self.sight();
        let records = self.engine.named(&ids).await?;
        let visibility: HashMap<RecordId, Visibility> =
            records.iter().map(|record| (record.id, sight.record(record))).collect();
        let shown = |item: &MatchChange| {
            let hides = sight.within(item.change.target.kind).is_some();
            let moved = matches!(item.change.kind, ChangeKind::Rose | ChangeKind::Fell);
            // A target that is gone is nobody's any more, but its place may have been anywhere.
            let target = visibility.get(&item.change.target).copied().unwrap_or(Visibility::Hidden);
            visibility.get(&item.need) == Some(&Visibility::Full)
                && (!hides || (target != Visibility::Hidden && !moved))
        };
        Ok(page.items.iter().map(shown).collect())
    }

    /// Up to `limit` clusters of a run, the current one unless another is named, after a place. Where others' needs are hidden, only those clusters are shown that have
    /// none of them, numbered by themselves.
    ///
    /// # Errors
    /// As [`crate::Engine::run_clusters`].
    pub async fn run_clusters(
        &self,
        mut run: Option<RunId>,
        least: u64,
        after: u64,
        limit: u32,
    ) -> Result<ClusterPage, EngineError> {
        let _turn = self.begin(Act::MatchRecord(Kind::Need)).await?;
        page_limit(limit as usize)?;
        if self.sight().within(Kind::Need).is_none() {
            let ClusterPage { run, items, next } = self.engine.run_clusters(run, least, after, limit).await?;
            let items = self.shown_clusters(items).await?;
            return Ok(ClusterPage { run: self.shown_run(run), items, next });
        }
        let (mut own, mut from) = (Vec::new(), 0);
        let shown = loop {
            let page = self.engine.run_clusters(run, least, from, PAGE).await?;
            run = Some(RunId(page.run.id));
            own.extend(self.shown_clusters(page.items).await?);
            match page.next {
                Some(next) => from = next,
                None => break page.run,
            }
        };
        own.iter_mut().zip(1..).for_each(|(cluster, place)| cluster.place = place);
        let more = own.last().is_some_and(|last| last.place > after + u64::from(limit));
        own.retain(|cluster| cluster.place > after && cluster.place <= after + u64::from(limit));
        let next = own.last().filter(|_| more).map(|cluster| cluster.place);
        Ok(ClusterPage { run: self.shown_run(shown), items: own, next })
    }

    async fn shown_clusters(&self, clusters: Vec<NeedCluster>) -> Result<Vec<NeedCluster>, EngineError> {
        if self.caller.key.region.is_none() {
            return Ok(clusters);
        }
        let mut shown = Vec::with_capacity(clusters.len());
        for mut cluster in clusters {
            let again = cluster.members.iter().flat_map(|member| &member.same);
            let all = cluster.members.iter().map(|member| &member.need).chain(again.map(|same| &same.need));
            let numbers: Vec<u64> = all.map(|need| need.id.number).collect();
            let visibility = self.visibility(Kind::Need, &numbers).await?;
            let none_whole = visibility.values().all(|one| *one != Visibility::Full);
            if visibility.len() < LEAST
                || none_whole
                || visibility.values().any(|one| *one == Visibility::Hidden)
            {
                continue;
            }
            if visibility.values().any(|one| *one != Visibility::Full) {
                keep_words_seen(&mut cluster, &visibility);
            }
            cluster.members.retain_mut(|member| match shown_brief(member.need.clone(), &visibility) {
                Some(need) => {
                    member.need = need;
                    member.same.retain_mut(|same| match shown_brief(same.need.clone(), &visibility) {
                        Some(need) => {
                            same.need = need;
                            true
                        }
                        None => false,
                    });
                    true
                }
                None => false,
            });
            shown.push(cluster);
        }
        Ok(shown)
    }

    /// A run without its counts for those from whom some of what was counted is hidden.
    fn shown_run(&self, run: RunSummary) -> RunSummary {
        let sight = self.sight();
        let hides = std::iter::once(Kind::Need).chain(TARGETS).any(|kind| sight.within(kind).is_some());
        if hides { RunSummary { needs: None, needs_without_match: None, matches: None, ..run } } else { run }
    }
}

/// Leaves the words that two needs share which are seen whole: that one of them shares a word with an outline would tell a word of a text
/// that is not seen.
fn keep_words_seen(cluster: &mut NeedCluster, visibility: &HashMap<u64, Visibility>) {
    let is_whole = |member: &ClusterMember| visibility.get(&member.need.id.number) == Some(&Visibility::Full);
    let mut holders: HashMap<String, usize> = HashMap::new();
    for word in cluster.members.iter().filter(|member| is_whole(member)).flat_map(|member| &member.words) {
        *holders.entry(word.clone()).or_default() += 1;
    }
    let is_shared = |word: &String| holders.get(word).is_some_and(|holders| *holders >= LEAST);
    cluster.label.retain(is_shared);
    for member in &mut cluster.members {
        let (whole, before) = (is_whole(member), member.words.len());
        member.words.retain(|word| whole && is_shared(word));
        if member.words.len() < before {
            member.highlights.clear();
        }
    }
}
