//! What the night's ranking costs for each need, and how it grows: `cargo bench -p index --bench night -- DIR [NEEDS]`.
//!
//! DIR holds `experts.jsonl` and `needs.jsonl` as `hongniang generate` writes them. Prints, for one thread and for two: needs per second by the clock and by
//! the processor's time, how that is shared between reading a need and ranking for it, documents scored, and the memory that is the process's own. Some needs
//! are compared with the reference, which scores every document.
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a benchmark")]

use std::fs;
use std::hint::black_box;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use domain::{Attributes, Kind, Profile, forms};
use index::{
    Asker, Best, Candidate, Catalog, IndexDocument, Peers, Question, Resident, Scope, Scratch, Snapshot,
    Statistics, Wanted,
};
use ranking::{Corpus, Query, Texts, Weights, exclusions, features, score};
use text::{Analyzer, Dictionaries};
use vectors::TermVectors;

const DAY: jiff::civil::Date = jiff::civil::date(2026, 11, 21);
const KEEP: usize = 32;
/// So many needs are ranked together: half a batch of the product, as two threads share it.
const TOGETHER: usize = 100;

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

/// A registry of experts in memory, and needs to ask it with.
struct Night {
    analyzer: Arc<Analyzer>,
    weights: Weights,
    peers: Peers,
    statistics: Statistics,
    snapshot: Snapshot,
    resident: Resident,
    needs: Vec<Profile>,
}

/// A need that was read.
struct Read {
    query: Query,
    attributes: Attributes,
    corpus: Corpus,
}

impl Read {
    fn question(&self) -> Question<'_> {
        let Self { query, attributes, corpus } = self;
        Question { asker: Asker { query, attributes }, corpus }
    }
}

impl Night {
    fn read(&self, need: &Profile) -> Read {
        let rarities = |terms: &[&str]| self.peers.rarities(terms);
        let mut query = Query::new(&self.analyzer, &need.passages(), &self.weights, rarities);
        query.peers = Some(self.peers.terms().clone());
        let corpus = self.resident.corpus(&query);
        Read { query, attributes: Attributes::of_form(need), corpus }
    }

    fn best(&self, reads: &[Read], wanted: Wanted, scratch: &mut Scratch) -> Vec<Vec<Best<'_>>> {
        let questions: Vec<Question<'_>> = reads.iter().map(Read::question).collect();
        self.resident.best_of_each(&questions, wanted, scratch).unwrap()
    }

    fn total(&self, read: &Read, texts: &Texts, attributes: &Attributes) -> f64 {
        let features = features(&read.attributes, attributes, &self.weights.features);
        score(texts, read.corpus.ideal(&read.query), &features, &self.weights).total
    }

    /// Every need asks for the best of all.
    fn full(&self, threads: usize) {
        let [reading, ranking, likely, judged, terms, rows, postings] = [const { AtomicU64::new(0) }; 7];
        let (begun, used) = (Instant::now(), cpu());
        let add = |sum: &AtomicU64, more: u64| _ = sum.fetch_add(more, Ordering::Relaxed);
        let work = &|thread: usize| {
            let mut scratch = Scratch::default();
            for needs in self.needs.chunks(TOGETHER).skip(thread).step_by(threads) {
                let begun = Instant::now();
                let reads: Vec<Read> = needs.iter().map(|need| self.read(need)).collect();
                reads.iter().for_each(|read| add(&terms, read.query.terms.len() as u64));
                add(&reading, begun.elapsed().as_nanos() as u64);
                let begun = Instant::now();
                black_box(self.best(&reads, Wanted::best(KEEP), &mut scratch));
                add(&ranking, begun.elapsed().as_nanos() as u64);
            }
            let effort = scratch.effort();
            add(&likely, effort.judged);
            add(&rows, effort.rows);
            add(&postings, effort.postings);
            add(&judged, scratch.judged);
        };
        thread::scope(|scope| (0..threads).for_each(|thread| _ = scope.spawn(move || work(thread))));
        let (clock, used) = (begun.elapsed(), cpu() - used);
        let count = self.needs.len() as f64;
        let each = |sum: &AtomicU64| sum.load(Ordering::Relaxed) as f64 / count;
        println!(
            "{threads} threads: {:.0} needs/s by the clock, {:.0} per second of processor; \
             a need: {:.0} terms, reading {:.3} ms, ranking {:.3} ms, {:.0} postings and {:.0} rows added, {:.0} likely, {:.0} scored",
            count / clock.as_secs_f64(),
            count / used.as_secs_f64(),
            each(&terms),
            each(&reading) / 1e6,
            each(&ranking) / 1e6,
            each(&postings),
            each(&rows),
            each(&likely),
            each(&judged),
        );
    }

    /// Some needs get whom they get when every document is looked at.
    fn compare(&self) {
        let reads: Vec<Read> = self.needs.iter().take(20).map(|need| self.read(need)).collect();
        let best = self.best(&reads, Wanted::best(KEEP), &mut Scratch::default());
        for (read, best) in reads.iter().zip(best) {
            let scope =
                Scope { frozen: Some(&self.statistics), open_only: true, grounded: true, among: None };
            let all = self.snapshot.retrieve(&read.query, &self.weights, &scope, usize::MAX).unwrap();
            let may =
                |found: &&Candidate| exclusions(Some(&read.attributes), &found.attributes, DAY).is_empty();
            let scored = all.candidates.iter().filter(may);
            let scored =
                scored.map(|found| (self.total(read, &found.texts, &found.attributes), found.number));
            let mut expected: Vec<(f64, u64)> = scored.collect();
            expected.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
            expected.truncate(KEEP);
            let found = best.iter().map(|best| (self.total(read, &best.texts, best.attributes), best.number));
            assert_eq!(found.collect::<Vec<_>>(), expected, "not what the reference finds");
        }
        println!("20 needs as the reference has them");
    }
}

/// Opens the indexes beside the files; makes them the first time.
fn open(directory: &Path, analyzer: &Arc<Analyzer>) -> Catalog {
    let catalog = Catalog::open(&directory.join("index"), Arc::clone(analyzer), None).unwrap();
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
    catalog
}

fn main() {
    let mut arguments = std::env::args().skip(1).filter(|argument| argument != "--bench");
    let Some(directory) = arguments.next().map(PathBuf::from) else {
        println!("skipped: no directory with experts.jsonl and needs.jsonl was given");
        return;
    };
    let most: usize = arguments.next().map_or(2000, |most| most.parse().unwrap());
    let analyzer = Arc::new(Analyzer::new(&Dictionaries::builtin()).unwrap());
    let weights = Weights::default();
    let catalog = open(&directory, &analyzer);
    let before = own_memory();
    let peers = catalog.registry(Kind::Need).snapshot().freeze().unwrap();
    let snapshot = catalog.registry(Kind::Expert).snapshot();
    let begun = Instant::now();
    let statistics = snapshot.freeze().unwrap().facing(&peers);
    let peers = Peers::new(&peers, &weights);
    let bytes = statistics.to_bytes().len();
    println!("statistics in {:.1} s, {bytes} bytes", begun.elapsed().as_secs_f64());
    let begun = Instant::now();
    let resident = Resident::new(&snapshot, &statistics, &weights, DAY).unwrap();
    println!("{} experts taken in within {:.1} s", resident.len(), begun.elapsed().as_secs_f64());
    println!("memory before {before}, after {}; {:?}", own_memory(), resident.memory());
    let needs = profiles(&directory.join("needs.jsonl"), Kind::Need).take(most).collect();
    let night = Night { analyzer, weights, peers, statistics, snapshot, resident, needs };
    // Twice, so that the second round finds everything warm.
    for threads in [1, 1, 2, 2] {
        night.full(threads);
    }
    night.compare();
}
