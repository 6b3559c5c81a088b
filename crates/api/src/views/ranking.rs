//! What the ranking goes by.

use engine::Weights;
use engine::learning::{LearnedNote, label, parameters};
use serde::Serialize;
use utoipa::ToSchema;

/// The weights in force.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Ranking)]
pub(crate) struct RankingView {
    /// 各项权重
    weights: Vec<WeightView>,
    /// 学得的权重的来历；没有采用学得的权重时缺省
    #[serde(skip_serializing_if = "Option::is_none")]
    learned: Option<LearnedNote>,
}

/// The weight of one part of the score.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Weight)]
pub(crate) struct WeightView {
    /// 得分项的名称，同匹配说明中的 `parts`
    #[schema(example = "region")]
    code: String,
    /// 中文名称
    #[schema(example = "地域")]
    label: String,
    /// 权重；语义相近（meaning）的以文字得分的标准差计，所以在匹配说明中随提出方而变
    #[schema(example = 0.15)]
    weight: f64,
}

impl From<(Weights, Option<LearnedNote>)> for RankingView {
    fn from((weights, learned): (Weights, Option<LearnedNote>)) -> Self {
        let weight = |known: engine::learning::Parameter| WeightView {
            label: label(&known.code),
            code: known.code,
            weight: known.weight,
        };
        let meaning = WeightView {
            code: "meaning".to_owned(),
            label: "语义相近".to_owned(),
            weight: f64::from(weights.meaning.weight),
        };
        let (texts, beside): (Vec<_>, Vec<_>) =
            parameters(&weights).into_iter().map(weight).partition(|one| one.code.starts_with("text."));
        Self { weights: texts.into_iter().chain([meaning]).chain(beside).collect(), learned }
    }
}
