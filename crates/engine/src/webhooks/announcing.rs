//! Which needs have new matches: told from the change list of each published run, some needs at a time, in its order. How far that is stands in the
//! database and moves with what is told, so each need is told of once, whichever server tells and whatever ends it.

use std::collections::HashMap;

use domain::access::Visibility;
use domain::{Kind, Region};
use store::{Announced, ChangesPlace, ListChanges, NeedChanges, RegistryChanges, RunId};

use crate::rematch::TARGETS;
use crate::{Engine, EngineError};

/// Lists read at a time.
const LISTS: u32 = 900;

impl Engine {
    /// Tells of all needs that have not been told of yet.
    pub(super) async fn announce_needs(&self) -> Result<(), EngineError> {
        let hidden: Vec<Kind> =
            TARGETS.into_iter().filter(|kind| self.others.of(*kind) == Visibility::Hidden).collect();
        while let Some(from) = self.store.announced().await? {
            let place = ChangesPlace { run: from.run, need: from.need, target: None };
            let mut lists = self.store.match_changes(place, LISTS).await?;
            let Some(&(run, _)) = lists.first() else { return Ok(()) };
            let full = lists.len() == LISTS as usize;
            let whole = lists.len();
            lists.retain(|(of, _)| *of == run);
            // Of the last need of a full page there may be more on the next one.
            let more = full && lists.len() == whole;
            let to = step(run, &mut lists, more);
            let heard = self.store.any_hears_of_needs().await?;
            let needs = if heard { self.moves(lists).await? } else { Vec::new() };
            if self.store.announce_needs([from, to], &needs, &hidden).await? && !needs.is_empty() {
                self.hooks.wake.notify_one();
            }
        }
        Ok(())
    }

    /// The needs with how their lists have changed; those that are gone are left out.
    async fn moves(&self, lists: Vec<(RunId, ListChanges)>) -> Result<Vec<NeedChanges>, EngineError> {
        let mut numbers: Vec<u64> = lists.iter().map(|(_, list)| list.need).collect();
        numbers.dedup();
        let records = self.store.records(Kind::Need, &numbers).await?;
        let regions: HashMap<u64, Option<Region>> =
            records.iter().map(|record| (record.id.number, record.profile.region())).collect();
        let mut needs: Vec<NeedChanges> = Vec::new();
        for (_, list) in lists {
            let Some(&region) = regions.get(&list.need) else { continue };
            if needs.last().is_none_or(|need| need.need != list.need) {
                needs.push(NeedChanges { need: list.need, region, lists: Vec::new() });
            }
            let count = |went: fn(&store::MatchChange) -> bool| {
                list.changes.iter().filter(|change| went(change)).count() as u32
            };
            let moves = RegistryChanges {
                target: list.target,
                entered: count(|change| change.before.is_none()),
                left: count(|change| change.now.is_none()),
            };
            if let Some(need) = needs.last_mut() {
                need.lists.push(moves);
            }
        }
        Ok(needs)
    }
}

/// Leaves the lists of whole needs, and says where the next step begins.
fn step(run: RunId, lists: &mut Vec<(RunId, ListChanges)>, more: bool) -> Announced {
    let last = lists.last().map_or(0, |(_, list)| list.need);
    if more && lists.first().is_some_and(|(_, list)| list.need < last) {
        lists.retain(|(_, list)| list.need < last);
        return Announced { run, need: last };
    }
    Announced { run, need: last + 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(need: u64, target: Kind) -> (RunId, ListChanges) {
        (RunId(7), ListChanges { need, target, changes: Vec::new() })
    }

    #[test]
    fn a_need_is_told_of_whole() {
        let all = || vec![list(1, Kind::Expert), list(1, Kind::Station), list(4, Kind::Expert)];
        let mut lists = all();
        assert_eq!(step(RunId(7), &mut lists, true), Announced { run: RunId(7), need: 4 });
        assert_eq!(lists, all()[..2]);
        let mut lists = all();
        assert_eq!(step(RunId(7), &mut lists, false), Announced { run: RunId(7), need: 5 });
        assert_eq!(lists, all());
    }
}
