//! The term vectors of the generations: each keeps those that it was written with in its directory; in memory there is one of each.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use vectors::{TermVectors, VectorError};

/// A generation without this file was written with the built-in vectors.
const FILE: &str = "term-vectors.bin";

/// Term vectors in use, by identity.
#[derive(Default)]
pub(crate) struct Shelf(Mutex<HashMap<String, Weak<TermVectors>>>);

impl Shelf {
    /// The vectors that the generation in `directory` was written with.
    pub(crate) fn read(&self, directory: &Path) -> io::Result<Arc<TermVectors>> {
        let bytes = match fs::read(directory.join(FILE)) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(TermVectors::builtin()),
            Err(error) => return Err(error),
        };
        let invalid = |error: VectorError| io::Error::new(io::ErrorKind::InvalidData, error);
        Ok(self.share(Arc::new(TermVectors::from_bytes(&bytes).map_err(invalid)?)))
    }

    /// The same vectors, in memory only once.
    pub(crate) fn share(&self, vectors: Arc<TermVectors>) -> Arc<TermVectors> {
        let mut shelf = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        shelf.retain(|_, vectors| vectors.strong_count() > 0);
        if let Some(known) = shelf.get(vectors.identity()).and_then(Weak::upgrade) {
            return known;
        }
        shelf.insert(vectors.identity().to_owned(), Arc::downgrade(&vectors));
        vectors
    }
}

/// Puts the vectors into the directory of a generation, durably.
pub(crate) fn write(directory: &Path, vectors: &TermVectors) -> io::Result<()> {
    if vectors.identity() == TermVectors::builtin().identity() {
        return Ok(());
    }
    let mut file = File::create(directory.join(FILE))?;
    file.write_all(&vectors.to_bytes())?;
    file.sync_all()
}
