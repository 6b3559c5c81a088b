//! All registries' indexes under one directory.

use std::path::Path;
use std::sync::Arc;

use domain::Kind;
use text::Analyzer;

use crate::{IndexError, Registry, schema};

/// The indexes of all registries.
pub struct Catalog {
    registries: Vec<Registry>,
    fingerprint: String,
}

impl Catalog {
    /// Memory that each thread of a writer fills before it writes a segment, in bytes.
    pub const MEMORY_BUDGET: usize = 64 << 20;

    /// Opens or prepares the indexes under `directory`. An index that cannot be used is no error: its
    /// [`Registry::state`] says so.
    ///
    /// # Errors
    /// When the directory cannot be read or made.
    pub fn open(directory: &Path, analyzer: Arc<Analyzer>) -> Result<Self, IndexError> {
        Self::with_memory_budget(directory, analyzer, Self::MEMORY_BUDGET)
    }

    /// Like [`Catalog::open`], with another memory budget for each thread of a writer: 16 MiB to 4 GiB.
    ///
    /// # Errors
    /// When the directory cannot be read or made.
    pub fn with_memory_budget(
        directory: &Path,
        analyzer: Arc<Analyzer>,
        memory_budget: usize,
    ) -> Result<Self, IndexError> {
        let shelf = Arc::default();
        let open = |kind| Registry::open(directory, kind, &analyzer, memory_budget, &shelf);
        let registries = Kind::ALL.into_iter().map(open).collect::<Result<_, _>>()?;
        Ok(Self { registries, fingerprint: schema::fingerprint(&analyzer) })
    }

    /// The index of registry `kind`.
    pub fn registry(&self, kind: Kind) -> &Registry {
        self.registries.iter().find(|registry| registry.kind() == kind).expect("opened with every kind")
    }

    /// Identifies schema and analysis: an index of another fingerprint is stale.
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }
}
