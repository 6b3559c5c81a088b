//! Webhooks: addresses to which events are told, and what became of the messages.

use actix_web::http::header::LOCATION;
use actix_web::{HttpRequest, HttpResponse};
use domain::access::KeyId;
use domain::{EventType, WebhookId};
use engine::{Delivery, DeliveryState, NewSecret, Webhook, WebhookChange, WebhookRequest};
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::Answer;
use crate::cursor::{self, Place};
use crate::endpoints::BASE;
use crate::extract::{Form, FormBody, Query};
use crate::gate::At;
use crate::problem::{Code, Problem};
use crate::repeats::Repeatable;
use crate::views::{DeliveryPageView, DeliveryView, NewSecretView, PingView, WebhookPageView, WebhookView};

/// Hours for which the old secret signs too, when nobody says.
const OVERLAP: u32 = 24;

/// An address that somebody wants events told to.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WebhookForm {
    /// 推送地址：https，最多 2000 个字符；不能含用户名、密码和 # 片段
    #[schema(example = "https://portal.example.cn/hongniang/events")]
    url: String,
    /// 说明，最多 200 字
    #[serde(default)]
    #[schema(example = "首页的对接进展")]
    description: String,
    /// 要推送的事件，至少一种
    #[schema(min_items = 1)]
    events: Vec<EventType>,
}

/// What is to be different at an address.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WebhookChangeForm {
    /// 推送地址，不填即不变
    #[schema(example = "https://portal.example.cn/hongniang/events")]
    url: Option<String>,
    /// 说明，不填即不变
    #[schema(example = "首页的对接进展")]
    description: Option<String>,
    /// 要推送的事件，不填即不变
    #[schema(min_items = 1)]
    events: Option<Vec<EventType>>,
    /// 是否推送；重新启用后从头计算失败次数
    #[schema(example = true)]
    enabled: Option<bool>,
}

/// What is said of a value that cannot be read.
fn expected(pointer: &str) -> Option<(&'static str, String)> {
    if pointer.starts_with("/events/") {
        let known: Vec<&str> = EventType::ALL.iter().map(|event| event.slug()).collect();
        return Some(("not_in_table", format!("没有这种事件，可用：{}", known.join("、"))));
    }
    let expected = match pointer {
        "/events" => "事件的列表",
        "/enabled" => " true 或 false",
        "/url" | "/description" => "文字",
        _ => return None,
    };
    Some(("wrong_type", format!("应为{expected}")))
}

impl Form for WebhookForm {
    const FIELDS: &'static [&'static str] = &["url", "description", "events"];
    const REQUIRED: &'static [&'static str] = &["url", "events"];

    fn expected(pointer: &str) -> Option<(&'static str, String)> {
        expected(pointer)
    }
}

impl Form for WebhookChangeForm {
    const FIELDS: &'static [&'static str] = &["url", "description", "events", "enabled"];
    const REQUIRED: &'static [&'static str] = &[];

    fn expected(pointer: &str) -> Option<(&'static str, String)> {
        expected(pointer)
    }
}

pub(crate) async fn create(
    At(desk): At,
    _: Query,
    repeatable: Repeatable,
    FormBody(form, body): FormBody<WebhookForm>,
) -> Answer {
    let WebhookForm { url, description, events } = form;
    let events = events.into_iter().collect();
    repeatable
        .once(desk, &body, async |desk| {
            // The desk has it belong to the caller's own key.
            let request = WebhookRequest { key: KeyId(0), url, description, events };
            let made = desk.create_webhook(request).await?;
            let location = format!("{BASE}/webhooks/{}", made.webhook.id);
            Ok(HttpResponse::Created().insert_header((LOCATION, location)).json(NewSecretView::from(made)))
        })
        .await
}

pub(crate) async fn list(At(desk): At, query: Query, request: HttpRequest) -> Answer {
    let fingerprint = query.fingerprint(&request, &desk);
    let place = query.place(&fingerprint)?;
    let (webhooks, next) = desk.webhooks(place.map_or(0, |place| place.number), query.limit()?).await?;
    let next_cursor = next.map(|number| cursor::write(&fingerprint, Place::number(number)));
    let items = webhooks.into_iter().map(WebhookView::from).collect();
    Ok(HttpResponse::Ok().json(WebhookPageView { items, next_cursor }))
}

pub(crate) async fn read(At(desk): At, _: Query, request: HttpRequest) -> Answer {
    Ok(shown(desk.webhook(id(&request)?).await?))
}

pub(crate) async fn update(
    At(desk): At,
    _: Query,
    request: HttpRequest,
    repeatable: Repeatable,
    FormBody(form, body): FormBody<WebhookChangeForm>,
) -> Answer {
    let id = id(&request)?;
    let WebhookChangeForm { url, description, events, enabled } = form;
    let events = events.map(|events| events.into_iter().collect());
    let change = WebhookChange { key: None, url, description, events, enabled };
    repeatable.once(desk, &body, async |desk| Ok(shown(desk.change_webhook(id, change).await?))).await
}

pub(crate) async fn remove(At(desk): At, _: Query, request: HttpRequest, repeatable: Repeatable) -> Answer {
    let id = id(&request)?;
    repeatable.once(desk, &Value::Null, async |desk| Ok(shown(desk.remove_webhook(id).await?))).await
}

pub(crate) async fn rotate(
    At(desk): At,
    query: Query,
    request: HttpRequest,
    repeatable: Repeatable,
) -> Answer {
    let id = id(&request)?;
    let hours = query.parsed("overlap_hours", " 0 到 168 的整数")?.unwrap_or(OVERLAP);
    repeatable
        .once(desk, &Value::Null, async |desk| {
            let NewSecret { webhook, secret } = desk.rotate_webhook_secret(id, hours).await?;
            Ok(HttpResponse::Ok().json(NewSecretView::from(NewSecret { webhook, secret })))
        })
        .await
}

pub(crate) async fn ping(At(desk): At, _: Query, request: HttpRequest) -> Answer {
    Ok(HttpResponse::Ok().json(PingView::from(desk.ping_webhook(id(&request)?).await?)))
}

pub(crate) async fn deliveries(At(desk): At, query: Query, request: HttpRequest) -> Answer {
    let id = id(&request)?;
    let fingerprint = query.fingerprint(&request, &desk);
    let place = query.place(&fingerprint)?;
    let state = query.one("state")?.map(state).transpose()?;
    let before = place.map_or(u64::MAX, |place| place.number);
    let (deliveries, next) = desk.deliveries(id, state, before, query.limit()?).await?;
    let next_cursor = next.map(|number| cursor::write(&fingerprint, Place::number(number)));
    let items = deliveries.into_iter().map(DeliveryView::from).collect();
    Ok(HttpResponse::Ok().json(DeliveryPageView { items, next_cursor }))
}

pub(crate) async fn retry(At(desk): At, _: Query, request: HttpRequest, repeatable: Repeatable) -> Answer {
    let (id, number) = (id(&request)?, delivery(&request)?);
    repeatable
        .once(desk, &Value::Null, async |desk| Ok(shown_delivery(desk.retry_delivery(id, number).await?)))
        .await
}

/// The answer that shows an address.
pub(crate) fn shown(webhook: Webhook) -> HttpResponse {
    HttpResponse::Ok().json(WebhookView::from(webhook))
}

/// The answer that shows a message on its way.
pub(crate) fn shown_delivery(delivery: Delivery) -> HttpResponse {
    HttpResponse::Ok().json(DeliveryView::from(delivery))
}

fn state(text: &str) -> Result<DeliveryState, Problem> {
    let found = DeliveryState::ALL.into_iter().find(|state| state.slug() == text);
    let known = DeliveryState::ALL.map(DeliveryState::slug).join("、");
    found.ok_or_else(|| Problem::parameter(Code::InvalidParameter, "state", format!("应为其中之一：{known}")))
}

/// The address that the path names.
fn id(request: &HttpRequest) -> Result<WebhookId, Problem> {
    let text = request.match_info().get("id").unwrap_or_default();
    text.parse().map_err(|_| Problem::new(Code::WebhookNotFound, "推送编号应形如 webhook-7"))
}

/// The message that the path names.
fn delivery(request: &HttpRequest) -> Result<u64, Problem> {
    let text = request.match_info().get("delivery").unwrap_or_default();
    // A sign or leading zeros would be a second address of the same message.
    let number = text.parse().ok().filter(|number: &u64| number.to_string() == text);
    number.ok_or_else(|| Problem::new(Code::DeliveryNotFound, "推送记录的编号应为整数，如 9"))
}
