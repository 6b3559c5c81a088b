//! Operations on their way: on file, taken up, moved forward with what is written, ended, forgotten.

use domain::Kind;
use jiff::Timestamp;
use serde_json::json;

use super::{Advance, Ending, OnFile, Operation, OperationRow, OperationState};
use crate::audit::{self, About, Action, AuditResult, Event};
use crate::backend::{Transaction, on_backend};
use crate::rows::{now, signed, unsigned};
use crate::sql::{erasures, operations as texts};
use crate::{ImportSession, OperationDraft, Receipt, Store, StoreError};

/// Clocks of servers may differ by so many milliseconds.
const CLOCKS: i64 = 10 * 60_000;

impl Store {
    /// Puts work on file, to be done by the server that it names. Under a ticket it is on file once.
    pub async fn submit(&self, draft: &OperationDraft) -> Result<u64, StoreError> {
        let mut transaction = self.begin().await?;
        let number: i64 = on_backend!(&mut transaction, transaction => {
            sqlx::query_scalar(texts::SUBMIT)
                .bind(draft.what.as_str())
                .bind(draft.registry.map(Kind::slug))
                .bind(draft.options.as_str())
                .bind(signed(draft.key.0))
                .bind(draft.holder.as_str())
                .bind(draft.region.map(String::from))
                .bind(self.actor.origin.as_str())
                .bind(self.actor.request.as_str())
                .bind(draft.server.as_str())
                .bind(draft.file.as_deref())
                .bind(signed(draft.size))
                .bind(now())
                .fetch_one(&mut **transaction)
                .await?
        });
        let number = unsigned(number);
        let detail = json!({"operation": number, "what": draft.what});
        let about = draft.registry.map_or(About::Nothing, About::Registry);
        let event = Event::done(Action::OperationSubmit, about, detail);
        audit::append(&mut transaction, &self.actor, event).await?;
        self.redeem(&mut transaction, Receipt::Operation(number)).await?;
        transaction.commit().await?;
        Ok(number)
    }

    /// Takes up the operation of a server that has waited longest, if one does.
    pub async fn begin_operation(&self, server: &str) -> Result<Option<Operation>, StoreError> {
        // Looked at first: who has nothing to do need not wait for a turn to write.
        if self.operations_waiting(server, None).await? == 0 {
            return Ok(None);
        }
        let mut transaction = self.backend.begin().await?;
        let row: Option<OperationRow> = on_backend!(&mut transaction, transaction => {
            let next: Option<OperationRow> =
                sqlx::query_as(texts::NEXT).bind(server).fetch_optional(&mut **transaction).await?;
            match next {
                None => None,
                Some(next) => {
                    sqlx::query(texts::BEGIN).bind(next.number).bind(now()).execute(&mut **transaction).await?;
                    Some(sqlx::query_as(texts::OPERATION).bind(next.number).fetch_one(&mut **transaction).await?)
                }
            }
        });
        transaction.commit().await?;
        row.map(OperationRow::operation).transpose()
    }

    /// Has the operations wait again that a process of this server was at when it ended. For whoever alone works for that server.
    pub async fn let_go_of_operations(&self, server: &str) -> Result<(), StoreError> {
        let mut transaction = self.backend.begin().await?;
        on_backend!(&mut transaction, transaction => {
            sqlx::query(texts::LET_GO_ALL).bind(server).execute(&mut **transaction).await?;
        });
        transaction.commit().await
    }

    /// Has an operation wait again, to be gone on with where it stands.
    pub async fn let_go_of_operation(&self, operation: &Operation) -> Result<(), StoreError> {
        let mut transaction = self.backend.begin().await?;
        on_backend!(&mut transaction, transaction => {
            sqlx::query(texts::LET_GO)
                .bind(signed(operation.number))
                .bind(signed(operation.turn))
                .execute(&mut **transaction)
                .await?;
        });
        transaction.commit().await
    }

    /// Ends an operation as `ending` says, which hears what is on file of it then.
    ///
    /// # Errors
    /// [`StoreError::OperationLost`] when another process has taken it up meanwhile; and whatever `ending` says.
    pub async fn end_operation<E: From<StoreError>>(
        &self,
        operation: &Operation,
        ending: impl FnOnce(&OnFile) -> Result<Ending, E>,
    ) -> Result<(), E> {
        let mut transaction = self.backend.begin().await?;
        let ending = ending(&on_file(&mut transaction, operation).await?)?;
        end(&mut transaction, operation, &ending).await?;
        Ok(transaction.commit().await?)
    }

    /// Has an operation stop: one that waits at once, one that is being done at its next step. Whether that changes anything.
    pub async fn cancel_operation(&self, number: u64) -> Result<bool, StoreError> {
        let mut transaction = self.begin().await?;
        let (number, at) = (signed(number), now());
        let changed = on_backend!(&mut transaction, transaction => {
            let waiting =
                sqlx::query(texts::CANCEL_WAITING).bind(number).bind(at).execute(&mut **transaction).await?;
            let running = sqlx::query(texts::ASK_TO_STOP).bind(number).execute(&mut **transaction).await?;
            waiting.rows_affected() + running.rows_affected()
        });
        if changed > 0 {
            let event = Event::done(Action::OperationCancel, About::Nothing, json!({"operation": number}));
            audit::append(&mut transaction, &self.actor, event).await?;
        }
        self.redeem(&mut transaction, Receipt::Operation(unsigned(number))).await?;
        transaction.commit().await?;
        Ok(changed > 0)
    }

    /// Gives up what was asked for at this moment or before, of other servers than `own` that have said nothing since `silent_since`, for
    /// the reason told.
    pub async fn give_up_operations(
        &self,
        own: &str,
        silent_since: Timestamp,
        until: Timestamp,
        problem: &str,
    ) -> Result<(), StoreError> {
        let mut transaction = self.backend.begin().await?;
        let gone: Vec<i64> = on_backend!(&mut transaction, transaction => {
            sqlx::query_scalar(texts::GIVE_UP)
                .bind(until.as_millisecond())
                .bind(problem)
                .bind(now())
                .bind(own)
                .bind(silent_since.as_millisecond())
                .fetch_all(&mut **transaction)
                .await?
        });
        for number in gone {
            let (about, result) = (About::Nothing, AuditResult::Failed);
            let detail = json!({"operation": number, "state": OperationState::Failed.slug()});
            let event = Event { action: Action::OperationEnd, about, result, detail };
            audit::append(&mut transaction, &self.actor, event).await?;
        }
        transaction.commit().await
    }

    /// Forgets the operations that ended at this moment or before. Returns how many went.
    pub async fn prune_operations(&self, until: Timestamp) -> Result<u64, StoreError> {
        self.prune_until(texts::ANY_OLD, texts::PRUNE, until).await
    }
}

impl ImportSession {
    /// What is on file of an operation now that this session writes: nobody is erased before it ends.
    pub async fn on_file(&mut self, operation: &Operation) -> Result<OnFile, StoreError> {
        let mut transaction = self.take()?;
        let on_file = on_file(&mut transaction, operation).await?;
        self.put_back(transaction);
        Ok(on_file)
    }

    /// Notes how far an operation comes with what this session has written: both are seen, or neither. Tells whether somebody wants it
    /// to stop.
    ///
    /// # Errors
    /// [`StoreError::OperationLost`] when another process has taken it up meanwhile; the whole import is rolled back.
    pub async fn advance(&mut self, operation: &Operation, to: &Advance) -> Result<bool, StoreError> {
        let mut transaction = self.take()?;
        let cancelling = advance(&mut transaction, operation, to).await?;
        self.put_back(transaction);
        Ok(cancelling)
    }
}

async fn on_file(transaction: &mut Transaction, operation: &Operation) -> Result<OnFile, StoreError> {
    let report: Option<Option<String>> = on_backend!(&mut *transaction, transaction => {
        sqlx::query_scalar(texts::REPORT)
            .bind(signed(operation.number))
            .fetch_optional(&mut **transaction)
            .await?
    });
    let since = operation.created_at.as_millisecond() - CLOCKS;
    let erased: Option<i32> = on_backend!(transaction, transaction => {
        sqlx::query_scalar(erasures::ANY_SINCE).bind(since).fetch_optional(&mut **transaction).await?
    });
    Ok(OnFile { report: report.flatten(), erased_since: erased.is_some() })
}

/// Notes how far an operation comes with what this transaction writes. Tells whether somebody wants it to stop.
pub(crate) async fn advance(
    transaction: &mut Transaction,
    operation: &Operation,
    to: &Advance,
) -> Result<bool, StoreError> {
    let cancelling: Option<i64> = on_backend!(transaction, transaction => {
        sqlx::query_scalar(texts::ADVANCE)
            .bind(signed(operation.number))
            .bind(signed(operation.turn))
            .bind(signed(to.rows))
            .bind(signed(to.bytes))
            .bind(to.report.as_str())
            .fetch_optional(&mut **transaction)
            .await?
    });
    cancelling.map(|cancelling| cancelling != 0).ok_or(StoreError::OperationLost(operation.number))
}

async fn end(
    transaction: &mut Transaction,
    operation: &Operation,
    ending: &Ending,
) -> Result<(), StoreError> {
    let (number, key) = (operation.number, operation.draft.key);
    let ended = on_backend!(&mut *transaction, transaction => {
        sqlx::query(texts::END)
            .bind(signed(number))
            .bind(signed(operation.turn))
            .bind(ending.state.slug())
            .bind(ending.report.as_deref())
            .bind(ending.problem.as_deref())
            .bind(now())
            .bind(signed(ending.rows))
            .execute(&mut **transaction)
            .await?
            .rows_affected()
    });
    if ended == 0 {
        return Err(StoreError::OperationLost(number));
    }
    if ending.as_if_never {
        on_backend!(&mut *transaction, transaction => {
            sqlx::query(texts::TAKE_TICKET_BACK)
                .bind(signed(key.0))
                .bind(Receipt::Operation(number).to_string())
                .execute(&mut **transaction)
                .await?;
        });
    }
    let failed = ending.state == OperationState::Failed;
    let result = if failed { AuditResult::Failed } else { AuditResult::Done };
    let detail = json!({"operation": number, "state": ending.state.slug()});
    let event = Event { action: Action::OperationEnd, about: About::Nothing, result, detail };
    audit::append(transaction, &operation.actor, event).await
}
