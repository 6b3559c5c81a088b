//! Plans against every plan there is, on instances small enough to try all.
//!
//! Properties: where each need wants one expert at least and quotas nest, the plan equals the best in every aim and says so; elsewhere it
//! keeps every limit, is no better than the best, and no worse than its bound allows; amending gives as good a plan as solving anew, and
//! of the equally good the one that keeps most; what a pair's absence costs is what solving without it costs.
#![allow(clippy::unwrap_used, reason = "tests")]

mod brute;

use brute::{best, tiny};
use planning::{Campaign, Change, Effort, Instance, Ruling, Solved, Value, verify};
use proptest::prelude::*;

fn solve(instance: &Instance) -> Solved {
    let campaign = Campaign::new(instance.clone()).unwrap();
    let solved = Solved::new(campaign.clone(), Effort { parts: 3000, rounds: 6 }).unwrap();
    verify(&campaign, solved.plan()).unwrap();
    solved
}

/// The aims before the last, which only amended plans have.
fn aims(value: &Value) -> (i64, u64, u64, i64) {
    (-(value.shortfall as i64), value.covered, value.score, -(value.load as i64))
}

fn all_aims(value: &Value) -> (i64, u64, u64, i64, u64) {
    let (shortfall, covered, score, load) = aims(value);
    (shortfall, covered, score, load, value.kept)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn the_best_where_it_is_a_flow(instance in tiny(false, false)) {
        let solved = solve(&instance);
        prop_assert_eq!(all_aims(&solved.plan().value), all_aims(&best(&instance)));
        prop_assert!(solved.plan().bound.optimal);
    }

    #[test]
    fn the_best_where_needs_want_several_or_none(instance in tiny(true, false)) {
        let solved = solve(&instance);
        prop_assert_eq!(aims(&solved.plan().value), aims(&best(&instance)));
        prop_assert!(solved.plan().bound.optimal);
    }

    #[test]
    fn a_bound_where_quotas_cross(instance in tiny(true, true)) {
        let solved = solve(&instance);
        let (plan, best) = (solved.plan(), best(&instance));
        prop_assert!(all_aims(&plan.value) <= all_aims(&best));
        prop_assert!(best.covered <= plan.bound.covered);
        if best.covered == plan.bound.covered {
            prop_assert!(best.score <= plan.bound.score);
        }
        if plan.bound.optimal {
            prop_assert_eq!(all_aims(&plan.value), all_aims(&best));
        }
    }

    #[test]
    fn a_bound_holds_however_little_effort_is_made(instance in tiny(true, true)) {
        let campaign = Campaign::new(instance.clone()).unwrap();
        let solved = Solved::new(campaign.clone(), Effort { parts: 0, rounds: 0 }).unwrap();
        let (plan, best) = (solved.plan(), best(&instance));
        verify(&campaign, plan).unwrap();
        prop_assert!(all_aims(&plan.value) <= all_aims(&best));
        prop_assert!(best.covered <= plan.bound.covered);
        if best.covered == plan.bound.covered {
            prop_assert!(best.score <= plan.bound.score);
        }
    }

    #[test]
    fn the_order_of_the_input_does_not_matter(instance in tiny(true, true)) {
        let mut turned = instance.clone();
        turned.experts.reverse();
        turned.needs.reverse();
        turned.pairs.reverse();
        turned.quotas.reverse();
        let (one, other) = (solve(&instance), solve(&turned));
        prop_assert_eq!(one.plan(), other.plan());
    }

    #[test]
    fn amended_it_is_as_good_as_anew_and_moves_least(
        instance in tiny(false, false),
        at in any::<prop::sample::Index>(),
        ruling in prop::sample::select(vec![Ruling::Open, Ruling::Locked, Ruling::Forbidden]),
    ) {
        let mut solved = solve(&Instance { previous: Vec::new(), ..instance.clone() });
        let previous = solved.plan().visits.iter().map(|visit| (visit.expert, visit.need)).collect();
        let mut changed = Instance { previous, ..instance };
        prop_assume!(!changed.pairs.is_empty());
        let pair = at.get(&changed.pairs).to_owned();
        changed.pairs.iter_mut().find(|other| **other == pair).unwrap().ruling = ruling;
        solved.amend(&[Change { expert: pair.expert, need: pair.need, ruling }]).unwrap();
        prop_assert_eq!(all_aims(&solved.plan().value), all_aims(&best(&changed)));
        prop_assert!(solved.plan().bound.optimal);
        verify(&Campaign::new(changed).unwrap(), solved.plan()).unwrap();
    }

    #[test]
    fn what_a_pair_is_worth_is_what_its_absence_costs(
        instance in tiny(false, false),
        at in any::<prop::sample::Index>(),
    ) {
        let instance = Instance { previous: Vec::new(), ..instance };
        let mut solved = solve(&instance);
        let open: Vec<_> = instance.pairs.iter().filter(|pair| pair.ruling == Ruling::Open).copied().collect();
        prop_assume!(!open.is_empty());
        let pair = *at.get(&open);
        let is_in = solved.plan().visits.iter().any(|visit| (visit.expert, visit.need) == (pair.expert, pair.need));
        let before = solved.plan().value;
        let found = solved.otherwise(pair.expert, pair.need).unwrap();
        let mut turned = instance;
        let ruling = if is_in { Ruling::Forbidden } else { Ruling::Locked };
        turned.pairs.iter_mut().find(|other| **other == pair).unwrap().ruling = ruling;
        let other = solve(&turned);
        match found {
            Some(found) => {
                let after = other.plan().value;
                prop_assert_eq!(found.change.covered, after.covered as i64 - before.covered as i64);
                prop_assert_eq!(found.change.score, after.score as i64 - before.score as i64);
                prop_assert_eq!(found.change.load, after.load as i64 - before.load as i64);
                prop_assert_eq!(found.change.shortfall, after.shortfall as i64 - before.shortfall as i64);
            }
            // Only limits that are full of locks leave no way.
            None => prop_assert!(!other.plan().relaxations.is_empty()),
        }
    }
}
