//! What is said about contacts in full and the audit log.

use domain::Kind;
use engine::Action;
use serde_json::json;
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, SchemaFormat, Type};

use super::doc::{Doc, text};
use super::registry::body_problems;
use super::{AUDIT, examples, parameters};
use crate::problem::Code;

pub(crate) fn reveal(kind: Kind) -> Doc {
    let label = kind.label();
    let description = format!(
        "读取一条{label}未脱敏的联系方式。须写明用途：用途先记入审计记录，然后才给出联系方式。限于某地区的密钥只能读本地区的。\
        请只用于写明的用途，不要另行保存。"
    );
    Doc::new(&format!("reveal_{kind}_contact"), label, format!("读取{label}的联系方式"), description)
        .parameters([parameters::id(kind)])
        .json_body("RevealForm", json!({"purpose": "电话约定现场对接的时间"}))
        .answer(200, "联系方式", ("Contact", examples::whole_contact()), &[])
        .problems(&body_problems())
        .problems(&[Code::RecordNotFound, Code::OutsideRegion, Code::Busy, Code::InsufficientStorage])
}

pub(crate) fn list() -> Doc {
    let moment = |name: &str, about: &str| {
        let format = Some(SchemaFormat::KnownFormat(KnownFormat::DateTime));
        let schema = ObjectBuilder::new().schema_type(Type::String).format(format).into();
        parameters::query(name, about, schema, Some(json!("2026-05-12T00:00:00+08:00")))
    };
    let codes: Vec<&str> = Action::ALL.iter().map(|action| action.code()).collect();
    let description = "谁、何时、从哪里、对哪条记录做了什么、结果如何，最近的在前。记录只增不改，逐条以散列相连。\
        不含个人信息。限于某地区的密钥只见自己的请求。";
    Doc::new("list_audit_rows", AUDIT, "列出审计记录", description)
        .parameters([
            parameters::cursor(),
            parameters::limit(),
            moment("since", "只要此时刻及以后的，带时区（RFC 3339）"),
            moment("until", "只要此时刻以前的，带时区（RFC 3339）"),
            parameters::query(
                "actor",
                "只要这个操作者的：密钥编号、用户，或操作者的类别",
                text(),
                Some(json!("key-1")),
            ),
            parameters::query(
                "record",
                "只要关于这条记录（含写入过它的批量导入）或这个登记库的",
                text(),
                Some(json!("need-1")),
            ),
            parameters::choice("action", "只要这种操作", &codes, "contact.reveal"),
        ])
        .answer(200, "一页审计记录", ("AuditPage", json!({"items": [examples::audit_row()]})), &[])
        .problems(&[Code::InvalidParameter, Code::InvalidCursor])
}
