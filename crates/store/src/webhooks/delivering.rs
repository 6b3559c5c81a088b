//! Messages on their way: taken up by one of several servers under a lease, settled only by whoever took them up last, tried again, given up,
//! forgotten.

use domain::WebhookId;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::changing::bury;
use super::{WebhookState, present};
use crate::audit::{self, About, Action, Actor, Event};
use crate::backend::{Transaction, on_backend};
use crate::rows::{corrupt, moment, now, row, signed, unsigned};
use crate::sql::webhooks as texts;
use crate::{Receipt, Store, StoreError};

/// Why what waits for an address that is silent is not sent.
const SILENT: &str = "推送地址已停用，或所属密钥已失效";

/// How far a message is on its way to an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryState {
    /// It waits for its next attempt.
    Pending,
    /// It was taken.
    Delivered,
    /// It was given up.
    Dead,
}

impl DeliveryState {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Pending, Self::Delivered, Self::Dead];

    /// The word of the API and of the table.
    pub const fn slug(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Delivered => "delivered",
            Self::Dead => "dead",
        }
    }

    /// The word for people.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Pending => "待推送",
            Self::Delivered => "已送达",
            Self::Dead => "已放弃",
        }
    }
}

/// A message on its way to an address, as it is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Its number.
    pub number: u64,
    /// To where.
    pub webhook: WebhookId,
    /// The message's name, `webhook-id` in the request.
    pub message: String,
    /// The type of the event.
    pub event: String,
    /// When it happened.
    pub occurred_at: Timestamp,
    /// How far it is.
    pub state: DeliveryState,
    /// Attempts so far.
    pub attempts: u64,
    /// When the next is due, if there is one.
    pub next_at: Option<Timestamp>,
    /// When the last was made.
    pub tried_at: Option<Timestamp>,
    /// The status of the last answer.
    pub status: Option<u16>,
    /// Why the last attempt failed, or why it was given up.
    pub fault: Option<String>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
}

/// A message to be sent now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueDelivery {
    /// Its number.
    pub number: u64,
    /// To which address it goes.
    pub webhook: WebhookId,
    /// How often it was taken up, this time included.
    pub turn: u64,
    /// Attempts before this one.
    pub attempts: u64,
    /// The message's name.
    pub message: String,
    /// What is sent.
    pub body: String,
    /// To where.
    pub url: String,
}

/// What an attempt came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// The status of the answer, if one came.
    pub status: Option<u16>,
    /// Why it failed; one Chinese sentence that tells nothing of what was sent or answered.
    pub fault: Option<String>,
    /// What follows.
    pub then: Then,
}

/// What follows an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Then {
    /// It was taken.
    Delivered,
    /// It is tried again at this moment.
    Again(Timestamp),
    /// There are no further attempts.
    Dead,
    /// The address wants no more messages; none is sent there from now on.
    Gone,
}

/// How much is on its way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct WebhookLoad {
    /// Messages that wait for an attempt.
    pub pending: u64,
    /// Messages that were given up and are still kept.
    pub dead: u64,
    /// Since when the oldest of those that wait has waited.
    pub oldest: Option<Timestamp>,
    /// Addresses that were disabled because they failed or are gone.
    pub disabled: u64,
}

row! {
    struct DeliveryRow {
        number: i64,
        endpoint: i64,
        state: String,
        attempts: i64,
        next_at: i64,
        tried_at: Option<i64>,
        status: Option<i64>,
        fault: Option<String>,
        ended_at: Option<i64>,
        message_id: String,
        event: String,
        occurred_at: i64,
    }
}

impl DeliveryRow {
    fn delivery(self) -> Result<Delivery, StoreError> {
        let state = DeliveryState::ALL.into_iter().find(|state| state.slug() == self.state);
        let state = state.ok_or_else(|| corrupt(format!("推送记录 {}", self.number), self.state))?;
        Ok(Delivery {
            number: unsigned(self.number),
            webhook: WebhookId(unsigned(self.endpoint)),
            message: self.message_id,
            event: self.event,
            occurred_at: moment(self.occurred_at)?,
            state,
            attempts: unsigned(self.attempts),
            next_at: Some(moment(self.next_at)?).filter(|_| state == DeliveryState::Pending),
            tried_at: self.tried_at.map(moment).transpose()?,
            status: self.status.and_then(|status| u16::try_from(status).ok()),
            fault: self.fault,
            ended_at: self.ended_at.map(moment).transpose()?,
        })
    }
}

row! {
    struct DueRow {
        number: i64,
        endpoint: i64,
        attempts: i64,
        turn: i64,
        message_id: String,
        body: String,
        url: String,
    }
}

impl DueRow {
    fn due(self) -> DueDelivery {
        DueDelivery {
            number: unsigned(self.number),
            webhook: WebhookId(unsigned(self.endpoint)),
            turn: unsigned(self.turn),
            attempts: unsigned(self.attempts),
            message: self.message_id,
            body: self.body,
            url: self.url,
        }
    }
}

row! {
    struct LoadRow {
        pending: i64,
        dead: i64,
        oldest: Option<i64>,
        disabled: i64,
    }
}

row! {
    struct FailingRow {
        failures: i64,
        failing_since: Option<i64>,
    }
}

impl Store {
    /// Takes up what is due, at most `most` messages and of each address no more than `each` at a time, for as long as the lease lasts. Should
    /// this server not settle them by then, another one sends them again.
    pub async fn take_deliveries(
        &self,
        server: &str,
        most: u32,
        each: u32,
        lease: SignedDuration,
    ) -> Result<Vec<DueDelivery>, StoreError> {
        if most == 0 {
            return Ok(Vec::new());
        }
        // Looked at first: who has nothing to do need not wait for a turn to write.
        let any: Option<i32> = on_backend!(&self.backend, pools => {
            sqlx::query_scalar(texts::ANY_DUE).bind(now()).fetch_optional(&pools.readers).await?
        });
        if any.is_none() {
            return Ok(Vec::new());
        }
        let mut transaction = self.backend.begin().await?;
        let at = now();
        let until = at.saturating_add(i64::try_from(lease.as_millis()).unwrap_or(i64::MAX));
        let rows = on_backend!(&mut transaction, transaction => {
            let due: Vec<i64> = sqlx::query_scalar(texts::DUE)
                .bind(at)
                .bind(i64::from(most))
                .bind(i64::from(each))
                .fetch_all(&mut **transaction)
                .await?;
            let mut rows: Vec<DueRow> = Vec::with_capacity(due.len());
            for number in due {
                let take = sqlx::query(texts::TAKE).bind(number).bind(server).bind(until);
                take.execute(&mut **transaction).await?;
                rows.push(sqlx::query_as(texts::TAKEN).bind(number).fetch_one(&mut **transaction).await?);
            }
            rows
        });
        transaction.commit().await?;
        Ok(rows.into_iter().map(DueRow::due).collect())
    }

    /// Lets others send what a process of this server had taken up when it ended.
    pub async fn let_go_of_deliveries(&self, server: &str) -> Result<(), StoreError> {
        let mut transaction = self.backend.begin().await?;
        on_backend!(&mut transaction, transaction => {
            sqlx::query(texts::LET_GO).bind(server).execute(&mut **transaction).await?;
        });
        transaction.commit().await
    }

    /// Writes down what an attempt came to. `false` when another server has taken the message up meanwhile: then nothing is written.
    ///
    /// An address that fails rests for as long as `rest` says of so many failures in sequence; one that has failed since `give_up` or
    /// before is disabled, and what waits for it given up.
    pub async fn settle_delivery(
        &self,
        due: &DueDelivery,
        attempt: &Attempt,
        rest: impl Fn(u64) -> SignedDuration + Send,
        give_up: Timestamp,
    ) -> Result<bool, StoreError> {
        let at = now();
        let (state, next_at) = match attempt.then {
            Then::Delivered => (DeliveryState::Delivered, at),
            Then::Again(next) => (DeliveryState::Pending, next.as_millisecond()),
            Then::Dead | Then::Gone => (DeliveryState::Dead, at),
        };
        let mut transaction = self.backend.begin().await?;
        let settled = on_backend!(&mut transaction, transaction => {
            sqlx::query(texts::SETTLE)
                .bind(signed(due.number))
                .bind(signed(due.turn))
                .bind(state.slug())
                .bind(next_at)
                .bind(at)
                .bind(attempt.status.map(i64::from))
                .bind(attempt.fault.as_deref())
                .bind((state != DeliveryState::Pending).then_some(at))
                .execute(&mut **transaction)
                .await?
                .rows_affected()
        });
        if settled == 0 {
            return Ok(false);
        }
        match attempt.then {
            Then::Delivered => on_backend!(&mut transaction, transaction => {
                sqlx::query(texts::SUCCEEDS).bind(signed(due.webhook.0)).execute(&mut **transaction).await?;
            }),
            Then::Gone => disable(&mut transaction, due.webhook, WebhookState::Gone).await?,
            Then::Again(_) | Then::Dead => fails(&mut transaction, due.webhook, at, rest, give_up).await?,
        }
        transaction.commit().await?;
        Ok(true)
    }

    /// Gives up what waits for addresses that are disabled, or whose key is no good any more. Returns how many messages that are.
    pub async fn bury_silent_deliveries(&self) -> Result<u64, StoreError> {
        let silent: Vec<i64> = on_backend!(&self.backend, pools => {
            sqlx::query_scalar(texts::SILENT).bind(now()).fetch_all(&pools.readers).await?
        });
        let mut buried = 0;
        if !silent.is_empty() {
            let mut transaction = self.backend.begin().await?;
            // Asked again: one may have been enabled meanwhile.
            let silent: Vec<i64> = on_backend!(&mut transaction, transaction => {
                sqlx::query_scalar(texts::SILENT).bind(now()).fetch_all(&mut **transaction).await?
            });
            for number in silent {
                buried += bury(&mut transaction, WebhookId(unsigned(number)), SILENT).await?;
            }
            transaction.commit().await?;
        }
        Ok(buried)
    }

    /// Up to `limit` messages with a number less than `before`, latest first: to this address, or to all; in this state, or in any.
    pub async fn deliveries(
        &self,
        webhook: Option<WebhookId>,
        state: Option<DeliveryState>,
        before: u64,
        limit: u32,
    ) -> Result<Vec<Delivery>, StoreError> {
        let rows: Vec<DeliveryRow> = on_backend!(&self.backend, pools => {
            sqlx::query_as(texts::DELIVERIES)
                .bind(signed(before))
                .bind(i64::from(limit))
                .bind(webhook.map_or(0, |webhook| signed(webhook.0)))
                .bind(state.map_or("", DeliveryState::slug))
                .fetch_all(&pools.readers)
                .await?
        });
        rows.into_iter().map(DeliveryRow::delivery).collect()
    }

    /// One message on its way.
    pub async fn delivery(&self, number: u64) -> Result<Option<Delivery>, StoreError> {
        let row: Option<DeliveryRow> = on_backend!(&self.backend, pools => {
            sqlx::query_as(texts::DELIVERY).bind(signed(number)).fetch_optional(&pools.readers).await?
        });
        row.map(DeliveryRow::delivery).transpose()
    }

    /// Sends a message again, from the first attempt on, whatever came of it; one that is being sent at this moment stays so.
    ///
    /// # Errors
    /// [`StoreError::DeliveryNotFound`], also when it goes to another address; [`StoreError::WebhookNotFound`] when that was removed.
    pub async fn retry_delivery(&self, webhook: WebhookId, number: u64) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        present(&mut transaction, webhook).await?;
        let row: Option<DeliveryRow> = on_backend!(&mut transaction, transaction => {
            sqlx::query_as(texts::DELIVERY).bind(signed(number)).fetch_optional(&mut **transaction).await?
        });
        let delivery = row.map(DeliveryRow::delivery).transpose()?;
        if delivery.is_none_or(|delivery| delivery.webhook != webhook) {
            return Err(StoreError::DeliveryNotFound(number));
        }
        on_backend!(&mut transaction, transaction => {
            sqlx::query(texts::AGAIN).bind(signed(number)).bind(now()).execute(&mut **transaction).await?;
        });
        let detail = json!({"webhook": webhook, "delivery": number});
        let event = Event::done(Action::DeliveryRetry, About::Nothing, detail);
        audit::append(&mut transaction, &self.actor, event).await?;
        self.redeem(&mut transaction, Receipt::Delivery(number)).await?;
        transaction.commit().await
    }

    /// How much is on its way.
    pub async fn webhook_load(&self) -> Result<WebhookLoad, StoreError> {
        let LoadRow { pending, dead, oldest, disabled } = on_backend!(&self.backend, pools => {
            sqlx::query_as(texts::LOAD).fetch_one(&pools.readers).await?
        });
        let oldest = oldest.map(moment).transpose()?;
        Ok(WebhookLoad {
            pending: unsigned(pending),
            dead: unsigned(dead),
            oldest,
            disabled: unsigned(disabled),
        })
    }

    /// Forgets what was delivered, and what was given up, by these moments, and addresses that were removed by the latter. Returns how many
    /// messages on their way went.
    pub async fn prune_deliveries(&self, delivered: Timestamp, dead: Timestamp) -> Result<u64, StoreError> {
        let (delivered, dead) = (delivered.as_millisecond(), dead.as_millisecond());
        let mut pruned = 0;
        // In slices, so that other writers get their turn in between.
        loop {
            let any: Option<i32> = on_backend!(&self.backend, pools => {
                sqlx::query_scalar(texts::ANY_OLD).bind(delivered).bind(dead).fetch_optional(&pools.readers).await?
            });
            if any.is_none() {
                return Ok(pruned);
            }
            let mut transaction = self.backend.begin().await?;
            pruned += on_backend!(&mut transaction, transaction => {
                let prune = sqlx::query(texts::PRUNE).bind(delivered).bind(dead);
                let pruned = prune.execute(&mut **transaction).await?.rows_affected();
                sqlx::query(texts::PRUNE_MESSAGES).execute(&mut **transaction).await?;
                sqlx::query(texts::PRUNE_ENDPOINTS).bind(dead).execute(&mut **transaction).await?;
                pruned
            });
            transaction.commit().await?;
        }
    }
}

/// Counts a failure of an address, and disables it when it has failed for too long.
async fn fails(
    transaction: &mut Transaction,
    webhook: WebhookId,
    at: i64,
    rest: impl Fn(u64) -> SignedDuration,
    give_up: Timestamp,
) -> Result<(), StoreError> {
    let failing: FailingRow = on_backend!(&mut *transaction, transaction => {
        sqlx::query_as(texts::FAILS)
            .bind(signed(webhook.0))
            .bind(at)
            .fetch_one(&mut **transaction)
            .await?
    });
    if failing.failing_since.is_some_and(|since| since <= give_up.as_millisecond()) {
        return disable(transaction, webhook, WebhookState::Failing).await;
    }
    let rest = i64::try_from(rest(unsigned(failing.failures)).as_millis()).unwrap_or(0);
    on_backend!(transaction, transaction => {
        sqlx::query(texts::REST)
            .bind(signed(webhook.0))
            .bind(at.saturating_add(rest))
            .execute(&mut **transaction)
            .await?;
    });
    Ok(())
}

/// Sends nothing more to an address, in the name of the program itself, and gives up what waits for it.
async fn disable(
    transaction: &mut Transaction,
    webhook: WebhookId,
    state: WebhookState,
) -> Result<(), StoreError> {
    let disabled = on_backend!(&mut *transaction, transaction => {
        let (_, reason) = state.words();
        let query = sqlx::query(texts::DISABLE).bind(signed(webhook.0)).bind(reason).bind(now());
        query.execute(&mut **transaction).await?.rows_affected()
    });
    bury(transaction, webhook, state.label()).await?;
    if disabled > 0 {
        let detail = json!({"webhook": webhook, "state": state.slug()});
        let event = Event::done(Action::WebhookDisable, About::Nothing, detail);
        audit::append(transaction, &Actor::system(), event).await?;
    }
    Ok(())
}
