//! All registries' indexes under one directory.

use std::path::Path;
use std::sync::Arc;

use domain::Kind;
use embedding::Model;
use text::Analyzer;
use vectors::Direction;

use crate::{IndexError, Registry, meaning, schema};

/// The indexes of all registries.
pub struct Catalog {
    registries: Vec<Registry>,
    fingerprint: String,
    model: Option<Arc<Model>>,
}

impl Catalog {
    /// Memory that the threads of a writer fill together before they write segments, in bytes.
    pub const MEMORY_BUDGET: usize = 64 << 20;

    /// Opens or prepares the indexes under `directory`. An index that cannot be used is no error: its
    /// [`Registry::state`] says so. With a `model`, that one tells what texts mean, in place of term vectors; an index that was written with another one,
    /// or with none, is stale.
    ///
    /// # Errors
    /// When the directory cannot be read or made.
    pub fn open(
        directory: &Path,
        analyzer: Arc<Analyzer>,
        model: Option<Arc<Model>>,
    ) -> Result<Self, IndexError> {
        Self::with_memory_budget(directory, analyzer, model, Self::MEMORY_BUDGET)
    }

    /// Like [`Catalog::open`], with another memory budget for a writer.
    ///
    /// # Errors
    /// When the directory cannot be read or made.
    pub fn with_memory_budget(
        directory: &Path,
        analyzer: Arc<Analyzer>,
        model: Option<Arc<Model>>,
        memory_budget: usize,
    ) -> Result<Self, IndexError> {
        let shelf = Arc::default();
        let open = |kind| Registry::open(directory, kind, &analyzer, model.as_ref(), memory_budget, &shelf);
        let registries = Kind::ALL.into_iter().map(open).collect::<Result<_, _>>()?;
        let fingerprint = schema::fingerprint(&analyzer, model.as_deref());
        Ok(Self { registries, fingerprint, model })
    }

    /// The index of registry `kind`.
    pub fn registry(&self, kind: Kind) -> &Registry {
        self.registries.iter().find(|registry| registry.kind() == kind).expect("opened with every kind")
    }

    /// The model that tells what texts mean, if there is one.
    pub fn model(&self) -> Option<&Model> {
        self.model.as_deref()
    }

    /// What a text asks for, as the model reads it; `None` without a model, or without a word.
    pub fn direction(&self, text: &str) -> Option<Direction> {
        meaning::direction(self.model()?, text)
    }

    /// Identifies schema, analysis and model: an index of another fingerprint is stale.
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }
}
