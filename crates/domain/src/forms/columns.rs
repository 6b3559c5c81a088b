//! The fields of each form: their JSON key, the Chinese headings under which they stand in spreadsheets, and their shape.

use crate::Kind;

/// What a field's value looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// One text.
    Text,
    /// Several short words; in a cell separated by `；`, `、`, `，` or a line break.
    Words,
    /// Several titles, which may hold commas; in a cell separated by `；` or a line break only.
    Titles,
    /// A whole number that is not negative.
    Count,
    /// People, perhaps with the external id of their expert record; in a cell `王明（E12）；李华`.
    Inventors,
}

/// A field of a form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// The JSON key; contact fields are `contact/mobile` and so on.
    pub key: &'static str,
    /// Chinese headings, the form's own wording first.
    pub labels: &'static [&'static str],
    /// What the value looks like.
    pub shape: Shape,
}

const fn text(key: &'static str, labels: &'static [&'static str]) -> Column {
    Column { key, labels, shape: Shape::Text }
}

const fn words(key: &'static str, labels: &'static [&'static str]) -> Column {
    Column { key, labels, shape: Shape::Words }
}

const fn titles(key: &'static str, labels: &'static [&'static str]) -> Column {
    Column { key, labels, shape: Shape::Titles }
}

const fn count(key: &'static str, labels: &'static [&'static str]) -> Column {
    Column { key, labels, shape: Shape::Count }
}

const SHARED: [Column; 5] = [
    text("external_id", &["外部编号", "编号", "需求编号", "专家编号", "成果编号", "站点编号"]),
    text("status", &["状态"]),
    words("fields", &["技术领域", "领域"]),
    text("region", &["所在地区", "所属地区", "地区", "区划代码"]),
    text("website", &["网址"]),
];

const CONTACT: [Column; 7] = [
    text("contact/person", &["联系人", "联系人姓名"]),
    text("contact/mobile", &["手机", "手机号码", "手机号", "联系手机"]),
    text("contact/phone", &["办公电话", "电话", "联系电话", "固定电话"]),
    text("contact/fax", &["传真"]),
    text("contact/email", &["E-mail", "电子邮箱", "邮箱"]),
    text("contact/address", &["联系地址", "地址"]),
    text("contact/postcode", &["邮编"]),
];

const NEED: &[Column] = &[
    text("title", &["技术需求名称", "需求名称"]),
    text(
        "description",
        &[
            "具体的技术需求说明",
            "需求说明",
            "需求描述",
            "技术需求描述",
            "技术需求说明",
            "需求内容",
            "具体需求",
        ],
    ),
    text("enterprise_name", &["单位名称", "企业名称"]),
    text("enterprise", &["企业外部编号"]),
    text("enterprise_code", &["统一社会信用代码"]),
    text("main_business", &["主营业务"]),
    text("enterprise_profile", &["企业概况"]),
    words("keywords", &["关键词"]),
    text("industry", &["所属行业", "行业", "行业代码"]),
    text("filed_by", &["汇总填报单位", "填报单位"]),
    text("filed_on", &["填报时间", "填报日期"]),
    text("valid_until", &["有效期至", "截止日期"]),
];

const ENTERPRISE: &[Column] = &[
    text("name", &["单位名称", "企业名称"]),
    text("code", &["统一社会信用代码"]),
    text("main_business", &["主营业务"]),
    text("profile", &["企业概况"]),
    text("industry", &["所属行业", "行业", "行业代码"]),
];

const EXPERT: &[Column] = &[
    text("name", &["姓名"]),
    text("professional_title", &["职称"]),
    text("organisation", &["工作单位", "单位"]),
    words("research_directions", &["研究方向"]),
    words("keywords", &["关键词"]),
    text("bio", &["个人简介", "简介"]),
    titles("projects", &["承担项目"]),
    words("industries", &["熟悉行业"]),
    words("societies", &["所属学会"]),
    words("travel_regions", &["愿意前往的地区", "可服务地区"]),
    count("capacity_per_year", &["年度可承接数", "年度可承接项数"]),
    count("engaged_this_year", &["本年度已承接数", "本年度已承接项数"]),
    text("availability", &["当前是否可对接"]),
    text("consent", &["本人同意的范围"]),
];

const STATION: &[Column] = &[
    text("name", &["站点名称", "名称"]),
    text("station_type", &["站点类型", "类型"]),
    text("host", &["依托单位"]),
    text("society", &["所属学会"]),
    words("industries", &["服务行业"]),
    titles("services", &["服务内容"]),
    words("keywords", &["关键词"]),
    text("description", &["站点简介", "简介"]),
    count("capacity_per_year", &["年度可承接数", "年度可承接项数"]),
    count("engaged_this_year", &["本年度已承接数", "本年度已承接项数"]),
    text("founded_on", &["建站日期"]),
];

const ACHIEVEMENT: &[Column] = &[
    text("title", &["成果名称"]),
    text("achievement_type", &["成果类型", "类型"]),
    text("summary", &["成果简介", "简介", "摘要"]),
    words("keywords", &["关键词"]),
    text("owner", &["权属单位"]),
    Column { key: "inventors", labels: &["完成人", "发明人", "作者"], shape: Shape::Inventors },
    count("maturity", &["技术成熟度"]),
    words("ipc", &["国际专利分类号", "IPC"]),
    words("industries", &["适用行业"]),
    text("published_on", &["发表、授权或鉴定日期", "日期"]),
];

const SOCIETY: &[Column] = &[
    text("name", &["学会名称", "名称"]),
    text("code", &["统一社会信用代码"]),
    text("description", &["学会简介", "简介"]),
];

const fn own(kind: Kind) -> &'static [Column] {
    match kind {
        Kind::Need => NEED,
        Kind::Enterprise => ENTERPRISE,
        Kind::Expert => EXPERT,
        Kind::Station => STATION,
        Kind::Achievement => ACHIEVEMENT,
        Kind::Society => SOCIETY,
    }
}

/// All fields of a registry's form, its own first.
pub fn columns(kind: Kind) -> impl Iterator<Item = &'static Column> {
    let has_website = matches!(kind, Kind::Need | Kind::Enterprise | Kind::Society);
    let shared = SHARED.iter().filter(move |column| has_website || column.key != "website");
    own(kind).iter().chain(shared).chain(CONTACT.iter())
}

/// The field with this JSON key or Chinese heading. Spaces in the heading, and case, do not matter.
pub fn column(kind: Kind, heading: &str) -> Option<&'static Column> {
    let plain = |text: &str| -> String {
        text.chars().filter(|c| !c.is_whitespace()).collect::<String>().to_lowercase()
    };
    let heading = plain(heading).replace('.', "/");
    columns(kind).find(|c| c.key == heading || c.labels.iter().any(|label| plain(label) == heading))
}
