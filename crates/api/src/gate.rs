//! The gate before every operation with a key: who asks, how often, and whether the key opens this. Behind it a handler finds its desk.
//!
//! The engine lies behind the gate: no handler can get at it but through [`At`].

use std::future::{Ready, ready};
use std::net::IpAddr;

use actix_web::body::MessageBody;
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::{AUTHORIZATION, CONTENT_LENGTH, TRANSFER_ENCODING};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{Error, FromRequest, HttpMessage, HttpRequest, ResponseError};
use domain::RecordId;
use domain::access::Token;
use engine::{Act, Caller, Desk, Engine, EngineError, IndexStatus, KeyFault};
use futures_util::StreamExt;

use crate::Limits;
use crate::boundary::RequestId;
use crate::by_method::ByMethod;
use crate::endpoints::BASE;
use crate::extract::Deadlines;
use crate::negotiation::Answers;
use crate::problem::{Code, Problem};
use crate::rates::{RateSettings, Rates};
use crate::repeats::Seal;
use crate::retirement::Retirement;

/// Names under which people put keys into addresses.
const KEY_NAMES: [&str; 7] =
    ["access_token", "api_key", "apikey", "api-key", "authorization", "key", "token"];

/// Who may do an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// Anybody.
    Open,
    /// Whoever has a key that opens this.
    Key(Act),
}

/// Whether an operation takes a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TakesBody(pub(crate) bool);

/// What lies behind the gate.
pub(crate) struct Door {
    engine: Engine,
    rates: Rates,
}

impl Door {
    pub(crate) fn new(engine: Engine, rates: RateSettings) -> Self {
        Self { engine, rates: Rates::new(rates) }
    }

    /// Whether the database answers: for health, which needs no key.
    pub(crate) async fn ping(&self) -> Result<(), EngineError> {
        self.engine.ping().await
    }

    /// How far the indexes are: for health, which needs no key.
    pub(crate) async fn index_status(&self) -> Result<Vec<IndexStatus>, EngineError> {
        self.engine.index_status().await
    }

    /// Whether nothing can be written for want of room: for health, which needs no key.
    pub(crate) fn disk_is_full(&self) -> bool {
        self.engine.disk_is_full()
    }

    /// The desk for a request, and what its key has left.
    async fn desk(&self, request: &ServiceRequest, act: Act) -> Result<Desk, Problem> {
        let remote = request.peer_addr().map(|address| address.ip());
        let token = match token(request.request()) {
            Ok(token) => token,
            Err(problem) => return Err(self.refused(remote, problem)),
        };
        let key = match self.engine.authenticate(&token).await {
            Ok(key) => key,
            Err(error @ EngineError::KeyRefused(_)) => return Err(self.refused(remote, error.into())),
            Err(error) => return Err(error.into()),
        };
        let (standing, outcome) = self.rates.of_key(key.id, self.engine.used_today(&key));
        let id = key.id;
        let request_id = request.extensions().get::<RequestId>().map(|id| id.0.clone()).unwrap_or_default();
        let desk = self.engine.desk(Caller { key, remote, request_id });
        request.extensions_mut().insert(standing);
        request.extensions_mut().insert(Seal::of(&token));
        // The log tells of it, whether it is let in or not.
        request.extensions_mut().insert(id);
        outcome?;
        self.engine.note_use(id);
        desk.admit(act, &asked(request.request()), asked_of(request.request())).await?;
        Ok(desk)
    }

    /// The problem, or that there were too many of the kind.
    fn refused(&self, remote: Option<IpAddr>, problem: Problem) -> Problem {
        match self.rates.of_refused(remote) {
            Ok(()) => problem,
            Err(too_many) => too_many,
        }
    }
}

/// Lets a request through to its handler, or not.
pub(crate) async fn gate<B: MessageBody + 'static>(
    mut request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<actix_web::body::BoxBody>, Error> {
    // The boundary tells of it, with refusals too.
    if let Some(retirement) = of_operation::<Retirement>(&request).copied() {
        request.extensions_mut().insert(retirement);
    }
    let admitted = match admit(&request).await {
        Ok(()) => refuse_body(&mut request).await,
        refused => refused,
    };
    if let Err(problem) = admitted {
        let (request, _) = request.into_parts();
        return Ok(ServiceResponse::from_err(problem, request));
    }
    let reveals = matches!(of_operation(&request), Some(Access::Key(Act::RevealContact(_))));
    let response = next.call(request).await?.map_into_boxed_body();
    // A hidden record is none to the caller; to those who read the log it is one whose contact was asked for.
    let refused = match response.status() {
        StatusCode::FORBIDDEN => true,
        StatusCode::NOT_FOUND => reveals,
        _ => false,
    };
    if refused && let Err(error) = note_refusal(response.request()).await {
        return Ok(response.into_response(Problem::from(error).error_response()));
    }
    Ok(response)
}

/// Puts on record what a handler has refused, as what lies in another region.
async fn note_refusal(request: &HttpRequest) -> Result<(), EngineError> {
    let desk = request.extensions().get::<Desk>().cloned();
    match desk {
        Some(desk) => desk.note_refusal(&asked(request), asked_of(request)).await,
        None => Ok(()),
    }
}

/// The operation, as the document names it: nothing of what the caller has written.
fn asked(request: &HttpRequest) -> String {
    format!("{} {}", request.method(), request.match_pattern().unwrap_or_default())
}

/// The record that the address names.
fn asked_of(request: &HttpRequest) -> Option<RecordId> {
    request.match_info().get("id")?.parse().ok()
}

async fn admit(request: &ServiceRequest) -> Result<(), Problem> {
    // Whoever asks after health is answered, whatever they take.
    if request.path().starts_with(BASE)
        && let Some(answers) = of_operation::<Answers>(request)
    {
        answers.accepted(request.headers())?;
    }
    if let Some(&Access::Key(act)) = of_operation(request) {
        let none = || Problem::new(Code::InternalError, "服务没有装配完整");
        let door = request.app_data::<Data<Door>>().cloned().ok_or_else(none)?;
        let desk = door.desk(request, act).await?;
        request.extensions_mut().insert(desk);
    }
    Ok(())
}

/// Refuses a body where the operation has none: whoever sends one means something by it that would not be done.
async fn refuse_body(request: &mut ServiceRequest) -> Result<(), Problem> {
    if of_operation(request) != Some(&TakesBody(false)) || !request.path().starts_with(BASE) {
        return Ok(());
    }
    let detail = "这个操作没有请求体，什么也没有做；请去掉请求体，要说的写在地址和查询参数里，见接口说明";
    let unexpected = || Problem::new(Code::UnexpectedBody, detail);
    let length = request.headers().get(CONTENT_LENGTH).and_then(|length| length.to_str().ok());
    if length.is_some_and(|length| length.trim() != "0") {
        return Err(unexpected());
    }
    if !request.headers().contains_key(TRANSFER_ENCODING) {
        return Ok(());
    }
    // Only reading tells that it is empty.
    let limits = request.app_data::<Limits>().copied().unwrap_or_default();
    let deadlines = Deadlines::new(limits.body_deadline, limits.body_deadline);
    let mut payload = request.take_payload();
    while let Some(piece) = deadlines.next(payload.next()).await? {
        let piece = piece.map_err(|_| Problem::new(Code::BrokenBody, "请求体中途断开"))?;
        if !piece.is_empty() {
            return Err(unexpected());
        }
    }
    Ok(())
}

/// What was declared of the operation that is asked for.
fn of_operation<T: 'static>(request: &ServiceRequest) -> Option<&T> {
    request.app_data::<ByMethod<T>>()?.of(request.method())
}

/// The desk at which a handler works.
pub(crate) struct At(pub(crate) Desk);

impl FromRequest for At {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        // Only a route that was declared open has none, and it must not ask for one.
        let none = || Problem::new(Code::InternalError, "服务没有装配完整");
        ready(request.extensions().get::<Desk>().cloned().map(Self).ok_or_else(none))
    }
}

/// The token in the `Authorization` header.
fn token(request: &HttpRequest) -> Result<Token, Problem> {
    let mut headers = request.headers().get_all(AUTHORIZATION);
    let Some(header) = headers.next() else {
        let detail = "请在请求头中带上密钥：Authorization: Bearer hn_…；没有密钥请向管理员申请";
        return Err(Problem::new(Code::KeyRequired, detail));
    };
    let text = header.to_str().unwrap_or_default();
    let (scheme, token) = text.trim().split_once(' ').unwrap_or((text, ""));
    if headers.next().is_some() || !scheme.eq_ignore_ascii_case("bearer") {
        let detail = "Authorization 请求头应只有一个，形如 Bearer hn_…";
        return Err(Problem::new(Code::InvalidKey, detail));
    }
    token.trim().parse().map_err(|()| EngineError::from(KeyFault::Unknown).into())
}

/// Refuses an address with a key in it: addresses are logged and kept by whatever lies between.
pub(crate) fn refuse_key_in_address(request: &ServiceRequest) -> Result<(), Problem> {
    let address = decoded(&request.uri().to_string());
    let query = decoded(request.query_string());
    let names = query.split(['&', ';']).map(|pair| pair.split('=').next().unwrap_or_default());
    let named = names.map(str::to_ascii_lowercase).any(|name| KEY_NAMES.contains(&name.as_str()));
    if named || Token::stands_in(&address) {
        let detail = "密钥不能写在地址里，请放在 Authorization 请求头中；已写进地址的密钥可能已被沿途记录，请尽快撤销并换发";
        return Err(Problem::new(Code::KeyInUrl, detail));
    }
    Ok(())
}

/// Without percent signs, as far as they stand for letters and digits.
fn decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let (mut decoded, mut at) = (String::with_capacity(text.len()), 0);
    while at < bytes.len() {
        let hex = text.get(at + 1..at + 3).filter(|_| bytes[at] == b'%');
        let byte = hex.and_then(|hex| u8::from_str_radix(hex, 16).ok());
        decoded.push(char::from(byte.unwrap_or(bytes[at])));
        at += if byte.is_some() { 3 } else { 1 };
    }
    decoded
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn a_key_in_an_address_is_recognised_however_it_is_written() {
        let token = Token::new(domain::access::KeyId(7), [0xab; 32]).reveal();
        let escaped = token.replace('_', "%5F").replacen('a', "%61", 3);
        let refused =
            |uri: String| refuse_key_in_address(&TestRequest::with_uri(&uri).to_srv_request()).is_err();
        for uri in [
            format!("/api/v1/needs?q={token}"),
            format!("/api/v1/needs?x=1&q={escaped}"),
            format!("/api/v1/{token}/needs"),
            "/api/v1/needs?api_key=x".to_owned(),
            "/api/v1/needs?limit=1&Access_Token".to_owned(),
            "/api/v1/needs?t%6Fken=1".to_owned(),
        ] {
            assert!(refused(uri.clone()), "{uri}");
        }
        for uri in [
            "/api/v1/needs?q=key",
            "/api/v1/keys/current",
            "/api/v1/needs/search?q=%E6%B0%A2%E8%83%BD%",
            "/api/v1/keys/key-7",
        ] {
            assert!(!refused(uri.to_owned()), "{uri}");
        }
    }
}
