//! Everything that cannot be derived, at one moment, in one file; while others write.
//!
//! The file is a zip archive of the database (an SQLite file, or a file for each table of PostgreSQL), the list of erasures, what was learned, the operator's dictionaries and configuration, and
//! at its end a manifest with a digest of each. The index is derived and left out. The keys of contacts are left out on purpose: whoever
//! finds a backup is not to find the contacts.

mod error;
pub(crate) mod held;
pub(crate) mod manifest;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Seek, Write};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::Serialize;
use serde_json::json;
use store::{About, Action, AuditResult, Event, Snapshot, Store};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::erasures::{self, sync_folder};
use crate::{Engine, EngineError, blocking};
pub use error::BackupError;
use manifest::{Held, MANIFEST, Manifest, Packed};

pub(crate) const ERASURES: &str = "erasures";
pub(crate) const CONFIGURATION: &str = "hongniang.toml";
/// Folders of the data directory that go into a backup.
const FOLDERS: [&str; 2] = ["learned", "dictionaries"];
/// Folders with a copy of the database while a backup is being made.
const SCRATCH: &str = ".backup-";
const LOCK: &str = "backup.lock";

/// What a backup holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BackupReport {
    /// Bytes of the file.
    pub bytes: u64,
    /// BLAKE3 of the file.
    pub digest: String,
    /// Records by registry.
    pub records: BTreeMap<String, u64>,
    /// The version of the database's structure.
    pub schema_version: i64,
    /// Number and hash of the last row of the audit log in it.
    pub audit_head: (u64, String),
}

impl Engine {
    /// Writes a backup to a file that is not there yet, or is replaced once the new one is whole. `configuration` is the file that the
    /// program was started with, if it was one.
    ///
    /// # Errors
    /// [`EngineError::Backup`] when another backup is being made, or a file cannot be read or written; what was there before stays.
    pub async fn backup(&self, to: &Path, configuration: Option<&Path>) -> Result<BackupReport, EngineError> {
        let event = |result| {
            let name = to.file_name().map(|name| name.to_string_lossy().into_owned());
            Event { action: Action::BackupMake, about: About::Nothing, result, detail: json!({"file": name}) }
        };
        // First, so that the backup tells of itself.
        self.store.note(event(AuditResult::Done)).await?;
        let outcome = self.pack(to, configuration).await;
        if outcome.is_err() {
            self.store.note(event(AuditResult::Failed)).await?;
        }
        outcome
    }

    async fn pack(&self, to: &Path, configuration: Option<&Path>) -> Result<BackupReport, EngineError> {
        let data_dir = self.data_dir.clone();
        let (_alone, scratch) = blocking(move || {
            let alone = lock(&data_dir)?.ok_or(BackupError::Busy)?;
            sweep_locked(&data_dir)?;
            sweep_beside(&data_dir)?;
            let scratch = tempfile::Builder::new().prefix(SCRATCH).tempdir_in(&data_dir);
            Ok((alone, scratch.map_err(|error| BackupError::io(&data_dir, error))?))
        })
        .await?;
        let Snapshot { files: copied, records, audit_head } = self.store.snapshot(scratch.path()).await?;
        let records = records.into_iter().map(|(kind, count)| (kind.plural().to_owned(), count)).collect();
        let data_dir = self.data_dir.clone();
        let configuration = configuration.map_or_else(|| data_dir.join(CONFIGURATION), Path::to_owned);
        let to = to.to_owned();
        blocking(move || {
            let copied: Vec<String> = copied.iter().map(|name| name.to_string_lossy().into_owned()).collect();
            let held = Held::of(copied.iter().map(String::as_str)).expect("a copy holds one or the other");
            let place = |name: String| {
                let path = scratch.path().join(&name);
                (name, path)
            };
            let mut files: Vec<(String, PathBuf)> = copied.into_iter().map(place).collect();
            // After the database: whoever is erased in it stands in the list.
            files.extend(beside(&data_dir, configuration)?);
            let manifest = Manifest {
                format: held.format(),
                program: env!("CARGO_PKG_VERSION").to_owned(),
                made_at: Timestamp::now(),
                schema_version: Store::schema_version(),
                records,
                audit_head,
                files: Vec::new(),
            };
            let (bytes, digest) = write(&to, manifest.clone(), &files)?;
            drop(scratch);
            let Manifest { schema_version, records, audit_head, .. } = manifest;
            Ok(BackupReport { bytes, digest, records, schema_version, audit_head })
        })
        .await
    }
}

/// What lies beside the database and goes into a backup: name in it, and file.
fn beside(data_dir: &Path, configuration: PathBuf) -> Result<Vec<(String, PathBuf)>, BackupError> {
    let mut files = Vec::new();
    let list = erasures::path(data_dir);
    files.extend(list.is_file().then(|| (ERASURES.to_owned(), list)));
    files.extend(configuration.is_file().then(|| (CONFIGURATION.to_owned(), configuration)));
    for folder in FOLDERS {
        let path = data_dir.join(folder);
        let failed = |error| BackupError::io(&path, error);
        let entries = match fs::read_dir(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            entries => entries.map_err(failed)?,
        };
        for entry in entries {
            let path = entry.map_err(failed)?.path();
            // Half-written files and locks are nothing to keep.
            let passing = path.extension().is_some_and(|ending| ending == "next" || ending == "lock");
            let name = path.file_name().and_then(|name| name.to_str());
            if let Some(name) = name.filter(|_| path.is_file() && !passing) {
                files.push((format!("{folder}/{name}"), path));
            }
        }
    }
    files.sort();
    Ok(files)
}

/// Writes the archive under another name and puts it in place once it is on the disk. Returns its length and digest.
fn write(
    to: &Path,
    mut manifest: Manifest,
    files: &[(String, PathBuf)],
) -> Result<(u64, String), BackupError> {
    let to = std::path::absolute(to).map_err(|error| BackupError::io(to, error))?;
    let folder = to.parent().unwrap_or(Path::new("/"));
    let failed = |error| BackupError::io(&to, error);
    held::sweep(folder)?;
    // Made for its owner alone, and gone again if anything goes wrong.
    let target = held::file_in(folder).map_err(failed)?;
    let mut archive = ZipWriter::new(BufWriter::new(target));
    let options = SimpleFileOptions::default().large_file(true).unix_permissions(0o600);
    for (name, path) in files {
        archive.start_file(name, options).map_err(|error| failed(error.into()))?;
        manifest.files.push(pack(name, path, &mut archive)?);
    }
    archive.start_file(MANIFEST, options).map_err(|error| failed(error.into()))?;
    let text = serde_json::to_string_pretty(&manifest).expect("numbers and texts are always JSON");
    archive.write_all(text.as_bytes()).map_err(failed)?;
    let written = archive.finish().map_err(|error| failed(error.into()))?;
    let mut target = written.into_inner().map_err(|error| failed(error.into_error()))?;
    target.as_file().sync_all().map_err(failed)?;
    target.rewind().map_err(failed)?;
    let mut hasher = blake3::Hasher::new();
    let bytes = io::copy(&mut target, &mut hasher).map_err(failed)?;
    target.persist(&to).map_err(|error| failed(error.error))?;
    sync_folder(folder).map_err(failed)?;
    Ok((bytes, hasher.finalize().to_hex().to_string()))
}

fn pack(name: &str, path: &Path, archive: &mut impl Write) -> Result<Packed, BackupError> {
    let failed = |error| BackupError::io(path, error);
    let mut file = File::open(path).map_err(failed)?;
    let mut hasher = blake3::Hasher::new();
    let mut buffer = vec![0; 1 << 16];
    let mut size = 0;
    loop {
        let length = file.read(&mut buffer).map_err(failed)?;
        if length == 0 {
            break;
        }
        hasher.update(&buffer[..length]);
        archive.write_all(&buffer[..length]).map_err(failed)?;
        size += length as u64;
    }
    Ok(Packed { name: name.to_owned(), size, blake3: hasher.finalize().to_hex().to_string() })
}

/// One backup at a time; the lock goes with the process, however it ends.
fn lock(data_dir: &Path) -> Result<Option<File>, BackupError> {
    let path = data_dir.join(LOCK);
    let failed = |error| BackupError::io(&path, error);
    let file = File::options().create(true).truncate(false).write(true).open(&path).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(fs::TryLockError::WouldBlock) => Ok(None),
        Err(fs::TryLockError::Error(error)) => Err(failed(error)),
    }
}

/// Removes copies of the database that a backup which was killed has left, unless one is being made now, which removes its own.
pub(crate) fn sweep(data_dir: &Path) -> Result<(), EngineError> {
    match lock(data_dir)? {
        Some(_alone) => Ok(sweep_locked(data_dir)?),
        None => Ok(()),
    }
}

/// Removes copies of the database beside a data directory that a restore or a backup which was killed has left. Returns those that it may not remove.
pub(crate) fn sweep_beside(data_dir: &Path) -> Result<Vec<PathBuf>, BackupError> {
    let data_dir = std::path::absolute(data_dir).map_err(|error| BackupError::io(data_dir, error))?;
    held::sweep(data_dir.parent().unwrap_or(Path::new("/")))
}

fn sweep_locked(data_dir: &Path) -> Result<(), BackupError> {
    let failed = |error| BackupError::io(data_dir, error);
    for entry in fs::read_dir(data_dir).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        if entry.file_name().to_string_lossy().starts_with(SCRATCH) {
            fs::remove_dir_all(entry.path()).map_err(|error| BackupError::io(&entry.path(), error))?;
        }
    }
    Ok(())
}
