//! How common terms are in Chinese technical prose at large: a registry of a few hundred records cannot know that 处理 says little.

use std::sync::LazyLock;

use crate::Lexicon;

/// Terms and the abstracts that hold them; `examples/background.rs` counts them.
const TERMS: &str = include_str!("../../../data/background/terms.tsv");

/// How common terms are in a large body of texts.
#[derive(Debug)]
pub struct Background {
    terms: Lexicon,
    /// By the term's number.
    rarities: Vec<f32>,
    /// Of a term that was not counted.
    rarest: f32,
}

static BUILTIN: LazyLock<Background> = LazyLock::new(|| {
    let mut lines = TERMS.lines().filter(|line| !line.starts_with('#'));
    let documents: f32 = lines.next().and_then(|line| line.parse().ok()).unwrap_or(1.0);
    let rarity = |holders: u32| (documents / (1.0 + holders as f32)).ln_1p() / documents.ln_1p();
    let mut background = Background { terms: Lexicon::default(), rarities: Vec::new(), rarest: rarity(0) };
    for (term, holders) in lines.filter_map(|line| line.split_once('\t')) {
        if let Ok(holders) = holders.parse() {
            background.terms.push(term);
            background.rarities.push(rarity(holders));
        }
    }
    background.terms.finish();
    background
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
        self.numbered(self.terms.find(term))
    }

    /// As [`Self::rarity`], of many terms in less time.
    pub fn rarities<'t>(&self, terms: impl Iterator<Item = &'t str> + Clone) -> impl Iterator<Item = f32> {
        self.terms.find_each(terms).into_iter().map(|number| self.numbered(number))
    }

    fn numbered(&self, number: Option<u32>) -> f32 {
        number.map_or(self.rarest, |number| self.rarities[number as usize])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_every_text_says_is_common_and_what_none_says_is_rare() {
        let background = Background::builtin();
        assert!(background.terms.len() > 50_000);
        let rarities = ["处理", "焊接", "摇青"].map(|term| background.rarity(term));
        assert!(rarities.is_sorted_by(|a, b| a < b), "{rarities:?}");
        assert!((background.rarity("≈锂电池") - 1.0).abs() < 1e-6);
        assert!(background.rarities(["焊接", "≈锂电池"].into_iter()).eq([rarities[1], 1.0]));
    }
}
