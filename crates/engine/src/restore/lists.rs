//! The lists of erasures put together: who was erased according to any of them is not brought back.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use store::Erasure;

use crate::{BackupError, EngineError, erasures};

/// Where a list of erasures was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ListOrigin {
    /// In the backup.
    Backup,
    /// In the data directory that is replaced.
    DataDirectory,
    /// In the database that is replaced.
    Database,
    /// In this file.
    File(PathBuf),
}

/// A list of erasures that was taken into account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErasureList {
    /// Where it was.
    pub origin: ListOrigin,
    /// How many entries it has.
    pub entries: u64,
}

/// Adds to the list of a copy what the others have more. Tells which there were.
///
/// # Errors
/// [`EngineError::DataDir`] when one cannot be read or written; [`BackupError::Io`] when one that is named is not there.
pub(super) fn put_together(
    data_dir: &Path,
    copy: &Path,
    named: &[PathBuf],
    database: &[Erasure],
) -> Result<Vec<ErasureList>, EngineError> {
    let list = erasures::path(copy);
    let own = erasures::read(&list)?;
    let mut lists = Vec::new();
    let mut found = |origin, entries: &[Erasure]| {
        let entries = entries.len() as u64;
        lists.push(ErasureList { origin, entries });
    };
    found(ListOrigin::Backup, &own);
    let mut others = Vec::new();
    let here = erasures::path(data_dir);
    if here.is_file() {
        others.push((ListOrigin::DataDirectory, erasures::read(&here)?));
    }
    if !database.is_empty() {
        others.push((ListOrigin::Database, database.to_vec()));
    }
    for path in named {
        if !path.is_file() {
            return Err(BackupError::io(path, io::ErrorKind::NotFound.into()).into());
        }
        others.push((ListOrigin::File(path.clone()), erasures::read(path)?));
    }
    let mut known: BTreeSet<Erasure> = own.into_iter().collect();
    for (origin, entries) in others {
        found(origin, &entries);
        let new: Vec<Erasure> = entries.into_iter().filter(|entry| known.insert(entry.clone())).collect();
        erasures::append(&list, &new)?;
    }
    Ok(lists)
}
