//! Files that are put aside until their operation has ended: sealed, in a folder of the data directory, and no more of them than was agreed on.

use std::collections::HashMap;
use std::fs::{self, File, TryLockError};
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use store::{SealError, Sealing, Store, StoreError, Unsealing};

use crate::EngineError;
use crate::following::drawn;

const FOLDER: &str = "operations";
/// Held by the process that does the operations of this data directory.
const LOCK: &str = "lock";
/// A commit of which no answer came is done by then, or never: the database drops a transaction whose client says nothing.
const DOUBT: Duration = Duration::from_secs(180);
/// It is looked whether there is room left after so many bytes.
const STEP: u64 = 1 << 20;

/// The folder.
pub(crate) struct Aside {
    folder: PathBuf,
    /// Bytes of all files together.
    most: u64,
    /// Files that this process is writing or has written, and that are not on file in the database yet: name and size.
    fresh: Mutex<HashMap<String, u64>>,
    /// Files of which nobody knows yet whether they are on file, and until when that is so.
    doubtful: Mutex<HashMap<String, Instant>>,
}

/// A file on its way.
pub(crate) struct Incoming {
    laid: Laid,
    sealing: Sealing<BufWriter<File>>,
    digest: blake3::Hasher,
    looked_at: u64,
}

/// A file that lies there; it goes with this, unless it is kept.
pub struct Laid {
    aside: Arc<Aside>,
    name: String,
    size: u64,
    digest: [u8; 32],
    kept: bool,
}

/// Why reading what was put aside came to an end, when that was not the sender's fault.
#[derive(Default, Clone)]
pub(crate) struct OurFault(Arc<Mutex<Option<io::Error>>>);

/// Notes our own faults, which readers take for faults of the file.
pub(crate) struct Watched<R> {
    input: R,
    fault: OurFault,
}

impl Aside {
    pub(super) fn new(data_dir: &Path, most: u64) -> Self {
        Self { folder: data_dir.join(FOLDER), most, fresh: Mutex::default(), doubtful: Mutex::default() }
    }

    /// The lock of whoever does the operations of this data directory; `None` while another process has it. It goes with the process.
    pub(super) fn alone(&self) -> Result<Option<File>, EngineError> {
        self.make_folder()?;
        let path = self.folder.join(LOCK);
        let lock = File::options().create(true).truncate(false).write(true).open(&path);
        let lock = lock.map_err(|error| self.unusable(error))?;
        match lock.try_lock() {
            Ok(()) => Ok(Some(lock)),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(self.unusable(error)),
        }
    }

    /// Begins to put a file aside.
    pub(crate) fn put(self: &Arc<Self>, store: &Store) -> Result<Incoming, EngineError> {
        self.make_folder()?;
        let name = drawn();
        // From here on it goes again when this fails.
        self.fresh().insert(name.clone(), 0);
        let laid = Laid { aside: Arc::clone(self), name, size: 0, digest: [0; 32], kept: false };
        let mut options = File::options();
        options.create_new(true).write(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(self.folder.join(&laid.name)).map_err(|error| self.unusable(error))?;
        let sealing = store.sealing(BufWriter::new(file)).map_err(|error| self.refused(error))?;
        Ok(Incoming { laid, sealing, digest: blake3::Hasher::new(), looked_at: 0 })
    }

    /// Opens a file that was put aside.
    ///
    /// # Errors
    /// [`EngineError::FileLost`] when it is not there, or is none of ours.
    pub(super) fn open(
        &self,
        store: &Store,
        name: &str,
    ) -> Result<(Watched<Unsealing<File>>, OurFault), EngineError> {
        let file = match File::open(self.folder.join(name)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(EngineError::FileLost),
            opened => opened.map_err(|error| self.unusable(error))?,
        };
        let input = store.unsealing(file).map_err(|error| self.refused(error))?;
        let fault = OurFault::default();
        Ok((Watched { input, fault: fault.clone() }, fault))
    }

    /// Takes a file away whose operation has ended.
    pub(super) fn remove(&self, name: &str) -> Result<(), EngineError> {
        match fs::remove_file(self.folder.join(name)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(self.unusable(error)),
            _ => Ok(()),
        }
    }

    /// Files that lie there and are not on their way, nor in doubt. Those of them that are not on file in the database afterwards are nobody's.
    pub(super) fn settled(&self) -> Result<Vec<String>, EngineError> {
        let mut fresh: Vec<String> = self.fresh().keys().cloned().collect();
        {
            let mut doubtful = self.doubtful.lock().unwrap_or_else(PoisonError::into_inner);
            doubtful.retain(|_, until| *until > Instant::now());
            fresh.extend(doubtful.keys().cloned());
        }
        let mut names = self.names().map_err(|error| self.unusable(error))?;
        names.retain(|name| !fresh.contains(name));
        Ok(names)
    }

    pub(super) fn unusable(&self, error: io::Error) -> EngineError {
        if error.kind() == io::ErrorKind::InvalidData {
            return EngineError::FileLost;
        }
        EngineError::DataDir { path: self.folder.clone(), error }
    }

    fn refused(&self, error: SealError) -> EngineError {
        match error {
            SealError::Keys(error @ StoreError::MissingKey { .. }) => error.into(),
            SealError::Keys(error) => error.into(),
            SealError::File(error) if error.kind() == io::ErrorKind::UnexpectedEof => EngineError::FileLost,
            SealError::File(error) => self.unusable(error),
        }
    }

    fn names(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let name = entry?.file_name().to_string_lossy().into_owned();
            if name != LOCK {
                names.push(name);
            }
        }
        Ok(names)
    }

    /// Whether what lies there, with the files on their way, is within what was agreed on.
    fn has_room(&self) -> io::Result<bool> {
        let fresh = self.fresh().clone();
        let mut bytes: u64 = fresh.values().sum();
        for name in self.names()? {
            if !fresh.contains_key(&name) {
                bytes += fs::metadata(self.folder.join(&name)).map_or(0, |about| about.len());
            }
        }
        Ok(bytes <= self.most)
    }

    fn make_folder(&self) -> Result<(), EngineError> {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&self.folder).map_err(|error| self.unusable(error))
    }

    fn fresh(&self) -> std::sync::MutexGuard<'_, HashMap<String, u64>> {
        self.fresh.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Incoming {
    /// Puts everything that comes from there aside, durably.
    ///
    /// # Errors
    /// [`EngineError::NoRoomAside`]; when the disk takes no more. What `input` says of itself is left to whoever made it.
    pub(crate) fn take(mut self, input: &mut impl Read) -> Result<(Laid, io::Result<()>), EngineError> {
        let mut buffer = vec![0; 64 << 10];
        let ended = loop {
            let length = match input.read(&mut buffer) {
                Ok(0) => break Ok(()),
                Ok(length) => length,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => break Err(error),
            };
            self.add(&buffer[..length])?;
        };
        let Self { mut laid, sealing, digest, .. } = self;
        let aside = Arc::clone(&laid.aside);
        let durable = || -> io::Result<()> {
            sealing.finish()?.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
            if cfg!(unix) { File::open(&aside.folder)?.sync_all() } else { Ok(()) }
        };
        durable().map_err(|error| aside.unusable(error))?;
        laid.digest = *digest.finalize().as_bytes();
        Ok((laid, ended))
    }

    fn add(&mut self, bytes: &[u8]) -> Result<(), EngineError> {
        let aside = Arc::clone(&self.laid.aside);
        self.sealing.write_all(bytes).map_err(|error| aside.unusable(error))?;
        self.digest.update(bytes);
        self.laid.size += bytes.len() as u64;
        if self.laid.size - self.looked_at >= STEP || self.looked_at == 0 {
            self.looked_at = self.laid.size;
            aside.fresh().insert(self.laid.name.clone(), self.laid.size);
            if !aside.has_room().map_err(|error| aside.unusable(error))? {
                return Err(EngineError::NoRoomAside);
            }
        }
        Ok(())
    }
}

impl Laid {
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Bytes of the file before it was sealed.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// A digest of what it says.
    pub fn digest(&self) -> [u8; 32] {
        self.digest
    }

    /// Leaves the file to its operation, which is on file now.
    pub(crate) fn keep(mut self) {
        self.kept = true;
    }

    /// Leaves the file to its operation if there is one, which nobody knows; if there is none, it is taken away later.
    pub(crate) fn keep_in_doubt(self) {
        let mut doubtful = self.aside.doubtful.lock().unwrap_or_else(PoisonError::into_inner);
        doubtful.insert(self.name.clone(), Instant::now() + DOUBT);
        drop(doubtful);
        self.keep();
    }
}

impl Drop for Laid {
    fn drop(&mut self) {
        if !self.kept
            && let Err(error) = self.aside.remove(&self.name)
        {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "a file that nobody needs is left until the next start"
            );
        }
        self.aside.fresh().remove(&self.name);
    }
}

impl OurFault {
    /// What went wrong on our side, if anything did.
    pub(super) fn take(&self) -> Option<io::Error> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl<R: Read> Read for Watched<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.input.read(buffer).inspect_err(|error| {
            let noted = io::Error::new(error.kind(), error.to_string());
            *self.fault.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(noted);
        })
    }
}
