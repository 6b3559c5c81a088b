//! `hongniang import`: a file into a registry.

use std::fs::File;
use std::io::{self, BufWriter, Cursor, Read, Write};
use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use domain::Kind;
use engine::{CatchUp, Engine, EngineError, Flag, Format, ImportOptions, ImportReport, RowError};
use indicatif::ProgressBar;
use serde_json::{Value, json};

use super::{bar, catch_up, spinner};
use crate::ending::Ending;
use crate::settings::Settings;
use crate::{screen, table};

/// Errors and flags that are shown; enough to see what is wrong.
const SHOWN: usize = 20;
/// Bytes looked at to tell the format.
const LOOK: u64 = 4096;

const EXAMPLES: &str = "把 CSV 或 JSON Lines 文件导入一个登记库。编码自动识别（UTF-8、UTF-16、GBK/GB 18030），列名可以是中文或英文。\n\n\
外部编号已有的记录会被更新，内容相同的不变，所以同一个文件可以反复导入。\
同一文件里第二次出现同一条记录的行算有错。有错的行不影响其他行；与已有需求或前面的行疑似重复的技术需求照常导入，只作提示；每批 1000 行写入一次，\
写入的批次在中断后仍然保留。\n\n\
例：\n  hongniang import 技术需求 需求.csv\n  hongniang import experts 专家.jsonl --errors 专家的错误.txt\n  \
hongniang import needs 需求.csv --all-or-nothing\n  zcat 成果.jsonl.gz | hongniang import achievements -\n\n\
退出码为 3 表示有行被拒绝，其余的行已导入（用 --all-or-nothing 时什么都没有导入）。";

/// 从文件导入一个登记库
#[derive(Debug, Args)]
#[command(long_about = EXAMPLES)]
pub(crate) struct Import {
    /// 登记库：needs、enterprises、experts、stations、achievements、societies，或中文名称（需求、企业、专家、服务站、成果、学会）
    #[arg(value_name = "登记库")]
    kind: Kind,
    /// 文件，- 为标准输入
    #[arg(value_name = "文件")]
    file: PathBuf,
    /// 格式：csv 或 jsonl [默认：按文件名，其次按内容]
    #[arg(long, value_name = "格式")]
    format: Option<Written>,
    /// 有一行不合格就什么都不导入；文件最多 10 万行
    #[arg(long)]
    all_or_nothing: bool,
    /// 重新取得本人同意后，允许再次收录已依要求删除的人
    #[arg(long)]
    allow_erased: bool,
    /// 把错误写入文件（最多前 1000 行的错误）
    #[arg(long, value_name = "文件")]
    errors: Option<PathBuf>,
    /// 以 JSON 输出结果
    #[arg(long)]
    json: bool,
    /// 每批写入数据库后，在标准错误输出一行 JSON：截至此批的行数和字节数（用 --all-or-nothing 时只在最后输出一行）
    #[arg(long)]
    json_progress: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Written {
    Csv,
    #[value(alias = "ndjson")]
    Jsonl,
}

/// What is read, and how it is written.
type Opened = (Box<dyn Read + Send>, Format);

impl Import {
    pub(super) async fn run(self, settings: &Settings) -> Result<Ending> {
        let (input, length) = self.open()?;
        let engine = Engine::open(&settings.engine).await?;
        let engine = if self.allow_erased { engine.readmitting() } else { engine };
        let template = "{bar:30} {bytes}/{total_bytes}  {msg}  剩余 {eta}";
        let progress = bar(length, if length.is_some() { template } else { "{spinner} {bytes}  {msg}" })?;
        // Indexing goes on beside the import, on the other cores.
        let follower = tokio::spawn({
            let engine = engine.clone();
            async move { engine.follow().await }
        });
        let outcome = self.import(&engine, input, &progress).await;
        progress.finish_and_clear();
        engine.stop_following();
        let (report, nothing) = outcome?;

        self.write_errors(&report)?;
        if self.json {
            screen::print_json(&report_json(&report, nothing))?;
        } else {
            screen::print(&summary(self.kind, &report, nothing))?;
        }
        // What it leaves undone, and whatever it failed at, comes now.
        let waiting = spinner("正在更新索引……");
        let _ = follower.await;
        waiting.finish_and_clear();
        match catch_up(&engine).await? {
            CatchUp::Current { .. } => screen::note("索引已是最新"),
            CatchUp::Elsewhere => screen::note("另一个进程正在更新索引，会一并收录这次导入"),
        }
        engine.close().await;
        Ok(if report.rejected > 0 { Ending::Findings } else { Ending::Done })
    }

    /// The file with its length, and its format.
    fn open(&self) -> Result<(Opened, Option<u64>)> {
        let named = self.format.map(|format| match format {
            Written::Csv => Format::Csv,
            Written::Jsonl => Format::JsonLines,
        });
        let (input, length): (Box<dyn Read + Send>, _) = if self.file.as_os_str() == "-" {
            (Box::new(io::stdin()), None)
        } else {
            let cannot = || format!("无法打开文件 {}", self.file.display());
            let file = File::open(&self.file).with_context(cannot)?;
            let about = file.metadata().with_context(cannot)?;
            (Box::new(file), about.is_file().then_some(about.len()))
        };
        let named = named.or_else(|| Format::from_name(&self.file.to_string_lossy()));
        Ok((told(input, named)?, length))
    }

    /// The report, and whether nothing was imported because of bad rows.
    async fn import(
        &self,
        engine: &Engine,
        (input, format): Opened,
        bar: &ProgressBar,
    ) -> Result<(ImportReport, bool)> {
        let options = ImportOptions { kind: self.kind, format, all_or_nothing: self.all_or_nothing };
        let acknowledge = |report: &ImportReport| {
            if self.json_progress {
                screen::note(&json!({"rows": report.rows, "bytes": report.bytes}).to_string());
            }
        };
        let outcome = engine
            .import(options, input, |report| {
                bar.set_position(report.bytes);
                let speed = report.rows as f64 / bar.elapsed().as_secs_f64().max(0.001);
                let written = report.stored();
                bar.set_message(if self.all_or_nothing && written > 0 {
                    format!("已写入 {written} 行，共 {} 行", report.rows)
                } else {
                    format!("{} 行，{speed:.0} 行/秒", report.rows)
                });
                if !self.all_or_nothing {
                    acknowledge(report);
                }
            })
            .await;
        match outcome {
            Ok(report) => {
                if self.all_or_nothing {
                    acknowledge(&report);
                }
                Ok((report, false))
            }
            Err(EngineError::NothingImported(report)) => Ok((*report, true)),
            Err(error) => Err(error).with_context(|| format!("导入 {} 未完成", self.file.display())),
        }
    }

    fn write_errors(&self, report: &ImportReport) -> Result<()> {
        let Some(path) = &self.errors else { return Ok(()) };
        let cannot = || format!("无法写入错误文件 {}", path.display());
        let mut out = BufWriter::new(table::create(path).with_context(cannot)?);
        report.errors.iter().try_for_each(|error| writeln!(out, "{error}")).with_context(cannot)?;
        out.flush().with_context(cannot)
    }
}

/// Tells the format by the first bytes when nobody has named it.
fn told(mut input: Box<dyn Read + Send>, named: Option<Format>) -> Result<(Box<dyn Read + Send>, Format)> {
    if let Some(format) = named {
        return Ok((input, format));
    }
    let mut first = Vec::new();
    input.by_ref().take(LOOK).read_to_end(&mut first).context("无法读取文件")?;
    let format = Format::from_bytes(&first);
    Ok((Box::new(Cursor::new(first).chain(input)), format))
}

fn summary(kind: Kind, report: &ImportReport, nothing: bool) -> String {
    let mut text = String::new();
    for warning in &report.warnings {
        text.push_str(&format!("提示：{warning}\n"));
    }
    for error in report.errors.iter().take(SHOWN) {
        text.push_str(&format!("{error}\n"));
    }
    let more = report.rejected.saturating_sub(SHOWN as u64);
    if more > 0 {
        text.push_str(&format!("……另有 {more} 行有错，可用 --errors 文件名 写入文件查看\n"));
    }
    if nothing {
        let ImportReport { rows, rejected, .. } = report;
        text.push_str(&format!("{}：读了 {rows} 行，{rejected} 行不合格，什么都没有导入\n", kind.label()));
        return text;
    }
    let ImportReport { rows, created, changed, unchanged, rejected, .. } = report;
    text.push_str(&format!(
        "{}：共 {rows} 行，新增 {created}，更新 {changed}，未变 {unchanged}，拒绝 {rejected}\n",
        kind.label()
    ));
    text.push_str(&duplicates(report));
    text.push_str(&vague(report));
    text
}

/// The rows that say too little.
fn vague(report: &ImportReport) -> String {
    if report.vague == 0 {
        return String::new();
    }
    let lines: Vec<String> = report.vague_lines.iter().take(SHOWN).map(u64::to_string).collect();
    let more = if report.vague > lines.len() as u64 { "等" } else { "" };
    format!(
        "写得较笼统的 {} 条（照常导入，匹配结果仅供参考）：第 {} 行{more}；用 hongniang match --need 编号 查看该补充什么\n",
        report.vague,
        lines.join("、")
    )
}

/// The rows that say nearly the same as other needs.
fn duplicates(report: &ImportReport) -> String {
    let mut text = String::new();
    if report.duplicates > 0 {
        text.push_str(&format!("疑似重复 {} 处（照常导入，请核对）：\n", report.duplicates));
    }
    for Flag { line, id, title, duplicate } in report.flags.iter().take(SHOWN) {
        let other = &duplicate.other;
        let enterprise = other.enterprise.as_deref().unwrap_or("单位未填");
        text.push_str(&format!(
            "第 {line} 行 {title}（{id}）与 {}《{}》（{enterprise}）：{}\n",
            other.id, other.title, duplicate.detail
        ));
    }
    let more = report.duplicates.saturating_sub(SHOWN as u64);
    if more > 0 {
        text.push_str(&format!("……另有 {more} 处，用 hongniang duplicates 查看全部\n"));
    }
    text
}

fn report_json(report: &ImportReport, nothing: bool) -> Value {
    let mut value = json!(report);
    value["imported"] = json!(!nothing);
    value["errors"] = report.errors.iter().map(error_json).collect();
    value
}

fn error_json(error: &RowError) -> Value {
    let problems = error.problems.iter().map(|problem| {
        json!({
            "column": problem.column,
            "label": problem.label,
            "pointer": problem.pointer,
            "code": problem.code,
            "detail": problem.detail,
        })
    });
    json!({"line": error.line, "problems": problems.collect::<Vec<_>>()})
}
