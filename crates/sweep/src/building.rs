//! Builds a [`Sweep`], one term after the other: besides what it builds it holds one term's postings and the order of the documents.

use crate::layout::{BLOCK, DENSE_FROM, DOCUMENTS_MOST, Levels, Piece, Start, in_row, posting};
use crate::{Document, Order, Sweep, Term, in_large_pages};

/// Takes the postings of one term after the other.
#[derive(Debug)]
pub struct Builder {
    sweep: Sweep,
    /// The place of each document.
    places: Vec<u32>,
    /// The postings of a term by place.
    sorted: Vec<(u32, f32)>,
    /// Their quanta.
    quanta: Vec<u8>,
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
            levels: vec![EVEN],
            sparse: Vec::new(),
            dense: Vec::new(),
            postings: 0,
        };
        Ok(Self { sweep, places, sorted: Vec::new(), quanta: Vec::new() })
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
        self.quanta.clear();
        self.quanta.extend(self.sorted.iter().map(|&(_, impact)| quantise(impact, scale)));
        let mut number = 0;
        if self.sorted.len() >= OWN_LEVELS_FROM {
            number = self.sweep.levels.len() as u32;
            self.sweep.levels.push(levels(&self.quanta));
        }
        let mut done = 0;
        for block in self.sorted.chunk_by(|one, other| block_of(one.0) == block_of(other.0)) {
            self.sweep.append(block, &self.quanta[done..done + block.len()], number);
            done += block.len();
        }
        self.sweep.postings += self.sorted.len() as u64;
        let last = self.sweep.starts.len() - 1;
        self.sweep.starts[last].scale = scale;
        self.sweep.starts[last].levels = number;
        let end = self.sweep.end().ok_or(BuildError::TooManyPostings(term))?;
        self.sweep.starts.push(end);
        Ok(term)
    }

    /// What was built.
    #[must_use]
    pub fn finish(mut self) -> Sweep {
        self.sweep.starts.shrink_to_fit();
        self.sweep.pieces.shrink_to_fit();
        self.sweep.levels.shrink_to_fit();
        self.sweep.sparse.shrink_to_fit();
        self.sweep.dense.shrink_to_fit();
        in_large_pages(&self.sweep.pieces);
        in_large_pages(&self.sweep.sparse);
        in_large_pages(&self.sweep.dense);
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
    // Two f32 of 24 bits each have no quotient below 256 so near to a whole number that 53 bits would not tell the two apart.
    (f64::from(impact) / f64::from(scale)).ceil().clamp(1.0, 255.0) as u8
}

/// Levels at even distances: of terms with so few postings that levels of their own would take as much memory.
const EVEN: Levels = [0, 17, 34, 51, 68, 85, 102, 119, 136, 153, 170, 187, 204, 221, 238, 255];
/// A term with so many postings has levels of its own.
const OWN_LEVELS_FROM: usize = 64;

/// Levels close together where a term has many postings: the mean of what is rounded up is least when they lie as densely as the square root of the density
/// of quanta (as in Bennett 1948, with errors in place of their squares). High quanta count more, in their measure: documents that have them are looked for.
fn levels(quanta: &[u8]) -> Levels {
    let mut counts = [0_u32; 256];
    quanta.iter().for_each(|&quantum| counts[usize::from(quantum)] += 1);
    let share = |quantum: usize| (f64::from(counts[quantum]) * quantum as f64).sqrt();
    let shares: [f64; 256] = std::array::from_fn(share);
    let (mut left, mut share, mut level) = (shares.iter().sum::<f64>(), 0.0, 1);
    let mut levels = [255; 16];
    levels[0] = 0;
    for (quantum, of_quantum) in (0..255_u8).zip(shares) {
        share += of_quantum;
        if of_quantum > 0.0 && level < 15 && share * (16 - level) as f64 >= left {
            levels[level] = quantum;
            level += 1;
            left -= share;
            share = 0.0;
        }
    }
    levels
}

impl Sweep {
    /// Appends what a term of these levels has in one block.
    fn append(&mut self, postings: &[(u32, f32)], quanta: &[u8], levels: u32) {
        let dense = postings.len() * DENSE_FROM >= BLOCK;
        let levels = &self.levels[levels as usize];
        let mut most = 0;
        let mut row = [0; BLOCK / 2];
        for (&(place, _), &quantum) in postings.iter().zip(quanta) {
            let place = place as usize % BLOCK;
            let level = levels.partition_point(|&of_level| of_level < quantum) as u8;
            most = most.max(levels[usize::from(level)]);
            if dense {
                let (byte, bit) = in_row(place);
                row[byte] |= level << bit;
            } else {
                self.sparse.push(posting(place as u16, level));
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
        Some(Start { scale: 0.0, piece, sparse, dense: number(self.dense.len())?, levels: 0 })
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
            prop_assert_eq!(quantise(highest, scale), 255);
            prop_assert!(255.0 * f64::from(scale) >= f64::from(highest));
        }
    }
}
