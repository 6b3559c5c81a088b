//! Properties: a need entered again is told of in the answer and in the import's report, and is listed; needs of two counties that say
//! the same are one cluster of the published run, found page by page; no contact is in any answer.

use serde_json::{Value, json};

use crate::portal::{Portal, contact};

const WELDING: &str = "铝壳激光焊接的焊缝气孔率偏高，达到12%，希望降到3‰以下，节拍不低于12件每分钟";
const TEA: &str = "乌龙茶摇青程度看不准，全靠师傅闻香看叶，想让机器自己判断什么时候停";

fn form(title: &str, text: &str, enterprise: &str, region: &str) -> Value {
    json!({
        "title": title, "description": text, "enterprise_name": enterprise, "region": region, "contact": contact()
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_need_entered_again_is_told_of_and_listed() {
    let portal = Portal::open().await;
    let first = form("铝壳焊缝气孔", WELDING, "皖东新能源", "341103");
    assert!(portal.post("/api/v1/needs", &first).await.json().get("duplicates").is_none());
    let again =
        portal.post("/api/v1/needs", &form("激光焊接气孔控制", WELDING, "皖东新能源", "341100")).await;
    assert_eq!(again.status, 201, "told of, not refused");
    let told = &again.json()["duplicates"][0];
    assert_eq!((told["other"]["id"].as_str(), told["reason"].as_str()), (Some("need-1"), Some("text")));
    assert_eq!(told["other"]["enterprise"], "皖东新能源");

    let line = form("又一次", WELDING, "皖东新能源", "341103").to_string();
    let report = portal.import("/api/v1/needs/import", "application/jsonl", line.as_bytes()).await.json();
    let lines: Vec<&Value> = report["flags"].as_array().unwrap().iter().map(|flag| &flag["line"]).collect();
    assert_eq!((lines, &report["duplicates"]), (vec![&json!(1), &json!(1)], &json!(2)));

    let others = async |need: &str| -> Vec<String> {
        let listed = portal.get(&format!("/api/v1/needs/{need}/duplicates")).await.json();
        let listed = listed["duplicates"].as_array().unwrap().clone();
        listed.iter().map(|found| found["other"]["id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(others("need-1").await, ["need-3", "need-2"], "the likest first");
    let changed = portal.put("/api/v1/needs/need-2", "*", &form("摇青", TEA, "", "350524")).await.json();
    assert!(changed.get("duplicates").is_none(), "{changed}");
    assert_eq!(others("need-1").await, ["need-3"]);
    portal.delete("/api/v1/needs/need-3", "*").await;
    assert_eq!(others("need-1").await, Vec::<String>::new());
    assert_eq!(portal.get("/api/v1/needs/need-9/duplicates").await.problem(), "record_not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn clusters_of_the_current_run_are_read_page_by_page() {
    let portal = Portal::open().await;
    assert_eq!(portal.get("/api/v1/need-clusters").await.problem(), "no_run");
    for (title, text, enterprise, region) in [
        ("铝壳焊缝气孔", WELDING, "皖东新能源", "341103"),
        ("铝壳焊缝气孔", WELDING, "皖东新能源", "341103"),
        ("激光焊接气孔", WELDING, "庐州动力", "340104"),
        ("铝壳激光焊接气孔", WELDING, "鹭岛电池", "350203"),
        ("摇青判断", TEA, "凤麓茶机", "350524"),
        ("做青判断", TEA, "闽中茶业", "350525"),
        ("竹炭", "竹材炭化窑内温度分布不均", "闽北竹业", "350702"),
    ] {
        portal.register("needs", form(title, text, enterprise, region)).await;
    }
    portal.indexed().await;
    portal.engine.rematch(&engine::RematchRequest::default(), |_| {}).await.unwrap();
    let first = portal.get("/api/v1/need-clusters?limit=1").await.json();
    let cluster = &first["items"][0];
    assert_eq!((&cluster["enterprises"], &cluster["counties"]), (&json!(3), &json!(3)), "{cluster}");
    let members = cluster["members"].as_array().unwrap();
    assert_eq!(members.len(), 3);
    assert_eq!(members[0]["same"][0]["need"]["id"], "need-2", "filed twice by one enterprise");
    assert!(members.iter().all(|member| !member["highlights"].as_array().unwrap().is_empty()));
    let next = first["next_cursor"].as_str().unwrap();
    let second = portal.get(&format!("/api/v1/need-clusters?limit=1&cursor={next}")).await.json();
    assert_eq!(second["items"][0]["enterprises"], 2);
    assert!(second.get("next_cursor").is_none(), "strangers are in no cluster: {second}");
    let large = portal.get("/api/v1/need-clusters?least=3").await.json();
    assert_eq!(large["items"].as_array().unwrap().len(), 1);
    for wrong in ["least=1", "least=x", "limit=0"] {
        assert_eq!(
            portal.get(&format!("/api/v1/need-clusters?{wrong}")).await.problem(),
            "invalid_parameter"
        );
    }
}
