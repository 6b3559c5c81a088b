//! How rare the terms of the asking side are among its peers: the registry that it stands in.

use std::sync::Arc;

use domain::Area;
use ranking::{Areas, Rarity, Weights, rarities};
use text::{Background, Lexicon};

use crate::statistics::at_least_one;
use crate::{IndexError, Snapshot, Statistics};

/// What terms are weighed by.
#[derive(Clone, Copy)]
pub enum Counts<'a> {
    /// The registry as it is.
    Live(&'a Snapshot),
    /// As it was when the statistics were taken.
    Frozen(&'a Statistics),
    /// The same, got ready for many who ask.
    Known(&'a Peers),
}

impl Counts<'_> {
    /// How rare each of `terms` is.
    ///
    /// # Errors
    /// When the index cannot be read.
    pub fn rarities(self, terms: &[&str], weights: &Weights) -> Result<Vec<Rarity>, IndexError> {
        match self {
            Self::Live(snapshot) => {
                let held = terms.iter().map(|term| live(snapshot, term)).collect::<Result<Vec<_>, _>>()?;
                Ok(rarities(terms, &held, snapshot.len(), weights))
            }
            Self::Frozen(statistics) => {
                let held = statistics.frequencies_of(terms.iter().copied());
                Ok(rarities(terms, &held, statistics.documents(), weights))
            }
            Self::Known(peers) => Ok(peers.rarities(terms)),
        }
    }
}

fn live(snapshot: &Snapshot, term: &str) -> Result<Areas<u64>, IndexError> {
    let mut frequencies = Areas::default();
    for area in Area::ALL {
        frequencies[area] = at_least_one(snapshot.document_frequency(area, term)?);
    }
    Ok(frequencies)
}

/// The rarities of all terms that more than one record of a registry holds, told once for many who ask.
pub struct Peers {
    documents: u64,
    weights: Weights,
    terms: Arc<Lexicon>,
    /// By the term's number.
    rarities: Vec<Rarity>,
}

impl Peers {
    /// Of a registry that has these statistics.
    #[must_use]
    pub fn new(statistics: &Statistics, weights: &Weights) -> Self {
        let (documents, terms) = (statistics.documents(), statistics.terms().clone());
        let names: Vec<&str> = terms.iter().collect();
        let held = statistics.frequencies_of(names.iter().copied());
        let told = rarities(&names, &held, documents, weights);
        let numbered = |(rarity, number): (Rarity, u32)| Rarity { number: Some(number), ..rarity };
        let rarities = told.into_iter().zip(0..).map(numbered).collect();
        Self { documents, weights: *weights, terms, rarities }
    }

    /// How rare each of `terms` is, and its number.
    #[must_use]
    pub fn rarities(&self, terms: &[&str]) -> Vec<Rarity> {
        let numbers = self.terms.find_each(terms.iter().copied());
        let unknown = terms.iter().zip(&numbers).filter(|(_, number)| number.is_none());
        let held = Areas::from_fn(|_| at_least_one(0));
        let other = |prose| Rarity::new(&held, self.documents, prose, &self.weights);
        let mut others = Background::builtin().rarities(unknown.map(|(term, _)| *term)).map(other);
        let known = |number: Option<u32>| match number {
            Some(number) => Some(self.rarities[number as usize]),
            None => others.next(),
        };
        let mut rarities = Vec::with_capacity(terms.len());
        rarities.extend(numbers.iter().copied().filter_map(known));
        rarities
    }

    /// The terms by whose numbers rarities go.
    #[must_use]
    pub fn terms(&self) -> &Arc<Lexicon> {
        &self.terms
    }
}
