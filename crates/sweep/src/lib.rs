//! Who scores highest among very many documents, exactly, from postings whose impacts fit in half a byte.
//!
//! A document's sum is Σ weight·impact over the terms that it shares with a [`Query`]; impacts are fixed when the [`Sweep`] is built, weights
//! come with the query. The sum is kept as a bound from above and leads the way only: what decides is the [`Judge`], which scores a document
//! as exactly, and with as much besides, as it likes. Documents that cannot come among the best are never shown to it.
//!
//! Pure: no files, no clock, no randomness, no threads; a [`Sweep`] is shared by as many threads as there are, each with a [`Scratch`] of its
//! own. `docs/performance.md` has the model of its cost and the measurements.
//!
//! ```
//! use sweep::{Forward, Query, Scratch, Sums, Sweep};
//!
//! let mut documents = Forward::new(3);
//! documents.push(&[(0, 1.5), (2, 0.25)])?; // document 0: terms 0 and 2
//! documents.push(&[(0, 0.5), (1, 4.0)])?;
//! documents.push(&[(2, 2.0)])?;
//! let sweep = Sweep::from_forward(&documents)?;
//!
//! let query = Query::new(&sweep, &[(0, 1.0), (2, 2.0)])?;
//! let mut judge = Sums::new(&documents, &query);
//! let found = sweep.top(&query, 2, &mut Scratch::default(), &mut judge);
//! assert_eq!(found.iter().map(|found| (found.document, found.score)).collect::<Vec<_>>(), [(2, 4.0), (0, 2.0)]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod ahead;
mod best;
mod block;
mod building;
mod forward;
mod judge;
mod kernel;
mod layout;
mod mark;
mod order;
mod outlook;
mod pages;
mod query;
mod rows;
mod top;

pub use ahead::{LINE, fetch};
pub use building::{BuildError, Builder};
pub use forward::Forward;
pub use judge::{Found, Judge, Sums};
pub use layout::{Memory, Sweep};
pub use order::Order;
pub use pages::in_large_pages;
pub use query::{Query, QueryError};
pub use top::{Effort, Scratch};

/// A document, numbered from 0 without gaps. Ties go to the smaller number, so number them by what is to break ties.
pub type Document = u32;

/// A term, numbered from 0 in the order in which the [`Builder`] was given them.
pub type Term = u32;
