//! Matching at a desk: what is hidden takes no part, what is seen in outline is proposed without its texts.

use std::collections::HashMap;

use domain::access::Visibility;
use domain::{Kind, Record, RecordId};
use ranking::Explanation;

use super::sight::{keep_evidence, outline, without_texts};
use super::{Act, Desk};
use crate::learning::LearnedNote;
use crate::{Duplicate, EngineError, MatchAnswer, MatchRequest, Subject, Weights};

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
        let within = sight.within(request.target);
        let mut answer = self.engine.find_matches_within(within, subject, request).await?;
        let mut veiled = Vec::with_capacity(answer.matches.len());
        let explanations = answer.matches.iter().map(|found| &found.explanation);
        let evidence = self.evidence(explanations).await?;
        for mut found in answer.matches {
            (found.record, found.explanation) = self.veiled(found.record, found.explanation, &evidence);
            veiled.push(found);
        }
        answer.matches = veiled;
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
    pub(super) fn veiled(
        &self,
        record: Record,
        mut explanation: Explanation,
        evidence: &HashMap<u64, Visibility>,
    ) -> (Record, Explanation) {
        if self.sight().record(&record) < Visibility::Full {
            return (outline(record), without_texts(explanation));
        }
        if self.caller.key.region.is_some() {
            keep_evidence(&mut explanation, |id| evidence.get(&id.number) == Some(&Visibility::Full));
        }
        (record, explanation)
    }

    /// How much is shown of the achievements that explanations rest on.
    pub(super) async fn evidence(
        &self,
        explanations: impl Iterator<Item = &Explanation>,
    ) -> Result<HashMap<u64, Visibility>, EngineError> {
        if self.caller.key.region.is_none() {
            return Ok(HashMap::new());
        }
        let items = explanations.flat_map(|explanation| &explanation.evidence);
        let mut numbers: Vec<u64> = items.map(|item| item.id.number).collect();
        numbers.sort_unstable();
        numbers.dedup();
        self.visibility(Kind::Achievement, &numbers).await
    }
}
