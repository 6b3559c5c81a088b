//! The index follows the database: when it does, when it commits, and rebuilding.

mod catching_up;
mod round;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use domain::Kind;
use index::{IndexDocument, IndexError, IndexState, Registry, Writer};
use serde::Serialize;
use store::{ListFilter, StoreError};
use tokio::sync::Notify;
use vectors::TermVectors;

use crate::documents::documents;
use crate::tide::Tide;
use crate::{Engine, EngineError, blocking};
use round::{Outbox, Round};

/// Changes read from the outbox at a time, and records read at a time for a rebuild.
pub(crate) const BATCH: u32 = 2_000;
/// The same where a model reads each text: some seconds, so that progress is heard, commits come and an end is found.
const BATCH_WITH_MODEL: u32 = 50;
/// A commit comes after so many documents, or after so long, when there is more to write.
const UNCOMMITTED: u64 = 32_000;
const COMMIT_EVERY: Duration = Duration::from_secs(5);
/// A commit seals files and merges segments, the more often the more: it is to take at most a tenth of the time where much is written.
const REST: u32 = 9;
const LONGEST_REST: Duration = Duration::from_secs(30);
/// A registry without changes is committed when its position is so far behind.
const IDLE: u64 = 10_000;
/// Nothing was written for so long: the time to merge what was.
const AT_REST: Duration = Duration::from_secs(60);
/// How often a server looks for changes that other processes made.
pub(crate) const POLL: Duration = Duration::from_millis(500);

/// How often a server reads all files of its indexes to see whether the disk still holds what was written.
const EXAMINED_EVERY: Duration = Duration::from_secs(24 * 60 * 60);

/// State of this process's indexer.
#[derive(Default)]
pub(crate) struct Indexing {
    /// One catch-up at a time.
    pub(crate) turn: tokio::sync::Mutex<()>,
    /// Open writers; holding one keeps other processes from writing.
    writers: Mutex<HashMap<Kind, Writer>>,
    /// Up to where each registry's share of the outbox has been dealt with, committed or not of its kind.
    seen: Mutex<HashMap<Kind, Seen>>,
    tide: Tide,
    /// When the last commit ended, and how long it took.
    committed: Mutex<Option<(Instant, Duration)>>,
    /// Whether nothing was committed since the indexes were merged at rest.
    tidy: AtomicBool,
    /// When this process began to follow.
    began: OnceLock<Instant>,
    wake: Notify,
    stopped: AtomicBool,
    /// Since when the files could not be cleaned of what was erased.
    pub(crate) chores_failed: Mutex<Option<Instant>>,
}

/// A position that holds for one generation of an index: what was written to another one says nothing of this.
#[derive(Debug, Clone, Copy)]
struct Seen {
    generation: Option<u64>,
    position: u64,
}

impl Indexing {
    pub(crate) fn wake(&self) {
        self.wake.notify_one();
    }

    pub(crate) fn stop(&self) {
        self.stopped.store(true, Ordering::Release);
        self.wake.notify_one();
    }

    /// How long after the last commit there is to be no other, and when that one ended.
    fn rest(&self) -> Option<(Instant, Duration)> {
        let committed = *self.committed.lock().unwrap_or_else(PoisonError::into_inner);
        committed.map(|(ended, took)| (ended, (took * REST).min(LONGEST_REST)))
    }

    /// Waits, when there was a commit just now, until there may be another; or until it is to stop.
    async fn take_rest(&self) {
        while let Some((ended, rest)) = self.rest()
            && let left = rest.min(COMMIT_EVERY).saturating_sub(ended.elapsed())
            && !left.is_zero()
            && !self.stopped.load(Ordering::Acquire)
        {
            let _ = tokio::time::timeout(left, self.wake.notified()).await;
        }
    }
}

/// What a catch-up came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "outcome")]
pub enum CatchUp {
    /// The index holds all that the outbox held.
    Current {
        /// Documents written.
        documents: u64,
    },
    /// Another process writes this index; it will catch up.
    Elsewhere,
}

/// How far one registry's index is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct IndexStatus {
    /// The registry.
    pub kind: Kind,
    /// Whether it must be rebuilt before it can be used.
    pub stale: bool,
    /// Live documents.
    pub documents: u64,
    /// Changes of its records that it does not hold yet.
    pub lag: u64,
    /// How long it has lacked the oldest of them, as far as this process has looked.
    #[serde(skip)]
    pub behind: Duration,
    /// Its number, of which each rebuild makes another; `None` when there is none to be used.
    #[serde(skip)]
    pub generation: Option<u64>,
    /// When it was last written.
    #[serde(skip)]
    pub committed_at: Option<SystemTime>,
}

impl Engine {
    /// Brings the index up to the database, rebuilding what is stale; cleans the files of what was erased; and then compares the needs that nobody has compared yet, which may have
    /// to wait for others who write.
    ///
    /// # Errors
    /// When database or index files refuse; what has been committed stays.
    pub async fn catch_up(&self) -> Result<CatchUp, EngineError> {
        let caught_up = {
            let _turn = self.indexing.turn.lock().await;
            self.introduce_itself().await?;
            let caught_up = self.catch_up_locked().await?;
            self.do_chores_in_passing().await;
            caught_up
        };
        self.compare_needs().await?;
        Ok(caught_up)
    }

    /// Keeps the index up to the database until [`Engine::close`]: at each wake-up, and every half second for what others wrote.
    /// What the indexes of all servers are past goes from the outbox.
    pub async fn follow(&self) {
        // Before anything is read: what this index lacks is kept from now on, also while it is rebuilt.
        if let Err(error) = self.tell_position().await {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "the other servers do not know of this index yet"
            );
        }
        let mut examined = Instant::now();
        while !self.indexing.stopped.load(Ordering::Acquire) {
            if examined.elapsed() >= EXAMINED_EVERY {
                examined = Instant::now();
                self.examine().await;
            }
            match self.follow_once().await {
                // The database has something else to do; there is no hurry.
                Ok(()) | Err(EngineError::Store(StoreError::Busy)) => {}
                Err(EngineError::ShuttingDown) => return,
                Err(error) => {
                    tracing::error!(error = &error as &dyn std::error::Error, "the index could not catch up");
                    tokio::time::sleep(POLL * 4).await;
                }
            }
            let _ = tokio::time::timeout(POLL, self.indexing.wake.notified()).await;
            self.indexing.take_rest().await;
        }
    }

    async fn follow_once(&self) -> Result<(), EngineError> {
        let caught_up = self.catch_up().await?;
        self.note_erasures().await?;
        match caught_up {
            CatchUp::Current { .. } => self.prune().await?,
            CatchUp::Elsewhere => {}
        }
        self.tidy_at_rest().await
    }

    /// Builds a registry's index anew from the database, beside the running one, then catches up.
    /// `progress` hears the number of documents written so far and the number there is.
    ///
    /// # Errors
    /// When database or index files refuse; the running index stays as it was.
    pub async fn rebuild_index(
        &self,
        kind: Kind,
        progress: impl FnMut(u64, u64) + Send,
    ) -> Result<u64, EngineError> {
        let _turn = self.indexing.turn.lock().await;
        let documents = self.rebuild(kind, Self::installed_vectors, progress).await?;
        self.catch_up_locked().await?;
        Ok(documents)
    }

    /// How far each registry's index is.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn index_status(&self) -> Result<Vec<IndexStatus>, EngineError> {
        let outbox = self.outbox().await?;
        let mut states = Vec::new();
        for kind in Kind::ALL {
            let registry = self.catalog.registry(kind);
            let position = self.position(kind);
            let lag = self.store.count_changes(kind, position).await?;
            let behind = || self.indexing.tide.behind(position, Instant::now());
            states.push(IndexStatus {
                kind,
                stale: !matches!(outbox.judge(registry.state()), IndexState::Ready { .. }),
                documents: registry.snapshot().len(),
                lag,
                behind: if lag == 0 { Duration::ZERO } else { behind() },
                generation: registry.generation(),
                committed_at: registry.committed_at(),
            });
        }
        Ok(states)
    }

    /// What the outbox holds, and then the positions of all indexes as they are on the disk, so that what is pruned meanwhile is in
    /// them.
    async fn outbox(&self) -> Result<Outbox, EngineError> {
        let first = self.store.first_change().await?;
        self.refresh_all().await?;
        let last = self.store.last_change().await?;
        self.indexing.tide.note(last, Instant::now());
        Ok(Outbox { first, last })
    }

    pub(crate) fn position(&self, kind: Kind) -> u64 {
        let registry = self.catalog.registry(kind);
        let IndexState::Ready { position } = registry.state() else { return 0 };
        let seen = self.indexing.seen.lock().unwrap_or_else(PoisonError::into_inner).get(&kind).copied();
        let seen = seen.filter(|seen| seen.generation == registry.generation());
        position.max(seen.map_or(0, |seen| seen.position))
    }

    fn see(&self, kind: Kind, position: u64) {
        let generation = self.catalog.registry(kind).generation();
        let mut seen = self.indexing.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.insert(kind, Seen { generation, position });
    }

    /// Commits what the round has put so far, and remembers for all registries up to where the outbox has been read.
    async fn commit(&self, round: &mut Round) -> Result<(), EngineError> {
        let (position, started) = (round.read, Instant::now());
        let dirty = std::mem::take(&mut round.dirty);
        let writes = !dirty.is_empty();
        for kind in dirty {
            let engine = self.clone();
            let commit = move || engine.with_writer(kind, |writer| writer.commit(position));
            if let Err(error) = blocking(commit).await {
                round.pass_over(kind, error)?;
            }
        }
        for kind in Kind::ALL.into_iter().filter(|kind| !round.elsewhere.contains(kind)) {
            if position > self.position(kind) {
                self.see(kind, position);
            }
        }
        (round.uncommitted, round.since) = (0, None);
        if writes {
            self.indexing.tidy.store(false, Ordering::Release);
            *self.indexing.committed.lock().unwrap_or_else(PoisonError::into_inner) =
                Some((Instant::now(), started.elapsed()));
        }
        Ok(())
    }

    /// Has the indexes merged, once nothing was written for a while: those that this process writes, and those that another has left in many
    /// segments, as an import does.
    async fn tidy_at_rest(&self) -> Result<(), EngineError> {
        let began = *self.indexing.began.get_or_init(Instant::now);
        let since = self.indexing.rest().map_or(began, |(ended, _)| ended);
        if since.elapsed() < AT_REST || self.indexing.tidy.swap(true, Ordering::AcqRel) {
            return Ok(());
        }
        let _turn = self.indexing.turn.lock().await;
        let engine = self.clone();
        let tidy = move || {
            Kind::ALL.into_iter().filter(|kind| engine.may_be_untidy(*kind)).try_for_each(|kind| {
                match engine.with_writer(kind, Writer::tidy) {
                    // What another process writes or has put in its place is not ours to tidy.
                    Err(EngineError::Index(IndexError::Busy(_) | IndexError::Superseded(_))) => Ok(()),
                    outcome => outcome,
                }
            })
        };
        blocking(tidy).await
    }

    fn may_be_untidy(&self, kind: Kind) -> bool {
        let registry = self.catalog.registry(kind);
        let writes =
            || self.indexing.writers.lock().unwrap_or_else(PoisonError::into_inner).contains_key(&kind);
        matches!(registry.state(), IndexState::Ready { .. }) && (registry.is_scattered() || writes())
    }

    pub(crate) fn with_writer(
        &self,
        kind: Kind,
        work: impl FnOnce(&mut Writer) -> Result<(), IndexError>,
    ) -> Result<(), EngineError> {
        let mut writers = self.indexing.writers.lock().unwrap_or_else(PoisonError::into_inner);
        let registry = self.catalog.registry(kind);
        let current = |writer: &Writer| writer.generation() == registry.generation();
        let mut writer = match writers.remove(&kind).filter(current) {
            Some(writer) => writer,
            None => registry.writer()?,
        };
        work(&mut writer)?;
        // A writer that failed is not put back: what it had not committed is read from the outbox again.
        writers.insert(kind, writer);
        Ok(())
    }

    /// Closes this process's writer of a registry; the next change opens it again.
    pub(crate) fn let_go_of(&self, kind: Kind) {
        self.indexing.writers.lock().unwrap_or_else(PoisonError::into_inner).remove(&kind);
    }

    pub(crate) async fn rebuild(
        &self,
        kind: Kind,
        vectors: fn(&Self) -> Result<Arc<TermVectors>, EngineError>,
        mut progress: impl FnMut(u64, u64) + Send,
    ) -> Result<u64, EngineError> {
        // Changes from here on are read from the outbox once more, after the rebuild.
        let position = self.store.last_change().await?;
        let total = self.store.count(kind, &ListFilter::default()).await?;
        let registry: Registry = self.catalog.registry(kind).clone();
        let engine = self.clone();
        let begin = move || Ok(registry.rebuild(vectors(&engine)?)?);
        let mut rebuild = blocking(begin).await?;
        let (mut documents, mut last) = self.documents_after(kind, 0).await?;
        let mut written = 0;
        while let Some(after) = last {
            written += documents.len() as u64;
            let put = blocking(move || {
                rebuild.put_all(&documents)?;
                Ok(rebuild)
            });
            // The next are read meanwhile.
            let (put, next) = tokio::join!(put, self.documents_after(kind, after));
            rebuild = put?;
            (documents, last) = next?;
            progress(written, total);
        }
        blocking(move || Ok(rebuild.finish(position)?)).await?;
        self.let_go_of(kind);
        self.see(kind, position);
        Ok(written)
    }

    /// Documents of the next records after the one of this number, and the number of the last of them; `None` at the end.
    async fn documents_after(
        &self,
        kind: Kind,
        after: u64,
    ) -> Result<(Vec<IndexDocument>, Option<u64>), EngineError> {
        let records = self.store.page(kind, &ListFilter::default(), after, self.batch()).await?;
        let last = records.last().map(|record| record.id.number);
        Ok((documents(&self.store, &records).await?, last))
    }

    /// Records to read at a time.
    fn batch(&self) -> u32 {
        if self.catalog.model().is_some() { BATCH_WITH_MODEL } else { BATCH }
    }

    /// Has the files of all indexes read; those of a damaged one are written anew at the next catch-up.
    async fn examine(&self) {
        let engine = self.clone();
        let examined = blocking(move || {
            let examine = |kind| engine.catalog.registry(kind).examine();
            Ok(Kind::ALL.into_iter().try_for_each(examine)?)
        });
        if let Err(error) = examined.await {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "the index files could not be examined"
            );
        }
    }

    /// Takes over what other processes have written.
    pub(crate) async fn refresh_all(&self) -> Result<(), EngineError> {
        let engine = self.clone();
        blocking(move || {
            for kind in Kind::ALL {
                engine.catalog.registry(kind).refresh()?;
            }
            Ok(())
        })
        .await
    }
}
