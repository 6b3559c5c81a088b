//! By what numbers a registry in memory knows the terms that are asked for.

use std::sync::Arc;

use ranking::Query;
use text::Lexicon;

use super::Resident;
use crate::facing::Facing;
use crate::meaning::Meaning;
use crate::pieces::mark;

/// A term's numbers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Numbers {
    /// Its own in the registry.
    pub(super) own: Option<u32>,
    /// That of the term which stands for its mark in pieces of evidence.
    pub(super) stand_in: Option<u32>,
    /// That of its vector.
    pub(super) vector: Option<u32>,
}

impl Resident {
    /// The numbers of each term of a query.
    pub(super) fn numbers(&self, query: &Query) -> Vec<Numbers> {
        let known = self
            .asked
            .as_ref()
            .and_then(|asked| asked.of(query, |terms| self.numbers_of(terms.iter().copied())));
        known.unwrap_or_else(|| self.numbers_of(query.terms.iter().map(|term| &*term.text)))
    }

    /// Looks up the terms of those who ask, if it is known who they are.
    pub(super) fn face_askers(&mut self) {
        let known = |askers: &Arc<Lexicon>| Facing::new(askers, self.numbers_of(askers.iter()));
        self.asked = self.statistics.askers().map(known);
    }

    fn numbers_of<'t>(&self, terms: impl Iterator<Item = &'t str> + Clone) -> Vec<Numbers> {
        let own = self.terms.find_each(terms.clone());
        let vectors = match self.snapshot.0.meaning() {
            Some(Meaning::Terms(vectors)) => vectors.numbers(terms.clone()),
            Some(Meaning::Model(_)) | None => vec![None; own.len()],
        };
        let stand_in = |term: &str| self.marked.get(&mark(term)).copied();
        let numbers = |((own, vector), term)| Numbers { own, vector, stand_in: stand_in(term) };
        own.into_iter().zip(vectors).zip(terms).map(numbers).collect()
    }
}
