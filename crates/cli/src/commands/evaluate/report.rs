//! The comparison as a web page that staff can read: one file, plots drawn in it, nothing loaded from elsewhere.

use anyhow::Result;
use askama::Template;

use super::Measure;
use super::axis::Axis;
use super::contrast::{Contrast, Pair};

/// The page of a comparison.
pub(super) fn page(contrast: &Contrast) -> Result<String> {
    let comparison = &contrast.comparison;
    let [up, down] = contrast.moved();
    let shown = |pairs: Vec<&Pair>| pairs.into_iter().map(|pair| Shown::new(contrast, pair)).collect();
    let (first, second) = (comparison.first_interval, comparison.second_interval);
    let means = Axis::over([first.0, first.1, second.0, second.1, comparison.first, comparison.second]);
    let values = Axis::over(contrast.cases.iter().flat_map(|pair| [pair.now.value, pair.other.value]));
    let gains = Axis::around_zero(contrast.cases.iter().map(Pair::gain));
    let page = Page {
        set: &contrast.set,
        file: &contrast.against.file,
        differences: &contrast.against.differences,
        measure: contrast.measure.name(),
        each: match contrast.measure {
            Measure::Ndcg => "nDCG@10",
            Measure::ReciprocalRank => "名次的倒数",
        },
        meaning: contrast.meaning,
        verdict: contrast.verdict(),
        cases: comparison.cases,
        means: vec![
            Mean::new("现用设置", comparison.first, first, &means),
            Mean::new("对照设置", comparison.second, second, &means),
        ],
        mean_ticks: ticks(&means),
        difference: format!("{:+.4}", comparison.difference),
        interval: format!(
            "{:+.4}～{:+.4}",
            comparison.difference_interval.0, comparison.difference_interval.1
        ),
        p_value: format!("{:.4}", comparison.p_value),
        counts: [comparison.wins, comparison.losses, comparison.ties],
        changes: changes(contrast, &gains),
        change_ticks: ticks(&gains),
        points: contrast.cases.iter().map(|pair| Point::new(pair, &values)).collect(),
        point_ticks: ticks(&values),
        sections: vec![
            Section { heading: "变好最多的", pairs: shown(up) },
            Section { heading: "变差最多的", pairs: shown(down) },
        ],
    };
    Ok(page.render()?)
}

#[derive(Template)]
#[template(path = "comparison.html")]
struct Page<'a> {
    set: &'a str,
    /// The settings compared with, and what is different in them.
    file: &'a str,
    differences: &'a [[String; 3]],
    measure: &'a str,
    /// What is measured of a single case.
    each: &'a str,
    meaning: &'a str,
    verdict: String,
    cases: usize,
    means: Vec<Mean>,
    mean_ticks: Vec<Tick>,
    difference: String,
    interval: String,
    p_value: String,
    /// Better, worse, equal.
    counts: [usize; 3],
    changes: Vec<Change>,
    change_ticks: Vec<Tick>,
    points: Vec<Point>,
    point_ticks: Vec<Tick>,
    sections: Vec<Section>,
}

/// A number on an axis, and its place in hundredths of the axis.
struct Tick {
    at: f64,
    label: String,
}

fn ticks(axis: &Axis) -> Vec<Tick> {
    axis.ticks().map(|(value, label)| Tick { at: axis.place(value), label }).collect()
}

/// A mean with its interval, in hundredths of the axis.
struct Mean {
    name: &'static str,
    value: String,
    at: f64,
    low: f64,
    high: f64,
}

impl Mean {
    fn new(name: &'static str, value: f64, (low, high): (f64, f64), axis: &Axis) -> Self {
        let told = format!("{value:.4}（{low:.4}～{high:.4}）");
        Self { name, value: told, at: axis.place(value), low: axis.place(low), high: axis.place(high) }
    }
}

/// One case's change as a bar up or down from nought, in a plot of 100 by 100.
struct Change {
    x: f64,
    y: f64,
    width: f64,
    height: f64,
    better: bool,
}

/// All changes, the largest gain first.
fn changes(contrast: &Contrast, axis: &Axis) -> Vec<Change> {
    let mut gains: Vec<f64> = contrast.cases.iter().map(Pair::gain).collect();
    gains.sort_by(|a, b| b.total_cmp(a));
    let width = 100.0 / gains.len().max(1) as f64;
    let nought = 100.0 - axis.place(0.0);
    let change = |(at, gain): (usize, &f64)| {
        let end = 100.0 - axis.place(*gain);
        let (y, height) = (end.min(nought), (end - nought).abs());
        Change { x: at as f64 * width, y, width, height, better: *gain > 0.0 }
    };
    gains.iter().enumerate().map(change).collect()
}

/// One case in the plane of both rankings, in a plot of 100 by 100.
struct Point {
    x: f64,
    y: f64,
    title: String,
}

impl Point {
    fn new(pair: &Pair, axis: &Axis) -> Self {
        let title = format!("{}：{:.4} → {:.4}", pair.now.title, pair.now.value, pair.other.value);
        Self { x: axis.place(pair.now.value), y: 100.0 - axis.place(pair.other.value), title }
    }
}

struct Section {
    heading: &'static str,
    pairs: Vec<Shown>,
}

/// A case with both rankings.
struct Shown {
    id: String,
    title: String,
    values: String,
    rows: Vec<Row>,
}

/// One rank of both rankings.
struct Row {
    rank: usize,
    now: Entry,
    other: Entry,
}

#[derive(Default)]
struct Entry {
    class: u8,
    level: &'static str,
    title: String,
}

impl Shown {
    fn new(contrast: &Contrast, pair: &Pair) -> Self {
        let entry = |case: &engine::evaluate::Case, at: usize| {
            case.top.get(at).map_or_else(Entry::default, |placed| Entry {
                class: placed.level.unwrap_or(0),
                level: contrast.level(placed),
                title: placed.title.clone(),
            })
        };
        let told = |value| contrast.measure.told(value);
        let row = |at| Row { rank: at + 1, now: entry(&pair.now, at), other: entry(&pair.other, at) };
        Self {
            id: pair.now.id.clone(),
            title: pair.now.title.clone(),
            values: format!("{} → {}", told(pair.now.value), told(pair.other.value)),
            rows: (0..pair.places()).map(row).collect(),
        }
    }
}
