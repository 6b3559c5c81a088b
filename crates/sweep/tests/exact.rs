//! The sweep against scoring every document.
//!
//! Properties: it finds the very same documents with the very same scores, whatever the impacts, weights, ties, order, features and exclusions,
//! over one block and over many; it asks about no document twice; what is left of other searches in a scratch changes nothing; where few can
//! be among the best it asks about few, and where all score the same it finds the smallest numbers; asked together queries find what each finds alone.
#![allow(clippy::unwrap_used, reason = "tests")]

mod reference;

use proptest::prelude::*;
use reference::{Featured, Numbers, Values, best, documents, query, shuffled};
use sweep::{
    BuildError, Builder, Document, Forward, Judge, Order, Query, QueryError, Scratch, Sums, Sweep, Term,
};

fn values() -> impl Strategy<Value = Values> {
    prop_oneof![Just(Values::Few), Just(Values::Any), Just(Values::Wild)]
}

/// Asks the sweep and the reference.
fn compare(forward: &Forward, sweep: &Sweep, terms: &[(Term, f32)], k: usize, (most, without): (f64, u32)) {
    let query = Query::new(sweep, terms).unwrap();
    let judge = || Featured { sums: Sums::new(forward, &query), most, without, asked: Vec::new() };
    let mut asked = judge();
    let found = sweep.top(&query, k, &mut Scratch::default(), &mut asked);
    assert_eq!(found, best(forward, &query, k, &mut judge()));
    let times = asked.asked.len();
    asked.asked.sort_unstable();
    asked.asked.dedup();
    assert_eq!(asked.asked.len(), times, "a document was judged twice");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn the_best_of_few(
        seed: u64, count in 0_usize..60, terms in 1_usize..12, values in values(), k in 0_usize..70,
        most in prop_oneof![Just(0.0), Just(5.0)], without in prop_oneof![Just(0_u32), Just(1), Just(3)],
    ) {
        let forward = documents(seed, count, terms, values);
        let terms = query(seed, terms, values);
        compare(&forward, &Sweep::from_forward(&forward).unwrap(), &terms, k, (most, without));
        compare(&forward, &shuffled(&forward, seed), &terms, k, (most, without));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn the_best_of_many(
        seed: u64, count in 4000_usize..14_000, terms in 20_usize..60, values in values(), k in 1_usize..50,
        most in prop_oneof![Just(0.0), Just(1.0), Just(5.0)], without in prop_oneof![Just(0_u32), Just(2)],
    ) {
        let forward = documents(seed, count, terms, values);
        let sweep = Sweep::from_forward(&forward).unwrap();
        for asking in 0..8 {
            compare(&forward, &sweep, &query(seed + asking, terms, values), k, (most, without));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn asked_together_each_finds_what_it_finds_alone(
        seed: u64, count in 4000_usize..14_000, terms in 20_usize..60, values in values(), k in 0_usize..50,
        together in 0_u64..9, without in prop_oneof![Just(0_u32), Just(2)],
    ) {
        let forward = documents(seed, count, terms, values);
        let sweep = Sweep::from_forward(&forward).unwrap();
        let queries: Vec<Query> =
            (0..together).map(|asking| Query::new(&sweep, &query(seed + asking, terms, values)).unwrap()).collect();
        let judge = |query: &Query| Featured { sums: Sums::new(&forward, query), most: 1.0, without, asked: Vec::new() };
        let mut judges: Vec<Featured<'_>> = queries.iter().map(judge).collect();
        let mut asked: Vec<_> = queries.iter().zip(&mut judges).collect();
        let found = sweep.top_of_each(&mut asked, k, &mut Scratch::default());
        let alone: Vec<_> = queries.iter().map(|query| best(&forward, query, k, &mut judge(query))).collect();
        prop_assert_eq!(found, alone);
    }
}

/// Words of [`subjects`] that say hardly anything.
const IDLE: std::ops::Range<Term> = 4020..4220;

/// Documents of forty subjects: a few frequent words, of each subject's words some, and some of many idle ones.
fn subjects(count: usize) -> Forward {
    let mut numbers = Numbers(5);
    let mut forward = Forward::new(IDLE.end as usize);
    for _ in 0..count {
        let subject = numbers.below(40);
        let mut terms: Vec<u64> = (0..20).filter(|_| numbers.below(2) == 0).collect();
        terms.extend((0..30).map(|_| 20 + subject * 100 + numbers.below(10) * numbers.below(11)));
        terms.sort_unstable();
        terms.dedup();
        terms.extend(IDLE.map(u64::from).filter(|_| numbers.below(20) == 0));
        let terms = terms.iter().map(|&term| {
            let (least, more) = match term {
                ..20 => (0.3, 0.5),
                20..4020 => (2.0, 0.5),
                _ => (0.0, 0.001),
            };
            (term as Term, least + numbers.part() as f32 * more)
        });
        forward.push(&terms.collect::<Vec<_>>()).unwrap();
    }
    forward
}

#[test]
fn few_are_judged_where_few_can_be_among_the_best() {
    let forward = subjects(40_000);
    let sweep = Sweep::from_forward(&forward).unwrap();
    let mut scratch = Scratch::default();
    for need in 0..20 {
        let terms: Vec<(Term, f32)> = (0..20)
            .chain((0..30).map(|word| 20 + need * 100 + word))
            .chain(IDLE)
            .map(|term| (term, 1.0))
            .collect();
        let query = Query::new(&sweep, &terms).unwrap();
        let mut judge =
            Featured { sums: Sums::new(&forward, &query), most: 0.0, without: 0, asked: Vec::new() };
        assert_eq!(sweep.top(&query, 20, &mut scratch, &mut judge), best(&forward, &query, 20, &mut judge));
    }
    let effort = scratch.effort();
    assert!(effort.judged < 20 * 200, "{effort:?}");
    assert!((1..20 * 2000).contains(&effort.looked_up), "{effort:?}");
    // As the frequent words say little, their rows are read in few blocks.
    assert!(effort.rows < 20 * 20 * 10 / 2, "{effort:?}");
}

/// Gives every document the same.
struct Same;

impl Judge for Same {
    fn ceiling(&self, _: f64) -> f64 {
        5.0
    }

    fn score(&mut self, _: Document, _: f64, _: f64) -> Option<f64> {
        Some(5.0)
    }
}

/// Holds what it is told of a document's sum against the sum.
struct Told<'a>(Sums<'a>);

impl Judge for Told<'_> {
    fn ceiling(&self, sum: f64) -> f64 {
        self.0.ceiling(sum)
    }

    fn score(&mut self, document: Document, sum: f64, least: f64) -> Option<f64> {
        let score = self.0.score(document, sum, least)?;
        assert!(score <= self.0.ceiling(sum), "document {document}: {score} is more than {sum}");
        assert!(sum <= score * 1.15, "document {document}: {sum} says little of {score}");
        Some(score)
    }
}

#[test]
fn what_is_told_of_sums_is_a_close_bound() {
    let forward = documents(8, 20_000, 60, Values::Any);
    let sweep = Sweep::from_forward(&forward).unwrap();
    for asking in 1..11 {
        let terms: Vec<(Term, f32)> = (0..60).map(|term| (term, (term % asking + 1) as f32)).collect();
        let query = Query::new(&sweep, &terms).unwrap();
        let mut judge = Told(Sums::new(&forward, &query));
        assert_eq!(sweep.top(&query, 50, &mut Scratch::default(), &mut judge).len(), 50);
    }
}

#[test]
fn among_equals_the_smaller_numbers() {
    let forward = documents(3, 20_000, 8, Values::Any);
    let sweep = Sweep::from_forward(&forward).unwrap();
    let query = Query::new(&sweep, &(0..8).map(|term| (term, 1.0)).collect::<Vec<_>>()).unwrap();
    let found = sweep.top(&query, 30, &mut Scratch::default(), &mut Same);
    let has = |&document: &Document| forward.impacts(document).any(|(_, impact)| impact > 0.0);
    let expected: Vec<Document> = (0..20_000).filter(has).take(30).collect();
    assert_eq!(found.iter().map(|found| found.document).collect::<Vec<_>>(), expected);
}

#[test]
fn a_scratch_remembers_nothing() {
    let mut scratch = Scratch::default();
    for (seed, count) in [(1, 9000), (2, 50), (3, 5000), (4, 1), (5, 9000)] {
        let forward = documents(seed, count, 30, Values::Any);
        let sweep = Sweep::from_forward(&forward).unwrap();
        for asking in 0..5 {
            let query = Query::new(&sweep, &query(asking, 30, Values::Any)).unwrap();
            let ask = |scratch: &mut Scratch| sweep.top(&query, 9, scratch, &mut Sums::new(&forward, &query));
            assert_eq!(ask(&mut scratch), ask(&mut Scratch::default()));
        }
    }
}

#[test]
fn very_many_terms_overflow_nothing() {
    // Each document has all terms at their greatest, some a little less: as near to the end of 16 bits as sums can come.
    let terms = 4000;
    let mut forward = Forward::new(terms);
    for document in 0..40_u32 {
        let impact = |term: u32| if term % 40 == document { 0.999 } else { 1.0 };
        forward.push(&(0..terms as Term).map(|term| (term, impact(term))).collect::<Vec<_>>()).unwrap();
    }
    let sweep = Sweep::from_forward(&forward).unwrap();
    for many in [1, 512, 4000] {
        let terms: Vec<(Term, f32)> = (0..many).map(|term| (term, 1.0 + term as f32)).collect();
        compare(&forward, &sweep, &terms, 5, (0.0, 0));
    }
}

#[test]
fn what_cannot_be_is_refused() {
    let mut builder = Builder::new(3).unwrap();
    assert_eq!(builder.term(&[(0, 1.0), (2, 0.0)]), Ok(0));
    assert_eq!(builder.term(&[(3, 1.0)]), Err(BuildError::UnknownDocument(1, 3)));
    assert_eq!(builder.term(&[(0, 1.0), (1, -1.0)]), Err(BuildError::BadImpact(1, 1)));
    assert_eq!(builder.term(&[(0, f32::NAN)]), Err(BuildError::BadImpact(1, 0)));
    assert_eq!(builder.term(&[(2, 1.0), (0, 1.0), (2, 1.5)]), Err(BuildError::Twice(1, 2)));
    assert_eq!(builder.term(&[]), Ok(1));
    let sweep = builder.finish();
    assert_eq!((sweep.documents(), sweep.terms(), sweep.memory().postings), (3, 2, 1));

    assert_eq!(Query::new(&sweep, &[(2, 1.0)]).unwrap_err(), QueryError::UnknownTerm(2));
    assert_eq!(Query::new(&sweep, &[(1, f32::INFINITY)]).unwrap_err(), QueryError::BadWeight(1));
    assert_eq!(Query::new(&sweep, &[(0, f32::MAX), (0, f32::MAX)]).unwrap_err(), QueryError::BadWeight(0));
    assert_eq!(Query::new(&sweep, &[(0, 2.0), (0, -1.0)]).unwrap_err(), QueryError::BadWeight(0));

    assert_eq!(Forward::new(2).push(&[(2, 1.0)]), Err(BuildError::UnknownTerm(2, 0)));
    assert_eq!(Order::new(vec![1, 0, 1]), Err(BuildError::NoOrder(1)));
    assert_eq!(Order::new(vec![1, 2]), Err(BuildError::NoOrder(2)));
}
