//! Which statistics a run goes by, and whether this process goes by the same: key, sizes, freezing, loading.

use std::sync::Arc;

use domain::Kind;
use jiff::Timestamp;
use store::{Epoch, StoreError};

use super::EpochStatistics;
use super::rollover::{Grounds, Rollover, Sizes, rollover};
use crate::{Engine, EngineError, blocking};

/// The registries whose statistics and vectors scores rest on.
pub(super) const REGISTRIES: [Kind; 4] = [Kind::Need, Kind::Expert, Kind::Station, Kind::Achievement];

/// Statistics that were loaded last, by the number of their epoch.
#[derive(Default)]
pub(crate) struct Loaded(tokio::sync::Mutex<Option<(u64, Arc<EpochStatistics>)>>);

impl Engine {
    /// The epoch to go by from now on: that of the current run, or a new one that is put on file.
    pub(super) async fn epoch_for(&self, current: Option<u64>, asked: bool) -> Result<u64, EngineError> {
        let epoch = match current {
            Some(number) => self.store.epoch(number).await?,
            None => None,
        };
        let before = epoch.as_ref().map(grounds).transpose()?;
        let now = self.grounds()?;
        let days = self.rematch.epoch_days;
        let Some(why) = rollover(before.as_ref(), &now, days, asked) else {
            return Ok(epoch.map_or(0, |epoch| epoch.number));
        };
        match why {
            Rollover::Grown(kind) => {
                tracing::info!(registry = kind.slug(), "a registry has grown or shrunk: a new epoch")
            }
            why => tracing::info!(?why, "a new epoch"),
        }
        let statistics = self.freeze().await?;
        let (bytes, statistics) = blocking(move || Ok((statistics.to_bytes(), statistics))).await?;
        let sizes = serde_json::to_string(&now.sizes).expect("only numbers");
        let number = self.store.begin_epoch(&now.key, &sizes, &bytes).await?;
        *self.night.loaded.0.lock().await = Some((number, Arc::new(statistics)));
        Ok(number)
    }

    /// The statistics of an epoch.
    ///
    /// # Errors
    /// [`StoreError::EpochNotFound`].
    pub(super) async fn statistics_of(&self, number: u64) -> Result<Arc<EpochStatistics>, EngineError> {
        let mut loaded = self.night.loaded.0.lock().await;
        if let Some((_, statistics)) = loaded.as_ref().filter(|(known, _)| *known == number) {
            return Ok(statistics.clone());
        }
        let bytes = self.store.epoch_statistics(number).await?;
        let statistics = blocking(move || EpochStatistics::from_bytes(&bytes)).await?;
        let statistics = Arc::new(statistics);
        *loaded = Some((number, statistics.clone()));
        Ok(statistics)
    }

    /// Sees to it that this process would score as all others do in this epoch.
    ///
    /// # Errors
    /// [`EngineError::OtherRanking`], [`StoreError::EpochNotFound`].
    pub(super) async fn require_key(&self, number: u64) -> Result<Epoch, EngineError> {
        let epoch = self.store.epoch(number).await?.ok_or(StoreError::EpochNotFound(number))?;
        if epoch.key == self.grounds()?.key { Ok(epoch) } else { Err(EngineError::OtherRanking) }
    }

    /// What an epoch that began now would be judged by.
    fn grounds(&self) -> Result<Grounds, EngineError> {
        let mut hasher = blake3::Hasher::new();
        let mut add = |text: &str| {
            hasher.update(&(text.len() as u64).to_le_bytes());
            hasher.update(text.as_bytes());
        };
        // Another version may score otherwise.
        add(env!("CARGO_PKG_VERSION"));
        add(self.catalog.fingerprint());
        add(self.catalog.model().map_or("", embedding::Model::query_prefix));
        add(&serde_json::to_string(&*self.weights).expect("weights are plain numbers"));
        add(&self.matching.keep.to_string());
        let mut sizes = [0; REGISTRIES.len()];
        for (size, kind) in sizes.iter_mut().zip(REGISTRIES) {
            let snapshot = self.catalog.registry(kind).snapshot();
            snapshot.require_ready()?;
            add(snapshot.vectors().identity());
            *size = snapshot.len();
        }
        let [needs, experts, stations, achievements] = sizes;
        let sizes = Sizes { needs, experts, stations, achievements };
        Ok(Grounds { key: hasher.finalize().to_hex()[..32].to_owned(), sizes, at: Timestamp::now() })
    }
}

fn grounds(epoch: &Epoch) -> Result<Grounds, EngineError> {
    let unreadable = |source: serde_json::Error| StoreError::Corrupt {
        place: format!("统计基准 {}", epoch.number),
        source: Box::new(source),
    };
    let sizes = serde_json::from_str(&epoch.sizes).map_err(unreadable)?;
    Ok(Grounds { key: epoch.key.clone(), sizes, at: epoch.opened_at })
}
