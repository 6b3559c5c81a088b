//! What all bodies share: their size and media type as announced, and deadlines for their arrival.

use std::future::Future;
use std::time::{Duration, Instant};

use actix_web::HttpRequest;
use actix_web::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};

use crate::problem::{Code, Problem};

/// The media type without its parameters, in lower case; empty when there is none.
pub(crate) fn media_type(request: &HttpRequest) -> String {
    let header = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    header.unwrap_or_default().split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// Refuses compressed bodies: a small one may unfold to any size.
pub(crate) fn refuse_encoded(request: &HttpRequest) -> Result<(), Problem> {
    let coded = request.headers().get(CONTENT_ENCODING).is_some_and(|value| value != "identity");
    if coded {
        return Err(Problem::new(Code::UnsupportedMediaType, "请求体不能压缩，请去掉 Content-Encoding"));
    }
    Ok(())
}

/// Refuses a body that announces more than `limit` bytes.
pub(crate) fn too_large(request: &HttpRequest, limit: u64) -> Result<(), Problem> {
    let length = request.headers().get(CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    match length.and_then(|text| text.parse::<u64>().ok()) {
        Some(length) if length > limit => Err(larger_than(limit)),
        _ => Ok(()),
    }
}

/// The problem of a body with more than `limit` bytes.
pub(crate) fn larger_than(limit: u64) -> Problem {
    Problem::new(Code::BodyTooLarge, format!("请求体最多 {limit} 字节"))
}

/// Until when a body must be there, and how long each piece of it may take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deadlines {
    end: Instant,
    each: Duration,
}

impl Deadlines {
    pub(crate) fn new(each: Duration, whole: Duration) -> Self {
        Self { end: Instant::now() + whole, each }
    }

    /// Waits for the next piece.
    pub(crate) async fn next<T>(&self, piece: impl Future<Output = T>) -> Result<T, Problem> {
        let left = self.end.saturating_duration_since(Instant::now());
        let late = |_| Problem::new(Code::BodyTimeout, "请求体没有在规定时间内传完");
        tokio::time::timeout(left.min(self.each), piece).await.map_err(late)
    }
}
