//! What a plan says, in Chinese sentences for staff: why a need is left out, which limit has to give, what goes when a pair goes.

use std::collections::BTreeSet;

use domain::Kind;

use super::kept::{Content, KeptLeft, KeptNeed, KeptOtherwise, KeptReason, KeptRelaxation, need_id};
use super::names::Names;
use super::points;
use super::request::GroupBy;
use super::told::{LeftReason, PlanRelaxation};

/// Needs that are named of those whom a busy candidate serves.
const SERVED: usize = 3;

/// What plans of a campaign are told with.
pub(super) struct Wording<'a> {
    pub(super) target: Kind,
    pub(super) content: &'a Content,
    pub(super) names: &'a Names,
}

impl Wording<'_> {
    /// Why a need of the campaign is left out, the most telling first.
    pub(super) fn left(&self, left: &KeptLeft) -> Vec<LeftReason> {
        let mut reasons: Vec<LeftReason> = left.reasons.iter().map(|reason| self.reason(reason)).collect();
        let own = self.content.needs.iter().find(|need| need.number == left.need);
        if let Some(own) = own.filter(|_| left.reasons.contains(&KeptReason::NoCandidate)) {
            reasons.extend(self.beside(own));
        }
        reasons
    }

    /// What else is known of a need without candidates.
    fn beside(&self, need: &KeptNeed) -> Vec<LeftReason> {
        let mut reasons = Vec::new();
        if need.vague {
            let detail = "需求写得较笼统，请向企业问清后再匹配".to_owned();
            reasons.push(LeftReason { code: "vague", detail });
        }
        for obstacle in &need.obstacles {
            if self.names.candidate(obstacle.candidate).is_none() {
                continue;
            }
            let against: Vec<&str> = obstacle.reasons.iter().map(|reason| reason.label()).collect();
            let name = self.candidate(obstacle.candidate);
            let detail = format!("{name} 得分 {:.1}，但{}", obstacle.score, against.join("、"));
            reasons.push(LeftReason { code: "excluded", detail });
        }
        reasons
    }

    fn reason(&self, reason: &KeptReason) -> LeftReason {
        let who = self.who();
        let (code, detail) = match reason {
            KeptReason::NoCandidate => ("no_candidate", format!("没有找到合适的{who}")),
            KeptReason::Forbidden { count } => ("forbidden", format!("有 {count} 个候选被工作人员禁止")),
            KeptReason::Declined { count } => ("declined", format!("有 {count} 个候选此前已谢绝")),
            KeptReason::TooFar { count } => {
                ("too_far", format!("有 {count} 个候选路途超出范围，又没有登记愿意前往"))
            }
            KeptReason::BelowFloor { count, best } => {
                let (best, floor) = (points(u64::from(*best)), points(u64::from(self.content.floor)));
                let detail = format!("有 {count} 个候选低于最低得分 {floor:.1}，其中最高 {best:.1}");
                ("below_floor", detail)
            }
            KeptReason::TooFew { usable, least } => {
                ("too_few", format!("最少要 {least} 位，可用的候选只有 {usable} 位"))
            }
            KeptReason::Busy { candidate, serves } => ("busy", self.busy(*candidate, serves)),
            KeptReason::QuotaFull { group } => ("quota_full", format!("{}的名额已用完", self.group(*group))),
            KeptReason::Outweighed => {
                ("outweighed", format!("候选{who}另有安排，总体上更合算，或同时可用的人数不够"))
            }
        };
        LeftReason { code, detail }
    }

    fn busy(&self, candidate: u64, serves: &[u64]) -> String {
        let name = self.candidate(candidate);
        if serves.is_empty() {
            return format!("{name} 没有可用的次数");
        }
        let named: Vec<String> =
            serves.iter().take(SERVED).map(|need| format!("“{}”", self.names.need_title(*need))).collect();
        let more =
            if serves.len() > SERVED { format!("等 {} 项需求", serves.len()) } else { String::new() };
        format!("{name} 的次数已用完，已安排去{}{more}", named.join("、"))
    }

    /// A limit that has to give, by how much, and what else would help.
    pub(super) fn relaxation(&self, relaxation: &KeptRelaxation) -> PlanRelaxation {
        let plain = |limit, by, detail| PlanRelaxation {
            limit,
            by,
            detail,
            need: None,
            candidate: None,
            group: None,
        };
        match *relaxation {
            KeptRelaxation::Capacity { candidate, by } => {
                let name = self.candidate(candidate);
                let detail = format!("{name} 被锁定的次数比可用的多 {by} 次：须增加 {by} 次，或放开 {by} 对");
                let candidate = self.names.candidate(candidate).map(|side| side.id);
                PlanRelaxation { candidate, ..plain("capacity", by, detail) }
            }
            KeptRelaxation::Most { need, by } => {
                let detail = format!(
                    "“{}”（{}）锁定的人数比最多的多 {by} 位：须增加 {by} 位，或放开 {by} 对",
                    self.names.need_title(need),
                    need_id(need)
                );
                PlanRelaxation { need: Some(need_id(need)), ..plain("most", by, detail) }
            }
            KeptRelaxation::AtMost { group, by } => {
                let name = self.group(group);
                let detail = format!("{name}锁定的比最多的多 {by} 人次：最多须增加 {by}，或放开 {by} 对");
                PlanRelaxation { group: Some(self.label(group)), ..plain("at_most", by, detail) }
            }
            KeptRelaxation::AtLeast { group, by } => {
                let name = self.group(group);
                let detail = format!("{name}达不到最少的人次，还差 {by}：最少须降低 {by}，或增加候选");
                PlanRelaxation { group: Some(self.label(group)), ..plain("at_least", by, detail) }
            }
        }
    }

    /// What the plan would lose without a pair.
    pub(super) fn otherwise(&self, kept: &KeptOtherwise, need: u64) -> String {
        if !kept.possible {
            return "在现有的限制和锁定下，没有不含这一对的方案".to_owned();
        }
        let mut losses = Vec::new();
        if kept.shortfall > 0 {
            losses.push(format!("名额的最少人次再差 {}", kept.shortfall));
        }
        if kept.covered < 0 {
            losses.push(format!("少满足 {} 项需求", -kept.covered));
        }
        let score = kept.score.unsigned_abs();
        if kept.score != 0 {
            let word = if kept.score < 0 { "少" } else { "多" };
            losses.push(format!("总分{word} {:.1}", points(score)));
        }
        if losses.is_empty() {
            losses.push(if kept.load > 0 { "各人次数不如现在均匀" } else { "没有损失" }.to_owned());
        }
        let instead: Vec<&str> = kept
            .gained
            .iter()
            .filter(|(of, _)| *of == need)
            .map(|(_, candidate)| self.names.candidate_title(*candidate))
            .collect();
        let instead = if instead.is_empty() {
            "这项需求没有人接替".to_owned()
        } else {
            format!("这项需求改由 {} 承担", instead.join("、"))
        };
        format!("不安排这一对时，{instead}，{}", losses.join("，"))
    }

    fn who(&self) -> &'static str {
        self.target.label()
    }

    fn candidate(&self, number: u64) -> String {
        match self.names.candidate(number) {
            Some(side) => format!("{}（{}）", side.title, side.id),
            None => self.names.candidate_title(number).to_owned(),
        }
    }

    fn label(&self, group: u64) -> String {
        let found = self.content.groups.iter().find(|known| known.id == group);
        found.map(|group| group.label.clone()).unwrap_or_default()
    }

    fn group(&self, group: u64) -> String {
        let found = self.content.groups.iter().find(|known| known.id == group);
        let (label, by) = found.map_or(("", None), |group| (group.label.as_str(), Some(group.by)));
        let kind = match by {
            Some(GroupBy::Society) => "学会",
            Some(GroupBy::Field) => "领域",
            Some(GroupBy::County | GroupBy::City) | None => "",
        };
        let bounds = found.map_or_else(String::new, |group| match (group.at_least, group.at_most) {
            (0, Some(most)) => format!("（最多 {most} 人次）"),
            (least, None) => format!("（最少 {least} 人次）"),
            (least, Some(most)) => format!("（{least} 到 {most} 人次）"),
        });
        format!("{kind}“{label}”{bounds}")
    }
}

/// Every number that sentences about these would name.
pub(super) fn named(
    content: &Content,
    left: &[KeptLeft],
    relaxations: &[KeptRelaxation],
) -> (BTreeSet<u64>, BTreeSet<u64>) {
    let (mut needs, mut candidates) = (BTreeSet::new(), BTreeSet::new());
    for one in left {
        needs.insert(one.need);
        for reason in &one.reasons {
            if let KeptReason::Busy { candidate, serves } = reason {
                candidates.insert(*candidate);
                needs.extend(serves.iter().take(SERVED));
            }
        }
    }
    let meant: BTreeSet<u64> = needs.clone();
    let own = content.needs.iter().filter(|need| meant.contains(&need.number));
    candidates.extend(own.flat_map(|need| &need.obstacles).map(|obstacle| obstacle.candidate));
    for relaxation in relaxations {
        match relaxation {
            KeptRelaxation::Capacity { candidate, .. } => drop(candidates.insert(*candidate)),
            KeptRelaxation::Most { need, .. } => drop(needs.insert(*need)),
            KeptRelaxation::AtMost { .. } | KeptRelaxation::AtLeast { .. } => {}
        }
    }
    (needs, candidates)
}
