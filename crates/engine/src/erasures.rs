//! The list of those who were erased, as a file beside the database: what an older database does not know is read from here.
//!
//! One entry on each line, as JSON and without personal data, only ever added to. It goes into every backup.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use store::{Erasure, Store};

use crate::EngineError;

/// The list's place in the data directory.
pub(crate) fn path(data_dir: &Path) -> PathBuf {
    data_dir.join("erasures")
}

/// The entries of a list; none when there is no file.
///
/// # Errors
/// [`EngineError::DataDir`] when it cannot be read, [`EngineError::ErasureLine`] when a line is none of the list's: whom it names would be served.
pub(crate) fn read(path: &Path) -> Result<Vec<Erasure>, EngineError> {
    let failed = |error| EngineError::DataDir { path: path.to_owned(), error };
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed(error)),
    };
    let mut entries = Vec::new();
    for (at, line) in text.split_inclusive('\n').enumerate() {
        match serde_json::from_str(line) {
            Ok(entry) => entries.push(entry),
            Err(_) if line.trim().is_empty() => {}
            // Broken off while it was written: nobody had been erased by then.
            Err(_) if !line.ends_with('\n') => {}
            Err(error) => {
                let (path, line) = (path.to_owned(), at + 1);
                return Err(EngineError::ErasureLine { path, line, error });
            }
        }
    }
    Ok(entries)
}

/// Adds entries, durably. Processes that share the directory do so one after the other.
pub(crate) fn append(path: &Path, entries: &[Erasure]) -> Result<(), EngineError> {
    let failed = |error| EngineError::DataDir { path: path.to_owned(), error };
    if entries.is_empty() {
        return Ok(());
    }
    let mut text = String::new();
    for entry in entries {
        text.push_str(&serde_json::to_string(entry).expect("numbers and texts are always JSON"));
        text.push('\n');
    }
    let mut options = File::options();
    options.create(true).read(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = || {
        let mut file = options.open(path)?;
        file.lock()?;
        let before = drop_broken_line(&mut file)?;
        if let Err(error) = file.write_all(text.as_bytes()).and_then(|()| file.sync_all()) {
            // On a full disk the first of them may be whole: who is told that nothing was done must not find it done at the next start.
            file.set_len(before)?;
            return Err(error);
        }
        sync_folder(path.parent().unwrap_or(Path::new(".")))
    };
    written().map_err(failed)
}

/// Takes away what was broken off while it was written, so that the next entry begins a line. Returns where that is.
fn drop_broken_line(file: &mut File) -> io::Result<u64> {
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |last| last + 1);
    if whole < bytes.len() {
        file.set_len(whole as u64)?;
    }
    Ok(whole as u64)
}

/// Makes what was put into a folder durable.
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    // Windows cannot open a directory as a file, and needs no such call.
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

/// Brings list and database together, before anything is served: who is erased according to either is erased in both. Returns
/// how many were here again.
pub(crate) async fn bring_together(store: &Store, data_dir: &Path) -> Result<u64, EngineError> {
    let path = path(data_dir);
    let listed = read(&path)?;
    let again = store.add_erasures(&listed).await?;
    if !again.is_empty() {
        tracing::warn!(
            records = again.len(),
            "persons who had been erased were in the database again, and are erased again"
        );
    }
    note_down(store, &path).await?;
    Ok(again.len() as u64)
}

/// Enters into a list whoever was erased according to the database, by whatever server. Returns how many entries the database has.
pub(crate) async fn note_down(store: &Store, path: &Path) -> Result<u64, EngineError> {
    let listed: BTreeSet<Erasure> = read(path)?.into_iter().collect();
    let entries = store.erasures().await?;
    let count = entries.len() as u64;
    let missing: Vec<Erasure> = entries.into_iter().filter(|entry| !listed.contains(entry)).collect();
    append(path, &missing)?;
    Ok(count)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use store::ErasureKind;

    use super::*;

    fn entry(number: u64) -> Erasure {
        let kind = domain::Kind::Expert;
        Erasure { at: 1, what: ErasureKind::Erased, kind, number, digest: store::digest(kind, "ZJ-1") }
    }

    #[test]
    fn a_list_grows_and_what_was_broken_off_does_not_spoil_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = path(folder.path());
        assert!(read(&path).unwrap().is_empty());
        append(&path, &[entry(1)]).unwrap();
        let whole = fs::read_to_string(&path).unwrap();
        fs::write(&path, format!("{whole}{}", &whole[..20])).unwrap();
        assert_eq!(read(&path).unwrap(), [entry(1)]);
        append(&path, &[entry(2)]).unwrap();
        assert_eq!(read(&path).unwrap(), [entry(1), entry(2)]);
        fs::write(&path, format!("nonsense\n{whole}")).unwrap();
        assert!(matches!(read(&path), Err(EngineError::ErasureLine { line: 1, .. })));
        fs::write(&path, format!("{whole}nonsense\n")).unwrap();
        assert!(matches!(read(&path), Err(EngineError::ErasureLine { line: 2, .. })));
    }
}
