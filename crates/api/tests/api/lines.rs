//! Properties: each row of an import is told of, in order, and an import that breaks off says so in the last line; a caller may send all before
//! it reads, and may stop reading; what is no file at all is refused with a status. A registry handed over and taken in elsewhere is the same
//! registry, without contacts; each record comes once, and a broken hand-over can be seen and gone on with.

use std::collections::BTreeSet;
use std::time::Duration;

use domain::Kind;
use domain::access::Scope;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::portal::{LIMITS, Portal, Reply, contact, expert, need, read};

const NDJSON: &str = "application/x-ndjson";

fn lines(reply: &Reply) -> Vec<Value> {
    assert_eq!((reply.status, reply.header("content-type")), (200, Some(NDJSON)), "{}", reply.text());
    reply.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

async fn import(portal: &Portal, path: &str, body: &str) -> Reply {
    let headers = [("Content-Type", NDJSON), ("Accept", NDJSON)];
    portal.send("POST", path, &headers, body.as_bytes()).await
}

/// Experts that are called so.
fn file(names: impl IntoIterator<Item = String>) -> String {
    names.into_iter().map(|name| json!({"external_id": name, "name": "方致远"}).to_string() + "\n").collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_row_is_told_of_in_order_and_the_report_comes_last() {
    let portal = Portal::open().await;
    portal.register("experts", json!({"external_id": "ZJ-1", "name": "甲"})).await;
    portal.register("experts", json!({"external_id": "ZJ-2", "name": "乙"})).await;
    let body = "{\"external_id\": \"ZJ-1\", \"name\": \"甲甲\"}\n\n{\"name\": \"\"}\n{\"external_id\": \"ZJ-2\", \"name\": \"乙\"}\n\
        {\"external_id\": \"ZJ-3\", \"name\": \"丙\", \"contact\": {\"mobile\": \"138\"}}\n{\"external_id\": \"ZJ-4\", \"name\": \"丁\"}\n";
    let told = lines(&import(&portal, "/api/v1/experts/import", body).await);
    let fates: Vec<(u64, &str)> = told[..5]
        .iter()
        .map(|row| (row["line"].as_u64().unwrap(), row["outcome"].as_str().unwrap()))
        .collect();
    let expected = [(1, "changed"), (3, "rejected"), (4, "unchanged"), (5, "rejected"), (6, "created")];
    assert_eq!(fates, expected);
    assert_eq!((&told[0]["id"], &told[4]["id"]), (&json!("expert-1"), &json!("expert-3")));
    assert_eq!((&told[4]["external_id"], told[1].get("id")), (&json!("ZJ-4"), None));
    assert_eq!(told[3]["problems"][0]["pointer"], "/contact/mobile");
    assert_eq!(told.len(), 6);
    let numbers =
        ["rows", "created", "changed", "unchanged", "rejected"].map(|name| told[5]["report"][name].clone());
    assert_eq!(numbers.map(|number| number.as_u64().unwrap()), [5, 1, 1, 1, 2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_rejected_row_is_told_of_and_not_the_first_thousand_alone() {
    let portal = Portal::open().await;
    let told = lines(&import(&portal, "/api/v1/experts/import", &"{}\n".repeat(2_345)).await);
    let numbers = told[..2_345].iter().map(|row| row["line"].as_u64().unwrap());
    assert!(numbers.eq(1..=2_345));
    assert_eq!(told[2_345]["report"]["rejected"], 2_345);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_whole_is_refused_with_a_status() {
    let portal = Portal::open().await;
    let path = "/api/v1/experts/import";
    let headers = [("Content-Type", "text/html"), ("Accept", NDJSON)];
    let refused = portal.send("POST", path, &headers, b"{}").await;
    assert_eq!((refused.status, refused.problem().as_str()), (415, "unsupported_media_type"));
    for (body, code) in [("", "unreadable_file"), ("[1]", "unreadable_file")] {
        let refused = import(&portal, path, body).await;
        assert_eq!((refused.status, refused.problem().as_str()), (422, code));
    }
    let one_bad = file(["ZJ-1".to_owned()]) + "{}\n";
    let refused = import(&portal, "/api/v1/experts/import?all_or_nothing=true", &one_bad).await;
    assert_eq!((refused.status, refused.problem().as_str()), (422, "nothing_imported"));
    assert_eq!(refused.json()["report"]["errors"][0]["line"], 2);
    let all = import(&portal, "/api/v1/experts/import?all_or_nothing=true", &file(["ZJ-1".to_owned()])).await;
    assert_eq!((lines(&all)[0]["outcome"].as_str(), lines(&all).len()), (Some("created"), 2));
    // What is told row by row is kept nowhere, so it can neither be told again nor later.
    for kept in [("Idempotency-Key", "a"), ("Prefer", "respond-async")] {
        let headers = [("Content-Type", NDJSON), ("Accept", NDJSON), kept];
        let refused = portal.send("POST", path, &headers, file(["ZJ-2".to_owned()]).as_bytes()).await;
        assert_eq!((refused.status, refused.problem().as_str()), (400, "invalid_parameter"));
    }
    let key = portal.key("只读", None, &[Scope::ExpertsRead]).await;
    let refused = portal.send_as(Some(&key), "POST", path, &[("Accept", NDJSON)], b"").await;
    assert_eq!((refused.status, refused.problem().as_str()), (403, "missing_scope"));
}

/// The head of an import in pieces.
fn head(portal: &Portal) -> String {
    portal.signed(
        "POST /api/v1/experts/import HTTP/1.1\r\nHost: p\r\nConnection: close\r\nContent-Type: application/x-ndjson\r\n\
         Accept: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n",
    )
}

fn chunk(text: &str) -> String {
    format!("{:x}\r\n{text}\r\n", text.len())
}

/// Reads on until the answer so far has this many lines beside its head.
async fn lines_so_far(stream: &mut TcpStream, got: &mut String, wanted: usize) {
    let mut buffer = [0; 16 << 10];
    while got.matches("\"outcome\"").count() < wanted {
        let read = tokio::time::timeout(Duration::from_secs(20), stream.read(&mut buffer));
        let length = read.await.expect("outcomes come while the file is still on its way").unwrap();
        assert!(length > 0, "{got}");
        got.push_str(&String::from_utf8_lossy(&buffer[..length]));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn outcomes_come_while_the_rest_is_still_on_its_way_and_a_broken_file_is_told_in_the_last_line() {
    let portal = Portal::open().await;
    let mut stream = TcpStream::connect(portal.address).await.unwrap();
    // Files are read in blocks, so not all of the rows that were sent are told of at once.
    let first = file((0..3_000).map(|at| format!("ZJ-{at}")));
    stream.write_all((head(&portal) + &chunk(&first)).as_bytes()).await.unwrap();
    let mut got = String::new();
    lines_so_far(&mut stream, &mut got, 1_000).await;
    assert!(got.starts_with("HTTP/1.1 200") && !got.contains("\"problem\""), "{got}");
    // Nothing comes any more, so the deadline of the next piece passes.
    let mut buffer = [0; 16 << 10];
    while !got.ends_with("0\r\n\r\n") {
        let read = tokio::time::timeout(LIMITS.body_deadline * 10, stream.read(&mut buffer));
        let length = read.await.expect("it ends").unwrap();
        assert!(length > 0, "the answer itself is whole");
        got.push_str(&String::from_utf8_lossy(&buffer[..length]));
    }
    let last = got.lines().rfind(|line| line.starts_with('{')).unwrap();
    let last: Value = serde_json::from_str(last).unwrap();
    assert_eq!(last["problem"]["code"], "body_timeout", "{last}");
    let created = got.matches("\"outcome\":\"created\"").count();
    assert_eq!(last["problem"]["report"]["created"], created);
    assert_eq!(portal.get("/api/v1/experts?total=true").await.json()["total"], created);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_sends_all_before_reading_gets_every_line() {
    let portal = Portal::with(|_, settings| settings.limits.import = 64 << 20).await;
    // Many times what the buffers of the connection hold, in either direction.
    let rows = 120_000;
    let body = "{\"name\": 1}\n".repeat(rows);
    let mut stream = TcpStream::connect(portal.address).await.unwrap();
    let send = async {
        stream.write_all(head(&portal).as_bytes()).await.unwrap();
        for piece in body.as_bytes().chunks(60_000) {
            stream.write_all(chunk(std::str::from_utf8(piece).unwrap()).as_bytes()).await.unwrap();
        }
        stream.write_all(b"0\r\n\r\n").await.unwrap();
    };
    tokio::time::timeout(Duration::from_secs(60), send).await.expect("nobody waits for the reader");
    let told = lines(&read(&mut stream).await);
    assert_eq!(told.len(), rows + 1);
    assert_eq!(told[rows]["report"]["rejected"], rows);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_that_leaves_keeps_no_turn_and_what_it_sent_whole_is_taken_in() {
    let portal = Portal::open().await;
    let body = file((0..500).map(|at| format!("ZJ-{at}")));
    for _ in 0..5 {
        let mut stream = TcpStream::connect(portal.address).await.unwrap();
        let request = head(&portal) + &chunk(&body) + "0\r\n\r\n";
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut got = String::new();
        lines_so_far(&mut stream, &mut got, 1).await;
    }
    // More than there are turns, so each was given back.
    assert_eq!(portal.get("/api/v1/experts?total=true").await.json()["total"], 500);
    assert_eq!(import(&portal, "/api/v1/experts/import", &body).await.status, 200);
}

async fn export(portal: &Portal, query: &str) -> Vec<Value> {
    lines(&portal.send("GET", &format!("/api/v1/{query}"), &[("Accept", NDJSON)], b"").await)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_handed_over_and_taken_in_elsewhere_is_the_same() {
    let (portal, other) = (Portal::open().await, Portal::open().await);
    let document = crate::openapi::document();
    for kind in Kind::ALL {
        let create = &document["paths"][format!("/api/v1/{}", kind.plural())]["post"];
        let example = create["requestBody"]["content"]["application/json"]["example"].clone();
        portal.register(kind.plural(), example).await;
    }
    portal.register("experts", json!({"name": "没有别的"})).await;
    portal.delete("/api/v1/experts/expert-2", "*").await;
    for kind in Kind::ALL {
        let path = format!("{}/export", kind.plural());
        let file = portal.get(&format!("/api/v1/{path}")).await.text();
        let told = lines(&import(&other, &format!("/api/v1/{}/import", kind.plural()), &file).await);
        assert!(told[..told.len() - 1].iter().all(|row| row["outcome"] == "created"), "{told:?}");
        let bare = |mut record: Value| {
            let fields = record.as_object_mut().unwrap();
            for own in ["created_at", "updated_at", "contact", "revision"] {
                fields.remove(own);
            }
            record
        };
        let before: Vec<Value> = export(&portal, &path).await.into_iter().map(bare).collect();
        let after: Vec<Value> = export(&other, &path).await.into_iter().map(bare).collect();
        assert_eq!(before, after);
        // Once more where it came from: nothing changes, contacts least of all.
        let again = lines(&import(&portal, &format!("/api/v1/{}/import", kind.plural()), &file).await);
        assert!(again[..again.len() - 1].iter().all(|row| row["outcome"] == "unchanged"), "{again:?}");
    }
    assert_eq!(portal.get("/api/v1/needs/need-1").await.json()["contact"]["mobile"], "138****1234");
    assert_eq!(other.get("/api/v1/needs/need-1").await.json()["contact"], json!({}));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registry_is_handed_over_by_number_while_others_write() {
    let portal = Portal::open().await;
    let body = file((0..450).map(|at| format!("ZJ-{at}")));
    import(&portal, "/api/v1/experts/import", &body).await;
    let writer = async {
        for at in 0..60 {
            portal.register("experts", expert(&format!("后来的{at}"), "激光焊接")).await;
        }
    };
    let (told, ()) = tokio::join!(export(&portal, "experts/export"), writer);
    let ids: Vec<u64> = told
        .iter()
        .map(|record| record["id"].as_str().unwrap().trim_start_matches("expert-").parse().unwrap())
        .collect();
    assert!(ids.is_sorted_by(|a, b| a < b), "ascending, each once");
    assert!((1..=450).all(|number| ids.contains(&number)), "no gap");

    portal.delete("/api/v1/experts/expert-7", "*").await;
    let withdrawn = export(&portal, "experts/export?status=withdrawn").await;
    assert_eq!((withdrawn.len(), withdrawn[0]["id"].as_str()), (1, Some("expert-7")));
    let since = withdrawn[0]["updated_at"].as_str().unwrap();
    let changed =
        export(&portal, &format!("experts/export?updated_since={since}&status=withdrawn,closed")).await;
    assert_eq!(changed.len(), 1);
    let rest = export(&portal, "experts/export?after=expert-448").await;
    assert_eq!(rest[0]["id"], "expert-449");
    assert_eq!(export(&portal, "needs/export").await, Vec::<Value>::new());
    for (query, code) in [
        ("after=need-1", "invalid_parameter"),
        ("after=1", "invalid_parameter"),
        ("limit=3", "unknown_parameter"),
    ] {
        let refused = portal.get(&format!("/api/v1/experts/export?{query}")).await;
        assert_eq!((refused.status, refused.problem().as_str()), (400, code), "{query}");
    }
    let refused = portal.send("GET", "/api/v1/experts/export", &[("Accept", "application/json")], b"").await;
    assert_eq!((refused.status, refused.problem().as_str()), (406, "not_acceptable"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hand_over_that_breaks_off_has_no_last_chunk() {
    let portal = Portal::with(|_, settings| settings.limits.import = 64 << 20).await;
    // Far more than the buffers of a connection hold.
    let form = |at: usize| json!({"external_id": format!("ZJ-{at}"), "name": "方致远", "bio": "焊".repeat(19_000), "contact": contact()});
    let body: String = (0..600).map(|at| form(at).to_string() + "\n").collect();
    assert_eq!(import(&portal, "/api/v1/experts/import", &body).await.status, 200);
    let mut stream = TcpStream::connect(portal.address).await.unwrap();
    let head = portal.signed("GET /api/v1/experts/export HTTP/1.1\r\nHost: p\r\nConnection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    // The first page is on its way, and nobody reads; then the database goes.
    tokio::time::sleep(Duration::from_millis(500)).await;
    portal.engine.close().await;
    let mut got = Vec::new();
    let _ = stream.read_to_end(&mut got).await;
    assert!(got.starts_with(b"HTTP/1.1 200"));
    assert!(!got.ends_with(b"0\r\n\r\n"), "an answer that is not whole must not look like one");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_region_is_handed_its_own_and_outlines_of_others_which_nobody_takes_for_records() {
    let portal = Portal::open().await;
    portal.register("needs", need("滁州的需求")).await;
    let mut foreign = need("合肥的需求");
    foreign["region"] = json!("340104");
    portal.register("needs", foreign).await;
    let key =
        portal.key("滁州", Some("3411"), &[Scope::NeedsRead, Scope::NeedsWrite, Scope::ImportsWrite]).await;
    let file = portal.get_as(&key, "/api/v1/needs/export").await;
    let shown: Vec<Value> = lines(&file).iter().map(|record| record["visibility"].clone()).collect();
    assert_eq!(shown, [json!("full"), json!("brief")]);
    assert_eq!(lines(&file)[1]["description"], "");
    let headers = [("Content-Type", NDJSON), ("Accept", NDJSON)];
    let told = portal.send_as(None, "POST", "/api/v1/needs/import", &headers, &file.body).await;
    assert_eq!(told.status, 401);
    let told = lines(&import(&portal, "/api/v1/needs/import", &file.text()).await);
    let fates: BTreeSet<&str> = told[..2].iter().map(|row| row["outcome"].as_str().unwrap()).collect();
    assert_eq!(fates, BTreeSet::from(["rejected", "unchanged"]));
}
