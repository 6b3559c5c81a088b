//! Words of the two sides that are written otherwise and whose meanings are related: what stands behind likeness of meaning.

use rustc_hash::FxHashSet;
use text::Analyzer;
use vectors::{Buffers, Direction, TermVectors};

use crate::AlikeWords;
use crate::clarity::says_nothing;

/// Pairs shown at most, and words of each side that are looked at.
const PAIRS: usize = 4;
const MOST_WORDS: usize = 60;
/// Words less alike than this are no reason.
const LEAST: f32 = 0.6;

/// A word and where its meaning points.
pub(crate) struct Meant {
    word: String,
    direction: Direction,
}

/// The words of `texts` that say something, each once, in order; those of dictionaries, for a guessed piece of text is no word.
pub(crate) fn meant<'t>(
    analyzer: &Analyzer,
    vectors: &TermVectors,
    words: impl Iterator<Item = &'t text::Word>,
) -> Vec<Meant> {
    let mut seen: FxHashSet<&str> = FxHashSet::default();
    let mut buffers = Buffers::default();
    let telling =
        words.filter(|word| word.known && word.text.chars().nth(1).is_some() && !says_nothing(&word.text));
    telling
        .filter(|word| seen.insert(&word.text))
        .filter_map(|word| {
            let direction = vectors.direction_of(analyzer, &word.text, &mut buffers)?;
            Some(Meant { word: word.text.clone(), direction })
        })
        .take(MOST_WORDS)
        .collect()
}

/// The pairs that are most alike, each word in one of them. Words that share a character are alike to the eye: that is told elsewhere.
pub(crate) fn alike(asked: &[Meant], found: &[Meant], shared: impl Fn(&str) -> bool) -> Vec<AlikeWords> {
    let mut pairs: Vec<(f32, &str, &str)> = Vec::new();
    for one in asked.iter().filter(|one| !shared(&one.word)) {
        for other in found {
            if one.word.chars().any(|c| other.word.contains(c)) {
                continue;
            }
            let likeness = one.direction.to(&other.direction);
            if likeness >= LEAST {
                pairs.push((likeness, &one.word, &other.word));
            }
        }
    }
    pairs.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| (a.1, a.2).cmp(&(b.1, b.2))));
    let mut used: FxHashSet<&str> = FxHashSet::default();
    let mut told = Vec::new();
    for (likeness, asked, found) in pairs {
        if told.len() < PAIRS && !used.contains(asked) && !used.contains(found) {
            used.extend([asked, found]);
            let likeness = (f64::from(likeness) * 100.0).round() / 100.0;
            told.push(AlikeWords { asked: asked.to_owned(), found: found.to_owned(), likeness });
        }
    }
    told
}
