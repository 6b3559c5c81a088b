//! Long work that was asked for over the API: on file before anybody is told so, moved forward in the transactions that it writes with, and
//! kept for a while after its end.
//!
//! An operation belongs to the server whose data directory has its file. Of two processes that take one up, as when a data directory was
//! copied, only the one that began later can write: what it writes is bound to the turn that it was given.

mod moving;

pub(crate) use moving::advance;

use domain::access::KeyId;
use domain::{Kind, Region};
use jiff::Timestamp;

use crate::backend::{Transaction, on_backend};
use crate::rows::{corrupt, moment, row, signed, unsigned};
use crate::sql::operations as texts;
use crate::{Actor, ActorKind, Store, StoreError};

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

/// What is on file of an operation when more is written of it, in the same transaction.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OnFile {
    /// The report so far, as JSON. Names that were hidden in it are not to come back from memory.
    pub report: Option<String>,
    /// Whether somebody was erased since it was asked for: what it read before may name that person.
    pub erased_since: bool,
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
    /// Rows dealt with in all, where they were not counted with each batch.
    pub rows: u64,
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

/// The latest operation that has a file now, for whoever must know when it is gone.
pub(crate) async fn last_with_file(transaction: &mut Transaction) -> Result<u64, StoreError> {
    let last: i64 = on_backend!(transaction, transaction => {
        sqlx::query_scalar(texts::LAST_WITH_FILE).fetch_one(&mut **transaction).await?
    });
    Ok(unsigned(last))
}
