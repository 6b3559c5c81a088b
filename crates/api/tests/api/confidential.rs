//! Properties: a contact is shown in full by its own operation alone, for a stated purpose that is on record first; what keys do and what
//! they are refused stands in the audit log with key, address and request; a region's key reads the rows of its own requests.

use domain::access::Scope;
use serde_json::json;

use crate::portal::{Portal, contact, need};

const MOBILE: &str = "13812345678";

#[tokio::test(flavor = "multi_thread")]
async fn a_contact_is_shown_for_a_purpose_that_is_on_record() {
    let portal = Portal::open().await;
    let mut form = need("铝壳激光焊接气孔控制");
    form["contact"] = contact();
    form["contact"]["mobile"] = json!(MOBILE);
    portal.register("needs", form).await;
    let contact = "/api/v1/needs/need-1/contact";

    for wrong in [json!({}), json!({"purpose": ""}), json!({"purpose": 7}), json!({"why": "联系"})] {
        let refused = portal.post(contact, &wrong).await;
        assert_eq!(refused.status, 422, "{wrong}: {}", refused.text());
        assert!(!refused.text().contains(MOBILE));
    }
    let audit = portal.get("/api/v1/audit?action=contact.reveal").await.json();
    assert_eq!(audit["items"], json!([]), "nothing was shown yet");

    let headers = [("Content-Type", "application/json"), ("X-Request-Id", "ask-7")];
    let body = json!({"purpose": "约定对接时间，致电 13987654321"}).to_string();
    let shown = portal.send("POST", contact, &headers, body.as_bytes()).await;
    assert_eq!((shown.status, &shown.json()["mobile"]), (200, &json!(MOBILE)));
    assert!(!portal.get("/api/v1/needs/need-1").await.text().contains(MOBILE), "masked elsewhere");

    let audit = portal.get("/api/v1/audit?action=contact.reveal&record=need-1").await;
    assert!(!audit.text().contains(MOBILE) && !audit.text().contains("13987654321"), "{}", audit.text());
    let row = &audit.json()["items"][0];
    assert_eq!(
        [&row["actor_kind"], &row["actor"], &row["origin"], &row["request"], &row["result"]],
        ["portal", "key-1", "127.0.0.1", "ask-7", "done"]
    );
    assert!(row["detail"]["purpose"].as_str().unwrap().starts_with("约定对接时间"), "{row}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_keys_do_and_are_refused_is_on_record() {
    let portal = Portal::open().await;
    let reader = portal.key("只读", None, &[Scope::NeedsRead]).await;
    portal.register("needs", need("铝壳激光焊接气孔控制")).await;
    let headers = [("Content-Type", "application/json")];
    let body = json!({"purpose": "约定对接时间"}).to_string();
    let refused = portal
        .send_as(Some(&reader), "POST", "/api/v1/needs/need-1/contact", &headers, body.as_bytes())
        .await;
    assert_eq!((refused.status, refused.problem().as_str()), (403, "missing_scope"));
    assert_eq!(portal.get_as(&reader, "/api/v1/audit").await.status, 403);

    let refusals = portal.get("/api/v1/audit?actor=key-2&action=access.refuse").await.json();
    let rows = refusals["items"].as_array().unwrap();
    let told: Vec<_> = rows.iter().map(|row| (&row["record"], &row["detail"])).collect();
    let log = json!({"asked": "GET /api/v1/audit", "missing_scopes": ["audit:read"]});
    let contact = json!({"asked": "POST /api/v1/needs/{id}/contact", "missing_scopes": ["contacts:read"]});
    assert_eq!(told, [(&json!(""), &log), (&json!("need-1"), &contact)], "latest first");
    let created = portal.get("/api/v1/audit?record=need-1&action=record.create").await.json();
    assert_eq!(
        (&created["items"][0]["action"], &created["items"][0]["actor"]),
        (&json!("record.create"), &json!("key-1"))
    );
    assert!(portal.engine.verify_audit(None).await.unwrap().faults.is_empty());

    let local = portal.key("滁州", Some("3411"), &[Scope::AuditRead, Scope::NeedsRead]).await;
    assert_eq!(portal.get_as(&local, "/api/v1/needs").await.status, 200);
    assert_eq!(
        portal.get_as(&local, "/api/v1/audit").await.json()["items"],
        json!([]),
        "reading is no event"
    );
    assert_eq!(portal.get_as(&local, "/api/v1/experts").await.status, 403);
    let own = portal.get_as(&local, "/api/v1/audit").await.json();
    assert_eq!(own["items"].as_array().unwrap().len(), 1, "{own}");
    assert_eq!(portal.get_as(&local, "/api/v1/audit?actor=key-1").await.json()["items"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_is_read_in_pages_without_gap() {
    let portal = Portal::open().await;
    for number in 0..5 {
        portal.register("needs", need(&format!("激光焊接气孔控制之{number}"))).await;
    }
    let (mut seen, mut place) = (Vec::new(), String::new());
    loop {
        let page = portal.get(&format!("/api/v1/audit?limit=2&action=record.create{place}")).await.json();
        seen.extend(page["items"].as_array().unwrap().iter().map(|row| row["record"].clone()));
        match page["next_cursor"].as_str() {
            Some(next) => place = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(seen, ["need-5", "need-4", "need-3", "need-2", "need-1"]);
}
