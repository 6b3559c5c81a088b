//! One consistent view of a registry's index.

use domain::Area;
use ranking::{TextModel, WeightedTerm};

use crate::{IndexError, Retrieved, Scope, SearchPage, SearchQuery, retrieval, search};

/// A consistent view; stays as it is while writers go on. Cheap to take, clone and send.
#[derive(Clone)]
pub struct Snapshot {}

impl Snapshot {
    /// Position of the last commit, as [`crate::Writer::commit`] was told; 0 for a stale index.
    pub fn position(&self) -> u64 {
        0
    }

    /// Number of live documents.
    pub fn len(&self) -> u64 {
        0
    }

    /// Whether there is no document.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Number and digest of every live document, by number.
    ///
    /// # Errors
    /// When the index cannot be read.
    pub fn entries(&self) -> Result<Vec<(u64, u64)>, IndexError> {
        Ok(Vec::new())
    }

    /// Number of live documents that hold `term` in `area`.
    ///
    /// # Errors
    /// When the index cannot be read.
    pub fn document_frequency(&self, area: Area, term: &str) -> Result<u64, IndexError> {
        let _ = (area, term);
        Ok(0)
    }

    /// Finds what a member of staff asks for.
    ///
    /// # Errors
    /// When the index cannot be read.
    pub fn search(&self, query: &SearchQuery) -> Result<SearchPage, IndexError> {
        search::search(self, query)
    }

    /// The `limit` best candidates for a match: all documents in scope are scored, none is skipped.
    ///
    /// # Errors
    /// When the index cannot be read.
    pub fn retrieve(
        &self,
        terms: &[WeightedTerm],
        model: &TextModel,
        scope: &Scope<'_>,
        limit: usize,
    ) -> Result<Retrieved, IndexError> {
        retrieval::retrieve(self, terms, model, scope, limit)
    }
}
