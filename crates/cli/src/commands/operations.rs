//! `hongniang operations`: long work that was asked for over the API; the service does it.

use anyhow::Result;
use clap::{Args, Subcommand};
use engine::{Engine, ImportOptions, Operation, OperationState, Progress, Task};
use serde_json::{Value, json};

use super::require_state;
use crate::ending::Ending;
use crate::screen;
use crate::settings::Settings;

/// Operations read at a time.
const PAGE: u32 = 100;

const EXAMPLES: &str = "经接口提交的后台任务：异步导入、重建索引。任务由服务执行，停机后重新启动时从停下的地方继续；这里只查看和取消。\n\n\
例：\n  hongniang operations list\n  hongniang operations show 9\n  hongniang operations cancel 9";
const LIST: &str = "列出还保留的后台任务，后提交的在前。\n\n例：\n  hongniang operations list --limit 50";
const SHOW: &str =
    "查看一个任务进行到哪里、结果如何；失败时说明原因。\n\n例：\n  hongniang operations show 9";
const CANCEL: &str = "取消一个任务：等待的立即取消；进行中的由服务在做完手头的一批后停下，已导入的批次保留。已结束的保持原样。\n\n\
例：\n  hongniang operations cancel 9";

/// 查看和取消后台任务
#[derive(Debug, Args)]
#[command(long_about = EXAMPLES)]
pub(crate) struct Operations {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// 列出后台任务，后提交的在前
    #[command(long_about = LIST)]
    List(List),
    /// 查看一个任务的进度和结果
    #[command(long_about = SHOW)]
    Show(One),
    /// 取消一个任务
    #[command(long_about = CANCEL)]
    Cancel(One),
}

#[derive(Debug, Args)]
struct List {
    /// 最多列出几个
    #[arg(long, value_name = "个数", default_value_t = 20)]
    limit: usize,
    /// 以 JSON 输出结果
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct One {
    /// 任务编号
    #[arg(value_name = "编号")]
    number: u64,
    /// 以 JSON 输出结果
    #[arg(long)]
    json: bool,
}

impl Operations {
    pub(super) async fn run(self, settings: &Settings) -> Result<Ending> {
        require_state(settings)?;
        let engine = Engine::open(&settings.engine).await?;
        let outcome = match self.action {
            Action::List(List { limit, json }) => list(&engine, limit, json).await,
            Action::Show(One { number, json }) => show(engine.operation(number).await?, json),
            Action::Cancel(One { number, json }) => show(engine.cancel_operation(number).await?, json),
        };
        engine.close().await;
        outcome.map(|()| Ending::Done)
    }
}

async fn list(engine: &Engine, limit: usize, as_json: bool) -> Result<()> {
    let mut all: Vec<Operation> = Vec::new();
    while all.len() < limit {
        let page = engine.operations(all.last().map_or(u64::MAX, |last| last.number), PAGE).await?;
        if page.is_empty() {
            break;
        }
        all.extend(page);
    }
    all.truncate(limit);
    if as_json {
        return screen::print_json(&all.iter().map(operation_json).collect::<Vec<_>>());
    }
    let lines: Vec<String> = all.iter().map(line).collect();
    let text = if lines.is_empty() { "没有后台任务".to_owned() } else { lines.join("\n") };
    Ok(screen::print(&text)?)
}

fn show(operation: Operation, as_json: bool) -> Result<()> {
    if as_json {
        return screen::print_json(&operation_json(&operation));
    }
    let mut text = line(&operation);
    if operation.cancelling {
        text.push_str("\n    正在停下");
    }
    if let Some(report) = &operation.report {
        text.push_str(&format!(
            "\n    读到 {} 行：新增 {}，修改 {}，未变 {}，不合格 {}",
            report.rows, report.created, report.changed, report.unchanged, report.rejected
        ));
    }
    if let Some(campaign) = operation.campaign {
        text.push_str(&format!("\n    已建成对接活动 {campaign}"));
    }
    if let Some(fault) = &operation.fault {
        text.push_str(&format!("\n    原因：{}", fault.detail));
    }
    Ok(screen::print(&text)?)
}

fn line(operation: &Operation) -> String {
    let state = match (operation.state, operation.place) {
        (OperationState::Waiting, Some(place)) => format!("等待（第 {place} 位）"),
        (OperationState::Running, _) => format!("进行中{}", how_far(&operation.progress)),
        (state, _) => state.label().to_owned(),
    };
    let created = operation.created_at.to_zoned(domain::china());
    format!(
        "{}  {}  {state}  {}  {}",
        operation.number,
        work(&operation.task),
        operation.key,
        created.strftime("%Y-%m-%d %H:%M")
    )
}

fn how_far(progress: &Progress) -> String {
    // What has not said yet how far it is has read nothing either.
    let Some(fraction) = progress.fraction else { return String::new() };
    format!(" {:.0}%，{} 行", fraction * 100.0, progress.rows)
}

fn work(task: &Task) -> String {
    match task {
        Task::Import(ImportOptions { kind, .. }) => format!("导入{}", kind.label()),
        Task::RebuildIndex(Some(kind)) => format!("重建{}的索引", kind.label()),
        Task::RebuildIndex(None) => "重建全部索引".to_owned(),
        Task::Rematch(_) => "重新匹配".to_owned(),
        Task::MakeCampaign(request) => format!("建立对接活动“{}”", request.name),
    }
}

fn operation_json(operation: &Operation) -> Value {
    let (kind, registry) = match &operation.task {
        Task::Import(ImportOptions { kind, .. }) => ("import", Some(*kind)),
        Task::RebuildIndex(kind) => ("index_rebuild", *kind),
        Task::Rematch(_) => ("rematch", None),
        Task::MakeCampaign(_) => ("campaign", None),
    };
    json!({
        "id": operation.number,
        "kind": kind,
        "registry": registry.map(domain::Kind::plural),
        "state": operation.state.slug(),
        "cancelling": operation.cancelling,
        "place": operation.place,
        "rows": operation.progress.rows,
        "fraction": operation.progress.fraction,
        "requested_by": operation.key,
        "created_at": operation.created_at,
        "started_at": operation.started_at,
        "ended_at": operation.ended_at,
        "report": operation.report,
        "campaign": operation.campaign,
        "problem": operation.fault,
    })
}
