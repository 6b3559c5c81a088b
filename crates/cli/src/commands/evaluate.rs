//! `hongniang evaluate`: the ranking measured on labelled sets and on staff's judgements, through the product's own path; and compared with
//! another one.

mod axis;
mod contrast;
mod report;

use std::path::{Path, PathBuf};
use std::{fs, io};

use anyhow::{Context, Result, anyhow, bail};
use clap::{Args, Subcommand};
use engine::Engine;
use engine::evaluate::{Case, Graded, GradedSet, KnownItem, KnownItemSet, PassedOver};
use indicatif::ProgressBar;
use serde_json::{Value, json};

use self::contrast::{Against, Contrast};
use super::{TICK, bar, opened};
use crate::configuration::Overrides;
use crate::ending::{Ending, Misuse};
use crate::screen;
use crate::settings::{self, Settings};

const EXAMPLES: &str = "在标注数据上衡量排序质量：用与正式匹配相同的导入、索引和排序，放在临时目录里，用数据目录里的词典和设置，不动其中的数据。\
judged 用数据目录里工作人员的评判，直接在现有数据上衡量。\n\n\
例：\n  hongniang evaluate graded 标注集/\n  hongniang evaluate known-item 标注集/ --json\n  \
hongniang evaluate graded 标注集/ --against 新设置.toml --html 对比.html";
const GRADED: &str = "目录里有 needs.jsonl（id、title、text）、achievements.jsonl（id、title）和 qrels.tsv（need_id、achievement_id、level：4 高度相关、3 相关、2 弱相关、1 不相关，以制表符隔开，表头可有可无）。\
每项需求只对自己标注过的成果排序，报告 nDCG@10 的均值和 95% 自助法区间；至少标注过 10 个、其中至少一个为弱相关以上的需求才计入。\n\n例：\n  hongniang evaluate graded 标注集/ --json";
const KNOWN_ITEM: &str = "目录里有 experts.jsonl（id、projects）和 queries.jsonl（id、text、relevant）。每个查询对全部专家排序，报告 MRR、前 10 和前 100 的召回率。\n\n\
例：\n  hongniang evaluate known-item 标注集/ --json";

const JUDGED: &str = "用工作人员的评判（hongniang judge import）衡量本数据目录的排序：每项需求只对自己评判过的候选对象排序，报告 nDCG@10 的均值和 95% 自助法区间。\
至少评判过 10 个、其中至少一个为弱相关以上的需求才计入；几个人评判过的取中位数。不改动任何数据。\n\n\
例：\n  hongniang evaluate judged\n  hongniang evaluate judged --against 新设置.toml --html 对比.html";
const BAR: &str = "{bar:30} {pos}/{len} 项  剩余 {eta}";

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
    /// 本数据目录里的评判：nDCG@10
    #[command(long_about = JUDGED)]
    Judged(Wanted),
}

#[derive(Debug, Args)]
struct Labelled {
    /// 标注集所在目录
    #[arg(value_name = "目录")]
    directory: PathBuf,
    #[command(flatten)]
    wanted: Wanted,
}

/// What to compare with, and how to tell.
#[derive(Debug, Args)]
struct Wanted {
    /// 另一份设置，如改了 [ranking] 权重的 hongniang.toml：与现用设置逐项对比，检验差别是否可信
    #[arg(long, value_name = "配置文件")]
    against: Option<PathBuf>,
    /// 把对比写成网页，含图表和变化最大的各项
    #[arg(long, value_name = "文件", requires = "against")]
    html: Option<PathBuf>,
    /// 以 JSON 输出结果
    #[arg(long)]
    json: bool,
}

impl Evaluate {
    pub(super) async fn run(self, settings: &Settings) -> Result<Ending> {
        let (wanted, name) = match &self.set {
            Set::Graded(labelled) | Set::KnownItem(labelled) => {
                let directory =
                    labelled.directory.canonicalize().unwrap_or_else(|_| labelled.directory.clone());
                let name = directory.file_name().map(|name| name.to_string_lossy().into_owned());
                (&labelled.wanted, name.unwrap_or_default())
            }
            Set::Judged(wanted) => (wanted, "工作人员的评判".to_owned()),
        };
        // Read before anything takes time.
        let live = &settings.engine.data_dir;
        let other = wanted.against.as_deref().map(|file| other_settings(file, live)).transpose()?;
        let against = wanted.against.as_deref().zip(other.as_ref());
        let against = against.map(|(file, other)| Against::new(file, &settings.engine, other)).transpose()?;
        let (measured, other) = match &self.set {
            Set::Judged(_) => measure_live(settings, other.as_ref()).await?,
            labelled => labelled.measure_apart(settings, other).await?,
        };
        match other.zip(against) {
            None if wanted.json => screen::print_json(&measured.json)?,
            None => screen::print(&format!("{}\n{}。", measured.said, measured.meaning))?,
            Some((other, against)) => {
                let contrast = Contrast::new(name, against, measured, other);
                if let Some(file) = &wanted.html {
                    let page = report::page(&contrast)?;
                    fs::write(file, page).with_context(|| format!("无法写入 {}", file.display()))?;
                }
                if wanted.json {
                    screen::print_json(&contrast.json())?;
                } else {
                    screen::print(&contrast.said())?;
                }
            }
        }
        Ok(Ending::Done)
    }
}

/// Measures on the data directory as it is, which is not changed.
async fn measure_live(
    settings: &Settings,
    other: Option<&engine::Settings>,
) -> Result<(Measured, Option<Measured>)> {
    other.map_or(Ok(()), |other| same_meaning(&settings.engine, other))?;
    let engine = opened(settings).await?;
    let bar = bar(Some(0), BAR)?;
    let first: Measured = engine.measure_judged(shown_on(&bar)).await?.into();
    if first.cases.is_empty() {
        bar.finish_and_clear();
        let said = "还没有可衡量的评判：一项需求要有至少 10 个评判过的候选对象，其中至少一个为弱相关以上；\
            请用 hongniang judge export 导出评判表，填好后用 hongniang judge import 导入";
        return Err(anyhow!(said));
    }
    let second = match other {
        Some(other) => {
            let engine = engine.ranking_with(other.weights, other.matching);
            Some(engine.measure_judged(shown_on(&bar)).await?.into())
        }
        None => None,
    };
    bar.finish_and_clear();
    engine.close().await;
    Ok((first, second))
}

/// What is compared case by case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Measure {
    Ndcg,
    ReciprocalRank,
}

impl Measure {
    const fn name(self) -> &'static str {
        match self {
            Self::Ndcg => "nDCG@10",
            Self::ReciprocalRank => "MRR",
        }
    }

    /// The value of one case, as people read it.
    fn told(self, value: f64) -> String {
        match self {
            Self::Ndcg => format!("{value:.4}"),
            Self::ReciprocalRank if value > 0.0 => format!("第 {:.0} 名", 1.0 / value),
            Self::ReciprocalRank => "没有找到".to_owned(),
        }
    }
}

const ABOUT_NDCG: &str = "nDCG@10 衡量前 10 名排得好不好：相关程度高的排得越靠前，数值越大；1 为最理想的次序，0 为前 10 名里没有相关的";
const ABOUT_RANKS: &str = "MRR 是各查询答案名次倒数的平均：答案总排第一为 1，总排第二为 0.5；前 10（前 100）召回率是答案排进前 10（前 100）名的查询所占的比例，都是越大越好";

/// What one ranking came to on a set.
struct Measured {
    /// The measure that is compared.
    measure: Measure,
    /// What the figures mean, for staff.
    meaning: &'static str,
    cases: Vec<Case>,
    json: Value,
    /// One line.
    said: String,
}

/// The settings of the file, for everything that shapes a ranking. What was learned in the data directory holds under them too.
pub(super) fn other_settings(file: &Path, data_dir: &Path) -> Result<engine::Settings> {
    let overrides = Overrides {
        config: Some(file.to_owned()),
        default_data_dir: data_dir.to_owned(),
        default_level: "warn",
        ..Overrides::default()
    };
    Ok(settings::resolve(&overrides, &|_| None)?.engine)
}

/// The index of a data directory is written with one embedding model, or none: rankings on it cannot differ in that. What says nothing of a model is
/// content with the one there is.
pub(super) fn same_meaning(settings: &engine::Settings, other: &engine::Settings) -> Result<()> {
    if other.embedding.model_dir.is_none() || other.embedding == settings.embedding {
        return Ok(());
    }
    let said = "数据目录的索引只有一份，两份设置的 embedding（向量模型）不能不同；要比较向量模型，请用标注集：hongniang evaluate graded";
    Err(Misuse(said.to_owned()).into())
}

/// A set that engines on the temporary directory hold.
enum Loaded {
    Graded(GradedSet),
    KnownItem(KnownItemSet),
}

impl Set {
    async fn load(&self, engine: &Engine) -> Result<Loaded> {
        Ok(match self {
            Self::Graded(labelled) => Loaded::Graded(engine.load_graded(&labelled.directory).await?),
            Self::KnownItem(labelled) => {
                Loaded::KnownItem(engine.load_known_item(&labelled.directory).await?)
            }
            Self::Judged(_) => bail!("评判在数据目录里，不在标注集里"),
        })
    }

    /// Measures in a temporary directory, with the dictionaries in use.
    async fn measure_apart(
        &self,
        settings: &Settings,
        other: Option<engine::Settings>,
    ) -> Result<(Measured, Option<Measured>)> {
        let scratch = tempfile::tempdir().context("无法建立临时目录")?;
        dictionaries(&settings.engine.data_dir, scratch.path()).context("无法复制词典")?;
        let apart = |settings: engine::Settings| engine::Settings {
            data_dir: scratch.path().to_owned(),
            database_url: None,
            ..settings
        };
        self.measure(&apart(settings.engine.clone()), other.map(apart).as_ref()).await
    }

    /// Measures the ranking of `settings`, and of `other` on the same records.
    async fn measure(
        &self,
        settings: &engine::Settings,
        other: Option<&engine::Settings>,
    ) -> Result<(Measured, Option<Measured>)> {
        let bar = bar(Some(0), BAR)?;
        let engine = Engine::open(settings).await?;
        let set = self.load(&engine).await?;
        let first = set.measure(&engine, &bar).await?;
        engine.close().await;
        let mut second = None;
        if let Some(other) = other {
            let engine = Engine::open(other).await?;
            // Another embedding model reads all texts anew.
            engine.catch_up().await?;
            second = Some(set.measure(&engine, &bar).await?);
            engine.close().await;
        }
        bar.finish_and_clear();
        Ok((first, second))
    }
}

impl Loaded {
    async fn measure(&self, engine: &Engine, bar: &ProgressBar) -> Result<Measured> {
        Ok(match self {
            Self::Graded(set) => engine.measure_graded(set, shown_on(bar)).await?.into(),
            Self::KnownItem(set) => engine.measure_known_item(set, shown_on(bar)).await?.into(),
        })
    }
}

impl From<Graded> for Measured {
    fn from(graded: Graded) -> Self {
        let ((low, high), value, needs) = (graded.interval, graded.ndcg_at_10, graded.needs);
        let mut said = format!("nDCG@10 {value:.4}（95% 区间 {low:.4}～{high:.4}），{needs} 项需求");
        let PassedOver { unknown_needs, unknown_achievements } = graded.passed_over;
        for (count, what) in [(unknown_needs, "需求"), (unknown_achievements, "成果")] {
            if count > 0 {
                said.push_str(&format!("；{count} 个评判的{what}不在标注集里，未计入"));
            }
        }
        Self { measure: Measure::Ndcg, meaning: ABOUT_NDCG, json: json!(graded), cases: graded.cases, said }
    }
}

impl From<KnownItem> for Measured {
    fn from(found: KnownItem) -> Self {
        Self {
            measure: Measure::ReciprocalRank,
            meaning: ABOUT_RANKS,
            json: json!(found),
            said: format!(
                "MRR {:.4}，前 10 召回率 {:.4}，前 100 召回率 {:.4}，{} 个查询",
                found.mrr, found.recall_at_10, found.recall_at_100, found.queries
            ),
            cases: found.cases,
        }
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

/// Shows how much is done of how much. The bar moves from the start, for importing the set takes a while too.
fn shown_on(bar: &ProgressBar) -> impl FnMut(usize, usize) + Send {
    bar.enable_steady_tick(TICK);
    move |done, total| {
        bar.set_length(total as u64);
        bar.set_position(done as u64);
    }
}
