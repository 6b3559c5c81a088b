//! The dictionaries an analyzer is built from, as bytes: this crate opens no file.

/// Dictionaries as UTF-8 bytes; several of a kind are read one after another.
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
        Self::default()
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

/// A line of a dictionary that cannot be used. Line numbers count from 1 within the file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DictionaryError {
    /// The bytes are not UTF-8.
    #[error("{kind}第 {line} 行不是有效的 UTF-8 文本")]
    NotUtf8 {
        /// Which dictionary.
        kind: DictionaryKind,
        /// Line number from 1.
        line: usize,
    },
}
