//! BERT's basic tokenisation: a text taken apart into words, marks of punctuation and single Chinese characters (Devlin et al. 2019).

use std::ops::ControlFlow;

use unicode_normalization::UnicodeNormalization;
use unicode_properties::{GeneralCategory, GeneralCategoryGroup, UnicodeGeneralCategory};

/// How a model wants its texts read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reading {
    pub(crate) lower_case: bool,
    pub(crate) strip_accents: bool,
    /// Chinese characters are words of their own.
    pub(crate) characters_apart: bool,
}

/// Calls `word` with each word in order, until it breaks off.
pub(crate) fn for_each_word(text: &str, reading: Reading, mut word: impl FnMut(&str) -> ControlFlow<()>) {
    let kept = text.chars().filter(|&c| !is_dropped(c)).map(|c| if c.is_whitespace() { ' ' } else { c });
    let apart = kept.flat_map(|c| {
        let around = (reading.characters_apart && is_chinese(c)).then_some(' ');
        around.into_iter().chain([c]).chain(around)
    });
    let mut current = String::new();
    let mut step = |c: char| {
        if c.is_whitespace() || is_punctuation(c) {
            if !current.is_empty() {
                word(&current)?;
                current.clear();
            }
            if !c.is_whitespace() {
                word(c.encode_utf8(&mut [0; 4]))?;
            }
            return ControlFlow::Continue(());
        }
        current.push(c);
        ControlFlow::Continue(())
    };
    let mut lowered = |c: char| {
        if reading.lower_case { c.to_lowercase().try_for_each(&mut step) } else { step(c) }
    };
    let ended = if reading.strip_accents {
        let mark = |c: &char| c.general_category() == GeneralCategory::NonspacingMark;
        apart.nfd().filter(|c| !mark(c)).try_for_each(&mut lowered)
    } else {
        let mut apart = apart;
        apart.try_for_each(&mut lowered)
    };
    if ended.is_continue() && !current.is_empty() {
        _ = word(&current);
    }
}

/// Control characters, unassigned ones and those that stand for what could not be read; but not the white space among them.
fn is_dropped(c: char) -> bool {
    let white = matches!(c, '\t' | '\n' | '\r');
    c == '\u{fffd}' || (!white && c.general_category_group() == GeneralCategoryGroup::Other)
}

fn is_punctuation(c: char) -> bool {
    // Of ASCII also what Unicode calls symbols: $, +, ^ …
    c.is_ascii_punctuation() || c.general_category_group() == GeneralCategoryGroup::Punctuation
}

/// The blocks of unified and of compatibility ideographs that the tokenizer of the trained models takes apart; the gap in extension E is its own.
const fn is_chinese(c: char) -> bool {
    matches!(c as u32,
        0x4E00..=0x9FFF | 0x3400..=0x4DBF | 0x20000..=0x2A6DF | 0x2A700..=0x2B73F | 0x2B740..=0x2B81F
        | 0x2B920..=0x2CEAF | 0xF900..=0xFAFF | 0x2F800..=0x2FA1F)
}
