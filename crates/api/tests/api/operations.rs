//! Properties: an import that is asked for with `Prefer: respond-async` is taken on at once and comes to the same report; whoever asked for it
//! sees how far it is and can stop it, others do not; with an `Idempotency-Key` it is done once; what is put aside on the disk tells nothing.

use std::path::Path;
use std::time::Duration;

use domain::access::Scope;
use engine::{Engine, Remnant, Settings};
use serde_json::{Value, json};

use crate::portal::{Portal, Reply, contact};

const ASYNC: (&str, &str) = ("Prefer", "respond-async");

/// A file of needs, each with a contact; the last rows of it are bad.
fn file(good: usize, bad: usize) -> String {
    let said = |at: usize| -> String {
        (0..40)
            .filter_map(|place| char::from_u32(0x4e00 + ((at * 977 + place * 131) % 20_000) as u32))
            .collect()
    };
    let good = (0..good).map(|at| {
        json!({"external_id": format!("XQ-{at}"), "title": format!("激光焊接{at}"), "description": said(at),
            "region": "341103", "contact": contact()})
    });
    let bad = (0..bad).map(|_| json!({"description": "没有名称"}));
    good.chain(bad).map(|row| format!("{row}\n")).collect()
}

async fn import(portal: &Portal, query: &str, headers: &[(&str, &str)], body: &str) -> Reply {
    let headers = [&[("Content-Type", "application/jsonl")], headers].concat();
    portal.send("POST", &format!("/api/v1/needs/import{query}"), &headers, body.as_bytes()).await
}

/// The operation once it has ended.
async fn ended(portal: &Portal, address: &str) -> Value {
    for _ in 0..600 {
        let operation = portal.get(address).await.json();
        if ["succeeded", "failed", "cancelled"].contains(&operation["state"].as_str().unwrap()) {
            return operation;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{address} does not end: {}", portal.get(address).await.text());
}

async fn needs(portal: &Portal) -> u64 {
    portal.get("/api/v1/needs?total=true").await.json()["total"].as_u64().unwrap()
}

fn aside(data: &Path) -> Vec<Vec<u8>> {
    let files = std::fs::read_dir(data.join("operations")).unwrap().map(|entry| entry.unwrap());
    files
        .filter(|entry| entry.file_name() != "lock")
        .map(|entry| std::fs::read(entry.path()).unwrap())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_is_taken_on_done_and_reported() {
    let portal = Portal::open().await;
    let body = file(1_500, 2);
    let taken = import(&portal, "", &[ASYNC], &body).await;
    assert_eq!(
        (taken.status, taken.header("preference-applied")),
        (202, Some("respond-async")),
        "{}",
        taken.text()
    );
    let address = taken.header("location").unwrap().to_owned();
    assert_eq!(address, "/api/v1/operations/1");
    assert_eq!((&taken.json()["kind"], &taken.json()["registry"]), (&json!("import"), &json!("needs")));
    let operation = ended(&portal, &address).await;
    assert_eq!(operation["state"], "succeeded", "{operation}");
    let report = &operation["result"];
    assert_eq!([&report["rows"], &report["created"], &report["rejected"]], [1_502, 1_500, 2]);
    assert_eq!(report["errors"][0]["line"], 1_501);
    let progress = &operation["progress"];
    assert_eq!(
        [&progress["rows"], &progress["bytes"], &progress["bytes_total"]],
        [&json!(1_502), &json!(body.len()), &json!(body.len())]
    );
    assert_eq!(progress["fraction"], 1.0);
    assert_eq!(needs(&portal).await, 1_500);
    // The answer that waits says the same.
    let waited = import(&portal, "", &[], &body).await;
    assert_eq!((waited.status, &waited.json()["unchanged"]), (200, &json!(1_500)));
    let listed = portal.get("/api/v1/operations").await.json();
    assert_eq!(listed["items"], json!([operation]));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_imported_is_told_where_the_work_is_told_of() {
    let portal = Portal::open().await;
    let taken = import(&portal, "?all_or_nothing=true", &[ASYNC], &file(3, 1)).await;
    let operation = ended(&portal, taken.header("location").unwrap()).await;
    assert_eq!(
        (&operation["state"], &operation["problem"]["code"]),
        (&json!("failed"), &json!("nothing_imported"))
    );
    assert_eq!((&operation["result"]["rejected"], needs(&portal).await), (&json!(1), 0));
    let taken = import(&portal, "", &[ASYNC], "").await;
    let operation = ended(&portal, taken.header("location").unwrap()).await;
    assert_eq!(operation["problem"]["code"], "unreadable_file", "{operation}");
    let taken = import(&portal, "?all_or_nothing=true", &[ASYNC], &file(1_200, 0)).await;
    let operation = ended(&portal, taken.header("location").unwrap()).await;
    assert_eq!(
        (&operation["state"], &operation["result"]["created"]),
        (&json!("succeeded"), &json!(1_200)),
        "{operation}"
    );
    assert_eq!(needs(&portal).await, 1_200);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_with_an_idempotency_key_is_done_once() {
    let portal = Portal::open().await;
    let key = ("Idempotency-Key", "a");
    let body = file(20, 1);
    let first = import(&portal, "", &[key], &body).await;
    assert_eq!((first.status, first.header("idempotency-replayed")), (200, None), "{}", first.text());
    assert_eq!(first.json()["created"], 20);
    let again = import(&portal, "", &[key], &body).await;
    assert_eq!((again.status, again.header("idempotency-replayed")), (200, Some("true")));
    assert_eq!(again.json(), first.json(), "it says what was created, for nothing is imported again");
    let other = import(&portal, "", &[key], &file(21, 1)).await;
    assert_eq!((other.status, other.problem().as_str()), (422, "idempotency_key_reused"));
    assert_eq!(needs(&portal).await, 20);

    // One that fails does not count.
    let key = ("Idempotency-Key", "b");
    let path = "?all_or_nothing=true";
    for _ in 0..2 {
        let refused = import(&portal, path, &[key], &body).await;
        assert_eq!((refused.status, refused.problem().as_str()), (422, "nothing_imported"));
        assert_eq!(
            (refused.header("idempotency-replayed"), &refused.json()["report"]["rejected"]),
            (None, &json!(1))
        );
    }
    assert_eq!(import(&portal, path, &[key], &file(2, 0)).await.status, 200);

    // Taken on once, too.
    let key = ("Idempotency-Key", "c");
    let first = import(&portal, "", &[key, ASYNC], &body).await;
    let again = import(&portal, "", &[key, ASYNC], &body).await;
    assert_eq!((first.status, again.status), (202, 202));
    assert_eq!(
        (again.header("location"), again.header("idempotency-replayed")),
        (first.header("location"), Some("true"))
    );
    ended(&portal, first.header("location").unwrap()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn others_do_not_see_it_and_cannot_stop_it() {
    let portal = Portal::open().await;
    let scopes = [Scope::ImportsWrite, Scope::NeedsWrite];
    let own = portal.key("甲平台", Some("3411"), &scopes).await;
    let headers = [("Content-Type", "application/jsonl"), ASYNC];
    let taken =
        portal.send_as(Some(&own), "POST", "/api/v1/needs/import", &headers, file(2, 0).as_bytes()).await;
    let address = taken.header("location").unwrap().to_owned();
    ended(&portal, &address).await;
    let seen = async |key: &str| (portal.get_as(key, &address).await.status, items(&portal, key).await);
    assert_eq!(seen(&own).await, (200, 1));
    // The same holder's key that could not have asked for it; another holder's; one who administers another region.
    let less = portal.key("甲平台", Some("3411"), &[Scope::NeedsRead]).await;
    let other = portal.key("乙平台", Some("3411"), &scopes).await;
    let far = portal.key("合肥", Some("3401"), Scope::ALL).await;
    for key in [&less, &other, &far] {
        assert_eq!(seen(key).await, (404, 0));
        let refused = portal.send_as(Some(key), "POST", &format!("{address}/cancel"), &[], b"").await;
        assert_eq!((refused.status, refused.problem().as_str()), (404, "operation_not_found"));
    }
    // Who administers the region sees that it was done, and what it came to only with the scopes for it.
    let admin = portal.key("安徽省科协", Some("34"), &[Scope::Admin]).await;
    assert_eq!(seen(&admin).await, (200, 1));
    assert!(portal.get_as(&admin, &address).await.json().get("result").is_none());
    let whole = portal.key("省平台", Some("34"), Scope::ALL).await;
    assert_eq!(portal.get_as(&whole, &address).await.json()["result"]["created"], 2);
}

async fn items(portal: &Portal, key: &str) -> usize {
    portal.get_as(key, "/api/v1/operations").await.json()["items"].as_array().unwrap().len()
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_are_paged_latest_first() {
    let portal = Portal::open().await;
    for _ in 0..5 {
        import(&portal, "", &[ASYNC], &file(1, 0)).await;
    }
    let (mut seen, mut path) = (Vec::new(), "/api/v1/operations?limit=2".to_owned());
    loop {
        let page = portal.get(&path).await.json();
        seen.extend(page["items"].as_array().unwrap().iter().map(|item| item["id"].as_u64().unwrap()));
        let Some(next) = page["next_cursor"].as_str() else { break };
        path = format!("/api/v1/operations?limit=2&cursor={next}");
    }
    assert_eq!(seen, [5, 4, 3, 2, 1]);
}

/// Without anybody who does it, all waits.
#[tokio::test(flavor = "multi_thread")]
async fn what_waits_says_its_place_is_stopped_at_once_and_tells_nothing_on_the_disk() {
    let data = tempfile::tempdir().unwrap();
    let folder = data.path().to_owned();
    // Another process does the operations of this directory, so to speak.
    std::fs::create_dir_all(folder.join("operations")).unwrap();
    let lock = std::fs::File::create(folder.join("operations/lock")).unwrap();
    lock.lock().unwrap();
    let portal = Portal::with(|own, _| own.data_dir = folder.clone()).await;
    let first = import(&portal, "", &[ASYNC], &file(50, 0)).await;
    let second = import(&portal, "", &[ASYNC], &file(50, 0)).await;
    let address = second.header("location").unwrap();
    assert_eq!((&second.json()["state"], &second.json()["place"]), (&json!("waiting"), &json!(2)));
    let files = aside(&folder);
    assert_eq!(files.len(), 2);
    for bytes in &files {
        for text in ["13800001234", "王建国", "激光焊接", "external_id"] {
            assert!(!bytes.windows(text.len()).any(|window| window == text.as_bytes()), "{text} lies there");
        }
    }
    let cancelled = portal.send("POST", &format!("{address}/cancel"), &[], b"").await;
    assert_eq!((cancelled.status, &cancelled.json()["state"]), (200, &json!("cancelled")));
    drop(lock);
    let done = ended(&portal, first.header("location").unwrap()).await;
    assert_eq!((&done["state"], &done["result"]["created"]), (&json!("succeeded"), &json!(50)));
    assert_eq!(portal.get(address).await.json()["state"], "cancelled");
    assert!(aside(&folder).is_empty());
    portal.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_import_stops_between_batches_and_keeps_what_it_wrote() {
    for (query, keeps) in [("", true), ("?all_or_nothing=true", false)] {
        let portal = Portal::with(|_, service| service.limits.import = 64 << 20).await;
        let rows = 12_000;
        let taken = import(&portal, query, &[ASYNC], &file(rows, 0)).await;
        let address = taken.header("location").unwrap().to_owned();
        while portal.get(&address).await.json()["progress"]["rows"] == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let cancel = portal.send("POST", &format!("{address}/cancel"), &[], b"").await;
        assert_eq!(cancel.status, 200);
        let operation = ended(&portal, &address).await;
        assert_eq!(operation["state"], "cancelled", "{}", operation["progress"]);
        let there = needs(&portal).await;
        if keeps {
            assert!((1..rows as u64).contains(&there), "{there}");
            assert_eq!(operation["result"]["created"], there);
        } else {
            assert_eq!(there, 0);
        }
        let again = portal.send("POST", &format!("{address}/cancel"), &[], b"").await;
        assert_eq!(again.json()["state"], "cancelled");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_ends_lets_the_next_one_go_on() {
    let data = tempfile::tempdir().unwrap();
    let folder = data.path().to_owned();
    let rows = 12_000;
    let (address, key) = {
        let portal = Portal::with(|own, service| {
            own.data_dir = folder.clone();
            service.limits.import = 64 << 20;
        })
        .await;
        let taken = import(&portal, "", &[ASYNC], &file(rows, 0)).await;
        let address = taken.header("location").unwrap().to_owned();
        while portal.get(&address).await.json()["progress"]["rows"] == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let key = portal.key.clone();
        portal.close().await;
        (address, key)
    };
    let engine = Engine::open(&Settings::new(&folder)).await.unwrap();
    let stopped = engine.operation(1).await.unwrap();
    assert!(!stopped.state.has_ended(), "{:?}", stopped.state);
    assert!((1..rows as u64).contains(&stopped.progress.rows), "{:?}", stopped.progress);
    engine.close().await;
    let mut portal = Portal::with(|own, _| own.data_dir = folder.clone()).await;
    portal.key = key;
    let operation = ended(&portal, &address).await;
    assert_eq!((&operation["state"], &operation["result"]["created"]), (&json!("succeeded"), &json!(rows)));
    assert_eq!(needs(&portal).await, rows as u64);
    portal.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_more_is_taken_on_than_there_is_room_for() {
    let portal = Portal::with(|own, _| own.operations.aside_bytes = 4_000).await;
    let refused = import(&portal, "", &[ASYNC], &file(200, 0)).await;
    assert_eq!((refused.status, refused.problem().as_str()), (503, "operations_full"));
    assert!(refused.header("retry-after").is_some());
    assert_eq!(portal.get("/api/v1/operations").await.json()["items"], json!([]));
    let none = Portal::with(|own, _| own.operations.waiting = 0).await;
    let refused = import(&none, "", &[ASYNC], &file(2, 0)).await;
    assert_eq!((refused.status, refused.problem().as_str()), (503, "operations_full"));
}

#[tokio::test(flavor = "multi_thread")]
async fn indexes_are_built_anew_by_those_who_administer_all() {
    let portal = Portal::open().await;
    import(&portal, "", &[], &file(30, 0)).await;
    let taken = portal.send("POST", "/api/v1/index-rebuilds?registry=needs", &[], b"").await;
    assert_eq!((taken.status, &taken.json()["registry"]), (202, &json!("needs")), "{}", taken.text());
    let operation = ended(&portal, taken.header("location").unwrap()).await;
    assert_eq!(
        (&operation["state"], &operation["progress"]["rows"]),
        (&json!("succeeded"), &json!(30)),
        "{operation}"
    );
    let all = portal.send("POST", "/api/v1/index-rebuilds", &[], b"").await;
    assert_eq!(ended(&portal, all.header("location").unwrap()).await["state"], "succeeded");
    assert_eq!(portal.get("/api/v1/needs/search?limit=1").await.json()["total"], 30);
    let region = portal.key("滁州", Some("3411"), Scope::ALL).await;
    let refused = portal.send_as(Some(&region), "POST", "/api/v1/index-rebuilds", &[], b"").await;
    assert_eq!((refused.status, refused.problem().as_str()), (403, "outside_region"));
    let wrong = portal.send("POST", "/api/v1/index-rebuilds?registry=nothing", &[], b"").await;
    assert_eq!(wrong.problem(), "invalid_parameter");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_whoever_is_erased_nothing_comes_back_from_what_waits() {
    let data = tempfile::tempdir().unwrap();
    let folder = data.path().to_owned();
    std::fs::create_dir_all(folder.join("operations")).unwrap();
    let lock = std::fs::File::create(folder.join("operations/lock")).unwrap();
    lock.lock().unwrap();
    let portal = Portal::with(|own, _| own.data_dir = folder.clone()).await;
    let expert = json!({"external_id": "ZJ-1", "name": "方致远", "organisation": "皖江理工大学", "contact": contact()});
    portal.register("experts", expert.clone()).await;
    let headers = [("Content-Type", "application/jsonl"), ASYNC];
    let taken =
        portal.send("POST", "/api/v1/experts/import", &headers, format!("{expert}\n").as_bytes()).await;
    portal.engine.erase_person("expert-1".parse().unwrap()).await.unwrap();
    let left = portal.engine.finish_erasing(Duration::ZERO).await.unwrap();
    assert!(left.contains(&Remnant::Files), "its file still lies there: {left:?}");
    drop(lock);
    let operation = ended(&portal, taken.header("location").unwrap()).await;
    assert_eq!((&operation["result"]["rejected"], &operation["result"]["created"]), (&json!(1), &json!(0)));
    assert_eq!(portal.engine.finish_erasing(Duration::from_secs(30)).await.unwrap(), []);
    assert!(aside(&folder).is_empty());
    assert_eq!(portal.engine.count(domain::Kind::Expert).await.unwrap(), 0);
    portal.close().await;
}

/// What a row says of its faults may quote a name that stands in the wrong column. Hidden on file by the erasure, it is not written again from memory, nor are
/// rows quoted that are read afterwards.
#[tokio::test(flavor = "multi_thread")]
async fn of_whoever_is_erased_nothing_comes_back_from_what_is_being_done() {
    const NAME: &str = "方致远";
    let portal = Portal::with(|_, service| service.limits.import = 64 << 20).await;
    let expert = json!({"external_id": "ZJ-1", "name": NAME, "organisation": "皖江理工大学"});
    portal.register("experts", expert.clone()).await;
    let wrong = |at: usize| json!({"external_id": format!("CW-{at}"), "name": "x", "region": NAME});
    let right = |at: usize| json!({"external_id": format!("ZJ-X{at}"), "name": format!("专家{at}")});
    let rows = (0..100_000).map(|at| if at % 999 == 0 { wrong(at) } else { right(at) });
    let body: String = rows.map(|row| format!("{row}\n")).collect();
    let headers = [("Content-Type", "application/jsonl"), ASYNC];
    let taken = portal.send("POST", "/api/v1/experts/import", &headers, body.as_bytes()).await;
    let number = taken.json()["id"].as_u64().unwrap();
    let engine = &portal.engine;
    while engine.operation(number).await.unwrap().report.is_none_or(|report| report.errors.is_empty()) {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    let quoted = format!("{:?}", engine.operation(number).await.unwrap().report);
    assert!(quoted.contains(NAME), "{quoted}");
    engine.erase_person("expert-1".parse().unwrap()).await.unwrap();
    let now = engine.operation(number).await.unwrap();
    assert!(!now.state.has_ended() && now.progress.rows < 90_000, "it has gone on too far: {now:?}");
    ended(&portal, taken.header("location").unwrap()).await;
    let report = engine.operation(number).await.unwrap().report.unwrap();
    assert_eq!((report.rejected, report.errors.len()), (101, 101));
    assert!(!format!("{report:?}").contains(NAME), "{report:?}");
    portal.close().await;
}
