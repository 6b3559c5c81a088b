//! Which of those that changed a need is asked about at all, and what needs ask for, read once in an epoch.

use std::sync::{MutexGuard, OnceLock, PoisonError};

use domain::{Kind, Record};
use index::{Ask, Heard};
use ranking::{Corpus, Query, text_at_least};
use store::MatchList;

use super::batch::{Asked, floor};
use super::ranking::NightRanking;
use super::readings::{Measure, Reading, Readings};
use super::working::Shift;
use crate::EngineError;
use crate::kindred::{TextDigest, text_digest};
use crate::rematch::TARGETS;

/// A need, read.
pub(super) struct Read {
    pub(super) query: Query,
    /// What bounds go by in each registry.
    pub(super) measures: [Measure; TARGETS.len()],
    /// What each registry knows of its terms, from when it is first asked for: most needs have to do with one alone.
    corpora: [OnceLock<Corpus>; TARGETS.len()],
}

impl Read {
    /// What a registry knows of its terms.
    pub(super) fn corpus(&self, ranking: &NightRanking, target: Kind) -> Result<&Corpus, EngineError> {
        let place = TARGETS.iter().position(|known| *known == target);
        let place = place.ok_or(EngineError::NoSuchPairing { subject: Kind::Need, target })?;
        if let Some(corpus) = self.corpora[place].get() {
            return Ok(corpus);
        }
        let corpus = ranking.statistics().corpus(target, &self.query)?;
        Ok(self.corpora[place].get_or_init(|| corpus))
    }
}

impl Shift {
    pub(super) fn readings(&self) -> MutexGuard<'_, Readings> {
        self.readings.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a need asks for: as it was read earlier in the epoch, if it says the same.
    pub(super) fn read(&self, need: &Record) -> Result<Read, EngineError> {
        let digest = text_digest(need);
        let known = {
            let mut readings = self.readings();
            let reading = readings.saying(need.id.number, &digest);
            reading.map(|reading| (readings.query(&reading), reading.measures))
        };
        match known {
            Some((query, measures)) => Ok(Read { query, measures, corpora: Default::default() }),
            None => self.read_anew(need, &digest),
        }
    }

    /// Reads a need, and keeps what it asks for.
    fn read_anew(&self, need: &Record, digest: &TextDigest) -> Result<Read, EngineError> {
        let mut query = self.ranking.read(need, &[])?.query;
        let directions = self.ranking.directions(&query);
        query.meaning = directions.common().cloned();
        let measures = [Measure { ideal: 0.0, rate: 0.0 }; TARGETS.len()];
        let mut read = Read { query, measures, corpora: Default::default() };
        for (at, target) in TARGETS.into_iter().enumerate() {
            let corpus = read.corpus(&self.ranking, target)?;
            let rate = self.ranking.rate(&read.query, corpus, target)?;
            read.measures[at] = Measure { ideal: corpus.ideal(&read.query), rate };
        }
        self.readings().keep(need.id.number, digest, &read.query, directions, read.measures);
        Ok(read)
    }

    /// As [`Self::read`], by numbers.
    fn reading(&self, need: &Record) -> Result<Reading, EngineError> {
        let digest = text_digest(need);
        if let Some(reading) = self.readings().saying(need.id.number, &digest) {
            return Ok(reading);
        }
        self.read_anew(need, &digest)?;
        // It was kept just now.
        self.readings().saying(need.id.number, &digest).ok_or(EngineError::Panicked)
    }

    /// A need and its list in one registry, if that is brought up to date.
    fn going_on<'a>(&self, asked: &'a Asked, at: usize) -> Option<(&'a Record, &'a MatchList)> {
        let (record, list) = (asked.record.as_ref()?, asked.before[at].as_ref()?);
        self.goes_on_from(record, list).then_some((record, list))
    }

    /// Finds for each need whose lists go on from those of the run before who of the changed may come to a place there.
    pub(super) fn look_round(&self, mut asked: Vec<Asked>) -> Result<Vec<Asked>, EngineError> {
        let ended: Vec<u64> =
            asked.iter().filter(|asked| asked.record.is_none()).map(|asked| asked.number).collect();
        self.readings().forget(&ended);
        for (at, target) in TARGETS.into_iter().enumerate() {
            let changed = self.changed.as_ref().map_or(&[][..], |changed| changed.of(target));
            if changed.is_empty() || asked.iter().all(|asked| self.going_on(asked, at).is_none()) {
                continue;
            }
            self.ranking.hold(target, changed)?;
            for asked in &mut asked {
                if let (None, Some((record, _))) = (&asked.reading, self.going_on(asked, at)) {
                    asked.reading = Some(self.reading(record)?);
                }
            }
            self.find_reached(at, target, &mut asked)?;
        }
        Ok(asked)
    }

    /// As [`Self::look_round`], in one registry.
    fn find_reached(&self, at: usize, target: Kind, asked: &mut [Asked]) -> Result<(), EngineError> {
        let ask = |asked: &'_ Asked| {
            let (_, list) = self.going_on(asked, at)?;
            let Measure { ideal, rate } = asked.reading.as_ref()?.measures[at];
            Some((rate, text_at_least(floor(list), ideal, self.ranking.weights())))
        };
        let mut of = Vec::new();
        let mut asks = Vec::new();
        for (place, asked) in asked.iter().enumerate() {
            if let (Some((rate, least_text)), Some(reading)) = (ask(asked), &asked.reading) {
                asks.push(Ask { terms: &reading.terms, rate, least_text });
                of.push(place);
            }
        }
        let reached = self.ranking.reached(target, self.readings().terms(), &asks)?;
        for (place, reached) in of.into_iter().zip(reached) {
            asked[place].reached[at] = reached;
        }
        Ok(())
    }
}

impl Reading {
    /// What it asks a registry, by that one's place among [`TARGETS`], with these [`Self::grounds`].
    pub(super) fn heard<'a>(
        &'a self,
        at: usize,
        attributes: &'a domain::Attributes,
        grounds: &'a [&'a [u32]],
    ) -> Heard<'a> {
        let Measure { ideal, rate } = self.measures[at];
        Heard { attributes, terms: &self.terms, grounds, direction: self.direction(at), ideal, rate }
    }
}
