//! Long work at a desk: a key sees what its holder has asked for, as far as it could have asked for it itself; who administers sees all that
//! was asked for in the region administered. What an operation has come to is told only to keys that may do what it does.

use std::io::{self, Read};

use domain::Kind;
use store::{Operation as StoredOperation, StoreError};

use super::{Act, Desk};
use crate::matching::today;
use crate::operations::aside::Laid;
use crate::registry::page_limit;
use crate::{EngineError, ImportOptions, Operation, OperationState, RematchRequest, Task, blocking};

/// Operations read at a time when some are not shown.
const PAGE: u32 = 100;

impl Desk {
    /// Puts a file aside for an import, and tells what reading it said in the end. It takes no turn: it lasts as long as its file is on its
    /// way, and the service bounds the number of files itself.
    ///
    /// # Errors
    /// [`EngineError::NoRoomAside`]; when the data directory takes no more.
    pub async fn put_aside(
        &self,
        kind: Kind,
        mut input: impl Read + Send + 'static,
    ) -> Result<(Laid, io::Result<()>), EngineError> {
        self.permit(Act::Import(kind))?;
        let engine = self.engine.clone();
        blocking(move || engine.operations.aside.put(&engine.store)?.take(&mut input)).await
    }

    /// Has a file that was put aside be imported; tells the number of the operation. `answers_later` says whether the caller is told so at
    /// once: else the request is one that failed when the import does.
    ///
    /// # Errors
    /// [`EngineError::TooMuchWaiting`].
    pub async fn submit_import(
        &self,
        options: ImportOptions,
        file: Laid,
        answers_later: bool,
    ) -> Result<u64, EngineError> {
        self.permit(Act::Import(options.kind))?;
        let task = Task::Import(options);
        let submitted = self.engine.submit(task, &self.caller.key, Some(&file), answers_later).await;
        match &submitted {
            Ok(_) => file.keep(),
            // It may be on file, and then it is done.
            Err(EngineError::Store(StoreError::OutcomeUnknown(_))) => file.keep_in_doubt(),
            Err(_) => {}
        }
        submitted
    }

    /// Has the index of a registry, or of all, be built anew, at this server; tells the number of the operation.
    ///
    /// # Errors
    /// [`EngineError::OutsideRegion`] for a key that is bound to a region; [`EngineError::TooMuchWaiting`].
    pub async fn submit_rebuild(&self, kind: Option<Kind>) -> Result<u64, EngineError> {
        let _turn = self.begin(Act::RebuildIndex).await?;
        if self.caller.key.region.is_some() {
            let detail = "索引是所有地区共用的，只有不限地区的管理密钥能重建";
            return Err(EngineError::OutsideRegion(detail.to_owned()));
        }
        self.engine.submit(Task::RebuildIndex(kind), &self.caller.key, None, true).await
    }

    /// Has all open needs be matched again; tells the number of the operation.
    ///
    /// # Errors
    /// [`EngineError::OutsideRegion`] for a key that is bound to a region; [`EngineError::TooMuchWaiting`].
    pub async fn submit_rematch(&self, request: RematchRequest) -> Result<u64, EngineError> {
        let _turn = self.begin(Act::Rematch).await?;
        if self.caller.key.region.is_some() {
            let detail = "匹配批次是所有地区共用的，只有不限地区的管理密钥能开始";
            return Err(EngineError::OutsideRegion(detail.to_owned()));
        }
        // Gone on with after midnight, it is still that day's.
        let request = RematchRequest { on: Some(request.on.unwrap_or_else(today)), ..request };
        self.engine.submit(Task::Rematch(request), &self.caller.key, None, true).await
    }

    /// One operation.
    ///
    /// # Errors
    /// [`EngineError::OperationNotFound`], for what is hidden too.
    pub async fn operation(&self, number: u64) -> Result<Operation, EngineError> {
        let _turn = self.begin(Act::OwnOperations).await?;
        let stored = self.own_operation(number).await?;
        self.shown_operation(stored).await
    }

    /// Up to `limit` operations with a number less than `before`, latest first, and the number before which the next page starts.
    ///
    /// # Errors
    /// [`EngineError::BadParameter`] when the limit is out of bounds.
    pub async fn operations(
        &self,
        before: u64,
        limit: u32,
    ) -> Result<(Vec<Operation>, Option<u64>), EngineError> {
        let _turn = self.begin(Act::OwnOperations).await?;
        page_limit(limit as usize)?;
        let administers = self.permit(Act::ManageKeys).is_ok();
        let holder = (!administers).then_some(self.caller.key.holder.as_str());
        let (mut shown, mut from) = (Vec::new(), before);
        loop {
            let page = self.engine.store.operations(holder, from, PAGE).await?;
            let last = page.last().map(|operation| operation.number);
            for operation in page {
                if !self.sees(&operation) {
                    continue;
                }
                if shown.len() == limit as usize {
                    let next = shown.last().map(|operation: &Operation| operation.number);
                    return Ok((shown, next));
                }
                shown.push(self.shown_operation(operation).await?);
            }
            match last {
                Some(last) => from = last,
                None => return Ok((shown, None)),
            }
        }
    }

    /// Has an operation stop, now or at its next step; one that has ended stays as it is. Tells its number.
    ///
    /// # Errors
    /// [`EngineError::OperationNotFound`], for what is hidden too.
    pub async fn cancel_operation(&self, number: u64) -> Result<u64, EngineError> {
        let _turn = self.begin(Act::OwnOperations).await?;
        self.own_operation(number).await?;
        self.engine.cancel_operation(number).await?;
        Ok(number)
    }

    /// An import of the caller's own once it has ended.
    ///
    /// # Errors
    /// [`EngineError::UnderWay`] when it has not and `waits` is not set; [`EngineError::ShuttingDown`] when this process ends first.
    pub async fn ended_import(&self, number: u64, waits: bool) -> Result<Operation, EngineError> {
        let stored = self.own_operation(number).await?;
        if stored.state.has_ended() {
            return self.shown_operation(stored).await;
        }
        if !waits {
            return Err(EngineError::UnderWay);
        }
        self.shown_operation(self.engine.ended_operation(number).await?).await
    }

    async fn own_operation(&self, number: u64) -> Result<StoredOperation, EngineError> {
        let stored = self.engine.stored_operation(number).await?;
        if self.sees(&stored) { Ok(stored) } else { Err(EngineError::OperationNotFound(number)) }
    }

    fn sees(&self, stored: &StoredOperation) -> bool {
        let own = stored.draft.holder == self.caller.key.holder && self.may_do(stored);
        own || (self.permit(Act::ManageKeys).is_ok() && self.sight().owns(stored.draft.region))
    }

    /// Whether the caller's key may do what the operation does.
    fn may_do(&self, stored: &StoredOperation) -> bool {
        let act = match crate::operations::task(stored) {
            Ok(Task::Import(options)) => Act::Import(options.kind),
            Ok(Task::RebuildIndex(_)) => Act::RebuildIndex,
            Ok(Task::Rematch(_)) => Act::Rematch,
            Ok(Task::MakeCampaign(_)) => Act::MakeCampaign,
            Err(_) => return false,
        };
        self.permit(act).is_ok()
    }

    async fn shown_operation(&self, stored: StoredOperation) -> Result<Operation, EngineError> {
        let may_do = self.may_do(&stored);
        let mut operation = self.engine.told(stored).await?;
        // What is being done has come to nothing yet that would be told.
        if !may_do || matches!(operation.state, OperationState::Waiting | OperationState::Running) {
            (operation.report, operation.campaign) = (None, None);
        }
        if let Some(report) = operation.report.take() {
            operation.report = Some(Box::new(self.shown_report(*report).await?));
        }
        Ok(operation)
    }
}
