//! The only user of sqlx: records, contacts, outbox, runs, judgements, feedback and keys behind one [`Store`], on SQLite or PostgreSQL.
//!
//! The database is the truth. Every write that changes a record puts a row into the outbox within the same transaction, so
//! whoever derives something from the records (the search index) can follow [`Store::changes`] from where it stopped.
//! Contacts lie in a table of their own and leave only through [`Store::contact`] and [`Store::contacts`].

mod backend;
mod batch;
mod clusters;
mod duplicates;
mod error;
mod feedback;
mod followers;
mod judgements;
mod keys;
mod migrations;
mod postgres;
mod reading;
mod rows;
mod runs;
mod sql;
mod sqlite;
mod store;
mod writing;

pub use clusters::{Cluster, ClusterPlace};
pub use duplicates::{Comparison, Pair, Sketch};
pub use error::StoreError;
pub use feedback::{FeedbackEntry, StoredFeedback};
pub use judgements::{Judgement, StoredJudgement};
pub use keys::{Holder, KeyDraft, KeyState, LIVE_KEYS, StoredKey};
pub use reading::{Change, ListFilter};
pub use runs::{Run, RunId, RunMatch, RunState, RunTotals};
pub use store::{Address, MigrationReport, Store};
pub use writing::{ImportSession, Outcome, Upserted};
