//! The API as a portal sees it: a listening server over a data directory of its own for each test.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod campaigns;
mod confidential;
mod feedback;
mod governing;
mod importing;
mod keys;
mod kindred;
mod lines;
mod matching;
mod matrix;
mod openapi;
mod operations;
mod portal;
mod problems;
mod refusals;
mod regions;
mod registries;
mod repeats;
mod searching;
mod serving;
mod veils;
mod walking;
mod webhooks;
