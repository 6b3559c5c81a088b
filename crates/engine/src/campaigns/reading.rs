//! Campaigns and plans as they are told: with names, sentences and what changed, page by page.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use domain::RecordId;
use domain::access::Visibility;
use store::{StoredCampaign, StoredPlan, StoredVisit};

use super::kept::{Content, KeptOtherwise, KeptPlan, KeptUnfit, Why, read};
use super::names::{NamedPair, Names, Side};
use super::told::{
    CampaignHead, CampaignPage, CampaignShown, Itinerary, ItineraryPage, LeftOutNeed, LeftOutPage,
    LeftReason, Otherwise, PlanChanges, PlanPage, PlanSummary, PlannedPair, RulingShown, Stop,
};
use super::wording::{Wording, named};
use super::{Campaigns, points};
use crate::EngineError;
use crate::desk::is_of_text;
use crate::registry::page_limit;

/// Pairs that are named as having come or gone.
const MOST_CHANGES: usize = 200;
/// Campaigns read at a time when some are not shown.
const PAGE: u32 = 100;

/// A plan with all that is needed to tell it.
pub(super) struct Told {
    pub(super) campaign: StoredCampaign,
    pub(super) content: Content,
    pub(super) stored: StoredPlan,
    pub(super) plan: KeptPlan,
    pub(super) visits: Vec<StoredVisit>,
}

impl Campaigns {
    /// Campaigns with a number less than `before`, latest first.
    ///
    /// # Errors
    /// [`EngineError::BadParameter`] when the limit is out of bounds.
    pub async fn list(&self, before: u64, limit: u32) -> Result<CampaignPage, EngineError> {
        page_limit(limit as usize)?;
        let (mut items, mut from) = (Vec::new(), before);
        loop {
            let page = self.engine.store.campaigns(from, PAGE).await?;
            let last = page.last().map(|campaign| campaign.number);
            for campaign in page.into_iter().filter(|campaign| self.sight.owns(campaign.region)) {
                if items.len() == limit as usize {
                    let next = items.last().map(|last: &CampaignHead| last.id);
                    return Ok(CampaignPage { items, next });
                }
                items.push(head(campaign));
            }
            match last {
                Some(last) => from = last,
                None => return Ok(CampaignPage { items, next: None }),
            }
        }
    }

    /// A campaign with its latest plan in short.
    ///
    /// # Errors
    /// [`store::StoreError::CampaignNotFound`], for one that is hidden too.
    pub async fn read(&self, number: u64) -> Result<CampaignShown, EngineError> {
        let campaign = self.own(number).await?;
        self.show(campaign).await
    }

    /// The pairs of a plan, the latest unless another version is named, after a pair.
    ///
    /// # Errors
    /// As [`Self::read`]; [`EngineError::BadParameter`] for a version that there is not.
    pub async fn plan(
        &self,
        number: u64,
        version: Option<u64>,
        after: (u64, u64),
        limit: u32,
    ) -> Result<PlanPage, EngineError> {
        page_limit(limit as usize)?;
        let mut told = self.told(number, version).await?;
        told.visits.retain(|found| key(found) > after);
        let more = told.visits.len() > limit as usize;
        told.visits.truncate(limit as usize);
        let next = told.visits.last().filter(|_| more).map(key);
        Ok(PlanPage { version: told.stored.version, items: self.pairs(&told).await?, next })
    }

    /// The needs that a plan leaves out, after a number.
    ///
    /// # Errors
    /// As [`Self::plan`].
    pub async fn left_out(
        &self,
        number: u64,
        version: Option<u64>,
        after: u64,
        limit: u32,
    ) -> Result<LeftOutPage, EngineError> {
        page_limit(limit as usize)?;
        let mut told = self.told(number, version).await?;
        told.content.unfit.retain(|unfit| unfit.number > after);
        told.plan.left.retain(|left| left.need > after);
        let mut items = self.left(&told).await?;
        let more = items.len() > limit as usize;
        items.truncate(limit as usize);
        let next = items.last().filter(|_| more).map(|left| left.need.id.number);
        Ok(LeftOutPage { version: told.stored.version, items, next })
    }

    /// Where those go who are sent, after a number.
    ///
    /// # Errors
    /// As [`Self::plan`].
    pub async fn itineraries(
        &self,
        number: u64,
        version: Option<u64>,
        after: u64,
        limit: u32,
    ) -> Result<ItineraryPage, EngineError> {
        page_limit(limit as usize)?;
        let mut told = self.told(number, version).await?;
        let going: BTreeSet<u64> = told.visits.iter().map(|found| found.visit.candidate).collect();
        let going: Vec<u64> = going.into_iter().filter(|candidate| *candidate > after).collect();
        let page = &going[..going.len().min(limit as usize)];
        let next = page.last().filter(|_| going.len() > page.len()).copied();
        told.visits.retain(|found| page.contains(&found.visit.candidate));
        Ok(ItineraryPage { version: told.stored.version, items: self.ways(&told).await?, next })
    }

    /// Where one of them goes; without a stop when the plan sends nowhere whoever is named.
    ///
    /// # Errors
    /// As [`Self::plan`]; [`EngineError::NotFound`] for somebody who is no candidate of the campaign.
    pub async fn itinerary(
        &self,
        number: u64,
        version: Option<u64>,
        candidate: RecordId,
    ) -> Result<Itinerary, EngineError> {
        let mut told = self.told(number, version).await?;
        let nobody = || EngineError::NotFound(candidate);
        let capacities = self.engine.store.campaign_candidates(number).await?;
        let own = capacities.into_iter().find(|(number, _)| *number == candidate.number);
        let capacity = own.filter(|_| candidate.kind == told.campaign.target).ok_or_else(nobody)?.1;
        told.visits.retain(|found| found.visit.candidate == candidate.number);
        if let Some(way) = self.ways(&told).await?.pop() {
            return Ok(way);
        }
        let going = BTreeSet::from([candidate.number]);
        let names = self.names(candidate.kind, &BTreeSet::new(), &going).await?;
        let candidate = names.candidate(candidate.number).cloned().ok_or_else(nobody)?;
        Ok(Itinerary { candidate, capacity, stops: Vec::new() })
    }

    /// A plan and what it is told with.
    pub(super) async fn told(&self, number: u64, version: Option<u64>) -> Result<Told, EngineError> {
        let campaign = self.own(number).await?;
        let version = version.unwrap_or(campaign.version);
        let stored = self.engine.store.campaign_plan(number, version).await?;
        let stored = stored.ok_or_else(|| EngineError::BadParameter {
            parameter: "version",
            detail: format!("没有第 {version} 版方案，最新的是第 {} 版", campaign.version),
        })?;
        let content = read(number, &self.engine.store.campaign_content(number).await?.1)?;
        let plan = read(number, &stored.content)?;
        let visits = self.engine.store.campaign_visits(number, version).await?;
        Ok(Told { campaign, content, stored, plan, visits })
    }

    /// The pairs of a plan with their names; those whose candidate is hidden are left out.
    pub(super) async fn pairs(&self, told: &Told) -> Result<Vec<PlannedPair>, EngineError> {
        let number = told.campaign.number;
        let (mut needs, mut candidates) = (BTreeSet::new(), BTreeSet::new());
        let mut kept = Vec::with_capacity(told.visits.len());
        for found in &told.visits {
            let otherwise: KeptOtherwise = read(number, &found.visit.otherwise)?;
            for (need, candidate) in otherwise.gained.iter().chain(&otherwise.lost).chain([&key(found)]) {
                needs.insert(*need);
                candidates.insert(*candidate);
            }
            kept.push((found, otherwise, read::<Why>(number, &found.why)?));
        }
        let names = self.names(told.campaign.target, &needs, &candidates).await?;
        let wording = Wording { target: told.campaign.target, content: &told.content, names: &names };
        let pair = |(found, otherwise, why): (&StoredVisit, KeptOtherwise, Why)| {
            let need = names.need(found.visit.need)?.clone();
            let candidate = names.candidate(found.visit.candidate)?.clone();
            let score = points(u64::from(found.score));
            let why = veiled(why, score, &candidate);
            let sentence = wording.otherwise(&otherwise, need.id.number);
            let otherwise = Otherwise {
                possible: otherwise.possible,
                covered: otherwise.covered,
                score: otherwise.score as f64 / 1e4,
                comes: otherwise.gained.into_iter().filter_map(|pair| names.pair(pair)).collect(),
                goes: otherwise.lost.into_iter().filter_map(|pair| names.pair(pair)).collect(),
                sentence,
            };
            Some(PlannedPair { need, candidate, score, locked: found.visit.locked, why, otherwise })
        };
        Ok(kept.into_iter().filter_map(pair).collect())
    }

    /// The needs that a plan leaves out, by number.
    pub(super) async fn left(&self, told: &Told) -> Result<Vec<LeftOutNeed>, EngineError> {
        let (mut needs, candidates) = named(&told.content, &told.plan.left, &[]);
        needs.extend(told.content.unfit.iter().map(|unfit| unfit.number));
        let names = self.names(told.campaign.target, &needs, &candidates).await?;
        let wording = Wording { target: told.campaign.target, content: &told.content, names: &names };
        let mut all: BTreeMap<u64, (u32, Vec<LeftReason>)> = BTreeMap::new();
        for left in &told.plan.left {
            all.insert(left.need, (left.got, wording.left(left)));
        }
        all.extend(told.content.unfit.iter().map(|unfit| (unfit.number, (0, vec![unfit_reason(unfit)]))));
        let shown = all.into_iter().filter_map(|(number, (got, reasons))| {
            Some(LeftOutNeed { need: names.need(number)?.clone(), got, reasons })
        });
        Ok(shown.collect())
    }

    /// Where those go whose visits are at hand, by number.
    pub(super) async fn ways(&self, told: &Told) -> Result<Vec<Itinerary>, EngineError> {
        let number = told.campaign.number;
        let capacities: HashMap<u64, u32> =
            self.engine.store.campaign_candidates(number).await?.into_iter().collect();
        let needs = told.visits.iter().map(|found| found.visit.need).collect();
        let candidates: BTreeSet<u64> = told.visits.iter().map(|found| found.visit.candidate).collect();
        let names = self.names(told.campaign.target, &needs, &candidates).await?;
        let mut ways = Vec::new();
        for candidate in candidates {
            let Some(side) = names.candidate(candidate) else { continue };
            let mut stops = Vec::new();
            for found in told.visits.iter().filter(|found| found.visit.candidate == candidate) {
                let Some(need) = names.need(found.visit.need) else { continue };
                let score = points(u64::from(found.score));
                let Why { sentence, .. } = veiled(read(number, &found.why)?, score, side);
                stops.push(Stop { need: need.clone(), score, sentence });
            }
            // County by county, as one travels.
            stops.sort_by_key(|stop| (stop.need.region, stop.need.id));
            let capacity = capacities.get(&candidate).copied().unwrap_or_default();
            ways.push(Itinerary { candidate: side.clone(), capacity, stops });
        }
        Ok(ways)
    }

    /// A campaign as it is told.
    pub(super) async fn show(&self, campaign: StoredCampaign) -> Result<CampaignShown, EngineError> {
        let number = campaign.number;
        let request = self.engine.store.campaign_content(number).await?.0;
        let told = self.told(number, Some(campaign.version)).await?;
        let before = match campaign.version {
            0 | 1 => None,
            version => Some(self.engine.store.campaign_visits(number, version - 1).await?),
        };
        let said = self.engine.store.campaign_rulings(number).await?;
        let (mut needs, mut candidates) = named(&told.content, &[], &told.plan.relaxations);
        let now: BTreeSet<(u64, u64)> = told.visits.iter().map(key).collect();
        let then: Option<BTreeSet<(u64, u64)>> = before.map(|visits| visits.iter().map(key).collect());
        let differing = then.iter().flat_map(|then| then.symmetric_difference(&now));
        let ruled = said.iter().map(|said| (said.entry.need, said.entry.candidate));
        for (need, candidate) in differing.copied().chain(ruled) {
            needs.insert(need);
            candidates.insert(candidate);
        }
        let names = self.names(campaign.target, &needs, &candidates).await?;
        let wording = Wording { target: campaign.target, content: &told.content, names: &names };
        let mut rulings: BTreeMap<(u64, u64), RulingShown> = BTreeMap::new();
        for said in said {
            let pair = (said.entry.need, said.entry.candidate);
            rulings.remove(&pair);
            if let Some(named) = names.pair(pair).filter(|_| said.entry.ruling != "open") {
                let shown = RulingShown {
                    ruling: said.entry.ruling,
                    pair: named,
                    reason: said.entry.reason,
                    ruled_by: said.ruled_by,
                    ruled_at: said.ruled_at,
                    version: said.version,
                };
                rulings.insert(pair, shown);
            }
        }
        let changes = then.map(|then| changes(&names, &then, &now));
        let plan = summary(&told, &wording);
        let request = read(number, &request)?;
        Ok(CampaignShown {
            head: head(campaign),
            request,
            plan,
            rulings: rulings.into_values().collect(),
            changes,
        })
    }
}

fn head(campaign: StoredCampaign) -> CampaignHead {
    CampaignHead {
        id: campaign.number,
        name: campaign.name,
        business_date: campaign.business_date,
        target: campaign.target,
        region_name: campaign.region.map(|region| region.full_name()),
        version: campaign.version,
        made_by: campaign.made_by,
        created_at: campaign.created_at,
        updated_at: campaign.updated_at,
    }
}

fn summary(told: &Told, wording: &Wording<'_>) -> PlanSummary {
    let Told { content, stored, plan, visits, .. } = told;
    let mut loads: HashMap<u64, u64> = HashMap::new();
    for found in visits {
        *loads.entry(found.visit.candidate).or_default() += 1;
    }
    PlanSummary {
        version: stored.version,
        made_by: stored.made_by.clone(),
        made_at: stored.made_at,
        needs: content.needs.len() as u64,
        covered: plan.covered,
        visits: visits.len() as u64,
        candidates: loads.len() as u64,
        score: points(plan.score),
        busiest: loads.into_values().max().unwrap_or(0),
        kept: plan.kept,
        optimal: plan.optimal,
        covered_at_most: plan.bound_covered,
        score_at_most: points(plan.bound_score),
        relaxations: plan.relaxations.iter().map(|relaxation| wording.relaxation(relaxation)).collect(),
        left_out: (plan.left.len() + content.unfit.len()) as u64,
        erased: plan.visits.saturating_sub(visits.len() as u64),
    }
}

fn changes(names: &Names, then: &BTreeSet<(u64, u64)>, now: &BTreeSet<(u64, u64)>) -> PlanChanges {
    let named = |from: &BTreeSet<(u64, u64)>, to: &BTreeSet<(u64, u64)>| -> Vec<NamedPair> {
        to.difference(from).filter_map(|pair| names.pair(*pair)).collect()
    };
    let (mut came, mut went) = (named(then, now), named(now, then));
    let (came_count, went_count) = (came.len() as u64, went.len() as u64);
    came.truncate(MOST_CHANGES);
    went.truncate(MOST_CHANGES);
    PlanChanges { came_count, went_count, came, went }
}

fn unfit_reason(unfit: &KeptUnfit) -> LeftReason {
    let reasons: Vec<&str> = unfit.reasons.iter().map(|reason| reason.label()).collect();
    LeftReason { code: "unfit", detail: format!("需求{}", reasons.join("、")) }
}

/// The reasons without the texts of somebody who is shown in outline.
fn veiled(mut why: Why, score: f64, candidate: &Side) -> Why {
    if candidate.visibility == Visibility::Full {
        return why;
    }
    why.parts.retain(|part| !is_of_text(&part.code));
    let sentence = format!("对方属于其他地区，其文字不对本密钥公开。综合 {score:.1} 分。");
    Why { sentence, ..why }
}

/// Numbers of need and candidate.
pub(super) const fn key(found: &StoredVisit) -> (u64, u64) {
    (found.visit.need, found.visit.candidate)
}
