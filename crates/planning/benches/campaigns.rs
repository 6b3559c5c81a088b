//! What a plan costs: campaigns of a county and of a province, where capacity is plenty, scarce or tied, where quotas nest or cross, where
//! needs want several experts; and amending and explaining beside solving anew.
//!
//! Times move from machine to machine; read them as ratios within one run, to `plenty`. Before measuring, each campaign's value and what
//! is left open between it and its bound are printed.
#![allow(clippy::print_stderr, reason = "what is measured is told")]

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use planning::{
    Campaign, Candidate, Change, Effort, Expert, Instance, Members, Need, Quota, Ruling, Solved, verify,
};

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

    /// The square of an even draw: a few experts are candidates of very many needs.
    fn popular(&mut self, bound: u64) -> u64 {
        self.below(bound) * self.below(bound) / bound
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// Capacity 1 to 3, needs want one.
    Plenty,
    /// Two experts in five have a place, the others none.
    Scarce,
    /// One place each, three different scores.
    Ties,
    /// Capacity 1 to 20, needs want one to three, scores of a million steps.
    Wide,
    /// Societies and counties within cities, all limited, some from below.
    Quotas,
    /// Fields of needs across counties, both limited.
    Crossing,
    /// Needs that want two or three experts or none, capacity for about two thirds of them.
    Several,
}

const SHAPES: [Shape; 7] =
    [Shape::Plenty, Shape::Scarce, Shape::Ties, Shape::Wide, Shape::Quotas, Shape::Crossing, Shape::Several];

fn instance(shape: Shape, size: u64, candidates: u64) -> Instance {
    let mut numbers = Numbers(7);
    let mut instance = Instance::default();
    for id in 0..size {
        let capacity = match shape {
            Shape::Scarce => u32::from(numbers.below(5) < 2),
            Shape::Ties => 1,
            Shape::Wide => numbers.below(20) as u32 + 1,
            _ => numbers.below(3) as u32 + 1,
        };
        instance.experts.push(Expert { id, capacity });
        let least = if shape == Shape::Several { numbers.below(2) as u32 + 2 } else { 1 };
        let most = if shape == Shape::Wide { 3 } else { least };
        instance.needs.push(Need { id, least, most });
        let mut experts: Vec<u64> = (0..candidates).map(|_| numbers.popular(size)).collect();
        experts.sort_unstable();
        experts.dedup();
        for expert in experts {
            let score = match shape {
                Shape::Ties => numbers.below(3) as u32 + 1,
                _ => numbers.below(1_000_000) as u32,
            };
            instance.pairs.push(Candidate { expert, need: id, score, ruling: Ruling::Open });
        }
    }
    match shape {
        Shape::Quotas => nested(&mut instance, size),
        Shape::Crossing => crossing(&mut instance, size),
        _ => {}
    }
    instance
}

/// Twenty societies; twenty counties in four cities. What they may have is tight, what they must have is not.
fn nested(instance: &mut Instance, size: u64) {
    let part = |of: u64, at: u64| (0..size).filter(|id| id % of == at).collect::<Vec<_>>();
    let share = (size / 20) as u32;
    for at in 0..20 {
        let (at_least, at_most) = (share / 4, share - share / 10);
        instance.quotas.push(Quota {
            id: at,
            members: Members::Experts(part(20, at)),
            at_least: 0,
            at_most: share,
        });
        instance.quotas.push(Quota {
            id: 100 + at,
            members: Members::Needs(part(20, at)),
            at_least,
            at_most,
        });
    }
    for at in 0..4 {
        let at_most = share * 4;
        instance.quotas.push(Quota {
            id: 200 + at,
            members: Members::Needs(part(4, at)),
            at_least: 0,
            at_most,
        });
    }
}

/// Twenty counties by remainder, eight fields by another, each limited to a little less than all of its needs.
fn crossing(instance: &mut Instance, size: u64) {
    let at_most = |of: u64| (size / of * 9 / 10) as u32;
    for at in 0..20 {
        let members = Members::Needs((0..size).filter(|id| id % 20 == at).collect());
        instance.quotas.push(Quota { id: at, members, at_least: 0, at_most: at_most(20) });
    }
    for at in 0..8 {
        let members = Members::Needs((0..size).filter(|id| id / 3 % 8 == at).collect());
        instance.quotas.push(Quota { id: 100 + at, members, at_least: 0, at_most: at_most(8) });
    }
}

fn solving(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("solving");
    group.sample_size(10);
    for size in [1_000] {
        for shape in SHAPES {
            let campaign = Campaign::new(instance(shape, size, 100)).expect("the generator makes instances");
            let solved = Solved::new(campaign.clone(), Effort::default()).expect("and not too large ones");
            let plan = solved.plan();
            verify(&campaign, plan).expect("the plan keeps every limit");
            eprintln!("{shape:?} {size}: {:?} {:?}", plan.value, plan.bound);
            group.bench_function(BenchmarkId::new(format!("{shape:?}").to_lowercase(), size), |bencher| {
                bencher.iter(|| black_box(Solved::new(campaign.clone(), Effort::default())));
            });
        }
    }
    group.finish();
}

fn amending(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("amending");
    group.sample_size(10);
    let campaign = Campaign::new(instance(Shape::Plenty, 5_000, 100)).expect("the generator makes instances");
    let solved = Solved::new(campaign, Effort::default()).expect("and not too large ones");
    let first = solved.plan().visits[0];
    let change = Change { expert: first.expert, need: first.need, ruling: Ruling::Forbidden };
    group.bench_function("one pair", |bencher| {
        let with_copy = || solved.clone();
        bencher.iter_batched(
            with_copy,
            |mut solved| solved.amend(&[change]).map(|plan| plan.value),
            criterion::BatchSize::LargeInput,
        );
    });
    let mut solved = solved.clone();
    group.bench_function("explaining one pair", |bencher| {
        bencher.iter(|| black_box(solved.otherwise(first.expert, first.need)));
    });
    group.finish();
}

criterion_group!(benches, solving, amending);
criterion_main!(benches);
