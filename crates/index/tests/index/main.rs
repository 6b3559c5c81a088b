//! Properties of the index, tested through its public interface alone.
#![allow(clippy::unwrap_used, reason = "tests")]

mod damage;
mod durability;
mod facets;
mod fixture;
mod inverting;
mod layout;
mod paging;
mod resident;
mod retrieval;
mod search;
