//! Learning a few weights from what people preferred: pairwise logistic regression (RankNet: Burges et al. 2005) over pairs of candidates
//! of one need of which one was found better, held near the present weights by an L2 penalty.
//!
//! What is fitted is the logarithm of the score itself ([`crate::score`]), as far as weights and pairs of one need make a difference:
//!
//! z = ln(s² / (s² + (h·S)²)) + ln(1 + Σ wᵢ·fᵢ), s = Σ aₖ·vₖ
//!
//! Both sums are linear in the values that the parts of a score tell; nothing else of a candidate is looked at, so a part that joins the
//! score joins here. Parts named `text.…` are summed in s, all others in the second sum. Likeness of meaning is part of s too, but its weight moves with
//! the spread of each query's scores, so it is taken as it is.

use crate::Part;

/// How much a difference of z counts: a total that is a tenth higher is preferred with odds of e.
const SLOPE: f64 = 10.0;
/// So much a weight moves without strong evidence: the standard deviations of the prior. Then its bounds.
const TEXT: (f64, [f64; 2]) = (0.5, [0.05, 3.0]);
const BESIDE: (f64, [f64; 2]) = (0.1, [0.0, 1.0]);
const STEPS: usize = 500;
/// Movement, in units of the prior, below which the search has come to its end.
const STILL: f64 = 1e-8;

/// A candidate of one need, and how good it was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Example {
    /// Higher is better; only the order counts.
    pub grade: i32,
    /// The parts of its score, under whatever weights.
    pub parts: Vec<Part>,
}

/// A weight to be learned.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameter {
    /// Code of the part that it weighs.
    pub code: String,
    /// Its present value, to which it is drawn.
    pub weight: f64,
}

/// What was learned.
#[derive(Debug, Clone, PartialEq)]
pub struct Fit {
    /// Parallel to the parameters.
    pub weights: Vec<f64>,
    /// Pairs of which one is better.
    pub pairs: usize,
    /// Mean loss of a need under the present weights, ln 2 where they tell nothing.
    pub loss_before: f64,
    /// The same under the learned weights.
    pub loss_after: f64,
}

/// Fits the weights. The order of groups and of examples in them makes no difference, down to the last bit.
pub fn learn(groups: &[Vec<Example>], parameters: &[Parameter]) -> Fit {
    let read = |group: &Vec<Example>| {
        let mut readings: Vec<Reading> =
            group.iter().filter_map(|example| Reading::new(example, parameters)).collect();
        readings.sort_by(|a, b| a.key.cmp(&b.key));
        readings
    };
    let mut groups: Vec<Vec<Reading>> = groups.iter().map(read).filter(|group| pairs(group) > 0).collect();
    // Sums of floating-point numbers depend on their order.
    groups.sort_by(|a, b| a.iter().map(|reading| &reading.key).cmp(b.iter().map(|reading| &reading.key)));
    let count = groups.len().max(1) as f64;
    let problem = Problem::new(groups, parameters);
    let found = problem.minimise();
    let loss = |at: &[f64]| problem.loss(at, &mut vec![0.0; at.len()]) / count;
    Fit {
        pairs: problem.groups.iter().map(|group| pairs(group)).sum(),
        loss_before: loss(&problem.start),
        loss_after: loss(&found),
        weights: found.iter().zip(&problem.units).map(|(at, unit)| at * unit).collect(),
    }
}

/// A candidate with its values in order of the parameters.
struct Reading {
    grade: i32,
    text: Vec<(usize, f64)>,
    beside: Vec<(usize, f64)>,
    /// What parts outside the parameters add to either sum.
    fixed: [f64; 2],
    /// The text score at which relevance is one half.
    half: f64,
    /// All of it as bits, for an order that is always the same.
    key: Vec<u64>,
}

impl Reading {
    /// `None` where no weight makes a difference: the texts have nothing in common.
    fn new(example: &Example, parameters: &[Parameter]) -> Option<Self> {
        let is_text = |part: &&Part| part.code.starts_with("text.") || part.code == "meaning";
        let texts = example.parts.iter().filter(is_text);
        let text: f64 = texts.clone().map(|part| part.value * part.weight).sum();
        let base: f64 = texts.map(|part| part.points).sum();
        let beside: f64 = example.parts.iter().filter(|part| !is_text(part)).map(|part| part.weight).sum();
        if text <= 0.0 || base <= 0.0 {
            return None;
        }
        let relevance = (base * (1.0 + beside) / 100.0).min(1.0);
        let half = (text * ((1.0 - relevance) / relevance).sqrt()).max(text * 1e-6);
        let mut reading =
            Self { grade: example.grade, text: vec![], beside: vec![], fixed: [0.0; 2], half, key: vec![] };
        for part in &example.parts {
            let known = parameters.iter().position(|parameter| parameter.code == part.code);
            match (known, is_text(&part)) {
                (Some(at), true) => reading.text.push((at, part.value)),
                (Some(at), false) => reading.beside.push((at, part.value)),
                (None, text) => reading.fixed[usize::from(!text)] += part.value * part.weight,
            }
        }
        reading.text.sort_by_key(|(at, _)| *at);
        reading.beside.sort_by_key(|(at, _)| *at);
        let values = reading.text.iter().chain(&reading.beside);
        let numbers = values.flat_map(|(at, value)| [*at as u64, value.to_bits()]);
        let rest =
            [reading.grade as u64, half.to_bits(), reading.fixed[0].to_bits(), reading.fixed[1].to_bits()];
        reading.key = numbers.chain(rest).collect();
        Some(reading)
    }

    /// z, and how it changes with each weight.
    fn score(&self, weights: &[f64], slopes: &mut [f64]) -> f64 {
        let sum =
            |values: &[(usize, f64)], fixed| values.iter().fold(fixed, |sum, (at, v)| sum + weights[*at] * v);
        let (text, near) = (sum(&self.text, self.fixed[0]), 1.0 + sum(&self.beside, self.fixed[1]));
        slopes.fill(0.0);
        for (at, value) in &self.text {
            slopes[*at] += value * 2.0 * self.half.powi(2) / (text * (text.powi(2) + self.half.powi(2)));
        }
        for (at, value) in &self.beside {
            slopes[*at] += value / near;
        }
        -(self.half / text).powi(2).ln_1p() + near.ln()
    }
}

fn pairs(group: &[Reading]) -> usize {
    let better = |at: usize| group.iter().filter(|other| other.grade < group[at].grade).count();
    (0..group.len()).map(better).sum()
}

/// The loss over all groups, in units of the prior.
struct Problem {
    groups: Vec<Vec<Reading>>,
    start: Vec<f64>,
    units: Vec<f64>,
    bounds: Vec<[f64; 2]>,
}

impl Problem {
    fn new(groups: Vec<Vec<Reading>>, parameters: &[Parameter]) -> Self {
        let (mut start, mut units, mut bounds) = (Vec::new(), Vec::new(), Vec::new());
        for Parameter { code, weight } in parameters {
            let (unit, [least, most]) = if code.starts_with("text.") { TEXT } else { BESIDE };
            start.push(weight / unit);
            units.push(unit);
            // A weight beyond the bounds may stay where it is.
            bounds.push([least.min(*weight) / unit, most.max(*weight) / unit]);
        }
        Self { groups, start, units, bounds }
    }

    /// The sum over groups of the mean loss of a pair, ln(1 + e^(−slope·(z − z'))); its gradient is added to `gradient`.
    fn loss(&self, at: &[f64], gradient: &mut [f64]) -> f64 {
        let weights: Vec<f64> = at.iter().zip(&self.units).map(|(at, unit)| at * unit).collect();
        let mut sum = 0.0;
        for group in &self.groups {
            let mut slopes = vec![vec![0.0; at.len()]; group.len()];
            let scores: Vec<f64> = group
                .iter()
                .zip(&mut slopes)
                .map(|(reading, slopes)| reading.score(&weights, slopes))
                .collect();
            let share = 1.0 / pairs(group) as f64;
            // How strongly each candidate is drawn up or down by its pairs.
            let mut pulls = vec![0.0; group.len()];
            for (better, one) in group.iter().enumerate() {
                for (worse, _) in group.iter().enumerate().filter(|(_, other)| other.grade < one.grade) {
                    let margin = SLOPE * (scores[better] - scores[worse]);
                    sum += share * softplus(-margin);
                    let pull = share * SLOPE / (1.0 + margin.exp());
                    pulls[better] -= pull;
                    pulls[worse] += pull;
                }
            }
            for (pull, slopes) in pulls.iter().zip(&slopes) {
                for ((gradient, slope), unit) in gradient.iter_mut().zip(slopes).zip(&self.units) {
                    *gradient += pull * slope * unit;
                }
            }
        }
        sum
    }

    /// The loss and half the squared distance from the present weights.
    fn objective(&self, at: &[f64]) -> (f64, Vec<f64>) {
        let mut gradient: Vec<f64> = at.iter().zip(&self.start).map(|(at, start)| at - start).collect();
        let penalty = 0.5 * gradient.iter().map(|moved| moved * moved).sum::<f64>();
        let loss = self.loss(at, &mut gradient);
        (penalty + loss, gradient)
    }

    /// Projected gradient steps of Barzilai and Borwein's length (1988), each halved until it gains (spectral projected gradient: Birgin,
    /// Martínez & Raydan 2000, without its leaps).
    fn minimise(&self) -> Vec<f64> {
        let mut at = self.start.clone();
        let (mut value, mut gradient) = self.objective(&at);
        let mut length = 1.0 / gradient.iter().fold(1.0_f64, |most, slope| most.max(slope.abs()));
        for _ in 0..STEPS {
            let bounded = |((at, slope), [least, most]): ((&f64, &f64), &[f64; 2])| {
                (at - length * slope).clamp(*least, *most) - at
            };
            let direction: Vec<f64> = at.iter().zip(&gradient).zip(&self.bounds).map(bounded).collect();
            if direction.iter().all(|moved| moved.abs() < STILL) {
                break;
            }
            let descent: f64 = direction.iter().zip(&gradient).map(|(a, b)| a * b).sum();
            let mut share = 1.0;
            let (next, next_value, next_gradient) = loop {
                let next: Vec<f64> =
                    at.iter().zip(&direction).map(|(at, moved)| at + share * moved).collect();
                let (next_value, next_gradient) = self.objective(&next);
                if next_value <= value + 1e-4 * share * descent {
                    break (next, next_value, next_gradient);
                }
                share /= 2.0;
                if share < 1e-10 {
                    return at;
                }
            };
            let moved = || next.iter().zip(&at).map(|(next, at)| next - at);
            let turned = next_gradient.iter().zip(&gradient).map(|(next, before)| next - before);
            let curvature: f64 = moved().zip(turned).map(|(a, b)| a * b).sum();
            let squared: f64 = moved().map(|moved| moved * moved).sum();
            length = if curvature > 0.0 { (squared / curvature).clamp(1e-6, 1e3) } else { 1.0 };
            (at, value, gradient) = (next, next_value, next_gradient);
        }
        at
    }
}

/// ln(1 + eˣ) without overflow.
fn softplus(x: f64) -> f64 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

#[cfg(test)]
#[path = "learning_tests.rs"]
mod tests;
