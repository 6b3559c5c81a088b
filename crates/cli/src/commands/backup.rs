//! `hongniang backup` and `hongniang restore`.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use engine::{
    BackupReport, DatabaseUrl, Engine, ErasureList, Key, ListOrigin, RestoreReport, RestoreRequest,
};
use serde_json::{Value, json};

use super::keys::day;
use super::{require_state, serve, spinner};
use crate::ending::Ending;
use crate::screen;
use crate::settings::Settings;

const BACKUP: &str = "把数据库（SQLite 或 PostgreSQL）、删除名单、学得的权重和词向量、自己的词典、配置文件写进一个文件，各附摘要；服务照常读写，备份是同一时刻的内容。\n\
索引可以重建，不在其中。联系方式在备份里仍是加密的：密钥环（数据目录的 keys/contacts.keys）不在备份里，请另外保管，丢失即无法恢复联系方式。\n\n\
例：\n  hongniang backup /backup/hongniang-2026-11-21.zip\n  15 3 * * *  hongniang backup /backup/hongniang.zip --replace --data-dir /var/lib/hongniang    每天 3:15（crontab）";
const RESTORE: &str = "先核对备份里的每个文件，在数据目录旁恢复、重建索引并逐条核对，都通过后才换上；中途失败时原来的数据不变。请先停止服务。\n\
PostgreSQL 的备份恢复到 --database-url 所指的空数据库里：一次全部写入，中途失败时它仍是空的；库里已有内容的不恢复，请新建一个。\n\
备份之后依要求删除的人，会按数据目录里的删除名单（erasures）再次删除；数据目录已不在时，用 --erasures 指定另存的名单；几台服务器共用一个数据库时，用 --erasures 指定每台的名单。\n\
备份之后撤销的密钥、删除的推送地址，按被替换的数据库（数据目录里的，或 --replaces 指定的）再次撤销、删除；没有可比对的数据库时，列出恢复后有效的密钥，请逐一核对。\n\
密钥环沿用数据目录里的 keys/contacts.keys；在新机器上恢复时，请先把它放好。\n\n\
例：\n  hongniang restore /backup/hongniang-2026-11-21.zip --data-dir /var/lib/hongniang\n  \
hongniang restore 备份.zip --replace      数据目录里已有数据，改名保留后换上备份\n  \
createdb --encoding=UTF8 --template=template0 hongniang2 && hongniang restore 备份.zip --replace --database-url postgres://hongniang@db/hongniang2 --replaces postgres://hongniang@db/hongniang";

/// 备份到一个文件
#[derive(Debug, Args)]
#[command(long_about = BACKUP)]
pub(crate) struct Backup {
    /// 备份文件
    #[arg(value_name = "文件")]
    file: PathBuf,
    /// 文件已存在时，在新备份写好之后替换它
    #[arg(long)]
    replace: bool,
    /// 以 JSON 输出结果
    #[arg(long)]
    json: bool,
}

/// 从备份恢复
#[derive(Debug, Args)]
#[command(long_about = RESTORE)]
pub(crate) struct Restore {
    /// 备份文件
    #[arg(value_name = "文件")]
    file: PathBuf,
    /// 数据目录里已有数据时也换成备份的内容；原目录改名保留
    #[arg(long)]
    replace: bool,
    /// 另存的删除名单，或其他服务器数据目录里的 erasures；可以写多次
    #[arg(long, value_name = "文件")]
    erasures: Vec<PathBuf>,
    /// 被替换的数据库的地址（PostgreSQL）：其中已撤销的密钥、已删除的推送地址和删除名单一并计入；只读，不改动它
    #[arg(long, value_name = "地址")]
    replaces: Option<String>,
    /// 以 JSON 输出结果
    #[arg(long)]
    json: bool,
}

impl Backup {
    pub(super) async fn run(self, settings: &Settings) -> Result<Ending> {
        require_state(settings)?;
        if !self.replace && self.file.exists() {
            anyhow::bail!("{} 已存在，没有备份；确要替换它，请加 --replace", self.file.display());
        }
        if self.file.exists() && !self.file.is_file() {
            // A device or a directory: root could replace it.
            anyhow::bail!("{} 不是普通文件，没有备份；请写一个文件的路径", self.file.display());
        }
        let engine = Engine::open(&settings.engine).await?;
        let waiting = spinner("正在备份……");
        let outcome = engine.backup(&self.file, settings.configuration.as_deref()).await;
        waiting.finish_and_clear();
        let report = outcome?;
        engine.close().await;
        if self.json {
            screen::print_json(&report)?;
        } else {
            let BackupReport { bytes, digest, records, audit_head, .. } = &report;
            let records: u64 = records.values().sum();
            screen::print(&format!(
                "已备份到 {}：{records} 条记录，{bytes} 字节，BLAKE3 {digest}\n审计日志末条：第 {} 条，哈希 {}\n\
                 联系方式的密钥环不在备份里，请另外保管",
                self.file.display(),
                audit_head.0,
                audit_head.1
            ))?;
        }
        Ok(Ending::Done)
    }
}

impl Restore {
    pub(super) async fn run(self, settings: &Settings) -> Result<Ending> {
        let replaces = self.replaces.map(DatabaseUrl::from);
        let request =
            RestoreRequest { from: self.file, replace: self.replace, erasures: self.erasures, replaces };
        let _alone = serve::alone(&settings.engine.data_dir)?;
        let waiting = spinner("正在恢复、重建索引并核对……");
        let outcome = engine::restore(&settings.engine, &request).await;
        waiting.finish_and_clear();
        let report = outcome?;
        let RestoreReport { made_at, records, erased_again, audit_faults, previous, .. } = &report;
        if self.json {
            screen::print_json(&json!({
                "made_at": made_at,
                "records": records,
                "erased_again": erased_again,
                "erasure_lists": report.lists.iter().map(list_json).collect::<Vec<_>>(),
                "audit_faults": audit_faults,
                "compared": report.compared,
                "revoked_keys": report.revoked,
                "removed_webhooks": report.removed,
                "live_keys": report.live.iter().map(key_json).collect::<Vec<_>>(),
                "settings_aside": report.settings_aside,
                "previous": previous,
            }))?;
        } else {
            let made = made_at.to_zoned(domain::china()).strftime("%Y年%-m月%-d日 %-H:%M");
            let mut text = format!("已恢复 {made} 的备份：{records} 条记录，索引与数据库一致\n");
            let lists: Vec<String> = report.lists.iter().map(list).collect();
            text.push_str(&format!("计入的删除名单：{}\n", lists.join("；")));
            if *erased_again > 0 {
                text.push_str(&format!("其中 {erased_again} 人在备份之后已依要求删除，已再次删除\n"));
            }
            text.push_str(&admitted(&report));
            if *audit_faults > 0 {
                text.push_str(&format!(
                    "备份里的审计日志有 {audit_faults} 处缺损，见 hongniang audit verify\n"
                ));
            }
            if let Some(aside) = &report.settings_aside {
                text.push_str(&format!(
                    "设置沿用原有的；备份里的与之不同，另存为 {}，请比对\n",
                    aside.display()
                ));
            }
            if let Some(previous) = previous {
                text.push_str(&format!(
                    "原来的数据目录改名为 {0}，核对无误后请删除；备份之后的审计记录只在那里，须保存六个月，删除前先导出：\n  \
                     hongniang audit export 审计.csv --data-dir {0}\n",
                    previous.display()
                ));
            }
            screen::print(&text)?;
        }
        Ok(if *audit_faults > 0 { Ending::Findings } else { Ending::Done })
    }
}

fn list(list: &ErasureList) -> String {
    let place = match &list.origin {
        ListOrigin::Backup => "备份里的".to_owned(),
        ListOrigin::DataDirectory => "数据目录里的".to_owned(),
        ListOrigin::Database => "被替换的数据库里的".to_owned(),
        ListOrigin::File(path) => path.display().to_string(),
    };
    format!("{place}（{} 条）", list.entries)
}

fn list_json(list: &ErasureList) -> Value {
    let (origin, file) = match &list.origin {
        ListOrigin::Backup => ("backup", None),
        ListOrigin::DataDirectory => ("data_directory", None),
        ListOrigin::Database => ("replaced_database", None),
        ListOrigin::File(path) => ("file", Some(path)),
    };
    json!({"origin": origin, "file": file, "entries": list.entries})
}

/// Who is let in by what was restored: what was taken away again, or what is to be looked at where nothing told.
fn admitted(report: &RestoreReport) -> String {
    let mut text = String::new();
    if !report.revoked.is_empty() {
        let keys: Vec<String> = report.revoked.iter().map(ToString::to_string).collect();
        text.push_str(&format!("按被替换的数据库再次撤销了这些密钥：{}\n", keys.join("、")));
    }
    if !report.removed.is_empty() {
        let webhooks: Vec<String> = report.removed.iter().map(ToString::to_string).collect();
        text.push_str(&format!("按被替换的数据库再次删除了这些推送地址：{}\n", webhooks.join("、")));
    }
    if report.compared {
        return text;
    }
    text.push_str("备份之后发出过哪些编号无从知道：新的编号都跳过 100000 个，不与它们重复\n");
    if report.live.is_empty() {
        return text;
    }
    if let Some(why) = &report.unread {
        text.push_str(&format!("被替换的数据库无法读取（{why}），没有比对\n"));
    }
    text.push_str("没有可比对的数据库：备份之后撤销的密钥、删除的推送地址又有效了。现在有效的密钥：\n");
    for key in &report.live {
        text.push_str(&format!("  {}  {}  到期 {}\n", key.id, key.holder, day(key.expires_at)));
    }
    text.push_str(
        "请逐一核对，不该有效的用 hongniang keys revoke 编号 撤销；推送地址见 hongniang webhooks list\n",
    );
    text
}

fn key_json(key: &Key) -> Value {
    json!({"id": key.id, "holder": key.holder, "expires_at": key.expires_at})
}
