//! Needs that say nearly the same: which are still to be compared, under which keys the compared ones stand, and the pairs found.
//!
//! What is alike is for others to say; here is kept what they find. A need that is written is marked in the same transaction; a
//! [`Comparison`] takes the mark away together with what it found, so that no need is ever passed over.

use std::collections::HashMap;

use domain::{Kind, Record};

use crate::backend::{Transaction, on_backend};
use crate::rows::{RecordRow, row, signed, unsigned};
use crate::sql::duplicates as texts;
use crate::{Store, StoreError, sql};

/// The keys under which a need is found by its like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sketch {
    /// The need's number.
    pub need: u64,
    /// All its keys.
    pub bands: Vec<i64>,
    /// Those under which it is to be found.
    pub listed: Vec<i64>,
}

/// Two needs that say nearly the same.
#[derive(Debug, Clone, PartialEq)]
pub struct Pair {
    /// Number of the one that came first.
    pub first: u64,
    /// Number of the other.
    pub second: u64,
    /// Why, in one stable word.
    pub reason: String,
    /// How alike, 0 to 1.
    pub likeness: f64,
    /// Of the first one's text, the share that stands in the second.
    pub first_share: f64,
    /// Of the second one's text, the share that stands in the first.
    pub second_share: f64,
}

row! {
    struct PairRow {
        first: i64,
        second: i64,
        reason: String,
        likeness: f64,
        first_share: f64,
        second_share: f64,
    }
}

row! {
    struct SketchRow {
        need: i64,
        bands: Vec<u8>,
    }
}

row! {
    struct HolderRow {
        band: i64,
        need: i64,
    }
}

impl From<PairRow> for Pair {
    fn from(row: PairRow) -> Self {
        Self {
            first: unsigned(row.first),
            second: unsigned(row.second),
            reason: row.reason,
            likeness: row.likeness,
            first_share: row.first_share,
            second_share: row.second_share,
        }
    }
}

impl Store {
    /// Says by which method needs are compared. When it was another one, or none as yet, all are to be compared again.
    pub async fn compare_by(&self, method: &str) -> Result<(), StoreError> {
        let known: Option<String> = on_backend!(&self.backend, pools => {
            sqlx::query_scalar(texts::METHOD).fetch_optional(&pools.readers).await?
        });
        if known.as_deref() == Some(method) {
            return Ok(());
        }
        let mut transaction = self.backend.begin().await?;
        on_backend!(&mut transaction, transaction => {
            sqlx::query(texts::SET_METHOD).bind(method).execute(&mut **transaction).await?;
            sqlx::query(texts::ALL_UNCOMPARED).execute(&mut **transaction).await?;
        });
        transaction.commit().await
    }

    /// Up to `limit` needs that are still to be compared with the others, ascending.
    pub async fn uncompared(&self, limit: u32) -> Result<Vec<u64>, StoreError> {
        on_backend!(&self.backend, pools => {
            let needs: Vec<i64> = sqlx::query_scalar(texts::UNCOMPARED)
                .bind(i64::from(limit))
                .fetch_all(&pools.readers)
                .await?;
            Ok(needs.into_iter().map(unsigned).collect())
        })
    }

    /// How many needs are still to be compared with the others.
    pub async fn count_uncompared(&self) -> Result<u64, StoreError> {
        on_backend!(&self.backend, pools => {
            let count: i64 = sqlx::query_scalar(texts::COUNT_UNCOMPARED).fetch_one(&pools.readers).await?;
            Ok(unsigned(count))
        })
    }

    /// Begins to compare. Other writers wait until it ends: two that compared at once would not see each other's needs.
    pub async fn compare(&self) -> Result<Comparison, StoreError> {
        Ok(Comparison { transaction: self.backend.begin().await? })
    }

    /// The pairs that one of these needs is in, each once, in the order of their numbers; those with a withdrawn need only when
    /// asked for, and none whose text has changed since.
    pub async fn pairs_of(&self, needs: &[u64], with_withdrawn: bool) -> Result<Vec<Pair>, StoreError> {
        let mut pairs: Vec<Pair> = Vec::new();
        for keys in needs.chunks(sql::MOST_KEYS) {
            let keys = sql::padded(keys);
            let rows: Vec<PairRow> = on_backend!(&self.backend, pools => {
                let mut query = sqlx::query_as(texts::pairs_of(keys.len(), with_withdrawn));
                for need in keys {
                    query = query.bind(signed(*need));
                }
                query.fetch_all(&pools.readers).await?
            });
            pairs.extend(rows.into_iter().map(Pair::from));
        }
        pairs.sort_by_key(|pair| (pair.first, pair.second));
        pairs.dedup_by_key(|pair| (pair.first, pair.second));
        Ok(pairs)
    }

    /// Up to `limit` pairs after the pair of these two numbers, without withdrawn needs.
    pub async fn pairs(&self, after: (u64, u64), limit: u32) -> Result<Vec<Pair>, StoreError> {
        let rows: Vec<PairRow> = on_backend!(&self.backend, pools => {
            sqlx::query_as(texts::PAIRS)
                .bind(signed(after.0))
                .bind(signed(after.1))
                .bind(i64::from(limit))
                .fetch_all(&pools.readers)
                .await?
        });
        Ok(rows.into_iter().map(Pair::from).collect())
    }
}

/// Some needs being compared with all others, in one transaction; rolled back unless written.
pub struct Comparison {
    transaction: Transaction,
}

impl Comparison {
    /// Those of these needs that are to be compared, ascending. What an earlier comparison found of them is forgotten.
    pub async fn uncompared(&mut self, needs: &[u64]) -> Result<Vec<Record>, StoreError> {
        let mut numbers: Vec<i64> = Vec::new();
        for keys in needs.chunks(sql::MOST_KEYS) {
            let keys = sql::padded(keys);
            let found: Vec<i64> = on_backend!(&mut self.transaction, transaction => {
                let mut query = sqlx::query_scalar(texts::uncompared(keys.len()));
                for need in keys {
                    query = query.bind(signed(*need));
                }
                query.fetch_all(&mut **transaction).await?
            });
            numbers.extend(found);
        }
        self.forget(&numbers).await?;
        let numbers: Vec<u64> = numbers.into_iter().map(unsigned).collect();
        self.records(&numbers).await
    }

    /// The needs of these numbers, ascending.
    pub async fn records(&mut self, numbers: &[u64]) -> Result<Vec<Record>, StoreError> {
        let mut records = Vec::with_capacity(numbers.len());
        for keys in numbers.chunks(sql::MOST_KEYS) {
            let keys = sql::padded(keys);
            let rows: Vec<RecordRow> = on_backend!(&mut self.transaction, transaction => {
                let mut query = sqlx::query_as(sql::records(keys.len())).bind(Kind::Need.slug());
                for number in keys {
                    query = query.bind(signed(*number));
                }
                query.fetch_all(&mut **transaction).await?
            });
            records.extend(rows.into_iter().map(RecordRow::record).collect::<Result<Vec<_>, _>>()?);
        }
        records.sort_by_key(|record| record.id);
        Ok(records)
    }

    /// The needs that stand under these keys, ascending, by key; keys under which none stands are left out.
    pub async fn holders(&mut self, bands: &[i64]) -> Result<HashMap<i64, Vec<u64>>, StoreError> {
        let mut holders: HashMap<i64, Vec<u64>> = HashMap::new();
        for keys in bands.chunks(sql::MOST_KEYS) {
            let keys = sql::padded(keys);
            let rows: Vec<HolderRow> = on_backend!(&mut self.transaction, transaction => {
                let mut query = sqlx::query_as(texts::holders(keys.len()));
                for band in keys {
                    query = query.bind(*band);
                }
                query.fetch_all(&mut **transaction).await?
            });
            for row in rows {
                holders.entry(row.band).or_default().push(unsigned(row.need));
            }
        }
        holders.values_mut().for_each(|needs| needs.sort_unstable());
        Ok(holders)
    }

    /// Writes what was found of `needs`, which are compared from now on, also those of which there is nothing to write.
    pub async fn write(
        mut self,
        needs: &[u64],
        sketches: &[Sketch],
        pairs: &[Pair],
    ) -> Result<(), StoreError> {
        self.write_sketches(sketches).await?;
        self.unmark(needs).await?;
        let rows = sketches.iter().flat_map(|sketch| sketch.listed.iter().map(|band| (*band, sketch.need)));
        let rows: Vec<(i64, u64)> = rows.collect();
        for chunk in rows.chunks(sql::ROWS) {
            on_backend!(&mut self.transaction, transaction => {
                let mut query = sqlx::query(texts::add_bands(chunk.len())).persistent(sql::is_prepared(chunk.len()));
                for (band, need) in chunk {
                    query = query.bind(*band).bind(signed(*need));
                }
                query.execute(&mut **transaction).await?;
            });
        }
        for chunk in pairs.chunks(sql::ROWS) {
            on_backend!(&mut self.transaction, transaction => {
                let mut query = sqlx::query(texts::add_pairs(chunk.len())).persistent(sql::is_prepared(chunk.len()));
                for pair in chunk {
                    query = query
                        .bind(signed(pair.first))
                        .bind(signed(pair.second))
                        .bind(pair.reason.as_str())
                        .bind(pair.likeness)
                        .bind(pair.first_share)
                        .bind(pair.second_share);
                }
                query.execute(&mut **transaction).await?;
            });
        }
        self.transaction.commit().await
    }

    async fn write_sketches(&mut self, sketches: &[Sketch]) -> Result<(), StoreError> {
        for chunk in sketches.chunks(sql::ROWS) {
            on_backend!(&mut self.transaction, transaction => {
                let mut query = sqlx::query(texts::write_sketches(chunk.len())).persistent(sql::is_prepared(chunk.len()));
                for sketch in chunk {
                    let bands: Vec<u8> = sketch.bands.iter().flat_map(|band| band.to_be_bytes()).collect();
                    query = query.bind(signed(sketch.need)).bind(bands);
                }
                query.execute(&mut **transaction).await?;
            });
        }
        Ok(())
    }

    async fn unmark(&mut self, needs: &[u64]) -> Result<(), StoreError> {
        for keys in needs.chunks(sql::MOST_KEYS) {
            let keys = sql::padded(keys);
            on_backend!(&mut self.transaction, transaction => {
                let mut query = sqlx::query(texts::delete_uncompared(keys.len()));
                for need in keys {
                    query = query.bind(signed(*need));
                }
                query.execute(&mut **transaction).await?;
            });
        }
        Ok(())
    }

    /// Takes needs that were compared before out of what was found then.
    async fn forget(&mut self, needs: &[i64]) -> Result<(), StoreError> {
        for keys in needs.chunks(sql::MOST_KEYS) {
            let keys = sql::padded(keys);
            let rows: Vec<SketchRow> = on_backend!(&mut self.transaction, transaction => {
                let mut query = sqlx::query_as(texts::sketches(keys.len()));
                for need in keys {
                    query = query.bind(*need);
                }
                query.fetch_all(&mut **transaction).await?
            });
            for SketchRow { need, bands } in rows {
                let (bands, _) = bands.as_chunks::<8>();
                on_backend!(&mut self.transaction, transaction => {
                    sqlx::query(texts::DELETE_PAIRS).bind(need).execute(&mut **transaction).await?;
                    for band in bands {
                        let band = i64::from_be_bytes(*band);
                        sqlx::query(texts::DELETE_BAND).bind(band).bind(need).execute(&mut **transaction).await?;
                    }
                });
            }
        }
        Ok(())
    }
}
