//! Changing an index: following changes, or starting again.

use std::fs::File;
use std::sync::{Arc, PoisonError};

use rustc_hash::FxHashSet;
use tantivy::directory::error::LockError;
use tantivy::index::SegmentId;
use tantivy::indexer::{IndexWriterOptions, LogMergePolicy, MergePolicy, NoMergePolicy};
use tantivy::{IndexWriter, TantivyError, Term};
use vectors::TermVectors;

use crate::generation::{self, Generation, Payload};
use crate::inverting::Inverters;
use crate::outdated::Outdated;
use crate::registry::Shared;
use crate::{IndexDocument, IndexError};

/// When segments of like size are merged into one.
#[derive(Clone, Copy)]
struct Merging {
    /// So many small ones: single changes make them, and to merge them is little.
    small: usize,
    /// So many others.
    large: usize,
}

/// While there is more to write. To merge a document costs about a third of what it costs to write it, on one thread while the others wait.
const WHILE_WRITING: Merging = Merging { small: 8, large: 32 };

/// When nothing is written: whoever asks looks each term up in each segment.
const AT_REST: Merging = Merging { small: Writer::SEGMENTS_AT_REST, large: Writer::SEGMENTS_AT_REST };

/// Segments up to this many documents are small.
const SMALL_SEGMENT: u32 = 1_000;

/// A segment with a larger share of deleted documents is written anew without them.
const DELETED_SHARE: f32 = 0.25;

/// The least that tantivy accepts for each of its threads, in bytes.
const LEAST_MEMORY: usize = 16 << 20;

/// Threads that analyse and index at most; each fills a segment of its own.
pub(crate) const MOST_THREADS: usize = 4;

/// The one writer of a registry's index. Nothing is visible or durable before [`Writer::commit`]; dropping discards.
pub struct Writer {
    shared: Arc<Shared>,
    generation: Arc<Generation>,
    writer: IndexWriter,
    /// The largest number that the index or this writer has ever held: beyond it there is nothing to replace.
    highest: u64,
    inverters: Inverters,
    /// Numbers of documents that were put since the last commit, which [`Self::inverters`] may hold.
    put: FxHashSet<u64>,
    /// Numbers of documents that are to go from the segments that there were before.
    outdated: Vec<Term>,
    /// All segments but those that [`Self::inverters`] have begun since the last flush.
    segments: Vec<SegmentId>,
    /// Whether something was written since the last commit.
    dirty: bool,
}

impl Writer {
    /// Fewer segments of like size stay as they are when nothing is written.
    pub(crate) const SEGMENTS_AT_REST: usize = 3;

    pub(crate) fn open(shared: &Arc<Shared>) -> Result<Self, IndexError> {
        let generation = shared.view().generation.clone().ok_or(IndexError::Stale(shared.kind))?;
        let writer = index_writer(shared, &generation)?;
        let _publishing = shared.publishing.lock().unwrap_or_else(PoisonError::into_inner);
        let inverters = Inverters::new(shared.memory_budget);
        let (shared, put) = (shared.clone(), FxHashSet::default());
        let mut opened = Self {
            shared: shared.clone(),
            generation,
            writer,
            highest: 0,
            inverters,
            put,
            outdated: Vec::new(),
            segments: Vec::new(),
            dirty: false,
        };
        opened.require_current()?;
        // Only now that no other process writes is the last commit known.
        shared.publish(&opened.generation)?;
        let view = shared.view();
        opened.highest =
            view.segments.iter().flat_map(|segment| segment.numbers.iter().copied()).max().unwrap_or(0);
        opened.segments = opened.generation.index.searchable_segment_ids()?;
        Ok(opened)
    }

    /// Adds a document, in place of the one with the same number.
    ///
    /// # Errors
    /// When the index cannot be written.
    pub fn put(&mut self, document: &IndexDocument) -> Result<(), IndexError> {
        self.put_all(std::slice::from_ref(document))
    }

    /// Adds several, which costs less than one by one: several threads read them.
    ///
    /// # Errors
    /// When the index cannot be written.
    pub fn put_all(&mut self, documents: &[IndexDocument]) -> Result<(), IndexError> {
        let mut from = 0;
        for (at, document) in documents.iter().enumerate() {
            if self.put.contains(&document.number) {
                self.invert(&documents[from..at])?;
                from = at;
            }
            self.delete(document.number)?;
            self.highest = self.highest.max(document.number);
            self.put.insert(document.number);
        }
        self.invert(&documents[from..])
    }

    fn invert(&mut self, documents: &[IndexDocument]) -> Result<(), IndexError> {
        self.dirty |= !documents.is_empty();
        let reading = self.generation.reading(&self.shared.analyzer);
        let inverted = self.inverters.add(documents, reading, &self.writer);
        // The files are gone when another process has put a new index in place; that says more than what was missed.
        inverted.or_else(|error| self.require_current().and(Err(error)))
    }

    /// The number of the index that it writes; see [`crate::Registry::generation`].
    pub fn generation(&self) -> Option<u64> {
        generation::number(&self.generation.name)
    }

    /// Takes a document out, if it is there.
    ///
    /// # Errors
    /// When the index cannot be written.
    pub fn delete(&mut self, number: u64) -> Result<(), IndexError> {
        // What was put goes only once it lies in a segment.
        if self.put.contains(&number) {
            self.flush()?;
        }
        // Each deletion is looked up in every segment at the next commit: an import of new records is to have none.
        if number <= self.highest {
            self.dirty = true;
            self.outdated.push(self.generation.fields.number_term(number));
        }
        Ok(())
    }

    /// Makes segments of all that was put, and deletes what is in its place elsewhere.
    fn flush(&mut self) -> Result<(), IndexError> {
        let reading = self.generation.reading(&self.shared.analyzer);
        let flushed = self.inverters.flush(reading, &self.writer).and_then(|newest| {
            let numbers = std::mem::take(&mut self.outdated);
            if !numbers.is_empty() {
                let among = self.segments.clone();
                self.writer.delete_query(Box::new(Outdated { numbers, among }))?;
            }
            self.segments.extend(newest);
            Ok(())
        });
        self.put.clear();
        flushed.or_else(|error| self.require_current().and(Err(error)))
    }

    /// Makes everything since the last commit durable and visible, together with `position`. Merges small segments and
    /// removes files that are no longer used, so a call may take seconds now and then.
    ///
    /// # Errors
    /// [`IndexError::Superseded`] when the registry was rebuilt meanwhile; or when the index cannot be written.
    pub fn commit(&mut self, position: u64) -> Result<(), IndexError> {
        let shared = self.shared.clone();
        let _publishing = shared.publishing.lock().unwrap_or_else(PoisonError::into_inner);
        self.require_current()?;
        self.require_intact()?;
        self.flush()?;
        commit(&mut self.writer, position, &self.shared.fingerprint, &self.generation)?;
        self.dirty = false;
        self.shared.publish(&self.generation)?;
        self.merge_some(WHILE_WRITING)
    }

    /// Merges what commits leave for when nothing is written, and gives memory back that writing kept. Takes as long as writing what is merged.
    ///
    /// # Errors
    /// [`IndexError::Superseded`] when the registry was rebuilt meanwhile; or when the index cannot be written.
    pub fn tidy(&mut self) -> Result<(), IndexError> {
        let shared = self.shared.clone();
        let _publishing = shared.publishing.lock().unwrap_or_else(PoisonError::into_inner);
        self.require_current()?;
        self.require_intact()?;
        self.inverters.shrink();
        // Deletions that wait for a commit know segments by their names.
        if self.dirty { Ok(()) } else { self.merge_some(AT_REST) }
    }

    fn merge_some(&mut self, merging: Merging) -> Result<(), IndexError> {
        if merge_some(&self.generation, &mut self.writer, merging)? {
            self.settle()?;
        }
        self.segments = self.generation.index.searchable_segment_ids()?;
        Ok(())
    }

    /// Merges everything into one segment: nothing of a deleted document stays in the files once older snapshots are gone. Returns whether
    /// they are; if not, as when something waits for a commit, a later call removes what they still hold.
    ///
    /// # Errors
    /// [`IndexError::Superseded`] when the registry was rebuilt meanwhile; or when the index cannot be written.
    pub fn compact(&mut self) -> Result<bool, IndexError> {
        let shared = self.shared.clone();
        let _publishing = shared.publishing.lock().unwrap_or_else(PoisonError::into_inner);
        self.require_current()?;
        self.require_intact()?;
        if self.dirty {
            return Ok(false);
        }
        merge_all(&self.generation, &mut self.writer)?;
        self.settle()?;
        self.segments = self.generation.index.searchable_segment_ids()?;
        self.generation.holds_current_segments_only()
    }

    /// Shows readers the merged segments and removes the files of those they replace.
    fn settle(&self) -> Result<(), IndexError> {
        self.shared.publish(&self.generation)?;
        self.writer.garbage_collect_files().wait()?;
        Ok(())
    }

    /// Deletions and merges read what was committed before: of damaged files they would make new ones that nobody could tell from sound ones.
    fn require_intact(&self) -> Result<(), IndexError> {
        self.generation.verify().map(drop).map_err(|fault| fault.of(self.shared.kind))
    }

    fn require_current(&self) -> Result<(), IndexError> {
        if generation::current(&self.shared.root)?.as_deref() == Some(&self.generation.name) {
            Ok(())
        } else {
            Err(IndexError::Superseded(self.shared.kind))
        }
    }
}

/// A new generation of a registry's index, built beside the running one. Dropping discards it.
pub struct Rebuild {
    shared: Arc<Shared>,
    // Before the generation: the writer must be gone when an unfinished generation's directory is removed.
    writer: IndexWriter,
    generation: Arc<Generation>,
    inverters: Inverters,
    _lock: File,
}

impl Rebuild {
    pub(crate) fn start(shared: &Arc<Shared>, vectors: Arc<TermVectors>) -> Result<Self, IndexError> {
        let lock = generation::rebuild_lock(&shared.root)?.ok_or(IndexError::Busy(shared.kind))?;
        let generation = Generation::create(shared, shared.shelf.share(vectors))?;
        // Until it is finished, whatever happens to it discards it.
        generation.retire(true);
        let writer = index_writer(shared, &generation)?;
        let inverters = Inverters::new(shared.memory_budget);
        Ok(Self { shared: shared.clone(), writer, generation: Arc::new(generation), inverters, _lock: lock })
    }

    /// Adds a document; every number once.
    ///
    /// # Errors
    /// When the index cannot be written.
    pub fn put(&mut self, document: &IndexDocument) -> Result<(), IndexError> {
        self.put_all(std::slice::from_ref(document))
    }

    /// Adds several, which costs less than one by one: several threads read them; every number once.
    ///
    /// # Errors
    /// When the index cannot be written.
    pub fn put_all(&mut self, documents: &[IndexDocument]) -> Result<(), IndexError> {
        let reading = self.generation.reading(&self.shared.analyzer);
        self.inverters.add(documents, reading, &self.writer)
    }

    /// Makes the new generation the current one, at `position`. The old one goes once nobody reads it.
    ///
    /// # Errors
    /// When the index cannot be written; the running one then stays.
    pub fn finish(mut self, position: u64) -> Result<(), IndexError> {
        self.inverters.flush(self.generation.reading(&self.shared.analyzer), &self.writer)?;
        commit(&mut self.writer, position, &self.shared.fingerprint, &self.generation)?;
        merge_some(&self.generation, &mut self.writer, WHILE_WRITING)?;
        let _publishing = self.shared.publishing.lock().unwrap_or_else(PoisonError::into_inner);
        let old = self.shared.view().generation.clone();
        generation::set_current(&self.shared.root, &self.generation.name)?;
        self.generation.retire(false);
        self.shared.publish(&self.generation)?;
        self.writer.garbage_collect_files().wait()?;
        match old {
            Some(old) => old.retire(true),
            None => generation::sweep(&self.shared.root)?,
        }
        Ok(())
    }
}

fn index_writer(shared: &Shared, generation: &Generation) -> Result<IndexWriter, IndexError> {
    let options = IndexWriterOptions::builder()
        // The worker that there has to be never has a document to work on: segments come from elsewhere.
        .num_worker_threads(1)
        .memory_budget_per_thread(LEAST_MEMORY)
        .num_merge_threads(1)
        .build();
    let writer = generation.index.writer_with_options(options).map_err(|error| match error {
        TantivyError::LockFailure(LockError::LockBusy, _) => IndexError::Busy(shared.kind),
        other => IndexError::Engine(other),
    })?;
    // Merging happens within commits: no thread works on after them, and what a commit leaves is settled.
    writer.set_merge_policy(Box::new(NoMergePolicy));
    Ok(writer)
}

fn commit(
    writer: &mut IndexWriter,
    position: u64,
    fingerprint: &str,
    generation: &Generation,
) -> Result<(), IndexError> {
    let vectors = generation.vectors.identity().to_owned();
    let payload = Payload { position, fingerprint: fingerprint.to_owned(), vectors };
    let mut prepared = writer.prepare_commit()?;
    prepared.set_payload(&serde_json::to_string(&payload).expect("a number and texts are always JSON"));
    prepared.commit()?;
    Ok(())
}

/// Merges where there are so many segments of like size, or a segment has lost much. Returns whether it did.
fn merge_some(
    generation: &Generation,
    writer: &mut IndexWriter,
    merging: Merging,
) -> Result<bool, IndexError> {
    let mut policy = LogMergePolicy::default();
    policy.set_min_layer_size(SMALL_SEGMENT);
    policy.set_del_docs_ratio_before_merge(DELETED_SHARE);
    let segments = generation.index.searchable_segment_metas()?;
    let (small, large): (Vec<_>, Vec<_>) =
        segments.into_iter().partition(|segment| segment.num_docs() <= SMALL_SEGMENT);
    let mut merges = Vec::new();
    for (segments, least) in [(small, merging.small), (large, merging.large)] {
        policy.set_min_num_segments(least);
        merges.extend(policy.compute_merge_candidates(&segments));
    }
    for merge in &merges {
        writer.merge(&merge.0).wait()?;
    }
    Ok(!merges.is_empty())
}

fn merge_all(generation: &Generation, writer: &mut IndexWriter) -> Result<(), IndexError> {
    let segments = generation.index.searchable_segment_metas()?;
    if segments.len() > 1 || segments.iter().any(|segment| segment.num_deleted_docs() > 0) {
        let ids: Vec<SegmentId> = segments.iter().map(|segment| segment.id()).collect();
        writer.merge(&ids).wait()?;
    }
    Ok(())
}
