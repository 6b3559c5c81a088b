//! A list brought up to date from what changed alone, exactly as if all were ranked again.
//!
//! A pair's score is a function of the two records, the epoch's statistics and the date. So whoever did not change scores what they scored.
//! Let the old list end with score *s*. Whoever was not on it scored below *s*, and still does unless changed; all who changed are scored again. Among all
//! that score at least *s* now, none is therefore missing from the old list without the changed plus the changed as they score now: down to *s* the new
//! order is certain. When it is certain for fewer than are shown, this says so, and everybody is ranked again; the reserve behind those that are shown makes
//! that rare.

use std::cmp::Ordering;

use store::{MatchList, Place};

/// How many are shown, and how many are held in reserve behind them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Length {
    pub(super) shown: usize,
    pub(super) reserve: usize,
}

impl Length {
    pub(super) const fn all(self) -> usize {
        self.shown + self.reserve
    }
}

/// The order of lists: by score, best first, ties by number.
pub(super) fn order(one: &Place, other: &Place) -> Ordering {
    other.score.total_cmp(&one.score).then_with(|| one.number.cmp(&other.number))
}

/// The new list from the old one and from how the best of those who `changed` (ascending) score now, as many as a list holds; `None` when it is not
/// certain down to the last place that is shown.
pub(super) fn merged(
    old: &MatchList,
    changed: &[u64],
    scored: Vec<Place>,
    length: Length,
) -> Option<MatchList> {
    let least = if old.complete { None } else { Some(old.places.last()?) };
    let same = |place: &&Place| changed.binary_search(&place.number).is_err();
    let mut places: Vec<Place> = old.places.iter().filter(same).copied().collect();
    places.extend(scored);
    places.sort_by(order);
    if let Some(least) = least {
        places.retain(|place| order(place, least).is_le());
        if places.len() < length.shown {
            return None;
        }
    }
    let MatchList { complete, weights, .. } = *old;
    let list = MatchList { places, complete, weights, ..MatchList::of_none(old.need, old.target) };
    let list = cut(list, length);
    // An earlier version kept no parts of those in reserve, who are shown with them now.
    list.shown().iter().all(|place| place.values.iter().any(|value| *value > 0.0)).then_some(list)
}

/// A list of a need that takes part, from its places, best first: `complete` when nobody else may be proposed.
pub(super) fn cut(mut list: MatchList, length: Length) -> MatchList {
    list.takes_part = true;
    list.complete &= list.places.len() <= length.all();
    list.places.truncate(length.all());
    list.shown = length.shown.min(list.places.len());
    list
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::collections::BTreeMap;

    use domain::Kind;
    use proptest::prelude::*;
    use store::PARTS;

    use super::*;

    const LENGTH: Length = Length { shown: 4, reserve: 3 };

    /// The best of some, with few different scores, so that ties are many.
    fn best(all: &BTreeMap<u64, u8>, among: Option<&[u64]>) -> Vec<Place> {
        let held = all.iter().filter(|(number, score)| {
            **score > 0 && among.is_none_or(|among| among.binary_search(number).is_ok())
        });
        let place = |(number, score): (&u64, &u8)| Place {
            number: *number,
            score: f64::from(*score),
            values: [1.0; PARTS],
        };
        let mut places: Vec<Place> = held.map(place).collect();
        places.sort_by(order);
        places
    }

    fn ranked(all: &BTreeMap<u64, u8>) -> MatchList {
        let list =
            MatchList { complete: true, places: best(all, None), ..MatchList::of_none(1, Kind::Expert) };
        cut(list, LENGTH)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn what_is_shown_is_what_ranking_all_again_shows(
            start in prop::collection::btree_map(1_u64..30, 0_u8..12, 0..30),
            nights in prop::collection::vec(prop::collection::btree_map(1_u64..30, 0_u8..12, 0..6), 1..12),
        ) {
            let mut all = start;
            let mut list = ranked(&all);
            for night in nights {
                all.extend(&night);
                let changed: Vec<u64> = night.keys().copied().collect();
                let mut scored = best(&all, Some(&changed));
                scored.truncate(LENGTH.all());
                let anew = ranked(&all);
                if let Some(merged) = merged(&list, &changed, scored, LENGTH) {
                    prop_assert_eq!(merged.shown(), anew.shown());
                    // The reserve may be shorter, but never skips anybody.
                    prop_assert_eq!(&merged.places[..], &anew.places[..merged.places.len()]);
                    prop_assert!(!merged.complete || merged.places.len() == anew.places.len());
                    list = merged;
                } else {
                    list = anew;
                }
            }
        }
    }

    #[test]
    fn one_that_falls_below_the_last_place_leaves_doubt_only_when_too_few_are_left() {
        let mut all: BTreeMap<u64, u8> = (1..=20).map(|number| (number, 50 - number as u8)).collect();
        let list = ranked(&all);
        all.insert(1, 1);
        let one = merged(&list, &[1], best(&all, Some(&[1])), LENGTH).unwrap();
        assert_eq!(one.shown().iter().map(|place| place.number).collect::<Vec<_>>(), [2, 3, 4, 5]);
        let four = [1, 2, 3, 4];
        all.extend(four.map(|number| (number, 1)));
        assert_eq!(merged(&list, &four, best(&all, Some(&four)), LENGTH), None);
    }
}
