//! Matches with their explanations.

use domain::{Kind, Profile, Record, RecordId, Status};
use engine::{CurrentMatch, Excluded, Exclusion, Explanation, Match, MatchAnswer, Question};
use serde::Serialize;
use utoipa::ToSchema;

use super::region_name;

/// The other side in short; the registry tells the rest.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MatchTarget)]
pub(crate) struct TargetView {
    /// 记录编号
    id: RecordId,
    /// 外部编号
    #[schema(example = "ZJ-0001")]
    external_id: String,
    /// 登记库
    kind: Kind,
    /// 状态
    status: Status,
    /// 名称：人名、站点名、成果名或需求名
    #[schema(example = "方致远")]
    title: String,
    /// 所属单位
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "皖江理工大学")]
    organisation: Option<String>,
    /// 职称，仅专家有
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "教授")]
    professional_title: Option<String>,
    /// 类型，仅服务站和成果有
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "专利")]
    type_name: Option<&'static str>,
    /// 所在地区全称
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "安徽省合肥市蜀山区")]
    region_name: Option<String>,
    /// 技术领域
    #[schema(example = json!(["智能制造"]))]
    fields: Vec<String>,
}

/// A ranked match.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Match)]
pub(crate) struct MatchView {
    /// 名次，从 1 起
    #[schema(example = 1)]
    rank: u32,
    /// 对方
    target: TargetView,
    /// 总分，0 到 100
    #[schema(example = 63.2)]
    score: f64,
    /// 说明：分数从何而来
    explanation: Explanation,
    /// 仅当前批次的结果有：批次之后需求或对方的资料又有修改，分数仍是批次计算时的；没有修改时不出现
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[schema(example = true, required = false)]
    outdated: bool,
}

/// A reason in both languages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Reason)]
pub(crate) struct ReasonView {
    /// 稳定的原因码
    code: Exclusion,
    /// 中文说明
    #[schema(example = "已过有效期")]
    label: &'static str,
}

/// One that must not be proposed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Excluded)]
pub(crate) struct ExcludedView {
    /// 对方
    target: TargetView,
    /// 假如不排除时的总分
    #[schema(example = 58.4)]
    score: f64,
    /// 排除的原因
    reasons: Vec<ReasonView>,
}

/// What was found.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Matches)]
pub(crate) struct MatchesView {
    /// 匹配结果，分数高的在前
    matches: Vec<MatchView>,
    /// 因故排除的对象，仅 `with_excluded` 为真时有
    excluded: Vec<ExcludedView>,
    /// 提出方自身的问题，如需求已过有效期
    warnings: Vec<ReasonView>,
    /// 需求写得过于笼统、难以匹配时，建议向填报方补充询问的内容；为空即已足够具体
    questions: Vec<Question>,
    /// 细算过的候选数
    #[schema(example = 37)]
    considered: usize,
}

impl From<Record> for TargetView {
    fn from(record: Record) -> Self {
        let profile: &Profile = &record.profile;
        Self {
            id: record.id,
            kind: record.id.kind,
            status: record.status,
            title: profile.title().to_owned(),
            organisation: profile.organisation().map(str::to_owned),
            professional_title: profile.professional_title().map(str::to_owned),
            type_name: profile.type_label(),
            region_name: region_name(profile),
            fields: profile.fields().to_vec(),
            external_id: record.external_id,
        }
    }
}

impl From<Match> for MatchView {
    fn from(found: Match) -> Self {
        let score = found.explanation.total;
        let (target, explanation) = (found.record.into(), found.explanation);
        Self { rank: found.rank, target, score, explanation, outdated: false }
    }
}

impl From<CurrentMatch> for MatchView {
    fn from(found: CurrentMatch) -> Self {
        let score = found.explanation.total;
        let (target, explanation) = (found.record.into(), found.explanation);
        Self { rank: found.rank, target, score, explanation, outdated: found.outdated }
    }
}

impl From<Exclusion> for ReasonView {
    fn from(code: Exclusion) -> Self {
        Self { code, label: code.label() }
    }
}

impl From<Excluded> for ExcludedView {
    fn from(excluded: Excluded) -> Self {
        Self {
            // As many decimals as the totals of explanations have.
            score: (excluded.total * 1e4).round() / 1e4,
            reasons: excluded.reasons.into_iter().map(ReasonView::from).collect(),
            target: excluded.record.into(),
        }
    }
}

impl From<MatchAnswer> for MatchesView {
    fn from(answer: MatchAnswer) -> Self {
        Self {
            matches: answer.matches.into_iter().map(MatchView::from).collect(),
            excluded: answer.excluded.into_iter().map(ExcludedView::from).collect(),
            warnings: answer.warnings.into_iter().map(ReasonView::from).collect(),
            questions: answer.questions,
            considered: answer.considered,
        }
    }
}
