//! Learns the vectors that come with the program, `data/vectors/papers.bin`, from papers.
//!
//! ```sh
//! zcat papers.jsonl.gz | cargo run --release -p vectors --example papers -- data/vectors/papers.bin
//! ```
//! Reads JSON Lines with `title`, `abstract`, `keywords` (a list) and `clc` (a class of the Chinese Library Classification). What belongs together: a title and
//! each sentence of its abstract, a title and its keywords, titles of one class. The same papers give the same bytes.
#![allow(clippy::print_stdout, clippy::print_stderr, clippy::expect_used, reason = "a tool for developers")]

use std::collections::BTreeMap;
use std::io::{self, BufRead};

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use text::{Analyzer, Dictionaries};
use vectors::{Lessons, Reader, Settings, TextId, learn};

/// Characters of an abstract that are read.
const ABSTRACT: usize = 1_500;
/// Titles of the same class that a title is paired with; the class is told by so many letters, and by no fewer.
const SAME_CLASS: usize = 3;
const CLASS: usize = 4;
const SHORTEST_CLASS: usize = 3;

fn main() -> io::Result<()> {
    let path = std::env::args().nth(1).expect("where to write the vectors");
    let analyzer = Analyzer::new(&Dictionaries::builtin()).expect("the built-in dictionaries are sound");
    let mut reader = Reader::new(&analyzer);
    let mut lessons = Lessons::default();
    let mut classes: BTreeMap<String, Vec<TextId>> = BTreeMap::new();
    let mut group = 0;
    for line in io::stdin().lock().lines() {
        let paper: serde_json::Value = serde_json::from_str(&line?)?;
        let text = |name: &str| paper[name].as_str().unwrap_or_default().to_owned();
        let summary: String = text("abstract").chars().take(ABSTRACT).collect();
        let title = lessons.text(&reader.read(&text("title")), false);
        lessons.text(&reader.read(&summary), false);
        group += 1;
        for sentence in vectors::sentences(&summary) {
            let sentence = lessons.text(&reader.read(sentence), true);
            lessons.pair(title, sentence, group);
        }
        let keywords: Vec<&str> =
            paper["keywords"].as_array().into_iter().flatten().filter_map(|k| k.as_str()).collect();
        if !keywords.is_empty() {
            let keywords = lessons.text(&reader.read(&keywords.join(" ")), true);
            lessons.pair(title, keywords, group);
        }
        let class: String = text("clc").trim().chars().take(CLASS).collect();
        if class.chars().count() >= SHORTEST_CLASS {
            classes.entry(class).or_default().push(title);
        }
    }
    let mut random = StdRng::seed_from_u64(1);
    for titles in classes.values() {
        for &title in titles {
            for _ in 0..SAME_CLASS {
                group += 1;
                let other = titles[random.random_range(0..titles.len())];
                if other != title {
                    lessons.pair(title, other, group);
                }
            }
        }
    }
    let settings = Settings {
        steps: 900,
        rounds: f32::INFINITY,
        fewest_holders: 8,
        dropped: 0.8,
        ..Settings::default()
    };
    eprintln!("{} texts, {} pairs", lessons.texts(), lessons.pairs());
    let vectors = learn(&lessons, None, &settings, |done, all| {
        if done % 100 == 0 {
            eprintln!("{done} of {all}");
        }
    });
    let vectors = vectors.expect("papers enough");
    println!("{} terms, {} dimensions", vectors.len(), vectors.dimensions());
    std::fs::write(path, vectors.to_bytes())
}
