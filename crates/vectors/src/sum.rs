//! Sums of many rows of a table, each times a factor of its own.

use std::hint::black_box;

/// Numbers that are added up at a time: as many as a line of the nearest cache holds, and their sums stay in registers.
const BLOCK: usize = 64;

/// Σ factor · row, number by number, in the order of `rows`, each a place in `table` and its factor.
pub(crate) fn weighted_sum(table: &[i8], dimensions: usize, rows: &[(u32, f32)]) -> Vec<f32> {
    // Nothing hangs on what is read here, so the rows come from memory together.
    let lines = rows
        .iter()
        .flat_map(|(row, _)| table[*row as usize * dimensions..][..dimensions].iter().step_by(BLOCK));
    black_box(lines.fold(0, |all, number| all ^ number));
    let mut sums = vec![0.0; dimensions];
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2") {
        #[expect(
            unsafe_code,
            reason = "the only way to compile for a processor that is known at run time only"
        )]
        // SAFETY: the processor has the instructions for which the function is compiled.
        unsafe {
            add_wide(table, rows, &mut sums);
        }
        return sums;
    }
    add(table, rows, &mut sums);
    sums
}

#[inline(always)]
fn add(table: &[i8], rows: &[(u32, f32)], sums: &mut [f32]) {
    let dimensions = sums.len();
    let (blocks, rest) = sums.as_chunks_mut::<BLOCK>();
    let within = blocks.len() * BLOCK;
    for (sums, first) in blocks.iter_mut().zip((0..).step_by(BLOCK)) {
        for &(row, factor) in rows {
            let numbers = &table[row as usize * dimensions + first..][..BLOCK];
            for (sum, &number) in sums.iter_mut().zip(numbers) {
                *sum += factor * f32::from(number);
            }
        }
    }
    if rest.is_empty() {
        return;
    }
    for &(row, factor) in rows {
        let numbers = &table[row as usize * dimensions + within..][..rest.len()];
        rest.iter_mut().zip(numbers).for_each(|(sum, &number)| *sum += factor * f32::from(number));
    }
}

/// [`add`], compiled for registers of 256 bits.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn add_wide(table: &[i8], rows: &[(u32, f32)], sums: &mut [f32]) {
    add(table, rows, sums);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn each_number_is_summed_in_the_order_of_the_rows(
            dimensions in 1_usize..200,
            table in prop::collection::vec(any::<i8>(), 2000..2100),
            rows in prop::collection::vec((0_u32..10, -10.0_f32..10.0), 0..40),
        ) {
            let mut expected = vec![0.0_f32; dimensions];
            for (row, factor) in &rows {
                for (sum, number) in expected.iter_mut().zip(&table[*row as usize * dimensions..]) {
                    *sum += factor * f32::from(*number);
                }
            }
            prop_assert_eq!(weighted_sum(&table, dimensions, &rows), expected);
        }
    }
}
