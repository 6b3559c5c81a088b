//! `hongniang migrate`: the database brought to this program's structure.

use anyhow::{Context, Result};
use clap::Args;
use store::Store;

use crate::ending::Ending;
use crate::screen;
use crate::settings::Settings;

const EXAMPLES: &str = "建立数据库，或把旧版本的数据库升级到本程序的结构。其他命令打开数据库时也会自动升级；升级前请先备份。\n\n\
例：\n  hongniang migrate --data-dir /var/lib/hongniang";

/// 建立或升级数据库
#[derive(Debug, Args)]
#[command(long_about = EXAMPLES)]
pub(crate) struct Migrate {}

impl Migrate {
    pub(super) async fn run(self, settings: &Settings) -> Result<Ending> {
        let directory = &settings.engine.data_dir;
        std::fs::create_dir_all(directory)
            .with_context(|| format!("无法建立数据目录 {}", directory.display()))?;
        Store::open(&settings.engine.database_url()).await?.close().await;
        screen::print("数据库结构已是最新")?;
        Ok(Ending::Done)
    }
}
