//! Campaigns as staff see them: what conflicts is named with the least that would have to give, what is left out has its reason, what is
//! swapped leaves the rest in place.
#![allow(clippy::unwrap_used, reason = "tests")]

use pathfinding::prelude::{Matrix, kuhn_munkres};
use planning::{
    Campaign, Candidate, Change, Effort, Expert, Instance, InstanceError, Members, Need, Quota, Reason,
    Relaxation, Ruling, Solved, verify,
};

fn instance(capacities: &[u32], needs: usize, scores: &[(u64, u64, u32)]) -> Instance {
    let pair = |(expert, need, score): &(u64, u64, u32)| Candidate {
        expert: *expert,
        need: *need,
        score: *score,
        ruling: Ruling::Open,
    };
    Instance {
        experts: (1..).zip(capacities).map(|(id, capacity)| Expert { id, capacity: *capacity }).collect(),
        needs: (1..=needs as u64).map(|id| Need { id, least: 1, most: 1 }).collect(),
        pairs: scores.iter().map(pair).collect(),
        ..Instance::default()
    }
}

fn solve(instance: &Instance) -> Solved {
    let campaign = Campaign::new(instance.clone()).unwrap();
    let solved = Solved::new(campaign.clone(), Effort::default()).unwrap();
    verify(&campaign, solved.plan()).unwrap();
    solved
}

fn rule(instance: &mut Instance, expert: u64, need: u64, ruling: Ruling) {
    let mut pairs = instance.pairs.iter_mut();
    pairs.find(|pair| (pair.expert, pair.need) == (expert, need)).unwrap().ruling = ruling;
}

fn visits(solved: &Solved) -> Vec<(u64, u64)> {
    solved.plan().visits.iter().map(|visit| (visit.expert, visit.need)).collect()
}

/// Scattered scores that are the same everywhere.
fn score(expert: u64, need: u64) -> u32 {
    ((expert * 7_919 + need * 104_729).wrapping_mul(2_654_435_761) >> 7) as u32 % 1_000
}

#[test]
fn one_to_one_it_is_the_hungarian_method() {
    let size = 60_u64;
    let all: Vec<_> =
        (1..=size).flat_map(|one| (1..=size).map(move |two| (one, two, score(one, two)))).collect();
    let solved = solve(&instance(&[1; 60], 60, &all));
    let weight = |(row, column): (usize, usize)| i64::from(score(column as u64 + 1, row as u64 + 1));
    let (total, _) = kuhn_munkres(&Matrix::from_fn(60, 60, weight));
    assert_eq!((solved.plan().value.covered, solved.plan().value.score as i64), (60, total));
    assert!(solved.plan().bound.optimal);
}

#[test]
fn aims_come_in_their_order() {
    // Expert 1 alone could serve both for the higher score; two experts for one point less cannot be had.
    let mut even = instance(&[2, 2], 2, &[(1, 1, 500), (1, 2, 500), (2, 1, 500), (2, 2, 499)]);
    let solved = solve(&even);
    assert_eq!((solved.plan().value.score, solved.plan().value.load), (1_000, 2));
    assert_eq!(visits(&solved), [(2, 1), (1, 2)]);
    rule(&mut even, 2, 1, Ruling::Forbidden);
    assert_eq!((solve(&even).plan().value.score, solve(&even).plan().value.load), (1_000, 4));
}

#[test]
fn what_locks_exceed_is_named_and_relaxing_it_suffices() {
    let mut campaign = instance(&[1, 1], 2, &[(1, 1, 500), (1, 2, 500), (2, 2, 100)]);
    campaign.quotas.push(Quota { id: 9, members: Members::Experts(vec![1]), at_least: 0, at_most: 1 });
    campaign.quotas.push(Quota { id: 8, members: Members::Needs(vec![1, 2]), at_least: 5, at_most: 6 });
    rule(&mut campaign, 1, 1, Ruling::Locked);
    rule(&mut campaign, 1, 2, Ruling::Locked);
    let expected = [
        Relaxation::Capacity { expert: 1, by: 1 },
        Relaxation::AtLeast { quota: 8, by: 3 },
        Relaxation::AtMost { quota: 9, by: 1 },
    ];
    assert_eq!(solve(&campaign).plan().relaxations, expected);
    campaign.experts[0].capacity += 1;
    campaign.quotas[0].at_most += 1;
    campaign.quotas[1].at_least -= 3;
    assert_eq!(solve(&campaign).plan().relaxations, []);
    campaign.quotas[1].at_least += 1;
    assert_eq!(solve(&campaign).plan().relaxations, [Relaxation::AtLeast { quota: 8, by: 1 }]);
}

#[test]
fn a_lower_bound_comes_before_covering_more() {
    // One expert; the group must have one visit, though the other need scores more.
    let mut campaign = instance(&[1], 2, &[(1, 1, 100), (1, 2, 900)]);
    assert_eq!(visits(&solve(&campaign)), [(1, 2)]);
    campaign.quotas.push(Quota { id: 1, members: Members::Needs(vec![1]), at_least: 1, at_most: 1 });
    assert_eq!(visits(&solve(&campaign)), [(1, 1)]);
}

#[test]
fn what_is_left_out_has_its_reason() {
    let pairs = [(1, 1, 900), (1, 2, 800), (2, 3, 300), (2, 4, 200), (3, 6, 700), (3, 7, 600)];
    let mut campaign = instance(&[1, 1, 5], 7, &pairs);
    campaign.floor = 250;
    campaign.quotas.push(Quota { id: 4, members: Members::Experts(vec![3]), at_least: 0, at_most: 1 });
    rule(&mut campaign, 2, 3, Ruling::Forbidden);
    let reasons: Vec<_> =
        solve(&campaign).left_out().into_iter().map(|left| (left.need, left.reasons)).collect();
    let expected = [
        (2, vec![Reason::Busy { expert: 1, serves: vec![1] }]),
        (3, vec![Reason::Forbidden(1)]),
        (4, vec![Reason::BelowFloor { count: 1, best: 200 }]),
        (5, vec![Reason::NoCandidate]),
        (7, vec![Reason::QuotaFull { quota: 4 }]),
    ];
    assert_eq!(reasons, expected);
}

#[test]
fn a_swap_leaves_the_rest_in_place() {
    // All scores equal: any plan is as good, so whatever moves without need is seen.
    let size = 30_u64;
    let all: Vec<_> = (1..=size).flat_map(|one| (1..=size).map(move |two| (one, two, 700))).collect();
    let mut solved = solve(&instance(&[1; 30], 30, &all));
    let before = visits(&solved);
    let ((one, first), (two, second)) = (before[3], before[20]);
    let change = |expert, need, ruling| Change { expert, need, ruling };
    let swap = [change(one, second, Ruling::Locked), change(two, first, Ruling::Locked)];
    solved.amend(&swap).unwrap();
    let after = visits(&solved);
    assert!(after.contains(&(one, second)) && after.contains(&(two, first)));
    assert_eq!(before.iter().filter(|visit| after.contains(visit)).count(), 28);
    assert_eq!(solved.plan().value.kept, 28);
    // Let go again, nothing has a reason to move.
    solved.amend(&swap.map(|change| Change { ruling: Ruling::Open, ..change })).unwrap();
    assert_eq!(visits(&solved), after);
}

#[test]
fn a_pair_that_is_no_candidate_changes_nothing() {
    let mut solved = solve(&instance(&[1], 2, &[(1, 1, 500)]));
    let before = solved.plan().clone();
    let change = Change { expert: 1, need: 2, ruling: Ruling::Locked };
    let good = Change { expert: 1, need: 1, ruling: Ruling::Forbidden };
    let refused = solved.amend(&[good, change]).unwrap_err();
    assert_eq!(refused, InstanceError::UnknownPair { expert: 1, need: 2 });
    assert_eq!(*solved.plan(), before);
}

#[test]
fn scores_of_a_billion_need_wider_numbers_and_are_exact() {
    let size = 400_u64;
    let wide = |one, two| 1_000_000_000 - score(one, two);
    let all: Vec<_> =
        (1..=size).flat_map(|one| (1..=size).map(move |two| (one, two, wide(one, two)))).collect();
    let mut campaign = instance(&[1; 400], 400, &all);
    campaign.previous = vec![(1, 1)];
    let solved = solve(&campaign);
    let weight = |(row, column): (usize, usize)| i64::from(wide(column as u64 + 1, row as u64 + 1));
    let (total, _) = kuhn_munkres(&Matrix::from_fn(400, 400, weight));
    assert_eq!(solved.plan().value.score as i64, total);
    assert!(solved.plan().bound.optimal);
}

#[test]
fn what_is_no_instance_is_refused() {
    let sound = instance(&[1, 1], 2, &[(1, 1, 1), (2, 1, 2)]);
    let refused = |change: &dyn Fn(&mut Instance)| {
        let mut instance = sound.clone();
        change(&mut instance);
        Campaign::new(instance).unwrap_err()
    };
    let quota = |id, of: &[u64], at_least, at_most| Quota {
        id,
        members: Members::Needs(of.to_vec()),
        at_least,
        at_most,
    };
    assert_eq!(refused(&|it| it.experts[1].id = 1), InstanceError::RepeatedExpert(1));
    assert_eq!(refused(&|it| it.needs[1].id = 1), InstanceError::RepeatedNeed(1));
    assert_eq!(refused(&|it| it.pairs[1].expert = 1), InstanceError::RepeatedPair { expert: 1, need: 1 });
    assert_eq!(refused(&|it| it.pairs[1].expert = 7), InstanceError::UnknownExpert(7));
    assert_eq!(refused(&|it| it.pairs[1].need = 7), InstanceError::UnknownNeed(7));
    assert_eq!(refused(&|it| it.needs[0].least = 0), InstanceError::Wants(1));
    assert_eq!(refused(&|it| it.needs[0].least = 2), InstanceError::Wants(1));
    assert_eq!(refused(&|it| it.experts[0].capacity = 10_001), InstanceError::Capacity(1));
    assert_eq!(refused(&|it| it.pairs[0].score = 1_000_000_001), InstanceError::Score { expert: 1, need: 1 });
    assert_eq!(refused(&|it| it.quotas = vec![quota(3, &[1], 2, 1)]), InstanceError::Bounds(3));
    assert_eq!(refused(&|it| it.quotas = vec![quota(3, &[1], 0, 1); 2]), InstanceError::RepeatedQuota(3));
    let crossing = |it: &mut Instance| {
        it.needs.push(Need { id: 3, least: 1, most: 1 });
        it.quotas = vec![quota(3, &[1, 2], 1, 2), quota(4, &[2, 3], 1, 2)];
    };
    assert_eq!(refused(&crossing), InstanceError::CrossingFloors(4));
}
