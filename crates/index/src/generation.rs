//! Generations: each a directory with one complete index; a file beside them names the current one.
//!
//! ```text
//! <directory>/experts/CURRENT            the name of the current generation
//! <directory>/experts/generation-7/…     tantivy's files, and the term vectors that it was written with
//! <directory>/experts/rebuild.lock       held by the one rebuild
//! ```

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::SystemTime;

use domain::Kind;
use embedding::Model;
use serde::{Deserialize, Serialize};
use tantivy::directory::error::OpenReadError;
use tantivy::{Directory, Index, IndexReader, IndexSettings, ReloadPolicy, TantivyError};
use text::Analyzer;
use vectors::TermVectors;

use crate::IndexError;
use crate::inverting::Reading;
use crate::meaning::Meaning;
use crate::registry::Shared;
use crate::schema::{self, Fields};
use crate::sealed::{self, META, Seal, Sealed};
use crate::shelf;

const CURRENT: &str = "CURRENT";
const PREFIX: &str = "generation-";

/// What a commit says about itself.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Payload {
    pub(crate) position: u64,
    pub(crate) fingerprint: String,
    /// Identity of the term vectors that the documents were read with.
    pub(crate) vectors: String,
}

/// Why a generation cannot be used; the text is for the log.
#[derive(Debug)]
pub(crate) enum Fault {
    /// Built by another version, with other dictionaries or with another model: it stays so.
    Foreign(&'static str),
    /// Not what was written.
    Damaged(String),
    /// Not to be read at the moment.
    Unreadable(io::Error),
}

impl From<TantivyError> for Fault {
    fn from(error: TantivyError) -> Self {
        let refused = match &error {
            TantivyError::IoError(refused)
            | TantivyError::OpenReadError(OpenReadError::IoError { io_error: refused, .. }) => Some(refused),
            _ => None,
        };
        match refused.filter(|refused| !sealed::is_damage(refused)) {
            Some(refused) => Self::Unreadable(io::Error::new(refused.kind(), error)),
            None => Self::Damaged(error.to_string()),
        }
    }
}

impl From<IndexError> for Fault {
    fn from(error: IndexError) -> Self {
        match error {
            IndexError::Files(error) => error.into(),
            IndexError::Engine(error) => error.into(),
            other => Self::Damaged(other.to_string()),
        }
    }
}

impl Fault {
    /// As users of the index of `kind` hear of it.
    pub(crate) fn of(self, kind: Kind) -> IndexError {
        match self {
            Self::Unreadable(error) => IndexError::Files(error),
            Self::Damaged(reason) => {
                tracing::warn!(registry = %kind, reason, "the index is damaged");
                IndexError::Stale(kind)
            }
            Self::Foreign(_) => IndexError::Stale(kind),
        }
    }
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        if sealed::is_damage(&error) { Self::Damaged(error.to_string()) } else { Self::Unreadable(error) }
    }
}

/// Characters of a segment's name; its files are called so, with what they hold after a full stop.
const SEGMENT_NAME: usize = 32;
/// How often an index is checked that another process keeps changing.
const CHECKS: u32 = 5;

/// One complete index in its directory. Once retired, the directory goes with the last user.
pub(crate) struct Generation {
    pub(crate) name: String,
    pub(crate) index: Index,
    pub(crate) fields: Fields,
    pub(crate) reader: IndexReader,
    /// Explanations name words by them, and they tell what texts mean where there is no model.
    pub(crate) vectors: Arc<TermVectors>,
    model: Option<Arc<Model>>,
    files: Sealed,
    path: PathBuf,
    retired: AtomicBool,
}

impl Generation {
    /// Starts an empty generation whose number is above all others.
    pub(crate) fn create(shared: &Shared, vectors: Arc<TermVectors>) -> Result<Self, IndexError> {
        let root = &shared.root;
        let last = names(root)?.iter().filter_map(|name| number(name)).max().unwrap_or(0);
        let name = format!("{PREFIX}{}", last + 1);
        let path = root.join(&name);
        fs::create_dir_all(&path)?;
        let begun = Self::begin(shared, name, &path, vectors);
        if begun.is_err()
            && let Err(error) = fs::remove_dir_all(&path)
        {
            // On a full disk it is tried again and again: what each attempt leaves would fill it more.
            tracing::warn!(path = %path.display(), %error, "could not remove an index that was not begun");
        }
        begun
    }

    fn begin(
        shared: &Shared,
        name: String,
        path: &Path,
        vectors: Arc<TermVectors>,
    ) -> Result<Self, IndexError> {
        shelf::write(path, &vectors)?;
        let files = Sealed::open(path).map_err(TantivyError::from)?;
        let index = Index::create(files.clone(), schema::schema().0, IndexSettings::default())?;
        let generation = Self::with(name, path.to_owned(), (index, files), shared, vectors)?;
        sync_directory(&shared.root)?;
        Ok(generation)
    }

    /// Opens a generation if it is whole and was built as this program would build it.
    pub(crate) fn open(shared: &Shared, name: &str) -> Result<Self, Fault> {
        let path = shared.root.join(name);
        let files = Sealed::open(&path).map_err(TantivyError::from)?;
        // Nothing of it is mapped into memory before all of it was read: where a file is too short, or a sector is bad, that would end the process.
        verify(&files)?;
        let index = Index::open(files.clone())?;
        if index.schema() != schema::schema().0 {
            return Err(Fault::Foreign("another schema"));
        }
        let same = |payload: &Payload| payload.fingerprint == shared.fingerprint;
        let payload = payload(&index)?.filter(same).ok_or(Fault::Foreign("another analysis or model"))?;
        let vectors = shared.shelf.read(&path)?;
        // Without its own, the numbers in the index would be compared with those of another model, and nobody would see.
        if vectors.identity() != payload.vectors {
            return Err(Fault::Damaged("its term vectors are gone".to_owned()));
        }
        Ok(Self::with(name.to_owned(), path, (index, files), shared, vectors)?)
    }

    fn with(
        name: String,
        path: PathBuf,
        (index, files): (Index, Sealed),
        shared: &Shared,
        vectors: Arc<TermVectors>,
    ) -> Result<Self, TantivyError> {
        let reader = index
            .reader_builder()
            .reload_policy(ReloadPolicy::Manual)
            .doc_store_cache_num_blocks(1)
            .try_into()?;
        let fields = schema::schema().1;
        let model = shared.model.clone();
        Ok(Self { name, index, fields, reader, vectors, model, files, path, retired: AtomicBool::new(false) })
    }

    /// Who tells what its texts mean.
    pub(crate) fn meaning(&self) -> Meaning<'_> {
        match &self.model {
            Some(model) => Meaning::Model(model),
            None => Meaning::Terms(&self.vectors),
        }
    }

    /// What documents are read with.
    pub(crate) fn reading<'a>(&'a self, analyzer: &'a Analyzer) -> Reading<'a> {
        Reading { analyzer, fields: &self.fields, meaning: self.meaning() }
    }

    /// What tells whoever reads meaning here from any other.
    pub(crate) fn reader_of_meaning(&self) -> String {
        match self.meaning() {
            Meaning::Terms(vectors) => vectors.identity().to_owned(),
            Meaning::Model(model) => model.identity().to_owned(),
        }
    }

    /// The position of the last commit.
    pub(crate) fn position(&self) -> Result<u64, TantivyError> {
        Ok(payload(&self.index)?.map_or(0, |payload| payload.position))
    }

    /// What tells the last commit from any other: it names the segments, their deletions and the position.
    pub(crate) fn last_commit(&self) -> Result<Vec<u8>, IndexError> {
        Ok(last_commit(&self.index)?)
    }

    /// Sees that every file of the last commit is there and is what was written; such as nobody has touched since it was last seen are not read again.
    pub(crate) fn verify(&self) -> Result<Seal, Fault> {
        verify(&self.files)
    }

    /// Reads every file of the last commit; whether all are what was written. What is not shows at the next [`Self::verify`] too.
    pub(crate) fn examine(&self) -> bool {
        self.files.examine().is_ok()
    }

    /// Whether those of these files that are still there are what was written.
    pub(crate) fn holds(&self, seal: &Seal) -> io::Result<bool> {
        match self.files.verify_open(seal) {
            Ok(()) => Ok(true),
            Err(error) if sealed::is_damage(&error) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// When the last commit was made, by the clock of the file system.
    pub(crate) fn committed_at(&self) -> Option<SystemTime> {
        fs::metadata(self.path.join(META)).and_then(|file| file.modified()).ok()
    }

    /// Whether every segment's file in the directory is one of a segment that readers see.
    pub(crate) fn holds_current_segments_only(&self) -> Result<bool, IndexError> {
        let current: Vec<String> =
            self.index.searchable_segment_ids()?.iter().map(|segment| segment.uuid_string()).collect();
        for entry in fs::read_dir(&self.path)? {
            let name = entry?.file_name();
            let segment = name.to_str().and_then(|name| name.split('.').next()).unwrap_or_default();
            let is_segment = segment.len() == SEGMENT_NAME && segment.bytes().all(|b| b.is_ascii_hexdigit());
            if is_segment && !current.iter().any(|name| name == segment) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether the directory is to be removed as soon as nobody uses the generation.
    pub(crate) fn retire(&self, retired: bool) {
        self.retired.store(retired, Ordering::Release);
    }
}

impl Drop for Generation {
    fn drop(&mut self) {
        if self.retired.load(Ordering::Acquire)
            && let Err(error) = fs::remove_dir_all(&self.path)
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!(generation = self.name, %error, "could not remove an old index");
        }
    }
}

/// Sees that every file of the last commit is what was written.
fn verify(files: &Sealed) -> Result<Seal, Fault> {
    let mut attempt = 1;
    loop {
        let before = files.seal()?;
        match files.verify() {
            Ok(seal) => return Ok(seal),
            // Another process has committed meanwhile and removed files of the commit before.
            Err(_) if attempt < CHECKS && files.seal()? != before => attempt += 1,
            Err(error) => return Err(error.into()),
        }
    }
}

fn last_commit(index: &Index) -> Result<Vec<u8>, TantivyError> {
    Ok(index.directory().atomic_read(Path::new(META))?)
}

fn payload(index: &Index) -> Result<Option<Payload>, TantivyError> {
    let payload = index.load_metas()?.payload;
    Ok(payload.and_then(|json| serde_json::from_str(&json).ok()))
}

/// The name of the current generation, if there is one.
pub(crate) fn current(root: &Path) -> io::Result<Option<String>> {
    match fs::read_to_string(root.join(CURRENT)) {
        Ok(name) => Ok(number(name.trim()).map(|number| format!("{PREFIX}{number}"))),
        // A name that is no text is none.
        Err(error) if sealed::is_damage(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Makes `name` the current generation, durably and in one step.
pub(crate) fn set_current(root: &Path, name: &str) -> io::Result<()> {
    let next = root.join("CURRENT.next");
    let mut file = File::create(&next)?;
    file.write_all(name.as_bytes())?;
    file.sync_all()?;
    fs::rename(&next, root.join(CURRENT))?;
    sync_directory(root)
}

/// Removes what interrupted rebuilds have left. Only for the holder of the rebuild lock.
pub(crate) fn sweep(root: &Path) -> io::Result<()> {
    // Without a name nothing is known to be superfluous.
    let Some(current) = current(root)?.filter(|current| root.join(current).is_dir()) else { return Ok(()) };
    for name in names(root)?.into_iter().filter(|name| *name != current) {
        fs::remove_dir_all(root.join(name))?;
    }
    Ok(())
}

/// Takes the rebuild lock; `None` while another rebuild holds it.
pub(crate) fn rebuild_lock(root: &Path) -> io::Result<Option<File>> {
    let file = File::options().create(true).truncate(false).write(true).open(root.join("rebuild.lock"))?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(fs::TryLockError::WouldBlock) => Ok(None),
        Err(fs::TryLockError::Error(error)) => Err(error),
    }
}

fn names(root: &Path) -> io::Result<Vec<String>> {
    let entries = fs::read_dir(root)?.collect::<io::Result<Vec<_>>>()?;
    let names = entries.into_iter().filter_map(|entry| entry.file_name().into_string().ok());
    Ok(names.filter(|name| number(name).is_some()).collect())
}

/// The number in a generation's name.
pub(crate) fn number(name: &str) -> Option<u64> {
    name.strip_prefix(PREFIX)?.parse().ok()
}

fn sync_directory(path: &Path) -> io::Result<()> {
    // Windows cannot open a directory as a file, and needs no such call.
    if cfg!(unix) { File::open(path)?.sync_all() } else { Ok(()) }
}
