//! The schemas of bodies and answers. Those of records are put together for each registry from the head that all share and its profile.

use domain::access::Scope;
use domain::forms::{AchievementForm, EnterpriseForm, ExpertForm, NeedForm, SocietyForm, StationForm};
use domain::{
    Achievement, AchievementType, Availability, Consent, Decision, Enterprise, EventType, Expert, Kind, Need,
    RecordId, Society, Station, StationType, Status,
};
use engine::{CampaignRequest, CampaignShown, Highlight};
use utoipa::ToSchema;
use utoipa::openapi::schema::{AllOfBuilder, ArrayBuilder, Components, ObjectBuilder, Schema, Type};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{Ref, RefOr};

use super::doc::{KEY, problem_response};
use super::formats;
use crate::endpoints::REGISTRIES;
use crate::handlers::campaigns::{CampaignDeleted, RulingsForm};
use crate::handlers::confidential::RevealForm;
use crate::handlers::feedback::FeedbackForm;
use crate::handlers::health::{Liveness, Readiness};
use crate::handlers::keys::KeyForm;
use crate::handlers::matching::AdhocMatch;
use crate::handlers::webhooks::{WebhookChangeForm, WebhookForm};
use crate::problem::{Code, ProblemView};
use crate::views::{
    AuditPageView, CampaignPageView, ChangesView, ClusterPageView, ContactView, CurrentMatchesView,
    DeliveryPageView, DuplicatesView, FacetView, FeedbackPageView, ImportEndView, ImportReportView,
    ImportRowView, ItineraryPageView, KeyPageView, LeftOutPageView, MatchChangePageView, MatchesView,
    NewKeyView, NewSecretView, OperationPageView, OperationView, PingView, PlanPageView, RankingView,
    RecordHead, RunPageView, WebhookPageView,
};

/// All schemas by name.
pub(super) fn components() -> Components {
    let mut components = Components::new();
    macro_rules! collect {
        ($($name:ty),+ $(,)?) => { $(collect::<$name>(&mut components);)+ };
    }
    collect!(NeedForm, EnterpriseForm, ExpertForm, StationForm, AchievementForm, SocietyForm);
    collect!(Need, Enterprise, Expert, Station, Achievement, Society, RecordId, RecordHead);
    collect!(Highlight, FacetView, ImportReportView, ProblemView<'static>, MatchesView, AdhocMatch);
    collect!(RunPageView, CurrentMatchesView, ChangesView, MatchChangePageView, Liveness, Readiness);
    collect!(DuplicatesView, ClusterPageView);
    collect!(FeedbackForm, FeedbackPageView, RankingView);
    collect!(KeyForm, KeyPageView, NewKeyView);
    collect!(OperationView, OperationPageView);
    collect!(WebhookForm, WebhookChangeForm, WebhookPageView, NewSecretView, PingView, DeliveryPageView);
    collect!(CampaignRequest, CampaignShown, CampaignPageView, PlanPageView, LeftOutPageView);
    collect!(ItineraryPageView, RulingsForm, CampaignDeleted);
    collect!(RevealForm, ContactView, AuditPageView);
    collect!(ImportRowView, ImportEndView<'static>);
    for (name, schema) in choices() {
        components.schemas.insert(name.to_owned(), schema);
    }
    for kind in REGISTRIES {
        for (name, schema) in
            [(view_name(kind), view(kind)), (page_name(kind), page(kind)), (hit_name(kind), hit(kind))]
        {
            components.schemas.insert(name, schema.into());
        }
        components.schemas.insert(search_page_name(kind), search_page(kind).into());
    }
    for (name, about) in ABOUT {
        if let Some(RefOr::T(schema)) = components.schemas.get_mut(*name) {
            describe(schema, about);
        }
    }
    formats::refine(&mut components);
    components.security_schemes.insert(KEY.to_owned(), scheme().into());
    for code in Code::ALL {
        components.responses.insert(code.slug().to_owned(), RefOr::T(problem_response(&[*code])));
    }
    components
}

/// How a key is sent.
fn scheme() -> SecurityScheme {
    let about = "密钥，形如 `hn_7_` 加 64 位十六进制数字，放在 `Authorization` 请求头的 `Bearer` 之后";
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("hn_…");
    SecurityScheme::Http(bearer.description(Some(about)).build())
}

/// What schemas are, in Chinese; the types themselves are explained in English where they are declared.
const ABOUT: &[(&str, &str)] = &[
    ("Achievement", "科技成果的内容"),
    (
        "Alikeness",
        "判为疑似重复的依据：text 文字大部分相同、contained 一条的文字大部分见于另一条、title 名称相同而其中一条没有另外的说明",
    ),
    ("AdhocMatch", "为未登记的内容匹配的请求"),
    ("AuditPage", "一页审计记录"),
    ("Operation", "一个后台任务"),
    ("OperationPage", "一页后台任务"),
    ("OperationProblem", "任务失败的原因"),
    ("OperationProgress", "任务的进度"),
    ("AuditRow", "一条审计记录"),
    ("Campaign", "一个对接活动，附最新方案的要点"),
    ("CampaignDeleted", "已删除的对接活动"),
    ("CampaignForm", "要建立的对接活动"),
    ("CampaignHead", "对接活动的要点"),
    ("CampaignPage", "一页对接活动"),
    ("CampaignRuling", "工作人员对一对的决定"),
    ("CandidateCapacityForm", "一个专家（站点）另行规定的次数"),
    ("CandidateOrigin", "候选的来源：ranking 现在匹配、current_run 当前匹配批次"),
    ("CandidateSourceForm", "候选从何而来"),
    ("CapacityRuleForm", "每人最多去几家"),
    ("GroupBy", "按什么分组：society 所属学会、county 县、city 市、field 主要技术领域"),
    ("Itinerary", "一人的行程"),
    ("ItineraryPage", "一页行程"),
    ("ItineraryStop", "行程中的一家企业"),
    ("LeftOutNeed", "一项没有安排的需求"),
    ("LeftOutPage", "一页没有安排的需求"),
    ("LeftOutReason", "没有安排的一个原因"),
    ("NamedPair", "一对的编号和名称"),
    ("NeedSelectionForm", "哪些需求列入活动，各条件之间为“且”"),
    ("NeedWishForm", "一项需求另行规定的人数"),
    ("PairForm", "一对的编号"),
    ("PlanChanges", "与上一版方案相比的变化"),
    ("PlanPage", "一页所安排的组合"),
    ("PlanRelaxation", "一项不能满足的限制"),
    ("PlanSummary", "方案的要点"),
    ("PlannedOtherwise", "不安排这一对时最好的方案"),
    ("PlannedPair", "所安排的一对"),
    ("PlannedSide", "一方的要点"),
    ("PlannedWhy", "一对的分数从何而来"),
    ("PlannedWhyPart", "总分中的一项"),
    ("QuotaRuleForm", "一条名额"),
    ("RulingForm", "对一对的决定"),
    ("RulingWord", "怎么办：lock 锁定、forbid 禁止、free 放开、swap 对调"),
    ("RulingsForm", "要照办的锁定、禁止、放开和对调"),
    ("Travel", "可以走多远：anywhere 不限、province 同省、city 同市、county 同县；愿意前往的地区都可以"),
    ("WantedForm", "每项需求要几位"),
    ("Capacity", "承接能力"),
    ("Contact", "未脱敏的联系方式"),
    ("RevealForm", "查看联系方式的用途"),
    ("Change", "一个对象的名次变化"),
    ("ChangeKind", "变化：entered 新进入、left 退出、rose 名次上升、fell 名次下降"),
    (
        "ChangeReason",
        "变化的原因：first_run 首次匹配、new_epoch 统计基准更新、new_need 需求新登记或重新生效、need_edited 需求资料修改、\
         need_ended 需求已办结、撤回或过期、new_record 对方新登记、new_achievement 新增或修改了成果、text_edited 对方资料修改、\
         capacity_used 承接能力用完、unavailable 暂不可对接、no_consent 本人不同意参与匹配、withdrawn 对方已撤回、closed 对方已办结、\
         expired 对方已过有效期、same_organisation 双方属同一单位、deleted 对方已删除、displaced 他人名次变化。将来可能增加",
    ),
    ("Changes", "一条需求的匹配结果与上一批次相比的变化"),
    ("ClusterMember", "共性需求中的一条需求"),
    ("CurrentMatches", "一条需求在当前批次中的匹配结果"),
    ("Duplicate", "一条疑似重复的需求"),
    ("Duplicates", "与一条需求疑似重复的其他需求"),
    ("Enterprise", "企业的内容"),
    ("EvidenceItem", "一份佐证材料"),
    ("Excluded", "因故排除的对象"),
    ("Expert", "专家的内容"),
    ("Explanation", "匹配的说明：分数从何而来"),
    ("Facet", "一个维度的命中数统计"),
    ("FacetValue", "维度的一个取值及其命中数"),
    ("Feedback", "一条对接反馈"),
    ("FeedbackForm", "要记录的对接反馈"),
    ("FeedbackPage", "一页对接反馈"),
    ("Flag", "导入的一行与另一条需求疑似重复"),
    ("Highlight", "一段文字，命中处已标出"),
    ("ImportEnd", "逐行答复的导入的最后一行：导入报告，或中途失败的原因"),
    ("ImportOutcome", "一行的结果：created 新增、changed 修改、unchanged 内容相同未改动、rejected 不合格"),
    ("ImportReport", "导入报告"),
    ("ImportRow", "逐行答复的导入中一行的结果"),
    ("IndexHealth", "一个登记库的索引状况"),
    ("Inventor", "完成人"),
    ("Key", "密钥；不含密钥本身"),
    ("KeyForm", "要发放的密钥"),
    ("KeyPage", "一页密钥"),
    ("LearnedNote", "学得的权重的来历"),
    ("Liveness", "存活状况"),
    ("MaskedContact", "脱敏后的联系方式"),
    ("ListedPlace", "变化清单中的名次和分数"),
    ("Match", "一条匹配结果"),
    ("MatchChange", "一条需求的匹配结果中一个对象的变化"),
    ("MatchChangePage", "匹配结果的变化，按先后排列"),
    ("MatchTarget", "匹配到的对象，只列要点"),
    ("Matches", "匹配结果"),
    ("Need", "技术需求的内容"),
    ("NeedBrief", "需求要点"),
    ("NeedCluster", "一组共性需求"),
    ("NewKey", "新发放的密钥"),
    ("NeedClusterPage", "一页共性需求"),
    ("Part", "总分中的一项"),
    ("Piece", "文字片段，依次相连即为原文"),
    ("Place", "名次和分数"),
    ("Problem", "错误说明（RFC 9457）"),
    ("ProblemItem", "一处错误"),
    ("Question", "需求过于笼统时建议补充询问的一项"),
    ("Ranking", "排序现用的权重"),
    ("Readiness", "就绪状况"),
    ("Reason", "排除的原因"),
    ("RecordHead", "各类记录共有的内容"),
    ("RematchRun", "已发布的匹配批次"),
    ("RematchRunPage", "一页匹配批次"),
    ("RowError", "一个不合格的行"),
    ("RowProblem", "行中的一处错误"),
    ("Rule", "起作用的一条规则"),
    ("SameNeed", "同一企业重复提交的同一需求"),
    ("Seen", "反馈时的名次和各项得分"),
    ("Society", "学会的内容"),
    ("Station", "学会服务站的内容"),
    ("AlikeWords", "用词不同、含义相关的两个词语"),
    ("Visibility", "展示的范围：full 全部、brief 概要、hidden 看不到（应答中不会出现）"),
    ("TermMatch", "双方共有的一个词语"),
    ("Webhook", "一个推送地址；不含签名密钥"),
    ("WebhookForm", "要登记的推送地址"),
    ("WebhookChangeForm", "推送地址要修改的各项"),
    ("WebhookPage", "一页推送地址"),
    ("NewWebhookSecret", "推送地址和刚产生的签名密钥"),
    ("WebhookPing", "试推送的结果"),
    ("WebhookDelivery", "一条推送记录"),
    ("WebhookDeliveryPage", "一页推送记录"),
    ("Weight", "一个得分项的权重"),
    (
        "Exclusion",
        "排除的原因：withdrawn 已撤回、closed 已办结、expired 已过有效期、exhausted 本年度承接能力已用完、unavailable 暂不可对接、no_consent 本人未同意参与匹配、same_organisation 双方属同一单位",
    ),
    (
        "ProblemCode",
        "字段错误的原因：missing 缺少必填值、wrong_type 类型不对、unknown 没有这个字段、too_large 过长过多或过大、format 格式不正确、check_character 校验位不正确、not_in_table 不在国家标准代码表中、contradiction 互相矛盾、outside_region 超出密钥的地区",
    ),
];

fn describe(schema: &mut Schema, about: &str) {
    let description = match schema {
        Schema::Object(object) => &mut object.description,
        Schema::AllOf(all) => &mut all.description,
        Schema::OneOf(one) => &mut one.description,
        _ => return,
    };
    *description = Some(about.to_owned());
}

/// Closed lists of values, each value with its Chinese word.
fn choices() -> [(&'static str, RefOr<Schema>); 9] {
    let (stations, achievements) = (StationType::ALL, AchievementType::ALL);
    [
        ("Status", choice("状态", Status::ALL, Status::slug, Status::label)),
        ("Kind", choice("登记库", &Kind::ALL, Kind::slug, Kind::label)),
        ("StationType", choice("站点类型", stations, StationType::slug, StationType::label)),
        ("AchievementType", choice("成果类型", achievements, AchievementType::slug, AchievementType::label)),
        ("Availability", choice("是否可对接", Availability::ALL, Availability::slug, Availability::label)),
        ("Decision", choice("对接的结果", Decision::ALL, Decision::slug, Decision::label)),
        ("Scope", choice("权限", Scope::ALL, Scope::slug, Scope::label)),
        ("EventType", choice("事件", EventType::ALL, EventType::slug, EventType::label)),
        ("Consent", choice("本人同意的范围", Consent::ALL, Consent::slug, Consent::label)),
    ]
}

fn choice<T: Copy>(
    about: &str,
    all: &[T],
    slug: fn(T) -> &'static str,
    label: fn(T) -> &'static str,
) -> RefOr<Schema> {
    let words: Vec<String> = all.iter().map(|&value| format!("{} {}", slug(value), label(value))).collect();
    let schema = ObjectBuilder::new()
        .schema_type(Type::String)
        .description(Some(format!("{about}：{}", words.join("、"))))
        .enum_values(Some(all.iter().map(|&value| slug(value))));
    RefOr::T(schema.into())
}

/// Adds a schema with all that it refers to.
fn collect<T: ToSchema>(components: &mut Components) {
    let mut referred = Vec::new();
    T::schemas(&mut referred);
    components.schemas.extend(referred);
    components.schemas.insert(T::name().into_owned(), T::schema());
}

/// The profile's schema, `Need`.
const fn profile_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Need => "Need",
        Kind::Enterprise => "Enterprise",
        Kind::Expert => "Expert",
        Kind::Station => "Station",
        Kind::Achievement => "Achievement",
        Kind::Society => "Society",
    }
}

/// The form's schema, `NeedForm`.
pub(super) const fn form_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Need => "NeedForm",
        Kind::Enterprise => "EnterpriseForm",
        Kind::Expert => "ExpertForm",
        Kind::Station => "StationForm",
        Kind::Achievement => "AchievementForm",
        Kind::Society => "SocietyForm",
    }
}

/// The record's schema, `NeedView`.
pub(super) fn view_name(kind: Kind) -> String {
    format!("{}View", profile_name(kind))
}

/// The schema of a page of records, `NeedPage`.
pub(super) fn page_name(kind: Kind) -> String {
    format!("{}Page", profile_name(kind))
}

/// The schema of a page of hits, `NeedSearchPage`.
pub(super) fn search_page_name(kind: Kind) -> String {
    format!("{}SearchPage", profile_name(kind))
}

fn hit_name(kind: Kind) -> String {
    format!("{}SearchHit", profile_name(kind))
}

fn view(kind: Kind) -> Schema {
    AllOfBuilder::new()
        .description(Some(format!("{}记录", kind.label())))
        .item(Ref::from_schema_name("RecordHead"))
        .item(Ref::from_schema_name(profile_name(kind)))
        .into()
}

fn page(kind: Kind) -> Schema {
    object(format!("一页{}", kind.label()))
        .property("items", list(&view_name(kind)))
        .required("items")
        .property("next_cursor", text("下一页的游标；最后一页没有"))
        .property("total", count("总数，仅在索取时有"))
        .into()
}

fn hit(kind: Kind) -> Schema {
    let score = ObjectBuilder::new()
        .schema_type(Type::Number)
        .description(Some("文字得分，仅供同一次检索内比较；没有检索文字时为 0"));
    object(format!("一条{}命中", kind.label()))
        .property("record", Ref::from_schema_name(view_name(kind)))
        .required("record")
        .property("score", score)
        .required("score")
        .property("highlights", list("Highlight"))
        .required("highlights")
        .into()
}

fn search_page(kind: Kind) -> Schema {
    object(format!("一页{}命中", kind.label()))
        .property("items", list(&hit_name(kind)))
        .required("items")
        .property("total", count("命中总数"))
        .required("total")
        .property("next_cursor", text("下一页的游标；最后一页没有"))
        .property("facets", list("Facet"))
        .required("facets")
        .into()
}

fn object(about: String) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::Object).description(Some(about))
}

fn list(name: &str) -> RefOr<Schema> {
    RefOr::T(ArrayBuilder::new().items(Ref::from_schema_name(name)).build().into())
}

fn text(about: &str) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String).description(Some(about))
}

fn count(about: &str) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(0)).description(Some(about))
}
