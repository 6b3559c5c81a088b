//! Webhooks at a desk: a key has its own holder's addresses in hand, and those who administer see those of their region and take them away.

use domain::WebhookId;
use store::{Delivery, DeliveryState, StoreError, Webhook, WebhookChange, WebhookState};

use super::{Act, Desk};
use crate::EngineError;
use crate::registry::page_limit;
use crate::webhooks::{NewSecret, Pinged, WebhookRequest};

/// Addresses read at a time when some are not shown.
const PAGE: u32 = 100;

impl Desk {
    /// Has events told to an address of the caller's.
    ///
    /// # Errors
    /// As [`crate::Engine::add_webhook`].
    pub async fn create_webhook(&self, request: WebhookRequest) -> Result<NewSecret, EngineError> {
        let _call = self.begin_call(Act::SubscribeWebhook).await?;
        self.engine.add_webhook(&WebhookRequest { key: self.caller.key.id, ..request }).await
    }

    /// Up to `limit` addresses after a number, and the number after which the next page starts.
    ///
    /// # Errors
    /// [`EngineError::BadParameter`] when the limit is out of bounds.
    pub async fn webhooks(&self, after: u64, limit: u32) -> Result<(Vec<Webhook>, Option<u64>), EngineError> {
        let _turn = self.begin(Act::ManageWebhooks).await?;
        page_limit(limit as usize)?;
        let holder = (!self.administers()).then_some(self.caller.key.holder.as_str());
        let (mut shown, mut from) = (Vec::new(), after);
        loop {
            let page = self.engine.webhooks(holder, from, PAGE).await?;
            let last = page.last().map(|webhook| webhook.id.0);
            shown.extend(page.into_iter().filter(|webhook| self.sees_webhook(webhook)));
            if shown.len() > limit as usize {
                shown.truncate(limit as usize);
                let next = shown.last().map(|webhook: &Webhook| webhook.id.0);
                return Ok((shown, next));
            }
            match last {
                Some(last) => from = last,
                None => return Ok((shown, None)),
            }
        }
    }

    /// One address.
    ///
    /// # Errors
    /// `WebhookNotFound`, for what is hidden too.
    pub async fn webhook(&self, id: WebhookId) -> Result<Webhook, EngineError> {
        let _turn = self.begin(Act::ManageWebhooks).await?;
        self.seen_webhook(id).await
    }

    /// Changes an address of the caller's own holder. From then on it belongs to the caller's key: so it outlives the key before.
    ///
    /// # Errors
    /// As [`crate::Engine::change_webhook`].
    pub async fn change_webhook(&self, id: WebhookId, change: WebhookChange) -> Result<Webhook, EngineError> {
        let _call = self.begin_call(Act::SubscribeWebhook).await?;
        self.own_webhook(id).await?;
        self.engine.change_webhook(id, WebhookChange { key: Some(self.caller.key.id), ..change }).await
    }

    /// Takes an address away.
    ///
    /// # Errors
    /// `WebhookNotFound`, for what is hidden too.
    pub async fn remove_webhook(&self, id: WebhookId) -> Result<Webhook, EngineError> {
        let _turn = self.begin(Act::ManageWebhooks).await?;
        self.seen_webhook(id).await?;
        self.engine.remove_webhook(id).await
    }

    /// Has messages to an address of the caller's own holder signed with another secret.
    ///
    /// # Errors
    /// As [`crate::Engine::rotate_webhook_secret`].
    pub async fn rotate_webhook_secret(&self, id: WebhookId, hours: u32) -> Result<NewSecret, EngineError> {
        let _turn = self.begin(Act::ManageWebhooks).await?;
        self.own_webhook(id).await?;
        self.engine.rotate_webhook_secret(id, hours).await
    }

    /// Sends a message to an address of the caller's own holder, to see whether it arrives.
    ///
    /// # Errors
    /// As [`crate::Engine::ping_webhook`]; [`EngineError::UnderWay`] while another is on its way there.
    pub async fn ping_webhook(&self, id: WebhookId) -> Result<Pinged, EngineError> {
        let _call = self.begin_call(Act::ManageWebhooks).await?;
        self.own_webhook(id).await?;
        self.engine.ping_webhook(id).await
    }

    /// Up to `limit` messages to an address with a number less than `before`, latest first, and the number before which the next page starts.
    ///
    /// # Errors
    /// `WebhookNotFound`, for what is hidden too; [`EngineError::BadParameter`] when the limit is out of bounds.
    pub async fn deliveries(
        &self,
        id: WebhookId,
        state: Option<DeliveryState>,
        before: u64,
        limit: u32,
    ) -> Result<(Vec<Delivery>, Option<u64>), EngineError> {
        let _turn = self.begin(Act::ManageWebhooks).await?;
        page_limit(limit as usize)?;
        self.seen_webhook(id).await?;
        let mut found = self.engine.deliveries(Some(id), state, before, limit + 1).await?;
        let more = found.len() > limit as usize;
        found.truncate(limit as usize);
        let next = found.last().filter(|_| more).map(|delivery| delivery.number);
        Ok((found, next))
    }

    /// Sends a message to an address of the caller's own holder again.
    ///
    /// # Errors
    /// As [`crate::Engine::retry_delivery`].
    pub async fn retry_delivery(&self, id: WebhookId, number: u64) -> Result<Delivery, EngineError> {
        let _turn = self.begin(Act::ManageWebhooks).await?;
        self.own_webhook(id).await?;
        self.engine.retry_delivery(id, number).await
    }

    /// What a request about an address came to, as it is now; one that was removed is told of once more.
    pub(super) async fn recall_webhook(&self, id: WebhookId) -> Result<Webhook, EngineError> {
        let _turn = self.begin(Act::ManageWebhooks).await?;
        let webhook = self.engine.removed_or_present(id).await?;
        if self.sees_webhook(&webhook) { Ok(webhook) } else { Err(StoreError::WebhookNotFound(id).into()) }
    }

    /// What became of a message that was sent again.
    pub(super) async fn recall_delivery(&self, number: u64) -> Result<Delivery, EngineError> {
        let _turn = self.begin(Act::ManageWebhooks).await?;
        let delivery = self.engine.delivery(number).await?;
        let webhook = self.engine.removed_or_present(delivery.webhook).await?;
        if self.sees_webhook(&webhook) {
            Ok(delivery)
        } else {
            Err(StoreError::DeliveryNotFound(number).into())
        }
    }

    async fn seen_webhook(&self, id: WebhookId) -> Result<Webhook, EngineError> {
        let webhook = self.engine.webhook(id).await?;
        if self.sees_webhook(&webhook) { Ok(webhook) } else { Err(StoreError::WebhookNotFound(id).into()) }
    }

    async fn own_webhook(&self, id: WebhookId) -> Result<(), EngineError> {
        let webhook = self.engine.webhook(id).await?;
        let own = webhook.holder == self.caller.key.holder;
        if own { Ok(()) } else { Err(StoreError::WebhookNotFound(id).into()) }
    }

    fn administers(&self) -> bool {
        self.permit(Act::ManageKeys).is_ok()
    }

    fn sees_webhook(&self, webhook: &Webhook) -> bool {
        webhook.holder == self.caller.key.holder
            || (self.administers()
                && webhook.state != WebhookState::Removed
                && self.sight().owns(webhook.region))
    }
}
