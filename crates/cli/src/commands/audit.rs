//! `hongniang audit`: who did what; whether the log is whole; the log as a file.

use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::{Args, Subcommand};
use engine::{
    About, Action as Done, ActorKind, AuditFilter, AuditReport, AuditRow, Engine, Event, LEAST_KEPT_DAYS,
};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::require_state;
use crate::ending::{Ending, Misuse};
use crate::settings::Settings;
use crate::{screen, table};

/// Rows read at a time for an export.
const PAGE: u32 = 2_000;

const EXAMPLES: &str = "审计日志记下每一次新增、修改、导入、查看联系方式、删除、备份等操作：何人、何时、从何处、对哪条记录、结果如何。只增不改，前后相连。\n\n\
例：\n  hongniang audit list --record need-20\n  hongniang audit verify\n  hongniang audit export 审计.csv --since 2026-10-01 --until 2027-01-01";
const VERIFY: &str = "从头到尾核对：有记录被改动、删除、插入、调换或末尾被截去时逐条指出，防止改动的触发器被删除或停用时也指出，退出码为 3。\n\
核对后显示末条的哈希，请抄存在别处；以后用 --head 核对它仍在日志中，可以发现整个日志被重写。\n\n\
例：\n  hongniang audit verify\n  hongniang audit verify --head 3f1c…   （上次抄存的哈希）";
const LIST: &str = "列出审计记录，最新的在前。日期按北京时间。\n\n\
例：\n  hongniang audit list --limit 50\n  hongniang audit list --actor command_line --since 2026-11-01\n  hongniang audit list --action contact.reveal --json";
const EXPORT: &str = "写入文件：.csv 可用 Excel 打开，.jsonl 每行一个 JSON 对象。导出本身也记入日志。\n\n\
例：\n  hongniang audit export 审计.csv\n  hongniang audit export 审计.jsonl --record need-20";
const CUT: &str = "删去早于保存期限（设置 audit.keep_days，至少 183 天）的记录，从最早的删起；余下的仍然前后相连，删到哪里也记入日志。\n\n\
例：\n  hongniang audit cut\n  0 3 1 * *  hongniang audit cut --data-dir /var/lib/hongniang    每月 1 日 3:00（crontab）";

const HEADING: [&str; 12] = [
    "序号",
    "时间",
    "身份",
    "何人",
    "从何处",
    "请求编号",
    "操作",
    "操作代码",
    "记录",
    "结果",
    "详情",
    "哈希",
];

/// 查看、核对、导出审计日志
#[derive(Debug, Args)]
#[command(long_about = EXAMPLES)]
pub(crate) struct Audit {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// 核对日志是否完整
    #[command(long_about = VERIFY)]
    Verify {
        /// 以前抄存的末条哈希，核对它仍在日志中
        #[arg(long, value_name = "哈希")]
        head: Option<String>,
        /// 以 JSON 输出结果
        #[arg(long)]
        json: bool,
    },
    /// 列出记录，最新的在前
    #[command(long_about = LIST)]
    List(List),
    /// 导出为 CSV 或 JSON Lines
    #[command(long_about = EXPORT)]
    Export(Export),
    /// 删去到期的记录
    #[command(long_about = CUT)]
    Cut {
        /// 以 JSON 输出结果
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Args)]
struct Filter {
    /// 这一时刻及以后：日期，或 2026-11-21T08:00:00+08:00
    #[arg(long, value_name = "时间", value_parser = moment)]
    since: Option<Timestamp>,
    /// 这一时刻以前；只写日期时不含这一天
    #[arg(long, value_name = "时间", value_parser = moment)]
    until: Option<Timestamp>,
    /// 何人：用户名、密钥编号，或身份 portal、staff、command_line、night、system
    #[arg(long, value_name = "何人")]
    actor: Option<String>,
    /// 记录编号，如 need-20，写入过它的批量导入也列出；或登记库名，如 needs，只列批量导入
    #[arg(long, value_name = "编号")]
    record: Option<String>,
    /// 操作代码，如 contact.reveal
    #[arg(long, value_name = "代码")]
    action: Option<String>,
}

#[derive(Debug, Args)]
struct List {
    #[command(flatten)]
    filter: Filter,
    /// 只列这一条之前的 [默认：从最新的起]
    #[arg(long, value_name = "序号")]
    before: Option<u64>,
    /// 最多显示的条数，1 到 1000 [默认：20]
    #[arg(long, value_name = "条数", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1000))]
    limit: u32,
    /// 以 JSON 输出结果
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct Export {
    /// 文件，以 .csv 或 .jsonl 结尾
    #[arg(value_name = "文件")]
    file: PathBuf,
    #[command(flatten)]
    filter: Filter,
    /// 以 JSON 输出结果
    #[arg(long)]
    json: bool,
}

impl Audit {
    pub(super) async fn run(self, settings: &Settings) -> Result<Ending> {
        require_state(settings)?;
        let engine = Engine::open(&settings.engine).await?;
        let ending = match self.action {
            Action::Verify { head, json } => verify(&engine, head.as_deref(), json).await?,
            Action::List(list) => list.run(&engine).await?,
            Action::Export(export) => export.run(&engine).await?,
            Action::Cut { json } => cut(&engine, settings.audit_keep_days, json).await?,
        };
        engine.close().await;
        Ok(ending)
    }
}

async fn verify(engine: &Engine, head: Option<&str>, as_json: bool) -> Result<Ending> {
    let report = engine.verify_audit(head.map(str::trim)).await?;
    let unguarded = engine.missing_audit_guards().await?;
    if as_json {
        let AuditReport { rows, anchor, head, faults, holds_head } = &report;
        let faults: Vec<Value> =
            faults.iter().map(|fault| json!({"seq": fault.seq, "fault": fault.kind.code()})).collect();
        let head = json!({"seq": head.0, "hash": head.1});
        screen::print_json(&json!({
            "rows": rows,
            "anchor": anchor,
            "head": head,
            "faults": faults,
            "holds_head": holds_head,
            "missing_guards": unguarded,
        }))?;
    } else {
        screen::print(&(verified(&report) + &told_unguarded(&unguarded)))?;
    }
    let whole = report.faults.is_empty() && report.holds_head != Some(false) && unguarded.is_empty();
    Ok(if whole { Ending::Done } else { Ending::Findings })
}

fn told_unguarded(missing: &[&str]) -> String {
    if missing.is_empty() {
        return String::new();
    }
    format!(
        "数据库里防止改动日志的触发器不全（缺 {}）：有人删除或停用过，其间日志可能被整个重写；请查明原因，并核对以前抄存的哈希\n",
        missing.join("、")
    )
}

fn verified(report: &AuditReport) -> String {
    let AuditReport { rows, anchor, head: (seq, hash), faults, holds_head } = report;
    let mut text = String::new();
    for fault in faults {
        text.push_str(&format!("第 {} 条：{}\n", fault.seq, fault.kind.label()));
    }
    match holds_head {
        Some(true) => text.push_str("抄存的哈希在日志中\n"),
        Some(false) => text.push_str("抄存的哈希不在日志中：日志被重写、截短，或数据库恢复自更早的备份\n"),
        None => {}
    }
    if *anchor > 0 {
        text.push_str(&format!("第 {anchor} 条及以前的已到期删去\n"));
    }
    let outcome = if faults.is_empty() { "前后相连" } else { "有缺损" };
    text.push_str(&format!("已核对 {rows} 条审计记录，{outcome}\n"));
    if *seq > 0 {
        text.push_str(&format!("末条：第 {seq} 条，哈希 {hash}（请抄存在别处，以后用 --head 核对）\n"));
    }
    text
}

impl List {
    async fn run(self, engine: &Engine) -> Result<Ending> {
        let rows =
            engine.audit_before(&self.filter.into(), self.before.unwrap_or(u64::MAX), self.limit).await?;
        if self.json {
            screen::print_json(&rows.iter().map(row_json).collect::<Vec<_>>())?;
        } else if rows.is_empty() {
            screen::print("没有审计记录")?;
        } else {
            screen::print(&rows.iter().map(told).collect::<Result<String>>()?)?;
        }
        Ok(Ending::Done)
    }
}

impl Export {
    async fn run(self, engine: &Engine) -> Result<Ending> {
        let name = self.file.to_string_lossy().to_lowercase();
        let csv = name.ends_with(".csv");
        if !csv && !name.ends_with(".jsonl") {
            return Err(Misuse("文件名应以 .csv 或 .jsonl 结尾".to_owned()).into());
        }
        let filter = AuditFilter::from(self.filter);
        let detail = json!({"record": filter.record, "action": filter.action, "format": if csv { "csv" } else { "jsonl" }});
        engine.note(Event::done(Done::AuditExport, About::Nothing, detail)).await?;
        let written = write(engine, &filter, &self.file, csv).await?;
        if self.json {
            screen::print_json(&json!({"rows": written, "file": self.file}))?;
        } else {
            screen::print(&format!("已导出 {written} 条审计记录到 {}", self.file.display()))?;
        }
        Ok(Ending::Done)
    }
}

async fn write(engine: &Engine, filter: &AuditFilter, path: &Path, csv: bool) -> Result<u64> {
    let cannot = || format!("无法写入文件 {}", path.display());
    let mut out = BufWriter::new(table::create(path).with_context(cannot)?);
    if csv {
        out.write_all(table::MARK).with_context(cannot)?;
        table::line_to(&mut out, &HEADING.map(str::to_owned)).with_context(cannot)?;
    }
    let (mut after, mut written) = (0, 0);
    loop {
        let rows = engine.audit_after(filter, after, PAGE).await?;
        let Some(last) = rows.last() else { break };
        after = u64::try_from(last.seq)?;
        written += rows.len() as u64;
        for row in &rows {
            let outcome =
                if csv { table::line_to(&mut out, &cells(row)?) } else { writeln!(out, "{}", row_json(row)) };
            outcome.with_context(cannot)?;
        }
    }
    out.flush().with_context(cannot)?;
    Ok(written)
}

async fn cut(engine: &Engine, keep_days: u32, as_json: bool) -> Result<Ending> {
    let rows = engine.cut_audit(keep_days).await?;
    if as_json {
        screen::print_json(&json!({"rows": rows, "keep_days": keep_days}))?;
    } else {
        let said = format!("删去 {rows} 条早于 {keep_days} 天的审计记录（至少保存 {LEAST_KEPT_DAYS} 天）");
        screen::print(&said)?;
    }
    Ok(Ending::Done)
}

impl From<Filter> for AuditFilter {
    fn from(filter: Filter) -> Self {
        let Filter { since, until, actor, record, action } = filter;
        Self { since, until, actor, record, action }
    }
}

fn row_json(row: &AuditRow) -> Value {
    // As it is hashed, so that others can check it too; what is no JSON stays a text.
    let detail = serde_json::from_str(&row.detail).unwrap_or_else(|_| Value::from(row.detail.as_str()));
    json!({
        "seq": row.seq,
        "at": Timestamp::from_millisecond(row.at).ok(),
        "at_millisecond": row.at,
        "actor_kind": row.actor_kind,
        "actor": row.actor,
        "from": row.origin,
        "request": row.request,
        "action": row.action,
        "record": row.record,
        "result": row.result,
        "detail": detail,
        "previous": row.previous,
        "hash": row.hash,
    })
}

fn cells(row: &AuditRow) -> Result<[String; 12]> {
    Ok([
        row.seq.to_string(),
        local(row)?,
        actor_label(row).to_owned(),
        row.actor.clone(),
        row.origin.clone(),
        row.request.clone(),
        action_label(row).to_owned(),
        row.action.clone(),
        row.record.clone(),
        result_label(row).to_owned(),
        row.detail.clone(),
        row.hash.clone(),
    ])
}

fn told(row: &AuditRow) -> Result<String> {
    let from = if row.origin.is_empty() { String::new() } else { format!("（{}）", row.origin) };
    let record = if row.record.is_empty() { String::new() } else { format!(" {}", row.record) };
    Ok(format!(
        "{:>6}  {}  {} {}{from}  {}{record}  {}  {}\n",
        row.seq,
        local(row)?,
        actor_label(row),
        row.actor,
        action_label(row),
        result_label(row),
        if row.detail == "{}" { "" } else { &row.detail },
    ))
}

fn action_label(row: &AuditRow) -> &str {
    Done::from_code(&row.action).map_or(&row.action, |action| action.label())
}

fn actor_label(row: &AuditRow) -> &str {
    let known = ActorKind::ALL.into_iter().find(|kind| kind.slug() == row.actor_kind);
    known.map_or(&row.actor_kind, |kind| kind.label())
}

fn result_label(row: &AuditRow) -> &str {
    match row.result.as_str() {
        "done" => "完成",
        "refused" => "拒绝",
        "failed" => "失败",
        other => other,
    }
}

/// In China's time, which the whole country keeps.
fn local(row: &AuditRow) -> Result<String> {
    Ok(row.moment()?.to_zoned(domain::china()).strftime("%Y-%m-%d %H:%M:%S").to_string())
}

/// A moment, or the beginning of a day in China.
fn moment(text: &str) -> Result<Timestamp, String> {
    let day = || domain::parse_date(text)?.to_zoned(domain::china()).ok().map(|zoned| zoned.timestamp());
    let moment = text.parse().ok().or_else(day);
    moment.ok_or_else(|| "应为日期，如 2026-11-21，或时间，如 2026-11-21T08:00:00+08:00".to_owned())
}
