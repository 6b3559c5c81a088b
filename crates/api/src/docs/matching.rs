//! What is said about live matching.

use domain::Kind;

use super::doc::Doc;
use super::registry::body_problems;
use super::{MATCHING, examples, parameters};
use crate::problem::Code;

const EXPLAINED: &str = "每条结果附总分（0–100）、各项得分（相加即总分）、双方共有的词语、命中的片段、佐证材料、起作用的规则和一句话说明。\
    已撤回、已办结、已过期、承接能力用完、暂不可对接、本人未同意以及同单位的对象不会出现在结果中，`with_excluded=true` 时另行列出及其原因。\
    与提出方没有任何共同词语（含同义词）的对象也不会出现，所以结果可能少于 `limit` 条。\
    需求过于笼统时，`questions` 列出建议向填报方补充询问的内容。";

pub(crate) fn of_need() -> Doc {
    let description = format!("为一条技术需求即时匹配专家、学会服务站或科技成果。{EXPLAINED}");
    stored(Kind::Need, "为需求匹配", description).parameters([parameters::target()])
}

pub(crate) fn of_offer(kind: Kind) -> Doc {
    let description = format!("为一条{}反向匹配技术需求。{EXPLAINED}", kind.label());
    stored(kind, &format!("为{}匹配需求", kind.label()), description)
}

fn stored(kind: Kind, summary: &str, description: String) -> Doc {
    let target = if kind == Kind::Need { Kind::Expert } else { Kind::Need };
    Doc::new(&format!("match_{kind}"), MATCHING, summary, description)
        .parameters([
            parameters::id(kind),
            parameters::limit(),
            parameters::flag("with_excluded", "是否同时列出因故排除的对象及原因"),
        ])
        .answer(200, "匹配结果", ("Matches", examples::matches(target)), &[])
        .problems(&[Code::InvalidParameter, Code::RecordNotFound, Code::OutsideRegion])
}

pub(crate) fn adhoc() -> Doc {
    let description = format!(
        "为一份不保存的登记表即时匹配，用于登记之前试看。`form` 中有错时，`errors` 的位置以 `/form` 开头。{EXPLAINED}"
    );
    Doc::new("match_form", MATCHING, "为未登记的内容匹配", description)
        .json_body("AdhocMatch", examples::adhoc())
        .answer(200, "匹配结果", ("Matches", examples::matches(Kind::Expert)), &[])
        .problems(&body_problems())
        .problems(&[Code::NoSuchPairing])
}
