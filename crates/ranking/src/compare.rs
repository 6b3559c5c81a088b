//! Two rankings measured on the same cases: which is better, and how sure is that?

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde::Serialize;

use crate::metrics::{bootstrap_interval, mean};

/// Resamples; the smallest p-value that can come out is one in so many.
const ROUNDS: u32 = 10_000;
const SEED: u64 = 20_190_101;
/// Values nearer than this are equal: they come from sums of floating-point numbers.
const EQUAL: f64 = 1e-9;

/// A measure under two rankings, case by case.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// Cases measured.
    pub cases: usize,
    /// Mean under the first ranking.
    pub first: f64,
    /// 95 % bootstrap interval of that mean.
    pub first_interval: (f64, f64),
    /// Mean under the second ranking.
    pub second: f64,
    /// 95 % bootstrap interval of that mean.
    pub second_interval: (f64, f64),
    /// Mean of second − first.
    pub difference: f64,
    /// 95 % bootstrap interval of the difference, the cases drawn in pairs.
    pub difference_interval: (f64, f64),
    /// How often a difference at least this large would come out if the two were alike: two-sided randomisation test (Fisher 1935; for
    /// retrieval Smucker, Allan & Carterette 2007) with 10,000 random swaps.
    pub p_value: f64,
    /// Cases in which the second is better.
    pub wins: usize,
    /// Cases in which the second is worse.
    pub losses: usize,
    /// Cases in which both are equal.
    pub ties: usize,
}

/// Compares the measures of the same cases, in the same order.
///
/// # Panics
/// When the two differ in length.
pub fn compare(first: &[f64], second: &[f64]) -> Comparison {
    assert_eq!(first.len(), second.len(), "the same cases");
    let differences: Vec<f64> = first.iter().zip(second).map(|(first, second)| second - first).collect();
    let count = |holds: fn(f64) -> bool| differences.iter().filter(|difference| holds(**difference)).count();
    let (wins, losses) = (count(|d| d > EQUAL), count(|d| d < -EQUAL));
    Comparison {
        cases: first.len(),
        first: mean(first),
        first_interval: bootstrap_interval(first),
        second: mean(second),
        second_interval: bootstrap_interval(second),
        difference: mean(&differences),
        difference_interval: bootstrap_interval(&differences),
        p_value: p_value(&differences),
        wins,
        losses,
        ties: first.len() - wins - losses,
    }
}

/// The share of random swaps of the two rankings, case by case, that differ at least as much; the one observed counts as one.
fn p_value(differences: &[f64]) -> f64 {
    let observed = differences.iter().sum::<f64>().abs() - EQUAL;
    let mut random = StdRng::seed_from_u64(SEED);
    let mut as_large = 0;
    for _ in 0..ROUNDS {
        let swapped = |difference: &f64| if random.random::<bool>() { *difference } else { -difference };
        as_large += u32::from(differences.iter().map(swapped).sum::<f64>().abs() >= observed);
    }
    f64::from(as_large + 1) / f64::from(ROUNDS + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values in 0 to 1 without a pattern.
    fn values(count: usize, shift: f64) -> Vec<f64> {
        (0..count).map(|at| (at as f64 * 0.618_034).fract() * 0.5 + shift).collect()
    }

    #[test]
    fn what_is_alike_is_not_told_apart() {
        let values = values(50, 0.0);
        let same = compare(&values, &values);
        assert_eq!((same.wins, same.losses, same.ties), (0, 0, 50));
        assert_eq!((same.difference, same.p_value), (0.0, 1.0));
        let mut mixed = values.clone();
        mixed.reverse();
        let mixed = compare(&values, &mixed);
        assert!(mixed.p_value > 0.3, "{mixed:?}");
        assert!(mixed.difference_interval.0 < 0.0 && mixed.difference_interval.1 > 0.0);
    }

    #[test]
    fn a_steady_gain_is_found_and_a_loss_is_its_mirror() {
        let (low, high) = (values(50, 0.0), values(50, 0.05));
        let gain = compare(&low, &high);
        assert_eq!((gain.wins, gain.losses), (50, 0));
        assert!((gain.difference - 0.05).abs() < 1e-9 && gain.p_value < 0.001, "{gain:?}");
        assert!(gain.difference_interval.0 > 0.0);
        let loss = compare(&high, &low);
        assert_eq!((loss.wins, loss.losses, loss.p_value), (0, 50, gain.p_value));
        assert!((loss.difference + gain.difference).abs() < 1e-12);
    }

    /// Three cases have 2³ swaps, two of which differ as much as all gains together.
    #[test]
    fn the_p_value_is_the_exact_one_within_chance() {
        let found = p_value(&[0.1, 0.2, 0.3]);
        assert!((found - 0.25).abs() < 0.02, "{found}");
    }
}
