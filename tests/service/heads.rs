//! Properties: a head that drips is cut off, the first of a connection and every later one; what may mean two things is refused, and what
//! hides behind it is not carried out; whoever does not read is not waited for.

use std::io::Write;
use std::time::{Duration, Instant};

use crate::running::{PATIENCE, Running, drip, is_closed, reply};

const QUICK: &str = "[server]\nheader_seconds = 1\nbody_seconds = 2\n[metrics]\nlisten = '127.0.0.1:0'";
const NEED: &str = "{\"title\": \"x\"}";

#[test]
fn a_head_that_drips_is_cut_off_whichever_of_the_connection_it_is() {
    let service = Running::with(QUICK, "");
    let alive = b"GET /livez HTTP/1.1\r\nHost: p\r\n\r\n";
    let endless = [b"GET /livez HTTP/1.1\r\nHost: p\r\nX: ", &[b'x'; 1_000][..]].concat();
    for earlier in [0, 1, 3] {
        let mut stream = service.connect();
        for _ in 0..earlier {
            stream.write_all(alive).unwrap();
            assert_eq!(reply(&mut stream).status, 200);
        }
        let took = drip(&mut stream, &endless, Duration::from_millis(50));
        let refused = reply(&mut stream);
        assert_eq!((refused.status, refused.code().as_str()), (408, "head_timeout"), "after {earlier}");
        assert!((0.9..4.0).contains(&took.as_secs_f64()), "{took:?} after {earlier}");
        assert!(is_closed(&mut stream, Duration::from_secs(5)), "after {earlier}");
    }
    // Whoever says nothing at all is not waited for either.
    let mut silent = service.connect();
    let refused = reply(&mut silent);
    assert_eq!((refused.status, refused.code().as_str()), (408, "head_timeout"));
    assert!(service.metric("hongniang_http_problems_total{code=\"head_timeout\"}") >= 4.0);
    // But between two requests one may rest, and a request that is under way may take longer.
    let mut resting = service.connect();
    for _ in 0..2 {
        resting.write_all(alive).unwrap();
        assert_eq!(reply(&mut resting).status, 200);
        std::thread::sleep(Duration::from_millis(1_500));
    }
}

#[test]
fn who_goes_on_sending_after_the_answer_is_not_listened_to_for_ever() {
    let service = Running::with(QUICK, "");
    let mut stream = service.connect();
    // Without a key, so nobody reads the body.
    let head = "POST /api/v1/needs HTTP/1.1\r\nHost: p\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";
    stream.write_all(head.as_bytes()).unwrap();
    assert_eq!(reply(&mut stream).code(), "key_required");
    let began = Instant::now();
    while stream.write_all(b"1\r\nx\r\n").is_ok() {
        assert!(began.elapsed() < Duration::from_secs(10), "it goes on");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn who_does_not_read_is_not_waited_for() {
    let service = Running::with(QUICK, "");
    let mut stream = service.connect();
    stream.set_write_timeout(Some(Duration::from_millis(500))).unwrap();
    let asked = b"GET /openapi.json HTTP/1.1\r\nHost: p\r\n\r\n".repeat(200);
    let _ = stream.write_all(&asked);
    let began = Instant::now();
    // This reading is one more connection, but not one of the API.
    while service.metric("hongniang_http_connections") > 0.0 {
        assert!(began.elapsed() < Duration::from_secs(20), "it is waited for");
        std::thread::sleep(Duration::from_millis(200));
    }
}

#[test]
fn heads_are_bounded_in_number_and_size() {
    let service = Running::with(QUICK, "");
    let many: String = (0..200).map(|at| format!("X-{at}: x\r\n")).collect();
    let large = format!("X: {}\r\n", "x".repeat(200_000));
    let address = format!("GET /{} HTTP/1.1\r\nHost: p\r\n\r\n", "x".repeat(200_000));
    for (request, status, code) in [
        (format!("GET /livez HTTP/1.1\r\nHost: p\r\n{many}\r\n"), 431, "head_too_large"),
        (format!("GET /livez HTTP/1.1\r\nHost: p\r\n{large}\r\n"), 431, "head_too_large"),
        (address, 431, "head_too_large"),
    ] {
        let refused = service.ask(&request);
        let start: String = request.chars().take(40).collect();
        assert_eq!((refused.status, refused.code().as_str()), (status, code), "{start}");
    }
    let long = service.get(&format!("/api/v1/needs?q={}", "x".repeat(20_000)));
    assert_eq!((long.status, long.code().as_str()), (414, "query_too_long"));
}

/// What a gateway and this service might read differently: each carries a second request that must not be carried out.
#[test]
fn nothing_hides_behind_a_request() {
    let service = Running::with(QUICK, "");
    let key = &service.key;
    let hidden = format!(
        "POST /api/v1/needs HTTP/1.1\r\nHost: p\r\nAuthorization: Bearer {key}\r\nContent-Type: application/json\r\n\
        Content-Length: {}\r\n\r\n{NEED}",
        NEED.len()
    );
    let behind = |headers: &str| format!("POST /livez HTTP/1.1\r\nHost: p\r\n{headers}\r\n0\r\n\r\n{hidden}");
    let shapes = [
        behind("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"),
        behind("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"),
        behind("Content-Length: 5\r\nContent-Length: 6\r\n"),
        behind("Content-Length: 5, 6\r\n"),
        behind("Content-Length: +5\r\n"),
        behind("Content-Length: 5x\r\n"),
        behind("Content-Length: -5\r\n"),
        behind("Content-Length: 99999999999999999999999\r\n"),
        behind("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n"),
        behind("Transfer-Encoding: identity, chunked\r\n"),
        behind("Transfer-Encoding: xchunked\r\n"),
        behind("Transfer-Encoding : chunked\r\n"),
        behind("Transfer-Encoding:\u{b}chunked\r\n"),
        behind("X: y\r\n Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"),
        behind("X\0: y\r\nContent-Length: 5\r\n"),
        behind("Host: q\r\n"),
        "GET /livez HTTP/1.1\r\n\r\n".to_owned(),
        "GET /livez HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n".to_owned(),
        "GET /livez HTTP/2.0\r\nHost: p\r\n\r\n".to_owned(),
        "GET  /livez HTTP/1.1\r\nHost: p\r\n\r\n".to_owned(),
        "\0\u{1}\u{2}\r\n\r\n".to_owned(),
        "\u{16}\u{3}\u{1}\u{2}\0\u{1}\0\u{1}".to_owned(),
    ];
    for shape in shapes {
        let mut stream = service.connect();
        stream.write_all(shape.as_bytes()).unwrap();
        let refused = reply(&mut stream);
        let start: String = shape.chars().take(90).collect();
        assert_eq!((refused.status, refused.code().as_str()), (400, "malformed_request"), "{start:?}");
        assert!(is_closed(&mut stream, Duration::from_secs(5)), "{start:?}");
    }
    assert_eq!(service.get("/api/v1/needs?total=true").json()["total"], 0);
    // The hidden request is one that would be carried out.
    assert_eq!(service.ask(&hidden).status, 201);
}

#[test]
fn requests_may_come_one_upon_the_other() {
    let service = Running::with(QUICK, "");
    let mut stream = service.connect();
    let body = NEED.len();
    let create = service
        .head("POST /api/v1/needs", &format!("Content-Type: application/json\r\nContent-Length: {body}\r\n"));
    let count = service.head("GET /api/v1/needs?total=true", "");
    stream.write_all(format!("{create}{NEED}{count}").repeat(40).as_bytes()).unwrap();
    for at in 1..=40 {
        assert_eq!(reply(&mut stream).status, 201);
        assert_eq!(reply(&mut stream).json()["total"], at, "in the order in which they came");
    }
    // Nonsense after a good request does not harm that one, and is the end.
    stream.write_all(format!("{count}\0\0\0\r\n\r\n").as_bytes()).unwrap();
    assert_eq!(reply(&mut stream).json()["total"], 40);
    assert_eq!(reply(&mut stream).code(), "malformed_request");
    assert!(is_closed(&mut stream, PATIENCE));
}
