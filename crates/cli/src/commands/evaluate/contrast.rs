//! Two rankings side by side: the figures, and the cases that moved most.

use engine::evaluate::{Case, Placed};
use ranking::{Comparison, compare};
use serde_json::{Value, json};

use super::Measured;

/// Cases told of in each direction, and results told of each in a terminal.
const MOVED: usize = 10;
const MOVED_IN_TERMINAL: usize = 3;
const TOP_IN_TERMINAL: usize = 5;
/// A difference that comes about by chance less often is called real.
const SURE: f64 = 0.05;
/// Less than this is no movement.
const NOTHING: f64 = 1e-9;

/// The ranking in use, and another one, on one set.
pub(super) struct Contrast {
    /// What people call the set.
    pub(super) set: String,
    pub(super) measure: &'static str,
    pub(super) comparison: Comparison,
    /// Every case, in the order of the set.
    pub(super) cases: Vec<Pair>,
    said: [String; 2],
    json: [Value; 2],
}

/// A case under both rankings.
pub(super) struct Pair {
    pub(super) now: Case,
    pub(super) other: Case,
}

impl Pair {
    /// What the other ranking gains.
    pub(super) fn gain(&self) -> f64 {
        self.other.value - self.now.value
    }
}

impl Contrast {
    /// `set` is what people call the set.
    pub(super) fn new(set: String, now: Measured, other: Measured) -> Self {
        let values = |cases: &[Case]| cases.iter().map(|case| case.value).collect::<Vec<f64>>();
        Self {
            set,
            measure: now.measure,
            comparison: compare(&values(&now.cases), &values(&other.cases)),
            cases: now.cases.into_iter().zip(other.cases).map(|(now, other)| Pair { now, other }).collect(),
            said: [now.said, other.said],
            json: [now.json, other.json],
        }
    }

    /// The verdict in one sentence.
    pub(super) fn verdict(&self) -> String {
        let Comparison { difference, p_value, .. } = self.comparison;
        let direction = if difference > 0.0 { "提高" } else { "降低" };
        if self.comparison.wins + self.comparison.losses == 0 {
            "两份设置的排序没有差别".to_owned()
        } else if p_value < SURE {
            format!(
                "改用对照设置后 {} {direction} {:.4}，差别可信（p = {p_value:.4}）",
                self.measure,
                difference.abs()
            )
        } else {
            format!(
                "改用对照设置后 {} {direction} {:.4}，但这样的差别也可能出于偶然（p = {p_value:.4}），不足以断定好坏",
                self.measure,
                difference.abs()
            )
        }
    }

    /// Those that gained most, and those that lost most, the largest change first.
    pub(super) fn moved(&self) -> [Vec<&Pair>; 2] {
        let mut all: Vec<&Pair> = self.cases.iter().collect();
        all.sort_by(|a, b| b.gain().total_cmp(&a.gain()));
        let up = all.iter().copied().take_while(|pair| pair.gain() > NOTHING).take(MOVED).collect();
        let down = all.iter().rev().copied().take_while(|pair| pair.gain() < -NOTHING).take(MOVED).collect();
        [up, down]
    }

    pub(super) fn json(&self) -> Value {
        let pair = |pair: &&Pair| {
            json!({
                "id": pair.now.id,
                "title": pair.now.title,
                "now": pair.now.value,
                "against": pair.other.value,
                "now_top": pair.now.top,
                "against_top": pair.other.top,
            })
        };
        let [up, down] = self.moved();
        json!({
            "set": self.set,
            "measure": self.measure,
            "now": self.json[0],
            "against": self.json[1],
            "comparison": self.comparison,
            "gained": up.iter().map(pair).collect::<Vec<_>>(),
            "lost": down.iter().map(pair).collect::<Vec<_>>(),
        })
    }

    pub(super) fn said(&self) -> String {
        let [now, other] = &self.said;
        let Comparison { difference, difference_interval: (low, high), wins, losses, ties, .. } =
            self.comparison;
        let mut text = format!(
            "现用设置：{now}\n对照设置：{other}\n差：{difference:+.4}（95% 区间 {low:+.4}～{high:+.4}），{wins} 项变好，{losses} 项变差，{ties} 项不变\n{}\n",
            self.verdict()
        );
        for (heading, pairs) in ["变好最多", "变差最多"].into_iter().zip(self.moved()) {
            for pair in pairs.into_iter().take(MOVED_IN_TERMINAL) {
                let Pair { now, other } = pair;
                text.push_str(&format!(
                    "\n{heading}：{} {}  {:.4} → {:.4}\n",
                    now.id, now.title, now.value, other.value
                ));
                for (name, case) in [("现用", now), ("对照", other)] {
                    text.push_str(&format!("  {name}\n"));
                    for (placed, rank) in case.top.iter().take(TOP_IN_TERMINAL).zip(1..) {
                        text.push_str(&format!("    {rank}. {} {}\n", level(placed), placed.title));
                    }
                }
            }
        }
        text
    }
}

/// The judgement in words, all of one width.
pub(super) fn level(placed: &Placed) -> &'static str {
    match placed.level {
        Some(4) => "强相关",
        Some(3) => "相　关",
        Some(2) => "弱相关",
        Some(_) => "无　关",
        None => "未　评",
    }
}
