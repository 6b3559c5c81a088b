//! Who may go where: the needs that take part, those who were found for them, and what stands against a pair.

use std::collections::{BTreeMap, HashMap, HashSet};

use domain::access::Visibility;
use domain::{Attributes, Decision, Kind, ProblemCode, Profile, Proximity, Record, RecordId, Region, Status};
use futures_util::{StreamExt, stream};
use jiff::civil::Date;
use ranking::{Explanation, Part, exclusions};
use store::{CampaignPair, ListFilter};

use super::checks::problem;
use super::groups::groups;
use super::kept::{Bar, Content, KeptGroup, KeptNeed, KeptObstacle, KeptUnfit, Why, WhyPart, json};
use super::request::{CampaignRequest, GroupBy, Source, Travel};
use super::{Campaigns, ten_thousandths};
use crate::desk::without_texts;
use crate::matching::lies_within;
use crate::{EngineError, MatchRequest, Subject};

/// Needs of a campaign at most.
const MOST_NEEDS: usize = 20_000;
/// Needs read at a time; needs ranked at a time.
const PAGE: u32 = 200;
const AT_ONCE: usize = 4;
/// Where distance decides, so many times as many are looked at, up to as many as may be asked for.
const DEEPER: usize = 4;
const DEEPEST: usize = 100;
/// Those who are named as having fitted, but for a reason.
const OBSTACLES: usize = 3;

/// What a campaign is planned from.
#[derive(Debug, Clone, Default)]
pub(super) struct Gathered {
    pub(super) content: Content,
    /// How often each candidate may be sent.
    pub(super) capacities: BTreeMap<u64, u32>,
    /// By need, the best first.
    pub(super) pairs: Vec<CampaignPair>,
}

/// What limits look at of a candidate.
#[derive(Debug, Clone, Default)]
pub(super) struct About {
    remaining: Option<u32>,
    pub(super) societies: Vec<String>,
}

/// What was found for one need.
struct Found {
    kept: KeptNeed,
    pairs: Vec<CampaignPair>,
    about: Vec<(u64, About)>,
}

/// A candidate of a need with the reasons for it.
type Proposal = (Record, Explanation);

impl Campaigns {
    /// The needs that are asked for, and those of them that cannot take part.
    pub(super) async fn selected(
        &self,
        request: &CampaignRequest,
        on: Date,
    ) -> Result<(Vec<Record>, Vec<KeptUnfit>), EngineError> {
        let all = if request.needs.ids.is_empty() {
            self.open_needs().await?
        } else {
            self.needs_by_number(&request.needs.ids).await?
        };
        let (mut fit, mut unfit) = (Vec::new(), Vec::new());
        for need in all.into_iter().filter(|need| is_meant(request, need)) {
            let reasons = exclusions(None, &Attributes::of(&need), on);
            if reasons.is_empty() {
                fit.push(need);
            } else {
                unfit.push(KeptUnfit { number: need.id.number, reasons });
            }
        }
        if fit.len() > MOST_NEEDS {
            let detail = format!("共 {} 项，一次活动最多 {MOST_NEEDS} 项，请按地区或领域分开", fit.len());
            return Err(EngineError::Invalid(vec![problem(
                "/needs",
                "技术需求",
                ProblemCode::TooLarge,
                detail,
            )]));
        }
        Ok((fit, unfit))
    }

    async fn open_needs(&self) -> Result<Vec<Record>, EngineError> {
        let within = self.sight.region;
        let filter = ListFilter { statuses: vec![Status::Open], within, ..ListFilter::default() };
        let (mut needs, mut after) = (Vec::new(), 0);
        loop {
            let page = self.engine.store.page(Kind::Need, &filter, after, PAGE).await?;
            let Some(last) = page.last() else { return Ok(needs) };
            after = last.id.number;
            needs.extend(page);
        }
    }

    async fn needs_by_number(&self, ids: &[RecordId]) -> Result<Vec<Record>, EngineError> {
        let mut numbers: Vec<u64> = ids.iter().map(|id| id.number).collect();
        numbers.sort_unstable();
        numbers.dedup();
        let needs = self.engine.store.records(Kind::Need, &numbers).await?;
        let found: HashSet<u64> = needs.iter().map(|need| need.id.number).collect();
        if let Some(number) = numbers.iter().find(|number| !found.contains(number)) {
            return Err(EngineError::NotFound(RecordId::new(Kind::Need, *number)));
        }
        for need in &needs {
            if !self.sight.owns(need.profile.region()) {
                return Err(match self.sight.record(need) {
                    Visibility::Hidden => EngineError::NotFound(need.id),
                    _ => EngineError::OutsideRegion(format!("{} 不属于本密钥的地区，不能列入活动", need.id)),
                });
            }
        }
        Ok(needs)
    }

    /// Finds candidates for all needs; `progress` hears how many have been dealt with.
    pub(super) async fn gather(
        &self,
        request: &CampaignRequest,
        on: Date,
        progress: impl Fn(u64, u64),
    ) -> Result<Gathered, EngineError> {
        let (needs, unfit) = self.selected(request, on).await?;
        let (total, mut done) = (needs.len() as u64, 0);
        progress(0, total);
        let mut searches =
            stream::iter(needs.clone()).map(|need| self.found(need, request, on)).buffered(AT_ONCE);
        let (mut gathered, mut about) = (Gathered::default(), BTreeMap::new());
        while let Some(found) = searches.next().await {
            let Found { kept, pairs, about: candidates } = found?;
            gathered.content.needs.push(kept);
            gathered.pairs.extend(pairs);
            about.extend(candidates);
            done += 1;
            progress(done, total);
        }
        gathered.capacities =
            about.iter().map(|(number, about)| (*number, capacity(request, *number, about))).collect();
        let content = &mut gathered.content;
        content.unfit = unfit;
        content.floor = ten_thousandths(request.floor);
        content.effort = request.effort;
        content.groups = groups(request, &needs, &about);
        Ok(gathered)
    }

    async fn found(&self, need: Record, request: &CampaignRequest, on: Date) -> Result<Found, EngineError> {
        let declined = self.declined(need.id, request.target).await?;
        let (proposals, vague) = self.proposals(&need, request, on, declined.len()).await?;
        let wanted = wanted(request, need.id);
        let mut kept = KeptNeed {
            number: need.id.number,
            least: wanted.0,
            most: wanted.1,
            vague: false,
            obstacles: Vec::new(),
        };
        let (mut pairs, mut about, mut taken) = (Vec::new(), Vec::new(), 0);
        for (record, explanation) in proposals.into_iter().map(|proposal| self.veiled(proposal)) {
            let number = record.id.number;
            let bar = if declined.contains(&number) {
                Some(Bar::Declined)
            } else {
                is_too_far(request.travel, &Attributes::of(&need), &Attributes::of(&record))
                    .then_some(Bar::TooFar)
            };
            if bar.is_none() {
                if taken == request.candidates.per_need {
                    break;
                }
                taken += 1;
            }
            pairs.push(CampaignPair {
                need: need.id.number,
                candidate: number,
                score: ten_thousandths(explanation.total),
                bar: bar.map(|bar| bar.word().to_owned()),
                why: json(&why(explanation.parts, explanation.sentence)),
            });
            about.push((number, about_of(&record)));
        }
        if pairs.is_empty() {
            kept.vague = vague;
            kept.obstacles = self.obstacles(&need, request, on).await?;
        }
        Ok(Found { kept, pairs, about })
    }

    /// Those who were found for a need, the best first, and whether it says too little.
    async fn proposals(
        &self,
        need: &Record,
        request: &CampaignRequest,
        on: Date,
        declined: usize,
    ) -> Result<(Vec<Proposal>, bool), EngineError> {
        let within = self.sight.within(request.target);
        match request.candidates.source {
            Source::Ranking => {
                let wanted = request.candidates.per_need as usize;
                let deep = if request.travel == Travel::Anywhere { wanted } else { wanted * DEEPER };
                let limit = (deep + declined).min(DEEPEST);
                let asked =
                    MatchRequest { target: request.target, limit, with_excluded: false, on: Some(on) };
                let subject = Subject::Stored(need.id);
                let answer = self.engine.find_matches_seen(self.sight, &subject, &asked).await?;
                let found = answer.matches.into_iter().map(|found| (found.record, found.explanation));
                Ok((found.collect(), !answer.questions.is_empty()))
            }
            Source::CurrentRun => {
                let found = self.engine.current_matches_seen(self.sight, need.id, request.target).await?;
                let asking = Attributes::of(need);
                // What has changed since that night counts.
                let stands = |record: &Record| {
                    exclusions(Some(&asking), &Attributes::of(record), on).is_empty()
                        && lies_within(within, record.profile.region())
                };
                let found = found.matches.into_iter().map(|found| (found.record, found.explanation));
                Ok((found.filter(|(record, _)| stands(record)).collect(), false))
            }
        }
    }

    /// The best who must not go to a need, for which nobody else was found.
    async fn obstacles(
        &self,
        need: &Record,
        request: &CampaignRequest,
        on: Date,
    ) -> Result<Vec<KeptObstacle>, EngineError> {
        let asked =
            MatchRequest { target: request.target, limit: OBSTACLES, with_excluded: true, on: Some(on) };
        let answer = self.engine.find_matches_seen(self.sight, &Subject::Stored(need.id), &asked).await?;
        // Why somebody must not be proposed is more than an outline tells.
        let told =
            answer.excluded.into_iter().filter(|one| self.sight.record(&one.record) == Visibility::Full);
        Ok(told
            .map(|one| KeptObstacle {
                candidate: one.record.id.number,
                score: (one.total * 1e4).round() / 1e4,
                reasons: one.reasons,
            })
            .collect())
    }

    /// Those with whom it came to nothing last time.
    async fn declined(&self, need: RecordId, target: Kind) -> Result<HashSet<u64>, EngineError> {
        let mut last: HashMap<u64, Decision> = HashMap::new();
        let mut after = 0;
        loop {
            let page = self.engine.store.feedback(Some(need.number), None, after, PAGE).await?;
            let Some(end) = page.last() else { break };
            after = end.number;
            let of_target = page.iter().filter(|told| told.entry.target.kind == target);
            last.extend(of_target.map(|told| (told.entry.target.number, told.entry.decision)));
        }
        let declined = last.into_iter().filter(|(_, decision)| *decision == Decision::Declined);
        Ok(declined.map(|(number, _)| number).collect())
    }

    /// The reasons as far as whoever makes the campaign may read them.
    fn veiled(&self, (record, explanation): Proposal) -> Proposal {
        if self.sight.record(&record) < Visibility::Full {
            return (record, without_texts(explanation));
        }
        (record, explanation)
    }
}

/// Why a pair scores as it does, without what brings nothing.
pub(super) fn why(parts: Vec<Part>, sentence: String) -> Why {
    let parts = parts.into_iter().filter(|part| part.points != 0.0);
    let part = |part: Part| WhyPart { code: part.code, label: part.label, points: part.points };
    Why { parts: parts.map(part).collect(), sentence }
}

/// What limits look at of a candidate's record.
pub(super) fn about_of(record: &Record) -> About {
    let societies = match &record.profile {
        Profile::Expert(expert) => expert.societies.clone(),
        Profile::Station(station) => vec![station.society.clone()],
        _ => Vec::new(),
    };
    let offer = Attributes::of(record).offer;
    About {
        remaining: offer.and_then(|offer| offer.capacity.remaining()),
        societies: societies.into_iter().filter(|name| !name.is_empty()).collect(),
    }
}

impl About {
    /// Whether a group of societies counts this candidate's visits.
    pub(super) fn is_of(&self, group: &KeptGroup) -> bool {
        group.by == GroupBy::Society && self.societies.contains(&group.label)
    }
}

/// How often somebody may be sent.
pub(super) fn capacity(request: &CampaignRequest, number: u64, about: &About) -> u32 {
    let own = request.capacities.iter().rev().find(|one| one.candidate.number == number);
    own.map_or_else(
        || {
            let left = about.remaining.unwrap_or(request.capacity.unstated);
            left.min(request.capacity.most.unwrap_or(u32::MAX)).min(planning::MOST_VISITS)
        },
        |own| own.most,
    )
}

/// At least and at most so many for a need.
fn wanted(request: &CampaignRequest, need: RecordId) -> (u32, u32) {
    let own = request.wishes.iter().rev().find(|wish| wish.need == need);
    own.map_or((request.wanted.least, request.wanted.most), |own| (own.least, own.most))
}

fn is_meant(request: &CampaignRequest, need: &Record) -> bool {
    let (meant, profile) = (&request.needs, &need.profile);
    let in_region = |region: Region| meant.regions.iter().any(|one| one.contains(region));
    let of_industry = meant.industries.is_empty()
        || profile
            .industries()
            .iter()
            .any(|own| own.path().iter().any(|step| meant.industries.contains(step)));
    let of_field =
        meant.fields.is_empty() || profile.fields().iter().any(|field| meant.fields.contains(field));
    (meant.regions.is_empty() || profile.region().is_some_and(in_region)) && of_industry && of_field
}

/// Whether a need lies beyond where somebody goes. Of a place that is not known nobody can say so.
fn is_too_far(travel: Travel, need: &Attributes, candidate: &Attributes) -> bool {
    let least = match travel {
        Travel::Anywhere => return false,
        Travel::Province => Proximity::Province,
        Travel::City => Proximity::City,
        Travel::County => Proximity::County,
    };
    let (Some(there), Some(home)) = (need.region, candidate.region) else { return false };
    home.proximity(there) < least && !candidate.travel_regions.iter().any(|region| region.contains(there))
}
