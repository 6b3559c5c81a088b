//! Solves an instance of assignment from a file of 32-bit numbers and prints what `benches/peers/assign.sh` compares.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a measuring program")]

use std::time::Instant;

use planning::{Campaign, Candidate, Effort, Expert, Instance, Need, Ruling, Solved};

fn main() {
    let path = std::env::args().nth(1).unwrap();
    let bytes = std::fs::read(path).unwrap();
    let numbers: Vec<u32> =
        bytes.chunks_exact(4).map(|bytes| u32::from_le_bytes(bytes.try_into().unwrap())).collect();
    let (needs, experts, count) = (numbers[0], numbers[1], numbers[2] as usize);
    let column = |at: usize| &numbers[3 + at * count..3 + (at + 1) * count];
    let pair = |at: usize| Candidate {
        expert: column(1)[at].into(),
        need: column(0)[at].into(),
        score: column(2)[at],
        ruling: Ruling::Open,
    };
    let capacity = |at: u32| numbers[3 + 3 * count + at as usize];
    let instance = Instance {
        experts: (0..experts).map(|at| Expert { id: at.into(), capacity: capacity(at) }).collect(),
        needs: (0..needs).map(|at| Need { id: at.into(), least: 1, most: 1 }).collect(),
        pairs: (0..count).map(pair).collect(),
        ..Instance::default()
    };
    drop(bytes);
    let start = Instant::now();
    let campaign = Campaign::new(instance).unwrap();
    let checked = start.elapsed().as_secs_f64();
    let solved = Solved::new(campaign, Effort::default()).unwrap();
    let all = start.elapsed().as_secs_f64();
    let plan = solved.plan();
    let value = plan.value;
    println!(
        "PLANNING build {checked:.3} solve {:.3} covered {} score {} load {} optimal {}",
        all - checked,
        value.covered,
        value.score,
        value.load,
        plan.bound.optimal
    );
}
