//! A person erased: out of the database, and not in again with an import. How the files are cleaned: `chores.rs`.

use std::collections::BTreeSet;

use domain::{Kind, ProblemCode, Record, RecordId};
use exchange::{RowError, RowProblem};
use store::{Erased, Erasure, ErasureKind, ErasurePlan, StoreError};

use crate::import::Batch;
use crate::{Engine, EngineError, erasures};

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
        let erased = self.store.erase(id, |entries| erasures::append(&list, entries)).await?;
        self.indexing.wake();
        Ok(erased)
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
    let (label, pointer) =
        if kind == Kind::Expert { ("外部编号", "/external_id") } else { ("联系方式", "/contact") };
    let problem = RowProblem {
        column: None,
        label: label.to_owned(),
        pointer: pointer.to_owned(),
        code: ProblemCode::Contradiction,
        detail: StoreError::Erased { kind, external_id }.to_string(),
    };
    RowError { line, problems: vec![problem], bytes_read: 0 }
}
