//! A little room kept beside the database, for the day when the disk is full: without a few pages for its shared memory SQLite cannot even be opened for
//! reading. The room is given up when a start finds none, and taken again as soon as there is some.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// The shared memory of a WAL of 64 MiB takes an eighth of this.
const ROOM: u64 = 1 << 20;
const BLOCK: usize = 1 << 12;

/// The file that holds the room; `None` for a database in memory alone.
pub(super) struct Reserve(Option<PathBuf>);

impl Reserve {
    /// Of the database in this file.
    pub(super) fn of(database: &Path, in_memory: bool) -> Self {
        let mut name = database.as_os_str().to_owned();
        name.push("-reserve");
        Self((!in_memory).then(|| name.into()))
    }

    /// Takes what is lacking, as far as there is room; what does not succeed is tried at the next start, or end.
    pub(super) fn take(&self) {
        let Some(path) = &self.0 else { return };
        match take(path) {
            Ok(()) => {}
            Err(error)
                if matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded) => {}
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "no room is kept for a full disk");
            }
        }
    }

    /// Gives the room up; whether there was any.
    pub(super) fn give_up(&self) -> bool {
        let held = self.0.as_ref().is_some_and(|path| fs::remove_file(path).is_ok());
        if held {
            tracing::warn!("the disk is full: the room kept for this has been used to open the database");
        }
        held
    }
}

fn take(path: &Path) -> io::Result<()> {
    let mut options = File::options();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    let mut held = file.metadata()?.len();
    while held < ROOM {
        file.write_all(&[0; BLOCK])?;
        held += BLOCK as u64;
    }
    Ok(())
}
