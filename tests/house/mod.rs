//! The real binary over directories of its own, and what its files hold; for the tests of what keeps the data safe.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

#[path = "../support/holding.rs"]
mod bytes;

pub(crate) use bytes::holding;
use serde_json::{Value, json};
use tempfile::TempDir;

pub(crate) struct House {
    directory: TempDir,
}

/// A running service; it goes with the test.
pub(crate) struct Service(Child);

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl House {
    pub(crate) fn new() -> Self {
        Self { directory: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.path("hongniang-data")
    }

    pub(crate) fn write(&self, name: &str, lines: &[Value]) {
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        fs::write(self.path(name), text).unwrap();
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hongniang"));
        command.args(arguments).current_dir(self.directory.path()).stdin(Stdio::null());
        command
    }

    /// Runs and expects this exit code; standard output, and standard error.
    pub(crate) fn ends(&self, code: i32, arguments: &[&str]) -> (String, String) {
        let output = self.command(arguments).output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        let (out, err) = (text(&output.stdout), text(&output.stderr));
        assert_eq!(output.status.code(), Some(code), "{arguments:?}\n{out}\n{err}");
        (out, err)
    }

    pub(crate) fn json(&self, arguments: &[&str]) -> Value {
        serde_json::from_str(&self.ends(0, &[arguments, &["--json"]].concat()).0).unwrap()
    }

    pub(crate) fn serve(&self) -> Service {
        let mut command = self.command(&["serve", "--bind", "127.0.0.1:0"]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert!(line.contains("http://127.0.0.1"), "{line}");
        Service(child)
    }

    /// Needs with a contact each, as lines of a file.
    pub(crate) fn needs(from: u32, to: u32) -> Vec<Value> {
        // Each says something else, else all would be compared with all.
        let said = |at: u32| -> String {
            (0..40).filter_map(|place| char::from_u32(0x4e00 + (at * 977 + place * 131) % 20_000)).collect()
        };
        let need = |at: u32| {
            json!({
                "external_id": format!("XQ-{at}"),
                "title": format!("激光焊接气孔控制第{at}项"),
                "description": said(at),
                "contact": {"person": "王建国", "mobile": format!("138{at:08}")},
            })
        };
        (from..to).map(need).collect()
    }
}
