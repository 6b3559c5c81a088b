//! Properties of explanations, over the built-in dictionaries:
//!
//! - a word that only one side has is no reason, unless the other has a synonym of it;
//! - a synonym is told as the asking side writes it, with the other side's writing beside it, whichever the dictionary lists first;
//! - the whole of a candidate's text counts, however long it is;
//! - what stands in single pieces of evidence is a reason, worth more in the better piece;
//! - where meaning counts, words that are written otherwise and mean something alike are named, and only these;
//! - a term counts for one word only, and the words' points are at most the text's;
//! - highlights mark the shared words and nothing else; Latin words inside other ones are not marked;
//! - what only joins pieces of two words, and what plans and forms are full of, is no reason;
//! - of two sides that share characters but no word the explanation says just that;
//! - a ground to propose a record is a word that says something or a synonym class, never single characters.
#![allow(clippy::unwrap_used, reason = "tests")]

use domain::{Area, Passage};
use ranking::{
    AreaStatistics, Areas, Candidate, Corpus, Explainer, Explanation, Query, Rarity, TermMatch, Texts,
    Weights, score,
};
use text::{Analyzer, Dictionaries};
use vectors::TermVectors;

fn passage(area: Area, text: &str) -> Passage {
    Passage { area, field: "title", label: "标题", text: text.to_owned() }
}

/// Explains a pair of texts in a registry where every term is equally rare.
fn explained(asking: &str, candidate: &str) -> Explanation {
    let texts = Texts { areas: Areas { body: 20.0, ..Areas::default() }, ..Texts::default() };
    told(asking, &[passage(Area::Body, candidate)], &texts)
}

/// As [`explained`], of a candidate with these texts and scores.
fn told(asking: &str, candidate: &[Passage], texts: &Texts) -> Explanation {
    let analyzer = Analyzer::new(&Dictionaries::builtin()).unwrap();
    let weights = Weights::default();
    let asking = [passage(Area::Title, asking)];
    let query = Query::new(&analyzer, &asking, &weights, |terms| vec![Rarity::UNKNOWN; terms.len()]);
    let statistics = Areas::from_fn(|_| AreaStatistics { documents: 100, average_length: 40.0 });
    let frequencies = vec![Areas::from_fn(|_| 3); query.terms.len()];
    let corpus = Corpus::new(statistics, 40.0, frequencies);
    let score = score(texts, corpus.ideal(&query), &[], &weights);
    let candidate = Candidate { passages: candidate, evidence: &[] };
    Explainer::new(&analyzer, &weights, &TermVectors::builtin(), &asking, &query, &corpus).explain(
        &candidate,
        &score,
        &[],
    )
}

fn tells_no_word(asking: &str, candidate: &str) {
    let explanation = explained(asking, candidate);
    assert_eq!(names(&explanation), [], "{asking}, {candidate}");
    assert!(explanation.sentence.starts_with("没有找到双方都用的完整词语"), "{}", explanation.sentence);
}

fn names(explanation: &Explanation) -> Vec<(&str, Option<&str>)> {
    explanation.terms.iter().map(|term| (term.term.as_str(), term.synonym.as_deref())).collect()
}

#[test]
fn synonyms_are_told_as_the_asking_side_writes_them() {
    let chinese = explained("碳化硅外延", "长期研究 SiC 器件");
    assert_eq!(names(&chinese), [("碳化硅", Some("SiC"))]);
    let latin = explained("SiC 外延", "长期研究碳化硅器件");
    assert_eq!(names(&latin), [("SiC", Some("碳化硅"))]);
    let alike = explained("锂离子电池回收", "锂电池拆解");
    assert!(names(&alike).contains(&("锂离子电池", Some("锂电池"))), "{:?}", alike.terms);
    assert!(names(&alike).iter().all(|(term, _)| *term != "锂电池"), "{:?}", alike.terms);
    let same = explained("碳化硅外延", "碳化硅器件，又名 SiC");
    assert_eq!(names(&same), [("碳化硅", None)]);
}

#[test]
fn pieces_of_evidence_give_reasons_by_what_they_score() {
    let pieces = ["激光焊接气孔控制", "污泥脱水激光"].map(|text| passage(Area::Evidence, text));
    let texts = Texts { areas: Areas { evidence: 20.0, ..Areas::default() }, ..Texts::default() };
    let explanation = told("激光焊接气孔与污泥", &pieces, &texts);
    let points = |word: &str| explanation.terms.iter().find(|term| term.term == word).unwrap().points;
    assert!(points("气孔") > 2.0 * points("污泥"), "{:?}", explanation.terms);
    let all: f64 = explanation.parts.iter().map(|part| part.points).sum();
    assert!(explanation.terms.iter().map(|term| term.points).sum::<f64>() <= all + 1e-3);
}

#[test]
fn words_alike_in_meaning_are_named_where_meaning_counts() {
    let areas = Areas { body: 20.0, ..Areas::default() };
    let body = [passage(Area::Body, "用神经网络做早期诊断，也种植水稻")];
    let without = told("深度学习早期诊断", &body, &Texts { areas, ..Texts::default() });
    assert_eq!(without.alike, []);
    let explanation = told("深度学习早期诊断", &body, &Texts { areas, likeness: 0.5, rate: 20.0 });
    let pairs: Vec<_> =
        explanation.alike.iter().map(|pair| (pair.asked.as_str(), pair.found.as_str())).collect();
    assert_eq!(pairs, [("深度学习", "神经网络")]);
    assert!(explanation.sentence.contains("含义相关的有“深度学习”～“神经网络”"), "{}", explanation.sentence);
    assert!((0.6..=1.0).contains(&explanation.alike[0].likeness));
}

#[test]
fn what_stands_late_in_a_long_text_is_a_reason_too() {
    let long = format!("{}激光焊接", "本人长期从事水稻育种，".repeat(1_000));
    let explanation = explained("铝合金激光焊接", &long);
    assert!(explanation.terms.iter().any(|term| term.term.contains("激光")), "{:?}", explanation.terms);
    assert!(explanation.candidate[0].pieces.iter().any(|piece| piece.hit));
}

#[test]
fn words_share_out_no_more_than_the_points_of_the_text() {
    let explanation = explained("激光焊接气孔抑制与激光焊接工艺", "激光焊接过程气孔控制，激光熔覆");
    let text: f64 = explanation.parts.iter().map(|part| part.points).sum();
    let named: f64 = explanation.terms.iter().map(|term| term.points).sum();
    assert!(named > 0.0 && named <= text + 1e-3, "{named} of {text}");
    let said: std::collections::BTreeSet<&str> =
        explanation.terms.iter().map(|term| term.term.as_str()).collect();
    assert_eq!(said.len(), explanation.terms.len(), "{:?}", explanation.terms);
    assert!(explanation.terms.windows(2).all(|pair: &[TermMatch]| pair[0].points >= pair[1].points));
}

#[test]
fn only_shared_words_are_marked() {
    let explanation = explained("PLA 材料改性", "PLANT 车间的 PLA 改性");
    let marked: Vec<&str> = explanation.candidate[0]
        .pieces
        .iter()
        .filter(|piece| piece.hit)
        .map(|piece| piece.text.as_str())
        .collect();
    assert_eq!(marked, ["PLA", "改性"]);
}

#[test]
fn what_joins_pieces_of_two_words_is_no_word() {
    // 藻水|分离, 回转窑|分解炉: what stands across the border is not what the other side means.
    tells_no_word("藻水分离装置", "土壤水分传感");
    tells_no_word("土壤水分传感", "藻水分离装置");
    assert_eq!(names(&explained("处理能力不足的废水", "待处理的废水")), [("废水", None), ("处理", None)]);
}

#[test]
fn words_of_plans_and_forms_are_no_reasons() {
    tells_no_word("希望专家解决三条生产线的问题", "专家团队，解决过三条生产线的问题");
}

#[test]
fn characters_alone_are_no_reason() {
    tells_no_word("景点", "经典的景象与要点");
    tells_no_word("激光焊接", "水稻育种");
}

#[test]
fn a_ground_is_a_word_that_says_something() {
    let analyzer = Analyzer::new(&Dictionaries::builtin()).unwrap();
    let grounds = |text: &str| -> Vec<String> {
        let passages = [passage(Area::Title, text)];
        let query =
            Query::new(&analyzer, &passages, &Weights::default(), |terms| vec![Rarity::UNKNOWN; terms.len()]);
        let terms = |ground: &Vec<u32>| -> Vec<String> {
            let mut terms: Vec<String> =
                ground.iter().map(|&at| query.terms[at as usize].text.clone()).collect();
            terms.sort();
            terms
        };
        let mut grounds: Vec<String> = query.grounds.iter().map(|ground| terms(ground).join("+")).collect();
        grounds.sort();
        grounds
    };
    assert_eq!(grounds("镱铒共掺杂激光"), ["掺杂", "激光"]);
    assert_eq!(grounds("希望专家解决三条生产线的问题"), [""; 0]);
    assert_eq!(grounds("镱"), [""; 0]);
    let synonyms = grounds("碳化硅外延");
    assert!(synonyms.iter().any(|ground| ground.starts_with('≈')), "{synonyms:?}");
    assert!(synonyms.contains(&"化硅+碳化".to_owned()), "{synonyms:?}");
}
