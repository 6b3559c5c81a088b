//! How often a query's terms stand in a run of terms, and what that comes to.

/// The terms that are asked for, by some number of theirs: bits that stay in the nearest cache and are so few that one look tells of most terms of a
/// document that they are none of the query's, and a table for the others.
pub(crate) struct Asked {
    sieve: Box<[u64; SIEVE_BITS / 64]>,
    /// A term's number and its place in the query, at a place that the number tells, or the next free one.
    slots: Vec<Slot>,
    /// How much of a product is not needed to tell a place.
    shift: u32,
}

/// A term's number and its place in the query.
#[derive(Clone, Copy)]
struct Slot {
    number: u32,
    place: u32,
}

/// No term: there is none of this place.
const FREE: Slot = Slot { number: 0, place: u32::MAX };

/// At least so many places for each term.
const SLOTS: usize = 2;

const SIEVE_BITS: usize = 1 << 14;

/// Multiplicative hashing (Knuth, The Art of Computer Programming 3, 6.4): 2³² divided by the golden ratio.
const fn hash(number: u32) -> u32 {
    number.wrapping_mul(0x9e37_79b9)
}

/// Word and bit of the sieve.
#[inline]
const fn in_sieve(number: u32) -> (usize, u64) {
    let bit = number as usize % SIEVE_BITS;
    (bit / 64, 1 << (bit % 64))
}

impl Asked {
    /// The numbers of the query's terms and their places; of two terms with one number the last counts.
    pub(crate) fn new(numbers: impl Iterator<Item = (u32, u32)>) -> Self {
        let numbers: Vec<(u32, u32)> = numbers.collect();
        let bits = (numbers.len() * SLOTS).max(2).next_power_of_two().trailing_zeros();
        let sieve = Box::new([0; SIEVE_BITS / 64]);
        let mut asked = Self { sieve, slots: vec![FREE; 1 << bits], shift: u32::BITS - bits };
        for (number, place) in numbers {
            let (word, bit) = in_sieve(number);
            asked.sieve[word] |= bit;
            let at = asked.slot(number);
            asked.slots[at] = Slot { number, place };
        }
        asked
    }

    /// Those of a run that the sieve lets through. Every one is written down, and the next one over it unless it stays: nobody can tell beforehand which stay,
    /// and a processor that guesses wrong loses more than it takes to write.
    #[inline]
    fn sift<'l>(&self, run: impl Iterator<Item = u32>, likely: &'l mut Vec<u32>) -> &'l [u32] {
        let most = run.size_hint().1.unwrap_or_default();
        if likely.len() < most {
            likely.resize(most, 0);
        }
        let mut count = 0;
        // As a whole, as a chain of two is slow where it is asked for one after the other.
        run.for_each(|number| {
            let (word, bit) = in_sieve(number);
            likely[count] = number;
            count += usize::from(self.sieve[word] & bit != 0);
        });
        &likely[..count]
    }

    #[inline]
    fn place(&self, number: u32) -> Option<u32> {
        let Slot { place, .. } = self.slots[self.slot(number)];
        (place != FREE.place).then_some(place)
    }

    /// Where the number stands, or would.
    #[inline]
    fn slot(&self, number: u32) -> usize {
        let mut at = (hash(number) >> self.shift) as usize;
        while self.slots[at].place != FREE.place && self.slots[at].number != number {
            at = (at + 1) & (self.slots.len() - 1);
        }
        at
    }
}

/// Counts, run by run.
pub(crate) struct Tally {
    /// How often each term of the query stands in the run at hand; zeros between runs.
    counts: Vec<u32>,
    /// Room for the terms of a run that may be the query's.
    likely: Vec<u32>,
    /// A bit for each term that stands there.
    here: Vec<u64>,
    /// The terms that stand there.
    met: Vec<u32>,
}

impl Tally {
    /// For a query of so many terms.
    pub(crate) fn new(terms: usize) -> Self {
        let here = vec![0; terms.div_ceil(64)];
        Self { counts: vec![0; terms], likely: Vec::new(), here, met: Vec::new() }
    }

    /// What the terms of a run come to: the sum, in the order of the query, as every sum of scores, of what each is worth times its `saturation`.
    pub(crate) fn score(
        &mut self,
        run: impl Iterator<Item = u32>,
        asked: &Asked,
        factors: &[f32],
        saturation: impl Fn(u32) -> f32,
    ) -> f32 {
        let Self { counts, likely, here, met } = self;
        for place in asked.sift(run, likely).iter().filter_map(|&number| asked.place(number)) {
            counts[place as usize] += 1;
            here[place as usize / 64] |= 1 << (place % 64);
        }
        met.clear();
        let mut score = 0.0;
        for (word, first) in here.iter_mut().zip((0..).step_by(64)) {
            while *word != 0 {
                let place = first + word.trailing_zeros();
                *word &= *word - 1;
                let frequency = std::mem::take(&mut counts[place as usize]);
                score += factors[place as usize] * saturation(frequency);
                met.push(place);
            }
        }
        score
    }

    /// The terms of the query that stood in the last run, ascending.
    pub(crate) fn met(&self) -> &[u32] {
        &self.met
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_is_counted_in_the_order_of_the_query_and_nothing_else() {
        let numbers: Vec<u32> = (0..300).map(|at| at * 7919).collect();
        let asked = Asked::new(numbers.iter().copied().zip(0..));
        for (number, place) in numbers.iter().zip(0..) {
            assert_eq!(asked.place(*number), Some(place));
        }
        assert!((0..10_000).filter(|number| number % 7919 != 0).all(|number| asked.place(number).is_none()));
        let mut tally = Tally::new(300);
        let run = [7919 * 2, 5, 7919, 7919 * 2];
        let score = tally.score(run.into_iter(), &asked, &[1.0; 300], |count| count as f32 * 10.0);
        assert_eq!((score, tally.met()), (30.0, &[1, 2][..]));
        assert_eq!(tally.score(std::iter::empty(), &asked, &[1.0; 300], |_| 1.0), 0.0);
        assert_eq!(Asked::new([(4, 0), (4, 1)].into_iter()).place(4), Some(1));
    }
}
