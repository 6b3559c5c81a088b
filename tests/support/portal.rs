//! A portal that listens on the loopback for what it is told: it keeps each request, answers as it was told to, and verifies signatures with the
//! library of the specification.

#![allow(dead_code, reason = "each test binary uses a part of it")]
#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::VecDeque;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use standardwebhooks::Webhook;

/// How a request is answered.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Answer {
    /// With this status.
    Status(u16),
    /// Not at all.
    Never,
}

/// What came with a request.
#[derive(Debug, Clone)]
pub(crate) struct Heard {
    pub(crate) path: String,
    headers: Vec<(String, String)>,
    pub(crate) body: String,
}

/// It listens until the test ends.
pub(crate) struct Portal {
    pub(crate) port: u16,
    heard: Arc<Mutex<Vec<Heard>>>,
    answers: Arc<Mutex<VecDeque<Answer>>>,
}

impl Portal {
    /// Answers the first requests like this, and all others with 204.
    pub(crate) fn open(answers: &[Answer]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let heard = Arc::<Mutex<Vec<Heard>>>::default();
        let answers = Arc::new(Mutex::new(answers.iter().copied().collect::<VecDeque<_>>()));
        let (kept, queue) = (Arc::clone(&heard), Arc::clone(&answers));
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (kept, queue) = (Arc::clone(&kept), Arc::clone(&queue));
                thread::spawn(move || serve(stream, &kept, &queue));
            }
        });
        Self { port, heard, answers }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    pub(crate) fn heard(&self) -> Vec<Heard> {
        self.heard.lock().unwrap().clone()
    }

    /// Answers the next requests like this.
    pub(crate) fn answers(&self, answers: &[Answer]) {
        self.answers.lock().unwrap().extend(answers);
    }

    /// Waits for so many requests.
    pub(crate) fn hears(&self, requests: usize) -> Vec<Heard> {
        let started = Instant::now();
        loop {
            let heard = self.heard();
            if heard.len() >= requests {
                return heard;
            }
            assert!(started.elapsed() < Duration::from_secs(60), "heard {} of {requests}", heard.len());
            thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Heard {
    fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str()).unwrap()
    }

    pub(crate) fn id(&self) -> &str {
        self.header("webhook-id")
    }

    /// Whether one of its signatures is that of this secret, and it was signed just now.
    pub(crate) fn is_signed_with(&self, secret: &str) -> bool {
        let timestamp: i64 = self.header("webhook-timestamp").parse().unwrap();
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
        let fresh = timestamp.abs_diff(i64::try_from(now).unwrap()) < 300;
        let expected =
            Webhook::new(secret).unwrap().sign(self.id(), timestamp, self.body.as_bytes()).unwrap();
        fresh && self.header("webhook-signature").split(' ').any(|one| one == expected)
    }
}

fn serve(mut stream: TcpStream, kept: &Mutex<Vec<Heard>>, answers: &Mutex<VecDeque<Answer>>) {
    let Some(heard) = read(&mut stream) else { return };
    let answer = answers.lock().unwrap().pop_front().unwrap_or(Answer::Status(204));
    kept.lock().unwrap().push(heard);
    match answer {
        Answer::Status(status) => {
            let _ =
                write!(stream, "HTTP/1.1 {status} As told\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        }
        // Until the other side gives up, or is killed.
        Answer::Never => drop(stream.read_to_end(&mut Vec::new())),
    }
}

fn read(stream: &mut TcpStream) -> Option<Heard> {
    let mut bytes = Vec::new();
    let mut piece = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let mut lines = head.lines();
            let path = lines.next()?.split(' ').nth(1)?.to_owned();
            let pair = |line: &str| {
                line.split_once(": ").map(|(name, value)| (name.to_lowercase(), value.to_owned()))
            };
            let headers: Vec<(String, String)> = lines.filter_map(pair).collect();
            let length = headers.iter().find(|(name, _)| name == "content-length")?.1.parse().ok()?;
            if body.len() >= length {
                return Some(Heard { path, headers, body: body.to_owned() });
            }
        }
        match stream.read(&mut piece) {
            Ok(0) | Err(_) => return None,
            Ok(read) => bytes.extend_from_slice(&piece[..read]),
        }
    }
}
