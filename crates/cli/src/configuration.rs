//! The first step of configuration: what is written in flags, environment and file, merged over the defaults.
//!
//! Every setting has one place in a tree, `server.bind`, and with it one line in the file and one variable, `HONGNIANG_SERVER_BIND`.
//! What the tree of defaults does not hold is an unknown setting.

mod webhooks;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::Context;
use api::ServerSettings;
use domain::access::Others;
use engine::learning::LearnedNote;
use engine::{
    AdmissionSettings, DatabaseUrl, IndexingSettings, MatchingSettings, OperationSettings, RematchSettings,
    Weights,
};
use serde::{Deserialize, Serialize};
use toml::{Table, Value};

use crate::causes::{system_says, toml_says, value_says};
use crate::ending::Misuse;
use crate::learned::{self, Learned};
use crate::logging::LogFormat;
pub(crate) use webhooks::WebhooksConfiguration;

/// File in the data directory that is read when no other is named.
const FILE_NAME: &str = "hongniang.toml";

/// Three years: longer than any need stays open, and the law asks for half a year.
const KEEP_DAYS: u32 = 1_095;

/// Every setting as it is written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Configuration {
    /// All state.
    pub data_dir: PathBuf,
    /// Empty: `hongniang.db` in the data directory.
    pub database_url: DatabaseUrl,
    /// Log lines.
    pub log: LogConfiguration,
    /// The REST service.
    pub server: ServerConfiguration,
    /// What operators watch.
    pub metrics: MetricsConfiguration,
    /// How much the service takes on.
    pub limits: LimitsConfiguration,
    /// What keys see.
    pub access: AccessConfiguration,
    /// Contacts at rest.
    pub contacts: ContactsConfiguration,
    /// The audit log.
    pub audit: AuditConfiguration,
    /// Sizes in matching.
    pub matching: MatchingSettings,
    /// The operator's own embedding model.
    pub embedding: EmbeddingConfiguration,
    /// How the index follows the database.
    pub index: IndexingSettings,
    /// How much long work is taken on.
    pub operations: OperationSettings,
    /// How the re-match is done, and when.
    pub rematch: RematchSettings,
    /// Events told to portals.
    pub webhooks: WebhooksConfiguration,
    /// Weights of the ranking.
    pub ranking: Weights,
}

/// The operator's own embedding model.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EmbeddingConfiguration {
    /// Empty: none.
    pub model_dir: PathBuf,
    /// What it wants to see before a text that asks.
    pub query_prefix: String,
}

/// Log lines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogConfiguration {
    /// A level, or directives such as `info,index=debug`.
    pub level: String,
    /// How a line is written.
    pub format: LogFormat,
}

/// The REST service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServerConfiguration {
    /// Address and port.
    pub bind: String,
    /// Threads that take requests; 0 for one per processor.
    pub workers: usize,
    /// Bytes of a request's body.
    pub max_body_bytes: u64,
    /// Bytes of an imported file.
    pub max_import_bytes: u64,
    /// Connections at a time.
    pub max_connections: usize,
    /// Imports at a time.
    pub max_imports: usize,
    /// Seconds for a request's headers.
    pub header_seconds: u64,
    /// Seconds for a request's body.
    pub body_seconds: u64,
    /// Seconds for an imported file.
    pub import_seconds: u64,
    /// Seconds that an idle connection stays open.
    pub keep_alive_seconds: u64,
    /// Seconds that requests may take to finish at the end.
    pub shutdown_seconds: u64,
}

/// What operators watch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MetricsConfiguration {
    /// Address and port; empty: nowhere.
    pub listen: String,
}

/// How much the service takes on; 0 for no limit where it says so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LimitsConfiguration {
    /// Requests a second with one key, on the long run; 0 for no limit.
    pub requests_per_second: u32,
    /// Requests with one key that may come at a time.
    pub burst: u32,
    /// Requests a day with one key; 0 for no limit.
    pub requests_per_day: u64,
    /// Refused requests a minute from one address without a good key; 0 for no limit.
    pub refused_per_minute: u32,
    /// Requests that are worked on at a time.
    pub at_once: usize,
    /// Requests that may wait for one of them to end.
    pub waiting: usize,
    /// Seconds that they wait.
    pub wait_seconds: u64,
}

/// What keys see.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccessConfiguration {
    /// What records of other regions show to a key that is bound to one.
    pub others: Others,
}

/// Contacts at rest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ContactsConfiguration {
    /// File of the keys; empty: `keys/contacts.keys` in the data directory.
    pub keyring: String,
}

/// The audit log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuditConfiguration {
    /// Rows younger than so many days are never cut off.
    pub keep_days: u32,
}

/// What the command line says, and the defaults that depend on the command.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Overrides {
    /// `--config`
    pub config: Option<PathBuf>,
    /// `--data-dir`
    pub data_dir: Option<PathBuf>,
    /// `--database-url`
    pub database_url: Option<DatabaseUrl>,
    /// `--log`
    pub log: Option<String>,
    /// `--bind`
    pub bind: Option<String>,
    /// Where state lies when nobody says.
    pub default_data_dir: PathBuf,
    /// The level when nobody says.
    pub default_level: &'static str,
    /// Only a flag moves the state: environment and file may name the real one.
    pub own_state: bool,
    /// What was learned is passed over, for it is to be taken away.
    pub without_learned: bool,
}

/// The configuration, and which weights come from where.
pub(crate) struct Written {
    pub(crate) configuration: Configuration,
    /// Where learned weights come from, if there are any.
    pub(crate) learned: Option<LearnedNote>,
    /// Codes of the learnable weights that the operator has set.
    pub(crate) pinned: BTreeSet<String>,
    pub(crate) places: Places,
}

/// The file or variable in which each setting stands, by its name.
pub(crate) type Places = BTreeMap<String, String>;

/// The settings that say where state lies.
const STATE: [&str; 2] = ["data_dir", "database_url"];

/// Looks an environment variable up.
pub(crate) type Environment<'a> = &'a dyn Fn(&str) -> Option<String>;

impl Configuration {
    /// What holds when nobody says anything.
    pub fn defaults(overrides: &Overrides) -> Self {
        let ServerSettings {
            workers,
            limits,
            rates,
            connections,
            imports,
            header_deadline,
            keep_alive,
            shutdown_deadline,
        } = ServerSettings::default();
        let AdmissionSettings { at_once, waiting, patience } = AdmissionSettings::default();
        Self {
            data_dir: overrides.default_data_dir.clone(),
            database_url: DatabaseUrl::default(),
            log: LogConfiguration { level: overrides.default_level.to_owned(), format: LogFormat::Text },
            server: ServerConfiguration {
                bind: "127.0.0.1:8080".to_owned(),
                workers,
                max_body_bytes: limits.body as u64,
                max_import_bytes: limits.import,
                max_connections: connections,
                max_imports: imports,
                header_seconds: header_deadline.as_secs(),
                body_seconds: limits.body_deadline.as_secs(),
                import_seconds: limits.import_deadline.as_secs(),
                keep_alive_seconds: keep_alive.as_secs(),
                shutdown_seconds: shutdown_deadline.as_secs(),
            },
            metrics: MetricsConfiguration { listen: String::new() },
            limits: LimitsConfiguration {
                requests_per_second: rates.per_second,
                burst: rates.burst,
                requests_per_day: rates.daily,
                refused_per_minute: rates.refused_per_minute,
                at_once,
                waiting,
                wait_seconds: patience.as_secs(),
            },
            access: AccessConfiguration { others: Others::default() },
            contacts: ContactsConfiguration { keyring: String::new() },
            audit: AuditConfiguration { keep_days: KEEP_DAYS },
            matching: MatchingSettings::default(),
            embedding: EmbeddingConfiguration::default(),
            index: IndexingSettings::default(),
            operations: OperationSettings::default(),
            rematch: RematchSettings::default(),
            webhooks: WebhooksConfiguration::default(),
            ranking: Weights::default(),
        }
    }

    /// Those of `names` that look like settings of ours but are none: misspelt ones, most likely.
    pub(crate) fn unknown_variables(names: impl Iterator<Item = String>) -> anyhow::Result<Vec<String>> {
        let mut known = vec!["HONGNIANG_CONFIG".to_owned()];
        variables(&Table::try_from(Self::defaults(&Overrides::default()))?, "HONGNIANG", &mut known);
        let ours = names.filter(|name| name.starts_with("HONGNIANG_"));
        let mut unknown: Vec<String> = ours.filter(|name| !known.contains(name)).collect();
        unknown.sort();
        Ok(unknown)
    }

    /// Defaults, then what was learned, then the file, then the environment, then the flags.
    ///
    /// # Errors
    /// [`Misuse`] naming the setting, and the file or variable in which it stands.
    pub(crate) fn read(overrides: &Overrides, environment: Environment<'_>) -> anyhow::Result<Written> {
        let mut tree = Table::try_from(Self::defaults(overrides))?;
        let state = STATE.map(|key| variable("HONGNIANG", key));
        let apart = |name: &str| {
            let passed_over = overrides.own_state && state.iter().any(|variable| variable == name);
            if passed_over { None } else { environment(name) }
        };
        let environment: Environment<'_> = &apart;
        let mut file = file(overrides, environment)?;
        if let Some((_, table)) = file.as_mut().filter(|_| overrides.own_state) {
            STATE.iter().for_each(|key| drop(table.remove(*key)));
        }
        let pinned =
            learned::pinned(file.as_ref().map(|(_, table)| table), |name| environment(name).is_some());
        let data_dir = data_dir(overrides, environment, file.as_ref().map(|(_, table)| table));
        let mut places = Places::new();
        let learned = if overrides.without_learned { None } else { learned::read(&data_dir)? };
        let learned = match learned {
            Some(Learned { path, note, settings }) => {
                overlay(&mut tree, settings, "", &format!("学得的权重 {}", path.display()), &mut places)?;
                Some(note)
            }
            None => None,
        };
        if let Some((path, table)) = file {
            overlay(&mut tree, table, "", &format!("配置文件 {}", path.display()), &mut places)?;
        }
        from_environment(&mut tree, "", environment, &mut places)?;
        let flags = [
            (None, "data_dir", overrides.data_dir.as_ref().map(|path| path.display().to_string())),
            (None, "database_url", overrides.database_url.as_ref().map(|url| url.as_str().to_owned())),
            (Some("log"), "level", overrides.log.clone()),
            (Some("server"), "bind", overrides.bind.clone()),
        ];
        for (section, key, value) in flags {
            let table = match section {
                Some(section) => tree.get_mut(section).and_then(Value::as_table_mut),
                None => Some(&mut tree),
            };
            if let (Some(table), Some(value)) = (table, value) {
                table.insert(key.to_owned(), Value::String(value));
            }
        }
        let invalid = |error: toml::de::Error| Misuse(format!("{}：{}", setting(&error), value_says(&error)));
        Ok(Written { configuration: tree.try_into().map_err(invalid)?, learned, pinned, places })
    }
}

/// Where state lies, as flag, variable and file say, in this order.
fn data_dir(overrides: &Overrides, environment: Environment<'_>, file: Option<&Table>) -> PathBuf {
    let flag = overrides.data_dir.clone();
    let said = || file?.get("data_dir")?.as_str().map(PathBuf::from);
    let said = flag.or_else(|| environment("HONGNIANG_DATA_DIR").map(PathBuf::from)).or_else(said);
    said.unwrap_or_else(|| overrides.default_data_dir.clone())
}

/// The file that counts, and what it says.
fn file(overrides: &Overrides, environment: Environment<'_>) -> anyhow::Result<Option<(PathBuf, Table)>> {
    if let Some(path) = &overrides.config {
        return Ok(Some((path.clone(), parse(path)?)));
    }
    let from_variable = || environment("HONGNIANG_DATA_DIR").map(PathBuf::from);
    let data_dir = overrides.data_dir.clone().or_else(from_variable);
    let path = data_dir.unwrap_or_else(|| overrides.default_data_dir.clone()).join(FILE_NAME);
    if !path.is_file() {
        return Ok(None);
    }
    let table = parse(&path)?;
    if table.contains_key("data_dir") {
        let message =
            format!("{}：data_dir 不能写在数据目录自己的配置文件里，请用 --data-dir", path.display());
        return Err(Misuse(message).into());
    }
    Ok(Some((path, table)))
}

fn parse(path: &Path) -> anyhow::Result<Table> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| Misuse(format!("无法读取配置文件 {}：{}", path.display(), system_says(&error))))?;
    let table = text.parse::<Table>();
    table
        .map_err(|error| Misuse(without_password(&error, &text)))
        .with_context(|| format!("配置文件 {} 不是有效的 TOML", path.display()))
}

/// What is wrong in the file, and where; of the line with the address of the database, which may hold a password, nothing is quoted.
fn without_password(error: &toml::de::Error, text: &str) -> String {
    let whole = error.to_string();
    if whole.contains("database_url") || whole.contains("://") {
        format!("database_url 一行：{}", error.message().trim())
    } else {
        toml_says(error, text)
    }
}

/// Lays what the file says over the defaults.
fn overlay(tree: &mut Table, over: Table, at: &str, source: &str, places: &mut Places) -> anyhow::Result<()> {
    for (key, value) in over {
        let name = if at.is_empty() { key.clone() } else { format!("{at}.{key}") };
        let known = tree.keys().cloned().collect::<Vec<_>>().join("、");
        let Some(place) = tree.get_mut(&key) else {
            return Err(Misuse(format!("{source}：不认识的设置“{name}”，这里可用：{known}")).into());
        };
        match (place, value) {
            (Value::Table(below), Value::Table(over)) => overlay(below, over, &name, source, places)?,
            (place @ Value::Float(_), Value::Integer(whole)) => {
                *place = Value::Float(whole as f64);
                places.insert(name, source.to_owned());
            }
            (place, value) if place.same_type(&value) && !value.is_table() => {
                *place = value;
                places.insert(name, source.to_owned());
            }
            (place, _) => {
                let wanted = wanted(place);
                return Err(Misuse(format!("{source}：设置“{name}”应为{wanted}")).into());
            }
        }
    }
    Ok(())
}

/// The name of every leaf's variable.
fn variables(tree: &Table, prefix: &str, names: &mut Vec<String>) {
    for (key, value) in tree {
        let name = variable(prefix, key);
        match value {
            Value::Table(below) => variables(below, &name, names),
            _ => names.push(name),
        }
    }
}

fn variable(prefix: &str, key: &str) -> String {
    format!("{prefix}_{}", key.to_ascii_uppercase())
}

/// Reads the variable of every leaf below `at`.
fn from_environment(
    tree: &mut Table,
    at: &str,
    environment: Environment<'_>,
    places: &mut Places,
) -> anyhow::Result<()> {
    for (key, place) in tree.iter_mut() {
        let setting = if at.is_empty() { key.clone() } else { format!("{at}.{key}") };
        if let Value::Table(below) = place {
            from_environment(below, &setting, environment, places)?;
            continue;
        }
        let name = variable("HONGNIANG", &setting.replace('.', "_"));
        let Some(text) = environment(&name) else { continue };
        let read = match place {
            Value::Integer(_) => text.trim().parse().ok().map(Value::Integer),
            Value::Float(_) => text.trim().parse().ok().map(Value::Float),
            Value::Boolean(_) => text.trim().parse().ok().map(Value::Boolean),
            Value::Array(defaults) => list(defaults, &text).map(Value::Array),
            _ => Some(Value::String(text)),
        };
        let wanted = wanted(place);
        *place = read.ok_or_else(|| Misuse(format!("环境变量 {name} 应为{wanted}")))?;
        places.insert(setting, format!("环境变量 {name}"));
    }
    Ok(())
}

/// A list whose items are separated by commas: of numbers where the default's are.
fn list(defaults: &[Value], text: &str) -> Option<Vec<Value>> {
    let numbers = matches!(defaults.first(), Some(Value::Integer(_)));
    let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
    let read = |item: &str| match numbers {
        true => item.parse().ok().map(Value::Integer),
        false => Some(Value::String(item.to_owned())),
    };
    items.map(read).collect()
}

/// The setting that the message speaks of: its last line says `in `log.format``.
fn setting(error: &toml::de::Error) -> String {
    let said = error.to_string();
    let name = said.trim().rsplit('\n').next().and_then(|line| line.strip_prefix("in `")?.strip_suffix('`'));
    name.map_or_else(|| "设置无效".to_owned(), |name| format!("设置“{name}”"))
}

const fn wanted(place: &Value) -> &'static str {
    match place {
        Value::Integer(_) => "整数",
        Value::Float(_) => "数字",
        Value::Boolean(_) => "true 或 false",
        Value::Array(_) => "列表（[…]，在环境变量中用逗号分隔）",
        Value::Table(_) => "一节（[节名]）",
        _ => "文字（加引号）",
    }
}
