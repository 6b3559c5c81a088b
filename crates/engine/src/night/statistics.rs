//! The statistics that all scores of an epoch share: those of the needs, by which terms are weighed, and those of the registries they are matched with.

use domain::Kind;
use index::Statistics;
use ranking::{Corpus, Query};

use crate::rematch::TARGETS;
use crate::{Engine, EngineError, blocking};

/// Statistics of all registries that a night reads, frozen together.
#[derive(Debug, Clone, PartialEq)]
pub struct EpochStatistics {
    needs: Statistics,
    /// In the order of [`TARGETS`].
    targets: [Statistics; TARGETS.len()],
}

impl EpochStatistics {
    fn new(needs: Statistics, targets: [Statistics; TARGETS.len()]) -> Self {
        let targets = targets.map(|target| target.facing(&needs));
        Self { needs, targets }
    }

    /// Of the needs, or of a registry they are matched with.
    pub fn of(&self, kind: Kind) -> Result<&Statistics, EngineError> {
        if kind == Kind::Need {
            return Ok(&self.needs);
        }
        let at = TARGETS.iter().position(|target| *target == kind);
        let at = at.ok_or(EngineError::NoSuchPairing { subject: Kind::Need, target: kind })?;
        Ok(&self.targets[at])
    }

    /// Of the needs.
    pub fn needs(&self) -> &Statistics {
        &self.needs
    }

    /// What a registry knew of a query's terms.
    pub fn corpus(&self, target: Kind, query: &Query) -> Result<Corpus, EngineError> {
        Ok(self.of(target)?.corpus(query))
    }

    /// Each registry's bytes behind their length, needs first.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for statistics in [&self.needs].into_iter().chain(&self.targets) {
            let own = statistics.to_bytes();
            bytes.extend((own.len() as u64).to_le_bytes());
            bytes.extend(own);
        }
        bytes
    }

    /// Reads the bytes of [`Self::to_bytes`] back.
    ///
    /// # Errors
    /// [`index::IndexError::NoStatistics`] when they are not such bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, EngineError> {
        let mut rest = bytes;
        let mut next = || -> Result<Statistics, index::IndexError> {
            let cut = |rest: &mut &[u8], length: usize| {
                let (taken, left) = rest.split_at_checked(length).ok_or(index::IndexError::NoStatistics)?;
                *rest = left;
                Ok::<_, index::IndexError>(taken.to_vec())
            };
            let mut length = [0; 8];
            length.copy_from_slice(&cut(&mut rest, 8)?);
            let length =
                usize::try_from(u64::from_le_bytes(length)).map_err(|_| index::IndexError::NoStatistics)?;
            Statistics::from_bytes(&cut(&mut rest, length)?)
        };
        let read = Self::new(next()?, [next()?, next()?, next()?]);
        if rest.is_empty() { Ok(read) } else { Err(index::IndexError::NoStatistics.into()) }
    }
}

impl Engine {
    /// The present statistics of the needs and of all registries that they are matched with.
    ///
    /// # Errors
    /// When an index cannot be read.
    pub async fn freeze(&self) -> Result<EpochStatistics, EngineError> {
        let engine = self.clone();
        blocking(move || {
            let frozen = |kind: Kind| engine.catalog.registry(kind).snapshot().freeze();
            let [expert, station, achievement] = TARGETS;
            let targets = [frozen(expert)?, frozen(station)?, frozen(achievement)?];
            Ok(EpochStatistics::new(frozen(Kind::Need)?, targets))
        })
        .await
    }
}
