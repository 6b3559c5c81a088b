//! Writing requests that are sent again: with an `Idempotency-Key` each is done once, and answered as often as it comes.
//!
//! What is asked for is told apart by a digest of method, address and body under a key that is derived from the caller's token, so that
//! nobody can guess from what is kept what was sent.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::Method;
use actix_web::http::header::{HeaderName, HeaderValue, LOCATION};
use actix_web::{FromRequest, HttpMessage, HttpRequest, HttpResponse};
use domain::access::Token;
use engine::{Desk, EngineError, Once, Recalled, Receipt, StoreError, Webhook};
use serde_json::Value;

use crate::endpoints::BASE;
use crate::handlers::{Answer, campaigns, feedback, keys, operations, registry, webhooks};
use crate::problem::{Code, Problem};

/// The header that callers send.
pub(crate) const IDEMPOTENCY_KEY: &str = "Idempotency-Key";
/// The header that tells them that the request had been done before.
pub(crate) const REPLAYED: &str = "Idempotency-Replayed";
/// Characters of what callers send.
const LONGEST: usize = 255;

/// What digests of requests lie under; behind the gate each request has one.
pub(crate) struct Seal([u8; 32]);

impl Seal {
    /// That of a caller.
    pub(crate) fn of(token: &Token) -> Self {
        Self(token.derived("hongniang 2026 digests of requests that may come again"))
    }
}

/// A request, which may have come before.
pub(crate) struct Repeatable {
    method: Method,
    told: Option<Told>,
}

/// What a caller sent in order to be able to send the request again, and the digest of the request so far.
struct Told {
    text: String,
    request: blake3::Hasher,
}

impl FromRequest for Repeatable {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Self::read(request))
    }
}

impl Repeatable {
    fn read(request: &HttpRequest) -> Result<Self, Problem> {
        let method = request.method().clone();
        let mut headers = request.headers().get_all(IDEMPOTENCY_KEY);
        let Some(header) = headers.next() else { return Ok(Self { method, told: None }) };
        let visible =
            (1..=LONGEST).contains(&header.len()) && header.as_bytes().iter().all(u8::is_ascii_graphic);
        if headers.next().is_some() || !visible {
            let detail = format!("应只有一个，为 1 到 {LONGEST} 个可见的 ASCII 字符（不含空格），如 UUID");
            return Err(Problem::parameter(Code::InvalidIdempotencyKey, IDEMPOTENCY_KEY, detail));
        }
        let extensions = request.extensions();
        let seal = extensions.get::<Seal>();
        let seal = seal.ok_or_else(|| Problem::new(Code::InternalError, "服务没有装配完整"))?;
        let mut digest = blake3::Hasher::new_keyed(&seal.0);
        for part in [request.method().as_str(), request.path(), request.query_string()] {
            digest.update(part.as_bytes());
            digest.update(b"\n");
        }
        let text = String::from_utf8_lossy(header.as_bytes()).into_owned();
        Ok(Self { method, told: Some(Told { text, request: digest }) })
    }

    /// Whether the caller wants to be able to send it again.
    pub(crate) const fn is_named(&self) -> bool {
        self.told.is_some()
    }

    /// Does what a request with this body asks for, or tells what came of it before. Without the header it is simply done.
    pub(crate) async fn once(
        self,
        desk: Desk,
        body: &Value,
        work: impl AsyncFnOnce(Desk) -> Result<HttpResponse, EngineError>,
    ) -> Answer {
        let method = self.method.clone();
        // Fields in the order of their names, and no blanks: the same form is the same request however it is written.
        match self.come(&desk, body.to_string().as_bytes(), work).await? {
            Came::First(answer) => Ok(answer),
            Came::Again(receipt) => again(&desk, &method, receipt).await,
        }
    }

    /// As [`Self::once`], of a request that leads to an operation: its number, and whether it had been asked for before.
    pub(crate) async fn operation(
        self,
        desk: &Desk,
        body: &[u8],
        work: impl AsyncFnOnce(Desk) -> Result<u64, EngineError>,
    ) -> Result<(u64, bool), Problem> {
        match self.come(desk, body, work).await? {
            Came::First(number) => Ok((number, false)),
            Came::Again(Receipt::Operation(number)) => Ok((number, true)),
            Came::Again(_) => Err(Problem::new(Code::InternalError, "此前的请求留下的凭据不符")),
        }
    }

    /// As [`Self::once`], of a request that may lead to an operation.
    pub(crate) async fn either(
        self,
        desk: Desk,
        body: &Value,
        work: impl AsyncFnOnce(Desk) -> Result<Done, EngineError>,
    ) -> Answer {
        let method = self.method.clone();
        match self.come(&desk, body.to_string().as_bytes(), work).await? {
            Came::First(Done::Answered(answer)) => Ok(answer),
            Came::First(Done::TakenOn(number)) => operations::taken_on(&desk, number, false).await,
            Came::Again(Receipt::Operation(number)) => operations::taken_on(&desk, number, true).await,
            Came::Again(receipt) => again(&desk, &method, receipt).await,
        }
    }

    async fn come<T>(
        self,
        desk: &Desk,
        body: &[u8],
        work: impl AsyncFnOnce(Desk) -> Result<T, EngineError>,
    ) -> Result<Came<T>, Problem> {
        let Some(Told { text, mut request }) = self.told else {
            return Ok(Came::First(work(desk.clone()).await?));
        };
        request.update(body);
        match desk.once(&text, *request.finalize().as_bytes()).await? {
            Once::Again(receipt) => Ok(Came::Again(receipt)),
            Once::First(first) => match work(first.desk.clone()).await {
                Ok(done) => Ok(Came::First(done)),
                Err(EngineError::Store(StoreError::Redeemed(receipt))) => Ok(Came::Again(receipt)),
                // Another server may have done it meanwhile; or this one has, and was not told so by its database.
                Err(error) => match first.done().await {
                    Ok(Some(receipt)) => Ok(Came::Again(receipt)),
                    _ => Err(error.into()),
                },
            },
        }
    }
}

/// How a request was done: at once, or by an operation of this number.
pub(crate) enum Done {
    Answered(HttpResponse),
    TakenOn(u64),
}

/// What a request came to: something new, or what had come of it before.
enum Came<T> {
    First(T),
    Again(Receipt),
}

/// The answer that was given before, with what it was about as it is now.
async fn again(desk: &Desk, method: &Method, receipt: Receipt) -> Answer {
    let mut answer = match desk.recall(receipt).await? {
        Recalled::Record(shown, revision) => registry::written(method, *shown, revision),
        Recalled::Feedback(told) => feedback::recorded(*told),
        Recalled::Campaign(shown, version) => campaigns::written(method, *shown, version),
        Recalled::CampaignGone(number) if method == Method::DELETE => campaigns::deleted(number),
        Recalled::CampaignGone(number) => {
            return Err(EngineError::from(StoreError::CampaignNotFound(number)).into());
        }
        Recalled::Key(key) if method == Method::POST => {
            let detail = format!(
                "密钥 {} 已按此前的同一请求发放，密钥本身只显示一次，不能再给出；没有收到的，请撤销它，再换一个 Idempotency-Key 重新发放",
                key.id
            );
            let headers =
                vec![(LOCATION, format!("{BASE}/keys/{}", key.id)), (replayed(), "true".to_owned())];
            return Err(Problem { headers, ..Problem::new(Code::TokenAlreadyShown, detail) });
        }
        Recalled::Key(key) => keys::shown(*key),
        Recalled::Webhook(webhook) if method == Method::POST => {
            let location = (LOCATION, format!("{BASE}/webhooks/{}", webhook.id));
            return Err(secret_already_shown(&webhook, Some(location)));
        }
        Recalled::Secret(webhook) => return Err(secret_already_shown(&webhook, None)),
        Recalled::Webhook(webhook) => webhooks::shown(*webhook),
        Recalled::Delivery(delivery) => webhooks::shown_delivery(*delivery),
    };
    tell_replayed(&mut answer, true);
    Ok(answer)
}

/// The secret of an address was told to whoever sent the request first, and to nobody else.
fn secret_already_shown(webhook: &Webhook, location: Option<(HeaderName, String)>) -> Problem {
    let detail = format!(
        "推送地址 {} 的签名密钥已按此前的同一请求给出，只显示一次；没有收到的，请换一个 Idempotency-Key，再换一次签名密钥",
        webhook.id
    );
    let headers = location.into_iter().chain([(replayed(), "true".to_owned())]).collect();
    Problem { headers, ..Problem::new(Code::SecretAlreadyShown, detail) }
}

/// Says in the answer when the request had been done before.
pub(crate) fn tell_replayed(answer: &mut HttpResponse, again: bool) {
    if again {
        answer.headers_mut().insert(replayed(), HeaderValue::from_static("true"));
    }
}

fn replayed() -> HeaderName {
    HeaderName::from_static("idempotency-replayed")
}
