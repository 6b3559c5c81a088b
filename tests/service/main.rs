//! The running service as operators and bad clients meet it: over sockets, against the real program.
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "tests")]

mod bodies;
mod crowds;
mod ending;
mod heads;
mod logs;
#[path = "../support/portal.rs"]
mod portal;
mod running;
mod scraping;
mod unit;
