//! The API as a portal sees it: a listening server over a data directory of its own for each test.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod feedback;
mod importing;
mod kindred;
mod matching;
mod openapi;
mod portal;
mod refusals;
mod registries;
mod searching;
mod serving;
