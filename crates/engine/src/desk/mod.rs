//! The desk at which a key is served: the use cases of the API, each with its scope and the region of the caller enforced inside.
//!
//! The API has no other way to the engine's records, so it cannot forget a check. Each use case begins with [`Desk::begin`], which
//! asks for its scopes and for a turn; what is given out goes through [`Sight`].

mod act;
mod admission;
mod campaigns;
mod confidential;
mod feedback;
mod import;
mod keys;
mod matching;
mod once;
mod operations;
mod registry;
mod runs;
mod sight;
mod webhooks;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::RecordId;
use domain::access::Visibility;
use serde_json::{Value, json};
use store::{About, Action, Actor, ActorKind, AuditResult, Event};
use tokio::sync::OwnedSemaphorePermit;

use crate::{Engine, EngineError, Key};

pub use act::Act;
pub(crate) use admission::{Admission, Turn};
pub use admission::{AdmissionLoad, AdmissionSettings};
pub use once::{Once, Recalled};
pub(crate) use registry::outside;
pub(crate) use sight::{Sight, is_of_text, outline, without_texts};

/// Who asks, and whence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The key, which names its holder.
    pub key: Key,
    /// Where the request came from, as far as the connection tells.
    pub remote: Option<IpAddr>,
    /// The request's number.
    pub request_id: String,
}

/// The use cases of the API for one caller. Cheap to clone.
#[derive(Clone)]
pub struct Desk {
    engine: Engine,
    caller: Arc<Caller>,
    /// When the key was looked at.
    since: Instant,
}

/// A key that was looked at so long ago is looked at again: some read for minutes, and a revoked key opens nothing within a second.
const LOOKED_AT: Duration = Duration::from_millis(500);

impl Engine {
    /// Serves this caller; what is done at the desk is on record as done by the caller's key.
    pub fn desk(&self, caller: Caller) -> Desk {
        let actor = Actor {
            kind: ActorKind::Portal,
            name: caller.key.id.to_string(),
            origin: caller.remote.map(|address| address.to_string()).unwrap_or_default(),
            request: caller.request_id.clone(),
        };
        Desk { engine: self.acting(actor), caller: Arc::new(caller), since: Instant::now() }
    }
}

impl Desk {
    /// Who is served here.
    pub fn caller(&self) -> &Caller {
        &self.caller
    }

    /// Whether the caller's key opens this.
    ///
    /// # Errors
    /// [`EngineError::MissingScopes`] with those that are missing.
    pub fn permit(&self, act: Act) -> Result<(), EngineError> {
        let held = &self.caller.key.scopes;
        let missing: Vec<_> = act.scopes().into_iter().filter(|scope| !held.contains(scope)).collect();
        if missing.is_empty() { Ok(()) } else { Err(EngineError::MissingScopes(missing)) }
    }

    /// As [`Self::permit`], with a refusal put on record: what was asked for, and of which record.
    ///
    /// # Errors
    /// As [`Self::permit`]; and when the log cannot be written.
    pub async fn admit(&self, act: Act, asked: &str, record: Option<RecordId>) -> Result<(), EngineError> {
        let Err(refusal) = self.permit(act) else { return Ok(()) };
        if let EngineError::MissingScopes(missing) = &refusal {
            let missing: Vec<&str> = missing.iter().map(|scope| scope.slug()).collect();
            self.refused(record, json!({"asked": asked, "missing_scopes": missing})).await?;
        }
        Err(refusal)
    }

    /// Waits for a turn, which lasts as long as what is returned.
    async fn begin(&self, act: Act) -> Result<Turn, EngineError> {
        self.permit(act)?;
        let turn = self.engine.admission.turn(act.writes()).await?;
        self.still_stands().await?;
        Ok(turn)
    }

    /// As [`Self::begin`], for what waits for others' machines and therefore takes no turn from anybody.
    async fn begin_call(&self, act: Act) -> Result<OwnedSemaphorePermit, EngineError> {
        self.permit(act)?;
        let call = self.engine.admission.call().await?;
        self.still_stands().await?;
        Ok(call)
    }

    async fn still_stands(&self) -> Result<(), EngineError> {
        if self.since.elapsed() < LOOKED_AT {
            return Ok(());
        }
        self.engine.still_stands(self.caller.key.id).await
    }

    /// Puts on record that something was refused: what was asked for, and of which record.
    ///
    /// # Errors
    /// When the log cannot be written.
    pub async fn note_refusal(&self, asked: &str, record: Option<RecordId>) -> Result<(), EngineError> {
        self.refused(record, json!({"asked": asked})).await
    }

    async fn refused(&self, record: Option<RecordId>, detail: Value) -> Result<(), EngineError> {
        let about = record.map_or(About::Nothing, About::Record);
        let (action, result) = (Action::AccessRefuse, AuditResult::Refused);
        self.engine.note(Event { action, about, result, detail }).await
    }

    fn sight(&self) -> Sight {
        Sight { region: self.caller.key.region, others: self.engine.others }
    }

    /// Lets a record be asked about that the caller sees whole.
    async fn subject(&self, id: RecordId) -> Result<(), EngineError> {
        if self.caller.key.region.is_none() {
            return Ok(());
        }
        let record = self.engine.record(id).await?;
        match self.sight().record(&record) {
            Visibility::Full => Ok(()),
            Visibility::Hidden => Err(EngineError::NotFound(id)),
            Visibility::Brief => {
                Err(EngineError::OutsideRegion(format!("{id} 属于其他地区，对本密钥只公开概要")))
            }
        }
    }
}
