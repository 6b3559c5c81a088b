//! A registry in memory:
//!
//! 1. It finds who is best of all documents, and with what scores, exactly as the index itself does when each document is looked at closely: to the last
//!    bit, ties by number, whatever statistics are in force and however the documents lie in segments.
//!    So it does for several who ask at once.
//! 2. Some are ranked as they are among all, also where they alone were taken in; and who may reach an asker's last place is told.
//! 3. Without taking anybody in, the files tell the same of a single asker.

use domain::{Area, Attributes, Availability, Capacity, Consent, Industry, Offer, Region, Status};
use index::{
    Ask, Asker, Best, Candidate, Counts, Few, Heard, IndexDocument, Peers, Question, Reached, Resident,
    Scope, Scratch, Snapshot, Statistics, Wanted,
};
use jiff::civil::{Date, date};
use proptest::prelude::*;
use ranking::{Corpus, Query, Rarity, Weights, exclusions, features, score, text_at_least};
use text::Lexicon;
use vectors::Direction;

use crate::fixture::{Fixture, titled};
use crate::retrieval::{documents, query, terms, weights};

const DAY: Date = date(2026, 11, 21);

/// What people are compared by, of a few kinds in each thing, so that many are the same in one and not in another.
fn attributes() -> impl Strategy<Value = Attributes> {
    let region = proptest::sample::select(vec!["", "34", "340104", "340203", "110105"]);
    let travel = proptest::sample::select(vec!["", "", "34", "1101"]);
    let industry = proptest::sample::select(vec!["", "C384", "C39"]);
    let status = proptest::sample::select(vec![Status::Open, Status::Open, Status::Open, Status::Closed]);
    let available = proptest::sample::select(vec![Availability::Available, Availability::Limited]);
    let offer = (available, 0_u32..4, proptest::sample::select(vec![None, Some(3)]));
    (region, travel, industry, status, offer, any::<bool>()).prop_map(
        |(region, travel, industry, status, (availability, engaged, per_year), own)| Attributes {
            status,
            region: region.parse::<Region>().ok(),
            travel_regions: travel.parse::<Region>().into_iter().collect(),
            industries: industry.parse::<Industry>().into_iter().collect(),
            fields: if own { vec!["先进材料".to_owned()] } else { Vec::new() },
            offer: Some(Offer {
                capacity: Capacity { per_year, engaged },
                availability,
                consent: Consent::Matching,
            }),
            organisation: if own && engaged == 1 { "某厂".to_owned() } else { String::new() },
            ..Attributes::default()
        },
    )
}

/// The best of those that may be proposed, every document looked at closely: number and total, the bits of it.
fn reference(
    snapshot: &Snapshot,
    statistics: &Statistics,
    asker: Asker<'_>,
    weights: &Weights,
) -> Vec<(u64, u64)> {
    let scope = Scope { frozen: Some(statistics), open_only: true, grounded: true, among: None };
    let found = snapshot.retrieve(asker.query, weights, &scope, usize::MAX).unwrap();
    let ideal = found.corpus.ideal(asker.query);
    let mut scored: Vec<(f64, u64)> = found
        .candidates
        .iter()
        .filter(|found| exclusions(Some(asker.attributes), &found.attributes, DAY).is_empty())
        .map(|Candidate { number, texts, attributes, .. }| {
            let features = features(asker.attributes, attributes, &weights.features);
            (score(texts, ideal, &features, weights).total, *number)
        })
        .collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    scored.into_iter().map(|(total, number)| (number, total.to_bits())).collect()
}

fn totals(best: &[Best<'_>], ideal: f32, asker: Asker<'_>, weights: &Weights) -> Vec<(u64, u64)> {
    let total = |best: &Best<'_>| {
        let features = features(asker.attributes, best.attributes, &weights.features);
        (best.number, score(&best.texts, ideal, &features, weights).total.to_bits())
    };
    best.iter().map(total).collect()
}

/// As the files tell it of this asker alone.
fn single(
    snapshot: &Snapshot,
    corpus: &Corpus,
    asker: Asker<'_>,
    weights: &Weights,
    wanted: Wanted,
) -> Vec<(u64, u64)> {
    let marks = snapshot.marks().unwrap();
    let found = snapshot.best(asker, corpus, &marks, weights, DAY, wanted).unwrap();
    let best: Vec<Best<'_>> = found
        .iter()
        .map(|found| Best { number: found.number, texts: found.texts, attributes: &found.attributes })
        .collect();
    totals(&best, corpus.ideal(asker.query), asker, weights)
}

/// A query by numbers.
struct Numbers<'a> {
    names: Lexicon,
    terms: Vec<(u32, f32)>,
    grounds: Vec<&'a [u32]>,
    direction: Option<Direction>,
    ideal: f32,
    rate: f32,
    attributes: &'a Attributes,
    weights: &'a Weights,
}

impl<'a> Numbers<'a> {
    fn new(snapshot: &Snapshot, asker: Asker<'a>, corpus: &Corpus, weights: &'a Weights) -> Self {
        let Asker { query, attributes } = asker;
        let mut names = Lexicon::default();
        Self {
            // In another order than the query's, as where others have asked before.
            terms: {
                query.terms.iter().rev().for_each(|term| _ = names.take(&term.text));
                query.terms.iter().map(|term| (names.take(&term.text).0, term.weight)).collect()
            },
            names,
            grounds: query.grounds.iter().map(Vec::as_slice).collect(),
            direction: snapshot.direction(query, weights),
            ideal: corpus.ideal(query),
            rate: snapshot.rate(query, corpus, weights),
            attributes,
            weights,
        }
    }

    /// Whom the asker must look at to find all who come to `least`.
    fn reached(&self, few: &Few, least: f64) -> Vec<Reached> {
        let least_text = text_at_least(least, self.ideal, self.weights);
        few.reached(&self.names, &[Ask { terms: &self.terms, rate: self.rate, least_text }]).remove(0)
    }

    fn best<'f>(&self, few: &'f Few, reached: &[Reached], wanted: Wanted) -> Vec<Best<'f>> {
        let Self { terms, grounds, attributes, ideal, rate, .. } = self;
        let (direction, ideal, rate) = (self.direction.as_ref(), *ideal, *rate);
        few.best(&Heard { attributes, terms, grounds, direction, ideal, rate }, reached, wanted)
    }
}

/// A query with the numbers that its terms have among its peers'.
fn numbered(query: &Query, peers: &Peers) -> Query {
    let mut query = Query { peers: Some(peers.terms().clone()), ..query.clone() };
    let names: Vec<&str> = query.terms.iter().map(|term| &*term.text).collect();
    let told = peers.rarities(&names);
    query.terms.iter_mut().zip(told).for_each(|(term, rarity)| term.number = rarity.number);
    query
}

#[test]
fn terms_are_as_rare_as_they_are_whether_or_not_that_was_told_beforehand() {
    let titles = ["电池回收", "电池材料", "a-b1 电池工艺", "a-b1"];
    let index = Fixture::with(
        &(1..)
            .zip(titles.iter().cycle().take(60))
            .map(|(number, title)| titled(number, title))
            .collect::<Vec<_>>(),
    );
    let (snapshot, weights) = (index.snapshot(), Weights::default());
    let statistics = snapshot.freeze().unwrap();
    let peers = Peers::new(&statistics, &weights);
    let terms = ["电池", "无人", "a-b1", "材料", "≈锂电池", "工"];
    let told = |counts: Counts<'_>| counts.rarities(&terms, &weights).unwrap();
    let plain: Vec<Rarity> =
        told(Counts::Known(&peers)).into_iter().map(|rarity| Rarity { number: None, ..rarity }).collect();
    assert_eq!(plain, told(Counts::Live(&snapshot)));
    assert_eq!(plain, told(Counts::Frozen(&statistics)));
    let named = |rarity: Rarity| rarity.number.map(|number| peers.terms().term(number).to_owned());
    let names: Vec<Option<String>> = told(Counts::Known(&peers)).into_iter().map(named).collect();
    assert_eq!(
        names,
        [Some("电池"), None, Some("a-b1"), Some("材料"), None, Some("工")]
            .map(|name| name.map(str::to_owned))
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn it_finds_what_the_index_finds(
        documents in documents(),
        of in proptest::collection::vec(attributes(), 25),
        asked in "[锂离子电池正极材料回收工艺a-b1 ]{1,60}",
        meaning in proptest::sample::select(vec![0.0_f32, 0.3, 5.0]),
        earlier in 1_usize..25,
        keep in 1_usize..12,
        gone in 1_u64..30,
    ) {
        let documents: Vec<IndexDocument> = documents
            .into_iter()
            .zip(of)
            .map(|(document, attributes)| IndexDocument { attributes, ..document })
            .collect();
        let weights = weights(meaning);
        // Statistics of some of the documents; the others come later, in segments of their own, and one goes.
        let index = Fixture::with(&documents[..earlier.min(documents.len())]);
        let statistics = index.snapshot().freeze().unwrap();
        let mut writer = index.registry().writer().unwrap();
        for (document, position) in documents.iter().skip(earlier).zip(2..) {
            writer.put(document).unwrap();
            writer.commit(position).unwrap();
        }
        writer.delete(gone).unwrap();
        writer.commit(100).unwrap();

        let terms = terms(&asked);
        let grounds = (0..terms.len() as u32).map(|term| vec![term]).collect();
        let query = Query { grounds, ..query(terms) };
        let own = Attributes {
            organisation: "某厂".to_owned(),
            region: "340104".parse().ok(),
            industries: "C3841".parse().into_iter().collect(),
            fields: vec!["先进材料".to_owned()],
            ..Attributes::default()
        };
        let asker = Asker { query: &query, attributes: &own };
        let snapshot = index.snapshot();
        let expected = reference(&snapshot, &statistics, asker, &weights);
        let resident = Resident::new(&snapshot, &statistics, &weights, DAY).unwrap();
        let corpus = resident.corpus(&query);
        let ideal = corpus.ideal(&query);
        let mut scratch = Scratch::default();
        let mut above = |wanted| {
            totals(&resident.best(asker, &corpus, wanted, &mut scratch).unwrap(), ideal, asker, &weights)
        };
        let mut best = |keep| above(Wanted::best(keep));
        prop_assert_eq!(&best(100), &expected);
        prop_assert_eq!(&best(keep), &expected[..keep.min(expected.len())]);
        // Who asks together with others is told the same; the second one is near to nobody and belongs nowhere.
        let nobody = Attributes::default();
        let askers = [asker, Asker { query: &query, attributes: &nobody }, asker];
        let questions = askers.map(|asker| Question { asker, corpus: &corpus });
        let together = resident.best_of_each(&questions, Wanted::best(keep), &mut Scratch::default()).unwrap();
        prop_assert_eq!(together.len(), askers.len());
        for (best, asker) in together.iter().zip(askers) {
            let expected = reference(&snapshot, &statistics, asker, &weights);
            prop_assert_eq!(&totals(best, ideal, asker, &weights), &expected[..keep.min(expected.len())]);
        }
        let among: Vec<u64> = (0..40).step_by(3).collect();
        let some: Vec<(u64, u64)> =
            expected.iter().copied().filter(|(number, _)| among.contains(number)).collect();
        let floor = expected.get(expected.len() / 2).map_or(1.0, |(_, total)| f64::from_bits(*total));
        let high = |found: &[(u64, u64)]| -> Vec<(u64, u64)> {
            found.iter().copied().filter(|(_, total)| f64::from_bits(*total) >= floor).collect()
        };
        let wanted = Wanted { keep: 100, floor };
        prop_assert_eq!(&above(wanted), &high(&expected));

        // The same by numbers of terms, of which the askers' own registry has some.
        let peers = Peers::new(&statistics, &weights);
        let numbered = numbered(&query, &peers);
        let facing = statistics.clone().facing(&statistics);
        let facing = Resident::new(&snapshot, &facing, &weights, DAY).unwrap();
        prop_assert_eq!(&facing.corpus(&numbered), &corpus);
        for query in [&numbered, &query] {
            let asker = Asker { query, attributes: &own };
            let best = facing.best(asker, &corpus, Wanted::best(100), &mut scratch).unwrap();
            prop_assert_eq!(&totals(&best, ideal, asker, &weights), &expected);
        }

        let single = |wanted| single(&snapshot, &corpus, asker, &weights, wanted);
        prop_assert_eq!(&single(Wanted::best(100)), &expected);
        prop_assert_eq!(&single(Wanted::best(keep)), &expected[..keep.min(expected.len())]);
        prop_assert_eq!(&single(wanted), &high(&expected));

        let few = Few::new(&snapshot, &statistics, &weights, DAY, &among).unwrap();
        let by_number = Numbers::new(&snapshot, asker, &corpus, &weights);
        let told = |reached: &[Reached], wanted| {
            totals(&by_number.best(&few, reached, wanted), ideal, asker, &weights)
        };
        let all = by_number.reached(&few, 0.0);
        prop_assert_eq!(&told(&all, Wanted::best(100)), &some);
        // Whoever stands in the last place reaches it.
        for (number, total) in &some {
            let least = f64::from_bits(*total);
            prop_assert!(by_number.reached(&few, least).iter().any(|one| one.number == *number));
        }
        let reached = by_number.reached(&few, floor);
        prop_assert_eq!(&told(&reached, wanted), &high(&some));
    }
}

#[test]
fn terms_that_share_their_mark_are_told_apart() {
    // A mark is half a hash; of some hundred thousand names two share one.
    let mark = |term: &str| {
        let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        let hash = term.bytes().fold(0xcbf2_9ce4_8422_2325, step);
        (hash ^ (hash >> 32)) as u32
    };
    let mut seen = std::collections::HashMap::new();
    let twin = (0_u32..).find_map(|at| {
        let term = format!("q{at:x}");
        seen.insert(mark(&term), term.clone()).map(|other| (other, term))
    });
    let (one, other) = twin.unwrap();
    let evidence = |number, text: &str| crate::fixture::with_text(number, Area::Evidence, text);
    let index =
        Fixture::with(&[evidence(1, &one), evidence(2, &other), titled(3, &other), titled(4, "别的")]);
    let snapshot = index.snapshot();
    let statistics = snapshot.freeze().unwrap();
    let weights = weights(0.0);
    let resident = Resident::new(&snapshot, &statistics, &weights, DAY).unwrap();
    for asked in [&one, &other] {
        let terms: Vec<_> = terms(asked).into_iter().filter(|term| term.text == **asked).collect();
        let query = Query { grounds: vec![vec![0]], ..query(terms) };
        let own = Attributes::default();
        let asker = Asker { query: &query, attributes: &own };
        let corpus = resident.corpus(&query);
        let best = resident.best(asker, &corpus, Wanted::best(10), &mut Scratch::default()).unwrap();
        let ideal = corpus.ideal(&query);
        let found = totals(&best, ideal, asker, &weights);
        assert_eq!(found, reference(&snapshot, &statistics, asker, &weights), "{asked}");
        assert!(!found.is_empty());
        assert_eq!(single(&snapshot, &corpus, asker, &weights, Wanted::best(10)), found, "{asked}");
        let few = Few::new(&snapshot, &statistics, &weights, DAY, &[1, 2, 3, 4]).unwrap();
        let by_number = Numbers::new(&snapshot, asker, &corpus, &weights);
        let best = by_number.best(&few, &by_number.reached(&few, 0.0), Wanted::best(10));
        assert_eq!(totals(&best, ideal, asker, &weights), found, "{asked}");
    }
}
