//! The only user of sqlx: records, contacts, outbox and runs behind one [`Store`].
//!
//! The database is the truth. Every write that changes a record puts a row into the outbox within the same transaction, so
//! whoever derives something from the records (the search index) can follow [`Store::changes`] from where it stopped.
//! Contacts lie in a table of their own and leave only through [`Store::contact`] and [`Store::contacts`].

mod error;
mod records;
mod runs;
mod store;

pub use error::StoreError;
pub use records::{Change, ImportSession, ListFilter, Outcome, Upserted};
pub use runs::{Run, RunId, RunMatch, RunState, RunTotals};
pub use store::{MigrationReport, Store};
