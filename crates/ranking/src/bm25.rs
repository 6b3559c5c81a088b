//! The text score: Okapi BM25 (Robertson & Zaragoza, *The Probabilistic Relevance Framework*, 2009) of each area, summed with weights.
//!
//! The inverse document frequency is the variant that never turns negative (as Lucene has it since 2016).

use domain::Area;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Areas;

/// How one area counts.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AreaModel {
    /// Factor of the area's score in the sum, 0 and more.
    pub weight: f32,
    /// Length normalisation, 0 (none) to 1 (full).
    pub b: f32,
}

/// The whole text score's parameters.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TextModel {
    /// Saturation of repeated terms, 0 and more; customary 1.2 to 2.
    pub k1: f32,
    /// How each area counts.
    pub areas: Areas<AreaModel>,
}

/// What one area of a whole registry looks like.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct AreaStatistics {
    /// Records in the registry, whether or not they have a text in this area.
    pub documents: u64,
    /// Mean number of terms in this area over the records that have one; 0 when none has.
    pub average_length: f32,
}

/// ln(1 + (n − df + ½) / (df + ½)): how telling a term is that `document_frequency` of `documents` records hold.
pub fn idf(document_frequency: u64, documents: u64) -> f32 {
    let df = document_frequency.min(documents) as f64;
    let n = documents as f64;
    (1.0 + (n - df + 0.5) / (df + 0.5)).ln() as f32
}

impl TextModel {
    /// The length part of the denominator, k1·(1 − b + b·length/average): precompute it per length.
    #[inline]
    pub fn length_norm(&self, area: Area, length: u32, average_length: f32) -> f32 {
        self.norm(self.areas[area].b, length, average_length)
    }

    /// As [`Self::length_norm`], with a length normalisation of its own.
    #[inline]
    pub fn norm(&self, b: f32, length: u32, average_length: f32) -> f32 {
        let relative = if average_length > 0.0 { length as f32 / average_length } else { 1.0 };
        self.k1 * (1.0 - b + b * relative)
    }

    /// What `frequency` occurrences add, before the term's weight and idf: tf·(k1 + 1)/(tf + norm).
    #[inline]
    pub fn saturation(&self, frequency: u32, length_norm: f32) -> f32 {
        let frequency = frequency as f32;
        frequency * (self.k1 + 1.0) / (frequency + length_norm)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MODEL: TextModel = TextModel {
        k1: 1.2,
        areas: Areas {
            title: AreaModel { weight: 1.0, b: 0.75 },
            keywords: AreaModel { weight: 1.0, b: 0.0 },
            body: AreaModel { weight: 1.0, b: 1.0 },
            evidence: AreaModel { weight: 1.0, b: 0.75 },
        },
    };

    #[test]
    fn rarer_terms_tell_more_and_none_counts_against() {
        let values: Vec<f32> = [1, 10, 100, 999, 1000].map(|df| idf(df, 1000)).to_vec();
        assert!(values.is_sorted_by(|a, b| a > b), "{values:?}");
        assert!(values[4] > 0.0);
    }

    #[test]
    fn repetition_saturates_below_k1_plus_one() {
        let norm = MODEL.length_norm(Area::Title, 10, 10.0);
        assert!((norm - 1.2).abs() < 1e-6, "an average length is neutral");
        let once = MODEL.saturation(1, norm);
        let often = MODEL.saturation(1000, norm);
        assert!((once - 1.0).abs() < 1e-6 && often > once && often < 2.2);
    }

    #[test]
    fn length_counts_as_much_as_b_says() {
        assert_eq!(MODEL.length_norm(Area::Keywords, 1, 10.0), MODEL.length_norm(Area::Keywords, 99, 10.0));
        assert!(MODEL.length_norm(Area::Body, 5, 10.0) < MODEL.length_norm(Area::Body, 20, 10.0));
        assert!(MODEL.length_norm(Area::Body, 5, 0.0).is_finite());
    }
}
