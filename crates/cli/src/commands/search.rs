//! `hongniang search`: a registry searched as staff do.

use anyhow::Result;
use clap::{Args, ValueEnum};
use domain::{Kind, Status};
use engine::{Dimension, FacetAsk, FilterAsk, SearchAnswer, SearchItem, SearchRequest, Sort};
use serde_json::{Value, json};

use super::opened;
use crate::ending::Ending;
use crate::screen::{self, Emphasis, Screen};
use crate::settings::Settings;
use crate::view;

const EXAMPLES: &str = "在一个登记库中检索。多个词都要命中；同一种条件的几个值满足其一即可，不同条件要同时满足。\n\n\
例：\n  hongniang search 专家 激光焊接\n  hongniang search experts 焊接 --region 安徽省 --title 教授,副教授\n  \
hongniang search needs --industry C38 --sort newest --facets region,field\n  hongniang search stations 焊接 --json";

/// 检索一个登记库
#[derive(Debug, Args)]
#[command(long_about = EXAMPLES)]
pub(crate) struct Search {
    /// 登记库：needs、enterprises、experts、stations、achievements、societies，或中文名称（需求、企业、专家、服务站、成果、学会）
    #[arg(value_name = "登记库")]
    kind: Kind,
    /// 检索词，人名和单位名也可用拼音
    #[arg(value_name = "检索词")]
    text: Vec<String>,
    #[command(flatten)]
    filters: Filters,
    /// 统计各取值的条数：region、industry、field、type、title、status、year，可用逗号分隔
    #[arg(long, value_name = "维度", value_delimiter = ',', value_parser = dimension)]
    facets: Vec<Dimension>,
    /// 排序：relevance 相关度、newest 最近更新、oldest 最早更新 [默认：relevance]
    #[arg(long, value_name = "排序", default_value = "relevance")]
    sort: Order,
    /// 最多显示的条数，1 到 100 [默认：20]
    #[arg(long, value_name = "条数", default_value_t = 20)]
    limit: usize,
    /// 以 JSON 输出结果
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct Filters {
    /// 地区，代码或名称
    #[arg(long, value_name = "地区", value_delimiter = ',')]
    region: Vec<String>,
    /// 行业，代码或名称
    #[arg(long, value_name = "行业", value_delimiter = ',')]
    industry: Vec<String>,
    /// 技术领域
    #[arg(long, value_name = "领域", value_delimiter = ',')]
    field: Vec<String>,
    /// 站点类型或成果类型，如 society_station、patent
    #[arg(long = "type", value_name = "类型", value_delimiter = ',')]
    type_: Vec<String>,
    /// 职称
    #[arg(long, value_name = "职称", value_delimiter = ',')]
    title: Vec<String>,
    /// 状态：open、closed、withdrawn [默认：open,closed，已撤回的不列出]
    #[arg(long, value_name = "状态", value_delimiter = ',')]
    status: Vec<String>,
    /// 年份
    #[arg(long, value_name = "年份", value_delimiter = ',')]
    year: Vec<String>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Order {
    Relevance,
    Newest,
    Oldest,
}

impl Search {
    pub(super) async fn run(self, settings: &Settings) -> Result<Ending> {
        let engine = opened(settings).await?;
        let (kind, as_json) = (self.kind, self.json);
        let answer = engine.search(kind, &self.request()).await?;
        if as_json {
            screen::print_json(&answer_json(&answer))?;
        } else {
            screen::print(&shown(Screen::stdout(), kind, &answer))?;
        }
        engine.close().await;
        Ok(Ending::Done)
    }

    fn request(self) -> SearchRequest {
        let Filters { region, industry, field, type_, title, mut status, year } = self.filters;
        if status.is_empty() {
            // As in the API: withdrawn records are found only by those who ask for them.
            status = [Status::Open, Status::Closed].map(|status| status.slug().to_owned()).to_vec();
        }
        let asked = [
            (Dimension::Region, region),
            (Dimension::Industry, industry),
            (Dimension::Field, field),
            (Dimension::Type, type_),
            (Dimension::Title, title),
            (Dimension::Status, status),
            (Dimension::Year, year),
        ];
        let filter = |(dimension, any_of): (Dimension, Vec<String>)| FilterAsk { dimension, any_of };
        SearchRequest {
            text: Some(self.text.join(" ")).filter(|text| !text.trim().is_empty()),
            filters: asked.into_iter().filter(|(_, any_of)| !any_of.is_empty()).map(filter).collect(),
            facets: self.facets.into_iter().map(|dimension| FacetAsk { dimension, below: None }).collect(),
            sort: match self.sort {
                Order::Relevance => Sort::Relevance,
                Order::Newest => Sort::Newest,
                Order::Oldest => Sort::Oldest,
            },
            after: None,
            limit: self.limit,
        }
    }
}

fn dimension(name: &str) -> Result<Dimension, String> {
    let known = Dimension::ALL.map(Dimension::slug);
    let found = Dimension::ALL.into_iter().find(|dimension| dimension.slug() == name.trim());
    found.ok_or_else(|| format!("可用：{}", known.join("、")))
}

fn answer_json(answer: &SearchAnswer) -> Value {
    let item = |item: &SearchItem| {
        let mut value = view::record_json(&item.shown.record);
        value["score"] = json!(item.score);
        value["contact"] = json!(item.shown.contact);
        value["highlights"] = json!(item.highlights);
        value
    };
    let facets = answer.facets.iter().map(|tree| {
        let child = |child: &engine::FacetChild| {
            json!({"value": child.value, "label": child.label, "count": child.count})
        };
        (tree.dimension.slug().to_owned(), tree.children.iter().map(child).collect())
    });
    json!({
        "total": answer.total,
        "items": answer.items.iter().map(item).collect::<Vec<_>>(),
        "facets": facets.collect::<serde_json::Map<_, _>>(),
    })
}

fn shown(screen: Screen, kind: Kind, answer: &SearchAnswer) -> String {
    let mut text = format!("{}：共 {} 条，显示 {} 条\n", kind.label(), answer.total, answer.items.len());
    for tree in &answer.facets {
        let counts = tree.children.iter().map(|child| format!("{} {}", child.label, child.count));
        let said = format!("{}：{}", label(tree.dimension), counts.collect::<Vec<_>>().join("、"));
        text.push_str(&screen.paragraph(0, &[(Emphasis::Faint, said)]));
    }
    for (at, item) in answer.items.iter().enumerate() {
        let record = &item.shown.record;
        let head = [
            (Emphasis::Strong, format!("{}. {}", at + 1, record.profile.title())),
            (Emphasis::Plain, format!("  {}", view::about(record))),
            (Emphasis::Faint, format!("  {} / {}", record.id, record.external_id)),
        ];
        text.push_str(&screen.paragraph(0, &head));
        for highlight in &item.highlights {
            let label = (Emphasis::Faint, format!("{}：", highlight.label));
            let spans: Vec<_> =
                std::iter::once(label).chain(highlight.pieces.iter().map(view::piece)).collect();
            text.push_str(&screen.paragraph(3, &spans));
        }
    }
    text
}

const fn label(dimension: Dimension) -> &'static str {
    match dimension {
        Dimension::Region => "地区",
        Dimension::Industry => "行业",
        Dimension::Field => "技术领域",
        Dimension::Type => "类型",
        Dimension::Title => "职称",
        Dimension::Status => "状态",
        Dimension::Year => "年份",
    }
}
