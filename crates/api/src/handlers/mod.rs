//! Handlers: from the request to a use case, from its outcome to an answer, and nothing else.

pub(crate) mod campaigns;
pub(crate) mod change_list;
pub(crate) mod confidential;
pub(crate) mod export;
pub(crate) mod feedback;
pub(crate) mod health;
pub(crate) mod import;
pub(crate) mod keys;
pub(crate) mod kindred;
pub(crate) mod matching;
pub(crate) mod operations;
mod outcomes;
pub(crate) mod ranking;
pub(crate) mod registry;
pub(crate) mod runs;
pub(crate) mod search;
pub(crate) mod webhooks;

use actix_web::HttpResponse;

use crate::problem::Problem;

/// What every handler comes to.
pub(crate) type Answer = Result<HttpResponse, Problem>;
