//! A person erased: out of the database, and then out of every file in which something of it may still stand.

use std::collections::BTreeSet;
use std::sync::PoisonError;
use std::time::{Duration, Instant};

use domain::{Kind, ProblemCode, Record, RecordId};
use exchange::{RowError, RowProblem};
use index::{IndexError, IndexState};
use store::{Chore, Erased, Erasure, ErasureKind, ErasurePlan, StoreError};

use crate::import::Batch;
use crate::indexing::POLL;
use crate::{Engine, EngineError, backup, blocking, erasures};

/// After a failure the files are cleaned in passing no sooner than this.
const AGAIN: Duration = Duration::from_secs(60);

impl Engine {
    /// The same engine, through which persons who were erased may be taken in again, with new consent.
    #[must_use]
    pub fn readmitting(&self) -> Self {
        Self { store: self.store.readmitting(), readmits: true, ..self.clone() }
    }

    /// The experts of this name and organisation.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn experts_named(&self, name: &str, organisation: &str) -> Result<Vec<Record>, EngineError> {
        Ok(self.store.experts_named(name, organisation).await?)
    }

    /// Whether whoever went by this identifier, of the source or of the registry, was erased and has not come back.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn was_erased(&self, kind: Kind, name: &str) -> Result<bool, EngineError> {
        let Ok(id) = name.parse::<RecordId>() else {
            return Ok(!self.store.erased(kind, &[name]).await?.is_empty());
        };
        let of_record = |entry: &&Erasure| (entry.kind, entry.number) == (id.kind, id.number);
        let entries = self.store.erasures().await?;
        let last = entries.iter().filter(of_record).max_by_key(|entry| entry.at);
        Ok(last.is_some_and(|entry| entry.what == ErasureKind::Erased))
    }

    /// What [`Self::erase_person`] would do.
    ///
    /// # Errors
    /// When there is no such record, or the database refuses.
    pub async fn plan_erasure(&self, id: RecordId) -> Result<ErasurePlan, EngineError> {
        Ok(self.store.plan_erasure(id).await?)
    }

    /// Erases a person: an expert with all that is about one, of any other record the contact person. From now on nobody is shown
    /// anything of it; [`Self::finish_erasing`] takes it out of the files.
    ///
    /// # Errors
    /// When there is no such record, the list of erasures cannot be written, or the database refuses.
    pub async fn erase_person(&self, id: RecordId) -> Result<Erased, EngineError> {
        let list = erasures::path(&self.data_dir);
        let erased =
            self.store.erase(id, |entry| erasures::append(&list, std::slice::from_ref(entry))).await?;
        self.indexing.wake();
        Ok(erased)
    }

    /// Waits until nothing of those who were erased is left in the files, doing what this process can do. Returns whether that was
    /// reached within `patience`; if not, whoever uses the data directory next, or the service that holds an index, goes on.
    ///
    /// # Errors
    /// When database or index files refuse.
    pub async fn finish_erasing(&self, patience: Duration) -> Result<bool, EngineError> {
        let started = Instant::now();
        let data_dir = self.data_dir.clone();
        blocking(move || backup::sweep(&data_dir)).await?;
        loop {
            self.catch_up().await?;
            {
                let _turn = self.indexing.turn.lock().await;
                self.do_chores().await?;
            }
            if self.store.chores().await?.is_empty() {
                return Ok(true);
            }
            if started.elapsed() >= patience {
                return Ok(false);
            }
            tokio::time::sleep(POLL).await;
        }
    }

    /// Cleans the files of what was erased while doing something else, which is not to fail when this does; nor is it tried all the time.
    pub(crate) async fn do_chores_in_passing(&self) {
        let failed = || self.indexing.chores_failed.lock().unwrap_or_else(PoisonError::into_inner);
        if failed().is_some_and(|since| since.elapsed() < AGAIN) {
            return;
        }
        let outcome = self.do_chores().await;
        if let Err(error) = &outcome {
            tracing::warn!(
                error = error as &dyn std::error::Error,
                "the files could not be cleaned of what was erased"
            );
        }
        *failed() = outcome.err().map(|_| Instant::now());
    }

    /// Cleans the files of what was erased, as far as others do not hold them. For whoever has the indexer's turn, after a catch-up.
    async fn do_chores(&self) -> Result<(), EngineError> {
        for chore in self.store.chores().await? {
            let done = match chore {
                // They go with their operations, and of persons who were erased nothing is taken in from them.
                Chore::Files { since } => {
                    !self.store.any_file_up_to(since).await? && self.sweep_aside_if_alone().await?
                }
                Chore::Compact { kind, since } => self.compact(kind, since).await?,
                Chore::Rebuild { kind, .. } => {
                    match self.rebuild(kind, Self::usable_vectors, |_, _| {}).await {
                        Ok(_) => true,
                        Err(EngineError::Index(IndexError::Busy(_) | IndexError::Superseded(_))) => false,
                        Err(error) => return Err(error),
                    }
                }
                Chore::Scrub { .. } => match self.store.scrub().await {
                    Ok(()) => true,
                    Err(StoreError::Busy) => false,
                    Err(error) => return Err(error.into()),
                },
            };
            if done {
                self.store.end_chore(chore).await?;
            }
        }
        Ok(())
    }

    /// Writes a registry's index anew without what was deleted; `false` when that is not possible yet.
    async fn compact(&self, kind: Kind, since: u64) -> Result<bool, EngineError> {
        match self.catalog.registry(kind).state() {
            IndexState::Ready { .. } if self.position(kind) >= since => {}
            _ => return Ok(false),
        }
        // A state that somebody pages through would hold open the files that are to go.
        self.pins.forget(kind);
        let engine = self.clone();
        let compacted = blocking(move || {
            let mut clean = false;
            engine.with_writer(kind, |writer| {
                clean = writer.compact()?;
                Ok(())
            })?;
            Ok(clean)
        });
        match compacted.await {
            Err(EngineError::Index(IndexError::Busy(_) | IndexError::Superseded(_))) => Ok(false),
            outcome => outcome,
        }
    }

    /// Takes rows of persons who were erased out of a batch, and names them in the report.
    pub(crate) async fn refuse_erased(&self, kind: Kind, batch: &mut Batch) -> Result<(), EngineError> {
        if self.readmits {
            return Ok(());
        }
        let brings_person = |draft: &domain::forms::Draft| {
            kind == Kind::Expert || draft.contact.as_ref().is_some_and(|contact| !contact.is_empty())
        };
        let named = batch.drafts.iter().filter(|draft| brings_person(draft));
        let named: Vec<&str> = named.filter_map(|draft| draft.external_id.as_deref()).collect();
        let erased: BTreeSet<String> = self.store.erased(kind, &named).await?;
        if erased.is_empty() {
            return Ok(());
        }
        let rows = std::mem::take(&mut batch.drafts).into_iter().zip(std::mem::take(&mut batch.lines));
        for (draft, line) in rows {
            let external_id =
                draft.external_id.as_ref().filter(|id| brings_person(&draft) && erased.contains(*id));
            match external_id {
                Some(external_id) => batch.errors.push(refusal(kind, external_id.clone(), line)),
                None => {
                    batch.drafts.push(draft);
                    batch.lines.push(line);
                }
            }
        }
        Ok(())
    }
}

fn refusal(kind: Kind, external_id: String, line: u64) -> RowError {
    let problem = RowProblem {
        column: None,
        label: "外部编号".to_owned(),
        pointer: "/external_id".to_owned(),
        code: ProblemCode::Contradiction,
        detail: StoreError::Erased { kind, external_id }.to_string(),
    };
    RowError { line, problems: vec![problem], bytes_read: 0 }
}
