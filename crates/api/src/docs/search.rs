//! What is said about searching.

use domain::Kind;
use serde_json::json;
use utoipa::openapi::schema::{ObjectBuilder, Type};

use super::doc::{Doc, text};
use super::formats::{DIMENSION, INDUSTRY, REGION, TYPE_WORD, formatted};
use super::schemas::search_page_name;
use super::{examples, parameters};
use crate::problem::Code;

const DIMENSIONS: &str = "region、industry、field、type、title、status、year";

pub(crate) fn search(kind: Kind) -> Doc {
    let label = kind.label();
    let description = format!(
        "按文字和条件检索{label}，支持同义词、拼音和前缀。各条件之间为“且”，一个条件的多个取值之间为“或”。\
         地区和行业包含其下级。已撤回的记录缺省不列出，要找请写明 `status=withdrawn`。\
         登记或修改后的内容通常一秒内可检索到。"
    );
    Doc::new(&format!("search_{}", kind.plural()), label, format!("检索{label}"), description)
        .parameters([parameters::query(
            "q",
            "检索的文字，至多 2000 字；缺省为不限",
            text(),
            Some(json!("激光焊接")),
        )])
        .parameters(filters())
        .parameters(counting())
        .parameters([
            parameters::choice(
                "sort",
                "排序：relevance 相关程度（缺省）、newest 最近修改的在前、oldest 最久未改的在前",
                &["relevance", "newest", "oldest"],
                "relevance",
            ),
            parameters::cursor(),
            parameters::limit(),
        ])
        .answer(200, "一页命中", (&search_page_name(kind), examples::search_page(kind)), &[])
        .problems(&[Code::InvalidParameter, Code::InvalidCursor])
}

fn filters() -> [utoipa::openapi::path::Parameter; 7] {
    let many = |name, about, example| parameters::many(name, about, word(), example);
    let coded = |name, about, format, example| parameters::many(name, about, formatted(format), example);
    let year = word().pattern(Some("^[0-9]{4}$"));
    [
        coded("region", "地区：GB/T 2260 代码或名称，含下级", REGION, json!(["340000"])),
        coded("industry", "行业：GB/T 4754-2017 代码或名称，含下级", INDUSTRY, json!(["C"])),
        many("field", "技术领域", json!(["智能制造"])),
        coded(
            "type",
            "类型：服务站的 `station_type` 或成果的 `achievement_type`",
            TYPE_WORD,
            json!(["patent"]),
        ),
        many("title", "职称，仅专家有", json!(["教授"])),
        parameters::status("状态；缺省为 open 和 closed"),
        parameters::many("year", "年份：需求的填报、成果的发表、服务站的建站年份", year, json!(["2026"])),
    ]
}

fn counting() -> [utoipa::openapi::path::Parameter; 3] {
    let about = format!("要统计命中数的维度：{DIMENSIONS}");
    [
        parameters::many("facets", &about, formatted(DIMENSION), json!(["region"])),
        parameters::query(
            "region_below",
            "统计哪个地区的下一级；只写 `facets=region` 时统计各省",
            formatted(REGION).into(),
            None,
        ),
        parameters::query(
            "industry_below",
            "统计哪个行业的下一级；只写 `facets=industry` 时统计各门类",
            formatted(INDUSTRY).into(),
            None,
        ),
    ]
}

fn word() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String)
}
