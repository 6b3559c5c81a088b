//! Properties: what is read is what Prometheus reads, line by line; it moves with what happens; it stays small whatever callers send; and it
//! holds nothing of records, contacts or keys.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::portal::{Answer, Portal};
use crate::running::{PATIENCE, Running, reply};

const ON: &str = "[metrics]\nlisten = '127.0.0.1:0'";

/// A strict reader of the text format 0.0.4: each family has its HELP and TYPE first and stands together, no series comes twice, every
/// value is a number, names and labels are well-formed, and buckets ascend up to the count.
fn parse(text: &str) -> BTreeMap<String, f64> {
    let mut series = BTreeMap::new();
    let mut families: BTreeSet<String> = BTreeSet::new();
    let (mut family, mut kind) = (String::new(), String::new());
    assert!(text.ends_with('\n'));
    for line in text.lines() {
        if let Some(help) = line.strip_prefix("# HELP ") {
            let (name, about) = help.split_once(' ').expect(line);
            assert!(families.insert(name.to_owned()), "{name} comes twice");
            assert!(about.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c)), "{line}");
            family = name.to_owned();
        } else if let Some(declared) = line.strip_prefix("# TYPE ") {
            let (name, declared) = declared.split_once(' ').expect(line);
            assert_eq!(name, family, "{line}");
            assert!(["counter", "gauge", "histogram"].contains(&declared), "{line}");
            kind = declared.to_owned();
        } else {
            let (name, value) = line.rsplit_once(' ').expect(line);
            let value: f64 = value.parse().expect(line);
            let bare = name.split('{').next().unwrap();
            let known = match kind.as_str() {
                "histogram" => {
                    ["_bucket", "_sum", "_count"].iter().any(|end| bare == format!("{family}{end}"))
                }
                "counter" => bare == family && family.ends_with("_total") && value >= 0.0,
                _ => bare == family,
            };
            assert!(known, "{line} in {family}");
            assert!(
                bare.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_'),
                "{line}"
            );
            labels(name);
            assert!(value.is_finite(), "{line}");
            assert!(series.insert(name.to_owned(), value).is_none(), "{name} comes twice");
        }
    }
    series
}

/// The labels of a series.
fn labels(series: &str) -> Vec<(&str, &str)> {
    let Some((_, inside)) = series.split_once('{') else { return Vec::new() };
    let inside = inside.strip_suffix('}').expect(series);
    let mut found = Vec::new();
    for label in inside.split("\",") {
        let (name, value) = label.split_once("=\"").expect(series);
        assert!(name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'), "{series}");
        found.push((name, value.trim_end_matches('"')));
    }
    found
}

#[test]
fn the_numbers_move_with_what_happens() {
    let service = Running::with(ON, "");
    let before = parse(&service.scrape());
    assert_eq!(service.post("/api/v1/needs", "{\"title\": \"激光焊接\"}").status, 201);
    assert_eq!(service.post("/api/v1/needs", "{}").status, 422);
    assert_eq!(service.ask("GET /api/v1/needs HTTP/1.1\r\nHost: p\r\nConnection: close\r\n\r\n").status, 401);
    for _ in 0..5 {
        assert_eq!(service.get("/api/v1/needs/need-1").status, 200);
    }
    fs::write(service.path("行"), "{\"name\": \"甲\"}\n{\"nam\": 1}\n").unwrap();
    let rows = fs::read_to_string(service.path("行")).unwrap();
    let more = format!("Content-Type: application/x-ndjson\r\nContent-Length: {}\r\n", rows.len());
    let imported = service.ask(service.head("POST /api/v1/enterprises/import", &more) + &rows);
    assert_eq!(imported.status, 200);
    service.said(&["rematch"]);
    let began = Instant::now();
    while service.get("/readyz").json()["indexes"][0]["lag"] != 0 {
        assert!(began.elapsed() < Duration::from_secs(30));
        thread::sleep(Duration::from_millis(50));
    }
    let after = parse(&service.scrape());
    let moved = |series: &str| {
        after.get(series).copied().unwrap_or(f64::NAN) - before.get(series).copied().unwrap_or(0.0)
    };
    let create = "method=\"POST\",route=\"/api/v1/needs\"";
    let expected = [
        (format!("hongniang_http_requests_total{{{create},status=\"2xx\"}}"), 1.0),
        (format!("hongniang_http_requests_total{{{create},status=\"4xx\"}}"), 1.0),
        (
            "hongniang_http_requests_total{method=\"GET\",route=\"/api/v1/needs/{id}\",status=\"2xx\"}"
                .to_owned(),
            5.0,
        ),
        (format!("hongniang_http_request_duration_seconds_count{{{create}}}"), 2.0),
        (format!("hongniang_http_request_duration_seconds_bucket{{{create},le=\"+Inf\"}}"), 2.0),
        ("hongniang_http_problems_total{code=\"invalid_form\"}".to_owned(), 1.0),
        ("hongniang_http_problems_total{code=\"key_required\"}".to_owned(), 1.0),
        ("hongniang_import_rows_total{outcome=\"created\"}".to_owned(), 1.0),
        ("hongniang_import_rows_total{outcome=\"rejected\"}".to_owned(), 1.0),
        ("hongniang_index_documents{registry=\"needs\"}".to_owned(), 1.0),
        ("hongniang_outbox_entries".to_owned(), 2.0),
        ("hongniang_rematch_needs".to_owned(), 1.0),
    ];
    for (series, by) in expected {
        assert_eq!(moved(&series), by, "{series}\n{}", service.scrape());
    }
    assert!(moved("hongniang_database_write_turns_total") >= 2.0);
    assert!(after["hongniang_rematch_published_timestamp_seconds"] > 1.7e9);
    let now = |series: &str| after.get(series).copied().unwrap_or_else(|| panic!("{series}"));
    for (series, value) in [
        ("hongniang_database_up", 1.0),
        ("hongniang_http_requests_in_flight", 0.0),
        ("hongniang_imports_running", 0.0),
        ("hongniang_index_lag_entries{registry=\"needs\"}", 0.0),
        ("hongniang_index_lag_seconds{registry=\"needs\"}", 0.0),
        ("hongniang_index_stale{registry=\"needs\"}", 0.0),
        ("hongniang_index_generation{registry=\"needs\"}", 1.0),
        ("hongniang_requests_at_work_limit", 32.0),
        ("hongniang_database_connections_limit{pool=\"write\"}", 1.0),
    ] {
        assert_eq!(now(series), value, "{series}");
    }
    assert!(now("hongniang_index_committed_timestamp_seconds{registry=\"needs\"}") > 1.7e9);
    assert!(now("process_resident_memory_bytes") > 1e6 && now("process_open_fds") > 5.0);
    assert!(now("process_cpu_seconds_total") > 0.0 && now("process_max_fds") >= now("process_open_fds"));
    assert!(
        after.contains_key(&format!("hongniang_build_info{{version=\"{}\"}}", env!("CARGO_PKG_VERSION")))
    );
}

#[test]
fn what_becomes_of_messages_to_portals_is_counted() {
    // Fails and is tried again, fails and is given up; is taken; is told that nobody lives there any more.
    let portal = Portal::open(&[500, 500, 204, 410].map(Answer::Status));
    let port = portal.port;
    let webhooks =
        format!("[webhooks]\nports = [{port}]\nallow = ['127.0.0.0/8']\nplain_http = true\nretries = [2]");
    let service = Running::with(&format!("{ON}\n{webhooks}"), "");
    let form = json!({"url": portal.url("/"), "events": ["run.published"]});
    let made = service.post("/api/v1/webhooks", &form.to_string());
    assert_eq!(made.status, 201, "{}", made.body);
    let becomes = |expected: &[(&str, f64)]| {
        let began = Instant::now();
        loop {
            let page = parse(&service.scrape());
            let value = |name: &str| page[&format!("hongniang_webhook_{name}")];
            if expected.iter().all(|(name, wanted)| value(name) == *wanted) {
                return value("oldest_pending_seconds");
            }
            assert!(began.elapsed() < PATIENCE, "{expected:?}\n{}", service.scrape());
            thread::sleep(Duration::from_millis(20));
        }
    };
    let publish = |day: &str| service.said(&["rematch", "--date", day]);
    let [delivered, failed, dead] =
        ["delivered", "failed", "dead"].map(|outcome| format!("attempts_total{{outcome=\"{outcome}\"}}"));
    let [delivered, failed, dead] = [&delivered, &failed, &dead].map(String::as_str);
    becomes(&[(failed, 0.0), (dead, 0.0), (delivered, 0.0), ("pending", 0.0)]);
    publish("2026-11-20");
    let waited = becomes(&[(failed, 1.0), ("pending", 1.0), ("dead", 0.0)]);
    assert!(waited > 0.0, "the oldest has waited");
    becomes(&[(failed, 1.0), (dead, 1.0), ("pending", 0.0), ("dead", 1.0)]);
    publish("2026-11-21");
    let waited = becomes(&[(delivered, 1.0), ("pending", 0.0), ("dead", 1.0), ("disabled", 0.0)]);
    assert_eq!(waited, 0.0);
    publish("2026-11-22");
    becomes(&[(dead, 2.0), (failed, 1.0), ("disabled", 1.0), ("pending", 0.0)]);
    assert_eq!(portal.hears(4).len(), 4);
}

#[test]
fn lag_is_what_health_says_and_grows_older() {
    let service = Running::with(ON, "");
    // Another process holds the writer of the index, so that this one cannot follow.
    let lock = service.path("hongniang-data/index/needs");
    let generation = fs::read_to_string(lock.join("CURRENT")).unwrap();
    let lock = fs::File::options()
        .write(true)
        .create(true)
        .truncate(false)
        .open(lock.join(generation.trim()).join(".tantivy-writer.lock"))
        .unwrap();
    lock.lock().unwrap();
    for _ in 0..3 {
        assert_eq!(service.post("/api/v1/needs", "{\"title\": \"激光焊接\"}").status, 201);
    }
    thread::sleep(Duration::from_secs(3));
    let health = service.get("/readyz").json();
    let needs =
        health["indexes"].as_array().unwrap().iter().find(|index| index["registry"] == "needs").unwrap();
    let read = parse(&service.scrape());
    assert_eq!(needs["lag"], 3, "{health}");
    assert_eq!(read["hongniang_index_lag_entries{registry=\"needs\"}"], 3.0);
    let old = read["hongniang_index_lag_seconds{registry=\"needs\"}"];
    assert!((2.0..20.0).contains(&old), "{old}");
    assert_eq!(read["hongniang_index_lag_seconds{registry=\"experts\"}"], 0.0);
    lock.unlock().unwrap();
    let began = Instant::now();
    while service.metric("hongniang_index_lag_entries{registry=\"needs\"}") > 0.0 {
        assert!(began.elapsed() < Duration::from_secs(30));
        thread::sleep(Duration::from_millis(100));
    }
    assert_eq!(service.metric("hongniang_index_lag_seconds{registry=\"needs\"}"), 0.0);
}

#[test]
fn whatever_callers_send_there_are_not_many_series_and_nothing_of_it_in_them() {
    let service = Running::with(ON, "");
    let need = "{\"title\": \"xiangwen\", \"external_id\": \"xiangwen-7\", \"contact\": {\"mobile\": \"13800001234\"}}";
    assert_eq!(service.post("/api/v1/needs", need).status, 201);
    let round = |from: usize, to: usize| {
        let mut stream = service.connect();
        for at in from..to {
            let requests = [
                format!("GET /xiangwen/{at}"),
                format!("GET /api/v1/needs/need-{at}"),
                format!("GET /api/v1/needs/xiangwen-{at}"),
                format!("GET /api/v1/needs?xiangwen{at}=13800001234"),
                format!("XIANGWEN{at} /api/v1/needs"),
                format!("GET /docs/{at}"),
                format!("PUT /api/v1/{at}/needs"),
            ];
            for request in requests {
                stream.write_all(service.head(&request, "").as_bytes()).unwrap();
                reply(&mut stream);
            }
        }
        parse(&service.scrape())
    };
    let first = round(0, 5);
    let second = round(5, 150);
    let names = |read: &BTreeMap<String, f64>| read.keys().cloned().collect::<BTreeSet<_>>();
    assert_eq!(names(&first), names(&second), "what is sent makes series");
    let text = service.scrape().to_lowercase();
    let secret = &service.key["hn_1_".len()..];
    for said in ["xiangwen", "13800001234", secret, "门户", "key-1", "need-1"] {
        assert!(!text.contains(said), "{said}");
    }
    for (name, value) in second.keys().flat_map(|series| labels(series)) {
        let bounded = match name {
            "method" => ["GET", "POST", "other"].contains(&value) || value == "PUT",
            "status" => ["2xx", "3xx", "4xx", "5xx"].contains(&value),
            "route" => value == "-" || value.starts_with('/'),
            "code" | "outcome" | "registry" | "pool" | "le" | "version" => true,
            _ => false,
        };
        assert!(bounded, "{name}={value}");
    }
}

#[test]
fn the_page_is_apart_from_the_api() {
    let service = Running::with(ON, "");
    assert_eq!(service.get("/metrics").status, 404, "not where portals come");
    let mut stream = crate::running::connect(service.metrics.unwrap()).unwrap();
    stream.write_all(service.head("GET /api/v1/needs", "").as_bytes()).unwrap();
    assert_eq!(reply(&mut stream).status, 404, "and nothing else is there");
    for (bind, listen) in [("127.0.0.1:18080", "127.0.0.1:18080"), ("0.0.0.0:18080", "127.0.0.1:18080")] {
        let mut serve = Command::new(env!("CARGO_BIN_EXE_hongniang"));
        serve
            .args(["serve", "--bind", bind])
            .current_dir(service.path(""))
            .env("HONGNIANG_METRICS_LISTEN", listen);
        let refused = serve.output().unwrap();
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(refused.status.code() == Some(2) && said.contains("端口相同"), "{said}");
    }
}
