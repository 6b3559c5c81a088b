//! What is still to be done so that nothing of what was erased is left in the files.
//!
//! It is marked in the transaction that makes it necessary, and the mark goes once it is done: a process that is killed in between leaves it
//! to the next one. The database is everybody's, an index is its follower's: each of them has marks of its own.

use domain::Kind;

use crate::backend::{OnBackend, Transaction, on_backend};
use crate::followers::names;
use crate::rows::{row, signed, unsigned};
use crate::sql::erasures as texts;
use crate::{Store, StoreError, operations, sql};

const SCRUB: &str = "scrub";
const STATISTICS: &str = "statistics";
const COMPACT: &str = "compact:";
const REBUILD: &str = "rebuild:";
const FILES: &str = "files";
/// Between what is to be done and who is to do it.
const AT: char = '@';

/// Something that is still to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Chore {
    /// The database's files, see [`Store::scrub`].
    Scrub {
        /// Which mark this is.
        since: u64,
    },
    /// The planner's statistics, once the database's files are done, see [`Store::scrub_statistics`].
    Statistics {
        /// Which mark this is.
        since: u64,
    },
    /// Files that were put aside for operations up to this number, see [`Store::any_file_up_to`].
    Files {
        /// Number of the operation.
        since: u64,
    },
    /// A registry's index, once it holds all changes up to `since`.
    Compact {
        /// The registry.
        kind: Kind,
        /// Number of the change in the outbox.
        since: u64,
        /// Whose index; of whoever comes first when nobody was known to follow.
        follower: Option<String>,
    },
    /// A registry's index, whatever position it says it is at: the database is another one than that which it followed.
    Rebuild {
        /// The registry.
        kind: Kind,
        /// Which mark this is.
        since: u64,
        /// Whose index, as above.
        follower: Option<String>,
    },
}

impl Chore {
    fn mark(&self) -> (String, u64) {
        let of = |what: &str, kind: &Kind, follower: &Option<String>| match follower {
            Some(follower) => format!("{what}{}{AT}{follower}", kind.plural()),
            None => format!("{what}{}", kind.plural()),
        };
        match self {
            Self::Scrub { since } => (SCRUB.to_owned(), *since),
            Self::Statistics { since } => (STATISTICS.to_owned(), *since),
            Self::Files { since } => (FILES.to_owned(), *since),
            Self::Compact { kind, since, follower } => (of(COMPACT, kind, follower), *since),
            Self::Rebuild { kind, since, follower } => (of(REBUILD, kind, follower), *since),
        }
    }

    /// `None` for one of a later version, which will do it.
    fn read(name: &str, since: u64) -> Option<Self> {
        let index = |prefix| -> Option<(Kind, Option<String>)> {
            let index: &str = name.strip_prefix(prefix)?;
            match index.split_once(AT) {
                Some((kind, follower)) => Some((kind.parse().ok()?, Some(follower.to_owned()))),
                None => Some((index.parse().ok()?, None)),
            }
        };
        if let Some((kind, follower)) = index(COMPACT) {
            return Some(Self::Compact { kind, since, follower });
        }
        if let Some((kind, follower)) = index(REBUILD) {
            return Some(Self::Rebuild { kind, since, follower });
        }
        match name {
            SCRUB => Some(Self::Scrub { since }),
            STATISTICS => Some(Self::Statistics { since }),
            FILES => Some(Self::Files { since }),
            _ => None,
        }
    }
}

row! {
    struct ChoreRow {
        name: String,
        since: i64,
    }
}

impl Store {
    /// What is still to be done, the statistics after the files.
    pub async fn chores(&self) -> Result<Vec<Chore>, StoreError> {
        let rows: Vec<ChoreRow> = on_backend!(&self.backend, pools => {
            sqlx::query_as(texts::CHORES).fetch_all(&pools.readers).await?
        });
        Ok(rows.into_iter().filter_map(|row| Chore::read(&row.name, unsigned(row.since))).collect())
    }

    /// Takes a mark away, unless it was made anew meanwhile.
    pub async fn end_chore(&self, chore: &Chore) -> Result<(), StoreError> {
        let (name, since) = chore.mark();
        let mut transaction = self.backend.begin().await?;
        on_backend!(&mut transaction, transaction => {
            sqlx::query(texts::END_CHORE).bind(name).bind(signed(since)).execute(&mut **transaction).await?;
        });
        transaction.commit().await
    }
}

/// Marks the database, a registry's index at everybody who follows, and what is put aside, as holding what was deleted. `own` is the index that
/// follows here.
pub(crate) async fn mark(
    transaction: &mut Transaction,
    kind: Kind,
    own: Option<&str>,
) -> Result<(), StoreError> {
    let since = last_change(transaction).await?;
    let mut chores = vec![Chore::Scrub { since }];
    if matches!(transaction, OnBackend::Postgres(_)) {
        chores.push(Chore::Statistics { since });
    }
    let followers = followers(transaction, own).await?;
    chores.extend(followers.into_iter().map(|follower| Chore::Compact { kind, since, follower }));
    match operations::last_with_file(transaction).await? {
        0 => {}
        since => chores.push(Chore::Files { since }),
    }
    add(transaction, &chores).await
}

/// Marks all indexes as following another database. Their positions may well fit this one: as many changes have been made since as the
/// other one was ahead.
pub(crate) async fn mark_replaced(
    transaction: &mut Transaction,
    own: Option<&str>,
) -> Result<(), StoreError> {
    let since = last_change(transaction).await?;
    for follower in followers(transaction, own).await? {
        let chore = |kind| Chore::Rebuild { kind, since, follower: follower.clone() };
        add(transaction, &Kind::ALL.map(chore)).await?;
    }
    Ok(())
}

/// Marks these indexes of somebody who was not known to follow: what was deleted meanwhile may stand in their files.
pub(crate) async fn mark_unheard(
    transaction: &mut Transaction,
    follower: &str,
    positions: &[(Kind, u64)],
) -> Result<(), StoreError> {
    let written = positions.iter().filter(|(_, position)| *position > 0);
    let chore =
        |&(kind, since): &(Kind, u64)| Chore::Compact { kind, since, follower: Some(follower.to_owned()) };
    add(transaction, &written.map(chore).collect::<Vec<_>>()).await
}

/// Whose indexes are marked: of all who follow, and the own. Nobody's in particular when there are none.
async fn followers(
    transaction: &mut Transaction,
    own: Option<&str>,
) -> Result<Vec<Option<String>>, StoreError> {
    let mut names = names(transaction).await?;
    if let Some(own) = own
        && !names.iter().any(|name| name == own)
    {
        names.push(own.to_owned());
    }
    if names.is_empty() {
        return Ok(vec![None]);
    }
    Ok(names.into_iter().map(Some).collect())
}

async fn last_change(transaction: &mut Transaction) -> Result<u64, StoreError> {
    let last: i64 = on_backend!(transaction, transaction => {
        sqlx::query_scalar(sql::LAST_CHANGE).fetch_one(&mut **transaction).await?
    });
    Ok(unsigned(last))
}

async fn add(transaction: &mut Transaction, chores: &[Chore]) -> Result<(), StoreError> {
    for chore in chores {
        let (name, since) = chore.mark();
        on_backend!(&mut *transaction, transaction => {
            sqlx::query(texts::ADD_CHORE).bind(name).bind(signed(since)).execute(&mut **transaction).await?;
        });
    }
    Ok(())
}
