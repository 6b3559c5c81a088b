//! The second step of configuration: resolved and checked. The rest of the program sees only this.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;
use api::{Limits, RateSettings, ServerSettings};
use engine::{
    Actor, AdmissionSettings, IndexingSettings, LEAST_KEPT_DAYS, MatchingSettings, OperationSettings,
    RematchSettings, Resolver, Rules, WebhookSettings,
};

use crate::configuration::{
    Configuration, EmbeddingConfiguration, Environment, LimitsConfiguration, Overrides, Places,
    ServerConfiguration, WebhooksConfiguration, Written,
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
    /// Address and port of the metrics, if anybody is to read them.
    pub metrics: Option<String>,
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
    let Written { configuration, learned, pinned, places } = Configuration::read(overrides, environment)?;
    let at = |wrong: OutOfBounds| wrong.at(&places);
    let Configuration {
        data_dir,
        database_url,
        log,
        server,
        metrics,
        limits,
        access,
        contacts,
        audit,
        matching,
        embedding,
        index,
        operations,
        rematch,
        webhooks,
        ranking,
    } = configuration;
    let EmbeddingConfiguration { model_dir, query_prefix } = embedding;
    if data_dir.as_os_str().is_empty() {
        return Err(Misuse("data_dir 不能为空".to_owned()).into());
    }
    bounds(&matching, &index, &operations).map_err(at)?;
    nights(&rematch).map_err(at)?;
    weights(&ranking)?.map_err(at)?;
    LogSettings { level: log.level.clone(), format: log.format }.check()?;
    within(
        "audit",
        &[("keep_days", audit.keep_days.into())],
        |days| days >= u64::from(LEAST_KEPT_DAYS),
        &format!("至少为 {LEAST_KEPT_DAYS}（半年）"),
    )
    .map_err(at)?;
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
            operations,
            rematch,
            webhooks: self::webhooks(&webhooks).map_err(at)?,
            learned,
            others: access.others,
            admission: admission(&limits).map_err(at)?,
        },
        pinned,
        server: service(&server, &limits).map_err(at)?,
        metrics: apart(metrics.listen, &server.bind)?,
        bind: server.bind,
        log: LogSettings { level: log.level, format: log.format },
        audit_keep_days: audit.keep_days,
        configuration: None,
    })
}

/// A value that is not allowed.
struct OutOfBounds {
    /// The setting.
    name: String,
    /// How it should be.
    wanted: String,
}

impl OutOfBounds {
    /// Names the setting, and the file or variable in which it stands.
    fn at(self, places: &Places) -> anyhow::Error {
        let Self { name, wanted } = self;
        let place = places.get(&name).map(|place| format!("{place}：")).unwrap_or_default();
        Misuse(format!("{place}设置“{name}”{wanted}")).into()
    }
}

type Checked<T> = Result<T, OutOfBounds>;

fn bounds(
    matching: &MatchingSettings,
    index: &IndexingSettings,
    operations: &OperationSettings,
) -> Checked<()> {
    at_least_one(
        "matching",
        &[
            ("candidates", matching.candidates as u64),
            ("keep", matching.keep as u64),
            ("runs", matching.runs.into()),
        ],
    )?;
    at_least_one("index", &[("forget_after_days", index.forget_after_days.into())])?;
    at_least_one(
        "operations",
        &[
            ("at_once", operations.at_once as u64),
            ("waiting", operations.waiting),
            ("aside_bytes", operations.aside_bytes),
            ("keep_days", operations.keep_days.into()),
        ],
    )?;
    at_most("operations", &[("at_once", operations.at_once as u64)], 64)?;
    at_most("matching", &[("keep", matching.keep as u64)], 1_000)?;
    Ok(())
}

fn service(server: &ServerConfiguration, limits: &LimitsConfiguration) -> Checked<ServerSettings> {
    at_least_one(
        "server",
        &[
            ("max_body_bytes", server.max_body_bytes),
            ("max_import_bytes", server.max_import_bytes),
            ("max_imports", server.max_imports as u64),
            ("max_connections", server.max_connections as u64),
        ],
    )?;
    at_most(
        "server",
        &[("workers", server.workers as u64), ("max_imports", server.max_imports as u64)],
        256,
    )?;
    at_most("server", &[("max_connections", server.max_connections as u64)], MOST_AT_ONCE)?;
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
            body: usize::try_from(server.max_body_bytes).unwrap_or(usize::MAX),
            import: server.max_import_bytes,
            body_deadline: Duration::from_secs(server.body_seconds),
            import_deadline: Duration::from_secs(server.import_seconds),
        },
        rates: rates(limits)?,
        connections: server.max_connections,
        imports: server.max_imports,
        header_deadline: Duration::from_secs(server.header_seconds),
        keep_alive: Duration::from_secs(server.keep_alive_seconds),
        shutdown_deadline: Duration::from_secs(server.shutdown_seconds),
    })
}

/// A batch is done well within the time for which it is held; a time of day is one.
fn nights(rematch: &RematchSettings) -> Checked<()> {
    let least = [
        ("batch", rematch.batch),
        ("hold_seconds", rematch.hold_seconds),
        ("epoch_days", rematch.epoch_days.into()),
    ];
    at_least_one("rematch", &least)?;
    at_most("rematch", &[("batch", rematch.batch), ("hold_seconds", rematch.hold_seconds)], 100_000)?;
    at_most("rematch", &[("threads", rematch.threads as u64)], 256)?;
    if rematch.at.is_empty() || rematch.time().is_some() {
        return Ok(());
    }
    let wanted = format!("应为一天中的时刻，如 02:30，或空着（不定时），现为“{}”", rematch.at);
    Err(OutOfBounds { name: "rematch.at".to_owned(), wanted })
}

/// Where the metrics are read: nobody needs a key there, so it must not be where the API is.
fn apart(listen: String, bind: &str) -> Result<Option<String>> {
    if listen.is_empty() {
        return Ok(None);
    }
    let Ok(metrics) = listen.parse::<SocketAddr>() else {
        let said = format!("设置“metrics.listen”为“{listen}”，应形如 127.0.0.1:9464");
        return Err(Misuse(said).into());
    };
    // A name that is no address is looked up when it is listened at; the port tells enough.
    let port = bind.rsplit_once(':').and_then(|(_, port)| port.parse().ok());
    if metrics.port() != 0 && port == Some(metrics.port()) {
        let said = format!(
            "设置“metrics.listen”（{listen}）与服务的监听地址（{bind}）端口相同；指标不需要密钥，请另用一个端口"
        );
        return Err(Misuse(said).into());
    }
    Ok(Some(listen))
}

fn rates(limits: &LimitsConfiguration) -> Checked<RateSettings> {
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

/// Thirty days: what is tried again later than that nobody waits for.
const LONGEST_RETRY: u64 = 30 * 86_400;

fn webhooks(webhooks: &WebhooksConfiguration) -> Checked<WebhookSettings> {
    at_least_one(
        "webhooks",
        &[
            ("at_once", webhooks.at_once.into()),
            ("timeout_seconds", webhooks.timeout_seconds),
            ("keep_days", webhooks.keep_days.into()),
            ("dead_days", webhooks.dead_days.into()),
            ("disable_after_days", webhooks.disable_after_days.into()),
            ("per_holder", webhooks.per_holder),
        ],
    )?;
    at_most(
        "webhooks",
        &[("at_once", webhooks.at_once.into()), ("timeout_seconds", webhooks.timeout_seconds)],
        300,
    )?;
    let retries: Vec<(&str, u64)> = webhooks.retries.iter().map(|seconds| ("retries", *seconds)).collect();
    at_most("webhooks", &retries, LONGEST_RETRY)?;
    let wrong = |wanted| OutOfBounds { name: "webhooks.allow".to_owned(), wanted };
    let allow = webhooks.allow.iter().map(|text| text.parse().map_err(wrong)).collect::<Checked<_>>()?;
    Ok(WebhookSettings {
        rules: Rules { ports: webhooks.ports.clone(), plain_http: webhooks.plain_http, allow },
        resolver: Resolver::System,
        at_once: webhooks.at_once,
        deadline: Duration::from_secs(webhooks.timeout_seconds),
        retries: webhooks.retries.clone(),
        keep_days: webhooks.keep_days,
        dead_days: webhooks.dead_days,
        disable_after_days: webhooks.disable_after_days,
        per_holder: webhooks.per_holder,
    })
}

fn admission(limits: &LimitsConfiguration) -> Checked<AdmissionSettings> {
    let (at_once, waiting) = (limits.at_once, limits.waiting);
    at_least_one("limits", &[("at_once", at_once as u64)])?;
    at_most("limits", &[("at_once", at_once as u64), ("waiting", waiting as u64)], MOST_AT_ONCE)?;
    at_most("limits", &[("wait_seconds", limits.wait_seconds)], LONGEST_SECONDS)?;
    Ok(AdmissionSettings { at_once, waiting, patience: Duration::from_secs(limits.wait_seconds) })
}

fn at_least_one(section: &str, values: &[(&str, u64)]) -> Checked<()> {
    within(section, values, |value| value > 0, "至少为 1")
}

fn at_most(section: &str, values: &[(&str, u64)], most: u64) -> Checked<()> {
    within(section, values, |value| value <= most, &format!("最多为 {most}"))
}

fn within(section: &str, values: &[(&str, u64)], fits: impl Fn(u64) -> bool, wanted: &str) -> Checked<()> {
    match values.iter().find(|(_, value)| !fits(*value)) {
        Some((key, _)) => Err(OutOfBounds { name: format!("{section}.{key}"), wanted: wanted.to_owned() }),
        None => Ok(()),
    }
}

/// Weights are not negative and no larger than anybody could mean; what divides is not zero; shares are shares.
fn weights(weights: &engine::Weights) -> Result<Checked<()>> {
    let sizes = [
        ("max_terms", weights.max_terms as u64),
        ("max_characters", weights.max_characters as u64),
        ("pieces.most", weights.pieces.most as u64),
    ];
    let tree = toml::Table::try_from(weights)?;
    Ok(at_least_one("ranking", &sizes).and_then(|()| numbers(&tree, "ranking", &number)))
}

/// The bounds of a number of the ranking, by the last of its name.
fn number(name: &str, number: f64) -> Checked<()> {
    let (least, most) = match name.rsplit('.').next() {
        Some("b" | "crossing" | "peers" | "background") => (0.0, 1.0),
        Some("half_relevance") => (0.001, 1.0),
        Some("characters") => (1.0, 1e6),
        Some("power") if name.ends_with(".pieces.power") => (1.0, 100.0),
        Some("power") => (0.0, 10.0),
        _ => (0.0, 1000.0),
    };
    if (least..=most).contains(&number) {
        return Ok(());
    }
    let wanted = format!("应为 {least} 到 {most} 之间的数，现为 {}", rounded(number));
    Err(OutOfBounds { name: name.to_owned(), wanted })
}

/// What differs of the settings that shape a ranking: name, the one's value, the other's.
pub(crate) fn differences(one: &engine::Settings, other: &engine::Settings) -> Result<Vec<[String; 3]>> {
    let leaves = |settings: &engine::Settings| -> Result<Vec<(String, String)>> {
        let mut told = Vec::new();
        leaves(&toml::Table::try_from(settings.weights)?, "ranking", &mut told);
        leaves(&toml::Table::try_from(settings.matching)?, "matching", &mut told);
        Ok(told)
    };
    let both = leaves(one)?.into_iter().zip(leaves(other)?);
    let different = both.filter(|((_, one), (_, other))| one != other);
    Ok(different.map(|((name, one), (_, other))| [name, one, other]).collect())
}

fn leaves(tree: &toml::Table, at: &str, told: &mut Vec<(String, String)>) {
    for (key, value) in tree {
        let name = format!("{at}.{key}");
        match value {
            toml::Value::Table(below) => leaves(below, &name, told),
            toml::Value::Float(number) => told.push((name, rounded(*number).to_string())),
            other => told.push((name, other.to_string())),
        }
    }
}

/// The numbers are of single precision: 1.1, not 1.10000002384.
fn rounded(number: f64) -> f64 {
    (number * 1e6).round() / 1e6
}

fn numbers(tree: &toml::Table, at: &str, check: &dyn Fn(&str, f64) -> Checked<()>) -> Checked<()> {
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
