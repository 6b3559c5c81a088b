//! Statistics that all runs of an epoch rank by, kept in the database so that workers on other machines go by the same.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::backend::on_backend;
use crate::rows::{moment, now, row, signed, unsigned};
use crate::sql::runs as texts;
use crate::{Store, StoreError};

/// Bytes of a part.
const PART: usize = 1 << 20;
/// One that no run goes by is kept for so long: somebody may be about to open a run by it.
const UNUSED_FOR: Duration = Duration::from_secs(24 * 60 * 60);

/// An epoch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Epoch {
    /// Its number, ascending.
    pub number: u64,
    /// What must be the same for a run to go on by its statistics.
    pub key: String,
    /// Live documents of each registry at that time, as the engine wrote it.
    pub sizes: String,
    /// When it began.
    pub opened_at: Timestamp,
    parts: u64,
}

row! {
    struct EpochRow {
        number: i64,
        key: String,
        sizes: String,
        opened_at: i64,
        parts: i64,
    }
}

impl Store {
    /// Begins an epoch by these statistics. It counts once a run is opened by it.
    pub async fn begin_epoch(&self, key: &str, sizes: &str, statistics: &[u8]) -> Result<u64, StoreError> {
        let mut transaction = self.backend.begin().await?;
        let number: i64 = on_backend!(&mut transaction, transaction => {
            sqlx::query_scalar(texts::ADD_EPOCH)
                .bind(key)
                .bind(sizes)
                .bind(now())
                .fetch_one(&mut **transaction)
                .await?
        });
        transaction.commit().await?;
        // Each a transaction of its own, so that other writers get their turn in between.
        let mut parts = 0_i64;
        for bytes in statistics.chunks(PART) {
            let mut transaction = self.backend.begin().await?;
            on_backend!(&mut transaction, transaction => {
                sqlx::query(texts::ADD_EPOCH_PART)
                    .bind(number)
                    .bind(parts)
                    .bind(bytes)
                    .execute(&mut **transaction)
                    .await?;
            });
            transaction.commit().await?;
            parts += 1;
        }
        let mut transaction = self.backend.begin().await?;
        on_backend!(&mut transaction, transaction => {
            sqlx::query(texts::COMPLETE_EPOCH).bind(number).bind(parts).execute(&mut **transaction).await?;
        });
        transaction.commit().await?;
        Ok(unsigned(number))
    }

    /// The epoch of this number.
    pub async fn epoch(&self, number: u64) -> Result<Option<Epoch>, StoreError> {
        let row: Option<EpochRow> = on_backend!(&self.backend, pools => {
            sqlx::query_as(texts::EPOCH).bind(signed(number)).fetch_optional(&pools.readers).await?
        });
        let epoch = |row: EpochRow| {
            Ok(Epoch {
                number: unsigned(row.number),
                key: row.key,
                sizes: row.sizes,
                opened_at: moment(row.opened_at)?,
                parts: unsigned(row.parts),
            })
        };
        row.map(epoch).transpose()
    }

    /// An epoch's statistics, as they were given.
    ///
    /// # Errors
    /// [`StoreError::EpochNotFound`].
    pub async fn epoch_statistics(&self, number: u64) -> Result<Vec<u8>, StoreError> {
        let missing = || StoreError::EpochNotFound(number);
        let epoch = self.epoch(number).await?.filter(|epoch| epoch.parts > 0).ok_or_else(missing)?;
        let mut statistics = Vec::new();
        for part in 0..epoch.parts {
            let bytes: Option<Vec<u8>> = on_backend!(&self.backend, pools => {
                sqlx::query_scalar(texts::EPOCH_PART)
                    .bind(signed(number))
                    .bind(signed(part))
                    .fetch_optional(&pools.readers)
                    .await?
            });
            statistics.append(&mut bytes.ok_or_else(missing)?);
        }
        Ok(statistics)
    }

    /// Deletes the statistics that no run goes by. Returns how many epochs went.
    pub async fn prune_epochs(&self) -> Result<u64, StoreError> {
        let age = SignedDuration::try_from(UNUSED_FOR).unwrap_or_default();
        let until = Timestamp::now().checked_sub(age).unwrap_or(Timestamp::MIN).as_millisecond();
        let unused: Vec<i64> = on_backend!(&self.backend, pools => {
            sqlx::query_scalar(texts::UNUSED_EPOCHS).bind(until).fetch_all(&pools.readers).await?
        });
        for number in &unused {
            let mut transaction = self.backend.begin().await?;
            on_backend!(&mut transaction, transaction => {
                for text in [texts::DELETE_EPOCH_PARTS, texts::DELETE_EPOCH] {
                    sqlx::query(text).bind(number).execute(&mut **transaction).await?;
                }
            });
            transaction.commit().await?;
        }
        Ok(unused.len() as u64)
    }
}
