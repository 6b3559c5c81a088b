//! One batch of needs matched: which of their lists differ from those of the run before, and in what.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use domain::{Attributes, Kind, Record, RecordId, Status};
use futures_util::future::try_join_all;
use index::Wanted;
use ranking::Exclusion;
use store::{Findings, ListChanges, ListFilter, MatchChange, MatchList, Place};

use super::merging::{cut, merged, promotable};
use super::reasons::{Fates, Turn};
use super::scores::place;
use super::working::Shift;
use crate::asking::Asking;
use crate::rematch::TARGETS;
use crate::{Engine, EngineError, blocking};

/// Needs read at a time.
const PAGE: u32 = 500;

/// A need with the lists that the run before shows for it.
struct Asked {
    number: u64,
    /// `None` when it takes part no more.
    record: Option<Record>,
    before: [Option<MatchList>; TARGETS.len()],
}

/// What became of a need's lists.
struct Matched {
    need: u64,
    attributes: Attributes,
    turn: Turn,
    takes_part: bool,
    lists: Vec<Update>,
}

/// A list in which places changed.
struct Moved {
    /// Whose it is, among those that were matched.
    at: usize,
    target: Kind,
    moves: Vec<(u64, Sides)>,
}

/// A list before and now.
struct Update {
    before: Option<MatchList>,
    /// `None` when it is the same.
    now: Option<MatchList>,
    ranked: bool,
}

impl Engine {
    /// Matches the needs in a range of numbers.
    pub(super) async fn matched(
        &self,
        shift: &Arc<Shift>,
        after: u64,
        up_to: u64,
    ) -> Result<Findings, EngineError> {
        let asked = self.asked(shift, after, up_to).await?;
        let size = asked.len().div_ceil(self.rematch.threads()).max(1);
        let mut rest = asked.into_iter();
        let mut parts = Vec::new();
        loop {
            let part: Vec<Asked> = rest.by_ref().take(size).collect();
            if part.is_empty() {
                break;
            }
            let shift = Arc::clone(shift);
            parts.push(blocking(move || part.into_iter().map(|asked| shift.matched(asked)).collect()));
        }
        let matched: Vec<Vec<Matched>> = try_join_all(parts).await?;
        self.findings(shift, matched.into_iter().flatten().collect()).await
    }

    /// The needs in a range that take part, and those that did until now.
    async fn asked(&self, shift: &Shift, after: u64, up_to: u64) -> Result<Vec<Asked>, EngineError> {
        let mut asked: BTreeMap<u64, Asked> = BTreeMap::new();
        let one = |number| Asked { number, record: None, before: [const { None }; TARGETS.len()] };
        if let Some(base) = &shift.base {
            for list in self.store.match_lists(base.id, after, up_to).await? {
                let Some(at) = TARGETS.iter().position(|target| *target == list.target) else { continue };
                let number = list.need;
                asked.entry(number).or_insert_with(|| one(number)).before[at] = Some(list);
            }
        }
        let filter = ListFilter { statuses: vec![Status::Open], ..ListFilter::default() };
        let mut last = after;
        while last < up_to {
            let limit = u32::try_from(up_to - last).map_or(PAGE, |left| left.min(PAGE));
            let needs = self.store.page(Kind::Need, &filter, last, limit).await?;
            let Some(end) = needs.last().map(|need| need.id.number) else { break };
            last = end;
            for need in needs.into_iter().filter(|need| need.id.number <= up_to) {
                let against = ranking::exclusions(None, &Attributes::of(&need), shift.run.business_date);
                if !against.contains(&Exclusion::Expired) {
                    let number = need.id.number;
                    asked.entry(number).or_insert_with(|| one(number)).record = Some(need);
                }
            }
        }
        Ok(asked.into_values().collect())
    }

    /// What is to be written, and why.
    async fn findings(&self, shift: &Shift, matched: Vec<Matched>) -> Result<Findings, EngineError> {
        let mut found = Findings::default();
        let mut fates = Fates::new(shift.since(), shift.run.business_date);
        let mut moved: Vec<Moved> = Vec::new();
        for (at, one) in matched.iter().enumerate() {
            let shown: u64 = one.lists.iter().map(|list| list.shown()).sum();
            if one.takes_part {
                found.totals.needs += 1;
                found.totals.needs_without_match += u64::from(shown == 0);
                found.totals.matches += shown;
            }
            for list in &one.lists {
                found.ranked += u64::from(list.ranked);
                let Some(now) = &list.now else { continue };
                let moves = moves(list.before.as_ref(), now);
                let changed = moves.iter().map(|(number, _)| RecordId::new(now.target, *number));
                changed.filter(|id| shift.has_changed(*id)).for_each(|id| fates.want(id));
                if !moves.is_empty() {
                    moved.push(Moved { at, target: now.target, moves });
                }
            }
        }
        fates.read(self).await?;
        for Moved { at, target, moves } in moved {
            let Matched { need, attributes, turn, .. } = &matched[at];
            let change = |(number, (before, now)): (u64, Sides)| {
                let id = RecordId::new(target, number);
                let reason = fates.reason(*turn, attributes, id, shift.has_changed(id), now.is_none());
                MatchChange { number: Some(number), before, now, reason: reason.code() }
            };
            let changes = moves.into_iter().map(change).collect();
            found.changes.push(ListChanges { need: *need, target, changes });
        }
        found.lists = matched.into_iter().flat_map(|one| one.lists).filter_map(|list| list.now).collect();
        Ok(found)
    }
}

impl Shift {
    fn has_changed(&self, id: RecordId) -> bool {
        self.changed.as_ref().is_some_and(|changed| changed.holds(id.kind, id.number))
    }

    /// Brings a need's lists up to date.
    fn matched(&self, asked: Asked) -> Result<Matched, EngineError> {
        let Asked { number, record, before } = asked;
        let took_part = before.iter().flatten().any(|list| list.takes_part);
        let Some(record) = record else {
            let end = |before: Option<MatchList>| {
                let now = before
                    .as_ref()
                    .filter(|list| list.takes_part)
                    .map(|list| MatchList::of_none(number, list.target));
                Update { before, now, ranked: false }
            };
            let lists = before.into_iter().map(end).collect();
            let attributes = Attributes::default();
            return Ok(Matched { need: number, attributes, turn: Turn::Ended, takes_part: false, lists });
        };
        let edited = self.has_changed(record.id);
        let turn = if self.base.is_none() {
            Turn::First
        } else if !took_part {
            Turn::Came
        } else if self.is_of_new_epoch() {
            Turn::Epoch
        } else if edited {
            Turn::Edited
        } else {
            Turn::None
        };
        let mut reading = None;
        let mut lists = Vec::with_capacity(TARGETS.len());
        for (target, before) in TARGETS.into_iter().zip(before) {
            let mut asking = || -> Result<Arc<Asking>, EngineError> {
                if reading.is_none() {
                    reading = Some(Arc::new(self.ranking.read(&record, &[])?));
                }
                reading.clone().ok_or(EngineError::Panicked)
            };
            let known = before.filter(|list| list.takes_part);
            let on_from = match &known {
                Some(list) if !self.run.whole && !edited && !self.anew.contains(&target) => Some(list),
                _ => None,
            };
            let up_to_date = match on_from {
                Some(list) => self.brought_up_to_date(list, &mut asking)?,
                None => None,
            };
            let (now, ranked) = match up_to_date {
                Some(list) => (list, false),
                None => {
                    let asking = asking()?;
                    (self.ranked(number, target, &asking)?, true)
                }
            };
            let now = Some(now).filter(|now| known.as_ref() != Some(now));
            lists.push(Update { before: known, now, ranked });
        }
        Ok(Matched { need: number, attributes: Attributes::of(&record), turn, takes_part: true, lists })
    }

    /// The list with those scored again who changed; `None` when that does not tell all that is shown.
    fn brought_up_to_date(
        &self,
        list: &MatchList,
        asking: &mut impl FnMut() -> Result<Arc<Asking>, EngineError>,
    ) -> Result<Option<MatchList>, EngineError> {
        // Without word of what changed, everything may have.
        let Some(changed) = &self.changed else { return Ok(None) };
        let changed = changed.of(list.target);
        let promotable = promotable(list, changed, self.length);
        let is_whole = list.shown == self.length.shown || (list.complete && list.shown == list.places.len());
        if changed.is_empty() && is_whole {
            return Ok(Some(list.clone()));
        }
        let mut among = [changed, &promotable].concat();
        among.sort_unstable();
        let asking = asking()?;
        // Whoever scores below the last place has none to get.
        let last = list.places.last().filter(|_| !list.complete);
        let wanted = Wanted { keep: self.length.all(), floor: last.map_or(0.0, |last| last.score) };
        let scored = self.ranking.rank_above(&asking, list.target, Some(&among), wanted)?;
        Ok(merged(list, changed, scored.iter().map(place).collect(), self.length))
    }

    fn ranked(&self, need: u64, target: Kind, asking: &Asking) -> Result<MatchList, EngineError> {
        // One more than a list holds tells whether there are others.
        let placed = self.ranking.rank(asking, target, None, self.length.all() + 1)?;
        let places: Vec<Place> = placed.iter().map(place).collect();
        Ok(cut(MatchList { complete: true, places, ..MatchList::of_none(need, target) }, self.length))
    }
}

impl Update {
    /// How many are shown now.
    fn shown(&self) -> u64 {
        self.now.as_ref().or(self.before.as_ref()).map_or(0, |list| list.shown().len() as u64)
    }
}

/// Rank and score before, and now.
pub(super) type Sides = (Option<(u32, f64)>, Option<(u32, f64)>);

/// Whose rank is another than before, by place now, then those that left by their former place.
pub(super) fn moves(before: Option<&MatchList>, now: &MatchList) -> Vec<(u64, Sides)> {
    let places = |list: Option<&MatchList>| -> Vec<(u64, (u32, f64))> {
        let shown = list.map_or(&[][..], MatchList::shown);
        shown.iter().zip(1..).map(|(place, rank)| (place.number, (rank, place.score))).collect()
    };
    let (then, now) = (places(before), places(Some(now)));
    let former: HashMap<u64, (u32, f64)> = then.iter().copied().collect();
    let present: HashMap<u64, (u32, f64)> = now.iter().copied().collect();
    let moved =
        now.iter().filter(|(number, (rank, _))| former.get(number).is_none_or(|(before, _)| before != rank));
    let moved = moved.map(|(number, place)| (*number, (former.get(number).copied(), Some(*place))));
    let left = then.iter().filter(|(number, _)| !present.contains_key(number));
    moved.chain(left.map(|(number, place)| (*number, (Some(*place), None)))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(numbers: &[u64]) -> MatchList {
        let place = |number: &u64| Place { number: *number, score: 1.0, parts: Vec::new() };
        let places = numbers.iter().map(place).collect();
        MatchList { takes_part: true, shown: numbers.len(), places, ..MatchList::of_none(1, Kind::Expert) }
    }

    #[test]
    fn every_moved_place_is_named_once_and_no_other() {
        let ranks = |before: &[u64], now: &[u64]| -> Vec<(u64, Option<u32>, Option<u32>)> {
            let moves = moves(Some(&list(before)), &list(now)).into_iter();
            moves
                .map(|(number, (before, now))| {
                    (number, before.map(|place| place.0), now.map(|place| place.0))
                })
                .collect()
        };
        let expected = [(3, Some(3), Some(2)), (2, Some(2), Some(3)), (5, None, Some(4)), (4, Some(4), None)];
        assert_eq!(ranks(&[1, 2, 3, 4], &[1, 3, 2, 5]), expected);
        assert_eq!(ranks(&[1, 2], &[1, 2]), []);
    }
}
