//! What is said about keys.

use serde_json::json;

use super::doc::Doc;
use super::registry::body_problems;
use super::{KEYS, examples, parameters};
use crate::problem::Code;

pub(crate) fn create() -> Doc {
    let description = "为一个接入方发放密钥。密钥本身（`token`）只在这次应答中出现，系统只保存其摘要，请立即交给接入方妥善保存。\
        接入方第一次出现时即登记其用途和地区，以后不变，再发时可不填。每个接入方最多有两个有效的密钥。\
        重发同一请求（`Idempotency-Key`）不会再发一个，但密钥本身不能再给出，答 409 `token_already_shown`：没有收到的，撤销后另发。\
        只能授予本密钥自己也有的权限；限于某地区的管理密钥只能为本地区（含下级）的接入方发放。";
    Doc::new("create_key", KEYS, "发放密钥", description)
        .repeatable()
        .json_body("KeyForm", examples::key_form())
        .answer(201, "已发放", ("NewKey", examples::new_key()), &[("Location", "新密钥的地址")])
        .problems(&body_problems())
        .problems(&[
            Code::OutsideRegion,
            Code::TooManyKeys,
            Code::HolderDiffers,
            Code::Busy,
            Code::InsufficientStorage,
            Code::TokenAlreadyShown,
        ])
}

pub(crate) fn list() -> Doc {
    let description = "按发放的先后列出密钥，已过期和已撤销的也在内；限于某地区的管理密钥只见本地区的。";
    Doc::new("list_keys", KEYS, "列出密钥", description)
        .parameters([parameters::cursor(), parameters::limit()])
        .answer(200, "一页密钥", ("KeyPage", json!({"items": [examples::key()]})), &[])
        .problems(&[Code::InvalidParameter, Code::InvalidCursor])
}

pub(crate) fn current() -> Doc {
    let description = "本次请求所用的密钥：属于谁，有哪些权限，限于哪个地区，何时到期。";
    Doc::new("read_current_key", KEYS, "读取自己的密钥", description).answer(
        200,
        "密钥",
        ("Key", examples::key()),
        &[],
    )
}

pub(crate) fn read() -> Doc {
    Doc::new("read_key", KEYS, "读取密钥", "读取一个密钥的情况；不含密钥本身。")
        .parameters([parameters::key_id()])
        .answer(200, "密钥", ("Key", examples::key()), &[])
        .problems(&[Code::KeyNotFound])
}

pub(crate) fn revoke() -> Doc {
    let description = "撤销一个密钥：从下一个请求起即被拒绝，不能恢复。已撤销的再撤销一次，结果相同。";
    Doc::new("revoke_key", KEYS, "撤销密钥", description)
        .repeatable()
        .parameters([parameters::key_id()])
        .answer(200, "已撤销的密钥", ("Key", examples::revoked_key()), &[])
        .problems(&[Code::KeyNotFound, Code::Busy, Code::InsufficientStorage])
}
