//! `hongniang generate`: a believable corpus for speed runs.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Args;
use engine::synthetic::{Plan, generate_into};
use serde_json::json;

use crate::ending::Ending;
use crate::screen;

const EXAMPLES: &str = "生成用于测速的模拟数据（JSON Lines，可直接导入）。同样的数量和种子得到同样的文件。人名、单位和电话都是编造的。\n\n\
例：\n  hongniang generate --experts 100000 --needs 10000 --stations 1000 --achievements 200000 --out 模拟数据/\n  \
hongniang import experts 模拟数据/experts.jsonl";

/// 生成测速用的模拟数据
#[derive(Debug, Args)]
#[command(long_about = EXAMPLES)]
pub(crate) struct Generate {
    /// 专家数 [默认：0]
    #[arg(long, value_name = "条数", default_value_t = 0)]
    experts: u64,
    /// 技术需求数 [默认：0]
    #[arg(long, value_name = "条数", default_value_t = 0)]
    needs: u64,
    /// 学会服务站数 [默认：0]
    #[arg(long, value_name = "条数", default_value_t = 0)]
    stations: u64,
    /// 科技成果数 [默认：0]
    #[arg(long, value_name = "条数", default_value_t = 0)]
    achievements: u64,
    /// 种子 [默认：1]
    #[arg(long, value_name = "整数", default_value_t = 1)]
    seed: u64,
    /// 写入的目录，不存在时自动建立
    #[arg(long, value_name = "目录")]
    out: PathBuf,
    /// 以 JSON 输出结果
    #[arg(long)]
    json: bool,
}

impl Generate {
    pub(super) fn run(self) -> Result<Ending> {
        let Self { experts, needs, stations, achievements, seed, out, json: as_json } = self;
        let cannot = || format!("无法写入目录 {}", out.display());
        fs::create_dir_all(&out).with_context(cannot)?;
        generate_into(&Plan { experts, needs, stations, achievements, seed }, &out).with_context(cannot)?;
        if as_json {
            let written = json!({
                "out": out, "seed": seed,
                "experts": experts, "needs": needs, "stations": stations, "achievements": achievements,
            });
            screen::print_json(&written)?;
            return Ok(Ending::Done);
        }
        let said =
            format!("专家 {experts}、科技成果 {achievements}、学会服务站 {stations}、技术需求 {needs}");
        screen::print(&format!("已写入 {}：{said}", out.display()))?;
        Ok(Ending::Done)
    }
}
