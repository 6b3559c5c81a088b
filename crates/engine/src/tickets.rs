//! Requests that callers may send again: for how long what came of them is remembered, and which are being worked on here.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use domain::access::KeyId;
use jiff::{SignedDuration, Timestamp};
use store::{StoreError, Ticket};

use crate::{Engine, EngineError};

/// How long it is remembered what came of a request.
const REMEMBERED: SignedDuration = SignedDuration::from_hours(24);

/// Requests being worked on in this process: whose, under which text, and what is asked for.
#[derive(Default)]
pub(crate) struct UnderWay(Mutex<HashMap<(KeyId, String), String>>);

/// A request being worked on, for as long as this lives.
pub(crate) struct Working {
    under_way: Arc<UnderWay>,
    place: (KeyId, String),
}

impl UnderWay {
    /// Begins to work on what a ticket stands for.
    ///
    /// # Errors
    /// [`EngineError::UnderWay`] when that is being worked on; [`StoreError::TicketReused`] when another request is, under the same text.
    pub(crate) fn begin(self: &Arc<Self>, ticket: &Ticket) -> Result<Working, EngineError> {
        let place = (ticket.key, ticket.text.clone());
        let mut working = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match working.get(&place) {
            Some(request) if *request == ticket.request => return Err(EngineError::UnderWay),
            Some(_) => return Err(StoreError::TicketReused.into()),
            None => drop(working.insert(place.clone(), ticket.request.clone())),
        }
        Ok(Working { under_way: Arc::clone(self), place })
    }
}

impl Drop for Working {
    fn drop(&mut self) {
        self.under_way.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.place);
    }
}

/// A key's ticket. Of the caller's text a digest is enough, and whatever it may tell of anybody is kept nowhere.
pub(crate) fn ticket(key: KeyId, text: &str, request: [u8; 32]) -> Ticket {
    Ticket {
        key,
        text: blake3::hash(text.as_bytes()).to_string(),
        request: blake3::Hash::from_bytes(request).to_string(),
        since: remembered_since(),
    }
}

fn remembered_since() -> Timestamp {
    Timestamp::now().checked_sub(REMEMBERED).unwrap_or(Timestamp::MIN)
}

impl Engine {
    /// Forgets what came of requests that are too old to be sent again.
    pub(crate) async fn forget_tickets(&self) -> Result<(), EngineError> {
        self.store.prune_tickets(remembered_since()).await?;
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn one_of_many_works_until_it_ends() {
        let under_way = Arc::new(UnderWay::default());
        let first = ticket(KeyId(1), "a", [1; 32]);
        let working = under_way.begin(&first).unwrap();
        assert!(matches!(under_way.begin(&first), Err(EngineError::UnderWay)));
        let other = ticket(KeyId(1), "a", [2; 32]);
        assert!(matches!(under_way.begin(&other), Err(EngineError::Store(StoreError::TicketReused))));
        assert!(under_way.begin(&ticket(KeyId(2), "a", [1; 32])).is_ok(), "another key's is apart");
        assert!(under_way.begin(&ticket(KeyId(1), "b", [1; 32])).is_ok(), "and so is another text's");
        drop(working);
        assert!(under_way.begin(&other).is_ok());
    }
}
