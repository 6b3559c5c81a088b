//! The boundary that every request crosses once: its number, one log line, safe headers, problem details for every refusal.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue,
    REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, HttpRequest, HttpResponse};
use domain::access::KeyId;

use crate::endpoints::BASE;
use crate::gate::refuse_key_in_address;
use crate::problem::{Code, Problem};
use crate::rates::Standing;
use crate::retirement::Retirement;

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
    let id = request_id(request.headers());
    let method = request.method().clone();
    let api = request.path().starts_with(BASE);
    request.extensions_mut().insert(RequestId(id.clone()));
    let mut response = if let Err(problem) = refuse_key_in_address(&request) {
        request.into_response(problem.response(Some(&id)))
    } else {
        refusal(next.call(request).await?.map_into_boxed_body(), &id)
    };
    safe_headers(response.headers_mut(), api);
    let standing = response.request().extensions().get::<Standing>().cloned();
    standing.iter().for_each(|standing| standing.tell(response.headers_mut()));
    let retirement = response.request().extensions().get::<Retirement>().copied();
    retirement.iter().for_each(|retirement| retirement.tell(response.headers_mut()));
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    log(&method, response.request(), response.status(), started, &id);
    Ok(response)
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

/// Names the request in a problem, logs a fault of ours with its cause, and turns a bare refusal of the framework into a problem.
fn refusal(response: ServiceResponse<BoxBody>, id: &str) -> ServiceResponse<BoxBody> {
    let status = response.status();
    if !status.is_client_error() && !status.is_server_error() {
        return response;
    }
    let error = response.response().error();
    if let Some(problem) = error.and_then(|error| error.as_error::<Problem>()) {
        if let Some(source) = &problem.source {
            tracing::error!(request_id = id, error = &**source as &dyn std::error::Error, "a request failed");
        }
        let answer = problem.response(Some(id));
        return response.into_response(answer);
    }
    let typed =
        response.headers().get(CONTENT_TYPE).is_some_and(|value| value != "text/plain; charset=utf-8");
    if typed {
        return response;
    }
    let answer: HttpResponse = match status {
        StatusCode::NOT_FOUND => Problem::new(Code::NotFound, "请核对地址").response(Some(id)),
        StatusCode::METHOD_NOT_ALLOWED => {
            Problem::new(Code::MethodNotAllowed, "请核对方法").response(Some(id))
        }
        StatusCode::PAYLOAD_TOO_LARGE => Problem::new(Code::BodyTooLarge, "请减小后重试").response(Some(id)),
        status if status.is_client_error() => {
            Problem::new(Code::BrokenBody, "请求无法处理").response(Some(id))
        }
        _ => {
            tracing::error!(request_id = id, http.status = status.as_u16(), "the framework failed");
            Problem::new(Code::InternalError, "服务内部发生错误，报障时请提供请求编号").response(Some(id))
        }
    };
    response.into_response(answer)
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

/// One line for each request. The route's pattern stands for the address: an address may hold what a person typed.
fn log(method: &Method, request: &HttpRequest, status: StatusCode, started: Instant, id: &str) {
    let key = request.extensions().get::<KeyId>().map(KeyId::to_string);
    tracing::info!(
        http.method = method.as_str(),
        http.route = request.match_pattern().as_deref().unwrap_or("-"),
        http.status = status.as_u16(),
        elapsed_ms = started.elapsed().as_millis() as u64,
        request_id = id,
        key,
        "request"
    );
}
