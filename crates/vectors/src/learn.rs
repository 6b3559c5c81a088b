//! Learning term vectors: so that each text finds the one that belongs to it among the others of a batch.
//!
//! The loss is InfoNCE (van den Oord, Li & Vinyals 2018) in both directions: the likeness of each left text to all right texts of its batch, divided
//! by a temperature, makes a distribution, and the right partner is to get all of it; and the other way round. A text is the
//! normalised sum of its terms' vectors, each times log₂(1 + occurrences) · idf. Terms that stand on both sides of a pair are mostly left out on
//! the right, or the vectors would only learn what matching words tell already. The descent is AdaGrad (Duchi, Hazan & Singer 2011) with one
//! step size per term. Several blocks are learned, each by chance of its own, and likeness is the mean of theirs: they err differently.

use ndarray::{Array2, ArrayView1, Zip};
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rustc_hash::FxHashMap;

use crate::TermVectors;
use crate::lessons::{Lessons, Pair};

/// How to learn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settings {
    /// Numbers of a vector in each block, a multiple of eight; vectors to start from have as many.
    pub dimensions: usize,
    /// Blocks; vectors to start from have as many.
    pub blocks: usize,
    /// Batches at most.
    pub steps: usize,
    /// How often each pair is met, when that makes fewer batches.
    pub rounds: f32,
    /// Pairs in a batch, fewer when there are not four times as many.
    pub batch: usize,
    /// By which likeness is divided, above 0.
    pub temperature: f32,
    /// Step size at the start; it sinks to 0.
    pub rate: f32,
    /// Share of the terms on both sides of a pair that are left out on the right.
    pub dropped: f64,
    /// A term needs so many texts that hold it, once there are many,
    pub fewest_holders: u32,
    /// and of terms that were not known before at most so many are taken, the commonest.
    pub most_new_terms: usize,
    /// What chance begins with.
    pub seed: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            dimensions: 128,
            blocks: 2,
            steps: 100,
            rounds: 2.0,
            batch: 512,
            temperature: 0.1,
            rate: 0.1,
            dropped: 0.5,
            fewest_holders: 2,
            most_new_terms: 65_536,
            seed: 1,
        }
    }
}

/// A term that more than this share of the texts holds tells nothing.
const COMMON: f64 = 0.2;
/// Below so many texts, no term is called common.
const FEW_TEXTS: f64 = 100.0;
/// From so many texts on, they have the last word about what terms there are; below, what was known before stays.
const MANY_TEXTS: f64 = 2_000.0;
/// A batch of fewer pairs teaches nothing.
const SMALLEST_BATCH: usize = 8;
/// What AdaGrad's sums begin with.
const FIRST_SQUARE: f32 = 1e-3;
/// How long the vector of a term that was not known before is at first, beside those that were.
const NEWCOMER: f32 = 0.3;
/// From so many pairs on, what was learned from a registry is trusted wholly.
const ENOUGH_PAIRS: f32 = 30_000.0;
/// How far vectors are trusted that were learned from other texts than those they are used for.
const STRANGERS_TRUST: f32 = 0.3;

/// Learns from `lessons`, beginning with the vectors of `start`; where the lessons are few, terms that they lack keep theirs. `progress` hears of
/// steps done and steps in all. `None` when there are too few pairs.
pub fn learn(
    lessons: &Lessons,
    start: Option<&TermVectors>,
    settings: &Settings,
    mut progress: impl FnMut(usize, usize),
) -> Option<TermVectors> {
    let batch = settings.batch.min(lessons.pairs() / 4);
    if batch < SMALLEST_BATCH {
        return None;
    }
    let start = start.filter(|start| start.dimensions() == settings.dimensions * settings.blocks);
    let rounds = (settings.rounds * lessons.pairs() as f32 / batch as f32).ceil() as usize;
    let steps = settings.steps.min(rounds.max(1));
    let vocabulary = Vocabulary::new(lessons, start, settings);
    let mut blocks = Vec::with_capacity(settings.blocks);
    for block in 0..settings.blocks {
        let mut random = StdRng::seed_from_u64(settings.seed + block as u64);
        let mut pupil = Pupil::new(&vocabulary, block, settings.dimensions, &mut random);
        let mut order: Vec<Pair> = Vec::new();
        for step in 0..steps {
            if order.len() < batch {
                order.clone_from(&lessons.pairs);
                order.shuffle(&mut random);
            }
            let pairs = order.split_off(order.len() - batch);
            let rate = settings.rate * (1.0 - step as f32 / steps as f32);
            pupil.step(lessons, &pairs, rate, settings, &mut random);
            progress(block * steps + step + 1, settings.blocks * steps);
        }
        blocks.push(pupil.rows);
    }
    let trust = match start {
        Some(_) => (lessons.pairs() as f32 / ENOUGH_PAIRS).clamp(STRANGERS_TRUST, 1.0),
        None => STRANGERS_TRUST,
    };
    let rows: Vec<f32> = (0..vocabulary.terms.len())
        .flat_map(|term| {
            blocks.iter().flat_map(move |rows| &rows[term * settings.dimensions..][..settings.dimensions])
        })
        .copied()
        .collect();
    let Vocabulary { terms, rarities, .. } = vocabulary;
    Some(TermVectors::new(settings.dimensions, settings.blocks, &terms, rarities, &rows, trust))
}

/// The terms that are to have a vector.
struct Vocabulary<'a> {
    terms: Vec<&'a str>,
    rarities: Vec<f32>,
    /// Of the lessons' terms, which have a vector.
    numbers: Vec<Option<u32>>,
    start: Option<&'a TermVectors>,
    /// How long the vector of a newcomer is at first.
    usual: f32,
}

impl<'a> Vocabulary<'a> {
    fn new(lessons: &'a Lessons, start: Option<&'a TermVectors>, settings: &Settings) -> Self {
        let texts = f64::from(lessons.whole);
        let common = if texts >= FEW_TEXTS { texts * COMMON } else { f64::INFINITY };
        let rarity = |holders: u32| {
            let holders = f64::from(holders);
            (1.0 + (texts - holders + 0.5) / (holders + 0.5)).ln() as f32
        };
        let holders = |number: u32| lessons.holders[number as usize];
        let mut met: Vec<(&str, u32)> =
            lessons.terms.iter().map(|(term, &number)| (&**term, number)).collect();
        // Commonest first, so that the bound takes away the rarest; by name where they are alike.
        met.sort_unstable_by(|a, b| holders(b.1).cmp(&holders(a.1)).then_with(|| a.0.cmp(b.0)));
        let mut vocabulary = Self {
            terms: Vec::new(),
            rarities: Vec::new(),
            numbers: vec![None; lessons.holders.len()],
            start,
            usual: start
                .map_or(1.0, |start| NEWCOMER * start.usual_length() / (settings.blocks as f32).sqrt()),
        };
        let mut newcomers = 0;
        for &(term, number) in &met {
            let holders = holders(number);
            if f64::from(holders) > common {
                continue;
            }
            let known = start.is_some_and(|start| start.knows(term));
            if holders < settings.fewest_holders && (texts >= MANY_TEXTS || !known) {
                continue;
            }
            if !known {
                if newcomers == settings.most_new_terms {
                    continue;
                }
                newcomers += 1;
            }
            vocabulary.numbers[number as usize] = Some(vocabulary.terms.len() as u32);
            vocabulary.terms.push(term);
            // A few texts cannot tell how rare a term is beside those that they do not hold.
            let rarer = start.filter(|_| texts < MANY_TEXTS).and_then(|start| start.rarity(term));
            vocabulary.rarities.push(rarer.unwrap_or_else(|| rarity(holders)));
        }
        for (term, rarity) in start.filter(|_| texts < MANY_TEXTS).into_iter().flat_map(TermVectors::rarities)
        {
            if !lessons.terms.contains_key(term) {
                vocabulary.terms.push(term);
                vocabulary.rarities.push(rarity);
            }
        }
        vocabulary
    }
}

/// The vectors that a block has learned so far.
struct Pupil<'v> {
    vocabulary: &'v Vocabulary<'v>,
    dimensions: usize,
    rows: Vec<f32>,
    squares: Vec<f32>,
}

/// A text's terms with their weights, of length 1 in all.
type Weighted = Vec<(u32, f32)>;

impl<'v> Pupil<'v> {
    fn new(vocabulary: &'v Vocabulary<'v>, block: usize, dimensions: usize, random: &mut StdRng) -> Self {
        let mut rows = Vec::with_capacity(vocabulary.terms.len() * dimensions);
        for term in &vocabulary.terms {
            match vocabulary.start.and_then(|start| start.row(term)) {
                Some(row) => rows.extend(row.skip(block * dimensions).take(dimensions)),
                None => {
                    let scale = vocabulary.usual / (dimensions as f32).sqrt();
                    rows.extend((0..dimensions).map(|_| scale * normal(random)));
                }
            }
        }
        Self { vocabulary, dimensions, rows, squares: vec![FIRST_SQUARE; vocabulary.terms.len()] }
    }

    /// The weights of a text's terms.
    fn weigh(&self, lessons: &Lessons, text: u32) -> Weighted {
        let weigh = |&(term, count): &(u32, u32)| {
            let number = self.vocabulary.numbers[term as usize]?;
            Some((number, (1.0 + count as f32).log2() * self.vocabulary.rarities[number as usize]))
        };
        let mut terms: Weighted = lessons.counts(text).iter().filter_map(weigh).collect();
        let length = terms.iter().map(|(_, weight)| weight * weight).sum::<f32>().sqrt().max(1e-9);
        terms.iter_mut().for_each(|(_, weight)| *weight /= length);
        terms.sort_unstable_by_key(|(term, _)| *term);
        terms
    }

    fn step(
        &mut self,
        lessons: &Lessons,
        pairs: &[Pair],
        rate: f32,
        settings: &Settings,
        random: &mut StdRng,
    ) {
        let left: Vec<Weighted> = pairs.iter().map(|pair| self.weigh(lessons, pair.left)).collect();
        let mut right: Vec<Weighted> = pairs.iter().map(|pair| self.weigh(lessons, pair.right)).collect();
        for (left, right) in left.iter().zip(&mut right) {
            let shared = |term: u32| left.binary_search_by_key(&term, |(term, _)| *term).is_ok();
            right.retain(|(term, _)| !(shared(*term) && random.random_bool(settings.dropped)));
        }
        let (lefts, left_lengths) = self.directions(&left);
        let (rights, right_lengths) = self.directions(&right);
        let pull = pull(&lefts, &rights, pairs, settings.temperature);
        let (to_left, to_right) = (pull.dot(&rights), pull.t().dot(&lefts));
        let mut slopes: FxHashMap<u32, Vec<f32>> = FxHashMap::default();
        self.slopes(&left, &lefts, &left_lengths, to_left, &mut slopes);
        self.slopes(&right, &rights, &right_lengths, to_right, &mut slopes);
        for (term, slope) in slopes {
            let place = term as usize;
            let square = slope.iter().map(|value| value * value).sum::<f32>() / self.dimensions as f32;
            self.squares[place] += square;
            let step = rate / self.squares[place].sqrt();
            let row = &mut self.rows[place * self.dimensions..][..self.dimensions];
            row.iter_mut().zip(&slope).for_each(|(value, slope)| *value -= step * slope);
        }
    }

    /// The directions of texts, one a row, and the lengths that their sums had.
    fn directions(&self, texts: &[Weighted]) -> (Array2<f32>, Vec<f32>) {
        let mut rows = Array2::zeros((texts.len(), self.dimensions));
        let mut lengths = Vec::with_capacity(texts.len());
        for (text, mut row) in texts.iter().zip(rows.rows_mut()) {
            for &(term, weight) in text {
                row.scaled_add(weight, &self.row(term));
            }
            let length = row.dot(&row).sqrt().max(1e-6);
            row /= length;
            lengths.push(length);
        }
        (rows, lengths)
    }

    fn row(&self, term: u32) -> ArrayView1<'_, f32> {
        ArrayView1::from(&self.rows[term as usize * self.dimensions..][..self.dimensions])
    }

    /// Adds to each term's slope what the texts' directions hand down: the part along the direction changes nothing but its length.
    fn slopes(
        &self,
        texts: &[Weighted],
        directions: &Array2<f32>,
        lengths: &[f32],
        mut handed: Array2<f32>,
        slopes: &mut FxHashMap<u32, Vec<f32>>,
    ) {
        for (at, text) in texts.iter().enumerate() {
            let direction = directions.row(at);
            let mut slope = handed.row_mut(at);
            let along = slope.dot(&direction);
            slope.scaled_add(-along, &direction);
            slope /= lengths[at];
            for &(term, weight) in text {
                let sum = slopes.entry(term).or_insert_with(|| vec![0.0; self.dimensions]);
                sum.iter_mut().zip(&slope).for_each(|(sum, value)| *sum += weight * value);
            }
        }
    }
}

/// The slope of the loss by the likeness of each left text (rows) to each right one (columns).
fn pull(left: &Array2<f32>, right: &Array2<f32>, pairs: &[Pair], temperature: f32) -> Array2<f32> {
    let mut logits = left.dot(&right.t()) / temperature;
    for (at, one) in pairs.iter().enumerate() {
        for (with, other) in pairs.iter().enumerate() {
            // Partners of the same record are no strangers to tell from.
            if at != with && one.group == other.group {
                logits[(at, with)] = f32::NEG_INFINITY;
            }
        }
    }
    let mut pull = softmax(logits.clone());
    let backward = softmax(logits.reversed_axes());
    pull += &backward.t();
    pull.diag_mut().mapv_inplace(|value| value - 2.0);
    pull / (2.0 * temperature)
}

/// Each row made a distribution.
fn softmax(mut rows: Array2<f32>) -> Array2<f32> {
    for mut row in rows.rows_mut() {
        let most = row.fold(f32::NEG_INFINITY, |most, &value| most.max(value));
        let mut sum = 0.0;
        Zip::from(&mut row).for_each(|value| {
            *value = (*value - most).exp();
            sum += *value;
        });
        row /= sum;
    }
    rows
}

/// A number from the normal distribution (Box & Muller 1958).
fn normal(random: &mut StdRng) -> f32 {
    let (radius, angle) = (1.0 - random.random::<f32>(), random.random::<f32>());
    (-2.0 * radius.ln()).sqrt() * (std::f32::consts::TAU * angle).cos()
}
