//! The loops over postings and sums, and nothing else.
//!
//! Sums are counted in units of a query (`query.rs` says why they never overflow). Each loop is written so that the compiler makes wide
//! instructions of it, in the width for which its caller is compiled: that is why they are all to be inlined.

use crate::layout::{BLOCK, Posting, level_of, place_of};

/// A sum for each document of a block.
pub(crate) type Sums = [u16; BLOCK];

/// What a quantum above 0 adds; `Query::new` has the proof that it is a bound.
#[inline(always)]
pub(crate) fn units(quantum: u8, factor: u16) -> u16 {
    ((u32::from(quantum) * u32::from(factor)) >> 8) as u16 + 1
}

/// Adds postings that stand by themselves: what their level adds.
#[inline(always)]
pub(crate) fn add_sparse(sums: &mut Sums, postings: &[Posting], units: &[u16; 16]) {
    for &posting in postings {
        // A place is less than BLOCK, a level less than 16: no bounds are checked.
        let sum = &mut sums[usize::from(place_of(posting))];
        *sum = sum.wrapping_add(units[level_of(posting)]);
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
    //! Properties: what a quantum adds is at least its part and hardly more; counting, finding and the level say what looking at each sum says.
    use proptest::prelude::*;

    use super::*;
    use crate::layout::posting;

    fn sums(values: &[u16]) -> Box<Sums> {
        values.to_vec().into_boxed_slice().try_into().unwrap_or_else(|_| unreachable!("a value for each sum"))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn postings_add_what_their_quanta_are(
            quanta in prop::collection::vec(any::<u8>(), 16), places in prop::collection::btree_set(0..BLOCK as u16, 1..400),
            factor in 1_u16..=64_252,
        ) {
            let mut added = sums(&[7; BLOCK]);
            let of_level: [u16; 16] = std::array::from_fn(|level| units(quanta[level], factor));
            let postings: Vec<Posting> = places.iter().map(|&place| posting(place, (place % 16) as u8)).collect();
            add_sparse(&mut added, &postings, &of_level);
            for (place, sum) in added.iter().enumerate() {
                let part = f64::from(quanta[place % 16]) * f64::from(factor) / 256.0;
                let added = f64::from(*sum) - 7.0;
                let has = places.contains(&(place as u16));
                let (least, most) = if has { (part, part + 1.0) } else { (0.0, 0.0) };
                prop_assert!(added >= least && added <= most);
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
