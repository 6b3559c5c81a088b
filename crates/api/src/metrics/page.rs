//! The page that Prometheus reads, on an address of its own: it takes no key, so it is for the operator's network alone.

use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use actix_web::web::Data;
use engine::Engine;
use prometheus_client::encoding::prometheus_text;

use super::{Metrics, process};
use crate::handlers::Answer;
use crate::problem::{Code, Problem};

/// What the page is written from.
pub(crate) struct Page {
    engine: Engine,
    metrics: Arc<Metrics>,
}

impl Page {
    pub(crate) fn new(engine: Engine, metrics: Arc<Metrics>) -> Self {
        process::begins();
        Self { engine, metrics }
    }
}

pub(crate) async fn read(page: Data<Page>) -> Answer {
    let unwritten = |_| Problem::new(Code::InternalError, "指标无法写出");
    let text = page.metrics.text(page.engine.vitals().await).map_err(unwritten)?;
    let mut answer = HttpResponse::Ok();
    answer.insert_header((CONTENT_TYPE, prometheus_text::CONTENT_TYPE));
    Ok(answer.insert_header((CACHE_CONTROL, "no-store")).body(text))
}

pub(crate) async fn elsewhere() -> Answer {
    Err(Problem::new(Code::NotFound, "这里只有 /metrics"))
}
