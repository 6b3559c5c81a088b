//! Which documents hold a term, for the fields whose terms hardly ever come twice: keys of names, numbers.
//!
//! All of them are written down end to end and sorted at the end: nothing is looked up, and a term takes its bytes and eight more.

use std::io;

use tantivy::DocId;
use tantivy::postings::FieldSerializer;

/// The terms of one field in the order in which they came, each with its document.
#[derive(Default)]
pub(super) struct Listed {
    bytes: Vec<u8>,
    /// Where each term ends, and its document.
    entries: Vec<(u32, DocId)>,
}

/// Bytes of a term that are compared before the others.
const FIRST: usize = 8;

impl Listed {
    /// Documents come in ascending order.
    pub(super) fn push(&mut self, term: &[u8], document: DocId) {
        self.bytes.extend_from_slice(term);
        self.entries.push((self.bytes.len() as u32, document));
    }

    pub(super) fn tokens(&self) -> u64 {
        self.entries.len() as u64
    }

    /// About how many bytes they take.
    pub(super) fn memory(&self) -> usize {
        self.bytes.len() + size_of_val(&*self.entries)
    }

    /// Forgets all terms, and keeps the memory for others.
    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.entries.clear();
    }

    pub(super) fn write(&self, to: &mut FieldSerializer<'_>) -> io::Result<()> {
        let term = |place: u32| {
            let start = place.checked_sub(1).map_or(0, |before| self.entries[before as usize].0);
            &self.bytes[start as usize..self.entries[place as usize].0 as usize]
        };
        let mut places: Vec<(u64, u32)> =
            (0..self.entries.len() as u32).map(|place| (beginning(term(place)), place)).collect();
        // Places ascend with documents.
        places.sort_unstable_by(|&(one, a), &(other, b)| {
            one.cmp(&other).then_with(|| term(a).cmp(term(b))).then(a.cmp(&b))
        });
        for same in places.chunk_by(|&(one, a), &(other, b)| one == other && term(a) == term(b)) {
            to.new_term_without_freq(term(same[0].1))?;
            let document = |&(_, place): &(u64, u32)| self.entries[place as usize].1;
            for twice in same.chunk_by(|one, other| document(one) == document(other)) {
                to.write_doc(document(&twice[0]), 0, &[]);
            }
            to.close_term()?;
        }
        Ok(())
    }
}

/// The first bytes of a term, filled up with zeros: in the order of terms, as far as they tell.
fn beginning(term: &[u8]) -> u64 {
    let mut first = [0; FIRST];
    let length = term.len().min(FIRST);
    first[..length].copy_from_slice(&term[..length]);
    u64::from_be_bytes(first)
}
