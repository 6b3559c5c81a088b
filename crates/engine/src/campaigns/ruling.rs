//! What staff say of pairs, taken in: swaps become two locks and two prohibitions, and a pair that nobody had proposed is scored, so that
//! whoever knows better than the ranking can say so.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

use domain::access::Visibility;
use domain::{Attributes, FieldProblem, ProblemCode, Record, RecordId};
use jiff::civil::Date;
use planning::Ruling;
use ranking::{Exclusion, exclusions};
use store::{CampaignPair, RulingEntry};

use super::checks::problem;
use super::gathering::{Gathered, about_of, capacity, why};
use super::kept::json;
use super::request::{CampaignRequest, PairForm, RulingDraft, RulingWord, discreet};
use super::solving::Words;
use super::{Campaigns, ten_thousandths};
use crate::EngineError;

/// What rulings add to a campaign.
#[derive(Debug, Default)]
pub(super) struct Taken {
    pub(super) entries: Vec<RulingEntry>,
    /// Pairs that were not scored before, and who was no candidate before.
    pub(super) pairs: Vec<CampaignPair>,
    pub(super) candidates: Vec<(u64, u32)>,
}

impl Campaigns {
    /// Takes rulings in: what was gathered and the words of staff are as they are from then on. `planned` are the pairs of need and
    /// candidate that a swap may be of.
    pub(super) async fn take_in(
        &self,
        gathered: &mut Gathered,
        words: &mut Words,
        (request, on): (&CampaignRequest, Date),
        rulings: &[RulingDraft],
        planned: &[(u64, u64)],
    ) -> Result<Taken, EngineError> {
        let mut taken = Taken::default();
        for (at, draft) in rulings.iter().enumerate() {
            let refused = |part: &str, label: &str, detail: String| {
                let pointer = format!("/rulings/{at}{part}");
                EngineError::Invalid(vec![problem(&pointer, label, ProblemCode::Contradiction, detail)])
            };
            for (need, candidate, ruling) in steps(draft) {
                let step = PairForm { need, candidate };
                if !gathered.content.needs.iter().any(|known| known.number == need.number) {
                    return Err(refused("/need", "技术需求", format!("{need} 不在本次活动中")));
                }
                let known = gathered.pairs.iter().any(|pair| is(pair, step));
                if draft.ruling == RulingWord::Swap && ruling == Ruling::Forbidden {
                    // What is given away in a swap must be there.
                    if !planned.contains(&(need.number, candidate.number)) {
                        let detail = format!("{candidate} 现在没有安排给 {need}，不能对调");
                        return Err(refused("/with", "对调的组合", detail));
                    }
                } else if !known && ruling != Ruling::Locked {
                    let detail = format!("{candidate} 不是 {need} 的候选，本来就不会安排");
                    return Err(refused("/candidate", "候选", detail));
                }
                if !known {
                    let named = self.named_by_staff(step, on, at).await?;
                    add(gathered, &mut taken, request, named);
                }
                words.insert((need.number, candidate.number), ruling);
                taken.entries.push(RulingEntry {
                    need: need.number,
                    candidate: candidate.number,
                    ruling: word(ruling).to_owned(),
                    reason: discreet(&draft.reason),
                });
            }
        }
        Ok(taken)
    }

    /// A pair that only staff thought of, scored.
    async fn named_by_staff(
        &self,
        PairForm { need, candidate }: PairForm,
        on: Date,
        at: usize,
    ) -> Result<(CampaignPair, Record), EngineError> {
        let need = self.engine.record(need).await?;
        let refused = |detail: String| {
            let pointer = format!("/rulings/{at}/candidate");
            EngineError::Invalid(vec![problem(&pointer, "候选", ProblemCode::Contradiction, detail)])
        };
        let record = self.engine.store.record(candidate).await?;
        let Some(record) = record.filter(|record| self.sight.record(record) > Visibility::Hidden) else {
            return Err(refused(format!("没有编号为 {candidate} 的记录")));
        };
        let mut against = exclusions(Some(&Attributes::of(&need)), &Attributes::of(&record), on);
        // That somebody has enough to do, staff may overrule.
        against.retain(|reason| *reason != Exclusion::Exhausted);
        if !against.is_empty() {
            let reasons: Vec<&str> = against.iter().map(|reason| reason.label()).collect();
            return Err(refused(format!("{candidate} 不能安排给 {}：{}", need.id, reasons.join("、"))));
        }
        let asking = Arc::new(self.engine.asking_record(&need, on).await?);
        let score = self.engine.score_of(&asking, &record, on).await?;
        let sentence = format!("由工作人员指定，原不在候选之列。综合 {:.1} 分。", score.total);
        let pair = CampaignPair {
            need: need.id.number,
            candidate: candidate.number,
            score: ten_thousandths(score.total),
            bar: None,
            why: json(&why(score.parts, sentence)),
        };
        Ok((pair, record))
    }
}

/// What a ruling comes to, pair by pair.
fn steps(draft: &RulingDraft) -> Vec<(RecordId, RecordId, Ruling)> {
    let (need, candidate) = (draft.need, draft.candidate);
    match (draft.ruling, draft.with) {
        (RulingWord::Lock, _) => vec![(need, candidate, Ruling::Locked)],
        (RulingWord::Forbid, _) => vec![(need, candidate, Ruling::Forbidden)],
        (RulingWord::Swap, Some(with)) => vec![
            (need, candidate, Ruling::Forbidden),
            (with.need, with.candidate, Ruling::Forbidden),
            (need, with.candidate, Ruling::Locked),
            (with.need, candidate, Ruling::Locked),
        ],
        (RulingWord::Free, _) | (RulingWord::Swap, None) => vec![(need, candidate, Ruling::Open)],
    }
}

fn add(
    gathered: &mut Gathered,
    taken: &mut Taken,
    request: &CampaignRequest,
    (pair, record): (CampaignPair, Record),
) {
    let number = pair.candidate;
    if let Entry::Vacant(place) = gathered.capacities.entry(number) {
        let about = about_of(&record);
        let capacity = *place.insert(capacity(request, number, &about));
        taken.candidates.push((number, capacity));
        let groups = gathered.content.groups.iter_mut().filter(|group| about.is_of(group));
        groups.for_each(|group| group.members.push(number));
    }
    gathered.pairs.push(pair.clone());
    taken.pairs.push(pair);
}

fn is(pair: &CampaignPair, named: PairForm) -> bool {
    (pair.need, pair.candidate) == (named.need.number, named.candidate.number)
}

/// The word of the table.
pub(super) const fn word(ruling: Ruling) -> &'static str {
    match ruling {
        Ruling::Locked => "locked",
        Ruling::Forbidden => "forbidden",
        Ruling::Open => "open",
    }
}

/// The last word on each pair.
pub(super) fn words<'r>(rulings: impl Iterator<Item = &'r RulingEntry>) -> Words {
    let read = |entry: &RulingEntry| match entry.ruling.as_str() {
        "locked" => Ruling::Locked,
        "forbidden" => Ruling::Forbidden,
        _ => Ruling::Open,
    };
    rulings.map(|entry| ((entry.need, entry.candidate), read(entry))).collect::<BTreeMap<_, _>>()
}

/// Swaps have nothing to be of before there is a plan.
pub(super) fn swaps(rulings: &[RulingDraft]) -> Vec<FieldProblem> {
    let swaps = rulings.iter().enumerate().filter(|(_, ruling)| ruling.ruling == RulingWord::Swap);
    let told = |(at, _)| {
        let pointer = format!("/rulings/{at}/ruling");
        problem(&pointer, "怎么办", ProblemCode::Contradiction, "还没有方案，不能对调；请用锁定和禁止")
    };
    swaps.map(told).collect()
}
