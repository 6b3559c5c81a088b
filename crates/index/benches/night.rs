//! What the night's ranking costs for each need, and how it grows: `cargo bench -p index --bench night -- DIR [NEEDS]`.
//!
//! DIR holds `experts.jsonl` and `needs.jsonl` as `hongniang generate` writes them. Prints, for one thread and for two: needs per second by the clock and by
//! the processor's time, how that is shared between reading a need and ranking for it, documents scored, and the memory that is the process's own. Some needs
//! are compared with the reference, which scores every document.
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a benchmark")]

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use domain::{Area, Attributes, Kind, Profile, forms};
use index::{Among, Asker, Catalog, IndexDocument, Resident, Scope, Scratch, Statistics, Wanted};
use ranking::{Query, Rarity, Weights, exclusions, features, score};
use text::{Analyzer, Background, Dictionaries};
use vectors::TermVectors;

const DAY: jiff::civil::Date = jiff::civil::date(2026, 11, 21);
const KEEP: usize = 32;

fn profiles(file: &Path, kind: Kind) -> impl Iterator<Item = Profile> {
    let lines = BufReader::new(fs::File::open(file).unwrap()).lines();
    lines.map(move |line| forms::parse(kind, serde_json::from_str(&line.unwrap()).unwrap()).unwrap().profile)
}

fn document(number: u64, profile: &Profile) -> IndexDocument {
    let attributes = Attributes::of_form(profile);
    IndexDocument { number, passages: profile.passages(), open: true, attributes, ..IndexDocument::default() }
}

/// Processor time of the process.
fn cpu() -> Duration {
    let stat = fs::read_to_string("/proc/self/stat").unwrap();
    let ticks = stat.rsplit(')').next().unwrap().split_whitespace().skip(11).take(2);
    Duration::from_millis(ticks.map(|ticks| ticks.parse::<u64>().unwrap()).sum::<u64>() * 10)
}

fn own_memory() -> String {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let lines = status.lines().filter(|line| line.starts_with("RssAnon") || line.starts_with("VmHWM"));
    lines.map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect::<Vec<_>>().join(", ")
}

fn read(analyzer: &Analyzer, need: &Profile, peers: &Statistics, weights: &Weights) -> (Query, Attributes) {
    let documents = peers.documents() as f32;
    let rarity = |term: &str| {
        let held = peers.frequencies(term);
        let holders = held[Area::Title].max(held[Area::Body]) as f32;
        Rarity {
            peers: ((1.0 + documents / (1.0 + holders)).ln() / (1.0 + documents).ln()).powf(weights.peers),
            prose: Background::builtin().rarity(term).powf(weights.background),
        }
    };
    (Query::new(analyzer, &need.passages(), weights, rarity), Attributes::of_form(need))
}

fn main() {
    let mut arguments = std::env::args().skip(1).filter(|argument| argument != "--bench");
    let directory = arguments.next().expect("a directory with experts.jsonl and needs.jsonl");
    let most: usize = arguments.next().map_or(2000, |most| most.parse().unwrap());
    let directory = Path::new(&directory);
    let analyzer = Arc::new(Analyzer::new(&Dictionaries::builtin()).unwrap());
    let mut weights = Weights::default();
    if let Ok(weight) = std::env::var("MEANING") {
        weights.meaning.weight = weight.parse().unwrap();
    }
    let folder = directory.join("index");
    let catalog = Catalog::open(&folder, Arc::clone(&analyzer), None).unwrap();
    for kind in [Kind::Need, Kind::Expert] {
        if catalog.registry(kind).snapshot().is_empty() {
            let begun = Instant::now();
            let mut rebuild = catalog.registry(kind).rebuild(TermVectors::builtin()).unwrap();
            let file = directory.join(kind.plural()).with_extension("jsonl");
            for (profile, number) in profiles(&file, kind).zip(1..) {
                rebuild.put(&document(number, &profile)).unwrap();
            }
            rebuild.finish(1).unwrap();
            println!("indexed {kind} in {:.1} s", begun.elapsed().as_secs_f64());
        }
    }
    let before = own_memory();
    let peers = catalog.registry(Kind::Need).snapshot().freeze().unwrap();
    let snapshot = catalog.registry(Kind::Expert).snapshot();
    let begun = Instant::now();
    let statistics = snapshot.freeze().unwrap();
    let bytes = statistics.to_bytes().len();
    println!("statistics in {:.1} s, {bytes} bytes", begun.elapsed().as_secs_f64());
    let begun = Instant::now();
    let resident = Resident::new(&snapshot, &statistics, &weights, DAY).unwrap();
    println!("{} experts taken in within {:.1} s", resident.len(), begun.elapsed().as_secs_f64());
    println!("memory before {before}, after {}", own_memory());
    println!("{:?}", resident.memory());

    let needs: Vec<Profile> = profiles(&directory.join("needs.jsonl"), Kind::Need).take(most).collect();
    // Twice, so that the second round finds everything warm.
    for threads in [1, 1, 2, 2] {
        let (reading, ranking, judged) = (AtomicU64::new(0), AtomicU64::new(0), AtomicU64::new(0));
        let terms = AtomicU64::new(0);
        let (begun, used) = (Instant::now(), cpu());
        std::thread::scope(|scope| {
            for thread in 0..threads {
                let (analyzer, peers, weights, needs) = (&analyzer, &peers, &weights, &needs);
                let (resident, reading, ranking, judged, terms) =
                    (&resident, &reading, &ranking, &judged, &terms);
                scope.spawn(move || {
                    let mut scratch = Scratch::default();
                    for need in needs.iter().skip(thread).step_by(threads) {
                        let begun = Instant::now();
                        let (query, attributes) = read(analyzer, need, peers, weights);
                        let corpus = resident.corpus(&query);
                        terms.fetch_add(query.terms.len() as u64, Ordering::Relaxed);
                        reading.fetch_add(begun.elapsed().as_nanos() as u64, Ordering::Relaxed);
                        let begun = Instant::now();
                        let asker = Asker { query: &query, attributes: &attributes };
                        std::hint::black_box(
                            resident
                                .best(asker, &corpus, Among::All, Wanted::best(KEEP), &mut scratch)
                                .unwrap(),
                        );
                        ranking.fetch_add(begun.elapsed().as_nanos() as u64, Ordering::Relaxed);
                    }
                    judged.fetch_add(scratch.judged, Ordering::Relaxed);
                });
            }
        });
        let (clock, used) = (begun.elapsed(), cpu() - used);
        let count = needs.len() as f64;
        let each = |sum: &AtomicU64| sum.load(Ordering::Relaxed) as f64 / count;
        println!(
            "{threads} threads: {:.0} needs/s by the clock, {:.0} per second of processor; a need: {:.0} terms, reading {:.3} ms, ranking {:.3} ms, {:.0} scored",
            count / clock.as_secs_f64(),
            count / used.as_secs_f64(),
            each(&terms),
            each(&reading) / 1e6,
            each(&ranking) / 1e6,
            each(&judged),
        );
    }
    let among: Vec<u64> = (1..=resident.len() as u64).step_by(100).collect();
    let begun = Instant::now();
    let subset = resident.subset(&among).unwrap();
    println!("a subset of {} in {:.3} s", among.len(), begun.elapsed().as_secs_f64());
    let mut scratch = Scratch::default();
    for (how, subset, with_floor) in [
        ("one by one", None, false),
        ("with the subset", Some(&subset), false),
        ("above the last of all", Some(&subset), true),
    ] {
        let (mut time, count) = (Duration::ZERO, needs.len().min(300));
        for need in needs.iter().take(count) {
            let (query, attributes) = read(&analyzer, need, &peers, &weights);
            let corpus = resident.corpus(&query);
            let asker = Asker { query: &query, attributes: &attributes };
            let mut wanted = Wanted::best(KEEP);
            if with_floor {
                let all = resident.best(asker, &corpus, Among::All, wanted, &mut scratch).unwrap();
                let last = all.last().map(|last| {
                    let features = features(&attributes, last.attributes, &weights.features);
                    score(&last.texts, corpus.ideal(&query), &features, &weights).total
                });
                wanted.floor = last.unwrap_or(0.0);
            }
            let begun = Instant::now();
            std::hint::black_box(
                resident.best(asker, &corpus, Among::These(&among, subset), wanted, &mut scratch).unwrap(),
            );
            time += begun.elapsed();
        }
        println!("among {} {how}: {:.3} ms a need", among.len(), time.as_secs_f64() * 1e3 / count as f64);
    }
    for need in needs.iter().take(20) {
        let (query, attributes) = read(&analyzer, need, &peers, &weights);
        let corpus = resident.corpus(&query);
        let ideal = corpus.ideal(&query);
        let scope = Scope { frozen: Some(&statistics), open_only: true, grounded: true, among: None };
        let all = snapshot.retrieve(&query, &weights, &scope, usize::MAX).unwrap().candidates;
        let mut expected: Vec<(f64, u64)> = all
            .iter()
            .filter(|found| exclusions(Some(&attributes), &found.attributes, DAY).is_empty())
            .map(|found| {
                let features = features(&attributes, &found.attributes, &weights.features);
                (score(&found.texts, ideal, &features, &weights).total, found.number)
            })
            .collect();
        expected.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        expected.truncate(KEEP);
        let asker = Asker { query: &query, attributes: &attributes };
        let best = resident.best(asker, &corpus, Among::All, Wanted::best(KEEP), &mut scratch).unwrap();
        let found: Vec<(f64, u64)> = best
            .iter()
            .map(|found| {
                let features = features(&attributes, found.attributes, &weights.features);
                (score(&found.texts, ideal, &features, &weights).total, found.number)
            })
            .collect();
        assert_eq!(found, expected, "not what the reference finds");
    }
    println!("20 needs as the reference has them");
}
