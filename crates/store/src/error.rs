//! What can go wrong in the store.

use std::borrow::Cow;
use std::fmt;
use std::path::PathBuf;

use domain::access::KeyId;
use domain::{Kind, RecordId, WebhookId};
use sqlx::error::{DatabaseError, ErrorKind};
use sqlx::migrate::MigrateError;
use sqlx::postgres::PgDatabaseError;

use crate::{Receipt, RunId};

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
    /// The holder has as many good keys as there may be.
    #[error("“{holder}”已有 {} 个有效的密钥（{}），请先撤销一个", live.len(), list(live))]
    TooManyKeys {
        /// Who holds them.
        holder: String,
        /// The good ones.
        live: Vec<KeyId>,
    },
    /// The holder is known with another purpose or region.
    #[error("“{0}”已登记过，用途或地区与此次不同；这两项不能改，请照原样填写，或换一个接入方名称")]
    HolderDiffers(String),
    /// What the ticket stands for has been done before; nothing was written.
    #[error("这个请求此前已经完成")]
    Redeemed(Receipt),
    /// The ticket stands for another request.
    #[error("这个 Idempotency-Key 已用于另一个请求，请换一个")]
    TicketReused,
    /// Another process has taken the operation up, or it has ended.
    #[error("后台任务 {0} 已由另一个进程接手，或已经结束")]
    OperationLost(u64),
    /// There is no such address for events.
    #[error("没有编号为 {0} 的推送地址")]
    WebhookNotFound(WebhookId),
    /// There is no such message on its way to that address.
    #[error("没有编号为 {0} 的推送记录")]
    DeliveryNotFound(u64),
    /// The holder has as many addresses for events as there may be.
    #[error("“{holder}”已有 {most} 个推送地址，请先删除不用的")]
    TooManyWebhooks {
        /// Who holds them.
        holder: String,
        /// So many there may be.
        most: u64,
    },
    /// There is no such campaign.
    #[error("没有编号为 {0} 的对接活动")]
    CampaignNotFound(u64),
    /// There is no such run.
    #[error("没有编号为 {0} 的匹配批次")]
    RunNotFound(RunId),
    /// The run has been published or abandoned and takes no more matches.
    #[error("匹配批次 {0} 已结束，不能再写入或发布")]
    RunClosed(RunId),
    /// The run cannot be published yet.
    #[error("匹配批次 {0} 还没有全部完成，不能发布")]
    RunUnfinished(RunId),
    /// Another process has taken the batch over.
    #[error("匹配批次 {run} 的第 {batch} 批已由另一个进程接手，本进程的结果作废")]
    BatchLost {
        /// The run.
        run: RunId,
        /// The batch.
        batch: u64,
    },
    /// Frozen statistics are gone, or not all there.
    #[error("匹配批次所用的统计基准 {0} 已不存在")]
    EpochNotFound(u64),
    /// An earlier batch of this import failed and everything has been rolled back.
    #[error("本次导入的前一批写入失败，整个导入已撤销，请重新导入")]
    ImportAborted,
    /// The database's URL is none that this program understands.
    #[error("数据库地址无效：应形如 sqlite:///目录/hongniang.db 或 postgres://用户@主机/数据库")]
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
    Migration(#[source] Box<MigrateError>),
    /// Others were writing for longer than we wait; trying again later helps.
    #[error("数据库正忙，请稍后再试")]
    Busy,
    /// The database cannot be reached or opened.
    #[error("数据库暂不可用")]
    Unavailable(#[source] sqlx::Error),
    /// The server does not let this program in: the role, its password, the name of the database or its rights.
    #[error("数据库拒绝连接：请检查地址中的用户名、口令和数据库名，以及该用户能否连接")]
    NotLetIn(#[source] sqlx::Error),
    /// The database's file is damaged, or is none.
    #[error("数据库文件已损坏，或不是数据库；请停止服务，用 hongniang restore 从备份恢复")]
    Damaged(#[source] sqlx::Error),
    /// The database does not fit; the message says what to do.
    #[error("数据库不合要求：{0}")]
    Unsuitable(&'static str),
    /// The connection broke while a transaction was being committed: it may be written, or not.
    #[error("数据库连接在保存时中断，不能确定是否已经保存；请先核对，再决定是否重做")]
    OutcomeUnknown(#[source] sqlx::Error),
    /// There is no room for what should be written.
    #[error("数据库所在的磁盘已满")]
    DiskFull(#[source] sqlx::Error),
    /// The database takes no writes, as a standby or on a read-only disk.
    #[error("数据库是只读的，不能写入")]
    ReadOnly(#[source] sqlx::Error),
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
    /// The ring does not hold the key that sealed last: it is an old one, or that of another database.
    #[error(
        "密钥环与数据库不符：数据库最近用密钥 {key} 加密联系方式，而本机的密钥环 {} 里没有这把密钥，因此不启动、不写入联系方式。\
        请从其他服务器复制密钥环文件（keys/contacts.keys）；两处各加过密钥的，把两个文件中的密钥行合在一起，各服务器用同一份。\
        密钥确已遗失、不能找回的，在密钥环里加一行“lost {key}”即可继续，但用它加密的联系方式再也无法读取",
        path.display()
    )]
    OtherRing {
        /// The key that sealed last.
        key: String,
        /// This ring's file.
        path: PathBuf,
    },
    /// There are sealed contacts, and the ring of keys is gone.
    #[error(
        "找不到联系方式的密钥环 {}，而数据库中有已加密的联系方式；请把密钥环放回原处，新增的服务器请从已有的服务器复制（keys/contacts.keys）",
        path.display()
    )]
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
    #[error("{}", erased(*kind, external_id))]
    Erased {
        /// The registry.
        kind: Kind,
        /// The identifier of the person's record.
        external_id: String,
    },
    /// The planner's statistics belong to whoever owns the database, and that is another role.
    #[error(
        "PostgreSQL 的统计信息（pg_statistic）里可能仍有被删的文字：本程序所用的角色不是数据库的所有者，无权重写它；请由管理员执行 ALTER DATABASE 库名 OWNER TO 本程序的角色，之后会自动清理"
    )]
    StatisticsKept,
    /// The database that a copy should be put into holds something.
    #[error(
        "数据库不是空的；只能恢复到新建的空数据库，请另建一个：createdb --encoding=UTF8 --template=template0 名称"
    )]
    NotEmpty,
    /// A file of a copy is none of this schema.
    #[error("数据库的副本有误：{file} 与数据库结构不符")]
    Copy {
        /// Its name in the copy.
        file: String,
    },
    /// A copy of the database cannot be written there, or read.
    #[error("无法读写数据库的副本 {}", path.display())]
    Snapshot {
        /// The file or its folder.
        path: PathBuf,
        /// What the database or the system says.
        #[source]
        error: sqlx::Error,
    },
    /// Any other fault of the database.
    #[error("数据库操作失败")]
    Database(#[source] sqlx::Error),
}

fn list(keys: &[KeyId]) -> String {
    keys.iter().map(KeyId::to_string).collect::<Vec<_>>().join("、")
}

fn erased(kind: Kind, external_id: &str) -> String {
    let label = kind.label();
    if kind == Kind::Expert {
        return format!(
            "外部编号“{external_id}”所指的人已依要求从{label}库删除；重新取得本人同意后才能再次收录"
        );
    }
    format!(
        "{label}“{external_id}”的联系人已依要求删除，这条记录不再接收联系方式（留空即可）；确是另一人、或重新取得本人同意的，由管理员用 hongniang import --allow-erased 导入"
    )
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        let fault = match &error {
            sqlx::Error::Database(fault) => match fault.try_downcast_ref::<PgDatabaseError>() {
                Some(fault) => postgres_fault(fault.code()),
                None => sqlite_fault(fault.code().as_deref()),
            },
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::PoolClosed
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::WorkerCrashed => Fault::Unavailable,
            // An address that parsed but names, say, a certificate that is not there.
            sqlx::Error::Configuration(_) => Fault::Unavailable,
            _ => Fault::Other,
        };
        let error = without_details(error);
        match fault {
            Fault::Busy => Self::Busy,
            Fault::Unavailable => Self::Unavailable(error),
            Fault::DiskFull => Self::DiskFull(error),
            Fault::ReadOnly => Self::ReadOnly(error),
            Fault::NotLetIn => Self::NotLetIn(error),
            Fault::Damaged => Self::Damaged(error),
            Fault::Other => Self::Database(error),
        }
    }
}

impl From<MigrateError> for StoreError {
    fn from(error: MigrateError) -> Self {
        match error {
            MigrateError::Execute(error) => error.into(),
            MigrateError::ExecuteMigration(error, version) => match Self::from(error) {
                Self::Database(error) => {
                    Self::Migration(Box::new(MigrateError::ExecuteMigration(error, version)))
                }
                other => other,
            },
            error => Self::Migration(Box::new(error)),
        }
    }
}

/// What a database's code comes to.
enum Fault {
    Busy,
    Unavailable,
    DiskFull,
    ReadOnly,
    NotLetIn,
    Damaged,
    Other,
}

/// By the primary result code: the low byte of the extended one (<https://www.sqlite.org/rescode.html>).
fn sqlite_fault(code: Option<&str>) -> Fault {
    let extended: Option<u32> = code.and_then(|code| code.parse().ok());
    // IOERR_SHMSIZE: no room for the index of the WAL.
    if extended == Some(4874) {
        return Fault::DiskFull;
    }
    match extended.map(|extended| extended & 0xff) {
        // BUSY, LOCKED
        Some(5 | 6) => Fault::Busy,
        // IOERR, CANTOPEN. Whether a commit whose writing failed is in the file or not, only reading again tells.
        Some(10 | 14) => Fault::Unavailable,
        // CORRUPT, NOTADB
        Some(11 | 26) => Fault::Damaged,
        Some(13) => Fault::DiskFull,
        Some(8) => Fault::ReadOnly,
        _ => Fault::Other,
    }
}

/// By the SQLSTATE (<https://www.postgresql.org/docs/current/errcodes-appendix.html>).
fn postgres_fault(code: &str) -> Fault {
    match code {
        // Lock not available, lock or statement timed out; serialization failure, deadlock.
        "55P03" | "57014" | "40001" | "40P01" => Fault::Busy,
        // Shutting down, crashed, starting up, dropped; idle for too long; no slot free.
        "57P01" | "57P02" | "57P03" | "57P04" | "57P05" | "25P03" | "53300" => Fault::Unavailable,
        code if code.starts_with("08") => Fault::Unavailable,
        // No such database; no such role or a wrong password.
        "3D000" => Fault::NotLetIn,
        code if code.starts_with("28") => Fault::NotLetIn,
        "53100" => Fault::DiskFull,
        "25006" => Fault::ReadOnly,
        _ => Fault::Other,
    }
}

/// The error without what may quote a row: PostgreSQL's details and context hold the values of columns.
fn without_details(error: sqlx::Error) -> sqlx::Error {
    let brief = match &error {
        sqlx::Error::Database(fault) => fault.try_downcast_ref::<PgDatabaseError>().map(|fault| Brief {
            code: fault.code().to_owned(),
            message: fault.message().to_owned(),
            constraint: fault.constraint().map(str::to_owned),
        }),
        _ => None,
    };
    brief.map_or(error, |brief| sqlx::Error::Database(Box::new(brief)))
}

/// What of a PostgreSQL error holds no value of a row.
#[derive(Debug)]
struct Brief {
    code: String,
    message: String,
    constraint: Option<String>,
}

impl fmt::Display for Brief {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.message, self.code)
    }
}

impl std::error::Error for Brief {}

impl DatabaseError for Brief {
    fn message(&self) -> &str {
        &self.message
    }

    fn code(&self) -> Option<Cow<'_, str>> {
        Some(Cow::Borrowed(&self.code))
    }

    fn constraint(&self) -> Option<&str> {
        self.constraint.as_deref()
    }

    fn as_error(&self) -> &(dyn std::error::Error + Send + Sync + 'static) {
        self
    }

    fn as_error_mut(&mut self) -> &mut (dyn std::error::Error + Send + Sync + 'static) {
        self
    }

    fn into_error(self: Box<Self>) -> Box<dyn std::error::Error + Send + Sync + 'static> {
        self
    }

    fn kind(&self) -> ErrorKind {
        ErrorKind::Other
    }
}
