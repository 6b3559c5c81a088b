//! The REST API over [`engine::Engine`]: routes, answers, problem details, OpenAPI. Handlers translate and nothing else.
//!
//! [`serve`] runs a server; [`openapi_json`] is the document that portals are built on.
//! Routes, documentation and what each takes of a key come from one list (`endpoints`), so that none exists without the others.

mod boundary;
mod conditions;
mod cursor;
mod docs;
mod endpoints;
mod extract;
mod faults;
mod gate;
mod handlers;
mod problem;
mod rates;
mod repeats;
mod server;
mod views;

pub use docs::{openapi, openapi_json};
pub use problem::{Code, Problem, ProblemItem};
pub use rates::RateSettings;
pub use server::{Limits, ServerSettings, serve, termination};
