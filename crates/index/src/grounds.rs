//! Which documents hold a ground to be proposed ([`Query::grounds`]): all terms of a telling word, or a synonym class, in one area.

use ranking::Query;

use crate::IndexError;
use crate::postings::{Found, TextField};

/// For each document of a view, deleted ones too, whether it holds a ground.
pub(crate) struct Grounded(Vec<u64>);

impl Grounded {
    pub(crate) fn new(documents: usize) -> Self {
        Self(vec![0; documents.div_ceil(64)])
    }

    /// Marks the documents that hold a ground in one field, where the query's terms were found.
    pub(crate) fn mark(
        &mut self,
        query: &Query,
        field: &TextField<'_>,
        found: &[Found],
    ) -> Result<(), IndexError> {
        for ground in &query.grounds {
            let terms: Vec<&Found> = ground.iter().map(|&term| &found[term as usize]).collect();
            field.for_each_holder_of_all(&terms, |document| self.0[document / 64] |= 1 << (document % 64))?;
        }
        Ok(())
    }

    pub(crate) fn holds(&self, document: usize) -> bool {
        self.0[document / 64] >> (document % 64) & 1 == 1
    }
}
