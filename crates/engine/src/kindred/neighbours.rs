//! Which needs a need finds, and what their likeness is counted by.

use std::sync::Arc;

use domain::{Area, Kind, Record};
use futures_util::{StreamExt, stream};
use index::{Counts, Scope, Snapshot, Statistics};
use ranking::kindred::Neighbourhood;
use ranking::{Meaning, Query, Weights, says_nothing};
use text::{Analyzer, TokenKind};

use super::PAGE;
use crate::{Engine, EngineError, EpochStatistics, blocking};

/// Needs that ask at a time.
const AT_ONCE: usize = 4;
/// A need asks with so many of its weightiest terms, and looks at so many that it finds.
const TERMS: usize = 64;
const NEAREST: usize = 60;
/// Itself, and those.
pub(crate) const SHOWN: usize = NEAREST + 1;
/// So many are asked for: those behind them are held for when one of them has gone.
pub(crate) const HELD: usize = SHOWN + 20;
/// What a single character counts: needs that share characters alone share no problem.
pub(crate) const SINGLE: f32 = 0.3;

/// A need's number, and whom it finds: numbers and scores, best first, itself among them.
pub(crate) type Near = (u64, Vec<(u64, f32)>);

/// What the likeness of needs is counted by: the registry as it is, or the statistics of an epoch, by which no other need changes it.
#[derive(Clone)]
pub(crate) struct Peers {
    snapshot: Snapshot,
    frozen: Option<Arc<EpochStatistics>>,
}

impl Peers {
    pub(crate) fn as_they_are(snapshot: Snapshot) -> Self {
        Self { snapshot, frozen: None }
    }

    pub(crate) fn frozen(snapshot: Snapshot, statistics: Arc<EpochStatistics>) -> Self {
        Self { snapshot, frozen: Some(statistics) }
    }

    pub(crate) fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    pub(crate) fn require_ready(&self) -> Result<(), EngineError> {
        Ok(self.snapshot.require_ready()?)
    }

    pub(crate) fn statistics(&self) -> Option<&Statistics> {
        self.frozen.as_ref().map(|frozen| frozen.needs())
    }

    /// How many needs there are.
    pub(super) fn count(&self) -> u64 {
        self.statistics().map_or_else(|| self.snapshot.len(), Statistics::documents)
    }

    /// How many needs hold a word, at most: as many as hold the rarest of its terms.
    pub(super) fn holders(&self, analyzer: &Analyzer, word: &str) -> u64 {
        let tokens = analyzer.tokens(word);
        let own = tokens.iter().filter(|token| matches!(token.kind, TokenKind::Bigram | TokenKind::Latin));
        let held = |area: Area, term: &str| match self.statistics() {
            Some(statistics) => statistics.frequencies(term)[area],
            None => self.snapshot.document_frequency(area, term).unwrap_or(0),
        };
        let areas = [Area::Title, Area::Keywords, Area::Body];
        let holders = own.map(|token| areas.iter().map(|&area| held(area, &token.text)).max().unwrap_or(0));
        holders.min().unwrap_or(0)
    }
}

/// A cluster is labelled by shared words, so it is found by them.
pub(crate) fn by_words(weights: &Weights) -> Weights {
    Weights { meaning: Meaning { weight: 0.0, candidates: 0 }, ..*weights }
}

/// Whom a need finds, as groups are made of it.
pub(crate) fn neighbourhood(number: u64, near: &[(u64, f32)]) -> Neighbourhood {
    let near = &near[..near.len().min(SHOWN)];
    // Among many that say the same, the need itself may not be named; they score as it does.
    let own =
        near.iter().find(|(other, _)| *other == number).or(near.first()).map_or(0.0, |(_, score)| *score);
    let others = near.iter().filter(|(other, _)| *other != number && own > 0.0);
    let near = others.map(|(other, score)| (*other, (score / own).min(1.0)));
    Neighbourhood { number, near: near.take(NEAREST).collect() }
}

/// What a need asks other needs for, from what it asks for.
pub(crate) fn kindred_query(mut query: Query) -> Query {
    query.terms.retain(|term| !says_nothing(&term.text));
    weightiest(&mut query.terms, |term| (term.kind, &mut term.weight));
    // Whatever they share may make needs alike; and places have moved.
    Query { grounds: vec![Vec::new()], ..query }
}

/// Of the terms of a need that say something those with which it asks other needs, and what they count there.
pub(crate) fn weightiest<T>(terms: &mut Vec<T>, of: impl Fn(&mut T) -> (TokenKind, &mut f32)) {
    for term in terms.iter_mut() {
        let (kind, weight) = of(term);
        *weight *= if kind == TokenKind::Unigram { SINGLE } else { 1.0 };
    }
    let mut weighed: Vec<(f32, T)> = terms.drain(..).map(|mut term| (*of(&mut term).1, term)).collect();
    weighed.sort_by(|a, b| b.0.total_cmp(&a.0));
    terms.extend(weighed.into_iter().take(TERMS).map(|(_, term)| term));
}

impl Engine {
    /// Lets needs ask for those like them, [`HELD`] of them.
    pub(crate) async fn near(
        &self,
        asking: &[u64],
        among: &[u64],
        peers: &Peers,
    ) -> Result<Vec<Near>, EngineError> {
        let among: Arc<[u64]> = among.into();
        let mut all = Vec::with_capacity(asking.len());
        for numbers in asking.chunks(PAGE as usize) {
            let records = self.store.records(Kind::Need, numbers).await?;
            let asked = stream::iter(records).map(|record| {
                let (engine, peers, among) = (self.clone(), peers.clone(), Arc::clone(&among));
                blocking(move || engine.near_one(&record, &peers, &among))
            });
            let found: Vec<_> = asked.buffered(AT_ONCE).collect().await;
            for near in found {
                all.push(near?);
            }
        }
        Ok(all)
    }

    fn near_one(&self, need: &Record, peers: &Peers, among: &[u64]) -> Result<Near, EngineError> {
        let statistics = peers.statistics();
        let frozen = statistics.map(Counts::Frozen);
        let query = kindred_query(self.query(Kind::Need, &need.profile.passages(), frozen)?);
        let scope = Scope { frozen: statistics, open_only: true, among: Some(among), ..Scope::default() };
        let found = peers.snapshot.retrieve(&query, &by_words(&self.weights), &scope, HELD)?.candidates;
        Ok((need.id.number, found.iter().map(|found| (found.number, found.score)).collect()))
    }
}
