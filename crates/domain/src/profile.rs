//! The public side of each record: everything but contacts.
//!
//! The same JSON is stored and shown, so a field is only ever added (with `#[serde(default)]`), never renamed.

mod attributes;
mod passages;
mod stored;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use attributes::{Attributes, Offer};

use crate::{
    AchievementType, Availability, Consent, Industry, Kind, RecordId, Region, StationType, Status,
    UnifiedSocialCreditCode,
};

/// A stored record without its contact.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// Its identifier.
    pub id: RecordId,
    /// The identifier that its source gave it; unique within the registry.
    pub external_id: String,
    /// Grows by one with each change; the ETag.
    pub revision: u64,
    /// Where it stands.
    pub status: Status,
    /// When it was first stored.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// What it says.
    pub profile: Profile,
}

/// The public side of a record of any registry.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Profile {
    /// 技术需求
    Need(Need),
    /// 企业
    Enterprise(Enterprise),
    /// 专家
    Expert(Expert),
    /// 学会服务站
    Station(Station),
    /// 科技成果
    Achievement(Achievement),
    /// 学会
    Society(Society),
}

impl Profile {
    /// The registry it belongs to.
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Need(_) => Kind::Need,
            Self::Enterprise(_) => Kind::Enterprise,
            Self::Expert(_) => Kind::Expert,
            Self::Station(_) => Kind::Station,
            Self::Achievement(_) => Kind::Achievement,
            Self::Society(_) => Kind::Society,
        }
    }

    /// The JSON that the store keeps.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("profiles hold only strings, numbers and lists")
    }

    /// Reads the JSON of [`Self::to_json`] back.
    pub fn from_json(kind: Kind, json: &str) -> Result<Self, serde_json::Error> {
        Ok(match kind {
            Kind::Need => Self::Need(serde_json::from_str(json)?),
            Kind::Enterprise => Self::Enterprise(serde_json::from_str(json)?),
            Kind::Expert => Self::Expert(serde_json::from_str(json)?),
            Kind::Station => Self::Station(serde_json::from_str(json)?),
            Kind::Achievement => Self::Achievement(serde_json::from_str(json)?),
            Kind::Society => Self::Society(serde_json::from_str(json)?),
        })
    }
}

/// 技术需求, with the fields of 技术需求征集表.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct Need {
    /// 技术需求名称
    #[schema(example = "方形铝壳锂离子电池激光焊接气孔控制技术")]
    pub title: String,
    /// 具体的技术需求说明
    pub description: String,
    /// 单位名称
    pub enterprise_name: String,
    /// 企业库中该单位的外部编号
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enterprise: Option<String>,
    /// 统一社会信用代码
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "91350100M000100Y43")]
    pub enterprise_code: Option<UnifiedSocialCreditCode>,
    /// 主营业务
    pub main_business: String,
    /// 企业概况
    pub enterprise_profile: String,
    /// 网址
    #[serde(skip_serializing_if = "Option::is_none")]
    pub website: Option<String>,
    /// 技术领域
    pub fields: Vec<String>,
    /// 关键词
    pub keywords: Vec<String>,
    /// 所在地区（GB/T 2260 六位代码）
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "341103")]
    #[serde(deserialize_with = "stored::code")]
    pub region: Option<Region>,
    /// 所属行业（GB/T 4754-2017 代码）
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "C3841")]
    #[serde(deserialize_with = "stored::code")]
    pub industry: Option<Industry>,
    /// 汇总填报单位（市科协）
    #[serde(skip_serializing_if = "Option::is_none")]
    pub filed_by: Option<String>,
    /// 填报时间
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = Date)]
    pub filed_on: Option<Date>,
    /// 有效期至（含当日）
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = Date)]
    pub valid_until: Option<Date>,
}

/// 企业
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct Enterprise {
    /// 单位名称
    pub name: String,
    /// 统一社会信用代码
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "91350100M000100Y43")]
    pub code: Option<UnifiedSocialCreditCode>,
    /// 主营业务
    pub main_business: String,
    /// 企业概况
    pub profile: String,
    /// 网址
    #[serde(skip_serializing_if = "Option::is_none")]
    pub website: Option<String>,
    /// 技术领域
    pub fields: Vec<String>,
    /// 所属行业（GB/T 4754-2017 代码）
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "C3841")]
    #[serde(deserialize_with = "stored::code")]
    pub industry: Option<Industry>,
    /// 所在地区（GB/T 2260 六位代码）
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "341103")]
    #[serde(deserialize_with = "stored::code")]
    pub region: Option<Region>,
}

/// How many engagements a year are possible, and how many of them are taken.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct Capacity {
    /// 年度可承接数；缺省为不限
    #[serde(rename = "capacity_per_year", skip_serializing_if = "Option::is_none")]
    pub per_year: Option<u32>,
    /// 本年度已承接数
    #[serde(rename = "engaged_this_year")]
    pub engaged: u32,
}

impl Capacity {
    /// Engagements still possible this year; `None` when there is no limit.
    pub fn remaining(self) -> Option<u32> {
        self.per_year.map(|limit| limit.saturating_sub(self.engaged))
    }
}

/// 专家
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct Expert {
    /// 姓名
    pub name: String,
    /// 职称
    pub professional_title: String,
    /// 工作单位
    pub organisation: String,
    /// 研究方向
    pub research_directions: Vec<String>,
    /// 关键词
    pub keywords: Vec<String>,
    /// 个人简介
    pub bio: String,
    /// 承担项目
    pub projects: Vec<String>,
    /// 技术领域
    pub fields: Vec<String>,
    /// 熟悉行业（GB/T 4754-2017 代码）
    #[schema(value_type = Vec<String>)]
    #[serde(deserialize_with = "stored::codes")]
    pub industries: Vec<Industry>,
    /// 所属学会
    pub societies: Vec<String>,
    /// 所在地区（GB/T 2260 六位代码）
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "340104")]
    #[serde(deserialize_with = "stored::code")]
    pub region: Option<Region>,
    /// 愿意前往的地区
    #[schema(value_type = Vec<String>)]
    #[serde(deserialize_with = "stored::codes")]
    pub travel_regions: Vec<Region>,
    /// 承接能力
    #[serde(flatten)]
    pub capacity: Capacity,
    /// 当前是否可对接
    pub availability: Availability,
    /// 本人同意的范围
    pub consent: Consent,
}

impl Default for Expert {
    fn default() -> Self {
        Self {
            name: String::new(),
            professional_title: String::new(),
            organisation: String::new(),
            research_directions: Vec::new(),
            keywords: Vec::new(),
            bio: String::new(),
            projects: Vec::new(),
            fields: Vec::new(),
            industries: Vec::new(),
            societies: Vec::new(),
            region: None,
            travel_regions: Vec::new(),
            capacity: Capacity::default(),
            availability: Availability::Available,
            consent: Consent::Matching,
        }
    }
}

/// 学会服务站 and its kindred.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct Station {
    /// 站点名称
    pub name: String,
    /// 站点类型
    pub station_type: StationType,
    /// 依托单位
    pub host: String,
    /// 所属学会
    pub society: String,
    /// 技术领域
    pub fields: Vec<String>,
    /// 服务行业（GB/T 4754-2017 代码）
    #[schema(value_type = Vec<String>)]
    #[serde(deserialize_with = "stored::codes")]
    pub industries: Vec<Industry>,
    /// 服务内容
    pub services: Vec<String>,
    /// 关键词
    pub keywords: Vec<String>,
    /// 站点简介
    pub description: String,
    /// 所在地区（GB/T 2260 六位代码）
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "350802")]
    #[serde(deserialize_with = "stored::code")]
    pub region: Option<Region>,
    /// 承接能力
    #[serde(flatten)]
    pub capacity: Capacity,
    /// 建站日期
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = Date)]
    pub founded_on: Option<Date>,
}

impl Default for Station {
    fn default() -> Self {
        Self {
            name: String::new(),
            station_type: StationType::SocietyStation,
            host: String::new(),
            society: String::new(),
            fields: Vec::new(),
            industries: Vec::new(),
            services: Vec::new(),
            keywords: Vec::new(),
            description: String::new(),
            region: None,
            capacity: Capacity::default(),
            founded_on: None,
        }
    }
}

/// Somebody who made an achievement.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Inventor {
    /// 姓名
    pub name: String,
    /// 专家库中该人的外部编号
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expert: Option<String>,
}

/// 科技成果: papers, patents and results.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct Achievement {
    /// 成果名称
    pub title: String,
    /// 成果类型
    pub achievement_type: AchievementType,
    /// 成果简介
    pub summary: String,
    /// 关键词
    pub keywords: Vec<String>,
    /// 权属单位
    pub owner: String,
    /// 完成人
    pub inventors: Vec<Inventor>,
    /// 技术成熟度（1–9 级）
    #[serde(skip_serializing_if = "Option::is_none")]
    pub maturity: Option<u8>,
    /// 国际专利分类号
    pub ipc: Vec<String>,
    /// 技术领域
    pub fields: Vec<String>,
    /// 适用行业（GB/T 4754-2017 代码）
    #[schema(value_type = Vec<String>)]
    #[serde(deserialize_with = "stored::codes")]
    pub industries: Vec<Industry>,
    /// 权属单位所在地区（GB/T 2260 六位代码）
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "350203")]
    #[serde(deserialize_with = "stored::code")]
    pub region: Option<Region>,
    /// 发表、授权或鉴定日期
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = Date)]
    pub published_on: Option<Date>,
}

impl Default for Achievement {
    fn default() -> Self {
        Self {
            title: String::new(),
            achievement_type: AchievementType::Result,
            summary: String::new(),
            keywords: Vec::new(),
            owner: String::new(),
            inventors: Vec::new(),
            maturity: None,
            ipc: Vec::new(),
            fields: Vec::new(),
            industries: Vec::new(),
            region: None,
            published_on: None,
        }
    }
}

/// 学会
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct Society {
    /// 学会名称
    pub name: String,
    /// 统一社会信用代码
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "91350100M000100Y43")]
    pub code: Option<UnifiedSocialCreditCode>,
    /// 技术领域
    pub fields: Vec<String>,
    /// 学会简介
    pub description: String,
    /// 网址
    #[serde(skip_serializing_if = "Option::is_none")]
    pub website: Option<String>,
    /// 所在地区（GB/T 2260 六位代码）
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "340000")]
    #[serde(deserialize_with = "stored::code")]
    pub region: Option<Region>,
}
