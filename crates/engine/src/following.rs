//! This server's index among the others that follow the same database: how far it is, told to all, so that the outbox keeps what one of
//! them has not read; and what nobody lacks any more goes.

use std::fs;
use std::hash::{BuildHasher, RandomState};
use std::io::Write;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use domain::Kind;
use index::IndexState;
use jiff::{SignedDuration, Timestamp};

use crate::{Engine, EngineError, erasures};

/// The outbox is pruned when so many of its entries are superfluous.
const PRUNED_AT_ONCE: u64 = 10_000;
/// How often a server tells how far it is. Each time is a write, which has to wait for its turn.
const TOLD_EVERY: Duration = Duration::from_secs(60);
/// File in the data directory with the name of its index.
const FILE: &str = "follower";

/// What this process has told of its index.
pub(crate) struct Following {
    /// The name of the data directory's index.
    name: String,
    forget_after: SignedDuration,
    told: Mutex<Option<Told>>,
    /// Entries of the database's list of erasures that stand in the directory's.
    noted: AtomicU64,
}

#[derive(Clone, Copy)]
struct Told {
    at: Instant,
    /// The position of the registry that is furthest behind.
    least: u64,
}

impl Following {
    /// Reads the name that the index of this data directory has among the followers of a database, or draws one. A copy of the directory
    /// has the same name; the two then tell of each other's positions, and one of them may have to rebuild.
    pub(crate) fn open(data_dir: &Path, forget_after_days: u32) -> Result<Self, EngineError> {
        let path = data_dir.join(FILE);
        let read = || -> std::io::Result<String> {
            match fs::read_to_string(&path) {
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                read => return read,
            }
            // Whole or not at all, and the first of several processes wins.
            let mut file = tempfile::NamedTempFile::new_in(data_dir)?;
            file.write_all(drawn().as_bytes())?;
            match file.persist_noclobber(&path) {
                Err(lost) if lost.error.kind() != std::io::ErrorKind::AlreadyExists => return Err(lost.error),
                _ => {}
            }
            fs::read_to_string(&path)
        };
        let name = read().map_err(|error| EngineError::DataDir { path: path.clone(), error })?;
        let forget_after = SignedDuration::from_hours(i64::from(forget_after_days) * 24);
        Ok(Self {
            name: name.trim().to_owned(),
            forget_after,
            told: Mutex::default(),
            noted: AtomicU64::new(0),
        })
    }

    /// The name of this data directory among those of one database.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Whoever has said nothing since is waited for no more.
    pub(crate) fn silent_since(&self) -> Timestamp {
        Timestamp::now().checked_sub(self.forget_after).unwrap_or(Timestamp::MIN)
    }

    /// Whether this process has said that this index is there.
    fn has_told(&self) -> bool {
        self.told.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    fn is_due(&self, least: u64) -> bool {
        let told = *self.told.lock().unwrap_or_else(PoisonError::into_inner);
        told.is_none_or(|told| told.at.elapsed() >= TOLD_EVERY || least >= told.least + PRUNED_AT_ONCE)
    }
}

impl Engine {
    /// Tells the other followers of the database how far this index is.
    pub(crate) async fn tell_position(&self) -> Result<(), EngineError> {
        let positions = self.committed();
        self.store.follow_to(&self.following.name, &positions).await?;
        let told = Told { at: Instant::now(), least: least(&positions) };
        *self.following.told.lock().unwrap_or_else(PoisonError::into_inner) = Some(told);
        Ok(())
    }

    /// Says that this index is there before anything is written to it, also where no server runs: whoever erases somebody is to know of it. One that
    /// cannot say so is written all the same.
    pub(crate) async fn introduce_itself(&self) -> Result<(), EngineError> {
        if self.following.has_told() || self.store.last_change().await? <= least(&self.committed()) {
            return Ok(());
        }
        if self.store.follows(&self.following.name).await? {
            return Ok(());
        }
        if let Err(error) = self.tell_position().await {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(error, "the other servers do not know of this index yet");
        }
        Ok(())
    }

    /// Enters into the list of this data directory whom other servers have erased: an older backup that is put back here is not to bring them back.
    pub(crate) async fn note_erasures(&self) -> Result<(), EngineError> {
        let noted = &self.following.noted;
        if self.store.count_erasures().await? == noted.load(Ordering::Relaxed) {
            return Ok(());
        }
        let count = erasures::note_down(&self.store, &erasures::path(&self.data_dir)).await?;
        noted.store(count, Ordering::Relaxed);
        Ok(())
    }

    /// Now and then tells how far this index is, and drops what every follower's index holds from the outbox, when it is much.
    pub(crate) async fn prune(&self) -> Result<(), EngineError> {
        let least = least(&self.committed());
        if !self.following.is_due(least) {
            return Ok(());
        }
        self.tell_position().await?;
        self.forget_tickets().await?;
        if least >= self.store.first_change().await? + PRUNED_AT_ONCE {
            self.store.forget_followers(self.following.silent_since()).await?;
            self.store.prune_changes(least).await?;
        }
        Ok(())
    }

    /// Up to where each registry's index is on the disk; one that must be rebuilt holds nothing.
    fn committed(&self) -> [(Kind, u64); Kind::ALL.len()] {
        Kind::ALL.map(|kind| match self.catalog.registry(kind).state() {
            IndexState::Ready { position } => (kind, position),
            IndexState::Stale | IndexState::Superseded => (kind, 0),
        })
    }
}

fn least(positions: &[(Kind, u64)]) -> u64 {
    positions.iter().map(|(_, position)| *position).min().unwrap_or(0)
}

/// A name that nobody else has: the hasher's keys are the system's random numbers.
pub(crate) fn drawn() -> String {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let random = [RandomState::new(), RandomState::new()].map(|state| state.hash_one(now));
    blake3::hash(format!("{random:?} {now:?} {}", std::process::id()).as_bytes()).to_hex()[..32].to_owned()
}
