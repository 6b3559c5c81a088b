//! A text read for an explanation: what of the query stands in it, in which words, and where.

use std::ops::Range;

use domain::Passage;
use text::{Hit, ReadText, TokenKind, Word};

use crate::{Piece, TermMatch};

/// Length of a snippet, in characters.
pub(crate) const SNIPPET_CHARACTERS: usize = 90;

/// A text and what of the query stands in it.
pub(crate) struct Reading<'a> {
    pub(crate) passage: &'a Passage,
    /// Its terms.
    pub(crate) tokens: u32,
    /// Its terms without words, as the index counts those of a single piece of evidence.
    pub(crate) grams: u32,
    pub(crate) text: ReadText,
    /// In the order of the text.
    pub(crate) hits: Vec<TermHit>,
    /// The terms of the hits, ascending: an expert with fifty achievements is asked for each word in every text.
    pub(crate) held: Vec<u32>,
    pub(crate) words: Vec<Word>,
}

/// A term of the query in a text.
pub(crate) struct TermHit {
    pub(crate) term: u32,
    pub(crate) kind: TokenKind,
    pub(crate) bytes: Range<usize>,
}

/// A word that both sides share.
pub(crate) struct SharedWord {
    /// Normalised.
    pub(crate) key: String,
    pub(crate) shown: TermMatch,
    pub(crate) terms: WordTerms,
}

/// The terms of a word that the query has.
pub(crate) struct WordTerms {
    /// Its own, single characters left out.
    pub(crate) own: Vec<u32>,
    /// Its single characters.
    pub(crate) characters: Vec<u32>,
    /// Its synonym class.
    pub(crate) class: Option<u32>,
    /// Letters and digits only: found as a term, for inside another such word it is nothing.
    pub(crate) latin: bool,
}

impl Reading<'_> {
    /// The words in which a term of the query stands that is more than a character; all others are no reasons.
    pub(crate) fn words_with_hits(&self) -> impl Iterator<Item = &Word> {
        let mut hits = self.hits.iter().filter(|hit| hit.kind != TokenKind::Unigram).peekable();
        self.words.iter().filter(move |word| {
            while hits.next_if(|hit| hit.bytes.start < word.start).is_some() {}
            hits.peek().is_some_and(|hit| hit.bytes.start < word.end)
        })
    }

    pub(crate) fn has_term(&self, term: u32) -> bool {
        self.held.binary_search(&term).is_ok()
    }

    /// Whether the word itself stands here.
    pub(crate) fn has(&self, word: &str, terms: &WordTerms) -> bool {
        !terms.own.is_empty()
            && terms.own.iter().all(|&term| self.has_term(term))
            && (terms.latin || self.places(word).next().is_some())
    }

    pub(crate) fn places<'t>(&'t self, word: &'t str) -> impl Iterator<Item = Range<usize>> + 't {
        places(&self.text, &self.words, word)
    }

    /// Whether the word or a synonym of it stands here.
    pub(crate) fn holds(&self, word: &SharedWord) -> bool {
        self.has(&word.key, &word.terms) || word.terms.class.is_some_and(|class| self.has_term(class))
    }

    /// How the text writes a synonym class.
    pub(crate) fn surface(&self, class: u32) -> Option<String> {
        let hit = self.hits.iter().find(|hit| hit.term == class)?;
        Some(self.passage.text[hit.bytes.clone()].to_owned())
    }

    /// The best piece of the text, the words marked.
    pub(crate) fn pieces(&self, words: &[SharedWord]) -> Vec<Piece> {
        let mut hits: Vec<Hit> = Vec::new();
        for (SharedWord { key, terms, .. }, term) in words.iter().zip(0..) {
            let stands = |hit: &&TermHit| {
                terms.class == Some(hit.term) || (terms.latin && terms.own.contains(&hit.term))
            };
            hits.extend(self.hits.iter().filter(stands).map(|hit| Hit { bytes: hit.bytes.clone(), term }));
            if !terms.latin {
                hits.extend(self.places(key).map(|bytes| Hit { bytes, term }));
            }
        }
        hits.sort_by_key(|hit| (hit.bytes.start, hit.bytes.end, hit.term));
        text::cut_snippet(&self.passage.text, &hits, SNIPPET_CHARACTERS)
            .into_iter()
            .map(|segment| Piece { text: segment.text, hit: segment.hit })
            .collect()
    }
}

/// Where a normalised word stands in a text of these words: not where it only takes a piece of a word of the dictionary (水分 in
/// 藻水|分离).
pub(crate) fn places<'t>(
    text: &'t ReadText,
    words: &'t [Word],
    word: &'t str,
) -> impl Iterator<Item = Range<usize>> + 't {
    text.find(word).filter(move |place| {
        let from = words.partition_point(|other| other.end <= place.start);
        let near = words[from..].iter().take_while(|other| other.start < place.end);
        let mut near = near.filter(|other| other.known);
        let cuts = |other: &Word| {
            let (before, after) = (other.start < place.start, other.end > place.end);
            (before && other.end < place.end) || (after && other.start > place.start)
        };
        !near.any(cuts)
    })
}
