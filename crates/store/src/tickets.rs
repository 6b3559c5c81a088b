//! Writes that a caller may send again: each is done once, however often and to however many servers it comes.
//!
//! A store may carry a [`Ticket`] as it carries an actor. The transaction that writes also keeps a [`Receipt`] under the ticket, so there
//! is never one without the other; and since writers take turns, a second one that comes meanwhile finds the receipt and writes nothing.

use std::fmt;
use std::str::FromStr;

use domain::access::KeyId;
use domain::{RecordId, WebhookId};
use jiff::Timestamp;

use crate::backend::{Transaction, on_backend};
use crate::rows::{corrupt, now, row, signed};
use crate::sql::tickets as texts;
use crate::{Store, StoreError};

/// What a caller sends with a write in order to be able to send it again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ticket {
    /// Whose it is: the same text of another key is another ticket.
    pub key: KeyId,
    /// A digest of the caller's text.
    pub text: String,
    /// A digest of all that is asked for.
    pub request: String,
    /// What was done at this moment or before is forgotten.
    pub since: Timestamp,
}

/// What came of a write: where it is to be found, and nothing of what it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Receipt {
    /// A record was created, replaced or withdrawn.
    Record {
        /// Which one.
        id: RecordId,
        /// The revision that it then had.
        revision: u64,
    },
    /// Feedback of this number was added.
    Feedback(u64),
    /// A key was made or revoked.
    Key(KeyId),
    /// An operation was asked for, or to stop.
    Operation(u64),
    /// An address for events was made, changed or removed.
    Webhook(WebhookId),
    /// Such an address was given another secret.
    Secret(WebhookId),
    /// A message to such an address was sent on its way again.
    Delivery(u64),
    /// A campaign was made, planned anew or deleted.
    Campaign {
        /// Its number.
        number: u64,
        /// The plan that it then had.
        version: u64,
    },
}

impl fmt::Display for Receipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Record { id, revision } => write!(f, "record {id} {revision}"),
            Self::Feedback(number) => write!(f, "feedback {number}"),
            Self::Key(id) => write!(f, "key {}", id.0),
            Self::Operation(number) => write!(f, "operation {number}"),
            Self::Webhook(id) => write!(f, "webhook {}", id.0),
            Self::Secret(id) => write!(f, "secret {}", id.0),
            Self::Delivery(number) => write!(f, "delivery {number}"),
            Self::Campaign { number, version } => write!(f, "campaign {number} {version}"),
        }
    }
}

impl FromStr for Receipt {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let words: Vec<&str> = text.split(' ').collect();
        let number = |word: &str| word.parse::<u64>().map_err(drop);
        match words[..] {
            ["record", id, revision] => {
                Ok(Self::Record { id: id.parse().map_err(drop)?, revision: number(revision)? })
            }
            ["feedback", told] => Ok(Self::Feedback(number(told)?)),
            ["key", key] => Ok(Self::Key(KeyId(number(key)?))),
            ["operation", operation] => Ok(Self::Operation(number(operation)?)),
            ["webhook", webhook] => Ok(Self::Webhook(WebhookId(number(webhook)?))),
            ["secret", webhook] => Ok(Self::Secret(WebhookId(number(webhook)?))),
            ["delivery", delivery] => Ok(Self::Delivery(number(delivery)?)),
            ["campaign", campaign, version] => {
                Ok(Self::Campaign { number: number(campaign)?, version: number(version)? })
            }
            _ => Err(()),
        }
    }
}

row! {
    struct TicketRow {
        request: String,
        receipt: String,
    }
}

impl TicketRow {
    /// The receipt, if it is one for the same request.
    fn receipt_for(self, ticket: &Ticket) -> Result<Receipt, StoreError> {
        if self.request != ticket.request {
            return Err(StoreError::TicketReused);
        }
        self.receipt.parse().map_err(|()| corrupt("重试请求的凭据".to_owned(), self.receipt))
    }
}

impl Store {
    /// The same store, which does its next write once under this ticket: creating, replacing or moving a record, feedback, keys, operations,
    /// campaigns, webhooks.
    #[must_use]
    pub fn with_ticket(&self, ticket: Ticket) -> Self {
        Self { ticket: Some(ticket.into()), ..self.clone() }
    }

    /// What came of the write that this store's ticket stands for, if it has been done.
    ///
    /// # Errors
    /// [`StoreError::TicketReused`] when the same text came with another request.
    pub async fn redeemed(&self) -> Result<Option<Receipt>, StoreError> {
        let Some(ticket) = &self.ticket else { return Ok(None) };
        let row: Option<TicketRow> = on_backend!(&self.backend, pools => {
            sqlx::query_as(texts::REDEEMED)
                .bind(signed(ticket.key.0))
                .bind(ticket.text.as_str())
                .bind(ticket.since.as_millisecond())
                .fetch_optional(&pools.readers)
                .await?
        });
        row.map(|row| row.receipt_for(ticket)).transpose()
    }

    /// Forgets what was done at this moment or before. Returns how many went.
    pub async fn prune_tickets(&self, until: Timestamp) -> Result<u64, StoreError> {
        self.prune_until(texts::ANY_OLD, texts::PRUNE, until).await
    }

    /// Waits for its turn to write, unless what the ticket stands for has been done.
    ///
    /// # Errors
    /// [`StoreError::Redeemed`] with what came of it, [`StoreError::TicketReused`].
    pub(crate) async fn begin(&self) -> Result<Transaction, StoreError> {
        let mut transaction = self.backend.begin().await?;
        let Some(ticket) = &self.ticket else { return Ok(transaction) };
        let row: Option<TicketRow> = on_backend!(&mut transaction, transaction => {
            sqlx::query_as(texts::REDEEMED)
                .bind(signed(ticket.key.0))
                .bind(ticket.text.as_str())
                .bind(ticket.since.as_millisecond())
                .fetch_optional(&mut **transaction)
                .await?
        });
        match row {
            Some(row) => Err(StoreError::Redeemed(row.receipt_for(ticket)?)),
            None => Ok(transaction),
        }
    }

    /// Keeps what came of the write under the ticket, if there is one, in the transaction of [`Self::begin`].
    pub(crate) async fn redeem(
        &self,
        transaction: &mut Transaction,
        receipt: Receipt,
    ) -> Result<(), StoreError> {
        let Some(ticket) = &self.ticket else { return Ok(()) };
        on_backend!(transaction, transaction => {
            sqlx::query(texts::REDEEM)
                .bind(signed(ticket.key.0))
                .bind(ticket.text.as_str())
                .bind(ticket.request.as_str())
                .bind(receipt.to_string())
                .bind(now())
                .execute(&mut **transaction)
                .await?;
        });
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use domain::Kind;

    use super::*;

    #[test]
    fn receipts_read_back() {
        let record = Receipt::Record { id: RecordId::new(Kind::Need, 42), revision: 3 };
        let webhook = Receipt::Webhook(WebhookId(3));
        let others =
            [Receipt::Feedback(7), Receipt::Key(KeyId(5)), Receipt::Operation(9), Receipt::Delivery(4)];
        let secret = Receipt::Secret(WebhookId(3));
        let campaign = Receipt::Campaign { number: 4, version: 2 };
        for receipt in [record, webhook, secret, campaign].into_iter().chain(others) {
            assert_eq!(receipt.to_string().parse(), Ok(receipt));
        }
        for text in ["", "record need-42", "record 42 3", "feedback x", "key 5 6", "other 1"] {
            assert_eq!(text.parse::<Receipt>(), Err(()), "{text}");
        }
    }
}
