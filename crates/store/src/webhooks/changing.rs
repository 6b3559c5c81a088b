//! Addresses for events: made, changed, removed, and their secrets changed over. Each with its row in the audit log.

use domain::{EventType, WebhookId};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Webhook, WebhookChange, WebhookDraft, WebhookState, present};
use crate::audit::{self, About, Action, Event};
use crate::backend::{Transaction, on_backend};
use crate::rows::{now, signed, unsigned};
use crate::sql::webhooks as texts;
use crate::{Receipt, Store, StoreError};

/// Why what waits for an address that was removed is not sent.
const REMOVED: &str = "推送地址已删除";

impl Store {
    /// Makes an address whose messages are signed with this secret, of the `most` that its holder may have.
    ///
    /// # Errors
    /// [`StoreError::TooManyWebhooks`].
    pub async fn add_webhook(
        &self,
        draft: &WebhookDraft,
        secret: &[u8],
        most: u64,
    ) -> Result<Webhook, StoreError> {
        let mut transaction = self.begin().await?;
        let number: i64 = on_backend!(&mut transaction, transaction => {
            sqlx::query_scalar(texts::ADD)
                .bind(signed(draft.key.0))
                .bind(draft.url.as_str())
                .bind(draft.description.as_str())
                .bind(words(&draft.events))
                .bind(now())
                .fetch_one(&mut **transaction)
                .await?
        });
        let id = WebhookId(unsigned(number));
        let webhook = present(&mut transaction, id).await?;
        let held: i64 = on_backend!(&mut transaction, transaction => {
            sqlx::query_scalar(texts::COUNT_OF_HOLDER)
                .bind(webhook.holder.as_str())
                .fetch_one(&mut **transaction)
                .await?
        });
        if unsigned(held) > most {
            return Err(StoreError::TooManyWebhooks { holder: webhook.holder, most });
        }
        self.set_secret(&mut transaction, id, secret).await?;
        let detail = json!({
            "webhook": id, "key": draft.key, "url": place(&draft.url), "events": words(&draft.events)
        });
        self.done(&mut transaction, Action::WebhookMake, Receipt::Webhook(id), detail).await?;
        transaction.commit().await?;
        Ok(webhook)
    }

    /// Changes an address.
    ///
    /// # Errors
    /// [`StoreError::WebhookNotFound`].
    pub async fn change_webhook(&self, id: WebhookId, change: &WebhookChange) -> Result<Webhook, StoreError> {
        let mut transaction = self.begin().await?;
        let before = present(&mut transaction, id).await?;
        let after = changed(before.clone(), change);
        let (state, reason) = after.state.words();
        // Where it leads elsewhere, or is wanted again, nothing speaks for waiting.
        let anew = after.url != before.url || change.enabled == Some(true);
        let (failures, failing_since) = if anew { (0, None) } else { (after.failures, after.failing_since) };
        on_backend!(&mut transaction, transaction => {
            sqlx::query(texts::CHANGE)
                .bind(signed(id.0))
                .bind(signed(after.key.0))
                .bind(after.url.as_str())
                .bind(after.description.as_str())
                .bind(words(&after.events))
                .bind(state)
                .bind(reason)
                .bind(now())
                .bind(signed(failures))
                .bind(failing_since.map(Timestamp::as_millisecond))
                .bind(0_i64)
                .execute(&mut **transaction)
                .await?;
        });
        let detail = json!({
            "webhook": id, "key": after.key, "url": place(&after.url), "events": words(&after.events),
            "state": after.state.slug()
        });
        self.done(&mut transaction, Action::WebhookChange, Receipt::Webhook(id), detail).await?;
        let after = present(&mut transaction, id).await?;
        transaction.commit().await?;
        Ok(after)
    }

    /// Takes an address away, with its secrets; what waits for it is not sent.
    ///
    /// # Errors
    /// [`StoreError::WebhookNotFound`].
    pub async fn remove_webhook(&self, id: WebhookId) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        let before = present(&mut transaction, id).await?;
        on_backend!(&mut transaction, transaction => {
            sqlx::query(texts::REMOVE).bind(signed(id.0)).bind(now()).execute(&mut **transaction).await?;
        });
        bury(&mut transaction, id, REMOVED).await?;
        let detail = json!({"webhook": id, "key": before.key, "url": place(&before.url)});
        self.done(&mut transaction, Action::WebhookRemove, Receipt::Webhook(id), detail).await?;
        transaction.commit().await
    }

    /// Has an address's messages signed with another secret; the present one signs too until this moment.
    ///
    /// # Errors
    /// [`StoreError::WebhookNotFound`].
    pub async fn rotate_webhook_secret(
        &self,
        id: WebhookId,
        secret: &[u8],
        old_until: Timestamp,
    ) -> Result<Webhook, StoreError> {
        let mut transaction = self.begin().await?;
        present(&mut transaction, id).await?;
        on_backend!(&mut transaction, transaction => {
            sqlx::query(texts::RETIRE_SECRET)
                .bind(signed(id.0))
                .bind(old_until.as_millisecond())
                .bind(now())
                .execute(&mut **transaction)
                .await?;
        });
        self.set_secret(&mut transaction, id, secret).await?;
        let detail = json!({"webhook": id, "old_until": old_until});
        self.done(&mut transaction, Action::WebhookRotate, Receipt::Secret(id), detail).await?;
        let after = present(&mut transaction, id).await?;
        transaction.commit().await?;
        Ok(after)
    }

    async fn done(
        &self,
        transaction: &mut Transaction,
        action: Action,
        receipt: Receipt,
        detail: Value,
    ) -> Result<(), StoreError> {
        let event = Event::done(action, About::Nothing, detail);
        audit::append(transaction, &self.actor, event).await?;
        self.redeem(transaction, receipt).await
    }
}

fn changed(before: Webhook, change: &WebhookChange) -> Webhook {
    let state = match change.enabled {
        Some(true) => WebhookState::Enabled,
        // Why it was disabled before still says more.
        Some(false) if before.state == WebhookState::Enabled => WebhookState::Disabled,
        _ => before.state,
    };
    Webhook {
        key: change.key.unwrap_or(before.key),
        url: change.url.clone().unwrap_or(before.url),
        description: change.description.clone().unwrap_or(before.description),
        events: change.events.clone().unwrap_or(before.events),
        state,
        ..before
    }
}

/// What of a URL may stand in the log: its query may hold a token of the portal's.
fn place(url: &str) -> &str {
    url.split('?').next().unwrap_or_default()
}

/// Types of events as the table has them.
fn words<'a>(events: impl IntoIterator<Item = &'a EventType>) -> String {
    events.into_iter().map(|event| event.slug()).collect::<Vec<_>>().join(" ")
}

/// Gives up what waits for an address. Returns how many messages that are.
pub(super) async fn bury(transaction: &mut Transaction, id: WebhookId, why: &str) -> Result<u64, StoreError> {
    on_backend!(transaction, transaction => {
        let buried = sqlx::query(texts::BURY)
            .bind(signed(id.0))
            .bind(why)
            .bind(now())
            .execute(&mut **transaction)
            .await?;
        Ok(buried.rows_affected())
    })
}
