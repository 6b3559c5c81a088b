//! `hongniang train`: what the program learns from those who use it.

use anyhow::{Context, Result};
use clap::{Args, Subcommand};
use engine::learning::Lesson;
use indicatif::ProgressBar;
use jiff::Timestamp;
use ranking::Comparison;
use serde_json::json;

use engine::{Taught, TeachingProgress};

use super::{bar, opened, require_state, spinner};
use crate::ending::Ending;
use crate::settings::Settings;
use crate::{learned, screen};

const EXAMPLES: &str = "从登记库自己的文字、工作人员的评判和对接反馈中学习。\n\n\
例：\n  hongniang train vectors\n  hongniang train weights --dry-run";
const VECTORS: &str = "从需求、专家、服务站和成果的文字里学习哪些词语意思相近（词向量）：标题和说明、同一专家的各个项目、相近的成果名称互为例子。\
不需要评判，也不联网。学完后用它重建这些登记库的索引，其间照常检索和匹配。适合每晚在重新匹配之前运行；记录太少时不学，沿用现在的词向量。启用了向量模型（设置 embedding.model_dir）时不学，因为语义由它判断。\n\n\
例：\n  hongniang train vectors\n  hongniang train vectors --reset        去掉学得的词向量，恢复程序自带的\n  10 2 * * *  hongniang train vectors --data-dir /var/lib/hongniang; hongniang rematch --data-dir /var/lib/hongniang    每天 2:10（crontab）";
const WEIGHTS: &str = "学习文字各部分和地域、行业等各项的权重：比较同一项需求的两个候选对象，哪个更好（评判等级高的、已解决和已接受的更好，已谢绝的最差），\
让更好的得分更高，同时不离现用的权重太远。约三成需求不参加学习，用来检验；学得的权重在这些需求上不比现用的差才采用，否则退出码为 3，什么都不改变。\
设置里写明的权重不动。采用后写在数据目录的 learned/weights.toml，重启服务后生效。\n\n\
例：\n  hongniang train weights --dry-run      只看会怎样\n  hongniang train weights\n  hongniang train weights --reset        去掉学得的权重";

const PROGRESS: &str = "{msg} {bar:30} {pos}/{len}  剩余 {eta}";

/// 从评判和反馈中学习
#[derive(Debug, Args)]
#[command(long_about = EXAMPLES)]
pub(crate) struct Train {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// 学习哪些词语意思相近
    #[command(long_about = VECTORS)]
    Vectors(Vectors),
    /// 学习排序的权重
    #[command(long_about = WEIGHTS)]
    Weights(Weights),
}

#[derive(Debug, Args)]
struct Vectors {
    /// 去掉学得的词向量，用程序自带的重建索引
    #[arg(long)]
    reset: bool,
    /// 以 JSON 输出结果
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct Weights {
    /// 只学习和检验，不采用
    #[arg(long)]
    dry_run: bool,
    /// 去掉学得的权重，恢复默认和设置里的
    #[arg(long, conflicts_with = "dry_run")]
    reset: bool,
    /// 以 JSON 输出结果
    #[arg(long)]
    json: bool,
}

impl Train {
    /// Whether what was learned is to go.
    pub(crate) fn takes_away(&self) -> bool {
        matches!(&self.what, What::Weights(weights) if weights.reset)
    }

    pub(super) async fn run(self, settings: &Settings) -> Result<Ending> {
        match self.what {
            What::Vectors(vectors) if vectors.reset => vectors.reset(settings).await,
            What::Vectors(vectors) => vectors.learn(settings).await,
            What::Weights(weights) if weights.reset => weights.reset(settings),
            What::Weights(weights) => weights.learn(settings).await,
        }
    }
}

impl Vectors {
    async fn reset(&self, settings: &Settings) -> Result<Ending> {
        let engine = opened(settings).await?;
        let bar = bar(Some(0), PROGRESS)?;
        let outcome = engine.reset_vectors(|progress| show(&bar, progress)).await;
        bar.finish_and_clear();
        let removed = outcome?;
        engine.close().await;
        if self.json {
            screen::print_json(&json!({"removed": removed}))?;
        } else {
            let found = if removed { "已去掉学得的词向量" } else { "没有学得的词向量" };
            screen::print(&format!("{found}，索引已用程序自带的词向量重建"))?;
        }
        Ok(Ending::Done)
    }

    async fn learn(&self, settings: &Settings) -> Result<Ending> {
        let engine = opened(settings).await?;
        let bar = bar(Some(0), PROGRESS)?;
        let outcome = engine.train_vectors(|progress| show(&bar, progress)).await;
        bar.finish_and_clear();
        let taught = outcome?;
        engine.close().await;
        if self.json {
            screen::print_json(&json!(taught))?;
        } else {
            let Taught { records, pairs, terms } = taught;
            screen::print(&match terms {
                Some(terms) => format!(
                    "已从 {records} 条记录的 {pairs} 对文字学得 {terms} 个词语的词向量，索引已重建，匹配即刻使用"
                ),
                None => format!("记录太少（{records} 条，{pairs} 对文字），没有学习；沿用现在的词向量"),
            })?;
        }
        Ok(Ending::Done)
    }
}

fn show(bar: &ProgressBar, progress: TeachingProgress) {
    let (said, done, all) = match progress {
        TeachingProgress::Reading(done, all) => ("读取记录".to_owned(), done, all),
        TeachingProgress::Learning(done, all) => ("学习".to_owned(), done as u64, all as u64),
        TeachingProgress::Rebuilding(kind, done, all) => (format!("重建{}索引", kind.label()), done, all),
    };
    bar.set_message(said);
    bar.set_length(all);
    bar.set_position(done);
}

impl Weights {
    fn reset(&self, settings: &Settings) -> Result<Ending> {
        require_state(settings)?;
        let removed = learned::remove(&settings.engine.data_dir)?;
        if self.json {
            screen::print_json(&json!({"removed": removed}))?;
        } else {
            let said = if removed {
                "已去掉学得的权重，重启服务后生效"
            } else {
                "没有学得的权重"
            };
            screen::print(said)?;
        }
        Ok(Ending::Done)
    }

    async fn learn(&self, settings: &Settings) -> Result<Ending> {
        let engine = opened(settings).await?;
        let waiting = spinner("正在学习和检验……");
        let outcome = engine.learn_weights(&settings.pinned).await;
        waiting.finish_and_clear();
        let lesson = outcome?;
        engine.close().await;
        let installed = match (&lesson.refusal, self.dry_run) {
            (None, false) => {
                let note = lesson.note(Timestamp::now().round(jiff::Unit::Second).context("时间无效")?);
                Some(learned::write(&settings.engine.data_dir, &lesson, &note)?)
            }
            _ => None,
        };
        if self.json {
            screen::print_json(&json!({"installed": installed.is_some(), "lesson": lesson}))?;
        } else {
            let mut text = told(&lesson);
            text.push_str(&match (&lesson.refusal, &installed) {
                (Some(refusal), _) => format!("未采用：{refusal}\n"),
                (None, Some(path)) => format!("已采用，写在 {}；重启服务后生效\n", path.display()),
                (None, None) => "可以采用；这次只是试算，什么都没有改变\n".to_owned(),
            });
            screen::print(&text)?;
        }
        Ok(if lesson.refusal.is_some() { Ending::Findings } else { Ending::Done })
    }
}

fn told(lesson: &Lesson) -> String {
    let Lesson { needs, held_back, judgements, feedback, pairs, weights, .. } = lesson;
    let mut text = format!("已有评判 {judgements} 个，反馈 {feedback} 个。");
    text.push_str(&if weights.is_empty() {
        // Refused before anything was learned: no pair has been looked at.
        format!("其中能比出好坏的需求 {} 项\n", needs + held_back)
    } else {
        format!("学自 {needs} 项需求的 {pairs} 对候选对象（一好一差），另留出 {held_back} 项需求检验\n")
    });
    for weight in &lesson.weights {
        let moved = weight.after - weight.before;
        let change = if moved.abs() < 5e-5 { "不变".to_owned() } else { format!("{moved:+.4}") };
        text.push_str(&format!(
            "  {}{:.4} → {:.4}  {change}\n",
            screen::padded(&weight.label, 14),
            weight.before,
            weight.after
        ));
    }
    if let Some(Comparison { first, second, difference, difference_interval: (low, high), p_value, .. }) =
        lesson.comparison
    {
        text.push_str(&format!(
            "留出的需求上 nDCG@10：现用 {first:.4}，学得 {second:.4}，差 {difference:+.4}（95% 区间 {low:+.4}～{high:+.4}，p = {p_value:.4}）\n"
        ));
    }
    text
}
