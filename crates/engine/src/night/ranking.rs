//! The ranking of a night: a pair's score is a function of the two records, the epoch's statistics and the date, and of nothing else.

use std::sync::Arc;

use domain::{Attributes, Kind, Record};
use index::{Retrieved, Scope, Snapshot};
use jiff::civil::Date;
use ranking::{Evidence, Feature, Score, exclusions};

use crate::asking::Asking;
use crate::documents::passages;
use crate::matching::scored;
use crate::night::statistics::EpochStatistics;
use crate::rematch::TARGETS;
use crate::{Engine, EngineError};

/// Ranks needs by one state of the registries and one epoch's statistics. Its methods compute: call them away from the async threads.
pub struct NightRanking {
    engine: Engine,
    statistics: Arc<EpochStatistics>,
    date: Date,
    /// In the order of [`TARGETS`].
    snapshots: [Snapshot; TARGETS.len()],
}

/// One of the best.
#[derive(Debug, Clone, PartialEq)]
pub struct Placed {
    /// Its number.
    pub number: u64,
    /// What it scores.
    pub score: Score,
    /// What it has in common with the need beside the texts.
    pub features: Vec<Feature>,
}

impl Engine {
    /// Takes the registries as they are now.
    ///
    /// # Errors
    /// When an index cannot be read.
    pub fn night_ranking(
        &self,
        statistics: Arc<EpochStatistics>,
        date: Date,
    ) -> Result<NightRanking, EngineError> {
        let snapshots = TARGETS.map(|target| self.catalog.registry(target).snapshot());
        snapshots.iter().try_for_each(Snapshot::require_ready)?;
        Ok(NightRanking { engine: self.clone(), statistics, date, snapshots })
    }
}

impl NightRanking {
    /// How far the index of a target's registry has followed the outbox, as it is ranked here.
    pub fn position(&self, target: Kind) -> Result<u64, EngineError> {
        Ok(self.snapshots[place(target)?].position())
    }

    /// Reads a need; `evidence` is what speaks for it beside its own texts.
    ///
    /// # Errors
    /// When an embedding model fails.
    pub fn read(&self, need: &Record, evidence: &[Evidence]) -> Result<Asking, EngineError> {
        let (attributes, passages) = (Attributes::of(need), passages(need, evidence));
        let warnings = exclusions(None, &attributes, self.date);
        let peers = self.statistics.of(need.id.kind)?;
        self.engine.read_texts(need.id.kind, attributes, passages, warnings, Some(peers))
    }

    /// The `keep` best of those that may be proposed, best first, ties by number: of all, or of `among` (ascending) only. No record changes the score of
    /// another, so the best of some are in the order in which they are among all.
    ///
    /// # Errors
    /// When the index cannot be read.
    pub fn rank(
        &self,
        asking: &Asking,
        target: Kind,
        among: Option<&[u64]>,
        keep: usize,
    ) -> Result<Vec<Placed>, EngineError> {
        let statistics = self.statistics.of(target)?;
        let scope = Scope { frozen: Some(statistics), open_only: true, grounded: true, among };
        let snapshot = &self.snapshots[place(target)?];
        let weights = &self.engine.weights;
        let Retrieved { candidates, corpus } =
            snapshot.retrieve(&asking.query, weights, &scope, usize::MAX)?;
        let mut scored = scored(asking, candidates, &corpus, weights, self.date);
        scored.retain(|scored| scored.reasons.is_empty());
        scored.truncate(keep);
        let placed = scored.into_iter().map(|scored| Placed {
            number: scored.number,
            score: scored.score,
            features: scored.features,
        });
        Ok(placed.collect())
    }
}

fn place(target: Kind) -> Result<usize, EngineError> {
    let place = TARGETS.iter().position(|known| *known == target);
    place.ok_or(EngineError::NoSuchPairing { subject: Kind::Need, target })
}
