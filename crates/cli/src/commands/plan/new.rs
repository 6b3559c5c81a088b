//! `hongniang plan new`: what a campaign is asked to be, from a file, from options, or by default.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::Args;
use domain::{Industry, Kind, Region, parse_date};
use engine::{CampaignRequest, GroupBy, QuotaRule, Source, Travel};
use jiff::civil::Date;

use super::super::matching::record;
use super::super::{bar, opened};
use super::{ending, told};
use crate::causes;
use crate::ending::{Ending, Misuse};
use crate::screen::{self, Screen};
use crate::settings::Settings;

const EXAMPLES: &str = "建立一个对接活动并求解。不写选项时列入全部有效的技术需求，每项派一位专家，每人的次数为本年度还可承接的数。\
限制多的，可写在一个 TOML 或 JSON 文件里（--from，各项的名称与接口相同，见 docs/campaigns.md），选项改变文件中的同一项。\n\n\
例：\n  hongniang plan new\n  \
hongniang plan new --name 滁州专场 --region 滁州市 --target station --per-need 10\n  \
hongniang plan new --field 现代能源 --floor 30 --most-each 2 --travel province\n  \
hongniang plan new --quota 学会=江淮焊接学会:0-20 --quota 县:1-5\n  \
hongniang plan new --from 活动.toml --json";

/// 建立对接活动并求解
#[derive(Debug, Args)]
#[command(long_about = EXAMPLES)]
pub(crate) struct New {
    /// 从文件读取要求（.toml 或 .json）
    #[arg(long, value_name = "文件")]
    from: Option<PathBuf>,
    /// 活动名称 [默认：对接活动和日期]
    #[arg(long, value_name = "名称")]
    name: Option<String>,
    /// 派谁去：experts（专家）或 stations（学会服务站） [默认：experts]
    #[arg(long, value_name = "登记库")]
    target: Option<Kind>,
    /// 业务日期，有效期按这一天判断 [默认：今天]
    #[arg(long, value_name = "日期", value_parser = date)]
    date: Option<Date>,
    /// 只要这项需求，可写多次
    #[arg(long = "need", value_name = "编号")]
    needs: Vec<String>,
    /// 只要这个地区（含下级）的需求，可写多次
    #[arg(long = "region", value_name = "地区")]
    regions: Vec<Region>,
    /// 只要这个行业（含下级）的需求，可写多次
    #[arg(long = "industry", value_name = "行业")]
    industries: Vec<Industry>,
    /// 只要这个技术领域的需求，可写多次
    #[arg(long = "field", value_name = "领域")]
    fields: Vec<String>,
    /// 每项需求取前几名作为候选，1 到 100 [默认：30]
    #[arg(long, value_name = "名数")]
    per_need: Option<u32>,
    /// 候选取自当前匹配批次，不重新匹配
    #[arg(long)]
    from_run: bool,
    /// 每项需求最少几位 [默认：1]
    #[arg(long, value_name = "人数")]
    least: Option<u32>,
    /// 每项需求最多几位 [默认：1]
    #[arg(long, value_name = "人数")]
    most: Option<u32>,
    /// 每人最多几次 [默认：本年度还可承接的数]
    #[arg(long, value_name = "次数")]
    most_each: Option<u32>,
    /// 没有登记年度可承接数的按几次算 [默认：2]
    #[arg(long, value_name = "次数")]
    unstated: Option<u32>,
    /// 可以走多远：anywhere（不限）、province（同省）、city（同市）、county（同县） [默认：anywhere]
    #[arg(long, value_name = "范围", value_parser = travel)]
    travel: Option<Travel>,
    /// 低于此得分的不安排，0 到 100 [默认：0]
    #[arg(long, value_name = "分数")]
    floor: Option<f64>,
    /// 名额，可写多次：分组=名称:最少-最多，分组为学会、县、市或领域；不写名称即其中每一个
    #[arg(long = "quota", value_name = "名额", value_parser = quota)]
    quotas: Vec<QuotaRule>,
    /// 求解的力度，1 到 10000，越大越接近最优也越慢 [默认：100]
    #[arg(long, value_name = "力度")]
    effort: Option<u32>,
    /// 以 JSON 输出结果
    #[arg(long)]
    json: bool,
}

impl New {
    pub(super) async fn run(self, settings: &Settings) -> Result<Ending> {
        let engine = opened(settings).await?;
        let as_json = self.json;
        let mut request = match &self.from {
            Some(path) => read(path)?,
            None => CampaignRequest::named(""),
        };
        for need in &self.needs {
            request.needs.ids.push(record(&engine, Kind::Need, need).await?);
        }
        self.apply(&mut request);
        let bar = bar(Some(0), "{bar:30} {pos}/{len} 项需求  剩余 {eta}")?;
        let made = engine
            .campaigns()
            .make(&request, |done, total| {
                bar.set_length(total);
                bar.set_position(done);
            })
            .await;
        bar.finish_and_clear();
        let shown = made?;
        if as_json {
            screen::print_json(&shown)?;
        } else {
            let mut text = told::campaign(Screen::stdout(), &shown);
            text.push_str(&format!(
                "\n看每一对及理由：hongniang plan show {0}\n导出表格：hongniang plan export {0} --out 方案.xlsx\n",
                shown.head.id
            ));
            screen::print(&text)?;
        }
        engine.close().await;
        Ok(ending(&shown))
    }

    fn apply(self, request: &mut CampaignRequest) {
        if let Some(name) = self.name {
            request.name = name;
        } else if request.name.is_empty() {
            let today = jiff::Timestamp::now().to_zoned(domain::china());
            let day = self.date.or(request.business_date).unwrap_or(today.date());
            request.name = format!("对接活动 {day}");
        }
        request.target = self.target.unwrap_or(request.target);
        request.business_date = self.date.or(request.business_date);
        request.needs.regions.extend(self.regions);
        request.needs.industries.extend(self.industries);
        request.needs.fields.extend(self.fields);
        request.candidates.per_need = self.per_need.unwrap_or(request.candidates.per_need);
        if self.from_run {
            request.candidates.source = Source::CurrentRun;
        }
        request.wanted.least = self.least.unwrap_or(request.wanted.least);
        // Who wants more at least wants no fewer at most.
        request.wanted.most = self.most.unwrap_or(request.wanted.most.max(request.wanted.least));
        request.capacity.most = self.most_each.or(request.capacity.most);
        request.capacity.unstated = self.unstated.unwrap_or(request.capacity.unstated);
        request.travel = self.travel.unwrap_or(request.travel);
        request.floor = self.floor.unwrap_or(request.floor);
        request.quotas.extend(self.quotas);
        request.effort = self.effort.unwrap_or(request.effort);
    }
}

/// A request from a file.
fn read(path: &Path) -> Result<CampaignRequest> {
    let shown = path.display();
    let text = fs::read_to_string(path).with_context(|| format!("无法读取文件 {shown}"))?;
    let said = if path.extension().is_some_and(|ending| ending == "json") {
        serde_json::from_str(&text).map_err(|error| causes::json_says(&error))
    } else {
        toml::from_str(&text).map_err(|error| causes::toml_says(&error, &text))
    };
    said.map_err(|said| Misuse(format!("文件 {shown} 有误：{said}")).into())
}

fn travel(text: &str) -> Result<Travel, String> {
    Ok(match text {
        "anywhere" | "不限" => Travel::Anywhere,
        "province" | "同省" => Travel::Province,
        "city" | "同市" => Travel::City,
        "county" | "同县" => Travel::County,
        _ => return Err("应为 anywhere（不限）、province（同省）、city（同市）或 county（同县）".to_owned()),
    })
}

/// 学会=江淮焊接学会:0-20, 县:1-5, 领域=现代能源:2-
fn quota(text: &str) -> Result<QuotaRule, String> {
    let wrong = || "应形如 学会=江淮焊接学会:0-20、县:1-5 或 领域=现代能源:2-".to_owned();
    let (group, bounds) = text.rsplit_once([':', '：']).ok_or_else(wrong)?;
    let (by, of) = match group.split_once(['=', '＝']) {
        Some((by, of)) => (by, Some(of.trim().to_owned())),
        None => (group, None),
    };
    let by = match by.trim() {
        "学会" | "society" => GroupBy::Society,
        "县" | "county" => GroupBy::County,
        "市" | "city" => GroupBy::City,
        "领域" | "field" => GroupBy::Field,
        _ => return Err(wrong()),
    };
    let (least, most) = bounds.split_once(['-', '—', '－']).ok_or_else(wrong)?;
    let number = |text: &str| text.trim().parse::<u32>().map_err(|_| wrong());
    let at_least = if least.trim().is_empty() { 0 } else { number(least)? };
    let at_most = if most.trim().is_empty() { None } else { Some(number(most)?) };
    Ok(QuotaRule { by, of, at_least, at_most })
}

fn date(text: &str) -> Result<Date, String> {
    parse_date(text).ok_or_else(|| "应为日期，如 2026-11-27".to_owned())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn quotas_are_written_in_one_word() {
        let rule = |by, of: Option<&str>, at_least, at_most| QuotaRule {
            by,
            of: of.map(str::to_owned),
            at_least,
            at_most,
        };
        for (text, expected) in [
            ("学会=江淮焊接学会:0-20", rule(GroupBy::Society, Some("江淮焊接学会"), 0, Some(20))),
            ("县：1－5", rule(GroupBy::County, None, 1, Some(5))),
            ("领域=现代能源:2-", rule(GroupBy::Field, Some("现代能源"), 2, None)),
            ("city=滁州市:-3", rule(GroupBy::City, Some("滁州市"), 0, Some(3))),
        ] {
            assert_eq!(quota(text).unwrap(), expected, "{text}");
        }
        for wrong in ["", "学会", "学会:3", "省:1-2", "县:a-3", "县:1-b"] {
            assert!(quota(wrong).is_err(), "{wrong}");
        }
    }
}
