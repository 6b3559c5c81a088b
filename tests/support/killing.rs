//! The program killed at random moments: when, how often, and what is asked of the service in between.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::Value;

/// SplitMix64 (Steele, Lea, Flood 2014): the moments of the kills.
pub(crate) struct Moments(u64);

impl Moments {
    pub(crate) fn new(salt: u64) -> (Self, u64) {
        let now = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos() as u64;
        let seed = number("KILL_SEED").unwrap_or_else(now);
        (Self(seed ^ salt), seed)
    }

    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }

    pub(crate) fn pause(&mut self, most: u64) {
        thread::sleep(Duration::from_millis(self.below(most)));
    }
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

pub(crate) fn rounds() -> u64 {
    number("KILL_ROUNDS").unwrap_or(6)
}

pub(crate) fn hongniang(home: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hongniang"));
    command.args(arguments).current_dir(home).stdin(Stdio::null());
    command
}

/// Kills without a warning, and gathers the body.
pub(crate) fn kill(mut child: Child) {
    child.kill().unwrap();
    child.wait().unwrap();
}

/// The service and the address that it says.
pub(crate) fn service(home: &Path) -> (Child, String) {
    let arguments = ["serve", "--bind", "127.0.0.1:0", "--log", "error"];
    let mut child = hongniang(home, &arguments).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let address = line.split("http://").nth(1).unwrap().trim().trim_end_matches('/').to_owned();
    (child, address)
}

/// Sends a request; the status and the JSON of the answer.
pub(crate) fn asked(address: &str, key: &str, head: &str, body: &str) -> std::io::Result<(u16, Value)> {
    let mut stream = TcpStream::connect(address)?;
    let (start, headers) = head.split_once('\n').unwrap_or((head, ""));
    let length = body.len();
    write!(
        stream,
        "{start} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {key}\r\n{headers}\
         Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let status = answer.get(9..12).and_then(|status| status.parse().ok()).unwrap_or_default();
    let json = answer.split_once("\r\n\r\n").and_then(|(_, body)| serde_json::from_str(body).ok());
    Ok((status, json.unwrap_or_default()))
}
