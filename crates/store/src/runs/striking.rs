//! A person who was erased is taken out of every list and of all changes, in the transaction that erases.

use domain::RecordId;

use super::{changes, lists};
use crate::StoreError;
use crate::backend::{OnBackend, Transaction, on_backend};
use crate::rows::row;
use crate::sql::runs as texts;

row! {
    struct HoldingRow {
        need: i64,
        target_kind: String,
        run: i64,
        bytes: Vec<u8>,
    }
}

/// What of a list or of changes a record was taken out of.
struct Struck {
    bytes: Vec<u8>,
    was_shown: bool,
}

/// Takes a record out of every list and all changes. Returns how many matches that were shown went.
pub(crate) async fn strike(transaction: &mut Transaction, id: RecordId) -> Result<u64, StoreError> {
    let from_list = |row: &HoldingRow| {
        let mut list = lists::read(row.need, id.kind, &row.bytes)?;
        let struck = list.strike(id.number);
        Ok(struck.map(|was_shown| Struck { bytes: list.to_bytes(), was_shown }))
    };
    let from_changes = |row: &HoldingRow| {
        let mut changes = changes::read(row.need, id.kind, &row.bytes)?;
        let struck = changes.strike(id.number);
        Ok(struck.then(|| Struck { bytes: changes.to_bytes(), was_shown: false }))
    };
    let (lists, changes) = match transaction {
        OnBackend::Sqlite(_) => (texts::SQLITE_LISTS_HOLDING, texts::SQLITE_CHANGES_HOLDING),
        OnBackend::Postgres(_) => (texts::POSTGRES_LISTS_HOLDING, texts::POSTGRES_CHANGES_HOLDING),
    };
    let gone = strike_in(transaction, id, lists, texts::REWRITE_LIST, from_list).await?;
    strike_in(transaction, id, changes, texts::REWRITE_CHANGES, from_changes).await?;
    Ok(gone)
}

async fn strike_in(
    transaction: &mut Transaction,
    id: RecordId,
    holding: &'static str,
    rewrite: &'static str,
    without: impl Fn(&HoldingRow) -> Result<Option<Struck>, StoreError>,
) -> Result<u64, StoreError> {
    let bytes = id.number.to_le_bytes().to_vec();
    let (mut after, mut gone) = ((0_i64, 0_i64), 0);
    loop {
        let rows: Vec<HoldingRow> = on_backend!(&mut *transaction, transaction => {
            sqlx::query_as(holding)
                .bind(id.kind.slug())
                .bind(bytes.as_slice())
                .bind(after.0)
                .bind(after.1)
                .fetch_all(&mut **transaction)
                .await?
        });
        let Some(last) = rows.last() else { return Ok(gone) };
        after = (last.run, last.need);
        for row in rows {
            // The bytes may be another number's.
            let Some(struck) = without(&row)? else { continue };
            gone += u64::from(struck.was_shown);
            on_backend!(&mut *transaction, transaction => {
                sqlx::query(rewrite)
                    .bind(row.run)
                    .bind(row.need)
                    .bind(row.target_kind.as_str())
                    .bind(struck.bytes.as_slice())
                    .execute(&mut **transaction)
                    .await?;
            });
        }
    }
}
