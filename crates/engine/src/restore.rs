//! A backup put back: checked whole, made into a data directory beside the present one, and only then put in its place. A server's database is filled before
//! that, in one transaction, and must have been empty.

mod lists;
mod replaced;
mod unpacking;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use domain::WebhookId;
use domain::access::KeyId;
use jiff::Timestamp;
use serde_json::json;
use store::{About, Action, Event, KeyState, Snapshot, Store, StoreError};

use crate::backup::held::HeldFolder;
use crate::backup::manifest::Manifest;
use crate::backup::{CONFIGURATION, ERASURES};
use crate::chores::Remnant;
use crate::erasures::{self, sync_folder};
use crate::settings::KEYRING;
use crate::{BackupError, DatabaseUrl, Engine, EngineError, Key, Settings, blocking};
pub use lists::{ErasureList, ListOrigin};
use replaced::Replaced;
use unpacking::unpack;

/// The settings of a backup, where others are in force.
const SETTINGS_ASIDE: &str = "hongniang.toml.from-backup";
/// What may lie in a data directory that holds no data: what is kept apart from backups, and a lock.
const NO_DATA: [&str; 4] = [KEYRING[0], ERASURES, CONFIGURATION, "serve.lock"];
/// Keys read at a time.
const KEYS: u32 = 500;
/// How long it may take to clean the copy of those who were erased since the backup.
const PATIENCE: Duration = Duration::from_secs(3_600);

/// How to restore.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RestoreRequest {
    /// The backup.
    pub from: PathBuf,
    /// Whether a data directory with data may be replaced; it is kept under another name.
    pub replace: bool,
    /// Lists of erasures that lie elsewhere: those of the other servers, or a copy when the data directory is gone.
    pub erasures: Vec<PathBuf>,
    /// The database in whose place the restored one is put, when it is not the file in the data directory.
    pub replaces: Option<DatabaseUrl>,
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
    /// The lists of erasures that were taken into account.
    pub lists: Vec<ErasureList>,
    /// Whether a database that is replaced was looked at; else everybody is let in whom the backup lets in.
    pub compared: bool,
    /// Why the database that is replaced could not be looked at, in Chinese.
    pub unread: Option<String>,
    /// Keys that are revoked, for they were so in the database that is replaced, or were not there.
    pub revoked: Vec<KeyId>,
    /// Addresses for events that are removed, likewise.
    pub removed: Vec<WebhookId>,
    /// The keys that are good now.
    pub live: Vec<Key>,
    /// Where the settings in the backup are, when others are in force.
    pub settings_aside: Option<PathBuf>,
    /// Where the data directory of before is now.
    pub previous: Option<PathBuf>,
}

/// Puts a backup into the data directory, and one of PostgreSQL into the empty database that the settings name. Nobody else may use them meanwhile. Whoever
/// was erased, according to the lists in the data directory, in the backup, in the database that is replaced and those given, is erased in the copy before it
/// is put in place; and whoever was shut out of the database that is replaced is shut out of the copy.
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
    let replaced = Replaced::read(settings, request).await?;
    let (asked, place, on_server) = (request.clone(), target.clone(), server.is_some());
    let known = replaced.erasures().to_vec();
    let (copy, manifest, lists, occupied, settings_aside) = blocking(move || {
        let occupied = holds_data(&place)?;
        if occupied && !asked.replace {
            return Err(BackupError::Occupied { path: place }.into());
        }
        let (copy, manifest) = unpack(&asked.from, &place, on_server)?;
        let settings_aside = carry_over(&place, copy.folder.path())?;
        let lists = lists::put_together(&place, copy.folder.path(), &asked.erasures, &known)?;
        Ok((copy, manifest, lists, occupied, settings_aside))
    })
    .await?;
    let ring = settings.keyring.clone().unwrap_or_else(|| target.join(KEYRING[0]).join(KEYRING[1]));
    let settings = Settings { data_dir: copy.folder.path().to_owned(), ..settings.clone() };
    let erased = match server {
        Some(url) => refill(&settings, url, &manifest).await.map_err(|error| told(error, &ring))?,
        None => 0,
    };
    let finish = async {
        let checked = check(&settings, &manifest, &replaced, &lists).await;
        let mut report = checked.map_err(|error| told(error, &ring))?;
        report.erased_again += erased;
        report.lists = lists;
        report.settings_aside = settings_aside.then(|| target.join(SETTINGS_ASIDE));
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

/// What lies apart from backups: the keys, and the settings, which say who sees what: those in force stay so. Returns whether the backup has others.
fn carry_over(data_dir: &Path, copy: &Path) -> Result<bool, BackupError> {
    let keys = data_dir.join(KEYRING[0]).join(KEYRING[1]);
    if keys.is_file() {
        let place = copy.join(KEYRING[0]);
        let failed = |error| BackupError::io(&place, error);
        fs::create_dir(&place).map_err(failed)?;
        #[cfg(unix)]
        fs::set_permissions(&place, std::os::unix::fs::PermissionsExt::from_mode(0o700)).map_err(failed)?;
        fs::copy(&keys, place.join(KEYRING[1])).map_err(failed)?;
    }
    let (present, restored) = (data_dir.join(CONFIGURATION), copy.join(CONFIGURATION));
    let failed = |error| BackupError::io(&present, error);
    if !present.is_file() {
        return Ok(false);
    }
    let differ =
        restored.is_file() && fs::read(&present).map_err(failed)? != fs::read(&restored).map_err(failed)?;
    if differ {
        fs::rename(&restored, copy.join(SETTINGS_ASIDE)).map_err(failed)?;
    }
    fs::copy(&present, &restored).map_err(failed)?;
    Ok(differ)
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

/// Opens the copy, which erases whoever is to be erased, shuts out whoever was shut out since, builds its index and compares the two.
async fn check(
    settings: &Settings,
    manifest: &Manifest,
    replaced: &Replaced,
    lists: &[ErasureList],
) -> Result<RestoreReport, EngineError> {
    let store = Store::open_with(settings.database(), settings.keys()).await?;
    // Whoever followed the database when it was copied has another index by now.
    store.begin_anew().await?;
    let again = erasures::bring_together(&store, &settings.data_dir).await?;
    store.close().await;
    let engine = Engine::open(settings).await?;
    let (revoked, removed) = match replaced.shut_out() {
        Some(there) => engine.store.shut_out(there).await?,
        None => (Vec::new(), Vec::new()),
    };
    engine.give_up_operations().await?;
    // After the above: what was revoked and removed is told by its number.
    engine.store.go_on_behind(replaced.shut_out().map(|there| &there.given)).await?;
    let left = engine.finish_erasing(PATIENCE).await?;
    // What is put back was never seen by the planner before those were out of it; and what lies beside is no part of this copy.
    if left.iter().any(|left| !matches!(left, Remnant::Statistics | Remnant::Copy { .. })) {
        return Err(BackupError::NotErased.into());
    }
    let compared = engine.verify_index().await?;
    if !compared.differences.is_empty() {
        return Err(BackupError::Differs { differences: compared.differences.len() }.into());
    }
    let audit_faults = engine.verify_audit(None).await?.faults.len();
    let detail = json!({
        "made_at": manifest.made_at, "audit_head": manifest.audit_head, "erased_again": again,
        "erasure_lists": lists.len(), "compared": replaced.shut_out().is_some(), "revoked": revoked.len(),
        "webhooks_removed": removed.len()
    });
    engine.note(Event::done(Action::BackupRestore, About::Nothing, detail)).await?;
    let live = live_keys(&engine).await?;
    engine.close().await;
    Ok(RestoreReport {
        made_at: manifest.made_at,
        records: compared.records,
        erased_again: again,
        audit_faults,
        lists: Vec::new(),
        compared: replaced.shut_out().is_some(),
        unread: replaced.unread().map(str::to_owned),
        revoked,
        removed,
        live,
        settings_aside: None,
        previous: None,
    })
}

/// The keys that are good.
async fn live_keys(engine: &Engine) -> Result<Vec<Key>, EngineError> {
    let mut live = Vec::new();
    let mut after = 0;
    loop {
        let page = engine.store.keys(after, KEYS).await?;
        let Some(last) = page.last() else { return Ok(live) };
        after = last.id.0;
        live.extend(page.into_iter().filter(|key| key.state() == KeyState::Live));
    }
}

/// Renames the copy to the data directory. The one of before is kept under another name when it holds data.
fn put_in_place(copy: HeldFolder, target: &Path, occupied: bool) -> Result<Option<PathBuf>, BackupError> {
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
    // From here on nothing removes the copy by itself; nor do others as long as it is locked.
    let HeldFolder { folder, lock: _lock } = copy;
    let copy = folder.keep();
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
