//! Properties: a record comes back as it was registered, contacts masked; a change needs the revision that was read; a withdrawn
//! record stays readable; pages have no gap and no repetition; a form's every fault is named.

use serde_json::{Value, json};

use crate::portal::{Portal, contact, expert, need};

#[tokio::test(flavor = "multi_thread")]
async fn a_record_is_registered_read_changed_and_withdrawn() {
    let portal = Portal::open().await;
    let created = portal.post("/api/v1/needs", &need("激光焊接气孔控制")).await;
    assert_eq!((created.status, created.header("etag")), (201, Some("\"1\"")));
    let address = created.header("location").unwrap().to_owned();
    assert_eq!(address, "/api/v1/needs/need-1");

    let read = portal.get(&address).await;
    assert_eq!(read.json(), created.json());
    let record = read.json();
    assert_eq!(record["contact"]["mobile"], "138****1234");
    assert_eq!(record["region_name"], "安徽省滁州市南谯区");
    assert_eq!(record["industry_names"], json!(["锂离子电池制造"]));
    assert_eq!(portal.send("GET", &address, &[("If-None-Match", "\"1\"")], b"").await.status, 304);
    let head = portal.send("HEAD", &address, &[], b"").await;
    assert_eq!((head.status, head.header("etag"), head.body.len()), (200, Some("\"1\""), 0));

    // Without a contact in the form, the one on file stays.
    let changed = portal.put(&address, "\"1\"", &json!({"title": "激光焊接气孔在线检测"})).await;
    assert_eq!((changed.status, changed.header("etag")), (200, Some("\"2\"")));
    assert_eq!(changed.json()["contact"]["mobile"], "138****1234");
    assert_eq!(changed.json()["description"], "");
    assert_eq!(portal.put(&address, "\"1\"", &need("别的")).await.problem(), "stale_revision");
    assert_eq!(portal.put(&address, "*", &need("别的")).await.status, 200);

    assert_eq!(portal.delete(&address, "\"2\"").await.problem(), "stale_revision");
    assert_eq!(portal.delete(&address, "\"3\"").await.json()["status"], "withdrawn");
    assert_eq!(portal.get(&address).await.json()["status"], "withdrawn");
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_have_no_gap_and_no_repetition_while_others_register() {
    let portal = Portal::open().await;
    for number in 0..5 {
        portal.register("needs", need(&format!("需求{number}"))).await;
    }
    let (mut seen, mut cursor) = (Vec::new(), None::<String>);
    loop {
        let cursor_part = cursor.map_or_else(String::new, |cursor| format!("&cursor={cursor}"));
        let page = portal.get(&format!("/api/v1/needs?limit=2&total=true{cursor_part}")).await.json();
        let ids =
            page["items"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap().to_owned());
        seen.extend(ids);
        if seen.len() < 7 {
            portal.register("needs", need(&format!("后来的{}", seen.len()))).await;
        }
        match page["next_cursor"].as_str() {
            Some(next) => cursor = Some(next.to_owned()),
            None => break,
        }
    }
    let all: Vec<String> = (1..=seen.len()).map(|number| format!("need-{number}")).collect();
    assert_eq!(seen, all);
    assert!(seen.len() >= 7);
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_are_narrowed_by_status_time_and_external_id() {
    let portal = Portal::open().await;
    let first = portal.register("experts", json!({"name": "甲", "external_id": "ZJ-1"})).await;
    portal.register("experts", json!({"name": "乙", "external_id": "ZJ-2"})).await;
    portal.delete(&first, "*").await;
    let titles = |page: Value| -> Vec<String> {
        page["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|item| item["name"].as_str().unwrap().to_owned())
            .collect()
    };
    let list = async |query: &str| titles(portal.get(&format!("/api/v1/experts{query}")).await.json());
    assert_eq!(list("").await, ["甲", "乙"]);
    assert_eq!(list("?status=open").await, ["乙"]);
    assert_eq!(list("?status=open,withdrawn").await, ["甲", "乙"]);
    assert_eq!(list("?external_id=ZJ-2").await, ["乙"]);
    assert_eq!(list("?external_id=ZJ-9").await, Vec::<String>::new());
    assert_eq!(list("?external_id=ZJ-2&status=open&updated_since=2020-01-01T00:00:00Z").await, ["乙"]);
    assert_eq!(list("?external_id=ZJ-1&status=open").await, Vec::<String>::new());
    assert_eq!(list("?external_id=ZJ-2&updated_since=2999-01-01T00:00:00Z").await, Vec::<String>::new());
    assert_eq!(list("?updated_since=2999-01-01T00:00:00Z").await, Vec::<String>::new());
    assert_eq!(list("?updated_since=2020-01-01T00:00:00%2B08:00").await, ["甲", "乙"]);
    let counted = portal.get("/api/v1/experts?total=true&limit=1").await.json();
    assert_eq!((counted["total"].as_u64(), counted["items"].as_array().unwrap().len()), (Some(2), 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_fault_of_a_form_is_named_and_no_contact_is_repeated() {
    let portal = Portal::open().await;
    let form = json!({"title": " ", "region": "火星", "contact": {"mobile": "1380000123x"}});
    let refused = portal.post("/api/v1/needs", &form).await;
    assert_eq!((refused.status, refused.problem().as_str()), (422, "invalid_form"));
    assert!(!refused.text().contains("1380000123x"));
    let faults: Vec<(String, String)> = refused.json()["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| {
            (error["pointer"].as_str().unwrap().to_owned(), error["code"].as_str().unwrap().to_owned())
        })
        .collect();
    let expected = [("/title", "missing"), ("/region", "not_in_table"), ("/contact/mobile", "format")];
    assert_eq!(faults, expected.map(|(pointer, code)| (pointer.to_owned(), code.to_owned())));

    for (form, pointer, code) in [
        (json!({"title": 5}), "/title", "wrong_type"),
        (json!({"title": "x", "mobile": "1"}), "/mobile", "unknown"),
        (json!([]), "", "wrong_type"),
    ] {
        let error = portal.post("/api/v1/needs", &form).await.json()["errors"][0].clone();
        assert_eq!((error["pointer"].as_str(), error["code"].as_str()), (Some(pointer), Some(code)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_taken_external_id_is_refused() {
    let portal = Portal::open().await;
    portal
        .register("societies", json!({"name": "甲学会", "external_id": "XH-1", "contact": contact()}))
        .await;
    let again = portal.post("/api/v1/societies", &json!({"name": "乙学会", "external_id": "XH-1"})).await;
    assert_eq!((again.status, again.problem().as_str()), (409, "already_exists"));
    portal.register("experts", json!({"name": "丙", "external_id": "XH-1"})).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_is_found_in_its_own_registry_only() {
    let portal = Portal::open().await;
    portal.register("experts", expert("方致远", "激光焊接")).await;
    for path in ["needs/expert-1", "experts/expert-2", "experts/1", "experts/expert-01", "experts/%E4%B8%93"]
    {
        let reply = portal.get(&format!("/api/v1/{path}")).await;
        assert_eq!((reply.status, reply.problem().as_str()), (404, "record_not_found"), "{path}");
    }
}
