//! How far judges agree: Cohen's weighted kappa, and one level from several.

/// Quadratically weighted kappa (Cohen 1968) of two judges' levels of the same things: 1 when they agree everywhere, 0 when no more than
/// by chance. `None` where chance leaves nothing to disagree about: of no pairs, and when each gave one and the same level throughout.
pub fn weighted_kappa(pairs: &[(u8, u8)]) -> Option<f64> {
    let distance = |a: u8, b: u8| (f64::from(a) - f64::from(b)).powi(2);
    let count = pairs.len() as f64;
    let observed = pairs.iter().map(|&(a, b)| distance(a, b)).sum::<f64>() / count;
    let by_chance = pairs.iter().flat_map(|(a, _)| pairs.iter().map(|(_, b)| distance(*a, *b))).sum::<f64>()
        / count.powi(2);
    (by_chance > 0.0).then(|| 1.0 - observed / by_chance)
}

/// The level of several judges: the median, of an even number the mean of the middle two, half a level rounded up. `None` of none.
pub fn median_level(levels: &[u8]) -> Option<u8> {
    let mut sorted = levels.to_vec();
    sorted.sort_unstable();
    let upper = *sorted.get(sorted.len() / 2)?;
    let lower = sorted[(sorted.len() - 1) / 2];
    Some((lower + upper).div_ceil(2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kappa_of_a_worked_example() {
        // Levels of one judge 1, 2, 4, 4 and of the other 1, 3, 4, 2: observed (0 + 1 + 0 + 4) / 4 = 1.25. By chance: to 1, 2, 4, 4
        // the squares are 0+4+9+1, 1+1+4+0, 9+1+0+4, 9+1+0+4: 48 / 16 = 3.
        let found = weighted_kappa(&[(1, 1), (2, 3), (4, 4), (4, 2)]);
        assert!(found.is_some_and(|kappa| (kappa - (1.0 - 1.25 / 3.0)).abs() < 1e-12), "{found:?}");
    }

    #[test]
    fn kappa_is_one_for_the_same_and_negative_for_the_opposite() {
        assert_eq!(weighted_kappa(&[(1, 1), (4, 4), (2, 2)]), Some(1.0));
        assert!(weighted_kappa(&[(1, 4), (4, 1)]).is_some_and(|kappa| kappa < 0.0));
        assert_eq!(weighted_kappa(&[]), None);
        assert_eq!(weighted_kappa(&[(3, 3), (3, 3)]), None);
    }

    #[test]
    fn several_judges_come_to_one_level() {
        for (levels, expected) in [
            (&[3][..], 3),
            (&[2, 3], 3),
            (&[1, 2], 2),
            (&[1, 4], 3),
            (&[4, 1, 1], 1),
            (&[1, 2, 4, 4], 3),
            (&[4, 4, 2, 1], 3),
        ] {
            assert_eq!(median_level(levels), Some(expected), "{levels:?}");
        }
        assert_eq!(median_level(&[]), None);
    }
}
