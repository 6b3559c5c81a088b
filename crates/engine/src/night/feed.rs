//! The change list of all needs: in one order, to be read on from any place for as long as the runs are kept.

use domain::{Kind, Record, RecordId};
use store::ChangesPlace;

use super::reading::told_change;
use crate::rematch::{Change, summary};
use crate::{Engine, EngineError, RunId, RunSummary};

/// Lists read at a time.
const LISTS: u32 = 50;

/// Where reading goes on: after the change `index` of a need's list in a run. The same place has the same changes before it for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FeedPlace {
    /// The run.
    pub run: u64,
    /// Number of the need.
    pub need: u64,
    /// The registry.
    pub target: Kind,
    /// Place in the list, from 1.
    pub index: u32,
}

/// What is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FeedRequest {
    /// What comes after this; everything that is kept when absent.
    pub after: Option<FeedPlace>,
    /// So many changes at most.
    pub limit: u32,
    /// Only of this run.
    pub run: Option<RunId>,
}

/// A change of one need's list.
#[derive(Debug, Clone, PartialEq)]
pub struct MatchChange {
    /// The run that found it.
    pub run: RunSummary,
    /// The need.
    pub need: RecordId,
    /// What changed.
    pub change: Change,
    /// Where it stands in the feed.
    pub place: FeedPlace,
}

/// Changes in order.
#[derive(Debug, Clone, PartialEq)]
pub struct ChangeFeed {
    /// The changes.
    pub items: Vec<MatchChange>,
    /// Where to go on, whether or not there is anything yet; `None` when nothing was ever read.
    pub next: Option<FeedPlace>,
    /// Whether there is more already.
    pub more: bool,
}

impl Engine {
    /// Changes of all needs in published runs, by run, need, registry and place.
    ///
    /// # Errors
    /// [`EngineError::BadParameter`] when the limit is out of bounds.
    pub async fn match_changes(&self, request: &FeedRequest) -> Result<ChangeFeed, EngineError> {
        let mut feed = ChangeFeed { items: Vec::new(), next: request.after, more: false };
        let mut run: Option<RunSummary> = None;
        loop {
            let lists = self.store.match_changes(from(feed.next, request.run), LISTS).await?;
            let last = lists.len() < LISTS as usize;
            for (id, list) in lists {
                if request.run.is_some_and(|wanted| id > wanted) {
                    return Ok(feed);
                }
                if run.as_ref().is_none_or(|run| run.id != id.0) {
                    // Pruned while it was read: it goes on with what is kept.
                    let Some(found) = self.store.run(id).await? else { continue };
                    run = Some(summary(&found));
                }
                let Some(run) = &run else { continue };
                for (index, change) in (1..).zip(&list.changes) {
                    let place = FeedPlace { run: id.0, need: list.need, target: list.target, index };
                    if feed.next.is_some_and(|next| !is_after(place, next)) {
                        continue;
                    }
                    if feed.items.len() >= request.limit as usize {
                        feed.more = true;
                        return Ok(feed);
                    }
                    feed.next = Some(place);
                    let Some(change) = told_change(list.target, change) else { continue };
                    let need = RecordId::new(Kind::Need, list.need);
                    feed.items.push(MatchChange { run: run.clone(), need, change, place });
                }
            }
            if last {
                return Ok(feed);
            }
        }
    }

    /// The records that changes are about, for whoever shows names.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn named(&self, ids: &[RecordId]) -> Result<Vec<Record>, EngineError> {
        let mut found = Vec::new();
        for kind in Kind::ALL {
            let mut numbers: Vec<u64> = ids.iter().filter(|id| id.kind == kind).map(|id| id.number).collect();
            numbers.sort_unstable();
            numbers.dedup();
            found.extend(self.store.records(kind, &numbers).await?);
        }
        Ok(found)
    }
}

fn from(after: Option<FeedPlace>, run: Option<RunId>) -> ChangesPlace {
    let first = run.unwrap_or(RunId(0));
    match after.filter(|after| RunId(after.run) >= first) {
        Some(FeedPlace { run, need, target, .. }) => {
            ChangesPlace { run: RunId(run), need, target: Some(target) }
        }
        None => ChangesPlace { run: first, need: 0, target: None },
    }
}

/// The order of the feed, in which registries stand by their names as the table has them.
fn is_after(one: FeedPlace, other: FeedPlace) -> bool {
    let key = |place: FeedPlace| (place.run, place.need, place.target.slug(), place.index);
    key(one) > key(other)
}
