//! Log lines: to standard error, as text or JSON.

use std::io;

use anyhow::anyhow;
use serde::{Deserialize, Serialize};
use tracing_subscriber::EnvFilter;

use crate::ending::Misuse;

/// Where the level ends: libraries that we use only speak up when something is wrong.
const OWN: [&str; 9] = ["domain", "text", "ranking", "index", "store", "exchange", "engine", "api", "cli"];
const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];

/// How a line is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object on each line.
    Json,
}

/// What is logged, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogSettings {
    /// A level, or directives such as `info,index=debug`.
    pub level: String,
    /// How a line is written.
    pub format: LogFormat,
}

impl LogSettings {
    /// Whether lines can be logged like this.
    ///
    /// # Errors
    /// [`Misuse`] that names the level.
    pub(crate) fn check(&self) -> anyhow::Result<()> {
        self.filter().map(drop)
    }

    fn filter(&self) -> anyhow::Result<EnvFilter> {
        let bad = || Misuse(format!("日志级别“{}”无效，可用：{}", self.level, LEVELS.join("、")));
        if self.level.contains([',', '=']) {
            return EnvFilter::try_new(&self.level).map_err(|_| bad().into());
        }
        let level = self.level.to_ascii_lowercase();
        if !LEVELS.contains(&level.as_str()) {
            return Err(bad().into());
        }
        let own: Vec<String> = OWN.iter().map(|name| format!("{name}={level}")).collect();
        let others = if level == "off" { "off" } else { "warn" };
        Ok(EnvFilter::try_new(format!("{others},{}", own.join(",")))?)
    }
}

/// Starts logging; once in a process.
pub(crate) fn start(settings: &LogSettings) -> anyhow::Result<()> {
    use std::io::IsTerminal as _;
    let lines = tracing_subscriber::fmt()
        .with_env_filter(settings.filter()?)
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal());
    match settings.format {
        LogFormat::Text => lines.try_init(),
        LogFormat::Json => lines.json().try_init(),
    }
    .map_err(|error| anyhow!("无法启动日志：{error}"))
}
