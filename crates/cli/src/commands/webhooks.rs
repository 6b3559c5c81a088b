//! `hongniang webhooks`: addresses to which portals have events told; the service sends the messages.

use std::collections::BTreeSet;

use anyhow::Result;
use clap::{Args, Subcommand};
use domain::access::KeyId;
use domain::{EventType, WebhookId};
use engine::{Delivery, DeliveryState, Engine, KeyState, NewSecret, Webhook, WebhookRequest};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::require_state;
use crate::ending::Ending;
use crate::screen;
use crate::settings::Settings;

/// Rows read at a time.
const PAGE: u32 = 100;

const EXAMPLES: &str = "事件推送：新批次发布、需求有新的匹配时，由服务向接入方登记的地址发送消息（Standard Webhooks，见 docs/webhooks.md）。\
接入方平时自己经接口登记和管理；这里供管理员查看、代为登记和处理没有送达的消息。\n\n\
例：\n  hongniang webhooks list\n  \
hongniang webhooks add --key key-7 --url https://portal.example.cn/events --events run.published\n  \
hongniang webhooks ping webhook-1\n  hongniang webhooks dead\n  hongniang webhooks retry 12";
const LIST: &str =
    "列出推送地址：属于哪个密钥、推送什么、是否有失败。\n\n例：\n  hongniang webhooks list --json";
const ADD: &str = "为一个密钥的接入方登记推送地址。签名密钥只显示这一次，请立即交给接入方妥善保存。推送的内容不超出该密钥的权限和地区。\n\n\
地址须为 https；内部网络的地址先在配置的 webhooks.allow 中放行。事件：run.published（匹配批次已发布）、need.matches_changed（需求有新的匹配）。\n\n\
例：\n  hongniang webhooks add --key key-7 --url https://portal.example.cn/events --events run.published,need.matches_changed";
const REMOVE: &str =
    "删除一个推送地址及其签名密钥，尚未送达的消息不再推送。\n\n例：\n  hongniang webhooks remove webhook-1";
const PING: &str = "从本机向推送地址发送一个 webhook.ping 事件并告知结果，没有送达时退出码为 3。只发一次，不影响其他消息。\n\n\
例：\n  hongniang webhooks ping webhook-1";
const RETRY: &str = "把消息重新推送（由服务执行），重试的间隔从头计算；已送达的也会再送一次。\n\n例：\n  hongniang webhooks retry 12 13";
const DEAD: &str = "列出已放弃的消息及原因，最近的在前。\n\n例：\n  hongniang webhooks dead --limit 50";

/// 查看和管理事件推送
#[derive(Debug, Args)]
#[command(long_about = EXAMPLES)]
pub(crate) struct Webhooks {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// 列出推送地址
    #[command(long_about = LIST)]
    List(List),
    /// 为一个密钥登记推送地址
    #[command(long_about = ADD)]
    Add(Add),
    /// 删除一个推送地址
    #[command(long_about = REMOVE)]
    Remove(One),
    /// 试推送一个消息
    #[command(long_about = PING)]
    Ping(One),
    /// 重新推送消息
    #[command(long_about = RETRY)]
    Retry(Retry),
    /// 列出已放弃的消息
    #[command(long_about = DEAD)]
    Dead(Dead),
}

#[derive(Debug, Args)]
struct List {
    /// 以 JSON 输出结果
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct Add {
    /// 所属的密钥，如 key-7
    #[arg(long, value_name = "编号")]
    key: KeyId,
    /// 推送地址
    #[arg(long, value_name = "地址")]
    url: String,
    /// 说明
    #[arg(long, value_name = "文字", default_value = "")]
    description: String,
    /// 事件，用逗号分隔，如 run.published,need.matches_changed
    #[arg(long, value_name = "事件", value_delimiter = ',', required = true)]
    events: Vec<EventType>,
    /// 以 JSON 输出结果
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct One {
    /// 推送编号，如 webhook-1
    #[arg(value_name = "编号")]
    id: WebhookId,
    /// 以 JSON 输出结果
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct Retry {
    /// 推送记录的编号，可以是多个
    #[arg(value_name = "编号", required = true)]
    numbers: Vec<u64>,
    /// 以 JSON 输出结果
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct Dead {
    /// 最多列出几条
    #[arg(long, value_name = "条数", default_value_t = 20)]
    limit: u32,
    /// 以 JSON 输出结果
    #[arg(long)]
    json: bool,
}

impl Webhooks {
    pub(super) async fn run(self, settings: &Settings) -> Result<Ending> {
        require_state(settings)?;
        let engine = Engine::open(&settings.engine).await?;
        let outcome = match self.action {
            Action::List(list) => list.run(&engine).await,
            Action::Add(add) => add.run(&engine).await,
            Action::Remove(one) => one.remove(&engine).await,
            Action::Ping(one) => one.ping(&engine).await,
            Action::Retry(retry) => retry.run(&engine).await,
            Action::Dead(dead) => dead.run(&engine).await,
        };
        engine.close().await;
        outcome
    }
}

impl List {
    async fn run(self, engine: &Engine) -> Result<Ending> {
        let mut all: Vec<Webhook> = Vec::new();
        loop {
            let page = engine.webhooks(None, all.last().map_or(0, |last| last.id.0), PAGE).await?;
            if page.is_empty() {
                break;
            }
            all.extend(page);
        }
        if self.json {
            screen::print_json(&all.iter().map(webhook_json).collect::<Vec<_>>())?;
        } else {
            let lines: Vec<String> = all.iter().map(told).collect();
            screen::print(&if lines.is_empty() {
                "还没有推送地址".to_owned()
            } else {
                lines.join("\n")
            })?;
        }
        Ok(Ending::Done)
    }
}

impl Add {
    async fn run(self, engine: &Engine) -> Result<Ending> {
        let Self { key, url, description, events, json } = self;
        let events: BTreeSet<EventType> = events.into_iter().collect();
        let request = WebhookRequest { key, url, description, events };
        let NewSecret { webhook, secret } = engine.add_webhook(&request).await?;
        if json {
            let mut said = webhook_json(&webhook);
            said["secret"] = json!(secret);
            screen::print_json(&said)?;
        } else {
            screen::print(&format!("{}\n签名密钥（只显示这一次，请妥善保存）：\n{secret}", told(&webhook)))?;
        }
        Ok(Ending::Done)
    }
}

impl One {
    async fn remove(self, engine: &Engine) -> Result<Ending> {
        let webhook = engine.remove_webhook(self.id).await?;
        if self.json {
            screen::print_json(&webhook_json(&webhook))?;
        } else {
            screen::print(&told(&webhook))?;
        }
        Ok(Ending::Done)
    }

    async fn ping(self, engine: &Engine) -> Result<Ending> {
        let pinged = engine.ping_webhook(self.id).await?;
        let took = pinged.took.as_millis();
        if self.json {
            screen::print_json(&json!({
                "delivered": pinged.delivered, "status": pinged.status, "detail": pinged.fault, "elapsed_ms": took
            }))?;
        } else {
            let said = match &pinged.fault {
                None => format!("已送达，用时 {took} 毫秒"),
                Some(fault) => format!("没有送达：{fault}（{took} 毫秒）"),
            };
            screen::print(&said)?;
        }
        Ok(if pinged.delivered { Ending::Done } else { Ending::Findings })
    }
}

impl Retry {
    async fn run(self, engine: &Engine) -> Result<Ending> {
        let mut again = Vec::new();
        for number in self.numbers {
            let webhook = engine.delivery(number).await?.webhook;
            again.push(engine.retry_delivery(webhook, number).await?);
        }
        deliveries(&again, self.json)
    }
}

impl Dead {
    async fn run(self, engine: &Engine) -> Result<Ending> {
        let dead = engine.deliveries(None, Some(DeliveryState::Dead), u64::MAX, self.limit).await?;
        deliveries(&dead, self.json)
    }
}

fn deliveries(all: &[Delivery], as_json: bool) -> Result<Ending> {
    if as_json {
        screen::print_json(&all.iter().map(delivery_json).collect::<Vec<_>>())?;
    } else {
        let lines: Vec<String> = all.iter().map(line).collect();
        screen::print(&if lines.is_empty() { "没有这样的消息".to_owned() } else { lines.join("\n") })?;
    }
    Ok(Ending::Done)
}

fn told(webhook: &Webhook) -> String {
    let events: Vec<&str> = webhook.events.iter().map(|event| event.slug()).collect();
    let silent = match webhook.key_state {
        KeyState::Live => String::new(),
        state => format!("（密钥{}，不再推送）", state.label()),
    };
    let mut text = format!(
        "{}  {}  {}  {}{silent}\n    地址：{}\n    事件：{}",
        webhook.id,
        webhook.state.label(),
        webhook.holder,
        webhook.key,
        webhook.url,
        events.join("、")
    );
    if let Some(since) = webhook.failing_since {
        text.push_str(&format!("\n    从 {} 起失败 {} 次", minute(since), webhook.failures));
    }
    if !webhook.description.is_empty() {
        text.push_str(&format!("\n    说明：{}", webhook.description));
    }
    text
}

fn line(delivery: &Delivery) -> String {
    let fault = delivery.fault.as_deref().map(|fault| format!("  {fault}")).unwrap_or_default();
    format!(
        "{}  {}  {}  {}  {}  推送 {} 次{fault}",
        delivery.number,
        delivery.state.label(),
        delivery.webhook,
        delivery.event,
        minute(delivery.occurred_at),
        delivery.attempts
    )
}

/// The minute in China.
fn minute(at: Timestamp) -> String {
    at.to_zoned(domain::china()).strftime("%Y-%m-%d %H:%M").to_string()
}

fn webhook_json(webhook: &Webhook) -> Value {
    json!({
        "id": webhook.id,
        "url": webhook.url,
        "description": webhook.description,
        "events": webhook.events,
        "state": webhook.state.slug(),
        "key": webhook.key,
        "key_state": webhook.key_state.slug(),
        "holder": webhook.holder,
        "region": webhook.region,
        "failures": webhook.failures,
        "failing_since": webhook.failing_since,
        "created_at": webhook.created_at,
        "changed_at": webhook.changed_at,
    })
}

fn delivery_json(delivery: &Delivery) -> Value {
    json!({
        "id": delivery.number,
        "webhook": delivery.webhook,
        "message": delivery.message,
        "event": delivery.event,
        "state": delivery.state.slug(),
        "attempts": delivery.attempts,
        "status": delivery.status,
        "detail": delivery.fault,
        "occurred_at": delivery.occurred_at,
        "tried_at": delivery.tried_at,
        "next_at": delivery.next_at,
        "ended_at": delivery.ended_at,
    })
}
