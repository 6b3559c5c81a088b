//! Properties of learning:
//!
//! - what it fits orders pairs as the score itself does;
//! - judgements made by hidden weights bring the ordering of these weights back;
//! - the order of needs and candidates makes no difference, nor does doing it twice;
//! - nothing to learn from leaves the weights as they are, and little moves them little;
//! - what the parameters do not name keeps its weight, whatever part it is.

use proptest::prelude::*;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::*;
use crate::{Areas, Feature, Score, Texts, Weights, score};

const CODES: [&str; 5] = ["text.title", "text.body", "region", "field", "capacity"];

/// Weights in the order of [`CODES`].
fn weights([title, body, region, field, capacity]: [f64; 5]) -> (Weights, [f32; 3]) {
    let mut weights = Weights::default();
    weights.candidate.areas.title.weight = title as f32;
    weights.candidate.areas.body.weight = body as f32;
    (weights, [region, field, capacity].map(|weight| weight as f32))
}

/// A candidate's values, in the order of [`CODES`].
type Values = [f32; 5];

fn scored(values: &Values, at: [f64; 5]) -> Score {
    let (weights, beside) = weights(at);
    let [title, body, ..] = *values;
    let features: Vec<Feature> = ["region", "field", "capacity"]
        .into_iter()
        .zip(&values[2..])
        .zip(beside)
        .map(|((code, value), weight)| Feature {
            code,
            label: code,
            value: *value,
            weight,
            fact: String::new(),
        })
        .collect();
    score(
        &Texts { areas: Areas { title, body, ..Areas::default() }, ..Texts::default() },
        60.0,
        &features,
        &weights,
    )
}

const PRESENT: [f64; 5] = [1.0, 0.6, 0.15, 0.1, 0.03];
/// Someone for whom nearness counts much and the title little.
const HIDDEN: [f64; 5] = [0.4, 1.0, 0.45, 0.02, 0.2];

fn parameters(at: [f64; 5]) -> Vec<Parameter> {
    CODES.iter().zip(at).map(|(code, weight)| Parameter { code: (*code).to_owned(), weight }).collect()
}

fn candidates(seed: u64, groups: usize, size: usize) -> Vec<Vec<Values>> {
    let mut random = StdRng::seed_from_u64(seed);
    let mut value = |most: f32| random.random::<f32>() * most;
    let mut one = || [value(20.0), value(30.0), value(1.0).round(), value(1.0), value(1.0)];
    (0..groups).map(|_| (0..size).map(|_| one()).collect()).collect()
}

/// Levels 4 to 1 as the totals under `judge` tell them, by quarters of each group.
fn judged(groups: &[Vec<Values>], judge: [f64; 5]) -> Vec<Vec<Example>> {
    let group = |candidates: &Vec<Values>| {
        let totals: Vec<f64> = candidates.iter().map(|values| scored(values, judge).total).collect();
        let example = |(values, total): (&Values, &f64)| {
            let better = totals.iter().filter(|other| *other > total).count();
            Example { grade: 4 - (4 * better / totals.len()) as i32, parts: scored(values, PRESENT).parts }
        };
        candidates.iter().zip(&totals).map(example).collect()
    };
    groups.iter().map(group).collect()
}

/// Share of pairs that both weights put into the same order.
fn agreement(groups: &[Vec<Values>], one: [f64; 5], other: [f64; 5]) -> f64 {
    let (mut same, mut all) = (0, 0);
    for group in groups {
        for (at, a) in group.iter().enumerate() {
            for b in &group[..at] {
                let prefers = |weights| scored(a, weights).total > scored(b, weights).total;
                same += u32::from(prefers(one) == prefers(other));
                all += 1;
            }
        }
    }
    f64::from(same) / f64::from(all)
}

fn fitted(fit: &Fit) -> [f64; 5] {
    fit.weights.clone().try_into().unwrap_or([f64::NAN; 5])
}

proptest! {
    #[test]
    fn what_is_fitted_orders_as_the_score_does(
        values in prop::array::uniform5(0.01_f32..1.0), scale in 1.0_f32..40.0, at in prop::array::uniform5(0.05_f64..1.0),
    ) {
        let mut values = values;
        values[0] *= scale;
        values[1] *= scale;
        // Read under the present weights, told under others.
        let example = Example { grade: 1, parts: scored(&values, PRESENT).parts };
        let reading = Reading::new(&example, &parameters(PRESENT)).expect("texts in common");
        let z = reading.score(&at, &mut [0.0; 5]);
        let beside: f64 = at[2..].iter().sum();
        let expected = (scored(&values, at).total * (1.0 + beside) / 100.0).ln();
        prop_assert!((z - expected).abs() < 1e-4, "{z} {expected}");
    }

    #[test]
    fn the_slopes_are_those_of_the_loss(seed in 0_u64..1_000, moved in prop::array::uniform5(-0.3_f64..0.3)) {
        let groups = judged(&candidates(seed, 3, 6), HIDDEN);
        let parameters = parameters(PRESENT);
        let read = |group: &Vec<Example>| group.iter().filter_map(|e| Reading::new(e, &parameters)).collect();
        let problem = Problem::new(groups.iter().map(read).collect(), &parameters);
        let at: Vec<f64> = problem.start.iter().zip(moved).map(|(start, moved)| (start + moved).max(0.2)).collect();
        let (_, gradient) = problem.objective(&at);
        for (place, slope) in gradient.iter().enumerate() {
            let value = |by: f64| {
                let mut at = at.clone();
                at[place] += by;
                problem.objective(&at).0
            };
            let found = (value(1e-5) - value(-1e-5)) / 2e-5;
            prop_assert!((found - slope).abs() < 1e-4 * (1.0 + slope.abs()), "{place}: {found} {slope}");
        }
    }
}

#[test]
fn hidden_weights_come_back_as_their_ordering() {
    let fit = learn(&judged(&candidates(1, 120, 12), HIDDEN), &parameters(PRESENT));
    let fresh = candidates(2, 40, 12);
    let (before, after) = (agreement(&fresh, PRESENT, HIDDEN), agreement(&fresh, fitted(&fit), HIDDEN));
    assert!(before < 0.85 && after > 0.96, "{before} {after} {:?}", fit.weights);
    assert!(fit.loss_after < fit.loss_before * 0.7, "{fit:?}");
}

#[test]
fn the_order_of_the_input_makes_no_difference() {
    let groups = judged(&candidates(3, 30, 9), HIDDEN);
    let fit = learn(&groups, &parameters(PRESENT));
    let mut turned: Vec<Vec<Example>> = groups.iter().rev().cloned().collect();
    turned.iter_mut().for_each(|group| group.reverse());
    assert_eq!(learn(&turned, &parameters(PRESENT)), fit);
    assert_eq!(learn(&groups, &parameters(PRESENT)), fit);
}

#[test]
fn without_preferences_nothing_moves_and_few_move_little() {
    let mut groups = judged(&candidates(4, 2, 6), HIDDEN);
    let one_need = learn(&groups[..1], &parameters(PRESENT));
    let moved = fitted(&one_need).iter().zip(PRESENT).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    assert!(moved > 0.0 && moved < 1.0, "{one_need:?}");
    groups.iter_mut().flatten().for_each(|example| example.grade = 2);
    let none = learn(&groups, &parameters(PRESENT));
    assert_eq!((none.weights, none.pairs), (parameters(PRESENT).iter().map(|p| p.weight).collect(), 0));
    assert_eq!(learn(&[], &[]).weights, Vec::<f64>::new());
}

/// A part that the program does not know today: liked by the judges, it gains weight; not named, it is left alone.
#[test]
fn a_new_part_joins_by_its_code() {
    let mut groups = judged(&candidates(5, 60, 8), PRESENT);
    for example in groups.iter_mut().flatten() {
        let weight = 0.05;
        let base: f64 = example.parts.iter().filter(|p| p.code.starts_with("text.")).map(|p| p.points).sum();
        let value = f64::from(example.grade - 1) / 3.0;
        let part = Part {
            code: "novelty".to_owned(),
            label: "新颖".to_owned(),
            value,
            weight,
            points: base * weight * value,
        };
        example.parts.push(part);
    }
    let mut named = parameters(PRESENT);
    named.push(Parameter { code: "novelty".to_owned(), weight: 0.05 });
    let fit = learn(&groups, &named);
    assert!(fit.weights[5] > 2.0 * 0.05, "{fit:?}");
    assert_eq!(learn(&groups, &parameters(PRESENT)).weights.len(), 5);
}
