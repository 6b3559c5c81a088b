//! Scores as lists keep them: a part by its place in [`part_names`] instead of words, so that names are only ever added behind the others.

use std::sync::LazyLock;

use ranking::{Part, Score, part_names};
use store::{Place, PlacePart};

use super::Placed;

/// Made once: every match of a night is kept by them.
static NAMES: LazyLock<Vec<(String, String)>> = LazyLock::new(|| part_names().collect());

/// As it is kept.
pub(super) fn place(placed: &Placed) -> Place {
    let parts = placed.score.parts.iter().filter_map(|part| {
        let code = NAMES.iter().position(|(code, _)| *code == part.code)?;
        // Values and weights were of single precision before they were told.
        let (value, weight) = (part.value as f32, part.weight as f32);
        Some(PlacePart { code: u8::try_from(code).ok()?, value, weight, points: part.points })
    });
    Place { number: placed.number, score: placed.score.total, parts: parts.collect() }
}

/// As it is told.
pub(super) fn score(place: &Place) -> Score {
    let part = |kept: &PlacePart| {
        let (code, label) = NAMES.get(usize::from(kept.code))?.clone();
        let (value, weight) = (f64::from(kept.value), f64::from(kept.weight));
        Some(Part { code, label, value, weight, points: kept.points })
    };
    Score { total: place.score, parts: place.parts.iter().filter_map(part).collect() }
}

#[cfg(test)]
mod tests {
    use domain::Attributes;
    use ranking::{Areas, Texts, Weights, features, score as scored};

    use super::*;

    #[test]
    fn every_part_of_a_score_comes_back_as_it_was() {
        let weights = Weights::default();
        let features = features(&Attributes::default(), &Attributes::default(), &weights.features);
        let areas = Areas { title: 3.7, keywords: 1.1, body: 0.3, evidence: 2.9 };
        let texts = Texts { areas, likeness: 0.37, rate: 4.2 };
        let score = scored(&texts, 20.0, &features, &weights);
        assert_eq!(score.parts.len(), NAMES.len(), "all there are");
        let placed = Placed { number: 7, score: score.clone(), features };
        assert_eq!(super::score(&place(&placed)), score);
    }
}
