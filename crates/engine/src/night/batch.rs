//! One batch of needs matched: which of their lists differ from those of the run before, and in what.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use domain::{Attributes, Kind, Record, RecordId, Status};
use futures_util::future::try_join_all;
use index::{Asker, Question, Reached, Wanted};
use ranking::{Exclusion, part_weights};
use store::{Findings, ListChanges, ListFilter, MatchChange, MatchList, PARTS, Place};

use super::merging::{cut, merged};
use super::ranking::NightRanking;
use super::reaching::Read;
use super::readings::{Measure, Reading};
use super::reasons::{Fates, Turn};
use super::working::Shift;
use crate::rematch::TARGETS;
use crate::{Engine, EngineError, blocking};

/// Needs read at a time.
const PAGE: u32 = 500;

/// A need with the lists that the run before shows for it.
pub(super) struct Asked {
    pub(super) number: u64,
    /// `None` when it takes part no more.
    pub(super) record: Option<Record>,
    pub(super) before: [Option<MatchList>; TARGETS.len()],
    /// What it asks for, where a list is brought up to date.
    pub(super) reading: Option<Reading>,
    /// Of those that changed, who may come to a place in the list; nothing where that does not matter.
    pub(super) reached: [Vec<Reached>; TARGETS.len()],
}

/// What became of a need's lists.
struct Matched {
    need: u64,
    attributes: Attributes,
    turn: Turn,
    takes_part: bool,
    lists: Vec<Update>,
}

/// A need of which some lists are to be made anew still, and what it asks for, if that was read.
struct Begun {
    matched: Matched,
    read: Option<Read>,
}

impl Begun {
    /// What it asks a registry; it must have been read.
    fn question(&self, ranking: &NightRanking, target: Kind) -> Result<Question<'_>, EngineError> {
        let read = self.read.as_ref().ok_or(EngineError::Panicked)?;
        let asker = Asker { query: &read.query, attributes: &self.matched.attributes };
        Ok(Question { asker, corpus: read.corpus(ranking, target)? })
    }
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

/// What the changed make of a list.
enum Outcome {
    /// It is as it was.
    Same,
    /// This is the list now.
    Now(MatchList),
    /// They do not tell all that is shown.
    Uncertain,
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
        let looking = Arc::clone(shift);
        let asked = blocking(move || looking.look_round(asked)).await?;
        let size = asked.len().div_ceil(self.rematch.threads()).max(1);
        let mut rest = asked.into_iter();
        let mut parts = Vec::new();
        loop {
            let part: Vec<Asked> = rest.by_ref().take(size).collect();
            if part.is_empty() {
                break;
            }
            let shift = Arc::clone(shift);
            parts.push(blocking(move || shift.matched(part)));
        }
        let matched: Vec<Vec<Matched>> = try_join_all(parts).await?;
        self.findings(shift, matched.into_iter().flatten().collect()).await
    }

    /// The needs in a range that take part, and those that did until now.
    async fn asked(&self, shift: &Shift, after: u64, up_to: u64) -> Result<Vec<Asked>, EngineError> {
        let mut asked: BTreeMap<u64, Asked> = BTreeMap::new();
        let one = |number| {
            let (before, reached) = ([const { None }; TARGETS.len()], Default::default());
            Asked { number, record: None, before, reading: None, reached }
        };
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
    pub(super) fn has_changed(&self, id: RecordId) -> bool {
        self.changed.as_ref().is_some_and(|changed| changed.holds(id.kind, id.number))
    }

    /// Brings the lists of these needs up to date.
    fn matched(&self, asked: Vec<Asked>) -> Result<Vec<Matched>, EngineError> {
        let mut begun: Vec<Begun> =
            asked.into_iter().map(|asked| self.begun(asked)).collect::<Result<_, _>>()?;
        for (at, target) in TARGETS.into_iter().enumerate() {
            self.rank_anew(at, target, &mut begun)?;
        }
        Ok(begun.into_iter().map(|begun| begun.matched).collect())
    }

    /// Brings a need's lists up to date as far as those that changed tell.
    fn begun(&self, asked: Asked) -> Result<Begun, EngineError> {
        let Asked { number, record, before, reading, reached } = asked;
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
            let matched = Matched { need: number, attributes, turn: Turn::Ended, takes_part: false, lists };
            return Ok(Begun { matched, read: None });
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
        let attributes = Attributes::of(&record);
        let mut lists = Vec::with_capacity(TARGETS.len());
        for (at, (before, reached)) in before.into_iter().zip(reached).enumerate() {
            let known = before.filter(|list| list.takes_part);
            let outcome = match known.as_ref().filter(|list| self.goes_on_from(&record, list)) {
                Some(list) => self.brought_up_to_date(at, list, &reached, &attributes, reading.as_ref())?,
                None => Outcome::Uncertain,
            };
            let (now, ranked) = match outcome {
                Outcome::Same => (None, false),
                Outcome::Now(list) => (Some(list), false),
                Outcome::Uncertain => (None, true),
            };
            let now = now.filter(|now| known.as_ref() != Some(now));
            lists.push(Update { before: known, now, ranked });
        }
        let read = lists.iter().any(|list| list.ranked).then(|| self.read(&record)).transpose()?;
        let matched = Matched { need: number, attributes, turn, takes_part: true, lists };
        Ok(Begun { matched, read })
    }

    /// Whether a need's list is brought up to date, and not made anew.
    pub(super) fn goes_on_from(&self, need: &Record, list: &MatchList) -> bool {
        list.takes_part
            && !self.run.whole
            // Without word of what changed, everything may have.
            && self.changed.is_some()
            && !self.has_changed(need.id)
            && !self.anew.contains(&list.target)
    }

    /// The list, of the registry at this place among [`TARGETS`], with those scored again who changed and may have a place in it.
    fn brought_up_to_date(
        &self,
        at: usize,
        list: &MatchList,
        reached: &[Reached],
        attributes: &Attributes,
        reading: Option<&Reading>,
    ) -> Result<Outcome, EngineError> {
        let changed = self.changed.as_ref().map_or(&[][..], |changed| changed.of(list.target));
        let held = |place: &Place| changed.binary_search(&place.number).is_ok();
        let is_whole = list.shown == self.length.shown || (list.complete && list.shown == list.places.len());
        if reached.is_empty() && is_whole && !list.places.iter().any(held) {
            return Ok(Outcome::Same);
        }
        let mut scored = Vec::new();
        if !reached.is_empty() {
            // Whoever was reached was asked for by it.
            let reading = reading.ok_or(EngineError::Panicked)?;
            let wanted = Wanted { keep: self.length.all(), floor: floor(list) };
            let grounds = reading.grounds();
            let heard = reading.heard(at, attributes, &grounds);
            scored = self.ranking.rank_some(&heard, list.target, reached, wanted)?;
        }
        let merged = merged(list, changed, scored, self.length);
        let weighed = |list: MatchList| match reading {
            Some(reading) => MatchList { weights: self.part_weights(reading.measures[at]), ..list },
            None => list,
        };
        Ok(merged.map_or(Outcome::Uncertain, |list| Outcome::Now(weighed(list))))
    }

    fn part_weights(&self, Measure { rate, .. }: Measure) -> [f32; PARTS] {
        part_weights(rate, self.ranking.weights())
    }

    /// Makes the lists of one registry anew that are to be: all of them together, which takes less time than one after the other.
    fn rank_anew(&self, at: usize, target: Kind, begun: &mut [Begun]) -> Result<(), EngineError> {
        let mut anew: Vec<&mut Begun> =
            begun.iter_mut().filter(|begun| begun.matched.lists[at].ranked).collect();
        if anew.is_empty() {
            return Ok(());
        }
        let mut questions = Vec::with_capacity(anew.len());
        for begun in &anew {
            questions.push(begun.question(&self.ranking, target)?);
        }
        // One more than a list holds tells whether there are others.
        let placed = self.ranking.rank_all(&questions, target, self.length.all() + 1)?;
        for (begun, places) in anew.iter_mut().zip(placed) {
            let Begun { matched: Matched { need, lists, .. }, read } = &mut **begun;
            let measure = read.as_ref().ok_or(EngineError::Panicked)?.measures[at];
            let weights = self.part_weights(measure);
            let list = MatchList { complete: true, weights, places, ..MatchList::of_none(*need, target) };
            let Update { before, now, .. } = &mut lists[at];
            *now = Some(cut(list, self.length)).filter(|now| before.as_ref() != Some(now));
        }
        Ok(())
    }
}

/// Whoever scores less has no place in a list to get.
pub(super) fn floor(list: &MatchList) -> f64 {
    list.places.last().filter(|_| !list.complete).map_or(0.0, |last| last.score)
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
        let place = |number: &u64| Place { number: *number, score: 1.0, values: [0.0; PARTS] };
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
