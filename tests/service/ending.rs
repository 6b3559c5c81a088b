//! Properties: told to end, the service finishes what is under way, refuses what is new, says so to its manager, and ends with 0.

use std::io::Write;
use std::os::unix::net::UnixDatagram;
use std::thread;
use std::time::Duration;

use crate::running::{Running, connect, is_closed, reply};

const ROWS: usize = 5_000;

#[test]
fn what_is_under_way_is_finished_and_what_is_new_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("notify");
    let manager = UnixDatagram::bind(&socket).unwrap();
    manager.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let settings = "[metrics]\nlisten = '127.0.0.1:0'";
    let mut service = Running::started(settings, "", &[("NOTIFY_SOCKET", socket.to_str().unwrap())]);
    let heard = || {
        let mut buffer = [0; 64];
        let length = manager.recv(&mut buffer).unwrap();
        String::from_utf8(buffer[..length].to_vec()).unwrap()
    };
    assert_eq!(heard(), "READY=1");

    let body = "{\"title\": \"慢慢来的需求\"}";
    let more = format!("Content-Type: application/json\r\nContent-Length: {}\r\n", body.len());
    let mut slow = service.connect();
    slow.write_all((service.head("POST /api/v1/needs", &more) + &body[..11]).as_bytes()).unwrap();
    let rows: String =
        (0..ROWS).map(|at| format!("{{\"external_id\": \"X-{at}\", \"name\": \"企业{at}\"}}\n")).collect();
    let half = rows.len() / 2;
    let half = half + rows[half..].find('\n').unwrap();
    let more = format!("Content-Type: application/x-ndjson\r\nContent-Length: {}\r\n", rows.len());
    let mut import = service.connect();
    let head = service.head("POST /api/v1/enterprises/import", &more);
    import.write_all((head + &rows[..half]).as_bytes()).unwrap();
    // One that rests between two requests is not waited for.
    let mut resting = service.connect();
    resting.write_all(b"GET /livez HTTP/1.1\r\nHost: p\r\n\r\n").unwrap();
    assert_eq!(reply(&mut resting).status, 200);
    while service.metric("hongniang_imports_running") < 1.0 {
        thread::sleep(Duration::from_millis(20));
    }

    service.terminate();
    assert_eq!(heard(), "STOPPING=1");
    while connect(service.address).is_ok() {
        thread::sleep(Duration::from_millis(20));
    }
    assert!(is_closed(&mut resting, Duration::from_secs(10)));
    assert!(service.metric("hongniang_http_requests_in_flight") >= 2.0, "the metrics tell of the end, too");
    slow.write_all(&body.as_bytes()[11..]).unwrap();
    assert_eq!(reply(&mut slow).status, 201);
    import.write_all(&rows.as_bytes()[half..]).unwrap();
    let imported = reply(&mut import);
    assert_eq!((imported.status, &imported.json()["created"]), (200, &ROWS.into()), "{}", imported.body);
    assert_eq!(service.ended().code(), Some(0), "{}", service.log());
    assert!(!service.log().contains("panicked"), "{}", service.log());
    let listed = service.said(&["index", "status", "--json"]);
    assert!(listed.contains("\"lag\""), "{listed}");
}

#[test]
fn who_never_finishes_does_not_hold_the_end_up() {
    let mut service = Running::with("[server]\nshutdown_seconds = 1\nbody_seconds = 60", "");
    let mut slow = service.connect();
    let head = "Content-Type: application/json\r\nContent-Length: 10\r\n";
    slow.write_all(service.head("POST /api/v1/needs", head).as_bytes()).unwrap();
    thread::sleep(Duration::from_millis(300));
    service.terminate();
    let began = std::time::Instant::now();
    assert_eq!(service.ended().code(), Some(0), "{}", service.log());
    assert!(began.elapsed() < Duration::from_secs(15), "{:?}", began.elapsed());
}
