//! Dictionaries of the operator, and the analysis of any text with them.
#![no_main]

use libfuzzer_sys::fuzz_target;
use text::{Analyzer, Dictionaries};

fuzz_target!(|bytes: &[u8]| {
    let parts: Vec<&[u8]> = bytes.splitn(4, |&byte| byte == 0).collect();
    let part = |at: usize| parts.get(at).copied().unwrap_or_default();
    let dictionaries =
        Dictionaries { terms: vec![part(0)], synonyms: vec![part(1)], stop_words: vec![part(2)] };
    let Ok(analyzer) = Analyzer::new(&dictionaries) else { return };
    let text = String::from_utf8_lossy(part(3));
    for token in analyzer.tokens(&text) {
        assert!(!token.text.is_empty());
        assert!(text.get(token.start as usize..token.end as usize).is_some(), "a token lies in its text");
    }
});
