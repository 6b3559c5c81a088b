//! Webhooks.

use domain::EventType;
use engine::DeliveryState;
use serde_json::{Value, json};
use utoipa::openapi::path::{Parameter, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};

use super::doc::{Doc, parameter};
use super::registry::body_problems;
use super::{WEBHOOKS, parameters};
use crate::problem::Code;

pub(crate) fn create() -> Doc {
    let events: Vec<String> =
        EventType::ALL.iter().map(|event| format!("`{}` {}", event.slug(), event.label())).collect();
    let description = format!(
        "登记一个推送地址：事件发生后，系统向它发送 POST 请求（Standard Webhooks 1.0.0）。事件：{}。\
        推送的内容不超出本密钥的权限和地区，不含联系方式，要看详情请按其中的地址来读。\
        签名密钥（`secret`）只在这次应答中出现，请立即妥善保存，并用它核对每个请求的 `webhook-signature`。\
        对方应在 15 秒内答 2xx；没有送达的按 5 秒、5 分钟、30 分钟、2 小时……24 小时的间隔重试，约三天后放弃。\
        同一消息可能推送不止一次，请按 `webhook-id` 剔除重复的。地址须为 https、可从公网到达；内部网络的地址由管理员放行。\
        重发同一请求（`Idempotency-Key`）不会再登记一个，但签名密钥不能再给出，答 409 `secret_already_shown`。",
        events.join("、")
    );
    Doc::new("create_webhook", WEBHOOKS, "登记推送地址", description)
        .repeatable()
        .json_body("WebhookForm", form())
        .answer(201, "已登记", ("NewWebhookSecret", new_secret()), &[("Location", "新推送地址的地址")])
        .problems(&body_problems())
        .problems(&[Code::TooManyWebhooks, Code::Busy, Code::InsufficientStorage, Code::SecretAlreadyShown])
}

pub(crate) fn list() -> Doc {
    let description =
        "按登记的先后列出本接入方的推送地址；有管理权限的密钥还能看到其地区内其他接入方的。已删除的不在内。";
    Doc::new("list_webhooks", WEBHOOKS, "列出推送地址", description)
        .parameters([parameters::cursor(), parameters::limit()])
        .answer(200, "一页推送地址", ("WebhookPage", json!({"items": [webhook()]})), &[])
        .problems(&[Code::InvalidParameter, Code::InvalidCursor])
}

pub(crate) fn read() -> Doc {
    Doc::new("read_webhook", WEBHOOKS, "读取推送地址", "一个推送地址的情况；不含签名密钥。")
        .parameters([id()])
        .answer(200, "推送地址", ("Webhook", webhook()), &[])
        .problems(&[Code::WebhookNotFound])
}

pub(crate) fn update() -> Doc {
    let description = "只改所填的各项。修改后该地址归本次请求所用的密钥：换发密钥时，用新密钥修改一次（请求体可以是 `{}`），\
        旧密钥撤销后推送不会中断。因失败或 410 停用的，解决后把 `enabled` 设为 true 重新启用。";
    Doc::new("update_webhook", WEBHOOKS, "修改推送地址", description)
        .repeatable()
        .parameters([id()])
        .json_body("WebhookChangeForm", json!({"description": "首页的对接进展", "enabled": true}))
        .answer(200, "修改后的推送地址", ("Webhook", webhook()), &[])
        .problems(&body_problems())
        .problems(&[Code::WebhookNotFound, Code::Busy, Code::InsufficientStorage])
}

pub(crate) fn remove() -> Doc {
    let description = "删除一个推送地址及其签名密钥；尚未送达的消息不再推送。";
    let mut removed = webhook();
    removed["state"] = json!("removed");
    Doc::new("delete_webhook", WEBHOOKS, "删除推送地址", description)
        .repeatable()
        .parameters([id()])
        .answer(200, "已删除的推送地址", ("Webhook", removed), &[])
        .problems(&[Code::WebhookNotFound, Code::Busy, Code::InsufficientStorage])
}

pub(crate) fn rotate() -> Doc {
    let description = "换一个签名密钥，新密钥只在这次应答中出现。此后一段时间（缺省 24 小时）每个请求带两个签名，新旧密钥都能核对，\
        请在此期间换用；旧密钥已泄露时把 `overlap_hours` 设为 0，立即停用。";
    let schema: Schema = ObjectBuilder::new()
        .schema_type(Type::Integer)
        .minimum(Some(0))
        .maximum(Some(168))
        .default(Some(json!(24)))
        .into();
    let hours = parameters::query("overlap_hours", "旧密钥还签名多少小时", schema, Some(json!(24)));
    let mut rotated = new_secret();
    rotated["webhook"]["old_secret_until"] = json!("2026-05-13T01:30:00Z");
    Doc::new("rotate_webhook_secret", WEBHOOKS, "换签名密钥", description)
        .repeatable()
        .parameters([id(), hours])
        .answer(200, "新的签名密钥", ("NewWebhookSecret", rotated), &[])
        .problems(&[
            Code::InvalidParameter,
            Code::WebhookNotFound,
            Code::Busy,
            Code::InsufficientStorage,
            Code::SecretAlreadyShown,
        ])
}

pub(crate) fn ping() -> Doc {
    let description = "立即向推送地址发送一个 `webhook.ping` 事件，并告知结果。只发一次，不重试，不影响其他消息；停用的地址也可以试。\
        前一次还没有结果时答 409。";
    Doc::new("ping_webhook", WEBHOOKS, "试推送", description)
        .parameters([id()])
        .answer(
            200,
            "试推送的结果",
            ("WebhookPing", json!({"delivered": true, "status": 204, "elapsed_ms": 42})),
            &[],
        )
        .problems(&[Code::WebhookNotFound, Code::RequestInProgress, Code::Busy, Code::InsufficientStorage])
}

pub(crate) fn deliveries() -> Doc {
    let description =
        "推送到一个地址的消息及其结果，最近的在前。已送达的保留 7 天，已放弃的保留 30 天（由管理员设置）。";
    let states = ObjectBuilder::new()
        .schema_type(Type::String)
        .enum_values(Some(DeliveryState::ALL.map(DeliveryState::slug)));
    let state = parameters::query("state", "只要这种状态的", states.into(), None);
    Doc::new("list_webhook_deliveries", WEBHOOKS, "列出推送记录", description)
        .parameters([id(), state, parameters::cursor(), parameters::limit()])
        .answer(200, "一页推送记录", ("WebhookDeliveryPage", json!({"items": [delivered()]})), &[])
        .problems(&[Code::InvalidParameter, Code::InvalidCursor, Code::WebhookNotFound])
}

pub(crate) fn retry() -> Doc {
    let description =
        "把一个消息重新推送，不论它已放弃、已送达还是在等待；重试的间隔从头计算。正在推送的保持原样。";
    let number: Schema = ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(1)).into();
    let number = parameter(ParameterIn::Path, "delivery", "推送记录的编号", number, Some(json!(1)));
    let mut again = delivered();
    for gone in ["status", "tried_at", "ended_at"] {
        again.as_object_mut().map(|fields| fields.remove(gone));
    }
    again["state"] = json!("pending");
    again["attempts"] = json!(0);
    again["next_at"] = json!("2026-11-20T18:10:00Z");
    Doc::new("retry_webhook_delivery", WEBHOOKS, "重新推送", description)
        .repeatable()
        .parameters([id(), number])
        .answer(200, "推送记录", ("WebhookDelivery", again), &[])
        .problems(&[Code::WebhookNotFound, Code::DeliveryNotFound, Code::Busy, Code::InsufficientStorage])
}

fn id() -> Parameter {
    let pattern = ObjectBuilder::new().schema_type(Type::String).pattern(Some("^webhook-[1-9][0-9]{0,18}$"));
    let schema: Schema = pattern.into();
    parameter(ParameterIn::Path, "id", "推送编号，形如 `webhook-7`", schema, Some(json!("webhook-1")))
}

fn form() -> Value {
    json!({
        "url": "https://portal.example.cn/hongniang/events", "description": "首页的对接进展",
        "events": EventType::ALL
    })
}

fn webhook() -> Value {
    let mut webhook = form();
    for (name, value) in [
        ("id", json!("webhook-1")),
        ("state", json!("enabled")),
        ("key", json!("key-1")),
        ("silent", json!(false)),
        ("failures", json!(0)),
        ("created_at", json!("2026-05-12T01:30:00Z")),
        ("changed_at", json!("2026-05-12T01:30:00Z")),
    ] {
        webhook[name] = value;
    }
    webhook
}

fn new_secret() -> Value {
    json!({"webhook": webhook(), "secret": "whsec_（只在此时给出）"})
}

fn delivered() -> Value {
    json!({
        "id": 1, "webhook": "webhook-1", "message": "msg_0f5a3c1e9b7d4286a1c0e5f37b9d2468", "event": "run.published",
        "state": "delivered", "attempts": 1, "status": 204, "occurred_at": "2026-11-20T18:05:31Z",
        "tried_at": "2026-11-20T18:05:32Z", "ended_at": "2026-11-20T18:05:32Z"
    })
}
