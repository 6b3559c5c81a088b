//! `hongniang match`: who should meet whom, and why.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, anyhow};
use clap::Args;
use domain::{Kind, RecordId};
use engine::{Engine, MatchRequest, Subject};
use serde_json::{Value, json};

use super::opened;
use crate::ending::Ending;
use crate::screen::{self, Screen};
use crate::settings::Settings;
use crate::view;

/// Characters of a typed text that make the title; the rest is the description.
const TITLE: usize = 100;

const EXAMPLES: &str = "为一项技术需求找专家、学会服务站或科技成果，或者反过来，并说明每个结果的理由。编号可以是 need-42 这样的记录编号，\
也可以是导入时的外部编号。\n\n\
例：\n  hongniang match --need XQ-001\n  hongniang match --need need-42 --target stations --limit 3\n  \
hongniang match --expert ZJ-001                      为专家找需求\n  \
hongniang match --text \"方形铝壳电池激光焊接气孔\"      不登记，直接问\n  \
hongniang match --form 需求.json --json              表单与导入的一行相同\n  \
hongniang match --need XQ-001 --with-excluded        列出被排除的及原因";

/// 为需求找对接对象，或为对方找需求
#[derive(Debug, Args)]
#[command(long_about = EXAMPLES)]
pub(crate) struct Matching {
    #[command(flatten)]
    subject: Asking,
    /// 找什么：experts、stations、achievements、needs [默认：为需求找 experts，其余找 needs]
    #[arg(long, value_name = "登记库")]
    target: Option<Kind>,
    /// 最多显示的条数，1 到 100 [默认：10]
    #[arg(long, value_name = "条数", default_value_t = 10)]
    limit: usize,
    /// 也列出不能推荐的，及其原因
    #[arg(long)]
    with_excluded: bool,
    /// 以 JSON 输出结果
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct Asking {
    /// 技术需求的编号
    #[arg(long, value_name = "编号")]
    need: Option<String>,
    /// 专家的编号
    #[arg(long, value_name = "编号")]
    expert: Option<String>,
    /// 学会服务站的编号
    #[arg(long, value_name = "编号")]
    station: Option<String>,
    /// 科技成果的编号
    #[arg(long, value_name = "编号")]
    achievement: Option<String>,
    /// 需求的文字，不登记
    #[arg(long, value_name = "文字")]
    text: Option<String>,
    /// 需求的表单（一个 JSON 对象），不登记
    #[arg(long, value_name = "文件")]
    form: Option<PathBuf>,
}

impl Matching {
    pub(super) async fn run(self, settings: &Settings) -> Result<Ending> {
        let form = self.subject.form()?;
        let engine = opened(settings).await?;
        let (kind, subject) = match form {
            Some(form) => (Kind::Need, Subject::Form(Kind::Need, form)),
            None => self.subject.stored(&engine).await?,
        };
        let default = if kind == Kind::Need { Kind::Expert } else { Kind::Need };
        let request = MatchRequest {
            target: self.target.unwrap_or(default),
            limit: self.limit,
            with_excluded: self.with_excluded,
            on: None,
        };
        let answer = engine.find_matches(&subject, &request).await?;
        if self.json {
            screen::print_json(&view::answer_json(&answer))?;
        } else {
            screen::print(&view::answer(Screen::stdout(), request.target, &answer))?;
        }
        engine.close().await;
        Ok(Ending::Done)
    }
}

impl Asking {
    /// A form that is not stored.
    fn form(&self) -> Result<Option<Value>> {
        if let Some(text) = &self.text {
            let (title, rest) = split(text.trim());
            return Ok(Some(json!({"title": title, "description": rest})));
        }
        let Some(path) = &self.form else { return Ok(None) };
        let bytes = fs::read(path).with_context(|| format!("无法读取表单 {}", path.display()))?;
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
        let form = serde_json::from_slice(bytes)
            .with_context(|| format!("表单 {} 不是有效的 JSON", path.display()))?;
        Ok(Some(form))
    }

    async fn stored(&self, engine: &Engine) -> Result<(Kind, Subject)> {
        let asked = [
            (Kind::Need, &self.need),
            (Kind::Expert, &self.expert),
            (Kind::Station, &self.station),
            (Kind::Achievement, &self.achievement),
        ];
        let named = asked.into_iter().find_map(|(kind, name)| Some((kind, name.as_deref()?)));
        let (kind, name) = named.context("没有指明为谁匹配")?;
        Ok((kind, Subject::Stored(record(engine, kind, name).await?)))
    }
}

/// A record by its external id, or by its own.
pub(super) async fn record(engine: &Engine, kind: Kind, name: &str) -> Result<RecordId> {
    if let Some(id) = engine.find(kind, name).await? {
        return Ok(id);
    }
    let id = name.parse::<RecordId>().ok().filter(|id| id.kind == kind);
    id.ok_or_else(|| anyhow!("{}库中没有编号为“{name}”的记录", kind.label()))
}

/// Title and description; together they are the text.
fn split(text: &str) -> (String, String) {
    let count = text.chars().count();
    if count <= TITLE {
        return (text.to_owned(), String::new());
    }
    let ends = |c: char| "。；！？\n".contains(c);
    // Ends the title with its first sentence if that is short enough; a sentence begins with something said.
    let start = text.chars().position(|c| c.is_alphanumeric()).unwrap_or(0);
    let end = text.chars().skip(start).position(ends).map(|length| start + length);
    let at = end.filter(|at| (1..=TITLE).contains(at)).unwrap_or(TITLE);
    (text.chars().take(at).collect(), text.chars().skip(at).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_says_something_and_no_text_is_lost() {
        let long = "焊缝气孔率偏高".repeat(20);
        for (text, title) in [
            ("激光焊接。".to_owned(), "激光焊接。".to_owned()),
            (format!("激光焊接。{long}"), "激光焊接".to_owned()),
            (format!("。激光焊接。{long}"), "。激光焊接".to_owned()),
            (format!("？！\n“激光焊接”？{long}"), "？！\n“激光焊接”".to_owned()),
            (long.clone(), long.chars().take(TITLE).collect()),
            ("。".repeat(150), "。".repeat(TITLE)),
            (format!("{}{long}", "。".repeat(150)), "。".repeat(TITLE)),
        ] {
            let (found, rest) = split(&text);
            assert_eq!((&found, format!("{found}{rest}")), (&title, text));
        }
    }
}
