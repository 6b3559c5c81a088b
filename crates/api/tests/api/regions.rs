//! Properties, with a key of 安徽省滁州市: a record cannot be moved into or out of the region; a record of nowhere is not the region's; typed
//! text finds no outline; ranks close up where something is hidden; clusters with hidden needs are not shown; a cursor is its holder's;
//! a file's rows of other regions are refused by line.

use std::collections::BTreeSet;

use domain::access::{Others, Scope, Visibility};
use serde_json::{Value, json};

use crate::portal::{Portal, Reply, expert, need};

const NEED: &str = "/api/v1/needs/need-1";

/// A service, and the key of 滁州市.
async fn opened(others: Others) -> (Portal, String) {
    let portal = Portal::with(|engine, _| engine.others = others).await;
    let key = portal.key("滁州", Some("3411"), Scope::ALL).await;
    (portal, key)
}

async fn send(portal: &Portal, key: &str, method: &str, path: &str, body: &Value) -> Reply {
    let headers = [("Content-Type", "application/json"), ("If-Match", "*")];
    portal.send_as(Some(key), method, path, &headers, body.to_string().as_bytes()).await
}

fn elsewhere(title: &str) -> Value {
    let mut form = need(title);
    form["region"] = json!("340104");
    form["enterprise_name"] = json!("合肥某厂");
    form
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_stays_in_its_region() {
    let (portal, key) = opened(Others::default()).await;
    assert_eq!(send(&portal, &key, "POST", "/api/v1/needs", &need("本地")).await.status, 201);
    let mut nowhere = need("没有地区");
    nowhere.as_object_mut().unwrap().remove("region");
    for form in [elsewhere("搬走"), nowhere.clone()] {
        for (method, path) in [("POST", "/api/v1/needs"), ("PUT", NEED)] {
            let refused = send(&portal, &key, method, path, &form).await;
            assert_eq!(
                (refused.status, refused.problem().as_str()),
                (403, "outside_region"),
                "{method} {form}"
            );
            assert_eq!(refused.json()["errors"][0]["pointer"], "/region");
        }
    }
    assert_eq!(portal.get(NEED).await.json()["revision"], 1, "nothing was written");
    // Those without a region are everybody's to see in outline, and only the whole country's to write.
    portal.register("needs", nowhere).await;
    assert_eq!(portal.get_as(&key, "/api/v1/needs/need-2").await.json()["visibility"], "brief");
    let refused = send(&portal, &key, "PUT", "/api/v1/needs/need-2", &need("收下")).await;
    assert_eq!(refused.problem(), "outside_region");
    // A stale revision of an own record is stale and nothing else.
    let headers = [("If-Match", "\"7\"")];
    let stale = portal.send_as(Some(&key), "DELETE", NEED, &headers, b"").await;
    assert_eq!(stale.problem(), "stale_revision");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outline_is_listed_and_counted_but_not_found_by_its_words() {
    let (portal, key) = opened(Others::default()).await;
    portal.register("needs", need("本地激光焊接")).await;
    let mut foreign = elsewhere("外地激光焊接");
    foreign["enterprise_code"] = json!("91350100M000100Y43");
    portal.register("needs", foreign).await;
    portal.indexed().await;
    let outline = portal.get_as(&key, "/api/v1/needs/need-2").await.json();
    assert_eq!((&outline["title"], &outline["description"]), (&json!("外地激光焊接"), &json!("")));
    assert_eq!((outline.get("enterprise_code"), &outline["contact"]), (None, &json!({})));
    let search =
        async |query: &str| portal.get_as(&key, &format!("/api/v1/needs/search?{query}")).await.json();
    let all = search("region_below=34").await;
    assert_eq!((&all["total"], all["facets"][0]["values"].as_array().unwrap().len()), (&json!(2), 2));
    let welding = "q=%E6%B0%94%E5%AD%94&facets=region&region_below=34";
    let typed = search(welding).await;
    assert_eq!((&typed["total"], typed["facets"][0]["values"].as_array().unwrap().len()), (&json!(1), 1));
    assert_eq!(typed["items"][0]["record"]["id"], "need-1");
    let everybody = portal.get(&format!("/api/v1/needs/search?{welding}")).await.json();
    assert_eq!(everybody["total"], 2, "a key without a region finds both");
}

#[tokio::test(flavor = "multi_thread")]
async fn ranks_close_up_and_hidden_clusters_are_not_shown() {
    let hidden = Visibility::Hidden;
    let (portal, key) = opened(Others { needs: hidden, experts: hidden, ..Others::default() }).await;
    portal.register("needs", need("激光焊接气孔控制")).await;
    portal.register("needs", elsewhere("激光焊接气孔检测")).await;
    for (name, region) in [("甲", "340104"), ("乙", "341103"), ("丙", "340104"), ("丁", "341102")] {
        let mut form = expert(name, "激光焊接气孔");
        form["region"] = json!(region);
        portal.register("experts", form).await;
    }
    portal.indexed().await;
    portal.engine.rematch(&engine::RematchRequest::default(), |_| {}).await.unwrap();
    for path in ["matches", "current-matches"] {
        let found = portal.get_as(&key, &format!("{NEED}/{path}?target=experts")).await.json();
        let places: Vec<(u64, &str)> = found["matches"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| (one["rank"].as_u64().unwrap(), one["target"]["id"].as_str().unwrap()))
            .collect();
        assert_eq!(places.iter().map(|place| place.0).collect::<Vec<_>>(), [1, 2], "{path}");
        assert_eq!(
            places.iter().map(|place| place.1).collect::<BTreeSet<_>>(),
            ["expert-2", "expert-4"].into()
        );
        if path == "matches" {
            assert_eq!(found["considered"], 2, "those hidden are not counted");
        }
    }
    let changes = portal.get_as(&key, &format!("{NEED}/changes?target=experts")).await.json();
    let ranks: Vec<u64> = changes["changes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["now"]["rank"].as_u64().unwrap())
        .collect();
    assert_eq!(ranks, [1, 2]);
    let clusters = portal.get("/api/v1/need-clusters").await.json();
    assert_eq!(clusters["items"].as_array().unwrap().len(), 1, "{clusters}");
    assert_eq!(portal.get_as(&key, "/api/v1/need-clusters").await.json()["items"], json!([]));
    assert_eq!(portal.get_as(&key, &format!("{NEED}/duplicates")).await.json()["duplicates"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_s_rows_of_other_regions_are_refused_by_line() {
    let (portal, key) = opened(Others::default()).await;
    let mut taken = elsewhere("外地的");
    taken["external_id"] = json!("A");
    portal.register("needs", taken).await;
    let line = |external_id: &str, region: &str| {
        json!({"external_id": external_id, "title": format!("需求{external_id}"), "region": region})
            .to_string()
    };
    let file =
        [line("B", "341103"), line("C", "合肥市"), line("A", "滁州市"), "{\"title\": \"无\"}".to_owned()];
    let import = async |query: &str| {
        let path = format!("/api/v1/needs/import{query}");
        let headers = [("Content-Type", "application/jsonl")];
        portal.send_as(Some(&key), "POST", &path, &headers, file.join("\n").as_bytes()).await
    };
    let refused = import("?all_or_nothing=true").await;
    assert_eq!(refused.problem(), "nothing_imported");
    let only_taken = line("A", "滁州市");
    let whole = portal
        .send_as(
            Some(&key),
            "POST",
            "/api/v1/needs/import?all_or_nothing=true",
            &[("Content-Type", "application/jsonl")],
            format!("{}\n{only_taken}", line("D", "341103")).as_bytes(),
        )
        .await;
    assert_eq!(whole.problem(), "nothing_imported", "found only while writing");
    assert_eq!(portal.get("/api/v1/needs?total=true").await.json()["total"], 1, "and all is undone");

    let report = import("").await.json();
    assert_eq!(
        (&report["created"], &report["rejected"], &report["changed"]),
        (&json!(1), &json!(3), &json!(0))
    );
    let errors = report["errors"].as_array().unwrap();
    let told: Vec<(u64, &str, &str)> = errors
        .iter()
        .map(|error| {
            let problem = &error["problems"][0];
            let text = |member: &str| problem[member].as_str().unwrap();
            (error["line"].as_u64().unwrap(), text("pointer"), text("code"))
        })
        .collect();
    let code = "outside_region";
    assert_eq!(told, [(2, "/region", code), (3, "/external_id", code), (4, "/region", code)]);
    assert_eq!(portal.get(NEED).await.json()["title"], "外地的");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cursor_is_its_holder_s() {
    let (portal, key) = opened(Others::default()).await;
    for number in 0..3 {
        portal.register("needs", need(&format!("需求{number}"))).await;
    }
    let first = portal.get_as(&key, "/api/v1/needs?limit=1").await.json();
    let path = format!("/api/v1/needs?limit=1&cursor={}", first["next_cursor"].as_str().unwrap());
    assert_eq!(portal.get(&path).await.problem(), "invalid_cursor");
    let rotated = portal.key("滁州", Some("3411"), &[Scope::NeedsRead]).await;
    assert_eq!(portal.get_as(&rotated, &path).await.json()["items"][0]["id"], "need-2");
}
