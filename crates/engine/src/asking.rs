//! The asking side of a match: its texts, read once, and what they ask for.

use domain::{Area, Attributes, Kind, Passage, Record, forms};
use index::Counts;
use jiff::civil::Date;
use ranking::{Exclusion, Query, exclusions};

use crate::desk::Sight;
use crate::documents::{evidence, passages};
use crate::matching::Subject;
use crate::{Engine, EngineError, blocking};

/// The asking side, read.
pub struct Asking {
    pub(crate) kind: Kind,
    pub(crate) attributes: Attributes,
    pub(crate) passages: Vec<Passage>,
    pub(crate) query: Query,
    /// What stands against the asking side itself.
    pub(crate) warnings: Vec<Exclusion>,
}

impl Engine {
    /// Reads the asking side and all its texts, of which those that are seen are explained by.
    pub(crate) async fn asking(
        &self,
        subject: &Subject,
        today: Date,
        sight: Sight,
    ) -> Result<Asking, EngineError> {
        match subject {
            Subject::Stored(id) => {
                let record = self.record(*id).await?;
                self.asking_seen(&record, today, sight).await
            }
            Subject::Form(kind, form) => {
                let profile = forms::parse(*kind, form.clone()).map_err(EngineError::Invalid)?.profile;
                let (engine, kind) = (self.clone(), *kind);
                let (attributes, passages) = (Attributes::of_form(&profile), profile.passages());
                blocking(move || engine.read_texts(kind, attributes, passages, Vec::new(), None)).await
            }
        }
    }

    /// As [`Self::asking`], of a record at hand that is seen with everything that speaks for it.
    pub(crate) async fn asking_record(&self, record: &Record, today: Date) -> Result<Asking, EngineError> {
        self.asking_seen(record, today, Sight::everything()).await
    }

    async fn asking_seen(&self, record: &Record, today: Date, sight: Sight) -> Result<Asking, EngineError> {
        let all = self.texts_of(record, Sight::everything()).await?;
        let seen = if sight.region.is_some() { Some(self.texts_of(record, sight).await?) } else { None };
        let attributes = Attributes::of(record);
        let warnings = exclusions(None, &attributes, today);
        let (engine, kind) = (self.clone(), record.id.kind);
        let mut asking = blocking(move || engine.read_texts(kind, attributes, all, warnings, None)).await?;
        asking.passages = seen.unwrap_or(asking.passages);
        Ok(asking)
    }

    async fn texts_of(&self, record: &Record, sight: Sight) -> Result<Vec<Passage>, EngineError> {
        let evidence = evidence(&self.store, std::slice::from_ref(record), sight).await?;
        let spoken_for = evidence.into_values().next().unwrap_or_default();
        Ok(passages(record, &spoken_for.seen))
    }

    /// Reads texts, terms weighed by the asking side's peers as they are, or as they were.
    pub(crate) fn read_texts(
        &self,
        kind: Kind,
        attributes: Attributes,
        passages: Vec<Passage>,
        warnings: Vec<Exclusion>,
        frozen: Option<Counts<'_>>,
    ) -> Result<Asking, EngineError> {
        let mut query = self.query(kind, &passages, frozen)?;
        if self.weights.meaning.weight > 0.0 {
            query.meaning = self.catalog.direction(&asked(&passages));
        }
        Ok(Asking { kind, attributes, passages, query, warnings })
    }

    /// What texts of a kind ask for; `frozen` is what that kind's registry was like, in place of the present one.
    pub(crate) fn query(
        &self,
        kind: Kind,
        passages: &[Passage],
        frozen: Option<Counts<'_>>,
    ) -> Result<Query, EngineError> {
        if let Some(counts) = frozen {
            return self.weighed(passages, counts);
        }
        let peers = self.catalog.registry(kind).snapshot();
        // Without its peers the same need would be asked for otherwise: rather no answer than another one.
        peers.require_ready()?;
        let query = self.weighed(passages, Counts::Live(&peers))?;
        peers.require_ready()?;
        Ok(query)
    }

    fn weighed(&self, passages: &[Passage], peers: Counts<'_>) -> Result<Query, EngineError> {
        let mut failed = None;
        let rarities = |terms: &[&str]| {
            peers.rarities(terms, &self.weights).unwrap_or_else(|error| {
                failed = Some(error);
                Vec::new()
            })
        };
        let mut query = Query::new(&self.analyzer, passages, &self.weights, rarities);
        if let Counts::Known(peers) = peers {
            query.peers = Some(peers.terms().clone());
        }
        failed.map_or(Ok(query), |error| Err(error.into()))
    }
}

/// The whole of what is asked for, for a model that reads texts: name, keywords and description one after the other. A model reads the beginning
/// of a long text only, so single pieces of evidence are left out.
fn asked(passages: &[Passage]) -> String {
    let own = passages.iter().filter(|passage| passage.area != Area::Evidence);
    own.map(|passage| passage.text.trim()).collect::<Vec<_>>().join("。")
}
