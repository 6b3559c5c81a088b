//! `hongniang evaluate`: the ranking measured on labelled sets, through the product's own path.

use std::path::{Path, PathBuf};
use std::{fs, io};

use anyhow::{Context, Result};
use clap::{Args, Subcommand};
use engine::Engine;
use indicatif::ProgressBar;

use super::{TICK, bar};
use crate::ending::Ending;
use crate::screen;
use crate::settings::Settings;

const EXAMPLES: &str = "在标注数据上衡量排序质量：用与正式匹配相同的导入、索引和排序，放在临时目录里，用数据目录里的词典和设置，不动其中的数据。\n\n\
例：\n  hongniang evaluate graded 标注集/\n  hongniang evaluate known-item 标注集/ --json";
const GRADED: &str = "目录里有 needs.jsonl（id、title、text）、achievements.jsonl（id、title）和 qrels.tsv（need_id、achievement_id、level 1 到 4，首行为表头）。\
每项需求只对自己标注过的成果排序，报告 nDCG@10 的均值和 95% 自助法区间。\n\n例：\n  hongniang evaluate graded 标注集/ --json";
const KNOWN_ITEM: &str = "目录里有 experts.jsonl（id、projects）和 queries.jsonl（id、text、relevant）。每个查询对全部专家排序，报告 MRR、前 10 和前 100 的召回率。\n\n\
例：\n  hongniang evaluate known-item 标注集/ --json";

/// 在标注数据上衡量排序质量
#[derive(Debug, Args)]
#[command(long_about = EXAMPLES)]
pub(crate) struct Evaluate {
    #[command(subcommand)]
    set: Set,
}

#[derive(Debug, Subcommand)]
enum Set {
    /// 分级标注：nDCG@10
    #[command(long_about = GRADED)]
    Graded(Labelled),
    /// 已知答案：MRR 和召回率
    #[command(long_about = KNOWN_ITEM)]
    KnownItem(Labelled),
}

#[derive(Debug, Args)]
struct Labelled {
    /// 标注集所在目录
    #[arg(value_name = "目录")]
    directory: PathBuf,
    /// 以 JSON 输出结果
    #[arg(long)]
    json: bool,
}

impl Evaluate {
    pub(super) async fn run(self, settings: &Settings) -> Result<Ending> {
        let scratch = tempfile::tempdir().context("无法建立临时目录")?;
        let temporary = engine::Settings {
            data_dir: scratch.path().to_owned(),
            database_url: None,
            ..settings.engine.clone()
        };
        dictionaries(&settings.engine.data_dir, scratch.path()).context("无法复制词典")?;
        let engine = Engine::open(&temporary).await?;
        match self.set {
            Set::Graded(set) => graded(&engine, &set).await?,
            Set::KnownItem(set) => known_item(&engine, &set).await?,
        }
        engine.close().await;
        Ok(Ending::Done)
    }
}

/// Takes the operator's dictionaries along: without them, another ranking than the one in use would be measured.
fn dictionaries(from: &Path, to: &Path) -> io::Result<()> {
    let (from, to) = (from.join("dictionaries"), to.join("dictionaries"));
    if !from.is_dir() {
        return Ok(());
    }
    fs::create_dir(&to)?;
    for entry in fs::read_dir(from)? {
        let path = entry?.path();
        if let (true, Some(name)) = (path.is_file(), path.file_name()) {
            fs::copy(&path, to.join(name))?;
        }
    }
    Ok(())
}

async fn graded(engine: &Engine, set: &Labelled) -> Result<()> {
    let bar = bar(Some(0), "{bar:30} {pos}/{len} 项需求  剩余 {eta}")?;
    let outcome = engine.evaluate_graded(&set.directory, shown_on(&bar)).await;
    bar.finish_and_clear();
    let measured = outcome?;
    if set.json {
        return screen::print_json(&measured);
    }
    let (low, high) = measured.interval;
    let (value, needs) = (measured.ndcg_at_10, measured.needs);
    Ok(screen::print(&format!("nDCG@10 {value:.4}（95% 区间 {low:.4}～{high:.4}），{needs} 项需求"))?)
}

/// Shows how much is done of how much. The bar moves from the start, for importing the set takes a while too.
fn shown_on(bar: &ProgressBar) -> impl FnMut(usize, usize) + Send {
    bar.enable_steady_tick(TICK);
    move |done, total| {
        bar.set_length(total as u64);
        bar.set_position(done as u64);
    }
}

async fn known_item(engine: &Engine, set: &Labelled) -> Result<()> {
    let bar = bar(Some(0), "{bar:30} {pos}/{len} 个查询  剩余 {eta}")?;
    let outcome = engine.evaluate_known_item(&set.directory, shown_on(&bar)).await;
    bar.finish_and_clear();
    let measured = outcome?;
    if set.json {
        return screen::print_json(&measured);
    }
    Ok(screen::print(&format!(
        "MRR {:.4}，前 10 召回率 {:.4}，前 100 召回率 {:.4}，{} 个查询",
        measured.mrr, measured.recall_at_10, measured.recall_at_100, measured.queries
    ))?)
}
