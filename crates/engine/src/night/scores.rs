//! Scores as lists keep them: the values of a score's parts by their places in [`ranking::part_names`] instead of words, so that names are only ever added
//! behind the others.

use domain::Attributes;
use ranking::{PARTS, Score, Texts, Weights, nearness, part_values, total};
use store::{MatchList, Place};

// What is told of a score is what is kept of it.
const _: () = assert!(PARTS == store::PARTS);

/// A record's place in the list of somebody who asks, from what its texts come to; `ideal` is [`ranking::Corpus::ideal`].
pub(super) fn place(
    number: u64,
    texts: &Texts,
    ideal: f32,
    [asker, own]: [&Attributes; 2],
    weights: &Weights,
) -> Place {
    let near = nearness(asker, own, &weights.features);
    Place { number, score: total(texts, ideal, &near, weights), values: part_values(texts, &near) }
}

/// As it is told.
pub(super) fn score(list: &MatchList, place: &Place) -> Score {
    Score::kept(place.score, &place.values, &list.weights)
}

#[cfg(test)]
mod tests {
    use ranking::{Areas, features, part_weights, round_part, score as scored};

    use super::*;

    #[test]
    fn every_part_of_a_score_comes_back_as_it_is_shown() {
        let weights = Weights::default();
        let region: domain::Region = "330106".parse().expect("a region");
        let own = Attributes { region: Some(region), ..Attributes::default() };
        let features = features(&own, &own, &weights.features);
        for (title, likeness) in [(3.7, 0.37), (0.0, 0.0)] {
            let areas = Areas { title, keywords: 1.1, body: 0.3, evidence: 2.9 };
            let texts = Texts { areas, likeness, rate: 4.2 };
            let score = scored(&texts, 20.0, &features, &weights);
            let list = MatchList {
                places: vec![place(7, &texts, 20.0, [&own, &own], &weights)],
                weights: part_weights(texts.rate, &weights),
                ..MatchList::of_none(1, domain::Kind::Expert)
            };
            let kept = super::score(&list, &list.places[0]);
            assert_eq!(kept.total.to_bits(), score.total.to_bits());
            let shown = |score: &Score| score.parts.iter().map(round_part).collect::<Vec<_>>();
            assert_eq!(shown(&kept), shown(&score));
            assert!(score.parts.iter().any(|part| part.code == "region" && part.points > 0.0));
        }
    }
}
