//! Copies of a database that are not finished: each is locked by the process that makes it. The lock goes with the process, however it ends, so what nobody
//! holds is nobody's, and is removed.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use tempfile::{NamedTempFile, TempDir};

use crate::BackupError;

/// Folders in which a data directory is put together, beside its place.
const FOLDERS: &str = ".hongniang-restore-";
/// Archives that are being written, beside theirs.
const FILES: &str = ".hongniang-backup-";

/// A folder that is removed unless it is kept.
pub(crate) struct HeldFolder {
    pub(crate) folder: TempDir,
    /// Held until the folder is gone, or has its name.
    pub(crate) lock: Option<File>,
}

/// Makes a folder there that others leave alone.
pub(crate) fn folder_in(parent: &Path) -> io::Result<HeldFolder> {
    loop {
        let mut making = tempfile::Builder::new();
        // It may become a data directory, which is its owner's alone.
        #[cfg(unix)]
        making.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
        let folder = making.prefix(FOLDERS).tempdir_in(parent)?;
        // Folders cannot be opened everywhere; where they cannot, nobody sweeps them either.
        let lock = if cfg!(unix) { Some(File::open(folder.path())?) } else { None };
        if let Some(lock) = &lock {
            lock.lock()?;
        }
        // Between its making and its lock somebody may have taken it for nobody's.
        if folder.path().exists() {
            return Ok(HeldFolder { folder, lock });
        }
    }
}

/// Makes a file there that others leave alone.
pub(crate) fn file_in(parent: &Path) -> io::Result<NamedTempFile> {
    loop {
        let file = tempfile::Builder::new().prefix(FILES).tempfile_in(parent)?;
        file.as_file().lock()?;
        if file.path().exists() {
            return Ok(file);
        }
    }
}

/// Removes what is there and nobody holds. Returns what this process may not remove.
pub(crate) fn sweep(parent: &Path) -> Result<Vec<PathBuf>, BackupError> {
    let failed = |error| BackupError::io(parent, error);
    let entries = match fs::read_dir(parent) {
        // Where nothing can be listed, nothing of ours was made.
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied) => {
            return Ok(Vec::new());
        }
        entries => entries.map_err(failed)?,
    };
    let mut left = Vec::new();
    for entry in entries {
        let entry = entry.map_err(failed)?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let is_folder = name.starts_with(FOLDERS) && cfg!(unix);
        if !is_folder && !name.starts_with(FILES) {
            continue;
        }
        let path = entry.path();
        match remove_unheld(&path, is_folder) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                tracing::warn!(path = %path.display(), "an unfinished copy of the database cannot be removed");
                left.push(path);
            }
            Err(error) => return Err(BackupError::io(&path, error)),
        }
    }
    Ok(left)
}

fn remove_unheld(path: &Path, is_folder: bool) -> io::Result<()> {
    // A link leads to something that is not ours.
    if fs::symlink_metadata(path)?.is_dir() != is_folder {
        return Ok(());
    }
    let lock = File::open(path)?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Ok(()),
        Err(TryLockError::Error(error)) => return Err(error),
    }
    if is_folder { fs::remove_dir_all(path) } else { fs::remove_file(path) }
}

#[cfg(all(test, unix))]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn what_is_held_stays_and_what_nobody_holds_goes() {
        let parent = tempfile::tempdir().unwrap();
        let path = |name: &str| parent.path().join(name);
        let (folder, file) = (folder_in(parent.path()).unwrap(), file_in(parent.path()).unwrap());
        fs::create_dir_all(path(".hongniang-restore-dead/index")).unwrap();
        fs::write(path(".hongniang-restore-dead/hongniang.db"), "x").unwrap();
        fs::write(path(".hongniang-backup-dead"), "x").unwrap();
        fs::create_dir(path("elsewhere")).unwrap();
        std::os::unix::fs::symlink(path("elsewhere"), path(".hongniang-restore-link")).unwrap();
        assert_eq!(sweep(parent.path()).unwrap(), Vec::<PathBuf>::new());
        assert!(folder.folder.path().exists() && file.path().exists() && path("elsewhere").exists());
        assert!(!path(".hongniang-restore-dead").exists() && !path(".hongniang-backup-dead").exists());
        // Put in place, it is not in anybody's way.
        let kept = file.persist(path("done.zip")).unwrap();
        drop(kept);
        let HeldFolder { folder, lock } = folder;
        fs::rename(folder.keep(), path("data")).unwrap();
        drop(lock);
        sweep(parent.path()).unwrap();
        assert!(path("done.zip").exists() && path("data").exists());
    }
}
