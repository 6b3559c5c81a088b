//! `hongniang duplicates`: needs that came twice.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use clap::Args;
use domain::RecordId;
use engine::{DuplicatePair, Engine, NeedBrief};

use super::{opened, spinner};
use crate::ending::Ending;
use crate::screen::{Emphasis, Screen};
use crate::settings::Settings;
use crate::table::Outputs;

/// Pairs read at a time.
const PAGE: u32 = 500;

const EXAMPLES: &str = "列出疑似重复的技术需求：同一需求经县、市两级报送，或改了名称、增删了句子再次提交。\
导入和登记时已经比较过；旧版本数据库里的需求在第一次打开时补上。已撤回的需求不列出。\n\n\
比较时先去掉套话、标点、数字和繁简、全半角的差别。文字有四成以上相同、较短一条有七成以上见于较长一条、\
或名称相同而其中一条没有另外的说明，即列为疑似重复；是否重复由工作人员判断。\n\n\
例：\n  hongniang duplicates\n  hongniang duplicates --csv 疑似重复.csv      用 Excel 打开\n  hongniang duplicates --json";

const HEADING: [&str; 15] = [
    "组",
    "编号",
    "外部编号",
    "技术需求名称",
    "单位名称",
    "地区",
    "报送单位",
    "疑似重复的编号",
    "外部编号",
    "技术需求名称",
    "单位名称",
    "地区",
    "报送单位",
    "相似度（%）",
    "依据",
];

/// 列出疑似重复的技术需求
#[derive(Debug, Args)]
#[command(long_about = EXAMPLES)]
pub(crate) struct Duplicates {
    #[command(flatten)]
    outputs: Outputs,
}

impl Duplicates {
    pub(super) async fn run(self, settings: &Settings) -> Result<Ending> {
        let waiting = spinner("正在比较尚未比较的需求……");
        let engine = opened(settings).await?;
        waiting.finish_and_clear();
        let groups = grouped(all(&engine).await?);
        engine.close().await;
        let rows =
            (1..).zip(&groups).flat_map(|(place, pairs)| pairs.iter().map(move |pair| row(place, pair)));
        let pairs: Vec<&DuplicatePair> = groups.iter().flatten().collect();
        self.outputs.give(&pairs, &HEADING, rows, || shown(Screen::stdout(), &groups))?;
        Ok(Ending::Done)
    }
}

async fn all(engine: &Engine) -> Result<Vec<DuplicatePair>> {
    let (mut pairs, mut after) = (Vec::new(), (0, 0));
    loop {
        let page = engine.duplicate_pairs(after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(pairs) };
        after = (last.need.id.number, last.duplicate.other.id.number);
        pairs.extend(page);
    }
}

/// Pairs that hang together, the likeliest first, in the groups and of the groups.
fn grouped(mut pairs: Vec<DuplicatePair>) -> Vec<Vec<DuplicatePair>> {
    // Sorts stably: pairs that are as alike stay by number.
    pairs.sort_by(|a, b| b.duplicate.likeness.total_cmp(&a.duplicate.likeness));
    let mut groups: Vec<(BTreeSet<RecordId>, Vec<DuplicatePair>)> = Vec::new();
    for pair in pairs {
        let ids = [pair.need.id, pair.duplicate.other.id];
        let mut joined = groups.extract_if(.., |(needs, _)| ids.iter().any(|id| needs.contains(id)));
        let (mut needs, mut held) = joined.next().unwrap_or_default();
        joined.for_each(|(others, pairs)| {
            needs.extend(others);
            held.extend(pairs);
        });
        needs.extend(ids);
        held.push(pair);
        groups.push((needs, held));
    }
    let mut groups: Vec<Vec<DuplicatePair>> = groups.into_iter().map(|(_, pairs)| pairs).collect();
    let likeness = |pair: &DuplicatePair| pair.duplicate.likeness;
    groups.iter_mut().for_each(|pairs| pairs.sort_by(|a, b| likeness(b).total_cmp(&likeness(a))));
    groups.sort_by(|a, b| {
        likeness(&b[0]).total_cmp(&likeness(&a[0])).then_with(|| a[0].need.id.cmp(&b[0].need.id))
    });
    groups
}

fn row(place: usize, DuplicatePair { need, duplicate }: &DuplicatePair) -> Vec<String> {
    let mut cells = vec![place.to_string()];
    cells.extend(self::cells(need));
    cells.extend(self::cells(&duplicate.other));
    cells.extend([duplicate.likeness.to_string(), duplicate.detail.clone()]);
    cells
}

/// A need in the columns of a table.
pub(super) fn cells(need: &NeedBrief) -> [String; 6] {
    let or_blank = |text: &Option<String>| text.clone().unwrap_or_default();
    [
        need.id.to_string(),
        need.external_id.clone(),
        need.title.clone(),
        or_blank(&need.enterprise),
        or_blank(&need.region_name),
        or_blank(&need.filed_by),
    ]
}

/// Whose a need is and where.
pub(super) fn about(need: &NeedBrief) -> String {
    let words = [&need.enterprise, &need.region_name, &need.filed_by].into_iter().flatten();
    words.map(String::as_str).collect::<Vec<_>>().join(" · ")
}

fn shown(screen: Screen, groups: &[Vec<DuplicatePair>]) -> String {
    let mut text = String::new();
    for (place, pairs) in (1..).zip(groups) {
        let both = |pair: &'_ DuplicatePair| [pair.need.clone(), pair.duplicate.other.clone()];
        let needs: BTreeMap<RecordId, NeedBrief> =
            pairs.iter().flat_map(both).map(|need| (need.id, need)).collect();
        let title = &pairs[0].need.title;
        let head = format!("{place}. {title}等 {} 条需求", needs.len());
        text.push_str(&screen.paragraph(0, &[(Emphasis::Strong, head)]));
        for need in needs.values() {
            let id = format!("{} / {}  ", need.id, need.external_id);
            let about = format!("  {}", about(need));
            let line =
                [(Emphasis::Faint, id), (Emphasis::Plain, need.title.clone()), (Emphasis::Plain, about)];
            text.push_str(&screen.paragraph(3, &line));
        }
        for DuplicatePair { need, duplicate } in pairs {
            let said = format!("{} 与 {}：{}", need.id, duplicate.other.id, duplicate.detail);
            text.push_str(&screen.paragraph(3, &[(Emphasis::Faint, said)]));
        }
        text.push('\n');
    }
    let found: usize = groups.iter().map(Vec::len).sum();
    text.push_str(&match groups.len() {
        0 => "没有发现疑似重复的技术需求\n".to_owned(),
        groups => format!("疑似重复 {found} 对，归为 {groups} 组\n"),
    });
    text
}
