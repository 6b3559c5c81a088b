//! `hongniang index`: the index compared with the database, rebuilt, and its state.

use anyhow::Result;
use clap::{Args, Subcommand};
use domain::Kind;
use engine::{DifferenceKind, Engine, IndexStatus, ListRequest, VerifyReport};
use serde_json::json;

use super::{bar, catch_up, require_state};
use crate::ending::Ending;
use crate::screen;
use crate::settings::Settings;

const EXAMPLES: &str = "索引由数据库得出，平时自动更新，可以随时核对或重建。\n\n\
例：\n  hongniang index status\n  hongniang index verify\n  hongniang index rebuild experts";
const VERIFY: &str = "先让索引跟上数据库，再逐条核对，列出每一处差异。有差异，或索引缺失、损坏而只能重建时，退出码为 3。\n\n例：\n  hongniang index verify --json";
const REBUILD: &str = "在旧索引旁边重建，建好后一次换上；期间检索照常。\n\n例：\n  hongniang index rebuild\n  hongniang index rebuild 专家";
const STATUS: &str = "各登记库的索引条数，以及还有多少变更没有收录。只看现状，不更新索引。\n\n例：\n  hongniang index status --json";

/// 核对、重建索引，查看其状态
#[derive(Debug, Args)]
#[command(long_about = EXAMPLES)]
pub(crate) struct Index {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// 逐条核对索引与数据库
    #[command(long_about = VERIFY)]
    Verify {
        /// 以 JSON 输出结果
        #[arg(long)]
        json: bool,
    },
    /// 从数据库重建索引
    #[command(long_about = REBUILD)]
    Rebuild {
        /// 登记库 [默认：全部]
        #[arg(value_name = "登记库")]
        kind: Option<Kind>,
        /// 以 JSON 输出结果
        #[arg(long)]
        json: bool,
    },
    /// 查看索引状态
    #[command(long_about = STATUS)]
    Status {
        /// 以 JSON 输出结果
        #[arg(long)]
        json: bool,
    },
}

impl Index {
    pub(super) async fn run(self, settings: &Settings) -> Result<Ending> {
        require_state(settings)?;
        match self.action {
            Action::Verify { json } => verify(settings, json).await,
            Action::Rebuild { kind, json } => rebuild(settings, kind, json).await,
            Action::Status { json } => status(settings, json).await,
        }
    }
}

async fn verify(settings: &Settings, as_json: bool) -> Result<Ending> {
    let engine = Engine::open(&settings.engine).await?;
    let unusable = unusable(&engine).await?;
    catch_up(&engine).await?;
    let report = engine.verify_index().await?;
    let left: Vec<Kind> = stale(&engine).await?;
    engine.close().await;
    if as_json {
        let mut value = json!(report);
        value["rebuilt"] = json!(unusable.iter().filter(|kind| !left.contains(kind)).collect::<Vec<_>>());
        screen::print_json(&value)?;
    } else {
        screen::print(&compared(&report, &unusable, &left))?;
    }
    let clean = report.differences.is_empty() && unusable.is_empty();
    Ok(if clean { Ending::Done } else { Ending::Findings })
}

/// Registries with records whose index is missing, damaged, or built by another analysis. An index that was never built because there
/// was nothing to build it from is no finding.
async fn unusable(engine: &Engine) -> Result<Vec<Kind>> {
    let asked = ListRequest { limit: 1, ..ListRequest::default() };
    let mut found = Vec::new();
    for kind in stale(engine).await? {
        if !engine.list(kind, &asked).await?.items.is_empty() {
            found.push(kind);
        }
    }
    Ok(found)
}

async fn stale(engine: &Engine) -> Result<Vec<Kind>> {
    let states = engine.index_status().await?;
    Ok(states.into_iter().filter(|state| state.stale).map(|state| state.kind).collect())
}

fn compared(report: &VerifyReport, unusable: &[Kind], left: &[Kind]) -> String {
    let mut text = String::new();
    for kind in unusable {
        let remedy = if left.contains(kind) {
            "请用 hongniang index rebuild 重建"
        } else {
            "已从数据库重建"
        };
        text.push_str(&format!("{}：索引缺失、损坏或与现在的词典、程序不符，{remedy}\n", kind.label()));
    }
    for found in &report.differences {
        let how = match found.difference {
            DifferenceKind::Missing => "索引中没有",
            DifferenceKind::Surplus => "索引中多余",
            DifferenceKind::Different => "内容不一致",
        };
        text.push_str(&format!("{}：{how}\n", found.id));
    }
    let (records, differences) = (report.records, report.differences.len());
    text.push_str(&match differences {
        0 => format!("已核对 {records} 条记录，索引与数据库一致\n"),
        _ => {
            format!("已核对 {records} 条记录，有 {differences} 处差异，可用 hongniang index rebuild 重建\n")
        }
    });
    text
}

async fn rebuild(settings: &Settings, kind: Option<Kind>, as_json: bool) -> Result<Ending> {
    let engine = Engine::open(&settings.engine).await?;
    let mut rebuilt = Vec::new();
    for kind in kind.map_or_else(|| Kind::ALL.to_vec(), |kind| vec![kind]) {
        let bar = bar(Some(0), "{bar:30} {pos}/{len}  {msg}")?;
        bar.set_message(kind.label());
        let outcome = engine
            .rebuild_index(kind, |written, total| {
                bar.set_length(total);
                bar.set_position(written);
            })
            .await;
        bar.finish_and_clear();
        let documents = outcome?;
        if !as_json {
            screen::print(&format!("{}：已重建，{documents} 条", kind.label()))?;
        }
        rebuilt.push(json!({"kind": kind, "documents": documents}));
    }
    if as_json {
        screen::print_json(&rebuilt)?;
    }
    engine.close().await;
    Ok(Ending::Done)
}

async fn status(settings: &Settings, as_json: bool) -> Result<Ending> {
    // Looks at the index as it lies: whoever catches up first has nothing to report.
    let engine = Engine::open(&settings.engine).await?;
    let states = engine.index_status().await?;
    let others = engine.registries_with_other_vectors().await?;
    engine.close().await;
    if as_json {
        let mut told = json!(states);
        for (told, state) in told.as_array_mut().into_iter().flatten().zip(&states) {
            told["other_vectors"] = json!(others.contains(&state.kind));
        }
        screen::print_json(&told)?;
    } else {
        let mut text: String = states.iter().map(line).collect();
        if !others.is_empty() {
            let names: Vec<&str> = others.iter().map(|kind| kind.label()).collect();
            text.push_str(&format!(
                "{}的索引用的不是现在的词向量（学习后没有重建完）；请运行 hongniang index rebuild 重建\n",
                names.join("、")
            ));
        }
        screen::print(&text)?;
    }
    Ok(Ending::Done)
}

fn line(state: &IndexStatus) -> String {
    let name = screen::padded(state.kind.label(), 12);
    let standing = match (state.stale, state.lag) {
        (true, _) => "需要重建".to_owned(),
        (false, 0) => "已跟上数据库".to_owned(),
        (false, lag) => format!("还有 {lag} 个变更未收录"),
    };
    format!("{name}{:>10} 条  {standing}\n", state.documents)
}
