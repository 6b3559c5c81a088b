//! Counts in how many texts each term stands, for `data/background/terms.tsv`.
//!
//! ```sh
//! zcat papers.jsonl.gz | cargo run --release -p text --example background > data/background/terms.tsv
//! ```
//! Reads JSON Lines with an `abstract`; writes the number of texts, then every term of at least three of them.
#![allow(clippy::print_stdout, clippy::expect_used, reason = "a tool for developers")]

use std::collections::{BTreeMap, HashSet};
use std::io::{self, BufRead};

use text::{Analyzer, Dictionaries, TokenKind};

const FEWEST: u32 = 3;

fn main() -> io::Result<()> {
    let analyzer = Analyzer::new(&Dictionaries::builtin()).expect("the built-in dictionaries are sound");
    let mut holders: BTreeMap<String, u32> = BTreeMap::new();
    let mut texts = 0_u32;
    for line in io::stdin().lock().lines() {
        let paper: serde_json::Value = serde_json::from_str(&line?)?;
        let Some(text) = paper["abstract"].as_str().filter(|text| !text.is_empty()) else { continue };
        texts += 1;
        let counted = [TokenKind::Unigram, TokenKind::Bigram, TokenKind::Latin];
        let terms: HashSet<String> = analyzer
            .tokens(text)
            .into_iter()
            .filter(|token| counted.contains(&token.kind))
            .map(|token| token.text)
            .collect();
        terms.into_iter().for_each(|term| *holders.entry(term).or_default() += 1);
    }
    println!(
        "# Number of texts, then terms and how many of the texts hold them: abstracts of Chinese papers, ChinaXiv 2016-2022 (CC BY 4.0)."
    );
    println!("{texts}");
    for (term, count) in holders.iter().filter(|(_, count)| **count >= FEWEST) {
        println!("{term}\t{count}");
    }
    Ok(())
}
