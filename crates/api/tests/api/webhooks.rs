//! Properties: a portal's webhooks are its own, whatever key of its it comes with; their secrets are shown once; a webhook outlives the key that
//! made it when a newer one takes it over; what is wrong in a form is named; who administers a region sees and removes those of the region.

use std::time::Duration;

use domain::access::Scope;
use engine::Rules;
use serde_json::{Value, json};

use crate::portal::{Portal, Reply};

const WEBHOOKS: &str = "/api/v1/webhooks";
const ALL: [Scope; 3] = [Scope::WebhooksWrite, Scope::MatchesRun, Scope::NeedsRead];

async fn send(portal: &Portal, key: &str, method: &str, path: &str, body: &Value) -> Reply {
    let headers = [("Content-Type", "application/json")];
    let path = format!("{WEBHOOKS}{path}");
    let body = if body.is_null() { String::new() } else { body.to_string() };
    portal.send_as(Some(key), method, &path, &headers, body.as_bytes()).await
}

fn form() -> Value {
    json!({"url": "https://portal.example.cn/events", "events": ["run.published", "need.matches_changed"]})
}

async fn made(portal: &Portal, key: &str) -> String {
    let reply = send(portal, key, "POST", "", &form()).await;
    assert_eq!(reply.status, 201, "{}", reply.text());
    reply.json()["webhook"]["id"].as_str().unwrap().to_owned()
}

async fn ids(portal: &Portal, key: &str) -> Vec<String> {
    let page = send(portal, key, "GET", "", &Value::Null).await.json();
    page["items"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_is_made_read_changed_over_and_removed() {
    let portal = Portal::open().await;
    let key = portal.key("甲平台", None, &ALL).await;
    let reply = send(&portal, &key, "POST", "", &form()).await;
    assert_eq!((reply.status, reply.header("location")), (201, Some("/api/v1/webhooks/webhook-1")));
    let secret = reply.json()["secret"].as_str().unwrap().to_owned();
    assert!(secret.starts_with("whsec_"));
    let read = send(&portal, &key, "GET", "/webhook-1", &Value::Null).await;
    assert_eq!((&read.json()["state"], &read.json()["silent"]), (&json!("enabled"), &json!(false)));
    assert!(!read.text().contains("whsec_"));

    let rotated = send(&portal, &key, "POST", "/webhook-1/rotate-secret?overlap_hours=1", &Value::Null).await;
    assert_ne!(rotated.json()["secret"], json!(secret));
    assert!(rotated.json()["webhook"]["old_secret_until"].is_string());
    let wrong = send(&portal, &key, "POST", "/webhook-1/rotate-secret?overlap_hours=200", &Value::Null).await;
    assert_eq!((wrong.status, wrong.problem().as_str()), (400, "invalid_parameter"));

    let change = json!({"events": ["run.published"], "enabled": false});
    let changed = send(&portal, &key, "PATCH", "/webhook-1", &change).await.json();
    assert_eq!((&changed["events"], &changed["state"]), (&json!(["run.published"]), &json!("disabled")));
    assert_eq!(changed["url"], form()["url"]);
    // No name is known here, so nobody is reached; it is told at once.
    let pinged = send(&portal, &key, "POST", "/webhook-1/ping", &Value::Null).await.json();
    assert_eq!((&pinged["delivered"], pinged["detail"].is_string()), (&json!(false), true));

    let removed = send(&portal, &key, "DELETE", "/webhook-1", &Value::Null).await;
    assert_eq!((removed.status, &removed.json()["state"]), (200, &json!("removed")));
    for (method, path) in [("GET", "/webhook-1"), ("DELETE", "/webhook-1"), ("GET", "/webhook-1/deliveries")]
    {
        let gone = send(&portal, &key, method, path, &Value::Null).await;
        assert_eq!((gone.status, gone.problem().as_str()), (404, "webhook_not_found"), "{method} {path}");
    }
    assert!(ids(&portal, &key).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_portal_that_does_not_answer_keeps_nobody_else_waiting() {
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = silent.local_addr().unwrap().port();
    let portal = Portal::with(|own, _| {
        own.admission.at_once = 1;
        let allow = vec!["127.0.0.0/8".parse().unwrap()];
        own.webhooks.rules = Rules { ports: vec![port], plain_http: true, allow };
        own.webhooks.deadline = Duration::from_secs(3);
    })
    .await;
    let key = portal.key("甲平台", None, &ALL).await;
    let form = json!({"url": format!("http://127.0.0.1:{port}/"), "events": ["run.published"]});
    assert_eq!(send(&portal, &key, "POST", "", &form).await.status, 201);
    let ping = send(&portal, &key, "POST", "/webhook-1/ping", &Value::Null);
    let meanwhile = async {
        let _held = silent.accept().await.unwrap();
        assert_eq!(portal.get("/api/v1/needs").await.status, 200);
        let again = send(&portal, &key, "POST", "/webhook-1/ping", &Value::Null).await;
        assert_eq!((again.status, again.problem().as_str()), (409, "request_in_progress"));
    };
    let (pinged, ()) = tokio::join!(ping, meanwhile);
    assert_eq!(pinged.json()["delivered"], json!(false), "{}", pinged.text());
    let later = send(&portal, &key, "POST", "/webhook-1/ping", &Value::Null);
    let answered = async { drop(silent.accept().await.unwrap()) };
    assert_eq!(tokio::join!(later, answered).0.status, 200, "the next one is sent again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newer_key_takes_a_webhook_over() {
    let portal = Portal::open().await;
    let old = portal.key("甲平台", None, &ALL).await;
    let id = made(&portal, &old).await;
    let new = portal.key("甲平台", None, &ALL).await;
    let own = portal.get_as(&new, "/api/v1/keys/current").await.json()["id"].clone();
    let taken = send(&portal, &new, "PATCH", &format!("/{id}"), &json!({})).await;
    assert_eq!((taken.status, &taken.json()["key"]), (200, &own), "{}", taken.text());
    let before = old.split('_').nth(1).unwrap();
    portal.engine.revoke_key(format!("key-{before}").parse().unwrap()).await.unwrap();
    let after = send(&portal, &new, "GET", &format!("/{id}"), &Value::Null).await.json();
    assert_eq!(after["silent"], json!(false));
    // One whose key has gone says so.
    let last = own.as_str().unwrap().parse().unwrap();
    let further = portal.key("甲平台", None, &ALL).await;
    portal.engine.revoke_key(last).await.unwrap();
    let silent = send(&portal, &further, "GET", &format!("/{id}"), &Value::Null).await.json();
    assert_eq!(silent["silent"], json!(true));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_is_its_holders_alone_and_those_who_administer_may_remove_it() {
    let portal = Portal::open().await;
    let own = portal.key("甲平台", Some("3411"), &ALL).await;
    let id = made(&portal, &own).await;
    let other = portal.key("乙平台", Some("3411"), &ALL).await;
    let with_admin = [&ALL[..], &[Scope::Admin]].concat();
    let admin = portal.key("滁州管理", Some("3411"), &with_admin).await;
    let elsewhere = portal.key("合肥管理", Some("3401"), &with_admin).await;
    for key in [&other, &elsewhere] {
        assert!(ids(&portal, key).await.is_empty());
        for (method, path) in [("GET", ""), ("DELETE", ""), ("GET", "/deliveries"), ("POST", "/ping")] {
            let hidden = send(&portal, key, method, &format!("/{id}{path}"), &Value::Null).await;
            assert_eq!(
                (hidden.status, hidden.problem().as_str()),
                (404, "webhook_not_found"),
                "{method} {path}"
            );
        }
    }
    assert_eq!(ids(&portal, &admin).await, std::slice::from_ref(&id));
    for (method, path) in [("POST", "/ping"), ("POST", "/rotate-secret")] {
        let refused = send(&portal, &admin, method, &format!("/{id}{path}"), &Value::Null).await;
        assert_eq!(refused.problem(), "webhook_not_found", "it is not theirs to use");
    }
    let refused = send(&portal, &admin, "PATCH", &format!("/{id}"), &json!({})).await;
    assert_eq!(refused.problem(), "webhook_not_found", "nor to take over");
    assert_eq!(send(&portal, &admin, "DELETE", &format!("/{id}"), &Value::Null).await.status, 200);
    assert!(ids(&portal, &own).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn every_fault_of_a_form_is_named() {
    let portal = Portal::open().await;
    let url = "https://portal.example.cn/";
    for (form, pointer) in [
        (json!({"url": url}), ""),
        (json!({"url": url, "events": []}), "/events"),
        (json!({"url": url, "events": ["run.begun"]}), "/events/0"),
        (json!({"url": url, "events": "run.published"}), "/events"),
        (json!({"url": "http://portal.example.cn/", "events": ["run.published"]}), "/url"),
        (json!({"url": "https://169.254.169.254/", "events": ["run.published"]}), "/url"),
        (json!({"url": "https://localhost:22/", "events": ["run.published"]}), "/url"),
        (json!({"url": url, "events": ["run.published"], "description": "字".repeat(201)}), "/description"),
        (json!({"url": url, "events": ["run.published"], "secret": "whsec_"}), "/secret"),
    ] {
        let refused = send(&portal, &portal.key, "POST", "", &form).await;
        assert_eq!((refused.status, refused.problem().as_str()), (422, "invalid_form"), "{form}");
        assert_eq!(refused.json()["errors"][0]["pointer"], pointer, "{form}");
    }
    let key = portal.key("甲平台", None, &[Scope::WebhooksWrite, Scope::MatchesRun]).await;
    let refused = send(&portal, &key, "POST", "", &form()).await;
    assert_eq!((refused.status, &refused.json()["errors"][0]["code"]), (403, &json!("needs:read")));
}

#[tokio::test(flavor = "multi_thread")]
async fn deliveries_are_paged_narrowed_and_sent_again() {
    let portal = Portal::open().await;
    let key = portal.key("甲平台", None, &ALL).await;
    let id = made(&portal, &key).await;
    portal.indexed().await;
    portal.engine.rematch(&engine::RematchRequest::default(), |_| {}).await.unwrap();
    let path = format!("/{id}/deliveries");
    let page = send(&portal, &key, "GET", &path, &Value::Null).await.json();
    let told = &page["items"][0];
    assert_eq!((&told["event"], &told["webhook"]), (&json!("run.published"), &json!(id)));
    assert!(told["message"].as_str().unwrap().starts_with("msg_"));
    let dead = send(&portal, &key, "GET", &format!("{path}?state=dead"), &Value::Null).await.json();
    assert_eq!(dead["items"], json!([]));
    let wrong = send(&portal, &key, "GET", &format!("{path}?state=lost"), &Value::Null).await;
    assert_eq!((wrong.status, wrong.problem().as_str()), (400, "invalid_parameter"));
    let number = told["id"].as_u64().unwrap();
    let again = send(&portal, &key, "POST", &format!("{path}/{number}/retry"), &Value::Null).await;
    assert_eq!((again.status, &again.json()["state"]), (200, &json!("pending")));
    for unknown in ["99", "01", "x"] {
        let unknown = send(&portal, &key, "POST", &format!("{path}/{unknown}/retry"), &Value::Null).await;
        assert_eq!((unknown.status, unknown.problem().as_str()), (404, "delivery_not_found"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_holder_may_have_so_many() {
    let portal = Portal::with(|engine, _| engine.webhooks.per_holder = 2).await;
    let key = portal.key("甲平台", None, &ALL).await;
    made(&portal, &key).await;
    made(&portal, &key).await;
    let refused = send(&portal, &key, "POST", "", &form()).await;
    assert_eq!((refused.status, refused.problem().as_str()), (409, "too_many_webhooks"));
    assert_eq!(ids(&portal, &key).await.len(), 2);
    let page = portal.get_as(&key, "/api/v1/webhooks?limit=1").await.json();
    let cursor = page["next_cursor"].as_str().unwrap();
    let next = portal.get_as(&key, &format!("/api/v1/webhooks?limit=1&cursor={cursor}")).await.json();
    assert_eq!((&next["items"][0]["id"], next.get("next_cursor")), (&json!("webhook-2"), None));
}
