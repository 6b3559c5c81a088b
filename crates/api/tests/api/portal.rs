//! A portal: sends requests to a server of its own, and checks on every answer what must hold for all of them.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use api::{Limits, RateSettings, ServerSettings};
use domain::access::Scope;
use engine::{Engine, KeyRequest, Resolve, Resolver, Resolving, Settings};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// Contacts that the tests send; no answer may hold one of them.
pub(crate) const SECRETS: [&str; 4] = ["13800001234", "wang@example.com", "王建国", "创业路"];

pub(crate) const LIMITS: Limits = Limits {
    body: 64 << 10,
    import: 1 << 20,
    body_deadline: Duration::from_secs(2),
    import_deadline: Duration::from_secs(60),
};

pub(crate) const IMPORTS: usize = 2;

pub(crate) struct Portal {
    pub(crate) address: SocketAddr,
    pub(crate) engine: Engine,
    /// A key that opens everything, sent with every request that brings none of its own.
    pub(crate) key: String,
    stop: Option<oneshot::Sender<()>>,
    server: JoinHandle<std::io::Result<()>>,
    _data: TempDir,
}

/// Knows no name: no test looks one up in the world.
struct Nobody;

impl Resolve for Nobody {
    fn resolve<'a>(&'a self, _: &'a str) -> Resolving<'a> {
        Box::pin(async { Ok(Vec::new()) })
    }
}

pub(crate) struct Reply {
    pub(crate) status: u16,
    headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Portal {
    pub(crate) async fn open() -> Self {
        Self::with(|_, _| {}).await
    }

    /// Opened with other settings than the usual ones: those of the engine, and of the service.
    pub(crate) async fn with(change: impl FnOnce(&mut Settings, &mut ServerSettings)) -> Self {
        let data = tempfile::tempdir().unwrap();
        let mut own = Settings::new(data.path());
        own.webhooks.resolver = Resolver::Other(Arc::new(Nobody));
        // Tests ask as fast as they can.
        let rates = RateSettings { per_second: 0, burst: 0, daily: 0, refused_per_minute: 0 };
        let mut settings = ServerSettings {
            workers: 1,
            limits: LIMITS,
            imports: IMPORTS,
            rates,
            ..ServerSettings::default()
        };
        change(&mut own, &mut settings);
        let engine = Engine::open(&own).await.unwrap();
        let key = key_for(&engine, "门户", None, Scope::ALL).await;
        engine.catch_up().await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let ended = async move {
            let _ = stopped.await;
        };
        let server = tokio::spawn(api::serve(engine.clone(), settings, listener, ended));
        Self { address, engine, key, stop: Some(stop), server, _data: data }
    }

    /// Tells the server to end and waits until it has.
    pub(crate) async fn close(mut self) {
        self.stop.take().unwrap().send(()).unwrap();
        self.server.await.unwrap().unwrap();
    }

    pub(crate) async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Reply {
        self.send_as(Some(&self.key), method, path, headers, body).await
    }

    /// Sends with another key, or with none.
    pub(crate) async fn send_as(
        &self,
        key: Option<&str>,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Reply {
        let bearer = key.map(|key| format!("Bearer {key}"));
        let own = bearer.iter().map(|bearer| ("Authorization", bearer.as_str()));
        let headers: Vec<(&str, &str)> = own.chain(headers.iter().copied()).collect();
        let reply = exchange(self.address, &request(method, path, &headers, body)).await;
        // The one operation that shows contacts, when it does.
        let reveals = method == "POST" && path.ends_with("/contact") && reply.status == 200;
        reply.check(reveals);
        reply
    }

    /// Reads with another key.
    pub(crate) async fn get_as(&self, key: &str, path: &str) -> Reply {
        self.send_as(Some(key), "GET", path, &[], b"").await
    }

    /// A key of a holder of its own, bound to a region or not.
    pub(crate) async fn key(&self, holder: &str, region: Option<&str>, scopes: &[Scope]) -> String {
        key_for(&self.engine, holder, region, scopes).await
    }

    /// A key whose time is over.
    pub(crate) async fn expired_key(&self) -> String {
        let request = KeyRequest {
            good_for: Duration::from_millis(20),
            ..key_request("已过期的", None, Scope::ALL)
        };
        let key = self.engine.create_key(&request).await.unwrap().token.reveal();
        tokio::time::sleep(Duration::from_millis(40)).await;
        key
    }

    /// The head of a request that a test writes by itself, with the key in it.
    pub(crate) fn signed(&self, head: &str) -> String {
        head.replacen("\r\n", &format!("\r\nAuthorization: Bearer {}\r\n", self.key), 1)
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.send("GET", path, &[], b"").await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Reply {
        let headers = [("Content-Type", "application/json")];
        self.send("POST", path, &headers, body.to_string().as_bytes()).await
    }

    pub(crate) async fn put(&self, path: &str, if_match: &str, body: &Value) -> Reply {
        let headers = [("Content-Type", "application/json"), ("If-Match", if_match)];
        self.send("PUT", path, &headers, body.to_string().as_bytes()).await
    }

    pub(crate) async fn delete(&self, path: &str, if_match: &str) -> Reply {
        self.send("DELETE", path, &[("If-Match", if_match)], b"").await
    }

    pub(crate) async fn import(&self, path: &str, media_type: &str, body: &[u8]) -> Reply {
        self.send("POST", path, &[("Content-Type", media_type)], body).await
    }

    /// Registers a record and returns its address.
    pub(crate) async fn register(&self, registry: &str, form: Value) -> String {
        let reply = self.post(&format!("/api/v1/{registry}"), &form).await;
        assert_eq!(reply.status, 201, "{}", reply.text());
        reply.header("location").unwrap().to_owned()
    }

    /// Waits until everything registered can be found.
    pub(crate) async fn indexed(&self) {
        self.engine.catch_up().await.unwrap();
    }
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|_| panic!("no JSON: {} {}", self.status, self.text()))
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The code of the problem, which must be complete.
    pub(crate) fn problem(&self) -> String {
        let problem = self.json();
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{problem}");
        assert_eq!(problem["status"], self.status, "{problem}");
        assert_eq!(problem["request_id"], *self.header("x-request-id").unwrap(), "{problem}");
        for member in ["type", "title", "detail"] {
            assert!(problem[member].as_str().is_some_and(|text| !text.is_empty()), "{member}: {problem}");
        }
        assert!(
            is_chinese(problem["title"].as_str().unwrap()) && is_chinese(problem["detail"].as_str().unwrap())
        );
        problem["code"].as_str().unwrap().to_owned()
    }

    fn check(&self, reveals: bool) {
        assert!(self.header("x-request-id").is_some_and(|id| !id.is_empty()), "{}", self.text());
        assert_eq!(self.header("x-content-type-options"), Some("nosniff"));
        let text = self.text();
        for secret in SECRETS {
            assert!(reveals || !text.contains(secret) || text.contains("\"openapi\""), "{secret} in {text}");
        }
        if self.status >= 400 && !text.is_empty() && self.header("content-type") != Some("application/json") {
            self.problem();
        }
    }
}

async fn key_for(engine: &Engine, holder: &str, region: Option<&str>, scopes: &[Scope]) -> String {
    engine.create_key(&key_request(holder, region, scopes)).await.unwrap().token.reveal()
}

fn key_request(holder: &str, region: Option<&str>, scopes: &[Scope]) -> KeyRequest {
    KeyRequest {
        holder: holder.to_owned(),
        purpose: Some("测试".to_owned()),
        region: region.map(|region| region.parse().unwrap()),
        scopes: scopes.iter().copied().collect(),
        good_for: KeyRequest::days(1),
    }
}

pub(crate) fn is_chinese(text: &str) -> bool {
    text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c))
}

pub(crate) fn contact() -> Value {
    json!({"person": "王建国", "mobile": "13800001234", "email": "wang@example.com", "address": "安徽省滁州市南谯区创业路1号"})
}

pub(crate) fn need(title: &str) -> Value {
    json!({"title": title, "description": "铝壳激光焊接的焊缝气孔率偏高，希望降低。", "enterprise_name": "滁州皖东新能源科技有限公司",
        "keywords": ["激光焊接", "气孔"], "region": "341103", "industry": "C3841", "contact": contact()})
}

pub(crate) fn expert(name: &str, direction: &str) -> Value {
    json!({"name": name, "professional_title": "教授", "organisation": "皖江理工大学", "research_directions": [direction],
        "keywords": ["激光焊接", "气孔"], "region": "340104", "fields": ["智能制造"], "industries": ["C3841"],
        "contact": contact()})
}

/// The bytes of a request that asks for the connection to be closed.
pub(crate) fn request(method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let mut head = format!("{method} {path} HTTP/1.1\r\nHost: portal\r\nConnection: close\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    if !body.is_empty() || method == "POST" || method == "PUT" {
        head.push_str(&format!("Content-Length: {}\r\n", body.len()));
    }
    [head.as_bytes(), b"\r\n", body].concat()
}

async fn exchange(address: SocketAddr, request: &[u8]) -> Reply {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request).await.unwrap();
    read(&mut stream).await
}

/// Reads one answer up to the end of the connection.
pub(crate) async fn read(stream: &mut TcpStream) -> Reply {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await.unwrap();
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").expect("a whole head");
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    let mut lines = head.split("\r\n");
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let header =
        |line: &str| line.split_once(": ").map(|(name, value)| (name.to_lowercase(), value.to_owned()));
    let headers: Vec<(String, String)> = lines.filter_map(header).collect();
    let mut body = bytes[end + 4..].to_vec();
    if headers.iter().any(|(name, value)| name == "transfer-encoding" && value == "chunked") {
        body = unchunked(&body);
    }
    Reply { status, headers, body }
}

fn unchunked(mut rest: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    while let Some(end) = rest.windows(2).position(|two| two == b"\r\n") {
        let size = usize::from_str_radix(std::str::from_utf8(&rest[..end]).unwrap(), 16).unwrap();
        body.extend(&rest[end + 2..end + 2 + size]);
        rest = &rest[end + 4 + size..];
    }
    body
}
