//! The second step of configuration: resolved and checked. The rest of the program sees only this.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;
use api::{Limits, RateSettings, ServerSettings};
use engine::{Actor, AdmissionSettings, LEAST_KEPT_DAYS};

use crate::configuration::{
    Configuration, EmbeddingConfiguration, Environment, LimitsConfiguration, Overrides, ServerConfiguration,
    Written,
};
use crate::ending::Misuse;
use crate::logging::LogSettings;

/// A week. Clocks that count from now cannot hold any number of seconds.
const LONGEST_SECONDS: u64 = 7 * 86_400;
const MOST_AT_ONCE: u64 = 100_000;

/// Everything that shapes a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// State, weights and sizes.
    pub engine: engine::Settings,
    /// Address and port of the service.
    pub bind: String,
    /// How to serve.
    pub server: ServerSettings,
    /// What is logged.
    pub log: LogSettings,
    /// Rows of the audit log younger than so many days are never cut off.
    pub audit_keep_days: u32,
    /// The configuration file that was named, if one was; for backups.
    pub configuration: Option<PathBuf>,
    /// Codes of the weights that the operator has set; learning leaves them alone.
    pub pinned: BTreeSet<String>,
}

/// Reads and checks everything that is said about settings.
///
/// # Errors
/// [`Misuse`] that names the setting.
pub(crate) fn resolve(overrides: &Overrides, environment: Environment<'_>) -> Result<Settings> {
    let Written { configuration, learned, pinned } = Configuration::read(overrides, environment)?;
    let Configuration {
        data_dir,
        database_url,
        log,
        server,
        limits,
        access,
        contacts,
        audit,
        matching,
        embedding,
        index,
        ranking,
    } = configuration;
    let EmbeddingConfiguration { model_dir, query_prefix } = embedding;
    if data_dir.as_os_str().is_empty() {
        return Err(Misuse("data_dir 不能为空".to_owned()).into());
    }
    at_least_one(
        "matching",
        &[
            ("candidates", matching.candidates as u64),
            ("keep", matching.keep as u64),
            ("runs", matching.runs.into()),
        ],
    )?;
    at_least_one("index", &[("forget_after_days", index.forget_after_days.into())])?;
    weights(&ranking)?;
    if audit.keep_days < LEAST_KEPT_DAYS {
        return Err(Misuse(format!("设置“audit.keep_days”至少为 {LEAST_KEPT_DAYS}（半年）")).into());
    }
    Ok(Settings {
        engine: engine::Settings {
            data_dir,
            database_url: Some(database_url).filter(|url| !url.as_str().is_empty()),
            keyring: Some(contacts.keyring).filter(|path| !path.is_empty()).map(PathBuf::from),
            actor: Actor::system(),
            weights: ranking,
            matching,
            embedding: engine::EmbeddingSettings {
                model_dir: Some(model_dir).filter(|directory| !directory.as_os_str().is_empty()),
                query_prefix,
            },
            indexing: index,
            learned,
            others: access.others,
            admission: admission(&limits)?,
        },
        pinned,
        server: service(&server, &limits)?,
        bind: server.bind,
        log: LogSettings { level: log.level, format: log.format },
        audit_keep_days: audit.keep_days,
        configuration: None,
    })
}

fn service(server: &ServerConfiguration, limits: &LimitsConfiguration) -> Result<ServerSettings> {
    at_least_one(
        "server",
        &[
            ("max_body_bytes", server.max_body_bytes),
            ("max_import_bytes", server.max_import_bytes),
            ("max_imports", server.max_imports as u64),
        ],
    )?;
    at_most(
        "server",
        &[("workers", server.workers as u64), ("max_imports", server.max_imports as u64)],
        256,
    )?;
    let times = [
        ("header_seconds", server.header_seconds),
        ("body_seconds", server.body_seconds),
        ("import_seconds", server.import_seconds),
        ("keep_alive_seconds", server.keep_alive_seconds),
        ("shutdown_seconds", server.shutdown_seconds),
    ];
    at_least_one("server", &times)?;
    at_most("server", &times, LONGEST_SECONDS)?;
    Ok(ServerSettings {
        workers: server.workers,
        limits: Limits {
            body: usize::try_from(server.max_body_bytes)?,
            import: server.max_import_bytes,
            body_deadline: Duration::from_secs(server.body_seconds),
            import_deadline: Duration::from_secs(server.import_seconds),
        },
        rates: rates(limits)?,
        imports: server.max_imports,
        header_deadline: Duration::from_secs(server.header_seconds),
        keep_alive: Duration::from_secs(server.keep_alive_seconds),
        shutdown_deadline: Duration::from_secs(server.shutdown_seconds),
    })
}

fn rates(limits: &LimitsConfiguration) -> Result<RateSettings> {
    if limits.requests_per_second > 0 {
        at_least_one("limits", &[("burst", limits.burst.into())])?;
    }
    Ok(RateSettings {
        per_second: limits.requests_per_second,
        burst: limits.burst,
        daily: limits.requests_per_day,
        refused_per_minute: limits.refused_per_minute,
    })
}

fn admission(limits: &LimitsConfiguration) -> Result<AdmissionSettings> {
    let (at_once, waiting) = (limits.at_once, limits.waiting);
    at_least_one("limits", &[("at_once", at_once as u64)])?;
    at_most("limits", &[("at_once", at_once as u64), ("waiting", waiting as u64)], MOST_AT_ONCE)?;
    at_most("limits", &[("wait_seconds", limits.wait_seconds)], LONGEST_SECONDS)?;
    Ok(AdmissionSettings { at_once, waiting, patience: Duration::from_secs(limits.wait_seconds) })
}

fn at_least_one(section: &str, values: &[(&str, u64)]) -> Result<()> {
    match values.iter().find(|(_, value)| *value == 0) {
        Some((key, _)) => Err(Misuse(format!("设置“{section}.{key}”至少为 1")).into()),
        None => Ok(()),
    }
}

fn at_most(section: &str, values: &[(&str, u64)], most: u64) -> Result<()> {
    match values.iter().find(|(_, value)| *value > most) {
        Some((key, _)) => Err(Misuse(format!("设置“{section}.{key}”最多为 {most}")).into()),
        None => Ok(()),
    }
}

/// Weights are finite and not negative; what divides is not zero; `b` is a share.
fn weights(weights: &engine::Weights) -> Result<()> {
    at_least_one(
        "ranking",
        &[
            ("max_terms", weights.max_terms as u64),
            ("max_characters", weights.max_characters as u64),
            ("pieces.most", weights.pieces.most as u64),
        ],
    )?;
    let tree = toml::Table::try_from(weights)?;
    numbers(&tree, "ranking", &|name, number| {
        let share = name.ends_with(".b") || name.ends_with(".crossing");
        let divides = name.ends_with(".half_relevance") || name.ends_with(".dilution.characters");
        let (least, most, wanted) = match name {
            _ if share => (0.0, 1.0, "0 到 1 之间的数"),
            _ if divides => (f64::MIN_POSITIVE, f64::MAX, "大于 0 的数"),
            name if name.ends_with(".pieces.power") => (1.0, 100.0, "1 到 100 之间的数"),
            _ => (0.0, f64::MAX, "不小于 0 的数"),
        };
        let fits = (least..=most).contains(&number);
        if fits {
            Ok(())
        } else {
            Err(Misuse(format!("设置“{name}”应为{wanted}，现为 {number}")).into())
        }
    })
}

fn numbers(tree: &toml::Table, at: &str, check: &dyn Fn(&str, f64) -> Result<()>) -> Result<()> {
    for (key, value) in tree {
        let name = format!("{at}.{key}");
        match value {
            toml::Value::Table(below) => numbers(below, &name, check)?,
            toml::Value::Float(number) => check(&name, *number)?,
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
#[path = "settings_tests.rs"]
mod tests;
