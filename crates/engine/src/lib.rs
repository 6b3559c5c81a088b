//! The use cases: keep the registries, import, search, match, re-match, evaluate, judge, take feedback, learn; keys for those who ask over the API;
//! events told to portals; and what keeps the data safe: the audit log, backups, erasing. Knows nothing of HTTP, SQL text or tantivy types.
//!
//! [`Engine`] is cheap to clone and shared by the API, the command line and the background indexer. The database is the truth; the index
//! follows it through the outbox ([`Engine::catch_up`]) and can be rebuilt from it at any time ([`Engine::rebuild_index`]).
//!
//! Whoever sits at the machine works on [`Engine`] itself; whoever comes with a key is served at a [`Desk`], which knows what that key may do.

mod asking;
mod audit;
mod backup;
mod campaigns;
mod chores;
mod comparing;
mod desk;
mod documents;
mod duplicates;
mod erasing;
mod erasures;
mod error;
pub mod evaluate;
mod feedback;
mod following;
mod import;
mod indexing;
mod inventors;
pub mod judging;
mod keys;
mod kindred;
pub mod learned;
pub mod learning;
mod matching;
mod model;
mod night;
mod operations;
mod outcomes;
mod pins;
mod registry;
mod rematch;
mod restore;
mod search;
mod settings;
mod teaching;
mod tickets;
mod tide;
mod usage;
mod vitals;
mod webhooks;

use std::path::Path;
use std::sync::Arc;

use domain::access::Others;
use index::Catalog;
use store::Store;
use text::Analyzer;

pub use asking::Asking;
pub use audit::RevealedContact;
pub use backup::{BackupError, BackupReport};
pub use campaigns::{
    CampaignHead, CampaignPage, CampaignRequest, CampaignShown, Campaigns, CandidateCapacity,
    CandidateSource, CapacityRule, GroupBy, Itinerary, ItineraryPage, LeftOutNeed, LeftOutPage, LeftReason,
    NamedPair, NeedSelection, NeedWish, Otherwise, PairForm, PlanChanges, PlanPage, PlanRelaxation,
    PlanSummary, PlannedPair, QuotaRule, RulingDraft, RulingShown, RulingWord, Side, Source, Stop, Travel,
    Wanted, Why, WhyPart,
};
pub use chores::Remnant;
pub use comparing::{Difference, DifferenceKind, VerifyReport};
pub use desk::{Act, AdmissionLoad, AdmissionSettings, Caller, Desk, Once, Recalled};
pub use duplicates::{Duplicate, DuplicatePair, Flag, NeedBrief};
pub use error::EngineError;
pub use feedback::{Feedback, FeedbackDraft, FeedbackPage, FeedbackRequest, Seen};
pub use import::{ImportOptions, ImportReport};
pub use indexing::{CatchUp, IndexStatus};
pub use keys::{Key, KeyFault, KeyRequest, NewKey};
pub use kindred::{ClusterMember, ClusterPage, ClusterRequest, NeedCluster, SameNeed};
pub use matching::{Excluded, Match, MatchAnswer, MatchRequest, Subject};
pub use night::{
    ChangeFeed, ChangeReason, EpochStatistics, FeedPlace, FeedRequest, MOST_CHANGE_ROWS, MatchChange,
    NightRanking, RematchSettings,
};
pub use operations::aside::Laid;
pub use operations::{Fault, FaultKind, Operation, OperationSettings, Progress, Task};
pub use outcomes::RowOutcome;
pub use registry::{ListRequest, RecordPage, Shown};
pub use rematch::{
    Change, ChangeKind, Changes, CurrentMatch, CurrentMatches, RematchProgress, RematchRequest, RunSummary,
    RunningRun,
};
pub use restore::{ErasureList, ListOrigin, RestoreReport, RestoreRequest, restore};
pub use search::{
    FacetAsk, FacetChild, FacetTree, FilterAsk, PageEnd, SearchAnswer, SearchItem, SearchRequest, Sort,
};
pub use settings::{DatabaseUrl, EmbeddingSettings, IndexingSettings, MatchingSettings, Settings};
pub use teaching::{Taught, TeachingProgress};
pub use vitals::{ImportCounts, Kept, LastRun, Vitals};
pub use webhooks::{DeliveryCounts, NewSecret, Pinged, WebhookRequest, WebhookSettings};

// What the shells of the engine need of the rooms below it.
pub use ::webhooks::{Allowed, Resolve, Resolver, Resolving, Rules, Secret};
pub use exchange::sheets::CellProblem;
pub use exchange::sheets::changes::ChangeRow;
pub use exchange::{FileError, Format, RowError, RowProblem, synthetic};
pub use index::{Dimension, IndexError, SearchAfter};
pub use ranking::{Alikeness, Exclusion, Explanation, Highlight, Part, Question, Weights, metrics, rounded};
pub use store::{
    About, Action, Actor, ActorKind, AuditFault, AuditFaultKind, AuditFilter, AuditReport, AuditResult,
    AuditRow, Connections, Delivery, DeliveryState, Erased, ErasurePlan, Event, KeyInUse, KeyState,
    LEAST_KEPT_DAYS, Load, OperationState, Outcome, Place, Receipt, Rotation, RunId, StoreError, Webhook,
    WebhookChange, WebhookLoad, WebhookState, make_private,
};

/// A disk with less room than this, in bytes, is called full: a write needs some, and a merge of the index needs more.
const LEAST_ROOM: u64 = 16 << 20;

/// The matchmaker.
#[derive(Clone)]
pub struct Engine {
    store: Store,
    catalog: Arc<Catalog>,
    analyzer: Arc<Analyzer>,
    indexing: Arc<indexing::Indexing>,
    following: Arc<following::Following>,
    weights: Arc<Weights>,
    matching: MatchingSettings,
    learned: Option<Arc<learning::LearnedNote>>,
    data_dir: Arc<Path>,
    usage: Arc<usage::Usage>,
    others: Others,
    admission: Arc<desk::Admission>,
    shut: Arc<keys::Shut>,
    tally: Arc<vitals::Tally>,
    pins: Arc<pins::Pins>,
    under_way: Arc<tickets::UnderWay>,
    operations: Arc<operations::Operations>,
    rematch: night::RematchSettings,
    night: Arc<night::Night>,
    hooks: Arc<webhooks::Hooks>,
    /// Whether persons who were erased may be taken in again.
    readmits: bool,
}

impl Engine {
    /// Opens database and index under the data directory, creating and migrating what is missing. Does not yet index anything:
    /// call [`Self::catch_up`], or [`Self::follow`] in a server. Who was erased according to the list in the data directory is erased
    /// again, should the database hold them.
    ///
    /// # Errors
    /// When the directory cannot be written, a dictionary is malformed, the database refuses, or an embedding model is asked for that is not there or not
    /// whole: nothing else takes its place.
    pub async fn open(settings: &Settings) -> Result<Self, EngineError> {
        let embedding = settings.embedding.clone();
        let model = blocking(move || model::load(&embedding)).await?;
        make_private(&settings.data_dir)
            .map_err(|error| EngineError::DataDir { path: settings.data_dir.clone(), error })?;
        settings.refuse_emptied()?;
        let store = Store::open_with(settings.database(), settings.keys()).await?;
        let following = following::Following::open(&settings.data_dir, settings.indexing.forget_after_days)?;
        let store = store.followed_by(following.name());
        erasures::bring_together(&store, &settings.data_dir).await?;
        let store = store.acting(settings.actor.clone());
        store.compare_by(&duplicates::method()).await?;
        let owned = settings.clone();
        let (analyzer, catalog) = blocking(move || {
            let analyzer = Arc::new(settings::analyzer(&owned)?);
            let catalog = Catalog::open(&owned.data_dir.join("index"), Arc::clone(&analyzer), model)?;
            Ok((analyzer, catalog))
        })
        .await?;
        if let Some(learned) = &settings.learned {
            tracing::info!(learned.at = %learned.at, learned.needs = learned.needs, "learned weights are in force");
        }
        Ok(Self {
            store,
            catalog: Arc::new(catalog),
            analyzer,
            indexing: Arc::default(),
            following: Arc::new(following),
            weights: Arc::new(settings.weights),
            matching: settings.matching,
            learned: settings.learned.clone().map(Arc::new),
            data_dir: settings.data_dir.as_path().into(),
            usage: Arc::default(),
            others: settings.others,
            admission: Arc::new(desk::Admission::new(settings.admission)),
            shut: Arc::default(),
            tally: Arc::default(),
            pins: Arc::default(),
            under_way: Arc::default(),
            operations: Arc::new(operations::Operations::new(&settings.data_dir, settings.operations)),
            rematch: settings.rematch.clone(),
            night: Arc::default(),
            hooks: Arc::new(webhooks::Hooks::new(settings.webhooks.clone())),
            readmits: false,
        })
    }

    /// Lets the background indexer end with what it is at.
    pub fn stop_following(&self) {
        self.indexing.stop();
    }

    /// Ends the background indexer and closes the database.
    pub async fn close(&self) {
        self.indexing.stop();
        self.operations.stop();
        self.hooks.stop();
        self.note_uses().await;
        self.store.close().await;
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// When it does not.
    pub async fn ping(&self) -> Result<(), EngineError> {
        Ok(self.store.ping().await?)
    }

    /// Whether nearly nothing can be written any more where the data directory and its index lie. What has no room there is refused
    /// ([`EngineError::is_disk_full`]); reading goes on.
    pub fn disk_is_full(&self) -> bool {
        let places = [self.data_dir.to_path_buf(), self.data_dir.join("index")];
        places.iter().filter_map(|place| fs4::available_space(place).ok()).any(|room| room < LEAST_ROOM)
    }

    /// The weights in force.
    pub fn weights(&self) -> &Weights {
        &self.weights
    }

    /// Where some of the weights come from, when they were learned.
    pub fn learned(&self) -> Option<&learning::LearnedNote> {
        self.learned.as_deref()
    }

    /// The same registries, ranked under other weights.
    #[must_use]
    pub fn ranking_with(&self, weights: Weights, matching: MatchingSettings) -> Self {
        Self { weights: Arc::new(weights), matching, ..self.clone() }
    }
}

/// Runs CPU or file work away from the async threads.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, EngineError> + Send + 'static,
) -> Result<T, EngineError> {
    let span = tracing::Span::current();
    match tokio::task::spawn_blocking(move || span.in_scope(work)).await {
        Ok(result) => result,
        // The panic hook has told where. The caller goes on: an indexer that fell over once is not to stand still for ever.
        Err(error) if error.is_panic() => Err(EngineError::Panicked),
        Err(_) => Err(EngineError::ShuttingDown),
    }
}
