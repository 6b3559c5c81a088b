//! The score of a pair: text first, everything else in proportion to it.
//!
//! Let *s* be the text score, likeness of meaning included, *S* the ideal one (every term of the asking side matched once in a text of average length) and *h* the half-relevance.
//! Relevance is s² / (s² + (h·S)²), between 0 and 1 and growing with *s* (Hill 1910): little of what is asked for is hardly relevant at all. With
//! features fᵢ of weights wᵢ the total is
//!
//! 100 · relevance · (1 + Σ wᵢ·fᵢ) / (1 + Σ wᵢ)
//!
//! so that no nearness makes up for texts that have nothing in common, and the points of the parts add up to the total.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Areas, FEATURES, Feature, Weights, features};

/// One addend of a total.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Part {
    /// 稳定的名称：text.title、text.keywords、text.body、text.evidence、meaning、region、industry、field、availability、capacity
    #[schema(example = "text.title")]
    pub code: String,
    /// 中文名称
    #[schema(example = "标题文本")]
    pub label: String,
    /// 该项取值：文本为 BM25 得分，语义为向量夹角的余弦（启用向量模型时，互不相干的文字为 0），其余为 0 到 1
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

/// What a candidate's texts come to.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Texts {
    /// The text score of each area, its weight not yet applied.
    pub areas: Areas<f32>,
    /// How alike the meanings are, 0 and more; about 1 at most for a single text.
    pub likeness: f32,
    /// What one of likeness is worth as a text score, by [`Texts::rate`].
    pub rate: f32,
}

impl Texts {
    /// What one of likeness is worth where text scores spread so much (standard deviation over the registry) and the vectors are so far
    /// to be trusted (0 to 1).
    pub fn rate(weights: &Weights, spread: f32, trust: f32) -> f32 {
        weights.meaning.weight * spread * trust
    }

    /// Areas and meaning, weighed and added up.
    pub fn total(&self, weights: &Weights) -> f32 {
        let model = &weights.candidate;
        let areas: f32 =
            domain::Area::ALL.iter().map(|&area| model.areas[area].weight * self.areas[area]).sum();
        areas + self.rate * self.likeness
    }
}

/// The points of each area, of meaning and of each feature; they add up to the total.
struct Points {
    /// Value, weight and points of the texts: areas in their order, then meaning.
    texts: [(f64, f64, f64); TEXTS],
    /// What a feature of value and weight 1 adds.
    base: f64,
}

impl Points {
    fn new(texts: &Texts, ideal: f32, all_weights: f64, weights: &Weights) -> Self {
        let area = |area: domain::Area| {
            (f64::from(texts.areas[area]), f64::from(weights.candidate.areas[area].weight))
        };
        let [title, keywords, body, evidence] = domain::Area::ALL.map(area);
        let meaning = (f64::from(texts.likeness), f64::from(texts.rate));
        let parts = [title, keywords, body, evidence, meaning];
        let text: f64 = parts.iter().map(|(value, weight)| value * weight).sum();
        let base = 100.0 * relevance(text, ideal, weights) / (1.0 + all_weights);
        Self { texts: parts.map(|(value, weight)| (value, weight, base * value * weight / text)), base }
    }

    fn of(&self, value: f32, weight: f32) -> f64 {
        self.base * f64::from(weight) * f64::from(value)
    }
}

/// How much a text score counts beside the ideal one.
fn relevance(text: f64, ideal: f32, weights: &Weights) -> f64 {
    let half = f64::from(weights.half_relevance) * f64::from(ideal);
    if text > 0.0 { text.powi(2) / (text.powi(2) + half.powi(2)) } else { 0.0 }
}

/// The total that [`score`] gives, alone; `nearness` is value and weight of each feature.
pub fn total(texts: &Texts, ideal: f32, nearness: &[(f32, f32)], weights: &Weights) -> f64 {
    let all_weights: f64 = nearness.iter().map(|(_, weight)| f64::from(*weight)).sum();
    let points = Points::new(texts, ideal, all_weights, weights);
    let counted = points.texts.iter().filter(|(value, weight, _)| value * weight > 0.0);
    let near = nearness.iter().map(|&(value, weight)| points.of(value, weight));
    counted.map(|(.., points)| *points).chain(near).sum()
}

/// More than this no pair scores whose texts come to `text` at most; `nearness` as for [`total`].
pub fn total_at_most(text: f64, ideal: f32, nearness: &[(f32, f32)], weights: &Weights) -> f64 {
    let all_weights: f64 = nearness.iter().map(|(_, weight)| f64::from(*weight)).sum();
    let near: f64 = nearness.iter().map(|(value, weight)| f64::from(*value) * f64::from(*weight)).sum();
    // A dozen roundings are far less than this.
    100.0 * relevance(text, ideal, weights) * (1.0 + near) / (1.0 + all_weights) * (1.0 + 1e-9)
}

/// Less than this the texts of no pair come to that scores `total` or more, however near the two are.
pub fn text_at_least(total: f64, ideal: f32, weights: &Weights) -> f64 {
    // As in `total_at_most`, the other way round; nothing is nearer than in every feature.
    let relevance = total / (100.0 * (1.0 + 1e-8));
    let half = f64::from(weights.half_relevance) * f64::from(ideal);
    if relevance <= 0.0 {
        0.0
    } else if relevance >= 1.0 {
        f64::INFINITY
    } else {
        half * (relevance / (1.0 - relevance)).sqrt() * (1.0 - 1e-8)
    }
}

/// Code and Chinese name of every part that a score may have, in their order: text areas, meaning, features.
pub fn part_names() -> impl Iterator<Item = (String, String)> {
    let area = |area: domain::Area| (format!("text.{}", area.slug()), format!("{}文本", area.label()));
    let other = |(code, label): (&str, &str)| (code.to_owned(), label.to_owned());
    let others = [("meaning", "语义相近")].into_iter().chain(features::NAMES).map(other);
    domain::Area::ALL.into_iter().map(area).chain(others)
}

/// How many parts a score may have.
pub const PARTS: usize = TEXTS + FEATURES;

/// Text areas and meaning.
const TEXTS: usize = 5;

/// The value of each part of a score, in the order of [`part_names`]; with [`part_weights`] enough to tell the parts of a total that is kept ([`Score::kept`]).
pub fn part_values(texts: &Texts, nearness: &[(f32, f32); FEATURES]) -> [f32; PARTS] {
    let Areas { title, keywords, body, evidence } = texts.areas;
    let [region, industry, field, availability, capacity] = nearness.map(|(value, _)| value);
    [title, keywords, body, evidence, texts.likeness, region, industry, field, availability, capacity]
}

/// What each part of a score weighs where one of likeness is worth `rate`.
pub fn part_weights(rate: f32, weights: &Weights) -> [f32; PARTS] {
    let [title, keywords, body, evidence] =
        domain::Area::ALL.map(|area| weights.candidate.areas[area].weight);
    let [region, industry, field, availability, capacity] = weights.features.in_order();
    [title, keywords, body, evidence, rate, region, industry, field, availability, capacity]
}

impl Score {
    /// The score of which this total, values and weights were kept: what its parts come to is off by a rounding at most.
    pub fn kept(total: f64, values: &[f32; PARTS], weights: &[f32; PARTS]) -> Self {
        let product = |at: usize| f64::from(values[at]) * f64::from(weights[at]);
        let text: f64 = (0..TEXTS).map(product).sum();
        let near: f64 = (TEXTS..PARTS).map(product).sum();
        let base = total / (1.0 + near);
        let part = |(at, (code, label)): (usize, (String, String))| Part {
            code,
            label,
            value: values[at].into(),
            weight: weights[at].into(),
            points: base * product(at) / if at < TEXTS { text } else { 1.0 },
        };
        let told = part_names().enumerate().filter(|(at, _)| *at >= TEXTS || product(*at) > 0.0);
        Self { total, parts: told.map(part).collect() }
    }
}

/// Scores a pair from what its texts come to, the ideal text score and its features.
pub fn score(texts: &Texts, ideal: f32, features: &[Feature], weights: &Weights) -> Score {
    let all_weights: f64 = features.iter().map(|feature| f64::from(feature.weight)).sum();
    let points = Points::new(texts, ideal, all_weights, weights);
    let texts = part_names().zip(points.texts).filter(|(_, (value, weight, _))| value * weight > 0.0);
    let text_parts =
        texts.map(|((code, label), (value, weight, points))| Part { code, label, value, weight, points });
    let feature_parts = features.iter().map(|feature| Part {
        code: feature.code.to_owned(),
        label: feature.label.to_owned(),
        value: f64::from(feature.value),
        weight: f64::from(feature.weight),
        points: points.of(feature.value, feature.weight),
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
            title in 0.0_f32..1e4, body in 0.0_f32..1e4, likeness in 0.0_f32..2.0, rate in 0.0_f32..1e4,
            ideal in 0.0_f32..1e4, value in 0.0_f32..=1.0, weight in 0.0_f32..10.0,
        ) {
            let texts = Texts { areas: Areas { title, body, ..Areas::default() }, likeness, rate };
            let score = score(&texts, ideal, &[feature(value, weight)], &Weights::default());
            prop_assert!((0.0..=100.0 + 1e-9).contains(&score.total));
            prop_assert!((score.parts.iter().map(|part| part.points).sum::<f64>() - score.total).abs() < 1e-9);
            let weights = Weights::default();
            let nearness = [(value, weight)];
            prop_assert_eq!(total(&texts, ideal, &nearness, &weights).to_bits(), score.total.to_bits());
            let text = f64::from(texts.total(&weights)) * (1.0 + 1e-6);
            prop_assert!(total_at_most(text, ideal, &nearness, &weights) >= score.total);
            prop_assert!(text_at_least(score.total, ideal, &weights) <= text);
        }

        #[test]
        fn more_text_and_more_likeness_never_score_less(
            less in 0.0_f32..100.0, more in 0.0_f32..100.0, value in 0.0_f32..=1.0, rate in 0.0_f32..10.0,
        ) {
            let features = [feature(value, 0.2)];
            let total = |title, likeness| {
                let areas = Areas { title, ..Areas::default() };
                score(&Texts { areas, likeness, rate }, 50.0, &features, &Weights::default()).total
            };
            prop_assert!(total(less + more, less) >= total(less, less));
            prop_assert!(total(less, less + more) >= total(less, less));
        }
    }

    #[test]
    fn nearness_does_not_make_up_for_texts_without_anything_in_common() {
        let near = score(&Texts::default(), 50.0, &[feature(1.0, 5.0)], &Weights::default());
        assert_eq!(near.total, 0.0);
    }
}
