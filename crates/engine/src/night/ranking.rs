//! The ranking of a night: a pair's score is a function of the two records, the epoch's statistics and the date, and of nothing else.

use std::cell::RefCell;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use domain::{Attributes, Kind, Record};
use index::{
    Ask, Asker, Best, Counts, Few, Heard, Marks, Peers, Question, Reached, Resident, Scratch, Snapshot,
    Wanted,
};
use jiff::civil::Date;
use ranking::{Corpus, Evidence, Query, Texts, Weights, exclusions};
use store::Place;
use text::Lexicon;

use super::readings::Directions;
use super::scores::place;
use crate::asking::Asking;
use crate::documents::passages;
use crate::night::statistics::EpochStatistics;
use crate::rematch::TARGETS;
use crate::{Engine, EngineError};

/// Ranks needs by one state of the registries and one epoch's statistics. Its methods compute: call them away from the async threads.
pub struct NightRanking {
    engine: Engine,
    statistics: Arc<EpochStatistics>,
    /// How rare the needs' terms are, from when the first one is read.
    peers: OnceLock<Peers>,
    date: Date,
    /// Whether so many will ask that each registry is taken into memory at once.
    many_ask: bool,
    /// In the order of [`TARGETS`].
    registries: [Registry; TARGETS.len()],
}

/// A registry as it is ranked; the larger of what is known of it only from when it is first asked for.
struct Registry {
    snapshot: Snapshot,
    resident: Lazy<Resident>,
    marks: Lazy<Marks>,
    /// Those that are asked about for need after need, what changed since the night before; and their numbers, ascending.
    few: Mutex<Option<(Vec<u64>, Arc<Few>)>>,
    /// How many have asked while the registry was not in memory.
    asked: AtomicUsize,
}

/// So many asking one by one cost about as much as to take the registry into memory, which makes each of those after them far cheaper.
const ONE_BY_ONE: usize = 400;

thread_local! {
    /// Reused from need to need.
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

/// Made when it is first asked for. Whoever else needs it meanwhile waits: two would take twice the memory.
struct Lazy<T>(Mutex<Option<Arc<T>>>);

impl<T> Default for Lazy<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T> Lazy<T> {
    fn made(&self) -> Option<Arc<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn get(&self, make: impl FnOnce() -> Result<T, EngineError>) -> Result<Arc<T>, EngineError> {
        let mut made = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(made) = &*made {
            return Ok(made.clone());
        }
        let new = Arc::new(make()?);
        *made = Some(new.clone());
        Ok(new)
    }
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
        let registries = snapshots.map(|snapshot| Registry {
            snapshot,
            resident: Lazy::default(),
            marks: Lazy::default(),
            few: Mutex::default(),
            asked: AtomicUsize::new(0),
        });
        let (engine, peers) = (self.clone(), OnceLock::new());
        Ok(NightRanking { engine, statistics, peers, date, many_ask: false, registries })
    }
}

impl NightRanking {
    /// For very many needs: each registry is taken into memory when it is first asked for. Which needs get whom is the same either way.
    #[must_use]
    pub fn for_many(self) -> Self {
        Self { many_ask: true, ..self }
    }

    pub(super) fn statistics(&self) -> &Arc<EpochStatistics> {
        &self.statistics
    }

    pub(super) fn weights(&self) -> &Weights {
        &self.engine.weights
    }

    /// How far the index of a target's registry has followed the outbox, as it is ranked here.
    pub fn position(&self, target: Kind) -> Result<u64, EngineError> {
        Ok(self.registry(target)?.snapshot.position())
    }

    /// Reads a need; `evidence` is what speaks for it beside its own texts.
    ///
    /// # Errors
    /// When an embedding model fails.
    pub fn read(&self, need: &Record, evidence: &[Evidence]) -> Result<Asking, EngineError> {
        let (attributes, passages) = (Attributes::of(need), passages(need, evidence));
        let warnings = exclusions(None, &attributes, self.date);
        let peers = self.peers.get_or_init(|| Peers::new(self.statistics.needs(), &self.engine.weights));
        self.engine.read_texts(need.id.kind, attributes, passages, warnings, Some(Counts::Known(peers)))
    }

    /// Where a query points in each registry.
    pub(super) fn directions(&self, query: &Query) -> Directions {
        let (snapshots, weights) =
            (self.registries.each_ref().map(|registry| &registry.snapshot), self.weights());
        let [first, ..] = snapshots;
        let (vectors, direction) = (first.vectors(), first.direction(query, weights));
        Directions::new(snapshots.map(|snapshot| {
            if snapshot.vectors().identity() == vectors.identity() {
                direction.clone()
            } else {
                snapshot.direction(query, weights)
            }
        }))
    }

    /// What one of likeness is worth at most to this query, in a registry.
    pub(super) fn rate(&self, query: &Query, corpus: &Corpus, target: Kind) -> Result<f32, EngineError> {
        Ok(self.registry(target)?.snapshot.rate(query, corpus, &self.engine.weights))
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
    ) -> Result<Vec<Place>, EngineError> {
        let Asking { query, attributes, .. } = asking;
        let corpus = self.statistics.corpus(target, query)?;
        let Some(among) = among else {
            let question = Question { asker: Asker { query, attributes }, corpus: &corpus };
            return Ok(self.rank_all(&[question], target, keep)?.pop().unwrap_or_default());
        };
        let few = self.few_of(target, among)?;
        let (mut names, mut terms) = (Lexicon::default(), Vec::with_capacity(query.terms.len()));
        query.terms.iter().for_each(|term| terms.push((names.take(&term.text).0, term.weight)));
        let grounds: Vec<&[u32]> = query.grounds.iter().map(Vec::as_slice).collect();
        let direction = self.registry(target)?.snapshot.direction(query, self.weights());
        let (ideal, rate) = (corpus.ideal(query), self.rate(query, &corpus, target)?);
        let (terms, direction) = (&terms[..], direction.as_ref());
        let reached = few.reached(&names, &[Ask { terms, rate, least_text: 0.0 }]).pop().unwrap_or_default();
        let heard = Heard { attributes, terms, grounds: &grounds, direction, ideal, rate };
        Ok(self.best_of(&few, &heard, &reached, Wanted::best(keep)))
    }

    /// The `keep` best of a registry for each of those who ask.
    pub(super) fn rank_all(
        &self,
        questions: &[Question<'_>],
        target: Kind,
        keep: usize,
    ) -> Result<Vec<Vec<Place>>, EngineError> {
        let (registry, weights) = (self.registry(target)?, &self.engine.weights);
        let wanted = Wanted::best(keep);
        if let Some(resident) = self.resident_if_worth(registry, target, questions.len())? {
            return SCRATCH.with_borrow_mut(|scratch| {
                let best = resident.best_of_each(questions, wanted, scratch)?;
                let placed = |(best, question): (Vec<Best<'_>>, &Question<'_>)| {
                    let best = best.into_iter().map(|best| (best.number, best.texts, best.attributes));
                    self.placed(question, best)
                };
                Ok(best.into_iter().zip(questions).map(placed).collect())
            });
        }
        let marks = registry.marks.get(|| Ok(registry.snapshot.marks()?))?;
        let placed = |question: &Question<'_>| {
            let Question { asker, corpus } = *question;
            let best = registry.snapshot.best(asker, corpus, &marks, weights, self.date, wanted)?;
            let best = best.iter().map(|best| (best.number, best.texts, &best.attributes));
            Ok(self.placed(question, best))
        };
        questions.iter().map(placed).collect()
    }

    /// The best of those who were [`Self::reached`], as far as they come to the floor: who has a list already asks only for what may stand in it.
    pub(super) fn rank_some(
        &self,
        heard: &Heard<'_>,
        target: Kind,
        reached: &[Reached],
        wanted: Wanted,
    ) -> Result<Vec<Place>, EngineError> {
        Ok(self.best_of(&*self.few(target)?, heard, reached, wanted))
    }

    fn best_of(&self, few: &Few, heard: &Heard<'_>, reached: &[Reached], wanted: Wanted) -> Vec<Place> {
        let told = |Best { number, texts, attributes }: Best<'_>| {
            place(number, &texts, heard.ideal, [heard.attributes, attributes], self.weights())
        };
        few.best(heard, reached, wanted).into_iter().map(told).collect()
    }

    /// Which of those that are held ([`Self::hold`]) may come to what each of these asks for at least. `terms` are all that is asked for.
    pub(super) fn reached(
        &self,
        target: Kind,
        terms: &Lexicon,
        asks: &[Ask<'_>],
    ) -> Result<Vec<Vec<Reached>>, EngineError> {
        Ok(self.few(target)?.reached(terms, asks))
    }

    /// Takes these (ascending) into memory, and nobody else of their registry.
    pub(super) fn hold(&self, target: Kind, numbers: &[u64]) -> Result<(), EngineError> {
        let registry = self.registry(target)?;
        let mut few = registry.few.lock().unwrap_or_else(PoisonError::into_inner);
        if few.as_ref().is_some_and(|(held, _)| held == numbers) {
            return Ok(());
        }
        *few = Some((numbers.to_vec(), Arc::new(self.few_of(target, numbers)?)));
        Ok(())
    }

    fn few_of(&self, target: Kind, numbers: &[u64]) -> Result<Few, EngineError> {
        let (statistics, snapshot) = (self.statistics.of(target)?, &self.registry(target)?.snapshot);
        Ok(Few::new(snapshot, statistics, self.weights(), self.date, numbers)?)
    }

    fn few(&self, target: Kind) -> Result<Arc<Few>, EngineError> {
        let few = self.registry(target)?.few.lock().unwrap_or_else(PoisonError::into_inner);
        // Whoever asks has had them held.
        few.as_ref().map(|(_, few)| few.clone()).ok_or(EngineError::Panicked)
    }

    fn placed<'b>(
        &self,
        &Question { asker, corpus }: &Question<'_>,
        best: impl Iterator<Item = (u64, Texts, &'b Attributes)>,
    ) -> Vec<Place> {
        let (ideal, weights) = (corpus.ideal(asker.query), self.weights());
        best.map(|(number, texts, own)| place(number, &texts, ideal, [asker.attributes, own], weights))
            .collect()
    }

    /// The registry in memory, when it is there or enough have asked to make it worth while.
    fn resident_if_worth(
        &self,
        registry: &Registry,
        target: Kind,
        askers: usize,
    ) -> Result<Option<Arc<Resident>>, EngineError> {
        if let Some(resident) = registry.resident.made() {
            return Ok(Some(resident));
        }
        if !self.many_ask && registry.asked.fetch_add(askers, Ordering::Relaxed) < ONE_BY_ONE {
            return Ok(None);
        }
        let (statistics, weights) = (self.statistics.of(target)?, &self.engine.weights);
        let make = || Ok(Resident::new(&registry.snapshot, statistics, weights, self.date)?);
        registry.resident.get(make).map(Some)
    }

    fn registry(&self, target: Kind) -> Result<&Registry, EngineError> {
        let place = TARGETS.iter().position(|known| *known == target);
        let place = place.ok_or(EngineError::NoSuchPairing { subject: Kind::Need, target })?;
        Ok(&self.registries[place])
    }
}
