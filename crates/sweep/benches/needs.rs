//! What a need costs over experts of many subjects: their number, the number of terms, alike documents side by side or not, features that bounds
//! do not know; with scoring every expert beside it.
//!
//! The texts are drawn: some words common to all, some of a subject. Times move from machine to machine; read them as ratios within one run.
//! `benches/peers/sweep.sh` compares with others on texts that look like texts.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use sweep::{Builder, Document, Forward, Judge, Query, Scratch, Sums, Sweep, Term};

/// Numbers that are the same everywhere (Steele, Lea & Flood 2014, SplitMix64).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % bound
    }

    /// Small numbers far more often than great ones: each magnitude as often as the other.
    fn skewed(&mut self, bound: u64) -> u64 {
        let magnitude = self.below(u64::from(bound.ilog2()) + 1);
        self.below(bound.min(2 << magnitude))
    }
}

const SUBJECTS: u64 = 160;
const COMMON: u64 = 1 << 15;
const OWN: u64 = 256;

/// A text's words: four in ten common ones, the others of its subject.
fn text(numbers: &mut Numbers, words: u64) -> Vec<Term> {
    let subject = numbers.skewed(SUBJECTS);
    let mut terms: Vec<Term> = (0..words)
        .map(|_| match numbers.below(10) {
            0..4 => numbers.skewed(COMMON),
            _ => COMMON + subject * OWN + numbers.skewed(OWN),
        })
        .map(|term| term as Term)
        .collect();
    terms.sort_unstable();
    terms.dedup();
    terms
}

fn experts(count: Document) -> Forward {
    let mut numbers = Numbers(7);
    let mut frequencies = vec![0_u32; (COMMON + SUBJECTS * OWN) as usize];
    let texts: Vec<_> = (0..count).map(|_| text(&mut numbers, 140)).collect();
    texts.iter().flatten().for_each(|&term| frequencies[term as usize] += 1);
    let mut forward = Forward::new(frequencies.len());
    for text in &texts {
        let rarity = |term: Term| (1.0 + count as f32 / frequencies[term as usize] as f32).ln();
        let mut impact = |&term: &Term| (term, rarity(term) * (40 + numbers.below(20)) as f32 / 100.0);
        forward.push(&text.iter().map(&mut impact).collect::<Vec<_>>()).expect("terms that are known");
    }
    forward
}

/// The same postings in the order of the documents' numbers.
fn unordered(forward: &Forward) -> Sweep {
    let mut lists = vec![Vec::new(); forward.terms()];
    for document in 0..forward.documents() {
        forward.impacts(document).for_each(|(term, impact)| lists[term as usize].push((document, impact)));
    }
    let mut builder = Builder::new(forward.documents()).expect("so many documents");
    for list in &lists {
        builder.term(list).expect("postings that can be");
    }
    builder.finish()
}

/// Adds to each document's sum what the bounds cannot know.
struct Featured<'a> {
    sums: Sums<'a>,
    most: f64,
}

impl Judge for Featured<'_> {
    fn ceiling(&self, sum: f64) -> f64 {
        self.sums.ceiling(sum) + self.most
    }

    fn score(&mut self, document: Document, sum: f64, least: f64) -> Option<f64> {
        let feature = f64::from(document.wrapping_mul(0x9E37_79B9) >> 16) / 65536.0 * self.most;
        self.sums.score(document, sum, least).map(|sum| sum + feature)
    }
}

/// Asks one need after the other.
fn ask(
    criterion: &mut Criterion,
    name: BenchmarkId,
    forward: &Forward,
    sweep: &Sweep,
    words: u64,
    most: f64,
) {
    let mut numbers = Numbers(11);
    let need = |_| text(&mut numbers, words).into_iter().map(|term| (term, 1.0)).collect::<Vec<_>>();
    let needs: Vec<Query> =
        (0..200).map(need).map(|terms| Query::new(sweep, &terms).expect("terms that are known")).collect();
    let mut judge = Featured { sums: Sums::new(forward, &needs[0]), most };
    let (mut scratch, mut at) = (Scratch::default(), 0);
    criterion.benchmark_group("need").sample_size(30).bench_function(name, |bencher| {
        bencher.iter(|| {
            at = (at + 1) % needs.len();
            judge.sums.turn_to(&needs[at]);
            black_box(sweep.top(&needs[at], 20, &mut scratch, &mut judge))
        });
    });
}

/// Scores every expert by its own terms.
fn ask_all(criterion: &mut Criterion, forward: &Forward, sweep: &Sweep) {
    let terms: Vec<_> = text(&mut Numbers(11), 80).into_iter().map(|term| (term, 1.0)).collect();
    let mut judge = Sums::new(forward, &Query::new(sweep, &terms).expect("terms that are known"));
    criterion.benchmark_group("need").sample_size(10).bench_function("every expert scored", |bencher| {
        bencher.iter(|| {
            let scores =
                (0..forward.documents()).filter_map(|document| judge.score(document, f64::INFINITY, 0.0));
            black_box(scores.fold(0.0, f64::max))
        });
    });
}

fn needs(criterion: &mut Criterion) {
    for count in [10_000, 100_000] {
        let forward = experts(count);
        let sweep = Sweep::from_forward(&forward).expect("postings that can be");
        for words in [80, 500] {
            ask(criterion, BenchmarkId::new(format!("{words} words"), count), &forward, &sweep, words, 0.0);
        }
        ask(criterion, BenchmarkId::new("80 words and features", count), &forward, &sweep, 80, 5.0);
        if count == 100_000 {
            ask(
                criterion,
                BenchmarkId::new("80 words, unordered", count),
                &forward,
                &unordered(&forward),
                80,
                0.0,
            );
            ask_all(criterion, &forward, &sweep);
        }
    }
}

criterion_group!(benches, needs);
criterion_main!(benches);
