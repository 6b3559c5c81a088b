//! When an epoch's statistics have served their time. The rule is here and nowhere else.

use domain::Kind;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// A registry whose documents became more or fewer by this share has other statistics, …
const GROWN: f64 = 0.1;
/// … unless these are so few that a share says nothing.
const FEWEST: u64 = 50;

/// Live documents of the registries whose statistics scores rest on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Sizes {
    pub(super) needs: u64,
    pub(super) experts: u64,
    pub(super) stations: u64,
    pub(super) achievements: u64,
}

/// What an epoch is judged by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Grounds {
    /// What must be the same: analysis, vectors, weights, settings.
    pub(super) key: String,
    pub(super) sizes: Sizes,
    pub(super) at: Timestamp,
}

/// Why a new epoch begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rollover {
    /// There is none yet.
    First,
    /// Somebody wants it.
    Asked,
    /// Analysis, vectors, weights or settings are others.
    OtherKey,
    /// A registry has become another one.
    Grown(Kind),
    /// It is too old.
    Old,
}

/// Whether a new epoch must begin, and why. `days` is how long one lasts.
pub(super) fn rollover(epoch: Option<&Grounds>, now: &Grounds, days: u32, asked: bool) -> Option<Rollover> {
    let Some(epoch) = epoch else { return Some(Rollover::First) };
    if asked {
        return Some(Rollover::Asked);
    }
    if epoch.key != now.key {
        return Some(Rollover::OtherKey);
    }
    let registries = epoch.sizes.each().into_iter().zip(now.sizes.each());
    let grown = |((_, before), (_, now)): &((Kind, u64), (Kind, u64))| {
        let difference = before.abs_diff(*now);
        difference >= FEWEST && difference as f64 > GROWN * *before as f64
    };
    if let Some(((kind, _), _)) = registries.into_iter().find(grown) {
        return Some(Rollover::Grown(kind));
    }
    let age = now.at.duration_since(epoch.at);
    (age >= SignedDuration::from_hours(24 * i64::from(days))).then_some(Rollover::Old)
}

impl Sizes {
    const fn each(self) -> [(Kind, u64); 4] {
        let Self { needs, experts, stations, achievements } = self;
        [
            (Kind::Need, needs),
            (Kind::Expert, experts),
            (Kind::Station, stations),
            (Kind::Achievement, achievements),
        ]
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn grounds(key: &str, experts: u64, day: i64) -> Grounds {
        let sizes = Sizes { needs: 100, experts, stations: 0, achievements: 100 };
        Grounds { key: key.to_owned(), sizes, at: Timestamp::from_second(day * 86_400).unwrap() }
    }

    #[test]
    fn an_epoch_ends_by_each_of_its_rules_and_by_no_other() {
        let epoch = grounds("a", 1_000, 0);
        let ends = |now: Grounds| rollover(Some(&epoch), &now, 30, false);
        assert_eq!(ends(grounds("a", 1_000, 0)), None);
        assert_eq!(ends(grounds("a", 1_100, 29)), None, "a tenth is not more than a tenth");
        assert_eq!(ends(grounds("a", 1_101, 29)), Some(Rollover::Grown(Kind::Expert)));
        assert_eq!(ends(grounds("a", 899, 0)), Some(Rollover::Grown(Kind::Expert)));
        assert_eq!(ends(grounds("b", 1_000, 0)), Some(Rollover::OtherKey));
        assert_eq!(ends(grounds("a", 1_000, 30)), Some(Rollover::Old));
        assert_eq!(rollover(Some(&epoch), &grounds("a", 1_000, 0), 30, true), Some(Rollover::Asked));
        assert_eq!(rollover(None, &grounds("a", 1_000, 0), 30, false), Some(Rollover::First));
    }

    #[test]
    fn a_few_records_do_not_end_it_however_few_there_were() {
        let few = grounds("a", 10, 0);
        assert_eq!(rollover(Some(&few), &grounds("a", 59, 0), 30, false), None);
        assert_eq!(
            rollover(Some(&few), &grounds("a", 60, 0), 30, false),
            Some(Rollover::Grown(Kind::Expert))
        );
    }
}
