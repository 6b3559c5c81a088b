//! Campaigns and plans as people read them in a terminal.

use engine::{CampaignHead, CampaignShown, LeftOutNeed, NamedPair, PlannedPair, Side};

use crate::screen::{Emphasis, Screen};

use Emphasis::{Faint, Plain, Strong};

/// Pairs and needs that are shown unless all are asked for.
pub(super) const SHOWN: usize = 20;

pub(super) fn list(campaigns: &[CampaignHead]) -> String {
    if campaigns.is_empty() {
        return "没有对接活动，建立一个：hongniang plan new".to_owned();
    }
    let line = |head: &CampaignHead| {
        let region = head.region_name.as_deref().map(|name| format!("  {name}")).unwrap_or_default();
        format!(
            "{}  {}  {}  {}  第 {} 版{region}",
            head.id,
            head.name,
            head.business_date,
            head.target.label(),
            head.version
        )
    };
    campaigns.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// A campaign with its latest plan in short.
pub(super) fn campaign(screen: Screen, shown: &CampaignShown) -> String {
    let (head, plan) = (&shown.head, &shown.plan);
    let who = head.target.label();
    let title = [
        (Strong, format!("{}. {}", head.id, head.name)),
        (Faint, format!("  {}  第 {} 版方案", head.business_date, plan.version)),
    ];
    let mut text = screen.paragraph(0, &title);
    let mut line = |said: String| text.push_str(&screen.paragraph(2, &[(Plain, said)]));
    line(format!("技术需求 {} 项，满足 {} 项，没有安排 {} 项", plan.needs, plan.covered, plan.left_out));
    line(format!(
        "安排 {} 人次，派出 {} 个{who}，最多的去 {} 家",
        plan.visits, plan.candidates, plan.busiest
    ));
    let proof = if plan.optimal {
        "已证明最优".to_owned()
    } else {
        format!("尚未证明最优：至多满足 {} 项，总分至多 {:.1}", plan.covered_at_most, plan.score_at_most)
    };
    line(format!("总分 {:.1}，{proof}", plan.score));
    if plan.erased > 0 {
        line(format!(
            "有 {} 人次因依要求删除个人信息而离开方案，请重新求解：hongniang plan solve {}",
            plan.erased, head.id
        ));
    }
    if !plan.relaxations.is_empty() {
        line("以下限制不能同时满足，方案已按最少的放宽制定：".to_owned());
        for relaxation in &plan.relaxations {
            text.push_str(&screen.paragraph(4, &[(Plain, format!("· {}", relaxation.detail))]));
        }
    }
    if !shown.rulings.is_empty() {
        text.push_str(&screen.paragraph(2, &[(Plain, format!("锁定和禁止 {} 对：", shown.rulings.len()))]));
        for ruling in &shown.rulings {
            let word = if ruling.ruling == "locked" { "锁定" } else { "禁止" };
            let why =
                if ruling.reason.is_empty() { String::new() } else { format!("（{}）", ruling.reason) };
            let said = format!("· {word}  {}{why}", pair(&ruling.pair));
            text.push_str(&screen.paragraph(4, &[(Plain, said)]));
        }
    }
    text
}

/// What came of rulings.
pub(super) fn changed(screen: Screen, shown: &CampaignShown) -> String {
    let mut text = campaign(screen, shown);
    let Some(changes) = &shown.changes else { return text };
    if changes.came_count + changes.went_count == 0 {
        text.push_str(&screen.paragraph(0, &[(Strong, "方案没有变化".to_owned())]));
        return text;
    }
    let said = format!("与上一版相比：取消 {} 对，新增 {} 对", changes.went_count, changes.came_count);
    text.push_str(&screen.paragraph(0, &[(Strong, said)]));
    for (mark, pairs) in [("−", &changes.went), ("＋", &changes.came)] {
        for one in pairs {
            text.push_str(&screen.paragraph(2, &[(Plain, format!("{mark} {}", pair(one)))]));
        }
    }
    text
}

/// The pairs of a plan, `most` of them.
pub(super) fn pairs(screen: Screen, pairs: &[PlannedPair], most: usize) -> String {
    let mut text = String::from("\n");
    for PlannedPair { need, candidate, score, locked, why, otherwise } in pairs.iter().take(most) {
        let lock = if *locked { "  已锁定" } else { "" };
        let spans = [
            (Strong, candidate.title.clone()),
            (Plain, about(candidate)),
            (Plain, " → ".to_owned()),
            (Strong, need.title.clone()),
            (Plain, about(need)),
            (Strong, format!("  {score:.1} 分{lock}")),
            (Faint, format!("  {} / {}", need.id, candidate.id)),
        ];
        text.push_str(&screen.paragraph(0, &spans));
        text.push_str(&screen.paragraph(3, &[(Plain, why.sentence.clone())]));
        text.push_str(&screen.paragraph(3, &[(Faint, format!("{}。", otherwise.sentence))]));
    }
    if pairs.len() > most {
        text.push_str("……（全部：--all）\n");
    }
    text
}

/// The needs that a plan leaves out, `most` of them.
pub(super) fn left(screen: Screen, left: &[LeftOutNeed], most: usize) -> String {
    if left.is_empty() {
        return String::new();
    }
    let mut text = String::from("\n");
    text.push_str(&screen.paragraph(0, &[(Strong, "没有安排的需求".to_owned())]));
    for LeftOutNeed { need, reasons, .. } in left.iter().take(most) {
        let head = [(Plain, need.title.clone()), (Plain, about(need)), (Faint, format!("  {}", need.id))];
        text.push_str(&screen.paragraph(2, &head));
        for reason in reasons {
            text.push_str(&screen.paragraph(4, &[(Plain, format!("· {}", reason.detail))]));
        }
    }
    if left.len() > most {
        text.push_str("……（全部：--all）\n");
    }
    text
}

fn about(side: &Side) -> String {
    side.organisation.as_deref().map(|name| format!("（{name}）")).unwrap_or_default()
}

fn pair(pair: &NamedPair) -> String {
    format!("{} → {}  {} / {}", pair.candidate_title, pair.need_title, pair.need, pair.candidate)
}
