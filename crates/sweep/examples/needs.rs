//! Answers segmented needs over segmented experts, for `benches/peers/sweep.sh`: `needs DIRECTORY EXPERTS [check]`. Run it when nothing else runs.
//!
//! The directory holds `experts.tok` and `long.q`, a text to a line. Fewer experts than there are lines are the first; more are these lines again,
//! one in four words of each replaced by a word drawn from all. Scores are BM25 (Robertson et al. 1994, as Lucene has it), k₁ 1.2, b 0.75.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a measuring program")]

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::time::Instant;

use sweep::{Effort, Forward, Found, Query, Scratch, Sums, Sweep, Term};

const BEST: usize = 20;
const ROUNDS: usize = 5;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let place = arguments.next().unwrap();
    let experts: usize = arguments.next().unwrap().parse().unwrap();
    let check = arguments.next().is_some_and(|argument| argument == "check");
    let (words, forward) = read(Path::new(&place), experts);
    let text = fs::read_to_string(Path::new(&place).join("long.q")).unwrap();
    let needs: Vec<Vec<&str>> = text.lines().map(|line| line.split_whitespace().collect()).collect();

    let start = Instant::now();
    let sweep = Sweep::from_forward(&forward).unwrap();
    let memory = sweep.memory();
    println!(
        "SWEEP-BUILT experts {experts} postings {} seconds {:.2} sweep_mb {:.1} bytes_per_posting {:.2} sparse_mb {:.1} dense_mb {:.1} directory_mb {:.1} forward_mb {:.1}",
        memory.postings,
        start.elapsed().as_secs_f64(),
        megabytes(memory.total()),
        memory.total() as f64 / memory.postings as f64,
        megabytes(memory.sparse),
        megabytes(memory.dense),
        megabytes(memory.directory),
        megabytes(forward.memory()),
    );
    let asked = Asked { words: &words, forward: &forward, sweep: &sweep };
    if check {
        asked.check(&needs, Path::new(&place));
    }
    for round in 0..ROUNDS {
        for threads in [1, 2] {
            asked.measure(&needs, threads, round);
        }
    }
}

fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

/// The processor time of this process, in seconds.
fn processor_seconds() -> f64 {
    // Of all threads, those that have ended too; in hundredths of a second.
    let text = fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = text.rsplit(')').next().unwrap().split_whitespace().collect();
    (fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap()) / 100.0
}

/// The words and their numbers, and the experts.
fn read(place: &Path, experts: usize) -> (HashMap<String, Term>, Forward) {
    let text = fs::read_to_string(place.join("experts.tok")).unwrap();
    let mut words = HashMap::new();
    let mut lines = Vec::new();
    for line in text.lines().take(experts) {
        let number = |word: &str| {
            let next = words.len() as Term;
            *words.entry(word.to_owned()).or_insert(next)
        };
        lines.push(line.split_whitespace().map(number).collect::<Vec<Term>>());
    }
    drop(text);
    let given = lines.len();
    let all: Vec<Term> = lines.iter().flatten().copied().collect();
    let mut state = 1_u64;
    for at in given..experts {
        let mut line = lines[at % given].clone();
        for word in &mut line {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            if state >> 62 == 0 {
                *word = all[(state >> 16) as usize % all.len()];
            }
        }
        lines.push(line);
    }
    let forward = bm25(words.len(), &mut lines);
    (words, forward)
}

/// Each text's terms, ascending, with their BM25.
fn bm25(terms: usize, lines: &mut [Vec<Term>]) -> Forward {
    let count = lines.len() as f64;
    let average = lines.iter().map(Vec::len).sum::<usize>() as f64 / count;
    let mut having = vec![0_u32; terms];
    for line in &mut *lines {
        line.sort_unstable();
        line.chunk_by(|one, other| one == other).for_each(|same| having[same[0] as usize] += 1);
    }
    let rarity: Vec<f64> = having
        .iter()
        .map(|&having| (1.0 + (count - f64::from(having) + 0.5) / (f64::from(having) + 0.5)).ln())
        .collect();
    let mut forward = Forward::new(terms);
    for line in lines {
        let norm = 1.2 * (0.25 + 0.75 * line.len() as f64 / average);
        let impact = |same: &[Term]| {
            let times = same.len() as f64;
            (same[0], (rarity[same[0] as usize] * times / (times + norm)) as f32)
        };
        let terms: Vec<_> = line.chunk_by(|one, other| one == other).map(impact).collect();
        forward.push(&terms).unwrap();
    }
    forward
}

struct Asked<'a> {
    words: &'a HashMap<String, Term>,
    forward: &'a Forward,
    sweep: &'a Sweep,
}

impl Asked<'_> {
    fn query(&self, need: &[&str]) -> Query {
        let terms: Vec<_> = need.iter().filter_map(|word| Some((*self.words.get(*word)?, 1.0))).collect();
        Query::new(self.sweep, &terms).unwrap()
    }

    /// Every need's best are those that scoring every expert finds, to the last bit. Writes the scores beside the directory.
    fn check(&self, needs: &[Vec<&str>], place: &Path) {
        let mut lists = vec![Vec::new(); self.forward.terms()];
        for document in 0..self.forward.documents() {
            for (term, impact) in self.forward.impacts(document) {
                lists[term as usize].push((document, f64::from(impact)));
            }
        }
        let mut scratch = Scratch::default();
        let mut scores = String::new();
        for need in needs {
            let query = self.query(need);
            let found = self.sweep.top(&query, BEST, &mut scratch, &mut Sums::new(self.forward, &query));
            // The terms ascend here as they do within a document, so the sums are made in the same order.
            let mut sums = vec![0.0; self.forward.documents() as usize];
            for (term, _) in query.terms() {
                lists[term as usize].iter().for_each(|&(document, impact)| sums[document as usize] += impact);
            }
            let scored = sums.iter().zip(0..).filter(|(sum, _)| **sum > 0.0);
            let mut best: Vec<_> = scored.map(|(&score, document)| Found { document, score }).collect();
            best.sort_by(|one, other| {
                other.score.total_cmp(&one.score).then(one.document.cmp(&other.document))
            });
            best.truncate(BEST);
            assert_eq!(found, best, "{need:?}");
            scores.extend(found.iter().map(|found| format!("{:.6} ", found.score)).chain(["\n".to_owned()]));
        }
        fs::write(place.join("../sweep.scores"), scores).unwrap();
        println!("SWEEP-CHECKED needs {} exact true", needs.len());
    }

    fn measure(&self, needs: &[Vec<&str>], threads: usize, round: usize) {
        let (start, processor) = (Instant::now(), processor_seconds());
        let efforts: Vec<Effort> = std::thread::scope(|scope| {
            let share = needs.len().div_ceil(threads);
            let workers: Vec<_> =
                needs.chunks(share).map(|needs| scope.spawn(move || self.answer(needs))).collect();
            workers.into_iter().map(|worker| worker.join().unwrap()).collect()
        });
        let seconds = start.elapsed().as_secs_f64();
        let each = |of: fn(&Effort) -> u64| efforts.iter().map(of).sum::<u64>() as f64 / needs.len() as f64;
        println!(
            "SWEEP experts {} threads {threads} round {round} needs_per_second {:.0} processor_us {:.1} postings {:.0} rows {:.1} looked_up {:.1} judged {:.1}",
            self.forward.documents(),
            needs.len() as f64 / seconds,
            (processor_seconds() - processor) / needs.len() as f64 * 1e6,
            each(|effort| effort.postings),
            each(|effort| effort.rows),
            each(|effort| effort.looked_up),
            each(|effort| effort.judged),
        );
    }

    /// Words are looked up here as well, and needs brought in the order of their nearest blocks.
    fn answer(&self, needs: &[Vec<&str>]) -> Effort {
        let mut scratch = Scratch::default();
        let mut queries: Vec<Query> = needs.iter().map(|need| self.query(need)).collect();
        queries.sort_by_cached_key(|query| self.sweep.nearest(query, &mut scratch));
        let Some(first) = queries.first() else { return scratch.effort() };
        let mut judge = Sums::new(self.forward, first);
        for query in &queries {
            judge.turn_to(query);
            std::hint::black_box(self.sweep.top(query, BEST, &mut scratch, &mut judge));
        }
        scratch.effort()
    }
}
