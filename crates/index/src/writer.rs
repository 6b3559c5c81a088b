//! Changing an index: following changes, or starting again.

use std::fs::File;
use std::sync::{Arc, PoisonError};

use tantivy::directory::error::LockError;
use tantivy::index::SegmentId;
use tantivy::indexer::{IndexWriterOptions, LogMergePolicy, MergePolicy, NoMergePolicy};
use tantivy::{IndexWriter, TantivyError};
use vectors::TermVectors;

use crate::generation::{self, Generation, Payload};
use crate::meaning;
use crate::pieces::Columns;
use crate::registry::Shared;
use crate::{IndexDocument, IndexError};

/// So many segments of like size are merged into one.
const SEGMENTS_IN_MERGE: usize = 8;

/// Segments up to this many documents count as of like size.
const SMALL_SEGMENT: u32 = 1_000;

/// A segment with a larger share of deleted documents is written anew without them.
const DELETED_SHARE: f32 = 0.25;

/// Threads that analyse and index at most; each fills a segment of its own.
pub(crate) const MOST_THREADS: usize = 4;

/// The one writer of a registry's index. Nothing is visible or durable before [`Writer::commit`]; dropping discards.
pub struct Writer {
    shared: Arc<Shared>,
    generation: Arc<Generation>,
    writer: IndexWriter,
    /// The largest number that the index or this writer has ever held: beyond it there is nothing to replace.
    highest: u64,
    columns: Columns,
}

impl Writer {
    pub(crate) fn open(shared: &Arc<Shared>) -> Result<Self, IndexError> {
        let generation = shared.view().generation.clone().ok_or(IndexError::Stale(shared.kind))?;
        let writer = index_writer(shared, &generation)?;
        let _publishing = shared.publishing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut opened =
            Self { shared: shared.clone(), generation, writer, highest: 0, columns: Columns::default() };
        opened.require_current()?;
        // Only now that no other process writes is the last commit known.
        shared.publish(&opened.generation)?;
        let view = shared.view();
        opened.highest =
            view.segments.iter().flat_map(|segment| segment.numbers.iter().copied()).max().unwrap_or(0);
        Ok(opened)
    }

    /// Adds a document, in place of the one with the same number.
    ///
    /// # Errors
    /// When the index cannot be written.
    pub fn put(&mut self, document: &IndexDocument) -> Result<(), IndexError> {
        self.put_all(std::slice::from_ref(document))
    }

    /// Adds several, which costs less than one by one where a model reads them.
    ///
    /// # Errors
    /// When the index cannot be written.
    pub fn put_all(&mut self, documents: &[IndexDocument]) -> Result<(), IndexError> {
        let generation = self.generation.clone();
        let meaning = generation.meaning();
        let mut vectors = meaning.read(documents, &self.shared.analyzer).into_iter();
        documents.iter().try_for_each(|document| {
            self.columns.read(&document.passages, &self.shared.analyzer, &mut vectors, meaning.words());
            self.add(document)
        })
    }

    /// Its columns have been read.
    fn add(&mut self, document: &IndexDocument) -> Result<(), IndexError> {
        // Each deletion is looked up in every segment at the next commit: an import of new records is to have none.
        if document.number <= self.highest {
            self.delete(document.number);
        }
        self.highest = self.highest.max(document.number);
        match self.writer.add_document(self.generation.fields.document(document, &self.columns)) {
            Ok(_) => Ok(()),
            // The files are gone when another process has put a new index in place; that says more than what was missed.
            Err(error) => self.require_current().and(Err(error.into())),
        }
    }

    /// The number of the index that it writes; see [`crate::Registry::generation`].
    pub fn generation(&self) -> Option<u64> {
        generation::number(&self.generation.name)
    }

    /// Takes a document out, if it is there.
    pub fn delete(&mut self, number: u64) {
        self.writer.delete_term(self.generation.fields.number_term(number));
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
        commit(&mut self.writer, position, &self.shared.fingerprint, &self.generation)?;
        self.shared.publish(&self.generation)?;
        let mut policy = LogMergePolicy::default();
        policy.set_min_num_segments(SEGMENTS_IN_MERGE);
        policy.set_min_layer_size(SMALL_SEGMENT);
        policy.set_del_docs_ratio_before_merge(DELETED_SHARE);
        let segments = self.generation.index.searchable_segment_metas()?;
        let merges = policy.compute_merge_candidates(&segments);
        for merge in &merges {
            self.writer.merge(&merge.0).wait()?;
        }
        if merges.is_empty() { Ok(()) } else { self.settle() }
    }

    /// Merges everything into one segment: nothing of a deleted document stays in the files once older snapshots are gone. Returns whether
    /// they are; if not, a later call removes what they still hold.
    ///
    /// # Errors
    /// [`IndexError::Superseded`] when the registry was rebuilt meanwhile; or when the index cannot be written.
    pub fn compact(&mut self) -> Result<bool, IndexError> {
        let shared = self.shared.clone();
        let _publishing = shared.publishing.lock().unwrap_or_else(PoisonError::into_inner);
        self.require_current()?;
        self.require_intact()?;
        merge_all(&self.generation, &mut self.writer)?;
        self.settle()?;
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
    columns: Columns,
    _lock: File,
}

impl Rebuild {
    pub(crate) fn start(shared: &Arc<Shared>, vectors: Arc<TermVectors>) -> Result<Self, IndexError> {
        let lock = generation::rebuild_lock(&shared.root)?.ok_or(IndexError::Busy(shared.kind))?;
        let generation = Generation::create(shared, shared.shelf.share(vectors))?;
        // Until it is finished, whatever happens to it discards it.
        generation.retire(true);
        let writer = index_writer(shared, &generation)?;
        let (shared, generation) = (shared.clone(), Arc::new(generation));
        Ok(Self { shared, writer, generation, columns: Columns::default(), _lock: lock })
    }

    /// Adds a document; every number once.
    ///
    /// # Errors
    /// When the index cannot be written.
    pub fn put(&mut self, document: &IndexDocument) -> Result<(), IndexError> {
        self.put_all(std::slice::from_ref(document))
    }

    /// Adds several, which costs less than one by one where a model reads them; every number once.
    ///
    /// # Errors
    /// When the index cannot be written.
    pub fn put_all(&mut self, documents: &[IndexDocument]) -> Result<(), IndexError> {
        let meaning = self.generation.meaning();
        let mut vectors = meaning.read(documents, &self.shared.analyzer).into_iter();
        for document in documents {
            self.columns.read(&document.passages, &self.shared.analyzer, &mut vectors, meaning.words());
            self.writer.add_document(self.generation.fields.document(document, &self.columns))?;
        }
        Ok(())
    }

    /// Makes the new generation the current one, at `position`. The old one goes once nobody reads it.
    ///
    /// # Errors
    /// When the index cannot be written; the running one then stays.
    pub fn finish(mut self, position: u64) -> Result<(), IndexError> {
        commit(&mut self.writer, position, &self.shared.fingerprint, &self.generation)?;
        merge_all(&self.generation, &mut self.writer)?;
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
        .num_worker_threads(meaning::threads())
        .num_merge_threads(1)
        .memory_budget_per_thread(shared.memory_budget)
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

fn merge_all(generation: &Generation, writer: &mut IndexWriter) -> Result<(), IndexError> {
    let segments = generation.index.searchable_segment_metas()?;
    if segments.len() > 1 || segments.iter().any(|segment| segment.num_deleted_docs() > 0) {
        let ids: Vec<SegmentId> = segments.iter().map(|segment| segment.id()).collect();
        writer.merge(&ids).wait()?;
    }
    Ok(())
}
