//! Every number that shapes a ranking, with its default. Operators change them in the configuration file.

use serde::{Deserialize, Serialize};
use text::TokenKind;
use utoipa::ToSchema;

use crate::{AreaModel, Areas, TextModel};

/// All weights of the ranking.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Weights {
    /// How the candidate's areas count.
    pub candidate: TextModel,
    /// How much a term of each area of the asking side weighs; repetition counts as log₂(1 + occurrences).
    pub subject: Areas<f32>,
    /// How descriptions of the asking side count less the longer they are.
    pub dilution: Dilution,
    /// How much each kind of term weighs.
    pub kinds: KindWeights,
    /// Share of its weight that a pair of characters keeps where it joins two words of the asking side (`节电` in `曝气环节电耗`).
    pub crossing: f32,
    /// Power of a term's rarity among the asking side's peers: which terms of a need tell it from the others. 0 leaves it out.
    pub peers: f32,
    /// Power of a term's rarity in technical prose at large (see [`text::Background`]): 0 leaves it out.
    pub background: f32,
    /// How the single pieces of a candidate's evidence count.
    pub pieces: Pieces,
    /// How likeness of meaning counts beside the words.
    pub meaning: Meaning,
    /// Share of the ideal text score at which relevance is one half; see [`crate::score`].
    pub half_relevance: f32,
    /// How much each feature beside the text adds, relative to the text.
    pub features: FeatureWeights,
    /// Terms of the asking side that are used at most, the weightiest.
    pub max_terms: usize,
    /// Characters of each of the asking side's texts that are read at most.
    pub max_characters: usize,
}

/// An expert is the sum of what he has done: each piece of evidence (a project, a text of an achievement) is scored by itself, and the scores
/// are put together as (Σ sᵖ)^(1/p), which is near the best one and grows with every other that fits.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Pieces {
    /// Length normalisation of a single piece, 0 to 1.
    pub b: f32,
    /// p, 1 (the plain sum) and more.
    pub power: f32,
    /// So many of the best pieces count.
    pub most: usize,
}

impl Pieces {
    /// The values of single pieces put together; what is not above 0 counts for nothing.
    pub fn together(&self, values: &mut [f32]) -> f32 {
        values.sort_unstable_by(|a, b| b.total_cmp(a));
        let best = values.iter().take(self.most).take_while(|value| **value > 0.0);
        match values.first() {
            // Relative to the best one: no power of a score is too large or too small a number.
            Some(&most) if most > 0.0 => {
                most * best.map(|value| (value / most).powf(self.power)).sum::<f32>().powf(1.0 / self.power)
            }
            _ => 0.0,
        }
    }
}

/// Likeness of meaning: the cosine of the texts' vectors, see [`vectors::TermVectors`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Meaning {
    /// What a cosine of 1 is worth, in standard deviations of the text scores over the candidates' registry ([`crate::Corpus::spread`]); 0 leaves it out.
    pub weight: f32,
    /// So many of the best by their words are looked at more closely: by their single pieces of evidence, and by their meaning.
    pub candidates: usize,
}

/// A long description says much beside the point: its terms count (`characters` / its length)^`power` as much, at most twice.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Dilution {
    /// Length of an ordinary description, in characters, above 0.
    pub characters: f32,
    /// 0: length makes no difference.
    pub power: f32,
}

impl Dilution {
    /// The factor for descriptions of so many characters in all.
    pub fn factor(&self, characters: usize) -> f32 {
        (self.characters / characters.max(1) as f32).powf(self.power).min(2.0)
    }
}

/// Weight of each kind of term.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct KindWeights {
    /// 单字
    pub unigram: f32,
    /// 相邻两字
    pub bigram: f32,
    /// 三字及以上的词
    pub word: f32,
    /// 字母、数字串
    pub latin: f32,
    /// 同义词
    pub synonym: f32,
}

impl KindWeights {
    /// The weight of one kind.
    pub const fn of(&self, kind: TokenKind) -> f32 {
        match kind {
            TokenKind::Unigram => self.unigram,
            TokenKind::Bigram => self.bigram,
            TokenKind::Word => self.word,
            TokenKind::Latin => self.latin,
            TokenKind::Synonym => self.synonym,
        }
    }
}

/// Weight of each feature beside the text, relative to the text's 1.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FeatureWeights {
    /// 地域
    pub region: f32,
    /// 行业
    pub industry: f32,
    /// 技术领域
    pub field: f32,
    /// 当前是否可对接
    pub availability: f32,
    /// 剩余承接能力
    pub capacity: f32,
}

impl FeatureWeights {
    /// In the order of [`crate::features`].
    pub const fn in_order(&self) -> [f32; crate::FEATURES] {
        [self.region, self.industry, self.field, self.availability, self.capacity]
    }
}

impl Default for Weights {
    fn default() -> Self {
        let area = |weight, b| AreaModel { weight, b };
        Self {
            candidate: TextModel {
                k1: 1.2,
                areas: Areas {
                    title: area(1.0, 0.6),
                    keywords: area(0.8, 0.4),
                    body: area(0.6, 0.4),
                    evidence: area(0.8, 0.4),
                },
            },
            subject: Areas { title: 1.0, keywords: 0.6, body: 0.18, evidence: 0.2 },
            dilution: Dilution { characters: 200.0, power: 0.75 },
            // A dictionary word adds nothing to its pairs of characters but their weight once more: measured worse on both labelled sets.
            kinds: KindWeights { unigram: 1.0, bigram: 1.0, word: 0.0, latin: 4.0, synonym: 1.0 },
            crossing: 1.0,
            peers: 0.5,
            background: 0.5,
            pieces: Pieces { b: 0.6, power: 2.5, most: 10 },
            meaning: Meaning { weight: 11.0, candidates: 1000 },
            half_relevance: 0.25,
            features: FeatureWeights {
                region: 0.15,
                industry: 0.08,
                field: 0.1,
                availability: 0.04,
                capacity: 0.03,
            },
            max_terms: 512,
            max_characters: 4000,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_together_are_no_less_than_the_best_and_no_more_than_their_sum() {
        let pieces = Weights::default().pieces;
        assert_eq!(pieces.together(&mut []), 0.0);
        assert_eq!(pieces.together(&mut [0.0, -1.0]), 0.0);
        assert!((pieces.together(&mut [3.0, -1.0]) - 3.0).abs() < 1e-6);
        let two = pieces.together(&mut [3.0, 4.0]);
        assert!((two - (3.0_f32.powf(2.5) + 4.0_f32.powf(2.5)).powf(0.4)).abs() < 1e-5, "{two}");
        let many = pieces.together(&mut [1.0; 100]);
        assert!((many - 10.0_f32.powf(0.4)).abs() < 1e-5, "only the best ten: {many}");
        assert!(pieces.together(&mut [1e30, 1e30]).is_finite());
    }

    #[test]
    fn the_longer_a_description_the_less_its_terms_count() {
        let dilution = Dilution { characters: 200.0, power: 0.75 };
        let factors = [0, 20, 79, 200, 400, 4000].map(|characters| dilution.factor(characters));
        assert_eq!((factors[0], factors[1], factors[3]), (2.0, 2.0, 1.0));
        assert!(factors[2..].is_sorted_by(|a, b| a > b), "{factors:?}");
        assert!([0, 20, 4000].iter().all(|&c| Dilution { power: 0.0, ..dilution }.factor(c) == 1.0));
    }
}
