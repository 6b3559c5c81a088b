//! Campaigns: who may go where as it was when the campaign was made, what staff say of it, and the plans that came of that.
//!
//! What a plan is, the engine knows; here it is kept so that it can be made again the same, and so that whoever is erased leaves it.

mod rows;
mod writing;

use domain::{Kind, Region};
use jiff::Timestamp;
use jiff::civil::Date;

use crate::backend::{Transaction, on_backend};
use crate::rows::{signed, unsigned};
use crate::sql::campaigns as texts;
use crate::{Store, StoreError};
use rows::{CampaignRow, CandidateRow, ContentRow, PairRow, PlanRow, RulingRow, VisitRow};

/// A campaign that is to be kept, with its first plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CampaignDraft {
    /// What staff call it.
    pub name: String,
    /// The day for which it is planned.
    pub business_date: Date,
    /// Who is sent: experts or stations.
    pub target: Kind,
    /// The region to which the key that made it is bound.
    pub region: Option<Region>,
    /// What was asked for, as JSON.
    pub request: String,
    /// Needs and groups, as JSON.
    pub content: String,
    /// Who may be sent, by number, and how often.
    pub candidates: Vec<(u64, u32)>,
    /// Who fits which need.
    pub pairs: Vec<CampaignPair>,
    /// What staff said from the start.
    pub rulings: Vec<RulingEntry>,
    /// The plan.
    pub plan: PlanDraft,
}

/// A campaign as it is kept, without its contents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredCampaign {
    /// Its number, ascending.
    pub number: u64,
    /// What staff call it.
    pub name: String,
    /// The day for which it is planned.
    pub business_date: Date,
    /// Who is sent.
    pub target: Kind,
    /// The region to which the key that made it is bound.
    pub region: Option<Region>,
    /// Of its latest plan; grows by one with each.
    pub version: u64,
    /// Kind and name of who made it.
    pub made_by: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last planned.
    pub updated_at: Timestamp,
}

/// Somebody who fits a need.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CampaignPair {
    /// Number of the need.
    pub need: u64,
    /// Number of the expert or station.
    pub candidate: u64,
    /// In ten-thousandths of a point.
    pub score: u32,
    /// Why it must not be planned: a word of the engine's.
    pub bar: Option<String>,
    /// Why it scores as it does, as JSON; empty where it was not asked for.
    pub why: String,
}

/// What staff say of a pair.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RulingEntry {
    /// Number of the need.
    pub need: u64,
    /// Number of the expert or station.
    pub candidate: u64,
    /// `locked`, `forbidden` or `open`.
    pub ruling: String,
    /// Why; empty when nothing was said.
    pub reason: String,
}

/// A ruling as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredRuling {
    /// Its place among all of the campaign, from 1.
    pub place: u64,
    /// The first plan that obeys it.
    pub version: u64,
    /// What was said.
    pub entry: RulingEntry,
    /// Kind and name of who said it.
    pub ruled_by: String,
    /// When.
    pub ruled_at: Timestamp,
}

/// What comes to a campaign after it was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Amendment {
    /// What staff said.
    pub rulings: Vec<RulingEntry>,
    /// Who was no candidate before, and how often they may be sent.
    pub candidates: Vec<(u64, u32)>,
    /// Pairs that were not scored before.
    pub pairs: Vec<CampaignPair>,
    /// Needs and groups, as JSON, where they are others now.
    pub content: Option<String>,
    /// The plan that obeys it.
    pub plan: PlanDraft,
}

/// A plan that is to be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanDraft {
    /// What it is worth and whom it leaves out, as JSON.
    pub content: String,
    /// Who goes where.
    pub visits: Vec<PlanVisit>,
}

/// One of a plan's pairs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanVisit {
    /// Number of the need.
    pub need: u64,
    /// Number of the expert or station.
    pub candidate: u64,
    /// Whether staff locked it.
    pub locked: bool,
    /// The best plan without it, as JSON.
    pub otherwise: String,
}

/// One of a plan's pairs as it is kept, with what was known of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredVisit {
    /// The pair.
    pub visit: PlanVisit,
    /// In ten-thousandths of a point.
    pub score: u32,
    /// Why it scores as it does, as JSON.
    pub why: String,
}

/// A plan as it is kept, without its pairs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredPlan {
    /// From 1.
    pub version: u64,
    /// What it is worth and whom it leaves out, as JSON.
    pub content: String,
    /// Kind and name of who made it.
    pub made_by: String,
    /// When.
    pub made_at: Timestamp,
}

impl Store {
    /// The campaign of this number.
    pub async fn campaign(&self, number: u64) -> Result<Option<StoredCampaign>, StoreError> {
        let row: Option<CampaignRow> = on_backend!(&self.backend, pools => {
            sqlx::query_as(texts::CAMPAIGN).bind(signed(number)).fetch_optional(&pools.readers).await?
        });
        row.map(CampaignRow::campaign).transpose()
    }

    /// Up to `limit` campaigns with a number less than `before`, latest first.
    pub async fn campaigns(&self, before: u64, limit: u32) -> Result<Vec<StoredCampaign>, StoreError> {
        let rows: Vec<CampaignRow> = on_backend!(&self.backend, pools => {
            sqlx::query_as(texts::CAMPAIGNS)
                .bind(signed(before))
                .bind(i64::from(limit))
                .fetch_all(&pools.readers)
                .await?
        });
        rows.into_iter().map(CampaignRow::campaign).collect()
    }

    /// What a campaign was asked to be, and its needs and groups; both as JSON.
    ///
    /// # Errors
    /// [`StoreError::CampaignNotFound`].
    pub async fn campaign_content(&self, number: u64) -> Result<(String, String), StoreError> {
        let row: Option<ContentRow> = on_backend!(&self.backend, pools => {
            sqlx::query_as(texts::CONTENT).bind(signed(number)).fetch_optional(&pools.readers).await?
        });
        let row = row.ok_or(StoreError::CampaignNotFound(number))?;
        Ok((row.request, row.content))
    }

    /// Who may be sent in a campaign, by number, and how often.
    pub async fn campaign_candidates(&self, number: u64) -> Result<Vec<(u64, u32)>, StoreError> {
        let rows: Vec<CandidateRow> = on_backend!(&self.backend, pools => {
            sqlx::query_as(texts::CANDIDATES).bind(signed(number)).fetch_all(&pools.readers).await?
        });
        rows.into_iter().map(CandidateRow::candidate).collect()
    }

    /// The pairs of a campaign by need, the best first, without why they score as they do.
    pub async fn campaign_pairs(&self, number: u64) -> Result<Vec<CampaignPair>, StoreError> {
        let rows: Vec<PairRow> = on_backend!(&self.backend, pools => {
            sqlx::query_as(texts::PAIRS).bind(signed(number)).fetch_all(&pools.readers).await?
        });
        rows.into_iter().map(PairRow::pair).collect()
    }

    /// What staff said of the pairs of a campaign, in the order in which they said it.
    pub async fn campaign_rulings(&self, number: u64) -> Result<Vec<StoredRuling>, StoreError> {
        let rows: Vec<RulingRow> = on_backend!(&self.backend, pools => {
            sqlx::query_as(texts::RULINGS).bind(signed(number)).fetch_all(&pools.readers).await?
        });
        rows.into_iter().map(RulingRow::ruling).collect()
    }

    /// A plan of a campaign.
    pub async fn campaign_plan(&self, number: u64, version: u64) -> Result<Option<StoredPlan>, StoreError> {
        let row: Option<PlanRow> = on_backend!(&self.backend, pools => {
            sqlx::query_as(texts::PLAN)
                .bind(signed(number))
                .bind(signed(version))
                .fetch_optional(&pools.readers)
                .await?
        });
        row.map(PlanRow::plan).transpose()
    }

    /// The pairs of a plan, by need and candidate.
    pub async fn campaign_visits(&self, number: u64, version: u64) -> Result<Vec<StoredVisit>, StoreError> {
        let rows: Vec<VisitRow> = on_backend!(&self.backend, pools => {
            sqlx::query_as(texts::VISITS)
                .bind(signed(number))
                .bind(signed(version))
                .fetch_all(&pools.readers)
                .await?
        });
        rows.into_iter().map(VisitRow::visit).collect()
    }
}

/// Takes somebody out of all campaigns: what was planned, scored and said of them.
pub(crate) async fn forget(
    transaction: &mut Transaction,
    kind: Kind,
    number: u64,
) -> Result<u64, StoreError> {
    let mut gone = 0;
    for text in texts::FORGET {
        gone += on_backend!(&mut *transaction, transaction => {
            let query = sqlx::query(text).bind(kind.slug()).bind(signed(number));
            query.execute(&mut **transaction).await?.rows_affected()
        });
    }
    Ok(gone)
}

/// Hides a name where campaigns may hold it; `pattern` finds the texts.
pub(crate) async fn hide(transaction: &mut Transaction, name: &str, pattern: &str) -> Result<(), StoreError> {
    for text in texts::HIDE {
        on_backend!(&mut *transaction, transaction => {
            sqlx::query(text).bind(name).bind(pattern).execute(&mut **transaction).await?;
        });
    }
    Ok(())
}

/// Where something about a campaign cannot be read.
fn place(number: i64) -> String {
    format!("对接活动 {}", unsigned(number))
}
