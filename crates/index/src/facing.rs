//! What a registry knows of the terms of those who ask it, looked up beforehand. Askers' terms are few beside a registry's own, most of what an asker says
//! others of its registry say too, and a night asks for thousands: so a need's terms are looked up once, and from then on told by number.

use std::sync::Arc;

use ranking::Query;
use text::Lexicon;

/// What is known of each term of a lexicon.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Facing<T> {
    askers: Arc<Lexicon>,
    /// By the term's number.
    known: Arc<[T]>,
}

impl<T: Copy> Facing<T> {
    /// `known` tells of the terms of those who ask, in their order.
    pub(crate) fn new(askers: &Arc<Lexicon>, known: Vec<T>) -> Self {
        debug_assert_eq!(askers.len(), known.len());
        Self { askers: askers.clone(), known: known.into() }
    }

    pub(crate) fn askers(&self) -> &Arc<Lexicon> {
        &self.askers
    }

    /// What is known of each of a query's terms; `others` tells of those that no two of its peers say. Nothing when the query does not go by these terms.
    pub(crate) fn of(&self, query: &Query, others: impl Fn(&[&str]) -> Vec<T>) -> Option<Vec<T>> {
        query.peers.as_ref().filter(|peers| Arc::ptr_eq(peers, &self.askers))?;
        let without_number = query.terms.iter().filter(|term| term.number.is_none());
        let without_number: Vec<&str> = without_number.map(|term| &*term.text).collect();
        let mut others = others(&without_number).into_iter();
        let mut known = Vec::with_capacity(query.terms.len());
        for term in &query.terms {
            known.push(match term.number {
                Some(number) => self.known[number as usize],
                None => others.next()?,
            });
        }
        Some(known)
    }
}
