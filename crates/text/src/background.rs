//! How common terms are in Chinese technical prose at large: a registry of a few hundred records cannot know that 处理 says little.

use std::sync::LazyLock;

use rustc_hash::FxHashMap;

/// Terms and the abstracts that hold them; `examples/background.rs` counts them.
const TERMS: &str = include_str!("../../../data/background/terms.tsv");

/// Document frequencies in a large body of texts.
#[derive(Debug)]
pub struct Background {
    documents: f32,
    /// ln(1 + documents).
    rarest: f32,
    holders: FxHashMap<&'static str, u32>,
}

static BUILTIN: LazyLock<Background> = LazyLock::new(|| {
    let mut lines = TERMS.lines().filter(|line| !line.starts_with('#'));
    let documents: f32 = lines.next().and_then(|line| line.parse().ok()).unwrap_or(1.0);
    let holders = lines.filter_map(|line| {
        let (term, holders) = line.split_once('\t')?;
        Some((term, holders.parse().ok()?))
    });
    Background { documents, rarest: documents.ln_1p(), holders: holders.collect() }
});

impl Background {
    /// The one that is built in: abstracts of Chinese papers.
    #[must_use]
    pub fn builtin() -> &'static Self {
        &BUILTIN
    }

    /// How little a term is used: ln(1 + n/(1 + df)) / ln(1 + n), from 0 (in every text) to 1 (in none that was counted).
    #[must_use]
    pub fn rarity(&self, term: &str) -> f32 {
        let holders = self.holders.get(term).map_or(0.0, |&holders| holders as f32);
        (self.documents / (1.0 + holders)).ln_1p() / self.rarest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_every_text_says_is_common_and_what_none_says_is_rare() {
        let background = Background::builtin();
        assert!(background.documents > 10_000.0 && background.holders.len() > 50_000);
        let rarities = ["处理", "焊接", "摇青"].map(|term| background.rarity(term));
        assert!(rarities.is_sorted_by(|a, b| a < b), "{rarities:?}");
        assert!((background.rarity("≈锂电池") - 1.0).abs() < 1e-6);
    }
}
