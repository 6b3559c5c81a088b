//! What an engine is opened with, and the operator's own dictionaries.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use domain::access::Others;
use ranking::Weights;
use serde::{Deserialize, Serialize};
use store::{Actor, Address, KeySource};
use text::{Analyzer, Dictionaries};

use crate::EngineError;
use crate::desk::AdmissionSettings;
use crate::learning::LearnedNote;
use crate::night::RematchSettings;
use crate::operations::OperationSettings;
use crate::webhooks::WebhookSettings;

/// Where state lies and how matching behaves.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// All state: database, index, the operator's dictionaries.
    pub data_dir: PathBuf,
    /// `sqlite://…` or `postgres://…`; `hongniang.db` in the data directory when absent.
    pub database_url: Option<DatabaseUrl>,
    /// The keys of contacts; `keys/contacts.keys` in the data directory when absent.
    pub keyring: Option<PathBuf>,
    /// In whose name it is worked, as long as nobody says otherwise ([`crate::Engine::acting`]).
    pub actor: Actor,
    /// Weights of the ranking.
    pub weights: Weights,
    /// Sizes in matching.
    pub matching: MatchingSettings,
    /// The embedding model, if there is one.
    pub embedding: EmbeddingSettings,
    /// How the index follows the database.
    pub indexing: IndexingSettings,
    /// How much long work is taken on.
    pub operations: OperationSettings,
    /// How the re-match is done, and when.
    pub rematch: RematchSettings,
    /// How events are told to portals.
    pub webhooks: WebhookSettings,
    /// Where some of the weights come from, when they were learned.
    pub learned: Option<LearnedNote>,
    /// What records of other regions show to keys that are bound to one.
    pub others: Others,
    /// How much is done at a time for the API.
    pub admission: AdmissionSettings,
}

/// The operator's own embedding model.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EmbeddingSettings {
    /// Where its files lie; without it term vectors tell what texts mean.
    pub model_dir: Option<PathBuf>,
    /// What it wants to see before a text that asks.
    pub query_prefix: String,
}

/// Sizes in matching.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MatchingSettings {
    /// Candidates that the text score hands to the full score.
    pub candidates: usize,
    /// Matches that a nightly run keeps for each need and registry.
    pub keep: usize,
    /// Published runs that are kept.
    pub runs: u32,
}

impl Default for MatchingSettings {
    fn default() -> Self {
        Self { candidates: 300, keep: 20, runs: 30 }
    }
}

/// How the index follows the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct IndexingSettings {
    /// Days after which a server that is silent is no longer waited for; should it come back, it may have to rebuild its index.
    pub forget_after_days: u32,
}

impl Default for IndexingSettings {
    fn default() -> Self {
        Self { forget_after_days: 7 }
    }
}

/// The address of a database. It may hold a password, so `Debug` shows only of which kind it is.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DatabaseUrl(String);

impl DatabaseUrl {
    /// The address itself, password and all: for whoever connects.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is a server's, rather than a file's.
    pub fn is_server(&self) -> bool {
        matches!(self.0.split_once(':'), Some(("postgres" | "postgresql", _)))
    }
}

impl From<String> for DatabaseUrl {
    fn from(url: String) -> Self {
        Self(url)
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.split_once(':') {
            Some((scheme @ ("sqlite" | "postgres" | "postgresql"), _)) => write!(f, "{scheme}:…"),
            _ => f.write_str("…"),
        }
    }
}

impl Settings {
    /// Defaults over a data directory.
    pub fn new(data_dir: impl Into<PathBuf>) -> Self {
        Self {
            data_dir: data_dir.into(),
            database_url: None,
            keyring: None,
            actor: Actor::system(),
            weights: Weights::default(),
            matching: MatchingSettings::default(),
            embedding: EmbeddingSettings::default(),
            indexing: IndexingSettings::default(),
            operations: OperationSettings::default(),
            rematch: RematchSettings::default(),
            webhooks: WebhookSettings::default(),
            learned: None,
            others: Others::default(),
            admission: AdmissionSettings::default(),
        }
    }

    /// Where the keys of contacts lie: where it was chosen, else in the data directory, which need not be that of the database.
    pub fn keys(&self) -> KeySource {
        let own = || self.data_dir.join(KEYRING[0]).join(KEYRING[1]);
        KeySource::File(self.keyring.clone().unwrap_or_else(own))
    }

    /// An empty file where an index lies beside it is a database that was lost: to take it for a new one would hide that.
    ///
    /// # Errors
    /// [`EngineError::EmptyDatabase`].
    pub(crate) fn refuse_emptied(&self) -> Result<(), EngineError> {
        let Address::File(path) = self.database() else { return Ok(()) };
        let is_empty = |path: &Path| std::fs::metadata(path).is_ok_and(|about| about.len() == 0);
        let log = path.with_extension("db-wal");
        let holds_nothing = is_empty(&path) && (!log.exists() || is_empty(&log));
        if holds_nothing && self.data_dir.join("index").is_dir() {
            return Err(EngineError::EmptyDatabase { path });
        }
        Ok(())
    }

    /// Where the database lies: at the address that was chosen, else in the data directory.
    pub fn database(&self) -> Address {
        match &self.database_url {
            Some(url) => url.as_str().into(),
            None => self.data_dir.join("hongniang.db").into(),
        }
    }
}

/// Where the keys of contacts lie below a data directory.
pub(crate) const KEYRING: [&str; 2] = ["keys", "contacts.keys"];

/// The built-in dictionaries and, after them, the operator's: `dictionaries/terms.txt`, `synonyms.txt` and `stop_words.txt` in the
/// data directory, each of them optional.
pub(crate) fn analyzer(settings: &Settings) -> Result<Analyzer, EngineError> {
    let folder = settings.data_dir.join("dictionaries");
    let [terms, synonyms, stop_words] =
        ["terms.txt", "synonyms.txt", "stop_words.txt"].map(|name| own(&folder, name));
    let (terms, synonyms, stop_words) = (terms?, synonyms?, stop_words?);
    let mut dictionaries: Dictionaries<'_> = Dictionaries::builtin();
    dictionaries.terms.extend(terms.as_deref());
    dictionaries.synonyms.extend(synonyms.as_deref());
    dictionaries.stop_words.extend(stop_words.as_deref());
    Ok(Analyzer::new(&dictionaries)?)
}

fn own(folder: &Path, name: &str) -> Result<Option<Vec<u8>>, EngineError> {
    let path = folder.join(name);
    match fs::read(&path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(EngineError::DataDir { path, error }),
    }
}
