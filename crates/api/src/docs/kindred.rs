//! What is said about needs that came twice, and about needs that share a problem.

use domain::Kind;
use serde_json::json;
use utoipa::openapi::schema::{ObjectBuilder, Type};

use super::doc::Doc;
use super::{RUNS, examples, parameters};
use crate::problem::Code;

pub(crate) fn duplicates() -> Doc {
    let description = "列出与一条技术需求疑似重复的其他需求，最相似的在前。需求登记、修改或导入时即与库中全部需求比较，\
        去掉套话、数字和繁简、全半角的差别之后，文字大部分相同、或一条大部分见于另一条的，列为疑似重复；只作提示，不拒绝登记。\
        已撤回的需求不列出。";
    Doc::new("list_need_duplicates", Kind::Need.label(), "列出疑似重复的需求", description)
        .parameters([parameters::id(Kind::Need)])
        .answer(200, "疑似重复的需求", ("Duplicates", examples::duplicates()), &[])
        .problems(&[Code::RecordNotFound, Code::OutsideRegion])
}

pub(crate) fn clusters() -> Doc {
    let description = "当前批次中的共性需求：不同企业提出、要解决的问题相近的需求归为一组，便于一次活动对接多家。\
        每组有主题词、涉及的企业数和县（市、区）数、内聚度，每条需求附与组内其他需求共有的词语及其位置。\
        同一企业重复提交的需求只计一条，只涉及一家企业的不算。各项以批次计算时为准。";
    let least = ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(2)).default(Some(json!(2)));
    Doc::new("list_need_clusters", RUNS, "列出共性需求", description)
        .parameters([
            parameters::cursor(),
            parameters::limit(),
            parameters::query("least", "只要涉及这么多企业及以上的", least.into(), Some(json!(2))),
        ])
        .answer(200, "一页共性需求", ("NeedClusterPage", examples::cluster_page()), &[])
        .problems(&[Code::InvalidParameter, Code::InvalidCursor, Code::NoRun])
}
