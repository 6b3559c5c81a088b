//! A backup put back: checked whole, made into a data directory beside the present one, and only then put in its place. A server's database is filled before
//! that, in one transaction, and must have been empty.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::json;
use store::{About, Action, Erasure, Event, Snapshot, Store, StoreError};
use tempfile::TempDir;
use zip::ZipArchive;

use crate::backup::manifest::{FORMAT, Held, MANIFEST, Manifest, Packed};
use crate::backup::{CONFIGURATION, ERASURES};
use crate::erasures::{self, sync_folder};
use crate::settings::KEYRING;
use crate::{BackupError, DatabaseUrl, Engine, EngineError, Settings, blocking};

/// A manifest is no longer than this.
const LONGEST_MANIFEST: u64 = 1 << 20;
/// What may lie in a data directory that holds no data: what is kept apart from backups, and a lock.
const NO_DATA: [&str; 4] = [KEYRING[0], ERASURES, CONFIGURATION, "serve.lock"];
/// How long it may take to clean the copy of those who were erased since the backup.
const PATIENCE: Duration = Duration::from_secs(3_600);

/// How to restore.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RestoreRequest {
    /// The backup.
    pub from: PathBuf,
    /// Whether a data directory with data may be replaced; it is kept under another name.
    pub replace: bool,
    /// A list of erasures that lies elsewhere, as when the data directory is gone.
    pub erasures: Option<PathBuf>,
}

/// What was restored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RestoreReport {
    /// When the backup was made.
    pub made_at: Timestamp,
    /// Records compared with the index that was built.
    pub records: u64,
    /// Persons who had been erased after the backup was made, and were erased again.
    pub erased_again: u64,
    /// Faults of the audit log in the backup; 0 when its chain is whole.
    pub audit_faults: usize,
    /// Where the data directory of before is now.
    pub previous: Option<PathBuf>,
}

/// Puts a backup into the data directory, and one of PostgreSQL into the empty database that the settings name. Nobody else may use them meanwhile. Whoever
/// was erased, according to the list in the data directory, the one in the backup or the one given, is erased in the copy before it is put in place.
///
/// # Errors
/// [`EngineError::Backup`] when the file is no whole backup, the data directory holds data, or the copy does not pass its checks; in all
/// these cases the data directory is as it was. [`StoreError::NotEmpty`] when the database holds something, which stays as it is.
pub async fn restore(settings: &Settings, request: &RestoreRequest) -> Result<RestoreReport, EngineError> {
    let server = match &settings.database_url {
        Some(url) if !url.is_server() => return Err(BackupError::DatabaseElsewhere.into()),
        url => url.as_ref().map(DatabaseUrl::as_str),
    };
    let target = std::path::absolute(&settings.data_dir)
        .map_err(|error| BackupError::io(&settings.data_dir, error))?;
    let (asked, place, on_server) = (request.clone(), target.clone(), server.is_some());
    let (copy, manifest, occupied) = blocking(move || {
        let occupied = holds_data(&place)?;
        if occupied && !asked.replace {
            return Err(BackupError::Occupied { path: place }.into());
        }
        let (copy, manifest) = unpack(&asked.from, &place, on_server)?;
        carry_over(&place, copy.path(), asked.erasures.as_deref())?;
        Ok((copy, manifest, occupied))
    })
    .await?;
    let ring = settings.keyring.clone().unwrap_or_else(|| target.join(KEYRING[0]).join(KEYRING[1]));
    let settings = Settings { data_dir: copy.path().to_owned(), ..settings.clone() };
    let erased = match server {
        Some(url) => refill(&settings, url, &manifest).await.map_err(|error| told(error, &ring))?,
        None => 0,
    };
    let finish = async {
        let mut report = check(&settings, &manifest).await.map_err(|error| told(error, &ring))?;
        report.erased_again += erased;
        report.previous = blocking(move || Ok(put_in_place(copy, &target, occupied)?)).await?;
        Ok(report)
    };
    match finish.await {
        Err(error) if server.is_some() => Err(BackupError::HalfRestored(Box::new(error)).into()),
        outcome => outcome,
    }
}

/// Whether there is anything in a data directory that would be lost.
fn holds_data(data_dir: &Path) -> Result<bool, BackupError> {
    let failed = |error| BackupError::io(data_dir, error);
    let entries = match fs::read_dir(data_dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        entries => entries.map_err(failed)?,
    };
    for entry in entries {
        let name = entry.map_err(failed)?.file_name();
        if !NO_DATA.iter().any(|known| name == *known) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Unpacks a backup into a folder beside the data directory, checking everything.
fn unpack(from: &Path, target: &Path, on_server: bool) -> Result<(TempDir, Manifest), BackupError> {
    let broken = |reason: String| BackupError::NoBackup { path: from.to_owned(), reason };
    let file = File::open(from).map_err(|error| BackupError::io(from, error))?;
    let mut archive =
        ZipArchive::new(BufReader::new(file)).map_err(|_| broken("不是完整的 zip 文件".to_owned()))?;
    let manifest = manifest(&mut archive).ok_or_else(|| broken("没有清单".to_owned()))?;
    let Manifest { format, schema_version, program, files, .. } = &manifest;
    if *format > FORMAT || *schema_version > Store::schema_version() {
        return Err(BackupError::Newer { program: program.clone() });
    }
    if !files.iter().all(Packed::is_safe) {
        return Err(broken("清单有误".to_owned()));
    }
    match manifest.held().ok_or_else(|| broken("清单有误".to_owned()))? {
        Held::File if on_server => return Err(BackupError::DatabaseElsewhere),
        Held::Tables if !on_server => return Err(BackupError::OfServer),
        Held::File | Held::Tables => {}
    }
    let parent = target.parent().unwrap_or(Path::new("/"));
    let failed = |error| BackupError::io(parent, error);
    fs::create_dir_all(parent).map_err(failed)?;
    let copy = tempfile::Builder::new().prefix(".hongniang-restore-").tempdir_in(parent).map_err(failed)?;
    for packed in files {
        let entry = archive.by_name(&packed.name).map_err(|_| broken(format!("缺少 {}", packed.name)))?;
        let path = copy.path().join(&packed.name);
        if !write_checked(entry, &path, packed)? {
            return Err(broken(format!("{} 的内容与清单不符", packed.name)));
        }
    }
    Ok((copy, manifest))
}

fn manifest(archive: &mut ZipArchive<BufReader<File>>) -> Option<Manifest> {
    let mut text = String::new();
    let entry = archive.by_name(MANIFEST).ok()?;
    entry.take(LONGEST_MANIFEST).read_to_string(&mut text).ok()?;
    serde_json::from_str(&text).ok()
}

/// Writes one file; `false` when it is not what the manifest says. Never more than that is written.
fn write_checked(entry: impl Read, path: &Path, packed: &Packed) -> Result<bool, BackupError> {
    let failed = |error| BackupError::io(path, error);
    fs::create_dir_all(path.parent().unwrap_or(path)).map_err(failed)?;
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path).map_err(failed)?;
    let mut entry = entry.take(packed.size.saturating_add(1));
    let mut hasher = blake3::Hasher::new();
    let mut buffer = vec![0; 1 << 16];
    let mut size = 0;
    loop {
        let length = match entry.read(&mut buffer) {
            Ok(0) => break,
            Ok(length) => length,
            // Not the disk's fault: the archive is damaged, it cannot be unpacked or its own checksum does not fit.
            Err(error) if error.raw_os_error().is_none() => return Ok(false),
            Err(error) => return Err(failed(error)),
        };
        hasher.update(&buffer[..length]);
        file.write_all(&buffer[..length]).map_err(failed)?;
        size += length as u64;
    }
    file.sync_all().map_err(failed)?;
    Ok(size == packed.size && hasher.finalize().to_hex().as_str() == packed.blake3)
}

/// What lies apart from backups: the keys, and every list of erasures that is known.
fn carry_over(data_dir: &Path, copy: &Path, other_list: Option<&Path>) -> Result<(), EngineError> {
    let keys = data_dir.join(KEYRING[0]).join(KEYRING[1]);
    if keys.is_file() {
        let place = copy.join(KEYRING[0]);
        let failed = |error| BackupError::io(&place, error);
        fs::create_dir(&place).map_err(failed)?;
        #[cfg(unix)]
        fs::set_permissions(&place, std::os::unix::fs::PermissionsExt::from_mode(0o700)).map_err(failed)?;
        fs::copy(&keys, place.join(KEYRING[1])).map_err(failed)?;
    }
    let configuration = data_dir.join(CONFIGURATION);
    if configuration.is_file() && !copy.join(CONFIGURATION).exists() {
        fs::copy(&configuration, copy.join(CONFIGURATION))
            .map_err(|error| BackupError::io(&configuration, error))?;
    }
    let list = erasures::path(copy);
    let mut known: BTreeSet<Erasure> = erasures::read(&list)?.into_iter().collect();
    let own = erasures::path(data_dir);
    for other in [Some(own.as_path()), other_list].into_iter().flatten() {
        let entries: Vec<Erasure> =
            erasures::read(other)?.into_iter().filter(|entry| known.insert(entry.clone())).collect();
        erasures::append(&list, &entries)?;
    }
    if let Some(other) = other_list.filter(|path| !path.is_file()) {
        return Err(BackupError::io(other, io::ErrorKind::NotFound.into()).into());
    }
    Ok(())
}

/// The copy's own place of the keys would say nothing to anybody.
fn told(error: EngineError, ring: &Path) -> EngineError {
    match error {
        EngineError::Store(StoreError::NoKeyRing { .. }) => {
            StoreError::NoKeyRing { path: ring.to_owned() }.into()
        }
        EngineError::Store(StoreError::OtherRing { key, .. }) => {
            StoreError::OtherRing { key, path: ring.to_owned() }.into()
        }
        error => error,
    }
}

/// Fills the server's database from the tables in the copy, of which then nothing is left there. Returns how many were erased again.
async fn refill(settings: &Settings, url: &str, manifest: &Manifest) -> Result<u64, EngineError> {
    let copy = settings.data_dir.clone();
    let listed = erasures::read(&erasures::path(&copy))?;
    let erased = Store::restore(url, settings.keys(), &copy, manifest.schema_version, &listed).await?;
    blocking(move || {
        let tables = copy.join(Snapshot::FOLDER);
        fs::remove_dir_all(&tables).map_err(|error| BackupError::io(&tables, error).into())
    })
    .await?;
    Ok(erased.len() as u64)
}

/// Opens the copy, which erases whoever is to be erased, builds its index and compares the two.
async fn check(settings: &Settings, manifest: &Manifest) -> Result<RestoreReport, EngineError> {
    let store = Store::open_with(settings.database(), settings.keys()).await?;
    let again = erasures::bring_together(&store, &settings.data_dir).await?;
    store.close().await;
    let engine = Engine::open(settings).await?;
    if !engine.finish_erasing(PATIENCE).await? {
        return Err(BackupError::NotErased.into());
    }
    let compared = engine.verify_index().await?;
    if !compared.differences.is_empty() {
        return Err(BackupError::Differs { differences: compared.differences.len() }.into());
    }
    let audit_faults = engine.verify_audit(None).await?.faults.len();
    let detail =
        json!({"made_at": manifest.made_at, "audit_head": manifest.audit_head, "erased_again": again});
    engine.note(Event::done(Action::BackupRestore, About::Nothing, detail)).await?;
    engine.close().await;
    Ok(RestoreReport {
        made_at: manifest.made_at,
        records: compared.records,
        erased_again: again,
        audit_faults,
        previous: None,
    })
}

/// Renames the copy to the data directory. The one of before is kept under another name when it holds data.
fn put_in_place(copy: TempDir, target: &Path, occupied: bool) -> Result<Option<PathBuf>, BackupError> {
    let failed = |error| BackupError::io(target, error);
    let parent = target.parent().unwrap_or(Path::new("/"));
    let previous = if target.exists() {
        let stamp = Timestamp::now().strftime("%Y%m%d-%H%M%S").to_string();
        let mut name = target.file_name().unwrap_or_default().to_owned();
        name.push(format!(".replaced-{stamp}"));
        let aside = parent.join(name);
        fs::rename(target, &aside).map_err(failed)?;
        Some(aside)
    } else {
        None
    };
    // From here on nothing removes the copy by itself.
    let copy = copy.keep();
    if let Err(error) = fs::rename(&copy, target) {
        if let Some(aside) = &previous {
            fs::rename(aside, target).map_err(failed)?;
        }
        fs::remove_dir_all(&copy).map_err(|error| BackupError::io(&copy, error))?;
        return Err(failed(error));
    }
    sync_folder(parent).map_err(failed)?;
    match previous {
        Some(aside) if !occupied => {
            // It held nothing but what was carried over.
            fs::remove_dir_all(&aside).map_err(|error| BackupError::io(&aside, error))?;
            Ok(None)
        }
        previous => Ok(previous),
    }
}
