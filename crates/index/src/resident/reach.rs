//! The question turned round: not whom an asker should have, but which askers somebody may reach who was not there the night before.
//!
//! Askers are few, and so are those who changed. What an asker's terms weigh is laid out by term; each document that is held adds its impacts to all who
//! ask for its terms, once. Σ weight·impact is a bound of what its texts may come to (`leading.rs`), likeness is bounded by the number of its passages, and
//! an asker's last place tells what they must come to. Hardly any pair is left, and these alone are scored.

use domain::Area;
use jiff::civil::Date;
use ranking::{Corpus, Weights, idf};

use super::building::NONE;
use super::judge::{Judging, ROUNDING};
use super::leading::{Impacts, most_alike};
use super::nearness::Known;
use super::{Asker, Best, Resident, Wanted, range};
use crate::pieces::mark;
use crate::{IndexError, Snapshot, Statistics};

/// Some documents of a registry in memory, and nothing else of it.
pub struct Few {
    resident: Resident,
    /// The impacts of each document's terms; they end there.
    ends: Vec<u32>,
    impacts: Vec<(u32, f32)>,
    /// How much each document's passages are alike to anything at most.
    alike: Vec<f32>,
}

/// What somebody asks for, and what must be said to have a place.
#[derive(Debug, Clone, Copy)]
pub struct Ask<'a> {
    /// Terms, by their places among all that are asked for, and weights.
    pub terms: &'a [(u32, f32)],
    /// What one of likeness is worth at most.
    pub rate: f32,
    /// The least that texts must come to ([`ranking::text_at_least`]).
    pub least_text: f64,
}

/// By the term of a document: who asks for it, and how much it weighs.
struct Asked {
    starts: Vec<u32>,
    askers: Vec<(u32, f32)>,
}

impl Few {
    /// Takes in those of these numbers (ascending) that may be proposed to anybody on the day.
    ///
    /// # Errors
    /// As [`Resident::new`].
    pub fn new(
        snapshot: &Snapshot,
        statistics: &Statistics,
        weights: &Weights,
        date: Date,
        numbers: &[u64],
    ) -> Result<Self, IndexError> {
        let resident = Resident::of(snapshot, statistics, weights, date, numbers)?;
        let texts = &resident.texts;
        let reading = Impacts::new(texts, &resident.terms, statistics, weights, &resident.saturations);
        let (mut ends, mut impacts, mut alike, mut own) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for document in 0..resident.len() {
            reading.read(document, 0..resident.terms.len() as u32, &mut own);
            impacts.append(&mut own);
            ends.push(impacts.len() as u32);
            alike.push(most_alike(&weights.pieces, range(&texts.passages, document).len()));
        }
        Ok(Self { ends, impacts, alike, resident })
    }

    /// The best of these numbers, each looked at, best first.
    pub fn best(&self, asker: Asker<'_>, corpus: &Corpus, numbers: &[u64], wanted: Wanted) -> Vec<Best<'_>> {
        let mut judging = Judging::new(&self.resident, asker, corpus, Known::default());
        let documents = numbers.iter().filter_map(|number| self.resident.place(*number));
        let found = judging.each(documents, wanted);
        let (told, _) = judging.told();
        self.resident.told(found, &told)
    }

    /// For each of these askers the numbers, ascending, of those who may come to what it asks for at least: nobody else does. `terms` are all that is asked for.
    pub fn reached(&self, terms: &[Box<str>], asks: &[Ask<'_>]) -> Vec<Vec<u64>> {
        let asked = self.asked(terms, asks);
        let mut reached = vec![Vec::new(); asks.len()];
        let mut sums = vec![0.0_f32; asks.len()];
        for (document, (&number, &alike)) in self.resident.numbers.iter().zip(&self.alike).enumerate() {
            sums.fill(0.0);
            for &(term, impact) in &self.impacts[range(&self.ends, document)] {
                for &(ask, weight) in asked.of(term) {
                    sums[ask as usize] += weight * impact;
                }
            }
            for (at, ask) in asks.iter().enumerate() {
                let text = f64::from(sums[at]) + f64::from(ask.rate * alike);
                // Who shares no term is not proposed.
                if sums[at] > 0.0 && text * (1.0 + ROUNDING) >= ask.least_text {
                    reached[at].push(number);
                }
            }
        }
        reached
    }

    fn asked(&self, terms: &[Box<str>], asks: &[Ask<'_>]) -> Asked {
        let mut stand: Vec<Option<Standing>> = vec![None; terms.len()];
        let mut entries: Vec<(u32, (u32, f32))> = Vec::new();
        for (ask, at) in asks.iter().zip(0..) {
            for &(term, weight) in ask.terms {
                let place = term as usize;
                let standing = *stand[place].get_or_insert_with(|| self.standing(&terms[place]));
                if standing.own != NONE {
                    entries.push((standing.own, (at, weight)));
                }
                if let Some((other, ratio)) = standing.stand_in {
                    entries.push((other, (at, weight * ratio)));
                }
            }
        }
        let mut starts = vec![0_u32; self.resident.terms.len() + 1];
        entries.iter().for_each(|(term, _)| starts[*term as usize + 1] += 1);
        for at in 1..starts.len() {
            starts[at] += starts[at - 1];
        }
        let (mut next, mut askers) = (starts.clone(), vec![(0, 0.0); entries.len()]);
        for (term, asker) in entries {
            askers[next[term as usize] as usize] = asker;
            next[term as usize] += 1;
        }
        Asked { starts, askers }
    }

    /// Where a term stands here, and where another one whose evidence counts as its own.
    fn standing(&self, term: &str) -> Standing {
        let resident = &self.resident;
        let own = resident.terms.find(term);
        let other = resident.marked.get(&mark(term)).copied().filter(|other| own != Some(*other));
        let stand_in = other.map(|other| {
            let documents = resident.statistics.documents();
            let idf = |term: &str| idf(resident.statistics.frequencies(term)[Area::Evidence], documents);
            (other, (idf(term) / idf(resident.terms.term(other))).max(1.0))
        });
        Standing { own: own.unwrap_or(NONE), stand_in }
    }
}

#[derive(Clone, Copy)]
struct Standing {
    own: u32,
    stand_in: Option<(u32, f32)>,
}

impl Asked {
    fn of(&self, term: u32) -> &[(u32, f32)] {
        let at = term as usize;
        &self.askers[self.starts[at] as usize..self.starts[at + 1] as usize]
    }
}
