//! A service of its own for each test, and what is said to it byte by byte.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

/// As long as a test waits for anything.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
/// Nobody is refused for asking often, as tests do.
const FREE: &str = "[limits]\nrequests_per_second = 0\nrefused_per_minute = 0\n";

/// A running service; it goes with the test.
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    pub(crate) metrics: Option<SocketAddr>,
    /// Opens everything.
    pub(crate) key: String,
    child: Child,
    home: TempDir,
}

pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Running {
    /// Served with these settings; `limits` stands within `[limits]`.
    pub(crate) fn with(settings: &str, limits: &str) -> Self {
        Self::started(settings, limits, &[])
    }

    pub(crate) fn started(settings: &str, limits: &str, environment: &[(&str, &str)]) -> Self {
        let home = tempfile::tempdir().unwrap();
        fs::write(home.path().join("设置.toml"), format!("{settings}\n{FREE}{limits}\n")).unwrap();
        let said = said(&home, &["keys", "create", "--holder", "门户", "--purpose", "试验", "--all"]);
        let key = said.lines().last().unwrap().to_owned();
        assert!(key.starts_with("hn_"), "{said}");
        let mut serve = command(&home, &["serve", "--bind", "127.0.0.1:0"]);
        serve.envs(environment.iter().copied()).stdout(Stdio::piped());
        serve.stderr(fs::File::create(home.path().join("日志")).unwrap());
        let mut child = serve.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        let mut told = |name: &str| {
            let line = lines.next().unwrap_or_else(|| panic!("no {name}"));
            let at = line.strip_prefix(name).unwrap_or_else(|| panic!("{line}"));
            let at = at.strip_prefix("http://").unwrap();
            at.split('/').next().unwrap().parse::<SocketAddr>().unwrap()
        };
        let address = told("服务地址：");
        told("接口文档：");
        let metrics = settings.contains("[metrics]").then(|| told("指标："));
        let running = Self { address, metrics, key, child, home };
        running.becomes_ready();
        running
    }

    fn becomes_ready(&self) {
        let began = Instant::now();
        while self.get("/readyz").status != 200 {
            assert!(began.elapsed() < PATIENCE, "{}", self.log());
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// What it has logged.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.home.path().join("日志")).unwrap()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// What a command says over the same data.
    pub(crate) fn said(&self, arguments: &[&str]) -> String {
        said(&self.home, arguments)
    }

    pub(crate) fn connect(&self) -> TcpStream {
        connect(self.address).unwrap()
    }

    /// A request's head with the key in it, up to the blank line. `more` are further lines.
    pub(crate) fn head(&self, line: &str, more: &str) -> String {
        let key = &self.key;
        format!("{line} HTTP/1.1\r\nHost: p\r\nAuthorization: Bearer {key}\r\n{more}\r\n")
    }

    /// Sends and reads the one answer.
    pub(crate) fn ask(&self, bytes: impl AsRef<[u8]>) -> Reply {
        let mut stream = self.connect();
        // The answer may come, and the connection end, before all of it is sent.
        let _ = stream.write_all(bytes.as_ref());
        reply(&mut stream)
    }

    pub(crate) fn get(&self, path: &str) -> Reply {
        self.ask(self.head(&format!("GET {path}"), "Connection: close\r\n"))
    }

    pub(crate) fn post(&self, path: &str, body: &str) -> Reply {
        let length = body.len();
        let more =
            format!("Connection: close\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n");
        self.ask(self.head(&format!("POST {path}"), &more) + body)
    }

    /// The text of the metrics.
    pub(crate) fn scrape(&self) -> String {
        let mut stream = connect(self.metrics.unwrap()).unwrap();
        stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: p\r\nConnection: close\r\n\r\n").unwrap();
        let reply = reply(&mut stream);
        assert_eq!(reply.status, 200, "{}", reply.body);
        assert!(
            reply.head.contains("content-type: text/plain; version=0.0.4; charset=utf-8"),
            "{}",
            reply.head
        );
        reply.body
    }

    /// The value of one series, written as Prometheus writes it; zero where there is none.
    pub(crate) fn metric(&self, series: &str) -> f64 {
        let text = self.scrape();
        let value = text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
        value.map_or(0.0, |value| value.parse().unwrap())
    }

    /// Resident memory in KiB.
    pub(crate) fn memory(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.split_whitespace().next().unwrap().parse().unwrap()
    }

    /// Tells it to end, as a manager of services does.
    pub(crate) fn terminate(&self) {
        let told = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().unwrap();
        assert!(told.success());
    }

    pub(crate) fn ended(&mut self) -> ExitStatus {
        let began = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(began.elapsed() < PATIENCE, "it does not end\n{}", self.log());
            thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Reply {
    /// The code of a problem, of which all is checked that must hold for each.
    pub(crate) fn code(&self) -> String {
        let problem: Value =
            serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("{}\n{}", self.head, self.body));
        assert!(self.head.contains("content-type: application/problem+json"), "{}", self.head);
        assert_eq!(problem["status"], self.status, "{problem}");
        for field in ["title", "detail"] {
            let text = problem[field].as_str().unwrap();
            assert!(text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c)), "{problem}");
        }
        assert_eq!(self.status == 503, self.head.contains("\nretry-after: "), "{}", self.head);
        problem["code"].as_str().unwrap().to_owned()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("{}\n{}", self.head, self.body))
    }
}

fn command(home: &TempDir, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hongniang"));
    command.args(arguments).args(["--config", "设置.toml"]).current_dir(home.path()).stdin(Stdio::null());
    command
}

fn said(home: &TempDir, arguments: &[&str]) -> String {
    let output = command(home, arguments).output().unwrap();
    assert!(output.status.success(), "{arguments:?}\n{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

pub(crate) fn connect(address: SocketAddr) -> std::io::Result<TcpStream> {
    let stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    Ok(stream)
}

/// Reads one answer to its end, and no further.
pub(crate) fn reply(stream: &mut TcpStream) -> Reply {
    read_reply(stream).expect("an answer")
}

/// As [`reply`]; `None` when the connection ends without one.
pub(crate) fn read_reply(stream: &mut TcpStream) -> Option<Reply> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read(&mut byte) {
            Ok(1) => head.push(byte[0]),
            Ok(_) => return None,
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => return None,
            Err(error) => panic!("{error}: {}", String::from_utf8_lossy(&head)),
        }
    }
    let head = String::from_utf8(head).unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    let head = head.to_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
    let mut body = Vec::new();
    if let Some(length) = length {
        body = vec![0; length];
        stream.read_exact(&mut body).unwrap();
    } else {
        while let Some(size) = chunk_size(stream) {
            let mut chunk = vec![0; size + 2];
            stream.read_exact(&mut chunk).unwrap();
            body.extend(&chunk[..size]);
            if size == 0 {
                break;
            }
        }
    }
    Some(Reply { status, head, body: String::from_utf8(body).unwrap() })
}

fn chunk_size(stream: &mut TcpStream) -> Option<usize> {
    let (mut line, mut byte) = (String::new(), [0]);
    while !line.ends_with("\r\n") {
        stream.read_exact(&mut byte).ok()?;
        line.push(char::from(byte[0]));
    }
    usize::from_str_radix(line.trim_end(), 16).ok()
}

/// Whether the other side closes the connection, and says nothing more, within this time.
pub(crate) fn is_closed(stream: &mut TcpStream, within: Duration) -> bool {
    let began = Instant::now();
    stream.set_read_timeout(Some(within)).unwrap();
    let mut rest = Vec::new();
    match stream.read_to_end(&mut rest) {
        Ok(_) => assert!(rest.is_empty(), "{}", String::from_utf8_lossy(&rest)),
        Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => {}
        Err(_) => return false,
    }
    began.elapsed() <= within + Duration::from_secs(1)
}

/// Sends what it can, a byte at a time; tells how long until the other side had enough.
pub(crate) fn drip(stream: &mut TcpStream, bytes: &[u8], pause: Duration) -> Duration {
    let began = Instant::now();
    stream.set_nodelay(true).unwrap();
    for byte in bytes {
        if stream.write_all(&[*byte]).is_err() {
            break;
        }
        stream.set_read_timeout(Some(pause)).unwrap();
        // Whatever comes, an answer or the end, ends it.
        if !matches!(stream.peek(&mut [0]), Err(error) if error.kind() == std::io::ErrorKind::WouldBlock) {
            break;
        }
    }
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    began.elapsed()
}

pub(crate) fn half_close(stream: &TcpStream) {
    stream.shutdown(Shutdown::Write).unwrap();
}
