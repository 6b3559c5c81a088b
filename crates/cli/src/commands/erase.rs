//! `hongniang erase person`: whoever asks for it is taken out of everything.

use std::time::Duration;

use anyhow::Result;
use clap::{ArgGroup, Args, Subcommand};
use domain::{Kind, RecordId};
use engine::{DatabaseUrl, Engine, Erased, ErasurePlan, Remnant};
use serde_json::{Value, json};

use super::contacts::anywhere;
use super::matching::record;
use super::{require_state, spinner};
use crate::ending::{Ending, Misuse};
use crate::screen;
use crate::settings::Settings;
use crate::view;

/// How long to wait for the files to be clean.
const PATIENCE: Duration = Duration::from_secs(600);

const EXAMPLES: &str = "依本人要求删除个人信息。\n\n例：\n  hongniang erase person --expert ZJ-001\n  hongniang erase person --expert ZJ-001 --yes";
const PERSON: &str = "先列出将要删除的内容；加 --yes 才执行，执行后无法撤销。\n\n\
专家：删除其登记、联系方式，以及匹配结果、评判、反馈中关于此人的部分；科技成果保留，完成人中去掉此人。其他登记（--record）：只删除联系人和联系方式，登记保留。\n\
随后重写数据库文件、合并索引，使文件里不再留有被删的内容（需要与数据库同样大的空余磁盘；其间写入要等待）。几台服务器共用一个数据库时，各自清理自己的索引；没有清理完的逐一列出，退出码为 3。\n\
数据目录的删除名单（erasures，不含个人信息）记下此事：恢复旧备份时会再次删除，再次导入同一编号时会拒绝，除非加 --allow-erased；再次导入成果时，完成人里不再写入此人。\n\
以前的备份和导出的文件不会改动，请自行处理；其他登记的正文里提到此人的，列出编号，请人工核对。\n\n\
例：\n  hongniang erase person --expert ZJ-001\n  hongniang erase person --name 张某某 --organisation 某某大学 --yes\n  hongniang erase person --record need-20 --yes";

/// 依本人要求删除个人信息
#[derive(Debug, Args)]
#[command(long_about = EXAMPLES)]
pub(crate) struct Erase {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// 删除一个人
    #[command(long_about = PERSON)]
    Person(Person),
}

#[derive(Debug, Args)]
#[command(group = ArgGroup::new("who").required(true).args(["expert", "record", "name"]))]
struct Person {
    /// 专家的编号：ZJ-001 或 expert-12
    #[arg(long, value_name = "编号")]
    expert: Option<String>,
    /// 其他登记的编号，如 need-20：只删除联系人
    #[arg(long, value_name = "编号")]
    record: Option<String>,
    /// 专家的姓名，与 --organisation 同用
    #[arg(long, value_name = "姓名", requires = "organisation")]
    name: Option<String>,
    /// 专家的工作单位
    #[arg(long, value_name = "单位", requires = "name")]
    organisation: Option<String>,
    /// 确认删除
    #[arg(long)]
    yes: bool,
    /// 以 JSON 输出结果
    #[arg(long)]
    json: bool,
}

impl Erase {
    pub(super) async fn run(self, settings: &Settings) -> Result<Ending> {
        require_state(settings)?;
        let What::Person(person) = self.what;
        let engine = Engine::open(&settings.engine).await?;
        let on_server = settings.engine.database_url.as_ref().is_some_and(DatabaseUrl::is_server);
        let ending = person.run(&engine, on_server).await;
        engine.close().await;
        ending
    }
}

impl Person {
    async fn run(self, engine: &Engine, on_server: bool) -> Result<Ending> {
        // Perhaps by a command that was killed before the files were clean: that is what is still to be done.
        let gone = self.is_gone(engine).await?;
        let ids = if gone { Vec::new() } else { self.meant(engine).await? };
        let mut plans = Vec::new();
        for id in &ids {
            plans.push(engine.plan_erasure(*id).await?);
        }
        if !self.yes && !gone {
            if self.json {
                let planned: Vec<Value> = plans.iter().map(plan_json).collect();
                screen::print_json(&json!({"erased": false, "planned": planned}))?;
            } else {
                let planned: String = plans.iter().map(planned).collect();
                screen::print(&format!("{planned}还没有删除；确认无误后加 --yes 执行"))?;
            }
            return Ok(Ending::Done);
        }
        let mut done = Vec::new();
        for id in ids {
            done.push((id, engine.erase_person(id).await?));
        }
        let waiting = spinner("正在重写数据库、合并索引……");
        let left = engine.finish_erasing(PATIENCE).await;
        waiting.finish_and_clear();
        let left = left?;
        if self.json {
            let mentions: Vec<RecordId> = plans.iter().flat_map(|plan| plan.mentions.clone()).collect();
            let records: Vec<Value> = done.iter().map(|(id, erased)| erased_json(*id, *erased)).collect();
            let places: Vec<String> = left.iter().map(ToString::to_string).collect();
            screen::print_json(
                &json!({"erased": true, "records": records, "files_clean": left.is_empty(), "not_clean": places, "mentions": mentions}),
            )?;
        } else {
            let mut text: String = done.iter().map(|(id, erased)| told(*id, *erased)).collect();
            text.push_str(&plans.iter().map(mentions).collect::<String>());
            if gone {
                text.push_str("此人此前已经删除，库中没有其登记\n");
            }
            text.push_str(&cleaned(&left));
            if on_server {
                text.push_str(
                    "PostgreSQL 服务器自己的日志（pg_wal）、归档和备份不归本程序管：其中的旧内容要等它们被覆盖或删除，请告知数据库管理员\n",
                );
            }
            screen::print(&text)?;
        }
        Ok(if left.is_empty() { Ending::Done } else { Ending::Findings })
    }

    /// Whether the expert who is meant was erased before.
    async fn is_gone(&self, engine: &Engine) -> Result<bool> {
        let Some(name) = self.expert.as_deref() else { return Ok(false) };
        Ok(engine.was_erased(Kind::Expert, name).await?)
    }

    /// The records that are meant.
    async fn meant(&self, engine: &Engine) -> Result<Vec<RecordId>> {
        if let Some(name) = &self.expert {
            return Ok(vec![record(engine, Kind::Expert, name).await?]);
        }
        if let Some(name) = &self.record {
            let id = anywhere(engine, name).await?;
            if id.kind == Kind::Expert {
                return Err(Misuse(format!("{id} 是专家，请用 --expert {id}")).into());
            }
            return Ok(vec![id]);
        }
        let (name, organisation) =
            (self.name.as_deref().unwrap_or_default(), self.organisation.as_deref().unwrap_or_default());
        let found = engine.experts_named(name.trim(), organisation.trim()).await?;
        if found.is_empty() {
            anyhow::bail!("专家库中没有这个单位的这个人，请核对姓名和工作单位，或用 --expert 指定编号");
        }
        Ok(found.into_iter().map(|record| record.id).collect())
    }
}

fn cleaned(left: &[Remnant]) -> String {
    if left.is_empty() {
        return "数据库文件已重写，索引已合并，文件里不再留有被删的内容\n".to_owned();
    }
    let places: String = left.iter().map(|place| format!("  {place}\n")).collect();
    format!("这些地方还没有清理完：\n{places}")
}

fn planned(plan: &ErasurePlan) -> String {
    let ErasurePlan { record, achievements, .. } = plan;
    let mut text = format!("{} / {}  {}\n", record.id, record.external_id, view::about(record));
    if record.id.kind == Kind::Expert {
        text.push_str("  将删除：登记、联系方式，以及匹配结果、评判、反馈中关于此人的部分\n");
        if !achievements.is_empty() {
            text.push_str(&format!("  将从这些成果的完成人中去掉此人：{}\n", listed(achievements)));
        }
    } else {
        text.push_str("  将删除：联系人和联系方式；登记保留\n");
    }
    text + &mentions(plan)
}

fn mentions(plan: &ErasurePlan) -> String {
    if plan.mentions.is_empty() {
        return String::new();
    }
    format!("  正文里也有这个名字，请人工核对：{}\n", listed(&plan.mentions))
}

fn listed(ids: &[RecordId]) -> String {
    ids.iter().map(ToString::to_string).collect::<Vec<_>>().join("、")
}

fn told(id: RecordId, erased: Erased) -> String {
    let Erased { achievements, matches, judgements, feedback } = erased;
    if id.kind == Kind::Expert {
        format!(
            "已删除 {id}：成果中去掉此人 {achievements} 项，匹配结果 {matches} 个，评判 {judgements} 条，反馈 {feedback} 条\n"
        )
    } else {
        format!("已删除 {id} 的联系人和联系方式\n")
    }
}

fn plan_json(plan: &ErasurePlan) -> Value {
    json!({"id": plan.record.id, "achievements": plan.achievements, "mentions": plan.mentions})
}

fn erased_json(id: RecordId, erased: Erased) -> Value {
    let Erased { achievements, matches, judgements, feedback } = erased;
    json!({"id": id, "achievements": achievements, "matches": matches, "judgements": judgements, "feedback": feedback})
}
