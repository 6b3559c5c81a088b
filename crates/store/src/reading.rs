//! Reading records, contacts and the outbox.

use std::collections::HashMap;

use domain::{Contact, Kind, Record, RecordId, Region, RegionLevel, Status};
use jiff::Timestamp;

use crate::backend::on_backend;
use crate::rows::{ChangeRow, InventedRow, NumberedContactRow, RecordRow, corrupt, signed, unsigned};
use crate::{Store, StoreError, sql};

/// Which records of a registry are wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListFilter {
    /// Those of these statuses; all when empty.
    pub statuses: Vec<Status>,
    /// Those that changed at this moment or later.
    pub updated_since: Option<Timestamp>,
    /// Those in this region; those without a region are in none.
    pub within: Option<Region>,
}

impl ListFilter {
    /// One slot for each status there is; unwanted ones stay empty and match nothing.
    fn status_slots(&self) -> [&'static str; Status::ALL.len()] {
        let mut slots = [""; Status::ALL.len()];
        for (slot, status) in slots.iter_mut().zip(Status::ALL) {
            if self.statuses.is_empty() || self.statuses.contains(status) {
                *slot = status.slug();
            }
        }
        slots
    }

    /// What the JSON of a profile in the region is like. Quotes within a text are escaped there, so this stands nowhere but at the
    /// profile's own region, and lower regions have their region's digits in front.
    fn within(&self) -> Option<String> {
        let region = self.within?;
        let digits = match region.level() {
            RegionLevel::Province => 2,
            RegionLevel::City => 4,
            RegionLevel::County => 6,
        };
        Some(format!("%\"region\":\"{}%", &String::from(region)[..digits]))
    }

    fn since(&self) -> i64 {
        // Milliseconds are cut off on the way in, so cutting them off here as well loses no record.
        self.updated_since.map_or(i64::MIN, Timestamp::as_millisecond)
    }
}

/// An entry of the outbox: a record that whoever derives something from it must look at again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change {
    /// Ascending in order of commit.
    pub seq: u64,
    /// The record; read it to learn what it says now.
    pub id: RecordId,
}

impl Store {
    /// The record of this identifier, if there is one.
    pub async fn record(&self, id: RecordId) -> Result<Option<Record>, StoreError> {
        let row: Option<RecordRow> = on_backend!(&self.backend, pools => {
            sqlx::query_as(sql::RECORD)
                .bind(id.kind.slug())
                .bind(signed(id.number))
                .fetch_optional(&pools.readers)
                .await?
        });
        row.map(RecordRow::record).transpose()
    }

    /// The record of a registry that carries this external identifier, if there is one.
    pub async fn by_external_id(&self, kind: Kind, external_id: &str) -> Result<Option<Record>, StoreError> {
        if external_id.contains('\0') {
            // PostgreSQL would refuse to look; forms drop it, so nothing is called so.
            return Ok(None);
        }
        let row: Option<RecordRow> = on_backend!(&self.backend, pools => {
            sqlx::query_as(sql::BY_EXTERNAL_ID)
                .bind(kind.slug())
                .bind(external_id)
                .fetch_optional(&pools.readers)
                .await?
        });
        row.map(RecordRow::record).transpose()
    }

    /// The records of these numbers, each once, in the order asked; those that do not exist are left out.
    pub async fn records(&self, kind: Kind, numbers: &[u64]) -> Result<Vec<Record>, StoreError> {
        let mut found: HashMap<u64, Record> = HashMap::with_capacity(numbers.len());
        for keys in numbers.chunks(sql::MOST_KEYS) {
            let keys = sql::padded(keys);
            let rows: Vec<RecordRow> = on_backend!(&self.backend, pools => {
                let mut query = sqlx::query_as(sql::records(keys.len())).bind(kind.slug());
                for number in keys {
                    query = query.bind(signed(*number));
                }
                query.fetch_all(&pools.readers).await?
            });
            for row in rows {
                found.insert(unsigned(row.number), row.record()?);
            }
        }
        Ok(numbers.iter().filter_map(|number| found.remove(number)).collect())
    }

    /// The contact of a record; empty when nothing is known.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no such record; [`StoreError::MissingKey`] when the key is not there that it lies under.
    pub async fn contact(&self, id: RecordId) -> Result<Contact, StoreError> {
        let row: Option<NumberedContactRow> = on_backend!(&self.backend, pools => {
            sqlx::query_as(sql::CONTACT)
                .bind(id.kind.slug())
                .bind(signed(id.number))
                .fetch_optional(&pools.readers)
                .await?
        });
        row.ok_or(StoreError::NotFound(id))?.contact.open(&self.keys, id)
    }

    /// The contacts of these records, by number; `None` where one cannot be opened, which is logged and counted. Those of whom nothing is known are
    /// left out.
    ///
    /// # Errors
    /// When database or ring cannot be read.
    pub async fn contacts(
        &self,
        kind: Kind,
        numbers: &[u64],
    ) -> Result<HashMap<u64, Option<Contact>>, StoreError> {
        let mut found = HashMap::with_capacity(numbers.len());
        for keys in numbers.chunks(sql::MOST_KEYS) {
            let keys = sql::padded(keys);
            let rows: Vec<NumberedContactRow> = on_backend!(&self.backend, pools => {
                let mut query = sqlx::query_as(sql::contacts(keys.len())).bind(kind.slug());
                for number in keys {
                    query = query.bind(signed(*number));
                }
                query.fetch_all(&pools.readers).await?
            });
            for row in rows {
                let number = unsigned(row.number);
                let id = RecordId::new(kind, number);
                found.insert(number, row.contact.open_if_possible(&self.keys, id)?);
            }
        }
        Ok(found)
    }

    /// Up to `limit` records with a number greater than `after`, ascending. Numbers ascend in order of creation, so going on
    /// from the last one seen meets each record once, however many are added meanwhile.
    pub async fn page(
        &self,
        kind: Kind,
        filter: &ListFilter,
        after: u64,
        limit: u32,
    ) -> Result<Vec<Record>, StoreError> {
        let [first, second, third] = filter.status_slots();
        let within = filter.within();
        let text = if within.is_some() { sql::PAGE_WITHIN } else { sql::PAGE };
        let rows: Vec<RecordRow> = on_backend!(&self.backend, pools => {
            let mut query = sqlx::query_as(text)
                .bind(kind.slug())
                .bind(first)
                .bind(second)
                .bind(third)
                .bind(signed(after))
                .bind(filter.since())
                .bind(i64::from(limit));
            if let Some(within) = within {
                query = query.bind(within);
            }
            query.fetch_all(&pools.readers).await?
        });
        rows.into_iter().map(RecordRow::record).collect()
    }

    /// How many records [`Store::page`] would go through.
    pub async fn count(&self, kind: Kind, filter: &ListFilter) -> Result<u64, StoreError> {
        let [first, second, third] = filter.status_slots();
        let within = filter.within();
        let text = if within.is_some() { sql::COUNT_WITHIN } else { sql::COUNT };
        on_backend!(&self.backend, pools => {
            let mut query = sqlx::query_scalar(text)
                .bind(kind.slug())
                .bind(first)
                .bind(second)
                .bind(third)
                .bind(filter.since());
            if let Some(within) = within {
                query = query.bind(within);
            }
            let count: i64 = query.fetch_one(&pools.readers).await?;
            Ok(unsigned(count))
        })
    }

    /// The achievements, open or closed, of these experts (number and external identifier), by the expert's number and then
    /// ascending; experts without any are left out.
    pub async fn achievements_of(
        &self,
        experts: &[(u64, String)],
    ) -> Result<HashMap<u64, Vec<Record>>, StoreError> {
        let numbers: HashMap<&str, u64> =
            experts.iter().map(|(number, external_id)| (external_id.as_str(), *number)).collect();
        let mut found: HashMap<u64, Vec<Record>> = HashMap::new();
        for keys in experts.chunks(sql::MOST_KEYS) {
            let keys = sql::padded(keys);
            let rows: Vec<InventedRow> = on_backend!(&self.backend, pools => {
                let mut query = sqlx::query_as(sql::achievements_of(keys.len()));
                for (_, external_id) in keys {
                    query = query.bind(external_id.as_str());
                }
                query.fetch_all(&pools.readers).await?
            });
            for InventedRow { expert, record } in rows {
                let number = numbers.get(expert.as_str()).copied();
                let number =
                    number.ok_or_else(|| corrupt("完成人".to_owned(), "an expert nobody asked for"))?;
                let achievements = found.entry(number).or_default();
                let record = record.record()?;
                // An achievement may name somebody twice.
                if achievements.last().is_none_or(|last| last.id < record.id) {
                    achievements.push(record);
                }
            }
        }
        Ok(found)
    }

    /// Up to `limit` entries of the outbox after `after`, ascending. A record changed several times comes several times.
    pub async fn changes(&self, after: u64, limit: u32) -> Result<Vec<Change>, StoreError> {
        let rows: Vec<ChangeRow> = on_backend!(&self.backend, pools => {
            sqlx::query_as(sql::CHANGES)
                .bind(signed(after))
                .bind(i64::from(limit))
                .fetch_all(&pools.readers)
                .await?
        });
        rows.into_iter().map(ChangeRow::change).collect()
    }

    /// How many entries after `after` the outbox has for a registry.
    pub async fn count_changes(&self, kind: Kind, after: u64) -> Result<u64, StoreError> {
        on_backend!(&self.backend, pools => {
            let count: i64 = sqlx::query_scalar(sql::COUNT_CHANGES)
                .bind(signed(after))
                .bind(kind.slug())
                .fetch_one(&pools.readers)
                .await?;
            Ok(unsigned(count))
        })
    }

    /// The sequence number of the first entry after `after` that is about a registry, if there is one.
    pub async fn next_change(&self, kind: Kind, after: u64) -> Result<Option<u64>, StoreError> {
        on_backend!(&self.backend, pools => {
            let next: Option<i64> = sqlx::query_scalar(sql::NEXT_CHANGE)
                .bind(signed(after))
                .bind(kind.slug())
                .fetch_optional(&pools.readers)
                .await?;
            Ok(next.map(unsigned))
        })
    }

    /// The sequence number of the oldest entry that the outbox still has; 0 when nothing was ever written.
    pub async fn first_change(&self) -> Result<u64, StoreError> {
        on_backend!(&self.backend, pools => {
            let first: i64 = sqlx::query_scalar(sql::FIRST_CHANGE).fetch_one(&pools.readers).await?;
            Ok(unsigned(first))
        })
    }

    /// The sequence number of the latest entry that the outbox ever had; 0 when nothing was ever written.
    pub async fn last_change(&self) -> Result<u64, StoreError> {
        on_backend!(&self.backend, pools => {
            let last: i64 = sqlx::query_scalar(sql::LAST_CHANGE).fetch_one(&pools.readers).await?;
            Ok(unsigned(last))
        })
    }
}
