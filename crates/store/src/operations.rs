//! Long work that was asked for over the API: on file before anybody is told so, moved forward in the transactions that it writes with, and
//! kept for a while after its end.
//!
//! An operation belongs to the server whose data directory has its file. Of two processes that take one up, as when a data directory was
//! copied, only the one that began later can write: what it writes is bound to the turn that it was given.

use domain::access::KeyId;
use domain::{Kind, Region};
use jiff::Timestamp;
use serde_json::json;

use crate::audit::{self, About, Action, AuditResult, Event};
use crate::backend::{Transaction, on_backend};
use crate::rows::{corrupt, moment, now, row, signed, unsigned};
use crate::sql::operations as texts;
use crate::{Actor, ActorKind, ImportSession, Receipt, Store, StoreError};

/// How far an operation has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OperationState {
    /// Others come first.
    Waiting,
    /// It is being done.
    Running,
    /// It has come to its end.
    Succeeded,
    /// It cannot be done.
    Failed,
    /// Somebody wanted it to stop.
    Cancelled,
}

impl OperationState {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Waiting, Self::Running, Self::Succeeded, Self::Failed, Self::Cancelled];

    /// The word of the API and of the table.
    pub const fn slug(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// The word for people.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Waiting => "等待",
            Self::Running => "进行中",
            Self::Succeeded => "已完成",
            Self::Failed => "失败",
            Self::Cancelled => "已取消",
        }
    }

    /// Whether nothing comes any more.
    pub const fn has_ended(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed | Self::Cancelled)
    }
}

/// Work that somebody asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OperationDraft {
    /// Which kind of work; a word of the engine's.
    pub what: String,
    /// The registry; every one when absent.
    pub registry: Option<Kind>,
    /// How it is to be done, as JSON.
    pub options: String,
    /// With which key it was asked for.
    pub key: KeyId,
    /// Who holds that key.
    pub holder: String,
    /// The region to which the key is bound.
    pub region: Option<Region>,
    /// The server that does it.
    pub server: String,
    /// The file that it is about, by its name in that server's directory.
    pub file: Option<String>,
    /// Bytes of that file.
    pub size: u64,
}

/// An operation as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operation {
    /// Its number, ascending.
    pub number: u64,
    /// What was asked for.
    pub draft: OperationDraft,
    /// In whose name it writes.
    pub actor: Actor,
    /// How far it is.
    pub state: OperationState,
    /// Whether somebody wants it to stop.
    pub cancelling: bool,
    /// How often it was begun.
    pub turn: u64,
    /// Rows dealt with.
    pub rows: u64,
    /// Bytes of the file dealt with.
    pub bytes: u64,
    /// When it was last begun, and the bytes dealt with by then.
    pub began: Option<(Timestamp, u64)>,
    /// What it has come to, as JSON.
    pub report: Option<String>,
    /// Why it failed, as JSON.
    pub problem: Option<String>,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When it was first begun.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
}

/// How far an operation has come, told in the transaction that made it come so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Advance {
    /// Rows dealt with.
    pub rows: u64,
    /// Bytes dealt with.
    pub bytes: u64,
    /// The report so far, as JSON.
    pub report: String,
}

/// How an operation ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ending {
    /// One of those that are an end.
    pub state: OperationState,
    /// The report, as JSON.
    pub report: Option<String>,
    /// Why it failed, as JSON.
    pub problem: Option<String>,
    /// Whether the request that asked for it is to count as one that failed: sent again, it is done again.
    pub as_if_never: bool,
}

row! {
    struct OperationRow {
        number: i64,
        what: String,
        registry: Option<String>,
        options: String,
        state: String,
        cancelling: i64,
        api_key: i64,
        holder: String,
        region: Option<String>,
        origin: String,
        request: String,
        server: String,
        file: Option<String>,
        size: i64,
        turn: i64,
        row_count: i64,
        byte_count: i64,
        began_at: Option<i64>,
        began_from: i64,
        report: Option<String>,
        problem: Option<String>,
        created_at: i64,
        started_at: Option<i64>,
        ended_at: Option<i64>,
    }
}

impl OperationRow {
    fn operation(self) -> Result<Operation, StoreError> {
        let unreadable = |said: String| corrupt(format!("后台任务 {}", self.number), said);
        let key = KeyId(unsigned(self.api_key));
        let state = OperationState::ALL.into_iter().find(|state| state.slug() == self.state);
        let began = self.began_at.map(moment).transpose()?;
        Ok(Operation {
            number: unsigned(self.number),
            draft: OperationDraft {
                what: self.what,
                registry: self.registry.map(|kind| kind.parse()).transpose().map_err(unreadable)?,
                options: self.options,
                key,
                holder: self.holder,
                region: self.region.map(|code| code.parse()).transpose().map_err(unreadable)?,
                server: self.server,
                file: self.file,
                size: unsigned(self.size),
            },
            actor: Actor {
                kind: ActorKind::Portal,
                name: key.to_string(),
                origin: self.origin,
                request: self.request,
            },
            state: state.ok_or_else(|| unreadable(self.state))?,
            cancelling: self.cancelling != 0,
            turn: unsigned(self.turn),
            rows: unsigned(self.row_count),
            bytes: unsigned(self.byte_count),
            began: began.map(|began| (began, unsigned(self.began_from))),
            report: self.report,
            problem: self.problem,
            created_at: moment(self.created_at)?,
            started_at: self.started_at.map(moment).transpose()?,
            ended_at: self.ended_at.map(moment).transpose()?,
        })
    }
}

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

    /// The operation of this number.
    pub async fn operation(&self, number: u64) -> Result<Option<Operation>, StoreError> {
        let row: Option<OperationRow> = on_backend!(&self.backend, pools => {
            sqlx::query_as(texts::OPERATION).bind(signed(number)).fetch_optional(&pools.readers).await?
        });
        row.map(OperationRow::operation).transpose()
    }

    /// Up to `limit` operations with a number less than `before`, latest first: of this holder, or of everybody.
    pub async fn operations(
        &self,
        holder: Option<&str>,
        before: u64,
        limit: u32,
    ) -> Result<Vec<Operation>, StoreError> {
        let rows: Vec<OperationRow> = on_backend!(&self.backend, pools => {
            sqlx::query_as(texts::OPERATIONS)
                .bind(signed(before))
                .bind(i64::from(limit))
                .bind(holder.unwrap_or_default())
                .fetch_all(&pools.readers)
                .await?
        });
        rows.into_iter().map(OperationRow::operation).collect()
    }

    /// How many wait at a server: all, or those that come before this number.
    pub async fn operations_waiting(&self, server: &str, before: Option<u64>) -> Result<u64, StoreError> {
        let count: i64 = on_backend!(&self.backend, pools => {
            match before {
                None => {
                    sqlx::query_scalar(texts::COUNT_WAITING).bind(server).fetch_one(&pools.readers).await?
                }
                Some(number) => {
                    sqlx::query_scalar(texts::WAITING_BEFORE)
                        .bind(server)
                        .bind(signed(number))
                        .fetch_one(&pools.readers)
                        .await?
                }
            }
        });
        Ok(unsigned(count))
    }

    /// The files that a server must keep for its operations.
    pub async fn operation_files(&self, server: &str) -> Result<Vec<String>, StoreError> {
        on_backend!(&self.backend, pools => {
            Ok(sqlx::query_scalar(texts::FILES).bind(server).fetch_all(&pools.readers).await?)
        })
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

    /// Ends an operation.
    ///
    /// # Errors
    /// [`StoreError::OperationLost`] when another process has taken it up meanwhile.
    pub async fn end_operation(&self, operation: &Operation, ending: &Ending) -> Result<(), StoreError> {
        let mut transaction = self.backend.begin().await?;
        end(&mut transaction, operation, ending).await?;
        transaction.commit().await
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

    /// Gives up what was asked for at this moment or before of servers that are heard of no more, for the reason told.
    pub async fn give_up_operations(&self, until: Timestamp, problem: &str) -> Result<(), StoreError> {
        let mut transaction = self.backend.begin().await?;
        let gone: Vec<i64> = on_backend!(&mut transaction, transaction => {
            sqlx::query_scalar(texts::GIVE_UP)
                .bind(until.as_millisecond())
                .bind(problem)
                .bind(now())
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
        let until = until.as_millisecond();
        let any: Option<i32> = on_backend!(&self.backend, pools => {
            sqlx::query_scalar(texts::ANY_OLD).bind(until).fetch_optional(&pools.readers).await?
        });
        if any.is_none() {
            return Ok(0);
        }
        let mut transaction = self.backend.begin().await?;
        let pruned = on_backend!(&mut transaction, transaction => {
            sqlx::query(texts::PRUNE).bind(until).execute(&mut **transaction).await?.rows_affected()
        });
        transaction.commit().await?;
        Ok(pruned)
    }

    /// Whether one of the operations up to this number still has its file.
    pub async fn any_file_up_to(&self, number: u64) -> Result<bool, StoreError> {
        let any: Option<i32> = on_backend!(&self.backend, pools => {
            sqlx::query_scalar(texts::ANY_WITH_FILE)
                .bind(signed(number))
                .fetch_optional(&pools.readers)
                .await?
        });
        Ok(any.is_some())
    }
}

impl ImportSession {
    /// Notes how far an operation comes with what this session has written: both are seen, or neither. Tells whether somebody wants it
    /// to stop.
    ///
    /// # Errors
    /// [`StoreError::OperationLost`] when another process has taken it up meanwhile; the whole import is rolled back.
    pub async fn advance(&mut self, operation: &Operation, to: &Advance) -> Result<bool, StoreError> {
        let mut transaction = self.take()?;
        let cancelling: Option<i64> = on_backend!(&mut transaction, transaction => {
            sqlx::query_scalar(texts::ADVANCE)
                .bind(signed(operation.number))
                .bind(signed(operation.turn))
                .bind(signed(to.rows))
                .bind(signed(to.bytes))
                .bind(to.report.as_str())
                .fetch_optional(&mut **transaction)
                .await?
        });
        let cancelling = cancelling.ok_or(StoreError::OperationLost(operation.number))?;
        self.put_back(transaction);
        Ok(cancelling != 0)
    }

    /// Ends an operation with what this session has written: both are seen, or neither.
    ///
    /// # Errors
    /// As [`Self::advance`].
    pub async fn end(&mut self, operation: &Operation, ending: &Ending) -> Result<(), StoreError> {
        let mut transaction = self.take()?;
        end(&mut transaction, operation, ending).await?;
        self.put_back(transaction);
        Ok(())
    }
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

/// The latest operation that has a file now, for whoever must know when it is gone.
pub(crate) async fn last_with_file(transaction: &mut Transaction) -> Result<u64, StoreError> {
    let last: i64 = on_backend!(transaction, transaction => {
        sqlx::query_scalar(texts::LAST_WITH_FILE).fetch_one(&mut **transaction).await?
    });
    Ok(unsigned(last))
}
