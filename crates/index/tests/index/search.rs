//! What people type finds what they mean:
//!
//! 1. A piece of a query finds exactly the texts that contain it, wherever words begin or end.
//! 2. Every piece must match, each in whatever field.
//! 3. A synonym finds its class; width, case and traditional characters make no difference.
//! 4. A long piece also matches by its words or by most of its bigrams; a pasted text finds the nearest documents.
//! 5. The beginning of a Latin term finds it; a Latin query finds names by pinyin.
//! 6. Better places rank first; what matched is told.
//! 7. No input fails.

use domain::Area;
use index::{Dimension, Filter, SearchQuery};
use proptest::prelude::*;

use crate::fixture::{Fixture, facet, named, passage, titled, typed, with_text};

#[test]
fn a_piece_finds_exactly_the_texts_that_contain_it() {
    let index = Fixture::with(&[
        titled(1, "待处理废水"),
        titled(2, "经典算法"),
        titled(3, "景点导览系统"),
        titled(4, "电动汽车"),
        titled(5, "汽车电动化"),
    ]);
    assert_eq!(index.found("处理"), [1]);
    assert_eq!(index.found("理废"), [1], "across words");
    assert_eq!(index.found("景点"), [3]);
    assert_eq!(index.found("经典"), [2]);
    assert_eq!(index.found("电动汽车"), [4], "in this order only");
    assert_eq!(index.found("动汽"), [4]);
    assert_eq!(index.found("算"), [2], "one character");
    assert_eq!(index.found("石墨烯"), [0; 0]);
}

#[test]
fn texts_of_one_area_do_not_run_into_each_other() {
    let mut document = titled(1, "锂电");
    document.passages.push(passage(Area::Title, "池壳"));
    let index = Fixture::with(&[document]);
    assert_eq!(index.found("电池"), [0; 0]);
    assert_eq!(index.found("池壳"), [1]);
}

#[test]
fn every_piece_must_match_in_whatever_field() {
    let mut both = titled(1, "招商政策研究");
    both.names.push("滁州某某公司".to_owned());
    let index = Fixture::with(&[both, titled(2, "招商引资"), named(3, "合肥公司")]);
    assert_eq!(index.found("招商 公司"), [1]);
    assert_eq!(index.found("招商，公司！"), [1]);
    assert_eq!(index.found("招商"), [1, 2]);
}

#[test]
fn synonyms_and_spellings_meet() {
    let index = Fixture::with(&[
        titled(1, "锂离子电池正极材料"),
        titled(2, "ABC123型鋰電池"),
        with_text(3, Area::Evidence, "铅酸蓄电池"),
    ]);
    assert_eq!(index.found("锂电池"), [1, 2]);
    assert_eq!(index.found("锂离子电池"), [1, 2]);
    assert_eq!(index.found("鋰離子電池"), [1, 2]);
    assert_eq!(index.found("ＡＢＣ１２３"), [2]);
    assert_eq!(index.found("abc123"), [2]);
    assert_eq!(index.found("蓄电池"), [3]);
}

#[test]
fn a_long_piece_matches_by_words_or_most_bigrams() {
    let index = Fixture::with(&[
        titled(1, "废水处理中的膜分离设备"),
        titled(2, "电镀车间的废水回用"),
        titled(3, "电镀废水深度处理工艺研究"),
    ]);
    assert_eq!(index.found("膜分离废水处理"), [1], "its words, in another order");
    assert!(index.found("电镀废水深度处理新工艺").contains(&3), "most of its bigrams");
    assert!(!index.found("电镀废水深度处理新工艺").contains(&2), "a few of its bigrams");
    assert_eq!(index.found("处理废水"), [0; 0], "a short piece stays together");
}

#[test]
fn a_pasted_text_finds_the_nearest_documents() {
    let index = Fixture::with(&[
        with_text(1, Area::Body, "研发高镍三元正极材料的包覆工艺，提升循环寿命"),
        with_text(2, Area::Body, "水稻病虫害的遥感监测"),
    ]);
    let pasted = "我公司主要生产动力电池，目前遇到的问题是：高镍三元正极材料在高温下循环寿命不足，容量衰减快；\
                  希望与高校合作，开发包覆、掺杂等改性工艺，降低残碱，改善加工性能，并给出中试方案；\
                  要求在两年之内完成小试和中试，形成一套可以推广的工艺包，经费可以面议，欢迎各位专家来电来函洽谈。";
    assert_eq!(index.found(&pasted.repeat(20)), [1]);
    assert_eq!(index.found(&"完全不相干".repeat(2_000)), [0; 0]);
}

#[test]
fn the_beginning_of_a_latin_term_finds_it() {
    let index = Fixture::with(&[titled(1, "LiFePO4 电池"), titled(2, "5G 通信"), titled(3, "life 科学")]);
    assert_eq!(index.found("lifepo4"), [1]);
    assert_eq!(index.found("LiFe"), [1, 3]);
    assert_eq!(index.ranked("life")[0], 3, "the whole term before its continuations");
    assert_eq!(index.found("fepo"), [0; 0], "not from the middle");
    assert_eq!(index.found("5g"), [2]);
    assert!(index.page(&typed("LiFe")).terms.contains("lifepo4"), "what was found is highlighted");
}

#[test]
fn names_are_found_by_pinyin() {
    let index = Fixture::with(&[
        named(1, "张伟明"),
        named(2, "章维"),
        named(3, "安徽理工大学"),
        titled(4, "张伟明的方法"),
    ]);
    for query in ["zhangweiming", "zhang wei ming", "Zhang Weiming", "zhangweim", "zwm", "weiming"] {
        assert_eq!(index.found(query), [1], "{query}");
    }
    assert_eq!(index.found("zhangwei"), [1, 2]);
    assert_eq!(index.found("zw"), [1, 2]);
    assert_eq!(index.found("ligong"), [3], "from any character");
    assert_eq!(index.found("ahlg"), [3]);
    assert_eq!(index.found("张伟明"), [1, 4]);
    assert_eq!(index.found("张伟明 zwm"), [0; 0], "pinyin is for a wholly Latin query");
}

#[test]
fn better_places_rank_first() {
    let index = Fixture::with(&[
        with_text(1, Area::Evidence, "石墨烯"),
        with_text(2, Area::Body, "石墨烯"),
        with_text(3, Area::Keywords, "石墨烯"),
        with_text(4, Area::Title, "石墨烯"),
        named(5, "石墨烯"),
        with_text(6, Area::Body, "石墨烯"),
    ]);
    assert_eq!(index.ranked("石墨烯"), [5, 4, 3, 2, 6, 1]);
}

#[test]
fn what_stands_together_ranks_before_what_stands_apart() {
    let index = Fixture::with(&[titled(1, "处理设备用于废水的工业"), titled(2, "工业废水处理设备的应用")]);
    assert_eq!(index.ranked("工业废水处理设备"), [2, 1]);
}

#[test]
fn what_matched_is_told() {
    let index = Fixture::with(&[titled(1, "锂离子电池回收")]);
    let terms = index.page(&typed("锂电池 回收")).terms;
    assert!(terms.contains("回收") && terms.contains("≈锂离子电池"), "{terms:?}");
    assert!(!terms.contains("回"), "single characters only when nothing longer is asked");
    assert!(index.page(&typed("锂")).terms.contains("锂"));
}

#[test]
fn nothing_typed_shows_everything_and_nothing_usable_shows_nothing() {
    let index = Fixture::with(&[titled(2, "电池"), titled(1, "废水")]);
    assert_eq!(index.ranked("  "), [1, 2]);
    assert_eq!(index.found("，。！"), [0; 0]);
    assert_eq!(index.found("的"), [0; 0], "a stop character alone");
    let none = SearchQuery { text: None, limit: 0, ..SearchQuery::default() };
    let page = index.page(&none);
    assert_eq!((page.total, page.hits.len(), page.next), (2, 0, None));
}

#[test]
fn filters_narrow_and_a_path_stands_for_its_subtree() {
    let place = |number, path: &[&str], field| {
        let mut document = titled(number, "电池");
        document.facets = vec![facet(Dimension::Region, path), facet(Dimension::Field, &[field])];
        document
    };
    let index = Fixture::with(&[
        place(1, &["340000", "340100", "340104"], "新能源"),
        place(2, &["340000", "340200"], "新能源"),
        place(3, &["350000"], "新材料"),
    ]);
    let found = |filters: Vec<(Dimension, Vec<Vec<&str>>)>| -> Vec<u64> {
        let owned = |path: Vec<&str>| path.into_iter().map(str::to_owned).collect();
        let filter = |(dimension, paths): (_, Vec<Vec<&str>>)| Filter {
            dimension,
            any_of: paths.into_iter().map(owned).collect(),
        };
        let query = SearchQuery { filters: filters.into_iter().map(filter).collect(), ..typed("电池") };
        index.page(&query).hits.iter().map(|hit| hit.number).collect()
    };
    use Dimension::{Field, Region};
    assert_eq!(found(vec![(Region, vec![vec!["340000"]])]), [1, 2]);
    assert_eq!(found(vec![(Region, vec![vec!["340000", "340100"], vec!["350000"]])]), [1, 3]);
    assert_eq!(found(vec![(Region, vec![vec!["340000"]]), (Field, vec![vec!["新材料"]])]), [0; 0]);
    assert_eq!(found(vec![(Field, vec![vec!["340000"]])]), [0; 0], "dimensions are apart");
    assert_eq!(found(vec![(Region, vec![vec!["34"]])]), [0; 0], "whole steps only");
    assert_eq!(found(vec![(Region, vec![])]), [0; 0], "nothing is let through by nothing");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn no_input_fails_and_every_substring_is_found(
        any in "\\PC{0,80}",
        text in "[电池废水处理膜分离a-c]{1,30}",
        from in 0_usize..30,
        count in 2_usize..8,
    ) {
        let index = Fixture::with(&[titled(1, &text)]);
        index.page(&typed(&any));
        let piece: String = text.chars().skip(from).take(count).collect();
        // A Latin term is found by its beginning, not by its middle: only Han pieces are substrings.
        if piece.chars().count() > 1 && piece.chars().all(|c| !c.is_ascii()) {
            prop_assert_eq!(index.found(&piece), [1], "{} in {}", piece, text);
        }
    }
}
