//! Which of those that changed a need is asked about at all, and what needs ask for, read once in an epoch.

use std::sync::{OnceLock, PoisonError};

use domain::{Kind, Record};
use index::Ask;
use ranking::{Corpus, Query, text_at_least};
use store::MatchList;

use super::batch::{Asked, floor};
use super::ranking::NightRanking;
use super::readings::{Measure, Reading};
use super::working::Shift;
use crate::EngineError;
use crate::rematch::TARGETS;

/// A need, read.
pub(super) struct Read {
    pub(super) query: Query,
    /// What each registry knows of its terms, from when it is first asked for: most needs have to do with one alone.
    corpora: [OnceLock<Corpus>; TARGETS.len()],
}

impl Read {
    fn new(query: Query) -> Self {
        Self { query, corpora: Default::default() }
    }

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
    /// What a need asks for: as it was read earlier in the epoch, if it says the same.
    pub(super) fn read(&self, need: &Record) -> Result<Read, EngineError> {
        let known = {
            let readings = self.readings.lock().unwrap_or_else(PoisonError::into_inner);
            readings.of(need).map(|reading| readings.query(reading))
        };
        if let Some(query) = known {
            return Ok(Read::new(query));
        }
        let read = Read::new(self.ranking.read(need, &[])?.query);
        let mut measures = [Measure { ideal: 0.0, rate: 0.0 }; TARGETS.len()];
        for (measure, target) in measures.iter_mut().zip(TARGETS) {
            let corpus = read.corpus(&self.ranking, target)?;
            let rate = self.ranking.rate(&read.query, corpus, target)?;
            *measure = Measure { ideal: corpus.ideal(&read.query), rate };
        }
        self.readings.lock().unwrap_or_else(PoisonError::into_inner).keep(need, &read.query, measures);
        Ok(read)
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
        self.readings.lock().unwrap_or_else(PoisonError::into_inner).forget(&ended);
        for (at, target) in TARGETS.into_iter().enumerate() {
            let changed = self.changed.as_ref().map_or(&[][..], |changed| changed.of(target));
            if changed.is_empty() || asked.iter().all(|asked| self.going_on(asked, at).is_none()) {
                continue;
            }
            self.ranking.hold(target, changed)?;
            for (record, _) in asked.iter().filter_map(|asked| self.going_on(asked, at)) {
                let is_read =
                    self.readings.lock().unwrap_or_else(PoisonError::into_inner).of(record).is_some();
                if !is_read {
                    self.read(record)?;
                }
            }
            let readings = self.readings.lock().unwrap_or_else(PoisonError::into_inner);
            let ask = |asked: &Asked| {
                let (record, list) = self.going_on(asked, at)?;
                let Reading { terms, measures, .. } = readings.of(record)?;
                let Measure { ideal, rate } = measures[at];
                let least_text = text_at_least(floor(list), ideal, self.ranking.weights());
                Some((asked.number, Ask { terms, rate, least_text }))
            };
            let (numbers, asks): (Vec<u64>, Vec<Ask<'_>>) = asked.iter().filter_map(ask).unzip();
            let reached = self.ranking.reached(target, readings.terms(), &asks)?;
            let mut reached = numbers.into_iter().zip(reached).peekable();
            for asked in &mut asked {
                if let Some((_, reached)) = reached.next_if(|(number, _)| *number == asked.number) {
                    asked.reached[at] = reached;
                }
            }
        }
        Ok(asked)
    }
}
