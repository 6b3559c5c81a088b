//! What the analysis yields: tokens for the index and for queries, words for people.

/// What a token is; also the order of tokens at one position.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TokenKind {
    /// One Han character.
    Unigram,
    /// Two adjacent Han characters.
    Bigram,
    /// A dictionary or recognised word of three or more Han characters.
    Word,
    /// A run of Latin letters and digits, lower case.
    Latin,
    /// "≈" and the head of a synonym class, where any member of the class stands.
    Synonym,
}

/// One term of a text.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Token {
    /// The normalised term; a synonym starts with "≈".
    pub text: String,
    /// What the term is.
    pub kind: TokenKind,
    /// Character index in the normalised text.
    pub position: u32,
    /// First byte in the original text.
    pub start: u32,
    /// Byte after the last one in the original text.
    pub end: u32,
}

/// A [`Token`] whose text is borrowed, so that indexing allocates nothing per token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TokenRef<'a> {
    /// The normalised term; a synonym starts with "≈".
    pub text: &'a str,
    /// What the term is.
    pub kind: TokenKind,
    /// Character index in the normalised text.
    pub position: u32,
    /// First byte in the original text.
    pub start: u32,
    /// Byte after the last one in the original text.
    pub end: u32,
}

impl TokenRef<'_> {
    /// The same token with a text of its own.
    #[must_use]
    pub fn to_token(&self) -> Token {
        Token {
            text: self.text.to_owned(),
            kind: self.kind,
            position: self.position,
            start: self.start,
            end: self.end,
        }
    }
}

/// A readable word of a text, normalised, with its byte range in the original.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Word {
    /// The normalised word.
    pub text: String,
    /// First byte in the original text.
    pub start: usize,
    /// Byte after the last one in the original text.
    pub end: usize,
    /// Whether a dictionary has it; else the segmentation has guessed.
    pub known: bool,
}

/// A [`Word`] whose text is borrowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct WordRef<'a> {
    /// The normalised word.
    pub text: &'a str,
    /// First byte in the original text.
    pub start: usize,
    /// Byte after the last one in the original text.
    pub end: usize,
}
