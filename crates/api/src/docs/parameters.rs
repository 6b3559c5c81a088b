//! Parameters that several operations share.

use domain::{Kind, Status};
use serde_json::{Value, json};
use utoipa::openapi::path::{Parameter, ParameterIn};
use utoipa::openapi::schema::{ArrayBuilder, KnownFormat, ObjectBuilder, Schema, SchemaFormat, Type};
use utoipa::openapi::{Ref, Required};

use super::doc::{parameter, text};
use super::formats::{CURSOR, formatted};
use crate::repeats::IDEMPOTENCY_KEY;

pub(super) fn id(kind: Kind) -> Parameter {
    let about = format!("{}的记录编号，形如 `{kind}-42`", kind.label());
    parameter(
        ParameterIn::Path,
        "id",
        about,
        Ref::from_schema_name("RecordId"),
        Some(json!(format!("{kind}-1"))),
    )
}

pub(super) fn key_id() -> Parameter {
    let pattern = ObjectBuilder::new().schema_type(Type::String).pattern(Some("^key-[1-9][0-9]{0,18}$"));
    let schema: Schema = pattern.into();
    parameter(ParameterIn::Path, "id", "密钥编号，形如 `key-7`", schema, Some(json!("key-1")))
}

pub(super) fn if_match() -> Parameter {
    let about = "读取记录时得到的 ETag，如 `\"1\"`；`*` 表示不论版本";
    let mut if_match = parameter(ParameterIn::Header, "If-Match", about, text(), Some(json!("\"1\"")));
    if_match.required = Required::True;
    if_match
}

pub(super) fn if_none_match() -> Parameter {
    let about = "已有的 ETag；记录未变时答 304";
    parameter(ParameterIn::Header, "If-None-Match", about, text(), None)
}

pub(super) fn idempotency_key() -> Parameter {
    let about = "由调用方为每次操作取一个不重复的文字（如 UUID），重试时原样再带。24 小时内同一密钥、同一文字的同一请求只执行一次，\
        再来的得到同样的应答（记录按现状给出），并带 `Idempotency-Replayed: true`；内容不同的答 422，前一个还在处理的答 409；\
        失败的（4xx）不算数，可以改正后用同一文字再发";
    let schema = ObjectBuilder::new()
        .schema_type(Type::String)
        .min_length(Some(1))
        .max_length(Some(255))
        .pattern(Some("^[!-~]+$"))
        .examples([json!("7f9c24e8-3b12-4c5e-9d6a-2f1e0c8b5a37")]);
    let schema: Schema = schema.into();
    parameter(ParameterIn::Header, IDEMPOTENCY_KEY, about, schema, None)
}

pub(super) fn prefer() -> Parameter {
    let about = "`respond-async`：文件收齐后即答 202，导入在后台进行（RFC 7240）";
    parameter(ParameterIn::Header, "Prefer", about, text(), None)
}

pub(super) fn cursor() -> Parameter {
    query("cursor", "上一页的 `next_cursor`，原样传回", formatted(CURSOR).into(), None)
}

pub(super) fn limit() -> Parameter {
    let schema = ObjectBuilder::new()
        .schema_type(Type::Integer)
        .minimum(Some(1))
        .maximum(Some(100))
        .default(Some(json!(20)))
        .into();
    query("limit", "最多返回几条", schema, Some(json!(20)))
}

pub(super) fn flag(name: &str, about: &str) -> Parameter {
    let schema = ObjectBuilder::new().schema_type(Type::Boolean).default(Some(json!(false))).into();
    query(name, about, schema, Some(json!(true)))
}

pub(super) fn status(about: &str) -> Parameter {
    let slugs = Status::ALL.iter().map(|status| status.slug());
    let item = ObjectBuilder::new().schema_type(Type::String).enum_values(Some(slugs));
    many("status", about, item, json!(["open"]))
}

pub(super) fn updated_since() -> Parameter {
    let moment = ObjectBuilder::new()
        .schema_type(Type::String)
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
        .into();
    let about = "只要此时刻及以后修改过的记录，带时区（RFC 3339）。修改时间在写入时记下，提交后才读得到，\
        大批导入可能相隔几分钟：定期拉取时请从上次开始拉取的时刻再往前多取一段（不短于最长的一次导入，如 10 分钟），\
        重复的按 `id` 和 `revision` 剔除";
    query("updated_since", about, moment, Some(json!("2026-05-12T00:00:00+08:00")))
}

pub(super) fn target() -> Parameter {
    let slugs = crate::endpoints::OFFERS.map(Kind::plural);
    let schema = ObjectBuilder::new().schema_type(Type::String).enum_values(Some(slugs)).into();
    let mut target = query("target", "在哪个登记库中找", schema, Some(json!("experts")));
    target.required = Required::True;
    target
}

/// The number of a record in one of these registries.
pub(super) fn record(name: &str, about: &str, kinds: &[Kind], example: Option<&str>) -> Parameter {
    let kinds: Vec<&str> = kinds.iter().map(|kind| kind.slug()).collect();
    let pattern = format!("^({})-[1-9][0-9]{{0,18}}$", kinds.join("|"));
    let schema = ObjectBuilder::new().schema_type(Type::String).pattern(Some(pattern));
    query(name, about, schema.into(), example.map(Value::from))
}

/// A query parameter.
pub(super) fn query(name: &str, about: &str, schema: Schema, example: Option<Value>) -> Parameter {
    parameter(ParameterIn::Query, name, about, schema, example)
}

/// A query parameter that may be given several times.
pub(super) fn many(name: &str, about: &str, item: ObjectBuilder, example: Value) -> Parameter {
    query(name, about, ArrayBuilder::new().items(item).build().into(), Some(example))
}

/// A choice of words.
pub(super) fn choice(name: &str, about: &str, words: &[&str], example: &str) -> Parameter {
    let schema =
        ObjectBuilder::new().schema_type(Type::String).enum_values(Some(words.iter().copied())).into();
    query(name, about, schema, Some(json!(example)))
}
