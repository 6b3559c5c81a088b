//! Who should meet whom: the one path that interactive matching, the nightly re-match and the evaluation share.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

use domain::forms;
use domain::{Area, Attributes, Kind, Passage, Record, RecordId, Region};
use index::{Candidate, Retrieved, Scope};
use jiff::civil::Date;
use ranking::{
    Areas, Corpus, Exclusion, Explainer, Explanation, Feature, Query, Question, Rarity, Score, Texts,
    exclusions, features, score,
};
use serde_json::Value;
use text::Background;
use vectors::TermVectors;

use crate::documents::{evidence, passages};
use crate::{Engine, EngineError, blocking};

/// Registries smaller than this say nothing about how common a term is among them.
const FEWEST_PEERS: u64 = 50;

/// Candidates that are looked at for one request at most, when nearly all must not be proposed.
const MOST_CANDIDATES: usize = 20_000;

/// So many of the best are explained in search of matches that hold, whatever the limit, so that fewer are the first of more.
const EXPLAINED: usize = 60;

/// Explained at a time at least, when some before them did not hold.
const EXPLAINED_AT_ONCE: usize = 10;

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
    /// Records with any term in common that were looked at closely.
    pub considered: usize,
}

/// The asking side, read.
pub(crate) struct Asking {
    kind: Kind,
    attributes: Attributes,
    passages: Vec<Passage>,
    query: Query,
    warnings: Vec<Exclusion>,
}

/// Which records may be candidates, and how many of them get the full score.
#[derive(Debug, Clone, Default)]
pub(crate) struct Reach {
    /// Only these, ascending.
    pub(crate) among: Option<Vec<u64>>,
    /// Records that are not open too.
    pub(crate) with_closed: bool,
    /// Only records in this region.
    pub(crate) within: Option<Region>,
    /// Candidates for the full score.
    pub(crate) candidates: usize,
}

/// A candidate with its full score.
pub(crate) struct Scored {
    pub(crate) number: u64,
    pub(crate) score: Score,
    features: Vec<Feature>,
    reasons: Vec<Exclusion>,
    lengths: Areas<u32>,
}

/// Ranked candidates and what is needed to explain them.
pub(crate) struct Ranked {
    target: Kind,
    /// Best first, ties by number.
    pub(crate) scored: Vec<Scored>,
    /// How many were retrieved, those of other regions too.
    retrieved: usize,
    within: Option<Region>,
    corpus: Corpus,
    /// Those that related words are named by.
    vectors: Arc<TermVectors>,
}

/// What explanations rest on.
#[derive(Clone)]
struct Known {
    corpus: Arc<Corpus>,
    vectors: Arc<TermVectors>,
    within: Option<Region>,
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
        self.find_matches_within(None, subject, request).await
    }

    /// As [`Self::find_matches`], as if there were no records outside this region.
    pub(crate) async fn find_matches_within(
        &self,
        within: Option<Region>,
        subject: &Subject,
        request: &MatchRequest,
    ) -> Result<MatchAnswer, EngineError> {
        crate::registry::page_limit(request.limit)?;
        let today = request.on.unwrap_or_else(today);
        let asking = Arc::new(self.asking(subject, today).await?);
        pairing(asking.kind, request.target)?;
        let (ranked, considered) =
            self.rank_eligible_within(within, &asking, request.target, request.limit, today).await?;
        let matches = self.explained(&asking, ranked, request.limit, today).await?;
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

    /// Reads the asking side and all its texts.
    pub(crate) async fn asking(&self, subject: &Subject, today: Date) -> Result<Asking, EngineError> {
        match subject {
            Subject::Stored(id) => {
                let record = self.record(*id).await?;
                self.asking_record(&record, today).await
            }
            Subject::Form(kind, form) => {
                let profile = forms::parse(*kind, form.clone()).map_err(EngineError::Invalid)?.profile;
                let (attributes, passages) = (Attributes::of_form(&profile), profile.passages());
                self.read_texts(*kind, attributes, passages, Vec::new()).await
            }
        }
    }

    /// As [`Self::asking`], of a record at hand.
    pub(crate) async fn asking_record(&self, record: &Record, today: Date) -> Result<Asking, EngineError> {
        let evidence = evidence(&self.store, std::slice::from_ref(record)).await?;
        let evidence = evidence.into_values().next().unwrap_or_default();
        let attributes = Attributes::of(record);
        let warnings = exclusions(None, &attributes, today);
        self.read_texts(record.id.kind, attributes, passages(record, &evidence), warnings).await
    }

    async fn read_texts(
        &self,
        kind: Kind,
        attributes: Attributes,
        passages: Vec<Passage>,
        warnings: Vec<Exclusion>,
    ) -> Result<Asking, EngineError> {
        let engine = self.clone();
        blocking(move || {
            let mut query = engine.query(kind, &passages)?;
            if engine.weights.meaning.weight > 0.0 {
                query.meaning = engine.catalog.direction(&asked(&passages));
            }
            Ok(Asking { kind, attributes, passages, query, warnings })
        })
        .await
    }

    pub(crate) fn query(&self, kind: Kind, passages: &[Passage]) -> Result<Query, EngineError> {
        let peers = self.catalog.registry(kind).snapshot();
        // Without its peers the same need would be asked for otherwise: rather no answer than another one.
        peers.require_ready()?;
        let failed = RefCell::new(None);
        let peer_count = peers.len() as f32;
        let among_peers = |term: &str| -> f32 {
            if peers.len() < FEWEST_PEERS {
                return 1.0;
            }
            let most = [Area::Title, Area::Body].map(|area| {
                peers.document_frequency(area, term).unwrap_or_else(|error| {
                    failed.borrow_mut().get_or_insert(error);
                    0
                })
            });
            let holders = most.into_iter().max().unwrap_or(0) as f32;
            (1.0 + peer_count / (1.0 + holders)).ln() / (1.0 + peer_count).ln()
        };
        let at_large = |term: &str| Background::builtin().rarity(term).powf(self.weights.background);
        let rarity =
            |term: &str| Rarity { peers: among_peers(term).powf(self.weights.peers), prose: at_large(term) };
        let query = Query::new(&self.analyzer, passages, &self.weights, rarity);
        peers.require_ready()?;
        failed.into_inner().map_or(Ok(query), |error| Err(error.into()))
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
        let mut reach = Reach { candidates: self.candidates(limit), within, ..Reach::default() };
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
        let reach = Reach { with_closed: true, within, candidates, ..Reach::default() };
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
            let scope = Scope { open_only: !reach.with_closed, among: reach.among.as_deref() };
            let (query, weights) = (&asking.query, &engine.weights);
            let snapshot = engine.catalog.registry(target).snapshot();
            let found = snapshot.retrieve(query, weights, &scope, reach.candidates)?;
            let Retrieved { candidates, statistics, piece_length, frequencies } = found;
            let corpus = Corpus { statistics, piece_length, frequencies };
            let ideal = corpus.ideal(query);
            let scored = |candidate: Candidate| {
                let features = features(&asking.attributes, &candidate.attributes, &weights.features);
                Scored {
                    number: candidate.number,
                    score: score(&candidate.texts, ideal, &features, weights),
                    reasons: exclusions(Some(&asking.attributes), &candidate.attributes, today),
                    lengths: candidate.lengths,
                    features,
                }
            };
            let retrieved = candidates.len();
            let candidates = candidates.into_iter();
            let seen = candidates.filter(|found| lies_within(reach.within, found.attributes.region));
            let mut scored: Vec<Scored> = seen.map(scored).collect();
            let by_score = |a: &Scored, b: &Scored| {
                b.score.total.total_cmp(&a.score.total).then_with(|| a.number.cmp(&b.number))
            };
            scored.sort_by(by_score);
            let within = reach.within;
            Ok(Ranked { target, scored, retrieved, within, corpus, vectors: naming(snapshot.vectors()) })
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

    /// The first `limit` of `ranked` that hold, in its order, with their explanations. The database has the last word: what has gone
    /// from it meanwhile, or must not be proposed any more, is left out; and so is what shares not one word with the asking side.
    pub(crate) async fn explained(
        &self,
        asking: &Arc<Asking>,
        ranked: Ranked,
        limit: usize,
        today: Date,
    ) -> Result<Vec<Match>, EngineError> {
        let Ranked { target, mut scored, corpus, vectors, within, .. } = ranked;
        let known = Known { corpus: Arc::new(corpus), vectors, within };
        scored.truncate(limit.max(EXPLAINED));
        let mut matches: Vec<Match> = Vec::new();
        while matches.len() < limit && !scored.is_empty() {
            let wanted = (limit - matches.len()).max(EXPLAINED_AT_ONCE).min(scored.len());
            let slice = scored.drain(..wanted).collect();
            for (record, explanation) in self.explain(asking, target, slice, &known, today).await? {
                let rank = matches.len() as u32 + 1;
                matches.push(Match { rank, record, explanation });
            }
        }
        matches.truncate(limit);
        Ok(matches)
    }

    async fn explain(
        &self,
        asking: &Arc<Asking>,
        target: Kind,
        scored: Vec<Scored>,
        known: &Known,
        today: Date,
    ) -> Result<Vec<(Record, Explanation)>, EngineError> {
        let mut records = self.records_of(target, &scored).await?;
        records.retain(|_, record| {
            exclusions(Some(&asking.attributes), &Attributes::of(record), today).is_empty()
                && lies_within(known.within, record.profile.region())
        });
        let found: Vec<(Scored, Record)> = scored
            .into_iter()
            .filter_map(|scored| records.remove(&scored.number).map(|record| (scored, record)))
            .collect();
        let evidence = evidence(&self.store, found.iter().map(|(_, record)| record)).await?;
        let (engine, asking, Known { corpus, vectors, .. }) = (self.clone(), asking.clone(), known.clone());
        blocking(move || {
            let explainer = Explainer::new(
                &engine.analyzer,
                &engine.weights,
                &vectors,
                &asking.passages,
                &asking.query,
                &corpus,
            );
            let explained = |(scored, record): (Scored, Record)| {
                let candidate = ranking::Candidate {
                    passages: &record.profile.passages(),
                    lengths: scored.lengths,
                    evidence: evidence.get(&scored.number).map_or(&[], Vec::as_slice),
                };
                let explanation = explainer.explain(&candidate, &scored.score, &scored.features)?;
                Some((record, explanation))
            };
            Ok(found.into_iter().filter_map(explained).collect())
        })
        .await
    }

    async fn records_of(&self, kind: Kind, scored: &[Scored]) -> Result<HashMap<u64, Record>, EngineError> {
        let numbers: Vec<u64> = scored.iter().map(|scored| scored.number).collect();
        let records = self.store.records(kind, &numbers).await?;
        Ok(records.into_iter().map(|record| (record.id.number, record)).collect())
    }
}

/// The whole of what is asked for, for a model that reads texts: name, keywords and description one after the other. A model reads the beginning
/// of a long text only, so single pieces of evidence are left out.
fn asked(passages: &[Passage]) -> String {
    let own = passages.iter().filter(|passage| passage.area != Area::Evidence);
    own.map(|passage| passage.text.trim()).collect::<Vec<_>>().join("。")
}

/// The vectors that related words are named by: those of the index where they learned from enough of the registries' own texts, else those that
/// come with the program. A few hundred records teach which texts belong together; of single words they teach much that is chance.
fn naming(vectors: Arc<TermVectors>) -> Arc<TermVectors> {
    if vectors.trust() >= SURE_OF_WORDS { vectors } else { TermVectors::builtin() }
}

/// Needs are matched with experts, stations and achievements, and these with needs.
pub(crate) fn pairing(subject: Kind, target: Kind) -> Result<(), EngineError> {
    let offers = |kind| matches!(kind, Kind::Expert | Kind::Station | Kind::Achievement);
    let fits = (subject == Kind::Need && offers(target)) || (offers(subject) && target == Kind::Need);
    if fits { Ok(()) } else { Err(EngineError::NoSuchPairing { subject, target }) }
}

/// Today's date in China, which has one time zone and no daylight saving.
pub(crate) fn today() -> Date {
    jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::fixed(jiff::tz::offset(8))).date()
}

/// Whether somebody who sees this region alone sees what lies there.
pub(crate) fn lies_within(within: Option<Region>, region: Option<Region>) -> bool {
    within.is_none_or(|within| region.is_some_and(|region| within.contains(region)))
}
