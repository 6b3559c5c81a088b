//! The comparison as a web page that staff can read: one file, plots drawn in it, nothing loaded from elsewhere.

use anyhow::Result;
use askama::Template;

use super::contrast::{Contrast, Pair, level};

/// The page of a comparison.
pub(super) fn page(contrast: &Contrast) -> Result<String> {
    let comparison = &contrast.comparison;
    let [up, down] = contrast.moved();
    let page = Page {
        set: &contrast.set,
        measure: contrast.measure,
        verdict: contrast.verdict(),
        cases: comparison.cases,
        means: vec![
            Bar::new("现用设置", comparison.first, comparison.first_interval),
            Bar::new("对照设置", comparison.second, comparison.second_interval),
        ],
        difference: format!("{:+.4}", comparison.difference),
        interval: format!(
            "{:+.4}～{:+.4}",
            comparison.difference_interval.0, comparison.difference_interval.1
        ),
        p_value: format!("{:.4}", comparison.p_value),
        counts: [comparison.wins, comparison.losses, comparison.ties],
        changes: changes(contrast),
        points: contrast.cases.iter().map(Point::new).collect(),
        sections: vec![
            Section { heading: "变好最多的", pairs: up.into_iter().map(Shown::new).collect() },
            Section { heading: "变差最多的", pairs: down.into_iter().map(Shown::new).collect() },
        ],
    };
    Ok(page.render()?)
}

#[derive(Template)]
#[template(path = "comparison.html")]
struct Page<'a> {
    set: &'a str,
    measure: &'a str,
    verdict: String,
    cases: usize,
    means: Vec<Bar>,
    difference: String,
    interval: String,
    p_value: String,
    /// Better, worse, equal.
    counts: [usize; 3],
    changes: Vec<Change>,
    points: Vec<Point>,
    sections: Vec<Section>,
}

/// A mean with its interval, in shares of the plot's width.
struct Bar {
    name: &'static str,
    value: String,
    width: f64,
    low: f64,
    high: f64,
}

impl Bar {
    fn new(name: &'static str, value: f64, (low, high): (f64, f64)) -> Self {
        let value_text = format!("{value:.4}（{low:.4}～{high:.4}）");
        Self { name, value: value_text, width: value * 100.0, low: low * 100.0, high: high * 100.0 }
    }
}

/// One case's change as a bar up or down from the middle, in a plot of 100 by 100.
struct Change {
    x: f64,
    y: f64,
    width: f64,
    height: f64,
    better: bool,
}

/// All changes, the largest gain first.
fn changes(contrast: &Contrast) -> Vec<Change> {
    let mut gains: Vec<f64> = contrast.cases.iter().map(Pair::gain).collect();
    gains.sort_by(|a, b| b.total_cmp(a));
    let largest = gains.iter().map(|gain| gain.abs()).fold(f64::MIN_POSITIVE, f64::max);
    let width = 100.0 / gains.len().max(1) as f64;
    let change = |(at, gain): (usize, &f64)| {
        let height = 50.0 * gain.abs() / largest;
        let better = *gain > 0.0;
        Change { x: at as f64 * width, y: if better { 50.0 - height } else { 50.0 }, width, height, better }
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
    fn new(pair: &Pair) -> Self {
        let title = format!("{}：{:.4} → {:.4}", pair.now.title, pair.now.value, pair.other.value);
        Self { x: pair.now.value * 100.0, y: 100.0 - pair.other.value * 100.0, title }
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
    fn new(pair: &Pair) -> Self {
        let entry = |case: &engine::evaluate::Case, at: usize| {
            case.top.get(at).map_or_else(Entry::default, |placed| Entry {
                class: placed.level.unwrap_or(0),
                level: level(placed),
                title: placed.title.clone(),
            })
        };
        let length = pair.now.top.len().max(pair.other.top.len());
        let row = |at| Row { rank: at + 1, now: entry(&pair.now, at), other: entry(&pair.other, at) };
        Self {
            id: pair.now.id.clone(),
            title: pair.now.title.clone(),
            values: format!("{:.4} → {:.4}", pair.now.value, pair.other.value),
            rows: (0..length).map(row).collect(),
        }
    }
}
