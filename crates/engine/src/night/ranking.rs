//! The ranking of a night: a pair's score is a function of the two records, the epoch's statistics and the date, and of nothing else.

use std::cell::RefCell;
use std::sync::{Arc, Mutex, PoisonError};

use domain::{Attributes, Kind, Record};
use index::{Among, Asker, Best, Resident, Scratch, Snapshot, Subset, Wanted};
use jiff::civil::Date;
use ranking::{Evidence, Feature, Score, exclusions, features, score};

use crate::asking::Asking;
use crate::documents::passages;
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
    /// Each registry in memory, from when it is first asked for.
    residents: [Mutex<Option<Arc<Resident>>>; TARGETS.len()],
    /// Those of each registry that are asked about for need after need: what changed since the night before.
    subsets: [Mutex<Option<Arc<Known>>>; TARGETS.len()],
}

/// A subset and the numbers it was made of, ascending.
struct Known {
    numbers: Vec<u64>,
    subset: Subset,
}

/// Fewer are looked at one by one.
const WORTH_A_SUBSET: usize = 64;

thread_local! {
    /// Reused from need to need.
    static SCRATCH: RefCell<Scratch> = RefCell::default();
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
        Ok(NightRanking {
            engine: self.clone(),
            statistics,
            date,
            snapshots,
            residents: Default::default(),
            subsets: Default::default(),
        })
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
        self.rank_above(asking, target, among, Wanted::best(keep))
    }

    /// As [`Self::rank`], of those alone whose total is at least `wanted.floor`: who has a list already asks only for what may stand in it, which costs
    /// far less.
    ///
    /// # Errors
    /// When the index cannot be read.
    pub fn rank_above(
        &self,
        asking: &Asking,
        target: Kind,
        among: Option<&[u64]>,
        wanted: Wanted,
    ) -> Result<Vec<Placed>, EngineError> {
        let resident = self.resident(target)?;
        let Asking { query, attributes, .. } = asking;
        let weights = &self.engine.weights;
        let corpus = resident.corpus(query);
        let asker = Asker { query, attributes };
        let known = among.map(|among| self.known(target, &resident, among)).transpose()?.flatten();
        let among =
            among.map_or(Among::All, |among| Among::These(among, known.as_ref().map(|known| &known.subset)));
        let best =
            SCRATCH.with_borrow_mut(|scratch| resident.best(asker, &corpus, among, wanted, scratch))?;
        let ideal = corpus.ideal(query);
        let placed = |Best { number, texts, attributes: own }: Best<'_>| {
            let features = features(attributes, own, &weights.features);
            Placed { number, score: score(&texts, ideal, &features, weights), features }
        };
        Ok(best.into_iter().map(placed).collect())
    }

    /// A subset that holds nearly all of `among`: that of the need before, for what changed is the same for all.
    fn known(
        &self,
        target: Kind,
        resident: &Resident,
        among: &[u64],
    ) -> Result<Option<Arc<Known>>, EngineError> {
        if among.len() < WORTH_A_SUBSET {
            return Ok(None);
        }
        let mut known = self.subsets[place(target)?].lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = &*known {
            let unknown = among.iter().filter(|number| known.numbers.binary_search(number).is_err());
            if unknown.count() < WORTH_A_SUBSET {
                return Ok(Some(known.clone()));
            }
        }
        let made = Arc::new(Known { numbers: among.to_vec(), subset: resident.subset(among)? });
        *known = Some(made.clone());
        Ok(Some(made))
    }

    /// Takes the registry into memory when it is not yet there. Whoever else needs it meanwhile waits: two would take twice the memory.
    fn resident(&self, target: Kind) -> Result<Arc<Resident>, EngineError> {
        let place = place(target)?;
        let mut resident = self.residents[place].lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(resident) = &*resident {
            return Ok(resident.clone());
        }
        let (statistics, weights) = (self.statistics.of(target)?, &self.engine.weights);
        let built = Arc::new(Resident::new(&self.snapshots[place], statistics, weights, self.date)?);
        *resident = Some(built.clone());
        Ok(built)
    }
}

fn place(target: Kind) -> Result<usize, EngineError> {
    let place = TARGETS.iter().position(|known| *known == target);
    place.ok_or(EngineError::NoSuchPairing { subject: Kind::Need, target })
}
