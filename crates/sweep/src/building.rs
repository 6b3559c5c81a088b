//! Builds a [`Sweep`], one term after the other: besides what it builds it holds one term's postings and the order of the documents.

use crate::layout::{BLOCK, DENSE_FROM, DOCUMENTS_MOST, Piece, Start};
use crate::{Document, Order, Sweep, Term};

/// Takes the postings of one term after the other.
#[derive(Debug)]
pub struct Builder {
    sweep: Sweep,
    /// The place of each document.
    places: Vec<u32>,
    /// The postings of a term by place.
    sorted: Vec<(u32, f32)>,
}

/// Why something cannot be built of these postings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BuildError {
    /// Documents are numbered from 0 to less than their number.
    #[error("term {0} has document {1}, which is not among the documents")]
    UnknownDocument(Term, Document),
    /// Terms are numbered from 0 to less than their number.
    #[error("document {1} has term {0}, which is not among the terms")]
    UnknownTerm(Term, Document),
    /// An impact is negative, infinite or not a number.
    #[error("the impact of term {0} in document {1} is no finite number ≥ 0")]
    BadImpact(Term, Document),
    /// A term has a document twice, or a document a term.
    #[error("term {0} has document {1} twice")]
    Twice(Term, Document),
    /// In an order each document stands once.
    #[error("document {0} is not among the documents, or stands in their order twice")]
    NoOrder(Document),
    /// More documents than a sweep can number.
    #[error("{0} documents are more than {DOCUMENTS_MOST}")]
    TooManyDocuments(usize),
    /// More postings than a sweep can number.
    #[error("term {0} brings more postings than a sweep can hold")]
    TooManyPostings(Term),
}

impl Builder {
    /// For so many documents, which lie in the order of their numbers.
    ///
    /// # Errors
    ///
    /// [`BuildError::TooManyDocuments`] above 268,435,456.
    pub fn new(documents: Document) -> Result<Self, BuildError> {
        Self::ordered(Order::new((0..documents).collect())?)
    }

    /// For as many documents as there are in an order, which lie in it.
    ///
    /// # Errors
    ///
    /// [`BuildError::TooManyDocuments`] above 268,435,456.
    pub fn ordered(order: Order) -> Result<Self, BuildError> {
        let places = order.places();
        let documents = order.into_documents();
        if documents.len() > DOCUMENTS_MOST {
            return Err(BuildError::TooManyDocuments(documents.len()));
        }
        let sweep = Sweep {
            documents,
            starts: vec![Start::default()],
            pieces: Vec::new(),
            sparse: Vec::new(),
            dense: Vec::new(),
            postings: 0,
        };
        Ok(Self { sweep, places, sorted: Vec::new() })
    }

    /// The next term: its documents in any order, each once, and its impact in each. An impact of 0 is no posting. A term without documents
    /// is a term still.
    ///
    /// # Errors
    ///
    /// A [`BuildError`] when the postings cannot be; the builder is then as it was.
    pub fn term(&mut self, postings: &[(Document, f32)]) -> Result<Term, BuildError> {
        let term = self.sweep.terms();
        self.sort(term, postings)?;
        let highest = self.sorted.iter().map(|&(_, impact)| impact).fold(0.0, f32::max);
        let scale = scale(highest);
        for block in self.sorted.chunk_by(|one, other| block_of(one.0) == block_of(other.0)) {
            self.sweep.append(block, scale);
        }
        self.sweep.postings += self.sorted.len() as u64;
        let last = self.sweep.starts.len() - 1;
        self.sweep.starts[last].scale = scale;
        let end = self.sweep.end().ok_or(BuildError::TooManyPostings(term))?;
        self.sweep.starts.push(end);
        Ok(term)
    }

    /// What was built.
    #[must_use]
    pub fn finish(mut self) -> Sweep {
        self.sweep.starts.shrink_to_fit();
        self.sweep.pieces.shrink_to_fit();
        self.sweep.sparse.shrink_to_fit();
        self.sweep.dense.shrink_to_fit();
        self.sweep
    }

    fn sort(&mut self, term: Term, postings: &[(Document, f32)]) -> Result<(), BuildError> {
        self.sorted.clear();
        for &(document, impact) in postings {
            let place =
                *self.places.get(document as usize).ok_or(BuildError::UnknownDocument(term, document))?;
            if !(impact.is_finite() && impact >= 0.0) {
                return Err(BuildError::BadImpact(term, document));
            }
            if impact > 0.0 {
                self.sorted.push((place, impact));
            }
        }
        self.sorted.sort_unstable_by_key(|&(place, _)| place);
        match self.sorted.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            Some(pair) => Err(BuildError::Twice(term, self.sweep.documents[pair[0].0 as usize])),
            None => Ok(()),
        }
    }
}

fn block_of(place: u32) -> usize {
    place as usize / BLOCK
}

/// What a quantum is worth so that 255 of them are at least `highest`.
fn scale(highest: f32) -> f32 {
    let scale = highest / 255.0;
    if f64::from(scale) * 255.0 < f64::from(highest) { scale.next_up() } else { scale }
}

/// How many quanta are at least the impact: from 1 to 255.
fn quantise(impact: f32, scale: f32) -> u8 {
    // The quotient of two f32 in f64 is rounded so little that only a whole number can be missed by it.
    let quanta = (f64::from(impact) / f64::from(scale)).ceil();
    let short = quanta * f64::from(scale) < f64::from(impact);
    (quanta + f64::from(u8::from(short))).clamp(1.0, 255.0) as u8
}

impl Sweep {
    /// Appends what a term has in one block.
    fn append(&mut self, postings: &[(u32, f32)], scale: f32) {
        let quantised =
            postings.iter().map(|&(place, impact)| (place as usize % BLOCK, quantise(impact, scale)));
        let dense = postings.len() * DENSE_FROM >= BLOCK;
        let mut most = 0;
        let mut row = [0; BLOCK];
        for (place, quantum) in quantised {
            most = most.max(quantum);
            if dense {
                row[place] = quantum;
            } else {
                let [low, high] = (place as u16).to_le_bytes();
                self.sparse.push([low, high, quantum]);
            }
        }
        if dense {
            self.dense.push(row);
        }
        let sparse = if dense { 0 } else { postings.len() as u16 };
        self.pieces.push(Piece { block: block_of(postings[0].0) as u16, sparse, most });
    }

    /// Where the next term begins, while 32 bits can say it.
    fn end(&self) -> Option<Start> {
        let number = |length: usize| u32::try_from(length).ok();
        let (piece, sparse) = (number(self.pieces.len())?, number(self.sparse.len())?);
        Some(Start { scale: 0.0, piece, sparse, dense: number(self.dense.len())? })
    }
}

#[cfg(test)]
mod tests {
    //! Property: a quantum's worth times the quanta is at least the impact, and one quantum less would not be.
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn quanta_bound_impacts_closely(highest in 1e-30_f32..1e30, part in 0.0_f32..=1.0) {
            let scale = scale(highest);
            let impact = (highest * part).max(f32::MIN_POSITIVE);
            let quanta = quantise(impact, scale);
            prop_assert!(f64::from(quanta) * f64::from(scale) >= f64::from(impact));
            prop_assert!(quanta == 1 || (f64::from(quanta) - 1.0) * f64::from(scale) < f64::from(impact));
            prop_assert!(quantise(highest, scale) == 255);
        }
    }
}
