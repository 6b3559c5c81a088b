//! The only user of tantivy: one index per registry, what staff search in and where matching finds its candidates.
//!
//! The database is the truth; everything here is derived from it and can be rebuilt. Texts are analysed by [`text::Analyzer`]
//! alone, nothing is stored but numbers and terms, and no contact data arrives here ([`IndexDocument`] has none).
//!
//! [`Catalog`] opens the six [`Registry`]s of a directory. A [`Writer`] follows the changes, a [`Rebuild`] starts again beside
//! the running index, and a [`Snapshot`] answers: [`Snapshot::search`] for people, [`Snapshot::retrieve`] for matching. Every
//! answer is a function of the live documents only, never of how they lie in segments.

mod catalog;
mod document;
mod error;
mod facing;
mod generation;
mod grounds;
mod inverting;
mod meaning;
mod outdated;
mod peers;
mod pieces;
mod postings;
mod refinement;
mod registry;
mod resident;
mod retrieval;
mod schema;
mod sealed;
mod search;
mod shelf;
mod single;
mod snapshot;
mod statistics;
mod tally;
mod top;
mod writer;

pub use catalog::Catalog;
pub use document::{Dimension, Facet, IndexDocument};
pub use error::IndexError;
pub use peers::{Counts, Peers};
pub use registry::{IndexState, Registry};
pub use resident::{Ask, Asker, Best, Few, Heard, Memory, Question, Reached, Resident, Scratch, Wanted};
pub use retrieval::{Candidate, Retrieved, Scope};
pub use search::{FacetCount, FacetRequest, Filter, Hit, SearchAfter, SearchPage, SearchQuery, Sort};
pub use single::Marks;
pub use snapshot::Snapshot;
pub use statistics::Statistics;
pub use sweep::Effort;
pub use writer::{Rebuild, Writer};
