//! What became of proposed pairs: told by portals and staff, kept beside what the score was made of when it was told.

use std::sync::Arc;

use domain::{Decision, FieldProblem, Kind, ProblemCode, Record, RecordId};
use jiff::Timestamp;
use jiff::civil::Date;
use ranking::{Part, round_part, rounded};
use serde::{Deserialize, Serialize};
use store::{FeedbackEntry, StoreError, StoredFeedback};
use utoipa::ToSchema;

use crate::matching::{pairing, today};
use crate::{Engine, EngineError};

/// Characters of a reason and of a comment.
const LONGEST_REASON: usize = 200;
const LONGEST_COMMENT: usize = 2_000;
/// A rank beyond this is not told.
const DEEPEST: usize = 100;

/// What is told about a pair.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedbackDraft {
    /// The need.
    pub need: RecordId,
    /// The expert, station or achievement.
    pub candidate: RecordId,
    /// What was decided.
    pub decision: Decision,
    /// Why, in short.
    pub reason: String,
    /// The day of the decision; not in the future.
    pub decided_on: Option<Date>,
    /// What else is to be said.
    pub comment: String,
}

/// What the score of a pair was made of when feedback was given.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Seen {
    /// 所依据的匹配批次；缺省即该结果不在当前批次中，由反馈时即时计算
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = 12)]
    pub run: Option<u64>,
    /// 当时的名次，从 1 起；不在前 100 名或本不应推荐的没有
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = 1)]
    pub rank: Option<u32>,
    /// 当时的总分，0 到 100；双方文字毫无共同之处时为 0
    #[schema(example = 63.2)]
    pub total: f64,
    /// 当时的各项得分
    pub parts: Vec<Part>,
}

/// Feedback as it is kept.
#[derive(Debug, Clone, PartialEq)]
pub struct Feedback {
    /// Ascending in order of recording.
    pub number: u64,
    /// What was told.
    pub told: FeedbackDraft,
    /// When it was told.
    pub recorded_at: Timestamp,
    /// What the score was made of.
    pub seen: Seen,
}

/// Which feedback to list.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FeedbackRequest {
    /// About this need.
    pub need: Option<RecordId>,
    /// About this candidate.
    pub candidate: Option<RecordId>,
    /// Continues after this number; 0 from the start.
    pub after: u64,
    /// 1 to 100.
    pub limit: u32,
}

/// Feedback in order of recording.
#[derive(Debug, Clone, PartialEq)]
pub struct FeedbackPage {
    /// The entries.
    pub items: Vec<Feedback>,
    /// Number after which the next page starts; `None` on the last page.
    pub next: Option<u64>,
}

impl Engine {
    /// Keeps what became of a pair, with what its score was made of: as in the current run where the pair stands there, else as it is
    /// now. Telephone numbers and e-mail addresses in reason and comment are hidden.
    ///
    /// # Errors
    /// [`EngineError::Invalid`], [`EngineError::NoSuchPairing`], [`EngineError::NotFound`].
    pub async fn add_feedback(&self, mut draft: FeedbackDraft) -> Result<Feedback, EngineError> {
        pairing(draft.need.kind, draft.candidate.kind)?;
        if draft.need.kind != Kind::Need {
            let (subject, target) = (draft.need.kind, draft.candidate.kind);
            return Err(EngineError::NoSuchPairing { subject, target });
        }
        let problems = problems(&draft);
        if !problems.is_empty() {
            return Err(EngineError::Invalid(problems));
        }
        for text in [&mut draft.reason, &mut draft.comment] {
            // No database keeps a NUL, and no form needs one.
            *text = exchange::without_contacts(text.replace('\0', "").trim());
        }
        let (need, candidate) = (self.record(draft.need).await?, self.record(draft.candidate).await?);
        let seen = match self.seen_in_run(&need, &candidate).await? {
            Some(seen) => seen,
            None => self.seen_now(&need, &candidate).await?,
        };
        let entry = FeedbackEntry {
            need: draft.need.number,
            target: draft.candidate,
            decision: draft.decision,
            decided_on: draft.decided_on,
            reason: draft.reason,
            comment: draft.comment,
            seen: serde_json::to_string(&seen).expect("parts hold only strings and numbers"),
        };
        feedback(self.store.add_feedback(entry).await?)
    }

    /// Lists feedback in order of recording; what others add meanwhile comes later and shifts nothing.
    ///
    /// # Errors
    /// [`EngineError::BadParameter`] when the limit is out of bounds.
    pub async fn feedback(&self, request: &FeedbackRequest) -> Result<FeedbackPage, EngineError> {
        crate::registry::page_limit(request.limit as usize)?;
        let need = request.need.map(|need| need.number);
        let found = self.store.feedback(need, request.candidate, request.after, request.limit + 1).await?;
        let mut items = found.into_iter().map(feedback).collect::<Result<Vec<_>, _>>()?;
        let more = items.len() > request.limit as usize;
        items.truncate(request.limit as usize);
        let next = items.last().filter(|_| more).map(|last| last.number);
        Ok(FeedbackPage { items, next })
    }

    async fn seen_in_run(&self, need: &Record, candidate: &Record) -> Result<Option<Seen>, EngineError> {
        let place = self.place_in_run(need.id.number, candidate.id).await?;
        Ok(place.map(|(run, rank, total, parts)| Seen { run: Some(run.0), rank: Some(rank), total, parts }))
    }

    async fn seen_now(&self, need: &Record, candidate: &Record) -> Result<Seen, EngineError> {
        let today = today();
        let asking = Arc::new(self.asking_record(need, today).await?);
        let (ranked, _) = self.rank_eligible(&asking, candidate.id.kind, DEEPEST, today).await?;
        let place =
            ranked.scored.iter().take(DEEPEST).position(|scored| scored.number == candidate.id.number);
        let score = self.score_of(&asking, candidate, today).await?;
        let rank = place.map(|place| place as u32 + 1);
        let parts = score.parts.iter().map(round_part).collect();
        Ok(Seen { run: None, rank, total: rounded(score.total), parts })
    }
}

pub(crate) fn feedback(stored: StoredFeedback) -> Result<Feedback, EngineError> {
    let StoredFeedback { number, entry, recorded_at } = stored;
    let seen = serde_json::from_str(&entry.seen)
        .map_err(|error| corrupt(format!("第 {number} 条对接反馈"), error))?;
    let told = FeedbackDraft {
        need: RecordId::new(Kind::Need, entry.need),
        candidate: entry.target,
        decision: entry.decision,
        reason: entry.reason,
        decided_on: entry.decided_on,
        comment: entry.comment,
    };
    Ok(Feedback { number, told, recorded_at, seen })
}

fn corrupt(place: String, source: serde_json::Error) -> EngineError {
    StoreError::Corrupt { place, source: Box::new(source) }.into()
}

fn problems(draft: &FeedbackDraft) -> Vec<FieldProblem> {
    let mut problems = Vec::new();
    let mut problem = |pointer: &str, label: &str, code, detail: String| {
        problems.push(FieldProblem { pointer: pointer.to_owned(), label: label.to_owned(), code, detail });
    };
    let texts = [
        ("/reason", "原因", &draft.reason, LONGEST_REASON),
        ("/comment", "备注", &draft.comment, LONGEST_COMMENT),
    ];
    for (pointer, label, text, most) in texts {
        let length = text.chars().count();
        if length > most {
            problem(pointer, label, ProblemCode::TooLarge, format!("最多 {most} 字，现为 {length} 字"));
        }
    }
    if let Some(day) = draft.decided_on.filter(|day| *day > today()) {
        let detail = format!("{day} 还没有到，决定的日期不能晚于今天");
        problem("/decided_on", "决定日期", ProblemCode::Contradiction, detail);
    }
    problems
}
