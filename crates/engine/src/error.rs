//! What can go wrong in a use case; the user's faults and ours told apart.

use std::io::ErrorKind;
use std::path::PathBuf;

use domain::access::{KeyId, Scope};
use domain::{FieldProblem, Kind, RecordId};
use embedding::ModelError;
use exchange::{FileError, sheets::SheetError};
use index::IndexError;
use jiff::civil::Date;
use store::{RunId, StoreError};
use text::DictionaryError;

use crate::keys::KeyFault;
use crate::{BackupError, ImportReport};

/// A use case that did not come to its end. Messages are Chinese and hold no contact value.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EngineError {
    /// Fields of a form are invalid.
    #[error("表单中有 {} 处错误", .0.len())]
    Invalid(Vec<FieldProblem>),
    /// There is no such record.
    #[error("没有编号为 {0} 的记录")]
    NotFound(RecordId),
    /// No run has been published yet.
    #[error("还没有发布过匹配批次，请先运行 hongniang rematch")]
    NoRun,
    /// No run of this day is kept, or none with the number that was named too.
    #[error("没有 {0} 的匹配批次：这一天没有发布过，或已不再保留")]
    NoRunOf(Date),
    /// A run for another day is being worked on.
    #[error("{0} 的匹配批次正在进行，请等它完成，或先用 hongniang rematch cancel 放弃它")]
    OtherRunUnderWay(Date),
    /// The run was given up while it was being worked on.
    #[error("匹配批次 {0} 已被取消，没有发布；原来的结果不变")]
    RematchCancelled(RunId),
    /// This process was told to stop; the run is still open.
    #[error(
        "匹配批次 {0} 已在本机停下，尚未发布；再次运行 hongniang rematch 即从停下处继续，放弃请用 hongniang rematch cancel"
    )]
    RematchStopped(RunId),
    /// This process would score otherwise than those who work at the run.
    #[error(
        "本机的程序版本、词典、向量或权重与正在进行的匹配批次不同，不能参加；请使各机一致，或等它完成后再运行"
    )]
    OtherRanking,
    /// The index does not get to where the run needs it.
    #[error("索引长时间没有跟上数据库，不能参加匹配；请查看写索引的服务是否正常（hongniang index status）")]
    IndexBehind,
    /// These two registries are not matched with each other.
    #[error("不支持为{}匹配{}", subject.label(), target.label())]
    NoSuchPairing {
        /// The asking side.
        subject: Kind,
        /// The side asked for.
        target: Kind,
    },
    /// A parameter is out of bounds.
    #[error("{parameter}：{detail}")]
    BadParameter {
        /// Its name in the API.
        parameter: &'static str,
        /// What is wrong, in Chinese.
        detail: String,
    },
    /// A file is not what it claims to be.
    #[error(transparent)]
    File(#[from] FileError),
    /// A workbook cannot be written or read.
    #[error(transparent)]
    Sheet(#[from] SheetError),
    /// An import stopped because of bad rows and changed nothing; the report names them.
    #[error("有 {} 行不合格，按“全有或全无”未导入任何一行", .0.rejected)]
    NothingImported(Box<ImportReport>),
    /// An import was cut short; what the report counts is stored, and sending the same file again changes nothing of it.
    #[error("导入中断，此前的 {} 行已导入，可以重新提交整个文件", report.stored())]
    ImportCutShort {
        /// What was done until then.
        report: Box<ImportReport>,
        /// What came in between.
        #[source]
        error: Box<EngineError>,
    },
    /// The data directory cannot be used.
    #[error("数据目录 {} 无法使用", path.display())]
    DataDir {
        /// The directory.
        path: PathBuf,
        /// What the system says.
        #[source]
        error: std::io::Error,
    },
    /// A line of the list of those who were erased is none.
    #[error(
        "删除名单 {} 第 {line} 行无法识别；请从备份或其他服务器的名单中找回这一行，不要直接删去：它所指的人会重新出现",
        path.display()
    )]
    ErasureLine {
        /// The list.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What reading it said.
        #[source]
        error: serde_json::Error,
    },
    /// The database's file is empty, and an index lies beside it.
    #[error(
        "数据库文件 {} 是空的，而旁边有它的索引：数据库的内容已经丢失。请用 hongniang restore 从备份恢复；确要从头开始，请换一个空的数据目录",
        path.display()
    )]
    EmptyDatabase {
        /// The file.
        path: PathBuf,
    },
    /// A file of the embedding model cannot be read.
    #[error("向量模型 {} 无法读取（设置 embedding.model_dir）", path.display())]
    ModelFile {
        /// The file, or the directory.
        path: PathBuf,
        /// What the system says.
        #[source]
        error: std::io::Error,
    },
    /// The embedding model is not whole, or of a kind that is not supported.
    #[error("向量模型 {} 不能使用（设置 embedding.model_dir）", directory.display())]
    Model {
        /// Where its files lie.
        directory: PathBuf,
        /// What is wrong.
        #[source]
        error: ModelError,
    },
    /// Term vectors do not tell what texts mean while a model does.
    #[error(
        "已启用向量模型（设置 embedding.model_dir），语义由它判断，学习词向量不会改变匹配；要改用词向量，请先清空这项设置"
    )]
    ModelInPlace,
    /// A dictionary of the operator is malformed.
    #[error("词典有误：{0}")]
    Dictionary(#[from] DictionaryError),
    /// The input of an evaluation cannot be read.
    #[error("评测数据有误：{0}")]
    BadSet(String),
    /// The key is none that is good.
    #[error(transparent)]
    KeyRefused(#[from] KeyFault),
    /// There is no such key.
    #[error("没有编号为 {0} 的密钥")]
    KeyNotFound(KeyId),
    /// There is no feedback of this number any more.
    #[error("第 {0} 条对接反馈已不存在")]
    FeedbackNotFound(u64),
    /// There is no such operation.
    #[error("没有编号为 {0} 的后台任务")]
    OperationNotFound(u64),
    /// A file that was put aside is gone, or damaged.
    #[error("为这项任务暂存的文件已丢失或损坏，请重新提交")]
    FileLost,
    /// There is no room for another file.
    #[error("暂存的文件已达上限，请等前面的任务完成后再提交")]
    NoRoomAside,
    /// As many operations wait as may.
    #[error("等待的后台任务已达上限（{0} 个），请稍后再提交")]
    TooMuchWaiting(u64),
    /// The key lacks scopes.
    #[error("密钥没有这项权限，还需要：{}", slugs(.0))]
    MissingScopes(Vec<Scope>),
    /// What the key may see of the record, or of other records, does not go that far.
    #[error("{0}")]
    OutsideRegion(String),
    /// More is under way than can be done at a time.
    #[error("同时处理的请求过多，请稍后再试")]
    Overloaded,
    /// The same request is being worked on.
    #[error("同一个请求正在处理，请稍后用同一个 Idempotency-Key 再试")]
    UnderWay,
    /// The system gives no random numbers.
    #[error("系统无法提供随机数")]
    Random(#[source] rand::rngs::SysError),
    /// A file of an evaluation's input cannot be read.
    #[error("评测数据有误：无法读取 {}", path.display())]
    SetFile {
        /// The file.
        path: PathBuf,
        /// What the system says.
        #[source]
        error: std::io::Error,
    },
    /// A line of an evaluation's input is no JSON object of the right kind.
    #[error("评测数据有误：{} 第 {line} 行", path.display())]
    SetLine {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        #[source]
        error: serde_json::Error,
    },
    /// Nothing that staff could judge.
    #[error("没有可评判的需求：没有有效的需求，或者没有候选对象")]
    NothingToJudge,
    /// Another process is learning term vectors.
    #[error("另一个进程正在学习词向量，请稍后再试")]
    Teaching,
    /// A fault of the program; its panic message says where.
    #[error("程序内部出错，详情见日志")]
    Panicked,
    /// The program is ending.
    #[error("服务正在停止")]
    ShuttingDown,
    /// A backup was not made, or not put back.
    #[error(transparent)]
    Backup(#[from] BackupError),
    /// The store refused.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The index refused.
    #[error(transparent)]
    Index(#[from] IndexError),
}

impl EngineError {
    /// Whether there is no room left on a disk for what should be written.
    pub fn is_disk_full(&self) -> bool {
        match self {
            Self::Store(StoreError::DiskFull(_)) => true,
            Self::ImportCutShort { error, .. } => error.is_disk_full(),
            Self::DataDir { error, .. } => {
                matches!(error.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded)
            }
            _ => false,
        }
    }
}

/// Scopes as programs write them.
fn slugs(scopes: &[Scope]) -> String {
    scopes.iter().map(|scope| scope.slug()).collect::<Vec<_>>().join("、")
}
