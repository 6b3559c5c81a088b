//! What staff type, and what they get.

use rustc_hash::FxHashSet;
use serde::{Deserialize, Serialize};

use crate::{Dimension, IndexError, Snapshot};

/// A search by people.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SearchQuery {
    /// What was typed; `None` or blank finds everything the filters let through.
    pub text: Option<String>,
    /// All of them must let a document through.
    pub filters: Vec<Filter>,
    /// What to count the hits by.
    pub count: Vec<FacetRequest>,
    /// Order of the hits.
    pub sort: Sort,
    /// Continues after this hit, which came from the same query.
    pub after: Option<SearchAfter>,
    /// Hits per page, at most [`SearchQuery::MAX_LIMIT`].
    pub limit: usize,
}

impl SearchQuery {
    /// Largest page.
    pub const MAX_LIMIT: usize = 100;
}

/// Lets documents through that lie under any of the paths.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    /// The dimension.
    pub dimension: Dimension,
    /// Paths from the root; a path stands for everything below it. No path lets nothing through.
    pub any_of: Vec<Vec<String>>,
}

/// Asks for the number of hits in each child of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FacetRequest {
    /// The dimension.
    pub dimension: Dimension,
    /// The path whose children are counted; empty for the first level.
    pub below: Vec<String>,
}

/// The children of a path with the number of hits under each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FacetCount {
    /// The dimension.
    pub dimension: Dimension,
    /// The path whose children are counted.
    pub below: Vec<String>,
    /// Full path of each child that has hits, by path. A document under several paths of a child counts once in it.
    pub children: Vec<(Vec<String>, u64)>,
}

/// Order of hits. Every order is total: ties go by number.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sort {
    /// Best score first, then smaller number first.
    #[default]
    Relevance,
    /// Last update first, then larger number first.
    Newest,
    /// Longest without an update first, then smaller number first.
    Oldest,
}

/// Where a page ended; opaque to clients.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SearchAfter {
    /// The sort key: bits of the score, or the time of the update.
    pub key: i64,
    /// The record's number.
    pub number: u64,
}

/// A document found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hit {
    /// The record's number.
    pub number: u64,
    /// The text score; 0 when no text was typed.
    pub score: f32,
    /// Continues a search after this hit.
    pub after: SearchAfter,
}

/// A page of hits.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SearchPage {
    /// The hits in order.
    pub hits: Vec<Hit>,
    /// All hits of the query, exactly, on whatever page.
    pub total: u64,
    /// One per request, in the order of the requests, over all hits.
    pub facets: Vec<FacetCount>,
    /// Where the next page starts; `None` on the last one.
    pub next: Option<SearchAfter>,
    /// Terms of the analysis to highlight.
    pub terms: FxHashSet<String>,
}

pub(crate) fn search(_: &Snapshot, _: &SearchQuery) -> Result<SearchPage, IndexError> {
    Ok(SearchPage::default())
}
