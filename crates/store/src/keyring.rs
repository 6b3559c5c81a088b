//! The keys under which contacts lie: a ring of them in a file of its own, of which the last one seals and all open.
//!
//! A running process sees when the file has changed, so a key that another process adds is used from the next write on.

use std::fmt;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::SystemTime;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use zeroize::Zeroizing;

use crate::StoreError;

/// What stands above the keys of a new file.
const HEADING: &str = "# 红娘：联系方式的密钥环。每行一把密钥，最后一把用于加密，其余仍用于解密。\n\
# 请与数据库、备份分开保管；丢失密钥，用它加密的联系方式就无法恢复。\n";
/// How a line begins that gives a key up.
const LOST: &str = "lost ";
/// The ring's place below the folder of an SQLite file.
const BESIDE: [&str; 2] = ["keys", "contacts.keys"];

/// Where the keys of contacts lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeySource {
    /// `keys/contacts.keys` in the folder of an SQLite file; with a database in memory or on a server, in memory alone.
    BesideDatabase,
    /// This file.
    File(PathBuf),
}

/// A key and the name by which what it seals says so.
#[derive(Clone)]
pub(crate) struct Key {
    pub(crate) id: String,
    pub(crate) secret: Zeroizing<[u8; 32]>,
}

/// Never shows the key.
impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.id)
    }
}

/// Keys in the order in which they came; there is always one.
#[derive(Debug, Clone)]
pub(crate) struct KeyRing {
    keys: Vec<Key>,
    /// Names of keys that the operator has given up.
    lost: Vec<String>,
}

impl KeyRing {
    fn of_one(key: Key) -> Self {
        Self { keys: vec![key], lost: Vec::new() }
    }

    /// The key that seals.
    pub(crate) fn current(&self) -> &Key {
        &self.keys[self.keys.len() - 1]
    }

    pub(crate) fn key(&self, id: &str) -> Option<&Key> {
        self.keys.iter().find(|key| key.id == id)
    }

    pub(crate) fn ids(&self) -> impl Iterator<Item = &str> {
        self.keys.iter().map(|key| key.id.as_str())
    }

    fn parse(text: &str) -> Option<Self> {
        let (mut keys, mut lost) = (Vec::new(), Vec::new());
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
            match line.strip_prefix(LOST) {
                Some(id) => lost.push(id.trim().to_owned()),
                None => keys.push(Key::parse(line)?),
            }
        }
        (!keys.is_empty()).then_some(Self { keys, lost })
    }

    fn to_text(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(HEADING.to_owned());
        for id in &self.lost {
            text.push_str(&format!("{LOST}{id}\n"));
        }
        for Key { id, secret } in &self.keys {
            text.push_str(&format!("{id} "));
            text.push_str(&Zeroizing::new(STANDARD.encode(secret.as_slice())));
            text.push('\n');
        }
        text
    }
}

impl Key {
    /// A new key from the randomness of the system, named after the day.
    fn generate() -> Result<Self, StoreError> {
        let mut secret = Zeroizing::new([0; 32]);
        let mut name = [0; 4];
        getrandom::fill(secret.as_mut_slice()).map_err(random)?;
        getrandom::fill(&mut name).map_err(random)?;
        let day = Timestamp::now().strftime("%Y%m%d").to_string();
        Ok(Self { id: format!("k{day}-{:08x}", u32::from_be_bytes(name)), secret })
    }

    fn parse(line: &str) -> Option<Self> {
        let (id, secret) = line.split_once(char::is_whitespace)?;
        let bytes = Zeroizing::new(STANDARD.decode(secret.trim()).ok()?);
        let secret = Zeroizing::new(<[u8; 32]>::try_from(bytes.as_slice()).ok()?);
        Some(Self { id: id.to_owned(), secret })
    }
}

pub(crate) fn random(error: getrandom::Error) -> StoreError {
    StoreError::NoRandomness(error)
}

/// The ring as this process knows it.
#[derive(Clone)]
pub(crate) struct Keys {
    /// Without one the ring is in memory alone.
    file: Option<Arc<Path>>,
    known: Arc<RwLock<Known>>,
    /// Contacts that could not be opened since the start, each time that one was asked for.
    unreadable: Arc<AtomicU64>,
}

struct Known {
    ring: Arc<KeyRing>,
    /// The file as it was when it was read.
    stamp: Option<Stamp>,
}

/// What tells that a file was replaced.
type Stamp = (SystemTime, u64);

impl Keys {
    /// Where the ring lies for an SQLite file, or for a database in memory.
    pub(crate) fn place(source: KeySource, database: Option<&Path>) -> Option<PathBuf> {
        match source {
            KeySource::File(path) => Some(path),
            KeySource::BesideDatabase => {
                let folder = database?.parent()?;
                Some(folder.join(BESIDE[0]).join(BESIDE[1]))
            }
        }
    }

    /// Reads the ring. One that is not there is made when `may_make`: when nothing has been sealed yet.
    ///
    /// # Errors
    /// [`StoreError::NoKeyRing`], [`StoreError::BadKeyRing`], [`StoreError::KeyRing`].
    pub(crate) fn open(file: Option<PathBuf>, may_make: bool) -> Result<Self, StoreError> {
        let Some(file) = file else {
            if !may_make {
                return Err(StoreError::NoKeyRing { path: BESIDE.iter().collect() });
            }
            let known = Known { ring: Arc::new(KeyRing::of_one(Key::generate()?)), stamp: None };
            return Ok(Self { file: None, known: Arc::new(RwLock::new(known)), unreadable: Arc::default() });
        };
        if !file.exists() {
            if !may_make {
                return Err(StoreError::NoKeyRing { path: file });
            }
            write(&file, &KeyRing::of_one(Key::generate()?), false)?;
        }
        warn_if_open_to_others(&file);
        let known = read(&file)?;
        let known = Arc::new(RwLock::new(known));
        Ok(Self { file: Some(file.into()), known, unreadable: Arc::default() })
    }

    /// Whether this ring may be used beside the one that sealed last, with this key: it holds that key, or the operator has given the key up in it.
    ///
    /// # Errors
    /// [`StoreError::OtherRing`].
    pub(crate) fn go_with(&self, last: Option<&str>) -> Result<(), StoreError> {
        let ring = self.ring()?;
        match last {
            Some(key) if ring.key(key).is_none() && !ring.lost.iter().any(|lost| lost == key) => {
                let path = self.file.as_deref().map_or_else(|| BESIDE.iter().collect(), Path::to_owned);
                Err(StoreError::OtherRing { key: key.to_owned(), path })
            }
            _ => Ok(()),
        }
    }

    /// Counts contacts that could not be opened.
    pub(crate) fn note_unreadable(&self, contacts: u64) {
        self.unreadable.fetch_add(contacts, Ordering::Relaxed);
    }

    /// How often a contact could not be opened since the start.
    pub(crate) fn unreadable(&self) -> u64 {
        self.unreadable.load(Ordering::Relaxed)
    }

    /// The ring as it is now.
    pub(crate) fn ring(&self) -> Result<Arc<KeyRing>, StoreError> {
        let (ring, stamp) = {
            let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
            (Arc::clone(&known.ring), known.stamp)
        };
        let Some(file) = &self.file else { return Ok(ring) };
        match self::stamp(file) {
            // A ring that was taken away while we run is missed at the next start; what we know stays good.
            Err(_) => Ok(ring),
            Ok(now) if Some(now) == stamp => Ok(ring),
            Ok(_) => {
                let read = read(file)?;
                let ring = Arc::clone(&read.ring);
                *self.known.write().unwrap_or_else(PoisonError::into_inner) = read;
                Ok(ring)
            }
        }
    }

    /// Adds a key, which seals from now on. Returns its name.
    pub(crate) fn add(&self) -> Result<String, StoreError> {
        // Two who add at once would each lose the other's key, and with it what it has sealed.
        let _alone = self.file.as_deref().map(lock).transpose()?;
        let mut ring = KeyRing::clone(&*self.ring()?);
        let key = Key::generate()?;
        let id = key.id.clone();
        ring.keys.push(key);
        let known = match &self.file {
            Some(file) => {
                write(file, &ring, true)?;
                read(file)?
            }
            None => Known { ring: Arc::new(ring), stamp: None },
        };
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = known;
        Ok(id)
    }
}

fn failed(path: &Path) -> impl Fn(io::Error) -> StoreError {
    move |error| StoreError::KeyRing { path: path.to_owned(), error }
}

fn lock(file: &Path) -> Result<fs::File, StoreError> {
    let failed = failed(file);
    let lock = fs::File::options().create(true).truncate(false).write(true).open(file.with_extension("lock"));
    let lock = lock.map_err(&failed)?;
    lock.lock().map_err(failed)?;
    Ok(lock)
}

fn stamp(file: &Path) -> io::Result<Stamp> {
    let about = fs::metadata(file)?;
    Ok((about.modified()?, about.len()))
}

fn read(file: &Path) -> Result<Known, StoreError> {
    // Before the content: a file that is replaced in between is read again.
    let stamp = stamp(file).map_err(failed(file))?;
    let text = Zeroizing::new(fs::read_to_string(file).map_err(failed(file))?);
    let ring = KeyRing::parse(&text).ok_or_else(|| StoreError::BadKeyRing { path: file.to_owned() })?;
    Ok(Known { ring: Arc::new(ring), stamp: Some(stamp) })
}

/// Puts the ring in place whole, readable by its owner alone. One that another process has just made is left, unless it is to be replaced.
fn write(file: &Path, ring: &KeyRing, replace: bool) -> Result<(), StoreError> {
    let folder = file.parent().unwrap_or(Path::new("."));
    let failed = failed(file);
    make_private(folder).map_err(&failed)?;
    // Made for its owner alone, wherever there are owners.
    let mut next = tempfile::NamedTempFile::new_in(folder).map_err(&failed)?;
    next.write_all(ring.to_text().as_bytes()).map_err(&failed)?;
    next.as_file().sync_all().map_err(&failed)?;
    let placed = if replace { next.persist(file) } else { next.persist_noclobber(file) };
    match placed {
        Ok(_) => {}
        Err(error) if !replace && error.error.kind() == io::ErrorKind::AlreadyExists => return Ok(()),
        Err(error) => return Err(failed(error.error)),
    }
    if cfg!(unix) {
        fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)
    } else {
        Ok(())
    }
}

/// Makes a folder, with those above it, that its owner alone may enter; one that is there is left as it is.
///
/// # Errors
/// What the system says.
pub fn make_private(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

fn warn_if_open_to_others(file: &Path) {
    #[cfg(unix)]
    if let Ok(about) = fs::metadata(file)
        && std::os::unix::fs::PermissionsExt::mode(&about.permissions()) & 0o077 != 0
    {
        tracing::warn!(file = %file.display(), "the keys of contacts can be read by others than their owner");
    }
    #[cfg(not(unix))]
    let _ = file;
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn a_ring_reads_back_and_its_last_key_seals() {
        let keys = vec![Key::generate().unwrap(), Key::generate().unwrap()];
        let ring = KeyRing { keys, lost: vec!["k0".to_owned()] };
        let read = KeyRing::parse(&ring.to_text()).unwrap();
        assert_eq!(read.current().id, ring.keys[1].id);
        assert_eq!(*read.key(&ring.keys[0].id).unwrap().secret, *ring.keys[0].secret);
        assert_eq!(read.lost, ["k0"], "a rotation keeps what was given up");
        assert!(read.key("k").is_none());
    }

    #[test]
    fn what_is_no_ring_is_refused() {
        for text in ["", "# nothing", "k1", "k1 c2hvcnQ=", "k1 not base64 at all", "lost k1"] {
            assert!(KeyRing::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn debug_output_tells_no_key() {
        let key = Key::generate().unwrap();
        let shown = format!("{:?}", KeyRing::of_one(key.clone()));
        assert_eq!(shown, format!("KeyRing {{ keys: [{}], lost: [] }}", key.id));
    }

    #[cfg(unix)]
    #[test]
    fn a_new_ring_is_its_owners_alone_and_a_key_that_another_process_adds_is_seen() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("keys/contacts.keys");
        let ours = Keys::open(Some(file.clone()), true).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&file), mode(file.parent().unwrap())), (0o600, 0o700));
        let theirs = Keys::open(Some(file.clone()), true).unwrap();
        assert_eq!(ours.ring().unwrap().current().id, theirs.ring().unwrap().current().id);
        let added = theirs.add().unwrap();
        assert_eq!(ours.ring().unwrap().current().id, added);
        assert_eq!((mode(&file), ours.ring().unwrap().ids().count()), (0o600, 2));
        fs::remove_file(&file).unwrap();
        assert!(matches!(Keys::open(Some(file), false), Err(StoreError::NoKeyRing { .. })));
    }
}
