//! Campaigns over the API: made and told with reasons; ruled on only from what was read, and once; handed out as workbooks; made in the
//! background where that is wanted; and, with a region's key, about the region's needs and with those whom it may see.

use domain::access::{Others, Scope, Visibility};
use serde_json::{Value, json};

use crate::portal::{Portal, Reply, expert, need};

const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
const CAMPAIGN: &str = "/api/v1/campaigns/1";

/// Two needs of 滁州 and one of 合肥; an expert of each city.
async fn opened(others: Others) -> Portal {
    let portal = Portal::with(|engine, _| engine.others = others).await;
    for (title, region) in
        [("铝壳激光焊接气孔", "341103"), ("激光焊接在线检测", "341103"), ("激光焊接飞溅", "340104")]
    {
        let mut form = need(title);
        form["region"] = json!(region);
        portal.register("needs", form).await;
    }
    for (name, region) in [("方致远", "340104"), ("卢景同", "341103")] {
        let mut form = expert(name, "激光焊接气孔控制");
        form["region"] = json!(region);
        portal.register("experts", form).await;
    }
    portal.indexed().await;
    portal
}

async fn rule(portal: &Portal, if_match: &str, headers: &[(&str, &str)], body: &Value) -> Reply {
    let mut all = vec![("Content-Type", "application/json"), ("If-Match", if_match)];
    all.extend(headers);
    portal.send("POST", &format!("{CAMPAIGN}/rulings"), &all, body.to_string().as_bytes()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_campaign_is_made_read_ruled_on_and_deleted() {
    let portal = opened(Others::default()).await;
    let form = json!({"name": "千名专家进千企", "capacity": {"most": 2}});
    let made = portal.post("/api/v1/campaigns", &form).await;
    assert_eq!(
        (made.status, made.header("location"), made.header("etag")),
        (201, Some(CAMPAIGN), Some("\"1\""))
    );
    let campaign = made.json();
    assert_eq!((&campaign["plan"]["covered"], &campaign["plan"]["optimal"]), (&json!(3), &json!(true)));
    assert_eq!(portal.get(CAMPAIGN).await.json(), campaign);
    let known = portal.send("GET", CAMPAIGN, &[("If-None-Match", "\"1\"")], b"").await;
    assert_eq!(known.status, 304);
    let first = portal.get(&format!("{CAMPAIGN}/plan?limit=2")).await.json();
    let cursor = first["next_cursor"].as_str().unwrap();
    let rest = portal.get(&format!("{CAMPAIGN}/plan?limit=2&cursor={cursor}")).await.json();
    let items: Vec<&Value> =
        [&first, &rest].into_iter().flat_map(|page| page["items"].as_array().unwrap()).collect();
    assert_eq!(items.len(), 3);
    let needs: Vec<&str> = items.iter().map(|item| item["need"]["id"].as_str().unwrap()).collect();
    assert_eq!(needs, ["need-1", "need-2", "need-3"]);
    assert!(items[0]["why"]["sentence"].as_str().unwrap().contains("激光焊接"), "{}", items[0]);

    let sent = items[0]["candidate"]["id"].as_str().unwrap();
    let other = if sent == "expert-1" { "expert-2" } else { "expert-1" };
    let lock =
        json!({"rulings": [{"ruling": "lock", "need": "need-1", "candidate": other, "reason": "企业点名"}]});
    assert_eq!(rule(&portal, "\"7\"", &[], &lock).await.problem(), "stale_revision");
    let without = [("Content-Type", "application/json")];
    let refused =
        portal.send("POST", &format!("{CAMPAIGN}/rulings"), &without, lock.to_string().as_bytes()).await;
    assert_eq!(refused.problem(), "if_match_required");
    let once = [("Idempotency-Key", "a")];
    let ruled = rule(&portal, "\"1\"", &once, &lock).await;
    assert_eq!((ruled.status, ruled.header("etag")), (200, Some("\"2\"")), "{}", ruled.text());
    assert_eq!(ruled.json()["changes"]["came"][0]["candidate"], other);
    assert_eq!(ruled.json()["rulings"][0]["reason"], "企业点名");
    let again = rule(&portal, "\"1\"", &once, &lock).await;
    assert_eq!((again.status, again.header("idempotency-replayed")), (200, Some("true")));
    assert_eq!(again.json(), ruled.json(), "planned once");
    // Pages go on in the version that they began with.
    let rest_then = portal.get(&format!("{CAMPAIGN}/plan?limit=2&cursor={cursor}")).await.json();
    assert_eq!(rest_then, rest);
    let before = portal.get(&format!("{CAMPAIGN}/plan?version=1")).await.json();
    assert_eq!(before["items"][0]["candidate"]["id"], sent);
    assert_eq!(portal.get(&format!("{CAMPAIGN}/plan?version=9")).await.problem(), "invalid_parameter");

    let gone = portal.send("DELETE", CAMPAIGN, &[("If-Match", "\"2\""), ("Idempotency-Key", "b")], b"").await;
    assert_eq!((gone.status, gone.json()), (200, json!({"deleted": 1})));
    let again =
        portal.send("DELETE", CAMPAIGN, &[("If-Match", "\"2\""), ("Idempotency-Key", "b")], b"").await;
    assert_eq!((again.status, again.json()), (200, json!({"deleted": 1})));
    for path in ["", "/plan", "/left-out", "/itineraries", "/itineraries/expert-1"] {
        assert_eq!(portal.get(&format!("{CAMPAIGN}{path}")).await.problem(), "campaign_not_found", "{path}");
    }
    let lost = rule(&portal, "\"1\"", &once, &lock).await;
    assert_eq!(lost.problem(), "campaign_not_found", "what is gone is not told a second time");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_told_with_its_place() {
    let portal = opened(Others::default()).await;
    for (form, pointer, code) in [
        (json!({}), "", "missing"),
        (json!({"name": "甲", "colour": 1}), "/colour", "unknown"),
        (json!({"name": "甲", "needs": {"regions": ["火星"]}}), "/needs/regions/0", "not_in_table"),
        (json!({"name": "甲", "needs": {"colour": 1}}), "/needs/colour", "unknown"),
        (json!({"name": "甲", "wanted": {"least": -1}}), "/wanted/least", "wrong_type"),
        (json!({"name": "甲", "wanted": {"least": 2}}), "/wanted", "contradiction"),
        (json!({"name": "甲", "quotas": [{"by": "planet"}]}), "/quotas/0/by", "not_in_table"),
        (json!({"name": "甲", "rulings": [{"ruling": "lock", "need": "need-1"}]}), "/rulings/0", "missing"),
        (json!({"name": "甲", "business_date": "昨天"}), "/business_date", "format"),
        (json!({"name": "甲", "target": "societies"}), "/target", "not_in_table"),
    ] {
        let refused = portal.post("/api/v1/campaigns", &form).await;
        assert_eq!(refused.problem(), "invalid_form", "{form}: {}", refused.text());
        let error = refused.json()["errors"][0].clone();
        assert_eq!((&error["pointer"], &error["code"]), (&json!(pointer), &json!(code)), "{form}: {error}");
    }
    let nested = portal.post("/api/v1/campaigns", &json!({"name": "甲", "needs": {"colour": 1}})).await;
    let detail = nested.json()["errors"][0]["detail"].as_str().unwrap().to_owned();
    assert!(detail.contains("regions") && !detail.contains("business_date"), "{detail}");
    assert_eq!(portal.get("/api/v1/campaigns").await.json(), json!({"items": []}), "nothing was kept");
    assert_eq!(portal.get("/api/v1/campaigns/01").await.problem(), "campaign_not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn plans_and_itineraries_are_handed_out_as_workbooks() {
    let portal = opened(Others::default()).await;
    portal.post("/api/v1/campaigns", &json!({"name": "千名专家进千企"})).await;
    let way = portal.get(&format!("{CAMPAIGN}/itineraries?limit=1")).await.json()["items"][0].clone();
    let going = way["candidate"]["id"].as_str().unwrap();
    for path in ["/plan", "/itineraries", &format!("/itineraries/{going}")] {
        let path = format!("{CAMPAIGN}{path}");
        let file = portal.send("GET", &path, &[("Accept", XLSX)], b"").await;
        assert_eq!((file.status, file.header("content-type")), (200, Some(XLSX)), "{}", file.text());
        assert!(
            file.header("content-disposition").unwrap().starts_with("attachment; filename=\"campaign-1-")
        );
        assert!(file.body.starts_with(b"PK"), "a workbook is an archive");
        let none = portal.send("GET", &path, &[("Accept", "text/csv")], b"").await;
        assert_eq!(none.problem(), "not_acceptable");
    }
    assert_eq!(portal.get(&format!("{CAMPAIGN}/itineraries/{going}")).await.json(), way);
    assert_eq!(portal.get(&format!("{CAMPAIGN}/itineraries/need-1")).await.problem(), "record_not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn large_ones_are_made_in_the_background() {
    let portal = opened(Others::default()).await;
    let form = json!({"name": "千名专家进千企"}).to_string();
    let headers =
        [("Content-Type", "application/json"), ("Prefer", "respond-async"), ("Idempotency-Key", "k")];
    let taken = portal.send("POST", "/api/v1/campaigns", &headers, form.as_bytes()).await;
    assert_eq!((taken.status, &taken.json()["kind"]), (202, &json!("campaign")), "{}", taken.text());
    let place = taken.header("location").unwrap().to_owned();
    let again = portal.send("POST", "/api/v1/campaigns", &headers, form.as_bytes()).await;
    assert_eq!((again.status, again.header("location")), (202, Some(place.as_str())));
    let ended = loop {
        let operation = portal.get(&place).await.json();
        if operation["state"] != "waiting" && operation["state"] != "running" {
            break operation;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    };
    assert_eq!((&ended["state"], &ended["campaign"]), (&json!("succeeded"), &json!(1)), "{ended}");
    let list = portal.get("/api/v1/campaigns").await.json();
    assert_eq!(list["items"].as_array().unwrap().len(), 1, "made once");
    let made = portal.get(CAMPAIGN).await.json();
    assert_eq!((&made["plan"]["covered"], &made["made_by"]), (&json!(3), &json!("portal key-1")));
    // What is wrong by itself is told at once, and not by an operation.
    let wrong = json!({"name": "甲", "needs": {"ids": ["need-99"]}}).to_string();
    let later = [("Content-Type", "application/json"), ("Prefer", "respond-async")];
    let refused = portal.send("POST", "/api/v1/campaigns", &later, wrong.as_bytes()).await;
    assert_eq!(refused.problem(), "record_not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_regions_key_plans_for_its_region_with_those_whom_it_sees() {
    let others = Others { experts: Visibility::Hidden, ..Others::default() };
    let portal = opened(others).await;
    let key = portal.key("滁州", Some("3411"), Scope::ALL).await;
    let send = async |key: &str, form: &Value| {
        let headers = [("Content-Type", "application/json")];
        portal.send_as(Some(key), "POST", "/api/v1/campaigns", &headers, form.to_string().as_bytes()).await
    };
    let made = send(&key, &json!({"name": "滁州专场"})).await;
    let campaign = made.json();
    assert_eq!((made.status, &campaign["plan"]["needs"]), (201, &json!(2)), "{campaign}");
    assert_eq!(campaign["region_name"], "安徽省滁州市");
    let plan = portal.get_as(&key, &format!("{CAMPAIGN}/plan")).await;
    assert!(!plan.text().contains("方致远") && plan.text().contains("卢景同"), "{}", plan.text());
    let foreign = send(&key, &json!({"name": "合肥", "needs": {"ids": ["need-3"]}})).await;
    assert_eq!(foreign.problem(), "outside_region");
    let headers = [("Content-Type", "application/json"), ("If-Match", "*")];
    let lock =
        json!({"rulings": [{"ruling": "lock", "need": "need-1", "candidate": "expert-1"}]}).to_string();
    let path = format!("{CAMPAIGN}/rulings");
    let hidden = portal.send_as(Some(&key), "POST", &path, &headers, lock.as_bytes()).await;
    assert_eq!(hidden.problem(), "invalid_form");
    let nobody = lock.replace("expert-1", "expert-99");
    let missing = portal.send_as(Some(&key), "POST", &path, &headers, nobody.as_bytes()).await;
    let told = |reply: &Reply| reply.json()["errors"][0]["detail"].as_str().unwrap().replace("99", "1");
    assert_eq!(told(&hidden), told(&missing), "as if there were nobody");
    // Neighbours see nothing of it; the province and the whole country do.
    let neighbour = portal.key("合肥", Some("3401"), Scope::ALL).await;
    let province = portal.key("安徽", Some("34"), Scope::ALL).await;
    assert_eq!(portal.get_as(&neighbour, CAMPAIGN).await.problem(), "campaign_not_found");
    assert_eq!(portal.get_as(&neighbour, "/api/v1/campaigns").await.json(), json!({"items": []}));
    assert_eq!(portal.get_as(&province, CAMPAIGN).await.status, 200);
    let of_all = portal.post("/api/v1/campaigns", &json!({"name": "全省"})).await;
    assert_eq!((of_all.status, &of_all.json()["plan"]["needs"]), (201, &json!(3)));
    assert_eq!(portal.get_as(&key, "/api/v1/campaigns/2").await.problem(), "campaign_not_found");
}
