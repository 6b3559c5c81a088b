//! Campaigns and plans as they are told: the shapes, with their words for portals.

use domain::{Kind, RecordId};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;
use utoipa::ToSchema;

use super::kept::Why;
use super::names::{NamedPair, Side};
use super::request::CampaignRequest;

/// A campaign in short.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(as = CampaignHead)]
pub struct CampaignHead {
    /// 活动编号
    #[schema(example = 3)]
    pub id: u64,
    /// 活动名称
    #[schema(example = "2026 年千名专家进千企")]
    pub name: String,
    /// 业务日期
    #[schema(value_type = String, format = Date, example = "2026-11-27")]
    pub business_date: Date,
    /// 派谁去：expert 专家或 station 学会服务站
    pub target: Kind,
    /// 所属地区；没有即不限地区
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "安徽省滁州市")]
    pub region_name: Option<String>,
    /// 最新方案的版本，从 1 起；也是 ETag
    #[schema(example = 1)]
    pub version: u64,
    /// 由谁建立
    #[schema(example = "portal key-1")]
    pub made_by: String,
    /// 建立的时间（RFC 3339）
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// 最近一次求解的时间（RFC 3339）
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: Timestamp,
}

/// Campaigns, latest first.
#[derive(Debug, Clone, PartialEq)]
pub struct CampaignPage {
    /// The campaigns.
    pub items: Vec<CampaignHead>,
    /// Number before which the next page starts; `None` on the last page.
    pub next: Option<u64>,
}

/// A campaign with its latest plan in short.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(as = Campaign)]
pub struct CampaignShown {
    /// 活动的要点
    #[serde(flatten)]
    pub head: CampaignHead,
    /// 建立时所要求的（不含锁定和禁止，那些见 `rulings`）
    pub request: CampaignRequest,
    /// 最新的方案
    pub plan: PlanSummary,
    /// 现行的锁定和禁止
    pub rulings: Vec<RulingShown>,
    /// 与上一版方案相比的变化；第一版没有
    #[serde(skip_serializing_if = "Option::is_none")]
    pub changes: Option<PlanChanges>,
}

/// What a plan is worth, and how far from the best it may be.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct PlanSummary {
    /// 版本，从 1 起
    #[schema(example = 1)]
    pub version: u64,
    /// 由谁求解
    #[schema(example = "portal key-1")]
    pub made_by: String,
    /// 求解的时间（RFC 3339）
    #[schema(value_type = String, format = DateTime)]
    pub made_at: Timestamp,
    /// 参加活动的需求数，不含自身已失效的
    #[schema(example = 132)]
    pub needs: u64,
    /// 得到满足的需求数（达到所要的最少人数）
    #[schema(example = 128)]
    pub covered: u64,
    /// 安排的人次
    #[schema(example = 130)]
    pub visits: u64,
    /// 派出的人数（站点数）
    #[schema(example = 96)]
    pub candidates: u64,
    /// 各对得分的总和
    #[schema(example = 6120.5)]
    pub score: f64,
    /// 去得最多的人去几次
    #[schema(example = 3)]
    pub busiest: u64,
    /// 沿用了上一版的多少对
    #[schema(example = 0)]
    pub kept: u64,
    /// 是否已证明最优：满足的需求最多，其次总分最高，再次各人次数最均匀
    pub optimal: bool,
    /// 任何方案满足的需求都不会超过此数
    #[schema(example = 128)]
    pub covered_at_most: u64,
    /// 任何满足同样多需求（或满足 `covered_at_most` 项）的方案，总分都不会超过此数
    #[schema(example = 6120.5)]
    pub score_at_most: f64,
    /// 不能同时满足的限制，及至少要放宽多少；为空即全部满足
    pub relaxations: Vec<PlanRelaxation>,
    /// 没有安排的需求数，含自身已失效的
    #[schema(example = 4)]
    pub left_out: u64,
    /// 求解之后因依要求删除个人信息而离开方案的人次；不为 0 时请重新求解
    #[schema(example = 0)]
    pub erased: u64,
}

/// A limit that cannot be met.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct PlanRelaxation {
    /// 哪种限制：capacity 一人的次数、most 一项需求的人数、at_most 名额的最多、at_least 名额的最少
    #[schema(example = "at_least")]
    pub limit: &'static str,
    /// 至少要放宽多少
    #[schema(example = 2)]
    pub by: u32,
    /// 中文说明
    #[schema(
        example = "学会“江淮焊接学会”（最少 5 人次）达不到最少的人次，还差 2：最少须降低 2，或增加候选"
    )]
    pub detail: String,
    /// 所涉的技术需求
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "need-1")]
    pub need: Option<RecordId>,
    /// 所涉的专家或学会服务站
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "expert-1")]
    pub candidate: Option<RecordId>,
    /// 所涉的学会、地区或领域
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "江淮焊接学会")]
    pub group: Option<String>,
}

/// What staff say of a pair, as it holds now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = CampaignRuling)]
pub struct RulingShown {
    /// locked 已锁定、forbidden 已禁止
    #[schema(example = "locked")]
    pub ruling: String,
    /// 这一对
    pub pair: NamedPair,
    /// 原因
    #[serde(skip_serializing_if = "String::is_empty")]
    #[schema(required = false, example = "企业点名邀请")]
    pub reason: String,
    /// 由谁决定
    #[schema(example = "portal key-1")]
    pub ruled_by: String,
    /// 决定的时间（RFC 3339）
    #[schema(value_type = String, format = DateTime)]
    pub ruled_at: Timestamp,
    /// 从哪一版方案起照办
    #[schema(example = 1)]
    pub version: u64,
}

/// What a plan has changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct PlanChanges {
    /// 新增多少对
    #[schema(example = 1)]
    pub came_count: u64,
    /// 取消多少对
    #[schema(example = 1)]
    pub went_count: u64,
    /// 新增的，最多列 200 对
    pub came: Vec<NamedPair>,
    /// 取消的，最多列 200 对
    pub went: Vec<NamedPair>,
}

/// A pair of a plan, with the reasons for it.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct PlannedPair {
    /// 技术需求
    pub need: Side,
    /// 派去的专家或学会服务站
    pub candidate: Side,
    /// 得分，0 到 100
    #[schema(example = 63.2)]
    pub score: f64,
    /// 是否由工作人员锁定
    pub locked: bool,
    /// 分数从何而来
    pub why: Why,
    /// 不安排这一对会怎样
    pub otherwise: Otherwise,
}

/// The best plan without a pair.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(as = PlannedOtherwise)]
pub struct Otherwise {
    /// 是否有不含这一对的方案
    pub possible: bool,
    /// 满足的需求数的变化
    #[schema(example = 0)]
    pub covered: i64,
    /// 总分的变化
    #[schema(example = -4.7)]
    pub score: f64,
    /// 改为安排的
    pub comes: Vec<NamedPair>,
    /// 不再安排的，含这一对
    pub goes: Vec<NamedPair>,
    /// 一句话说明
    #[schema(example = "不安排这一对时，这项需求改由 卢景同 承担，总分少 4.7")]
    pub sentence: String,
}

/// Pairs of a plan by need and candidate.
#[derive(Debug, Clone, PartialEq)]
pub struct PlanPage {
    /// The plan's version.
    pub version: u64,
    /// The pairs.
    pub items: Vec<PlannedPair>,
    /// Numbers of need and candidate after which the next page starts; `None` on the last page.
    pub next: Option<(u64, u64)>,
}

/// Why a need is left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = LeftOutReason)]
pub struct LeftReason {
    /// 稳定的原因码：unfit 需求自身已失效、no_candidate 没有候选、excluded 相近的人因故不能派、vague 需求太笼统、forbidden 工作人员禁止、declined 此前谢绝、too_far 路途、below_floor 低于最低得分、too_few 候选不够、busy 候选的次数已用完、quota_full 名额已用完、outweighed 总体上不合算
    #[schema(example = "busy")]
    pub code: &'static str,
    /// 中文说明
    #[schema(example = "方致远（expert-1） 的次数已用完，已安排去“铝壳焊缝在线检测”")]
    pub detail: String,
}

/// A need that a plan leaves out.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(as = LeftOutNeed)]
pub struct LeftOutNeed {
    /// 技术需求
    pub need: Side,
    /// 虽未达到最少人数，仍因锁定而安排的人数
    #[schema(example = 0)]
    pub got: u32,
    /// 原因，最要紧的在前
    pub reasons: Vec<LeftReason>,
}

/// Needs that a plan leaves out, by number.
#[derive(Debug, Clone, PartialEq)]
pub struct LeftOutPage {
    /// The plan's version.
    pub version: u64,
    /// The needs.
    pub items: Vec<LeftOutNeed>,
    /// Number after which the next page starts; `None` on the last page.
    pub next: Option<u64>,
}

/// Where somebody goes.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Itinerary {
    /// 专家或学会服务站
    pub candidate: Side,
    /// 本次活动可用的次数
    #[schema(example = 3)]
    pub capacity: u32,
    /// 去哪些企业，同一地区的相连
    pub stops: Vec<Stop>,
}

/// A need on somebody's way.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(as = ItineraryStop)]
pub struct Stop {
    /// 技术需求
    pub need: Side,
    /// 得分，0 到 100
    #[schema(example = 63.2)]
    pub score: f64,
    /// 为什么去，一句话
    #[schema(example = "双方都提到“激光焊接”“气孔”；同在安徽省。综合 63.2 分。")]
    pub sentence: String,
}

/// Itineraries by number of the candidate.
#[derive(Debug, Clone, PartialEq)]
pub struct ItineraryPage {
    /// The plan's version.
    pub version: u64,
    /// The itineraries.
    pub items: Vec<Itinerary>,
    /// Number after which the next page starts; `None` on the last page.
    pub next: Option<u64>,
}
