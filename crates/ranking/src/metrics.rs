//! Measures of ranking quality: nDCG, reciprocal rank, recall, and the bootstrap interval of a mean.

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

/// nDCG at `k` (Järvelin & Kekäläinen 2002) with the gain 2^(level − 1) − 1 and the discount log₂(rank + 1).
///
/// `ranked` holds the judged level (1 and more) of each result in order; the ideal order is taken over all of them.
/// `None` when no result has a gain.
pub fn ndcg(ranked: &[u8], k: usize) -> Option<f64> {
    let gain = |level: u8| 2_f64.powi(i32::from(level) - 1) - 1.0;
    let dcg = |levels: &[u8]| -> f64 {
        let discounted = |(rank, level): (usize, &u8)| gain(*level) / (rank as f64 + 2.0).log2();
        levels.iter().take(k).enumerate().map(discounted).sum()
    };
    let mut ideal = ranked.to_vec();
    ideal.sort_unstable_by(|a, b| b.cmp(a));
    let best = dcg(&ideal);
    (best > 0.0).then(|| dcg(ranked) / best)
}

/// 1 / rank of the first relevant result, ranks from 1; 0 when there is none.
pub fn reciprocal_rank(first_relevant: Option<usize>) -> f64 {
    first_relevant.map_or(0.0, |rank| 1.0 / rank as f64)
}

/// Arithmetic mean; 0 of nothing.
pub fn mean(values: &[f64]) -> f64 {
    if values.is_empty() { 0.0 } else { values.iter().sum::<f64>() / values.len() as f64 }
}

/// The 95 % percentile bootstrap interval of the mean (Efron 1979): 10,000 resamples with a fixed seed.
pub fn bootstrap_interval(values: &[f64]) -> (f64, f64) {
    const RESAMPLES: usize = 10_000;
    if values.is_empty() {
        return (0.0, 0.0);
    }
    let mut random = StdRng::seed_from_u64(20_190_101);
    let mut means: Vec<f64> = (0..RESAMPLES)
        .map(|_| {
            (0..values.len()).map(|_| values[random.random_range(0..values.len())]).sum::<f64>()
                / values.len() as f64
        })
        .collect();
    means.sort_unstable_by(f64::total_cmp);
    (means[RESAMPLES / 40], means[RESAMPLES - 1 - RESAMPLES / 40])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ndcg_of_a_worked_example() {
        // Gains 3, 0, 7: DCG = 3/1 + 0 + 7/2 = 6.5; ideal 7, 3, 0: 7 + 3/log2(3) = 8.8928.
        let found = ndcg(&[3, 1, 4], 10);
        assert!(found.is_some_and(|value| (value - 6.5 / 8.892_789_260_714_372).abs() < 1e-12), "{found:?}");
        assert_eq!(ndcg(&[4, 3, 1], 10), Some(1.0));
        assert_eq!(ndcg(&[1, 1], 10), None);
        assert_eq!(ndcg(&[1, 4], 1), Some(0.0));
    }

    #[test]
    fn the_interval_holds_the_mean_and_narrows_with_more_cases() {
        let few: Vec<f64> = (0..20).map(|i| f64::from(i % 2)).collect();
        let many: Vec<f64> = (0..2000).map(|i| f64::from(i % 2)).collect();
        let (low, high) = bootstrap_interval(&few);
        let (low_many, high_many) = bootstrap_interval(&many);
        assert!(low < 0.5 && 0.5 < high && high_many - low_many < (high - low) / 3.0);
        assert_eq!(bootstrap_interval(&few), (low, high), "the same input gives the same interval");
    }
}
