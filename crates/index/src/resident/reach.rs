//! The question turned round: not whom an asker should have, but which askers somebody may reach who was not there the night before.
//!
//! Askers are few, and so are those who changed. What an asker's terms weigh is laid out by term; each document that is held adds its impacts to all who
//! ask for its terms, once. Σ weight·impact is a bound of what its texts may come to (`leading.rs`), likeness is bounded by the number of its passages, and
//! an asker's last place tells what they must come to. Hardly any pair is left, and these alone are scored.

use std::borrow::Cow;
use std::sync::{PoisonError, RwLock};

use domain::{Area, Attributes};
use jiff::civil::Date;
use ranking::{Areas, Weights, idf};
use text::Lexicon;
use vectors::Direction;

use super::building::{self, NONE};
use super::holding::Holding;
use super::judge::{Judging, ROUNDING, Sought};
use super::leading::{self, Impacts, most_alike};
use super::nearness::Known;
use super::numbers::Numbers;
use super::{Best, Resident, Wanted, range};
use crate::pieces::mark;
use crate::snapshot::View;
use crate::{IndexError, Snapshot, Statistics};

/// Some documents of a registry in memory, and nothing else of it.
pub struct Few {
    resident: Resident,
    /// The impacts of each document's terms; they end there.
    ends: Vec<u32>,
    impacts: Vec<(u32, f32)>,
    /// How much each document's passages are alike to anything at most.
    alike: Vec<f32>,
    /// What is known of the terms that were asked for so far.
    met: RwLock<Met>,
}

/// Of the terms that are asked for, by their places among all, where each stands: what is asked for by many is looked up once.
#[derive(Default)]
struct Met {
    /// By the term's place: which of those that stand somewhere, or [`NONE`].
    places: Vec<u32>,
    standings: Vec<Standing>,
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

/// Somebody who may come to what an asker asks for at least.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reached {
    /// Its number.
    pub number: u64,
    /// More than this its texts do not come to.
    pub most_text: f64,
}

/// Somebody who asks, of whom all is known by numbers.
#[derive(Debug, Clone, Copy)]
pub struct Heard<'a> {
    /// What is compared beside the texts.
    pub attributes: &'a Attributes,
    /// Terms of the query in its order, by their places among all that are asked for, and weights.
    pub terms: &'a [(u32, f32)],
    /// As [`ranking::Query::grounds`] has them.
    pub grounds: &'a [&'a [u32]],
    /// Where it points: [`Snapshot::direction`].
    pub direction: Option<&'a Direction>,
    /// As [`ranking::Corpus::ideal`] has it.
    pub ideal: f32,
    /// What one of likeness is worth: [`Snapshot::rate`].
    pub rate: f32,
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
        // Single documents are asked for: nobody leads to them.
        let lead = |impacts: &Impacts<'_>| Ok((leading::to_nobody()?, impacts.of_each()));
        let build =
            |view: &View| building::build(snapshot, view, statistics, weights, date, Some(numbers), lead);
        let (resident, (ends, impacts)) = snapshot.0.answer(build)?;
        let passages = |document| range(&resident.texts.passages, document).len();
        let alike = (0..resident.len()).map(|document| most_alike(&weights.pieces, passages(document)));
        let alike = alike.collect();
        Ok(Self { ends, impacts, alike, resident, met: RwLock::default() })
    }

    /// The best of those who were [`Self::reached`], best first.
    pub fn best(&self, heard: &Heard<'_>, reached: &[Reached], wanted: Wanted) -> Vec<Best<'_>> {
        let mut judging = Judging::of(&self.resident, self.sought(heard), Known::default());
        let place = |one: &Reached| Some((self.resident.place(one.number)?, one.most_text));
        let found = judging.each(reached.iter().filter_map(place), wanted);
        let (told, _) = judging.told();
        self.resident.told(found, &told)
    }

    /// Terms that nobody who is held holds are nowhere met with, so nothing is said of them.
    fn sought<'a>(&self, heard: &Heard<'a>) -> Sought<'a> {
        let all = heard.terms.len();
        let mut numbers = vec![Numbers { own: None, stand_in: None, vector: None }; all];
        let mut factors: Areas<Vec<f32>> = Areas::from_fn(|_| vec![0.0; all]);
        let met = self.met.read().unwrap_or_else(PoisonError::into_inner);
        for (at, &(term, weight)) in heard.terms.iter().enumerate() {
            let Some(standing) = met.of(term) else { continue };
            let number = |number| Some(number).filter(|number| *number != NONE);
            (numbers[at].own, numbers[at].stand_in) = (number(standing.own), number(standing.stand_in));
            Area::ALL.iter().for_each(|&area| factors[area][at] = weight * standing.idfs[area]);
        }
        Sought {
            attributes: heard.attributes,
            numbers,
            factors,
            holding: Holding::new(heard.grounds.iter().copied(), all),
            direction: heard.direction.map(Cow::Borrowed),
            ideal: heard.ideal,
            rate: heard.rate,
        }
    }

    /// For each of these askers those, by number, who may come to what it asks for at least: nobody else does. `terms` are all that is asked for; whoever asks
    /// again knows the same, and more behind them at most.
    pub fn reached(&self, terms: &Lexicon, asks: &[Ask<'_>]) -> Vec<Vec<Reached>> {
        self.meet(terms);
        let asked = self.asked(asks);
        let mut reached = vec![Vec::new(); asks.len()];
        let mut sums = vec![0.0_f32; asks.len()];
        for (document, (&number, &alike)) in self.resident.numbers.iter().zip(&self.alike).enumerate() {
            sums.fill(0.0);
            for &(term, impact) in &self.impacts[range(&self.ends, document)] {
                for &(ask, weight) in asked.of(term) {
                    sums[ask as usize] += weight * impact;
                }
            }
            for ((ask, &sum), reached) in asks.iter().zip(&sums).zip(&mut reached) {
                let most_text = (f64::from(sum) + f64::from(ask.rate * alike)) * (1.0 + ROUNDING);
                // Who shares no term is not proposed.
                if sum > 0.0 && most_text >= ask.least_text {
                    reached.push(Reached { number, most_text });
                }
            }
        }
        reached
    }

    fn asked(&self, asks: &[Ask<'_>]) -> Asked {
        let met = self.met.read().unwrap_or_else(PoisonError::into_inner);
        let mut entries: Vec<(u32, (u32, f32))> = Vec::new();
        for (ask, at) in asks.iter().zip(0..) {
            for &(term, weight) in ask.terms {
                let Some(standing) = met.of(term) else { continue };
                if standing.own != NONE {
                    entries.push((standing.own, (at, weight)));
                }
                if standing.stand_in != NONE && standing.stand_in != standing.own {
                    entries.push((standing.stand_in, (at, weight * standing.ratio)));
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

    /// Looks up those of these terms that were not asked for before.
    fn meet(&self, terms: &Lexicon) {
        let mut met = self.met.write().unwrap_or_else(PoisonError::into_inner);
        for term in met.places.len()..terms.len() {
            let standing = self.standing(terms.term(term as u32));
            let place = standing.as_ref().map_or(NONE, |_| met.standings.len() as u32);
            met.places.push(place);
            met.standings.extend(standing);
        }
    }

    /// Where a term stands here, and which one's evidence counts as its own; `None` where nobody holds it.
    fn standing(&self, term: &str) -> Option<Standing> {
        let resident = &self.resident;
        let own = resident.terms.find(term).unwrap_or(NONE);
        let stand_in = resident.marked.get(&mark(term)).copied().unwrap_or(NONE);
        if own == NONE && stand_in == NONE {
            return None;
        }
        let statistics = &resident.statistics;
        let ratio = if stand_in == NONE || stand_in == own {
            1.0
        } else {
            let idf = |term: &str| idf(statistics.frequencies(term)[Area::Evidence], statistics.documents());
            (idf(term) / idf(resident.terms.term(stand_in))).max(1.0)
        };
        Some(Standing { own, stand_in, ratio, idfs: statistics.idfs(term) })
    }
}

#[derive(Clone, Copy)]
struct Standing {
    own: u32,
    /// The term that stands for its mark in pieces of evidence: as a rule itself.
    stand_in: u32,
    /// By how much more it tells in evidence than the one that stands for it.
    ratio: f32,
    idfs: Areas<f32>,
}

impl Met {
    fn of(&self, term: u32) -> Option<&Standing> {
        let place = *self.places.get(term as usize)?;
        self.standings.get(place as usize)
    }
}

impl Asked {
    fn of(&self, term: u32) -> &[(u32, f32)] {
        let at = term as usize;
        &self.askers[self.starts[at] as usize..self.starts[at + 1] as usize]
    }
}
