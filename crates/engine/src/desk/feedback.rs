//! Feedback at a desk: a region's key tells and hears of pairs of which one side is its own.

use std::collections::HashMap;

use domain::access::Visibility;
use domain::{Kind, RecordId};

use super::{Act, Desk, is_of_text};
use crate::registry::page_limit;
use crate::{EngineError, Feedback, FeedbackDraft, FeedbackPage, FeedbackRequest};

/// Entries read at a time when some are not shown.
const PAGE: u32 = 100;

impl Desk {
    /// Keeps what became of a pair.
    ///
    /// # Errors
    /// As [`crate::Engine::add_feedback`]; [`EngineError::OutsideRegion`] when neither side is the caller's own.
    pub async fn add_feedback(&self, draft: FeedbackDraft) -> Result<Feedback, EngineError> {
        let _turn = self.begin(Act::GiveFeedback).await?;
        if self.caller.key.region.is_some() {
            let (sight, mut own) = (self.sight(), false);
            for id in [draft.need, draft.candidate] {
                let record = self.engine.record(id).await?;
                if sight.record(&record) == Visibility::Hidden {
                    return Err(EngineError::NotFound(id));
                }
                own |= sight.owns(record.profile.region());
            }
            if !own {
                let detail = "需求和对方都属于其他地区，本密钥只能反馈涉及本地区的对接";
                return Err(EngineError::OutsideRegion(detail.to_owned()));
            }
        }
        let feedback = self.engine.add_feedback(draft).await?;
        let whole = self.both_whole(&feedback).await?;
        Ok(self.veiled_feedback(feedback, whole))
    }

    /// Whether both sides are seen whole.
    async fn both_whole(&self, feedback: &Feedback) -> Result<bool, EngineError> {
        let sight = self.sight();
        for id in [feedback.told.need, feedback.told.candidate] {
            let record = self.engine.store.record(id).await?;
            if record.is_none_or(|record| sight.record(&record) < Visibility::Full) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Without the rank where others' records are hidden: it would tell how many of them stand above; and without what the fields of a text are worth where not
    /// `whole` of both is seen.
    fn veiled_feedback(&self, mut feedback: Feedback, whole: bool) -> Feedback {
        if self.sight().within(feedback.told.candidate.kind).is_some() {
            feedback.seen.rank = None;
        }
        if !whole {
            feedback.seen.parts.retain(|part| !is_of_text(&part.code));
        }
        feedback
    }

    /// Lists feedback in order of recording.
    ///
    /// # Errors
    /// [`EngineError::BadParameter`].
    pub async fn feedback(&self, request: &FeedbackRequest) -> Result<FeedbackPage, EngineError> {
        let _turn = self.begin(Act::ReadFeedback).await?;
        if self.caller.key.region.is_none() {
            return self.engine.feedback(request).await;
        }
        page_limit(request.limit as usize)?;
        let limit = request.limit as usize;
        let mut asked = FeedbackRequest { limit: PAGE, ..*request };
        let mut items: Vec<Feedback> = Vec::new();
        loop {
            let page = self.engine.feedback(&asked).await?;
            items.extend(self.shown_feedback(page.items).await?);
            if items.len() > limit {
                items.truncate(limit);
                let next = items.last().map(|last| last.number);
                return Ok(FeedbackPage { items, next });
            }
            match page.next {
                Some(next) => asked.after = next,
                None => return Ok(FeedbackPage { items, next: None }),
            }
        }
    }

    /// Those of which neither side is hidden and one is the caller's own.
    pub(super) async fn shown_feedback(&self, items: Vec<Feedback>) -> Result<Vec<Feedback>, EngineError> {
        let sight = self.sight();
        let mut known: HashMap<RecordId, (Visibility, bool)> = HashMap::new();
        for kind in Kind::ALL {
            let sides = items.iter().flat_map(|item| [item.told.need, item.told.candidate]);
            let mut numbers: Vec<u64> = sides.filter(|id| id.kind == kind).map(|id| id.number).collect();
            numbers.sort_unstable();
            numbers.dedup();
            for record in self.engine.store.records(kind, &numbers).await? {
                known.insert(record.id, (sight.record(&record), sight.owns(record.profile.region())));
            }
        }
        let shown = |item: Feedback| {
            let sides = [item.told.need, item.told.candidate].map(|id| known.get(&id));
            let all = |least| sides.iter().all(|side| side.is_some_and(|(seen, _)| *seen >= least));
            let own = sides.iter().flatten().any(|(_, own)| *own);
            (own && all(Visibility::Brief)).then(|| self.veiled_feedback(item, all(Visibility::Full)))
        };
        Ok(items.into_iter().filter_map(shown).collect())
    }
}
