//! Answers pre-segmented needs over pre-segmented experts and prints what `benches/peers/sweep.sh` compares.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a measuring program")]

use std::collections::HashMap;
use std::fs;
use std::time::Instant;

use sweep::{Forward, Query, Scratch, Sums, Sweep};

fn main() {
    let mut arguments = std::env::args().skip(1);
    let place = arguments.next().unwrap();
    let limit: usize = arguments.next().map_or(usize::MAX, |x| x.parse().unwrap());
    let check: usize = arguments.next().map_or(0, |x| x.parse().unwrap());
    let mut ids: HashMap<String, u32> = HashMap::new();
    let mut docs: Vec<Vec<u32>> = vec![];
    for l in fs::read_to_string(format!("{place}/experts.tok")).unwrap().lines().take(limit) {
        docs.push(
            l.split_whitespace()
                .map(|w| {
                    let k = ids.len() as u32;
                    *ids.entry(w.to_owned()).or_insert(k)
                })
                .collect(),
        );
    }
    let n = docs.len();
    let avg = docs.iter().map(Vec::len).sum::<usize>() as f64 / n as f64;
    let mut df = vec![0u32; ids.len()];
    let docs: Vec<(usize, Vec<(u32, u32)>)> = docs
        .into_iter()
        .map(|mut v| {
            let len = v.len();
            v.sort_unstable();
            let o: Vec<(u32, u32)> = v.chunk_by(|a, b| a == b).map(|c| (c[0], c.len() as u32)).collect();
            for &(t, _) in &o {
                df[t as usize] += 1
            }
            (len, o)
        })
        .collect();
    let idf: Vec<f64> =
        df.iter().map(|&d| (1.0 + (n as f64 - d as f64 + 0.5) / (d as f64 + 0.5)).ln()).collect();
    let mut forward = Forward::new(ids.len());
    for (len, o) in &docs {
        let v: Vec<_> = o
            .iter()
            .map(|&(t, tf)| {
                (
                    t,
                    (idf[t as usize] * tf as f64 / (tf as f64 + 1.2 * (0.25 + 0.75 * *len as f64 / avg)))
                        as f32,
                )
            })
            .collect();
        forward.push(&v).unwrap();
    }
    drop(docs);
    let t = Instant::now();
    let sweep = Sweep::from_forward(&forward).unwrap();
    println!(
        "built {:?} {:?} total {} per posting {:.2}",
        t.elapsed(),
        sweep.memory(),
        sweep.memory().total(),
        sweep.memory().total() as f64 / sweep.memory().postings as f64
    );
    let needs: Vec<Vec<(u32, f32)>> = fs::read_to_string(format!("{place}/long.q"))
        .unwrap()
        .lines()
        .map(|l| l.split_whitespace().filter_map(|w| ids.get(w)).map(|&t| (t, 1.0)).collect())
        .collect();
    let mut scratch = Scratch::default();
    let mut needs = needs;
    if std::env::var("SORT").is_ok() {
        needs.sort_by_cached_key(|need| sweep.nearest(&Query::new(&sweep, need).unwrap(), &mut scratch));
    }
    if check > 0 {
        let mut scores = vec![];
        for need in &needs[..check] {
            let query = Query::new(&sweep, need).unwrap();
            let found = sweep.top(&query, 20, &mut scratch, &mut Sums::new(&forward, &query));
            let mut w = vec![0f32; ids.len()];
            for &(t, x) in need {
                w[t as usize] = x
            }
            scores.clear();
            for d in 0..n as u32 {
                let mut hit = false;
                let s: f64 = forward
                    .impacts(d)
                    .map(|(t, i)| {
                        hit |= w[t as usize] > 0.0;
                        f64::from(w[t as usize]) * f64::from(i)
                    })
                    .sum();
                if hit {
                    scores.push((s, d))
                }
            }
            scores.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
            let got: Vec<_> = found.iter().map(|f| (f.score, f.document)).collect();
            assert_eq!(got, scores[..20.min(scores.len())]);
        }
        println!("exact");
    }
    for _ in 0..std::env::var("ROUNDS").map_or(5, |x| x.parse().unwrap()) {
        let mut scratch = Scratch::default();
        let c0 = cpu();
        let t = Instant::now();
        let mut weights = Sums::new(&forward, &Query::new(&sweep, &[]).unwrap());
        let rep: usize = std::env::var("REP").map_or(1, |x| x.parse().unwrap());
        for need in needs.iter().flat_map(|need| std::iter::repeat_n(need, rep)) {
            let query = Query::new(&sweep, need).unwrap();
            weights.turn_to(&query);
            std::hint::black_box(sweep.top(&query, 20, &mut scratch, &mut weights));
        }
        let per = |x: u64| x as f64 / (rep * needs.len()) as f64;
        let e = scratch.effort();
        println!(
            "{:.0} needs/s wall, cpu {:.1} us; judged {:.1} added {:.0} dense {:.1} skipped {:.1} looked {:.1}",
            needs.len() as f64 / t.elapsed().as_secs_f64(),
            (cpu() - c0) / (rep * needs.len()) as f64 * 1e6,
            per(e.judged),
            per(e.postings),
            per(e.rows),
            per(e.skipped),
            per(e.looked_up)
        );
    }
}
fn cpu() -> f64 {
    fs::read_to_string("/proc/self/schedstat").unwrap().split(' ').next().unwrap().parse::<f64>().unwrap()
        / 1e9
}
