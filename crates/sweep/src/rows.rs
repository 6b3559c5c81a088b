//! Adds rows of levels, some at a time: sixty-four documents' sums of eight rows never leave the registers.
//!
//! What each of a term's sixteen levels adds fits into a register as bytes, and one instruction looks up as many levels as a register has bytes (André,
//! Kermarrec & Le Scouarnec 2015 use it so for distances). For bytes to be enough, units are counted in steps here: as many units to a step as let the greatest
//! of the rows come to no more than [`STEPS`]. Rounding up keeps sums bounds; `Query::new` has the proof that they fit.

use crate::kernel::Sums;
use crate::layout::{Row, TILE};

/// Rows that are added at once.
pub(crate) const AT_ONCE: usize = 6;
/// Steps that a row adds at most: [`AT_ONCE`] times as many are a byte.
const STEPS: u16 = 42;

/// A row, and what each level of it adds.
pub(crate) type Weighed<'a> = (&'a Row, &'a [u16; 16]);

/// Half a tile: what one byte of each row tells.
const HALF: usize = TILE / 2;

/// Adds rows to the sums of those tiles in which one sum is at least `least`; in all others nothing matters.
#[inline(always)]
pub(crate) fn add_rows(sums: &mut Sums, rows: &[Weighed<'_>], least: u16) {
    debug_assert!(rows.len() <= AT_ONCE);
    let step = step(rows);
    let mut steps = [[0; 16]; AT_ONCE];
    for (steps, (_, units)) in steps.iter_mut().zip(rows) {
        *steps = units.map(|units| units.div_ceil(step) as u8);
    }
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2") {
        #[expect(
            unsafe_code,
            reason = "the only way to compile for a processor that is known at run time only"
        )]
        // SAFETY: the processor has the instructions for which the function is compiled.
        return unsafe { wide::add(sums, rows, &steps, step, least) };
    }
    add(sums, rows, &steps, step, least);
}

/// How many units make a step.
#[inline(always)]
fn step(rows: &[Weighed<'_>]) -> u16 {
    let most = rows.iter().flat_map(|(_, units)| units.iter()).fold(1, |most, &units| most.max(units));
    most.div_ceil(STEPS)
}

fn matters(sums: &[u16], least: u16) -> bool {
    sums.iter().fold(0, |most, &sum| most.max(sum)) >= least
}

/// For any processor.
fn add(sums: &mut Sums, rows: &[Weighed<'_>], steps: &[[u8; 16]; AT_ONCE], step: u16, least: u16) {
    for (tile, sums) in sums.chunks_exact_mut(TILE).enumerate() {
        if !matters(sums, least) {
            continue;
        }
        let mut found = [0_u8; TILE];
        let (low, high) = found.split_at_mut(HALF);
        for ((row, _), steps) in rows.iter().zip(steps) {
            for (at, &both) in row[tile * HALF..][..HALF].iter().enumerate() {
                low[at] += steps[usize::from(both & 15)];
                high[at] += steps[usize::from(both >> 4)];
            }
        }
        for (sum, found) in sums.iter_mut().zip(found) {
            *sum = sum.wrapping_add(u16::from(found).wrapping_mul(step));
        }
    }
}

#[cfg(target_arch = "x86_64")]
mod wide {
    //! The same with registers of 256 bits.

    use std::arch::x86_64::{
        __m128i, __m256i, _mm_loadu_si128, _mm256_add_epi8, _mm256_and_si256, _mm256_broadcastsi128_si256,
        _mm256_loadu_si256, _mm256_set1_epi8, _mm256_setzero_si256, _mm256_shuffle_epi8, _mm256_srli_epi16,
        _mm256_storeu_si256,
    };

    use super::{AT_ONCE, HALF, Sums, TILE, Weighed, matters};

    #[target_feature(enable = "avx2")]
    pub(super) fn add(
        sums: &mut Sums,
        rows: &[Weighed<'_>],
        steps: &[[u8; 16]; AT_ONCE],
        step: u16,
        least: u16,
    ) {
        let tables = steps.map(|steps| twice(&steps));
        let halves = _mm256_set1_epi8(15);
        for (tile, sums) in sums.chunks_exact_mut(TILE).enumerate() {
            if !matters(sums, least) {
                continue;
            }
            let (mut low, mut high) = (_mm256_setzero_si256(), _mm256_setzero_si256());
            for ((row, _), table) in rows.iter().zip(tables) {
                let both = load(&row[tile * HALF..][..HALF]);
                let below = _mm256_and_si256(both, halves);
                let above = _mm256_and_si256(_mm256_srli_epi16(both, 4), halves);
                low = _mm256_add_epi8(low, _mm256_shuffle_epi8(table, below));
                high = _mm256_add_epi8(high, _mm256_shuffle_epi8(table, above));
            }
            let mut found = [0_u8; TILE];
            store(low, &mut found[..HALF]);
            store(high, &mut found[HALF..]);
            for (sum, found) in sums.iter_mut().zip(found) {
                *sum = sum.wrapping_add(u16::from(found).wrapping_mul(step));
            }
        }
    }

    #[target_feature(enable = "avx2")]
    fn twice(steps: &[u8; 16]) -> __m256i {
        #[expect(unsafe_code, reason = "registers are filled from memory")]
        // SAFETY: sixteen bytes are read, which need not be aligned.
        let steps = unsafe { _mm_loadu_si128(steps.as_ptr().cast::<__m128i>()) };
        _mm256_broadcastsi128_si256(steps)
    }

    #[target_feature(enable = "avx2")]
    fn load(bytes: &[u8]) -> __m256i {
        assert!(bytes.len() == HALF);
        #[expect(unsafe_code, reason = "registers are filled from memory")]
        // SAFETY: as many bytes are read as there are, which need not be aligned.
        unsafe {
            _mm256_loadu_si256(bytes.as_ptr().cast())
        }
    }

    #[target_feature(enable = "avx2")]
    fn store(register: __m256i, bytes: &mut [u8]) {
        assert!(bytes.len() == HALF);
        #[expect(unsafe_code, reason = "registers are written to memory")]
        // SAFETY: as many bytes are written as there are, which need not be aligned.
        unsafe {
            _mm256_storeu_si256(bytes.as_mut_ptr().cast(), register);
        }
    }
}

#[cfg(test)]
mod tests {
    //! Properties: every document gets at least what its levels add and less than a step more for each row; tiles in which nothing matters stay as
    //! they are; wide registers change nothing.
    use proptest::prelude::*;

    use super::*;
    use crate::layout::{BLOCK, in_row};

    fn rows() -> impl Strategy<Value = Vec<(u64, [u16; 16])>> {
        let units = |most: u16| prop::array::uniform16(0..=most);
        let row = prop_oneof![Just(5_u16), Just(900), Just(7000)].prop_flat_map(units);
        prop::collection::vec((any::<u64>(), row), 1..=AT_ONCE)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn rows_add_what_their_levels_are(mut rows in rows(), least in 0_u16..4) {
            rows.iter_mut().for_each(|(_, units)| units[0] = 0);
            let level = |seed: u64, place: usize| (seed.rotate_left((place % 61) as u32) >> (place % 7)) as u8 & 15;
            let levels: Vec<Box<Row>> = rows.iter().map(|&(seed, _)| {
                let mut row = Box::new([0; BLOCK / 2]);
                for place in 0..BLOCK {
                    let (byte, bit) = in_row(place);
                    row[byte] |= level(seed, place) << bit;
                }
                row
            }).collect();
            let weighed: Vec<Weighed<'_>> = levels.iter().zip(&rows).map(|(row, (_, units))| (&**row, units)).collect();
            // Every second tile has nothing above 1.
            let before = |place: usize| if (place / TILE).is_multiple_of(2) { place as u16 % 5 } else { 1 };
            let mut sums: Box<Sums> = Box::new(std::array::from_fn(before));
            add_rows(&mut sums, &weighed, least);
            let step = u32::from(step(&weighed));
            for (place, &sum) in sums.iter().enumerate() {
                let all = rows.iter().map(|(seed, units)| u32::from(units[usize::from(level(*seed, place))])).sum::<u32>();
                let added = u32::from(sum) - u32::from(before(place));
                if place / TILE % 2 == 1 && least > 1 {
                    prop_assert_eq!(added, 0);
                } else {
                    prop_assert!(added >= all && added <= all + (step - 1) * rows.len() as u32, "{} {} {}", added, all, step);
                }
            }
            let mut steps = [[0; 16]; AT_ONCE];
            for (steps, (_, units)) in steps.iter_mut().zip(&weighed) {
                *steps = units.map(|units| units.div_ceil(step as u16) as u8);
            }
            let mut plain: Box<Sums> = Box::new(std::array::from_fn(before));
            add(&mut plain, &weighed, &steps, step as u16, least);
            prop_assert_eq!(plain, sums);
        }
    }
}
