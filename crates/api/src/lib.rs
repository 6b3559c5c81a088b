//! The REST API over [`engine::Engine`]: routes, answers, problem details, OpenAPI. Handlers translate and nothing else.
//!
//! [`serve`] runs a server; [`openapi_json`] is the document that portals are built on.
//! Routes, documentation and what each takes of a key come from one list (`endpoints`), so that none exists without the others.

mod advice;
mod boundary;
mod by_method;
mod conditions;
mod connection;
mod cursor;
mod docs;
mod endpoints;
mod extract;
mod faults;
mod gate;
mod handlers;
mod listening;
mod metrics;
mod negotiation;
mod problem;
mod rates;
mod repeats;
mod retirement;
mod server;
mod spool;
mod trace;
mod views;

pub use advice::problems_markdown;
pub use docs::{openapi, openapi_json};
pub use listening::Listeners;
pub use problem::{Code, Problem, ProblemItem};
pub use rates::RateSettings;
pub use server::{Limits, ServerSettings, serve, termination};
