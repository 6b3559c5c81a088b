//! The key that sealed last, as the database remembers it. Whoever does not hold it has an old ring, or that of another database: what both wrote, neither
//! could read.

use crate::StoreError;
use crate::backend::{Backend, Transaction, on_backend};
use crate::keyring::Keys;
use crate::sql::contacts as texts;

/// The key that sealed last; `None` when nothing was ever sealed.
pub(crate) async fn known(backend: &Backend) -> Result<Option<String>, StoreError> {
    on_backend!(backend, pools => {
        Ok(sqlx::query_scalar(texts::LAST_KEY).fetch_optional(&pools.writer).await?)
    })
}

/// As [`known`], within a transaction.
pub(crate) async fn known_in(transaction: &mut Transaction) -> Result<Option<String>, StoreError> {
    on_backend!(transaction, transaction => {
        Ok(sqlx::query_scalar(texts::LAST_KEY).fetch_optional(&mut **transaction).await?)
    })
}

/// Remembers the key that seals from now on. To be asked in each transaction that seals, before it does.
///
/// # Errors
/// [`StoreError::OtherRing`] when the ring does not hold the key that sealed before.
pub(crate) async fn hold(transaction: &mut Transaction, keys: &Keys) -> Result<(), StoreError> {
    let last = known_in(transaction).await?;
    let ring = keys.ring()?;
    let current = ring.current().id.as_str();
    if last.as_deref() == Some(current) {
        return Ok(());
    }
    keys.go_with(last.as_deref())?;
    on_backend!(transaction, transaction => {
        sqlx::query(texts::SET_LAST_KEY).bind(current).execute(&mut **transaction).await?;
    });
    Ok(())
}
