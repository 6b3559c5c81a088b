//! The one analysis, for index and query.

use std::ops::Range;

use jieba_rs::Jieba;

use crate::dictionary::{self, Dictionaries, DictionaryError};
use crate::latin;
use crate::normalise::{self, Char, Normalised, is_han, is_latin};
use crate::stops::StopWords;
use crate::synonyms::Synonyms;
use crate::{Token, TokenKind, TokenRef, Word, WordRef};

/// Changes whenever the same dictionaries and libraries may yield other tokens.
const ANALYSIS_VERSION: &str = "1";

/// The libraries that decide about tokens; a test compares them with the lock file.
const LIBRARIES: [(&str, &str); 2] = [("jieba-rs", "0.11.0"), ("unicode-normalization", "0.1.26")];

/// Makes a term win over the words it consists of, without winning over a common word that overlaps it.
const TERM_FREQUENCY: usize = 50;

/// Longest word that becomes a term of the index, in characters; n-grams reach whatever is longer.
const MAX_INDEXED_WORD: usize = 16;

/// Turns texts into terms. Costly to build, cheap to share in an `Arc`.
#[derive(Debug)]
pub struct Analyzer {
    jieba: Jieba,
    synonyms: Synonyms,
    stops: StopWords,
    fingerprint: String,
}

/// Buffers that [`Analyzer::for_each_token`] reuses from text to text.
#[derive(Debug, Default)]
pub struct Scratch {
    text: Normalised,
    marks: Vec<Mark>,
    /// Where the segmentation's words stand, in characters, last one first.
    words: Vec<(usize, usize)>,
}

/// A text that was read, in which normalised words can be looked up.
#[derive(Debug, Default)]
pub struct ReadText(Normalised);

impl Scratch {
    /// The text that was last read, taken out.
    pub fn take(&mut self) -> ReadText {
        ReadText(std::mem::take(&mut self.text))
    }
}

impl ReadText {
    /// Whether `word`, normalised, stands in the text.
    #[must_use]
    pub fn contains(&self, word: &str) -> bool {
        self.0.text().contains(word)
    }

    /// Where `word`, normalised, stands: bytes of the original text, in order and without overlap.
    pub fn find<'t>(&'t self, word: &'t str) -> impl Iterator<Item = Range<usize>> + 't {
        self.0.find(word).map(|(start, end)| start as usize..end as usize)
    }
}

/// A token that is not simply the next one or two Han characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Mark {
    from: usize,
    kind: TokenKind,
    to: usize,
    /// Of a synonym.
    class: u32,
}

impl Analyzer {
    /// Reads the dictionaries.
    ///
    /// # Errors
    /// Names the first line that cannot be used.
    pub fn new(dictionaries: &Dictionaries<'_>) -> Result<Self, DictionaryError> {
        let terms = dictionary::read_terms(&dictionaries.terms)?;
        let classes = dictionary::read_synonyms(&dictionaries.synonyms)?;
        let stop_words = dictionary::read_stop_words(&dictionaries.stop_words)?;
        let mut jieba = Jieba::new();
        let members = classes.iter().flatten().map(|member| (member, None));
        for (term, frequency) in terms.iter().map(|(term, frequency)| (term, *frequency)).chain(members) {
            if frequency.is_some() || !jieba.has_word(term) {
                jieba.add_word(term, Some(frequency.unwrap_or(TERM_FREQUENCY)), None);
            }
        }
        Ok(Self {
            jieba,
            synonyms: Synonyms::new(&classes),
            stops: StopWords::new(stop_words),
            fingerprint: fingerprint(dictionaries),
        })
    }

    /// Hexadecimal digest of everything the tokens depend on; an index built under another one must be rebuilt.
    #[must_use]
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// The tokens of a text, by position, then kind; for use on queries and single texts.
    #[must_use]
    pub fn tokens(&self, text: &str) -> Vec<Token> {
        let mut tokens = Vec::new();
        self.for_each_token(text, &mut Scratch::default(), |token| tokens.push(token.to_token()));
        tokens
    }

    /// The same stream as [`Self::tokens`] without an allocation per token. Texts must be shorter than 4 GiB.
    pub fn for_each_token(&self, text: &str, scratch: &mut Scratch, f: impl FnMut(TokenRef<'_>)) {
        scratch.text.read(text);
        scratch.marks.clear();
        self.mark_words(scratch);
        self.mark_others(scratch);
        self.emit(scratch, f);
    }

    /// As [`Self::for_each_token`], without words: what needs no segmentation, in a fraction of the time.
    pub fn for_each_gram(&self, text: &str, scratch: &mut Scratch, f: impl FnMut(TokenRef<'_>)) {
        scratch.text.read(text);
        scratch.marks.clear();
        self.mark_others(scratch);
        self.emit(scratch, f);
    }

    /// Single characters and pairs, and between them what is marked.
    fn emit(&self, scratch: &mut Scratch, mut f: impl FnMut(TokenRef<'_>)) {
        scratch.marks.sort_unstable();
        scratch.marks.dedup();
        let Scratch { text: normalised, marks, .. } = scratch;
        let mut emit = |from: usize, to: usize, kind, text: &str| {
            let (start, end) = normalised.span(from, to);
            f(TokenRef { text, kind, position: from as u32, start, end });
        };
        let chars = normalised.chars();
        let mut marks = marks.iter().peekable();
        for (at, c) in chars.iter().enumerate() {
            if is_han(c.value) {
                if !self.stops.has_character(c.value) {
                    emit(at, at + 1, TokenKind::Unigram, normalised.slice(at, at + 1));
                }
                if let Some(next) = chars.get(at + 1)
                    && is_han(next.value)
                    && !self.stops.has_pair(c.value, next.value)
                {
                    emit(at, at + 2, TokenKind::Bigram, normalised.slice(at, at + 2));
                }
            }
            while let Some(&&Mark { from, kind, to, class }) = marks.peek()
                && from == at
            {
                let text = if kind == TokenKind::Synonym {
                    self.synonyms.term(class)
                } else {
                    normalised.slice(from, to)
                };
                emit(from, to, kind, text);
                marks.next();
            }
        }
    }

    /// The words of a text as people read them; stop words, plain numbers and single letters are left out.
    #[must_use]
    pub fn words(&self, text: &str) -> Vec<Word> {
        let mut scratch = Scratch::default();
        scratch.text.read(text);
        scratch.marks.clear();
        self.mark_words(&mut scratch);
        self.words_read(&scratch)
    }

    /// As [`Self::words`], of the text that [`Self::for_each_token`] last read into `scratch`: segmenting is most of the work.
    #[must_use]
    pub fn words_read(&self, scratch: &Scratch) -> Vec<Word> {
        let mut words = Vec::new();
        self.for_each_word(scratch, |WordRef { text, start, end }| {
            words.push(Word { text: text.to_owned(), start, end, known: self.jieba.has_word(text) });
        });
        words
    }

    /// The same words without an allocation for each, and without a look into the dictionary.
    pub fn for_each_word<'s>(&self, scratch: &'s Scratch, mut f: impl FnMut(WordRef<'s>)) {
        let chars = scratch.text.chars();
        let mut done = 0;
        for &(start, end) in scratch.words.iter().rev() {
            let from = start.max(done);
            if from >= end {
                continue;
            }
            // A mixed word of the dictionary ("x射线") stays whole; a Latin term is wider than what the dictionary knows.
            let mixed = chars[from..end].iter().any(|c| is_han(c.value));
            let to = if mixed || !is_latin(chars[from].value) { end } else { latin::term_end(chars, from) };
            done = to;
            let text = scratch.text.slice(from, to);
            if is_readable(&chars[from..to]) && !self.stops.has(text) {
                let (start, end) = scratch.text.span(from, to);
                f(WordRef { text, start: start as usize, end: end as usize });
            }
        }
    }

    /// A typed query split at white space and punctuation into normalised chunks.
    #[must_use]
    pub fn chunks(&self, query: &str) -> Vec<String> {
        let mut normalised = Normalised::default();
        normalised.read(query);
        let chars = normalised.chars();
        let mut chunks = Vec::new();
        let mut from = 0;
        while from < chars.len() {
            let mut to = from;
            while let Some(c) = chars.get(to) {
                match c.value {
                    c if is_han(c) => to += 1,
                    c if is_latin(c) => to = latin::term_end(chars, to),
                    _ => break,
                }
            }
            if to > from {
                chunks.push(normalised.slice(from, to).to_owned());
            }
            from = to.max(from + 1);
        }
        chunks
    }

    /// The text as the analysis sees it: compatibility forms resolved, lower case, simplified characters.
    #[must_use]
    pub fn normalise(&self, text: &str) -> String {
        let mut normalised = Normalised::default();
        normalised.read(text);
        normalised.text().to_owned()
    }

    /// Segments the text, and marks the words that are terms.
    fn mark_words(&self, scratch: &mut Scratch) {
        let Scratch { text: normalised, marks, words } = scratch;
        words.clear();
        let chars = normalised.chars();
        // Search mode gives the parts of a word, then the word. From the end, the next word is the first to end where the last began.
        let mut border = chars.len();
        for piece in self.jieba.cut_for_search(normalised.text(), true).iter().rev() {
            let (from, to) = (piece.start, piece.end);
            if to <= border {
                words.push((from, to));
                border = from;
            }
            let indexed = (3..=MAX_INDEXED_WORD).contains(&(to - from))
                && chars[from..to].iter().all(|c| is_han(c.value))
                && !self.stops.has(piece.word);
            if indexed {
                marks.push(Mark { from, kind: TokenKind::Word, to, class: 0 });
            }
        }
    }

    /// Marks Latin terms and synonyms.
    fn mark_others(&self, scratch: &mut Scratch) {
        let Scratch { text: normalised, marks, .. } = scratch;
        let chars = normalised.chars();
        let mut at = 0;
        while at < chars.len() {
            let (from, to) = (at, if is_latin(chars[at].value) { latin::term_end(chars, at) } else { at });
            if to > from {
                marks.push(Mark { from, kind: TokenKind::Latin, to, class: 0 });
                latin::for_each_part(chars, from, to, |from, to| {
                    marks.push(Mark { from, kind: TokenKind::Latin, to, class: 0 });
                });
            }
            at = to.max(at + 1);
        }
        self.synonyms.for_each(chars, |from, to, class| {
            marks.push(Mark { from, kind: TokenKind::Synonym, to, class })
        });
    }
}

/// Whether people take a piece of text for a word.
fn is_readable(word: &[Char]) -> bool {
    word.iter().any(|c| is_han(c.value)) || (word.len() > 1 && word.iter().any(|c| c.value.is_alphabetic()))
}

fn fingerprint(dictionaries: &Dictionaries<'_>) -> String {
    let mut hasher = blake3::Hasher::new();
    let mut add = |bytes: &[u8]| {
        hasher.update(&(bytes.len() as u64).to_le_bytes()).update(bytes);
    };
    add(ANALYSIS_VERSION.as_bytes());
    for (library, version) in LIBRARIES {
        add(library.as_bytes());
        add(version.as_bytes());
    }
    for (major, minor, update) in [unicode_normalization::UNICODE_VERSION, char::UNICODE_VERSION] {
        add(&[major, minor, update]);
    }
    add(normalise::SIMPLIFIED.as_bytes());
    for files in [&dictionaries.terms, &dictionaries.synonyms, &dictionaries.stop_words] {
        add(&(files.len() as u64).to_le_bytes());
        files.iter().for_each(|file| add(file));
    }
    hasher.finalize().to_hex().to_string()
}

#[cfg(test)]
mod tests {
    //! The fingerprint knows the libraries that are really used.
    use super::LIBRARIES;

    #[test]
    fn the_libraries_are_those_of_the_lock_file() {
        let lock = include_str!("../../../Cargo.lock");
        for (library, version) in LIBRARIES {
            assert!(
                lock.contains(&format!("name = \"{library}\"\nversion = \"{version}\"")),
                "{library} {version}"
            );
        }
    }
}
