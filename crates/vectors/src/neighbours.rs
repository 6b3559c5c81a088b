//! Texts that are near each other by their words: lessons where nothing else says what belongs together.

use rustc_hash::FxHashMap;

use crate::lessons::{Lessons, TextId};

/// A term that more than this share of the texts holds makes no neighbours.
const COMMON: f32 = 0.2;
/// Below the first, two texts have too little in common; above the second, they are the same.
const ALIKE: std::ops::Range<f32> = 0.15..0.95;

impl Lessons {
    /// Pairs each of `texts` with its `nearest` others among them by the cosine of their terms, log₂(1 + occurrences) · idf each. At most `most`
    /// texts, spread evenly, look for neighbours. Each such pair is a group of its own, from `group` on; returns the next one.
    pub fn pair_neighbours(&mut self, texts: &[TextId], nearest: usize, most: usize, mut group: u32) -> u32 {
        let weighted: Vec<Vec<(u32, f32)>> =
            texts.iter().map(|text| self.weighted(*text, texts.len())).collect();
        let mut holders: FxHashMap<u32, Vec<(u32, f32)>> = FxHashMap::default();
        for (terms, at) in weighted.iter().zip(0..) {
            for &(term, weight) in terms {
                holders.entry(term).or_default().push((at, weight));
            }
        }
        let common = (texts.len() as f32 * COMMON) as usize;
        holders.retain(|_, holders| holders.len() > 1 && holders.len() <= common.max(2));
        let mut cosines = vec![0.0_f32; texts.len()];
        for at in (0..texts.len()).step_by(texts.len().div_ceil(most.max(1)).max(1)) {
            for (term, weight) in &weighted[at] {
                for &(other, times) in holders.get(term).into_iter().flatten() {
                    cosines[other as usize] += weight * times;
                }
            }
            cosines[at] = 0.0;
            let near = cosines.iter().enumerate().filter(|(_, cosine)| ALIKE.contains(cosine));
            let mut near: Vec<(usize, f32)> = near.map(|(other, cosine)| (other, *cosine)).collect();
            near.sort_unstable_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
            for (other, _) in near.into_iter().take(nearest) {
                self.pair(texts[at], texts[other], group);
                group += 1;
            }
            cosines.fill(0.0);
        }
        group
    }

    /// Of length 1 in all.
    fn weighted(&self, text: TextId, texts: usize) -> Vec<(u32, f32)> {
        let weigh = |&(term, count): &(u32, u32)| {
            let rarity = (1.0 + texts as f32 / (0.5 + self.holders[term as usize] as f32)).ln();
            (term, (1.0 + count as f32).log2() * rarity)
        };
        let mut terms: Vec<(u32, f32)> = self.counts(text.0).iter().map(weigh).collect();
        let length = terms.iter().map(|(_, weight)| weight * weight).sum::<f32>().sqrt().max(1e-9);
        terms.iter_mut().for_each(|(_, weight)| *weight /= length);
        terms
    }
}
