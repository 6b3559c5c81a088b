//! The REST API over [`engine::Engine`]: routes, answers, problem details, OpenAPI. Handlers translate and nothing else.
//!
//! [`serve`] runs a server; [`openapi_json`] is the document that portals are built on.
//! Routes and documentation come from one list (`endpoints`), so that neither exists without the other.

mod boundary;
mod conditions;
mod cursor;
mod docs;
mod endpoints;
mod extract;
mod faults;
mod handlers;
mod problem;
mod server;
mod views;

pub use docs::{openapi, openapi_json};
pub use problem::{Code, Problem, ProblemItem};
pub use server::{Limits, ServerSettings, serve, termination};
