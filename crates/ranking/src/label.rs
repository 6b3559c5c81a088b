//! What a group of needs has in common, in words that staff can check: a label, and for each need the shared words and where they stand.

use std::ops::Range;

use domain::{Area, Passage};
use rustc_hash::{FxHashMap, FxHashSet};
use text::{Analyzer, Hit, ReadText, Scratch, Word};

use crate::clarity::{COMMON, rarity, says_nothing};
use crate::explain::SNIPPETS;
use crate::reading::{SNIPPET_CHARACTERS, places};
use crate::{Highlight, Piece};

/// Words of a label at most and, where there are so many, at least; words marked in the texts at most.
const LABEL: usize = 6;
const SHORT_LABEL: usize = 3;
const MARKED: usize = 12;
/// A word that tells less than this share of the best one is left out of the label.
const LEAST_SHARE: f64 = 0.3;
/// Characters of a keyword that can stand in a label.
const LONGEST: usize = 12;

/// What a group has in common.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Common {
    /// The words that tell the group best from the other needs, the best first.
    pub label: Vec<String>,
    /// For each need, in the order given.
    pub needs: Vec<SharedWords>,
}

/// What a need shares with others of its group.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SharedWords {
    /// The words, the best first.
    pub words: Vec<String>,
    /// Where they stand.
    pub highlights: Vec<Highlight>,
}

/// A need as it was read.
struct Reading<'p> {
    passages: Vec<(&'p Passage, ReadText, Vec<Word>)>,
}

/// A word that two needs of the group hold.
struct Shared {
    /// Normalised.
    word: String,
    /// Who holds it.
    holders: Vec<usize>,
    /// How much it tells.
    worth: f64,
}

/// What these needs have in common. `holders(word)` is how many of all `needs` of the registry hold a normalised word.
///
/// A word that the share p of the group and the share q of the other needs hold is worth p·ln(p/q), its part of the divergence of the
/// two (Kullback & Leibler 1951), times how rare it is in technical prose, and up to twice that where it stands in titles and keywords.
/// Words that every form holds are none.
pub fn common(
    analyzer: &Analyzer,
    group: &[Vec<Passage>],
    needs: u64,
    holders: impl Fn(&str) -> u64,
) -> Common {
    let mut scratch = Scratch::default();
    let readings: Vec<Reading<'_>> =
        group.iter().map(|passages| Reading::new(analyzer, passages, &mut scratch)).collect();
    let mut shared: Vec<Shared> = Vec::new();
    for word in candidates(analyzer, &readings) {
        let held = |(at, reading): (usize, &Reading<'_>)| reading.holds(&word).then_some(at);
        let in_group: Vec<usize> = readings.iter().enumerate().filter_map(held).collect();
        if in_group.len() > 1 {
            let within = in_group.len() as f64 / group.len() as f64;
            let others = needs.saturating_sub(group.len() as u64) as f64;
            let outside = holders(&word).saturating_sub(in_group.len() as u64) as f64;
            let divergence = within * (within / ((outside + 0.5) / (others + 1.0)).min(1.0)).ln();
            let headed = in_group.iter().filter(|&&at| readings[at].heads(&word)).count();
            let headed = headed as f64 / in_group.len() as f64;
            let worth = divergence * f64::from(rarity(&word)) * (1.0 + headed);
            shared.push(Shared { word, holders: in_group, worth });
        }
    }
    shared.retain(|shared| shared.worth > 0.0);
    shared.sort_by(|a, b| {
        let longer = |shared: &Shared| shared.word.chars().count();
        b.worth.total_cmp(&a.worth).then_with(|| longer(b).cmp(&longer(a))).then_with(|| a.word.cmp(&b.word))
    });
    let mut chosen: Vec<Shared> = Vec::new();
    for shared in shared {
        let told = |other: &Shared| other.word.contains(&shared.word) || shared.word.contains(&other.word);
        if chosen.len() < MARKED && !chosen.iter().any(told) {
            chosen.push(shared);
        }
    }
    let least = chosen.first().map_or(0.0, |best| best.worth * LEAST_SHARE);
    let told = chosen.iter().enumerate().filter(|(at, word)| *at < SHORT_LABEL || word.worth >= least);
    let label: Vec<String> =
        told.take(LABEL).map(|(_, shared)| written(&readings, shared.holders[0], &shared.word)).collect();
    let of_need = |(at, reading): (usize, &Reading<'_>)| {
        let held: Vec<&str> = chosen
            .iter()
            .filter(|shared| shared.holders.contains(&at))
            .map(|shared| shared.word.as_str())
            .collect();
        let words = held.iter().map(|word| written(&readings, at, word)).collect();
        SharedWords { words, highlights: reading.highlights(&held) }
    };
    Common { label, needs: readings.iter().enumerate().map(of_need).collect() }
}

/// Words of the dictionaries, Latin words and the keywords as people gave them, each once, in order.
fn candidates(analyzer: &Analyzer, readings: &[Reading<'_>]) -> Vec<String> {
    let mut held: FxHashMap<String, usize> = FxHashMap::default();
    for reading in readings {
        let mut own: FxHashSet<String> = FxHashSet::default();
        for (passage, _, words) in &reading.passages {
            let latin = |word: &Word| word.text.is_ascii();
            own.extend(words.iter().filter(|word| word.known || latin(word)).map(|word| word.text.clone()));
            if passage.area == Area::Keywords {
                own.extend(passage.text.split('；').map(|keyword| analyzer.normalise(keyword.trim())));
            }
        }
        own.into_iter().for_each(|word| *held.entry(word).or_default() += 1);
    }
    let tells = |word: &String| {
        let length = word.chars().count();
        (2..=LONGEST).contains(&length)
            && !says_nothing(word)
            && rarity(word) > COMMON
            && !word.chars().all(|c| c.is_numeric())
            // What one need alone has for a word may still stand in the other's text, as part of a keyword.
            && readings.iter().filter(|reading| reading.contains(word)).take(2).count() > 1
    };
    let mut words: Vec<String> = held.into_keys().filter(tells).collect();
    words.sort_unstable();
    words
}

/// Where a word stands as a word; one of letters and digits is nothing inside another such word.
fn stands<'t>(
    text: &'t ReadText,
    words: &'t [Word],
    word: &'t str,
) -> impl Iterator<Item = Range<usize>> + 't {
    let latin = word.is_ascii();
    let whole = move |place: &Range<usize>| {
        !latin || words.iter().any(|other| other.start == place.start && other.end == place.end)
    };
    places(text, words, word).filter(whole)
}

/// A normalised word as the need writes it first.
fn written(readings: &[Reading<'_>], need: usize, word: &str) -> String {
    let mut passages = readings[need].passages.iter();
    let found = passages.find_map(|(passage, text, words)| {
        let place: Range<usize> = stands(text, words, word).next()?;
        Some(passage.text[place].to_owned())
    });
    found.unwrap_or_else(|| word.to_owned())
}

impl<'p> Reading<'p> {
    fn new(analyzer: &Analyzer, passages: &'p [Passage], scratch: &mut Scratch) -> Self {
        let read = |passage: &'p Passage| {
            analyzer.for_each_token(&passage.text, scratch, |_| {});
            let words = analyzer.words_read(scratch);
            (passage, scratch.take(), words)
        };
        Self { passages: passages.iter().map(read).collect() }
    }

    fn contains(&self, word: &str) -> bool {
        self.passages.iter().any(|(_, text, _)| text.contains(word))
    }

    /// Whether the word stands in the title or among the keywords.
    fn heads(&self, word: &str) -> bool {
        let mut passages = self.passages.iter().filter(|(passage, ..)| passage.area != Area::Body);
        passages.any(|(_, text, words)| stands(text, words, word).next().is_some())
    }

    /// Whether the word stands here as a word.
    fn holds(&self, word: &str) -> bool {
        self.passages.iter().any(|(_, text, words)| stands(text, words, word).next().is_some())
    }

    fn highlights(&self, held: &[&str]) -> Vec<Highlight> {
        let highlight = |(passage, text, words): &(&Passage, ReadText, Vec<Word>)| {
            let mut hits: Vec<Hit> = Vec::new();
            for (word, term) in held.iter().zip(0..) {
                hits.extend(stands(text, words, word).map(|bytes| Hit { bytes, term }));
            }
            if hits.is_empty() {
                return None;
            }
            hits.sort_by_key(|hit| (hit.bytes.start, hit.bytes.end, hit.term));
            let segments = text::cut_snippet(&passage.text, &hits, SNIPPET_CHARACTERS);
            let pieces = segments.into_iter().map(|segment| Piece { text: segment.text, hit: segment.hit });
            Some(Highlight {
                field: passage.field.to_owned(),
                label: passage.label.to_owned(),
                pieces: pieces.collect(),
            })
        };
        self.passages.iter().filter_map(highlight).take(SNIPPETS).collect()
    }
}
