//! Properties: what is proposed fits and says why in parts that add up; who must not be proposed is named only when asked for;
//! a form is matched without being stored; runs are read as they were published.

use std::io::Cursor;

use calamine::{Reader, Xlsx};
use engine::RematchRequest;
use jiff::civil::date;
use serde_json::json;

use crate::portal::{Portal, contact, expert, need};

const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

async fn need_and_experts() -> Portal {
    let portal = Portal::open().await;
    portal.register("needs", need("方形铝壳激光焊接气孔控制")).await;
    portal.register("experts", expert("方致远", "激光焊接")).await;
    let mut busy = expert("刘思源", "激光焊接工艺");
    busy["availability"] = json!("unavailable");
    portal.register("experts", busy).await;
    portal.register("experts", json!({"name": "陈学文", "research_directions": ["水稻育种"]})).await;
    let achievement =
        json!({"title": "激光焊接匙孔稳定性控制", "owner": "皖江理工大学", "achievement_type": "patent"});
    portal.register("achievements", achievement).await;
    portal.indexed().await;
    portal
}

#[tokio::test(flavor = "multi_thread")]
async fn a_need_finds_experts_and_says_why() {
    let portal = need_and_experts().await;
    let found = portal.get("/api/v1/needs/need-1/matches?target=experts").await.json();
    assert_eq!(found["matches"].as_array().unwrap().len(), 1, "{found}");
    let best = &found["matches"][0];
    assert_eq!((best["rank"].as_u64(), best["target"]["title"].as_str()), (Some(1), Some("方致远")));
    assert_eq!(best["target"]["region_name"], "安徽省合肥市蜀山区");
    let points = |part: &serde_json::Value| part["points"].as_f64().unwrap();
    let sum: f64 = best["explanation"]["parts"].as_array().unwrap().iter().map(points).sum();
    let total = best["score"].as_f64().unwrap();
    assert!(total > 0.0 && (sum - total).abs() < 0.01, "{sum} {total}");
    assert!(best["explanation"]["sentence"].as_str().unwrap().contains("激光焊接"));
    assert_eq!(found["excluded"], json!([]));

    let all = portal.get("/api/v1/needs/need-1/matches?target=experts&with_excluded=true").await.json();
    assert_eq!(all["excluded"][0]["target"]["title"], "刘思源");
    assert_eq!(all["excluded"][0]["reasons"], json!([{"code": "unavailable", "label": "暂不可对接"}]));
}

#[tokio::test(flavor = "multi_thread")]
async fn offers_find_needs() {
    let portal = need_and_experts().await;
    for address in ["experts/expert-1", "achievements/achievement-1"] {
        let found = portal.get(&format!("/api/v1/{address}/matches?limit=5")).await.json();
        assert_eq!(found["matches"][0]["target"]["id"], "need-1", "{address}: {found}");
    }
    assert_eq!(portal.get("/api/v1/experts/expert-9/matches").await.problem(), "record_not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_is_matched_without_being_stored() {
    let portal = need_and_experts().await;
    let asked = json!({"form": need("激光焊接气孔"), "target": "expert"});
    let found = portal.post("/api/v1/match", &asked).await.json();
    assert_eq!(found["matches"][0]["target"]["id"], "expert-1", "{found}");
    assert_eq!(portal.get("/api/v1/needs?total=true").await.json()["total"], 1);

    let bad = json!({"form": {"title": "", "contact": contact()}, "target": "expert"});
    let refused = portal.post("/api/v1/match", &bad).await;
    assert_eq!(
        (refused.problem().as_str(), refused.json()["errors"][0]["pointer"].as_str()),
        ("invalid_form", Some("/form/title"))
    );
    for (bad, pointer) in [
        (json!({"target": "expert"}), ""),
        (json!({"form": {}, "target": "moon"}), "/target"),
        (json!({"form": {}, "target": "expert", "limit": 0}), "/limit"),
        (json!({"form": {}, "target": "expert", "colour": 1}), "/colour"),
    ] {
        let refused = portal.post("/api/v1/match", &bad).await;
        assert_eq!(refused.problem(), "invalid_form");
        assert_eq!(refused.json()["errors"][0]["pointer"], pointer, "{bad}");
    }
    let plural = json!({"form": need("激光焊接气孔"), "subject_kind": "needs", "target": "experts"});
    assert_eq!(portal.post("/api/v1/match", &plural).await.json()["matches"], found["matches"]);
    let moon = portal.post("/api/v1/match", &json!({"form": {}, "target": "moon"})).await.json();
    assert!(
        moon["errors"][0]["detail"].as_str().unwrap().contains("expert"),
        "the choices are named: {moon}"
    );
    let odd = json!({"form": need("x"), "target": "need"});
    assert_eq!(portal.post("/api/v1/match", &odd).await.problem(), "no_such_pairing");
}

#[tokio::test(flavor = "multi_thread")]
async fn runs_are_read_as_they_were_published() {
    let portal = need_and_experts().await;
    for path in [
        "rematch-runs/current",
        "needs/need-1/current-matches?target=experts",
        "needs/need-1/changes?target=experts",
    ] {
        assert_eq!(portal.get(&format!("/api/v1/{path}")).await.problem(), "no_run", "{path}");
    }
    for day in 1..=3 {
        let on = Some(jiff::civil::date(2026, 11, day));
        portal.engine.rematch(&RematchRequest { on, ..RematchRequest::default() }, |_| {}).await.unwrap();
        portal.delete("/api/v1/experts/expert-1", "*").await;
        portal.indexed().await;
    }
    let current = portal.get("/api/v1/rematch-runs/current").await.json();
    assert_eq!(current["needs"], 1);
    let matches = portal.get("/api/v1/needs/need-1/current-matches?target=achievements").await.json();
    assert_eq!(matches["run"], current);
    assert_eq!(matches["matches"][0]["target"]["id"], "achievement-1", "{matches}");

    let first = portal.get("/api/v1/rematch-runs?limit=2").await.json();
    let cursor = first["next_cursor"].as_str().unwrap();
    let second = portal.get(&format!("/api/v1/rematch-runs?limit=2&cursor={cursor}")).await.json();
    let ids = |page: &serde_json::Value| -> Vec<u64> {
        page["items"].as_array().unwrap().iter().map(|run| run["id"].as_u64().unwrap()).collect()
    };
    assert_eq!([ids(&first), ids(&second)].concat().len(), 3);
    assert_eq!(ids(&first)[0], current["id"].as_u64().unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_name_who_left() {
    let portal = need_and_experts().await;
    portal.engine.rematch(&RematchRequest::default(), |_| {}).await.unwrap();
    let all_new = portal.get("/api/v1/needs/need-1/changes?target=experts").await.json();
    assert_eq!(all_new["changes"][0]["change"], "entered");
    assert_eq!(all_new.get("previous_run"), None);
    portal.delete("/api/v1/experts/expert-1", "*").await;
    portal.indexed().await;
    portal.engine.rematch(&RematchRequest::default(), |_| {}).await.unwrap();
    let changes = portal.get("/api/v1/needs/need-1/changes?target=experts").await.json();
    assert_eq!(changes["changes"][0]["target"], "expert-1");
    assert_eq!(changes["changes"][0]["change"], "left");
    assert_eq!(changes["changes"][0]["before"]["rank"], 1);
    assert_eq!(changes["changes"][0]["reason"], "withdrawn");
    assert_eq!(changes["changes"][0]["reason_label"], "对方已撤回");
    assert!(is_rounded(&changes["changes"][0]["before"]["score"]), "{changes}");
}

/// Whether a score is told as all others are, without digits that say nothing.
fn is_rounded(score: &serde_json::Value) -> bool {
    let score = score.as_f64().unwrap();
    score > 0.0 && score == (score * 1e4).round() / 1e4
}

#[tokio::test(flavor = "multi_thread")]
async fn the_change_list_is_read_on_from_any_place_and_later_runs_come_behind() {
    let portal = need_and_experts().await;
    let rematch = async || portal.engine.rematch(&RematchRequest::default(), |_| {}).await.unwrap();
    let none = portal.get("/api/v1/match-changes").await.json();
    assert_eq!((&none["items"], none.get("next_cursor"), &none["more"]), (&json!([]), None, &json!(false)));
    let first = rematch().await;
    let (mut told, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = portal.get(&format!("/api/v1/match-changes?limit=1{cursor}")).await.json();
        told.extend(page["items"].as_array().unwrap().clone());
        cursor = format!("&cursor={}", page["next_cursor"].as_str().unwrap());
        if page["more"] == json!(false) {
            break;
        }
    }
    assert!(told.len() > 1, "{told:?}");
    let key = |item: &serde_json::Value| format!("{} {} {}", item["run"], item["need"], item["target"]);
    let distinct: std::collections::BTreeSet<String> = told.iter().map(key).collect();
    assert_eq!(distinct.len(), told.len(), "each once");
    assert!(told.iter().all(|item| item["run"] == json!(first.id) && item["reason"] == "first_run"));
    assert!(told.iter().all(|item| is_rounded(&item["now"]["score"])), "{told:?}");

    let accept = [("Accept", "application/x-ndjson")];
    let lines = portal.send("GET", "/api/v1/match-changes?limit=1", &accept, b"").await;
    let lines: Vec<serde_json::Value> =
        lines.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines, told, "line by line the same");
    let after = lines[0]["cursor"].as_str().unwrap();
    let rest = portal.get(&format!("/api/v1/match-changes?limit=1&cursor={after}")).await.json();
    assert_eq!(rest["items"][0], told[1]);

    let silent = portal.get(&format!("/api/v1/match-changes?limit=1{cursor}")).await.json();
    assert_eq!((&silent["items"], &silent["more"]), (&json!([]), &json!(false)));
    portal.delete("/api/v1/experts/expert-1", "*").await;
    portal.indexed().await;
    let second = rematch().await;
    let cursor = format!("&cursor={}", silent["next_cursor"].as_str().unwrap());
    let page = portal.get(&format!("/api/v1/match-changes?limit=1{cursor}")).await.json();
    assert_eq!((&page["items"][0]["run"], &page["items"][0]["change"]), (&json!(second.id), &json!("left")));
    let of_first = portal.get(&format!("/api/v1/match-changes?limit=100&run={}", first.id)).await.json();
    assert_eq!(of_first["items"].as_array().unwrap().len(), told.len());
    for wrong in ["cursor=AAAA", "run=x", "limit=0", "date=x"] {
        assert_eq!(portal.get(&format!("/api/v1/match-changes?{wrong}")).await.status, 400, "{wrong}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_changes_of_a_run_are_a_workbook_and_a_day_stands_for_its_latest_run() {
    let portal = need_and_experts().await;
    let book = [("Accept", XLSX)];
    let ask =
        async |query: &str| portal.send("GET", &format!("/api/v1/match-changes?{query}"), &book, b"").await;
    assert_eq!((ask("").await.status, ask("date=2026-11-20").await.status), (404, 404), "there is no run");
    let on = |day| RematchRequest { on: Some(day), ..RematchRequest::default() };
    let first = portal.engine.rematch(&on(date(2026, 11, 20)), |_| {}).await.unwrap();
    portal.delete("/api/v1/experts/expert-1", "*").await;
    portal.indexed().await;
    let second = portal.engine.rematch(&on(date(2026, 11, 21)), |_| {}).await.unwrap();

    let of_first = ask("date=2026-11-20").await;
    let name = of_first.header("content-disposition").unwrap();
    assert_eq!(name, format!("attachment; filename=\"changes-{}.xlsx\"", first.id));
    let all = portal.get(&format!("/api/v1/match-changes?limit=100&run={}", first.id)).await.json();
    let told = all["items"].as_array().unwrap();
    let rows = rows(&of_first.body);
    assert_eq!(rows.len(), told.len() + 1, "one for each, below the headings");
    for (row, item) in rows[1..].iter().zip(told) {
        assert_eq!(
            (&row[2], &row[5]),
            (&item["need"].as_str().unwrap().to_owned(), &item["target"].as_str().unwrap().to_owned())
        );
        assert_eq!(
            (row[9].parse::<u64>().ok(), row[12].as_str()),
            (item["now"]["rank"].as_u64(), item["reason_label"].as_str().unwrap())
        );
        assert!(!row[3].is_empty(), "{row:?}");
    }
    let current = ask("").await;
    assert!(current.header("content-disposition").unwrap().contains(&format!("changes-{}", second.id)));
    let left: Vec<_> = self::rows(&current.body).into_iter().filter(|row| row[5] == "expert-1").collect();
    assert_eq!((left.len(), left[0][7].as_str()), (1, "退出"));

    let both = |run: u64| format!("/api/v1/match-changes?date=2026-11-21&run={run}");
    let missing = portal.get(&both(first.id)).await;
    assert_eq!((missing.status, missing.problem().as_str()), (404, "no_run"));
    assert!(
        missing.json()["detail"].as_str().unwrap().contains("没有 2026-11-21 的匹配批次"),
        "{}",
        missing.text()
    );
    let of_day = portal.get("/api/v1/match-changes?date=2026-11-21&limit=100").await.json();
    let of_both = portal.get(&format!("{}&limit=100", both(second.id))).await.json();
    assert_eq!(of_day["items"].as_array().unwrap().len(), of_both["items"].as_array().unwrap().len());
    assert!(of_day["items"].as_array().unwrap().iter().all(|item| item["run"] == json!(second.id)));
}

/// The cells of the only sheet.
fn rows(file: &[u8]) -> Vec<Vec<String>> {
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(file.to_vec())).unwrap();
    let sheet = book.worksheet_range("变化清单").unwrap();
    sheet.rows().map(|row| row.iter().map(ToString::to_string).collect()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rematch_is_asked_for_looked_at_and_done_once_a_day() {
    let portal = need_and_experts().await;
    let ask = async || {
        let taken = portal.send("POST", "/api/v1/rematch-runs?date=2026-11-21", &[], b"").await;
        assert_eq!((taken.status, &taken.json()["kind"]), (202, &json!("rematch")), "{}", taken.text());
        let place = taken.header("location").unwrap().to_owned();
        for _ in 0..600 {
            let operation = portal.get(&place).await.json();
            if operation["state"] != "waiting" && operation["state"] != "running" {
                return operation;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        panic!("it never ends");
    };
    let done = ask().await;
    assert_eq!((&done["state"], &done["progress"]["rows"]), (&json!("succeeded"), &json!(1)), "{done}");
    let run = portal.get("/api/v1/rematch-runs/current").await.json();
    assert_eq!((&run["business_date"], &run["needs"]), (&json!("2026-11-21"), &json!(1)));
    assert_eq!(ask().await["state"], "succeeded");
    assert_eq!(portal.get("/api/v1/rematch-runs/current").await.json(), run);
    for wrong in ["date=2026-13-01", "whole=1"] {
        let refused = portal.send("POST", &format!("/api/v1/rematch-runs?{wrong}"), &[], b"").await;
        assert_eq!(refused.problem(), "invalid_parameter", "{wrong}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vague_need_is_told_what_to_say() {
    let portal = need_and_experts().await;
    let asked = |title: &str, description: &str| json!({"form": {"title": title, "description": description}, "target": "expert"});
    let vague = portal
        .post("/api/v1/match", &asked("希望提高产品质量", "寻求专家合作，推动企业转型升级"))
        .await
        .json();
    let codes: Vec<&str> =
        vague["questions"].as_array().unwrap().iter().map(|asked| asked["code"].as_str().unwrap()).collect();
    assert_eq!(codes, ["object", "process", "figure", "standard"], "{vague}");
    let clear = asked("方形铝壳激光焊接气孔控制", "焊缝气孔率由百分之三降到千分之五以下");
    assert_eq!(portal.post("/api/v1/match", &clear).await.json()["questions"], json!([]));
}
