//! The files cleaned of those who were erased: the database by whoever can, each index by the process that holds it.

use std::fmt;
use std::path::PathBuf;
use std::sync::PoisonError;
use std::time::{Duration, Instant};

use domain::Kind;
use index::{IndexError, IndexState};
use jiff::{SignedDuration, Timestamp};
use store::{Chore, StoreError};

use crate::indexing::POLL;
use crate::{Engine, EngineError, backup, blocking};

/// After a failure the files are cleaned in passing no sooner than this.
const AGAIN: Duration = Duration::from_secs(60);
/// A server that has told of itself within so long is running; the others do nothing before they are started again.
const RUNNING: SignedDuration = SignedDuration::from_mins(5);

/// Something that may still hold what was erased.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Remnant {
    /// The database's files, which others use.
    Database,
    /// The statistics of PostgreSQL's planner, which another role owns.
    Statistics,
    /// Files that were put aside for operations that have not ended.
    Files,
    /// An index of this data directory, which another process holds.
    Index {
        /// The registry.
        kind: Kind,
    },
    /// An index of another data directory of this database.
    IndexElsewhere {
        /// The registry.
        kind: Kind,
        /// What stands in the file `follower` there.
        follower: String,
        /// Whether its server runs, and will do it by itself.
        running: bool,
    },
    /// A copy of the database that a restore or a backup has left, and that this process may not remove.
    Copy {
        /// The file or folder.
        path: PathBuf,
    },
}

impl fmt::Display for Remnant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Database => f.write_str("数据库文件：别的进程占用着，运行中的服务或下一条命令会接着做"),
            Self::Statistics => write!(f, "{}", StoreError::StatisticsKept),
            Self::Files => f.write_str("还没有做完的任务所用的文件：任务结束后会删除"),
            Self::Index { kind } => {
                write!(f, "本机的{}索引：别的进程占用着，运行中的服务或下一条命令会接着做", kind.label())
            }
            Self::IndexElsewhere { kind, follower, running } => {
                let when = if *running {
                    "那台服务器正在运行，会自己清理"
                } else {
                    "那台服务器没有运行，启动后会自己清理"
                };
                write!(f, "另一个数据目录（其中的 follower 文件为 {follower}）的{}索引：{when}", kind.label())
            }
            Self::Copy { path } => {
                write!(
                    f,
                    "{}：恢复或备份中断后留下的数据库副本，本用户无权删除，请由其所有者删除",
                    path.display()
                )
            }
        }
    }
}

impl Remnant {
    /// Whether it may go while one waits.
    const fn is_going(&self) -> bool {
        match self {
            Self::Database | Self::Files | Self::Index { .. } => true,
            Self::Statistics | Self::Copy { .. } => false,
            Self::IndexElsewhere { running, .. } => *running,
        }
    }
}

impl Engine {
    /// Waits until nothing of those who were erased is left in the files, doing what this process can do. Returns what is left after
    /// `patience`, or as soon as nothing of it is to be waited for; whoever uses these files next, or the service that holds them, goes on.
    ///
    /// # Errors
    /// When database or index files refuse.
    pub async fn finish_erasing(&self, patience: Duration) -> Result<Vec<Remnant>, EngineError> {
        let started = Instant::now();
        let data_dir = self.data_dir.clone();
        let copies = blocking(move || {
            backup::sweep(&data_dir)?;
            Ok(backup::sweep_beside(&data_dir)?)
        })
        .await?;
        loop {
            self.catch_up().await?;
            let kept = {
                let _turn = self.indexing.turn.lock().await;
                match self.do_chores().await {
                    Err(EngineError::Store(StoreError::StatisticsKept)) => true,
                    outcome => outcome.map(|()| false)?,
                }
            };
            let mut left = self.remnants().await?;
            // Who was refused the statistics need not wait for them; else another may just be at the tables.
            let is_going = |left: &Remnant| left.is_going() || (*left == Remnant::Statistics && !kept);
            if !left.iter().any(is_going) || started.elapsed() >= patience {
                left.extend(copies.into_iter().map(|path| Remnant::Copy { path }));
                return Ok(left);
            }
            tokio::time::sleep(POLL).await;
        }
    }

    /// What is still to be done. A data directory that has said nothing for as long as it takes to be forgotten is not waited for; its marks stay, and
    /// should it come back, it does its share.
    async fn remnants(&self) -> Result<Vec<Remnant>, EngineError> {
        let now = Timestamp::now();
        let followers = self.store.followers().await?;
        let index = |kind: Kind, follower: Option<String>| match follower {
            Some(follower) if follower != self.following.name() => {
                let seen_at = followers.iter().find(|known| known.name == follower)?.seen_at;
                let running = seen_at >= now - RUNNING;
                let forgotten = seen_at < self.following.silent_since();
                (!forgotten).then_some(Remnant::IndexElsewhere { kind, follower, running })
            }
            _ => Some(Remnant::Index { kind }),
        };
        let remnant = |chore| match chore {
            Chore::Scrub { .. } => Some(Remnant::Database),
            Chore::Statistics { .. } => Some(Remnant::Statistics),
            Chore::Files { .. } => Some(Remnant::Files),
            Chore::Compact { kind, follower, .. } | Chore::Rebuild { kind, follower, .. } => {
                index(kind, follower)
            }
        };
        let mut left: Vec<Remnant> = self.store.chores().await?.into_iter().filter_map(remnant).collect();
        left.dedup();
        Ok(left)
    }

    /// Cleans the files of what was erased while doing something else, which is not to fail when this does; nor is it tried all the time.
    pub(crate) async fn do_chores_in_passing(&self) {
        let failed = || self.indexing.chores_failed.lock().unwrap_or_else(PoisonError::into_inner);
        if failed().is_some_and(|since| since.elapsed() < AGAIN) {
            return;
        }
        let outcome = self.do_chores().await;
        if let Err(error) = &outcome {
            tracing::warn!(
                error = error as &dyn std::error::Error,
                "the files could not be cleaned of what was erased"
            );
        }
        *failed() = outcome.err().map(|_| Instant::now());
    }

    /// Cleans the files of what was erased, as far as they are this process's and others do not hold them. For whoever has the indexer's turn,
    /// after a catch-up.
    async fn do_chores(&self) -> Result<(), EngineError> {
        let is_ours = |follower: &Option<String>| {
            follower.as_deref().is_none_or(|follower| follower == self.following.name())
        };
        // Its statistics quote from what was deleted until the database is done.
        let mut scrubbed = true;
        for chore in self.store.chores().await? {
            let done = match &chore {
                // They go with their operations, and of persons who were erased nothing is taken in from them.
                Chore::Files { since } => {
                    !self.store.any_file_up_to(*since).await? && self.sweep_aside_if_alone().await?
                }
                Chore::Compact { kind, since, follower } if is_ours(follower) => {
                    self.compact(*kind, *since).await?
                }
                Chore::Rebuild { kind, follower, .. } if is_ours(follower) => {
                    match self.rebuild(*kind, Self::usable_vectors, |_, _| {}).await {
                        Ok(_) => true,
                        Err(EngineError::Index(IndexError::Busy(_) | IndexError::Superseded(_))) => false,
                        Err(error) => return Err(error),
                    }
                }
                Chore::Compact { .. } | Chore::Rebuild { .. } => false,
                Chore::Scrub { .. } => {
                    scrubbed = unless_busy(self.store.scrub().await)?;
                    scrubbed
                }
                Chore::Statistics { .. } => scrubbed && unless_busy(self.store.scrub_statistics().await)?,
            };
            if done {
                self.store.end_chore(&chore).await?;
            }
        }
        Ok(())
    }

    /// Writes a registry's index anew without what was deleted; `false` when that is not possible yet.
    async fn compact(&self, kind: Kind, since: u64) -> Result<bool, EngineError> {
        match self.catalog.registry(kind).state() {
            IndexState::Ready { .. } if self.position(kind) >= since => {}
            _ => return Ok(false),
        }
        // A state that somebody pages through would hold open the files that are to go.
        self.pins.forget(kind);
        let engine = self.clone();
        let compacted = blocking(move || {
            let mut clean = false;
            engine.with_writer(kind, |writer| {
                clean = writer.compact()?;
                Ok(())
            })?;
            Ok(clean)
        });
        match compacted.await {
            Err(EngineError::Index(IndexError::Busy(_) | IndexError::Superseded(_))) => Ok(false),
            outcome => outcome,
        }
    }
}

/// Whether it is done; others who use the database are waited for another time.
fn unless_busy(outcome: Result<(), StoreError>) -> Result<bool, EngineError> {
    match outcome {
        Ok(()) => Ok(true),
        Err(StoreError::Busy) => Ok(false),
        Err(error) => Err(error.into()),
    }
}
