//! What became of pairs that were proposed: rows are only ever added.

use domain::{Decision, Kind, RecordId};
use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::json;

use crate::audit::{self, About, Action, Event};
use crate::backend::on_backend;
use crate::rows::{corrupt, moment, now, record_id, row, signed, unsigned};
use crate::{Receipt, Store, StoreError, sql};

/// What became of a pair, as it is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedbackEntry {
    /// Number of the need.
    pub need: u64,
    /// The candidate.
    pub target: RecordId,
    /// What was decided.
    pub decision: Decision,
    /// The day of the decision, if it was told.
    pub decided_on: Option<Date>,
    /// Why; empty when nothing was said.
    pub reason: String,
    /// What else was said.
    pub comment: String,
    /// What the score was made of when it was told, as JSON.
    pub seen: String,
}

/// An entry as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredFeedback {
    /// Ascending in order of recording.
    pub number: u64,
    /// What was told.
    pub entry: FeedbackEntry,
    /// When it was told.
    pub recorded_at: Timestamp,
}

row! {
    struct FeedbackRow {
        number: i64,
        need: i64,
        target_kind: String,
        target_number: i64,
        decision: String,
        decided_on: Option<String>,
        recorded_at: i64,
        reason: String,
        comment: String,
        seen: String,
    }
}

impl FeedbackRow {
    fn stored(self) -> Result<StoredFeedback, StoreError> {
        let place = || format!("第 {} 条对接反馈", self.number);
        let decided_on = match &self.decided_on {
            Some(day) => Some(day.parse().map_err(|error: jiff::Error| corrupt(place(), error))?),
            None => None,
        };
        let entry = FeedbackEntry {
            need: unsigned(self.need),
            target: record_id(&self.target_kind, self.target_number)?,
            decision: self.decision.parse().map_err(|error: String| corrupt(place(), error))?,
            decided_on,
            reason: self.reason,
            comment: self.comment,
            seen: self.seen,
        };
        Ok(StoredFeedback { number: unsigned(self.number), entry, recorded_at: moment(self.recorded_at)? })
    }
}

impl Store {
    /// Adds an entry.
    pub async fn add_feedback(&self, entry: FeedbackEntry) -> Result<StoredFeedback, StoreError> {
        let recorded_at = now();
        let day = entry.decided_on.map(|day| day.to_string());
        let mut transaction = self.begin().await?;
        let number: i64 = on_backend!(&mut transaction, transaction => {
            sqlx::query_scalar(sql::ADD_FEEDBACK)
                .bind(signed(entry.need))
                .bind(entry.target.kind.slug())
                .bind(signed(entry.target.number))
                .bind(entry.decision.slug())
                .bind(day)
                .bind(recorded_at)
                .bind(entry.reason.as_str())
                .bind(entry.comment.as_str())
                .bind(entry.seen.as_str())
                .fetch_one(&mut **transaction)
                .await?
        });
        let need = About::Record(RecordId::new(Kind::Need, entry.need));
        let detail = json!({"number": number, "candidate": entry.target.to_string(), "decision": entry.decision.slug()});
        let event = Event::done(Action::FeedbackAdd, need, detail);
        audit::append(&mut transaction, &self.actor, event).await?;
        self.redeem(&mut transaction, Receipt::Feedback(unsigned(number))).await?;
        transaction.commit().await?;
        Ok(StoredFeedback { number: unsigned(number), entry, recorded_at: moment(recorded_at)? })
    }

    /// Up to `limit` entries with a number greater than `after`, ascending: those about this need, and this candidate, where one is
    /// given. Going on from the last one seen meets each entry once, however many are added meanwhile.
    pub async fn feedback(
        &self,
        need: Option<u64>,
        target: Option<RecordId>,
        after: u64,
        limit: u32,
    ) -> Result<Vec<StoredFeedback>, StoreError> {
        let text = match (need, target) {
            (None, None) => sql::FEEDBACK,
            (Some(_), None) => sql::FEEDBACK_OF_NEED,
            (None, Some(_)) => sql::FEEDBACK_OF_TARGET,
            (Some(_), Some(_)) => sql::FEEDBACK_OF_PAIR,
        };
        let rows: Vec<FeedbackRow> = on_backend!(&self.backend, pools => {
            let mut query = sqlx::query_as(text).bind(signed(after)).bind(i64::from(limit));
            if let Some(need) = need {
                query = query.bind(signed(need));
            }
            if let Some(target) = target {
                query = query.bind(target.kind.slug()).bind(signed(target.number));
            }
            query.fetch_all(&pools.readers).await?
        });
        rows.into_iter().map(FeedbackRow::stored).collect()
    }
}
