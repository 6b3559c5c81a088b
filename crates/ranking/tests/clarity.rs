//! Properties: what says nothing of a technology is asked for more, by what it lacks; what says enough is not.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::path::Path;

use domain::{Area, Passage};
use ranking::questions;
use serde_json::Value;
use text::{Analyzer, Dictionaries};

fn asked(analyzer: &Analyzer, texts: &[&str]) -> Vec<String> {
    let passage = |text: &&str| Passage {
        area: Area::Title,
        field: "title",
        label: "技术需求名称",
        text: (*text).to_owned(),
    };
    let passages: Vec<Passage> = texts.iter().map(passage).collect();
    questions(analyzer, &passages).into_iter().map(|question| question.code).collect()
}

fn analyzer() -> Analyzer {
    Analyzer::new(&Dictionaries::builtin()).unwrap()
}

#[test]
fn what_says_nothing_is_asked_for_everything() {
    let analyzer = analyzer();
    for vague in [
        "希望提高产品质量",
        "技术合作",
        "寻求高校专家帮助企业转型升级",
        "提升企业自主创新能力和核心竞争力",
        "设备智能化改造，提高生产效率，降低成本",
        "需要引进人才，开展技术攻关，解决生产中存在的问题",
        "需要新技术，降低成本，提高效率",
        "我们厂的机器经常坏，想找人看看",
        "开发新产品，提高市场竞争力，实现产业化，填补国内空白",
        "",
    ] {
        assert_eq!(asked(&analyzer, &[vague]), ["object", "process", "figure", "standard"], "{vague}");
    }
}

#[test]
fn many_phrases_say_no_more_than_few() {
    let long = "生产各类机械零部件，产品质量有待提高，希望与高校院所开展产学研合作，引进先进技术和高层次人才，\
        提升企业自主创新能力和核心竞争力，推动产业转型升级，实现高质量发展";
    assert_eq!(asked(&analyzer(), &[long]), ["object", "process", "figure", "standard"]);
}

#[test]
fn who_names_a_thing_is_not_asked_for_it() {
    let analyzer = analyzer();
    for named in ["银耳菌种退化", "白芍熏硫替代"] {
        assert_eq!(asked(&analyzer, &[named]), ["process", "figure", "standard"], "{named}");
    }
}

#[test]
fn only_what_is_missing_is_asked_for() {
    let analyzer = analyzer();
    assert_eq!(asked(&analyzer, &["提高铝板质量"]), ["process", "figure", "standard"]);
    assert_eq!(asked(&analyzer, &["产品合格率提高到95%"]), ["object", "process", "standard"]);
}

#[test]
fn what_says_enough_is_not_asked() {
    let analyzer = analyzer();
    for clear in ["方形铝壳激光焊接气孔控制", "废旧锂电池正极材料浸出率低", "乌龙茶做青间湿度控制与变频摇青"]
    {
        assert_eq!(asked(&analyzer, &[clear]), Vec::<String>::new(), "{clear}");
    }
    let demo = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data/demo/needs.jsonl");
    for line in std::fs::read_to_string(demo).unwrap().lines() {
        let need: Value = serde_json::from_str(line).unwrap();
        let text = |key: &str| need[key].as_str().unwrap().to_owned();
        let (title, description) = (text("title"), text("description"));
        assert_eq!(asked(&analyzer, &[&title, &description]), Vec::<String>::new(), "{title}");
    }
}

#[test]
fn every_generic_word_can_be_met_and_stands_once() {
    let analyzer = analyzer();
    let lists = [
        include_str!("../../../data/dictionaries/generic_words.txt"),
        include_str!("../../../data/dictionaries/measure_words.txt"),
        include_str!("../../../data/dictionaries/everyday_words.txt"),
    ];
    let lines = lists.iter().flat_map(|list| list.lines());
    let words: Vec<&str> = lines.filter(|line| !line.starts_with('#')).collect();
    let met = |word: &&&str| {
        let read = analyzer.words(word);
        read.len() == 1 && read[0].text == **word
    };
    let unmet: Vec<_> = words.iter().filter(|word| !met(word)).collect();
    assert!(unmet.is_empty(), "stop words, or cut by the segmentation: {unmet:?}");
    let distinct: std::collections::BTreeSet<_> = words.iter().collect();
    assert_eq!(distinct.len(), words.len());
}
