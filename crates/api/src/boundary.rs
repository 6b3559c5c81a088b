//! The boundary that every request crosses once: its number, one log line, safe headers, problem details for every refusal.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};
use std::task::{Context, Poll};
use std::time::Instant;

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue,
    REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::web::Bytes;
use actix_web::{Error, HttpMessage, HttpRequest, HttpResponse};
use domain::access::KeyId;
use tracing::Instrument;

use crate::connection::{Requests, UnderWay};
use crate::endpoints::BASE;
use crate::gate::refuse_key_in_address;
use crate::metrics::{self, Metrics};
use crate::problem::{Code, Problem};
use crate::rates::Standing;
use crate::retirement::Retirement;
use crate::trace::TraceParent;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const LONGEST_REQUEST_ID: usize = 64;

/// A request's number, for those who handle it.
pub(crate) struct RequestId(pub(crate) String);

/// Told apart from the numbers of another process.
static PROCESS: LazyLock<u32> = LazyLock::new(|| RandomState::new().build_hasher().finish() as u32);
static REQUESTS: AtomicU64 = AtomicU64::new(1);

/// What is done with every request, around all else.
pub(crate) async fn boundary<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let started = Instant::now();
    let held = Held::begin(&request);
    let asked = Asked {
        id: request_id(request.headers()),
        method: request.method().clone(),
        trace: TraceParent::of(request.headers()),
    };
    let api = request.path().starts_with(BASE);
    request.extensions_mut().insert(RequestId(asked.id.clone()));
    let span = asked.span();
    let answered = answer(request, next).instrument(span.clone()).await?;
    let (mut response, code) = span.in_scope(|| refusal(answered, &asked.id));
    safe_headers(response.headers_mut(), api);
    let standing = response.request().extensions().get::<Standing>().cloned();
    standing.iter().for_each(|standing| standing.tell(response.headers_mut()));
    let retirement = response.request().extensions().get::<Retirement>().copied();
    retirement.iter().for_each(|retirement| retirement.tell(response.headers_mut()));
    if let Ok(value) = HeaderValue::from_str(&asked.id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    let route = response.request().match_pattern();
    let route = route.as_deref().unwrap_or("-");
    asked.log(response.request(), route, response.status(), started);
    if let Some(metrics) = &held.metrics {
        metrics.answered(&asked.method, route, response.status(), started.elapsed());
        code.into_iter().for_each(|code| metrics.refused(code));
    }
    Ok(response.map_body(|_, body| BoxBody::new(Complete { body, _held: held })))
}

async fn answer<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    if let Err(problem) = refuse_key_in_address(&request) {
        return Ok(request.error_response(problem));
    }
    Ok(next.call(request).await?.map_into_boxed_body())
}

/// A request under way: its connection waits for no other head, and it is counted.
struct Held {
    _under_way: Option<UnderWay>,
    metrics: Option<Arc<Metrics>>,
}

impl Held {
    fn begin(request: &ServiceRequest) -> Self {
        let requests = request.request().conn_data::<Rc<Requests>>();
        let metrics = request.app_data::<Arc<Metrics>>().cloned();
        if let Some(metrics) = &metrics {
            metrics.in_flight.inc();
        }
        Self { _under_way: requests.map(UnderWay::begin), metrics }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(metrics) = &self.metrics {
            metrics.in_flight.dec();
        }
    }
}

/// An answer's body; when it has gone, the request is no longer under way.
struct Complete {
    body: BoxBody,
    _held: Held,
}

impl MessageBody for Complete {
    type Error = Box<dyn std::error::Error>;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Pin::new(&mut self.get_mut().body).poll_next(cx)
    }

    fn try_into_bytes(self) -> Result<Bytes, Self> {
        let Self { body, _held } = self;
        body.try_into_bytes().map_err(|body| Self { body, _held })
    }
}

/// What the log tells of a request.
struct Asked {
    id: String,
    method: Method,
    trace: Option<TraceParent>,
}

impl Asked {
    /// What every line bears that is logged on the request's behalf. It is a fault's span, so that it is there whatever is logged at all.
    fn span(&self) -> tracing::Span {
        tracing::error_span!(
            "request",
            request_id = self.id,
            trace_id = self.trace_id(),
            parent_id = self.parent_id()
        )
    }

    /// One line for each request. The route's pattern stands for the address: an address may hold what a person typed.
    fn log(&self, request: &HttpRequest, route: &str, status: StatusCode, started: Instant) {
        let key = request.extensions().get::<KeyId>().map(KeyId::to_string);
        tracing::info!(
            http.method = metrics::method(&self.method),
            http.route = route,
            http.status = status.as_u16(),
            elapsed_ms = started.elapsed().as_millis() as u64,
            request_id = self.id,
            trace_id = self.trace_id(),
            parent_id = self.parent_id(),
            key,
            "request"
        );
    }

    fn trace_id(&self) -> Option<&str> {
        self.trace.as_ref().map(|trace| trace.trace_id.as_str())
    }

    fn parent_id(&self) -> Option<&str> {
        self.trace.as_ref().map(|trace| trace.parent_id.as_str())
    }
}

/// The caller's own number when it is harmless, else a new one.
fn request_id(headers: &HeaderMap) -> String {
    let harmless = |text: &&str| {
        (1..=LONGEST_REQUEST_ID).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
    };
    let own = headers.get(REQUEST_ID).and_then(|value| value.to_str().ok()).filter(harmless);
    own.map_or_else(
        || format!("{:08x}-{}", *PROCESS, REQUESTS.fetch_add(1, Ordering::Relaxed)),
        str::to_owned,
    )
}

/// Names the request in a problem, logs a fault of ours with its cause, and turns a bare refusal of the framework into a problem. Tells which
/// problem it is.
fn refusal(response: ServiceResponse<BoxBody>, id: &str) -> (ServiceResponse<BoxBody>, Option<Code>) {
    let status = response.status();
    if !status.is_client_error() && !status.is_server_error() {
        return (response, None);
    }
    let error = response.response().error();
    if let Some(problem) = error.and_then(|error| error.as_error::<Problem>()) {
        if let Some(source) = &problem.source {
            tracing::error!(error = &**source as &dyn std::error::Error, "a request failed");
        }
        let (code, answer) = (problem.code, problem.response(Some(id)));
        return (response.into_response(answer), Some(code));
    }
    let typed =
        response.headers().get(CONTENT_TYPE).is_some_and(|value| value != "text/plain; charset=utf-8");
    if typed {
        return (response, None);
    }
    let problem = match status {
        StatusCode::NOT_FOUND => Problem::new(Code::NotFound, "请核对地址"),
        StatusCode::METHOD_NOT_ALLOWED => Problem::new(Code::MethodNotAllowed, "请核对方法"),
        StatusCode::PAYLOAD_TOO_LARGE => Problem::new(Code::BodyTooLarge, "请减小后重试"),
        status if status.is_client_error() => Problem::new(Code::BrokenBody, "请求无法处理"),
        _ => {
            tracing::error!(http.status = status.as_u16(), "the framework failed");
            Problem::new(Code::InternalError, "服务内部发生错误，报障时请提供请求编号")
        }
    };
    let answer: HttpResponse = problem.response(Some(id));
    (response.into_response(answer), Some(problem.code))
}

fn safe_headers(headers: &mut HeaderMap, api: bool) {
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    if api {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        let nothing = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");
        headers.insert(CONTENT_SECURITY_POLICY, nothing);
    }
}
