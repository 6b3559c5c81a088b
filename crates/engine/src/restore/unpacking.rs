//! A backup unpacked, and nothing taken from it that is not what its manifest says.

use std::fs::{self, File};
use std::io::{BufReader, Read, Write};
use std::path::Path;

use store::Store;
use zip::ZipArchive;

use crate::BackupError;
use crate::backup::held::{self, HeldFolder};
use crate::backup::manifest::{FORMAT, Held, MANIFEST, Manifest, Packed};

/// A manifest is no longer than this.
const LONGEST_MANIFEST: u64 = 1 << 20;

/// Unpacks a backup into a folder beside the data directory, checking everything.
pub(super) fn unpack(
    from: &Path,
    target: &Path,
    on_server: bool,
) -> Result<(HeldFolder, Manifest), BackupError> {
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
    held::sweep(parent)?;
    let copy = held::folder_in(parent).map_err(failed)?;
    for packed in files {
        let entry = archive.by_name(&packed.name).map_err(|_| broken(format!("缺少 {}", packed.name)))?;
        let path = copy.folder.path().join(&packed.name);
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
