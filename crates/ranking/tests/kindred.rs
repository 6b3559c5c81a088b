//! Properties of grouping needs: the order of the input changes nothing; those that say the same are one group; strangers are none; a
//! chain of neighbours does not become one group, however long; large groups hold together as small ones do; every label word stands
//! in two members at least, and none is a word that every form holds.
#![allow(clippy::unwrap_used, reason = "tests")]

use domain::{Area, Passage};
use proptest::prelude::*;
use ranking::common;
use ranking::kindred::{Group, Neighbourhood, groups};
use text::{Analyzer, Dictionaries};

/// Everybody finds those that are named with them.
fn found(ties: &[(u64, u64, f32)], needs: u64) -> Vec<Neighbourhood> {
    let near = |number: u64| {
        let other = |&(a, b, likeness): &(u64, u64, f32)| match number {
            _ if number == a => Some((b, likeness)),
            _ if number == b => Some((a, likeness)),
            _ => None,
        };
        ties.iter().filter_map(other).collect()
    };
    (1..=needs).map(|number| Neighbourhood { number, near: near(number) }).collect()
}

fn members(groups: &[Group]) -> Vec<Vec<u64>> {
    groups.iter().map(|group| group.members.clone()).collect()
}

#[test]
fn what_is_the_same_is_one_group_and_strangers_are_none() {
    let ties = [(1, 2, 1.0), (3, 4, 0.05), (1, 3, 0.04)];
    let found = groups(&found(&ties, 5));
    assert_eq!(members(&found), [[1, 2]]);
    assert!((found[0].cohesion - 1.0).abs() < 1e-9);
}

#[test]
fn to_be_found_is_not_enough() {
    let one_way = [
        Neighbourhood { number: 1, near: vec![(2, 0.9)] },
        Neighbourhood { number: 2, near: vec![(3, 0.9)] },
        Neighbourhood { number: 3, near: vec![] },
    ];
    assert_eq!(groups(&one_way), []);
}

#[test]
fn a_chain_does_not_become_one_group() {
    for length in [3, 26, 1_000] {
        let ties: Vec<(u64, u64, f32)> = (1..length).map(|at| (at, at + 1, 0.5)).collect();
        let longest = groups(&found(&ties, length)).iter().map(|group| group.members.len()).max();
        assert!(longest.unwrap() <= 3, "{length}: {longest:?}");
    }
}

#[test]
fn a_hundred_that_know_their_nearest_hold_together() {
    let near = |number: u64| {
        let others =
            (1..=30).flat_map(|step| [(number + step) % 100 + 1, (number + 100 - step - 2) % 100 + 1]);
        others.filter(|other| *other != number).map(|other| (other, 0.6)).collect()
    };
    let needs: Vec<Neighbourhood> =
        (1..=100).map(|number| Neighbourhood { number, near: near(number) }).collect();
    let found = groups(&needs);
    assert_eq!(found.len(), 1, "{:?}", members(&found));
    assert_eq!(found[0].members.len(), 100);
}

proptest! {
    #[test]
    fn the_order_changes_nothing(
        ties in prop::collection::vec((1_u64..20, 1_u64..20, 0.0_f32..1.0), 0..60),
        seed in any::<u64>(),
    ) {
        let mut ties: Vec<_> = ties.into_iter().filter(|tie| tie.0 < tie.1).collect();
        ties.sort_by_key(|tie| (tie.0, tie.1));
        ties.dedup_by_key(|tie| (tie.0, tie.1));
        let straight = found(&ties, 20);
        let mut mixed = straight.clone();
        mixed.sort_by_key(|one| one.number.wrapping_mul(seed | 1) % 97);
        for one in &mut mixed {
            one.near.reverse();
        }
        let groups_found = groups(&straight);
        prop_assert_eq!(&groups_found, &groups(&mixed));
        let mut all: Vec<u64> = groups_found.iter().flat_map(|group| group.members.clone()).collect();
        all.sort_unstable();
        let many = all.len();
        all.dedup();
        prop_assert_eq!(all.len(), many, "nobody is in two groups");
        prop_assert!(groups_found.iter().all(|group| (0.0..=1.0).contains(&group.cohesion)));
    }
}

fn need(title: &str, description: &str) -> Vec<Passage> {
    let passage = |area, field, label, text: &str| Passage { area, field, label, text: text.to_owned() };
    vec![
        passage(Area::Title, "title", "技术需求名称", title),
        passage(Area::Body, "description", "具体的技术需求说明", description),
    ]
}

#[test]
fn label_words_stand_in_the_members_and_say_something() {
    let analyzer = Analyzer::new(&Dictionaries::builtin()).unwrap();
    let group = [
        need("铝壳激光焊接气孔控制", "焊缝气孔率偏高，希望提高产品质量，降低成本"),
        need("电池铝壳焊缝气孔", "激光焊接后气孔多，希望提高产品质量，降低成本"),
        need("防爆阀激光焊接", "焊缝气孔导致漏气，希望提高产品质量，降低成本"),
    ];
    let told = common(&analyzer, &group, 100, |word| if word == "激光" { 90 } else { 3 });
    assert!((3..=6).contains(&told.label.len()), "{:?}", told.label);
    for word in &told.label {
        let holders =
            group.iter().filter(|need| need.iter().any(|passage| passage.text.contains(word.as_str())));
        assert!(holders.count() >= 2, "{word}");
        assert!(!["质量", "成本", "产品"].contains(&word.as_str()), "{word}");
    }
    assert!(told.label.contains(&"气孔".to_owned()), "{:?}", told.label);
    for (need, shared) in group.iter().zip(&told.needs) {
        assert!(!shared.words.is_empty());
        for highlight in &shared.highlights {
            let passage = need.iter().find(|passage| passage.field == highlight.field).unwrap();
            let whole: String = highlight.pieces.iter().map(|piece| piece.text.as_str()).collect();
            assert!(passage.text.contains(whole.trim_matches('…')));
            let hits = highlight.pieces.iter().filter(|piece| piece.hit);
            assert!(hits.clone().count() > 0);
            assert!(
                hits.clone().all(|piece| shared.words.iter().any(|word| piece.text.contains(word.as_str())))
            );
        }
    }
}

#[test]
fn strangers_have_nothing_in_common() {
    let analyzer = Analyzer::new(&Dictionaries::builtin()).unwrap();
    let group = [need("水稻病虫害防治", "稻飞虱"), need("光纤阵列耦合", "功率漂移")];
    let told = common(&analyzer, &group, 100, |_| 1);
    assert_eq!(told.label, Vec::<String>::new());
    assert!(told.needs.iter().all(|need| need.words.is_empty() && need.highlights.is_empty()));
}
