//! `hongniang contacts`: a contact in full, on record; the keys that contacts lie under.

use anyhow::{Result, anyhow};
use clap::{Args, Subcommand};
use domain::{Contact, Kind, RecordId};
use engine::{Engine, KeyInUse, Rotation};
use serde_json::{Value, json};

use super::{bar, require_state};
use crate::ending::Ending;
use crate::screen;
use crate::settings::Settings;

const EXAMPLES: &str = "联系方式加密存放，平时只显示打了星号的。查看全文要写明用途，并先记入审计日志。\n\n\
例：\n  hongniang contacts show need-20 --purpose 通知企业参加对接会\n  hongniang contacts keys\n  hongniang contacts rotate";
const SHOW: &str = "显示一条记录的联系方式全文。用途会记入审计日志，并长期保存，请勿在其中写入人名和电话。\n\n\
例：\n  hongniang contacts show need-20 --purpose 通知企业参加对接会";
const ROTATE: &str = "在密钥环里加一把新密钥，并用它把全部联系方式重新加密。服务照常运行；中断后再运行一次即可接着做完。\n\
旧密钥仍留在密钥环里，因为旧备份还要用到。换过密钥后请重新保管密钥环。\n\n\
例：\n  hongniang contacts rotate --data-dir /var/lib/hongniang";
const KEYS: &str =
    "列出密钥的名称和各自加密的联系方式条数；不显示密钥本身。\n\n例：\n  hongniang contacts keys --json";

/// 查看联系方式，轮换其密钥
#[derive(Debug, Args)]
#[command(long_about = EXAMPLES)]
pub(crate) struct Contacts {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// 显示一条记录的联系方式全文
    #[command(long_about = SHOW)]
    Show {
        /// 记录编号，如 need-20，或外部编号
        #[arg(value_name = "编号")]
        record: String,
        /// 用途，2 到 200 字
        #[arg(long, value_name = "文字")]
        purpose: String,
        /// 以 JSON 输出结果
        #[arg(long)]
        json: bool,
    },
    /// 换一把密钥，重新加密全部联系方式
    #[command(long_about = ROTATE)]
    Rotate {
        /// 以 JSON 输出结果
        #[arg(long)]
        json: bool,
    },
    /// 列出密钥的名称和用量
    #[command(long_about = KEYS)]
    Keys {
        /// 以 JSON 输出结果
        #[arg(long)]
        json: bool,
    },
}

impl Contacts {
    pub(super) async fn run(self, settings: &Settings) -> Result<Ending> {
        require_state(settings)?;
        let engine = Engine::open(&settings.engine).await?;
        match self.action {
            Action::Show { record, purpose, json } => show(&engine, &record, &purpose, json).await?,
            Action::Rotate { json } => rotate(&engine, json).await?,
            Action::Keys { json } => keys(&engine, json).await?,
        }
        engine.close().await;
        Ok(Ending::Done)
    }
}

async fn show(engine: &Engine, name: &str, purpose: &str, as_json: bool) -> Result<()> {
    let id = anywhere(engine, name).await?;
    let contact = engine.reveal_contact(id, purpose).await?.into_contact();
    let fields = fields(&contact);
    if as_json {
        let mut value: Value =
            fields.iter().map(|(key, _, value)| ((*key).to_owned(), json!(value))).collect();
        value["id"] = json!(id);
        return screen::print_json(&value);
    }
    let known = fields.iter().filter_map(|(_, label, value)| Some(format!("{label}：{}\n", value.as_ref()?)));
    let known: String = known.collect();
    Ok(screen::print(if known.is_empty() { "没有联系方式" } else { &known })?)
}

fn fields(contact: &Contact) -> [(&'static str, &'static str, &Option<String>); 7] {
    [
        ("person", "联系人", &contact.person),
        ("mobile", "手机", &contact.mobile),
        ("phone", "办公电话", &contact.phone),
        ("fax", "传真", &contact.fax),
        ("email", "电子邮箱", &contact.email),
        ("address", "联系地址", &contact.address),
        ("postcode", "邮编", &contact.postcode),
    ]
}

async fn rotate(engine: &Engine, as_json: bool) -> Result<()> {
    let bar = bar(Some(0), "{bar:30} {pos}/{len} 条联系方式")?;
    let outcome = engine
        .rotate_contacts(|done, total| {
            bar.set_length(total);
            bar.set_position(done);
        })
        .await;
    bar.finish_and_clear();
    let Rotation { key, new, contacts, unreadable } = outcome?;
    if as_json {
        let told = json!({"key": key, "new": new, "contacts": contacts, "unreadable": unreadable});
        return screen::print_json(&told);
    }
    let how = if new { "新加的密钥" } else { "上次未换完的密钥" };
    let left = if unreadable.is_empty() {
        String::new()
    } else {
        let (count, first) = (unreadable.len(), named(&unreadable));
        format!("\n{count} 条联系方式无法解密，仍照原样保存：{first}")
    };
    Ok(screen::print(&format!(
        "已用{how} {key} 重新加密 {contacts} 条联系方式；请重新保管密钥环（旧备份仍需旧密钥，勿删）{left}"
    ))?)
}

async fn keys(engine: &Engine, as_json: bool) -> Result<()> {
    let keys = engine.contact_keys().await?;
    if as_json {
        let told = keys.iter().map(|KeyInUse { id, known, current, contacts, records }| {
            json!({"id": id, "known": known, "current": current, "contacts": contacts, "unreadable": records})
        });
        return screen::print_json(&told.collect::<Vec<_>>());
    }
    let line = |key: &KeyInUse| {
        let standing = match (key.known, key.current) {
            (false, _) => &format!("密钥环里没有这把密钥，这些联系方式无法解密：{}", named(&key.records)),
            (true, true) => "用于加密",
            (true, false) => "只用于解密",
        };
        format!("{}  {} 条  {standing}\n", key.id, key.contacts)
    };
    Ok(screen::print(&keys.iter().map(line).collect::<String>())?)
}

/// The first of these records.
fn named(records: &[RecordId]) -> String {
    const MOST: usize = 20;
    let first: Vec<String> = records.iter().take(MOST).map(RecordId::to_string).collect();
    first.join("、") + if records.len() >= MOST { " 等" } else { "" }
}

/// A record by its own identifier, or by that of its source where only one registry knows it.
pub(super) async fn anywhere(engine: &Engine, name: &str) -> Result<RecordId> {
    if let Ok(id) = name.parse::<RecordId>() {
        return Ok(id);
    }
    let mut found = Vec::new();
    for kind in Kind::ALL {
        found.extend(engine.find(kind, name).await?);
    }
    match found[..] {
        [id] => Ok(id),
        [] => Err(anyhow!("没有编号为“{name}”的记录")),
        _ => Err(anyhow!("不止一个登记库有“{name}”，请用 need-20 这样的记录编号")),
    }
}
