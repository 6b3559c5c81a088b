//! Properties, with a key of 安徽省滁州市: nothing that is asked for tells what is veiled: not an expert's hits the words of achievements that are
//! hidden, not a cluster's label the words of outlines, not a year when something was filed, not a rank how many stand above. What is refused, and what is
//! handed over whole, goes on record with whom it was about.

use domain::access::{Others, Scope, Visibility};
use serde_json::{Value, json};

use crate::portal::{Portal, expert, need};

/// 超临界萃取, 安徽: as addresses have them.
const EXTRACTION: &str = "%E8%B6%85%E4%B8%B4%E7%95%8C%E8%90%83%E5%8F%96";

async fn opened(others: Others) -> (Portal, String) {
    let portal = Portal::with(|engine, _| engine.others = others).await;
    let key = portal.key("滁州", Some("3411"), Scope::ALL).await;
    (portal, key)
}

fn form(title: &str, description: &str, enterprise: &str, region: &str) -> Value {
    json!({"title": title, "description": description, "enterprise_name": enterprise, "region": region})
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expert_is_not_found_by_what_is_hidden_nor_explained_by_it() {
    let (portal, key) = opened(Others { achievements: Visibility::Hidden, ..Others::default() }).await;
    let mut own = expert("甲", "激光焊接");
    (own["external_id"], own["region"]) = (json!("ZJ-1"), json!("341103"));
    portal.register("experts", own).await;
    let achievement = |title: &str, text: &str, region: &str| {
        json!({"title": title, "summary": text, "region": region, "achievement_type": "patent",
            "inventors": [{"name": "甲", "expert": "ZJ-1"}]})
    };
    let hidden = achievement("一种秘密装置", "超临界萃取用的毛细管阵列", "340104");
    portal.register("achievements", hidden).await;
    portal.register("achievements", achievement("本地装置", "激光焊接用的石墨烯涂层", "341103")).await;
    portal
        .register("needs", form("超临界萃取激光焊接", "毛细管堵塞，石墨烯涂层脱落", "滁州某厂", "341103"))
        .await;
    portal.indexed().await;
    portal.engine.rematch(&engine::RematchRequest::default(), |_| {}).await.unwrap();
    let found = async |key: &str| {
        let page = portal.get_as(key, &format!("/api/v1/experts/search?q={EXTRACTION}")).await.json();
        page["total"].as_u64().unwrap()
    };
    assert_eq!((found(&portal.key).await, found(&key).await), (1, 0));
    for path in [
        "needs/need-1/matches?target=experts",
        "needs/need-1/current-matches?target=experts",
        "experts/expert-1/matches",
    ] {
        let path = format!("/api/v1/{path}");
        let whole = portal.get(&path).await.json()["matches"][0]["explanation"].to_string();
        let veiled = portal.get_as(&key, &path).await.json()["matches"][0]["explanation"].clone();
        let words =
            |explanation: &str| ["超临界", "毛细管"].map(|word| explanation.contains(&format!("\"{word}")));
        assert_ne!(words(&whole), [false, false], "{path}: {whole}");
        let terms =
            veiled["terms"].to_string() + &veiled["evidence"].to_string() + &veiled["alike"].to_string();
        assert!(!terms.contains("超临界") && !terms.contains("毛细管"), "{path}: {veiled}");
        assert!(terms.contains("石墨烯"), "{path}: what is seen speaks: {veiled}");
    }
    let told = portal.get_as(&key, "/api/v1/needs/need-1/matches?target=experts").await.json();
    let sentence = told["matches"][0]["explanation"]["sentence"].as_str().unwrap();
    assert!(sentence.contains("部分佐证材料属于其他地区"), "{sentence}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_tells_no_word_of_outlines() {
    const WELDING: &str = "铝壳激光焊接的焊缝气孔率偏高，节拍不低于12件每分钟";
    let (portal, key) = opened(Others::default()).await;
    for (enterprise, region) in [("庐州动力", "340104"), ("鹭岛电池", "350203")] {
        let mut foreign = form("铝壳焊缝气孔", WELDING, enterprise, region);
        foreign["filed_by"] = json!("某市科协");
        portal.register("needs", foreign).await;
    }
    let clusters = async || {
        portal.indexed().await;
        portal.engine.rematch(&engine::RematchRequest::default(), |_| {}).await.unwrap();
        let seen = |reply: Value| reply["items"].as_array().unwrap().clone();
        let path = "/api/v1/need-clusters";
        (seen(portal.get(path).await.json()), seen(portal.get_as(&key, path).await.json()))
    };
    let (all, seen) = clusters().await;
    assert!(all[0]["label"].as_array().is_some_and(|label| !label.is_empty()), "{all:?}");
    assert_eq!(seen, Vec::<Value>::new(), "outlines alone are no cluster");
    portal.register("needs", form("铝壳焊缝气孔", WELDING, "滁州某厂", "341103")).await;
    let (_, seen) = clusters().await;
    assert_eq!(seen[0]["label"], json!([]), "{seen:?}");
    for member in seen[0]["members"].as_array().unwrap() {
        assert_eq!((&member["words"], &member["highlights"]), (&json!([]), &json!([])), "{member}");
        assert!(
            member["need"]["region_name"] == "安徽省滁州市南谯区" || member["need"].get("filed_by").is_none()
        );
    }
    portal.register("needs", form("铝壳焊缝气孔", WELDING, "滁州另一厂", "341102")).await;
    let (_, seen) = clusters().await;
    assert!(seen[0]["label"].to_string().contains("焊"), "two of the own share it: {seen:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_asks_for_the_year_of_an_outline() {
    let (portal, key) = opened(Others::default()).await;
    for region in ["341103", "340104"] {
        let mut filed = form("激光焊接", "气孔", "某厂", region);
        filed["filed_on"] = json!("2024-03-05");
        portal.register("needs", filed).await;
    }
    portal.indexed().await;
    let total = async |key: &str, query: &str| {
        portal.get_as(key, &format!("/api/v1/needs/search?{query}")).await.json()["total"].as_u64().unwrap()
    };
    for (query, seen) in [("year=2024", 1), ("facets=year", 1), ("facets=region", 2)] {
        assert_eq!((total(&portal.key, query).await, total(&key, query).await), (2, seen), "{query}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn feedback_tells_no_rank_where_others_are_hidden() {
    let (portal, key) = opened(Others { experts: Visibility::Hidden, ..Others::default() }).await;
    portal.register("needs", need("激光焊接气孔控制")).await;
    for (name, region) in [("甲", "340104"), ("乙", "341103")] {
        let mut form = expert(name, "激光焊接气孔");
        form["region"] = json!(region);
        portal.register("experts", form).await;
    }
    portal.indexed().await;
    let told = json!({"need": "need-1", "candidate": "expert-2", "decision": "accepted"}).to_string();
    let headers = [("Content-Type", "application/json"), ("Idempotency-Key", "eins")];
    for _ in 0..2 {
        let reply = portal.send_as(Some(&key), "POST", "/api/v1/feedback", &headers, told.as_bytes()).await;
        assert_eq!((reply.status, reply.json()["seen"].get("rank")), (201, None), "{}", reply.text());
    }
    let listed = portal.get_as(&key, "/api/v1/feedback").await.json();
    assert_eq!(listed["items"][0]["seen"].get("rank"), None, "{listed}");
    let whole = portal.get("/api/v1/feedback").await.json();
    assert!(whole["items"][0]["seen"]["rank"].is_number(), "{whole}");
}

/// Asked for word by word, what a field is worth would tell which words stand there.
#[tokio::test(flavor = "multi_thread")]
async fn of_an_outline_no_field_of_the_text_is_told() {
    let (portal, key) = opened(Others::default()).await;
    let mut foreign = need("激光焊接气孔控制");
    foreign["region"] = json!("340104");
    portal.register("needs", foreign).await;
    let mut own = expert("甲", "激光焊接气孔");
    own["region"] = json!("341103");
    portal.register("experts", own).await;
    portal.indexed().await;
    let of_text = |parts: &Value| {
        let parts = parts.as_array().unwrap();
        parts.iter().filter(|part| part["code"].as_str().unwrap().starts_with("text.")).count()
    };
    let path = "/api/v1/experts/expert-1/matches";
    let whole = portal.get(path).await.json();
    assert!(of_text(&whole["matches"][0]["explanation"]["parts"]) > 0, "{whole}");
    let veiled = portal.get_as(&key, path).await.json();
    let found = &veiled["matches"][0];
    assert_eq!(
        (&found["score"], of_text(&found["explanation"]["parts"])),
        (&whole["matches"][0]["score"], 0)
    );
    let told = json!({"need": "need-1", "candidate": "expert-1", "decision": "accepted"}).to_string();
    let headers = [("Content-Type", "application/json")];
    let reply = portal.send_as(Some(&key), "POST", "/api/v1/feedback", &headers, told.as_bytes()).await;
    assert_eq!((reply.status, of_text(&reply.json()["seen"]["parts"])), (201, 0), "{}", reply.text());
    let (listed, all) =
        (portal.get_as(&key, "/api/v1/feedback").await.json(), portal.get("/api/v1/feedback").await.json());
    assert_eq!(of_text(&listed["items"][0]["seen"]["parts"]), 0, "{listed}");
    assert!(of_text(&all["items"][0]["seen"]["parts"]) > 0, "{all}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_and_what_is_handed_over_goes_on_record() {
    let (portal, key) = opened(Others::default()).await;
    let mut foreign = need("外地");
    foreign["region"] = json!("340104");
    portal.register("needs", foreign).await;
    let purpose = json!({"purpose": "对接"}).to_string();
    let headers = [("Content-Type", "application/json"), ("If-Match", "*")];
    let path = "/api/v1/needs/need-1";
    let revealed =
        portal.send_as(Some(&key), "POST", &format!("{path}/contact"), &headers, purpose.as_bytes()).await;
    let deleted = portal.send_as(Some(&key), "DELETE", path, &headers, b"").await;
    assert_eq!((revealed.status, deleted.status), (403, 403));
    let few = portal.key("只读", None, &[Scope::NeedsRead]).await;
    assert_eq!(portal.send_as(Some(&few), "DELETE", path, &headers, b"").await.problem(), "missing_scope");
    assert_eq!(portal.get_as(&key, "/api/v1/experts/export").await.status, 200);
    let log = portal.get("/api/v1/audit?action=access.refuse").await.json();
    let rows = log["items"].as_array().unwrap();
    let asked: Vec<(&Value, &Value)> =
        rows.iter().map(|row| (&row["record"], &row["detail"]["asked"])).collect();
    let record = json!("need-1");
    let (delete, reveal) = (json!("DELETE /api/v1/needs/{id}"), json!("POST /api/v1/needs/{id}/contact"));
    assert_eq!(asked, [(&record, &delete), (&record, &delete), (&record, &reveal)], "{log}");
    let (hidden, veiled) = opened(Others { needs: Visibility::Hidden, ..Others::default() }).await;
    let mut foreign = need("外地");
    foreign["region"] = json!("340104");
    hidden.register("needs", foreign).await;
    let path = format!("{path}/contact");
    let none = hidden.send_as(Some(&veiled), "POST", &path, &headers, purpose.as_bytes()).await;
    assert_eq!(none.problem(), "record_not_found");
    assert_eq!(hidden.get_as(&veiled, "/api/v1/needs/need-1").await.problem(), "record_not_found");
    let all = hidden.get("/api/v1/audit?action=access.refuse").await.json();
    let asked: Vec<&Value> = all["items"].as_array().unwrap().iter().map(|row| &row["record"]).collect();
    assert_eq!(asked, [&record], "who only reads is told nothing, and no more is on record");
    let log = portal.get("/api/v1/audit?action=records.export").await.json();
    assert_eq!(log["items"].as_array().unwrap().len(), 1, "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_region_s_achievements_speak_for_its_own_experts() {
    let (portal, key) = opened(Others::default()).await;
    for (identifier, region) in [("ZJ-1", "340104"), ("ZJ-2", "341103")] {
        let mut form = expert("甲", "激光焊接");
        (form["external_id"], form["region"]) = (json!(identifier), json!(region));
        portal.register("experts", form).await;
    }
    let naming = |external_id: &str, identifiers: &[&str]| {
        let inventors = identifiers.iter().map(|identifier| json!({"name": "甲", "expert": identifier}));
        json!({"external_id": external_id, "title": "一种装置", "region": "341103", "achievement_type": "patent",
            "inventors": inventors.collect::<Vec<_>>()})
    };
    let headers = [("Content-Type", "application/json"), ("If-Match", "*")];
    let send = async |method: &str, path: &str, form: Value| {
        portal.send_as(Some(&key), method, path, &headers, form.to_string().as_bytes()).await
    };
    let achievements = "/api/v1/achievements";
    assert_eq!(send("POST", achievements, naming("A", &["ZJ-2", "ZJ-3"])).await.status, 201);
    let foreign = naming("B", &["ZJ-2", "ZJ-1"]);
    for (method, path) in [("POST", achievements), ("PUT", "/api/v1/achievements/achievement-1")] {
        let refused = send(method, path, foreign.clone()).await;
        assert_eq!((refused.status, refused.problem().as_str()), (403, "outside_region"), "{method}");
        assert_eq!(refused.json()["errors"][0]["pointer"], "/inventors/1/expert");
    }
    let file = format!("{}\n{}\n", foreign, naming("C", &["ZJ-2"]));
    for whole in [true, false] {
        let path = format!("{achievements}/import?all_or_nothing={whole}");
        let headers = [("Content-Type", "application/jsonl")];
        let reply = portal.send_as(Some(&key), "POST", &path, &headers, file.as_bytes()).await.json();
        let report = if whole { &reply["report"] } else { &reply };
        assert_eq!((&report["rejected"], &report["errors"][0]["line"]), (&json!(1), &json!(1)), "{reply}");
    }
    assert_eq!(portal.get_as(&key, achievements).await.json()["items"].as_array().unwrap().len(), 2);
    assert_eq!(portal.post(achievements, &foreign).await.status, 201, "a key of no region may");
}
