//! `hongniang rematch`: every open need matched again; how far that is, what it changed, and an end to it.

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::{Args, Subcommand};
use engine::{
    ChangeRow, Engine, EngineError, FeedRequest, MOST_CHANGE_ROWS, RematchProgress, RematchRequest, RunId,
    RunSummary, RunningRun,
};
use jiff::civil::Date;
use serde_json::json;

use super::{bar, opened, require_state};
use crate::ending::Ending;
use crate::screen;
use crate::settings::Settings;

/// Changes read at a time.
const PAGE: u32 = 1_000;

const EXAMPLES: &str = "为每项有效的技术需求重新匹配，全部完成后一次发布。只重新计算有变化的部分，结果与全部重算完全一致。\n\
中途停下或断电后，原来的结果不变；再次运行即从停下处继续。同一业务日期的批次正在别处进行时加入它，几台机器可以同做一个批次；\
已经发布且此后没有变化时不再重做。按 Ctrl-C 停下本机的工作。\n\n\
例：\n  hongniang rematch\n  hongniang rematch --date 2026-11-21\n  hongniang rematch --full             不论有无变化全部重算\n  \
hongniang rematch status\n  hongniang rematch changes --xlsx 变化.xlsx\n\n服务可以每天定时进行：在配置文件中写 [rematch] at = \"02:30\"";
const STATUS: &str = "查看正在进行的批次进行到哪里，不论由哪个进程、哪台机器在做；没有时说明当前批次。\n\n例：\n  hongniang rematch status";
const CANCEL: &str = "放弃正在进行的批次，不论由谁在做；原来的结果不变。\n\n例：\n  hongniang rematch cancel";
const CHANGES: &str = "列出一个批次与上一批次相比的变化和原因；可以另存为表格。\n\n\
例：\n  hongniang rematch changes\n  hongniang rematch changes --run 12 --xlsx 变化.xlsx\n  hongniang rematch changes --json    每行一个变化";

/// 为全部有效需求重新匹配并发布
#[derive(Debug, Args)]
#[command(long_about = EXAMPLES, args_conflicts_with_subcommands = true)]
pub(crate) struct Rematch {
    #[command(subcommand)]
    action: Option<Action>,
    #[command(flatten)]
    begin: Begin,
}

#[derive(Debug, Args)]
struct Begin {
    /// 业务日期，有效期按这一天判断 [默认：今天]
    #[arg(long, value_name = "日期", value_parser = date)]
    date: Option<Date>,
    /// 不论有无变化，全部重新计算
    #[arg(long)]
    full: bool,
    /// 重新统计词频等基准，并全部重新计算；平常由系统按规则进行
    #[arg(long)]
    new_epoch: bool,
    /// 以 JSON 输出结果
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// 查看正在进行的批次
    #[command(long_about = STATUS)]
    Status(Output),
    /// 放弃正在进行的批次
    #[command(long_about = CANCEL)]
    Cancel(Output),
    /// 列出匹配结果的变化，可另存为表格
    #[command(long_about = CHANGES)]
    Changes(Changes),
}

#[derive(Debug, Args)]
struct Output {
    /// 以 JSON 输出结果
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct Changes {
    /// 批次号 [默认：当前批次]
    #[arg(long, value_name = "批次号")]
    run: Option<u64>,
    /// 另存为 Excel 表格
    #[arg(long, value_name = "文件")]
    xlsx: Option<PathBuf>,
    /// 以 JSON 输出，每行一个变化
    #[arg(long)]
    json: bool,
}

impl Rematch {
    pub(super) async fn run(self, settings: &Settings) -> Result<Ending> {
        let action = match self.action {
            None => return self.begin.run(settings).await,
            Some(action) => action,
        };
        require_state(settings)?;
        let engine = Engine::open(&settings.engine).await?;
        let outcome = match action {
            Action::Status(Output { json }) => status(&engine, json).await,
            Action::Cancel(Output { json }) => cancel(&engine, json).await,
            Action::Changes(changes) => changes.run(&engine).await,
        };
        engine.close().await;
        outcome.map(|()| Ending::Done)
    }
}

impl Begin {
    async fn run(self, settings: &Settings) -> Result<Ending> {
        let engine = opened(settings).await?;
        let bar = bar(Some(0), "{bar:30} {pos}/{len} 项需求  {per_sec}  剩余 {eta}")?;
        let request = RematchRequest {
            on: self.date,
            whole: self.full,
            new_epoch: self.new_epoch,
            ..RematchRequest::default()
        };
        let progress = |far: RematchProgress| {
            bar.set_length(far.total);
            bar.set_position(far.done);
        };
        let outcome = engine.rematch_until(&request, progress, api::termination()).await;
        bar.finish_and_clear();
        let outcome = match outcome {
            Ok(run) if self.json => screen::print_json(&run),
            Ok(run) => Ok(screen::print(&published(&run))?),
            Err(error) => Err(error.into()),
        };
        engine.close().await;
        outcome.map(|()| Ending::Done)
    }
}

fn published(run: &RunSummary) -> String {
    format!(
        "匹配批次 {} 已发布（{}）：{} 项需求，{} 个匹配，{} 项没有找到",
        run.id,
        run.business_date,
        run.needs.unwrap_or_default(),
        run.matches.unwrap_or_default(),
        run.needs_without_match.unwrap_or_default()
    )
}

async fn status(engine: &Engine, as_json: bool) -> Result<()> {
    let running = engine.running_run().await?;
    let current = match engine.current_run().await {
        Err(EngineError::NoRun) => None,
        current => Some(current?),
    };
    if as_json {
        return screen::print_json(&json!({"running": running, "current": current}));
    }
    let mut lines: Vec<String> = running.iter().map(far).collect();
    lines.push(current.as_ref().map_or_else(|| "还没有发布过匹配批次".to_owned(), published));
    Ok(screen::print(&lines.join("\n"))?)
}

fn far(run: &RunningRun) -> String {
    let RematchProgress { done, total, batches_done, batches } = run.progress;
    let seconds = jiff::Timestamp::now().duration_since(run.opened_at).as_secs_f64().max(1.0);
    let rate = done as f64 / seconds;
    let left = if batches_done == 0 {
        String::new()
    } else {
        format!("，约剩 {:.0} 秒", seconds * (batches - batches_done) as f64 / batches_done as f64)
    };
    let who = if run.held == 0 {
        "目前没有进程在做".to_owned()
    } else {
        format!("{} 批正在做", run.held)
    };
    format!(
        "匹配批次 {} 正在进行（{}）：{done}/{total} 项需求，{batches_done}/{batches} 批，每秒 {rate:.1} 项{left}；{who}",
        run.id, run.business_date
    )
}

async fn cancel(engine: &Engine, as_json: bool) -> Result<()> {
    let cancelled = engine.cancel_rematch().await?;
    if as_json {
        return screen::print_json(&json!({"cancelled": cancelled.map(|run| run.0)}));
    }
    let said = match cancelled {
        Some(run) => format!("匹配批次 {run} 已放弃，原来的结果不变"),
        None => "没有正在进行的匹配批次".to_owned(),
    };
    Ok(screen::print(&said)?)
}

impl Changes {
    async fn run(self, engine: &Engine) -> Result<()> {
        let run = match self.run {
            Some(run) => run,
            None => engine.current_run().await?.id,
        };
        let mut request = FeedRequest { after: None, limit: PAGE, run: Some(RunId(run)) };
        let mut rows = Vec::new();
        loop {
            let feed = engine.match_changes(&request).await?;
            let more = feed.more;
            request.after = feed.next;
            for row in engine.change_rows(&feed.items).await? {
                if self.xlsx.is_some() {
                    rows.push(row);
                } else {
                    self.print(&row)?;
                }
            }
            if !more || rows.len() > MOST_CHANGE_ROWS {
                break;
            }
        }
        let Some(path) = self.xlsx else { return Ok(()) };
        let whole = rows.len() <= MOST_CHANGE_ROWS;
        rows.truncate(MOST_CHANGE_ROWS);
        let count = rows.len();
        let bytes = engine.change_sheet(rows).await?;
        std::fs::write(&path, bytes).with_context(|| format!("无法写入 {}", path.display()))?;
        let said = if whole {
            format!("批次 {run} 的 {count} 个变化已写入 {}", path.display())
        } else {
            format!("批次 {run} 的变化太多，只有前 {count} 个写入了 {}；要全部，请用 --json", path.display())
        };
        Ok(screen::print(&said)?)
    }

    fn print(&self, row: &ChangeRow) -> Result<()> {
        if self.json {
            return Ok(screen::print(&serde_json::to_string(row)?)?);
        }
        let rank = |rank: Option<u32>| rank.map_or_else(|| "—".to_owned(), |rank| rank.to_string());
        let line = format!(
            "{} {}  {} {}  {} → {}  {}（{}）",
            row.need,
            row.need_title,
            row.target,
            row.target_title,
            rank(row.rank_before),
            rank(row.rank_now),
            row.change,
            row.reason
        );
        Ok(screen::print(&line)?)
    }
}

fn date(text: &str) -> Result<Date, String> {
    domain::parse_date(text).ok_or_else(|| "应为日期，如 2026-11-21".to_owned())
}
