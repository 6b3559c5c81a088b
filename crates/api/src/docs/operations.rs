//! What is said about long work.

use domain::Kind;
use serde_json::json;
use utoipa::openapi::path::{Parameter, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Type};

use super::doc::{Doc, parameter};
use super::{OPERATIONS, examples, parameters};
use crate::problem::Code;

/// The headers of an answer that an operation is taken on.
pub(super) const TAKEN_ON: [(&str, &str); 2] =
    [("Location", "后台任务的地址"), ("Retry-After", "多少秒后再看进度为宜")];

pub(crate) fn rebuild() -> Doc {
    let description = "在答复的这台服务器上重建检索和匹配所用的索引：一个登记库的，或全部的。索引可以随时由数据库重建，重建期间照常检索和匹配，\
        完成后即时换上。通常不需要；在更换词典、怀疑索引有误时使用。立即答 202，进度见后台任务；服务重启后从头做起，取消则仍用原来的索引。\
        只有不限地区的管理密钥可用。";
    let slugs = Kind::ALL.map(Kind::plural);
    Doc::new("create_index_rebuild", OPERATIONS, "重建索引", description)
        .repeatable()
        .parameters([parameters::choice("registry", "只重建这个登记库的；缺省为全部", &slugs, "needs")])
        .answer(202, "已受理", ("Operation", examples::rebuild()), &TAKEN_ON)
        .problems(&[
            Code::InvalidParameter,
            Code::OutsideRegion,
            Code::Busy,
            Code::OperationsFull,
            Code::OperationNotFound,
        ])
}

pub(crate) fn list() -> Doc {
    let description = "列出后台任务，后提交的在前：本接入方提交的、本密钥也有权做的；管理密钥可见其所辖地区全部接入方的。\
        结束的任务保留若干天（由运行方设置，缺省 7 天）。";
    Doc::new("list_operations", OPERATIONS, "列出后台任务", description)
        .parameters([parameters::cursor(), parameters::limit()])
        .answer(200, "一页后台任务", ("OperationPage", json!({"items": [examples::operation()]})), &[])
        .problems(&[Code::InvalidParameter, Code::InvalidCursor])
}

pub(crate) fn read() -> Doc {
    let description = "一个后台任务的状态、进度和结果。等待的说明排在第几位；进行中的给出已处理的行数和字节数、比例、速度和预计剩余的秒数；\
        导入结束后 `result` 为导入报告，失败时 `problem` 说明原因。没有权做这件事的管理密钥看不到 `result`。请按 `Retry-After` 查询，不要更勤。";
    Doc::new("read_operation", OPERATIONS, "读取后台任务", description)
        .parameters([id()])
        .answer(200, "后台任务", ("Operation", examples::operation()), &[RETRY_AFTER])
        .problems(&[Code::OperationNotFound])
}

pub(crate) fn cancel() -> Doc {
    let description = "取消一个后台任务：等待的立即取消；进行中的在做完手头的一批后停下，已导入的批次保留，`result` 说明到哪里为止，\
        `all_or_nothing` 的则一行也不留。已结束的保持原样。可以重复调用。";
    Doc::new("cancel_operation", OPERATIONS, "取消后台任务", description)
        .repeatable()
        .parameters([id()])
        .answer(200, "后台任务，可能还在停下的途中", ("Operation", examples::operation()), &[RETRY_AFTER])
        .problems(&[Code::OperationNotFound, Code::Busy])
}

const RETRY_AFTER: (&str, &str) = ("Retry-After", "尚未结束时，多少秒后再看为宜");

fn id() -> Parameter {
    let schema = ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(1));
    let schema: utoipa::openapi::schema::Schema = schema.into();
    parameter(ParameterIn::Path, "id", "任务编号", schema, Some(json!(1)))
}
