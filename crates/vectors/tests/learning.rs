//! Properties of term vectors:
//!
//! - texts that were told to belong together become alike though they share no term, and texts of other groups do not;
//! - the same lessons give the same vectors; too few pairs give none; what was known before and is not met stays when the lessons are few;
//! - where the lessons are many, only terms that two texts hold have a vector;
//! - texts are paired with those near them by their words, not with strangers and not with copies of themselves;
//! - bytes written are read back the same; bytes cut short or changed anywhere are refused;
//! - the built-in vectors know that batteries are nearer to energy storage than to rice.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::sync::LazyLock;

use proptest::prelude::*;
use text::{Analyzer, Dictionaries};
use vectors::{Buffers, Lessons, Reader, Settings, TermVectors, VectorError, learn};

static ANALYZER: LazyLock<Analyzer> = LazyLock::new(|| Analyzer::new(&Dictionaries::builtin()).unwrap());

const SMALL: Settings = Settings {
    dimensions: 16,
    blocks: 2,
    steps: 60,
    rounds: 60.0,
    batch: 32,
    temperature: 0.1,
    rate: 0.1,
    dropped: 0.5,
    fewest_holders: 1,
    most_new_terms: 1_000,
    seed: 7,
};

/// Two ways to write each of some things: no character is common to both.
const THINGS: [(&str, &str); 8] = [
    ("锂离子电池", "储能电芯"),
    ("水稻育种", "粮食作物"),
    ("激光焊接", "高能束连接"),
    ("污泥脱水", "压滤减量"),
    ("齿轮箱振动", "传动故障"),
    ("图像识别", "视觉检测"),
    ("茶叶萎凋", "白毫工艺"),
    ("氢气纯化", "变压吸附"),
];

fn lessons() -> Lessons {
    let mut reader = Reader::new(&ANALYZER);
    let mut lessons = Lessons::default();
    for copy in 0..8 {
        for ((one, other), group) in THINGS.iter().zip(0..) {
            let one = lessons.text(&reader.read(&format!("{one}{copy}")), false);
            let other = lessons.text(&reader.read(&format!("{other}{copy}")), false);
            lessons.pair(one, other, group);
        }
    }
    lessons
}

fn likeness(vectors: &TermVectors, one: &str, other: &str) -> f32 {
    let mut buffers = Buffers::default();
    let direction = vectors.direction_of(&ANALYZER, one, &mut buffers).unwrap();
    direction.likeness(vectors.embed(&ANALYZER, other, &mut buffers).unwrap().words())
}

#[test]
fn what_belongs_together_becomes_alike() {
    let vectors = learn(&lessons(), None, &SMALL, |_, _| {}).unwrap();
    for (at, (one, _)) in THINGS.iter().enumerate() {
        let best = (0..THINGS.len())
            .max_by(|a, b| {
                likeness(&vectors, one, THINGS[*a].1).total_cmp(&likeness(&vectors, one, THINGS[*b].1))
            })
            .unwrap();
        assert_eq!(best, at, "{one} is held to be {}", THINGS[best].1);
    }
}

#[test]
fn the_same_lessons_give_the_same_vectors() {
    let learned = || learn(&lessons(), None, &SMALL, |_, _| {}).unwrap();
    assert_eq!(learned().to_bytes(), learned().to_bytes());
    assert_eq!(learned().identity().len(), 16);
}

#[test]
fn progress_is_told_to_the_end_and_too_little_is_refused() {
    let mut last = (0, 1);
    learn(&lessons(), None, &SMALL, |done, all| last = (done, all)).unwrap();
    assert_eq!(last, (last.1, last.1));
    assert_eq!(learn(&Lessons::default(), None, &SMALL, |_, _| {}), None);
}

#[test]
fn what_was_known_and_is_not_met_stays() {
    let before = learn(&lessons(), None, &SMALL, |_, _| {}).unwrap();
    let mut reader = Reader::new(&ANALYZER);
    let mut others = Lessons::default();
    for group in 0..40 {
        let one = others.text(&reader.read(&format!("钢铁冶炼{group}")), false);
        let other = others.text(&reader.read(&format!("高炉转炉{group}")), false);
        others.pair(one, other, group);
    }
    let after = learn(&others, Some(&before), &SMALL, |_, _| {}).unwrap();
    assert!(after.knows("水稻") && after.knows("高炉") && !before.knows("高炉"));
    let difference = likeness(&after, "水稻育种", "粮食作物") - likeness(&before, "水稻育种", "粮食作物");
    assert!(difference.abs() < 0.02, "{difference}");
    assert!(after.trust() < 1.0, "forty pairs are no reason to trust");
}

#[test]
fn many_texts_say_what_terms_there_are() {
    let before = learn(&lessons(), None, &SMALL, |_, _| {}).unwrap();
    let mut reader = Reader::new(&ANALYZER);
    let mut many = Lessons::default();
    for group in 0..1_000 {
        let once = if group == 0 { "水稻" } else { "" };
        let one = many.text(&reader.read(&format!("钢铁{once}{}", group / 2)), false);
        let other = many.text(&reader.read(&format!("高炉{}", group / 2)), false);
        many.pair(one, other, group);
    }
    let settings = Settings { steps: 1, fewest_holders: 2, ..SMALL };
    let after = learn(&many, Some(&before), &settings, |_, _| {}).unwrap();
    assert!(before.knows("水稻") && !after.knows("水稻"), "one text holds it");
    assert!(before.knows("激光") && !after.knows("激光"), "no text holds it");
    assert!(after.knows("37") && !after.knows("钢铁"), "half of all texts hold the one, two the other");
}

#[test]
fn texts_are_paired_with_their_neighbours() {
    let mut reader = Reader::new(&ANALYZER);
    let mut titles = [
        "锂离子电池正极材料回收",
        "废旧锂离子电池正极回收工艺",
        "锂离子电池正极材料回收",
        "水稻病虫害防治",
        "水稻病虫害绿色防控",
    ]
    .map(str::to_owned)
    .to_vec();
    // Strangers of six characters each that nobody else has.
    let stranger = |at: u32| (0..6).filter_map(|c| char::from_u32(0x5100 + 6 * at + c)).collect();
    titles.extend((0..40).map(stranger));
    let mut pairs = |nearest, most| {
        let mut lessons = Lessons::default();
        let texts: Vec<_> = titles.iter().map(|title| lessons.text(&reader.read(title), false)).collect();
        let next = lessons.pair_neighbours(&texts, nearest, most, 5);
        assert_eq!(next, 5 + lessons.pairs() as u32, "each pair is a group of its own");
        lessons.pairs()
    };
    // Both copies find the second title and not each other, it finds both; the two on rice find each other.
    assert_eq!(pairs(10, 100), 6);
    assert_eq!(pairs(1, 100), 5);
    assert_eq!(pairs(10, 1), 1, "only the first one looks");
}

#[test]
fn the_built_in_vectors_know_what_is_near() {
    let vectors = TermVectors::builtin();
    assert!(vectors.len() > 20_000 && vectors.dimensions() == 256);
    let near = likeness(&vectors, "锂离子电池正极材料", "电化学储能");
    let far = likeness(&vectors, "锂离子电池正极材料", "水稻品种选育");
    assert!(near > far + 0.1, "{near} {far}");
    assert!((likeness(&vectors, "激光焊接", "激光焊接") - 1.0).abs() < 0.01);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn changed_bytes_are_refused(at in 0.0_f64..1.0, flip in 1_u8..=255, cut in 0.0_f64..1.0) {
        static BYTES: LazyLock<Vec<u8>> =
            LazyLock::new(|| learn(&lessons(), None, &SMALL, |_, _| {}).unwrap().to_bytes());
        let read = TermVectors::from_bytes(&BYTES).unwrap();
        prop_assert_eq!(&read.to_bytes(), &*BYTES);
        let place = |share: f64| (share * BYTES.len() as f64) as usize;
        let mut changed = BYTES.clone();
        changed[place(at)] ^= flip;
        prop_assert!(TermVectors::from_bytes(&changed).is_err());
        prop_assert!(TermVectors::from_bytes(&BYTES[..place(cut)]).is_err());
        prop_assert_eq!(TermVectors::from_bytes(b"PK\x03\x04"), Err(VectorError::Foreign));
    }
}
