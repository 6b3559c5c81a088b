//! What operators watch, for Prometheus: what is counted here, request by request, and how the engine is when somebody reads it.
//!
//! The labels' values are bounded by the program: methods and statuses by class, routes by their patterns, problems by their codes. Nothing
//! that a caller writes becomes a label, nor does anything of a record or a key. This module alone knows the library.

pub(crate) mod page;
mod process;
mod readings;

use std::sync::atomic::AtomicU64;
use std::time::Duration;

use actix_web::http::{Method, StatusCode};
use prometheus_client::encoding::{EncodeLabelSet, prometheus_text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use crate::problem::Code;
use engine::Vitals;

/// Seconds. Matching takes hundredths, a province's import minutes.
const BUCKETS: [f64; 13] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0, 600.0];

type Durations = Family<Operation, Histogram, fn() -> Histogram>;

/// What is counted of requests and connections.
pub(crate) struct Metrics {
    registry: Registry,
    answers: Family<Answered, Counter>,
    durations: Durations,
    problems: Family<Reason, Counter>,
    /// Requests under way, until their answers are complete.
    pub(crate) in_flight: Gauge,
    /// Open connections.
    pub(crate) connections: Gauge,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Operation {
    method: &'static str,
    route: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answered {
    method: &'static str,
    route: String,
    status: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Reason {
    code: &'static str,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let mut registry = Registry::with_prefix("hongniang");
        let (answers, problems) = (Family::default(), Family::default());
        let durations: Durations = Family::new_with_constructor(|| Histogram::new(BUCKETS));
        let (in_flight, connections) = (Gauge::default(), Gauge::default());
        registry.register("http_requests", "已答复的请求，按操作和状态码类别", answers.clone());
        registry.register_with_unit(
            "http_request_duration",
            "从收到请求头到开始答复的时间，按操作",
            Unit::Seconds,
            durations.clone(),
        );
        registry.register("http_problems", "拒绝和失败的请求，按错误码", problems.clone());
        registry.register("http_requests_in_flight", "正在处理的请求", in_flight.clone());
        registry.register("http_connections", "接口上打开的连接", connections.clone());
        Self { registry, answers, durations, problems, in_flight, connections }
    }

    /// Counts an answer. `route` is the pattern that the address fits.
    pub(crate) fn answered(&self, method: &Method, route: &str, status: StatusCode, took: Duration) {
        let method = self::method(method);
        let answered = Answered { method, route: route.to_owned(), status: class(status) };
        self.answers.get_or_create(&answered).inc();
        let operation = Operation { method, route: route.to_owned() };
        self.durations.get_or_create(&operation).observe(took.as_secs_f64());
    }

    /// Counts a refusal or a failure.
    pub(crate) fn refused(&self, code: Code) {
        self.problems.get_or_create(&Reason { code: code.slug() }).inc();
    }

    /// The text that Prometheus reads.
    ///
    /// # Errors
    /// Never, as far as is known; the library's signature has one.
    fn text(&self, vitals: Vitals) -> Result<String, std::fmt::Error> {
        let mut text = String::new();
        prometheus_text::encode(&mut text, &self.registry)?;
        let mut now = Registry::with_prefix("hongniang");
        readings::register(&mut now, vitals);
        prometheus_text::encode(&mut text, &now)?;
        // As all programs call them, so without our name before them.
        let mut process = Registry::default();
        process::register(&mut process);
        prometheus_text::encode(&mut text, &process)?;
        Ok(text)
    }
}

/// The name of a method that is in use. Callers may invent others, of any length.
pub(crate) fn method(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        Method::PATCH => "PATCH",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

fn class(status: StatusCode) -> &'static str {
    match status.as_u16() {
        100..=199 => "1xx",
        200..=299 => "2xx",
        300..=399 => "3xx",
        400..=499 => "4xx",
        _ => "5xx",
    }
}

/// A value of now.
fn gauge(registry: &mut Registry, name: &str, about: &str, value: f64) {
    let gauge: Gauge<f64, AtomicU64> = Gauge::default();
    gauge.set(value);
    registry.register(name, about, gauge);
}

/// A count since the start.
fn counter(registry: &mut Registry, name: &str, about: &str, value: f64) {
    let counter: Counter<f64, AtomicU64> = Counter::default();
    counter.inc_by(value);
    registry.register(name, about, counter);
}
