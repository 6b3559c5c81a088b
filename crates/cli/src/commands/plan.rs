//! `hongniang plan`: one plan for many needs and experts, made, looked at, ruled on and handed out.

mod new;
mod told;

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::{Args, Subcommand};
use domain::{Kind, RecordId};
use engine::{CampaignShown, Engine, PairForm, RulingDraft, RulingWord};
use serde_json::json;

use super::matching::record;
use super::{opened, require_state, spinner};
use crate::ending::Ending;
use crate::screen::{self, Screen};
use crate::settings::Settings;

const EXAMPLES: &str = "为许多技术需求和专家（或学会服务站）一次定出谁去哪家：先让尽可能多的需求得到满足，其次总分最高，再次各人的次数最均匀，并说明离最优还有多远。\
可以锁定、禁止、对调，其余的尽量不动；按县、按学会导出表格，给每人一份行程。\n\n\
例：\n  hongniang plan new                               全部有效需求，缺省的限制\n  \
hongniang plan new --name 滁州专场 --region 滁州市 --most-each 2 --travel province\n  \
hongniang plan show 1                            看方案、理由和没有安排的需求\n  \
hongniang plan lock 1 XQ-001 ZJ-003 --reason 企业点名邀请\n  \
hongniang plan export 1 --out 方案.xlsx";
const LIST: &str =
    "列出对接活动，后建立的在前。\n\n例：\n  hongniang plan list\n  hongniang plan list --json";
const SHOW: &str = "看一个活动的方案：要点、每一对及理由、没有安排的需求及原因。\n\n\
例：\n  hongniang plan show 1\n  hongniang plan show 1 --all\n  hongniang plan show 1 --version 2 --json";
const LOCK: &str = "锁定一对：一定安排，不受最低得分、次数和名额的限制；可以锁定不在候选之列的人。然后重新求解，其余的尽量不动。\n\n\
例：\n  hongniang plan lock 1 XQ-001 ZJ-003 --reason 企业点名邀请";
const FORBID: &str = "禁止一对：一定不安排。然后重新求解，其余的尽量不动。\n\n例：\n  hongniang plan forbid 1 XQ-001 ZJ-003 --reason 正在诉讼";
const FREE: &str =
    "放开一对：不再锁定或禁止，交还给方案决定。然后重新求解。\n\n例：\n  hongniang plan free 1 XQ-001 ZJ-003";
const SWAP: &str = "对调两对：各去对方原来要去的那家。两对都须在现在的方案中。\n\n\
例：\n  hongniang plan swap 1 XQ-001 ZJ-003 XQ-002 ZJ-008 --reason 行程方便";
const SOLVE: &str =
    "照现行的锁定和禁止重新求解，如有专家依要求删除了个人信息之后。\n\n例：\n  hongniang plan solve 1";
const EXPORT: &str = "把方案写成工作簿：总览、全部安排、每县一表、每学会一表、未安排的需求；--itineraries 时写成行程，每人一页。其中没有联系方式。\n\n\
例：\n  hongniang plan export 1 --out 方案.xlsx\n  \
hongniang plan export 1 --itineraries --out 行程.xlsx\n  \
hongniang plan export 1 --itineraries --candidate ZJ-003 --out 汪砚清.xlsx";
const DELETE: &str = "删除一个活动及其全部方案，不能恢复。\n\n例：\n  hongniang plan delete 1";

/// 制定对接方案：谁去哪家
#[derive(Debug, Args)]
#[command(long_about = EXAMPLES)]
pub(crate) struct Plan {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    New(Box<new::New>),
    /// 列出对接活动
    #[command(long_about = LIST)]
    List(List),
    /// 看一个活动的方案
    #[command(long_about = SHOW)]
    Show(Show),
    /// 锁定一对
    #[command(long_about = LOCK)]
    Lock(Pair),
    /// 禁止一对
    #[command(long_about = FORBID)]
    Forbid(Pair),
    /// 放开一对
    #[command(long_about = FREE)]
    Free(Pair),
    /// 对调两对
    #[command(long_about = SWAP)]
    Swap(Swap),
    /// 重新求解
    #[command(long_about = SOLVE)]
    Solve(Solve),
    /// 导出为工作簿
    #[command(long_about = EXPORT)]
    Export(Export),
    /// 删除一个活动
    #[command(long_about = DELETE)]
    Delete(Delete),
}

#[derive(Debug, Args)]
struct List {
    /// 最多显示几个，1 到 100 [默认：20]
    #[arg(long, value_name = "个数", default_value_t = 20)]
    limit: u32,
    /// 以 JSON 输出结果
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct Show {
    /// 活动编号
    #[arg(value_name = "活动")]
    campaign: u64,
    /// 第几版方案 [默认：最新的]
    #[arg(long, value_name = "版本")]
    version: Option<u64>,
    /// 列出全部，不只前 20 对和前 20 项
    #[arg(long)]
    all: bool,
    /// 以 JSON 输出结果，总是全部
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct Pair {
    /// 活动编号
    #[arg(value_name = "活动")]
    campaign: u64,
    /// 技术需求的编号
    #[arg(value_name = "需求")]
    need: String,
    /// 专家或学会服务站的编号
    #[arg(value_name = "专家")]
    candidate: String,
    /// 原因，最多 200 字
    #[arg(long, value_name = "文字", default_value = "")]
    reason: String,
    /// 以 JSON 输出结果
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct Swap {
    #[command(flatten)]
    pair: Pair,
    /// 另一对的技术需求
    #[arg(value_name = "另一需求")]
    other_need: String,
    /// 另一对的专家或学会服务站
    #[arg(value_name = "另一专家")]
    other_candidate: String,
}

#[derive(Debug, Args)]
struct Solve {
    /// 活动编号
    #[arg(value_name = "活动")]
    campaign: u64,
    /// 以 JSON 输出结果
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct Export {
    /// 活动编号
    #[arg(value_name = "活动")]
    campaign: u64,
    /// 写到哪个文件（.xlsx）
    #[arg(long, value_name = "文件")]
    out: PathBuf,
    /// 第几版方案 [默认：最新的]
    #[arg(long, value_name = "版本")]
    version: Option<u64>,
    /// 写行程，每人一页
    #[arg(long)]
    itineraries: bool,
    /// 只要这个专家或学会服务站的行程
    #[arg(long, value_name = "编号", requires = "itineraries")]
    candidate: Option<String>,
}

#[derive(Debug, Args)]
struct Delete {
    /// 活动编号
    #[arg(value_name = "活动")]
    campaign: u64,
}

impl Plan {
    pub(super) async fn run(self, settings: &Settings) -> Result<Ending> {
        if let Action::New(new) = self.action {
            return new.run(settings).await;
        }
        // Locking somebody who is no candidate scores the pair, for which the index is needed.
        let engine = match &self.action {
            Action::Lock(_) | Action::Swap(_) => opened(settings).await?,
            _ => {
                require_state(settings)?;
                Engine::open(&settings.engine).await?
            }
        };
        let ending = self.action.run(&engine).await?;
        engine.close().await;
        Ok(ending)
    }
}

impl Action {
    async fn run(self, engine: &Engine) -> Result<Ending> {
        match self {
            Self::New(_) => Ok(Ending::Done),
            Self::List(list) => list.run(engine).await,
            Self::Show(show) => show.run(engine).await,
            Self::Lock(pair) => pair.rule(engine, RulingWord::Lock, None).await,
            Self::Forbid(pair) => pair.rule(engine, RulingWord::Forbid, None).await,
            Self::Free(pair) => pair.rule(engine, RulingWord::Free, None).await,
            Self::Swap(Swap { pair, other_need, other_candidate }) => {
                pair.rule(engine, RulingWord::Swap, Some((other_need, other_candidate))).await
            }
            Self::Solve(solve) => changed(&rule(engine, solve.campaign, &[]).await?, solve.json),
            Self::Export(export) => export.run(engine).await,
            Self::Delete(Delete { campaign }) => {
                engine.campaigns().delete(campaign, None).await?;
                screen::print(&format!("已删除对接活动 {campaign}"))?;
                Ok(Ending::Done)
            }
        }
    }
}

impl List {
    async fn run(self, engine: &Engine) -> Result<Ending> {
        let page = engine.campaigns().list(u64::MAX, self.limit).await?;
        if self.json {
            screen::print_json(&page.items)?;
        } else {
            screen::print(&told::list(&page.items))?;
        }
        Ok(Ending::Done)
    }
}

impl Show {
    async fn run(self, engine: &Engine) -> Result<Ending> {
        let campaigns = engine.campaigns();
        let shown = campaigns.read(self.campaign).await?;
        let version = self.version.unwrap_or(shown.head.version);
        let most = if self.all || self.json { usize::MAX } else { told::SHOWN };
        let (mut pairs, mut after) = (Vec::new(), (0, 0));
        loop {
            let page = campaigns.plan(self.campaign, Some(version), after, 100).await?;
            pairs.extend(page.items);
            match page.next.filter(|_| pairs.len() < most) {
                Some(next) => after = next,
                None => break,
            }
        }
        let (mut left, mut after) = (Vec::new(), 0);
        loop {
            let page = campaigns.left_out(self.campaign, Some(version), after, 100).await?;
            left.extend(page.items);
            match page.next.filter(|_| left.len() < most) {
                Some(next) => after = next,
                None => break,
            }
        }
        if self.json {
            screen::print_json(
                &json!({"campaign": shown, "version": version, "plan": pairs, "left_out": left}),
            )?;
        } else {
            let screen = Screen::stdout();
            // Figures are of the latest plan.
            let mut text = if version == shown.head.version {
                told::campaign(screen, &shown)
            } else {
                format!("{}  第 {} 版方案\n", shown.head.name, version)
            };
            text.push_str(&told::pairs(screen, &pairs, most));
            text.push_str(&told::left(screen, &left, most));
            screen::print(&text)?;
        }
        Ok(Ending::Done)
    }
}

impl Pair {
    async fn rule(
        self,
        engine: &Engine,
        ruling: RulingWord,
        other: Option<(String, String)>,
    ) -> Result<Ending> {
        let target = engine.campaigns().read(self.campaign).await?.head.target;
        let with = match &other {
            Some((need, candidate)) => {
                let (need, candidate) = pair(engine, target, need, candidate).await?;
                Some(PairForm { need, candidate })
            }
            None => None,
        };
        let (need, candidate) = pair(engine, target, &self.need, &self.candidate).await?;
        let draft = RulingDraft { ruling, need, candidate, with, reason: self.reason };
        changed(&rule(engine, self.campaign, &[draft]).await?, self.json)
    }
}

impl Export {
    async fn run(self, engine: &Engine) -> Result<Ending> {
        let campaigns = engine.campaigns();
        let file = if self.itineraries {
            let candidate = match &self.candidate {
                Some(name) => {
                    let target = campaigns.read(self.campaign).await?.head.target;
                    Some(record(engine, target, name).await?)
                }
                None => None,
            };
            campaigns.itinerary_workbook(self.campaign, self.version, candidate).await?
        } else {
            campaigns.plan_workbook(self.campaign, self.version).await?
        };
        let path = self.out.display();
        fs::write(&self.out, file).with_context(|| format!("无法写入文件 {path}"))?;
        screen::print(&format!("已写入 {path}"))?;
        Ok(Ending::Done)
    }
}

async fn pair(engine: &Engine, target: Kind, need: &str, candidate: &str) -> Result<(RecordId, RecordId)> {
    Ok((record(engine, Kind::Need, need).await?, record(engine, target, candidate).await?))
}

async fn rule(engine: &Engine, campaign: u64, rulings: &[RulingDraft]) -> Result<CampaignShown> {
    let spinner = spinner("正在重新求解……");
    let shown = engine.campaigns().rule(campaign, None, rulings).await;
    spinner.finish_and_clear();
    Ok(shown?)
}

/// Tells what came of rulings.
fn changed(shown: &CampaignShown, as_json: bool) -> Result<Ending> {
    if as_json {
        screen::print_json(shown)?;
    } else {
        screen::print(&told::changed(Screen::stdout(), shown))?;
    }
    Ok(ending(shown))
}

/// Limits that cannot be met are to be looked at.
fn ending(shown: &CampaignShown) -> Ending {
    if shown.plan.relaxations.is_empty() { Ending::Done } else { Ending::Findings }
}
