//! In what order documents lie, so that alike ones are neighbours.
//!
//! A term is then frequent in a few blocks and rare in all others: lists grow short or dense, bounds of blocks say more, and the best documents of a
//! query come first (Dhulipala et al. 2016 order by recursive bisection, to the same end). Which order it is changes what a search costs, never what it finds.

use crate::{BuildError, Document, Term};

/// A place for each document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// The document at each place.
    documents: Vec<Document>,
}

/// Groups of documents. More make no shorter searches, fewer do less (`docs/performance.md`).
const GROUPS: usize = 64;
/// After so many rounds few documents change their group.
const ROUNDS: usize = 4;
/// Tells groups apart: a term that at least one document in so many has …
const RARE: u32 = 2000;
/// … and less than one in so many.
const COMMON: u32 = 8;
/// The terms that make the first groups are more frequent than one document in so many.
const FIRST: u32 = 100;
/// Fewer documents lie in so few blocks that no order matters.
const DOCUMENTS_LEAST: u32 = 8192;

impl Order {
    /// An order of one's own: the document at each place.
    ///
    /// # Errors
    ///
    /// [`BuildError::NoOrder`] unless each number from 0 to less than their number stands in it once.
    pub fn new(documents: Vec<Document>) -> Result<Self, BuildError> {
        let mut seen = vec![false; documents.len()];
        for &document in &documents {
            match seen.get_mut(document as usize) {
                Some(seen) if !*seen => *seen = true,
                _ => return Err(BuildError::NoOrder(document)),
            }
        }
        Ok(Self { documents })
    }

    /// Puts alike documents together, by k-means over the directions of their terms, always in the same way.
    ///
    /// `read` tells a document's terms and their impacts; it is called some times for each document. It may leave terms out: a few hundred
    /// telling ones will do. Holds a few numbers for each document, and one number for each group and term that is neither rare nor common.
    pub fn alike(documents: Document, mut read: impl FnMut(Document, &mut Vec<(Term, f32)>)) -> Self {
        if documents < DOCUMENTS_LEAST {
            return Self { documents: (0..documents).collect() };
        }
        let mut terms = Vec::new();
        let mut groups = Groups::begin(documents, &mut terms, &mut read);
        for _ in 0..ROUNDS {
            groups.find_centres(&mut terms, &mut read);
            groups.assign(&mut terms, &mut read);
        }
        groups.into_order()
    }

    /// The document at each place.
    pub(crate) fn into_documents(self) -> Vec<Document> {
        self.documents
    }

    /// The place of each document.
    pub(crate) fn places(&self) -> Vec<u32> {
        let mut places = vec![0; self.documents.len()];
        for (place, &document) in self.documents.iter().enumerate() {
            places[document as usize] = place as u32;
        }
        places
    }
}

struct Groups {
    of: Vec<u8>,
    /// The row in `centres` of each term that tells groups apart.
    rows: Vec<Option<u32>>,
    /// For each such term its part in each group's centre.
    centres: Vec<[f32; GROUPS]>,
}

impl Groups {
    /// The first groups: documents side by side whose heaviest frequent term is the same.
    fn begin<Read>(documents: Document, terms: &mut Vec<(Term, f32)>, read: &mut Read) -> Self
    where
        Read: FnMut(Document, &mut Vec<(Term, f32)>),
    {
        let mut frequencies = Vec::new();
        for document in 0..documents {
            read_into(terms, document, read);
            for &(term, _) in terms.iter() {
                let term = term as usize;
                if frequencies.len() <= term {
                    frequencies.resize(term + 1, 0_u32);
                }
                frequencies[term] += 1;
            }
        }
        let tells = |frequency: u32| frequency > documents / RARE && frequency < documents / COMMON;
        let mut centres = 0;
        let rows = frequencies
            .iter()
            .map(|&frequency| tells(frequency).then(|| (centres, centres += 1).0))
            .collect();
        let mut heaviest = Vec::with_capacity(documents as usize);
        for document in 0..documents {
            read_into(terms, document, read);
            let frequency = |term: Term| frequencies[term as usize];
            let first = terms.iter().filter(|&&(term, _)| {
                frequency(term) > documents / FIRST && frequency(term) < documents / COMMON
            });
            let first = first.max_by(|one, other| one.1.total_cmp(&other.1).then(other.0.cmp(&one.0)));
            heaviest.push((first.map_or(Term::MAX, |&(term, _)| term), document));
        }
        heaviest.sort_unstable();
        let mut of = vec![0; documents as usize];
        for (place, &(_, document)) in heaviest.iter().enumerate() {
            of[document as usize] = (place * GROUPS / heaviest.len()) as u8;
        }
        Self { of, rows, centres: vec![[0.0; GROUPS]; centres as usize] }
    }

    /// Each group's centre, as a direction.
    fn find_centres<Read>(&mut self, terms: &mut Vec<(Term, f32)>, read: &mut Read)
    where
        Read: FnMut(Document, &mut Vec<(Term, f32)>),
    {
        self.centres.fill([0.0; GROUPS]);
        for (document, &group) in self.of.iter().enumerate() {
            read_into(terms, document as Document, read);
            for &(term, impact) in terms.iter() {
                if let Some(row) = self.rows[term as usize] {
                    self.centres[row as usize][usize::from(group)] += impact;
                }
            }
        }
        let mut squares = [0.0_f32; GROUPS];
        for centre in &self.centres {
            squares.iter_mut().zip(centre).for_each(|(square, part)| *square += part * part);
        }
        for centre in &mut self.centres {
            centre
                .iter_mut()
                .zip(&squares)
                .for_each(|(part, square)| *part /= square.sqrt().max(f32::MIN_POSITIVE));
        }
    }

    /// Each document goes to the group whose centre has most of its direction.
    fn assign<Read>(&mut self, terms: &mut Vec<(Term, f32)>, read: &mut Read)
    where
        Read: FnMut(Document, &mut Vec<(Term, f32)>),
    {
        for (document, group) in self.of.iter_mut().enumerate() {
            read_into(terms, document as Document, read);
            let mut likeness = [0.0; GROUPS];
            for &(term, impact) in terms.iter() {
                if let Some(row) = self.rows[term as usize] {
                    let centre = &self.centres[row as usize];
                    likeness.iter_mut().zip(centre).for_each(|(likeness, part)| *likeness += impact * part);
                }
            }
            let mut nearest = 0;
            for at in 1..GROUPS {
                if likeness[at] > likeness[nearest] {
                    nearest = at;
                }
            }
            *group = nearest as u8;
        }
    }

    fn into_order(self) -> Order {
        let mut documents: Vec<Document> = (0..self.of.len() as Document).collect();
        documents.sort_by_key(|&document| self.of[document as usize]);
        Order { documents }
    }
}

fn read_into(
    terms: &mut Vec<(Term, f32)>,
    document: Document,
    read: &mut impl FnMut(Document, &mut Vec<(Term, f32)>),
) {
    terms.clear();
    read(document, terms);
}
