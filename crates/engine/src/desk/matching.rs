//! Matching at a desk: what is hidden takes no part, what is seen in outline is proposed without its texts.

use domain::access::Visibility;
use domain::{Kind, Record, RecordId};
use ranking::Explanation;

use super::sight::{outline, without_texts};
use super::{Act, Desk};
use crate::learning::LearnedNote;
use crate::{Duplicate, EngineError, Match, MatchAnswer, MatchRequest, Subject, Weights};

impl Desk {
    /// Finds and explains matches. A stored record that asks must be seen whole.
    ///
    /// # Errors
    /// As [`crate::Engine::find_matches`]; [`EngineError::OutsideRegion`].
    pub async fn find_matches(
        &self,
        subject: &Subject,
        request: &MatchRequest,
    ) -> Result<MatchAnswer, EngineError> {
        let act = match subject {
            Subject::Stored(id) => Act::MatchRecord(id.kind),
            Subject::Form(..) => Act::Match,
        };
        let _turn = self.begin(act).await?;
        if let Subject::Stored(id) = subject {
            self.subject(*id).await?;
        }
        let sight = self.sight();
        let mut answer = self.engine.find_matches_seen(sight, subject, request).await?;
        let veiled = |found: Match| {
            let (record, explanation) = self.veiled(found.record, found.explanation);
            Match { record, explanation, ..found }
        };
        answer.matches = answer.matches.into_iter().map(veiled).collect();
        // Why somebody must not be proposed is more than the outline tells.
        answer.excluded.retain(|excluded| sight.record(&excluded.record) == Visibility::Full);
        Ok(answer)
    }

    /// The needs that say nearly the same as this one, which must be seen whole.
    ///
    /// # Errors
    /// [`EngineError::NotFound`], [`EngineError::OutsideRegion`].
    pub async fn duplicates(&self, id: RecordId) -> Result<Vec<Duplicate>, EngineError> {
        let _turn = self.begin(Act::Read(Kind::Need)).await?;
        self.subject(id).await?;
        let duplicates = self.engine.duplicates(id).await?;
        self.shown_duplicates(duplicates).await
    }

    /// What the ranking goes by, and whence.
    ///
    /// # Errors
    /// [`EngineError::MissingScopes`], [`EngineError::Overloaded`].
    pub async fn ranking(&self) -> Result<(Weights, Option<LearnedNote>), EngineError> {
        let _turn = self.begin(Act::Match).await?;
        Ok((*self.engine.weights(), self.engine.learned().cloned()))
    }

    /// What is shown of a candidate and of the reasons for it.
    pub(super) fn veiled(&self, record: Record, explanation: Explanation) -> (Record, Explanation) {
        if self.sight().record(&record) < Visibility::Full {
            return (outline(record), without_texts(explanation));
        }
        (record, explanation)
    }
}
