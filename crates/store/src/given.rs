//! Which numbers were given. A database that takes the place of another goes on behind what that one gave: a number that a portal has kept
//! never comes to mean something else.

use std::collections::BTreeMap;

use crate::backend::{Backend, OnBackend, on_backend};
use crate::rows::row;
use crate::sql::erasures::PASS_NUMBER;
use crate::sql::given as texts;
use crate::{Store, StoreError};

/// So many numbers are passed over where nothing tells what was given since a copy was made: more than a registry takes in between two copies.
const GAP: i64 = 100_000;

/// The last numbers that a database has given.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Given {
    /// To records, by registry.
    records: BTreeMap<String, i64>,
    /// To rows of tables that are numbered by the database.
    rows: BTreeMap<String, i64>,
}

row! {
    struct LastRow {
        name: String,
        last: Option<i64>,
    }
}

impl Given {
    pub(crate) async fn read(backend: &Backend) -> Result<Self, StoreError> {
        let records: Vec<LastRow> = on_backend!(backend, pools => {
            sqlx::query_as(texts::RECORDS).fetch_all(&pools.readers).await?
        });
        let rows: Vec<LastRow> = match backend {
            OnBackend::Sqlite(pools) => sqlx::query_as(texts::ROWS_SQLITE).fetch_all(&pools.readers).await?,
            OnBackend::Postgres(pools) => {
                sqlx::query_as(texts::ROWS_POSTGRES).fetch_all(&pools.readers).await?
            }
        };
        // A table that never had a row has no last number.
        let named =
            |rows: Vec<LastRow>| rows.into_iter().filter_map(|row| Some((row.name, row.last?))).collect();
        Ok(Self { records: named(records), rows: named(rows) })
    }

    fn and_more(mut self, more: i64) -> Self {
        self.records.values_mut().chain(self.rows.values_mut()).for_each(|last| *last += more);
        self
    }
}

impl Store {
    /// From now on only gives numbers that were given neither here nor there; where nothing tells of there, passes over 100,000 of each.
    ///
    /// # Errors
    /// When the database refuses; nothing is changed then.
    pub async fn go_on_behind(&self, there: Option<&Given>) -> Result<(), StoreError> {
        let given = match there {
            Some(there) => there.clone(),
            None => Given::read(&self.backend).await?.and_more(GAP),
        };
        let mut transaction = self.backend.begin().await?;
        for (kind, last) in &given.records {
            on_backend!(&mut transaction, transaction => {
                sqlx::query(PASS_NUMBER).bind(kind).bind(last).execute(&mut **transaction).await?;
            });
        }
        for (table, last) in &given.rows {
            match &mut transaction {
                OnBackend::Sqlite(transaction) => {
                    for text in texts::PASS_ROW_SQLITE {
                        sqlx::query(text).bind(table).bind(last).execute(&mut **transaction).await?;
                    }
                }
                OnBackend::Postgres(transaction) => {
                    sqlx::query(texts::PASS_ROW_POSTGRES)
                        .bind(table)
                        .bind(last)
                        .execute(&mut **transaction)
                        .await?;
                }
            }
        }
        transaction.commit().await
    }
}
