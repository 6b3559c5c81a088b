//! The only user of sqlx: records, contacts, outbox, runs, judgements, feedback, keys, webhooks and the audit log behind one [`Store`], on SQLite or
//! PostgreSQL.
//!
//! The database is the truth. Every write that changes a record puts a row into the outbox within the same transaction, so
//! whoever derives something from the records (the search index) can follow [`Store::changes`] from where it stopped.
//! Contacts lie in a table of their own, each under a key, and leave only through [`Store::contact`] and [`Store::contacts`].
//! What is written is put on record in the same transaction, in the name of whoever the store was given to ([`Store::acting`]).

mod aside;
mod audit;
mod backend;
mod batch;
mod campaigns;
mod chores;
mod clusters;
mod contacts;
mod duplicates;
mod epochs;
mod erasing;
mod erasures;
mod error;
mod feedback;
mod followers;
mod given;
mod judgements;
mod keyring;
mod keys;
mod last_key;
mod load;
mod migrations;
mod operations;
mod postgres;
mod reading;
mod rows;
mod runs;
mod sealing;
mod shut_out;
mod sql;
mod sqlite;
mod store;
mod tickets;
mod upkeep;
mod webhooks;
mod writing;

pub use aside::{SealError, Sealing, Unsealing};
pub use audit::{
    About, Action, Actor, ActorKind, AuditFault, AuditFaultKind, AuditFilter, AuditReport, AuditResult,
    AuditRow, Event, LEAST_KEPT_DAYS,
};
pub use campaigns::{
    Amendment, CampaignDraft, CampaignPair, PlanDraft, PlanVisit, RulingEntry, StoredCampaign, StoredPlan,
    StoredRuling, StoredVisit,
};
pub use chores::Chore;
pub use clusters::{Cluster, ClusterPlace};
pub use contacts::{KeyInUse, Rotation};
pub use duplicates::{Comparison, Pair, Sketch};
pub use epochs::Epoch;
pub use erasing::{Erased, ErasurePlan};
pub use erasures::{Erasure, ErasureKind, digest};
pub use error::StoreError;
pub use feedback::{FeedbackEntry, StoredFeedback};
pub use followers::Follower;
pub use given::Given;
pub use judgements::{Judgement, StoredJudgement};
pub use keyring::{KeySource, make_private};
pub use keys::{Holder, KeyDraft, KeyState, LIVE_KEYS, StoredKey};
pub use load::{Connections, Load};
pub use operations::{Advance, Ending, OnFile, Operation, OperationDraft, OperationState};
pub use reading::{Change, ListFilter};
pub use runs::{
    BatchWork, ChangesPlace, Claim, Findings, ListChanges, MatchChange, MatchList, Opened, PARTS, Place, Run,
    RunBatch, RunId, RunPlan, RunProgress, RunState, RunTotals,
};
pub use shut_out::ShutOut;
pub use store::{Address, MigrationReport, Store};
pub use tickets::{Receipt, Ticket};
pub use upkeep::Snapshot;
pub use webhooks::delivering::{Attempt, Delivery, DeliveryState, DueDelivery, Then, WebhookLoad};
pub use webhooks::events::{Announced, NeedChanges, RegistryChanges, message_id};
pub use webhooks::{Webhook, WebhookChange, WebhookDraft, WebhookState};
pub use writing::{ImportSession, Outcome, Upserted};
