//! The loops over postings and sums, and nothing else.
//!
//! Sums are counted in units of a query (`query.rs` says why they never overflow). Each loop is written so that the compiler makes wide
//! instructions of it, in the width for which its caller is compiled: that is why they are all to be inlined.

use crate::layout::{BLOCK, Posting, Row};

/// A sum for each document of a block.
pub(crate) type Sums = [u16; BLOCK];

/// What a quantum above 0 adds; `Query::new` has the proof that it is a bound.
#[inline(always)]
pub(crate) fn units(quantum: u8, factor: u16) -> u16 {
    ((u32::from(quantum) * u32::from(factor)) >> 8) as u16 + 1
}

/// Adds a row: [`units`] for each quantum, and nothing for 0.
#[inline(always)]
pub(crate) fn add_dense(sums: &mut Sums, row: &Row, factor: u16) {
    for (sum, &quantum) in sums.iter_mut().zip(row) {
        // As the high half of a product of 16 bits it is one instruction for many documents.
        let high = (u32::from(u16::from(quantum) << 8) * u32::from(factor)) >> 16;
        *sum = sum.wrapping_add(high as u16).wrapping_add(u16::from(quantum.min(1)));
    }
}

/// Adds postings that stand by themselves.
#[inline(always)]
pub(crate) fn add_sparse(sums: &mut Sums, postings: &[Posting], factor: u16) {
    for &[low, high, quantum] in postings {
        // A place is less than BLOCK, the compiler does not know it.
        let sum = &mut sums[usize::from(u16::from_le_bytes([low, high])) % BLOCK];
        *sum = sum.wrapping_add(units(quantum, factor));
    }
}

/// How many sums are at least `least`.
#[inline(always)]
pub(crate) fn count(sums: &Sums, least: u16) -> u32 {
    u32::from(sums.iter().fold(0_u16, |count, &sum| count.wrapping_add(u16::from(sum >= least))))
}

/// Puts into `places` where the sums from `from` to `to` are, in order.
#[inline(always)]
pub(crate) fn reaching(sums: &Sums, from: u16, to: u16, places: &mut Vec<u16>) {
    places.clear();
    for (wide, chunk) in sums.chunks_exact(WIDE).enumerate().filter(|(_, chunk)| highest(chunk) >= from) {
        for (narrow, few) in chunk.chunks_exact(NARROW).enumerate().filter(|(_, few)| highest(few) >= from) {
            let first = wide * WIDE + narrow * NARROW;
            let reach = few.iter().enumerate().filter(|&(_, sum)| (from..=to).contains(sum));
            places.extend(reach.map(|(at, _)| (first + at) as u16));
        }
    }
}

/// A level that at least `k` sums reach and not very many more do; 1 when there are hardly so many. `scratch` is overwritten.
#[inline(always)]
pub(crate) fn kth_at_least(sums: &Sums, k: usize, scratch: &mut Vec<u16>) -> u16 {
    scratch.clear();
    scratch.extend(sums.chunks_exact(NARROW).map(highest));
    match scratch.len().checked_sub(k) {
        Some(at) => (*scratch.select_nth_unstable(at).1).max(1),
        None => 1,
    }
}

/// Sums that are passed over together when none of them reaches.
const WIDE: usize = 128;
/// The same, within those.
const NARROW: usize = 16;

#[inline(always)]
fn highest(sums: &[u16]) -> u16 {
    sums.iter().fold(0, |most, &sum| most.max(sum))
}

#[cfg(test)]
mod tests {
    //! Properties: rows and sparse postings add the same, and what is added is at least a quantum's part; counting, finding and the level
    //! say what looking at each sum says.
    use proptest::prelude::*;

    use super::*;

    /// Quanta, sparse and dense, spread over the block.
    fn quanta() -> impl Strategy<Value = Vec<u8>> {
        prop::collection::vec(prop_oneof![3 => Just(0_u8), 1 => any::<u8>()], BLOCK)
    }

    fn sums(values: &[u16]) -> Box<Sums> {
        values.to_vec().into_boxed_slice().try_into().unwrap_or_else(|_| unreachable!("a value for each sum"))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn both_ways_of_adding_are_one(quanta in quanta(), factor in 1_u16..=64_252) {
            let (mut dense, mut sparse) = (sums(&[7; BLOCK]), sums(&[7; BLOCK]));
            let row: Row = quanta.clone().try_into().expect("a quantum for each document");
            add_dense(&mut dense, &row, factor);
            let has = quanta.iter().zip(0_u16..).filter(|(quantum, _)| **quantum > 0);
            let postings: Vec<Posting> = has.map(|(&quantum, at)| [at as u8, (at >> 8) as u8, quantum]).collect();
            add_sparse(&mut sparse, &postings, factor);
            prop_assert_eq!(&dense, &sparse);
            for (sum, &quantum) in dense.iter().zip(&quanta) {
                let part = f64::from(quantum) * f64::from(factor) / 256.0;
                let added = f64::from(*sum) - 7.0;
                prop_assert!(added >= part && added <= part + f64::from(u8::from(quantum > 0)));
            }
        }

        #[test]
        fn what_reaches_is_found(
            values in prop::collection::vec(prop_oneof![3 => 0_u16..40, 1 => any::<u16>()], BLOCK),
            from in 1_u16..60, wide in any::<u16>(), k in 1_usize..400,
        ) {
            let (sums, to) = (sums(&values), from.saturating_add(wide));
            let at_least = |least: u16| values.iter().filter(|&&sum| sum >= least).count();
            prop_assert_eq!(count(&sums, from) as usize, at_least(from));
            let mut places = vec![9];
            reaching(&sums, from, to, &mut places);
            let naive = (0..BLOCK as u16).filter(|&at| (from..=to).contains(&values[usize::from(at)]));
            prop_assert_eq!(&places, &naive.collect::<Vec<_>>());
            let level = kth_at_least(&sums, k, &mut places);
            prop_assert!(level == 1 || at_least(level) >= k);
        }
    }
}
