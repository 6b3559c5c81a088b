//! x
#![allow(dead_code, unused)]
mod kernel;
#[doc(hidden)]
pub fn trial(n: usize, ne: usize, need: &[u32], expert: &[u32], score: &[u32], cap: &[u32]) {
    use kernel::*;
    let t = std::time::Instant::now();
    let mut order: Vec<u32> = (0..need.len() as u32).collect();
    order.sort_unstable_by_key(|e| { let e = *e as usize; (need[e], u32::MAX - score[e], expert[e]) });
    let mut starts = vec![0u32; n + 1];
    for j in need { starts[*j as usize + 1] += 1; }
    for j in 0..n { starts[j + 1] += starts[j]; }
    let fe = 1 + n;
    let pairs: Vec<Pair> = order.iter().map(|e| Pair { expert: (fe + expert[*e as usize] as usize) as u32, worth: score[*e as usize] }).collect();
    let m = 2 * n.min(ne) as i64 + 3;
    let max = *score.iter().max().unwrap() as i64;
    let rise = if std::env::var("LOAD").is_ok() { m } else { 0 };
    let unit = if rise > 0 { rise * 2 * 8 } else { m };
    let cover = (n.min(ne) as i64 + 1) * max * unit;
    let mut tree = vec![TreeArc { low: 0, high: 0, cap: 0, floor: 0, below: 0i64, within: 0, beyond: 0, rise: 0 }];
    for _ in 0..n { tree.push(TreeArc { low: 1, high: 1, cap: 1, floor: 0, below: -cover, within: 0, beyond: 0, rise: 0 }); }
    for i in 0..ne { tree.push(TreeArc { low: 0, high: cap[i], cap: cap[i], floor: 0, below: 0, within: 0, beyond: 0, rise }); }
    let net = Network::new(vec![0; 1 + n + ne], tree, 1, fe, fe, starts, pairs, (unit, 0));
    let np = net.pairs.len();
    let mut flow = Flow::new(&net, vec![0; np]);
    let t1 = std::time::Instant::now();
    eprintln!("build {:?}  cover 2^{:.1}", t1 - t, (cover as f64).log2());
    optimise(&net, &mut flow, cover).unwrap();
    let covered: u64 = net.needs().map(|j| flow.tree[j] as u64).sum();
    let mut s = 0u64;
    for e in 0..np { if flow.state[e] & ASSIGNED != 0 { s += net.pairs[e].worth as u64; } }
    let sq: u64 = net.experts().map(|i| (flow.tree[i] as u64).pow(2)).sum();
    eprintln!("solve {:?} covered {covered} score {s} squares {sq}", t1.elapsed());
}
