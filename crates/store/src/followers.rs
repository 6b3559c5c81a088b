//! Who follows the outbox, and how far each of them is: what one of them has not read is not pruned.

use domain::Kind;
use jiff::Timestamp;

use crate::backend::{Transaction, on_backend};
use crate::rows::{moment, now, row, signed};
use crate::{Store, StoreError, chores, runs, sql};

/// Revisions passed over in a copy that was put back: nobody has written a record so often since a copy was made.
const REVISIONS: i64 = 1_000;

/// Whose index follows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Follower {
    /// The name of its index.
    pub name: String,
    /// When it last told how far it is.
    pub seen_at: Timestamp,
}

row! {
    struct FollowerRow {
        follower: String,
        seen_at: i64,
    }
}

impl FollowerRow {
    fn follower(self) -> Result<Follower, StoreError> {
        Ok(Follower { name: self.follower, seen_at: moment(self.seen_at)? })
    }
}

impl Store {
    /// All whose indexes follow.
    pub async fn followers(&self) -> Result<Vec<Follower>, StoreError> {
        let rows: Vec<FollowerRow> = on_backend!(&self.backend, pools => {
            sqlx::query_as(sql::FOLLOWERS).bind(runs::FOLLOWER).fetch_all(&pools.readers).await?
        });
        rows.into_iter().map(FollowerRow::follower).collect()
    }

    /// Whether an index of this name follows.
    pub async fn follows(&self, follower: &str) -> Result<bool, StoreError> {
        let known: Option<i32> = on_backend!(&self.backend, pools => {
            sqlx::query_scalar(sql::FOLLOWS).bind(follower).fetch_optional(&pools.readers).await?
        });
        Ok(known.is_some())
    }

    /// Forgets everybody whose index followed, and what they were to do on their files: this database was put in the place of the one that they follow.
    pub async fn begin_anew(&self) -> Result<(), StoreError> {
        let mut transaction = self.backend.begin().await?;
        on_backend!(&mut transaction, transaction => {
            sqlx::query(sql::FORGET_INDEXES).bind(runs::FOLLOWER).execute(&mut **transaction).await?;
            sqlx::query(sql::erasures::END_FOLLOWERS_CHORES).execute(&mut **transaction).await?;
            sqlx::query(sql::PASS_REVISIONS).bind(REVISIONS).execute(&mut **transaction).await?;
        });
        transaction.commit().await
    }

    /// Notes up to where a follower has read the outbox, for each registry that it follows. From now on [`Store::prune_changes`] keeps what
    /// it lacks, until it says otherwise or is forgotten. Of one that was not known what it has written is to be compacted: nobody waited for it
    /// while others were erased.
    pub async fn follow_to(&self, follower: &str, positions: &[(Kind, u64)]) -> Result<(), StoreError> {
        let mut transaction = self.backend.begin().await?;
        let seen_at = now();
        let known: Option<i32> = on_backend!(&mut transaction, transaction => {
            sqlx::query_scalar(sql::FOLLOWS).bind(follower).fetch_optional(&mut **transaction).await?
        });
        if known.is_none() {
            chores::mark_unheard(&mut transaction, follower, positions).await?;
        }
        for (kind, position) in positions {
            on_backend!(&mut transaction, transaction => {
                sqlx::query(sql::FOLLOW)
                    .bind(follower)
                    .bind(kind.slug())
                    .bind(signed(*position))
                    .bind(seen_at)
                    .execute(&mut **transaction)
                    .await?;
            });
        }
        transaction.commit().await
    }

    /// Forgets the followers that have said nothing since this moment; what they lack may be pruned. Returns how many of their registries
    /// went.
    pub async fn forget_followers(&self, silent_since: Timestamp) -> Result<u64, StoreError> {
        let mut transaction = self.backend.begin().await?;
        let forgotten = on_backend!(&mut transaction, transaction => {
            sqlx::query(sql::FORGET_FOLLOWERS)
                .bind(silent_since.as_millisecond())
                .execute(&mut **transaction)
                .await?
                .rows_affected()
        });
        transaction.commit().await?;
        Ok(forgotten)
    }

    /// Deletes the entries of the outbox up to and including `position` that every follower is past; only the latest entry stays,
    /// so that [`Store::last_change`] never goes back. Returns how many went.
    pub async fn prune_changes(&self, position: u64) -> Result<u64, StoreError> {
        let mut pruned = 0;
        loop {
            // In slices, each a transaction of its own, so that other writers get their turn in between.
            let mut transaction = self.backend.begin().await?;
            let slice = on_backend!(&mut transaction, transaction => {
                sqlx::query(sql::PRUNE_CHANGES)
                    .bind(signed(position))
                    .execute(&mut **transaction)
                    .await?
                    .rows_affected()
            });
            transaction.commit().await?;
            if slice == 0 {
                return Ok(pruned);
            }
            pruned += slice;
        }
    }
}

/// All whose indexes follow, as a transaction sees it, by name.
pub(crate) async fn names(transaction: &mut Transaction) -> Result<Vec<String>, StoreError> {
    let rows: Vec<FollowerRow> = on_backend!(transaction, transaction => {
        sqlx::query_as(sql::FOLLOWERS).bind(runs::FOLLOWER).fetch_all(&mut **transaction).await?
    });
    Ok(rows.into_iter().map(|row| row.follower).collect())
}
