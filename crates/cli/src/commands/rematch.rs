//! `hongniang rematch`: every open need ranked anew.

use anyhow::Result;
use clap::Args;
use engine::RematchRequest;
use jiff::civil::Date;

use super::{bar, opened};
use crate::ending::Ending;
use crate::screen;
use crate::settings::Settings;

const EXAMPLES: &str = "为每项有效的技术需求重新匹配，保存结果和理由，全部完成后一次发布；中途失败时，原来的结果不变。\n\n\
例：\n  hongniang rematch\n  hongniang rematch --date 2026-11-21\n  30 2 * * *  hongniang rematch --data-dir /var/lib/hongniang    每天 2:30（crontab）";

/// 为全部有效需求重新匹配并发布
#[derive(Debug, Args)]
#[command(long_about = EXAMPLES)]
pub(crate) struct Rematch {
    /// 业务日期，有效期按这一天判断 [默认：今天]
    #[arg(long, value_name = "日期", value_parser = date)]
    date: Option<Date>,
    /// 以 JSON 输出结果
    #[arg(long)]
    json: bool,
}

impl Rematch {
    pub(super) async fn run(self, settings: &Settings) -> Result<Ending> {
        let engine = opened(settings).await?;
        let bar = bar(Some(0), "{bar:30} {pos}/{len} 项需求  剩余 {eta}")?;
        let request = RematchRequest { on: self.date };
        let outcome = engine
            .rematch(&request, |progress| {
                bar.set_length(progress.total);
                bar.set_position(progress.done);
            })
            .await;
        bar.finish_and_clear();
        let run = outcome?;
        if self.json {
            screen::print_json(&run)?;
        } else {
            screen::print(&format!(
                "匹配批次 {} 已发布（{}）：{} 项需求，{} 个匹配，{} 项没有找到",
                run.id,
                run.business_date,
                run.needs.unwrap_or_default(),
                run.matches.unwrap_or_default(),
                run.needs_without_match.unwrap_or_default()
            ))?;
        }
        engine.close().await;
        Ok(Ending::Done)
    }
}

fn date(text: &str) -> Result<Date, String> {
    domain::parse_date(text).ok_or_else(|| "应为日期，如 2026-11-21".to_owned())
}
