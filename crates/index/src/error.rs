//! What can go wrong with an index.

use domain::Kind;

/// Why an index could not be read or written. Every message is for the operator; no document's text is in it.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// The index of this registry does not fit the program and has to be rebuilt first.
    #[error("{}的索引已过期或损坏，需要重建", .0.label())]
    Stale(Kind),
    /// Another writer or rebuild holds the lock, in this process or another.
    #[error("{}的索引正在被另一个任务写入，请稍后再试", .0.label())]
    Busy(Kind),
    /// The index was rebuilt while this writer was open; what it has not committed is void.
    #[error("{}的索引已被重建，本次写入作废，请重新打开", .0.label())]
    Superseded(Kind),
    /// Bytes that were to be frozen statistics are none, or of another version of the program.
    #[error("冻结的统计数据已损坏，或出自程序的另一个版本")]
    NoStatistics,
    /// More texts, or more words in one of them, than a night's ranking can number.
    #[error("数据超出夜间匹配所能容纳的规模")]
    TooLarge,
    /// The file system refused.
    #[error("索引文件读写失败")]
    Files(#[from] std::io::Error),
    /// tantivy refused.
    #[error("索引出错")]
    Engine(#[from] tantivy::TantivyError),
}

impl From<sweep::BuildError> for IndexError {
    fn from(_: sweep::BuildError) -> Self {
        Self::TooLarge
    }
}

impl From<sweep::QueryError> for IndexError {
    fn from(_: sweep::QueryError) -> Self {
        Self::TooLarge
    }
}
