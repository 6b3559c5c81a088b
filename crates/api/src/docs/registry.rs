//! What is said about keeping a registry.

use domain::Kind;
use serde_json::json;

use super::doc::{Doc, text};
use super::schemas::{form_name, page_name, view_name};
use super::{examples, parameters};
use crate::problem::Code;

const RECORD_HEADERS: [(&str, &str); 1] = [("ETag", "记录的版本，修改时放进 If-Match")];

pub(crate) fn create(kind: Kind) -> Doc {
    let label = kind.label();
    let description = format!(
        "登记一条{label}。所有字段一次检查完，不合格时逐项说明。未给 `external_id` 时由系统编一个；已被占用时答 409，不论占用它的记录属于哪个地区。{}",
        of_duplicates(kind)
    );
    Doc::new(&format!("create_{kind}"), label, format!("登记{label}"), description)
        .repeatable()
        .json_body(form_name(kind), examples::form(kind))
        .answer(
            201,
            "已登记",
            (&view_name(kind), examples::view(kind)),
            &[("Location", "新记录的地址"), RECORD_HEADERS[0]],
        )
        .problems(&body_problems())
        .problems(&[
            Code::AlreadyExists,
            Code::OutsideRegion,
            Code::OutcomeUnknown,
            Code::InsufficientStorage,
            Code::RecordNotFound,
        ])
}

pub(crate) fn list(kind: Kind) -> Doc {
    let label = kind.label();
    let description = format!(
        "按登记先后列出{label}，缺省含各种状态。`external_id` 用于按来源系统的编号查找；各条件之间为“且”。要取全部记录，请用导出。"
    );
    let external_id = parameters::query(
        "external_id",
        "只要外部编号与此相同的记录",
        text(),
        Some(examples::form(kind)["external_id"].clone()),
    );
    let example = json!({"items": [examples::view(kind)], "total": 1});
    Doc::new(&format!("list_{}", kind.plural()), label, format!("列出{label}"), description)
        .parameters([
            parameters::cursor(),
            parameters::limit(),
            parameters::status("只要这些状态；缺省为全部"),
            parameters::updated_since(),
            external_id,
            parameters::flag("total", "是否同时给出总数；总数要另行计数，不需要时请勿索取"),
        ])
        .answer(200, "一页记录", (&page_name(kind), example), &[])
        .problems(&[Code::InvalidParameter, Code::InvalidCursor])
}

pub(crate) fn read(kind: Kind) -> Doc {
    let label = kind.label();
    let description = format!("读取一条{label}，联系方式已脱敏。已撤回的记录也能读到。");
    Doc::new(&format!("read_{kind}"), label, format!("读取{label}"), description)
        .parameters([parameters::id(kind), parameters::if_none_match()])
        .answer(200, "记录", (&view_name(kind), examples::view(kind)), &RECORD_HEADERS)
        .empty_answer(304, "记录未变")
        .problems(&[Code::RecordNotFound])
}

pub(crate) fn replace(kind: Kind) -> Doc {
    let label = kind.label();
    let description = format!(
        "用登记表的内容替换一条{label}：未填的字段即清空，但 `contact`、`status`、`external_id`{} 未填时保持原样。内容与原来相同时版本不变。{}",
        if kind == Kind::Expert { "、`consent`（本人同意的范围）" } else { "" },
        of_duplicates(kind)
    );
    Doc::new(&format!("replace_{kind}"), label, format!("修改{label}"), description)
        .repeatable()
        .parameters([parameters::id(kind), parameters::if_match()])
        .json_body(form_name(kind), examples::form(kind))
        .answer(200, "修改后的记录", (&view_name(kind), examples::view(kind)), &RECORD_HEADERS)
        .problems(&body_problems())
        .problems(&change_problems())
        .problems(&[Code::AlreadyExists])
}

pub(crate) fn withdraw(kind: Kind) -> Doc {
    let label = kind.label();
    let description = format!(
        "撤回一条{label}：状态改为 withdrawn，不再参与检索和匹配，记录本身保留备查。要恢复，请修改记录并将 `status` 设为 open。"
    );
    Doc::new(&format!("withdraw_{kind}"), label, format!("撤回{label}"), description)
        .repeatable()
        .parameters([parameters::id(kind), parameters::if_match()])
        .answer(200, "撤回后的记录", (&view_name(kind), examples::withdrawn(kind)), &RECORD_HEADERS)
        .problems(&change_problems())
}

const fn of_duplicates(kind: Kind) -> &'static str {
    match kind {
        Kind::Need => "与库中其他需求疑似重复时照常登记，应答的 `duplicates` 指明是哪些。",
        _ => "",
    }
}

/// Problems of operations with a JSON body.
pub(super) fn body_problems() -> [Code; 6] {
    [
        Code::InvalidForm,
        Code::InvalidJson,
        Code::BrokenBody,
        Code::BodyTimeout,
        Code::BodyTooLarge,
        Code::UnsupportedMediaType,
    ]
}

fn change_problems() -> [Code; 8] {
    [
        Code::RecordNotFound,
        Code::OutsideRegion,
        Code::StaleRevision,
        Code::IfMatchRequired,
        Code::InvalidIfMatch,
        Code::Busy,
        Code::OutcomeUnknown,
        Code::InsufficientStorage,
    ]
}
