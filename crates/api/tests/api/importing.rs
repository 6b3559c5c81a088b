//! Properties: a file of any encoding comes in; a bad row is named by its line and stops no other, unless all stand or fall together;
//! a file that is none is refused in words, however long it is; slow imports do not take all threads.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::portal::{IMPORTS, LIMITS, Portal, read};

const TABLE: &str = "外部编号,姓名,职称,工作单位,手机\n\
    ZJ-1,方致远,教授,皖江理工大学,13800001234\n\
    ZJ-2,刘思源,研究员,江淮焊接研究院,1380000\n\
    ZJ-3,陈学文,副教授,皖江理工大学,13800001234\n";

async fn count(portal: &Portal) -> u64 {
    portal.get("/api/v1/experts?total=true").await.json()["total"].as_u64().unwrap()
}

fn numbers(report: &Value) -> [u64; 5] {
    ["rows", "created", "changed", "unchanged", "rejected"].map(|name| report[name].as_u64().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_in_gbk_is_imported_and_its_bad_row_named() {
    let portal = Portal::open().await;
    let (file, _, _) = encoding_rs::GBK.encode(TABLE);
    let reply = portal.import("/api/v1/experts/import", "text/csv; charset=gbk", &file).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    let report = reply.json();
    assert_eq!(numbers(&report), [3, 2, 0, 0, 1]);
    let error = &report["errors"][0];
    assert_eq!(error["line"], 3);
    assert_eq!(error["problems"][0]["column"], "手机");
    assert_eq!(error["problems"][0]["pointer"], "/contact/mobile");
    assert_eq!(portal.get("/api/v1/experts?external_id=ZJ-3").await.json()["items"][0]["name"], "陈学文");

    let again = portal.import("/api/v1/experts/import", "text/csv", TABLE.as_bytes()).await.json();
    assert_eq!(numbers(&again), [3, 0, 0, 2, 1]);
}

/// A refusal is taken back by a word of it alone, and a file that says less than there was says what that has cost.
#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_of_consent_stays_and_what_a_file_empties_is_told_once() {
    let portal = Portal::open().await;
    let expert = |at: u32| json!({"external_id": format!("CON-{at}"), "name": "甲", "consent": "none", "bio": "简介", "professional_title": "教授", "capacity_per_year": 4});
    for at in 1..=2 {
        portal.register("experts", expert(at)).await;
    }
    let consent = async || portal.get("/api/v1/experts/expert-1").await.json()["consent"].clone();
    let path = "/api/v1/experts/import";
    let file = "外部编号,姓名,工作单位,职称\nCON-1,甲,皖江理工大学,\nCON-2,甲,皖江理工大学,\nCON-3,乙,皖江理工大学,\n";
    let report = portal.import(path, "text/csv", file.as_bytes()).await.json();
    assert_eq!(numbers(&report), [3, 1, 2, 0, 0]);
    let warnings: Vec<&str> =
        report["warnings"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    let told: Vec<&&str> = warnings.iter().filter(|warning| warning.contains("清空")).collect();
    assert!(told.len() == 1 && told[0].starts_with("文件没有给出“个人简介”“年度可承接数”，"), "{warnings:?}");
    assert_eq!(consent().await, "none");
    let blank = "外部编号,姓名,本人同意的范围\nCON-1,甲,\n";
    portal.import(path, "text/csv", blank.as_bytes()).await;
    let line = "{\"external_id\": \"CON-1\", \"name\": \"甲乙\"}\n";
    let report = portal.import(path, "application/x-ndjson", line.as_bytes()).await.json();
    assert_eq!(
        (numbers(&report), &report["warnings"]),
        ([1, 0, 1, 0, 0], &json!([])),
        "nothing is left to lose"
    );
    let put = portal.put("/api/v1/experts/expert-1", "*", &json!({"name": "甲丙"})).await;
    assert_eq!((put.status, consent().await), (200, json!("none")));
    portal.put("/api/v1/experts/expert-1", "*", &json!({"name": "甲丙", "consent": "matching"})).await;
    assert_eq!(consent().await, "matching");
}

#[tokio::test(flavor = "multi_thread")]
async fn with_all_or_nothing_one_bad_row_keeps_all_out() {
    let portal = Portal::open().await;
    let path = "/api/v1/experts/import?all_or_nothing=true";
    let refused = portal.import(path, "text/csv", TABLE.as_bytes()).await;
    assert_eq!((refused.status, refused.problem().as_str()), (422, "nothing_imported"));
    let report = refused.json()["report"].clone();
    assert_eq!(numbers(&report), [3, 0, 0, 0, 1]);
    assert_eq!(report["errors"][0]["line"], 3);
    assert_eq!(count(&portal).await, 0);

    let good = "{\"name\": \"方致远\"}\n{\"name\": \"刘思源\"}\n";
    let report = portal.import(path, "application/x-ndjson", good.as_bytes()).await.json();
    assert_eq!((numbers(&report), count(&portal).await), ([2, 2, 0, 0, 0], 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_such_file_is_refused() {
    let portal = Portal::open().await;
    let mut workbook = b"PK\x03\x04".to_vec();
    // Longer than the connection's buffers: the answer must come through all the same.
    workbook.resize(900 << 10, 7);
    for (media_type, body) in [
        ("text/csv", &workbook[..]),
        ("text/csv", b"{\"name\": \"x\"}"),
        ("application/jsonl", b"[1]"),
        ("text/csv", b""),
    ] {
        let refused = portal.import("/api/v1/experts/import", media_type, body).await;
        assert_eq!((refused.status, refused.problem().as_str()), (422, "unreadable_file"));
    }
    assert_eq!(count(&portal).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_beyond_the_limit_is_refused_with_what_came_in_before() {
    let portal = Portal::open().await;
    let line = format!("{}\n", json!({"name": "方致远", "bio": "焊".repeat(300)}));
    let body = line.repeat(LIMITS.import as usize / line.len() + 2);
    let refused = portal.import("/api/v1/experts/import", "application/jsonl", body.as_bytes()).await;
    assert_eq!((refused.status, refused.problem().as_str()), (413, "body_too_large"));
    assert_eq!(count(&portal).await, 0);

    // In pieces, its length is not known before. Only the last piece goes beyond the limit: much that is left unread would tear the
    // connection down before the answer is through.
    let chunk = format!("{:x}\r\n{line}\r\n", line.len());
    let body = format!("{}0\r\n\r\n", chunk.repeat(LIMITS.import as usize / line.len() + 1));
    let head = "POST /api/v1/experts/import HTTP/1.1\r\nHost: p\r\nConnection: close\r\nContent-Type: application/jsonl\r\n\
        Transfer-Encoding: chunked\r\n\r\n";
    let mut stream = TcpStream::connect(portal.address).await.unwrap();
    stream.write_all(format!("{}{body}", portal.signed(head)).as_bytes()).await.unwrap();
    let refused = read(&mut stream).await;
    assert_eq!((refused.status, refused.problem().as_str()), (413, "body_too_large"));
    let stored = count(&portal).await;
    assert!(stored > 0);
    assert_eq!(refused.json()["report"]["created"], stored);
}

const SLOW: &str = "POST /api/v1/experts/import HTTP/1.1\r\nHost: p\r\nConnection: close\r\nContent-Type: application/jsonl\r\n\
    Content-Length: 21\r\n\r\n{\"name\": ";

#[tokio::test(flavor = "multi_thread")]
async fn slow_imports_take_turns_and_leave_room_for_the_rest() {
    let portal = Portal::open().await;
    let mut slow = Vec::new();
    for _ in 0..IMPORTS {
        let mut stream = TcpStream::connect(portal.address).await.unwrap();
        stream.write_all(portal.signed(SLOW).as_bytes()).await.unwrap();
        slow.push(stream);
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    let import = || portal.import("/api/v1/experts/import", "application/jsonl", b"{\"name\": \"x\"}");
    let refused = import().await;
    assert_eq!((refused.status, refused.problem().as_str()), (503, "busy"));
    assert!(refused.header("retry-after").is_some());
    assert_eq!(portal.get("/api/v1/experts/search?q=x").await.status, 200);
    for mut stream in slow {
        stream.write_all("\"方致远\"}".as_bytes()).await.unwrap();
        let reply = read(&mut stream).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
    }
    assert_eq!(import().await.status, 200);
}
