//! `hongniang feedback`: what became of proposed pairs.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Result, anyhow};
use clap::{Args, Subcommand};
use domain::{Attributes, Consent, Decision, Kind, RecordId};
use engine::{Engine, FeedbackDraft, FeedbackRequest, Part, Seen};
use jiff::civil::Date;
use serde_json::{Value, json};

use super::matching::record;
use super::{opened, require_state};
use crate::ending::Ending;
use crate::screen;
use crate::settings::Settings;

/// Registries in which a candidate is looked up by the identifier of its source.
const OFFERS: [Kind; 3] = [Kind::Expert, Kind::Station, Kind::Achievement];

const EXAMPLES: &str = "记录推荐的对接后来怎样：已接受、已谢绝或已解决。只增不改，以最后一条为准；同时记下当时的名次和各项得分，供学习权重（hongniang train weights）。\n\n\
例：\n  hongniang feedback add --need XQ-001 --candidate expert-7 --decision accepted\n  \
hongniang feedback list --need XQ-001";
const ADD: &str = "记录一条反馈。原因和备注里的电话号码和邮箱会被隐去。\n\n\
例：\n  hongniang feedback add --need need-1 --candidate ZJ-007 --decision declined --reason 路途太远 --on 2026-11-20\n  \
hongniang feedback add --need XQ-001 --candidate achievement-3 --decision 已解决 --comment 已投产";
const LIST: &str = "按记录的先后列出反馈。\n\n例：\n  hongniang feedback list\n  hongniang feedback list --candidate expert-7 --json";

/// 记录和查看对接反馈
#[derive(Debug, Args)]
#[command(long_about = EXAMPLES)]
pub(crate) struct Feedback {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// 记录一条反馈
    #[command(long_about = ADD)]
    Add(Add),
    /// 列出反馈
    #[command(long_about = LIST)]
    List(List),
}

#[derive(Debug, Args)]
struct Add {
    /// 技术需求的编号
    #[arg(long, value_name = "编号")]
    need: String,
    /// 专家、学会服务站或科技成果的编号
    #[arg(long, value_name = "编号")]
    candidate: String,
    /// 结果：accepted（已接受）、declined（已谢绝）、solved（已解决）
    #[arg(long, value_name = "结果")]
    decision: Decision,
    /// 原因，最多 200 字
    #[arg(long, value_name = "文字", default_value = "")]
    reason: String,
    /// 决定的日期，不晚于今天
    #[arg(long = "on", value_name = "日期", value_parser = date)]
    decided_on: Option<Date>,
    /// 备注，最多 2000 字
    #[arg(long, value_name = "文字", default_value = "")]
    comment: String,
    /// 以 JSON 输出结果
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct List {
    /// 只要这项需求的
    #[arg(long, value_name = "编号")]
    need: Option<String>,
    /// 只要这个专家、服务站或成果的
    #[arg(long, value_name = "编号")]
    candidate: Option<String>,
    /// 从这一条之后接着列 [默认：从头]
    #[arg(long, value_name = "条号", default_value_t = 0)]
    after: u64,
    /// 最多显示的条数，1 到 100 [默认：20]
    #[arg(long, value_name = "条数", default_value_t = 20)]
    limit: u32,
    /// 以 JSON 输出结果
    #[arg(long)]
    json: bool,
}

impl Feedback {
    pub(super) async fn run(self, settings: &Settings) -> Result<Ending> {
        match self.action {
            Action::Add(add) => add.run(settings).await,
            Action::List(list) => list.run(settings).await,
        }
    }
}

impl Add {
    async fn run(self, settings: &Settings) -> Result<Ending> {
        let engine = opened(settings).await?;
        let draft = FeedbackDraft {
            need: record(&engine, Kind::Need, &self.need).await?,
            candidate: candidate(&engine, &self.candidate).await?,
            decision: self.decision,
            reason: self.reason,
            decided_on: self.decided_on,
            comment: self.comment,
        };
        let found = engine.add_feedback(draft).await?;
        let names = Names::of(&engine, std::slice::from_ref(&found)).await?;
        if self.json {
            screen::print_json(&told_json(&found))?;
        } else {
            screen::print(&told(&found, &names))?;
        }
        if found.told.decision != Decision::Declined && names.unwilling.contains(&found.told.candidate) {
            screen::note("注意：这位专家登记为未同意参与匹配，请核实本人意愿，并更新登记");
        }
        engine.close().await;
        Ok(Ending::Done)
    }
}

impl List {
    async fn run(self, settings: &Settings) -> Result<Ending> {
        require_state(settings)?;
        let engine = Engine::open(&settings.engine).await?;
        let mut request =
            FeedbackRequest { after: self.after, limit: self.limit, ..FeedbackRequest::default() };
        if let Some(need) = &self.need {
            request.need = Some(record(&engine, Kind::Need, need).await?);
        }
        if let Some(name) = &self.candidate {
            request.candidate = Some(candidate(&engine, name).await?);
        }
        let page = engine.feedback(&request).await?;
        if self.json {
            let items: Vec<Value> = page.items.iter().map(told_json).collect();
            screen::print_json(&json!({"items": items, "next": page.next}))?;
        } else if page.items.is_empty() {
            screen::print("没有反馈")?;
        } else {
            let names = Names::of(&engine, &page.items).await?;
            let mut text: String = page.items.iter().map(|found| told(found, &names)).collect();
            if let Some(next) = page.next {
                text.push_str(&format!("……还有更多，加 --after {next} 接着列\n"));
            }
            screen::print(&text)?;
        }
        engine.close().await;
        Ok(Ending::Done)
    }
}

/// A candidate by its own identifier, or by that of its source where only one registry knows it.
async fn candidate(engine: &Engine, name: &str) -> Result<RecordId> {
    if let Some(id) = name.parse::<RecordId>().ok().filter(|id| OFFERS.contains(&id.kind)) {
        return Ok(id);
    }
    let mut found = Vec::new();
    for kind in OFFERS {
        found.extend(engine.find(kind, name).await?);
    }
    match found[..] {
        [id] => Ok(id),
        [] => Err(anyhow!("没有编号为“{name}”的专家、学会服务站或科技成果")),
        _ => Err(anyhow!("不止一个登记库有“{name}”，请用 expert-7 这样的记录编号")),
    }
}

/// What the needs and candidates of some feedback are called.
#[derive(Default)]
struct Names {
    titles: BTreeMap<RecordId, String>,
    /// Those who did not consent to be matched.
    unwilling: BTreeSet<RecordId>,
}

impl Names {
    async fn of(engine: &Engine, items: &[engine::Feedback]) -> Result<Self> {
        let mut names = Self::default();
        for id in items.iter().flat_map(|found| [found.told.need, found.told.candidate]) {
            if names.titles.contains_key(&id) {
                continue;
            }
            let record = engine.read(id).await?.record;
            names.titles.insert(id, record.profile.title().to_owned());
            if Attributes::of(&record).offer.is_some_and(|offer| offer.consent == Consent::None) {
                names.unwilling.insert(id);
            }
        }
        Ok(names)
    }

    /// `张三（expert-7）`; what is no person's name stands in title marks.
    fn of_record(&self, id: RecordId) -> String {
        let title = self.titles.get(&id).map_or("", String::as_str);
        match id.kind {
            Kind::Need | Kind::Achievement => format!("《{title}》（{id}）"),
            _ => format!(" {title}（{id}）"),
        }
    }
}

fn told(found: &engine::Feedback, names: &Names) -> String {
    let engine::Feedback { number, told, recorded_at, seen } = found;
    let (need, candidate) = (names.of_record(told.need), names.of_record(told.candidate));
    let mut text = format!("第 {number} 条  {need}与{candidate}：{}", told.decision.label());
    if let Some(day) = told.decided_on {
        text.push_str(&format!("（{}）", day.strftime("%Y年%-m月%-d日")));
    }
    let rank = seen.rank.map_or_else(String::new, |rank| format!("第 {rank} 名，"));
    let run = seen.run.map_or_else(|| "即时计算".to_owned(), |run| format!("匹配批次 {run}"));
    // The clock of the whole country, as in all days of the program.
    let at = recorded_at.to_zoned(domain::china()).strftime("%Y年%-m月%-d日 %-H:%M");
    text.push_str(&format!("\n    当时 {rank}{:.1} 分（{run}）  记于 {at}\n", seen.total));
    for (label, said) in [("原因", &told.reason), ("备注", &told.comment)] {
        if !said.is_empty() {
            text.push_str(&format!("    {label}：{said}\n"));
        }
    }
    text
}

fn told_json(found: &engine::Feedback) -> Value {
    let engine::Feedback { number, told, recorded_at, seen } = found;
    json!({
        "number": number,
        "need": told.need,
        "candidate": told.candidate,
        "decision": told.decision,
        "reason": told.reason,
        "decided_on": told.decided_on,
        "comment": told.comment,
        "recorded_at": recorded_at,
        "seen": rounded(seen),
    })
}

/// To four decimals, as matches are told; what is kept is kept as it was.
fn rounded(seen: &Seen) -> Seen {
    let round = |value: f64| (value * 1e4).round() / 1e4;
    let part = |part: &Part| Part {
        value: round(part.value),
        weight: round(part.weight),
        points: round(part.points),
        ..part.clone()
    };
    Seen { total: round(seen.total), parts: seen.parts.iter().map(part).collect(), ..seen.clone() }
}

fn date(text: &str) -> Result<Date, String> {
    domain::parse_date(text).ok_or_else(|| "应为日期，如 2026-11-21".to_owned())
}
