//! The index follows the database: catching up, rebuilding, comparing whole.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use domain::{Kind, RecordId};
use index::{IndexDocument, IndexError, IndexState, Registry, Writer};
use serde::Serialize;
use store::ListFilter;
use tokio::sync::Notify;

use crate::documents::{documents, id};
use crate::{Engine, EngineError, blocking};

/// Changes read from the outbox at a time, and records read at a time for a rebuild.
const BATCH: u32 = 5_000;
/// How often a server looks for changes that other processes made.
const POLL: Duration = Duration::from_millis(500);

/// State of this process's indexer.
#[derive(Default)]
pub(crate) struct Indexing {
    /// One catch-up at a time.
    turn: tokio::sync::Mutex<()>,
    /// Open writers; holding one keeps other processes from writing.
    writers: Mutex<HashMap<Kind, Writer>>,
    /// Up to where each registry's share of the outbox has been dealt with, committed or not of its kind.
    seen: Mutex<HashMap<Kind, u64>>,
    wake: Notify,
    stopped: AtomicBool,
}

impl Indexing {
    pub(crate) fn wake(&self) {
        self.wake.notify_one();
    }

    pub(crate) fn stop(&self) {
        self.stopped.store(true, Ordering::Release);
        self.wake.notify_one();
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
    /// Changes in the outbox that it may not hold yet.
    pub lag: u64,
}

/// How a record differs between database and index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DifferenceKind {
    /// In the database only.
    Missing,
    /// In the index only.
    Surplus,
    /// In both, with another content.
    Different,
}

/// One difference between database and index.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// The record.
    pub id: RecordId,
    /// How it differs.
    pub difference: DifferenceKind,
}

/// The result of comparing index and database whole.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct VerifyReport {
    /// Records compared.
    pub records: u64,
    /// Every difference, by registry and number.
    pub differences: Vec<Difference>,
}

impl Engine {
    /// Brings the index up to the database, rebuilding what is stale.
    ///
    /// # Errors
    /// When database or index files refuse; what has been committed stays.
    pub async fn catch_up(&self) -> Result<CatchUp, EngineError> {
        let _turn = self.indexing.turn.lock().await;
        match self.catch_up_locked().await {
            Err(EngineError::Index(IndexError::Busy(_))) => {
                self.refresh_all()?;
                Ok(CatchUp::Elsewhere)
            }
            other => other,
        }
    }

    /// Keeps the index up to the database until [`Engine::close`]: at each wake-up, and every half second for what others wrote.
    pub async fn follow(&self) {
        while !self.indexing.stopped.load(Ordering::Acquire) {
            match self.catch_up().await {
                Ok(_) => {}
                Err(EngineError::ShuttingDown) => return,
                Err(error) => {
                    tracing::error!(error = &error as &dyn std::error::Error, "the index could not catch up");
                    tokio::time::sleep(POLL * 4).await;
                }
            }
            let _ = tokio::time::timeout(POLL, self.indexing.wake.notified()).await;
        }
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
        let documents = self.rebuild(kind, progress).await?;
        self.catch_up_locked().await?;
        Ok(documents)
    }

    /// How far each registry's index is.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn index_status(&self) -> Result<Vec<IndexStatus>, EngineError> {
        let last = self.store.last_change().await?;
        let seen = self.indexing.seen.lock().expect("no holder panics").clone();
        let status = |kind: Kind| {
            let registry = self.catalog.registry(kind);
            let committed = match registry.state() {
                IndexState::Ready { position } => Some(position),
                IndexState::Stale => None,
            };
            let position = committed.map(|position| position.max(seen.get(&kind).copied().unwrap_or(0)));
            IndexStatus {
                kind,
                stale: committed.is_none(),
                documents: registry.snapshot().len(),
                lag: last.saturating_sub(position.unwrap_or(0)),
            }
        };
        Ok(Kind::ALL.into_iter().map(status).collect())
    }

    /// Compares every record of the database with the index, and every document of the index with the database.
    ///
    /// # Errors
    /// When database or index files refuse.
    pub async fn verify_index(&self) -> Result<VerifyReport, EngineError> {
        let _turn = self.indexing.turn.lock().await;
        self.refresh_all()?;
        let mut report = VerifyReport::default();
        for kind in Kind::ALL {
            self.verify(kind, &mut report).await?;
        }
        Ok(report)
    }

    async fn catch_up_locked(&self) -> Result<CatchUp, EngineError> {
        let mut written = 0;
        for kind in Kind::ALL {
            self.catalog.registry(kind).refresh()?;
            if self.catalog.registry(kind).state() == IndexState::Stale {
                written += self.rebuild(kind, |_, _| {}).await?;
            }
        }
        loop {
            let from = Kind::ALL.map(|kind| self.position(kind)).into_iter().min().unwrap_or_default();
            let changes = self.store.changes(from, BATCH).await?;
            let Some(last) = changes.last().map(|change| change.seq) else { break };
            let mut by_kind: BTreeMap<Kind, BTreeSet<u64>> = BTreeMap::new();
            for change in &changes {
                if change.seq > self.position(change.id.kind) {
                    by_kind.entry(change.id.kind).or_default().insert(change.id.number);
                }
            }
            for (kind, numbers) in by_kind {
                written += self.reindex(kind, &numbers, last).await?;
            }
            let mut seen = self.indexing.seen.lock().expect("no holder panics");
            for kind in Kind::ALL {
                let position = seen.entry(kind).or_default();
                *position = (*position).max(last);
            }
        }
        Ok(CatchUp::Current { documents: written })
    }

    fn position(&self, kind: Kind) -> u64 {
        let committed = match self.catalog.registry(kind).state() {
            IndexState::Ready { position } => position,
            IndexState::Stale => 0,
        };
        committed.max(self.indexing.seen.lock().expect("no holder panics").get(&kind).copied().unwrap_or(0))
    }

    /// Writes what the database now says of these records, and commits that the registry is at `position`.
    async fn reindex(&self, kind: Kind, numbers: &BTreeSet<u64>, position: u64) -> Result<u64, EngineError> {
        let wanted: Vec<u64> = numbers.iter().copied().collect();
        let records = self.store.records(kind, &wanted).await?;
        let documents = documents(&self.store, &records).await?;
        let present: BTreeSet<u64> = documents.iter().map(|document| document.number).collect();
        let gone: Vec<u64> = numbers.difference(&present).copied().collect();
        let count = documents.len() as u64;
        let engine = self.clone();
        blocking(move || engine.write(kind, &documents, &gone, position)).await?;
        Ok(count)
    }

    fn write(
        &self,
        kind: Kind,
        documents: &[IndexDocument],
        gone: &[u64],
        position: u64,
    ) -> Result<(), EngineError> {
        let mut writers = self.indexing.writers.lock().expect("no holder panics");
        let mut writer = match writers.remove(&kind) {
            Some(writer) => writer,
            None => self.catalog.registry(kind).writer()?,
        };
        for document in documents {
            writer.put(document)?;
        }
        for number in gone {
            writer.delete(*number)?;
        }
        writer.commit(position)?;
        // A writer that failed is not put back: what it had not committed is read from the outbox again.
        writers.insert(kind, writer);
        Ok(())
    }

    async fn rebuild(
        &self,
        kind: Kind,
        mut progress: impl FnMut(u64, u64) + Send,
    ) -> Result<u64, EngineError> {
        // Changes from here on are read from the outbox once more, after the rebuild.
        let position = self.store.last_change().await?;
        let filter = ListFilter::default();
        let total = self.store.count(kind, &filter).await?;
        let registry: Registry = self.catalog.registry(kind).clone();
        let mut rebuild = blocking(move || Ok(registry.rebuild()?)).await?;
        let (mut after, mut written) = (0, 0);
        loop {
            let records = self.store.page(kind, &filter, after, BATCH).await?;
            let Some(last) = records.last() else { break };
            after = last.id.number;
            let documents = documents(&self.store, &records).await?;
            written += documents.len() as u64;
            rebuild = blocking(move || {
                documents.iter().try_for_each(|document| rebuild.put(document))?;
                Ok(rebuild)
            })
            .await?;
            progress(written, total);
        }
        blocking(move || Ok(rebuild.finish(position)?)).await?;
        self.indexing.writers.lock().expect("no holder panics").remove(&kind);
        self.indexing.seen.lock().expect("no holder panics").insert(kind, position);
        Ok(written)
    }

    async fn verify(&self, kind: Kind, report: &mut VerifyReport) -> Result<(), EngineError> {
        let snapshot = self.catalog.registry(kind).snapshot();
        let mut indexed: BTreeMap<u64, u64> =
            blocking(move || Ok(snapshot.entries()?)).await?.into_iter().collect();
        let mut note =
            |number, difference| report.differences.push(Difference { id: id(kind, number), difference });
        let mut after = 0;
        loop {
            let records = self.store.page(kind, &ListFilter::default(), after, BATCH).await?;
            let Some(last) = records.last() else { break };
            after = last.id.number;
            report.records += records.len() as u64;
            for document in documents(&self.store, &records).await? {
                match indexed.remove(&document.number) {
                    None => note(document.number, DifferenceKind::Missing),
                    Some(digest) if digest != document.digest() => {
                        note(document.number, DifferenceKind::Different)
                    }
                    Some(_) => {}
                }
            }
        }
        for number in indexed.into_keys() {
            note(number, DifferenceKind::Surplus);
        }
        Ok(())
    }

    fn refresh_all(&self) -> Result<(), EngineError> {
        for kind in Kind::ALL {
            self.catalog.registry(kind).refresh()?;
        }
        Ok(())
    }
}
