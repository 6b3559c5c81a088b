//! The dictionaries an analyzer is built from, as bytes: this crate opens no file.

use rustc_hash::FxHashMap;

use crate::normalise::{Normalised, is_han, is_latin};

/// Dictionaries as UTF-8 bytes; several of a kind are read one after another. Empty lines and lines that start with `#`
/// are skipped.
#[derive(Debug, Clone, Default)]
pub struct Dictionaries<'a> {
    /// `word [frequency]` per line: words the segmentation keeps whole.
    pub terms: Vec<&'a [u8]>,
    /// `head,member,member` per line: names of one and the same thing.
    pub synonyms: Vec<&'a [u8]>,
    /// One word per line: characters and words that say nothing about a subject.
    pub stop_words: Vec<&'a [u8]>,
}

impl Dictionaries<'static> {
    /// The dictionaries the program comes with.
    #[must_use]
    pub fn builtin() -> Self {
        Self {
            terms: vec![
                include_bytes!("../../../data/dictionaries/terms_thuocl.txt"),
                include_bytes!("../../../data/dictionaries/terms_nsfc.txt"),
                include_bytes!("../../../data/dictionaries/terms_engineering.txt"),
            ],
            synonyms: vec![include_bytes!("../../../data/dictionaries/synonyms.txt")],
            stop_words: vec![include_bytes!("../../../data/dictionaries/stop_words.txt")],
        }
    }
}

/// Which dictionary a line stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DictionaryKind {
    /// Technology terms.
    Terms,
    /// Synonym classes.
    Synonyms,
    /// Stop words.
    StopWords,
}

impl std::fmt::Display for DictionaryKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Terms => "术语词典",
            Self::Synonyms => "同义词词典",
            Self::StopWords => "停用词词典",
        })
    }
}

/// A line of a dictionary; files of a kind and lines of a file count from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Which dictionary.
    pub kind: DictionaryKind,
    /// Which of the files of this kind.
    pub file: usize,
    /// Which line.
    pub line: usize,
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}（第 {} 个文件）第 {} 行", self.kind, self.file, self.line)
    }
}

/// A line of a dictionary that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DictionaryError {
    /// The bytes are not UTF-8.
    #[error("{0}不是有效的 UTF-8 文本")]
    NotUtf8(Place),
    /// A word is too short, too long, or has characters that no word has.
    #[error("{0}：“{1}”不能作为词条，词条由汉字、字母和数字组成，长度不超过 {MAX_WORD} 个字符，不以标点开头")]
    NotAWord(Place, String),
    /// What follows a term is not a frequency.
    #[error("{0}：词频“{1}”不是 1 到 100000000 之间的整数")]
    BadFrequency(Place, String),
    /// A synonym class of one member.
    #[error("{0}：同义词组至少要有两个词，用逗号分隔")]
    LoneMember(Place),
    /// A member stands twice.
    #[error("{0}：“{1}”已经出现在{2}，一个词只能属于一个同义词组")]
    RepeatedMember(Place, String, Place),
}

/// Longest entry of a dictionary, in characters.
pub(crate) const MAX_WORD: usize = 40;

const MAX_FREQUENCY: usize = 100_000_000;

/// A term and the frequency its line states.
pub(crate) type Term = (String, Option<usize>);

pub(crate) fn read_terms(files: &[&[u8]]) -> Result<Vec<Term>, DictionaryError> {
    let mut terms = Vec::new();
    for_each_line(DictionaryKind::Terms, files, |at, line| {
        let (term, frequency) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let frequency = match frequency.trim() {
            "" => None,
            digits => match digits.parse() {
                Ok(frequency @ 1..=MAX_FREQUENCY) => Some(frequency),
                _ => return Err(DictionaryError::BadFrequency(at, digits.to_owned())),
            },
        };
        terms.push((word(at, term, 2)?, frequency));
        Ok(())
    })?;
    Ok(terms)
}

pub(crate) fn read_synonyms(files: &[&[u8]]) -> Result<Vec<Vec<String>>, DictionaryError> {
    let mut classes = Vec::new();
    let mut places: FxHashMap<String, Place> = FxHashMap::default();
    for_each_line(DictionaryKind::Synonyms, files, |at, line| {
        let members =
            line.split(',').map(|member| word(at, member.trim(), 2)).collect::<Result<Vec<String>, _>>()?;
        if members.len() < 2 {
            return Err(DictionaryError::LoneMember(at));
        }
        for member in &members {
            if let Some(earlier) = places.insert(member.clone(), at) {
                return Err(DictionaryError::RepeatedMember(at, member.clone(), earlier));
            }
        }
        classes.push(members);
        Ok(())
    })?;
    Ok(classes)
}

pub(crate) fn read_stop_words(files: &[&[u8]]) -> Result<Vec<String>, DictionaryError> {
    let mut words = Vec::new();
    for_each_line(DictionaryKind::StopWords, files, |at, line| {
        words.push(word(at, line, 1)?);
        Ok(())
    })?;
    Ok(words)
}

/// Calls `f` with each line in normalised form.
fn for_each_line(
    kind: DictionaryKind,
    files: &[&[u8]],
    mut f: impl FnMut(Place, &str) -> Result<(), DictionaryError>,
) -> Result<(), DictionaryError> {
    let mut normalised = Normalised::default();
    for (file, bytes) in files.iter().enumerate() {
        for (line, bytes) in bytes.split(|&byte| byte == b'\n').enumerate() {
            let at = Place { kind, file: file + 1, line: line + 1 };
            let line = std::str::from_utf8(bytes).map_err(|_| DictionaryError::NotUtf8(at))?;
            normalised.read(line);
            let line = normalised.text().trim();
            if !line.is_empty() && !line.starts_with('#') {
                f(at, line)?;
            }
        }
    }
    Ok(())
}

/// A normalised entry, if it can occur in a text as a word.
fn word(at: Place, entry: &str, min_chars: usize) -> Result<String, DictionaryError> {
    let fits = (min_chars..=MAX_WORD).contains(&entry.chars().count());
    let may_stand_first = |c: char| is_han(c) || is_latin(c);
    let may_stand = |c: char| may_stand_first(c) || " .-_+&'#/·()".contains(c);
    if fits && entry.starts_with(may_stand_first) && entry.chars().all(may_stand) {
        Ok(entry.to_owned())
    } else {
        Err(DictionaryError::NotAWord(at, entry.to_owned()))
    }
}
