//! Keeping the registries at a desk: a region's key writes its own region's records, and reads of others what they show.

use domain::access::Visibility;
use domain::forms::{self, Draft};
use domain::{FieldProblem, Kind, ProblemCode, RecordId, Region, Status};
use serde_json::{Value, json};
use store::{About, Action, Event, StoreError};

use super::{Act, Desk};
use crate::{EngineError, ListRequest, RecordPage, SearchAnswer, SearchRequest, Shown};

/// Attempts to write a record that others keep changing, when any revision will do.
const ATTEMPTS: usize = 5;

impl Desk {
    /// Stores a new record.
    ///
    /// # Errors
    /// As [`crate::Engine::create`]; a form of another region, or of none, is invalid for a region's key.
    pub async fn create(&self, kind: Kind, form: Value) -> Result<Shown, EngineError> {
        let _turn = self.begin(Act::Write(kind)).await?;
        let draft = self.own_draft(kind, form).await?;
        self.shown_written(self.engine.add(draft).await?).await
    }

    /// Replaces a record by what the form says.
    ///
    /// # Errors
    /// As [`crate::Engine::replace`]; [`EngineError::OutsideRegion`] for a record of another region that is seen.
    pub async fn replace(
        &self,
        id: RecordId,
        expected_revision: Option<u64>,
        form: Value,
    ) -> Result<Shown, EngineError> {
        let _turn = self.begin(Act::Write(id.kind)).await?;
        let mut attempts = 0;
        loop {
            attempts += 1;
            let at = self.own_revision(id, expected_revision).await?;
            let draft = self.own_draft(id.kind, form.clone()).await?;
            match self.engine.put(id, at, draft).await {
                Err(error) if self.again(&error, expected_revision, attempts) => {}
                outcome => return self.shown_written(outcome?).await,
            }
        }
    }

    /// Withdraws a record.
    ///
    /// # Errors
    /// `NotFound`, `StaleRevision`; [`EngineError::OutsideRegion`] for a record of another region that is seen.
    pub async fn withdraw(&self, id: RecordId, expected_revision: Option<u64>) -> Result<Shown, EngineError> {
        let _turn = self.begin(Act::Write(id.kind)).await?;
        let mut attempts = 0;
        loop {
            attempts += 1;
            let at = self.own_revision(id, expected_revision).await?;
            match self.engine.set_status(id, at, Status::Withdrawn).await {
                Err(error) if self.again(&error, expected_revision, attempts) => {}
                outcome => return outcome,
            }
        }
    }

    /// Reads one record, or what it shows.
    ///
    /// # Errors
    /// [`EngineError::NotFound`], for what is hidden too.
    pub async fn read(&self, id: RecordId) -> Result<Shown, EngineError> {
        let _turn = self.begin(Act::Read(id.kind)).await?;
        self.sight().show(self.engine.read(id).await?).ok_or(EngineError::NotFound(id))
    }

    /// The record that its source calls so, if it is seen.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn find(&self, kind: Kind, external_id: &str) -> Result<Option<Shown>, EngineError> {
        let _turn = self.begin(Act::Read(kind)).await?;
        match self.engine.store.by_external_id(kind, external_id).await? {
            Some(record) => Ok(self.sight().show(self.engine.show(record).await?)),
            None => Ok(None),
        }
    }

    /// Lists records in order of creation; what is hidden is neither listed nor counted.
    ///
    /// # Errors
    /// [`EngineError::BadParameter`].
    pub async fn list(&self, kind: Kind, request: &ListRequest) -> Result<RecordPage, EngineError> {
        let _turn = self.begin(Act::Read(kind)).await?;
        let sight = self.sight();
        let mut page = self.engine.list_within(sight.within(kind), kind, request).await?;
        page.items = page.items.into_iter().filter_map(|shown| sight.show(shown)).collect();
        Ok(page)
    }

    /// Begins to hand a registry over whole, which goes on record, and gives its first page; [`Self::list`] gives those that follow.
    ///
    /// # Errors
    /// As [`Self::list`]; when the log cannot be written.
    pub async fn begin_export(&self, kind: Kind, request: &ListRequest) -> Result<RecordPage, EngineError> {
        let first = self.list(kind, request).await?;
        self.engine.note(Event::done(Action::RecordsExport, About::Registry(kind), json!({}))).await?;
        Ok(first)
    }

    /// Searches one registry. Hits, totals and counts are those of what is seen; typed text looks only into texts that are.
    ///
    /// # Errors
    /// [`EngineError::BadParameter`].
    pub async fn search(&self, kind: Kind, request: &SearchRequest) -> Result<SearchAnswer, EngineError> {
        let _turn = self.begin(Act::Read(kind)).await?;
        let sight = self.sight();
        let mut answer = self.engine.search_seen(sight, kind, request).await?;
        answer.items.retain_mut(|item| match sight.show(item.shown.clone()) {
            Some(shown) => {
                if shown.visibility == Visibility::Brief {
                    item.highlights.clear();
                }
                item.shown = shown;
                true
            }
            None => false,
        });
        Ok(answer)
    }

    /// The form, read; it must be of the caller's region, and name nobody of another.
    async fn own_draft(&self, kind: Kind, form: Value) -> Result<Draft, EngineError> {
        let draft = forms::parse(kind, form).map_err(EngineError::Invalid)?;
        let Some(own) = self.caller.key.region else { return Ok(draft) };
        if !self.sight().owns(draft.profile.region()) {
            return Err(EngineError::Invalid(vec![outside(own, draft.profile.region())]));
        }
        let wrong = self.engine.named_elsewhere(own, std::slice::from_ref(&draft)).await?.concat();
        if wrong.is_empty() { Ok(draft) } else { Err(EngineError::Invalid(wrong)) }
    }

    /// The revision at which to write a record, which must be the caller's own: that which was looked at, for one that has changed
    /// meanwhile may have moved to another region.
    async fn own_revision(&self, id: RecordId, expected: Option<u64>) -> Result<Option<u64>, EngineError> {
        let Some(own) = self.caller.key.region else { return Ok(expected) };
        let record = self.engine.record(id).await?;
        let sight = self.sight();
        if !sight.owns(record.profile.region()) {
            return Err(match sight.record(&record) {
                Visibility::Hidden => EngineError::NotFound(id),
                _ => EngineError::OutsideRegion(format!(
                    "{id} 不属于{}，本密钥只能修改本地区的记录",
                    own.full_name()
                )),
            });
        }
        match expected {
            Some(revision) if revision != record.revision => {
                Err(StoreError::StaleRevision { current: record.revision }.into())
            }
            _ => Ok(Some(record.revision)),
        }
    }

    /// Whether to try again: any revision would do, but the one that was looked at is past.
    fn again(&self, error: &EngineError, expected: Option<u64>, attempts: usize) -> bool {
        let stale = matches!(error, EngineError::Store(StoreError::StaleRevision { .. }));
        stale && expected.is_none() && attempts < ATTEMPTS
    }

    /// A record as it was written, beside the needs like it that are seen.
    async fn shown_written(&self, shown: Shown) -> Result<Shown, EngineError> {
        let duplicates = self.shown_duplicates(shown.duplicates).await?;
        Ok(Shown { duplicates, ..shown })
    }
}

/// What is wrong with a form of another region, or of none.
pub(crate) fn outside(own: Region, found: Option<Region>) -> FieldProblem {
    let own = own.full_name();
    let detail = match found {
        Some(region) => format!("本密钥只能写{own}的记录，此处为{}", region.full_name()),
        None => format!("本密钥只能写{own}的记录，所在地区必填"),
    };
    FieldProblem {
        pointer: "/region".to_owned(),
        label: "所在地区".to_owned(),
        code: ProblemCode::OutsideRegion,
        detail,
    }
}
