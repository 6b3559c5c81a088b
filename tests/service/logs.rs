//! Properties: each request has one line, with all that is needed to find it again and nothing of what was said in it.

use std::io::Write;

use serde_json::Value;

use crate::running::{Running, reply};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT: &str = "00f067aa0ba902b7";
/// What is said to the service and must not be found in its log, in whatever way it is said.
const SAID: [&str; 7] = [
    "13800001234",
    "王建国",
    "wang@example.com",
    "激光焊接的秘密",
    "秘密的检索词",
    "xiangwen",
    "A-B-C-external",
];

fn requests(service: &Running) -> Vec<Value> {
    let lines = service.log();
    let lines =
        lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap_or_else(|_| panic!("{line}")));
    lines.filter(|line| line["fields"]["message"] == "request").collect()
}

fn say_everything(service: &Running) {
    let need = "{\"title\": \"激光焊接的秘密\", \"external_id\": \"A-B-C-external\", \"contact\": {\"person\": \"王建国\", \
        \"mobile\": \"13800001234\", \"email\": \"wang@example.com\"}}";
    assert_eq!(service.post("/api/v1/needs", need).status, 201);
    assert_eq!(service.post("/api/v1/needs", need).status, 409);
    let query = "%E7%A7%98%E5%AF%86%E7%9A%84%E6%A3%80%E7%B4%A2%E8%AF%8D";
    assert_eq!(service.get(&format!("/api/v1/needs/search?q={query}&sort=xiangwen")).status, 400);
    assert_eq!(service.get(&format!("/api/v1/needs/search?q={query}")).status, 200);
    assert_eq!(service.get("/api/v1/needs?external_id=A-B-C-external").status, 200);
    assert_eq!(service.get(&format!("/api/v1/needs?q={}", service.key)).status, 400, "a key in the address");
    assert_eq!(service.get("/13800001234/xiangwen").status, 404);
    let reveal = service.post("/api/v1/needs/need-1/contact", "{\"purpose\": \"xiangwen\"}");
    assert!(reveal.status == 200 && reveal.body.contains("13800001234"), "{}", reveal.body);
    assert_eq!(service.post("/api/v1/needs", &format!("{}xiangwen", &need[..40])).status, 400);
    // What is no request, and a method of the caller's own making.
    service.ask(format!("xiangwen 13800001234\r\n{}\r\n\r\n", service.key));
    service.ask("XIANGWEN /livez HTTP/1.1\r\nHost: p\r\nConnection: close\r\n\r\n");
}

#[test]
fn a_line_of_the_log_finds_a_request_and_tells_nothing_of_what_was_said() {
    let service = Running::with("[log]\nformat = 'json'\nlevel = 'debug'", "");
    say_everything(&service);
    let traced = |headers: &str| {
        let mut stream = service.connect();
        let head = service.head("GET /api/v1/needs/need-1", &format!("X-Request-Id: r-7\r\n{headers}"));
        stream.write_all(head.as_bytes()).unwrap();
        assert_eq!(reply(&mut stream).status, 200);
        requests(&service).pop().unwrap()
    };
    let line = traced(&format!("traceparent: 00-{TRACE}-{PARENT}-01\r\n"));
    let fields = &line["fields"];
    assert_eq!(
        [&fields["http.method"], &fields["http.route"], &fields["key"], &fields["request_id"]],
        ["GET", "/api/v1/needs/{id}", "key-1", "r-7"]
    );
    assert_eq!([&fields["trace_id"], &fields["parent_id"]], [TRACE, PARENT]);
    assert!(fields["http.status"] == 200 && fields["elapsed_ms"].is_u64(), "{line}");
    assert!(line["timestamp"].is_string() && line["level"] == "INFO", "{line}");
    for invalid in [format!("traceparent: 00-{TRACE}-{PARENT}\r\n"), format!("traceparent: {}\r\n", SAID[5])]
    {
        let line = traced(&invalid);
        assert!(line["fields"].get("trace_id").is_none(), "{line}");
    }
    let log = service.log();
    let secret = &service.key["hn_1_".len()..];
    for said in SAID.iter().chain([&secret]) {
        assert!(!log.to_lowercase().contains(&said.to_lowercase()), "{said}");
    }
    assert!(!log.contains("%E7%A7%98"), "the query, as it was sent");
    let mut numbers: Vec<String> =
        requests(&service).iter().map(|line| line["fields"]["request_id"].to_string()).collect();
    numbers.retain(|number| number != "\"r-7\"");
    let all = numbers.len();
    numbers.sort();
    numbers.dedup();
    assert_eq!(numbers.len(), all, "one line for each request");
}

#[test]
fn what_goes_wrong_in_a_request_is_logged_with_its_numbers() {
    let service = Running::with("[log]\nformat = 'json'\nlevel = 'warn'", "");
    // The database's files are gone from under it.
    for name in ["hongniang.db", "hongniang.db-wal"] {
        std::fs::write(service.path("hongniang-data").join(name), "13800001234").unwrap();
    }
    let more = format!("traceparent: 00-{TRACE}-{PARENT}-01\r\nX-Request-Id: r-9\r\n");
    let failed = service.ask(service.head("GET /api/v1/needs", &more));
    assert!(failed.status >= 500, "{}", failed.body);
    assert!(["internal_error", "unavailable"].contains(&failed.code().as_str()), "{}", failed.body);
    let log = service.log();
    let lines = log.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let line = lines.into_iter().find(|line| line["fields"]["message"] == "a request failed").expect(&log);
    let span = &line["span"];
    assert_eq!(
        [&span["request_id"], &span["trace_id"], &span["parent_id"]],
        ["r-9", TRACE, PARENT],
        "{line}"
    );
    assert!(!log.contains("13800001234"), "{log}");
}

#[test]
fn a_readable_line_has_the_same() {
    let service = Running::with("", "");
    say_everything(&service);
    let log = service.log();
    assert!(log.contains("http.route=\"/api/v1/needs\"") && log.contains("key=\"key-1\""), "{log}");
    for said in SAID {
        assert!(!log.to_lowercase().contains(&said.to_lowercase()), "{said}");
    }
}
