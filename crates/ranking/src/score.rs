//! The score of a pair: text first, everything else in proportion to it.
//!
//! Let *s* be the text score, *S* the ideal one (every term of the asking side matched once in a text of average length) and *h* the half-relevance.
//! Relevance is s / (s + h·S), between 0 and 1 and growing with *s*. With features fᵢ of weights wᵢ the total is
//!
//! 100 · relevance · (1 + Σ wᵢ·fᵢ) / (1 + Σ wᵢ)
//!
//! so that no nearness makes up for texts that have nothing in common, and the points of the parts add up to the total.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Areas, Feature, Weights};

/// One addend of a total.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Part {
    /// 稳定的名称：text.title、text.keywords、text.body、text.evidence、region、industry、field、availability、capacity
    #[schema(example = "text.title")]
    pub code: String,
    /// 中文名称
    #[schema(example = "标题文本")]
    pub label: String,
    /// 该项取值：文本为 BM25 得分，其余为 0 到 1
    #[schema(example = 21.37)]
    pub value: f64,
    /// 该项权重
    #[schema(example = 1.0)]
    pub weight: f64,
    /// 该项贡献的分数，各项之和即总分
    #[schema(example = 31.5)]
    pub points: f64,
}

/// A total and what it is made of.
#[derive(Debug, Clone, PartialEq)]
pub struct Score {
    /// 0 to 100.
    pub total: f64,
    /// Text areas first, then features; points add up to the total.
    pub parts: Vec<Part>,
}

/// Scores a pair from its text scores by area (weights not yet applied), the ideal text score and its features.
pub fn score(texts: &Areas<f32>, ideal: f32, features: &[Feature], weights: &Weights) -> Score {
    let areas = domain::Area::ALL.map(|area| {
        let weight = f64::from(weights.candidate.areas[area].weight);
        (area, f64::from(texts[area]), weight)
    });
    let text: f64 = areas.iter().map(|(_, value, weight)| value * weight).sum();
    let half = f64::from(weights.half_relevance) * f64::from(ideal);
    let relevance = if text > 0.0 { text / (text + half) } else { 0.0 };
    let all_weights: f64 = features.iter().map(|feature| f64::from(feature.weight)).sum();
    let base = 100.0 * relevance / (1.0 + all_weights);

    let text_parts =
        areas.into_iter().filter(|(_, value, _)| *value > 0.0).map(|(area, value, weight)| Part {
            code: format!("text.{}", area.slug()),
            label: format!("{}文本", area.label()),
            value,
            weight,
            points: base * value * weight / text,
        });
    let feature_parts = features.iter().map(|feature| Part {
        code: feature.code.to_owned(),
        label: feature.label.to_owned(),
        value: f64::from(feature.value),
        weight: f64::from(feature.weight),
        points: base * f64::from(feature.weight) * f64::from(feature.value),
    });
    let parts: Vec<Part> = text_parts.chain(feature_parts).collect();
    Score { total: parts.iter().map(|part| part.points).sum(), parts }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn feature(value: f32, weight: f32) -> Feature {
        Feature { code: "region", label: "地域", value, weight, fact: String::new() }
    }

    proptest! {
        #[test]
        fn a_total_stays_within_0_and_100_and_is_the_sum_of_its_parts(
            title in 0.0_f32..1e4, body in 0.0_f32..1e4, ideal in 0.0_f32..1e4, value in 0.0_f32..=1.0, weight in 0.0_f32..10.0,
        ) {
            let texts = Areas { title, body, ..Areas::default() };
            let score = score(&texts, ideal, &[feature(value, weight)], &Weights::default());
            prop_assert!((0.0..=100.0 + 1e-9).contains(&score.total));
            prop_assert!((score.parts.iter().map(|part| part.points).sum::<f64>() - score.total).abs() < 1e-9);
        }

        #[test]
        fn more_text_never_scores_less(less in 0.0_f32..100.0, more in 0.0_f32..100.0, value in 0.0_f32..=1.0) {
            let total = |title| score(&Areas { title, ..Areas::default() }, 50.0, &[feature(value, 0.2)], &Weights::default()).total;
            prop_assert!(total(less + more) >= total(less));
        }
    }

    #[test]
    fn nearness_does_not_make_up_for_texts_without_anything_in_common() {
        let near = score(&Areas::default(), 50.0, &[feature(1.0, 5.0)], &Weights::default());
        assert_eq!(near.total, 0.0);
    }
}
