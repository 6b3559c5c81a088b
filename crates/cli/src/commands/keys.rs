//! `hongniang keys`: who may call the REST API.

use anyhow::Result;
use clap::{Args, Subcommand};
use domain::Region;
use domain::access::{KeyId, Scope};
use engine::{Engine, Key, KeyRequest, NewKey};
use serde_json::{Value, json};

use super::require_state;
use crate::ending::Ending;
use crate::screen;
use crate::settings::Settings;

/// Keys read at a time.
const PAGE: u32 = 100;

const EXAMPLES: &str = "管理 REST 服务的密钥：谁可以读写什么，限于哪个地区，何时到期。服务运行时也可以使用，撤销立即生效。\n\n\
例：\n  hongniang keys create --holder 滁州市科技服务平台 --purpose 汇总本市需求 --region 安徽省滁州市 --scopes needs:read,needs:write,matches:run\n  \
hongniang keys list\n  hongniang keys revoke key-7";
const CREATE: &str = "发放一个密钥。密钥只显示这一次，系统只保存其摘要，请立即交给接入方妥善保存。\n\n\
每个接入方最多有两个有效的密钥：换发时先发新的，接入方换用之后再撤销旧的。接入方第一次出现时即登记其用途和地区，以后不变，再发时可不填。\n\n\
批量导入须同时有该登记库的写权限，建立对接活动须同时有匹配权限；可授予的权限逐项列在 --scopes 下。\n\n\
例：\n  hongniang keys create --holder 省科协平台 --purpose 全省汇总 --all\n  \
hongniang keys create --holder 滁州市科技服务平台 --purpose 汇总本市需求 --region 滁州市 --scopes needs:read,needs:write --days 180";
const LIST: &str = "列出发放过的密钥，包括已过期和已撤销的；不含密钥本身。\n\n例：\n  hongniang keys list\n  hongniang keys list --json";
const REVOKE: &str =
    "撤销一个密钥，从下一个请求起即被拒绝，不能恢复。\n\n例：\n  hongniang keys revoke key-7";

/// 管理 REST 服务的密钥
#[derive(Debug, Args)]
#[command(long_about = EXAMPLES)]
pub(crate) struct Keys {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// 发放一个密钥
    #[command(long_about = CREATE)]
    Create(Create),
    /// 列出密钥
    #[command(long_about = LIST)]
    List(List),
    /// 撤销一个密钥
    #[command(long_about = REVOKE)]
    Revoke(Revoke),
}

#[derive(Debug, Args)]
struct Create {
    /// 接入方的名称
    #[arg(long, value_name = "名称")]
    holder: String,
    /// 用途；接入方已登记过时可不填
    #[arg(long, value_name = "文字")]
    purpose: Option<String>,
    /// 所限的地区（名称或代码），含下级；不填即同已登记的，接入方未登记过时即不限
    #[arg(long, value_name = "地区")]
    region: Option<Region>,
    /// 权限，用逗号分隔，如 needs:read,matches:run
    #[arg(
        long,
        value_name = "权限",
        value_delimiter = ',',
        required_unless_present = "all",
        long_help = scopes_explained()
    )]
    scopes: Vec<Scope>,
    /// 授予全部权限
    #[arg(long, conflicts_with = "scopes")]
    all: bool,
    /// 有效天数，1 到 1096 [默认：365]
    #[arg(long, value_name = "天数", default_value_t = 365)]
    days: u32,
    /// 以 JSON 输出结果
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct List {
    /// 以 JSON 输出结果
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct Revoke {
    /// 密钥编号，如 key-7
    #[arg(value_name = "编号")]
    id: KeyId,
    /// 以 JSON 输出结果
    #[arg(long)]
    json: bool,
}

/// What may be granted, from the scopes themselves.
fn scopes_explained() -> String {
    let lines = Scope::ALL.iter().map(|scope| format!("\n  {:<20} {}", scope.slug(), scope.label()));
    format!("权限，用逗号分隔，如 needs:read,matches:run。可用：{}", lines.collect::<String>())
}

impl Keys {
    pub(super) async fn run(self, settings: &Settings) -> Result<Ending> {
        if !matches!(self.action, Action::Create(_)) {
            require_state(settings)?;
        }
        let engine = Engine::open(&settings.engine).await?;
        let outcome = match self.action {
            Action::Create(create) => create.run(&engine).await,
            Action::List(list) => list.run(&engine).await,
            Action::Revoke(revoke) => revoke.run(&engine).await,
        };
        engine.close().await;
        outcome.map(|()| Ending::Done)
    }
}

impl Create {
    async fn run(self, engine: &Engine) -> Result<()> {
        let scopes =
            if self.all { Scope::ALL.iter().copied().collect() } else { self.scopes.into_iter().collect() };
        let (holder, purpose, region) = (self.holder, self.purpose, self.region);
        let request = KeyRequest { holder, purpose, region, scopes, good_for: KeyRequest::days(self.days) };
        let NewKey { key, token } = engine.create_key(&request).await?;
        if self.json {
            let mut told = key_json(&key);
            told["token"] = json!(token.reveal());
            screen::print_json(&told)
        } else {
            let token = token.reveal();
            let said = format!("{}\n密钥（只显示这一次，请妥善保存）：\n{token}", told(&key));
            Ok(screen::print(&said)?)
        }
    }
}

impl List {
    async fn run(self, engine: &Engine) -> Result<()> {
        let mut keys: Vec<Key> = Vec::new();
        loop {
            let page = engine.keys(keys.last().map_or(0, |key| key.id.0), PAGE).await?;
            if page.is_empty() {
                break;
            }
            keys.extend(page);
        }
        if self.json {
            return screen::print_json(&keys.iter().map(key_json).collect::<Vec<_>>());
        }
        let lines: Vec<String> = keys.iter().map(told).collect();
        let text = if lines.is_empty() { "还没有发放过密钥".to_owned() } else { lines.join("\n") };
        Ok(screen::print(&text)?)
    }
}

impl Revoke {
    async fn run(self, engine: &Engine) -> Result<()> {
        let key = engine.revoke_key(self.id).await?;
        if self.json { screen::print_json(&key_json(&key)) } else { Ok(screen::print(&told(&key))?) }
    }
}

fn told(key: &Key) -> String {
    let region = key.region.map_or_else(|| "不限地区".to_owned(), Region::full_name);
    let scopes: Vec<&str> = key.scopes.iter().map(|scope| scope.slug()).collect();
    let used = key.last_used_at.map_or_else(|| "未用过".to_owned(), |at| format!("最近使用 {}", day(at)));
    format!(
        "{}  {}  {}  {region}\n    用途：{}\n    权限：{}\n    到期 {}  {used}",
        key.id,
        key.state().label(),
        key.holder,
        key.purpose,
        scopes.join("、"),
        day(key.expires_at)
    )
}

/// The day in China.
pub(super) fn day(at: jiff::Timestamp) -> jiff::civil::Date {
    at.to_zoned(domain::china()).date()
}

fn key_json(key: &Key) -> Value {
    json!({
        "id": key.id,
        "holder": key.holder,
        "purpose": key.purpose,
        "region": key.region,
        "scopes": key.scopes,
        "state": key.state().slug(),
        "created_at": key.created_at,
        "expires_at": key.expires_at,
        "revoked_at": key.revoked_at,
        "last_used_at": key.last_used_at,
    })
}
