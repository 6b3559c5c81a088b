//! Sending: what is due is taken up under a lease, a few messages at a time, sent, and settled. A server that dies in between leaves the lease to
//! run out, or lets go of it at its next start; then the message is sent again under the same name. So each arrives at least once.

use std::error::Error as StdError;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use ::webhooks::{Called, later};
use jiff::{SignedDuration, Timestamp};
use rand::TryRng;
use rand::rngs::SysRng;
use store::{Attempt, DueDelivery, StoreError, Then};
use tokio::task::JoinSet;

use crate::operations::passes_in_store;
use crate::{Engine, EngineError};

/// How often it is looked whether something is due.
const LOOK: Duration = Duration::from_secs(1);
/// How often it is looked for what has been kept long enough.
const TIDY_EVERY: Duration = Duration::from_secs(60);
/// A lease lasts so much longer than a portal may take to answer: settling has to wait for its turn to write.
const TO_SETTLE: Duration = Duration::from_secs(90);
/// After a failure that passes, settling is tried again no sooner than this.
const AGAIN: Duration = Duration::from_secs(2);
/// Messages to one address at a time: one that hangs must not keep the others waiting.
const EACH: u32 = 3;
/// How long an address that fails is left in peace, at most.
const LONGEST_REST: u64 = 300;
/// How long messages that are being sent may take to end when the program ends.
const TO_END: Duration = Duration::from_secs(3);

impl Engine {
    /// Sends what is due until [`Engine::stop_webhooks`].
    pub async fn deliver_webhooks(&self) {
        let server = self.following.name();
        // A process of this directory that was killed has left some that nobody is at.
        self.let_go(server).await;
        let (mut sending, mut tidied) = (JoinSet::new(), None::<Instant>);
        while !self.hooks.is_stopped() {
            if tidied.is_none_or(|tidied| tidied.elapsed() >= TIDY_EVERY) {
                tidied = Some(Instant::now());
                self.tidy_webhooks().await;
            }
            match self.announce_needs().await {
                Ok(()) | Err(EngineError::Store(StoreError::Busy)) => {}
                Err(error) => warn(&error, "needs with new matches cannot be told of now"),
            }
            let free = (self.hooks.settings.at_once as usize).saturating_sub(sending.len());
            let taken = self.store.take_deliveries(server, free as u32, EACH, self.lease()).await;
            match taken {
                Ok(due) => due.into_iter().for_each(|due| drop(sending.spawn(self.clone().deliver(due)))),
                Err(error) => warn(&error, "no webhook can be taken up"),
            }
            tokio::select! {
                () = self.hooks.wake.notified() => {}
                () = tokio::time::sleep(LOOK) => {}
                Some(_) = sending.join_next() => {}
            }
        }
        let ended = async { while sending.join_next().await.is_some() {} };
        if tokio::time::timeout(TO_END, ended).await.is_err() {
            sending.shutdown().await;
            self.let_go(server).await;
        }
    }

    async fn let_go(&self, server: &str) {
        if let Err(error) = self.store.let_go_of_deliveries(server).await {
            warn(&error, "webhooks that were being sent wait for their leases to run out");
        }
    }

    fn lease(&self) -> SignedDuration {
        SignedDuration::try_from(self.hooks.settings.deadline + TO_SETTLE).unwrap_or(SignedDuration::MAX)
    }

    async fn tidy_webhooks(&self) {
        let settings = &self.hooks.settings;
        let (kept, dead) = (days_ago(settings.keep_days), days_ago(settings.dead_days));
        let tidied = async {
            self.store.bury_silent_deliveries().await?;
            self.store.prune_deliveries(kept, dead).await
        };
        match tidied.await {
            Ok(_) | Err(StoreError::Busy) => {}
            Err(error) => warn(&error, "webhooks could not be tidied"),
        }
    }

    /// Sends a message, and writes down what came of it.
    async fn deliver(self, due: DueDelivery) {
        let started = Instant::now();
        let (attempt, asked) = match self.attempt(&due).await {
            Ok(made) => made,
            // The lease runs out, and it is tried again.
            Err(error) => return warn(&error, "a webhook cannot be sent now"),
        };
        let rest = |failures: u64| self.rest(failures, asked);
        let give_up = days_ago(self.hooks.settings.disable_after_days);
        let held = self.hooks.settings.deadline + TO_SETTLE;
        loop {
            match self.store.settle_delivery(&due, &attempt, rest, give_up).await {
                Ok(settled) => return self.tally(&due, &attempt, settled),
                Err(error) if passes_in_store(&error) && started.elapsed() < held => {
                    tokio::time::sleep(AGAIN).await;
                }
                Err(error) => return warn(&error, "what came of a webhook cannot be written down"),
            }
        }
    }

    /// Makes an attempt: what came of it, and how long the portal asks to be left in peace.
    async fn attempt(&self, due: &DueDelivery) -> Result<(Attempt, Option<Duration>), EngineError> {
        let secrets = match self.secrets(due.webhook).await {
            Err(EngineError::Store(StoreError::WebhookNotFound(_))) => {
                let fault = Some("推送地址已删除".to_owned());
                return Ok((Attempt { status: None, fault, then: Then::Dead }, None));
            }
            secrets => secrets?,
        };
        let now = Timestamp::now();
        let call =
            self.hooks.courier.call(&due.url, &secrets, &due.message, now.as_second(), &due.body).await;
        let (status, fault, asked) = match call {
            Ok(called) if called.is_taken() => {
                return Ok((
                    Attempt { status: Some(called.status), fault: None, then: Then::Delivered },
                    None,
                ));
            }
            Ok(called) if called.is_gone() => {
                let fault = Some(answered(called.status));
                return Ok((Attempt { status: Some(called.status), fault, then: Then::Gone }, None));
            }
            Ok(called) => (Some(called.status), answered(called.status), asked(&called)),
            Err(fault) => (None, fault.to_string(), None),
        };
        let wait = later(&self.hooks.settings.retries, due.attempts + 1, chance(), asked);
        let next = wait.and_then(|wait| SignedDuration::try_from(wait).ok());
        let then = next.map_or(Then::Dead, |next| Then::Again(Timestamp::now() + next));
        Ok((Attempt { status, fault: Some(fault), then }, asked))
    }

    /// How long an address is left in peace that has failed so often: first as long as a message waits, then twice as long each time.
    fn rest(&self, failures: u64, asked: Option<Duration>) -> SignedDuration {
        let first = self.hooks.settings.retries.first().copied().unwrap_or(LONGEST_REST);
        let doubled = 1_u64.checked_shl(u32::try_from(failures.saturating_sub(1)).unwrap_or(u32::MAX));
        let seconds = first.saturating_mul(doubled.unwrap_or(u64::MAX)).min(LONGEST_REST);
        let asked = asked.map_or(0, |asked| asked.as_secs().min(86_400));
        SignedDuration::from_secs(i64::try_from(seconds.max(asked)).unwrap_or(i64::MAX))
    }

    fn tally(&self, due: &DueDelivery, attempt: &Attempt, settled: bool) {
        let count = match attempt.then {
            Then::Delivered => &self.hooks.delivered,
            Then::Again(_) => &self.hooks.failed,
            Then::Dead | Then::Gone => &self.hooks.dead,
        };
        count.fetch_add(1, Ordering::Relaxed);
        if !settled {
            tracing::warn!(delivery = due.number, "a webhook was sent by another server as well");
        } else if matches!(attempt.then, Then::Dead | Then::Gone) {
            tracing::warn!(
                webhook = %due.webhook,
                delivery = due.number,
                http.status = attempt.status,
                fault = attempt.fault,
                "a webhook was given up"
            );
        }
    }
}

/// What is said of an answer that is none of success.
pub(super) fn answered(status: u16) -> String {
    match status {
        300..=399 => format!("对方答复 {status}；不跟随转址，请改用最终的地址"),
        410 => "对方答复 410，不再接收".to_owned(),
        _ => format!("对方答复 {status}"),
    }
}

/// What a portal under load asks for; others have no business to.
fn asked(called: &Called) -> Option<Duration> {
    called.retry_after.filter(|_| matches!(called.status, 429 | 503))
}

/// 0 to 1, by the system's randomness; none of it is no reason not to try again.
fn chance() -> f64 {
    SysRng.try_next_u32().map_or(0.0, |drawn| f64::from(drawn) / f64::from(u32::MAX))
}

fn days_ago(days: u32) -> Timestamp {
    Timestamp::now().checked_sub(SignedDuration::from_hours(24 * i64::from(days))).unwrap_or(Timestamp::MIN)
}

fn warn(error: &(dyn StdError + 'static), what: &str) {
    tracing::warn!(error, "{what}");
}
