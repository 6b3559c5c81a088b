//! Who has the last word on a document's score.

use crate::{Document, Forward, Query, Term};

/// What a document scores in truth. The sweep promises to ask about every document that could come among the best, and tries to ask about few
/// others, the likeliest first within each block.
pub trait Judge {
    /// The most that any document may score whose Σ weight·impact is at most `sum`. Must never fall as `sum` grows.
    ///
    /// Sums that the judge makes in floating point may end above the true sum: leave room for that here.
    fn ceiling(&self, sum: f64) -> f64;

    /// The score of a document whose Σ weight·impact is at most `sum`; `None` leaves it out.
    ///
    /// What scores less than `least` comes to nothing (it is −∞ while fewer than k documents are found), so `None` may be said of it as soon
    /// as that is certain. A score must not be NaN, and not above [`Judge::ceiling`] of the document's sum.
    fn score(&mut self, document: Document, sum: f64, least: f64) -> Option<f64>;

    /// Asked for early is this document, unless others before it do better: time to have fetched from memory what is read of it first.
    fn expect(&mut self, document: Document) {
        let _ = document;
    }

    /// As [`Judge::expect`], when only a few others come before: time to have fetched the rest. `sum` and `least` as for [`Judge::score`], where `least` may
    /// have risen by then.
    fn expect_soon(&mut self, document: Document, sum: f64, least: f64) {
        let _ = (document, sum, least);
    }
}

/// How many documents come before one of which a judge is told that it is asked for soon; of the first word twice as many.
pub(crate) const SOON: usize = 4;

/// A document and its score.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Found {
    /// Which document.
    pub document: Document,
    /// What the judge said.
    pub score: f64,
}

/// The plain judge: a document scores the sum of its weighted impacts, in the order of its terms, in `f64`.
#[derive(Debug)]
pub struct Sums<'a> {
    forward: &'a Forward,
    weights: Vec<f32>,
    query: Vec<Term>,
    sieve: Sieve,
}

/// Whether a term may be one of the query's: small enough to stay in the nearest cache, where the weights of all terms do not.
#[derive(Debug)]
struct Sieve([u64; 64]);

impl Sieve {
    fn put(&mut self, term: Term) {
        self.0[term as usize / 64 % 64] |= 1 << (term % 64);
    }

    fn may_hold(&self, term: Term) -> bool {
        self.0[term as usize / 64 % 64] >> (term % 64) & 1 == 1
    }
}

impl<'a> Sums<'a> {
    /// The judge of one query over the documents of `forward`.
    ///
    /// # Panics
    ///
    /// When the query has a term that `forward` does not know: it must have been made for a sweep of these documents.
    #[must_use]
    pub fn new(forward: &'a Forward, query: &Query) -> Self {
        let mut sums =
            Self { forward, weights: vec![0.0; forward.terms()], query: Vec::new(), sieve: Sieve([0; 64]) };
        sums.turn_to(query);
        sums
    }

    /// Makes it the judge of another query, in time for the terms of both.
    ///
    /// # Panics
    ///
    /// As [`Sums::new`].
    pub fn turn_to(&mut self, query: &Query) {
        for term in self.query.drain(..) {
            self.weights[term as usize] = 0.0;
        }
        self.sieve = Sieve([0; 64]);
        for (term, weight) in query.terms() {
            self.sieve.put(term);
            self.weights[term as usize] = weight;
            self.query.push(term);
        }
    }
}

impl Judge for Sums<'_> {
    fn ceiling(&self, sum: f64) -> f64 {
        // A sum of n terms in f64 errs by less than n · 2⁻⁵³ of itself.
        sum * (1.0 + 1e-9)
    }

    fn score(&mut self, document: Document, _: f64, _: f64) -> Option<f64> {
        let impacts = self.forward.impacts(document).filter(|&(term, _)| self.sieve.may_hold(term));
        Some(impacts.map(|(term, impact)| f64::from(self.weights[term as usize]) * f64::from(impact)).sum())
    }
}
