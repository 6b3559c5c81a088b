//! Two rankings side by side: the figures, and the cases that moved most.

use std::path::Path;

use anyhow::Result;
use engine::evaluate::{Case, Placed};
use engine::judging::level_word;
use ranking::{Comparison, compare};
use serde_json::{Value, json};

use super::{Measure, Measured};
use crate::screen;
use crate::settings;

/// Cases told of in each direction.
const MOVED: usize = 10;
const MOVED_IN_TERMINAL: usize = 3;
/// A difference that comes about by chance less often is called real.
const SURE: f64 = 0.05;
/// Less than this is no movement.
const NOTHING: f64 = 1e-9;

/// The settings that are compared with those in use.
pub(super) struct Against {
    pub(super) file: String,
    /// What differs of all that shapes a ranking: name, in use, in the file.
    pub(super) differences: Vec<[String; 3]>,
}

impl Against {
    pub(super) fn new(file: &Path, ours: &engine::Settings, theirs: &engine::Settings) -> Result<Self> {
        let differences = settings::differences(ours, theirs)?;
        Ok(Self { file: file.display().to_string(), differences })
    }

    /// Which file, and what is different in it.
    fn said(&self) -> String {
        let differences = self.differences.iter();
        let mut said: Vec<String> =
            differences.map(|[name, ours, theirs]| format!("{name} {ours} → {theirs}")).collect();
        if said.is_empty() {
            said.push("影响排序的设置都与现用的相同".to_owned());
        }
        format!("对照设置 {}：{}", self.file, said.join("，"))
    }
}

/// The ranking in use, and another one, on one set.
pub(super) struct Contrast {
    /// What people call the set.
    pub(super) set: String,
    pub(super) against: Against,
    pub(super) measure: Measure,
    /// What the figures mean.
    pub(super) meaning: &'static str,
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

    /// As many of the first places as it takes to see what is different.
    pub(super) fn places(&self) -> usize {
        let [now, other] = [&self.now.top, &self.other.top];
        let differs =
            |at: &usize| now.get(*at).map(|placed| &placed.id) != other.get(*at).map(|placed| &placed.id);
        let length = now.len().max(other.len());
        (0..length).rev().find(differs).map_or(length, |last| last + 1)
    }
}

impl Contrast {
    /// `set` is what people call the set.
    pub(super) fn new(set: String, against: Against, now: Measured, other: Measured) -> Self {
        let values = |cases: &[Case]| cases.iter().map(|case| case.value).collect::<Vec<f64>>();
        Self {
            set,
            against,
            measure: now.measure,
            meaning: now.meaning,
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
                self.measure.name(),
                difference.abs()
            )
        } else {
            format!(
                "改用对照设置后 {} {direction} {:.4}，但这样的差别也可能出于偶然（p = {p_value:.4}），不足以断定好坏",
                self.measure.name(),
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
        let setting =
            |[name, now, against]: &[String; 3]| json!({"name": name, "now": now, "against": against});
        let [up, down] = self.moved();
        json!({
            "set": self.set,
            "measure": self.measure.name(),
            "file": self.against.file,
            "settings": self.against.differences.iter().map(setting).collect::<Vec<_>>(),
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
            "{}\n现用设置：{now}\n对照设置：{other}\n差：{difference:+.4}（95% 区间 {low:+.4}～{high:+.4}），{wins} 项变好，{losses} 项变差，{ties} 项不变\n{}\n{}。\n",
            self.against.said(),
            self.verdict(),
            self.meaning
        );
        for (heading, pairs) in ["变好最多", "变差最多"].into_iter().zip(self.moved()) {
            for pair in pairs.into_iter().take(MOVED_IN_TERMINAL) {
                let Pair { now, other } = pair;
                text.push_str(&format!(
                    "\n{heading}：{} {}  {} → {}\n",
                    now.id,
                    now.title,
                    self.measure.told(now.value),
                    self.measure.told(other.value)
                ));
                for (name, case) in [("现用", now), ("对照", other)] {
                    text.push_str(&format!("  {name}\n"));
                    for (placed, rank) in case.top.iter().take(pair.places()).zip(1..) {
                        let level = screen::padded(self.level(placed), 8);
                        text.push_str(&format!("    {rank:>2}. {level} {}\n", placed.title));
                    }
                }
            }
        }
        text
    }

    /// The judgement in words, as on the judging sheet; where one answer is known, whether this is it.
    pub(super) fn level(&self, placed: &Placed) -> &'static str {
        match (self.measure, placed.level) {
            (Measure::ReciprocalRank, Some(_)) => "答案",
            (Measure::ReciprocalRank, None) => "",
            (Measure::Ndcg, level) => level.and_then(level_word).unwrap_or("未评判"),
        }
    }
}
