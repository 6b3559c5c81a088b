//! Who follows the outbox, and how far each of them is: what one of them has not read is not pruned.

use domain::Kind;
use jiff::Timestamp;

use crate::backend::on_backend;
use crate::rows::{now, signed};
use crate::{Store, StoreError, sql};

impl Store {
    /// Notes up to where a follower has read the outbox, for each registry that it follows. From now on [`Store::prune_changes`] keeps what
    /// it lacks, until it says otherwise or is forgotten.
    pub async fn follow_to(&self, follower: &str, positions: &[(Kind, u64)]) -> Result<(), StoreError> {
        let mut transaction = self.backend.begin().await?;
        let seen_at = now();
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
