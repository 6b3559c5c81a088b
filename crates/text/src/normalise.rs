//! The form in which texts are compared: compatibility characters resolved, lower case, simplified characters, accents
//! and invisible characters dropped. Every character remembers the bytes of the original it came from.

use std::sync::LazyLock;

use rustc_hash::FxHashMap;
use unicode_normalization::{UnicodeNormalization, char::canonical_combining_class};

/// Pairs of a traditional character and its simplified form; `tests/simplified.rs` tells how it was made.
pub(crate) const SIMPLIFIED: &str = include_str!("../data/simplified.txt");

/// One character of a normalised text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Char {
    pub(crate) value: char,
    /// First byte in the normalised text.
    byte: u32,
    /// Bytes in the original text; an invisible character belongs to the one before it.
    start: u32,
    end: u32,
}

/// A normalised text; reading another one reuses its memory.
#[derive(Debug, Default)]
pub(crate) struct Normalised {
    text: String,
    chars: Vec<Char>,
}

impl Normalised {
    /// Replaces the content by the normalised form of `original`.
    pub(crate) fn read(&mut self, original: &str) {
        self.text.clear();
        self.chars.clear();
        for (start, c) in original.char_indices() {
            let (start, end) = (start as u32, (start + c.len_utf8()) as u32);
            match quick(c) {
                Some(value) => self.push(value, start, end),
                None => self.push_slowly(c, start, end),
            }
        }
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    pub(crate) fn chars(&self) -> &[Char] {
        &self.chars
    }

    /// The normalised text of characters `from..to`.
    pub(crate) fn slice(&self, from: usize, to: usize) -> &str {
        let byte = |index: usize| self.chars.get(index).map_or(self.text.len(), |c| c.byte as usize);
        &self.text[byte(from)..byte(to)]
    }

    /// The bytes of the original text behind characters `from..to`, of which there is at least one.
    pub(crate) fn span(&self, from: usize, to: usize) -> (u32, u32) {
        (self.chars[from].start, self.chars[to - 1].end)
    }

    /// Where `part`, a normalised text, stands: bytes of the original, from the first place on, without overlap.
    pub(crate) fn find<'t>(&'t self, part: &'t str) -> impl Iterator<Item = (u32, u32)> + 't {
        let at = |byte: usize| self.chars.partition_point(|c| (c.byte as usize) < byte);
        let places = self.text.match_indices(part).filter(|(_, found)| !found.is_empty());
        places.map(move |(from, found)| self.span(at(from), at(from + found.len())))
    }

    fn push(&mut self, value: char, start: u32, end: u32) {
        self.chars.push(Char { value, byte: self.text.len() as u32, start, end });
        self.text.push(value);
    }

    #[cold]
    fn push_slowly(&mut self, c: char, start: u32, end: u32) {
        let before = self.chars.len();
        decompose(c, &mut |value| self.push(value, start, end));
        if self.chars.len() == before
            && let Some(last) = self.chars.last_mut()
        {
            last.end = end;
        }
    }
}

/// Chinese characters, wherever Unicode keeps them, and the two signs that stand for one.
pub(crate) fn is_han(c: char) -> bool {
    matches!(c, '\u{4e00}'..='\u{9fff}')
        || matches!(c, '\u{3400}'..='\u{4dbf}' | '\u{20000}'..='\u{323af}' | '\u{f900}'..='\u{faff}' | '々' | '〇')
}

/// Letters and digits of any other script.
pub(crate) fn is_latin(c: char) -> bool {
    if c.is_ascii() { c.is_ascii_alphanumeric() } else { !is_han(c) && c.is_alphanumeric() }
}

/// The normalised form of a character that stays one character, for the characters that Chinese text is made of.
#[inline]
fn quick(c: char) -> Option<char> {
    match c {
        '\t'..='\r' => Some(' '),
        '\0'..='\x7f' => Some(c.to_ascii_lowercase()),
        '\u{4e00}'..='\u{9fff}' => Some(TABLE.main[c as usize - 0x4e00]),
        '，' => Some(','),
        '。' | '、' | '“' | '”' | '‘' | '’' | '《' | '》' | '【' | '】' | '—' => Some(c),
        _ => None,
    }
}

/// Compatibility decomposition, lower case, without combining marks: accents and forms of a letter fall together.
fn decompose(c: char, push: &mut impl FnMut(char)) {
    if ('\u{ac00}'..='\u{d7a3}').contains(&c) {
        return push(c);
    }
    for lower in std::iter::once(c).nfkd().flat_map(char::to_lowercase) {
        for part in std::iter::once(lower).nfkd() {
            if canonical_combining_class(part) == 0 && !is_invisible(part) {
                push(if part.is_whitespace() { ' ' } else { simplified(part) });
            }
        }
    }
}

/// Characters that word processors leave inside words: soft hyphen, zero-width characters, variation selectors.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{2064}' | '\u{feff}')
        || matches!(c, '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}')
}

fn simplified(c: char) -> char {
    match c {
        '\u{4e00}'..='\u{9fff}' => TABLE.main[c as usize - 0x4e00],
        _ => TABLE.others.get(&c).copied().unwrap_or(c),
    }
}

struct Table {
    /// The simplified form of each character from U+4E00 to U+9FFF.
    main: Vec<char>,
    others: FxHashMap<char, char>,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let mut table = Table { main: ('\u{4e00}'..='\u{9fff}').collect(), others: FxHashMap::default() };
    for pair in SIMPLIFIED.lines().filter(|line| !line.starts_with('#')).flat_map(str::split_whitespace) {
        let mut pair = pair.chars();
        let (Some(from), Some(to)) = (pair.next(), pair.next()) else {
            continue;
        };
        match (from as usize).checked_sub(0x4e00).and_then(|index| table.main.get_mut(index)) {
            Some(entry) => *entry = to,
            None => drop(table.others.insert(from, to)),
        }
    }
    table
});

#[cfg(test)]
mod tests {
    //! - full-width, traditional, ligature, unit and accented forms fall together with the plain form;
    //! - each character covers whole characters of the original, invisible ones included;
    //! - normalising twice changes nothing, for every character there is.
    use super::*;

    fn normal(text: &str) -> String {
        let mut normalised = Normalised::default();
        normalised.read(text);
        normalised.text
    }

    #[test]
    fn forms_fall_together() {
        for (form, plain) in [
            ("ＡＢＣ１２３", "abc123"),
            ("鋰電池", "锂电池"),
            ("ﬁlm", "film"),
            ("㎏", "kg"),
            ("Café", "cafe"),
            ("Cafe\u{301}", "cafe"),
            ("⽤\u{200b}户", "用户"),
            ("m²", "m2"),
            ("µm", "μm"),
            ("a\u{3000}b\nc", "a b c"),
            ("（ＰＭ２．５）", "(pm2.5)"),
        ] {
            assert_eq!(normal(form), plain, "{form}");
        }
    }

    #[test]
    fn spans_cover_whole_characters() {
        let text = "鋰e\u{301}ﬁ";
        let mut normalised = Normalised::default();
        normalised.read(text);
        let pieces: Vec<&str> =
            normalised.chars().iter().map(|c| &text[c.start as usize..c.end as usize]).collect();
        assert_eq!(pieces, ["鋰", "e\u{301}", "ﬁ", "ﬁ"]);
        assert_eq!(normalised.slice(1, 3), "ef");
    }

    #[test]
    fn normalising_twice_changes_nothing() {
        for c in '\0'..=char::MAX {
            let once = normal(c.encode_utf8(&mut [0; 4]));
            assert_eq!(normal(&once), once, "U+{:04X}", c as u32);
        }
    }
}
