//! Properties of generated corpora: every line is a valid form; the same plan gives the same bytes and another seed does not;
//! a record does not depend on how many others there are; achievements lead to their experts; lengths and word frequencies are natural.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::{HashMap, HashSet};

use domain::Profile;

use super::*;
use crate::{Format, Row, rows};

const PLAN: Plan = Plan { experts: 300, needs: 200, stations: 40, achievements: 450, seed: 42 };

fn bytes(plan: &Plan, kind: Kind) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    generate_into(plan, folder.path()).unwrap();
    std::fs::read(folder.path().join(format!("{}.jsonl", kind.plural()))).unwrap()
}

fn read(plan: &Plan, kind: Kind) -> Vec<Row> {
    let input = io::Cursor::new(bytes(plan, kind));
    rows(kind, Format::JsonLines, input).unwrap().map(|row| row.unwrap()).collect()
}

#[test]
fn every_line_is_a_valid_form() {
    let counts =
        [Kind::Expert, Kind::Need, Kind::Station, Kind::Achievement].map(|kind| read(&PLAN, kind).len());
    assert_eq!(counts, [300, 200, 40, 450]);
}

#[test]
fn the_seed_decides_and_the_counts_do_not() {
    let first = bytes(&PLAN, Kind::Expert);
    assert_eq!(first, bytes(&PLAN, Kind::Expert));
    assert_ne!(first, bytes(&Plan { seed: 43, ..PLAN }, Kind::Expert));
    assert!(first.starts_with(&bytes(&Plan { experts: 100, ..PLAN }, Kind::Expert)));
}

/// Changes only when the generator is changed on purpose: figures measured on older corpora are then no longer comparable.
#[test]
fn the_bytes_are_known() {
    let text = bytes(&PLAN, Kind::Need);
    let hash = text.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    assert_eq!(format!("{hash:016x}"), "6f994507b3ce39eb");
}

#[test]
fn achievements_lead_to_their_experts() {
    let names: HashMap<String, String> = read(&PLAN, Kind::Expert)
        .into_iter()
        .map(|row| match row.draft.profile {
            Profile::Expert(expert) => (row.draft.external_id.unwrap(), expert.name),
            _ => panic!(),
        })
        .collect();
    let mut counts: HashMap<String, usize> = HashMap::new();
    for row in read(&PLAN, Kind::Achievement) {
        let Profile::Achievement(achievement) = row.draft.profile else { panic!() };
        let first = &achievement.inventors[0];
        let id = first.expert.clone().unwrap();
        assert_eq!(names[&id], first.name);
        *counts.entry(id).or_default() += 1;
    }
    assert_eq!(counts.len(), 300);
    assert!(counts.values().all(|count| *count <= 2));
    assert_eq!(read(&Plan { experts: 0, ..PLAN }, Kind::Achievement).len(), 450);
}

#[test]
fn texts_are_of_natural_length_and_people_differ() {
    let experts = read(&PLAN, Kind::Expert);
    let mut names = HashSet::new();
    for row in &experts {
        let Profile::Expert(expert) = &row.draft.profile else { panic!() };
        let length = expert.bio.chars().count();
        assert!((140..=440).contains(&length), "{length}");
        names.insert(&expert.name);
    }
    assert!(names.len() > 285, "{}", names.len());
}

#[test]
fn draws_follow_their_weights() {
    let weighted = dice::Weighted::new(&[1.0, 6.0, 0.5, 2.5]);
    let dice = &mut dice::Dice::new(1, 2, 3);
    let mut counts = [0_usize; 4];
    (0..100_000).for_each(|_| counts[weighted.draw(dice)] += 1);
    for (count, expected) in counts.iter().zip([10_000, 60_000, 5_000, 25_000_usize]) {
        assert!(count.abs_diff(expected) < 600, "{counts:?}");
    }
}
