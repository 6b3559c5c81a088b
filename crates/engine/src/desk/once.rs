//! Requests at a desk that their caller may send again: what is done once, and how it is told a second time.

use domain::{Kind, RecordId};
use store::{Delivery, Receipt, Webhook};

use super::{Act, Desk};
use crate::tickets::{Working, ticket};
use crate::{CampaignShown, EngineError, Feedback, Key, Shown};

/// What is to be done about a request that may have come before.
pub enum Once {
    /// It is the first: to be done at this desk, which does it once.
    First(Box<FirstTime>),
    /// It has been done.
    Again(Receipt),
}

/// A desk for the first of several requests; as long as it lives, the others are told to come later.
pub struct FirstTime {
    /// Where to do what is asked for.
    pub desk: Desk,
    _working: Working,
}

impl FirstTime {
    /// Whether it has been done all the same, by another server or by a transaction whose end nobody heard.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn done(&self) -> Result<Option<Receipt>, EngineError> {
        Ok(self.desk.engine.store.redeemed().await?)
    }
}

/// What came of a request, as it is now.
pub enum Recalled {
    /// A record, and the revision that the request brought about.
    Record(Box<Shown>, u64),
    /// Feedback.
    Feedback(Box<Feedback>),
    /// A campaign, and the version of its plan that the request brought about.
    Campaign(Box<CampaignShown>, u64),
    /// A campaign that is there no more.
    CampaignGone(u64),
    /// A key. Its token is known to nobody but whoever was told it.
    Key(Box<Key>),
    /// An address for events. Its secret is known to nobody but whoever was told it.
    Webhook(Box<Webhook>),
    /// Such an address that was given another secret.
    Secret(Box<Webhook>),
    /// A message on its way to such an address.
    Delivery(Box<Delivery>),
}

impl Desk {
    /// Whether a request has been done that came with this text of the caller's; `request` is a digest of what it asks for.
    ///
    /// # Errors
    /// [`EngineError::UnderWay`] when it is being worked on, `TicketReused` when the text came with another request.
    pub async fn once(&self, text: &str, request: [u8; 32]) -> Result<Once, EngineError> {
        let ticket = ticket(self.caller.key.id, text, request);
        let working = self.engine.under_way.begin(&ticket)?;
        let mut desk = self.clone();
        desk.engine.store = self.engine.store.with_ticket(ticket);
        match desk.engine.store.redeemed().await? {
            Some(receipt) => Ok(Once::Again(receipt)),
            None => Ok(Once::First(Box::new(FirstTime { desk, _working: working }))),
        }
    }

    /// What came of a request that the caller has sent before, as far as the caller may see it now.
    ///
    /// # Errors
    /// [`EngineError::NotFound`], [`EngineError::FeedbackNotFound`] or [`EngineError::KeyNotFound`] when it is gone, or not the caller's to
    /// see any more.
    pub async fn recall(&self, receipt: Receipt) -> Result<Recalled, EngineError> {
        match receipt {
            Receipt::Record { id, revision } => {
                Ok(Recalled::Record(Box::new(self.recall_record(id).await?), revision))
            }
            Receipt::Feedback(number) => {
                Ok(Recalled::Feedback(Box::new(self.recall_feedback(number).await?)))
            }
            // Operations are told of by what asks for them.
            Receipt::Operation(number) => Err(EngineError::OperationNotFound(number)),
            Receipt::Webhook(id) => Ok(Recalled::Webhook(Box::new(self.recall_webhook(id).await?))),
            Receipt::Secret(id) => Ok(Recalled::Secret(Box::new(self.recall_webhook(id).await?))),
            Receipt::Delivery(number) => {
                Ok(Recalled::Delivery(Box::new(self.recall_delivery(number).await?)))
            }
            Receipt::Campaign { number, version } => match self.recall_campaign(number).await? {
                Some(shown) => Ok(Recalled::Campaign(Box::new(shown), version)),
                None => Ok(Recalled::CampaignGone(number)),
            },
            Receipt::Key(id) => Ok(Recalled::Key(Box::new(self.key(id).await?))),
        }
    }

    async fn recall_record(&self, id: RecordId) -> Result<Shown, EngineError> {
        let _turn = self.begin(Act::Write(id.kind)).await?;
        let shown = self.engine.read(id).await?;
        let mut shown = self.sight().show(shown).ok_or(EngineError::NotFound(id))?;
        if id.kind == Kind::Need {
            shown.duplicates = self.shown_duplicates(self.engine.duplicates_found(id.number).await?).await?;
        }
        Ok(shown)
    }

    async fn recall_feedback(&self, number: u64) -> Result<Feedback, EngineError> {
        let _turn = self.begin(Act::GiveFeedback).await?;
        let found = self.engine.store.feedback(None, None, number.saturating_sub(1), 1).await?;
        let found = found.into_iter().filter(|stored| stored.number == number);
        let found = found.map(crate::feedback::feedback).collect::<Result<Vec<_>, _>>()?;
        let found = if self.caller.key.region.is_none() { found } else { self.shown_feedback(found).await? };
        found.into_iter().next().ok_or(EngineError::FeedbackNotFound(number))
    }
}
