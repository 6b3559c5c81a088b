//! Properties: feedback comes back as it was told, with what the score was made of, contacts hidden; lists are narrowed and paged without gap
//! or repetition; each fault of the body is named by its place; the ranking's weights are told.

use serde_json::{Value, json};

use crate::portal::{Portal, expert, need};

async fn opened() -> Portal {
    let portal = Portal::open().await;
    for title in ["方形铝壳激光焊接气孔控制", "激光焊接在线检测"] {
        portal.register("needs", need(title)).await;
    }
    for name in ["方致远", "刘思源"] {
        portal.register("experts", expert(name, "激光焊接")).await;
    }
    portal.register("stations", json!({"name": "水稻服务站"})).await;
    portal.indexed().await;
    portal
}

fn told(need: &str, candidate: &str, decision: &str) -> Value {
    json!({"need": need, "candidate": candidate, "decision": decision})
}

#[tokio::test(flavor = "multi_thread")]
async fn feedback_comes_back_with_what_was_seen() {
    let portal = opened().await;
    let found = portal.get("/api/v1/needs/need-1/matches?target=experts").await.json();
    let mut body = told("need-1", "expert-1", "declined");
    body["reason"] = json!("电话 13800001234 打不通");
    body["comment"] = json!("邮件发到 wang@example.com 也没有回音");
    body["decided_on"] = json!("2026年5月20日");
    let reply = portal.post("/api/v1/feedback", &body).await;
    assert_eq!(reply.status, 201, "{}", reply.text());
    let kept = reply.json();
    assert_eq!((&kept["number"], &kept["decided_on"]), (&json!(1), &json!("2026-05-20")));
    assert_eq!(
        (&kept["reason"], &kept["comment"]),
        (&json!("电话 *** 打不通"), &json!("邮件发到 *** 也没有回音"))
    );
    let first = &found["matches"][0];
    assert_eq!((&kept["seen"]["rank"], kept["seen"].get("run")), (&first["rank"], None));
    let total = kept["seen"]["total"].as_f64().unwrap();
    assert!((total - first["score"].as_f64().unwrap()).abs() < 1e-3);

    portal.engine.rematch(&engine::RematchRequest::default(), |_| {}).await.unwrap();
    let then = portal.post("/api/v1/feedback", &told("need-1", "expert-1", "solved")).await.json();
    assert_eq!(then["seen"]["run"], 1);
    assert_eq!(then["seen"]["parts"], first["explanation"]["parts"]);
    // Never proposed, and told of all the same.
    let never = portal.post("/api/v1/feedback", &told("need-1", "station-1", "accepted")).await.json();
    assert_eq!((&never["seen"]["total"], never["seen"].get("rank")), (&json!(0.0), None));
    assert!(never["seen"]["parts"].as_array().unwrap().iter().any(|part| part["code"] == "region"));
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_are_narrowed_and_paged() {
    let portal = opened().await;
    for at in 0..7 {
        let body =
            told(["need-1", "need-2"][at % 2], ["expert-1", "expert-2", "station-1"][at % 3], "accepted");
        assert_eq!(portal.post("/api/v1/feedback", &body).await.status, 201);
    }
    for (query, numbers) in [
        ("", vec![1, 2, 3, 4, 5, 6, 7]),
        ("need=need-1", vec![1, 3, 5, 7]),
        ("candidate=expert-1", vec![1, 4, 7]),
        ("need=need-1&candidate=expert-1", vec![1, 7]),
        ("need=need-9", vec![]),
    ] {
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = portal.get(&format!("/api/v1/feedback?limit=2&{query}{cursor}")).await.json();
            seen.extend(
                page["items"].as_array().unwrap().iter().map(|item| item["number"].as_u64().unwrap()),
            );
            let Some(next) = page["next_cursor"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
        assert_eq!(seen, numbers, "{query}");
    }
    let next = portal.get("/api/v1/feedback?limit=1&need=need-1").await.json()["next_cursor"].clone();
    let other = format!("/api/v1/feedback?limit=1&need=need-2&cursor={}", next.as_str().unwrap());
    assert_eq!(portal.get(&other).await.problem(), "invalid_cursor");
    for bad in ["need=expert-1", "need=1", "candidate=x", "limit=0"] {
        assert_eq!(
            portal.get(&format!("/api/v1/feedback?{bad}")).await.problem(),
            "invalid_parameter",
            "{bad}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_fault_is_named() {
    let portal = opened().await;
    let with = |field: &str, value: Value| {
        let mut body = told("need-1", "expert-1", "accepted");
        body[field] = value;
        body
    };
    for (bad, code, pointer) in [
        (json!({"need": "need-1"}), "missing", ""),
        (with("need", json!("1")), "format", "/need"),
        (with("candidate", json!(7)), "format", "/candidate"),
        (with("decision", json!("maybe")), "not_in_table", "/decision"),
        (with("colour", json!(1)), "unknown", "/colour"),
        (with("reason", json!(["太远"])), "wrong_type", "/reason"),
        (with("reason", json!("远".repeat(201))), "too_large", "/reason"),
        (with("decided_on", json!("明天")), "format", "/decided_on"),
        (with("decided_on", json!("2999-01-01")), "contradiction", "/decided_on"),
    ] {
        let refused = portal.post("/api/v1/feedback", &bad).await;
        assert_eq!((refused.status, refused.problem().as_str()), (422, "invalid_form"), "{bad}");
        let item = &refused.json()["errors"][0];
        assert_eq!((item["code"].as_str(), item["pointer"].as_str()), (Some(code), Some(pointer)), "{bad}");
    }
    for (bad, code) in [
        (told("need-9", "expert-1", "accepted"), "record_not_found"),
        (told("need-1", "expert-9", "accepted"), "record_not_found"),
        (told("expert-1", "need-1", "accepted"), "no_such_pairing"),
        (told("need-1", "society-1", "accepted"), "no_such_pairing"),
    ] {
        assert_eq!(portal.post("/api/v1/feedback", &bad).await.problem(), code, "{bad}");
    }
    assert_eq!(portal.get("/api/v1/feedback").await.json()["items"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_weights_in_force_are_told() {
    let portal = Portal::open().await;
    let ranking = portal.get("/api/v1/ranking").await.json();
    let region =
        ranking["weights"].as_array().unwrap().iter().find(|weight| weight["code"] == "region").unwrap();
    assert_eq!(*region, json!({"code": "region", "label": "地域", "weight": 0.15}));
    assert_eq!(ranking.get("learned"), None, "nothing was learned");
    let codes: Vec<&str> = ranking["weights"]
        .as_array()
        .unwrap()
        .iter()
        .map(|weight| weight["code"].as_str().unwrap())
        .collect();
    assert_eq!(codes[3..6], ["text.evidence", "meaning", "availability"], "every part of a score");
}
