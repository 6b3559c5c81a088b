//! Properties: a writing request that comes again with its `Idempotency-Key` is done once and answered as before, whoever sent what when;
//! another request under the same text is refused, another key's text is another one, and what failed does not count.

use std::time::Duration;

use domain::access::Scope;
use engine::AuditFilter;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::openapi::{Operation, document, operations};
use crate::portal::{Portal, Reply, expert, need, request};

/// Writes nothing that would be there twice.
const NOT_REPEATABLE: [&str; 3] = ["match_form", "reveal_", "ping_"];

async fn post(portal: &Portal, text: &str, path: &str, body: &Value) -> Reply {
    let headers = [("Content-Type", "application/json"), ("Idempotency-Key", text)];
    portal.send("POST", path, &headers, body.to_string().as_bytes()).await
}

/// The last row of the audit log.
async fn on_record(portal: &Portal) -> i64 {
    portal.engine.audit_before(&AuditFilter::default(), u64::MAX, 1).await.unwrap()[0].seq
}

/// Waits until no operation is under way, which would be on record too.
async fn settled(portal: &Portal) {
    for _ in 0..600 {
        let all = portal.engine.operations(u64::MAX, 100).await.unwrap();
        if all.iter().all(|operation| operation.state.has_ended()) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("an operation does not end");
}

async fn needs(portal: &Portal) -> u64 {
    portal.get("/api/v1/needs?total=true").await.json()["total"].as_u64().unwrap()
}

fn told(operation: &Operation<'_>) -> bool {
    let parameters = operation.about["parameters"].as_array();
    parameters.is_some_and(|all| all.iter().any(|one| one["name"] == "Idempotency-Key"))
}

#[test]
fn the_document_says_of_every_writing_operation_that_it_may_be_repeated() {
    let document = document();
    let mut repeatable = 0;
    for operation in operations(&document) {
        let (name, answers) = (operation.name(), &operation.about["responses"]);
        let writes = operation.method != "get" && !NOT_REPEATABLE.iter().any(|word| name.starts_with(word));
        assert_eq!(told(&operation), writes, "{name}");
        if told(&operation) {
            repeatable += 1;
            let success = operation.success().0.to_string();
            assert!(answers[&success]["headers"].get("Idempotency-Replayed").is_some(), "{name}");
            for status in ["400", "409", "422"] {
                assert!(answers.get(status).is_some(), "{name}: {status}");
            }
        }
    }
    assert_eq!(repeatable, 6 * 4 + 14);
}

/// Every operation that may be repeated is, with the document's own example.
#[tokio::test(flavor = "multi_thread")]
async fn every_repeatable_operation_is_done_once() {
    let document = document();
    let mut portal = Portal::open().await;
    let asking = portal.key("示例", None, Scope::ALL).await;
    portal.key = asking;
    let mut all: Vec<_> = operations(&document).into_iter().filter(told).collect();
    all.sort_by_key(|operation| match operation.name().split_once('_') {
        Some(("create", _)) => 0,
        Some(("withdraw" | "revoke" | "delete", _)) => 2,
        _ => 1,
    });
    for operation in all {
        let name = operation.name();
        let registry = operation.path.split('/').nth(3).unwrap();
        let id = if registry == "keys" {
            "key-1".to_owned()
        } else if ["operations", "campaigns"].contains(&registry) {
            "1".to_owned()
        } else {
            format!("{}-1", registry.trim_end_matches('s'))
        };
        let id = id.replace("societie-", "society-");
        let path = operation.path.replace("{id}", &id).replace("{delivery}", "1");
        if name == "retry_webhook_delivery" {
            // The first message is about this run.
            portal.indexed().await;
            portal.engine.rematch(&engine::RematchRequest::default(), |_| {}).await.unwrap();
        }
        let content = operation.about.get("requestBody").map(|body| &body["content"]);
        let body = content.map(|content| match &content["application/jsonl"] {
            Value::Null => ("application/json", content["application/json"]["example"].to_string()),
            lines => ("application/jsonl", lines["example"].as_str().unwrap().to_owned()),
        });
        let mut headers = vec![("Idempotency-Key", name), ("If-Match", "\"1\"")];
        headers.extend(body.as_ref().map(|(media_type, _)| ("Content-Type", *media_type)));
        if name.starts_with("withdraw") || name.starts_with("delete") {
            headers[1].1 = "*";
        }
        let body = body.map(|(_, body)| body);
        let method = operation.method.to_uppercase();
        let send = || portal.send(&method, &path, &headers, body.as_deref().unwrap_or_default().as_bytes());
        let first = send().await;
        assert_eq!(
            (first.status, first.header("idempotency-replayed")),
            (operation.success().0, None),
            "{name}: {}",
            first.text()
        );
        settled(&portal).await;
        let log = on_record(&portal).await;
        let again = send().await;
        assert_eq!(again.header("idempotency-replayed"), Some("true"), "{name}: {}", again.text());
        assert_eq!(on_record(&portal).await, log, "{name}: nothing is written");
        for header in ["location", "etag"] {
            assert_eq!(again.header(header), first.header(header), "{name}");
        }
        if name == "create_key" {
            assert_eq!((again.status, again.problem().as_str()), (409, "token_already_shown"));
        } else if matches!(name, "create_webhook" | "rotate_webhook_secret") {
            assert_eq!((again.status, again.problem().as_str()), (409, "secret_already_shown"));
        } else if ["operation", "rebuild", "rematch", "delivery"].iter().any(|word| name.contains(word)) {
            // It may have gone on meanwhile.
            assert_eq!((again.status, &again.json()["id"]), (first.status, &first.json()["id"]), "{name}");
        } else {
            assert_eq!((again.status, again.json()), (first.status, first.json()), "{name}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_tells_the_record_as_it_is_and_the_revision_as_it_was() {
    let portal = Portal::open().await;
    let address =
        post(&portal, "a", "/api/v1/needs", &need("激光焊接")).await.header("location").unwrap().to_owned();
    assert_eq!(portal.put(&address, "\"1\"", &need("激光焊接气孔")).await.status, 200);
    let again = post(&portal, "a", "/api/v1/needs", &need("激光焊接")).await;
    assert_eq!(
        (again.status, again.header("etag"), again.header("location")),
        (201, Some("\"1\""), Some(&*address))
    );
    assert_eq!((&again.json()["title"], &again.json()["revision"]), (&json!("激光焊接气孔"), &json!(2)));
    assert_eq!(again.json()["contact"]["mobile"], "138****1234");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_is_the_same_however_it_is_written() {
    let portal = Portal::open().await;
    let send = async |body: &str| {
        let headers = [("Content-Type", "application/json"), ("Idempotency-Key", "a")];
        portal.send("POST", "/api/v1/needs", &headers, body.as_bytes()).await
    };
    assert_eq!(send(r#"{"title": "激光焊接", "region": "341103"}"#).await.status, 201);
    let again = send(r#"{"region":"341103","title":"\u6fc0光焊接"}"#).await;
    assert_eq!((again.status, again.header("idempotency-replayed")), (201, Some("true")), "{}", again.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn another_request_under_the_same_text_is_refused() {
    let portal = Portal::open().await;
    assert_eq!(post(&portal, "a", "/api/v1/needs", &need("一")).await.status, 201);
    for (path, body) in [
        ("/api/v1/needs", need("二")),
        ("/api/v1/needs", json!({"title": "一"})),
        ("/api/v1/experts", expert("方致远", "激光焊接")),
    ] {
        let refused = post(&portal, "a", path, &body).await;
        assert_eq!((refused.status, refused.problem().as_str()), (422, "idempotency_key_reused"), "{path}");
    }
    assert_eq!((needs(&portal).await, portal.engine.count(domain::Kind::Expert).await.unwrap()), (1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn another_keys_text_is_another_one() {
    let portal = Portal::open().await;
    let other = portal.key("另一个平台", None, &[Scope::NeedsWrite]).await;
    let headers = [("Content-Type", "application/json"), ("Idempotency-Key", "a")];
    let body = need("一").to_string();
    let first = portal.send("POST", "/api/v1/needs", &headers, body.as_bytes()).await;
    let second = portal.send_as(Some(&other), "POST", "/api/v1/needs", &headers, body.as_bytes()).await;
    assert_eq!((first.status, second.status, second.header("idempotency-replayed")), (201, 201, None));
    assert_eq!(needs(&portal).await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_fails_does_not_count() {
    let portal = Portal::open().await;
    assert_eq!(post(&portal, "a", "/api/v1/needs", &json!({})).await.problem(), "invalid_form");
    assert_eq!(post(&portal, "a", "/api/v1/needs", &need("一")).await.status, 201);
    let path = "/api/v1/needs/need-1";
    let put = async |text: &str, if_match: &str| {
        let headers =
            [("Content-Type", "application/json"), ("If-Match", if_match), ("Idempotency-Key", text)];
        portal.send("PUT", path, &headers, need("二").to_string().as_bytes()).await
    };
    assert_eq!(put("b", "\"7\"").await.problem(), "stale_revision");
    let changed = put("b", "\"1\"").await;
    assert_eq!((changed.status, changed.header("etag")), (200, Some("\"2\"")));
    // Its condition is past now, and it has been done all the same.
    let again = put("b", "\"1\"").await;
    assert_eq!(
        (again.status, again.header("etag"), again.header("idempotency-replayed")),
        (200, Some("\"2\""), Some("true"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_that_is_none_is_refused() {
    let portal = Portal::open().await;
    let (longest, longer) = ("x".repeat(255), "x".repeat(256));
    for text in ["", "a b", "键", longer.as_str()] {
        let refused = post(&portal, text, "/api/v1/needs", &need("一")).await;
        assert_eq!((refused.status, refused.problem().as_str()), (400, "invalid_idempotency_key"), "{text}");
        assert_eq!(refused.json()["errors"][0]["parameter"], "Idempotency-Key");
    }
    let twice = [("Content-Type", "application/json"), ("Idempotency-Key", "a"), ("Idempotency-Key", "a")];
    let refused = portal.send("POST", "/api/v1/needs", &twice, need("一").to_string().as_bytes()).await;
    assert_eq!(refused.problem(), "invalid_idempotency_key");
    assert_eq!(post(&portal, &longest, "/api/v1/needs", &need("一")).await.status, 201);
    assert_eq!(needs(&portal).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_twins_one_is_done_and_the_others_are_told_so() {
    let portal = Portal::with(|_, service| service.workers = 4).await;
    let body = need("激光焊接");
    let twins = (0..12).map(|_| post(&portal, "twin", "/api/v1/needs", &body));
    let replies = futures(twins).await;
    let mut first = 0;
    for reply in replies {
        match reply.status {
            201 => {
                first += usize::from(reply.header("idempotency-replayed").is_none());
                assert_eq!(reply.header("location"), Some("/api/v1/needs/need-1"));
            }
            _ => {
                assert_eq!((reply.status, reply.problem().as_str()), (409, "request_in_progress"));
                assert_eq!(reply.header("retry-after"), Some("1"));
            }
        }
    }
    assert_eq!((first, needs(&portal).await), (1, 1));
    let later = post(&portal, "twin", "/api/v1/needs", &body).await;
    assert_eq!((later.status, later.header("idempotency-replayed")), (201, Some("true")));
}

/// All at once.
async fn futures<T>(all: impl Iterator<Item = impl Future<Output = T>>) -> Vec<T> {
    let mut waiting: Vec<_> = all.map(Box::pin).collect();
    let mut done = Vec::new();
    std::future::poll_fn(|context| {
        waiting.retain_mut(|one| match one.as_mut().poll(context) {
            std::task::Poll::Ready(value) => {
                done.push(value);
                false
            }
            std::task::Poll::Pending => true,
        });
        if waiting.is_empty() { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    done
}

#[tokio::test(flavor = "multi_thread")]
async fn who_hangs_up_finds_the_record_when_asking_again() {
    let portal = Portal::open().await;
    let body = need("激光焊接").to_string();
    for text in ["1", "2", "3", "4"] {
        let bearer = format!("Bearer {}", portal.key);
        let headers = [
            ("Authorization", bearer.as_str()),
            ("Content-Type", "application/json"),
            ("Idempotency-Key", text),
        ];
        let mut stream = TcpStream::connect(portal.address).await.unwrap();
        stream.write_all(&request("POST", "/api/v1/needs", &headers, body.as_bytes())).await.unwrap();
        // Long enough for it to be done, or not: nobody reads the answer.
        tokio::time::sleep(Duration::from_millis(if text < "3" { 300 } else { 0 })).await;
        drop(stream);
    }
    for text in ["1", "2", "3", "4"] {
        let reply = loop {
            let reply = post(&portal, text, "/api/v1/needs", &need("激光焊接")).await;
            if reply.status != 409 {
                break reply;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        };
        assert_eq!(reply.status, 201, "{}", reply.text());
        assert!(text >= "3" || reply.header("idempotency-replayed") == Some("true"), "{text}");
    }
    assert_eq!(needs(&portal).await, 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_made_once_and_its_token_shown_once() {
    let portal = Portal::open().await;
    let form = json!({"holder": "新平台", "purpose": "测试", "scopes": ["needs:read"]});
    let made = post(&portal, "a", "/api/v1/keys", &form).await;
    let token = made.json()["token"].as_str().unwrap().to_owned();
    let again = post(&portal, "a", "/api/v1/keys", &form).await;
    assert_eq!((again.status, again.problem().as_str()), (409, "token_already_shown"));
    assert_eq!(again.header("location"), made.header("location"));
    assert!(!again.text().contains(&token));
    let keys = portal.get("/api/v1/keys").await.json();
    assert_eq!(keys["items"].as_array().unwrap().iter().filter(|key| key["holder"] == "新平台").count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_gone_is_not_made_again() {
    let portal = Portal::open().await;
    let form = expert("方致远", "激光焊接");
    assert_eq!(post(&portal, "a", "/api/v1/experts", &form).await.status, 201);
    portal.engine.erase_person("expert-1".parse().unwrap()).await.unwrap();
    let again = post(&portal, "a", "/api/v1/experts", &form).await;
    assert_eq!((again.status, again.problem().as_str()), (404, "record_not_found"));
    assert_eq!(portal.engine.count(domain::Kind::Expert).await.unwrap(), 0);
}
