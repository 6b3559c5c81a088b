//! Chinese text analysis, pure: normalise, segment, terms, synonyms, pinyin, highlights.
//!
//! Build one [`Analyzer`] per process from [`Dictionaries`] and share it; every text that is indexed and every query go
//! through [`Analyzer::tokens`] (or its allocation-free twin), so both sides meet in the same terms.

mod analyzer;
mod background;
mod dictionary;
mod highlight;
mod latin;
mod lexicon;
mod normalise;
pub mod pinyin;
mod shingles;
mod stops;
mod synonyms;
mod token;

pub use analyzer::{Analyzer, ReadText, Scratch};
pub use background::Background;
pub use dictionary::{Dictionaries, DictionaryError, DictionaryKind, Place};
pub use highlight::{Hit, Segment, cut_snippet, snippet};
pub use lexicon::Lexicon;
pub use shingles::{Shingles, letters};
pub use token::{Token, TokenKind, TokenRef, Word, WordRef};
