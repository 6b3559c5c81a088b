//! Properties of the analysis:
//! - words that share only single characters or sounds share no term; a word inside another is found by its n-grams;
//! - synonyms meet in one term, also inside longer runs, Latin members only as whole terms, never inside a longer member;
//! - written forms (full width, traditional, case) give the same terms, with spans in the original;
//! - spans lie on character borders and hold what the token says; positions are those of the normalised text;
//! - tokens come by position and kind, none twice, the same every time, with and without allocation;
//! - empty and very long texts are fine.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeSet;
use std::sync::LazyLock;

use proptest::prelude::*;
use text::{Analyzer, Dictionaries, Scratch, Token, TokenKind};

static ANALYZER: LazyLock<Analyzer> = LazyLock::new(|| {
    let mut dictionaries = Dictionaries::builtin();
    dictionaries.terms.push("相变储冷凝胶\n".as_bytes());
    dictionaries
        .synonyms
        .push("铱配合物发光体,irlum\n铱配合物发光体涂层,ilc\n发光体涂层测厚,lct\n".as_bytes());
    Analyzer::new(&dictionaries).unwrap()
});

fn texts(text: &str) -> BTreeSet<String> {
    ANALYZER.tokens(text).into_iter().map(|token| token.text).collect()
}

fn has(text: &str, term: &str) -> bool {
    texts(text).contains(term)
}

fn of_kind(text: &str, kind: TokenKind) -> Vec<String> {
    ANALYZER.tokens(text).into_iter().filter(|token| token.kind == kind).map(|token| token.text).collect()
}

fn words(text: &str) -> Vec<String> {
    ANALYZER.words(text).into_iter().map(|word| word.text).collect()
}

#[test]
fn different_words_share_nothing() {
    assert!(texts("景点").is_disjoint(&texts("经典")));
}

#[test]
fn a_word_inside_another_is_found() {
    assert!(has("待处理", "处理"));
    assert!(has("废水处理剂", "处理"));
}

#[test]
fn unknown_words_are_reachable_by_n_grams() {
    let found = texts("某种甪蕤鱻材料");
    assert!(["甪蕤", "蕤鱻", "甪"].iter().all(|term| found.contains(*term)));
}

#[test]
fn synonyms_meet_in_one_term() {
    for text in ["锂电池", "锂离子电池", "新型锂电池组", "鋰電池"] {
        assert!(has(text, "≈锂离子电池"), "{text}");
    }
}

#[test]
fn latin_synonyms_are_whole_terms() {
    assert!(has("一种irlum材料", "≈铱配合物发光体"));
    assert!(has("IRLUM-3", "≈铱配合物发光体"));
    assert!(!has("irlums", "≈铱配合物发光体"));
    assert!(!has("5irlum", "≈铱配合物发光体"));
}

#[test]
fn synonyms_overlap_but_do_not_nest() {
    assert_eq!(
        of_kind("铱配合物发光体涂层测厚", TokenKind::Synonym),
        ["≈铱配合物发光体涂层", "≈发光体涂层测厚"]
    );
}

#[test]
fn long_words_are_terms_and_their_parts_too() {
    assert!(has("采用相变储冷凝胶材料", "相变储冷凝胶"));
    assert!(has("南京市长江大桥", "长江大桥"));
    assert!(has("南京市长江大桥", "南京市"));
}

#[test]
fn stop_characters_and_pairs_are_left_out_but_keep_their_place() {
    let tokens = ANALYZER.tokens("可以的钢");
    let found: Vec<(&str, u32)> = tokens.iter().map(|token| (token.text.as_str(), token.position)).collect();
    assert_eq!(found, [("以的", 1), ("的钢", 2), ("钢", 3)]);
}

#[test]
fn latin_terms_are_kept_whole_with_their_parts() {
    for (text, terms) in [
        ("40Cr钢", &["40cr"][..]),
        ("LiFePO4正极", &["lifepo4"]),
        ("PM2.5", &["pm2.5"]),
        ("用C++和C#编写", &["c++", "c#"]),
        ("Ti-6Al-4V合金", &["ti", "ti-6al-4v", "6al", "4v"]),
        ("GB/T 1234", &["gb", "t", "1234"]),
        ("COVID-19。", &["covid", "covid-19"]),
        ("R&D.", &["r&d"]),
        ("3.14-", &["3.14"]),
        ("…+a", &["a"]),
    ] {
        assert_eq!(of_kind(text, TokenKind::Latin), terms, "{text}");
    }
}

#[test]
fn written_forms_give_the_same_terms_with_spans_in_the_original() {
    let original = "ＡＢＣ１２３鋰電池";
    let (written, plain) = (ANALYZER.tokens(original), ANALYZER.tokens("abc123锂电池"));
    let shape = |tokens: &[Token]| -> Vec<_> {
        tokens.iter().map(|token| (token.text.clone(), token.kind, token.position)).collect()
    };
    assert_eq!(shape(&written), shape(&plain));
    let pair = written.iter().find(|token| token.text == "电池").unwrap();
    assert_eq!(&original[pair.start as usize..pair.end as usize], "電池");
}

#[test]
fn positions_count_white_space_and_punctuation() {
    let tokens = ANALYZER.tokens("钢， 铜");
    let positions: Vec<u32> = tokens.iter().map(|token| token.position).collect();
    assert_eq!(positions, [0, 3]);
}

#[test]
fn words_are_readable() {
    assert_eq!(words("基于LiFePO4的锂离子电池，循环2000次！"), ["lifepo4", "锂离子电池", "循环"]);
    let text = "用於廢水處理";
    let word = ANALYZER.words(text).into_iter().find(|word| word.text.starts_with("废水")).unwrap();
    assert!(text[word.start..word.end].starts_with("廢水"));
}

#[test]
fn queries_are_split_at_white_space_and_punctuation() {
    assert_eq!(
        ANALYZER.chunks(" 锂電池，PVC；C++/高温(合金) 5G通信"),
        ["锂电池", "pvc", "c++", "高温", "合金", "5g通信"]
    );
    assert!(ANALYZER.chunks(" ，。").is_empty());
}

#[test]
fn a_huge_text_is_fine() {
    for piece in ["锂离子电池的研究，", "锂", "a", "a.", "1", "😀", "\u{301}"] {
        let text = piece.repeat((1 << 20) / piece.len());
        let mut end = 0;
        ANALYZER.for_each_token(&text, &mut Scratch::default(), |token| end = end.max(token.end as usize));
        assert!(end >= text.len() - piece.len() || !piece.chars().any(char::is_alphanumeric), "{piece}");
    }
    assert!(ANALYZER.tokens("").is_empty());
    assert!(ANALYZER.words("").is_empty());
}

/// Arbitrary characters among those that Chinese technical text is made of, and those that make trouble.
fn any_text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => prop::sample::select(vec!["锂", "电池", "锂离子电池", "的", "鋰電", "处理", "可以", "南京市长江大桥", "irlum", "5G"]),
        2 => prop::sample::select(vec!["a", "B", "9", "+", ".", "-", "#", "&", " ", "，", "Ⅷ", "½", "ﬁ", "㎏", "㍿", "İ", "ß"]),
        1 => prop::sample::select(vec!["\u{301}", "\u{200b}", "\u{fe0f}", "😀", "👨‍👩‍👧", "𠀀", "각", "が", "\u{3099}", "\r\n"]),
    ]
    .prop_map(str::to_owned);
    let arbitrary = any::<char>().prop_map(String::from);
    prop::collection::vec(prop_oneof![5 => piece, 1 => arbitrary], 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn spans_hold_what_the_token_says(text in any_text()) {
        let normalised = ANALYZER.normalise(&text);
        for token in ANALYZER.tokens(&text) {
            let span = text.get(token.start as usize..token.end as usize);
            prop_assert!(span.is_some_and(|span| !span.is_empty()), "{token:?}");
            let rest: String = normalised.chars().skip(token.position as usize).collect();
            if token.kind != TokenKind::Synonym {
                prop_assert!(ANALYZER.normalise(span.unwrap()).contains(&token.text), "{token:?}");
                prop_assert!(rest.starts_with(&token.text), "{token:?}");
            }
        }
        for word in ANALYZER.words(&text) {
            prop_assert!(ANALYZER.normalise(&text[word.start..word.end]).contains(&word.text), "{word:?}");
        }
    }

    #[test]
    fn the_stream_is_ordered_free_of_repeats_and_always_the_same(text in any_text(), other in any_text()) {
        let tokens = ANALYZER.tokens(&text);
        for pair in tokens.windows(2) {
            prop_assert!((pair[0].position, pair[0].kind) <= (pair[1].position, pair[1].kind));
        }
        let distinct: BTreeSet<_> = tokens.iter().map(|token| (token.position, &token.text)).collect();
        prop_assert_eq!(distinct.len(), tokens.len());
        let mut scratch = Scratch::default();
        ANALYZER.for_each_token(&other, &mut scratch, |_| ());
        let mut streamed = Vec::new();
        ANALYZER.for_each_token(&text, &mut scratch, |token| streamed.push(token.to_token()));
        prop_assert_eq!(streamed, tokens);
    }

    #[test]
    fn normalised_text_has_the_same_terms(text in any_text()) {
        let terms = |text: &str| -> Vec<(String, u32)> {
            ANALYZER.tokens(text).into_iter().map(|token| (token.text, token.position)).collect()
        };
        prop_assert_eq!(terms(&ANALYZER.normalise(&text)), terms(&text));
    }
}
