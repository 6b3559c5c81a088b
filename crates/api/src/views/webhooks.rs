//! Webhooks. A secret appears once, in the answer that makes it.

use domain::access::KeyId;
use domain::{EventType, WebhookId};
use engine::{Delivery, KeyState, NewSecret, Pinged, Webhook};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

/// An address to which events are told.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Webhook)]
pub(crate) struct WebhookView {
    /// 推送编号
    #[schema(value_type = String, example = "webhook-1")]
    id: WebhookId,
    /// 推送地址
    #[schema(example = "https://portal.example.cn/hongniang/events")]
    url: String,
    /// 说明
    #[schema(example = "首页的对接进展")]
    description: String,
    /// 推送的事件
    events: Vec<EventType>,
    /// 状态：enabled 启用、disabled 由接入方停用、gone 对方答 410 后停用、failing 连续多日失败后停用、removed 已删除
    #[schema(example = "enabled")]
    state: &'static str,
    /// 所属密钥：推送的内容不超出它的权限和地区
    #[schema(value_type = String, example = "key-1")]
    key: KeyId,
    /// 所属密钥是否失效；失效后不再推送，用新密钥修改一次即转到新密钥名下
    silent: bool,
    /// 自上次成功以来失败的次数
    #[schema(example = 0)]
    failures: u64,
    /// 从何时起一直失败（RFC 3339）
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    failing_since: Option<Timestamp>,
    /// 旧的签名密钥到何时为止仍同时签名（RFC 3339）
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    old_secret_until: Option<Timestamp>,
    /// 登记时间（RFC 3339）
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// 最近修改的时间（RFC 3339）
    #[schema(value_type = String, format = DateTime)]
    changed_at: Timestamp,
}

/// An address whose secret was just made.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = NewWebhookSecret)]
pub(crate) struct NewSecretView {
    /// 推送地址的情况
    webhook: WebhookView,
    /// 签名密钥，只在此时给出，请立即妥善保存
    secret: String,
}

/// A page of addresses.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WebhookPage)]
pub(crate) struct WebhookPageView {
    /// 推送地址，先登记的在前
    pub(crate) items: Vec<WebhookView>,
    /// 下一页的游标；最后一页没有
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) next_cursor: Option<String>,
}

/// What came of a message that was sent to see whether it arrives.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WebhookPing)]
pub(crate) struct PingView {
    /// 是否送达（对方答 2xx）
    delivered: bool,
    /// 对方答复的状态码；没有答复即没有
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 204)]
    status: Option<u16>,
    /// 没有送达的原因
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "无法连接")]
    detail: Option<String>,
    /// 用时（毫秒）
    #[schema(example = 42)]
    elapsed_ms: u64,
}

/// A message on its way.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WebhookDelivery)]
pub(crate) struct DeliveryView {
    /// 推送记录的编号
    #[schema(example = 1)]
    id: u64,
    /// 推送到哪里
    #[schema(value_type = String, example = "webhook-1")]
    webhook: WebhookId,
    /// 消息编号，即请求头 `webhook-id`：同一消息无论推送几次都相同
    #[schema(example = "msg_0f5a3c1e9b7d4286a1c0e5f37b9d2468")]
    message: String,
    /// 事件
    #[schema(example = "run.published")]
    event: String,
    /// 状态：pending 待推送、delivered 已送达、dead 已放弃
    #[schema(example = "delivered")]
    state: &'static str,
    /// 已推送的次数
    #[schema(example = 1)]
    attempts: u64,
    /// 最近一次答复的状态码
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 204)]
    status: Option<u16>,
    /// 最近一次失败或放弃的原因
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "没有在时限内答复")]
    detail: Option<String>,
    /// 事件发生的时间（RFC 3339）
    #[schema(value_type = String, format = DateTime)]
    occurred_at: Timestamp,
    /// 最近一次推送的时间（RFC 3339）
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    tried_at: Option<Timestamp>,
    /// 下一次推送的时间（RFC 3339），只有待推送的有
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    next_at: Option<Timestamp>,
    /// 送达或放弃的时间（RFC 3339）
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    ended_at: Option<Timestamp>,
}

/// A page of messages on their way.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WebhookDeliveryPage)]
pub(crate) struct DeliveryPageView {
    /// 推送记录，最近的在前
    pub(crate) items: Vec<DeliveryView>,
    /// 下一页的游标；最后一页没有
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) next_cursor: Option<String>,
}

impl From<Webhook> for WebhookView {
    fn from(webhook: Webhook) -> Self {
        Self {
            id: webhook.id,
            url: webhook.url,
            description: webhook.description,
            events: webhook.events.into_iter().collect(),
            state: webhook.state.slug(),
            key: webhook.key,
            silent: webhook.key_state != KeyState::Live,
            failures: webhook.failures,
            failing_since: webhook.failing_since,
            old_secret_until: webhook.old_secret_until.filter(|until| *until > Timestamp::now()),
            created_at: webhook.created_at,
            changed_at: webhook.changed_at,
        }
    }
}

impl From<NewSecret> for NewSecretView {
    fn from(NewSecret { webhook, secret }: NewSecret) -> Self {
        Self { webhook: webhook.into(), secret }
    }
}

impl From<Pinged> for PingView {
    fn from(Pinged { delivered, status, fault, took }: Pinged) -> Self {
        let elapsed_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        Self { delivered, status, detail: fault, elapsed_ms }
    }
}

impl From<Delivery> for DeliveryView {
    fn from(delivery: Delivery) -> Self {
        Self {
            id: delivery.number,
            webhook: delivery.webhook,
            message: delivery.message,
            event: delivery.event,
            state: delivery.state.slug(),
            attempts: delivery.attempts,
            status: delivery.status,
            detail: delivery.fault,
            occurred_at: delivery.occurred_at,
            tried_at: delivery.tried_at,
            next_at: delivery.next_at,
            ended_at: delivery.ended_at,
        }
    }
}
