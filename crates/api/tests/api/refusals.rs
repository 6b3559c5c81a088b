//! Property: each way of being refused has its own code and status, and every code that a caller can cause is caused here.

use std::collections::BTreeSet;

use api::Code;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::portal::{Portal, need, read};

struct Case {
    code: Code,
    request: (&'static str, &'static str),
    headers: &'static [(&'static str, &'static str)],
    body: &'static str,
}

const JSON: &[(&str, &str)] = &[("Content-Type", "application/json")];

const fn case(code: Code, method: &'static str, path: &'static str) -> Case {
    Case { code, request: (method, path), headers: &[], body: "" }
}

const fn with(case: Case, headers: &'static [(&'static str, &'static str)], body: &'static str) -> Case {
    Case { headers, body, ..case }
}

const NEEDS: &str = "/api/v1/needs";
const NEED: &str = "/api/v1/needs/need-1";

fn cases() -> Vec<Case> {
    use Code::*;
    vec![
        with(case(InvalidJson, "POST", NEEDS), JSON, "{\"title\": "),
        with(case(InvalidJson, "POST", NEEDS), JSON, ""),
        with(case(InvalidJson, "POST", NEEDS), JSON, "{\"title\": \"a\", \"title\": \"b\"}"),
        with(case(InvalidJson, "POST", NEEDS), JSON, "{\"contact\": {\"mobile\": \"1\", \"mobile\": \"2\"}}"),
        case(UnknownParameter, "GET", "/api/v1/needs?colour=red"),
        case(UnknownParameter, "GET", "/api/v1/experts/expert-1/matches?target=needs"),
        case(InvalidParameter, "GET", "/api/v1/needs?limit=0"),
        case(InvalidParameter, "GET", "/api/v1/needs?limit=1&limit=2"),
        case(InvalidParameter, "GET", "/api/v1/needs?limit=101"),
        case(InvalidParameter, "GET", "/api/v1/needs?status=new"),
        case(InvalidParameter, "GET", "/api/v1/needs?updated_since=yesterday"),
        case(InvalidParameter, "GET", "/api/v1/needs?total=maybe"),
        case(InvalidParameter, "GET", "/api/v1/needs?updated_since="),
        case(InvalidParameter, "GET", "/api/v1/needs/export?after=expert-1"),
        case(InvalidParameter, "GET", "/api/v1/needs/search?region=%E7%81%AB%E6%98%9F"),
        case(InvalidParameter, "GET", "/api/v1/achievements/search?type=patents"),
        case(InvalidParameter, "GET", "/api/v1/needs/search?year=last"),
        case(InvalidParameter, "GET", "/api/v1/needs/search?facets=colour"),
        case(InvalidParameter, "GET", "/api/v1/needs/search?facets=region&region_below=moon"),
        case(InvalidParameter, "GET", "/api/v1/needs/search?industry_below=moon"),
        case(InvalidParameter, "GET", "/api/v1/needs/search?sort=best"),
        case(InvalidParameter, "GET", "/api/v1/needs/need-1/matches"),
        case(InvalidParameter, "GET", "/api/v1/needs/need-1/matches?target=needs"),
        case(InvalidCursor, "GET", "/api/v1/needs?cursor=AAAA"),
        case(WebhookNotFound, "GET", "/api/v1/webhooks/webhook-1"),
        case(WebhookNotFound, "GET", "/api/v1/webhooks/1"),
        with(case(InvalidIfMatch, "DELETE", NEED), &[("If-Match", "one")], ""),
        with(
            case(InvalidIdempotencyKey, "POST", NEEDS),
            &[("Content-Type", "application/json"), ("Idempotency-Key", "a b")],
            "{\"title\": \"x\"}",
        ),
        with(case(UnexpectedBody, "POST", "/api/v1/index-rebuilds"), JSON, "{\"registry\": \"experts\"}"),
        with(case(UnexpectedBody, "POST", "/api/v1/rematch-runs"), JSON, "{\"x\": 1}"),
        with(case(UnexpectedBody, "POST", "/api/v1/rematch-runs"), JSON, "{}"),
        with(case(UnexpectedBody, "GET", NEEDS), JSON, "x"),
        with(case(UnexpectedBody, "DELETE", NEED), JSON, "{\"reason\": \"x\"}"),
        case(OperationNotFound, "GET", "/api/v1/operations/99"),
        case(OperationNotFound, "POST", "/api/v1/operations/01/cancel"),
        case(KeyInUrl, "GET", "/api/v1/needs?api_key=x"),
        case(CampaignNotFound, "GET", "/api/v1/campaigns/99"),
        case(CampaignNotFound, "GET", "/api/v1/campaigns/01/plan"),
        case(KeyNotFound, "GET", "/api/v1/keys/key-99"),
        case(KeyNotFound, "DELETE", "/api/v1/keys/7"),
        with(
            case(HolderDiffers, "POST", "/api/v1/keys"),
            JSON,
            "{\"holder\": \"门户\", \"purpose\": \"别的\", \"scopes\": [\"admin\"]}",
        ),
        case(NotFound, "GET", "/api/v1/moons"),
        case(NotFound, "GET", "/api/v2/needs"),
        case(RecordNotFound, "GET", "/api/v1/needs/need-99"),
        case(NoRun, "GET", "/api/v1/rematch-runs/current"),
        case(MethodNotAllowed, "PATCH", NEED),
        case(MethodNotAllowed, "GET", "/api/v1/needs/import"),
        with(case(NotAcceptable, "GET", NEEDS), &[("Accept", "application/xml, text/*")], ""),
        case(IfMatchRequired, "DELETE", NEED),
        with(case(IfMatchRequired, "PUT", NEED), JSON, "{\"title\": \"x\"}"),
        with(case(StaleRevision, "DELETE", NEED), &[("If-Match", "\"7\"")], ""),
        with(case(StaleRevision, "DELETE", NEED), &[("If-Match", "W/\"1\"")], ""),
        with(case(UnsupportedMediaType, "POST", NEEDS), &[("Content-Type", "text/plain")], "{}"),
        with(case(UnsupportedMediaType, "POST", "/api/v1/needs/import"), JSON, "{}"),
        with(
            case(UnsupportedMediaType, "POST", NEEDS),
            &[("Content-Type", "application/json"), ("Content-Encoding", "gzip")],
            "{}",
        ),
        with(case(InvalidForm, "POST", NEEDS), JSON, "{}"),
        with(
            case(UnreadableFile, "POST", "/api/v1/needs/import"),
            &[("Content-Type", "text/csv")],
            "\0\0\0\0",
        ),
        with(
            case(NothingImported, "POST", "/api/v1/needs/import?all_or_nothing=true"),
            &[("Content-Type", "application/jsonl")],
            "{}\n",
        ),
        with(
            case(NoSuchPairing, "POST", "/api/v1/match"),
            JSON,
            "{\"form\": {\"title\": \"x\"}, \"target\": \"society\"}",
        ),
        with(case(AlreadyExists, "POST", NEEDS), JSON, "{\"title\": \"x\", \"external_id\": \"taken\"}"),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn every_refusal_has_its_code() {
    let portal = Portal::open().await;
    let mut first = need("x");
    first["external_id"] = "taken".into();
    portal.register("needs", first).await;
    let mut caused = BTreeSet::new();
    for case in cases() {
        let (method, path) = case.request;
        let reply = portal.send(method, path, case.headers, case.body.as_bytes()).await;
        assert_eq!(reply.problem(), case.code.slug(), "{method} {path}: {}", reply.text());
        assert_eq!(reply.status, case.code.status().as_u16());
        if case.code == Code::InvalidParameter {
            let parameter = reply.json()["errors"][0]["parameter"].as_str().expect("a parameter").to_owned();
            assert!(path.contains(&format!("{parameter}=")) || parameter == "target", "{path}: {parameter}");
        }
        caused.insert(case.code.slug());
    }
    let long = portal.get(&format!("/api/v1/needs/search?q={}", "x".repeat(9_000))).await;
    caused.insert(long.problem().leak());
    let deep = format!("{}1{}", "[".repeat(5_000), "]".repeat(5_000));
    assert_eq!(portal.send("POST", NEEDS, JSON, deep.as_bytes()).await.problem(), "invalid_json");
    let large = format!("{{\"title\": \"{}\"}}", "x".repeat(70_000));
    caused.insert(portal.send("POST", NEEDS, JSON, large.as_bytes()).await.problem().leak());

    // Left: what keys, rates and regions refuse, and what comes again, which have tests of their own; faults on this side; and those of
    // connections, which `serving` and `tests/service` tell of.
    let elsewhere = [
        Code::KeyRequired,
        Code::InvalidKey,
        Code::KeyExpired,
        Code::KeyRevoked,
        Code::MissingScope,
        Code::OutsideRegion,
        Code::TooManyKeys,
        Code::TooManyRequests,
        Code::QuotaExhausted,
        Code::Overloaded,
        Code::MalformedRequest,
        Code::HeadTimeout,
        Code::HeadTooLarge,
        Code::TooManyConnections,
        Code::IdempotencyKeyReused,
        Code::RequestInProgress,
        Code::TokenAlreadyShown,
        Code::SecretAlreadyShown,
        Code::TooManyWebhooks,
        Code::DeliveryNotFound,
        Code::FeedbackNotFound,
        Code::OperationsFull,
        Code::OperationCancelled,
        Code::OperationLost,
        Code::BrokenBody,
        Code::BodyTimeout,
        Code::RunNotFound,
        Code::RunClosed,
        Code::InternalError,
        Code::OutcomeUnknown,
        Code::InsufficientStorage,
        Code::Busy,
        Code::Unavailable,
    ];
    let left: Vec<&Code> =
        Code::ALL.iter().filter(|code| !caused.contains(code.slug()) && !elsewhere.contains(code)).collect();
    assert!(left.is_empty(), "nothing causes {left:?}");
}

/// A body whose length nobody announces is looked at: an empty one is none.
#[tokio::test(flavor = "multi_thread")]
async fn a_body_in_pieces_is_refused_where_there_is_none_unless_it_is_empty() {
    let portal = Portal::open().await;
    for (pieces, status) in [("0\r\n\r\n", 202), ("2\r\n{}\r\n0\r\n\r\n", 400)] {
        let mut stream = TcpStream::connect(portal.address).await.unwrap();
        let head = format!(
            "POST /api/v1/index-rebuilds HTTP/1.1\r\nHost: portal\r\nAuthorization: Bearer {}\r\n\
             Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n{pieces}",
            portal.key
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        let reply = read(&mut stream).await;
        assert_eq!(reply.status, status, "{}", reply.text());
    }
    let none = portal.send("POST", "/api/v1/index-rebuilds?registry=experts", JSON, b"").await;
    assert_eq!(none.status, 202, "{}", none.text());
    let list = portal.get("/api/v1/operations").await.json();
    let registries: Vec<&serde_json::Value> =
        list["items"].as_array().unwrap().iter().map(|one| &one["registry"]).collect();
    assert_eq!(registries.len(), 2, "what was refused began nothing: {list}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_method_names_those_that_are_taken() {
    let portal = Portal::open().await;
    let refused = portal.send("PATCH", NEED, &[], b"").await;
    assert_eq!(refused.header("allow"), Some("GET, PUT, DELETE, HEAD"));
}

#[tokio::test(flavor = "multi_thread")]
async fn codes_are_unique_and_their_uris_follow() {
    let slugs: BTreeSet<&str> = Code::ALL.iter().map(|code| code.slug()).collect();
    assert_eq!(slugs.len(), Code::ALL.len());
    assert_eq!(Code::InvalidForm.uri(), "/problems/invalid-form");
}
