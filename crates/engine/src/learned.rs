//! What was learned lies in files of the data directory, under `learned/`: each is put in place whole, or not at all.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Where a learned file lies.
pub fn path(data_dir: &Path, name: &str) -> PathBuf {
    data_dir.join("learned").join(name)
}

/// Puts a file in place, durably and in one step.
///
/// # Errors
/// When it cannot be written; what was there before stays.
pub fn install(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let next = path.with_extension("next");
    let mut file = File::create(&next)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&next, path)?;
    // Windows cannot open a directory as a file, and needs no such call.
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}
