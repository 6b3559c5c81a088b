//! Pages about campaigns; what they are pages of, the engine says itself.

use engine::{CampaignHead, Itinerary, LeftOutNeed, PlannedPair};
use serde::Serialize;
use utoipa::ToSchema;

/// A page of campaigns.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CampaignPage)]
pub(crate) struct CampaignPageView {
    /// 对接活动，后建立的在前
    pub(crate) items: Vec<CampaignHead>,
    /// 下一页的游标；最后一页没有
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) next_cursor: Option<String>,
}

/// A page of a plan.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PlanPage)]
pub(crate) struct PlanPageView {
    /// 活动编号
    #[schema(example = 3)]
    pub(crate) campaign: u64,
    /// 方案的版本；翻页时始终是这一版
    #[schema(example = 1)]
    pub(crate) version: u64,
    /// 所安排的组合，按需求编号、再按对方编号
    pub(crate) items: Vec<PlannedPair>,
    /// 下一页的游标；最后一页没有
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) next_cursor: Option<String>,
}

/// A page of needs that a plan leaves out.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LeftOutPage)]
pub(crate) struct LeftOutPageView {
    /// 活动编号
    #[schema(example = 3)]
    pub(crate) campaign: u64,
    /// 方案的版本；翻页时始终是这一版
    #[schema(example = 1)]
    pub(crate) version: u64,
    /// 没有安排的需求及原因，按需求编号
    pub(crate) items: Vec<LeftOutNeed>,
    /// 下一页的游标；最后一页没有
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) next_cursor: Option<String>,
}

/// A page of itineraries.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ItineraryPage)]
pub(crate) struct ItineraryPageView {
    /// 活动编号
    #[schema(example = 3)]
    pub(crate) campaign: u64,
    /// 方案的版本；翻页时始终是这一版
    #[schema(example = 1)]
    pub(crate) version: u64,
    /// 各人的行程，按其编号
    pub(crate) items: Vec<Itinerary>,
    /// 下一页的游标；最后一页没有
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) next_cursor: Option<String>,
}
