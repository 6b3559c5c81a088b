//! From the request to types: registries, record ids, queries, bodies. Past this point nothing looks at raw text again.

mod body;
mod form;
mod json;
mod query;

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use domain::{Kind, RecordId};

pub(crate) use body::{Deadlines, larger_than, media_type, refuse_encoded, too_large};
pub(crate) use form::{Form, FormBody, invalid};
pub(crate) use json::JsonBody;
pub(crate) use query::{Query, QueryNames};

use crate::problem::{Code, Problem};

/// The registry that the route belongs to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Registry(pub(crate) Kind);

impl FromRequest for Registry {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(registry(request).map(Self))
    }
}

/// The record that the path names.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RecordPath(pub(crate) RecordId);

impl FromRequest for RecordPath {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(record(request).map(Self))
    }
}

fn registry(request: &HttpRequest) -> Result<Kind, Problem> {
    let none = || Problem::new(Code::NotFound, "没有这个登记库");
    request.app_data::<Kind>().copied().ok_or_else(none)
}

fn record(request: &HttpRequest) -> Result<RecordId, Problem> {
    let kind = registry(request)?;
    let text = request.match_info().get("id").unwrap_or_default();
    let foreign = |_| {
        let detail = format!("编号应形如 {kind}-42");
        Problem::new(Code::RecordNotFound, detail)
    };
    let id: RecordId = text.parse().map_err(foreign)?;
    if id.kind == kind {
        Ok(id)
    } else {
        Err(Problem::new(Code::RecordNotFound, format!("{id} 不是{}库的编号", kind.label())))
    }
}
