//! Scores as lists keep them: numbers instead of words.

use domain::Area;
use ranking::{Part, Score};
use store::{Place, PlacePart};

use super::Placed;

/// Codes of the parts of a score that are no text areas', with their labels; a part is kept by its place in this order, behind the areas.
const OTHERS: [(&str, &str); 6] = [
    ("meaning", "语义相近"),
    ("region", "地域"),
    ("industry", "行业"),
    ("field", "技术领域"),
    ("availability", "可对接"),
    ("capacity", "承接能力"),
];

/// As it is kept.
pub(super) fn place(placed: &Placed) -> Place {
    let parts = placed.score.parts.iter().filter_map(|part| {
        let code = names().position(|(code, _)| code == part.code)?;
        // Values and weights were of single precision before they were told.
        let (value, weight) = (part.value as f32, part.weight as f32);
        Some(PlacePart { code: u8::try_from(code).ok()?, value, weight, points: part.points })
    });
    Place { number: placed.number, score: placed.score.total, parts: parts.collect() }
}

/// As it is told.
pub(super) fn score(place: &Place) -> Score {
    let part = |kept: &PlacePart| {
        let (code, label) = names().nth(usize::from(kept.code))?;
        let (value, weight) = (f64::from(kept.value), f64::from(kept.weight));
        Some(Part { code, label, value, weight, points: kept.points })
    };
    Score { total: place.score, parts: place.parts.iter().filter_map(part).collect() }
}

fn names() -> impl Iterator<Item = (String, String)> {
    let area = |area: Area| (format!("text.{}", area.slug()), format!("{}文本", area.label()));
    let other = |(code, label): (&str, &str)| (code.to_owned(), label.to_owned());
    Area::ALL.into_iter().map(area).chain(OTHERS.into_iter().map(other))
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
        assert_eq!(score.parts.len(), Area::ALL.len() + OTHERS.len(), "all there are");
        let placed = Placed { number: 7, score: score.clone(), features };
        assert_eq!(super::score(&place(&placed)), score);
    }
}
