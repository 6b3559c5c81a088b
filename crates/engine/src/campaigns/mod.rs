//! Campaigns: one plan for many needs and experts, or stations. Gathered once and kept as it was then, so that the same campaign can be
//! solved again; ruled on by staff; read with names and reasons; handed out as workbooks.
//!
//! What a plan is, and when it is the best, `planning` knows. [`Campaigns`] are the use cases, as far as whoever asks may see.

mod checks;
mod gathering;
mod groups;
mod kept;
mod names;
mod reading;
mod request;
mod ruling;
mod solving;
mod told;
mod wording;
mod workbook;

use std::collections::BTreeMap;

use store::{Advance, Amendment, CampaignDraft, Operation, StoreError, StoredCampaign};

use crate::desk::Sight;
use crate::matching::today;
use crate::{Engine, EngineError, blocking};
use gathering::Gathered;
use kept::{Content, json, read};
use request::discreet;
use ruling::{swaps, words};

pub use kept::{Why, WhyPart};
pub use names::{NamedPair, Side};
pub use request::{
    CampaignRequest, CandidateCapacity, CandidateSource, CapacityRule, GroupBy, NeedSelection, NeedWish,
    PairForm, QuotaRule, RulingDraft, RulingWord, Source, Travel, Wanted,
};
pub use told::{
    CampaignHead, CampaignPage, CampaignShown, Itinerary, ItineraryPage, LeftOutNeed, LeftOutPage,
    LeftReason, Otherwise, PlanChanges, PlanPage, PlanRelaxation, PlanSummary, PlannedPair, RulingShown,
    Stop,
};

/// The use cases of campaigns, for somebody who sees so much.
#[derive(Clone)]
pub struct Campaigns {
    engine: Engine,
    sight: Sight,
}

impl Engine {
    /// Campaigns for whoever may see everything.
    pub fn campaigns(&self) -> Campaigns {
        self.campaigns_seen(Sight::everything())
    }

    pub(crate) fn campaigns_seen(&self, sight: Sight) -> Campaigns {
        Campaigns { engine: self.clone(), sight }
    }
}

impl Campaigns {
    /// How many needs a campaign would be about.
    ///
    /// # Errors
    /// As [`Self::make`].
    pub async fn size(&self, request: &CampaignRequest) -> Result<usize, EngineError> {
        sound(request)?;
        let on = request.business_date.unwrap_or_else(today);
        Ok(self.selected(request, on).await?.0.len())
    }

    /// Makes a campaign and its first plan; `progress` hears how many of how many needs have their candidates.
    ///
    /// # Errors
    /// [`EngineError::Invalid`] with every field that is wrong; [`EngineError::NotFound`] and [`EngineError::OutsideRegion`] for needs that
    /// are named; [`EngineError::NoRun`] when candidates are to come from a run and there is none.
    pub async fn make(
        &self,
        request: &CampaignRequest,
        progress: impl Fn(u64, u64),
    ) -> Result<CampaignShown, EngineError> {
        let made = self.make_within(request, None, progress).await?;
        self.show(made).await
    }

    /// As [`Self::make`], within an operation and its campaign told of together with that.
    pub(crate) async fn make_within(
        &self,
        request: &CampaignRequest,
        operation: Option<(&Operation, &(dyn Fn(u64) -> Advance + Sync))>,
        progress: impl Fn(u64, u64),
    ) -> Result<StoredCampaign, EngineError> {
        sound(request)?;
        let on = request.business_date.unwrap_or_else(today);
        let mut gathered = self.gather(request, on, progress).await?;
        let mut words = BTreeMap::new();
        let taken = self.take_in(&mut gathered, &mut words, (request, on), &request.rulings, &[]).await?;
        let (gathered, plan) = blocking(move || {
            let plan = solving::solve(&gathered, &words, &[])?;
            Ok((gathered, plan))
        })
        .await?;
        let Gathered { content, capacities, pairs } = gathered;
        let draft = CampaignDraft {
            name: discreet(&request.name),
            business_date: on,
            target: request.target,
            region: self.sight.region,
            // Rulings have a place of their own.
            request: json(&CampaignRequest { rulings: Vec::new(), ..request.discreet() }),
            content: json(&content),
            candidates: capacities.into_iter().collect(),
            pairs,
            rulings: taken.entries,
            plan,
        };
        Ok(self.engine.store.add_campaign(&draft, operation).await?)
    }

    /// Takes what staff say of pairs and plans again: what need not move stays. Without rulings it is only planned again, which takes in
    /// that somebody was erased.
    ///
    /// # Errors
    /// [`StoreError::CampaignNotFound`], [`StoreError::StaleRevision`]; [`EngineError::Invalid`] for pairs that cannot be.
    pub async fn rule(
        &self,
        number: u64,
        expected: Option<u64>,
        rulings: &[RulingDraft],
    ) -> Result<CampaignShown, EngineError> {
        let stored = self.own(number).await?;
        let from = expected.unwrap_or(stored.version);
        if from != stored.version {
            return Err(StoreError::StaleRevision { current: stored.version }.into());
        }
        let problems = checks::ruling_problems(rulings, stored.target);
        if !problems.is_empty() {
            return Err(EngineError::Invalid(problems));
        }
        let (mut gathered, request) = self.as_it_was(number).await?;
        let said = self.engine.store.campaign_rulings(number).await?;
        let mut words = words(said.iter().map(|said| &said.entry));
        let visits = self.engine.store.campaign_visits(number, from).await?;
        let planned: Vec<(u64, u64)> =
            visits.iter().map(|found| (found.visit.need, found.visit.candidate)).collect();
        let terms = (&request, stored.business_date);
        let taken = self.take_in(&mut gathered, &mut words, terms, rulings, &planned).await?;
        let content = (!taken.candidates.is_empty()).then(|| json(&gathered.content));
        let plan = blocking(move || solving::solve(&gathered, &words, &planned)).await?;
        let amendment = Amendment {
            rulings: taken.entries,
            candidates: taken.candidates,
            pairs: taken.pairs,
            content,
            plan,
        };
        let now = self.engine.store.add_campaign_plan(number, from, &amendment).await?;
        self.show(now).await
    }

    /// Deletes a campaign with all its plans.
    ///
    /// # Errors
    /// [`StoreError::CampaignNotFound`], [`StoreError::StaleRevision`].
    pub async fn delete(&self, number: u64, expected: Option<u64>) -> Result<(), EngineError> {
        self.own(number).await?;
        Ok(self.engine.store.delete_campaign(number, expected).await?)
    }

    /// A campaign that whoever asks may see: one of a region is that region's and those above it.
    async fn own(&self, number: u64) -> Result<StoredCampaign, EngineError> {
        let found = self.engine.store.campaign(number).await?;
        let own = found.filter(|campaign| self.sight.owns(campaign.region));
        Ok(own.ok_or(StoreError::CampaignNotFound(number))?)
    }

    /// What a campaign is planned from, as it was when it was made, without those who have been erased since.
    async fn as_it_was(&self, number: u64) -> Result<(Gathered, CampaignRequest), EngineError> {
        let (request, content) = self.engine.store.campaign_content(number).await?;
        let content: Content = read(number, &content)?;
        let capacities = self.engine.store.campaign_candidates(number).await?.into_iter().collect();
        let pairs = self.engine.store.campaign_pairs(number).await?;
        Ok((Gathered { content, capacities, pairs }, read(number, &request)?))
    }
}

/// Refuses a request that is wrong by itself.
fn sound(request: &CampaignRequest) -> Result<(), EngineError> {
    let mut problems = checks::problems(request);
    problems.extend(swaps(&request.rulings));
    if problems.is_empty() { Ok(()) } else { Err(EngineError::Invalid(problems)) }
}

/// A score as plans count it.
fn ten_thousandths(points: f64) -> u32 {
    (points.clamp(0.0, 100.0) * 1e4).round() as u32
}

/// A score as people read it.
fn points(ten_thousandths: u64) -> f64 {
    ten_thousandths as f64 / 1e4
}
