//! `hongniang migrate`: the database brought to this program's structure.

use anyhow::{Context, Result};
use clap::Args;
use serde_json::{Value, json};
use store::{MigrationReport, Store};

use crate::ending::Ending;
use crate::screen;
use crate::settings::Settings;

const EXAMPLES: &str = "建立数据库，或把旧版本的数据库升级到本程序的结构。其他命令打开数据库时也会自动升级；升级前请先备份。\n\n\
例：\n  hongniang migrate --data-dir /var/lib/hongniang\n  hongniang migrate --json";

/// 建立或升级数据库
#[derive(Debug, Args)]
#[command(long_about = EXAMPLES)]
pub(crate) struct Migrate {
    /// 以 JSON 输出结果
    #[arg(long)]
    json: bool,
}

impl Migrate {
    pub(super) async fn run(self, settings: &Settings) -> Result<Ending> {
        let directory = &settings.engine.data_dir;
        engine::make_private(directory)
            .with_context(|| format!("无法建立数据目录 {}", directory.display()))?;
        let MigrationReport { applied, version } =
            Store::migrate_with(settings.engine.database(), settings.engine.keys()).await?;
        if self.json {
            let applied = applied
                .iter()
                .map(|(version, description)| json!({"version": version, "description": description}));
            let applied: Vec<Value> = applied.collect();
            screen::print_json(&json!({"version": version, "applied": applied}))?;
            return Ok(Ending::Done);
        }
        let mut said: String = applied
            .iter()
            .map(|(version, description)| format!("已应用第 {version} 版：{description}\n"))
            .collect();
        said.push_str(&format!("数据库结构已是最新（第 {version} 版）"));
        screen::print(&said)?;
        Ok(Ending::Done)
    }
}
