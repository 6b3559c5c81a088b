//! What can go wrong with backups.

use std::io;
use std::path::{Path, PathBuf};

use crate::EngineError;

/// A backup that was not made, or not put back. What was there before stays.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BackupError {
    /// Another backup is being made.
    #[error("另一个进程正在备份，请稍后再试")]
    Busy,
    /// A file cannot be read or written.
    #[error("无法读写 {}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        #[source]
        error: io::Error,
    },
    /// The file is no backup.
    #[error("{} 不是 hongniang 的备份，或已损坏：{reason}", path.display())]
    NoBackup {
        /// The file.
        path: PathBuf,
        /// What is wrong, in Chinese.
        reason: String,
    },
    /// A later program made it.
    #[error("这份备份由更新版本的程序（{program}）制作，请用该版本或更新的程序恢复")]
    Newer {
        /// The version of that program.
        program: String,
    },
    /// The data directory holds something.
    #[error("数据目录 {} 里已有数据；确要换成备份里的内容，请加 --replace（原目录会改名保留）", path.display())]
    Occupied {
        /// The directory.
        path: PathBuf,
    },
    /// The database does not lie in the data directory.
    #[error(
        "设置了数据库地址；SQLite 的备份总是恢复到数据目录里，请去掉 --database-url（HONGNIANG_DATABASE_URL、database_url）后再试"
    )]
    DatabaseElsewhere,
    /// The backup is of a server, and none was named.
    #[error(
        "这份备份来自 PostgreSQL，要恢复到 PostgreSQL 上新建的空数据库里，请用 --database-url（HONGNIANG_DATABASE_URL、database_url）指定它的地址"
    )]
    OfServer,
    /// The database is restored, the data directory is not.
    #[error("数据库已经恢复，但数据目录没有换上；请清空或重建该数据库，排除原因后再恢复一次")]
    HalfRestored(#[source] Box<EngineError>),
    /// The restored copy is not what it should be.
    #[error("恢复出的索引与数据库有 {differences} 处不一致，没有换上")]
    Differs {
        /// How many records differ.
        differences: usize,
    },
    /// Something of those who were erased could not be taken out of the restored copy.
    #[error("备份里有已删除的人，未能从恢复出的文件中清除干净，没有换上")]
    NotErased,
}

impl BackupError {
    pub(crate) fn io(path: &Path, error: io::Error) -> Self {
        Self::Io { path: path.to_owned(), error }
    }
}
