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
