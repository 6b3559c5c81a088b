//! Shingles of a text: what is left of it when writing, numbers and the phrases of forms are put aside, cut into overlapping pieces.
//!
//! Two texts are as alike as the shares of pieces that they have in common (Broder, *On the resemblance and containment of
//! documents*, 1997). [`Shingles::bands`] are keys under which such texts find each other without comparing all with all: minima of
//! random orders of the pieces, several to a key, so that texts that share little rarely share one.

use std::sync::LazyLock;

use rustc_hash::FxHashMap;

use crate::normalise::{self, Normalised, is_han, is_latin};

/// Changes whenever the same lists may yield other pieces or keys.
const VERSION: &str = "1";
/// What is left out.
const LISTS: [&str; 3] = [
    include_str!("../../../data/dictionaries/stop_words.txt"),
    include_str!("../../../data/dictionaries/generic_words.txt"),
    include_str!("../../../data/dictionaries/form_phrases.txt"),
];
/// Characters in a piece.
const LENGTH: usize = 4;
/// Keys of a text, and minima in each: texts with resemblance s share one with probability 1 − (1 − s³)²⁰, 0.5 % at s = 0.06 and
/// 93 % at s = 0.5.
const BANDS: usize = 20;
const ROWS: usize = 3;
/// Stands for any number.
const NUMBER: char = '0';

/// The distinct pieces of a text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Shingles {
    /// Digests, ascending.
    pieces: Vec<u64>,
}

impl Shingles {
    /// The pieces of some texts; none reaches from one text, or from one sentence, into the next.
    #[must_use]
    pub fn read<'t>(texts: impl IntoIterator<Item = &'t str>) -> Self {
        let mut pieces = Vec::new();
        let mut normalised = Normalised::default();
        for text in texts {
            normalised.read(text);
            let chars: Vec<char> = normalised.chars().iter().map(|c| c.value).collect();
            for sentence in chars.split(|c| matches!(c, '。' | ';' | '!' | '?')) {
                let told = told(sentence);
                pieces.extend(told.windows(LENGTH).map(digest));
            }
        }
        pieces.sort_unstable();
        pieces.dedup();
        Self { pieces }
    }

    /// Digest of the method: pieces and keys of another one are not to be compared with these.
    #[must_use]
    pub fn method() -> String {
        let mut hasher = blake3::Hasher::new();
        for part in [VERSION, normalise::SIMPLIFIED].iter().chain(&LISTS) {
            hasher.update(&(part.len() as u64).to_le_bytes()).update(part.as_bytes());
        }
        hasher.finalize().to_hex().to_string()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.pieces.len()
    }

    /// Whether there is none: the text says nothing of its own.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// How many both have.
    #[must_use]
    pub fn shared(&self, other: &Self) -> usize {
        let (mut shared, mut at) = (0, 0);
        for piece in &self.pieces {
            while other.pieces.get(at).is_some_and(|there| there < piece) {
                at += 1;
            }
            shared += usize::from(other.pieces.get(at) == Some(piece));
        }
        shared
    }

    /// The keys under which texts like this are found; none when there are no pieces. The same in every process.
    #[must_use]
    pub fn bands(&self) -> Vec<i64> {
        if self.is_empty() {
            return Vec::new();
        }
        let mut minima = [u64::MAX; BANDS * ROWS];
        for piece in &self.pieces {
            let mut seed = *piece;
            for minimum in &mut minima {
                seed = seed.wrapping_add(STEP);
                *minimum = mixed(seed).min(*minimum);
            }
        }
        let (bands, _) = minima.as_chunks::<ROWS>();
        let key = |(at, band): (usize, &[u64; ROWS])| {
            band.iter().fold(mixed(at as u64 + 1), |key, minimum| mixed(key ^ minimum)).cast_signed()
        };
        bands.iter().enumerate().map(key).collect()
    }

    /// One key for all the pieces together: equal for texts that say the same in any order. `None` when there are none.
    #[must_use]
    pub fn whole(&self) -> Option<i64> {
        let all = self.pieces.iter().fold(STEP, |key, piece| mixed(key ^ piece));
        (!self.is_empty()).then_some(all.cast_signed())
    }
}

/// The letters of a text as they are compared, without punctuation and spaces: equal for texts that are written alike. Every number is the
/// same where `numbers` are left out.
#[must_use]
pub fn letters(text: &str, numbers: bool) -> String {
    let mut normalised = Normalised::default();
    normalised.read(text);
    let written = normalised.chars().iter().map(|c| c.value).filter(|&c| is_han(c) || is_latin(c));
    let mut letters = String::new();
    for c in written {
        let c = if c.is_numeric() && !numbers { NUMBER } else { c };
        if numbers || c != NUMBER || !letters.ends_with(NUMBER) {
            letters.push(c);
        }
    }
    letters
}

/// What a sentence says: its characters without the phrases of forms, every number the same.
fn told(sentence: &[char]) -> Vec<char> {
    let mut told = Vec::with_capacity(sentence.len());
    let written: Vec<char> = sentence.iter().copied().filter(|&c| is_han(c) || is_latin(c)).collect();
    let mut at = 0;
    while let Some(&c) = written.get(at) {
        let empty = EMPTY.get(&c).and_then(|phrases| {
            phrases.iter().find(|phrase| written[at..].starts_with(phrase)).map(Vec::len)
        });
        match empty {
            Some(length) => at += length,
            None => {
                let c = if c.is_numeric() { NUMBER } else { c };
                if c != NUMBER || told.last() != Some(&NUMBER) {
                    told.push(c);
                }
                at += 1;
            }
        }
    }
    told
}

/// Words and phrases that say nothing of a subject, by their first character, the longest first.
static EMPTY: LazyLock<FxHashMap<char, Vec<Vec<char>>>> = LazyLock::new(|| {
    let mut empty: FxHashMap<char, Vec<Vec<char>>> = FxHashMap::default();
    for line in LISTS.iter().flat_map(|list| list.lines()).filter(|line| !line.starts_with('#')) {
        let phrase: Vec<char> = line.trim().chars().collect();
        // A single character is part of too many words to be left out.
        if phrase.len() > 1 {
            empty.entry(phrase[0]).or_default().push(phrase);
        }
    }
    empty.values_mut().for_each(|phrases| phrases.sort_by_key(|phrase| std::cmp::Reverse(phrase.len())));
    empty
});

const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

fn digest(piece: &[char]) -> u64 {
    piece.iter().fold(STEP, |key, c| mixed(key ^ u64::from(*c)))
}

/// The finaliser of SplitMix64 (Steele, Lea & Flood, *Fast splittable pseudorandom number generators*, 2014).
const fn mixed(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    //! - other writing, punctuation, numbers and phrases of forms change nothing;
    //! - the order of sentences changes nothing;
    //! - what says nothing has no pieces and no keys;
    //! - the keys change with the version alone, for databases hold them.
    use super::*;

    fn read(text: &str) -> Shingles {
        Shingles::read([text])
    }

    #[test]
    fn writing_and_numbers_change_nothing() {
        let plain = read("铝壳激光焊接的焊缝气孔率偏高，达到12%，希望降到3‰以下");
        for other in [
            "鋁殼激光焊接的焊縫氣孔率偏高，達到12%，希望降到3‰以下",
            "铝壳激光焊接的焊缝气孔率偏高 达到１５．５％ 希望降到2‰以下",
            "技术需求：铝壳激光焊接的焊缝气孔率偏高、达到12%，希望降到3‰以下",
        ] {
            assert_eq!(read(other), plain, "{other}");
        }
        assert_ne!(read("铝壳激光焊接的焊缝裂纹率偏高，达到12%，希望降到3‰以下"), plain);
    }

    #[test]
    fn sentences_may_change_places() {
        assert_eq!(read("焊缝气孔率偏高。铜排表面氧化发黑；"), read("铜排表面氧化发黑！焊缝气孔率偏高"));
    }

    #[test]
    fn what_says_nothing_has_no_keys() {
        for text in ["", "希望提高产品质量", "企业概况：\n预期目标：", "寻找专家帮助解决技术难题"]
        {
            let shingles = read(text);
            assert!(shingles.is_empty() && shingles.bands().is_empty(), "{text}");
            assert_eq!(shingles.whole(), None);
        }
    }

    #[test]
    fn shared_pieces_are_counted_both_ways() {
        let (short, long) = (read("焊缝气孔率偏高"), read("焊缝气孔率偏高，铜排表面氧化发黑"));
        assert_eq!(short.shared(&long), short.len());
        assert_eq!(long.shared(&short), short.len());
        assert_eq!(short.shared(&read("水稻病虫害防治")), 0);
    }

    #[test]
    fn keys_change_with_the_version_alone() {
        let shingles = read("焊缝气孔率偏高");
        assert_eq!(shingles.bands().len(), BANDS);
        let whole = (shingles.bands()[0], shingles.whole());
        assert_eq!((VERSION, whole), ("1", (-5_443_902_463_384_399_748, Some(-4_648_865_575_770_489_207))));
    }
}
