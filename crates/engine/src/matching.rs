//! Who should meet whom: the one path that interactive matching, the nightly re-match and the evaluation share.

use std::collections::HashMap;

use domain::forms;
use domain::{Area, Kind, Passage, Profile, Record, RecordId};
use index::{Retrieved, Scope};
use jiff::civil::Date;
use ranking::{
    Areas, Candidate, Corpus, Evidence, Exclusion, Explanation, Feature, Query, Score, exclusions, explain,
    features, score,
};
use serde_json::Value;

use crate::documents::{evidence, passages};
use crate::{Engine, EngineError, blocking};

/// Registries smaller than this say nothing about how common a term is among them.
const SMALLEST_BACKGROUND: u64 = 50;

/// The asking side.
#[derive(Debug, Clone, PartialEq)]
pub enum Subject {
    /// A stored record.
    Stored(RecordId),
    /// A form that is not stored.
    Form(Kind, Value),
}

/// What to find.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MatchRequest {
    /// The registry to find in.
    pub target: Kind,
    /// Matches wanted, 1 to 100.
    pub limit: usize,
    /// Whether to name those left out, with the reason.
    pub with_excluded: bool,
    /// The day on which validity is judged; today when absent.
    pub on: Option<Date>,
}

/// A ranked match.
#[derive(Debug, Clone, PartialEq)]
pub struct Match {
    /// From 1.
    pub rank: u32,
    /// The other side.
    pub record: Record,
    /// Score and reasons.
    pub explanation: Explanation,
}

/// One that would have been ranked, but must not be proposed.
#[derive(Debug, Clone, PartialEq)]
pub struct Excluded {
    /// The other side.
    pub record: Record,
    /// The score it would have had.
    pub total: f64,
    /// Why it is left out.
    pub reasons: Vec<Exclusion>,
}

/// What was found.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MatchAnswer {
    /// Best first, ties by number.
    pub matches: Vec<Match>,
    /// Those left out, best first, at most as many as matches were wanted; empty unless asked for.
    pub excluded: Vec<Excluded>,
    /// What stands against the asking side itself.
    pub warnings: Vec<Exclusion>,
    /// Records with any term in common that were looked at closely.
    pub considered: usize,
}

/// The asking side, read.
pub(crate) struct Asking {
    kind: Kind,
    profile: Profile,
    passages: Vec<Passage>,
    warnings: Vec<Exclusion>,
}

/// Where and how much to retrieve.
#[derive(Debug, Clone, Default)]
pub(crate) struct Reach {
    /// Only these, ascending.
    pub(crate) among: Option<Vec<u64>>,
    /// Records that are not open too.
    pub(crate) with_closed: bool,
    /// Candidates for the full score.
    pub(crate) candidates: usize,
}

/// A candidate with its full score.
pub(crate) struct Scored {
    pub(crate) record: Record,
    pub(crate) score: Score,
    features: Vec<Feature>,
    reasons: Vec<Exclusion>,
    lengths: Areas<u32>,
}

/// Ranked candidates and what is needed to explain them.
pub(crate) struct Ranked {
    pub(crate) scored: Vec<Scored>,
    query: Query,
    corpus: Corpus,
}

impl Engine {
    /// Finds and explains matches.
    ///
    /// # Errors
    /// [`EngineError::NotFound`], [`EngineError::Invalid`] for a bad form, [`EngineError::NoSuchPairing`],
    /// [`EngineError::BadParameter`].
    pub async fn find_matches(
        &self,
        subject: &Subject,
        request: &MatchRequest,
    ) -> Result<MatchAnswer, EngineError> {
        crate::registry::page_limit(request.limit)?;
        let today = request.on.unwrap_or_else(today);
        let asking = self.asking(subject, today).await?;
        pairing(asking.kind, request.target)?;
        let reach = Reach {
            with_closed: request.with_excluded,
            candidates: self.matching.candidates.max(request.limit * 3),
            ..Reach::default()
        };
        let mut ranked = self.rank(&asking, request.target, &reach, today).await?;
        let considered = ranked.scored.len();
        let (mut eligible, left_out): (Vec<Scored>, Vec<Scored>) =
            std::mem::take(&mut ranked.scored).into_iter().partition(|scored| scored.reasons.is_empty());
        eligible.truncate(request.limit);
        ranked.scored = eligible;
        let excluded = |scored: Scored| Excluded {
            record: scored.record,
            total: scored.score.total,
            reasons: scored.reasons,
        };
        let shown = if request.with_excluded { request.limit } else { 0 };
        let warnings = asking.warnings.clone();
        Ok(MatchAnswer {
            excluded: left_out.into_iter().take(shown).map(excluded).collect(),
            matches: self.explained(asking, ranked).await?,
            warnings,
            considered,
        })
    }

    /// Reads the asking side and all its texts.
    pub(crate) async fn asking(&self, subject: &Subject, today: Date) -> Result<Asking, EngineError> {
        match subject {
            Subject::Stored(id) => {
                let record = self.record(*id).await?;
                self.asking_record(record, today).await
            }
            Subject::Form(kind, form) => {
                let profile = forms::parse(*kind, form.clone()).map_err(EngineError::Invalid)?.profile;
                let passages = profile.passages();
                Ok(Asking { kind: *kind, passages, profile, warnings: Vec::new() })
            }
        }
    }

    /// As [`Self::asking`], of a record at hand.
    pub(crate) async fn asking_record(&self, record: Record, today: Date) -> Result<Asking, EngineError> {
        let evidence = evidence(&self.store, std::slice::from_ref(&record)).await?;
        let evidence = evidence.into_values().next().unwrap_or_default();
        Ok(Asking {
            kind: record.id.kind,
            passages: passages(&record, &evidence),
            warnings: exclusions(None, &record.profile, record.status, today),
            profile: record.profile,
        })
    }

    /// Retrieves and scores, best first, ties by number.
    pub(crate) async fn rank(
        &self,
        asking: &Asking,
        target: Kind,
        reach: &Reach,
        today: Date,
    ) -> Result<Ranked, EngineError> {
        let (engine, passages, kind, scope) =
            (self.clone(), asking.passages.clone(), asking.kind, reach.clone());
        let (query, retrieved) = blocking(move || engine.retrieve(&passages, kind, target, &scope)).await?;
        let numbers: Vec<u64> = retrieved.candidates.iter().map(|candidate| candidate.number).collect();
        let mut records: HashMap<u64, Record> = self
            .store
            .records(target, &numbers)
            .await?
            .into_iter()
            .map(|record| (record.id.number, record))
            .collect();
        let corpus = Corpus { statistics: retrieved.statistics, frequencies: retrieved.frequencies };
        let ideal = corpus.ideal(&query);
        let mut scored: Vec<Scored> = Vec::with_capacity(numbers.len());
        for candidate in &retrieved.candidates {
            let Some(record) = records.remove(&candidate.number) else { continue };
            let features = features(&asking.profile, &record.profile, &self.weights.features);
            scored.push(Scored {
                score: score(&candidate.areas, ideal, &features, &self.weights),
                reasons: exclusions(Some(&asking.profile), &record.profile, record.status, today),
                lengths: candidate.lengths,
                features,
                record,
            });
        }
        let by_score = |a: &Scored, b: &Scored| {
            b.score.total.total_cmp(&a.score.total).then_with(|| a.record.id.cmp(&b.record.id))
        };
        scored.sort_by(by_score);
        Ok(Ranked { scored, query, corpus })
    }

    fn retrieve(
        &self,
        passages: &[Passage],
        kind: Kind,
        target: Kind,
        reach: &Reach,
    ) -> Result<(Query, Retrieved), EngineError> {
        let peers = self.catalog.registry(kind).snapshot();
        let peer_count = peers.len() as f32;
        let rarity = |term: &str| {
            if peers.len() < SMALLEST_BACKGROUND {
                return 1.0;
            }
            let most =
                [Area::Title, Area::Body].map(|area| peers.document_frequency(area, term).unwrap_or(0));
            let holders = most.into_iter().max().unwrap_or(0) as f32;
            (1.0 + peer_count / (1.0 + holders)).ln() / (1.0 + peer_count).ln()
        };
        let query = Query::new(&self.analyzer, passages, &self.weights, rarity);
        let scope =
            Scope { open_only: !reach.with_closed, among: reach.among.as_deref(), ..Scope::default() };
        let snapshot = self.catalog.registry(target).snapshot();
        let retrieved = snapshot.retrieve(&query.terms, &self.weights.candidate, &scope, reach.candidates)?;
        Ok((query, retrieved))
    }

    /// Explains all that is left in `ranked`, in its order.
    pub(crate) async fn explained(&self, asking: Asking, ranked: Ranked) -> Result<Vec<Match>, EngineError> {
        let records: Vec<Record> = ranked.scored.iter().map(|scored| scored.record.clone()).collect();
        let mut evidence = evidence(&self.store, &records).await?;
        let engine = self.clone();
        blocking(move || {
            let Ranked { scored, query, corpus } = ranked;
            let subject = ranking::Subject { passages: &asking.passages, query: &query, corpus: &corpus };
            let explained = |(at, scored): (usize, Scored)| {
                let evidence: Vec<Evidence> = evidence.remove(&scored.record.id.number).unwrap_or_default();
                let passages = passages(&scored.record, &evidence);
                let candidate =
                    Candidate { passages: &passages, lengths: scored.lengths, evidence: &evidence };
                let explanation = explain(
                    &engine.analyzer,
                    &engine.weights,
                    &subject,
                    &candidate,
                    &scored.score,
                    &scored.features,
                );
                Match { rank: at as u32 + 1, record: scored.record, explanation }
            };
            Ok(scored.into_iter().enumerate().map(explained).collect())
        })
        .await
    }
}

impl Ranked {
    /// Keeps the best `limit` that may be proposed.
    pub(crate) fn keep_eligible(&mut self, limit: usize) {
        self.scored.retain(|scored| scored.reasons.is_empty());
        self.scored.truncate(limit);
    }
}

/// Needs are matched with experts, stations and achievements, and these with needs.
fn pairing(subject: Kind, target: Kind) -> Result<(), EngineError> {
    let offers = |kind| matches!(kind, Kind::Expert | Kind::Station | Kind::Achievement);
    let fits = (subject == Kind::Need && offers(target)) || (offers(subject) && target == Kind::Need);
    if fits { Ok(()) } else { Err(EngineError::NoSuchPairing { subject, target }) }
}

/// Today's date in China, which has one time zone and no daylight saving.
pub(crate) fn today() -> Date {
    jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::fixed(jiff::tz::offset(8))).date()
}
