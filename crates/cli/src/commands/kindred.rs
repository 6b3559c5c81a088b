//! `hongniang kindred`: needs of different enterprises that share a problem.

use anyhow::Result;
use clap::Args;
use engine::{ClusterMember, ClusterRequest, NeedCluster};

use super::duplicates::{about, cells};
use super::{opened, spinner};
use crate::ending::Ending;
use crate::screen::{Emphasis, Screen};
use crate::settings::Settings;
use crate::table::Outputs;
use crate::view;

const EXAMPLES: &str = "列出共性需求：不同企业提出、要解决的问题相近的技术需求归为一组，便于一次对接活动服务多家企业。\
只看有效期内、未办结的需求；同一企业重复提交的只计一条，只涉及一家企业的不算。\n\n\
每组列出主题词、企业数、县（市、区）数和内聚度（两两相似度的平均值，0 到 1），以及每条需求中共有的词语。\
服务运行时，当晚批次的结果也可从接口 /api/v1/need-clusters 读取。\n\n\
例：\n  hongniang kindred\n  hongniang kindred --least 3                至少涉及三家企业\n  \
hongniang kindred --csv 共性需求.csv       用 Excel 打开";

const HEADING: [&str; 11] = [
    "组",
    "主题词",
    "企业数",
    "县区数",
    "内聚度",
    "编号",
    "外部编号",
    "技术需求名称",
    "单位名称",
    "地区",
    "报送单位",
];

/// 列出不同企业的共性需求
#[derive(Debug, Args)]
#[command(long_about = EXAMPLES)]
pub(crate) struct Kindred {
    /// 至少涉及几家企业 [默认：2]
    #[arg(long, value_name = "家数", default_value_t = 2, value_parser = clap::value_parser!(u32).range(2..))]
    least: u32,
    #[command(flatten)]
    outputs: Outputs,
}

impl Kindred {
    pub(super) async fn run(self, settings: &Settings) -> Result<Ending> {
        let engine = opened(settings).await?;
        let waiting = spinner("正在归并相近的需求……");
        let request = ClusterRequest { least: self.least as usize, on: None };
        let clusters = engine.need_clusters(&request).await?;
        waiting.finish_and_clear();
        engine.close().await;
        let told = || shown(Screen::stdout(), &clusters);
        self.outputs.give(&clusters, &HEADING, clusters.iter().flat_map(rows), told)?;
        Ok(Ending::Done)
    }
}

fn rows(cluster: &NeedCluster) -> impl Iterator<Item = Vec<String>> {
    let needs = cluster
        .members
        .iter()
        .flat_map(|member| std::iter::once(&member.need).chain(member.same.iter().map(|again| &again.need)));
    needs.map(|need| {
        let mut row = vec![
            cluster.place.to_string(),
            cluster.label.join("、"),
            cluster.enterprises.to_string(),
            cluster.counties.to_string(),
            cluster.cohesion.to_string(),
        ];
        row.extend(cells(need));
        row
    })
}

fn shown(screen: Screen, clusters: &[NeedCluster]) -> String {
    let mut text = String::new();
    for cluster in clusters {
        let NeedCluster { place, label, enterprises, counties, cohesion, members } = cluster;
        let head = [
            (Emphasis::Strong, format!("{place}. {}", label.join("、"))),
            (Emphasis::Plain, format!("  {enterprises} 家企业、{counties} 个县区，内聚度 {cohesion:.2}")),
        ];
        text.push_str(&screen.paragraph(0, &head));
        members.iter().for_each(|member| text.push_str(&one(screen, member)));
        text.push('\n');
    }
    text.push_str(&match clusters.len() {
        0 => "没有发现共性需求\n".to_owned(),
        found => format!("共性需求 {found} 组\n"),
    });
    text
}

fn one(screen: Screen, member: &ClusterMember) -> String {
    let ClusterMember { need, words, highlights, same } = member;
    let line = [
        (Emphasis::Plain, need.title.clone()),
        (Emphasis::Plain, format!("  {}", about(need))),
        (Emphasis::Faint, format!("  {} / {}", need.id, need.external_id)),
    ];
    let mut text = screen.paragraph(3, &line);
    text.push_str(&screen.paragraph(6, &[(Emphasis::Faint, format!("共有词语：{}", words.join("、")))]));
    // The title stands above.
    if let Some(highlight) = highlights.iter().find(|highlight| highlight.field != "title") {
        let label = (Emphasis::Faint, format!("{}：", highlight.label));
        let pieces = highlight.pieces.iter().map(view::piece);
        text.push_str(&screen.paragraph(6, &std::iter::once(label).chain(pieces).collect::<Vec<_>>()));
    }
    for again in same {
        let said =
            format!("同一企业重复提交：{}  {} / {}", again.need.title, again.need.id, again.need.external_id);
        text.push_str(&screen.paragraph(6, &[(Emphasis::Faint, said)]));
    }
    text
}
