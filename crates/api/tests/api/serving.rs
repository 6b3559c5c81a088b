//! Properties: a slow body is cut off, a request under way outlives the order to end, health tells the truth, every answer is numbered.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::portal::{Portal, read, request};

const HEAD: &str = "POST /api/v1/needs HTTP/1.1\r\nHost: p\r\nConnection: close\r\nContent-Type: application/json\r\n\
    Content-Length: 18\r\n\r\n";

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_body_is_cut_off() {
    let portal = Portal::open().await;
    let mut stream = TcpStream::connect(portal.address).await.unwrap();
    stream.write_all(portal.signed(HEAD).as_bytes()).await.unwrap();
    stream.write_all(b"{\"title\"").await.unwrap();
    let refused = read(&mut stream).await;
    assert_eq!((refused.status, refused.problem().as_str()), (408, "body_timeout"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_under_way_is_finished_before_the_end() {
    let portal = Portal::open().await;
    let mut stream = TcpStream::connect(portal.address).await.unwrap();
    stream.write_all(portal.signed(HEAD).as_bytes()).await.unwrap();
    stream.write_all(b"{\"title\"").await.unwrap();
    tokio::time::sleep(Duration::from_millis(300)).await;
    let (closed, reply) = tokio::join!(portal.close(), async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        stream.write_all(b": \"a b c\"}").await.unwrap();
        read(&mut stream).await
    });
    assert_eq!((closed, reply.status), ((), 201), "{}", reply.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn health_tells_the_truth() {
    let portal = Portal::open().await;
    assert_eq!(portal.get("/livez").await.json()["status"], "ok");
    let ready = portal.get("/readyz").await;
    assert_eq!((ready.status, ready.json()["ready"].as_bool()), (200, Some(true)), "{}", ready.text());
    assert_eq!(ready.json()["indexes"].as_array().unwrap().len(), 6);
    portal.engine.close().await;
    let not_ready = portal.get("/readyz").await;
    assert_eq!((not_ready.status, not_ready.json()["database"].as_bool()), (503, Some(false)));
    let refused = portal.get("/api/v1/needs").await;
    assert_eq!((refused.status, refused.problem().as_str()), (503, "unavailable"));
    assert!(refused.header("retry-after").is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_harmless_request_number_is_kept_and_another_replaced() {
    let portal = Portal::open().await;
    let kept = portal.send("GET", "/livez", &[("X-Request-Id", "portal-7.a")], b"").await;
    assert_eq!(kept.header("x-request-id"), Some("portal-7.a"));
    let replaced = portal.send("GET", "/livez", &[("X-Request-Id", "a b\tc")], b"").await;
    assert_ne!(replaced.header("x-request-id"), Some("a b\tc"));
    assert_ne!(
        portal.get("/livez").await.header("x-request-id"),
        portal.get("/livez").await.header("x-request-id")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_documentation_needs_nothing_from_outside() {
    let portal = Portal::open().await;
    let root = portal.get("/").await;
    assert_eq!((root.status, root.header("location")), (307, Some("/docs/")));
    let page = portal.get("/docs/").await;
    assert_eq!(page.status, 200);
    assert!(!page.text().contains("https://"), "{}", page.text());
    assert!(portal.get("/docs/swagger-initializer.js").await.text().contains("/openapi.json"));
    assert_eq!(portal.get("/openapi.json").await.json()["openapi"], "3.1.0");
    assert_eq!(portal.get("/docs/nothing.js").await.problem(), "not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_answer_is_compressed_for_those_who_want_it() {
    let portal = Portal::open().await;
    let mut stream = TcpStream::connect(portal.address).await.unwrap();
    let asked = request("GET", "/openapi.json", &[("Accept-Encoding", "gzip")], b"");
    stream.write_all(&asked).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    let head = String::from_utf8_lossy(&answer[..500.min(answer.len())]).to_lowercase();
    assert!(head.contains("content-encoding: gzip"), "{head}");
}
