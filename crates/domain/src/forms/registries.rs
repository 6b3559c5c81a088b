//! The raw forms, one per registry, as the API documents them. Everything is optional here; [`super::parse`] says what is missing.

use serde::Deserialize;
use utoipa::ToSchema;

use crate::Inventor;

/// 联系方式。整项缺省时，已有记录的联系方式保持不变。
#[derive(Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ContactForm {
    /// 联系人
    #[schema(example = "王建国", max_length = 50)]
    pub person: Option<String>,
    /// 手机，11 位
    #[schema(example = "13800001234", max_length = 20)]
    pub mobile: Option<String>,
    /// 办公电话，区号-号码
    #[schema(example = "0550-3071234", max_length = 30)]
    pub phone: Option<String>,
    /// 传真
    #[schema(example = "0550-3071235", max_length = 30)]
    pub fax: Option<String>,
    /// 电子邮箱
    #[schema(example = "wang@example.com", max_length = 100)]
    pub email: Option<String>,
    /// 联系地址
    #[schema(example = "安徽省滁州市南谯区创业路1号", max_length = 200)]
    pub address: Option<String>,
    /// 邮编，6 位
    #[schema(example = "239000", max_length = 6)]
    pub postcode: Option<String>,
}

/// 技术需求征集表
#[derive(Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NeedForm {
    /// 外部编号，同一登记库内唯一
    #[schema(example = "CZ-2026-0012", max_length = 128)]
    pub external_id: Option<String>,
    /// 状态：open 有效、closed 已办结、withdrawn 已撤回
    #[schema(example = "open")]
    pub status: Option<String>,
    /// 技术需求名称（必填）
    #[schema(
        required,
        nullable = false,
        example = "方形铝壳锂离子电池激光焊接气孔控制技术",
        max_length = 300
    )]
    pub title: Option<String>,
    /// 具体的技术需求说明
    #[schema(example = "焊缝气孔率偏高，希望降到千分之三以下，节拍不低于12ppm。", max_length = 20000)]
    pub description: Option<String>,
    /// 单位名称
    #[schema(example = "滁州皖东新能源科技有限公司", max_length = 100)]
    pub enterprise_name: Option<String>,
    /// 企业库中该单位的外部编号
    pub enterprise: Option<String>,
    /// 统一社会信用代码
    #[schema(example = "91350100M000100Y43")]
    pub enterprise_code: Option<String>,
    /// 主营业务
    #[schema(max_length = 2000)]
    pub main_business: Option<String>,
    /// 企业概况
    #[schema(max_length = 20000)]
    pub enterprise_profile: Option<String>,
    /// 网址
    pub website: Option<String>,
    /// 技术领域，至多 12 项
    #[schema(example = json!(["现代能源"]))]
    pub fields: Option<Vec<String>>,
    /// 关键词，至多 50 项
    #[schema(example = json!(["激光焊接", "气孔"]))]
    pub keywords: Option<Vec<String>>,
    /// 所在地区：GB/T 2260 代码或名称
    #[schema(example = "安徽省滁州市南谯区")]
    pub region: Option<String>,
    /// 所属行业：GB/T 4754-2017 代码或名称
    #[schema(example = "C3841")]
    pub industry: Option<String>,
    /// 汇总填报单位
    #[schema(example = "滁州市科协")]
    pub filed_by: Option<String>,
    /// 填报时间
    #[schema(example = "2026-05-12")]
    pub filed_on: Option<String>,
    /// 有效期至（含当日）
    #[schema(example = "2027-12-31")]
    pub valid_until: Option<String>,
    /// 联系方式
    pub contact: Option<ContactForm>,
}

/// 企业登记表
#[derive(Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EnterpriseForm {
    /// 外部编号，同一登记库内唯一
    #[schema(example = "QY-0001", max_length = 128)]
    pub external_id: Option<String>,
    /// 状态：open 有效、closed 已办结、withdrawn 已撤回
    pub status: Option<String>,
    /// 单位名称（必填）
    #[schema(required, nullable = false, example = "滁州皖东新能源科技有限公司", max_length = 100)]
    pub name: Option<String>,
    /// 统一社会信用代码
    #[schema(example = "91350100M000100Y43")]
    pub code: Option<String>,
    /// 主营业务
    #[schema(example = "动力电池模组与电池包", max_length = 2000)]
    pub main_business: Option<String>,
    /// 企业概况
    #[schema(max_length = 20000)]
    pub profile: Option<String>,
    /// 网址
    pub website: Option<String>,
    /// 技术领域，至多 12 项
    #[schema(example = json!(["现代能源"]))]
    pub fields: Option<Vec<String>>,
    /// 所属行业：GB/T 4754-2017 代码或名称
    #[schema(example = "C3841")]
    pub industry: Option<String>,
    /// 所在地区：GB/T 2260 代码或名称
    #[schema(example = "341103")]
    pub region: Option<String>,
    /// 联系方式
    pub contact: Option<ContactForm>,
}

/// 专家登记表
#[derive(Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ExpertForm {
    /// 外部编号，同一登记库内唯一
    #[schema(example = "ZJ-0001", max_length = 128)]
    pub external_id: Option<String>,
    /// 状态：open 有效、closed 已办结、withdrawn 已撤回
    pub status: Option<String>,
    /// 姓名（必填）
    #[schema(required, nullable = false, example = "方致远", max_length = 50)]
    pub name: Option<String>,
    /// 职称
    #[schema(example = "教授", max_length = 50)]
    pub professional_title: Option<String>,
    /// 工作单位
    #[schema(example = "皖江理工大学", max_length = 100)]
    pub organisation: Option<String>,
    /// 研究方向，至多 50 项
    #[schema(example = json!(["激光焊接", "动力电池制造工艺"]))]
    pub research_directions: Option<Vec<String>>,
    /// 关键词，至多 50 项
    #[schema(example = json!(["激光焊接", "气孔", "铝合金"]))]
    pub keywords: Option<Vec<String>>,
    /// 个人简介
    #[schema(max_length = 20000)]
    pub bio: Option<String>,
    /// 承担项目，至多 200 项
    #[schema(example = json!(["动力电池铝壳激光焊接工艺与在线检测"]))]
    pub projects: Option<Vec<String>>,
    /// 技术领域，至多 12 项
    #[schema(example = json!(["智能制造"]))]
    pub fields: Option<Vec<String>>,
    /// 熟悉行业：GB/T 4754-2017 代码或名称
    #[schema(example = json!(["C3841"]))]
    pub industries: Option<Vec<String>>,
    /// 所属学会
    #[schema(example = json!(["江淮焊接学会"]))]
    pub societies: Option<Vec<String>>,
    /// 所在地区：GB/T 2260 代码或名称
    #[schema(example = "340104")]
    pub region: Option<String>,
    /// 愿意前往的地区：GB/T 2260 代码或名称
    #[schema(example = json!(["340000"]))]
    pub travel_regions: Option<Vec<String>>,
    /// 年度可承接数，缺省为不限
    #[schema(example = 4, maximum = 1000)]
    pub capacity_per_year: Option<u32>,
    /// 本年度已承接数
    #[schema(example = 1, maximum = 1000)]
    pub engaged_this_year: Option<u32>,
    /// 当前是否可对接：available 可对接（缺省）、limited 时间有限、unavailable 暂不可对接
    #[schema(example = "available")]
    pub availability: Option<String>,
    /// 本人同意的范围：matching 同意参与匹配（新记录缺省）、matching_and_contact 同意匹配并提供联系方式、none 未同意；
    /// 不填时，已有记录保持原来的范围
    #[schema(example = "matching")]
    pub consent: Option<String>,
    /// 联系方式
    pub contact: Option<ContactForm>,
}

/// 服务站登记表
#[derive(Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StationForm {
    /// 外部编号，同一登记库内唯一
    #[schema(example = "FWZ-0001", max_length = 128)]
    pub external_id: Option<String>,
    /// 状态：open 有效、closed 已办结、withdrawn 已撤回
    pub status: Option<String>,
    /// 站点名称（必填）
    #[schema(required, nullable = false, example = "南谯经济开发区学会服务站", max_length = 100)]
    pub name: Option<String>,
    /// 站点类型：society_station 学会服务站（缺省）、expert_workstation 专家工作站、academician_workstation 院士专家工作站、transfer_centre 成果转化服务分中心、overseas_base 海智计划工作基地、other 其他
    #[schema(example = "society_station")]
    pub station_type: Option<String>,
    /// 依托单位
    #[schema(example = "南谯经济开发区管委会", max_length = 100)]
    pub host: Option<String>,
    /// 所属学会
    #[schema(example = "江淮焊接学会", max_length = 100)]
    pub society: Option<String>,
    /// 技术领域，至多 12 项
    #[schema(example = json!(["现代能源"]))]
    pub fields: Option<Vec<String>>,
    /// 服务行业：GB/T 4754-2017 代码或名称
    #[schema(example = json!(["C3841"]))]
    pub industries: Option<Vec<String>>,
    /// 服务内容，至多 200 项
    #[schema(example = json!(["焊接工艺诊断", "人员培训"]))]
    pub services: Option<Vec<String>>,
    /// 关键词，至多 50 项
    #[schema(example = json!(["激光焊接"]))]
    pub keywords: Option<Vec<String>>,
    /// 站点简介
    #[schema(max_length = 20000)]
    pub description: Option<String>,
    /// 所在地区：GB/T 2260 代码或名称
    #[schema(example = "341103")]
    pub region: Option<String>,
    /// 年度可承接数，缺省为不限
    #[schema(example = 10, maximum = 1000)]
    pub capacity_per_year: Option<u32>,
    /// 本年度已承接数
    #[schema(example = 3, maximum = 1000)]
    pub engaged_this_year: Option<u32>,
    /// 建站日期
    #[schema(example = "2023-06-01")]
    pub founded_on: Option<String>,
    /// 联系方式
    pub contact: Option<ContactForm>,
}

/// 科技成果登记表
#[derive(Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AchievementForm {
    /// 外部编号，同一登记库内唯一
    #[schema(example = "CG-0001", max_length = 128)]
    pub external_id: Option<String>,
    /// 状态：open 有效、closed 已办结、withdrawn 已撤回
    pub status: Option<String>,
    /// 成果名称（必填）
    #[schema(
        required,
        nullable = false,
        example = "一种铝合金壳体激光焊接匙孔稳定性控制方法",
        max_length = 300
    )]
    pub title: Option<String>,
    /// 成果类型：paper 论文、patent 专利、result 科技成果（缺省）
    #[schema(example = "patent")]
    pub achievement_type: Option<String>,
    /// 成果简介
    #[schema(max_length = 20000)]
    pub summary: Option<String>,
    /// 关键词，至多 50 项
    #[schema(example = json!(["激光焊接", "匙孔"]))]
    pub keywords: Option<Vec<String>>,
    /// 权属单位
    #[schema(example = "皖江理工大学", max_length = 100)]
    pub owner: Option<String>,
    /// 完成人，至多 50 人
    pub inventors: Option<Vec<Inventor>>,
    /// 技术成熟度，1–9 级
    #[schema(example = 6, minimum = 1, maximum = 9)]
    pub maturity: Option<u32>,
    /// 国际专利分类号
    #[schema(example = json!(["B23K 26/21"]))]
    pub ipc: Option<Vec<String>>,
    /// 技术领域，至多 12 项
    #[schema(example = json!(["智能制造"]))]
    pub fields: Option<Vec<String>>,
    /// 适用行业：GB/T 4754-2017 代码或名称
    #[schema(example = json!(["C3841"]))]
    pub industries: Option<Vec<String>>,
    /// 权属单位所在地区：GB/T 2260 代码或名称
    #[schema(example = "340104")]
    pub region: Option<String>,
    /// 发表、授权或鉴定日期
    #[schema(example = "2025-03-18")]
    pub published_on: Option<String>,
    /// 联系方式
    pub contact: Option<ContactForm>,
}

/// 学会登记表
#[derive(Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SocietyForm {
    /// 外部编号，同一登记库内唯一
    #[schema(example = "XH-0001", max_length = 128)]
    pub external_id: Option<String>,
    /// 状态：open 有效、closed 已办结、withdrawn 已撤回
    pub status: Option<String>,
    /// 学会名称（必填）
    #[schema(required, nullable = false, example = "江淮焊接学会", max_length = 100)]
    pub name: Option<String>,
    /// 统一社会信用代码
    #[schema(example = "91350100M000100Y43")]
    pub code: Option<String>,
    /// 技术领域，至多 12 项
    #[schema(example = json!(["智能制造"]))]
    pub fields: Option<Vec<String>>,
    /// 学会简介
    #[schema(max_length = 20000)]
    pub description: Option<String>,
    /// 网址
    pub website: Option<String>,
    /// 所在地区：GB/T 2260 代码或名称
    #[schema(example = "340000")]
    pub region: Option<String>,
    /// 联系方式
    pub contact: Option<ContactForm>,
}
