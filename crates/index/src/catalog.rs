//! All registries' indexes under one directory.

use std::path::Path;
use std::sync::Arc;

use domain::Kind;
use text::Analyzer;

use crate::{IndexError, Registry};

/// The indexes of all registries.
pub struct Catalog {
    registries: Vec<Registry>,
    analyzer: Arc<Analyzer>,
}

impl Catalog {
    /// Opens or prepares the indexes under `directory`. An index that cannot be used is no error: its [`Registry::state`] says so.
    ///
    /// # Errors
    /// When the directory cannot be read or made.
    pub fn open(directory: &Path, analyzer: Arc<Analyzer>) -> Result<Self, IndexError> {
        std::fs::create_dir_all(directory)?;
        let registries = Kind::ALL.map(Registry::provisional).into();
        Ok(Self { registries, analyzer })
    }

    /// The index of registry `kind`.
    pub fn registry(&self, kind: Kind) -> &Registry {
        self.registries.iter().find(|registry| registry.kind() == kind).expect("opened with every kind")
    }

    /// Identifies schema and analysis: an index of another fingerprint is stale.
    pub fn fingerprint(&self) -> &str {
        self.analyzer.fingerprint()
    }
}
