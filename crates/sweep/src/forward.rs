//! Documents as lists of terms: what a sweep is built from, and what tells a document's exact sum.

use crate::{BuildError, Builder, Document, Order, Sweep, Term};

/// The terms of each document and their impacts, eight bytes for each.
#[derive(Debug, Clone)]
pub struct Forward {
    starts: Vec<usize>,
    postings: Vec<(Term, f32)>,
    terms: usize,
}

/// So many postings are turned from documents to terms at once.
const TURNED_AT_ONCE: usize = 1 << 24;

impl Forward {
    /// Without documents yet, for terms from 0 to less than `terms`.
    #[must_use]
    pub fn new(terms: usize) -> Self {
        Self { starts: vec![0], postings: Vec::new(), terms }
    }

    /// The next document: its terms in any order, each once.
    ///
    /// # Errors
    ///
    /// [`BuildError::UnknownTerm`] when there is no such term. What else is wrong with it is said when it is built from.
    pub fn push(&mut self, terms: &[(Term, f32)]) -> Result<Document, BuildError> {
        let document = self.documents();
        if let Some(&(term, _)) = terms.iter().find(|(term, _)| *term as usize >= self.terms) {
            return Err(BuildError::UnknownTerm(term, document));
        }
        self.postings.extend_from_slice(terms);
        self.starts.push(self.postings.len());
        Ok(document)
    }

    /// How many documents there are.
    #[must_use]
    pub fn documents(&self) -> Document {
        (self.starts.len() - 1) as Document
    }

    /// How many terms there may be.
    #[must_use]
    pub fn terms(&self) -> usize {
        self.terms
    }

    /// The terms of a document and their impacts, in the order in which they were given.
    ///
    /// # Panics
    ///
    /// When there is no such document.
    pub fn impacts(&self, document: Document) -> impl Iterator<Item = (Term, f32)> + '_ {
        let document = document as usize;
        self.postings[self.starts[document]..self.starts[document + 1]].iter().copied()
    }

    /// Bytes that it holds.
    #[must_use]
    pub fn memory(&self) -> u64 {
        (size_of_val(&*self.starts) + size_of_val(&*self.postings)) as u64
    }
}

impl Sweep {
    /// Builds a sweep of all documents, alike ones side by side. Besides both it holds at most some 16 million postings, or one term's.
    ///
    /// # Errors
    ///
    /// A [`BuildError`] when the postings cannot be.
    pub fn from_forward(forward: &Forward) -> Result<Self, BuildError> {
        let order =
            Order::alike(forward.documents(), |document, terms| terms.extend(forward.impacts(document)));
        let mut builder = Builder::ordered(order)?;
        let mut ends = vec![0; forward.terms];
        for &(term, _) in &forward.postings {
            ends[term as usize] += 1;
        }
        let mut first = 0;
        while first < forward.terms {
            let mut turned = 0;
            let fits = ends[first..].iter().take_while(|&&count| {
                turned += count;
                turned <= TURNED_AT_ONCE
            });
            let next = first + fits.count().max(1);
            for postings in forward.turn(first..next, &ends[first..next]) {
                builder.term(&postings)?;
            }
            first = next;
        }
        Ok(builder.finish())
    }
}

impl Forward {
    /// The postings of a range of terms, of which each has so many.
    fn turn(&self, terms: std::ops::Range<usize>, counts: &[usize]) -> Vec<Vec<(Document, f32)>> {
        let mut turned: Vec<_> = counts.iter().map(|&count| Vec::with_capacity(count)).collect();
        for document in 0..self.documents() {
            for (term, impact) in self.impacts(document) {
                if terms.contains(&(term as usize)) {
                    turned[term as usize - terms.start].push((document, impact));
                }
            }
        }
        turned
    }
}
