//! `hongniang judge`: staff say how well candidates answer needs, in a workbook.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use domain::Kind;
use engine::Engine;
use engine::judging::{Agreement, JudgingStatus, SheetImport, SheetRequest};
use serde_json::{Value, json};

use super::evaluate::{other_settings, same_meaning};
use super::matching::record;
use super::{opened, require_state, spinner};
use crate::ending::{Ending, Misuse};
use crate::screen;
use crate::settings::Settings;

/// Bad rows that are shown.
const SHOWN: usize = 50;

const EXAMPLES: &str = "由工作人员评判候选对象与需求是否相关：导出一个 Excel 工作簿，填好后再导入；评判用来衡量排序（hongniang evaluate judged）和学习权重（hongniang train weights）。\n\n\
例：\n  hongniang judge export 评判表.xlsx --sample 30\n  hongniang judge import 评判表-张工.xlsx\n  hongniang judge status";
const EXPORT: &str = "为每项需求汇集几种排序的前几名（现用设置、--against 的各份设置、一种只看文字的简单排序），去掉重复，打乱次序，写成一个工作簿。\
里面没有名次、分数和排序的来源，评判人只看内容。已有的文件不会被覆盖。\n\n\
例：\n  hongniang judge export 评判表.xlsx\n  hongniang judge export 评判表.xlsx --sample 30 --seed 7 --target achievement\n  \
hongniang judge export 评判表.xlsx --needs need-1,XQ-002 --depth 15 --against 新设置.toml";
const IMPORT: &str = "读回填好的工作簿（用 Excel、WPS、LibreOffice 保存的都可以，列可以移动或增加）。“需求编号”也可以填外部编号；没有填等级的行不算评判；\
有一行填错就什么都不导入，除非用 --skip-bad。同一个文件再导入一次不会有变化；不同的人的评判分开保存。\n\n\
例：\n  hongniang judge import 评判表-张工.xlsx\n  hongniang judge import 评判表.xlsx --judge 李工 --skip-bad\n\n\
退出码为 3 表示有填错的行。";
const STATUS: &str = "列出评判过多少需求和候选对象、各评判人的数量，以及两两之间的一致程度（二次加权 Kappa，1 为完全一致，0 为与碰巧无异）。\n\n\
例：\n  hongniang judge status --json";

/// 由工作人员评判候选对象是否相关
#[derive(Debug, Args)]
#[command(long_about = EXAMPLES)]
pub(crate) struct Judge {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// 导出评判表（.xlsx）
    #[command(long_about = EXPORT)]
    Export(Export),
    /// 导入填好的评判表
    #[command(long_about = IMPORT)]
    Import(Import),
    /// 评判的数量和一致程度
    #[command(long_about = STATUS)]
    Status(Status),
}

#[derive(Debug, Args)]
struct Export {
    /// 要写的工作簿，如 评判表.xlsx
    #[arg(value_name = "文件")]
    file: PathBuf,
    /// 只要这些需求，编号用逗号隔开 [默认：全部有效需求]
    #[arg(long, value_name = "编号", value_delimiter = ',')]
    needs: Vec<String>,
    /// 只随机抽取这么多项需求
    #[arg(long, value_name = "项数", value_parser = clap::value_parser!(u32).range(1..))]
    sample: Option<u32>,
    /// 抽取和打乱次序用的种子，相同的种子得到相同的表 [默认：1]
    #[arg(long, value_name = "数字", default_value_t = 1)]
    seed: u64,
    /// 评判哪一类候选对象：experts、stations、achievements [默认：experts]
    #[arg(long, value_name = "登记库", default_value = "expert")]
    target: Kind,
    /// 每种排序取前几名，1 到 100 [默认：10]
    #[arg(long, value_name = "名数", default_value_t = 10)]
    depth: usize,
    /// 另一份设置，它的前几名也汇集进来；可以写几次
    #[arg(long, value_name = "配置文件")]
    against: Vec<PathBuf>,
    /// 以 JSON 输出结果
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct Import {
    /// 填好的工作簿
    #[arg(value_name = "文件")]
    file: PathBuf,
    /// 评判人 [默认：“填写说明”表里填的姓名]
    #[arg(long, value_name = "姓名")]
    judge: Option<String>,
    /// 跳过填错的行，导入其余的
    #[arg(long)]
    skip_bad: bool,
    /// 以 JSON 输出结果
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct Status {
    /// 以 JSON 输出结果
    #[arg(long)]
    json: bool,
}

impl Judge {
    pub(super) async fn run(self, settings: &Settings) -> Result<Ending> {
        match self.action {
            Action::Export(export) => export.run(settings).await,
            Action::Import(import) => import.run(settings).await,
            Action::Status(status) => status.run(settings).await,
        }
    }
}

impl Export {
    async fn run(self, settings: &Settings) -> Result<Ending> {
        if self.file.extension().is_none_or(|ending| !ending.eq_ignore_ascii_case("xlsx")) {
            return Err(Misuse(format!("{} 应以 .xlsx 结尾", self.file.display())).into());
        }
        if self.file.exists() {
            bail!("{} 已经存在，可能有人填过；请换一个文件名", self.file.display());
        }
        let wanted: Vec<&str> =
            self.needs.iter().map(|name| name.trim()).filter(|name| !name.is_empty()).collect();
        if wanted.is_empty() && !self.needs.is_empty() {
            return Err(Misuse("--needs：没有写编号，应形如 need-1,XQ-002".to_owned()).into());
        }
        let live = &settings.engine.data_dir;
        let others =
            self.against.iter().map(|file| other_settings(file, live)).collect::<Result<Vec<_>>>()?;
        others.iter().try_for_each(|other| same_meaning(&settings.engine, other))?;
        let engine = opened(settings).await?;
        let others: Vec<Engine> =
            others.iter().map(|other| engine.ranking_with(other.weights, other.matching)).collect();
        let mut needs = Vec::new();
        for name in wanted {
            needs.push(record(&engine, Kind::Need, name).await?);
        }
        let request = SheetRequest {
            needs,
            sample: self.sample.map(|sample| sample as usize),
            seed: self.seed,
            target: self.target,
            depth: self.depth,
        };
        let waiting = spinner("正在汇集候选对象……");
        let outcome = engine.judging_sheet(&others, &request).await;
        waiting.finish_and_clear();
        let (file, totals) = outcome?;
        fs::write(&self.file, file).with_context(|| format!("无法写入 {}", self.file.display()))?;
        if self.json {
            screen::print_json(&json!({"file": self.file, "sheet": totals}))?;
        } else {
            let (file, target) = (self.file.display(), self.target.label());
            screen::print(&format!(
                "已写入 {file}：{} 项需求，{} 个候选{target}，汇集自 {} 种排序",
                totals.needs, totals.pairs, totals.rankings
            ))?;
        }
        engine.close().await;
        Ok(Ending::Done)
    }
}

impl Import {
    async fn run(self, settings: &Settings) -> Result<Ending> {
        let file = fs::read(&self.file).with_context(|| format!("无法读取 {}", self.file.display()))?;
        require_state(settings)?;
        let engine = Engine::open(&settings.engine).await?;
        let report = engine
            .import_judgements(file, self.judge.as_deref(), self.skip_bad)
            .await
            .with_context(|| format!("无法导入 {}", self.file.display()))?;
        if self.json {
            screen::print_json(&report_json(&report))?;
        } else {
            screen::print(&summary(&report))?;
        }
        engine.close().await;
        Ok(if report.problems.is_empty() { Ending::Done } else { Ending::Findings })
    }
}

impl Status {
    async fn run(self, settings: &Settings) -> Result<Ending> {
        require_state(settings)?;
        let engine = Engine::open(&settings.engine).await?;
        let status = engine.judging_status().await?;
        if self.json {
            screen::print_json(&status)?;
        } else {
            screen::print(&told(&status))?;
        }
        engine.close().await;
        Ok(Ending::Done)
    }
}

fn summary(report: &SheetImport) -> String {
    let mut text = String::new();
    for problem in report.problems.iter().take(SHOWN) {
        text.push_str(&format!("{problem}\n"));
    }
    let more = report.problems.len().saturating_sub(SHOWN);
    if more > 0 {
        text.push_str(&format!("……另有 {more} 处\n"));
    }
    let SheetImport { judge, created, changed, unchanged, blank, problems, .. } = report;
    if !report.imported {
        let wrong = problems.len();
        text.push_str(&format!(
            "有 {wrong} 处填错，什么都没有导入；请改好再导入，或用 --skip-bad 跳过这些行\n"
        ));
        return text;
    }
    text.push_str(&format!("{judge}的评判：新增 {created}，更改 {changed}，未变 {unchanged}，未填 {blank}"));
    if !problems.is_empty() {
        text.push_str(&format!("，跳过填错的 {} 处", problems.len()));
    }
    text.push('\n');
    text
}

fn report_json(report: &SheetImport) -> Value {
    let mut value = json!(report);
    let problem = |problem: &engine::CellProblem| json!({"row": problem.row, "cell": problem.cell, "column": problem.heading, "detail": problem.detail});
    value["problems"] = report.problems.iter().map(problem).collect();
    value
}

fn told(status: &JudgingStatus) -> String {
    let JudgingStatus { needs, measurable, pairs, judgements, levels, judges, agreement } = status;
    if *judgements == 0 {
        return "还没有评判；请用 hongniang judge export 导出评判表\n".to_owned();
    }
    let [none, weak, relevant, high] = levels;
    let mut text = format!(
        "评判过 {needs} 项需求、{pairs} 对，共 {judgements} 个评判；可用来衡量排序的 {measurable} 项\n\
         等级：高度相关 {high}，相关 {relevant}，弱相关 {weak}，不相关 {none}\n"
    );
    for (judge, pairs) in judges {
        text.push_str(&format!("  {judge}：{pairs} 对\n"));
    }
    for Agreement { judges: [first, second], pairs, same, kappa } in agreement {
        let kappa = kappa
            .map_or_else(|| "无法计算（双方各自只用了同一级）".to_owned(), |kappa| format!("{kappa:.3}"));
        text.push_str(&format!(
            "{first}与{second}：共同评判 {pairs} 对，{:.0}% 同级，加权 Kappa {kappa}\n",
            same * 100.0
        ));
    }
    text
}
