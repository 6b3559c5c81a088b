//! One request to a portal: resolved, looked at, connected, sent, and the status heard. Redirects are not followed, and of the answer only the
//! status and `Retry-After` are kept.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::OnceLock;
use std::time::Duration;

use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::header::{CONTENT_TYPE, HOST, RETRY_AFTER, USER_AGENT};
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use rustls::pki_types::{CertificateDer, ServerName};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use url::Host;

use crate::backoff::retry_after;
use crate::resolving::Resolver;
use crate::rules::{Refusal, Rules, Target};
use crate::{Secret, signatures, tls};

/// Of the answer's body so much is read, and for so long, that the portal may end in peace. None of it is kept.
const BODY: usize = 16 << 10;
const BODY_TIME: Duration = Duration::from_millis(500);
/// How long finding a host's addresses may take when a portal is only written down.
const LOOK_UP: Duration = Duration::from_secs(5);
const NAME: &str = concat!("hongniang/", env!("CARGO_PKG_VERSION"));

/// Calls portals.
pub struct Courier {
    rules: Rules,
    resolver: Resolver,
    deadline: Duration,
    /// Certificates are read when they are first needed: who calls nobody reads none.
    tls: OnceLock<Result<TlsConnector, String>>,
}

/// What a portal has answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Called {
    /// The status.
    pub status: u16,
    /// What it asks us to wait, if it says so.
    pub retry_after: Option<Duration>,
}

impl Called {
    /// Whether the message was taken.
    pub const fn is_taken(&self) -> bool {
        matches!(self.status, 200..=299)
    }

    /// Whether the portal wants no more messages, ever.
    pub const fn is_gone(&self) -> bool {
        self.status == StatusCode::GONE.as_u16()
    }
}

/// Why no answer came. Tells nothing of what was sent or received, and no address.
#[derive(Debug, thiserror::Error)]
pub enum CallFault {
    /// It is not called.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The name leads nowhere.
    #[error("主机名无法解析")]
    Unresolved(#[source] io::Error),
    /// No connection.
    #[error("无法连接")]
    Unreachable(#[source] io::Error),
    /// The certificate is not one that is trusted, or TLS failed otherwise.
    #[error("TLS 握手失败，请检查证书")]
    Tls(#[source] io::Error),
    /// The answer did not come in time.
    #[error("没有在时限内答复")]
    TimedOut,
    /// The connection broke, or what came was no answer.
    #[error("连接中断，或答复不是 HTTP")]
    Broken(#[source] hyper::Error),
    /// The request cannot be written, for instance because of the URL.
    #[error("请求无法写出")]
    Unwritable(#[source] hyper::http::Error),
}

impl Courier {
    /// Calls what the rules allow; each call ends within `deadline`.
    pub const fn new(rules: Rules, resolver: Resolver, deadline: Duration) -> Self {
        Self { rules, resolver, deadline, tls: OnceLock::new() }
    }

    /// Trusts these authorities instead of the system's.
    #[must_use]
    pub fn trusting(self, authorities: Vec<CertificateDer<'static>>) -> Self {
        let connector = tls::connector(authorities).map_err(|error| error.to_string());
        Self { tls: OnceLock::from(connector), ..self }
    }

    /// What is called and what is not.
    pub const fn rules(&self) -> &Rules {
        &self.rules
    }

    /// Whether a URL may be called: as it stands, and, if its name is known already, where that leads.
    ///
    /// # Errors
    /// [`Refusal`].
    pub async fn check(&self, url: &str) -> Result<Target, Refusal> {
        let target = self.rules.target(url)?;
        if let Host::Domain(name) = target.host()
            && let Ok(Ok(addresses)) = timeout(LOOK_UP, self.resolver.resolve(name)).await
        {
            self.rules.admit(&target, &addresses)?;
        }
        Ok(target)
    }

    /// Sends a message, signed with these secrets at this moment (seconds since 1970).
    ///
    /// # Errors
    /// [`CallFault`]; an answer of whatever status is none.
    pub async fn call(
        &self,
        url: &str,
        secrets: &[Secret],
        id: &str,
        timestamp: i64,
        body: &str,
    ) -> Result<Called, CallFault> {
        // Looked at each time: rules change, and so does what was written down under others.
        let target = self.rules.target(url)?;
        let request = Request::post(target.path())
            .header(HOST, target.authority())
            .header(USER_AGENT, NAME)
            .header(CONTENT_TYPE, "application/json")
            .header("webhook-id", id)
            .header("webhook-timestamp", timestamp)
            .header("webhook-signature", signatures(secrets, id, timestamp, body.as_bytes()))
            .body(Full::new(Bytes::from(body.to_owned())))
            .map_err(CallFault::Unwritable)?;
        let called = async {
            // Addresses, so that nobody resolves the name again; the first that takes a connection.
            let addresses = self.addresses(&target).await?;
            let stream = TcpStream::connect(&addresses[..]).await.map_err(CallFault::Unreachable)?;
            if !target.is_encrypted() {
                return exchange(stream, request).await;
            }
            let tls = self.tls.get_or_init(|| tls::of_the_system().map_err(|error| error.to_string()));
            let tls = tls.as_ref().map_err(|error| CallFault::Tls(io::Error::other(error.clone())))?;
            let name = server_name(target.host()).map_err(CallFault::Tls)?;
            exchange(tls.connect(name, stream).await.map_err(CallFault::Tls)?, request).await
        };
        timeout(self.deadline, called).await.unwrap_or(Err(CallFault::TimedOut))
    }

    /// Where to connect to: resolved once, and each address looked at.
    async fn addresses(&self, target: &Target) -> Result<Vec<SocketAddr>, CallFault> {
        let addresses = match target.host() {
            Host::Ipv4(address) => vec![IpAddr::V4(*address)],
            Host::Ipv6(address) => vec![IpAddr::V6(*address)],
            Host::Domain(name) => self.resolver.resolve(name).await.map_err(CallFault::Unresolved)?,
        };
        if addresses.is_empty() {
            return Err(CallFault::Unresolved(io::ErrorKind::NotFound.into()));
        }
        Ok(self.rules.admit(target, &addresses)?)
    }
}

fn server_name(host: &Host<String>) -> io::Result<ServerName<'static>> {
    match host {
        Host::Domain(name) => {
            let name = name.trim_end_matches('.').to_owned();
            ServerName::try_from(name).map_err(io::Error::other)
        }
        Host::Ipv4(address) => Ok(ServerName::from(IpAddr::V4(*address))),
        Host::Ipv6(address) => Ok(ServerName::from(IpAddr::V6(*address))),
    }
}

/// Sends the request on a connection of its own, and closes it.
async fn exchange(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    request: Request<Full<Bytes>>,
) -> Result<Called, CallFault> {
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(CallFault::Broken)?;
    // It ends with the sender, or with the deadline that drops it.
    let connection = tokio::spawn(connection);
    let ends = AbortOnDrop(connection.abort_handle());
    let answer = sender.send_request(request).await.map_err(CallFault::Broken)?;
    let asked = answer.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
    let called = Called { status: answer.status().as_u16(), retry_after: asked.and_then(retry_after) };
    // However it ends, the status has been heard.
    let _ = timeout(BODY_TIME, pass_over(answer)).await;
    drop(ends);
    Ok(called)
}

/// Ends the task of a connection with whoever waits for it.
struct AbortOnDrop(tokio::task::AbortHandle);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn pass_over(mut answer: Response<hyper::body::Incoming>) {
    let mut read = 0;
    while read < BODY {
        match answer.body_mut().frame().await {
            Some(Ok(frame)) => read += frame.data_ref().map_or(1, Bytes::len),
            Some(Err(_)) | None => return,
        }
    }
}
