//! The files of a model directory, as bytes by name.

use serde_json::Value;

use crate::ModelError;

pub(crate) const CONFIG: &str = "config.json";
pub(crate) const WEIGHTS: &str = "model.safetensors";
pub(crate) const VOCABULARY: &str = "vocab.txt";
pub(crate) const TOKENIZER: &str = "tokenizer.json";
pub(crate) const TOKENIZER_CONFIG: &str = "tokenizer_config.json";
pub(crate) const POOLING: &str = "1_Pooling/config.json";
pub(crate) const MODULES: &str = "modules.json";

/// Every file that is looked for, those that every model has first.
const NAMES: [&str; 7] = [CONFIG, WEIGHTS, VOCABULARY, TOKENIZER, TOKENIZER_CONFIG, POOLING, MODULES];

/// Part of the identity: to be changed whenever the same files come to give other vectors.
const VERSION: &[u8] = b"embedding 1\n";

/// What a model directory holds of what a model is made of.
#[derive(Debug, Clone, Default)]
pub struct Files(Vec<(&'static str, Vec<u8>)>);

impl Files {
    /// Asks `read` for each file by its path below the model directory; `None` is a file that is not there.
    ///
    /// # Errors
    /// As soon as `read` fails.
    pub fn gather<E>(mut read: impl FnMut(&'static str) -> Result<Option<Vec<u8>>, E>) -> Result<Self, E> {
        let mut files = Vec::new();
        for name in NAMES {
            files.extend(read(name)?.map(|bytes| (name, bytes)));
        }
        Ok(Self(files))
    }

    pub(crate) fn get(&self, name: &'static str) -> Option<&[u8]> {
        self.0.iter().find(|(known, _)| *known == name).map(|(_, bytes)| bytes.as_slice())
    }

    pub(crate) fn required(&self, name: &'static str) -> Result<&[u8], ModelError> {
        self.get(name).ok_or(ModelError::Missing(name))
    }

    /// A file's JSON; `None` when there is no such file.
    pub(crate) fn json(&self, name: &'static str) -> Result<Option<Value>, ModelError> {
        self.get(name).map(|bytes| json(name, bytes)).transpose()
    }

    /// What tells these files from any others: sixteen hexadecimal digits.
    pub(crate) fn identity(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        hasher.update(VERSION);
        for (name, bytes) in &self.0 {
            for part in [name.as_bytes(), bytes] {
                hasher.update(&(part.len() as u64).to_le_bytes());
                hasher.update(part);
            }
        }
        hasher.finalize().to_hex()[..16].to_owned()
    }
}

pub(crate) fn json(file: &'static str, bytes: &[u8]) -> Result<Value, ModelError> {
    serde_json::from_slice(bytes).map_err(|error| ModelError::Json {
        file,
        line: error.line(),
        column: error.column(),
    })
}
