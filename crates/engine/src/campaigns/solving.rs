//! From what was gathered to a plan, and from the plan to what is kept of it.

use std::collections::{BTreeMap, HashMap};

use domain::ProblemCode;
use planning::{
    Alternative, Campaign, Candidate, Effort, Expert, Instance, InstanceError, LeftOut, Members, Need, Quota,
    Reason, Relaxation, Ruling, Solved,
};
use store::{PlanDraft, PlanVisit};

use super::checks::problem;
use super::gathering::Gathered;
use super::kept::{
    Bar, Content, KeptGroup, KeptLeft, KeptOtherwise, KeptPlan, KeptReason, KeptRelaxation, json,
};
use super::request::GroupBy;
use crate::EngineError;

/// The last word of staff on pairs of need and candidate.
pub(super) type Words = BTreeMap<(u64, u64), Ruling>;

/// Solves, explains, and puts into the form that is kept. `previous` are pairs of need and candidate that are to stay where it costs
/// nothing.
///
/// # Errors
/// [`EngineError::Invalid`] when quotas cross in a way that cannot be planned, or the campaign is too large.
pub(super) fn solve(
    gathered: &Gathered,
    words: &Words,
    previous: &[(u64, u64)],
) -> Result<PlanDraft, EngineError> {
    let Gathered { content, .. } = gathered;
    let refused = |error: InstanceError| refused(content, &error);
    let campaign = Campaign::new(instance(gathered, words, previous)).map_err(refused)?;
    let effort = Effort { parts: content.effort as usize, ..Effort::default() };
    let mut solved = Solved::new(campaign, effort).map_err(refused)?;
    let planned = solved.plan().visits.clone();
    let mut visits = Vec::with_capacity(planned.len());
    for visit in planned {
        let otherwise = kept_otherwise(solved.otherwise(visit.expert, visit.need).map_err(refused)?);
        let (need, candidate, locked) = (visit.need, visit.expert, visit.locked);
        visits.push(PlanVisit { need, candidate, locked, otherwise: json(&otherwise) });
    }
    let content = json(&kept_plan(gathered, words, &solved));
    Ok(PlanDraft { content, visits })
}

fn instance(gathered: &Gathered, words: &Words, previous: &[(u64, u64)]) -> Instance {
    let Gathered { content, capacities, pairs } = gathered;
    let ruling = |need: u64, candidate: u64, barred: bool| match words.get(&(need, candidate)) {
        Some(Ruling::Open) | None if barred => Ruling::Forbidden,
        Some(word) => *word,
        None => Ruling::Open,
    };
    let most_visits = content.needs.iter().map(|need| u64::from(need.most)).sum::<u64>();
    let unbounded = u32::try_from(most_visits + pairs.len() as u64).unwrap_or(u32::MAX);
    let quota = |group: &KeptGroup| Quota {
        id: group.id,
        members: members(group, capacities),
        at_least: group.at_least,
        at_most: group.at_most.unwrap_or(unbounded.max(group.at_least)),
    };
    Instance {
        experts: capacities.iter().map(|(&id, &capacity)| Expert { id, capacity }).collect(),
        needs: content
            .needs
            .iter()
            .map(|need| Need { id: need.number, least: need.least, most: need.most })
            .collect(),
        pairs: pairs
            .iter()
            .map(|pair| Candidate {
                expert: pair.candidate,
                need: pair.need,
                score: pair.score,
                ruling: ruling(pair.need, pair.candidate, pair.bar.is_some()),
            })
            .collect(),
        quotas: content.groups.iter().map(quota).collect(),
        floor: content.floor,
        previous: previous.iter().map(|(need, candidate)| (*candidate, *need)).collect(),
    }
}

/// Those of a group who are still there.
fn members(group: &KeptGroup, capacities: &BTreeMap<u64, u32>) -> Members {
    if group.by == GroupBy::Society {
        let there = |number: &&u64| capacities.contains_key(number);
        Members::Experts(group.members.iter().filter(there).copied().collect())
    } else {
        Members::Needs(group.members.clone())
    }
}

fn refused(content: &Content, error: &InstanceError) -> EngineError {
    let group = match error {
        InstanceError::CrossingFloors(id) => content.groups.iter().find(|group| group.id == *id),
        _ => None,
    };
    EngineError::Invalid(vec![match group {
        Some(group) => {
            let detail = format!(
                "“{}”有最少人次，却与另一个有最少人次的分组交叉而不包含，这样的要求无法一并规划；请去掉其中一个的最少人次",
                group.label
            );
            problem(&format!("/quotas/{}", group.rule), "名额", ProblemCode::Contradiction, detail)
        }
        None => problem("/needs", "对接活动", ProblemCode::TooLarge, error.to_string()),
    }])
}

fn kept_otherwise(alternative: Option<Alternative>) -> KeptOtherwise {
    let possible = alternative.is_some();
    let (gained, lost, change) = match alternative {
        Some(Alternative { gained, lost, change }) => (gained, lost, change),
        None => Default::default(),
    };
    let planning::Difference { shortfall, covered, score, load } = change;
    KeptOtherwise { possible, gained, lost, shortfall, covered, score, load }
}

fn kept_plan(gathered: &Gathered, words: &Words, solved: &Solved) -> KeptPlan {
    let plan = solved.plan();
    let against = Against::of(gathered, words);
    KeptPlan {
        visits: plan.visits.len() as u64,
        shortfall: plan.value.shortfall,
        covered: plan.value.covered,
        score: plan.value.score,
        load: plan.value.load,
        kept: plan.value.kept,
        optimal: plan.bound.optimal,
        bound_covered: plan.bound.covered,
        bound_score: plan.bound.score,
        relaxations: plan.relaxations.iter().map(kept_relaxation).collect(),
        left: solved.left_out().into_iter().map(|left| against.kept_left(left)).collect(),
    }
}

fn kept_relaxation(relaxation: &Relaxation) -> KeptRelaxation {
    match *relaxation {
        Relaxation::Capacity { expert, by } => KeptRelaxation::Capacity { candidate: expert, by },
        Relaxation::Most { need, by } => KeptRelaxation::Most { need, by },
        Relaxation::AtMost { quota, by } => KeptRelaxation::AtMost { group: quota, by },
        Relaxation::AtLeast { quota, by } => KeptRelaxation::AtLeast { group: quota, by },
    }
}

/// How many pairs of a need are barred, by why: declined, and too far.
struct Against(HashMap<u64, [usize; 2]>);

impl Against {
    fn of(gathered: &Gathered, words: &Words) -> Self {
        let mut counts: HashMap<u64, [usize; 2]> = HashMap::new();
        for pair in &gathered.pairs {
            let ruled = words.get(&(pair.need, pair.candidate)).is_some_and(|word| *word != Ruling::Open);
            let Some(bar) = pair.bar.as_deref().filter(|_| !ruled) else { continue };
            counts.entry(pair.need).or_default()[usize::from(bar == Bar::TooFar.word())] += 1;
        }
        Self(counts)
    }

    fn kept_left(&self, left: LeftOut) -> KeptLeft {
        let reasons = left.reasons.into_iter().flat_map(|reason| self.kept_reasons(left.need, reason));
        KeptLeft { need: left.need, got: left.got, reasons: reasons.collect() }
    }

    fn kept_reasons(&self, need: u64, reason: Reason) -> Vec<KeptReason> {
        vec![match reason {
            Reason::NoCandidate => KeptReason::NoCandidate,
            Reason::Forbidden(count) => return self.by_bar(need, count),
            Reason::BelowFloor { count, best } => KeptReason::BelowFloor { count, best },
            Reason::TooFew { usable, least } => KeptReason::TooFew { usable, least },
            Reason::Busy { expert, serves } => KeptReason::Busy { candidate: expert, serves },
            Reason::QuotaFull { quota } => KeptReason::QuotaFull { group: quota },
            Reason::Outweighed => KeptReason::Outweighed,
        }]
    }

    /// Prohibitions of which some are staff's and some come from what was found.
    fn by_bar(&self, need: u64, count: usize) -> Vec<KeptReason> {
        let [declined, too_far] = self.0.get(&need).copied().unwrap_or_default();
        let staff = count.saturating_sub(declined + too_far);
        let reasons = [
            (declined, KeptReason::Declined { count: declined }),
            (too_far, KeptReason::TooFar { count: too_far }),
            (staff, KeptReason::Forbidden { count: staff }),
        ];
        reasons.into_iter().filter(|(count, _)| *count > 0).map(|(_, reason)| reason).collect()
    }
}
