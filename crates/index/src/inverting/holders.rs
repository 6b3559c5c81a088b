//! Which documents hold a term, for a field whose terms come again and again, and of which nothing else is asked: facets.

use std::io;

use rustc_hash::FxHashMap;
use tantivy::DocId;
use tantivy::postings::FieldSerializer;

/// The terms of one field, each with its documents.
#[derive(Default)]
pub(super) struct Holders {
    terms: FxHashMap<Box<[u8]>, Vec<DocId>>,
    tokens: u64,
}

impl Holders {
    /// Documents come in ascending order.
    pub(super) fn push(&mut self, term: &[u8], document: DocId) {
        self.tokens += 1;
        match self.terms.get_mut(term) {
            Some(documents) if documents.last() == Some(&document) => {}
            Some(documents) => documents.push(document),
            None => _ = self.terms.insert(term.into(), vec![document]),
        }
    }

    pub(super) fn tokens(&self) -> u64 {
        self.tokens
    }

    /// About how many bytes they take.
    pub(super) fn memory(&self) -> usize {
        const ENTRY: usize = 96;
        self.terms.len() * ENTRY + self.tokens as usize * size_of::<DocId>()
    }

    pub(super) fn write(self, to: &mut FieldSerializer<'_>) -> io::Result<()> {
        let mut terms: Vec<_> = self.terms.into_iter().collect();
        terms.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        for (term, documents) in terms {
            to.new_term_without_freq(&term)?;
            documents.into_iter().for_each(|document| to.write_doc(document, 0, &[]));
            to.close_term()?;
        }
        Ok(())
    }
}
