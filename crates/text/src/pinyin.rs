//! Latin keys for Han names, so that people can type a name without an input method.

/// Lower-case keys of a name: joined pinyin and joined initials, from each character to the end.
#[must_use]
pub fn keys(name: &str) -> Vec<String> {
    let _ = name;
    Vec::new()
}

/// The joined lower-case form of a query of Latin letters, spaces, apostrophes and hyphens; `None` for any other.
#[must_use]
pub fn latin_query(q: &str) -> Option<String> {
    q.chars()
        .all(|c| c.is_ascii_alphabetic() || " '-’".contains(c))
        .then(|| {
            q.chars()
                .filter(char::is_ascii_alphabetic)
                .map(|c| c.to_ascii_lowercase())
                .collect()
        })
}
