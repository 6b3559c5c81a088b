//! Entities, identifiers and validated values of the matchmaker. This crate knows nothing of files, SQL, tantivy or HTTP.
//!
//! A record is a public [`Profile`] (what may be indexed, shown and compared) beside a [`Contact`] (personal information,
//! which has no `Serialize` and whose `Debug` is masked). Raw input arrives as a form ([`forms`]) and becomes a profile only
//! when every field is valid; past that point nothing re-checks a string.

pub mod access;
mod calendar;
mod choices;
mod code;
mod contact;
pub mod forms;
mod industry;
mod kind;
mod passage;
mod problem;
mod profile;
mod region;
mod webhook;

pub use calendar::{china, parse_date};
pub use choices::{AchievementType, Availability, Consent, Decision, StationType, Status};
pub use code::UnifiedSocialCreditCode;
pub use contact::{Contact, MaskedContact};
pub use industry::Industry;
pub use kind::{Kind, RecordId};
pub use passage::{Area, Passage};
pub use problem::{FieldProblem, ProblemCode};
pub use profile::{
    Achievement, Attributes, Capacity, Enterprise, Expert, Inventor, Need, Offer, Profile, Record, Society,
    Station,
};
pub use region::{Proximity, Region, RegionLevel};
pub use webhook::{EventType, WebhookId};
