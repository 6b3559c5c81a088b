//! The real binary serving a data directory, and a client that speaks to it by hand.
#![allow(dead_code, reason = "each test uses its part")]

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

/// The program over a data directory.
pub(crate) fn hongniang(data: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hongniang"));
    command.arg("--data-dir").arg(data).args(arguments).stdin(Stdio::null());
    command
}

/// Runs and expects success; standard output.
pub(crate) fn succeeds(data: &Path, arguments: &[&str]) -> String {
    let output = hongniang(data, arguments).output().unwrap();
    let said = [&output.stdout[..], &output.stderr].map(|text| String::from_utf8_lossy(text).into_owned());
    assert!(output.status.success(), "{arguments:?}\n{}", said.concat());
    said[0].clone()
}

/// Lifts the limits of a data directory and makes a key with every scope.
pub(crate) fn key(data: &Path) -> String {
    std::fs::write(data.join("hongniang.toml"), "[limits]\nrequests_per_second = 0\n").unwrap();
    let make = ["keys", "create", "--holder", "测试", "--purpose", "测试", "--all", "--json"];
    let made: Value = serde_json::from_str(&succeeds(data, &make)).unwrap();
    made["token"].as_str().unwrap().to_owned()
}

/// A running service; it goes with the test.
pub(crate) struct Service {
    child: Child,
    address: String,
    key: String,
}

#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) body: String,
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or(Value::Null)
    }
}

impl Service {
    pub(crate) fn start(data: &Path, key: &str, environment: &[(&str, &OsStr)]) -> Self {
        let mut command = hongniang(data, &["serve", "--bind", "127.0.0.1:0", "--log", "error"]);
        command.envs(environment.iter().copied()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address =
            line.split("http://").nth(1).unwrap_or_else(|| panic!("the service did not start: {line}"));
        let address = address.trim().trim_end_matches('/').to_owned();
        Self { child, address, key: key.to_owned() }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn lives(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Tells it to end, as a system does, and waits.
    pub(crate) fn stop(mut self) {
        let told = Command::new("kill").arg(self.child.id().to_string()).status().unwrap();
        assert!(told.success());
        self.child.wait().unwrap();
    }

    /// Kills it without a warning.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub(crate) fn get(&self, path: &str) -> Reply {
        self.send("GET", path, "application/json", &mut &b""[..], 0)
    }

    pub(crate) fn post(&self, path: &str, form: &Value) -> Reply {
        let body = form.to_string();
        self.send("POST", path, "application/json", &mut body.as_bytes(), body.len() as u64)
    }

    /// Sends a request whose body is read while it is sent.
    pub(crate) fn send(
        &self,
        method: &str,
        path: &str,
        kind: &str,
        body: &mut dyn Read,
        length: u64,
    ) -> Reply {
        self.send_with(method, path, &[("Content-Type", kind)], body, length)
    }

    /// As [`Self::send`], with these headers.
    pub(crate) fn send_with(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &mut dyn Read,
        length: u64,
    ) -> Reply {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let (address, key) = (&self.address, &self.key);
        let more: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {key}\r\n{more}\
             Content-Length: {length}\r\nConnection: close\r\n\r\n"
        )
        .unwrap();
        // One that refuses may answer before it has read all.
        let _ = std::io::copy(body, &mut stream);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let (head, body) =
            answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer to {method} {path}"));
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let body = if head.to_ascii_lowercase().contains("transfer-encoding: chunked") {
            unchunked(body)
        } else {
            body.to_owned()
        };
        Reply { status, body }
    }

    /// Waits until all indexes hold all changes.
    pub(crate) fn indexed(&self) {
        self.indexed_within(Duration::from_secs(120));
    }

    pub(crate) fn indexed_within(&self, patience: Duration) {
        eventually(patience, "the index catches up", || {
            let health = self.get("/readyz");
            let caught_up = |index: &Value| index["stale"] == false && index["lag"] == 0;
            health.status == 200
                && health.json()["indexes"].as_array().is_some_and(|all| all.iter().all(caught_up))
        });
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn unchunked(body: &str) -> String {
    let (mut rest, mut whole) = (body.as_bytes(), Vec::new());
    while let Some(end) = rest.windows(2).position(|two| two == b"\r\n") {
        let length =
            usize::from_str_radix(std::str::from_utf8(&rest[..end]).unwrap().trim(), 16).unwrap_or(0);
        let chunk = &rest[end + 2..];
        if length == 0 || chunk.len() < length {
            break;
        }
        whole.extend(&chunk[..length]);
        rest = &chunk[(length + 2).min(chunk.len())..];
    }
    String::from_utf8_lossy(&whole).into_owned()
}

/// Asks until it is so.
pub(crate) fn eventually(within: Duration, what: &str, mut so: impl FnMut() -> bool) {
    let started = Instant::now();
    while !so() {
        assert!(started.elapsed() < within, "not within {within:?}: {what}");
        thread::sleep(Duration::from_millis(50));
    }
}
