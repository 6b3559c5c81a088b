//! The secrets of addresses for events: sealed under the ring of keys, as contacts are.

use domain::WebhookId;
use zeroize::Zeroizing;

use crate::backend::{Transaction, on_backend};
use crate::rows::{now, row, signed, unsigned};
use crate::sealing::Sealed;
use crate::sql::webhooks as texts;
use crate::{Store, StoreError, last_key};

row! {
    struct SecretsRow {
        number: i64,
        key_id: Option<String>,
        sealed: Option<String>,
        old_key_id: Option<String>,
        old_sealed: Option<String>,
        old_until: Option<i64>,
    }
}

impl SecretsRow {
    /// The present secret, and the one before it, whether it is still good or not.
    fn sealed(self) -> (WebhookId, [Option<Sealed>; 2], Option<i64>) {
        let sealed = |key_id: Option<String>, text: Option<String>| {
            key_id.zip(text).map(|(key_id, text)| Sealed { key_id, text })
        };
        let both = [sealed(self.key_id, self.sealed), sealed(self.old_key_id, self.old_sealed)];
        (WebhookId(unsigned(self.number)), both, self.old_until)
    }
}

impl Store {
    /// What an address's messages are signed with now, the latest first: the present secret, and the one before while it is good.
    ///
    /// # Errors
    /// [`StoreError::WebhookNotFound`], also when it was removed; [`StoreError::MissingKey`].
    pub async fn webhook_secrets(&self, id: WebhookId) -> Result<Vec<Zeroizing<Vec<u8>>>, StoreError> {
        let row: Option<SecretsRow> = on_backend!(&self.backend, pools => {
            sqlx::query_as(texts::SECRETS).bind(signed(id.0)).fetch_optional(&pools.readers).await?
        });
        let (_, [present, old], until) = row.ok_or(StoreError::WebhookNotFound(id))?.sealed();
        let present = present.ok_or(StoreError::WebhookNotFound(id))?;
        let old = old.filter(|_| until.is_some_and(|until| until > now()));
        let good = std::iter::once(present).chain(old);
        good.map(|sealed| self.keys.unseal_secret(id, &sealed)).collect()
    }

    pub(super) async fn set_secret(
        &self,
        transaction: &mut Transaction,
        id: WebhookId,
        secret: &[u8],
    ) -> Result<(), StoreError> {
        last_key::hold(transaction, &self.keys).await?;
        let Sealed { key_id, text } = self.keys.seal_secret(id, secret)?;
        on_backend!(transaction, transaction => {
            sqlx::query(texts::SET_SECRET)
                .bind(signed(id.0))
                .bind(key_id)
                .bind(text)
                .execute(&mut **transaction)
                .await?;
        });
        Ok(())
    }

    /// Seals anew what lies under another key than this one, which is the last of the ring. What cannot be opened stays as it lies.
    pub(crate) async fn seal_secrets_again(
        &self,
        transaction: &mut Transaction,
        key: &str,
    ) -> Result<(), StoreError> {
        let rows: Vec<SecretsRow> = on_backend!(&mut *transaction, transaction => {
            sqlx::query_as(texts::SECRETS_UNDER_OTHERS).bind(key).fetch_all(&mut **transaction).await?
        });
        for row in rows {
            let (id, both, _) = row.sealed();
            let again = |sealed: Option<Sealed>| {
                let Some(sealed) = sealed else { return Ok(None) };
                match self.keys.unseal_secret(id, &sealed) {
                    Ok(secret) => self.keys.seal_secret(id, &secret).map(Some),
                    Err(error @ (StoreError::MissingKey { .. } | StoreError::Corrupt { .. })) => {
                        tracing::warn!(webhook = %id, error = &error as &dyn std::error::Error, "a secret cannot be opened");
                        Ok(Some(sealed))
                    }
                    Err(error) => Err(error),
                }
            };
            let [present, old] = both.map(again);
            let parts = |sealed: Option<Sealed>| sealed.map(|sealed| (sealed.key_id, sealed.text)).unzip();
            let ((key_id, text), (old_key_id, old_text)) = (parts(present?), parts(old?));
            on_backend!(&mut *transaction, transaction => {
                sqlx::query(texts::SEAL_AGAIN)
                    .bind(signed(id.0))
                    .bind(key_id)
                    .bind(text)
                    .bind(old_key_id)
                    .bind(old_text)
                    .execute(&mut **transaction)
                    .await?;
            });
        }
        Ok(())
    }
}
