//! What can go wrong in the store.

use std::path::PathBuf;

use domain::{Kind, RecordId};

use crate::RunId;

/// A failed operation of the store. No message holds a contact value, a password or the URL of the database.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// There is no such record.
    #[error("没有编号为 {0} 的记录")]
    NotFound(RecordId),
    /// Another record of the registry carries this external identifier.
    #[error("{}库中已有外部编号为“{external_id}”的记录", kind.label())]
    AlreadyExists {
        /// The registry.
        kind: Kind,
        /// The identifier that is taken.
        external_id: String,
    },
    /// The record has changed since the caller read it.
    #[error("记录已被他人修改，当前版本为 {current}，请重新读取后再改")]
    StaleRevision {
        /// Its revision now.
        current: u64,
    },
    /// The draft belongs to another registry than the record it should replace.
    #[error("该记录属于{}库，不能用{}的内容替换", expected.label(), found.label())]
    WrongKind {
        /// The registry of the record.
        expected: Kind,
        /// The registry of the draft.
        found: Kind,
    },
    /// There is no such run.
    #[error("没有编号为 {0} 的匹配批次")]
    RunNotFound(RunId),
    /// The run has been published or abandoned and takes no more matches.
    #[error("匹配批次 {0} 已结束，不能再写入或发布")]
    RunClosed(RunId),
    /// An earlier batch of this import failed and everything has been rolled back.
    #[error("本次导入的前一批写入失败，整个导入已撤销，请重新导入")]
    ImportAborted,
    /// The database's URL is none that this program understands.
    #[error("数据库地址无效：应形如 sqlite:///目录/hongniang.db")]
    BadUrl,
    /// A newer program has written this database.
    #[error("数据库结构版本 {database} 比本程序支持的版本 {program} 新，请使用更新版本的程序打开")]
    NewerSchema {
        /// The latest migration that the database has seen.
        database: i64,
        /// The latest migration that this program knows.
        program: i64,
    },
    /// A migration could not be applied, or has been changed after it was.
    #[error("数据库结构升级失败")]
    Migration(#[source] Box<sqlx::migrate::MigrateError>),
    /// Others were writing for longer than we wait; trying again later helps.
    #[error("数据库正忙，请稍后再试")]
    Busy,
    /// The database cannot be reached or opened.
    #[error("数据库暂不可用")]
    Unavailable(#[source] sqlx::Error),
    /// A stored value cannot be read.
    #[error("数据库中的{place}内容无法识别")]
    Corrupt {
        /// Where it lies, such as `need-42`.
        place: String,
        /// What reading it said.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Contacts lie under a key that the ring does not hold.
    #[error("密钥环里没有密钥 {key}，用它加密的联系方式无法读取；请把含有这把密钥的密钥环放回原处")]
    MissingKey {
        /// The key's name.
        key: String,
    },
    /// There are sealed contacts, and the ring of keys is gone.
    #[error("找不到联系方式的密钥环 {}，而数据库中有已加密的联系方式；请把密钥环放回原处", path.display())]
    NoKeyRing {
        /// Where it should be.
        path: PathBuf,
    },
    /// The ring of keys is none.
    #[error("联系方式的密钥环 {} 格式有误：每行应为密钥名和密钥，以空格分开", path.display())]
    BadKeyRing {
        /// The file.
        path: PathBuf,
    },
    /// The ring of keys cannot be read or written.
    #[error("联系方式的密钥环 {} 无法读写", path.display())]
    KeyRing {
        /// The file.
        path: PathBuf,
        /// What the system says.
        #[source]
        error: std::io::Error,
    },
    /// The system gives no random numbers.
    #[error("系统没有给出随机数")]
    NoRandomness(#[source] getrandom::Error),
    /// This person was erased and may not come back in passing.
    #[error("外部编号“{external_id}”所指的人已依要求从{}库删除；重新取得本人同意后才能再次收录", kind.label())]
    Erased {
        /// The registry.
        kind: Kind,
        /// The identifier of the person's record.
        external_id: String,
    },
    /// A copy of the database cannot be put there.
    #[error("无法写入数据库的副本 {}", path.display())]
    Snapshot {
        /// The file.
        path: PathBuf,
        /// What the database says.
        #[source]
        error: sqlx::Error,
    },
    /// Any other fault of the database.
    #[error("数据库操作失败")]
    Database(#[source] sqlx::Error),
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::PoolTimedOut => Self::Busy,
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed => Self::Unavailable(error),
            sqlx::Error::Database(fault) => match fault.code().as_deref().and_then(sqlite_code) {
                Some(SQLITE_BUSY | SQLITE_LOCKED) => Self::Busy,
                Some(SQLITE_CANTOPEN | SQLITE_NOTADB) => Self::Unavailable(error),
                _ => Self::Database(error),
            },
            _ => Self::Database(error),
        }
    }
}

impl From<sqlx::migrate::MigrateError> for StoreError {
    fn from(error: sqlx::migrate::MigrateError) -> Self {
        Self::Migration(Box::new(error))
    }
}

const SQLITE_BUSY: u32 = 5;
const SQLITE_LOCKED: u32 = 6;
const SQLITE_CANTOPEN: u32 = 14;
const SQLITE_NOTADB: u32 = 26;

/// The primary result code: the low byte of the extended one (<https://www.sqlite.org/rescode.html>).
fn sqlite_code(code: &str) -> Option<u32> {
    code.parse().ok().map(|extended: u32| extended & 0xff)
}
