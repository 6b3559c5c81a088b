//! Random draws that stay the same for ever: a generator of our own, so that no release of a library changes a corpus.

/// SplitMix64 (Steele, Lea and Flood 2014).
#[derive(Clone)]
pub(super) struct Dice(u64);

impl Dice {
    /// The draws for record `number` of stream `stream`.
    pub(super) fn new(seed: u64, stream: u64, number: u64) -> Self {
        let mut dice = Self(seed);
        for part in [stream, number] {
            dice.0 = dice.next() ^ part;
        }
        dice
    }

    pub(super) const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `end`, which is not 0.
    pub(super) const fn below(&mut self, end: usize) -> usize {
        (((self.next() >> 32) * end as u64) >> 32) as usize
    }

    /// A number from `first` to `last`.
    pub(super) const fn between(&mut self, first: usize, last: usize) -> usize {
        first + self.below(last - first + 1)
    }

    /// True `percent` times in a hundred.
    pub(super) const fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    pub(super) fn pick<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.below(items.len())]
    }

    /// Shuffles (Fisher and Yates).
    pub(super) fn shuffle<T>(&mut self, items: &mut [T]) {
        for at in (1..items.len()).rev() {
            items.swap(at, self.below(at + 1));
        }
    }
}

/// Draws positions by weight in constant time: the alias method (Walker 1977, in Vose's form of 1991).
pub(super) struct Weighted {
    /// The share of each position's slot that is its own, as a fraction of 2³², and who has the rest.
    slots: Vec<(u32, u32)>,
}

impl Weighted {
    /// Positive weights, at least one.
    pub(super) fn new(weights: &[f64]) -> Self {
        let mean = weights.iter().sum::<f64>() / weights.len() as f64;
        let mut rest: Vec<f64> = weights.iter().map(|weight| weight / mean).collect();
        let mut slots = vec![(u32::MAX, 0); rest.len()];
        let (mut small, mut large): (Vec<usize>, Vec<usize>) =
            (0..rest.len()).partition(|&at| rest[at] < 1.0);
        while let (Some(low), Some(&high)) = (small.pop(), large.last()) {
            slots[low] = ((rest[low] * f64::from(u32::MAX)) as u32, high as u32);
            rest[high] -= 1.0 - rest[low];
            if rest[high] < 1.0 {
                large.pop();
                small.push(high);
            }
        }
        Self { slots }
    }

    pub(super) fn draw(&self, dice: &mut Dice) -> usize {
        let draw = dice.next();
        let at = (((draw >> 32) * self.slots.len() as u64) >> 32) as usize;
        let (own, alias) = self.slots[at];
        if draw as u32 <= own { at } else { alias as usize }
    }
}
