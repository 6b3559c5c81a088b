//! Learning weights from judgements and feedback: fitted on most needs, measured on the rest through the product's own ranking, and refused
//! where the rest does not bear them out.
//!
//! What can be learned is found in the weights themselves: every area of the candidate's text (part `text.title`, …) and every feature
//! beside it (part `region`, …).

mod lesson;
mod weights;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use domain::{Decision, Kind, RecordId};
use futures_util::{StreamExt, stream};
use ranking::metrics::mean;
use ranking::{Comparison, Example, compare};

use crate::evaluate::AT_ONCE;
use crate::matching::{Reach, today};
use crate::{Engine, EngineError, Seen, blocking};

pub use lesson::{LearnedNote, LearnedWeight, Lesson, Refusal};
pub use ranking::Parameter;
pub(crate) use weights::without_features;
pub use weights::{label, parameters, place};

/// Needs with a pair to learn from at least, and of these held back.
const FEWEST_NEEDS: usize = 20;
const FEWEST_HELD_BACK: usize = 8;
/// So many tenths of the needs are held back.
const HELD_BACK: u64 = 3;
/// Of the best so many, those without feedback count as not used.
const PROPOSED: usize = 10;
/// Feedback read at a time.
const PAGE: u32 = 1_000;
/// A mean that falls by less than this has not fallen.
const EQUAL: f64 = 1e-9;

/// Candidates of one need and registry of which some are better than others.
struct Group {
    need: RecordId,
    target: Kind,
    /// As nDCG counts them.
    levels: BTreeMap<u64, u8>,
    /// Those of which the score has parts.
    examples: Vec<Example>,
}

impl Group {
    fn has_pair(&self) -> bool {
        self.levels.values().min() != self.levels.values().max()
    }
}

/// What feedback makes of candidates, as grades; as levels one more.
const SOLVED: u8 = 3;
const ACCEPTED: u8 = 2;
const NOT_USED: u8 = 1;
const DECLINED: u8 = 0;

impl Engine {
    /// Learns the weights of areas and features. Those of the `pinned` codes stay as they are. Changes nothing by itself: the weights are
    /// in force once an engine is opened with them.
    ///
    /// # Errors
    /// When database or index refuse.
    pub async fn learn_weights(&self, pinned: &BTreeSet<String>) -> Result<Lesson, EngineError> {
        let mut groups = self.judged_groups().await?;
        let judgements = groups.iter().map(|group| group.levels.len()).sum();
        let told = self.told_groups().await?;
        let feedback = told.iter().map(|(_, told)| told).sum();
        groups.extend(told.into_iter().map(|(group, _)| group));
        groups.retain(Group::has_pair);
        let needs = |held: bool| {
            let needs = groups.iter().map(|group| group.need).filter(|need| is_held_back(*need) == held);
            needs.collect::<BTreeSet<_>>().len()
        };
        let (needs, held_back) = (needs(false), needs(true));
        let mut lesson = Lesson {
            refusal: None,
            weights: Vec::new(),
            needs,
            held_back,
            judgements,
            feedback,
            pairs: 0,
            comparison: None,
        };
        lesson.refusal = too_few(needs + held_back, held_back);
        if lesson.refusal.is_some() {
            return Ok(lesson);
        }
        let (held, training): (Vec<Group>, Vec<Group>) =
            groups.into_iter().partition(|group| is_held_back(group.need));
        let mut parameters = parameters(&self.weights);
        parameters.retain(|parameter| !pinned.contains(&parameter.code));
        let examples: Vec<Vec<Example>> = training.into_iter().map(|group| group.examples).collect();
        let known = parameters.clone();
        let fit = blocking(move || Ok(ranking::learn(&examples, &known))).await?;
        lesson.pairs = fit.pairs;
        let learned = parameters.into_iter().zip(fit.weights).map(|(parameter, after)| LearnedWeight {
            label: label(&parameter.code),
            code: parameter.code,
            before: parameter.weight,
            after: (after * 1e4).round() / 1e4,
        });
        lesson.weights = learned.collect();
        if lesson.weights.iter().all(|weight| (weight.before - weight.after).abs() < 5e-5) {
            lesson.refusal = Some(Refusal::NothingNew);
            return Ok(lesson);
        }
        let other = self.ranking_with(lesson.applied_to(&self.weights), self.matching);
        let (before, after) = (self.quality(&held).await?, other.quality(&held).await?);
        let both = before.iter().filter_map(|(need, before)| Some((*before, *after.get(need)?)));
        let (before, after): (Vec<f64>, Vec<f64>) = both.unzip();
        lesson.held_back = before.len();
        let comparison = compare(&before, &after);
        lesson.refusal = too_few(needs + held_back, before.len()).or_else(|| {
            let Comparison { difference, first, second, .. } = comparison;
            (difference < -EQUAL).then_some(Refusal::Worse { before: first, after: second })
        });
        lesson.comparison = Some(comparison);
        Ok(lesson)
    }

    /// Mean nDCG@10 of each need's groups.
    async fn quality(&self, groups: &[Group]) -> Result<BTreeMap<RecordId, f64>, EngineError> {
        let measure = |group| async move { self.group_quality(group).await };
        let measured: Vec<_> = stream::iter(groups).map(measure).buffered(AT_ONCE).collect().await;
        let mut values: BTreeMap<RecordId, Vec<f64>> = BTreeMap::new();
        for (group, measured) in groups.iter().zip(measured) {
            if let Some(value) = measured? {
                values.entry(group.need).or_default().push(value);
            }
        }
        Ok(values.into_iter().map(|(need, values)| (need, mean(&values))).collect())
    }

    async fn group_quality(&self, group: &Group) -> Result<Option<f64>, EngineError> {
        Ok(self.pool_quality(group.need, group.target, &group.levels).await?.0)
    }

    /// What was judged, with the parts of the scores as they are now.
    async fn judged_groups(&self) -> Result<Vec<Group>, EngineError> {
        let judged = self.judged().await?;
        let group = |((need, target), levels): ((u64, Kind), BTreeMap<u64, u8>)| async move {
            let need = RecordId::new(Kind::Need, need);
            let among: Vec<u64> = levels.keys().copied().collect();
            let reach =
                Reach { candidates: among.len(), among: Some(among), with_closed: true, ..Reach::default() };
            let asking = Arc::new(self.asking_record(&self.record(need).await?, today()).await?);
            let ranked = self.rank(&asking, target, &reach, today()).await?;
            let example = |scored: crate::matching::Scored| Example {
                grade: levels[&scored.number].into(),
                parts: scored.score.parts,
            };
            let examples = ranked.scored.into_iter().map(example).collect();
            Ok(Group { need, target, levels, examples })
        };
        let groups: Vec<Result<Group, EngineError>> =
            stream::iter(judged).map(group).buffered(AT_ONCE).collect().await;
        groups.into_iter().collect()
    }

    /// What feedback was given on, with the parts of the scores as they were then, among those that are proposed now and were not used;
    /// and on how many there was feedback. The last word on a pair counts.
    async fn told_groups(&self) -> Result<Vec<(Group, usize)>, EngineError> {
        let mut told: BTreeMap<(u64, Kind), BTreeMap<u64, (Decision, Seen)>> = BTreeMap::new();
        let mut after = 0;
        loop {
            let page = self.store.feedback(None, None, after, PAGE).await?;
            let Some(last) = page.last() else { break };
            after = last.number;
            for stored in page {
                let found = crate::feedback::feedback(stored)?;
                let RecordId { kind, number } = found.told.candidate;
                let group = told.entry((found.told.need.number, kind)).or_default();
                group.insert(number, (found.told.decision, found.seen));
            }
        }
        let judged = self.judged().await?;
        let nothing = BTreeMap::new();
        let mut groups = Vec::with_capacity(told.len());
        for ((need, target), told) in told {
            let need_id = RecordId::new(Kind::Need, need);
            let asking = Arc::new(self.asking_record(&self.record(need_id).await?, today()).await?);
            let (ranked, _) = self.rank_eligible(&asking, target, PROPOSED, today()).await?;
            let judged = judged.get(&(need, target)).unwrap_or(&nothing);
            let unused = |number: &u64| !told.contains_key(number) && !judged.contains_key(number);
            let unused: Vec<_> =
                ranked.scored.into_iter().take(PROPOSED).filter(|s| unused(&s.number)).collect();
            let count = told.len();
            let graded =
                told.into_iter().map(|(number, (decision, seen))| (number, grade(decision), seen.parts));
            let unused = unused.into_iter().map(|scored| (scored.number, NOT_USED, scored.score.parts));
            let (mut levels, mut examples) = (BTreeMap::new(), Vec::new());
            for (number, grade, parts) in graded.chain(unused) {
                levels.insert(number, grade + 1);
                examples.push(Example { grade: grade.into(), parts });
            }
            groups.push((Group { need: need_id, target, levels, examples }, count));
        }
        Ok(groups)
    }
}

fn too_few(needs: usize, held_back: usize) -> Option<Refusal> {
    if needs < FEWEST_NEEDS {
        return Some(Refusal::TooFewNeeds { found: needs, wanted: FEWEST_NEEDS });
    }
    let few = Refusal::TooFewHeldBack { found: held_back, wanted: FEWEST_HELD_BACK };
    (held_back < FEWEST_HELD_BACK).then_some(few)
}

/// Whether a need is measured on and not learned from: the same in every run.
pub fn is_held_back(need: RecordId) -> bool {
    let digest = blake3::hash(format!("held back: {need}").as_bytes());
    let number = digest.as_bytes()[..8].iter().fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    number % 10 < HELD_BACK
}

const fn grade(decision: Decision) -> u8 {
    match decision {
        Decision::Solved => SOLVED,
        Decision::Accepted => ACCEPTED,
        Decision::Declined => DECLINED,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn about_three_tenths_are_held_back_for_ever() {
        let held = (1..=1_000).filter(|number| is_held_back(RecordId::new(Kind::Need, *number))).count();
        assert!((250..350).contains(&held), "{held}");
        let first: Vec<u64> =
            (1..=30).filter(|number| is_held_back(RecordId::new(Kind::Need, *number))).collect();
        assert_eq!(first, FIRST, "another split would let the same needs be learned from and measured on");
    }

    const FIRST: [u64; 6] = [9, 10, 12, 15, 20, 21];
}
