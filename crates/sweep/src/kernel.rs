//! The loops over postings and accumulators, and nothing else.
//!
//! Accumulators are counted in units of a query (`query.rs` says why they never overflow). Each loop is written so that the compiler makes
//! wide instructions of it.

use crate::layout::BLOCK;

/// One accumulator to each document of a block.
pub(crate) type Sums = [u16; BLOCK];

/// What a quantum above 0 adds. See `Query::new` for the proof that it is a bound.
#[inline(always)]
pub(crate) fn units(quantum: u8, factor: u16) -> u16 {
    ((u32::from(quantum) * u32::from(factor)) >> 8) as u16 + 1
}

/// Adds a dense row.
pub(crate) fn add_dense(sums: &mut Sums, row: &[u8; BLOCK], factor: u16) {
    for (sum, &quantum) in sums.iter_mut().zip(row) {
        // The same as `units`, and nothing for 0; as the high half of a product of 16 bits it is one instruction for many documents.
        let high = (u32::from(u16::from(quantum) << 8) * u32::from(factor)) >> 16;
        *sum = sum.wrapping_add(high as u16).wrapping_add(u16::from(quantum.min(1)));
    }
}

/// Adds sparse postings.
pub(crate) fn add_sparse(sums: &mut Sums, places: &[u16], quanta: &[u8], factor: u16) {
    for (&place, &quantum) in places.iter().zip(quanta) {
        let sum = &mut sums[usize::from(place) % BLOCK];
        *sum = sum.wrapping_add(units(quantum, factor));
    }
}

/// Puts the places of all sums ≥ `least` into `reaching`; gives up when they are more than `most`.
pub(crate) fn reaching(sums: &Sums, least: u16, most: usize, reaching: &mut Vec<u16>) -> bool {
    reaching.clear();
    for (at, chunk) in sums.chunks_exact(CHUNK).enumerate() {
        if chunk.iter().fold(0, |most, &sum| most.max(sum)) < least {
            continue;
        }
        for (place, &sum) in chunk.iter().enumerate() {
            if sum >= least {
                if reaching.len() == most {
                    return false;
                }
                reaching.push((at * CHUNK + place) as u16);
            }
        }
    }
    true
}

/// Sums looked at together.
const CHUNK: usize = 64;
