//! The analysis of any text; and, for inputs that begin with a zero byte, dictionaries of the operator, with which an analyzer is made first. That takes half a
//! second, so few of them are tried.
#![no_main]

use fuzz::ANALYZER;
use libfuzzer_sys::fuzz_target;
use text::{Analyzer, Dictionaries};

fuzz_target!(|bytes: &[u8]| match bytes.strip_prefix(b"\0") {
    None => analyse(&ANALYZER, &String::from_utf8_lossy(bytes)),
    Some(bytes) => {
        let parts: Vec<&[u8]> = bytes.splitn(4, |&byte| byte == 0).collect();
        let part = |at: usize| parts.get(at).copied().unwrap_or_default();
        let dictionaries =
            Dictionaries { terms: vec![part(0)], synonyms: vec![part(1)], stop_words: vec![part(2)] };
        if let Ok(analyzer) = Analyzer::new(&dictionaries) {
            analyse(&analyzer, &String::from_utf8_lossy(part(3)));
        }
    }
});

fn analyse(analyzer: &Analyzer, text: &str) {
    for token in analyzer.tokens(text) {
        assert!(!token.text.is_empty());
        let place = token.start as usize..token.end as usize;
        assert!(text.get(place).is_some(), "a token lies in its text");
    }
}
