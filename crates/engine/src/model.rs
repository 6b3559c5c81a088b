//! The operator's embedding model, read from its directory at the start: whole, or not at all.

use std::fs;
use std::io;
use std::sync::Arc;

use embedding::{Files, Model};

use crate::EngineError;
use crate::settings::EmbeddingSettings;

/// Loads the model that the settings name; without a name there is none.
pub(crate) fn load(settings: &EmbeddingSettings) -> Result<Option<Arc<Model>>, EngineError> {
    let Some(directory) = &settings.model_dir else { return Ok(None) };
    // A directory that is not there is to be told as such, not as one that lacks its first file.
    fs::read_dir(directory).map_err(|error| EngineError::ModelFile { path: directory.clone(), error })?;
    let files = Files::gather(|name| {
        let path = directory.join(name);
        match fs::read(&path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(EngineError::ModelFile { path, error }),
        }
    })?;
    let model = Model::load(&files, &settings.query_prefix)
        .map_err(|error| EngineError::Model { directory: directory.clone(), error })?;
    tracing::info!(
        model.identity = model.identity(),
        model.dimensions = model.dimensions(),
        model.baseline = model.baseline(),
        "an embedding model tells what texts mean"
    );
    Ok(Some(Arc::new(model)))
}
