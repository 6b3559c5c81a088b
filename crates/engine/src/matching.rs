//! Who should meet whom: the one path that interactive matching, the nightly re-match and the evaluation share.

use std::collections::HashMap;
use std::sync::Arc;

use domain::{Attributes, Kind, Record, RecordId, Region};
use index::{Candidate, Retrieved, Scope};
use jiff::civil::Date;
use ranking::{
    Corpus, Exclusion, Explainer, Explanation, Feature, Question, Score, Texts, Weights, exclusions,
    features, score,
};
use serde_json::Value;
use vectors::TermVectors;

use crate::asking::Asking;
use crate::desk::Sight;
use crate::documents::evidence;
use crate::{Engine, EngineError, blocking};

/// Candidates that are looked at for one request at most, when nearly all must not be proposed.
const MOST_CANDIDATES: usize = 20_000;

/// Vectors that are trusted less do not name words; see [`vectors::TermVectors::trust`].
const SURE_OF_WORDS: f32 = 0.5;

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
    /// Matches wanted at most, 1 to 100.
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
    /// What to ask whoever filed a need that says too little; empty when it says enough.
    pub questions: Vec<Question>,
    /// Records that hold a ground to be proposed and were looked at closely.
    pub considered: usize,
}

/// Which records may be candidates, and how many of them get the full score.
#[derive(Debug, Clone, Default)]
pub(crate) struct Reach {
    /// Only these, ascending.
    pub(crate) among: Option<Vec<u64>>,
    /// Records that are not open too.
    pub(crate) with_closed: bool,
    /// Only records that hold a ground to be proposed.
    pub(crate) grounded: bool,
    /// Only records in this region.
    pub(crate) within: Option<Region>,
    /// Candidates for the full score.
    pub(crate) candidates: usize,
}

/// A candidate with its full score.
pub(crate) struct Scored {
    pub(crate) number: u64,
    pub(crate) score: Score,
    pub(crate) features: Vec<Feature>,
    pub(crate) reasons: Vec<Exclusion>,
}

/// Ranked candidates and what is needed to explain them.
pub(crate) struct Ranked {
    target: Kind,
    /// Best first, ties by number.
    pub(crate) scored: Vec<Scored>,
    /// How many were retrieved, those of other regions too.
    retrieved: usize,
    within: Option<Region>,
    known: Known,
}

/// What explanations rest on.
#[derive(Clone)]
pub(crate) struct Known {
    pub(crate) corpus: Arc<Corpus>,
    /// Those that related words are named by.
    pub(crate) vectors: Arc<TermVectors>,
}

/// A match that is to be explained.
pub(crate) struct Found {
    pub(crate) record: Record,
    pub(crate) score: Score,
    pub(crate) features: Vec<Feature>,
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
        self.find_matches_seen(Sight::everything(), subject, request).await
    }

    /// As [`Self::find_matches`], as if there were no records that are hidden, and without a word of texts that are not seen.
    pub(crate) async fn find_matches_seen(
        &self,
        sight: Sight,
        subject: &Subject,
        request: &MatchRequest,
    ) -> Result<MatchAnswer, EngineError> {
        crate::registry::page_limit(request.limit)?;
        let today = request.on.unwrap_or_else(today);
        let within = sight.within(request.target);
        let asking = Arc::new(self.asking(subject, today, sight).await?);
        pairing(asking.kind, request.target)?;
        let (ranked, considered) =
            self.rank_eligible_within(within, &asking, request.target, request.limit, today).await?;
        let matches = self.explained(&asking, ranked, request.limit, today, sight).await?;
        let excluded = if request.with_excluded {
            self.left_out(within, &asking, request, today).await?
        } else {
            Vec::new()
        };
        let questions = self.questions(&asking).await?;
        Ok(MatchAnswer { matches, excluded, warnings: asking.warnings.clone(), questions, considered })
    }

    async fn questions(&self, asking: &Arc<Asking>) -> Result<Vec<Question>, EngineError> {
        if asking.kind != Kind::Need {
            return Ok(Vec::new());
        }
        let (engine, asking) = (self.clone(), asking.clone());
        blocking(move || Ok(ranking::questions(&engine.analyzer, &asking.passages))).await
    }

    /// Those that may be proposed, best first, and how many candidates were looked at closely. When fewer than `limit` of these may
    /// be proposed, more are looked at, up to [`MOST_CANDIDATES`].
    pub(crate) async fn rank_eligible(
        &self,
        asking: &Arc<Asking>,
        target: Kind,
        limit: usize,
        today: Date,
    ) -> Result<(Ranked, usize), EngineError> {
        self.rank_eligible_within(None, asking, target, limit, today).await
    }

    async fn rank_eligible_within(
        &self,
        within: Option<Region>,
        asking: &Arc<Asking>,
        target: Kind,
        limit: usize,
        today: Date,
    ) -> Result<(Ranked, usize), EngineError> {
        let mut reach =
            Reach { candidates: self.candidates(limit), grounded: true, within, ..Reach::default() };
        loop {
            let mut ranked = self.rank(asking, target, &reach, today).await?;
            let considered = ranked.scored.len();
            ranked.scored.retain(|scored| scored.reasons.is_empty());
            let no_more = ranked.retrieved < reach.candidates || reach.candidates >= MOST_CANDIDATES;
            if ranked.scored.len() >= limit || no_more {
                return Ok((ranked, considered));
            }
            reach.candidates = (reach.candidates * 4).min(MOST_CANDIDATES);
        }
    }

    /// The best of those that must not be proposed, closed and withdrawn ones among them.
    async fn left_out(
        &self,
        within: Option<Region>,
        asking: &Arc<Asking>,
        request: &MatchRequest,
        today: Date,
    ) -> Result<Vec<Excluded>, EngineError> {
        let candidates = self.candidates(request.limit);
        let reach = Reach { with_closed: true, grounded: true, within, candidates, ..Reach::default() };
        let mut scored = self.rank(asking, request.target, &reach, today).await?.scored;
        scored.retain(|scored| !scored.reasons.is_empty());
        scored.truncate(request.limit);
        let mut records = self.records_of(request.target, &scored).await?;
        // The database has the last word here too.
        let excluded = |scored: Scored| {
            let record = records.remove(&scored.number)?;
            let reasons = exclusions(Some(&asking.attributes), &Attributes::of(&record), today);
            let told = !reasons.is_empty() && lies_within(within, record.profile.region());
            told.then_some(Excluded { record, total: scored.score.total, reasons })
        };
        Ok(scored.into_iter().filter_map(excluded).collect())
    }

    /// The order of the full score is not that of the texts alone, so more are scored than are wanted.
    fn candidates(&self, limit: usize) -> usize {
        self.matching.candidates.max(limit * 3)
    }

    /// Retrieves and scores, best first, ties by number: from the index alone.
    pub(crate) async fn rank(
        &self,
        asking: &Arc<Asking>,
        target: Kind,
        reach: &Reach,
        today: Date,
    ) -> Result<Ranked, EngineError> {
        let (engine, asking, reach) = (self.clone(), asking.clone(), reach.clone());
        blocking(move || {
            let Reach { with_closed, grounded, among, within, candidates } = &reach;
            let scope =
                Scope { open_only: !with_closed, grounded: *grounded, among: among.as_deref(), frozen: None };
            let snapshot = engine.catalog.registry(target).snapshot();
            let Retrieved { mut candidates, corpus } =
                snapshot.retrieve(&asking.query, &engine.weights, &scope, *candidates)?;
            let retrieved = candidates.len();
            candidates.retain(|found| lies_within(*within, found.attributes.region));
            let scored = scored(&asking, candidates, &corpus, &engine.weights, today);
            let known = Known { corpus: Arc::new(corpus), vectors: naming(snapshot.vectors()) };
            Ok(Ranked { target, scored, retrieved, within: *within, known })
        })
        .await
    }

    /// The score of one pair, whatever stands against it; 0 when their texts share no term.
    pub(crate) async fn score_of(
        &self,
        asking: &Arc<Asking>,
        candidate: &Record,
        today: Date,
    ) -> Result<Score, EngineError> {
        let RecordId { kind, number } = candidate.id;
        let reach = Reach { candidates: 1, among: Some(vec![number]), with_closed: true, ..Reach::default() };
        if let Some(found) = self.rank(asking, kind, &reach, today).await?.scored.into_iter().next() {
            return Ok(found.score);
        }
        let weights = &self.weights;
        let features = features(&asking.attributes, &Attributes::of(candidate), &weights.features);
        Ok(score(&Texts::default(), 0.0, &features, weights))
    }

    /// The first `limit` of `ranked`, in its order, with their explanations. The database has the last word: what has gone from it meanwhile, or must
    /// not be proposed any more, is left out.
    pub(crate) async fn explained(
        &self,
        asking: &Arc<Asking>,
        ranked: Ranked,
        limit: usize,
        today: Date,
        sight: Sight,
    ) -> Result<Vec<Match>, EngineError> {
        let Ranked { target, mut scored, known, within, .. } = ranked;
        let mut matches: Vec<Match> = Vec::new();
        while matches.len() < limit && !scored.is_empty() {
            let wanted = (limit - matches.len()).min(scored.len());
            let next: Vec<Scored> = scored.drain(..wanted).collect();
            let mut records = self.records_of(target, &next).await?;
            records.retain(|_, record| {
                exclusions(Some(&asking.attributes), &Attributes::of(record), today).is_empty()
                    && lies_within(within, record.profile.region())
            });
            let found = next.into_iter().filter_map(|Scored { number, score, features, .. }| {
                let record = records.remove(&number)?;
                Some(Found { record, score, features })
            });
            for (record, explanation) in self.explain(asking, found.collect(), &known, sight).await? {
                let rank = matches.len() as u32 + 1;
                matches.push(Match { rank, record, explanation });
            }
        }
        Ok(matches)
    }

    /// Why each of `found` scores as it does, from the records as they are now, and from as much of what speaks for them as is seen.
    pub(crate) async fn explain(
        &self,
        asking: &Arc<Asking>,
        found: Vec<Found>,
        known: &Known,
        sight: Sight,
    ) -> Result<Vec<(Record, Explanation)>, EngineError> {
        let evidence = evidence(&self.store, found.iter().map(|found| &found.record), sight).await?;
        let (engine, asking, Known { corpus, vectors }) = (self.clone(), asking.clone(), known.clone());
        blocking(move || {
            let (analyzer, weights) = (&engine.analyzer, &engine.weights);
            let Asking { passages, query, .. } = &*asking;
            let explainer = Explainer::new(analyzer, weights, &vectors, passages, query, &corpus);
            let explained = |Found { record, score, features }: Found| {
                let spoken_for = evidence.get(&record.id.number);
                let candidate = ranking::Candidate {
                    passages: &record.profile.passages(),
                    evidence: spoken_for.map_or(&[], |spoken_for| &spoken_for.seen),
                };
                let mut explanation = explainer.explain(&candidate, &score, &features);
                if spoken_for.is_some_and(|spoken_for| spoken_for.hides) {
                    explanation.sentence.push_str("部分佐证材料属于其他地区，不对本密钥公开。");
                }
                (record, explanation)
            };
            Ok(found.into_iter().map(explained).collect())
        })
        .await
    }

    async fn records_of(&self, kind: Kind, scored: &[Scored]) -> Result<HashMap<u64, Record>, EngineError> {
        let numbers: Vec<u64> = scored.iter().map(|scored| scored.number).collect();
        let records = self.store.records(kind, &numbers).await?;
        Ok(records.into_iter().map(|record| (record.id.number, record)).collect())
    }
}

/// Full scores, best first, ties by number.
pub(crate) fn scored(
    asking: &Asking,
    candidates: Vec<Candidate>,
    corpus: &Corpus,
    weights: &Weights,
    today: Date,
) -> Vec<Scored> {
    let ideal = corpus.ideal(&asking.query);
    let scored = |candidate: Candidate| {
        let features = features(&asking.attributes, &candidate.attributes, &weights.features);
        Scored {
            number: candidate.number,
            score: score(&candidate.texts, ideal, &features, weights),
            reasons: exclusions(Some(&asking.attributes), &candidate.attributes, today),
            features,
        }
    };
    let mut scored: Vec<Scored> = candidates.into_iter().map(scored).collect();
    scored.sort_by(|a, b| b.score.total.total_cmp(&a.score.total).then_with(|| a.number.cmp(&b.number)));
    scored
}

/// The vectors that related words are named by: those of the index where they learned from enough of the registries' own texts, else those that
/// come with the program. A few hundred records teach which texts belong together; of single words they teach much that is chance.
pub(crate) fn naming(vectors: Arc<TermVectors>) -> Arc<TermVectors> {
    if vectors.trust() >= SURE_OF_WORDS { vectors } else { TermVectors::builtin() }
}

/// Needs are matched with experts, stations and achievements, and these with needs.
pub(crate) fn pairing(subject: Kind, target: Kind) -> Result<(), EngineError> {
    let offers = |kind| matches!(kind, Kind::Expert | Kind::Station | Kind::Achievement);
    let fits = (subject == Kind::Need && offers(target)) || (offers(subject) && target == Kind::Need);
    if fits { Ok(()) } else { Err(EngineError::NoSuchPairing { subject, target }) }
}

/// Today's date in China.
pub(crate) fn today() -> Date {
    jiff::Timestamp::now().to_zoned(domain::china()).date()
}

/// Whether somebody who sees this region alone sees what lies there.
pub(crate) fn lies_within(within: Option<Region>, region: Option<Region>) -> bool {
    within.is_none_or(|within| region.is_some_and(|region| within.contains(region)))
}
