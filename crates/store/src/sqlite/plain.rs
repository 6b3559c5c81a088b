//! Contacts that an older version left in plain text: sealed in batches when the database is opened, and then out of its files.

use domain::Contact;
use sqlx::Connection;
use sqlx::sqlite::SqlitePool;

use super::files;
use crate::StoreError;
use crate::keyring::Keys;
use crate::rows::{record_id, row, signed};
use crate::sealing::Sealed;
use crate::sql::{self, Marks, contacts as texts};

/// Contacts sealed in one transaction.
const BATCH: i64 = 1_000;

row! {
    struct PlainRow {
        kind: String,
        number: i64,
        person: Option<String>,
        mobile: Option<String>,
        phone: Option<String>,
        fax: Option<String>,
        email: Option<String>,
        address: Option<String>,
        postcode: Option<String>,
    }
}

/// Seals what is left in plain text. Broken off, the next start goes on with the rest: the table goes last of all.
pub(crate) async fn seal_plain_contacts(writer: &SqlitePool, keys: &Keys) -> Result<(), StoreError> {
    let mut connection = writer.acquire().await?;
    let mut sealed = 0;
    loop {
        let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
        let there: Option<i64> =
            sqlx::query_scalar(texts::SQLITE_PLAIN_TABLE).fetch_optional(&mut *transaction).await?;
        if there.is_none() {
            return Ok(());
        }
        let rows: Vec<PlainRow> =
            sqlx::query_as(texts::PLAIN).bind(BATCH).fetch_all(&mut *transaction).await?;
        if rows.is_empty() {
            transaction.rollback().await?;
            break;
        }
        sealed += rows.len();
        for row in rows {
            let PlainRow { kind, number, person, mobile, phone, fax, email, address, postcode } = row;
            let id = record_id(&kind, number)?;
            let contact = Contact { person, mobile, phone, fax, email, address, postcode };
            let Sealed { key_id, text } = keys.seal(id, &contact)?;
            sqlx::query(sql::write_contacts(Marks::InOrder, 1))
                .bind(id.kind.slug())
                .bind(signed(id.number))
                .bind(key_id)
                .bind(text)
                .execute(&mut *transaction)
                .await?;
            sqlx::query(texts::DELETE_PLAIN).bind(kind).bind(number).execute(&mut *transaction).await?;
        }
        transaction.commit().await?;
    }
    if sealed > 0 || has_pages(&mut connection).await? {
        tracing::info!(contacts = sealed, "contacts in plain text are sealed; the database is written anew");
        // Before the table goes: as long as it is there, the next start knows that the files may still hold what was in it.
        sqlx::query("VACUUM").execute(&mut *connection).await?;
        files::truncate_wal(&mut connection).await?;
    }
    sqlx::query(texts::DROP_PLAIN).execute(&mut *connection).await?;
    Ok(())
}

/// Whether anything was ever written: a database that is new holds no contact, and need not be written anew.
async fn has_pages(connection: &mut sqlx::SqliteConnection) -> Result<bool, StoreError> {
    let one: Option<i64> =
        sqlx::query_scalar("SELECT 1 FROM numbers LIMIT 1").fetch_optional(connection).await?;
    Ok(one.is_some())
}
