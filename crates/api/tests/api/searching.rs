//! Properties: text and filters narrow, facets count, withdrawn records hide, pages join without gap, a cursor is bound to its query.

use serde_json::{Value, json};

use crate::portal::{Portal, expert, need};

fn titles(page: &Value) -> Vec<String> {
    let item = |item: &Value| item["record"]["title"].as_str().unwrap().to_owned();
    page["items"].as_array().unwrap().iter().map(item).collect()
}

async fn three_needs() -> Portal {
    let portal = Portal::open().await;
    let mut hefei = need("激光焊接气孔控制");
    hefei["region"] = json!("340104");
    portal.register("needs", hefei).await;
    portal.register("needs", need("激光焊接在线检测")).await;
    let other = json!({"title": "水稻病虫害遥感监测", "region": "350203", "industry": "A"});
    portal.register("needs", other).await;
    portal.indexed().await;
    portal
}

#[tokio::test(flavor = "multi_thread")]
async fn text_and_filters_narrow_and_facets_count() {
    let portal = three_needs().await;
    let search = async |query: &str| portal.get(&format!("/api/v1/needs/search?{query}")).await.json();
    let found =
        search("q=%E6%BF%80%E5%85%89%E7%84%8A%E6%8E%A5&facets=region,status&region_below=340000").await;
    assert_eq!(found["total"], 2);
    let hit = &found["items"][0]["highlights"][0]["pieces"];
    assert!(hit.as_array().unwrap().iter().any(|piece| piece["hit"] == true), "{found}");
    let regions = &found["facets"][0];
    assert_eq!(regions["name"], "region");
    assert_eq!(
        regions["values"],
        json!([{"value": "340100", "label": "合肥市", "count": 1}, {"value": "341100", "label": "滁州市", "count": 1}])
    );
    assert_eq!(search("region=340100").await["total"], 1);
    assert_eq!(search("region=340100&region=35").await["total"], 2);
    assert_eq!(search("region=340100,350000&industry=C").await["total"], 1);
    assert_eq!(search("").await["total"], 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn records_are_found_by_the_number_of_their_source() {
    let portal = three_needs().await;
    let mut numbered = need("竹材防霉改性");
    numbered["external_id"] = json!("XQ-2026-071");
    portal.register("needs", numbered).await;
    portal.indexed().await;
    for typed in ["XQ-2026-071", "xq-2026-071", "ＸＱ-2026-071"] {
        let found = portal.get(&format!("/api/v1/needs/search?q={}", urlencoded(typed))).await.json();
        assert_eq!(titles(&found), ["竹材防霉改性"], "{typed}");
    }
}

/// Every byte but letters and digits as `%XX`.
fn urlencoded(text: &str) -> String {
    let escaped = |byte: u8| match byte {
        byte if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    };
    text.bytes().map(escaped).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn withdrawn_records_are_found_only_when_asked_for() {
    let portal = three_needs().await;
    portal.delete("/api/v1/needs/need-3", "*").await;
    portal.indexed().await;
    assert_eq!(portal.get("/api/v1/needs/search").await.json()["total"], 2);
    let withdrawn = portal.get("/api/v1/needs/search?status=withdrawn").await.json();
    assert_eq!(titles(&withdrawn), ["水稻病虫害遥感监测"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_join_and_cursors_belong_to_their_query() {
    let portal = three_needs().await;
    let first = portal.get("/api/v1/needs/search?sort=oldest&limit=2").await.json();
    let cursor = first["next_cursor"].as_str().unwrap();
    let second =
        portal.get(&format!("/api/v1/needs/search?sort=oldest&limit=2&cursor={cursor}")).await.json();
    let mut all = titles(&first);
    all.extend(titles(&second));
    assert_eq!(all, ["激光焊接气孔控制", "激光焊接在线检测", "水稻病虫害遥感监测"]);
    assert_eq!(second.get("next_cursor"), None);
    for path in [
        format!("/api/v1/needs/search?sort=newest&cursor={cursor}"),
        format!("/api/v1/experts/search?sort=oldest&cursor={cursor}"),
        format!("/api/v1/needs?cursor={cursor}"),
        "/api/v1/needs/search?cursor=x".to_owned(),
    ] {
        assert_eq!(portal.get(&path).await.problem(), "invalid_cursor", "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn contacts_are_not_searched() {
    let portal = Portal::open().await;
    portal.register("experts", expert("方致远", "激光焊接")).await;
    portal.indexed().await;
    for typed in
        ["13800001234", "wang%40example.com", "%E5%88%9B%E4%B8%9A%E8%B7%AF", "%E7%8E%8B%E5%BB%BA%E5%9B%BD"]
    {
        assert_eq!(
            portal.get(&format!("/api/v1/experts/search?q={typed}")).await.json()["total"],
            0,
            "{typed}"
        );
    }
    assert_eq!(portal.get("/api/v1/experts/search?title=%E6%95%99%E6%8E%88").await.json()["total"], 1);
}
