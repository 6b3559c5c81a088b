//! Properties of the display of hits:
//! - the pieces of a highlighted text joined are the text, and hits and others alternate;
//! - adjacent hits are one; synonyms are marked in their own wording; single characters only when there is nothing longer;
//! - a snippet is a part of the text of at most the length asked for, with "…" where it is cut, around the best hits.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::sync::LazyLock;

use proptest::prelude::*;
use rustc_hash::FxHashSet;
use text::{Analyzer, Dictionaries, Segment, snippet};

static ANALYZER: LazyLock<Analyzer> = LazyLock::new(|| Analyzer::new(&Dictionaries::builtin()).unwrap());

fn terms(query: &str) -> FxHashSet<String> {
    ANALYZER.tokens(query).into_iter().map(|token| token.text).collect()
}

fn shown(segments: &[Segment]) -> String {
    segments.iter().map(|s| if s.hit { format!("[{}]", s.text) } else { s.text.clone() }).collect()
}

fn joined(segments: &[Segment]) -> String {
    segments.iter().map(|segment| segment.text.as_str()).collect()
}

/// The whole text.
fn highlight(analyzer: &Analyzer, text: &str, terms: &FxHashSet<String>) -> Vec<Segment> {
    snippet(analyzer, text, terms, text.chars().count())
}

#[test]
fn adjacent_hits_are_one() {
    assert_eq!(shown(&highlight(&ANALYZER, "高温合金的锻造", &terms("高温合金"))), "[高温合金]的锻造");
}

#[test]
fn synonyms_and_traditional_forms_are_marked_as_written() {
    assert_eq!(shown(&highlight(&ANALYZER, "新型鋰電池組", &terms("锂离子电池"))), "新型[鋰電池]組");
}

#[test]
fn single_characters_count_only_alone() {
    assert_eq!(shown(&highlight(&ANALYZER, "铜合金与铜", &terms("铜"))), "[铜]合金与[铜]");
    assert_eq!(shown(&highlight(&ANALYZER, "铜合金与铜", &terms("铜合金"))), "[铜合金]与铜");
    assert_eq!(shown(&highlight(&ANALYZER, "铜", &FxHashSet::default())), "铜");
}

#[test]
fn a_snippet_shows_the_most_distinct_terms() {
    let text = format!("陶瓷陶瓷陶瓷{}陶瓷基复合材料{}", "，其他内容".repeat(40), "，其他内容".repeat(40));
    let found = snippet(&ANALYZER, &text, &terms("陶瓷基复合材料"), 30);
    assert!(shown(&found).contains("[陶瓷基复合材料]"));
    assert!(shown(&found).starts_with('…') && shown(&found).ends_with('…'));
}

#[test]
fn a_text_without_hits_shows_its_beginning() {
    assert_eq!(shown(&snippet(&ANALYZER, "一二三四五六", &terms("钛"), 4)), "一二三四…");
    assert_eq!(shown(&snippet(&ANALYZER, "一二三四", &terms("钛"), 4)), "一二三四");
    assert_eq!(shown(&snippet(&ANALYZER, "钛", &terms("钛"), 0)), "…");
    assert!(snippet(&ANALYZER, "", &terms("钛"), 4).is_empty());
}

fn any_text() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "锂",
        "锂电池",
        "锂离子电池",
        "的",
        "鋰電池",
        "，",
        " ",
        "PVC",
        "ﬁ",
        "e\u{301}",
        "😀",
        "x",
    ]);
    prop::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn the_pieces_are_the_text(text in any_text(), query in any_text()) {
        let segments = highlight(&ANALYZER, &text, &terms(&query));
        prop_assert_eq!(joined(&segments), text);
        prop_assert!(segments.windows(2).all(|pair| pair[0].hit != pair[1].hit));
        prop_assert!(segments.iter().all(|segment| !segment.text.is_empty()));
    }

    #[test]
    fn a_snippet_is_a_part_of_the_text(text in any_text(), query in any_text(), max in 0usize..80) {
        let shown = joined(&snippet(&ANALYZER, &text, &terms(&query), max));
        let part = shown.trim_matches('…');
        prop_assert!(text.contains(part));
        prop_assert!(part.chars().count() <= max);
        prop_assert_eq!(part.chars().count(), max.min(text.chars().count()));
        let (cut_before, cut_after) = (shown.starts_with('…'), shown.ends_with('…'));
        prop_assert!(cut_before || text.starts_with(part));
        prop_assert!(cut_after || text.ends_with(part));
        prop_assert_eq!(cut_before || cut_after, part != text);
    }
}
