//! Properties: whoever goes through a list page by page, while others write, meets each thing that was there once: no gap, no repetition.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::portal::{Portal, expert, need};

/// Goes through all pages, with `write` between them.
async fn walk(
    portal: &Portal,
    path: &str,
    name: fn(&Value) -> String,
    mut write: impl AsyncFnMut(usize),
) -> Vec<String> {
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    for page in 0..200 {
        let sign = if path.contains('?') { '&' } else { '?' };
        let reply = portal.get(&format!("/api/v1/{path}{sign}limit=3{cursor}")).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        let answer = reply.json();
        seen.extend(answer["items"].as_array().unwrap().iter().map(name));
        match answer["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return seen,
        }
        write(page).await;
    }
    panic!("the walk has no end");
}

fn id(item: &Value) -> String {
    item["id"].as_str().unwrap().to_owned()
}

fn once(seen: &[String]) -> BTreeSet<&str> {
    let distinct: BTreeSet<&str> = seen.iter().map(String::as_str).collect();
    assert_eq!(distinct.len(), seen.len(), "twice: {seen:?}");
    distinct
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_a_search_stay_with_the_state_in_which_they_began() {
    for sort in ["relevance", "newest", "oldest"] {
        let portal = Portal::open().await;
        for at in 0..14 {
            // Texts of different lengths, so that scores differ, and some do not.
            let direction = format!("激光焊接{}", "与在线检测".repeat(at % 5));
            portal.register("experts", expert(&format!("甲{at}"), &direction)).await;
        }
        portal.indexed().await;
        let hit = |item: &Value| item["record"]["id"].as_str().unwrap().to_owned();
        let path = format!("experts/search?q=%E6%BF%80%E5%85%89%E7%84%8A%E6%8E%A5&sort={sort}");
        let seen = walk(&portal, &path, hit, async |page| {
            // What is new, what is changed and what holds other words: all of it moves the scores of all.
            portal.register("experts", expert(&format!("乙{page}"), &"激光焊接".repeat(page + 1))).await;
            let form = expert("改过的", "激光焊接激光焊接激光焊接");
            portal.put(&format!("/api/v1/experts/expert-{}", 14 - page), "*", &form).await;
            portal.register("experts", json!({"name": "别的", "bio": "茶叶加工".repeat(40)})).await;
            portal.indexed().await;
        })
        .await;
        let expected: Vec<String> = (1..=14).map(|number| format!("expert-{number}")).collect();
        assert_eq!(once(&seen), expected.iter().map(String::as_str).collect(), "{sort}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_feedback_and_the_audit_log_have_no_gap_and_no_repetition() {
    let portal = Portal::open().await;
    for at in 0..8 {
        portal.register("needs", need(&format!("需求{at}"))).await;
    }
    portal.register("experts", expert("方致远", "激光焊接")).await;
    let feedback = |number: usize| json!({"need": format!("need-{number}"), "candidate": "expert-1", "decision": "accepted"});
    for number in 1..=8 {
        assert_eq!(portal.post("/api/v1/feedback", &feedback(number)).await.status, 201);
    }
    let write = async |page: usize| {
        portal.register("needs", need(&format!("后来的{page}"))).await;
        portal.delete(&format!("/api/v1/needs/need-{}", page + 1), "*").await;
        if page < 4 {
            assert_eq!(portal.post("/api/v1/feedback", &feedback(page + 1)).await.status, 201);
        }
    };
    // As long as something comes after each page there is always another one.
    let few = async |page: usize| {
        if page < 4 {
            write(page).await
        }
    };
    let seen = walk(&portal, "needs", id, few).await;
    assert!((1..=8).all(|number| once(&seen).contains(format!("need-{number}").as_str())), "{seen:?}");

    let told = walk(&portal, "feedback", |item| item["number"].to_string(), few).await;
    let distinct = once(&told);
    assert!((1..=12).all(|number| distinct.contains(number.to_string().as_str())), "{told:?}");

    let last = portal.get("/api/v1/audit?limit=1").await.json()["items"][0]["seq"].as_u64().unwrap();
    let rows = walk(&portal, "audit", |item| item["seq"].to_string(), few).await;
    let distinct = once(&rows);
    assert!((1..=last).all(|seq| distinct.contains(seq.to_string().as_str())), "{rows:?}");
    assert!(
        rows.iter().all(|row| row.parse::<u64>().unwrap() <= last),
        "what is new comes before the first page"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn clusters_are_those_of_the_run_in_which_the_walk_began() {
    let portal = Portal::open().await;
    let topics = ["激光焊接气孔控制", "乌龙茶做青判断", "污泥脱水减量", "轴承故障诊断", "水产养殖增氧"];
    let form = |topic: &str, enterprise: usize| {
        json!({"title": format!("{topic}技术{enterprise}"), "description": format!("{topic}，希望{topic}得到改进，{topic}做到稳定。"),
            "enterprise_name": format!("企业{enterprise}{topic}"), "region": "341103"})
    };
    for topic in topics {
        for enterprise in 0..2 {
            portal.register("needs", form(topic, enterprise)).await;
        }
    }
    portal.indexed().await;
    let rematch = async || {
        portal.engine.rematch(&engine::RematchRequest::default(), |_| {}).await.unwrap();
    };
    rematch().await;
    let name = |item: &Value| item["members"][0]["need"]["id"].as_str().unwrap().to_owned();
    let before = walk(&portal, "need-clusters", name, async |_| {}).await;
    assert!(before.len() > 3, "{before:?}");
    let during = walk(&portal, "need-clusters", name, async |page| {
        if page == 0 {
            // A third enterprise: this problem comes first in the next run.
            portal.register("needs", form(topics[4], 7)).await;
            portal.indexed().await;
            rematch().await;
        }
    })
    .await;
    assert_eq!(during, before);
}
