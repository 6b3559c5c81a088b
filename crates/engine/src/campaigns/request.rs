//! What a campaign is asked to be.

use domain::{Industry, Kind, RecordId, Region, parse_date};
use jiff::civil::Date;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

/// A campaign that is asked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = CampaignForm)]
pub struct CampaignRequest {
    /// 活动名称，最多 100 字
    #[schema(example = "2026 年千名专家进千企")]
    pub name: String,
    /// 派谁去：expert 专家（缺省）或 station 学会服务站
    #[serde(default = "expert")]
    #[schema(example = "expert")]
    pub target: Kind,
    /// 按哪一天判断有效期，缺省为今天
    #[serde(default, deserialize_with = "day", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = Date, example = "2026-11-27")]
    pub business_date: Option<Date>,
    /// 哪些技术需求，缺省为全部有效的
    #[serde(default)]
    pub needs: NeedSelection,
    /// 候选从何而来
    #[serde(default)]
    pub candidates: CandidateSource,
    /// 每项需求要几位专家，缺省最少 1、最多 1
    #[serde(default)]
    pub wanted: Wanted,
    /// 个别需求另行规定的人数
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub wishes: Vec<NeedWish>,
    /// 每位专家最多去几家
    #[serde(default)]
    pub capacity: CapacityRule,
    /// 个别专家另行规定的次数
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub capacities: Vec<CandidateCapacity>,
    /// 专家可以走多远：anywhere 不限（缺省）、province 同省、city 同市、county 同县；登记了愿意前往的地区的，该地区也可以
    #[serde(default)]
    pub travel: Travel,
    /// 得分低于此数的不安排，0 到 100，缺省 0
    #[serde(default)]
    #[schema(example = 30.0, minimum = 0.0, maximum = 100.0)]
    pub floor: f64,
    /// 各学会、各县、各领域的名额
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub quotas: Vec<QuotaRule>,
    /// 一开始就锁定或禁止的组合
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rulings: Vec<RulingDraft>,
    /// 没有捷径可走时（有的需求要多位专家、名额交叉），最多比较多少种局部方案，1 到 10000，缺省 100；越大越接近最优，也越慢
    #[serde(default = "hundred")]
    #[schema(example = 100, minimum = 1, maximum = 10000)]
    pub effort: u32,
}

/// Which needs take part; all conditions together.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(as = NeedSelectionForm)]
pub struct NeedSelection {
    /// 只要这些需求
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<String>, example = json!([]))]
    pub ids: Vec<RecordId>,
    /// 只要这些地区（含下级）的
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<String>, example = json!(["安徽省滁州市"]))]
    pub regions: Vec<Region>,
    /// 只要这些行业（含下级）的
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<String>, example = json!([]))]
    pub industries: Vec<Industry>,
    /// 只要这些技术领域的
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(example = json!([]))]
    pub fields: Vec<String>,
}

/// Where candidates come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(as = CandidateSourceForm)]
pub struct CandidateSource {
    /// ranking 现在匹配（缺省），或 current_run 取当前匹配批次的结果
    pub source: Source,
    /// 每项需求取前几名作为候选，1 到 100，缺省 30
    #[schema(example = 30, minimum = 1, maximum = 100)]
    pub per_need: u32,
}

/// A way to find candidates.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = CandidateOrigin)]
pub enum Source {
    /// 现在匹配
    #[default]
    Ranking,
    /// 当前匹配批次
    CurrentRun,
}

/// How many experts a need wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(as = WantedForm)]
pub struct Wanted {
    /// 最少几位，少于此数就一位也不派；不小于 1
    #[schema(example = 1, minimum = 1, maximum = 10000)]
    pub least: u32,
    /// 最多几位；不小于最少
    #[schema(example = 1, minimum = 1, maximum = 10000)]
    pub most: u32,
}

/// How many experts one need wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NeedWishForm)]
pub struct NeedWish {
    /// 技术需求的记录编号
    #[schema(value_type = String, pattern = "^need-[1-9][0-9]{0,18}$", example = "need-1")]
    pub need: RecordId,
    /// 最少几位
    #[schema(example = 1, minimum = 1, maximum = 10000)]
    pub least: u32,
    /// 最多几位
    #[schema(example = 2, minimum = 1, maximum = 10000)]
    pub most: u32,
}

/// How often anybody is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(as = CapacityRuleForm)]
pub struct CapacityRule {
    /// 没有登记年度可承接数的按几次算，缺省 2
    #[schema(example = 2, minimum = 0, maximum = 10000)]
    pub unstated: u32,
    /// 本次活动中任何人最多几次；缺省即本年度还可承接的数
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 3, minimum = 0, maximum = 10000)]
    pub most: Option<u32>,
}

/// How often one expert or station is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = CandidateCapacityForm)]
pub struct CandidateCapacity {
    /// 专家或学会服务站的记录编号
    #[schema(value_type = String, pattern = "^(expert|station)-[1-9][0-9]{0,18}$", example = "expert-1")]
    pub candidate: RecordId,
    /// 最多几次
    #[schema(example = 1, minimum = 0, maximum = 10000)]
    pub most: u32,
}

/// How far somebody goes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Travel {
    /// 不限
    #[default]
    Anywhere,
    /// 同省，或愿意前往的地区
    Province,
    /// 同市，或愿意前往的地区
    City,
    /// 同县，或愿意前往的地区
    County,
}

/// What groups are of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum GroupBy {
    /// 所属学会（专家或服务站的）
    Society,
    /// 县、区（需求的）
    County,
    /// 市（需求的）
    City,
    /// 主要技术领域（需求的）
    Field,
}

/// How many visits a group must and may have in all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = QuotaRuleForm)]
pub struct QuotaRule {
    /// 按什么分：society 学会、county 县、city 市、field 主要技术领域
    pub by: GroupBy,
    /// 哪一个：学会名称、地区或技术领域；缺省即其中每一个都照此限制
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "江淮焊接学会")]
    pub of: Option<String>,
    /// 最少几人次，缺省 0
    #[serde(default)]
    #[schema(example = 0, minimum = 0)]
    pub at_least: u32,
    /// 最多几人次，缺省不限
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = 20, minimum = 0)]
    pub at_most: Option<u32>,
}

/// What staff want of a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RulingWord {
    /// 锁定：一定安排
    Lock,
    /// 禁止：一定不安排
    Forbid,
    /// 放开：交还给方案决定
    Free,
    /// 对调：与另一对交换
    Swap,
}

/// What staff say of a pair.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RulingForm)]
pub struct RulingDraft {
    /// 怎么办：lock 锁定、forbid 禁止、free 放开、swap 与 `with` 对调
    pub ruling: RulingWord,
    /// 技术需求的记录编号
    #[schema(value_type = String, pattern = "^need-[1-9][0-9]{0,18}$", example = "need-1")]
    pub need: RecordId,
    /// 专家或学会服务站的记录编号
    #[schema(value_type = String, pattern = "^(expert|station)-[1-9][0-9]{0,18}$", example = "expert-1")]
    pub candidate: RecordId,
    /// 对调的另一对，两对都须在现在的方案中；只有 swap 有
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub with: Option<PairForm>,
    /// 原因，最多 200 字；其中的电话号码和邮箱会被隐去
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schema(example = "企业点名邀请")]
    pub reason: String,
}

/// A pair by its numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PairForm {
    /// 技术需求的记录编号
    #[schema(value_type = String, pattern = "^need-[1-9][0-9]{0,18}$", example = "need-2")]
    pub need: RecordId,
    /// 专家或学会服务站的记录编号
    #[schema(value_type = String, pattern = "^(expert|station)-[1-9][0-9]{0,18}$", example = "expert-2")]
    pub candidate: RecordId,
}

impl CampaignRequest {
    /// A campaign of this name over all open needs, with every default.
    pub fn named(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            target: expert(),
            business_date: None,
            needs: NeedSelection::default(),
            candidates: CandidateSource::default(),
            wanted: Wanted::default(),
            wishes: Vec::new(),
            capacity: CapacityRule::default(),
            capacities: Vec::new(),
            travel: Travel::default(),
            floor: 0.0,
            quotas: Vec::new(),
            rulings: Vec::new(),
            effort: hundred(),
        }
    }
}

impl CampaignRequest {
    /// The same without what may be a telephone number or an address of mail in what staff wrote: so it may be put on file.
    pub(crate) fn discreet(&self) -> Self {
        let mut request = self.clone();
        request.name = discreet(&request.name);
        for ruling in &mut request.rulings {
            ruling.reason = discreet(&ruling.reason);
        }
        request
    }
}

/// A remark as it may be kept. No database keeps a NUL.
pub(super) fn discreet(text: &str) -> String {
    exchange::without_contacts(text.replace('\0', "").trim())
}

impl Default for CandidateSource {
    fn default() -> Self {
        Self { source: Source::default(), per_need: 30 }
    }
}

impl Default for Wanted {
    fn default() -> Self {
        Self { least: 1, most: 1 }
    }
}

impl Default for CapacityRule {
    fn default() -> Self {
        Self { unstated: 2, most: None }
    }
}

const fn expert() -> Kind {
    Kind::Expert
}

const fn hundred() -> u32 {
    100
}

/// A day as people write it.
fn day<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Date>, D::Error> {
    let Some(text) = Option::<String>::deserialize(deserializer)? else { return Ok(None) };
    let wrong = || serde::de::Error::custom(format!("“{text}”不是日期，应如 2026-11-27"));
    parse_date(&text).map(Some).ok_or_else(wrong)
}
