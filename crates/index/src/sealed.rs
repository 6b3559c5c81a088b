//! The files of a generation under a seal: each commit says which files it consists of, how long each is and what its digest is.
//!
//! tantivy guards the body of a file with a checksum, but not `meta.json`, which says what a commit is; nor can it tell a file from a sound one of
//! another segment. So the seal lies in `meta.json` itself, below tantivy's JSON, and is written and replaced in one step with it:
//!
//! ```text
//! …tantivy's JSON…
//! HNSEAL1
//! <name> <bytes> <BLAKE3>        a line for each file of each segment
//! <BLAKE3 of the names of registry and generation, and of all before>
//! ```
//!
//! The names are in the digest, and not only the files: of an index without segments the seal would else be good anywhere.
//!
//! A file is read once to see that it is what was sealed, and again whenever the file system says that it was touched since.

use std::collections::{BTreeMap, HashMap};
use std::fs::{self, File, Metadata};
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value;
use tantivy::directory::error::{DeleteError, LockError, OpenDirectoryError, OpenReadError, OpenWriteError};
use tantivy::directory::{
    AntiCallToken, Directory, DirectoryLock, FileHandle, Lock, MmapDirectory, TerminatingWrite,
    WatchCallback, WatchHandle, WritePtr,
};

/// Where tantivy says what a commit is.
pub(crate) const META: &str = "meta.json";
/// Where it lists its files; without the list none of them would ever be removed.
const MANAGED: &str = ".managed.json";
const MAGIC: &str = "\nHNSEAL1\n";
/// Read at a time to see what a file holds.
const BLOCK: usize = 1 << 20;

/// A directory of tantivy's whose commits are sealed. Clones share what they know.
#[derive(Clone, Debug)]
pub(crate) struct Sealed {
    inner: MmapDirectory,
    root: PathBuf,
    known: Arc<Mutex<Known>>,
}

#[derive(Debug, Default)]
struct Known {
    /// What was written here or sealed by anybody, by name.
    files: HashMap<String, Sum>,
    /// As each file was when it was last seen to be what was sealed.
    sound: HashMap<String, Stamp>,
}

/// What a file is to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sum {
    length: u64,
    digest: blake3::Hash,
}

/// What changes when anybody writes to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    length: u64,
    modified: Option<std::time::SystemTime>,
    inode: u64,
}

/// The files of a commit.
pub(crate) type Seal = BTreeMap<String, Sum>;

impl Sealed {
    pub(crate) fn open(root: &Path) -> Result<Self, OpenDirectoryError> {
        Ok(Self { inner: MmapDirectory::open(root)?, root: root.to_owned(), known: Arc::default() })
    }

    /// The files of the last commit.
    pub(crate) fn seal(&self) -> io::Result<Seal> {
        let (_, seal) = unsealed(&self.root, &fs::read(self.root.join(META))?)?;
        Ok(seal)
    }

    /// Sees that every file of the last commit is there and is what was sealed.
    ///
    /// # Errors
    /// [`is_damage`] tells damage from a file system that refuses.
    pub(crate) fn verify(&self) -> io::Result<Seal> {
        let seal = self.seal()?;
        fs::metadata(self.root.join(MANAGED))?;
        seal.iter().try_for_each(|(name, sum)| self.verify_file(name, *sum))?;
        Ok(seal)
    }

    /// Sees that those files that are still there are what was sealed. One that has gone can be read on by whoever has it open.
    pub(crate) fn verify_open(&self, seal: &Seal) -> io::Result<()> {
        seal.iter().try_for_each(|(name, sum)| match self.verify_file(name, *sum) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            outcome => outcome,
        })
    }

    /// Reads every file of the last commit, also those that nobody has touched: a disk that loses bits touches no file. Others who look meanwhile do not
    /// have to read all of them.
    pub(crate) fn examine(&self) -> io::Result<()> {
        let mut outcome = Ok(());
        for (name, sum) in self.seal()? {
            let found = Sum::of(&self.root.join(&name));
            if found.as_ref().is_ok_and(|found| *found == sum) {
                continue;
            }
            self.known().sound.remove(&name);
            outcome = outcome.and(Err(found.err().unwrap_or_else(|| damaged(&name))));
        }
        outcome
    }

    fn verify_file(&self, name: &str, sum: Sum) -> io::Result<()> {
        let path = self.root.join(name);
        let stamp = Stamp::of(&fs::metadata(&path)?);
        if self.known().sound.get(name) == Some(&stamp) {
            return Ok(());
        }
        let found =
            if stamp.length == sum.length { Sum::of(&path)? } else { Sum { length: stamp.length, ..sum } };
        if found != sum {
            return Err(damaged(name));
        }
        self.known().sound.insert(name.to_owned(), stamp);
        Ok(())
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// tantivy's JSON with the seal below it.
    fn sealed(&self, json: &[u8]) -> io::Result<Vec<u8>> {
        let meta: Value = serde_json::from_slice(json)?;
        let segments = meta["segments"].as_array().map_or(&[][..], Vec::as_slice);
        let mut text = json.to_vec();
        text.extend(MAGIC.as_bytes());
        let known = self.known();
        for segment in segments {
            let id = segment["segment_id"].as_str().unwrap_or_default().replace('-', "");
            let deletes = segment["deletes"]["opstamp"].as_u64().map(|opstamp| format!("{id}.{opstamp}.del"));
            let belongs = |name: &str| match name.strip_prefix(&id) {
                Some(rest) if rest.ends_with(".del") => deletes.as_deref() == Some(name),
                Some(rest) => rest.starts_with('.') && !rest.ends_with(".temp"),
                None => false,
            };
            let mut files: Vec<_> = known.files.iter().filter(|(name, _)| belongs(name)).collect();
            if files.is_empty() || deletes.is_some_and(|name| !known.files.contains_key(&name)) {
                return Err(io::Error::other(format!("files of segment {id} are not known")));
            }
            files.sort_unstable_by_key(|(name, _)| *name);
            for (name, sum) in files {
                writeln!(text, "{name} {} {}", sum.length, sum.digest.to_hex())?;
            }
        }
        let digest = digest(&self.root, &text);
        writeln!(text, "{}", digest.to_hex())?;
        Ok(text)
    }
}

/// Whether a file is not what it was, rather than that the system cannot read files now.
pub(crate) fn is_damage(error: &io::Error) -> bool {
    // EIO: the disk has lost what lies there; an index that is written anew lies elsewhere.
    const LOST: i32 = 5;
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::InvalidData | ErrorKind::UnexpectedEof)
        || error.raw_os_error() == Some(LOST)
}

fn damaged(name: &str) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, format!("damaged: {name}"))
}

/// Over what a commit says of itself and where it lies: below its registry's directory, in its generation's.
fn digest(root: &Path, told: &[u8]) -> blake3::Hash {
    let mut hasher = blake3::Hasher::new();
    let mut names: Vec<_> = root.iter().rev().take(2).collect();
    names.reverse();
    for name in names {
        hasher.update(name.as_encoded_bytes());
        hasher.update(b"/");
    }
    hasher.update(told);
    hasher.finalize()
}

/// tantivy's JSON and the seal, if the two are as they were written.
fn unsealed<'b>(root: &Path, bytes: &'b [u8]) -> io::Result<(&'b [u8], Seal)> {
    let damaged = || damaged(META);
    let whole = bytes.strip_suffix(b"\n").ok_or_else(damaged)?;
    let digest_at = whole.iter().rposition(|&byte| byte == b'\n').ok_or_else(damaged)? + 1;
    let (told, digest) = whole.split_at(digest_at);
    let digest = blake3::Hash::from_hex(digest).map_err(|_| damaged())?;
    if self::digest(root, told) != digest {
        return Err(damaged());
    }
    let seal_at =
        told.windows(MAGIC.len()).rposition(|window| window == MAGIC.as_bytes()).ok_or_else(damaged)?;
    let lines = str::from_utf8(&told[seal_at + MAGIC.len()..]).map_err(|_| damaged())?;
    let seal = lines.lines().map(line).collect::<Option<Seal>>().ok_or_else(damaged)?;
    Ok((&told[..seal_at], seal))
}

fn line(line: &str) -> Option<(String, Sum)> {
    let mut words = line.split(' ');
    let (name, length, digest) = (words.next()?, words.next()?.parse().ok()?, words.next()?);
    let digest = blake3::Hash::from_hex(digest).ok()?;
    words.next().is_none().then(|| (name.to_owned(), Sum { length, digest }))
}

impl Sum {
    /// By reading, not by mapping into memory: a bad sector is then an error, not the end of the process.
    fn of(path: &Path) -> io::Result<Self> {
        let (mut file, mut hasher, mut length) = (File::open(path)?, blake3::Hasher::new(), 0);
        let mut block = vec![0; BLOCK];
        loop {
            match file.read(&mut block) {
                Ok(0) => return Ok(Self { length, digest: hasher.finalize() }),
                Ok(read) => {
                    hasher.update(&block[..read]);
                    length += read as u64;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}

impl Stamp {
    fn of(file: &Metadata) -> Self {
        #[cfg(unix)]
        let inode = std::os::unix::fs::MetadataExt::ino(file);
        #[cfg(not(unix))]
        let inode = 0;
        Self { length: file.len(), modified: file.modified().ok(), inode }
    }
}

impl Directory for Sealed {
    fn get_file_handle(&self, path: &Path) -> Result<Arc<dyn FileHandle>, OpenReadError> {
        self.inner.get_file_handle(path)
    }

    fn delete(&self, path: &Path) -> Result<(), DeleteError> {
        if let Some(name) = path.to_str() {
            let mut known = self.known();
            known.files.remove(name);
            known.sound.remove(name);
        }
        self.inner.delete(path)
    }

    fn exists(&self, path: &Path) -> Result<bool, OpenReadError> {
        self.inner.exists(path)
    }

    fn open_write(&self, path: &Path) -> Result<WritePtr, OpenWriteError> {
        let file = self.inner.open_write(path)?.into_inner();
        let file =
            file.map_err(|error| OpenWriteError::wrap_io_error(error.into_error(), path.to_owned()))?;
        let hasher = blake3::Hasher::new();
        Ok(WritePtr::new(Box::new(Summing {
            file,
            hasher,
            length: 0,
            path: path.to_owned(),
            to: self.clone(),
        })))
    }

    fn atomic_read(&self, path: &Path) -> Result<Vec<u8>, OpenReadError> {
        let mut bytes = self.inner.atomic_read(path)?;
        if path == Path::new(META) {
            let unsealed = unsealed(&self.root, &bytes).map(|(json, seal)| (json.len(), seal));
            let (length, seal) =
                unsealed.map_err(|error| OpenReadError::wrap_io_error(error, path.to_owned()))?;
            bytes.truncate(length);
            self.known().files.extend(seal);
        }
        Ok(bytes)
    }

    fn atomic_write(&self, path: &Path, data: &[u8]) -> io::Result<()> {
        if path == Path::new(META) {
            return self.inner.atomic_write(path, &self.sealed(data)?);
        }
        self.inner.atomic_write(path, data)
    }

    fn sync_directory(&self) -> io::Result<()> {
        self.inner.sync_directory()
    }

    fn acquire_lock(&self, lock: &Lock) -> Result<DirectoryLock, LockError> {
        self.inner.acquire_lock(lock)
    }

    fn watch(&self, callback: WatchCallback) -> tantivy::Result<WatchHandle> {
        self.inner.watch(callback)
    }
}

/// A file that is summed up while it is written.
struct Summing {
    file: Box<dyn TerminatingWrite + Send + Sync>,
    hasher: blake3::Hasher,
    length: u64,
    path: PathBuf,
    to: Sealed,
}

impl Write for Summing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.hasher.update(&bytes[..written]);
        self.length += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl TerminatingWrite for Summing {
    fn terminate_ref(&mut self, token: AntiCallToken) -> io::Result<()> {
        self.file.terminate_ref(token)?;
        let stamp = Stamp::of(&fs::metadata(self.to.root.join(&self.path))?);
        let sum = Sum { length: self.length, digest: self.hasher.finalize() };
        if let Some(name) = self.path.to_str() {
            let mut known = self.to.known();
            known.files.insert(name.to_owned(), sum);
            known.sound.insert(name.to_owned(), stamp);
        }
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn a_seal_is_good_in_its_place_only() {
        let folder = tempfile::tempdir().unwrap();
        let place = |name: &str| {
            let place = folder.path().join(name);
            fs::create_dir_all(&place).unwrap();
            place
        };
        let own = place("experts/generation-1");
        let sealed = Sealed::open(&own).unwrap().sealed(br#"{"segments":[]}"#).unwrap();
        assert!(unsealed(&own, &sealed).unwrap().1.is_empty());
        for other in ["societies/generation-1", "experts/generation-2"] {
            assert!(unsealed(&place(other), &sealed).is_err(), "{other}");
        }
    }
}
