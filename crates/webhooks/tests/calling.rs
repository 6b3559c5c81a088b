//! Calls to a real listener: what is sent verifies with the specification's own library; whatever the listener does, the call ends in time;
//! and where a name leads is looked at each time.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use standardwebhooks::Webhook;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use webhooks::{CallFault, Called, Courier, Refusal, Resolve, Resolver, Resolving, Rules, Secret};

const BODY: &str = r#"{"type":"run.published","timestamp":"2026-11-20T18:05:31Z","data":{"run":12}}"#;
const NAME: &str = "portal.gov.internal";

/// What a listener does with a request.
#[derive(Clone, Copy)]
enum Answer {
    Says(&'static str),
    /// Begins a body and never ends it.
    Endless,
    Nothing,
    Closes,
}

/// A portal that keeps what it is sent.
struct Portal {
    port: u16,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Portal {
    async fn open(answer: Answer) -> Self {
        Self::behind(answer, None).await
    }

    async fn behind(answer: Answer, tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (port, heard) = (listener.local_addr().unwrap().port(), Arc::<Mutex<Vec<String>>>::default());
        let kept = Arc::clone(&heard);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (kept, tls) = (Arc::clone(&kept), tls.clone());
                tokio::spawn(async move {
                    match tls {
                        None => serve(stream, answer, &kept).await,
                        // A caller that does not trust us has gone.
                        Some(tls) => {
                            if let Ok(stream) = tls.accept(stream).await {
                                serve(stream, answer, &kept).await;
                            }
                        }
                    }
                });
            }
        });
        Self { port, heard }
    }

    fn requests(&self) -> Vec<String> {
        self.heard.lock().unwrap().clone()
    }
}

async fn serve(mut stream: impl AsyncRead + AsyncWrite + Unpin, answer: Answer, kept: &Mutex<Vec<String>>) {
    let mut request = Vec::new();
    let mut piece = [0; 4096];
    while !String::from_utf8_lossy(&request).ends_with('}') {
        match stream.read(&mut piece).await {
            Ok(0) | Err(_) => return,
            Ok(read) => request.extend_from_slice(&piece[..read]),
        }
    }
    kept.lock().unwrap().push(String::from_utf8(request).unwrap());
    match answer {
        Answer::Says(text) => {
            let _ = stream.write_all(text.as_bytes()).await;
            let _ = stream.shutdown().await;
        }
        Answer::Endless => {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").await;
            while stream.write_all(b"3e8\r\n").await.is_ok() && stream.write_all(&[b'x'; 1000]).await.is_ok()
            {
                if stream.write_all(b"\r\n").await.is_err() {
                    break;
                }
            }
        }
        Answer::Nothing => tokio::time::sleep(Duration::from_secs(60)).await,
        Answer::Closes => {}
    }
}

/// Knows one name, whose addresses may change from one look-up to the next.
struct Names {
    asked: AtomicUsize,
    answers: Vec<IpAddr>,
}

impl Resolve for Names {
    fn resolve<'a>(&'a self, host: &'a str) -> Resolving<'a> {
        Box::pin(async move {
            assert_eq!(host, NAME);
            let asked = self.asked.fetch_add(1, Ordering::SeqCst);
            Ok(vec![self.answers[asked.min(self.answers.len() - 1)]])
        })
    }
}

fn names(answers: &[&str]) -> Resolver {
    let answers = answers.iter().map(|address| address.parse().unwrap()).collect();
    Resolver::Other(Arc::new(Names { asked: AtomicUsize::new(0), answers }))
}

/// May call the loopback, at this port.
fn rules(port: u16) -> Rules {
    Rules { ports: vec![port], plain_http: true, allow: vec!["127.0.0.0/8".parse().unwrap()] }
}

fn courier(port: u16) -> Courier {
    Courier::new(rules(port), Resolver::System, Duration::from_secs(3))
}

async fn call(courier: &Courier, url: &str, secrets: &[Secret]) -> Result<Called, CallFault> {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    courier.call(url, secrets, "msg_1", i64::try_from(now).unwrap(), BODY).await
}

async fn answered(answer: Answer) -> (Result<Called, CallFault>, usize) {
    let portal = Portal::open(answer).await;
    let url = format!("http://127.0.0.1:{}/hooks", portal.port);
    let outcome = call(&courier(portal.port), &url, &[Secret::generate().unwrap()]).await;
    (outcome, portal.requests().len())
}

const OK: Answer = Answer::Says("HTTP/1.1 204 No Content\r\n\r\n");

#[tokio::test]
async fn what_is_sent_verifies_with_the_library_of_the_specification() {
    let portal = Portal::open(OK).await;
    let (new, old) = (Secret::generate().unwrap(), Secret::generate().unwrap());
    let url = format!("http://127.0.0.1:{}/hooks?of=us", portal.port);
    let called = call(&courier(portal.port), &url, &[new.clone(), old.clone()]).await.unwrap();
    assert_eq!((called.status, called.is_taken()), (204, true));
    let request = portal.requests().remove(0);
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    let mut lines = head.lines();
    assert_eq!(lines.next(), Some("POST /hooks?of=us HTTP/1.1"));
    let mut headers = hyper::HeaderMap::new();
    for line in lines {
        let (name, value) = line.split_once(": ").unwrap();
        headers
            .insert(hyper::header::HeaderName::from_bytes(name.as_bytes()).unwrap(), value.parse().unwrap());
    }
    assert_eq!((headers["host"].to_str().unwrap(), body), (&*format!("127.0.0.1:{}", portal.port), BODY));
    assert_eq!(headers["content-type"], "application/json");
    for secret in [new, old] {
        Webhook::new(&secret.reveal()).unwrap().verify(body.as_bytes(), &headers).unwrap();
    }
    let stranger = Webhook::new(&Secret::generate().unwrap().reveal()).unwrap();
    assert!(stranger.verify(body.as_bytes(), &headers).is_err());
}

#[tokio::test]
async fn of_an_answer_the_status_counts() {
    for (text, status, wait) in [
        ("HTTP/1.1 500 Oops\r\nContent-Length: 4\r\n\r\nbody", 500, None),
        ("HTTP/1.1 410 Gone\r\n\r\n", 410, None),
        ("HTTP/1.1 429 Slow\r\nRetry-After: 120\r\n\r\n", 429, Some(120)),
        ("HTTP/1.1 503 Later\r\nRetry-After: soon\r\n\r\n", 503, None),
    ] {
        let (outcome, _) = answered(Answer::Says(text)).await;
        let called = outcome.unwrap();
        assert_eq!((called.status, called.retry_after), (status, wait.map(Duration::from_secs)), "{text}");
        assert_eq!((called.is_taken(), called.is_gone()), (false, status == 410), "{text}");
    }
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let elsewhere = Portal::open(OK).await;
    let location = format!("HTTP/1.1 307 Moved\r\nLocation: http://127.0.0.1:{}/\r\n\r\n", elsewhere.port);
    let portal = Portal::open(Answer::Says(location.leak())).await;
    let rules = Rules { ports: vec![portal.port, elsewhere.port], ..rules(portal.port) };
    let courier = Courier::new(rules, Resolver::System, Duration::from_secs(3));
    let url = format!("http://127.0.0.1:{}/", portal.port);
    let called = call(&courier, &url, &[Secret::generate().unwrap()]).await.unwrap();
    assert_eq!((called.status, elsewhere.requests().len()), (307, 0));
}

#[tokio::test]
async fn whatever_a_portal_does_the_call_ends_in_time() {
    let started = Instant::now();
    let (outcome, requests) = answered(Answer::Endless).await;
    assert_eq!((outcome.unwrap().status, requests), (200, 1), "the status was heard");
    assert!(started.elapsed() < Duration::from_secs(2), "a body without end is not read to its end");
    assert!(matches!(answered(Answer::Closes).await.0, Err(CallFault::Broken(_))));
    assert!(matches!(
        answered(Answer::Says("220 smtp.example.cn ESMTP\r\n")).await.0,
        Err(CallFault::Broken(_))
    ));
    let started = Instant::now();
    assert!(matches!(answered(Answer::Nothing).await.0, Err(CallFault::TimedOut)));
    let took = started.elapsed();
    assert!((Duration::from_secs(3)..Duration::from_secs(5)).contains(&took), "{took:?}");
    // A port where nobody listens.
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let refused = call(&courier(free), &format!("http://127.0.0.1:{free}/"), &[]).await;
    assert!(matches!(refused, Err(CallFault::Unreachable(_))), "{refused:?}");
}

/// Written down while its name led to a public address; when it is called, the name leads into the machine.
#[tokio::test]
async fn a_name_that_leads_elsewhere_by_now_is_not_called() {
    let portal = Portal::open(OK).await;
    let rules = Rules { ports: vec![portal.port], plain_http: true, allow: Vec::new() };
    let courier = Courier::new(rules, names(&["1.1.1.1", "127.0.0.1"]), Duration::from_secs(3));
    let url = format!("http://{NAME}:{}/", portal.port);
    assert!(courier.check(&url).await.is_ok());
    let refused = call(&courier, &url, &[]).await.unwrap_err();
    assert!(matches!(refused, CallFault::Refused(Refusal::LeadsAstray)), "{refused:?}");
    assert!(!refused.to_string().contains("127"), "where it leads is not told");
    assert!(portal.requests().is_empty());
    // Nor is it written down while it does.
    let courier = Courier::new(courier.rules().clone(), names(&["127.0.0.1"]), Duration::from_secs(3));
    assert_eq!(courier.check(&url).await.unwrap_err(), Refusal::LeadsAstray);
}

/// The connection is made to the address that was looked at: the name is resolved once, and its second answer would be another.
#[tokio::test]
async fn a_name_is_resolved_once_for_a_call() {
    let portal = Portal::open(OK).await;
    let resolver = Arc::new(Names {
        asked: AtomicUsize::new(0),
        answers: vec!["127.0.0.1".parse().unwrap(), "127.0.0.9".parse().unwrap()],
    });
    let courier = Courier::new(rules(portal.port), Resolver::Other(resolver.clone()), Duration::from_secs(3));
    call(&courier, &format!("http://{NAME}:{}/", portal.port), &[]).await.unwrap();
    assert_eq!((resolver.asked.load(Ordering::SeqCst), portal.requests().len()), (1, 1));
    assert!(portal.requests()[0].contains(&format!("host: {NAME}:{}", portal.port)));
}

#[tokio::test]
async fn under_tls_only_a_certificate_of_a_trusted_authority_for_this_name_will_do() {
    let key = rcgen::KeyPair::generate().unwrap();
    let mut authority = rcgen::CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let authority_certificate = authority.self_signed(&key).unwrap();
    let issuer = rcgen::Issuer::new(authority, &key);
    let own = rcgen::KeyPair::generate().unwrap();
    let certificate =
        rcgen::CertificateParams::new(vec![NAME.to_owned()]).unwrap().signed_by(&own, &issuer).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], own.serialize_der().try_into().unwrap())
        .unwrap();
    let portal = Portal::behind(OK, Some(TlsAcceptor::from(Arc::new(config)))).await;
    let encrypted = |authorities| {
        let rules = Rules { plain_http: false, ..rules(portal.port) };
        Courier::new(rules, names(&["127.0.0.1"]), Duration::from_secs(3)).trusting(authorities)
    };
    let trusting = encrypted(vec![authority_certificate.der().clone()]);
    let url = format!("https://{NAME}:{}/hooks", portal.port);
    assert!(call(&trusting, &url, &[]).await.unwrap().is_taken());
    let other_name = call(&trusting, &format!("https://127.0.0.1:{}/", portal.port), &[]).await;
    assert!(matches!(other_name, Err(CallFault::Tls(_))), "{other_name:?}");
    let distrusting = call(&encrypted(Vec::new()), &url, &[]).await;
    assert!(matches!(distrusting, Err(CallFault::Tls(_))), "{distrusting:?}");
    assert_eq!(portal.requests().len(), 1, "nothing was sent to the others");
}
