//! The terms of some documents alone, read in one walk through the segments that hold one of them: what changed since the night before lies in small ones
//! for the most part, so it is taken into memory without the rest of the registry.

use rustc_hash::FxHashMap;
use text::Lexicon;

use super::OWN;
use super::building::{Dictionary, NONE};
use super::runs::Runs;
use crate::IndexError;
use crate::pieces::mark;
use crate::postings::{TextField, for_each_term};

/// A term in a text of a document, and how often it stands there.
type Occurrence = (u32, u32, u32);

/// The terms that these documents hold, and those of each; `places` tells the number of a place's document.
pub(super) fn read(
    fields: &[TextField<'_>],
    places: &[u32],
    documents: usize,
) -> Result<(Dictionary, [Runs; OWN]), IndexError> {
    let mut terms = Lexicon::default();
    let mut own: [Vec<Occurrence>; OWN] = Default::default();
    // Who holds a term in evidence; by the terms' numbers, as they come.
    let mut evidence: Vec<(u32, u32)> = Vec::new();
    let mut number = 0;
    for_each_term(fields, |term, standings| {
        let mut held = false;
        for standing in standings {
            fields[standing.field].for_each_posting(standing, |place, frequency| {
                let document = places[place];
                if document == NONE {
                    return;
                }
                held = true;
                match own.get_mut(standing.field) {
                    Some(own) => own.push((document, number, frequency)),
                    None => evidence.push((number, document)),
                }
            })?;
        }
        if held {
            terms.push(term);
            number += 1;
        }
        Ok(())
    })?;
    terms.finish();
    let (marked, confusable) = marks(&terms, &evidence);
    Ok((Dictionary { terms, marked, confusable }, own.map(|own| runs(own, documents))))
}

/// By mark the term of evidence that stands for it; and whoever holds a term whose mark stands for another.
fn marks(terms: &Lexicon, evidence: &[(u32, u32)]) -> (FxHashMap<u32, u32>, FxHashMap<u32, Vec<u32>>) {
    let mut marked = FxHashMap::default();
    for same in evidence.chunk_by(|one, other| one.0 == other.0) {
        marked.entry(mark(terms.term(same[0].0))).or_insert(same[0].0);
    }
    let mut confusable = FxHashMap::default();
    let holders = |number: u32| {
        let from = evidence.partition_point(|(other, _)| *other < number);
        let same = evidence[from..].iter().take_while(|(other, _)| *other == number);
        let mut holders: Vec<u32> = same.map(|(_, document)| *document).collect();
        holders.sort_unstable();
        holders
    };
    for number in 0..terms.len() as u32 {
        let first = marked.get(&mark(terms.term(number)));
        if let Some(&first) = first.filter(|first| **first != number) {
            confusable.insert(first, holders(first));
            confusable.insert(number, holders(number));
        }
    }
    (marked, confusable)
}

/// The terms of each document, ascending, each as often as it stands there.
fn runs(mut own: Vec<Occurrence>, documents: usize) -> Runs {
    own.sort_unstable();
    let mut runs = Runs { ends: Vec::with_capacity(documents), terms: Vec::new() };
    let mut rest = own.into_iter().peekable();
    for document in 0..documents as u32 {
        while let Some((_, term, frequency)) = rest.next_if(|(holder, ..)| *holder == document) {
            runs.terms.extend(std::iter::repeat_n(term, frequency as usize));
        }
        runs.ends.push(runs.terms.len() as u32);
    }
    runs
}
