//! Which of those that changed a need is asked about at all, and what needs ask for, read once in an epoch.

use std::sync::PoisonError;

use domain::{Kind, Record};
use index::Ask;
use ranking::{Corpus, Query, text_at_least};
use store::MatchList;

use super::batch::{Asked, floor};
use super::ranking::Corpora;
use super::readings::{Measure, Reading};
use super::working::Shift;
use crate::EngineError;
use crate::rematch::TARGETS;

/// A need, read.
pub(super) struct Read {
    pub(super) query: Query,
    corpora: Corpora,
}

impl Read {
    /// What a registry knows of its terms.
    pub(super) fn corpus(&self, target: Kind) -> Result<&Corpus, EngineError> {
        let place = TARGETS.iter().position(|known| *known == target);
        place
            .map(|place| &self.corpora[place])
            .ok_or(EngineError::NoSuchPairing { subject: Kind::Need, target })
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
            return Ok(Read { corpora: self.ranking.corpora(&query)?, query });
        }
        let query = self.ranking.read(need, &[])?.query;
        let corpora = self.ranking.corpora(&query)?;
        let rates = self.ranking.rates(&query, &corpora);
        let measure = |at: usize| Measure { ideal: corpora[at].ideal(&query), rate: rates[at] };
        let measures = std::array::from_fn(measure);
        self.readings.lock().unwrap_or_else(PoisonError::into_inner).keep(need, &query, measures);
        Ok(Read { query, corpora })
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
