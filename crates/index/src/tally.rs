//! How often a query's terms stand in a run of terms, and what that comes to.

use rustc_hash::FxHashMap;

/// The terms that are asked for, by some number of theirs.
pub(crate) struct Asked {
    /// The term's place in the query.
    places: FxHashMap<u32, u32>,
    /// The lowest bits of the numbers there are: most terms of a document are none of the query's.
    some: Box<[bool; SOME]>,
}

const SOME: usize = 1 << 12;

impl Asked {
    /// The numbers of the query's terms and their places; of two terms with one number the last counts.
    pub(crate) fn new(numbers: impl Iterator<Item = (u32, u32)>) -> Self {
        let mut some = Box::new([false; SOME]);
        let places: FxHashMap<u32, u32> = numbers.collect();
        places.keys().for_each(|number| some[*number as usize % SOME] = true);
        Self { places, some }
    }

    #[inline]
    fn place(&self, number: u32) -> Option<u32> {
        if self.some[number as usize % SOME] { self.places.get(&number).copied() } else { None }
    }
}

/// Counts, run by run.
pub(crate) struct Tally {
    /// How often each term of the query stands in the run at hand; zeros between runs.
    counts: Vec<u32>,
    /// The terms that stand there.
    met: Vec<u32>,
}

impl Tally {
    /// For a query of so many terms.
    pub(crate) fn new(terms: usize) -> Self {
        Self { counts: vec![0; terms], met: Vec::new() }
    }

    /// What the terms of a run come to: the sum, in the order of the query, as every sum of scores, of what each is worth times its `saturation`.
    pub(crate) fn score(
        &mut self,
        run: impl Iterator<Item = u32>,
        asked: &Asked,
        factors: &[f32],
        saturation: impl Fn(u32) -> f32,
    ) -> f32 {
        self.met.clear();
        for place in run.filter_map(|number| asked.place(number)) {
            let count = &mut self.counts[place as usize];
            if *count == 0 {
                self.met.push(place);
            }
            *count += 1;
        }
        self.met.sort_unstable();
        let mut score = 0.0;
        for &place in &self.met {
            let frequency = std::mem::take(&mut self.counts[place as usize]);
            score += factors[place as usize] * saturation(frequency);
        }
        score
    }

    /// The terms of the query that stood in the last run, ascending.
    pub(crate) fn met(&self) -> &[u32] {
        &self.met
    }
}
