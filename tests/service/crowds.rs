//! Properties: thousands of connections, idle and asking, leave health answering and the memory bounded; beyond the limit one is told so;
//! what cannot be done is refused at once, with the time to come again, while health answers.

use std::fs;
use std::io::Write;
use std::net::TcpStream;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::running::{Running, is_closed, read_reply, reply};

const IDLE: usize = 1_600;
const ASKING: usize = 400;

/// Each connection is a file here, too.
fn enough_files() {
    let files = rlimit::increase_nofile_limit(16_384).unwrap();
    assert!(files >= 4_096, "only {files} files may be open, and this test needs 4096");
}

fn experts(service: &Running, count: usize) {
    let line = |at: usize| {
        format!(
            "{{\"external_id\": \"Z-{at}\", \"name\": \"张{at}\", \"organisation\": \"皖江理工大学\", \
            \"research_directions\": [\"激光焊接气孔控制第{at}项\"], \"keywords\": [\"焊接\", \"气孔\", \"铝\"]}}\n"
        )
    };
    fs::write(service.path("专家.jsonl"), (0..count).map(line).collect::<String>()).unwrap();
    let path = service.path("专家.jsonl");
    service.said(&["import", "experts", path.to_str().unwrap()]);
    let began = Instant::now();
    while service.get("/readyz").json()["indexes"].as_array().unwrap().iter().any(|index| index["lag"] != 0) {
        assert!(began.elapsed() < Duration::from_secs(60));
        thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn two_thousand_connections_leave_health_answering_and_memory_bounded() {
    enough_files();
    let service = Running::with("[server]\nheader_seconds = 60\n[metrics]\nlisten = '127.0.0.1:0'", "");
    let before = service.memory();
    let idle: Vec<TcpStream> = (0..IDLE).map(|_| service.connect()).collect();
    let mut asking: Vec<TcpStream> = (0..ASKING).map(|_| service.connect()).collect();
    let list = service.head("GET /api/v1/needs", "");
    let began = Instant::now();
    for stream in &mut asking {
        stream.write_all(list.as_bytes()).unwrap();
    }
    let asked = Instant::now();
    assert_eq!(service.get("/livez").status, 200);
    let health = asked.elapsed();
    assert!(health < Duration::from_secs(5), "{health:?}");
    assert!(service.metric("hongniang_http_connections") >= (IDLE + ASKING) as f64);
    let mut answers = [0, 0];
    for stream in &mut asking {
        let answer = reply(stream);
        match answer.status {
            200 => answers[0] += 1,
            _ => {
                assert_eq!(answer.code(), "overloaded");
                answers[1] += 1;
            }
        }
    }
    let grown = service.memory().saturating_sub(before);
    eprintln!(
        "{IDLE} idle, {ASKING} asking: {} answered and {} refused in {:?}, health in {health:?}, {grown} KiB more",
        answers[0],
        answers[1],
        began.elapsed()
    );
    assert!(answers[0] > 0);
    // 2,000 connections with buffers of 16 KiB each, and as much again.
    assert!(grown < 100_000, "{grown} KiB");
    drop((idle, asking));
    let began = Instant::now();
    while service.metric("hongniang_http_connections") > 0.0 {
        assert!(began.elapsed() < Duration::from_secs(20), "connections are kept that are closed");
        thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn beyond_the_limit_one_is_told_so() {
    enough_files();
    let settings = "[server]\nmax_connections = 50\nheader_seconds = 60\n[metrics]\nlisten = '127.0.0.1:0'";
    let service = Running::with(settings, "");
    let began = Instant::now();
    while service.metric("hongniang_http_connections") > 0.0 {
        assert!(began.elapsed() < Duration::from_secs(20));
        thread::sleep(Duration::from_millis(20));
    }
    let held: Vec<TcpStream> = (0..50).map(|_| service.connect()).collect();
    let began = Instant::now();
    while service.metric("hongniang_http_connections") < 50.0 {
        assert!(began.elapsed() < Duration::from_secs(20));
        thread::sleep(Duration::from_millis(20));
    }
    for _ in 0..300 {
        let mut beyond = service.connect();
        let asked = Instant::now();
        let _ = beyond.write_all(b"GET /livez HTTP/1.1\r\nHost: p\r\n\r\n");
        let refused = reply(&mut beyond);
        assert_eq!((refused.status, refused.code().as_str()), (503, "too_many_connections"));
        assert!(asked.elapsed() < Duration::from_secs(2), "at once");
        assert!(is_closed(&mut beyond, Duration::from_secs(5)));
    }
    assert!(service.metric("hongniang_http_problems_total{code=\"too_many_connections\"}") >= 300.0);
    assert_eq!(service.metric("hongniang_http_connections"), 50.0);
    drop(held);
    let began = Instant::now();
    while service.get("/livez").status != 200 {
        assert!(began.elapsed() < Duration::from_secs(20), "places become free");
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn what_cannot_be_done_is_refused_while_health_answers() {
    let service = Running::with("", "at_once = 1\nwaiting = 1\nwait_seconds = 1");
    experts(&service, 400);
    let body = "{\"target\": \"expert\", \"form\": {\"title\": \"铝壳激光焊接气孔控制\"}}";
    let (done, shed) = (AtomicUsize::new(0), AtomicUsize::new(0));
    thread::scope(|scope| {
        for _ in 0..40 {
            scope.spawn(|| {
                for _ in 0..5 {
                    let answer = service.post("/api/v1/match", body);
                    match answer.status {
                        200 => done.fetch_add(1, Ordering::Relaxed),
                        _ => {
                            assert_eq!((answer.status, answer.code().as_str()), (503, "overloaded"));
                            shed.fetch_add(1, Ordering::Relaxed)
                        }
                    };
                }
            });
        }
        for _ in 0..20 {
            let asked = Instant::now();
            assert_eq!(service.get("/livez").status, 200);
            assert!(asked.elapsed() < Duration::from_secs(5), "{:?}", asked.elapsed());
        }
    });
    let (done, shed) = (done.into_inner(), shed.into_inner());
    eprintln!("{done} matched, {shed} refused");
    assert!(done > 0 && shed > 0, "{done} matched, {shed} refused");
    assert_eq!(service.post("/api/v1/match", body).status, 200);
}

/// Hanging up in the middle of everything takes nothing away from others.
#[test]
fn those_who_hang_up_leave_nothing_behind() {
    let service = Running::with("[metrics]\nlisten = '127.0.0.1:0'", "at_once = 2\nwaiting = 4");
    experts(&service, 200);
    let body = "{\"target\": \"expert\", \"form\": {\"title\": \"激光焊接\"}}";
    let more = format!("Content-Type: application/json\r\nContent-Length: {}\r\n", body.len());
    let whole = service.head("POST /api/v1/match", &more) + body;
    for at in 0..200 {
        let mut stream = service.connect();
        // Cut at ever other places, the last ones after the request.
        let end = (at * 7) % (whole.len() + 40);
        stream.write_all(&whole.as_bytes()[..end.min(whole.len())]).unwrap();
    }
    let began = Instant::now();
    for gauge in
        ["hongniang_http_requests_in_flight", "hongniang_requests_at_work", "hongniang_http_connections"]
    {
        while service.metric(gauge) > 0.0 {
            assert!(began.elapsed() < Duration::from_secs(45), "{gauge}\n{}", service.scrape());
            thread::sleep(Duration::from_millis(100));
        }
    }
    assert_eq!(service.post("/api/v1/match", body).status, 200);
    let mut idle = service.connect();
    idle.write_all(b"GET /livez HTTP/1.1\r\nHost: p\r\nConnection: close\r\n\r\n").unwrap();
    assert_eq!(read_reply(&mut idle).map(|reply| reply.status), Some(200));
}
