//! Properties: a key is shown once and nowhere else; without a good one only health and the documentation answer; a revoked one is refused
//! from the next request on; a holder has two; who administers a region makes keys of that region and with own scopes alone.

use domain::access::Scope;
use serde_json::{Value, json};

use crate::portal::{Portal, Reply};

const KEYS: &str = "/api/v1/keys";

async fn make(portal: &Portal, by: &str, form: &Value) -> Reply {
    let headers = [("Content-Type", "application/json")];
    portal.send_as(Some(by), "POST", KEYS, &headers, form.to_string().as_bytes()).await
}

fn form(holder: &str, region: &str, scopes: &[&str]) -> Value {
    json!({"holder": holder, "purpose": "汇总", "region": region, "scopes": scopes, "days": 30})
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_made_used_changed_over_and_revoked() {
    let portal = Portal::open().await;
    let made = make(&portal, &portal.key, &form("滁州平台", "滁州市", &["needs:read"])).await;
    assert_eq!((made.status, made.header("location")), (201, Some("/api/v1/keys/key-2")));
    let token = made.json()["token"].as_str().unwrap().to_owned();
    assert_eq!(made.json()["key"]["region_name"], "安徽省滁州市");

    let own = portal.get_as(&token, "/api/v1/keys/current").await.json();
    assert_eq!(
        (&own["id"], &own["state"], &own["scopes"]),
        (&json!("key-2"), &json!("live"), &json!(["needs:read"]))
    );
    assert_eq!(portal.get_as(&token, "/api/v1/needs").await.status, 200);

    let again = json!({"holder": "滁州平台", "scopes": ["needs:read"]});
    assert_eq!(make(&portal, &portal.key, &again).await.json()["key"]["region"], "341100");
    let third = make(&portal, &portal.key, &again).await;
    assert_eq!((third.status, third.problem().as_str()), (409, "too_many_keys"));
    assert!(third.text().contains("key-2、key-3"), "{}", third.text());

    let revoked = portal.send("DELETE", "/api/v1/keys/key-2", &[], b"").await;
    assert_eq!((revoked.status, &revoked.json()["state"]), (200, &json!("revoked")));
    let refused = portal.get_as(&token, "/api/v1/needs").await;
    assert_eq!((refused.status, refused.problem().as_str()), (401, "key_revoked"));
    assert_eq!(make(&portal, &portal.key, &again).await.status, 201);

    let listed = portal.get(&format!("{KEYS}?limit=2")).await;
    let next = listed.json()["next_cursor"].as_str().unwrap().to_owned();
    let rest = portal.get(&format!("{KEYS}?limit=2&cursor={next}")).await;
    assert_eq!(rest.json()["items"].as_array().unwrap().len(), 2);
    for answer in [&listed, &rest, &portal.get("/api/v1/keys/key-2").await] {
        assert!(!answer.text().contains(&token) && !answer.text().contains("digest"), "{}", answer.text());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_key_only_health_and_the_documentation_answer() {
    let portal = Portal::open().await;
    for open in ["/livez", "/readyz", "/docs/", "/openapi.json"] {
        assert_eq!(portal.send_as(None, "GET", open, &[], b"").await.status, 200, "{open}");
    }
    let none = portal.send_as(None, "GET", "/api/v1/needs", &[], b"").await;
    assert_eq!((none.status, none.problem().as_str()), (401, "key_required"));
    assert_eq!(none.header("www-authenticate"), Some("Bearer realm=\"hongniang\""));
    let (rest, last) = portal.key.split_at(portal.key.len() - 1);
    let other = format!("{rest}{}", if last == "0" { "1" } else { "0" });
    let wrong = portal.get_as(&other, "/api/v1/needs").await;
    assert_eq!((wrong.status, wrong.problem().as_str()), (401, "invalid_key"));
    assert_eq!(wrong.header("www-authenticate"), Some("Bearer realm=\"hongniang\", error=\"invalid_token\""));
    // A body is not even looked at.
    let body = portal.send_as(None, "POST", "/api/v1/needs", &[], b"{").await;
    assert_eq!(body.problem(), "key_required");
    let lower = [("Authorization", format!("bearer  {}", portal.key))];
    let lower: Vec<(&str, &str)> = lower.iter().map(|(name, value)| (*name, value.as_str())).collect();
    assert_eq!(portal.send_as(None, "GET", "/api/v1/needs", &lower, b"").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_in_an_address_is_refused_and_not_repeated() {
    let portal = Portal::open().await;
    for path in [
        format!("/api/v1/needs?access_token={}", portal.key),
        format!("/api/v1/needs?{}=1", portal.key),
        format!("/api/v1/{}/needs", portal.key),
        format!("/docs/?key={}", portal.key),
    ] {
        let refused = portal.get(&path).await;
        assert_eq!((refused.status, refused.problem().as_str()), (400, "key_in_url"), "{path}");
        assert!(!refused.text().contains(&portal.key[..20]), "{}", refused.text());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_regions_administrator_stays_within_the_region_and_the_own_scopes() {
    let portal = Portal::open().await;
    let admin = portal.key("滁州管理", Some("3411"), &[Scope::Admin, Scope::NeedsRead]).await;
    let made = make(&portal, &admin, &form("南谯平台", "341103", &["needs:read"])).await;
    assert_eq!(made.status, 201, "{}", made.text());
    for (form, code) in [
        (form("合肥平台", "合肥市", &["needs:read"]), "outside_region"),
        (form("省平台", "34", &["needs:read"]), "outside_region"),
        (json!({"holder": "全国", "purpose": "汇总", "scopes": ["needs:read"]}), "outside_region"),
        (form("来安平台", "来安县", &["needs:read", "experts:read"]), "missing_scope"),
    ] {
        let refused = make(&portal, &admin, &form).await;
        assert_eq!((refused.status, refused.problem().as_str()), (403, code), "{form}");
    }
    let listed = portal.get_as(&admin, KEYS).await.json();
    let holders: Vec<&Value> = listed["items"].as_array().unwrap().iter().map(|key| &key["holder"]).collect();
    assert_eq!(holders, ["滁州管理", "南谯平台"]);
    for method in ["GET", "DELETE"] {
        let other = portal.send_as(Some(&admin), method, "/api/v1/keys/key-1", &[], b"").await;
        assert_eq!(other.problem(), "key_not_found", "{method}");
    }
    assert_eq!(portal.get("/api/v1/keys/key-1").await.json()["state"], "live");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_fault_of_the_form_is_named() {
    let portal = Portal::open().await;
    for (form, pointer) in [
        (json!({"holder": "x", "purpose": "y", "scopes": ["needs:fly"]}), "/scopes/0"),
        (json!({"holder": "x", "purpose": "y", "scopes": []}), "/scopes"),
        (json!({"holder": "x", "scopes": ["admin"]}), "/purpose"),
        (json!({"holder": "", "purpose": "y", "scopes": ["admin"]}), "/holder"),
        (json!({"holder": "x", "purpose": "y", "scopes": ["admin"], "days": 0}), "/days"),
        (json!({"holder": "x", "purpose": "y", "scopes": ["admin"], "region": "火星"}), "/region"),
        (json!({"holder": "x", "purpose": "y", "scopes": ["admin"], "secret": "z"}), "/secret"),
    ] {
        let refused = make(&portal, &portal.key, &form).await;
        assert_eq!((refused.status, refused.problem().as_str()), (422, "invalid_form"), "{form}");
        assert_eq!(refused.json()["errors"][0]["pointer"], pointer, "{form}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_use_of_a_key_is_written_down_soon() {
    let portal = Portal::open().await;
    for _ in 0..3 {
        portal.get("/api/v1/needs").await;
    }
    let used = async || {
        let key = portal.engine.key(domain::access::KeyId(1)).await.unwrap();
        (key.last_used_at.is_some(), portal.engine.used_today(&key))
    };
    let mut seen = used().await;
    for _ in 0..100 {
        if seen == (true, 3) {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        seen = used().await;
    }
    assert_eq!(seen, (true, 3));
}
